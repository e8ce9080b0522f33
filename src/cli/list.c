// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "../file.h"
#include "../oracle/law.h"
#include "../reference/plant.h"
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

/* Law by reader: which of them is asked about which. */
static void list_matrix(void)
{
	printf("\n%-18s", "");
	for (int i = 0; i < LAW_CANARY; i++)
		printf(" %s", law_info[i].name);
	for (const struct law_reader *r = law_readers; r->clock; r++) {
		printf("\n%-18s", r->clock);
		for (int i = 0; i < LAW_CANARY; i++)
			printf(" %-*s", (int)strlen(law_info[i].name),
			       r->laws & 1u << i || i == LAW_TOTAL ? "x" : ".");
		printf(" %s", r->what);
	}
	putchar('\n');
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
			if (law->clocksource)
				member("good_clocksource", law->clocksource, false);
			printf(",\"readers\":[");
			for (const struct law_reader *r = law_readers, *first = NULL; r->clock; r++)
				if (r->laws & 1u << i || i == LAW_TOTAL) {
					fputs(first ? "," : "", stdout);
					report_json_string(stdout, r->clock);
					first = r;
				}
			putchar(']');
			putchar('}');
			continue;
		}
		printf("%s\n  %s\n  contract:  %s\n  tolerance: %s\n", law->name,
		       law->sentence, law->contract, law->tolerance);
		if (law->clocksource)
			printf("  a good clocksource: %s\n", law->clocksource);
	}
	if (!json)
		list_matrix();
	return CLI_OK;
}

/* Another tree that has been built here, and its functions.tsv. */
struct other {
	char version[32];
	char *table;
};

#define MAX_OTHERS 16

static int read_others(struct other *others)
{
	char pattern[4096], version[4400];
	int nr = 0;
	glob_t found;

	cli_sibling("", pattern, sizeof(pattern));
	strcat(pattern, "../*/sliced/functions.tsv");
	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc && nr < MAX_OTHERS; i++) {
		static char buf[1 << 20], head[4400];
		char *path = found.gl_pathv[i];
		struct other *other = &others[nr];
		bool known = false;
		long n;

		snprintf(version, sizeof(version), "%.*s/version.h",
			 (int)(strrchr(path, '/') - path), path);
		n = file_read(version, head, sizeof(head) - 1);
		if (n < 0)
			continue;
		head[n] = '\0';
		if (sscanf(head, "#define CF_TREE_VERSION \"%31[^\"]", other->version) != 1 ||
		    !strcmp(other->version, subject->version))
			continue;
		for (int k = 0; k < nr; k++)
			known |= !strcmp(others[k].version, other->version);
		n = known ? -1 : file_read(path, buf + 1, sizeof(buf) - 2);
		if (n < 0)
			continue;
		buf[0] = '\n';
		buf[n + 1] = '\0';
		other->table = strdup(buf);
		nr++;
	}
	globfree(&found);
	return nr;
}

/* "same", "changed" or "absent": what @other has of @fn. */
static const char *compare(const struct other *other,
			   const struct subject_function *fn)
{
	char key[300];
	const char *row;

	snprintf(key, sizeof(key), "\n%s\tfunction\t", fn->name);
	for (row = other->table; (row = strstr(row, key)); row++) {
		const char *path = row + strlen(key);
		size_t line = strcspn(path + 1, "\n") + 1;

		if (strncmp(path, fn->file, strlen(fn->file)))
			continue;
		return line >= 16 && !strncmp(path + line - 16, fn->hash, 16) ?
		       "same" : "changed";
	}
	return strstr(other->table, key) ? "moved" : "absent";
}

/* What the adapter re-states, and whether the tree still reads as it did. */
static void list_restated(void)
{
	static char buf[1 << 16];
	char path[4096], *rest = buf, *row;
	long n = file_read(cli_sibling("sliced/restated.tsv", path, sizeof(path)),
			   buf, sizeof(buf) - 1);

	if (n < 0)
		return;
	buf[n] = '\0';
	if (!json)
		printf("\nre-stated in src/kernel/host.c\n");
	while ((row = strsep(&rest, "\n")) && *row) {
		char *name = strsep(&row, "\t"), *file = strsep(&row, "\t");
		char *line = strsep(&row, "\t"), *hash = strsep(&row, "\t");

		item_begin();
		if (!json) {
			printf("%-40s %s:%s %s %s\n", name, file, line, hash, row);
			continue;
		}
		member("restated", name, true);
		member("file", file, false);
		printf(",\"line\":%s", line);
		member("hash", hash, false);
		member("text", row, false);
		putchar('}');
	}
}

static int list_functions(void)
{
	static struct other others[MAX_OTHERS];
	const struct subject_function *fn;
	int nr = read_others(others);

	if (!json)
		printf("sliced from %s %s, %s; against the other trees built here\n",
		       subject->name, subject->version,
		       subject->tree);
	for (fn = subject->functions; fn->name; fn++) {
		item_begin();
		if (json) {
			member("name", fn->name, true);
			member("file", fn->file, false);
			printf(",\"line\":%d", fn->line);
			member("hash", fn->hash, false);
			for (int i = 0; i < nr; i++)
				member(others[i].version, compare(&others[i], fn), false);
			putchar('}');
			continue;
		}
		printf("%-40s %s:%d %s", fn->name, fn->file, fn->line, fn->hash);
		for (int i = 0; i < nr; i++)
			printf(" %s:%s", others[i].version, compare(&others[i], fn));
		putchar('\n');
	}
	for (int i = 0; i < nr; i++)
		free(others[i].table);
	list_restated();
	return CLI_OK;
}

static int list_subjects(void)
{
	for (int i = 0; subjects[i]; i++)
		for (const struct subject *s = subjects[i]; s; s = s->successor) {
			item_begin();
			if (json) {
				member("name", s->name, true);
				member("version", s->version, false);
				member("tree", s->tree, false);
				putchar('}');
			} else {
				printf("%s %s %s\n", s->name, s->version, s->tree);
			}
		}
	return CLI_OK;
}

static int list_planted(void)
{
	for (int i = 1; i < PLANT_NR; i++) {
		const struct plant_info *plant = &plant_info[i];

		item_begin();
		if (json) {
			member("slug", plant->slug, true);
			member("laws", plant->laws, false);
			member("what", plant->what, false);
			putchar('}');
		} else {
			printf("%-28s %-20s %s\n", plant->slug, plant->laws, plant->what);
		}
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
		{ "planted", list_planted },
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
	return cli_error("list: laws, functions, subjects, known or planted?");
}
