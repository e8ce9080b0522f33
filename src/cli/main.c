// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
#include "../scenario/text.h"
#include "../subject.h"

int cli_error(const char *fmt, ...)
{
	va_list ap;

	fputs("clockfuzz: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLI_ERROR;
}

const char *cli_option(char **argv, int *i, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n))
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n])
		return NULL;
	if (!argv[*i + 1])
		exit(cli_error("%s needs a value", name));
	return argv[++*i];
}

const char *cli_sibling(const char *name, char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);
	char *slash;

	buf[n < 0 ? 0 : n] = '\0';
	slash = strrchr(buf, '/');
	if (!slash || (size_t)(slash + 1 - buf) + strlen(name) >= size)
		exit(cli_error("cannot tell where this program is"));
	strcpy(slash + 1, name);
	return buf;
}

bool cli_tree(const char *option, struct cli_tree *tree)
{
	const char *is = strchr(option, '=');

	if (!is || is == option)
		return false;
	tree->name = strndup(option, is - option);
	tree->dir = is + 1;
	return true;
}

const char *cli_source_dir(void)
{
	return CF_SOURCE_DIR;
}

const char *cli_shown_path(const char *path)
{
	size_t n = strlen(CF_SOURCE_DIR);

	return !strncmp(path, CF_SOURCE_DIR, n) && path[n] == '/' ? path + n + 1 : path;
}

const char *cli_known_path(void)
{
	/* what is known of Linux excuses nobody else */
	return subject == &subject_reference ? NULL : CF_SOURCE_DIR "/corpus/known.tsv";
}

bool cli_known_option(char **argv, int *i, const char **known)
{
	const char *path;

	if (!strcmp(argv[*i], "--no-known")) {
		*known = NULL;
		return true;
	}
	path = cli_option(argv, i, "--known");
	if (path)
		*known = path;
	return path;
}

void cli_harness_of(const char *path, char harness[CLI_HARNESS])
{
	const char *folder = strstr(path, "fuzz_");
	char line[256], name[48];
	FILE *f;

	strcpy(harness, "fuzz_timeline");
	if (text_is_engine_input(path)) {
		if (folder && sscanf(folder, "fuzz_%40[a-z0-9_]/", name) == 1)
			snprintf(harness, CLI_HARNESS, "fuzz_%s", name);
		return;
	}
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " harness fuzz_%40[a-z0-9_]", name) == 1) {
			snprintf(harness, CLI_HARNESS, "fuzz_%s", name);
			break;
		}
	if (f)
		fclose(f);
}

const char *cli_replay_program(const char *harness, const char *path, char *buf,
			       size_t size)
{
	char name[CLI_HARNESS + 8];

	snprintf(name, sizeof(name), "replay_%s", harness + strlen("fuzz_"));
	if (!access(cli_sibling(name, buf, size), X_OK))
		return buf;
	cli_error("%s: there is no harness %s", path, harness);
	return NULL;
}

/* Starts @argv, its stdout at @out if that isn't -1. */
static pid_t start(char *const argv[], int out)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	execv(argv[0], argv);
	_exit(cli_error("%s: %s", argv[0], strerror(errno)));
}

static int finish(pid_t pid, const char *name)
{
	int status;

	if (pid < 0)
		return cli_error("fork: %s", strerror(errno));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CLI_ERROR;
	if (WIFSIGNALED(status))
		return cli_error("%s died: %s", name, strsignal(WTERMSIG(status)));
	return WEXITSTATUS(status);
}

int cli_run(char *const argv[])
{
	return finish(start(argv, -1), argv[0]);
}

int cli_capture(char *const argv[], char *buf, size_t size)
{
	size_t len = 0;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe(ends))
		return cli_error("pipe: %s", strerror(errno));
	pid = start(argv, ends[1]);
	close(ends[1]);
	while (len + 1 < size && (n = read(ends[0], buf + len, size - len - 1)) > 0)
		len += n;
	buf[len] = '\0';
	close(ends[0]);
	return finish(pid, argv[0]);
}

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args, *help;
} commands[] = {
	{ "hunt", cmd_hunt, "[--time 60s] [--jobs N] [--law L]... [--seed N]\n"
	  "             [--engine libfuzzer|afl++] [--out DIR] [--harness fuzz_X]\n"
	  "             [--keep DIR] [--known FILE | --no-known] [--first] [--quiet] [--json]",
	  "fuzzes, and reports each law that breaks" },
	{ "replay", cmd_replay, "[--known FILE | --no-known] [--full] [--quiet] [--json]\n"
	  "             FILE|DIR...",
	  "runs scenarios and compares with the table of known findings" },
	{ "explain", cmd_explain, "FILE [--plot OUT.svg|OUT.png] [--json]",
	  "tells the story, what every clock said, the arithmetic; draws it" },
#ifdef CF_HAS_LINUX
	{ "compare", cmd_compare, "TREE1 TREE2... [--patch FILE]... [--time 20s] [--seed N]\n"
	  "             [--out DIR] [--json] [FILE|DIR]...",
	  "what a kernel or a patch fixes, breaks and changes" },
#endif
#ifdef CF_HAS_LINUX
	{ "ci", cmd_ci, "--base REV --kernel TREE [--time 10m] [--jobs N] [--seed N] [--out DIR]\n"
	  "             [--summary FILE.md] [--sarif FILE] [--known FILE | --no-known]\n"
	  "             [FILE|DIR]...",
	  "what a git tree breaks since commit REV, for CI" },
#endif
	{ "minimize", cmd_minimize, "FILE [-o OUT] [--signature \"LAW CLOCK EVENT\"]",
	  "shrinks a scenario while it breaks the same law" },
	{ "promote", cmd_promote, "FILE SLUG [--row STATUS] [--fix COMMIT] [--link URL]\n"
	  "             [--corpus DIR]",
	  "makes a regression of a finding: minimised, named, with its story" },
	{ "emit", cmd_emit, "kselftest|kunit FILE [-o OUT]",
	  "a finding as a C test for the kernel's selftests, or for KUnit" },
#ifdef CF_HAS_LINUX
	{ "report", cmd_report, "[-o report.html] [--known FILE | --no-known] [FILE|DIR]...",
	  "a page for browsers: which laws break on which trees, and how" },
	{ "prove", cmd_prove, "[--law L] [--claim NAME] [--time SECONDS] [--out DIR]\n"
	  "             [--known FILE | --no-known] [--quiet] [--json]",
	  "the laws over pure functions, for all inputs, by an SMT solver" },
#endif
	{ "corpus", cmd_corpus, "merge SRC... [--corpus DIR] [--known FILE | --no-known]\n"
	  "             prune [--also FILE] [--dry-run] [DIR]\n"
	  "             coverage [-o DIR]",
	  "takes scenarios that reach more, lets go of those that reach no more than\n"
	  "           others; what of the kernel's files is reached, as HTML" },
	{ "eval", cmd_eval, "FUNCTION",
	  "arguments as TSV on stdin, results as TSV on stdout" },
	{ "list", cmd_list, "[--json] laws|functions|subjects|known|planted",
	  "what there is" },
	{ "help", cmd_help, "", "this" },
	{ "--help", cmd_help, NULL, NULL },
	{ "-h", cmd_help, NULL, NULL },
	{ "--version", cmd_version, NULL, NULL },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int cmd_help(int argc, char **argv)
{
	printf("usage: clockfuzz COMMAND [--kernel TREE] [--patch FILE] [--subject NAME] [--plant SLUG] ...\n\n"
	       "Hunts for wrong time in x86 virtual machines.\n\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (commands[i].help)
			printf("  %-8s %s\n           %s\n", commands[i].name,
			       commands[i].args, commands[i].help);
	printf("  tree\n           gets a tree and what it takes to build it, and says where it is\n"
	       "  test\n           builds and runs all tests\n"
	       "  bench    NAME [ARGS]\n           measures; without a NAME it tells them\n\n"
	       "TREE is a Linux source tree, or 6.12 (default), 6.1 or 7.2: Debian's.  Given\n"
	       "several times, host 0 of a scenario runs the first, host 1 the second, ...;\n"
	       "report compares them.\n"
	       "FILE is a mailbox or a diff, which a copy of the tree gets; several in order.\n"
	       "NAME is linux (default) or reference, which needs no tree; SLUG a bug that is\n"
	       "planted there.\n"
	       "exit codes: 0 nothing new, 1 a law is broken, 2 usage, input or set-up\n"
	       "error, 125 this tree can't be sliced\n");
	return CLI_OK;
}

static int cmd_version(int argc, char **argv)
{
	printf("clockfuzz " CLI_VERSION ", subject %s %s from %s\n", subject->name,
	       subject_versions(subject), subject->tree);
	return CLI_OK;
}

/* Options that every command has go to the programs that it runs, too. */
static int common_options(int argc, char **argv)
{
	static const struct { const char *option, *variable; } common[] = {
		{ "--subject", "CLOCKFUZZ_SUBJECT" }, { "--plant", "CLOCKFUZZ_PLANT" },
	};
	int n = 0;

	for (int i = 0; i < argc; i++) {
		const char *value = NULL;

		for (size_t k = 0; i && !value && k < 2; k++) {
			value = cli_option(argv, &i, common[k].option);
			if (value)
				setenv(common[k].variable, value, 1);
		}
		if (!value)
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return n;
}

int main(int argc, char **argv)
{
	argc = common_options(argc, argv);
	if (!subject_from_environment())
		return CLI_ERROR;
	if (argc < 2) {
		cmd_help(argc, argv);
		return CLI_ERROR;
	}
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		int code;

		if (strcmp(argv[1], commands[i].name))
			continue;
		code = commands[i].run(argc - 1, argv + 1);
		if (fflush(stdout) || ferror(stdout))
			return cli_error("stdout: %s", strerror(errno));
		return code;
	}
	return cli_error("unknown command %s; see clockfuzz help", argv[1]);
}
