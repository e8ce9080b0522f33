// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
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

const char *cli_source_dir(void)
{
	return CF_SOURCE_DIR;
}

int cli_run(char *const argv[])
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return cli_error("fork: %s", strerror(errno));
	if (!pid) {
		execv(argv[0], argv);
		_exit(cli_error("%s: %s", argv[0], strerror(errno)));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CLI_ERROR;
	if (WIFSIGNALED(status))
		return cli_error("%s died: %s", argv[0], strsignal(WTERMSIG(status)));
	return WEXITSTATUS(status);
}

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args, *help;
} commands[] = {
	{ "hunt", cmd_hunt, "[--time 60s] [--jobs N] [--law L]... [--seed N]\n"
	  "             [--out DIR] [--harness fuzz_X] [--json]",
	  "fuzzes, and reports each law that breaks" },
	{ "replay", cmd_replay, "[--json] FILE|DIR...",
	  "runs corpus files and compares with what they expect" },
	{ "explain", cmd_explain, "[--json] FILE",
	  "shows what every clock said, event by event" },
	{ "minimize", cmd_minimize, "FILE [-o OUT]",
	  "shrinks a scenario while it breaks the same law" },
	{ "eval", cmd_eval, "FUNCTION",
	  "arguments as TSV on stdin, results as TSV on stdout" },
	{ "list", cmd_list, "[--json] laws|functions|subjects|known",
	  "what there is" },
	{ "help", cmd_help, "", "this" },
	{ "--help", cmd_help, NULL, NULL },
	{ "-h", cmd_help, NULL, NULL },
	{ "--version", cmd_version, NULL, NULL },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int cmd_help(int argc, char **argv)
{
	printf("usage: clockfuzz COMMAND [--kernel TREE] ...\n\n"
	       "Hunts for wrong time in x86 virtual machines.\n\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (commands[i].help)
			printf("  %-8s %s\n           %s\n", commands[i].name,
			       commands[i].args, commands[i].help);
	printf("  test\n           builds and runs all tests\n\n"
	       "TREE is a Linux source tree, or 6.12 (default) or 6.1: Debian's.\n"
	       "exit codes: 0 nothing new, 1 a law is broken, 2 usage, input or set-up\n"
	       "error, 125 this tree can't be sliced\n");
	return CLI_OK;
}

static int cmd_version(int argc, char **argv)
{
	printf("clockfuzz 0.1, subject %s %s from %s\n", subject_linux.name,
	       subject_linux.version, subject_linux.tree);
	return CLI_OK;
}

int main(int argc, char **argv)
{
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
