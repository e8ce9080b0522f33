// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a migration did to the guest's clock, against its own TSC.
 *
 * Let the TSCs be saved at P1 and restored at P3, the clock saved at P2 and restored
 * at P4, all in true time.  Between P1 and P2 the clock went on and the saved TSC
 * didn't, T1 = P2 - P1; between P3 and P4 it is the other way round, T2 = P4 - P3.
 * So the clock is moved by T1 - T2, and forward by what KVM_CLOCK_REALTIME adds.
 * Not a bug of KVM's: it is the VMM's order.  What is left beside it, is.
 */
#include <stdlib.h>
#include <string.h>
#include "words.h"

struct migration {
	u32 event, end;			/* of migrate, and of the next one */
	u32 restored;			/* event after which both are, or 0 */
	const struct sim_saved *saved;
	bool by_offset;
	s64 t1_ns, t2_ns, passed_ns, drift_ns;
};

/* The migration at event @at, from 1. */
static struct migration measure(const struct scenario *s, const struct step *steps,
				u32 at)
{
	struct migration m = { .event = at, .end = at + 1 };

	while (m.end <= s->nr_events && s->events[m.end - 1].kind != EVENT_MIGRATE)
		m.end++;
	for (u32 i = at + 1; i < m.end && !m.restored; i++) {
		const struct event *e = &s->events[i - 1];
		const struct sim_saved *saved = &steps[i].saved;

		if (e->kind == EVENT_RESTORE_TSC)
			m.by_offset = e->value && saved->clock_restored;
		if (e->kind == EVENT_RESTORE_CLOCK)
			m.passed_ns = e->value && steps[i].vm.use_master_clock ?
				steps[i].vm.master_kernel_ns +
				steps[i].vm.kvmclock_offset_ns -
				saved->clock.clock_ns : 0;
		if (saved->tsc_restored && saved->clock_restored)
			m.restored = i;
	}
	m.saved = &steps[m.restored ?: at].saved;
	m.t1_ns = m.saved->clock_ns - m.saved->tsc_ns;
	m.t2_ns = m.saved->clock_restored_ns - m.saved->tsc_restored_ns;
	/* by offset the TSC is made to go on as the clock does */
	m.drift_ns = m.by_offset ? 0 : m.t1_ns - m.t2_ns + m.passed_ns;
	return m;
}

/*
 * Did event @i give vCPU @vcpu another tuple after the migration?  *@ns: where that
 * starts, minus what the tuple from before gives there, by the kernel's own read.
 */
static bool moved(const struct migration *m, const struct step *steps, u32 i,
		  u32 vcpu, s64 *ns)
{
	const struct subject_pvclock *old = &steps[m->event - 1].vcpu[vcpu].pvclock;
	const struct subject_pvclock *now = &steps[i].vcpu[vcpu].pvclock;

	if (!steps[m->event - 1].vcpu[vcpu].updates ||
	    steps[i].vcpu[vcpu].updates == steps[i - 1].vcpu[vcpu].updates)
		return false;
	*ns = now->system_time -
	      subject->pvclock_read(old->system_time, old->tsc_timestamp,
					 old->tsc_to_system_mul, old->tsc_shift,
					 now->tsc_timestamp);
	return true;
}

static double ns_per_cycle(const struct subject_pvclock *pv)
{
	double ns = (double)pv->tsc_to_system_mul / 4294967296.0;

	for (int i = 0; i < pv->tsc_shift; i++)
		ns *= 2;
	for (int i = 0; i > pv->tsc_shift; i--)
		ns /= 2;
	return ns;
}

static void print_instant(FILE *out, const char *name, u64 ns)
{
	fprintf(out, "%s %llu.%09llu s", name, ns / CF_NS_PER_SEC, ns % CF_NS_PER_SEC);
}

static void print_one(FILE *out, const struct scenario *s, const struct step *steps,
		      const struct migration *m)
{
	const struct step *from = &steps[m->event - 1], *to = &steps[m->event];
	const struct sim_saved *saved = m->saved;
	char what[100];

	fprintf(out, "migration at event %u, from host %u (%s %s) to host %u (%s %s)\n",
		m->event, from->host, from->subject->name, from->subject->version,
		to->host, to->subject->name, to->subject->version);
	print_instant(out, "  saved       TSC at P1 =", saved->tsc_ns);
	print_instant(out, ", clock at P2 =", saved->clock_ns);
	if (!m->restored) {
		fputs("\n  restored    not both of them\n", out);
		return;
	}
	print_instant(out, "\n  restored    TSC at P3 =", saved->tsc_restored_ns);
	print_instant(out, ", clock at P4 =", saved->clock_restored_ns);
	fprintf(out, "\n  T1          P2 - P1 = %lld ns\n  T2          P4 - P3 = %lld ns\n",
		m->t1_ns, m->t2_ns);
	if (m->passed_ns)
		fprintf(out, "  realtime    KVM_CLOCK_REALTIME adds %lld ns\n",
			m->passed_ns);
	if (m->by_offset)
		fputs("  drift       0 ns: the TSC's offset was reckoned from the restored clock\n", out);
	else
		fprintf(out, "  drift       T1 - T2%s = %lld ns: against its TSC, the guest's clock goes %s\n",
			m->passed_ns ? " + realtime" : "", m->drift_ns,
			m->drift_ns < 0 ? "back" : m->drift_ns ? "forward" : "on");
	for (u32 i = m->restored + 1; i < m->end; i++)
		for (u32 v = 0; v < s->machine.nr_vcpus; v++) {
			const struct subject_pvclock *old = &from->vcpu[v].pvclock;
			const struct subject_pvclock *now = &steps[i].vcpu[v].pvclock;
			double apart = (ns_per_cycle(now) / ns_per_cycle(old) - 1) * 1e9;
			s64 ns;

			if (!moved(m, steps, i, v, &ns))
				continue;
			fprintf(out, "  %-11s vCPU%u moved by %lld ns = drift %+lld ns, at event %u (%s)",
				"update", v, ns, ns - m->drift_ns, i,
				words_event(&s->events[i - 1], what));
			if (now->tsc_to_system_mul != old->tsc_to_system_mul ||
			    now->tsc_shift != old->tsc_shift)
				fprintf(out, "; its pair is for %u kHz now, %+.1f ns a second",
					steps[i].vcpu[v].hw_tsc_khz, apart);
			putc('\n', out);
		}
}

static void print_json(FILE *out, const struct scenario *s, const struct step *steps,
		       const struct migration *m)
{
	bool any = false;

	fprintf(out, "{\"event_nr\":%u,\"from\":%u,\"to\":%u", m->event,
		steps[m->event - 1].host, steps[m->event].host);
	if (m->restored)
		fprintf(out, ",\"t1_ns\":\"%lld\",\"t2_ns\":\"%lld\",\"realtime_ns\":\"%lld\",\"drift_ns\":\"%lld\"",
			m->t1_ns, m->t2_ns, m->passed_ns, m->drift_ns);
	fputs(",\"updates\":[", out);
	for (u32 i = m->restored + 1; m->restored && i < m->end; i++)
		for (u32 v = 0; v < s->machine.nr_vcpus; v++) {
			s64 ns;

			if (!moved(m, steps, i, v, &ns))
				continue;
			fprintf(out, "%s{\"event_nr\":%u,\"vcpu\":%u,\"moved_ns\":\"%lld\"}",
				any ? "," : "", i, v, ns);
			any = true;
		}
	fputs("]}", out);
}

void report_migrations(FILE *out, const struct scenario *s, bool json)
{
	struct step *steps = words_steps(s);
	bool any = false;

	for (u32 i = 1; i <= s->nr_events; i++) {
		struct migration m;

		if (s->events[i - 1].kind != EVENT_MIGRATE ||
		    /* not reached */
		    steps[i].vm.masterclock_updates == 0)
			continue;
		m = measure(s, steps, i);
		if (json) {
			fputs(any ? "," : "", out);
			print_json(out, s, steps, &m);
		} else {
			print_one(out, s, steps, &m);
			putc('\n', out);
		}
		any = true;
	}
	free(steps);
}
