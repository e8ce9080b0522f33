// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz replay FILE|DIR...
 *
 * Finds out which harness each file is for, and hands it to that harness'
 * replay program, in the order given.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "../scenario/text.h"

static void add(struct cli_files *list, const char *path)
{
	list->path = realloc(list->path, (list->nr + 1) * sizeof(char *));
	if (!list->path)
		abort();
	list->path[list->nr++] = strdup(path);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Folders hold other files too, the table of known findings for one. */
static bool is_scenario(const char *path)
{
	size_t n = strlen(path);
	struct stat st;

	return (n > 4 && !strcmp(path + n - 4, ".txt")) ||
	       text_is_engine_input(path) ||
	       (!stat(path, &st) && S_ISDIR(st.st_mode));
}

int cli_collect(struct cli_files *list, const char *path)
{
	struct dirent **entry;
	struct stat st;
	char sub[4096];
	int n, code = CLI_OK;

	if (stat(path, &st))
		return cli_error("%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		add(list, path);
		return CLI_OK;
	}
	n = scandir(path, &entry, visible, alphasort);
	if (n < 0)
		return cli_error("%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		int sub_code;

		snprintf(sub, sizeof(sub), "%s/%s", path, entry[i]->d_name);
		if (!is_scenario(sub)) {
			free(entry[i]);
			continue;
		}
		sub_code = cli_collect(list, sub);
		if (sub_code > code)
			code = sub_code;
		free(entry[i]);
	}
	free(entry);
	return code;
}

void cli_files_free(struct cli_files *list)
{
	for (size_t i = 0; i < list->nr; i++)
		free(list->path[i]);
	free(list->path);
}

int cmd_replay(int argc, char **argv)
{
	struct cli_files list = { 0 };
	const char *known = cli_known_path();
	bool json = false, full = false, quiet = false;
	int code = CLI_OK;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = true;
		} else if (!strcmp(argv[i], "--full")) {
			full = true;
		} else if (!strcmp(argv[i], "--quiet") || !strcmp(argv[i], "-q")) {
			quiet = true;
		} else if (cli_known_option(argv, &i, &known)) {
			;
		} else if (argv[i][0] == '-') {
			code = cli_error("replay: unknown option %s", argv[i]);
			goto out;
		} else {
			int this = cli_collect(&list, argv[i]);

			if (this > code)
				code = this;
		}
	}
	if (!list.nr)
		return code ? code : cli_error("replay: which file?");

	for (size_t i = 0, next; i < list.nr; i = next) {
		char harness[CLI_HARNESS], other[CLI_HARNESS], program[4096];
		char **args = calloc(list.nr - i + 7, sizeof(*args));
		int nr = 0, this = CLI_ERROR;

		if (!args)
			abort();
		cli_harness_of(list.path[i], harness);
		args[nr++] = (char *)cli_replay_program(harness, list.path[i],
							program, sizeof(program));
		if (json)
			args[nr++] = "--json";
		if (full)
			args[nr++] = "--full";
		if (quiet)
			args[nr++] = "--quiet";
		if (known) {
			args[nr++] = "--known";
			args[nr++] = (char *)known;
		}
		args[nr++] = list.path[i];
		for (next = i + 1; next < list.nr; next++) {
			cli_harness_of(list.path[next], other);
			if (strcmp(harness, other))
				break;
			args[nr++] = list.path[next];
		}
		if (args[0])
			this = cli_run(args);
		if (this > code)
			code = this;
		free(args);
	}
out:
	cli_files_free(&list);
	return code;
}
