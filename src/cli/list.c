// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "../oracle/law.h"
#include "../report/report.h"
#include "../scenario/text.h"
#include "../subject.h"

static bool json;
static int items;

/* One item; in JSON an object of the given name-value pairs. */
static void item_begin(void)
{
	if (json)
		printf("%s{", items ? ",\n " : "[");
	items++;
}

static void member(const char *name, const char *value, bool first)
{
	printf("%s\"%s\":", first ? "" : ",", name);
	report_json_string(stdout, value);
}

static int list_laws(void)
{
	for (int i = 0; i < LAW_NR; i++) {
		const struct law_info *law = &law_info[i];

		item_begin();
		if (json) {
			member("name", law->name, true);
			member("sentence", law->sentence, false);
			member("contract", law->contract, false);
			member("tolerance", law->tolerance, false);
			putchar('}');
			continue;
		}
		printf("%s\n  %s\n  contract:  %s\n  tolerance: %s\n", law->name,
		       law->sentence, law->contract, law->tolerance);
	}
	return CLI_OK;
}

static int list_functions(void)
{
	const struct subject_function *fn;

	for (fn = subject_linux.functions; fn->name; fn++) {
		item_begin();
		if (json) {
			member("name", fn->name, true);
			member("file", fn->file, false);
			printf(",\"line\":%d", fn->line);
			member("hash", fn->hash, false);
			putchar('}');
			continue;
		}
		printf("%-40s %s:%d %s\n", fn->name, fn->file, fn->line, fn->hash);
	}
	return CLI_OK;
}

static int list_subjects(void)
{
	item_begin();
	if (json) {
		member("name", subject_linux.name, true);
		member("version", subject_linux.version, false);
		member("tree", subject_linux.tree, false);
		putchar('}');
	} else {
		printf("%s %s %s\n", subject_linux.name, subject_linux.version,
		       subject_linux.tree);
	}
	return CLI_OK;
}

/* The corpus is the table of known findings: each file says what it expects. */
static int list_known(void)
{
	static struct text_file file;
	static char buf[1 << 20];
	struct text_error err;
	char pattern[4096];
	int code = CLI_OK;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/corpus/*/regress-*.txt", cli_source_dir());
	if (glob(pattern, 0, NULL, &found))
		return CLI_OK;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		FILE *f = fopen(path, "rb");
		size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;

		if (f)
			fclose(f);
		if (text_parse(&file, buf, n, &err)) {
			fprintf(stderr, "%s:%d:%d: %s\n", path, err.line,
				err.column, err.message);
			code = CLI_ERROR;
			continue;
		}
		for (u32 k = 0; k < file.nr_expect; k++) {
			const struct text_expect *e = &file.expect[k];

			item_begin();
			if (!json) {
				printf("%-8s %-10s %-20s %-20s %s\n", e->tree,
				       e->law, e->clock, e->event,
				       path + strlen(cli_source_dir()) + 1);
				continue;
			}
			member("tree", e->tree, true);
			member("law", e->law, false);
			member("clock", e->clock, false);
			member("event", e->event, false);
			member("file", path, false);
			putchar('}');
		}
		text_free(&file);
	}
	globfree(&found);
	return code;
}

int cmd_list(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} lists[] = {
		{ "laws", list_laws }, { "functions", list_functions },
		{ "subjects", list_subjects }, { "known", list_known },
	};
	const char *what = NULL;
	int code;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else
			what = argv[i];
	}
	for (size_t i = 0; what && i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strcmp(what, lists[i].name))
			continue;
		code = lists[i].run();
		if (json)
			puts(items ? "]" : "[]");
		return code;
	}
	return cli_error("list: laws, functions, subjects or known?");
}
