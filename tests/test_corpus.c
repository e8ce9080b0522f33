// SPDX-License-Identifier: GPL-2.0-only
/*
 * The corpus' files are canonical and tell their story; and what grows out of
 * them by damage gives a clear error or a valid run.  That each file breaks
 * what it says, on each tree, is replay's part (ctest -R corpus/).
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../src/oracle/law.h"
#include "../src/oracle/run.h"
#include "../src/report/known.h"
#include "../src/scenario/text.h"
#include "xorshift.h"

#define MAX_FILE 65536

static char *slurp(const char *path, size_t *len)
{
	static char buf[MAX_FILE];
	FILE *f = fopen(path, "rb");

	cr_assert(f, "%s", path);
	*len = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[*len] = '\0';
	return buf;
}

static void each(const char *pattern, void (*fn)(const char *path))
{
	char full[4096];
	glob_t found;

	snprintf(full, sizeof(full), CF_SOURCE_DIR "/corpus/%s", pattern);
	if (glob(full, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		fn(found.gl_pathv[i]);
	globfree(&found);
}

static void is_canonical(const char *path)
{
	static struct text_file file;
	struct text_error err;
	char *printed = NULL;
	size_t len, printed_len;
	const char *text = slurp(path, &len);
	FILE *out;

	cr_assert_eq(text_parse(&file, text, len, &err), 0, "%s:%d:%d: %s",
		     path, err.line, err.column, err.message);
	out = open_memstream(&printed, &printed_len);
	text_print(&file, out);
	fclose(out);
	cr_expect_str_eq(printed, text, "%s isn't as text_print() writes it", path);
	free(printed);
	text_free(&file);
}

Test(corpus, files_are_canonical)
{
	each("*/*.txt", is_canonical);
}

static struct known known;

static void read_table(void)
{
	char error[4400];

	cr_assert_eq(known_read(&known, CF_SOURCE_DIR "/corpus/known.tsv", error),
		     0, "%s", error);
}

static bool has_row(const char *slug)
{
	for (u32 i = 0; i < known.nr; i++)
		if (!strcmp(known.row[i].slug, slug))
			return true;
	return false;
}

static void tells_its_story(const char *path)
{
	const char *text;
	char slug[128];
	size_t len;

	text = slurp(path, &len);
	cr_expect_eq(text[0], '#', "%s has no story at its top", path);
	cr_assert(known_slug(path, slug, sizeof(slug)), "%s", path);
	cr_expect(has_row(slug), "%s has no row in known.tsv", path);
}

Test(corpus, regressions_tell_their_story_and_are_known)
{
	read_table();
	each("*/regress-*.txt", tells_its_story);
}

static int nr_files;

static void count(const char *path)
{
	nr_files++;
}

Test(corpus, rows_are_unique_and_have_a_regression)
{
	char pattern[256];

	read_table();
	for (u32 i = 0; i < known.nr; i++) {
		const struct known_row *row = &known.row[i];

		for (u32 k = 0; k < i; k++)
			cr_expect_str_neq(row->slug, known.row[k].slug);
		snprintf(pattern, sizeof(pattern), "*/regress-%s.txt", row->slug);
		nr_files = 0;
		each(pattern, count);
		cr_expect_eq(nr_files, 1, "%s: %d files", row->slug, nr_files);
	}
}

#define MAX_SCENARIOS 1024

static struct scenario scenarios[MAX_SCENARIOS];
static u32 nr_scenarios;
static u64 verdict;

static void load_scenario(const char *path)
{
	static struct text_file file;
	struct text_error err;
	size_t len;
	const char *text = slurp(path, &len);

	cr_assert(nr_scenarios < MAX_SCENARIOS);
	cr_assert_eq(text_parse(&file, text, len, &err), 0, "%s", path);
	scenarios[nr_scenarios++] = file.scenario;
	text_free(&file);
}

static void add_to_verdict(const struct finding *f)
{
	verdict = verdict * 31 + f->law + 7 * f->event_nr + (u64)f->got +
		  13 * (u64)f->want + (u8)f->clock[0];
}

static u64 verdict_of(const struct scenario *s)
{
	verdict = 0;
	run_scenario(s, &subject_linux, NULL);
	return verdict;
}

/* Nothing of one execution is left for the next: the order makes no difference. */
Test(corpus, any_order_gives_the_same_verdicts)
{
	u64 want[MAX_SCENARIOS], x = 5;

	law_set_sink(add_to_verdict);
	each("fuzz_timeline/*.txt", load_scenario);
	cr_assert(nr_scenarios > 40);
	for (u32 i = 0; i < nr_scenarios; i++)
		want[i] = verdict_of(&scenarios[i]);
	for (int n = 0; n < 20000; n++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		u32 i = (x >> 33) % nr_scenarios;

		cr_assert_eq(verdict_of(&scenarios[i]), want[i], "scenario %u, run %d", i, n);
	}
}

static u64 random_state = 88172645463325252ull;

static u32 rnd(u32 below)
{
	return (xorshift64(&random_state) >> 16) % below;
}

static void ignore(const struct finding *f)
{
}

static int texts, binaries;

static void damage(const char *path)
{
	static const char spice[] = "0123456789-#x \n\tabcns.e\xff";
	static struct text_file file;
	static char text[MAX_FILE];
	struct text_error err;
	size_t len, n;
	int lines = 2;
	char *from = slurp(path, &len);

	if (!len)
		return;
	memcpy(text, from, n = len);
	for (u32 hits = 1 + rnd(4); hits--; ) {
		size_t at = rnd(n), more;

		switch (rnd(4)) {
		case 0:
			text[at] = spice[rnd(sizeof(spice))];
			break;
		case 1:				/* cut a piece out */
			more = rnd(n - at);
			memmove(text + at, text + at + more, n - at - more);
			n -= more;
			break;
		case 2:				/* repeat one */
			more = rnd(n - at < 64 ? n - at : 64);
			if (n + more >= sizeof(text))
				break;
			memmove(text + at + more, text + at, n - at);
			n += more;
			break;
		default:
			n = at + 1;
		}
	}
	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	texts++;
	memset(&err, 0, sizeof(err));
	if (text_parse(&file, text, n, &err)) {
		cr_assert(err.line >= 1 && err.line <= lines && err.column >= 1 &&
			  *err.message, "%s: error at %d:%d of %d lines: %s", path,
			  err.line, err.column, lines, err.message);
		return;
	}
	if (file.is_timeline) {
		cr_assert_null(scenario_invalid(&file.scenario));
		run_scenario(&file.scenario, &subject_linux, NULL);
	}
	text_free(&file);
}

Test(corpus, damaged_texts_are_refused_or_run)
{
	law_set_sink(ignore);
	while (texts < 10000) {
		int before = texts;

		each("*/*.txt", damage);
		if (texts == before)
			break;		/* no corpus */
	}
}

static void truncate_it(const char *path)
{
	static struct text_file file;
	static struct scenario s;
	static u8 buf[8192];
	struct text_error err;
	size_t len, size;
	const char *text = slurp(path, &len);

	cr_assert_eq(text_parse(&file, text, len, &err), 0);
	size = scenario_encode(&file.scenario, buf, sizeof(buf));
	cr_assert(size, "%s", path);
	scenario_decode(&s, buf, size);
	cr_expect_arr_eq(&s.events, &file.scenario.events,
			 s.nr_events * sizeof(s.events[0]), "%s", path);
	size = rnd(size);
	if (size && rnd(2))
		buf[rnd(size)] = rnd(256);
	scenario_decode(&s, buf, size);
	cr_assert_null(scenario_invalid(&s));
	run_scenario(&s, &subject_linux, NULL);
	text_free(&file);
	binaries++;
}

Test(corpus, truncated_binaries_run)
{
	law_set_sink(ignore);
	while (binaries < 10000) {
		int before = binaries;

		each("fuzz_timeline/*.txt", truncate_it);
		if (binaries == before)
			break;
	}
}
