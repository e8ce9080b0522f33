// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays corpus files of one harness, without an engine.
 *
 *	replay_X [--json] FILE|DIR...
 *	replay_X --to-binary OUTDIR FILE...	seeds for an engine
 *
 * Exit codes: 0 as expected, 1 a law is broken or an expectation isn't met,
 * 2 bad input.  Files not named *.txt are binary inputs.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "harness.h"
#include "../src/report/report.h"

#define MAX_FILE (1 << 20)

static bool json;
static int worst;

static void result(int code)
{
	if (code > worst)
		worst = code;
}

static void __attribute__((format(printf, 2, 3)))
bad_input(const char *path, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s", path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	result(2);
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}

struct input_file {
	struct text_file text;
	u8 data[MAX_FILE];
	size_t size;
};

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

static bool load(const char *path, struct input_file *in)
{
	static u8 raw[MAX_FILE + 1];
	struct text_error err;
	const char *why;
	FILE *f = fopen(path, "rb");
	size_t n;
	int size, line, column;

	if (!f) {
		bad_input(path, ": cannot be read");
		return false;
	}
	n = fread(raw, 1, MAX_FILE, f);
	if (ferror(f) || fgetc(f) != EOF) {
		fclose(f);
		bad_input(path, ": cannot be read, or is above 1 MiB");
		return false;
	}
	fclose(f);
	raw[n] = '\0';

	if (!has_suffix(path, ".txt")) {
		memcpy(in->data, raw, n);
		in->size = n;
		harness_to_text(in->data, in->size, &in->text);
		return true;
	}
	if (text_parse(&in->text, (char *)raw, n, &err)) {
		bad_input(path, ":%d:%d: %s", err.line, err.column, err.message);
		return false;
	}
	if (strcmp(in->text.harness, harness_name)) {
		bad_input(path, ":1:1: is for harness %s, not %s",
			  in->text.harness, harness_name);
		text_free(&in->text);
		return false;
	}
	size = harness_to_bytes(&in->text, in->data, sizeof(in->data), &why);
	if (size < 0) {
		field_position((char *)raw, why ? why : "", &line, &column);
		bad_input(path, ":%d:%d: %s", line, column, why ? why : "too long");
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

static bool expects(const struct text_expect *e, const struct finding *f)
{
	return !strcmp(e->law, law_info[f->law].name) &&
	       !strcmp(e->clock, f->clock) && !strcmp(e->event, f->event);
}

/* Everything expected on this tree was seen, and nothing else? */
static bool as_expected(const struct text_file *file,
			const struct harness_findings *list, bool known[])
{
	bool all = true;

	memset(known, 0, HARNESS_MAX_FINDINGS * sizeof(known[0]));
	for (u32 i = 0; i < file->nr_expect; i++) {
		const struct text_expect *e = &file->expect[i];
		bool met = !strcmp(e->law, "silent");

		if (!report_tree_matches(e->tree))
			continue;
		for (u32 k = 0; k < list->nr; k++)
			if (expects(e, &list->finding[k]))
				known[k] = met = true;
		if (!met && !json)
			printf("expected %s %s %s on %s, not seen\n", e->law,
			       e->clock, e->event, e->tree);
		all &= met;
	}
	for (u32 k = 0; k < list->nr; k++)
		all &= known[k];
	return all;
}

static void print_json(const char *path, const struct text_file *file,
		       const char *status, const struct harness_findings *list)
{
	printf("{\"input\":");
	report_json_string(stdout, path);
	printf(",\"harness\":\"%s\",\"tree\":\"%s\",\"status\":\"%s\",\"findings\":[",
	       harness_name, subject_linux.version, status);
	for (u32 k = 0; k < list->nr; k++) {
		if (k)
			putchar(',');
		report_json(stdout, file, &list->finding[k], path);
	}
	printf("]}\n");
}

static void replay(const char *path)
{
	static struct harness_findings first, second;
	static struct input_file in;
	bool known[HARNESS_MAX_FINDINGS], good;

	/* Before it runs: whoever kills us must leave the name behind. */
	if (!json)
		printf("%s: ", path);
	fflush(stdout);
	if (!load(path, &in)) {
		if (!json)
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
	good = as_expected(&in.text, &first, known);
	result(good ? 0 : 1);
	if (json) {
		print_json(path, &in.text, !good ? "broken" : first.nr ? "known" : "ok",
			   &first);
		goto out;
	}
	if (good) {
		printf("ok");
		for (u32 k = 0; k < first.nr; k++)
			printf("%s%s %s %s%s", k ? ", " : " (known: ",
			       law_info[first.finding[k].law].name,
			       first.finding[k].clock, first.finding[k].event,
			       k + 1 == first.nr ? ")" : "");
		putchar('\n');
		goto out;
	}
	putchar('\n');
	/* A scenario ends with what it is about; the rest is in its way. */
	for (u32 k = first.nr, told = 0; k--; ) {
		const struct finding *f = &first.finding[k];

		if (known[k])
			continue;
		if (told++) {
			printf("  before it   %s %s %s, at event %d: %s\n",
			       law_info[f->law].name, f->clock, f->event,
			       f->event_nr, f->why);
			continue;
		}
		putchar('\n');
		report_print(stdout, &in.text, f, path);
	}
out:
	text_free(&in.text);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void replay_path(const char *path)
{
	struct dirent **list;
	struct stat st;
	char sub[4096];
	int n;

	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		replay(path);
		return;
	}
	n = scandir(path, &list, visible, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(sub, sizeof(sub), "%s/%s", path, list[i]->d_name);
		replay_path(sub);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void to_binary(const char *dir, const char *path)
{
	static struct input_file in;
	const char *base = strrchr(path, '/');
	char out[4096];
	FILE *f;

	if (!load(path, &in))
		return;
	snprintf(out, sizeof(out), "%s/%s.bin", dir, base ? base + 1 : path);
	f = fopen(out, "wb");
	if (!f || fwrite(in.data, 1, in.size, f) != in.size || fclose(f))
		bad_input(out, ": cannot be written");
	text_free(&in.text);
}

int main(int argc, char **argv)
{
	const char *binary_dir = NULL;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = true;
		} else if (!strcmp(argv[i], "--to-binary") && i + 1 < argc) {
			binary_dir = argv[++i];
		} else {
			fprintf(stderr, "%s: unknown option %s\n", argv[0], argv[i]);
			return 2;
		}
	}
	if (i == argc) {
		fprintf(stderr, "usage: %s [--json] FILE|DIR...\n", argv[0]);
		return 2;
	}
	for (; i < argc; i++) {
		if (binary_dir)
			to_binary(binary_dir, argv[i]);
		else
			replay_path(argv[i]);
	}
	if (fflush(stdout) || ferror(stdout))
		return 2;
	return worst;
}
