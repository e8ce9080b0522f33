// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each step either makes the scenario strictly simpler by its own measure or is
 * taken back, and passes are repeated until one changes nothing: it ends, and
 * ends at a fixpoint.
 */
#include <string.h>
#include "minimize.h"

struct minimizer {
	struct scenario *s;
	minimize_test holds;
	void *arg;
	u32 tried;
	bool changed;
};

/* Keeps @candidate if it is valid and still holds. */
static bool attempt(struct minimizer *m, const struct scenario *candidate)
{
	if (scenario_invalid(candidate))
		return false;
	m->tried++;
	if (!m->holds(candidate, m->arg))
		return false;
	*m->s = *candidate;
	m->changed = true;
	return true;
}

static void drop_events(struct minimizer *m)
{
	static struct scenario try;
	u32 run, at;

	for (run = m->s->nr_events; run; run /= 2)
		for (at = m->s->nr_events; at--; ) {
			if (at + run > m->s->nr_events)
				continue;
			try = *m->s;
			memmove(&try.events[at], &try.events[at + run],
				(try.nr_events - at - run) * sizeof(try.events[0]));
			try.nr_events -= run;
			attempt(m, &try);
		}
}

static u32 significant_digits(u64 value)
{
	u32 n = 0;

	while (value && value % 10 == 0)
		value /= 10;
	for (; value; value /= 10)
		n++;
	return n;
}

/* How plain a number is: 0, 1, powers of ten, few digits; smaller on a par. */
static u64 weight(u64 value)
{
	u32 digits = significant_digits(value), bits = 0;

	for (u64 v = value; v; v >>= 1)
		bits++;
	return value < 2 ? value : digits * 100 + bits;
}

/*
 * Tries plainer numbers in place of *@value, which lies in m's own scratch
 * copy @try; plainest first.
 */
static void plainer_u64(struct minimizer *m, struct scenario *try, u64 *value)
{
	u64 old = *value, candidate, power;
	u64 best = weight(old);

	for (u64 small = 0; small < 2; small++) {
		*value = small;
		if (small < best && small != old && attempt(m, try))
			return;
	}
	for (power = 10; power; power = power > ~0ull / 10 ? 0 : power * 10) {
		*value = power;
		if (weight(power) < best && attempt(m, try))
			return;
	}
	/* rounded to fewer digits, down and up */
	for (power = 1; power <= old / 10; power *= 10)
		;
	for (; power > 1; power /= 10)
		for (int up = 0; up < 2; up++) {
			candidate = old / power * power;
			if (up && candidate > ~0ull - power)
				continue;
			candidate += up * power;
			*value = candidate;
			if (weight(candidate) < best && attempt(m, try))
				return;
		}
	*value = old;
}

static void plainer_events(struct minimizer *m)
{
	static struct scenario try;

	for (u32 i = 0; i < m->s->nr_events; i++) {
		struct event *e = &try.events[i];

		try = *m->s;
		if (e->cpu) {
			e->cpu = 0;
			attempt(m, &try);
		}
		try = *m->s;
		if (e->vcpu) {
			e->vcpu = 0;
			attempt(m, &try);
		}
		try = *m->s;
		if (e->value && event_info[e->kind].unit)
			plainer_u64(m, &try, &e->value);
	}
}

static void plainer_machine(struct minimizer *m)
{
	/* kHz: round, then real rates */
	static const u32 rates[] = {
		1000000, 2000000, 3000000, 2400000, 2500000, 2304000, 2310000,
		2900000,
	};
	static struct scenario try;
	struct machine *mach = &try.machine;
	u32 i;

	for (try = *m->s; mach->nr_cpus > 1; try = *m->s) {
		mach->skew_cycles[--mach->nr_cpus] = 0;
		if (!attempt(m, &try))
			break;
	}
	for (try = *m->s; mach->nr_vcpus > 1; try = *m->s) {
		mach->nr_vcpus--;
		if (!attempt(m, &try))
			break;
	}
	try = *m->s;
	if (mach->clocksource) {
		mach->clocksource = SUBJECT_CS_TSC;
		attempt(m, &try);
	}
	try = *m->s;
	if (mach->tsc_frac_bits) {
		mach->tsc_frac_bits = 0;
		attempt(m, &try);
	}
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		try = *m->s;
		if (mach->tsc_khz == rates[i])
			break;
		mach->tsc_khz = rates[i];
		if (attempt(m, &try))
			break;
	}
	try = *m->s;
	plainer_u64(m, &try, &mach->realtime_ns);
	try = *m->s;
	plainer_u64(m, &try, &mach->boot_tsc);
	for (i = 1; i < m->s->machine.nr_cpus; i++) {
		try = *m->s;
		if (mach->skew_cycles[i] < 0) {
			mach->skew_cycles[i] = -mach->skew_cycles[i];
			attempt(m, &try);
			try = *m->s;
		}
		if (mach->skew_cycles[i] > 0)
			plainer_u64(m, &try, (u64 *)&mach->skew_cycles[i]);
	}
}

u32 minimize_scenario(struct scenario *s, minimize_test holds, void *arg)
{
	struct minimizer m = { .s = s, .holds = holds, .arg = arg };

	do {
		m.changed = false;
		drop_events(&m);
		plainer_machine(&m);
		plainer_events(&m);
	} while (m.changed);
	return m.tried;
}
