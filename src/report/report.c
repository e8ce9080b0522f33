// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include "words.h"

static const char *text(const char *s)
{
	return s ? s : "";
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

/* "--NAME VALUE " for each of @list, which is separated as PATH is. */
static void add_options(char *option, size_t size, const char *name, const char *list)
{
	size_t n = strlen(option);

	while (list && *list && n < size) {
		int len = strcspn(list, ":");

		n += snprintf(option + n, size - n, "--%s %.*s ", name, len, list);
		list += len + !!list[len];
	}
}

const char *report_kernel_option(void)
{
	static char option[4200];
	const char *plant = getenv("CLOCKFUZZ_PLANT");

	if (subject == &subject_reference) {
		snprintf(option, sizeof(option), plant && *plant ? "--plant %.100s " :
			 "--subject %s ", plant && *plant ? plant : subject->name);
		return option;
	}
	*option = '\0';
	add_options(option, sizeof(option), "kernel", getenv("CLOCKFUZZ_KERNEL"));
	add_options(option, sizeof(option), "patch", getenv("CLOCKFUZZ_PATCH"));
	return option;
}

void report_json_string(FILE *out, const char *s)
{
	putc('"', out);
	for (s = text(s); *s; ) {
		int n = words_utf8(s);

		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (n == 1 && *s < 0x20)
			fprintf(out, "\\u%04x", *s);
		else if (n)
			fwrite(s, 1, n, out);
		else
			fputs("\\ufffd", out);
		s += n ? n : 1;
	}
	putc('"', out);
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
	case LAW_DEADLINE:
		return "is off by";
	case LAW_ROUNDTRIP:
		return "comes back";
	default:
		return "is off by";
	}
}

static void print_value(FILE *out, const char *label, s128 v, bool sign,
			const struct text_file *file, const struct finding *f)
{
	double ns = words_unit_ns(text(f->unit));
	char dec[REPORT_S128], hexa[WORDS], time[WORDS], number[100];

	snprintf(number, sizeof(number), "%s%s %s", sign && v > 0 ? "+" : "",
		 report_s128(v, dec), text(f->unit));
	fprintf(out, "  %-11s %-28s %-20s", label, number, words_hex(v, hexa));
	if (ns)
		fprintf(out, " %s%s", sign && v > 0 ? "+" : "",
			words_duration((double)v * ns, time));
	putc('\n', out);
}

/* Where the clock was read: what a person would name first. */
static void print_subject(FILE *out, const struct text_file *file,
			  const struct finding *f)
{
	const struct event *e;

	fputs(f->clock, out);
	/* who read during an update isn't who made it */
	if (!file->is_timeline || f->event_nr < 1 || f->law == LAW_SEQUENCE)
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
	char buf[WORDS];
	u64 ts = step->vcpu[e->vcpu].pvclock.tsc_timestamp;

	/* Where nothing is read, the arithmetic was about something else. */
	if ((f->law != LAW_SIGNED && f->law != LAW_AGREE && f->law != LAW_MONOTONIC) ||
	    !step->has_clock)
		return false;
	if (step->vm.use_master_clock && step->raw_tsc < step->vm.master_cycle_now) {
		fprintf(out, "CPU%u's raw TSC was %s behind master_cycle_now",
			step->cpu, words_cycles(step->vm.master_cycle_now -
						step->raw_tsc,
						step->machine, buf));
		return true;
	}
	if (f->law == LAW_SIGNED && e->kind == EVENT_READ_PVCLOCK &&
	    (s64)(step->tsc - ts) < 0) {
		fprintf(out, "vCPU%u's TSC was %s behind its tsc_timestamp",
			e->vcpu, words_cycles(ts - step->tsc,
					      step->machine, buf));
		return true;
	}
	return false;
}

static void print_state(FILE *out, const struct text_file *file,
			const struct finding *f, const struct step *step)
{
	const struct machine *m = step->machine;
	char buf[REPORT_S128], what[100];

	fprintf(out, "  event       %d: %s\n", f->event_nr,
		words_event(&file->scenario.events[f->event_nr - 1], what));
	fprintf(out, "  CPU%u        raw TSC %llu, skew %s cycles against CPU0, TSC at %u kHz\n",
		step->cpu, step->raw_tsc,
		report_s128(m->skew_cycles[step->cpu], buf), m->tsc_khz);
	if (step->vm.use_master_clock)
		fprintf(out, "  masterclock master_cycle_now %llu\n",
			step->vm.master_cycle_now);
}

void report_headline(FILE *out, const struct text_file *file,
		     const struct finding *f)
{
	struct step *steps = file->is_timeline ? words_steps(&file->scenario) : NULL;
	const struct step *step = words_step(file, f, steps);
	char amount[WORDS];

	fputs(words_style(out, WORDS_BOLD), out);
	print_subject(out, file, f);
	if (f->law == LAW_TOTAL)
		fprintf(out, " stopped");
	else
		fprintf(out, " %s %s", verb(f), words_amount(f, amount));
	if (step)
		fprintf(out, " at event %d", f->event_nr);
	fputs(": ", out);
	if (f->law == LAW_TOTAL)
		fprintf(out, "in %s, %s", f->function ? f->function : "?",
			text(f->why));
	else if (!step || !print_cause(out, file, f, step))
		fputs(text(f->why), out);
	fputs(words_style(out, WORDS_PLAIN), out);
	free(steps);
}

void report_values(FILE *out, const struct text_file *file,
		   const struct finding *f, const char *path)
{
	const struct law_info *law = &law_info[f->law];
	struct step *steps = file->is_timeline ? words_steps(&file->scenario) : NULL;
	const struct step *step = words_step(file, f, steps);
	const struct subject_function *fn = words_function(step, f->function);
	char low[REPORT_S128], high[REPORT_S128];

	if (f->law != LAW_TOTAL) {
		print_value(out, "expected", f->want, false, file, f);
		print_value(out, "actual", f->got, false, file, f);
		fputs(words_style(out, WORDS_RED), out);
		print_value(out, "difference", f->got - f->want, true, file, f);
		fputs(words_style(out, WORDS_PLAIN), out);
		fprintf(out, "  allowed     %s %s%s %s\n",
			report_s128(f->tolerance_low, low),
			f->tolerance_high >> 99 ? "or" : "to ",
			f->tolerance_high >> 99 ? " more," :
			report_s128(f->tolerance_high, high), text(f->unit));
	}
	fprintf(out, "  law         %s: %s\n", text(law->name), text(law->sentence));
	if (f->law != LAW_TOTAL && *text(f->why))
		fprintf(out, "  why         %s\n", f->why);
	if (fn)
		fprintf(out, "  code        %s:%d %s\n", fn->file, fn->line, fn->name);
	else if (f->function)
		fprintf(out, "  code        %s\n", f->function);
	for (const struct subject *s = subject; s; s = s->successor)
		fprintf(out, "  tree        %s %s, %s\n", s->name, s->version,
			s->tree);
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

void report_print(FILE *out, const struct text_file *file,
		  const struct finding *f, const char *path)
{
	report_headline(out, file, f);
	fputs("\n\n", out);
	report_story(out, file, f, 80);
	putc('\n', out);
	if (!file->is_timeline && report_arithmetic(out, file, f))
		putc('\n', out);
	report_values(out, file, f, path);
	fprintf(out, "  explain     ./clockfuzz explain %s%s\n",
		report_kernel_option(), path);
}

static void json_member(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",\"%s\":", name);
	report_json_string(out, value);
}

static void json_s128(FILE *out, const char *name, s128 v)
{
	char buf[REPORT_S128];

	/* As a string: JSON readers keep 53 bits of a number. */
	json_member(out, name, report_s128(v, buf));
}

/* In decimal, and as the kernel's u64 holds it. */
static void json_value(FILE *out, const char *name, s128 v)
{
	char member[32], hexa[WORDS];

	json_s128(out, name, v);
	snprintf(member, sizeof(member), "%s_hex", name);
	json_member(out, member, words_hex(v, hexa));
}

/* What people read, as one string each. */
static void json_words(FILE *out, const struct text_file *file, const struct finding *f)
{
	static const char *const names[] = { "headline", "story", "arithmetic" };

	for (int i = 0; i < 3; i++) {
		char *words = NULL;
		size_t size;
		FILE *memory = open_memstream(&words, &size);

		if (!memory)
			abort();
		if (i == 0)
			report_headline(memory, file, f);
		else if (i == 1)
			report_told(memory, file, f, 90);
		else
			report_arithmetic(memory, file, f);
		fclose(memory);
		json_member(out, names[i], words);
		free(words);
	}
}

void report_json(FILE *out, const struct text_file *file,
		 const struct finding *f, const char *path, const char *known)
{
	const struct subject_function *fn = words_function(NULL, f->function);
	double ns = words_unit_ns(text(f->unit));
	char amount[WORDS];

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
	json_value(out, "got", f->got);
	json_value(out, "want", f->want);
	json_value(out, "difference", f->got - f->want);
	if (f->law != LAW_TOTAL)
		json_member(out, "amount", words_amount(f, amount));
	json_s128(out, "tolerance_low", f->tolerance_low);
	json_s128(out, "tolerance_high", f->tolerance_high);
	if (ns)
		fprintf(out, ",\"difference_seconds\":%.9g",
			(double)(f->got - f->want) * ns / 1e9);
	json_words(out, file, f);
	json_member(out, "harness", file->harness);
	json_member(out, "tree", subject_versions(subject));
	json_member(out, "reproducer", path);
	if (known)
		json_member(out, "known", known);
	putc('}', out);
}
