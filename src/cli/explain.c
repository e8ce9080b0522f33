// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli.h"
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
	return columns ? atoi(columns) : 80;
}

int cli_load_text(const char *path, struct text_file *file)
{
	static char buf[MAX_FILE + 1];
	struct text_error err;
	size_t n = strlen(path);
	FILE *f = fopen(path, "rb");

	if (!f)
		return cli_error("%s: %s", path, strerror(errno));
	if (n < 4 || strcmp(path + n - 4, ".txt")) {
		n = fread(buf, 1, MAX_FILE, f);
		fclose(f);
		memset(file, 0, sizeof(*file));
		strcpy(file->harness, "fuzz_timeline");
		file->is_timeline = true;
		scenario_decode(&file->scenario, (u8 *)buf, n);
		return CLI_OK;
	}
	n = fread(buf, 1, sizeof(buf), f);
	if (ferror(f) || n > MAX_FILE) {
		fclose(f);
		return cli_error("%s: cannot be read, or is above 1 MiB", path);
	}
	fclose(f);
	if (text_parse(file, buf, n, &err)) {
		fprintf(stderr, "%s:%d:%d: %s\n", path, err.line, err.column,
			err.message);
		return CLI_ERROR;
	}
	return CLI_OK;
}

int cmd_explain(int argc, char **argv)
{
	static struct text_file file;
	const char *path = NULL;
	bool json = false;
	law_sink old;
	int code;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
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
	if (!file.is_timeline) {
		/* No events: the finding is all there is to explain. */
		char *args[] = { "replay", (char *)path, NULL, NULL };

		if (json) {
			args[1] = "--json";
			args[2] = (char *)path;
		}
		text_free(&file);
		return cmd_replay(json ? 3 : 2, args);
	}

	old = law_set_sink(collect);
	run_scenario(&file.scenario, &subject_linux, NULL);
	law_set_sink(old);
	if (json) {
		printf("{\"findings\":[");
		for (u32 i = 0; i < nr_findings; i++) {
			fputs(i ? "," : "", stdout);
			report_json(stdout, &file, &findings[i], path);
		}
		printf("],\"events\":");
		report_timeline_json(stdout, &file.scenario);
		printf("}\n");
	} else {
		for (u32 i = 0; i < nr_findings; i++) {
			report_print(stdout, &file, &findings[i], path);
			putchar('\n');
		}
		report_timeline(stdout, &file.scenario, terminal_width());
		if (!nr_findings)
			printf("\nno law is broken\n");
	}
	text_free(&file);
	return nr_findings ? CLI_BROKEN : CLI_OK;
}
