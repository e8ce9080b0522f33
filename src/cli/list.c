// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "../oracle/law.h"
#include "../report/known.h"
#include "../report/report.h"
#include "../subject.h"

static bool json;
static int items;
static const char *known_path;

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

static int list_known(void)
{
	static struct known known;
	char error[4400];

	if (!known_path)
		return cli_error("list: known without a table");
	if (known_read(&known, known_path, error))
		return cli_error("%s", error);
	for (u32 i = 0; i < known.nr; i++) {
		const struct known_row *row = &known.row[i];

		item_begin();
		if (!json) {
			printf("%-36s %-46s %-7s live %-10s fixed %-10s fix %-13s %s\n",
			       row->slug, row->signature, row->status, row->live,
			       row->fixed, row->fix, row->link);
			continue;
		}
		member("slug", row->slug, true);
		member("signature", row->signature, false);
		member("status", row->status, false);
		member("fix", row->fix, false);
		member("live", row->live, false);
		member("fixed", row->fixed, false);
		member("link", row->link, false);
		putchar('}');
	}
	known_free(&known);
	return CLI_OK;
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

	known_path = cli_known_path();
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (cli_known_option(argv, &i, &known_path))
			;
		else if (argv[i][0] == '-')
			return cli_error("list: unknown option %s", argv[i]);
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
