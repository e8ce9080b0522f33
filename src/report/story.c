// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened, in sentences.
 */
#include <stdlib.h>
#include <string.h>
#include "words.h"
#include "../sim/machine.h"

/* @host: its number, where there are several. */
static void tell_machine(FILE *out, const struct machine *m, int host)
{
	static const char *const source[] = {
		[SUBJECT_CS_TSC] = "its TSC", [SUBJECT_CS_HYPERV_PAGE] =
		"the Hyper-V TSC page, as under a nested Hyper-V",
		[SUBJECT_CS_OTHER] = "another clocksource than its TSC",
	};
	char khz[WORDS], time[WORDS];
	bool any = false;

	if (host < 0)
		fputs("The host", out);
	else
		fprintf(out, "Host %d, where the VM is,", host);
	fprintf(out, " has %u CPU%s at %s and keeps time by %s.", m->nr_cpus,
		m->nr_cpus == 1 ? "" : "s", words_khz(m->tsc_khz, khz),
		source[m->clocksource]);
	for (int cpu = 1; cpu < m->nr_cpus; cpu++) {
		s64 skew = m->skew_cycles[cpu];

		if (!skew)
			continue;
		fprintf(out, "%s CPU%d's TSC is %s %s CPU0's", any ? "," : "", cpu,
			words_cycles(words_magnitude(skew), m, time),
			skew < 0 ? "behind" : "ahead of");
		any = true;
	}
	fputs(any ? ". " : " ", out);
}

/* The event that took the master clock's snapshot in force at step @n. */
static u32 snapshot_event(const struct step *steps, u32 n)
{
	while (n && steps[n - 1].vm.masterclock_updates ==
		    steps[n].vm.masterclock_updates)
		n--;
	return n;
}

static bool takes_snapshot(const struct step *steps, u32 n)
{
	return steps[n].vm.use_master_clock && snapshot_event(steps, n) == n;
}

static void tell_snapshot(FILE *out, const struct scenario *s,
			  const struct step *steps, u32 n)
{
	u32 at = snapshot_event(steps, n);
	const struct step *snap = &steps[at];
	char what[100], time[WORDS];

	if (!steps[n].vm.use_master_clock) {
		fputs("The vCPUs run without KVM's master clock. ", out);
		return;
	}
	if (at)
		fprintf(out, "At event %u (%s), %s after boot, KVM takes its master clock snapshot on CPU%u: ",
			at, words_event(&s->events[at - 1], what),
			words_duration(machine_true_ns(snap->machine, snap->true_cycles), time),
			snap->cpu);
	else
		fprintf(out, "At boot KVM takes its master clock snapshot on CPU%u: ",
			snap->cpu);
	fprintf(out, "master_cycle_now %llu, master_kernel_ns %lld. ",
		snap->vm.master_cycle_now, snap->vm.master_kernel_ns);
}

static void tell_event(FILE *out, const struct scenario *s,
		       const struct finding *f, const struct step *step)
{
	const struct machine *m = step->machine;
	s64 behind = step->vm.master_cycle_now - step->raw_tsc;
	char what[100], time[WORDS];

	fprintf(out, "Event %d (%s) is on CPU%u, %s after boot", f->event_nr,
		words_event(&s->events[f->event_nr - 1], what), step->cpu,
		words_duration(machine_true_ns(m, step->true_cycles), time));
	if (step->has_clock && step->vm.use_master_clock && behind > 0)
		fprintf(out, ", where the TSC is still %s short of that snapshot",
			words_cycles(behind, m, time));
	fputs(". ", out);
}

static void tell_outcome(FILE *out, const struct text_file *file,
			 const struct finding *f)
{
	const struct subject_function *fn = words_function(NULL, f->function);
	char amount[WORDS], dec[REPORT_S128], other[REPORT_S128];
	const char *name = f->function ? f->function : "the kernel";

	if (f->law == LAW_TOTAL) {
		fprintf(out, "%s()%s%s: %s.", name, fn ? " in " : "",
			fn ? fn->file : "", f->why ? f->why : "");
		return;
	}
	fprintf(out, "%s: %s. ", name, f->why ? f->why : "");
	fprintf(out, "It gives %s %s where %s is right: %s.",
		report_s128(f->got, dec), f->unit ? f->unit : "",
		report_s128(f->want, other), words_amount(f, amount));
}

void report_story(FILE *out, const struct text_file *file,
		  const struct finding *f, int width)
{
	char *paragraph = NULL;
	struct step *steps;
	size_t size;
	FILE *text = open_memstream(&paragraph, &size);

	if (!text)
		abort();
	if (file->is_timeline && f->event_nr > 0) {
		const struct scenario *s = &file->scenario;

		steps = words_steps(s);
		tell_machine(text, steps[f->event_nr].machine,
			     s->nr_hosts > 1 ? (int)steps[f->event_nr].host : -1);
		if (f->law != LAW_TOTAL) {
			tell_snapshot(text, s, steps, f->event_nr);
			if (!takes_snapshot(steps, f->event_nr))
				tell_event(text, s, f, &steps[f->event_nr]);
		}
		free(steps);
	}
	tell_outcome(text, file, f);
	putc('\n', text);
	fclose(text);
	words_fold(out, paragraph, width);
	free(paragraph);
}

void report_told(FILE *out, const struct text_file *file,
		 const struct finding *f, int width)
{
	const char *p = file->comments;

	if (!p || strncmp(p, "0:#", 3) ||
	    !strncmp(p + 2, FOUND_BY, strlen(FOUND_BY))) {
		report_story(out, file, f, width);
		return;
	}
	for (; !strncmp(p, "0:", 2); p += strcspn(p, "\n") + 1) {
		const char *words = p + 2 + (p[2] == '#');

		words += *words == ' ';
		fprintf(out, "%.*s\n", (int)strcspn(words, "\n"), words);
	}
}
