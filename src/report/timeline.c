// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include "words.h"
#include "../sim/machine.h"

enum column { MARK, NR, EVENT, TIME, HOST, CPU, RAW_TSC, CLOCK, SAID, SHOULD, ERROR,
	      NR_COLUMNS };

static const struct {
	const char *title;
	bool left;			/* aligned */
} columns[NR_COLUMNS] = {
	[MARK] = { "", true }, [NR] = { "nr", false }, [EVENT] = { "event", true },
	[TIME] = { "true time s", false }, [HOST] = { "host", false }, [CPU] = { "CPU", false },
	[RAW_TSC] = { "raw TSC", false }, [CLOCK] = { "clock", true },
	[SAID] = { "said", false }, [SHOULD] = { "should have said", false },
	[ERROR] = { "error", false },
};

#define CELL 64

struct table {
	u32 nr;
	char (*cell)[NR_COLUMNS][CELL];	/* [0] is the title's row */
	int width[NR_COLUMNS];
};

static void fill_row(char cell[NR_COLUMNS][CELL], const struct scenario *s,
		     u32 nr, const struct step *st)
{
	u64 ns = machine_true_ns(st->machine, st->true_cycles);
	char what[100], number[REPORT_S128];

	snprintf(cell[NR], CELL, "%u", nr);
	snprintf(cell[EVENT], CELL, "%s", words_event(&s->events[nr - 1], what));
	snprintf(cell[TIME], CELL, "%llu.%09llu", ns / CF_NS_PER_SEC,
		 ns % CF_NS_PER_SEC);
	if (s->nr_hosts > 1)
		snprintf(cell[HOST], CELL, "%u", st->host);
	snprintf(cell[CPU], CELL, "%u", st->cpu);
	snprintf(cell[RAW_TSC], CELL, "%llu", st->raw_tsc);
	if (st->trap.kind != SUBJECT_TRAP_NONE)
		snprintf(cell[CLOCK], CELL, "%s", report_trap(&st->trap));
	if (!st->has_clock)
		return;
	snprintf(cell[CLOCK], CELL, "%s, %s", st->clock, st->unit);
	snprintf(cell[SAID], CELL, "%llu", st->got);
	if (!st->has_want)
		return;
	snprintf(cell[SHOULD], CELL, "%s", report_s128(st->want, number));
	snprintf(cell[ERROR], CELL, "%s%s", (s128)st->got > st->want ? "+" : "",
		 report_s128((s128)st->got - st->want, number));
}

/* A rate is measured from an earlier read, the clock isn't. */
static s128 broken_said(const struct finding *f, const struct step *st)
{
	return f->law == LAW_RATE && st->has_clock && !strcmp(st->unit, f->unit) ?
	       (s128)st->got : f->got;
}

/* The broken clock at the row of @f; other views of it may have been right. */
static void fill_broken(char cell[NR_COLUMNS][CELL], const struct finding *f,
			const struct step *st)
{
	s128 said = broken_said(f, st);
	char number[REPORT_S128];

	strcpy(cell[MARK], ">");
	if (f->law == LAW_TOTAL)
		return;
	snprintf(cell[CLOCK], CELL, "%s, %s", f->clock, f->unit);
	snprintf(cell[SAID], CELL, "%s", report_s128(said, number));
	snprintf(cell[SHOULD], CELL, "%s",
		 report_s128(said - (f->got - f->want), number));
	snprintf(cell[ERROR], CELL, "%s%s", f->got > f->want ? "+" : "",
		 report_s128(f->got - f->want, number));
}

static int total_width(const struct table *t)
{
	int sum = -2;

	for (int c = 0; c < NR_COLUMNS; c++)
		sum += t->width[c] ? t->width[c] + 2 : 0;
	return sum;
}

static void fit(struct table *t, int width)
{
	/* What goes first when there's no room. */
	static const enum column spare[] = { RAW_TSC, SHOULD, CPU, TIME, SAID };

	for (int c = 0; c < NR_COLUMNS; c++) {
		bool any = false;

		for (u32 r = 1; r < t->nr; r++) {
			int n = strlen(t->cell[r][c]);

			any |= n;
			t->width[c] = n > t->width[c] ? n : t->width[c];
		}
		if (any && (int)strlen(columns[c].title) > t->width[c])
			t->width[c] = strlen(columns[c].title);
	}
	for (size_t i = 0; width && i < sizeof(spare) / sizeof(spare[0]); i++)
		if (total_width(t) > width)
			t->width[spare[i]] = 0;
}

static void print_row(FILE *out, const struct table *t, u32 r, int width)
{
	char line[NR_COLUMNS * (CELL + 2) + 1] = "";
	bool broken = *t->cell[r][MARK];
	size_t n;

	for (int c = 0; c < NR_COLUMNS; c++) {
		if (!t->width[c])
			continue;
		n = strlen(line);
		snprintf(line + n, sizeof(line) - n, "%s%*s", n ? "  " : "",
			 columns[c].left ? -t->width[c] : t->width[c],
			 t->cell[r][c]);
	}
	if (width && strlen(line) > (size_t)width)
		line[width] = '\0';
	for (n = strlen(line); n && line[n - 1] == ' '; n--)
		line[n - 1] = '\0';
	fprintf(out, "%s%s%s\n", words_style(out, !r ? WORDS_DIM : broken ?
					     WORDS_RED : WORDS_PLAIN),
		line, words_style(out, WORDS_PLAIN));
}

void report_timeline(FILE *out, const struct scenario *s,
		     const struct finding *findings, u32 nr, int width)
{
	struct table t = { .nr = s->nr_events + 1 };
	struct step *steps = words_steps(s);

	t.cell = calloc(t.nr, sizeof(*t.cell));
	if (!t.cell)
		abort();
	for (int c = 0; c < NR_COLUMNS; c++)
		strcpy(t.cell[0][c], columns[c].title);
	for (u32 i = 1; i < t.nr; i++)
		fill_row(t.cell[i], s, i, &steps[i]);
	for (u32 i = 0; i < nr; i++)
		if (findings[i].event_nr > 0 && findings[i].event_nr < (int)t.nr)
			fill_broken(t.cell[findings[i].event_nr], &findings[i],
				    &steps[findings[i].event_nr]);
	fit(&t, width);
	text_print_machines(s, out);
	putc('\n', out);
	for (u32 i = 0; i < t.nr; i++)
		print_row(out, &t, i, width);
	free(t.cell);
	free(steps);
}

/* What KVM promises after an event; the laws ask no more than that. */
static void print_promises(FILE *out, const struct step *st)
{
	fprintf(out, ",\"masterclock\":%s,\"page\":%s,\"stable\":\"",
		st->vm.use_master_clock ? "true" : "false",
		st->vm.page_status == SUBJECT_PAGE_SET ? "true" : "false");
	for (u32 i = 0; i < st->machine->nr_vcpus; i++)
		putc(st->vcpu[i].pvclock.flags & SUBJECT_PVCLOCK_TSC_STABLE ? '1' : '0', out);
	putc('"', out);
}

static void json_value(FILE *out, const char *clock, const char *unit, s128 said)
{
	char number[REPORT_S128];

	fprintf(out, ",\"clock\":\"%s\",\"unit\":\"%s\",\"got\":\"%s\"", clock,
		unit, report_s128(said, number));
}

static void json_error(FILE *out, s128 want, s128 error)
{
	char number[REPORT_S128];

	fprintf(out, ",\"want\":\"%s\"", report_s128(want, number));
	fprintf(out, ",\"error\":\"%s\"", report_s128(error, number));
}

/* The last one that event @nr exposed, or NULL. */
static const struct finding *finding_at(const struct finding *findings, u32 nr_findings,
					u32 nr)
{
	while (nr_findings--)
		if (findings[nr_findings].event_nr == (int)nr)
			return &findings[nr_findings];
	return NULL;
}

void report_timeline_json(FILE *out, const struct scenario *s,
			  const struct finding *findings, u32 nr)
{
	struct step *steps = words_steps(s);
	char what[100];

	putc('[', out);
	for (u32 i = 1; i <= s->nr_events; i++) {
		const struct finding *f = finding_at(findings, nr, i);
		const struct step *st = &steps[i];

		fprintf(out, "%s{\"nr\":%u,\"event\":", i > 1 ? "," : "", i);
		report_json_string(out, words_event(&s->events[i - 1], what));
		/* as strings: JSON readers keep 53 bits of a number */
		fprintf(out, ",\"cpu\":%u,\"true_ns\":\"%llu\",\"raw_tsc\":\"%llu\"",
			st->cpu, machine_true_ns(st->machine, st->true_cycles),
			st->raw_tsc);
		if (s->nr_hosts > 1)
			fprintf(out, ",\"host\":%u", st->host);
		print_promises(out, st);
		if (f && f->law != LAW_TOTAL) {
			s128 said = broken_said(f, st);

			json_value(out, f->clock, f->unit, said);
			json_error(out, said - (f->got - f->want), f->got - f->want);
		} else if (st->has_clock) {
			json_value(out, st->clock, st->unit, st->got);
			if (st->has_want)
				json_error(out, st->want, (s128)st->got - st->want);
		}
		if (f)
			fputs(",\"broken\":true", out);
		if (st->trap.kind != SUBJECT_TRAP_NONE)
			fprintf(out, ",\"trap\":\"%s\"", report_trap(&st->trap));
		putc('}', out);
	}
	putc(']', out);
	free(steps);
}
