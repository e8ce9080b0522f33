// SPDX-License-Identifier: GPL-2.0-only
/*
 * What scenarios reach, by the counters that the subject is compiled with and by what the
 * oracle asks; and which of an engine's inputs a corpus lacks.
 */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "counters.h"
#include "driver.h"
#include "../src/file.h"
#include "../src/oracle/run.h"
#include "../src/reference/plant.h"
#include "../src/report/minimize.h"

/* Where an edge begins; clang's pc-table has one line a counter. */
struct edge {
	const char *pc;
	uintptr_t flags;
};

/* Without them, in another engine's build, there are no edges. */
#define MAYBE __attribute__((weak))
extern const struct edge __start___sancov_pcs[] MAYBE;
void __sanitizer_symbolize_pc(const void *pc, const char *format, char *buf,
			      size_t size) MAYBE;

/* What a subject keeps from one execution to the next, to be faster; it begins as zero. */
extern u8 __start_cf_keep[] MAYBE, __stop_cf_keep[] MAYBE;

#define MAX_CLOCKS 64

/* In this order numbers are given: after as many edges as there are counters. */
enum {
	OF_CLOCK = 0,					/* [law][clock] */
	AT_EVENT = OF_CLOCK + LAW_NR * MAX_CLOCKS,	/* [law][kind] */
	MERGED = AT_EVENT + LAW_NR * EVENT_NR,		/* up to here */
	PAIR = MERGED,					/* [kind][kind] */
	PLANT = PAIR + EVENT_NR * EVENT_NR,		/* [enum plant] */
	NR_OTHERS = PLANT + PLANT_NR
};

struct reach {
	u8 *edge;
	u8 other[NR_OTHERS];
};

static struct reach now;

static void reach_init(struct reach *r)
{
	memset(r, 0, sizeof(*r));
	r->edge = calloc(nr_counters() + 1, 1);
	if (!r->edge)
		abort();
}

/* A reader's place in law_readers[]; the end stands for all that isn't there. */
static u32 clock_number(const char *clock)
{
	u32 i = 0;

	while (law_readers[i].clock && strcmp(law_readers[i].clock, clock))
		i++;
	if (i >= MAX_CLOCKS)
		abort();
	return i;
}

static void note_law(enum law law, const char *clock)
{
	now.other[OF_CLOCK + law * MAX_CLOCKS + clock_number(clock)] = 1;
	if (run_event && *run_event)
		now.other[AT_EVENT + law * EVENT_NR + (*run_event)->kind] = 1;
}

/*
 * What one execution reaches is in @now, whatever was executed before.  A counter has 8
 * bits: a place that is passed 256 times isn't seen.
 */
static void look(const u8 *data, size_t size, struct harness_findings *found)
{
	if (__start_cf_keep)
		memset(__start_cf_keep, 0, __stop_cf_keep - __start_cf_keep);
	memset(__start___sancov_cntrs, 0, nr_counters());
	memset(now.other, 0, sizeof(now.other));
	law_watch = note_law;
	harness_collect(data, size, found);
	law_watch = NULL;
	memcpy(now.edge, __start___sancov_cntrs, nr_counters());
}

/* ---- planted bugs ---------------------------------------------------------- */

static bool breaks_law_of(const struct harness_findings *found, const char *laws)
{
	for (u32 i = 0; i < found->nr; i++)
		if (strstr(laws, law_info[found->finding[i].law].name))
			return true;
	return false;
}

/* Nothing, where the reference itself is none of what the harness judges. */
static void look_at_plants(const struct driver_input *in)
{
	static struct harness_findings found;
	const struct subject *old = subject;
	u32 old_plant = plant_on;

	subject = &subject_reference;
	plant_on = PLANT_NONE;
	harness_collect(in->data, in->size, &found);
	for (u32 i = PLANT_NONE + 1; !found.nr && i < PLANT_NR; i++) {
		static struct harness_findings planted;

		plant_on = i;
		harness_collect(in->data, in->size, &planted);
		now.other[PLANT + i] = breaks_law_of(&planted, plant_info[i].laws);
	}
	subject = old;
	plant_on = old_plant;
}

static void look_at_pairs(const struct scenario *s)
{
	for (u32 i = 1; i < s->nr_events; i++)
		now.other[PAIR + s->events[i - 1].kind * EVENT_NR + s->events[i].kind] = 1;
}

void driver_reach(const char *path)
{
	static struct harness_findings found;
	static struct driver_input in;

	if (!now.edge)
		reach_init(&now);
	if (!driver_load(path, &in))
		return;
	look(in.data, in.size, &found);
	look_at_pairs(&in.text.scenario);
	look_at_plants(&in);
	printf("%s\t%u\t", path, in.text.scenario.nr_events);
	for (u32 i = 0; i < nr_counters(); i++)
		if (now.edge[i])
			printf("%u ", i);
	for (u32 i = 0; i < NR_OTHERS; i++)
		if (now.other[i])
			printf("%u ", nr_counters() + i);
	putchar('\n');
	text_free(&in.text);
}

/* ---- in words -------------------------------------------------------------- */

/* "stimer_start (arch/x86/kvm/hyperv.c:662)"; of our own files the last part */
static void edge_name(u32 edge, char *name, size_t size)
{
	char place[4096], function[256];
	/* it looks for the call before a return address */
	const char *pc = __start___sancov_pcs[edge].pc + 1, *file = place;
	size_t n = strlen(subject->tree);
	char *line;

	__sanitizer_symbolize_pc(pc, "%f", function, sizeof(function));
	__sanitizer_symbolize_pc(pc, "%s:%l", place, sizeof(place));
	if (!strncmp(file, subject->tree, n) && file[n] == '/')
		file += n + 1;
	else
		file = file_base(file);
	line = strrchr(place, ':');
	if (line && !strcmp(line, ":0"))
		*line = '\0';			/* made of several */
	snprintf(name, size, "%s (%s)", function, file);
}

static void name_of(u32 id, char *name, size_t size)
{
	u32 n = id - nr_counters();

	if (id < nr_counters())
		edge_name(id, name, size);
	else if (n < AT_EVENT)
		snprintf(name, size, "%s of %s", law_info[n / MAX_CLOCKS].name,
			 law_readers[n % MAX_CLOCKS].clock ?: "another clock");
	else if (n < PAIR)
		snprintf(name, size, "%s at %s", law_info[(n - AT_EVENT) / EVENT_NR].name,
			 event_info[(n - AT_EVENT) % EVENT_NR].name);
	else if (n < PLANT)
		snprintf(name, size, "%s > %s", event_info[(n - PAIR) / EVENT_NR].name,
			 event_info[(n - PAIR) % EVENT_NR].name);
	else
		snprintf(name, size, "planted %s", plant_info[n - PLANT].slug);
}

bool driver_name(const char *id)
{
	char name[4500], *end;
	unsigned long n = strtoul(id, &end, 10);

	if (*end || n >= nr_counters() + NR_OTHERS || n == nr_counters() + PLANT)
		return false;
	name_of(n, name, sizeof(name));
	puts(name);
	return true;
}

/* ---- merging --------------------------------------------------------------- */

/* Which a corpus keeps for its engine's and its laws' sake; pairs come with them. */
static u32 nr_merged(void)
{
	return nr_counters() + MERGED;
}

static u8 *at(struct reach *r, u32 id)
{
	return id < nr_counters() ? &r->edge[id] : &r->other[id - nr_counters()];
}

static void add(struct reach *all)
{
	for (u32 i = 0; i < nr_merged(); i++)
		*at(all, i) |= *at(&now, i);
}

/* What @now has and @all hasn't is in @wanted; how much is it? */
static u32 missing(struct reach *all, struct reach *wanted)
{
	u32 nr = 0;

	for (u32 i = 0; i < nr_merged(); i++) {
		*at(wanted, i) = *at(&now, i) && !*at(all, i);
		nr += *at(wanted, i);
	}
	return nr;
}

static bool is_known(const struct harness_findings *found)
{
	char signature[128];

	for (u32 i = 0; i < found->nr; i++) {
		known_signature(&found->finding[i], signature);
		if (!known_find(&driver_known, signature, NULL, subject_versions(subject)))
			return false;
	}
	return true;
}

static bool still_reaches(const struct text_file *file, void *arg)
{
	static struct harness_findings found;
	static u8 buf[HARNESS_MAX_INPUT];
	struct reach *wanted = arg;
	const char *err;
	int size = harness_to_bytes(file, buf, sizeof(buf), &err);

	if (size < 0)
		return false;
	look(buf, size, &found);
	for (u32 i = 0; i < nr_merged(); i++)
		if (*at(wanted, i) && !*at(&now, i))
			return false;
	return is_known(&found);
}

/* seed-WHAT.txt, or with a number behind it if there is one already. */
static int write_seed(const char *corpus, const struct text_file *file, const char *what)
{
	char slug[80], path[4400];
	static struct file_new new;
	size_t n = 0;

	/* of an edge, the function */
	for (; *what && !strchr("(.", *what) && n < sizeof(slug) - 1; what++)
		if (isalnum((u8)*what))
			slug[n++] = tolower((u8)*what);
		else if (n && slug[n - 1] != '-')
			slug[n++] = '-';
	while (n && slug[n - 1] == '-')
		n--;
	slug[n] = '\0';
	for (int nr = 1; nr < 1000; nr++) {
		snprintf(path, sizeof(path), nr > 1 ? "%s/seed-%s-%d.txt" : "%s/seed-%s.txt",
			 corpus, slug, nr);
		if (file_create(&new, path))
			break;
		text_print(file, new.out);
		if (!file_commit(&new, true)) {
			printf("%s\n", path);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	driver_bad_input(path, ": %s", strerror(errno));
	return -1;
}

/* "Reaches A, B, C and 4 more."; returns the first of them. */
static u32 describe(struct text_file *file, struct reach *wanted, u32 nr)
{
	char name[3][4500], comment[3 * 4500 + 100];
	u32 id = 0, first = 0, told = 0;
	int len;

	for (; id < nr_merged() && told < 3; id++) {
		if (!*at(wanted, id))
			continue;
		if (!told)
			first = id;
		name_of(id, name[told++], sizeof(name[0]));
	}
	len = snprintf(comment, sizeof(comment), "Reaches %s", name[0]);
	for (u32 i = 1; i < told; i++)
		len += snprintf(comment + len, sizeof(comment) - len, "%s%s",
				i + 1 == told && nr == told ? " and " : ", ", name[i]);
	if (nr > told)
		len += snprintf(comment + len, sizeof(comment) - len, " and %u more", nr - told);
	snprintf(comment + len, sizeof(comment) - len, ".");
	driver_comment(file, comment);
	return first;
}

/* @file, which reaches @wanted, @nr things: as small as can be, with a name and a comment. */
static int take(const char *corpus, struct text_file *file, struct reach *wanted, u32 nr)
{
	char name[4500];

	free(file->comments);
	file->comments = NULL;
	file->expect = TEXT_EXPECT_NOTHING;
	minimize(file, still_reaches, wanted);
	still_reaches(file, wanted);		/* for what it reaches now */
	name_of(describe(file, wanted, nr), name, sizeof(name));
	return write_seed(corpus, file, name);
}

int driver_merge(const char *corpus, char **paths, int nr)
{
	static struct harness_findings found;
	static struct reach all, wanted;
	static struct driver_input in;
	char pattern[4400];
	glob_t have = { 0 };
	int code = 0;
	u32 more;

	reach_init(&now);
	reach_init(&all);
	reach_init(&wanted);
	snprintf(pattern, sizeof(pattern), "%s/*.txt", corpus);
	glob(pattern, 0, NULL, &have);
	for (size_t i = 0; i < have.gl_pathc; i++) {
		if (!driver_load(have.gl_pathv[i], &in))
			return 2;
		look(in.data, in.size, &found);
		add(&all);
		text_free(&in.text);
	}
	globfree(&have);
	for (int i = 0; i < nr; i++) {
		if (!driver_load(paths[i], &in))
			return 2;
		look(in.data, in.size, &found);
		more = missing(&all, &wanted);
		if (more && !is_known(&found)) {
			fprintf(stderr, "%s: left out: a law breaks that the table of known findings doesn't explain\n",
				paths[i]);
			code = 1;
		} else if (more) {
			if (take(corpus, &in.text, &wanted, more))
				return 2;
			add(&all);
		}
		text_free(&in.text);
	}
	return code;
}
