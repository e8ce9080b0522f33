// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of a finding's file: smaller, and a regression with a story.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "driver.h"
#include "../src/file.h"
#include "../src/report/report.h"

const char *driver_signature;

/*
 * The finding that @path is about: its own row's, or the one with the figure
 * that it expects, or the last new one, or the last.
 */
static const struct finding *subject_of(const char *path,
					const struct text_file *file,
					const struct harness_findings *list)
{
	const char *version = subject_versions(subject);
	char slug[128], signature[128];
	const struct finding *last_new = NULL;
	bool has_slug = known_slug(path, slug, sizeof(slug));

	for (u32 i = list->nr; i--; ) {
		const struct finding *f = &list->finding[i];
		const struct known_row *row;

		known_signature(f, signature);
		if (driver_signature) {
			if (!strcmp(signature, driver_signature))
				return f;
			continue;
		}
		row = known_find(&driver_known, signature,
				 has_slug ? slug : NULL, version);
		if (file->expect == TEXT_EXPECT_FIGURE) {
			if (text_is_figure(file, f->got, f->want))
				return f;
			continue;
		}
		if (row && has_slug && !strcmp(row->slug, slug))
			return f;
		if (!row && !last_new)
			last_new = f;
	}
	if (file->expect == TEXT_EXPECT_FIGURE || driver_signature)
		return NULL;
	return last_new ? last_new : &list->finding[list->nr - 1];
}

/* On a terminal one line that changes, elsewhere one every ten seconds. */
static void progress(u32 tried, const struct text_file *file)
{
	static struct timespec last;
	struct timespec now;
	bool tty = isatty(STDERR_FILENO);
	double passed;

	if (tried % 64)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!last.tv_sec)
		last = now;
	passed = now.tv_sec - last.tv_sec + (now.tv_nsec - last.tv_nsec) / 1e9;
	if (passed < (tty ? 0.2 : 10))
		return;
	last = now;
	fprintf(stderr, tty ? "\r\033[K%u candidates tried, %u events left" :
			      "%u candidates tried, %u events left\n",
		tried, file->scenario.nr_events);
}

/* ---- the story ----------------------------------------------------------- */

static bool has_story(const struct text_file *file)
{
	return file->comments && !strncmp(file->comments, "0:#", 3) &&
	       strncmp(file->comments + 2, FOUND_BY, strlen(FOUND_BY));
}

void driver_comment(struct text_file *file, const char *text)
{
	char *comments = NULL;
	size_t size, column;
	FILE *out = open_memstream(&comments, &size);

	if (!out)
		abort();
	while (*text) {
		fputs("0:#", out);
		for (column = 1; *text && *text != '\n'; ) {
			size_t n = strcspn(text, " \n");

			if (column > 1 && column + 1 + n > 78)
				break;
			fprintf(out, " %.*s", (int)n, text);
			column += 1 + n;
			text += n;
			text += *text == ' ';
		}
		text += *text == '\n';
		fputc('\n', out);
	}
	fclose(out);
	free(file->comments);
	file->comments = comments;
}

static void fill_in_story(struct text_file *file, const struct finding *f)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	report_headline(out, file, f);
	fputs("\n\n", out);
	report_story(out, file, f, 1000);
	fclose(out);
	driver_comment(file, text);
	free(text);
}

/* ---- minimize, promote --------------------------------------------------- */

static int write_out(const struct text_file *file, const char *out, bool keep_old)
{
	static struct file_new new;

	if (!out) {
		text_print(file, stdout);
		if (!fflush(stdout) && !ferror(stdout))
			return 0;
		fprintf(stderr, "clockfuzz: stdout: %s\n", strerror(errno));
		return 2;
	}
	if (file_create(&new, out))
		goto fail;
	text_print(file, new.out);
	if (!file_commit(&new, keep_old))
		return 0;
fail:
	fprintf(stderr, "clockfuzz: %s: %s\n", out, errno == EEXIST ?
		"is there already; choose another slug" : strerror(errno));
	return 2;
}

int driver_to_text(const char *path, const char *out)
{
	static struct driver_input in;
	int code;

	if (!driver_load(path, &in))
		return 2;
	code = write_out(&in.text, out, false);
	text_free(&in.text);
	return code;
}

/* The finding again, for its numbers changed with the file. */
static void find_again(const struct text_file *file, struct finding *f)
{
	static struct harness_findings list;
	static u8 buf[HARNESS_MAX_INPUT];
	const char *err;
	int size = harness_to_bytes(file, buf, sizeof(buf), &err);

	if (size < 0)
		return;
	harness_collect(buf, size, &list);
	if (harness_find(&list, f))
		*f = *harness_find(&list, f);
}

int driver_keep(const char *path, const char *out, const char *slug)
{
	static struct harness_findings list;
	static struct driver_input in;
	const struct finding *about;
	struct finding finding;
	char signature[128];
	u32 before, tried;
	int code;

	if (!driver_load(path, &in))
		return 2;
	harness_collect(in.data, in.size, &list);
	about = list.nr ? subject_of(path, &in.text, &list) : NULL;
	if (!about) {
		driver_bad_input(path, list.nr && driver_signature ?
			": it doesn't give that finding on %s %s" : list.nr ?
			": no finding has the values that the file expects" :
			": no law is broken on %s %s", subject->name,
			subject_versions(subject));
		text_free(&in.text);
		return 2;
	}
	finding = *about;
	before = in.text.scenario.nr_events;
	tried = harness_minimize(&in.text, &finding, progress);
	find_again(&in.text, &finding);
	known_signature(&finding, signature);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%s: ", signature);
	if (in.text.is_timeline)
		fprintf(stderr, "%u events became %u, ", before,
			in.text.scenario.nr_events);
	fprintf(stderr, "%u candidates tried\n", tried);

	if (slug && !has_story(&in.text))
		fill_in_story(&in.text, &finding);
	code = write_out(&in.text, out, slug);
	/* what cmd_promote() puts into the table */
	if (!code && slug)
		printf("%s\n", signature);
	text_free(&in.text);
	return code;
}
