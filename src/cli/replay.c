// SPDX-License-Identifier: GPL-2.0-only
/*
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

struct list {
	char **path;
	size_t nr;
};

static void add(struct list *list, const char *path)
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

static int collect(struct list *list, const char *path)
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
		sub_code = collect(list, sub);
		if (sub_code > code)
			code = sub_code;
		free(entry[i]);
	}
	free(entry);
	return code;
}

/*
 * A text says its harness; a binary input tells by its folder's name.  What
 * says neither goes to fuzz_timeline, whose parser then says what is wrong.
 */
static void find_harness(const char *path, char *harness, size_t size)
{
	const char *folder = strstr(path, "fuzz_");
	char line[256];
	size_t n = strlen(path);
	FILE *f;

	snprintf(harness, size, "fuzz_timeline");
	if (n >= 4 && !strcmp(path + n - 4, ".txt")) {
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, " harness fuzz_%40[a-z0-9_]", line + 100) == 1) {
				snprintf(harness, size, "fuzz_%s", line + 100);
				break;
			}
		if (f)
			fclose(f);
	} else if (folder && sscanf(folder, "fuzz_%40[a-z0-9_]/", line) == 1) {
		snprintf(harness, size, "fuzz_%s", line);
	}
}

int cmd_replay(int argc, char **argv)
{
	struct list list = { 0 };
	bool json = false;
	int code = CLI_OK;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = true;
		} else if (argv[i][0] == '-') {
			code = cli_error("replay: unknown option %s", argv[i]);
			goto out;
		} else {
			int this = collect(&list, argv[i]);

			if (this > code)
				code = this;
		}
	}
	if (!list.nr)
		return code ? code : cli_error("replay: which file?");

	for (size_t i = 0, next; i < list.nr; i = next) {
		char harness[64], other[64], name[80], program[4096];
		char **args = calloc(list.nr - i + 3, sizeof(*args));
		int nr = 0, this;

		if (!args)
			abort();
		find_harness(list.path[i], harness, sizeof(harness));
		snprintf(name, sizeof(name), "replay_%s", harness + strlen("fuzz_"));
		args[nr++] = (char *)cli_sibling(name, program, sizeof(program));
		if (json)
			args[nr++] = "--json";
		args[nr++] = list.path[i];
		for (next = i + 1; next < list.nr; next++) {
			find_harness(list.path[next], other, sizeof(other));
			if (strcmp(harness, other))
				break;
			args[nr++] = list.path[next];
		}
		if (access(program, X_OK))
			this = cli_error("%s:1:1: there is no harness %s",
					 list.path[i], harness);
		else
			this = cli_run(args);
		if (this > code)
			code = this;
		free(args);
	}
out:
	for (size_t i = 0; i < list.nr; i++)
		free(list.path[i]);
	free(list.path);
	return code;
}
