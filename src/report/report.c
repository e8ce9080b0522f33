// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include "report.h"
#include "../oracle/run.h"
#include "../sim/machine.h"

static u128 magnitude(s128 v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

static char *digits(u128 v, unsigned int base, bool commas, char *end)
{
	int n = 0;

	*--end = '\0';
	do {
		if (commas && n && n % 3 == 0)
			*--end = ',';
		*--end = "0123456789abcdef"[(int)(v % base)];
		v /= base;
		n++;
	} while (v);
	return end;
}

const char *report_s128(s128 value, char buf[REPORT_S128])
{
	char *p = digits(magnitude(value), 10, false, buf + REPORT_S128);

	if (value < 0)
		*--p = '-';
	return p;
}

static const char *with_commas(u128 value, char buf[REPORT_S128 + 16])
{
	return digits(value, 10, true, buf + REPORT_S128 + 16);
}

/* Two's complement as the kernel's u64 would hold it, when it fits there. */
static const char *hex(s128 value, char buf[REPORT_S128])
{
	u128 v = value < 0 && value >= -((s128)1 << 63) ? (u64)value : (u128)value;
	char *p = digits(v, 16, false, buf + REPORT_S128);

	*--p = 'x';
	*--p = '0';
	return p;
}

/* "253.0 years": the largest unit that leaves at least one. */
static void duration(double ns, char buf[40])
{
	static const struct {
		double ns;
		const char *name;
	} units[] = {
		{ 365.25 * 86400e9, "years" }, { 86400e9, "days" },
		{ 3600e9, "hours" }, { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" },
	};
	double size = ns < 0 ? -ns : ns;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (size >= units[i].ns) {
			snprintf(buf, 40, "%.1f %s", ns / units[i].ns, units[i].name);
			return;
		}
	snprintf(buf, 40, "%.0f ns", ns);
}

/* How many ns one @unit is, 0 when it isn't a time. */
static double unit_ns(const char *unit, const struct text_file *file)
{
	if (!strcmp(unit, "ns"))
		return 1;
	if (strstr(unit, "100"))
		return 100;
	if (!strcmp(unit, "cycles") && file->is_timeline)
		return 1e6 / file->scenario.machine.tsc_khz;
	return 0;
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static const struct subject_function *function_named(const char *name)
{
	const struct subject_function *fn;

	for (fn = subject_linux.functions; name && fn->name; fn++)
		if (!strcmp(fn->name, name))
			return fn;
	return NULL;
}

const char *report_trap(const struct subject_trap *trap)
{
	switch (trap->kind) {
	case SUBJECT_TRAP_LOOP:
		return "it doesn't terminate";
	case SUBJECT_TRAP_DIVIDE:
		return "it divides by zero, or the quotient doesn't fit";
	case SUBJECT_TRAP_FAULT:
		return "it accesses invalid memory";
	default:
		return "";
	}
}

bool report_tree_matches(const char *tree)
{
	size_t n = strlen(tree);
	char next;

	if (!strcmp(tree, "any"))
		return true;
	if (strncmp(subject_linux.version, tree, n))
		return false;
	/* 6.1 is not 6.12 */
	next = subject_linux.version[n];
	return next < '0' || next > '9';
}

const char *report_kernel_option(void)
{
	static char option[4200];
	const char *kernel = getenv("CLOCKFUZZ_KERNEL");

	if (!kernel || !*kernel)
		return "";
	snprintf(option, sizeof(option), "--kernel %s ", kernel);
	return option;
}

void report_json_string(FILE *out, const char *s)
{
	putc('"', out);
	for (s = text(s); *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(out, "\\u%04x", *s);
		else
			putc(*s, out);
	}
	putc('"', out);
}

static void no_findings(const struct finding *f)
{
}

static struct step *run_steps(const struct scenario *s)
{
	struct step *steps = calloc(s->nr_events + 1, sizeof(*steps));
	law_sink old;

	if (!steps)
		abort();
	old = law_set_sink(no_findings);
	run_scenario(s, &subject_linux, steps);
	law_set_sink(old);
	return steps;
}

static const char *verb(const struct finding *f)
{
	switch (f->law) {
	case LAW_SIGNED:
		return "jumped";
	case LAW_MONOTONIC:
		return "stepped by";
	case LAW_RATE:
		return "drifted by";
	case LAW_AGREE:
		return "disagrees by";
	default:
		return "is off by";
	}
}

/* "+253.0 years" or "+3 cycles" */
static void print_amount(FILE *out, const struct text_file *file,
			 const struct finding *f)
{
	s128 diff = f->got - f->want;
	double ns = unit_ns(text(f->unit), file);
	char buf[REPORT_S128 + 16], time[40];

	if (ns) {
		duration((double)diff * ns, time);
		fprintf(out, "%s%s", diff >= 0 ? "+" : "", time);
	} else {
		fprintf(out, "%c%s %s", diff < 0 ? '-' : '+',
			with_commas(magnitude(diff), buf), text(f->unit));
	}
}

static void print_value(FILE *out, const char *label, s128 v, bool sign,
			const struct text_file *file, const struct finding *f)
{
	double ns = unit_ns(text(f->unit), file);
	char dec[REPORT_S128], hexa[REPORT_S128], time[40] = "", number[64];

	if (ns)
		duration((double)v * ns, time);
	snprintf(number, sizeof(number), "%s%s %s", sign && v > 0 ? "+" : "",
		 report_s128(v, dec), text(f->unit));
	fprintf(out, "  %-11s %-28s %-20s", label, number, hex(v, hexa));
	if (*time)
		fprintf(out, " %s%s", sign && v > 0 ? "+" : "", time);
	putc('\n', out);
}

/* Where the clock was read: what a person would name first. */
static void print_subject(FILE *out, const struct text_file *file,
			  const struct finding *f)
{
	const struct event *e;

	fputs(f->clock, out);
	if (!file->is_timeline || f->event_nr < 1)
		return;
	e = &file->scenario.events[f->event_nr - 1];
	if (event_info[e->kind].has_vcpu)
		fprintf(out, " on vCPU%u", e->vcpu);
	else if (event_info[e->kind].has_cpu)
		fprintf(out, " on CPU%u", e->cpu);
}

/* The cause, where the state at the event shows it. */
static bool print_cause(FILE *out, const struct text_file *file,
			const struct finding *f, const struct step *step)
{
	const struct event *e = &file->scenario.events[f->event_nr - 1];
	char buf[REPORT_S128 + 16];
	u64 ts = step->vcpu.pvclock.tsc_timestamp;

	/* Where nothing is read, the arithmetic was about something else. */
	if ((f->law != LAW_SIGNED && f->law != LAW_AGREE && f->law != LAW_MONOTONIC) ||
	    !step->has_clock)
		return false;
	if (step->vm.use_master_clock && step->raw_tsc < step->vm.master_cycle_now) {
		fprintf(out, "CPU%u's raw TSC was %s cycles behind master_cycle_now",
			step->cpu, with_commas(step->vm.master_cycle_now -
					       step->raw_tsc, buf));
		return true;
	}
	if (f->law == LAW_SIGNED && e->kind == EVENT_READ_PVCLOCK &&
	    (s64)(step->guest_tsc - ts) < 0) {
		fprintf(out, "vCPU%u's TSC was %s cycles behind its tsc_timestamp",
			e->vcpu, with_commas(ts - step->guest_tsc, buf));
		return true;
	}
	return false;
}

static void event_text(const struct event *e, char *buf, size_t size)
{
	FILE *f = fmemopen(buf, size, "w");
	size_t skip;

	if (!f)
		abort();
	text_print_event(e, f);
	fclose(f);
	buf[size - 1] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	skip = strspn(buf, " \t");
	memmove(buf, buf + skip, strlen(buf + skip) + 1);
}

static void print_state(FILE *out, const struct text_file *file,
			const struct finding *f, const struct step *step)
{
	const struct machine *m = &file->scenario.machine;
	char buf[REPORT_S128], what[100] = "";

	event_text(&file->scenario.events[f->event_nr - 1], what, sizeof(what));
	fprintf(out, "  event       %d: %s\n", f->event_nr, what);
	fprintf(out, "  CPU%u        raw TSC %llu, skew %s cycles against CPU0, TSC at %u kHz\n",
		step->cpu, step->raw_tsc,
		report_s128(m->skew_cycles[step->cpu], buf), m->tsc_khz);
	if (step->vm.use_master_clock)
		fprintf(out, "  masterclock master_cycle_now %llu\n",
			step->vm.master_cycle_now);
}

void report_print(FILE *out, const struct text_file *file,
		  const struct finding *f, const char *path)
{
	const struct law_info *law = &law_info[f->law];
	const struct subject_function *fn = function_named(f->function);
	bool at_event = file->is_timeline && f->event_nr > 0 &&
			f->event_nr <= (int)file->scenario.nr_events;
	struct step *steps = at_event ? run_steps(&file->scenario) : NULL;
	const struct step *step = at_event ? &steps[f->event_nr - 1] : NULL;
	char low[REPORT_S128], high[REPORT_S128];

	print_subject(out, file, f);
	if (f->law == LAW_TOTAL) {
		fprintf(out, " stopped");
	} else {
		fprintf(out, " %s ", verb(f));
		print_amount(out, file, f);
	}
	if (at_event)
		fprintf(out, " at event %d", f->event_nr);
	fputs(": ", out);
	if (f->law == LAW_TOTAL)
		fprintf(out, "in %s, %s", f->function ? f->function : "?",
			text(f->why));
	else if (!step || !print_cause(out, file, f, step))
		fputs(text(f->why), out);
	fputs("\n\n", out);

	if (f->law != LAW_TOTAL) {
		print_value(out, "expected", f->want, false, file, f);
		print_value(out, "actual", f->got, false, file, f);
		print_value(out, "difference", f->got - f->want, true, file, f);
		fprintf(out, "  allowed     %s to %s %s\n",
			report_s128(f->tolerance_low, low),
			report_s128(f->tolerance_high, high), text(f->unit));
	}
	fprintf(out, "  law         %s: %s\n", text(law->name), text(law->sentence));
	if (f->law != LAW_TOTAL && *text(f->why))
		fprintf(out, "  why         %s\n", f->why);
	if (fn)
		fprintf(out, "  code        %s:%d %s\n", fn->file, fn->line, fn->name);
	else if (f->function)
		fprintf(out, "  code        %s\n", f->function);
	fprintf(out, "  tree        %s %s, %s\n", subject_linux.name,
		subject_linux.version, subject_linux.tree);
	if (step)
		print_state(out, file, f, step);
	else if (!file->is_timeline)
		for (const char *p = file->fields; *p; ) {
			size_t n = strcspn(p, "\n");

			fprintf(out, "  %s%.*s\n", p == file->fields ?
				"input       " : "            ", (int)n, p);
			p += n + (p[n] == '\n');
		}
	fprintf(out, "  replay      ./clockfuzz replay %s%s\n",
		report_kernel_option(), path);
	free(steps);
}

static void json_s128(FILE *out, const char *name, s128 v)
{
	char buf[REPORT_S128];

	/* As a string: JSON readers keep 53 bits of a number. */
	fprintf(out, ",\"%s\":\"%s\"", name, report_s128(v, buf));
}

static void json_member(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",\"%s\":", name);
	report_json_string(out, value);
}

void report_json(FILE *out, const struct text_file *file,
		 const struct finding *f, const char *path)
{
	const struct subject_function *fn = function_named(f->function);
	double ns = unit_ns(text(f->unit), file);

	fputs("{\"law\":", out);
	report_json_string(out, law_info[f->law].name);
	json_member(out, "clock", f->clock);
	json_member(out, "event", f->event);
	fprintf(out, ",\"event_nr\":%d", f->event_nr);
	json_member(out, "function", f->function);
	if (fn) {
		json_member(out, "file", fn->file);
		fprintf(out, ",\"line\":%d", fn->line);
	}
	json_member(out, "why", f->why);
	json_member(out, "unit", f->unit);
	json_s128(out, "got", f->got);
	json_s128(out, "want", f->want);
	json_s128(out, "difference", f->got - f->want);
	json_s128(out, "tolerance_low", f->tolerance_low);
	json_s128(out, "tolerance_high", f->tolerance_high);
	if (ns)
		fprintf(out, ",\"difference_seconds\":%.9g",
			(double)(f->got - f->want) * ns / 1e9);
	json_member(out, "harness", file->harness);
	json_member(out, "tree", subject_linux.version);
	json_member(out, "reproducer", path);
	putc('}', out);
}

static void print_cut(FILE *out, char *line, int width)
{
	if (width > 0 && strlen(line) > (size_t)width)
		line[width] = '\0';
	for (size_t n = strlen(line); n && line[n - 1] == ' '; n--)
		line[n - 1] = '\0';
	fprintf(out, "%s\n", line);
}

void report_timeline(FILE *out, const struct scenario *s, int width)
{
	static const char format[] = "%3s  %-31.31s %16s %3s %20s  %-14.14s %20s %20s %21s";
	struct step *steps = run_steps(s);
	char line[400];

	text_print_machine(&s->machine, out);
	putc('\n', out);
	/* The widest columns come last: a narrow terminal loses those. */
	snprintf(line, sizeof(line), format, "nr", "event", "true time s", "CPU",
		 "raw TSC", "clock", "said", "should have said", "error");
	print_cut(out, line, width);
	for (u32 i = 0; i < s->nr_events; i++) {
		const struct step *st = &steps[i];
		char nr[12], cpu[12], what[100] = "", when[40], tsc[24];
		char said[24] = "", want[REPORT_S128], error[REPORT_S128];
		const char *w = "", *e = "";
		u64 ns = machine_true_ns(&s->machine, st->true_cycles);

		event_text(&s->events[i], what, sizeof(what));
		snprintf(nr, sizeof(nr), "%u", i + 1);
		snprintf(cpu, sizeof(cpu), "%u", st->cpu);
		snprintf(when, sizeof(when), "%llu.%09llu", ns / CF_NS_PER_SEC,
			 ns % CF_NS_PER_SEC);
		snprintf(tsc, sizeof(tsc), "%llu", st->raw_tsc);
		if (st->has_clock)
			snprintf(said, sizeof(said), "%llu", st->got);
		if (st->has_clock && st->has_want) {
			w = report_s128(st->want, want);
			e = report_s128((s128)st->got - st->want, error);
		}
		snprintf(line, sizeof(line), format, nr, what, when, cpu, tsc,
			 st->has_clock ? text(st->clock) : "", said, w, e);
		if (st->trap.kind != SUBJECT_TRAP_NONE)
			snprintf(line + strlen(line), sizeof(line) - strlen(line),
				 "  %s", report_trap(&st->trap));
		print_cut(out, line, width);
	}
	free(steps);
}

void report_timeline_json(FILE *out, const struct scenario *s)
{
	struct step *steps = run_steps(s);
	char what[100];

	putc('[', out);
	for (u32 i = 0; i < s->nr_events; i++) {
		const struct step *st = &steps[i];

		fprintf(out, "%s{\"nr\":%u", i ? "," : "", i + 1);
		memset(what, 0, sizeof(what));
		event_text(&s->events[i], what, sizeof(what));
		json_member(out, "event", what);
		fprintf(out, ",\"cpu\":%u", st->cpu);
		json_s128(out, "true_ns", machine_true_ns(&s->machine, st->true_cycles));
		json_s128(out, "raw_tsc", st->raw_tsc);
		if (st->has_clock) {
			json_member(out, "clock", st->clock);
			json_member(out, "unit", st->unit);
			json_s128(out, "got", st->got);
			if (st->has_want) {
				json_s128(out, "want", st->want);
				json_s128(out, "error", (s128)st->got - st->want);
			}
		}
		if (st->trap.kind != SUBJECT_TRAP_NONE)
			json_member(out, "trap", report_trap(&st->trap));
		putc('}', out);
	}
	putc(']', out);
	free(steps);
}
