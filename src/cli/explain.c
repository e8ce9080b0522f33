// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz explain FILE [--plot OUT]: the story, the timeline, the arithmetic of
 * each broken step; and a picture, drawn by gnuplot.  With --json, --plot - puts it,
 * as SVG, into the JSON where it shows the fault.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
#include "../file.h"
#include "../oracle/run.h"
#include "../report/report.h"

#define MAX_FILE (1 << 20)
#define MAX_FINDINGS 32

static struct finding findings[MAX_FINDINGS];
static u32 nr_findings;

static void collect(const struct finding *f)
{
	if (nr_findings < MAX_FINDINGS)
		findings[nr_findings++] = *f;
}

/* 0: a file or a pipe, where nothing has to be cut. */
static int terminal_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return columns && atoi(columns) > 0 ? atoi(columns) : 80;
}

int cli_load_text(const char *path, struct text_file *file)
{
	static char buf[MAX_FILE];
	struct text_error err;
	long n = file_read(path, buf, sizeof(buf));

	if (n < 0)
		return cli_error("%s: %s", path, errno == EFBIG ?
			"above 1 MiB; this is not a scenario" : strerror(errno));
	if (text_is_engine_input(path)) {
		memset(file, 0, sizeof(*file));
		strcpy(file->harness, "fuzz_timeline");
		file->is_timeline = true;
		scenario_decode(&file->scenario, (u8 *)buf, n);
		return CLI_OK;
	}
	if (text_parse(file, buf, n, &err)) {
		fprintf(stderr, "%s:%d:%d: %s\n", path, err.line, err.column,
			err.message);
		return CLI_ERROR;
	}
	return CLI_OK;
}

/* ---- the picture --------------------------------------------------------- */

/* gnuplot reads @script; what it draws goes to @picture, which may be full. */
static int draw(int script, FILE *picture)
{
	char buf[65536];
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(ends))
		return cli_error("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return cli_error("fork: %s", strerror(errno));
	if (!pid) {
		/* its warnings are of no use to anybody */
		if (dup2(script, STDIN_FILENO) < 0 ||
		    dup2(ends[1], STDOUT_FILENO) < 0 ||
		    close(ends[0]) || close(ends[1]) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(126);
		execlp("gnuplot", "gnuplot", "-", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, picture);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CLI_ERROR;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return cli_error("gnuplot is missing: apt-get install gnuplot-nox, or leave --plot out");
	if (status)
		return cli_error("gnuplot could not draw the picture");
	return CLI_OK;
}

/* @shows: see report_plot(). */
static int plot(const struct text_file *file, const struct finding *f, FILE *picture,
		bool png, bool *shows)
{
	FILE *script = fdopen(memfd_create("gnuplot", MFD_CLOEXEC), "w+");
	int code;

	if (!script)
		return cli_error("memfd_create: %s", strerror(errno));
	*shows = report_plot(script, file, f, png);
	rewind(script);
	code = draw(fileno(script), picture);
	fclose(script);
	return code;
}

static int plot_file(const struct text_file *file, const struct finding *f,
		     const char *picture)
{
	static struct file_new new;
	const char *dot = strrchr(picture, '.');
	bool shows;
	int code;

	if (!dot || (strcmp(dot, ".svg") && strcmp(dot, ".png")))
		return cli_error("--plot %s: want a name in .svg or .png", picture);
	if (file_create(&new, picture))
		return cli_error("%s: %s", picture, strerror(errno));
	code = plot(file, f, new.out, !strcmp(dot, ".png"), &shows);
	if (code)
		file_abandon(&new);
	else if (file_commit(&new, false))
		code = cli_error("%s: %s", picture, strerror(errno));
	return code;
}

/* ---- the words ----------------------------------------------------------- */

static void print_all(const struct text_file *file, const char *path)
{
	int width = terminal_width();
	int fold = width > 0 && width < 90 ? width : 90;

	for (u32 i = 0; i < nr_findings; i++) {
		report_headline(stdout, file, &findings[i]);
		putchar('\n');
	}
	if (nr_findings) {
		putchar('\n');
		report_told(stdout, file, &findings[nr_findings - 1], fold);
		putchar('\n');
	}
	report_timeline(stdout, &file->scenario, findings, nr_findings, width);
	putchar('\n');
	report_migrations(stdout, &file->scenario, false);
	for (u32 i = 0; i < nr_findings; i++) {
		if (nr_findings > 1) {
			report_headline(stdout, file, &findings[i]);
			fputs("\n\n", stdout);
		}
		report_arithmetic(stdout, file, &findings[i]);
		putchar('\n');
		report_values(stdout, file, &findings[i], path);
		if (i + 1 < nr_findings)
			putchar('\n');
	}
	if (!nr_findings)
		printf("no law is broken on %s %s\n", subject->name,
		       subject_versions(subject));
}

/* @with_plot: the picture is a member, where there is something to see. */
static int print_json(const struct text_file *file, const char *path, bool with_plot)
{
	char *picture = NULL;
	bool shows = false;
	size_t size;

	if (with_plot && nr_findings) {
		FILE *memory = open_memstream(&picture, &size);
		int code;

		if (!memory)
			abort();
		code = plot(file, &findings[nr_findings - 1], memory, false, &shows);
		fclose(memory);
		if (code) {
			free(picture);
			return code;
		}
	}
	printf("{\"findings\":[");
	for (u32 i = 0; i < nr_findings; i++) {
		fputs(i ? "," : "", stdout);
		report_json(stdout, file, &findings[i], path, NULL);
	}
	printf("],\"events\":");
	report_timeline_json(stdout, &file->scenario, findings, nr_findings);
	printf(",\"migrations\":[");
	report_migrations(stdout, &file->scenario, true);
	printf("]");
	if (shows) {
		printf(",\"plot\":");
		report_json_string(stdout, picture);
	}
	printf("}\n");
	free(picture);
	return CLI_OK;
}

int cmd_explain(int argc, char **argv)
{
	static struct text_file file;
	const char *path = NULL, *picture = NULL, *v;
	bool json = false, member;
	law_sink old;
	int code, drawn = CLI_OK;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if ((v = cli_option(argv, &i, "--plot")))
			picture = v;
		else if (argv[i][0] == '-')
			return cli_error("explain: unknown option %s", argv[i]);
		else if (path)
			return cli_error("explain: one file, please");
		else
			path = argv[i];
	}
	if (!path)
		return cli_error("explain: which file?");
	code = cli_load_text(path, &file);
	if (code)
		return code;
	member = json && picture && !strcmp(picture, "-");
	if (!file.is_timeline) {
		/* No events: the finding is all there is to explain. */
		char *args[] = { "replay", "--no-known", json ? "--json" : "--full",
				 (char *)path, NULL };

		text_free(&file);
		if (picture && !member)
			return cli_error("--plot: %s has no timeline to draw", path);
		return cmd_replay(4, args);
	}

	old = law_set_sink(collect);
	run_scenario(&file.scenario, subject, NULL);
	law_set_sink(old);
	if (json)
		drawn = print_json(&file, path, member);
	else
		print_all(&file, path);
	if (picture && !member)
		drawn = nr_findings ? plot_file(&file, &findings[nr_findings - 1], picture) :
			cli_error("--plot: no law is broken, so there is no fault to draw");
	code = drawn ? drawn : nr_findings ? CLI_BROKEN : CLI_OK;
	text_free(&file);
	return code;
}
