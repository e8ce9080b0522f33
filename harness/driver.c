// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays corpus files of one harness, without an engine.
 *
 *	replay_X [--json] [--full] [--quiet] [--known TABLE] FILE...
 *	replay_X --to-binary OUTDIR FILE...	seeds for an engine
 *	replay_X --to-text OUT FILE		and what engines wrote as text
 *	replay_X --minimize [--known TABLE] [--signature S] [-o OUT] FILE
 *	replay_X --promote SLUG [--known TABLE] [--signature S] -o OUT FILE
 *	replay_X --reach FILE...		what each reaches, in numbers
 *	replay_X --names NUMBER...		and in words
 *	replay_X --merge CORPUS [--known TABLE] FILE...
 *
 * --full tells known findings, too, at length; --quiet is silent on what is as
 * expected.  From --to-text on: keep.c, reach.c.
 *
 * Exit codes: 0 as expected, 1 a law is broken or an expectation isn't met,
 * 2 bad input.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "driver.h"
#include "../src/file.h"
#include "../src/reference/plant.h"
#include "../src/report/report.h"

struct known driver_known;

static bool json, full, quiet;
static bool has_table;			/* without: every finding is new */
static int worst;

static void result(int code)
{
	if (code > worst)
		worst = code;
}

void driver_bad_input(const char *path, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s", path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	result(2);
}

/* Column and line of field @name, for errors that only know its name. */
static void field_position(const char *buf, const char *error, int *line, int *column)
{
	char name[64];

	*line = *column = 1;
	if (sscanf(error, "field %63[a-z0-9A-Z_]", name) != 1)
		return;
	for (int n = 1; buf && *buf; n++) {
		size_t skip = strspn(buf, " \t"), len = strlen(name);

		if (!strncmp(buf + skip, name, len) && strchr(" \t\n", buf[skip + len])) {
			*line = n;
			*column = skip + 1;
			return;
		}
		buf = strchr(buf, '\n');
		buf += !!buf;
	}
}

bool driver_load(const char *path, struct driver_input *in)
{
	static u8 raw[DRIVER_MAX_FILE + 1];
	struct text_error err;
	const char *why;
	long n = file_read(path, (char *)raw, DRIVER_MAX_FILE);
	int size, line, column;

	if (n < 0) {
		driver_bad_input(path, ": %s", errno == EFBIG ?
				 "above 1 MiB; this is not a scenario" : strerror(errno));
		return false;
	}
	raw[n] = '\0';
	if (text_is_engine_input(path)) {
		memcpy(in->data, raw, n);
		in->size = n;
		harness_to_text(in->data, in->size, &in->text);
		return true;
	}
	if (text_parse(&in->text, (char *)raw, n, &err)) {
		driver_bad_input(path, ":%d:%d: %s", err.line, err.column, err.message);
		return false;
	}
	if (strcmp(in->text.harness, harness_name)) {
		driver_bad_input(path, ":1:1: is for harness %s, not %s",
			  in->text.harness, harness_name);
		text_free(&in->text);
		return false;
	}
	size = harness_to_bytes(&in->text, in->data, sizeof(in->data), &why);
	if (size < 0) {
		field_position((char *)raw, why ? why : "", &line, &column);
		driver_bad_input(path, ":%d:%d: %s", line, column, why ? why : "too long");
		text_free(&in->text);
		return false;
	}
	in->size = size;
	return true;
}

static bool same(const struct harness_findings *a, const struct harness_findings *b)
{
	if (a->nr != b->nr)
		return false;
	for (u32 i = 0; i < a->nr; i++)
		if (!harness_same_signature(&a->finding[i], &b->finding[i]) ||
		    a->finding[i].got != b->finding[i].got ||
		    a->finding[i].want != b->finding[i].want ||
		    a->finding[i].event_nr != b->finding[i].event_nr)
			return false;
	return true;
}

/* What the table says about one file's findings. */
struct judgement {
	const struct known_row *row[HARNESS_MAX_FINDINGS];	/* NULL: new */
	const struct known_row *back[HARNESS_MAX_FINDINGS];	/* was fixed */
	const struct known_row *missing;	/* must reproduce, and doesn't */
	bool loud;		/* expects silence, and a law broke */
	bool other_figure;	/* expects values that weren't seen */
	bool good;
};

static bool has_signature(const struct harness_findings *list, const char *signature)
{
	char buf[128];

	for (u32 i = 0; i < list->nr; i++) {
		known_signature(&list->finding[i], buf);
		if (!strcmp(buf, signature))
			return true;
	}
	return false;
}

static void judge(const char *path, const struct text_file *file,
		  const struct harness_findings *list, struct judgement *j)
{
	const char *version = subject_versions(subject);
	char slug_buf[128], signature[128];
	const char *slug = known_slug(path, slug_buf, sizeof(slug_buf)) ?
			   slug_buf : NULL;
	bool live = !slug, figure = false;

	memset(j, 0, sizeof(*j));
	j->good = true;
	for (u32 i = 0; i < list->nr; i++) {
		const struct finding *f = &list->finding[i];

		known_signature(f, signature);
		j->row[i] = known_find(&driver_known, signature, slug, version);
		if (!j->row[i]) {
			j->back[i] = known_fixed(&driver_known, signature, slug, version);
			j->good = false;
		}
		figure |= text_is_figure(file, f->got, f->want);
	}
	for (u32 i = 0; slug && i < driver_known.nr; i++) {
		const struct known_row *row = &driver_known.row[i];

		/* what the file expects is of the host that it begins on */
		if (strcmp(row->slug, slug) ||
		    !known_names_tree(row->live, subject->version))
			continue;
		live = true;
		if (!has_signature(list, row->signature))
			j->missing = row;
	}
	j->loud = file->expect == TEXT_EXPECT_SILENT && list->nr;
	j->other_figure = has_table && live && list->nr && !figure &&
			  file->expect == TEXT_EXPECT_FIGURE;
	j->good &= !j->missing && !j->loud && !j->other_figure;
}

static void print_json(const char *path, const struct text_file *file,
		       const struct judgement *j, const struct harness_findings *list)
{
	printf("{\"input\":");
	report_json_string(stdout, path);
	printf(",\"harness\":\"%s\",\"tree\":\"%s\",\"status\":\"%s\"",
	       harness_name, subject_versions(subject),
	       !j->good ? "broken" : list->nr ? "known" : "ok");
	if (j->missing)
		printf(",\"missing\":\"%s\"", j->missing->slug);
	if (j->other_figure)
		printf(",\"figure\":false");
	printf(",\"findings\":[");
	for (u32 k = 0; k < list->nr; k++) {
		if (k)
			putchar(',');
		report_json(stdout, file, &list->finding[k], path,
			    j->row[k] ? j->row[k]->slug : NULL);
	}
	printf("]}\n");
}

static void print_row(const char *what, const struct known_row *row)
{
	printf("%s %s, %s", what, row->slug, row->status);
	if (strcmp(row->fix, "-"))
		printf(" by %s", row->fix);
	if (strcmp(row->fixed, "-"))
		printf(" in %s", row->fixed);
	if (strcmp(row->link, "-"))
		printf(", %s", row->link);
	putchar('\n');
}

/* A scenario ends with what it is about; the rest is in its way. */
static void print_findings(const char *path, const struct text_file *file,
			   const struct judgement *j,
			   const struct harness_findings *list)
{
	bool told = false;

	for (u32 k = list->nr; k--; ) {
		const struct finding *f = &list->finding[k];

		if (j->row[k] && !full && !j->loud && !j->other_figure)
			continue;
		if (told) {
			printf("  before it   %s %s %s, at event %d: %s%s%s\n",
			       law_info[f->law].name, f->clock, f->event,
			       f->event_nr, f->why, j->row[k] ? "; known: " : "",
			       j->row[k] ? j->row[k]->slug : "");
			continue;
		}
		told = true;
		if (j->row[k])
			print_row("known:", j->row[k]);
		else if (j->back[k])
			print_row("it is back:", j->back[k]);
		putchar('\n');
		report_print(stdout, file, f, path);
	}
}

static void replay(const char *path)
{
	static struct harness_findings first, second;
	static struct driver_input in;
	static struct judgement j;
	char figure[REPORT_S128], right[REPORT_S128];

	/* Before it runs: whoever kills us must leave the name behind. */
	if (!json && !quiet)
		printf("%s: ", path);
	fflush(stdout);
	if (!driver_load(path, &in)) {
		if (!json && !quiet)
			printf("bad input\n");
		return;
	}
	harness_collect(in.data, in.size, &first);
	harness_collect(in.data, in.size, &second);
	if (!same(&first, &second)) {
		printf("two runs gave two answers\n");
		result(2);
		goto out;
	}
	judge(path, &in.text, &first, &j);
	result(j.good ? 0 : 1);
	if (quiet && j.good)
		goto out;
	if (json) {
		print_json(path, &in.text, &j, &first);
		goto out;
	}
	if (j.good && !full) {
		printf("ok");
		for (u32 k = 0; k < first.nr; k++)
			printf("%s%s%s", k ? ", " : " (known: ", j.row[k]->slug,
			       k + 1 == first.nr ? ")" : "");
		putchar('\n');
		goto out;
	}
	if (quiet)
		printf("%s: ", path);
	if (j.missing)
		printf("%s no longer reproduces: \"%s\" isn't seen on %s, where the table of known findings says live\n",
		       j.missing->slug, j.missing->signature, subject->version);
	else if (j.other_figure)
		printf("no finding has the values that the file expects: %s%s%s\n",
		       report_s128(in.text.figure, figure),
		       in.text.has_right ? " not " : "", in.text.has_right ?
		       report_s128(in.text.right, right) : "");
	else if (!first.nr)
		printf("no law is broken\n");
	else
		putchar('\n');
	print_findings(path, &in.text, &j, &first);
out:
	text_free(&in.text);
}

static void to_binary(const char *dir, const char *path)
{
	static struct driver_input in;
	static struct file_new new;
	char out[4096];

	if (!driver_load(path, &in))
		return;
	snprintf(out, sizeof(out), "%s/%s.bin", dir, file_base(path));
	if (file_create(&new, out)) {
		driver_bad_input(out, ": %s", strerror(errno));
	} else {
		fwrite(in.data, 1, in.size, new.out);
		if (file_commit(&new, false))
			driver_bad_input(out, ": %s", strerror(errno));
	}
	text_free(&in.text);
}

static int read_table(const char *path)
{
	char error[4400];

	if (!known_read(&driver_known, path, error)) {
		has_table = true;
		return 0;
	}
	fprintf(stderr, "clockfuzz: %s\n", error);
	return 2;
}

/* ---- which laws are asked about which clocks -------------------------------- */

static struct { enum law law; const char *clock; } asked[200];
static u32 nr_asked;

static void note_asked(enum law law, const char *clock)
{
	for (u32 i = 0; i < nr_asked; i++)
		if (asked[i].law == law && !strcmp(asked[i].clock, clock))
			return;
	if (nr_asked < sizeof(asked) / sizeof(asked[0])) {
		asked[nr_asked].law = law;
		asked[nr_asked++].clock = clock;
	}
}

int main(int argc, char **argv)
{
	const char *binary_dir = NULL, *text = NULL, *out = NULL, *slug = NULL;
	const char *merge = NULL;
	bool minimize = false, reach = false, names = false;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = true;
		} else if (!strcmp(argv[i], "--full")) {
			full = true;
		} else if (!strcmp(argv[i], "--quiet")) {
			quiet = true;
		} else if (!strcmp(argv[i], "--asked")) {
			law_watch = note_asked;
			quiet = true;
		} else if (!strcmp(argv[i], "--reach")) {
			reach = true;
		} else if (!strcmp(argv[i], "--names")) {
			names = true;
		} else if (!strcmp(argv[i], "--merge") && i + 1 < argc) {
			merge = argv[++i];
		} else if (!strcmp(argv[i], "--minimize")) {
			minimize = true;
		} else if (!strcmp(argv[i], "--promote") && i + 1 < argc) {
			slug = argv[++i];
		} else if (!strcmp(argv[i], "-o") && i + 1 < argc) {
			out = argv[++i];
		} else if (!strcmp(argv[i], "--known") && i + 1 < argc) {
			if (read_table(argv[++i]))
				return 2;
		} else if (!strcmp(argv[i], "--signature") && i + 1 < argc) {
			driver_signature = argv[++i];
		} else if (!strcmp(argv[i], "--to-text") && i + 1 < argc) {
			text = argv[++i];
		} else if (!strcmp(argv[i], "--to-binary") && i + 1 < argc) {
			binary_dir = argv[++i];
		} else {
			fprintf(stderr, "%s: unknown option %s\n", argv[0], argv[i]);
			return 2;
		}
	}
	if (i == argc) {
		fprintf(stderr, "usage: %s [--json] FILE...\n", argv[0]);
		return 2;
	}
	if (text)
		return driver_to_text(argv[i], text);
	if (minimize || slug)
		return driver_keep(argv[i], out, slug);
	if (merge)
		return driver_merge(merge, argv + i, argc - i);
	for (; i < argc && !((binary_dir || reach) && worst); i++) {
		if (binary_dir)
			to_binary(binary_dir, argv[i]);
		else if (reach)
			driver_reach(argv[i]);
		else if (names && !driver_name(argv[i]))
			driver_bad_input(argv[i], ": there is no such number");
		else if (!names)
			replay(argv[i]);
	}
	for (u32 k = 0; k < nr_asked; k++)
		printf("%s\t%s\n", law_info[asked[k].law].name, asked[k].clock);
	if (plant_on)
		fprintf(stderr, "planted %s: reached %llu times, triggered %llu\n",
			plant_info[plant_on].slug, plant_reached, plant_triggered);
	if (fflush(stdout) || ferror(stdout))
		return 2;
	return worst;
}
