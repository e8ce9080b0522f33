// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_differential KNOWN SCENARIOS SEED OUT FILE...
 *
 * Runs scenarios on the reference and on the tree's Linux and compares what each reader
 * returns, read by read: the binary ones in FILE..., then SCENARIOS that grow from them
 * by the hunt's mutator.  KNOWN is the table of known findings.  TSV: tree, reader, what became
 * of the difference, reads, the largest difference, its unit.  What nothing explains is
 * minimised into OUT/READER.txt; then the exit code is 1.
 *
 * A difference is one of these, the first that fits:
 *
 *	equal
 *	tolerated	within what the laws allow on both sides together
 *	known:SLUG	on Linux a known finding came before, on a clock that this
 *			reader goes by, and the clock wasn't set since
 *	kind:...	by a contract's end: docs/differential.md names each
 *	unexplained
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../src/file.h"
#include "../src/oracle/law.h"
#include "../src/oracle/run.h"
#include "../src/report/known.h"
#include "../src/report/minimize.h"
#include "../src/scenario/mutate.h"
#include "../tests/xorshift.h"

#define POOL 4096
#define MAX_KINDS 64
#define MAX_FOUND 64
#define RTC_ERROR_NS (2 * (s128)CF_NS_PER_SEC)

/* ---- readers --------------------------------------------------------------- */

/* What a reader goes by. */
#define BY_CLOCK 1			/* kvmclock, and the host's clock under it */
#define BY_HV 2				/* Hyper-V's page or counter */
#define BY_TSC 4			/* the guest's TSC */
#define BY_HOST 8			/* the host's CLOCK_REALTIME or CLOCK_MONOTONIC */

static const struct reader {
	const char *name, *unit;
	u32 by;
	u32 ns;				/* of its unit; 0: it isn't a time */
} readers[] = {
	{ "kvmclock", "ns", BY_CLOCK, 1 },
	{ "KVM_GET_CLOCK", "ns", BY_CLOCK, 1 },
	{ "KVM_GET_CLOCK-realtime", "ns", BY_HOST, 1 },
	{ "wall-clock", "ns", BY_CLOCK | BY_HOST, 1 },
	{ "xen-timer", "ns", BY_CLOCK, 1 },
	{ "runstate", "ns", BY_CLOCK, 1 },
	{ "TSC-page", "100ns", BY_CLOCK | BY_HV, 100 },
	{ "reference-counter", "100ns", BY_CLOCK | BY_HV, 100 },
	{ "hv-clock", "100ns", BY_CLOCK | BY_HV, 100 },
	{ "hv-sched-clock", "ns", BY_CLOCK | BY_HV, 100 },
	{ "guest-TSC", "cycles", BY_TSC, 0 },
	{ "L2-TSC", "cycles", BY_TSC, 0 },
	{ "tsc-deadline", "cycles", BY_TSC, 0 },
	{ "guest-TSC-frequency", "kHz", 0, 0 },
	{ "TMCCT", "counts", BY_HOST, 0 },
};

#define NR_READERS (sizeof(readers) / sizeof(readers[0]))

static struct tally {
	u32 nr;
	struct kind {
		char name[80];
		u64 reads;
		u128 largest;
	} kind[MAX_KINDS];
} tally[NR_READERS];

static const struct reader *reader_named(const char *name)
{
	for (size_t i = 0; i < NR_READERS; i++)
		if (!strcmp(readers[i].name, name))
			return &readers[i];
	return NULL;
}

static void count(const struct reader *reader, const char *prefix, const char *name,
		  u128 difference)
{
	struct tally *t = &tally[reader - readers];
	char full[80];
	u32 i;

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	for (i = 0; i < t->nr && strcmp(t->kind[i].name, full); i++)
		;
	if (i == MAX_KINDS)
		abort();
	if (i == t->nr)
		strcpy(t->kind[t->nr++].name, full);
	t->kind[i].reads++;
	if (difference > t->kind[i].largest)
		t->kind[i].largest = difference;
}

/* ---- both runs ------------------------------------------------------------- */

struct side {
	struct step steps[SCENARIO_MAX_EVENTS + 1];
	u32 nr_found;
	struct finding found[MAX_FOUND];
};

static struct side linux_side, reference_side, *running;
static struct known known;
static bool counting;			/* else only whether @wanted comes up */
static const struct reader *unexplained;	/* the first of a scenario, and... */
static struct { u32 event_nr; u64 a, b; s128 allowed; } unexplained_by;
static u64 nr_new;			/* findings that the table doesn't know */

static void sink(const struct finding *f)
{
	if (running->nr_found < MAX_FOUND)
		running->found[running->nr_found++] = *f;
}

static void run(struct side *side, const struct scenario *s,
		const struct subject *subject)
{
	for (u32 i = 0; i <= s->nr_events; i++) {
		side->steps[i].machine = NULL;
		side->steps[i].read.valid = false;
	}
	side->nr_found = 0;
	running = side;
	run_scenario(s, subject, side->steps);
}

/* ---- how far apart they may be ------------------------------------------------ */

struct apart {
	u32 nr;				/* event, from 1 */
	const struct event *event;
	const struct step *a, *b;	/* Linux', the reference's... */
	const struct step *old_a, *old_b; /* ...and before the event */
	u64 since_ns;			/* true time when kvmclock was set last */
	u64 entered_ns;			/* a vCPU, last */
	u32 least_mult, least_khz, most_khz;
	u64 resolution_ns, skew_ns;
	u32 slept;			/* how often the host did */
	bool slewed, switched, tsc_by_clock, clock_by_realtime;
	u32 synchronised, saved_synchronised; /* how often, one over the other */
	bool zeroed;			/* a TSC, as a new vCPU's is; KVM goes by it later */
	u64 asleep_ns;			/* that a TSC may have missed by that */
	u64 waited_ns;
	struct {
		const char *slug;
		u32 by;			/* readers concerned... */
		const struct reader *reader; /* ...or this one alone */
	} taint[MAX_FOUND];
	u32 nr_taints, first_clock_taint;
	const char *saved_slug;		/* what the saved clock is wrong by */
	u32 asleep;			/* vCPUs that weren't loaded since, a bit each */
	u32 nr_vcpus;			/* plugged in so far */
	u32 periodic;			/* local APIC's timers that began so, a bit each */
	u32 count[SUBJECT_MAX_VCPUS];	/* and what they count down from */
	bool tsc_touched;
	bool page_stale;		/* it goes by TSCs of before */
	bool page_below_zero;		/* it was made at such a TSC */
	/* contracts that were left behind: until it is set again */
	const char *clock_ended, *saved_clock_ended, *sched_clock_ended;
	const char *tsc_ended[SUBJECT_MAX_VCPUS], *saved_tsc_ended[SUBJECT_MAX_VCPUS];
};

static s128 magnitude(s128 x)
{
	return x < 0 ? -x : x;
}

static u64 ns_of(const struct step *step)
{
	return machine_true_ns(step->machine, step->true_cycles);
}

/*
 * Of kvmclock, by check_rate(): each side's rate is off by 1/(2 mult) and 2^-30 since
 * the clock was set, and each end by the skew, the clocksource's resolution, a scaled
 * guest's cycle, and 5 ns for roundings.  An entry that waits for a timer takes time,
 * on one side perhaps; a sleep has the RTC's error (check_moved()).
 */
static s128 clock_tolerance(const struct apart *at, u64 since_ns)
{
	u64 elapsed = ns_of(at->a) - since_ns;
	u64 cycle_ns = at->a->machine->tsc_frac_bits ? 1000000 / at->least_khz + 1 : 0;

	return 2 * (elapsed / (2ull * at->least_mult) + (elapsed >> 30) +
		    2 * at->skew_ns + 2 * (at->resolution_ns + cycle_ns) + 5) +
	       2 * RTC_ERROR_NS * at->slept + at->waited_ns;
}

/*
 * Of a guest's TSC: check_tsc_write() allows 2 cycles for another frequency and, where
 * KVM may take a host's write for an attempt to synchronise, a second; check_woken()
 * what passed between the last entry and a sleep, and the skew, each time.
 */
static s128 tsc_tolerance(const struct apart *at)
{
	u128 ns = at->waited_ns + at->asleep_ns + at->slept +
		  (at->slept + !!at->synchronised) * 2 * (u128)at->skew_ns +
		  at->synchronised * CF_NS_PER_SEC +
		  (at->tsc_by_clock ? clock_tolerance(at, 0) : 0);

	return ns ? ns * at->most_khz / 1000000 + 4 : 4;
}

static s128 tolerance(const struct apart *at, const struct reader *reader)
{
	s8 shift = at->a->vcpu[at->event->vcpu].pvclock.tsc_shift;
	u8 frac = at->a->machine->tsc_frac_bits;
	u64 elapsed = ns_of(at->a);
	bool by_host;
	s128 slack;

	/* check_guest_khz(), where one side is at either end */
	if (!strcmp(reader->name, "guest-TSC-frequency"))
		return shift < 0 ? (1 << -shift) + 1 : 2;
	if (reader->by & BY_TSC) {
		slack = tsc_tolerance(at);
		/* in L2's cycles */
		if (frac && !strcmp(reader->name, "L2-TSC"))
			slack *= (at->a->nested.l1.multiplier >> frac) + 1;
		return slack;
	}
	/* the host's clocks count since it booted */
	by_host = reader->by & BY_HOST || at->clock_by_realtime;
	slack = clock_tolerance(at, by_host ? 0 : at->since_ns);
	/* CLOCK_REALTIME's mult is up to 3 off what a slew asks for, on either side */
	if (by_host && at->slewed)
		slack += 2 * (s128)elapsed * 4 / at->least_mult;
	/* a count goes by CLOCK_MONOTONIC, or by the raw one: clock_drift() */
	if (!strcmp(reader->name, "TMCCT") && at->slewed)
		slack += elapsed / 2000;
	/* another clocksource begins without it, until the next tick: 500 ppm */
	if (by_host && at->slewed && at->switched)
		slack += elapsed / 2000;
	/* check_page(): 2 units either side */
	if (reader->by & BY_HV)
		slack += 4 * 100;
	return strcmp(reader->unit, "100ns") ? slack : slack / 100 + 1;
}

/* ---- what explains the rest -------------------------------------------------- */

static const char *known_by(const char *signature)
{
	const struct known_row *row = known_find(&known, signature, NULL,
						 subject_versions(&subject_linux));

	return row ? row->slug : NULL;
}

static u32 tainted_by(const struct finding *f)
{
	const struct reader *reader = reader_named(f->clock);

	/* that is the frequency of both */
	if (strstr(f->event, "no-ratio") || strstr(f->event, "early-khz"))
		return BY_CLOCK | BY_TSC;
	if (!strcmp(f->clock, "kvmclock") || !strcmp(f->clock, "KVM_GET_CLOCK") ||
	    !strcmp(f->clock, "master_kernel_ns"))
		return BY_CLOCK;
	if (!strncmp(f->clock, "host-", 5) || !strcmp(f->clock, "timekeeper"))
		return BY_CLOCK | BY_HOST;
	if (reader && reader->by & BY_HV)
		return BY_HV;
	/* the page is for a vCPU's TSC, too */
	if (reader && reader->by & BY_TSC)
		return BY_TSC | BY_HV;
	return 0;
}

static void taint(struct apart *at, const char *slug, u32 by, const struct reader *reader)
{
	for (u32 i = at->first_clock_taint; i < at->nr_taints; i++)
		if (at->taint[i].slug == slug && at->taint[i].by == by &&
		    at->taint[i].reader == reader)
			return;
	if (!slug || at->nr_taints == MAX_FOUND)
		return;
	at->taint[at->nr_taints].slug = slug;
	at->taint[at->nr_taints].reader = reader;
	at->taint[at->nr_taints++].by = by;
}

static void remember_findings(struct apart *at)
{
	for (u32 i = 0; i < linux_side.nr_found; i++) {
		const struct finding *f = &linux_side.found[i];
		char signature[128];
		const char *slug;

		if (f->event_nr != at->nr)
			continue;
		known_signature(f, signature);
		slug = known_by(signature);
		if (!slug) {
			if (counting && !nr_new++)
				fprintf(stderr, "new: %s\n", signature);
			continue;
		}
		taint(at, slug, tainted_by(f), reader_named(f->clock));
	}
}

/* What the host's clocksource counts where the TSC is @raw. */
static u64 counter_at(const struct step *step, u64 raw)
{
	if (step->timekeeper.clocksource == SUBJECT_CS_OTHER)
		return ns_of(step);
	return step->timekeeper.clocksource == SUBJECT_CS_HYPERV_PAGE ?
	       (u64)((u128)raw * step->hv_scale >> 64) + step->hv_offset_100ns : raw;
}

/* What KVM makes of a counter at @raw, before the snapshot in @step. */
static bool is_wrapped_at(const struct step *step, u64 raw, u32 khz, u64 got, u32 unit)
{
	const struct subject_vm_view *vm = &step->vm;
	u32 mul;
	s8 shift;

	if (!khz || !vm->use_master_clock || (s64)(raw - vm->master_cycle_now) >= 0)
		return false;
	subject_linux.time_scale(CF_NS_PER_SEC, khz * 1000ull, &shift, &mul);
	return got == subject_linux.pvclock_read(
			vm->master_kernel_ns + vm->kvmclock_offset_ns,
			vm->master_cycle_now, mul, shift, raw) / unit;
}

/*
 * Law signed explains a counter before the snapshot to the ns, but is asked where it is
 * read for its own sake only; here a guest's reader or the host's.  read_tsc() may have
 * given the last tick's, and the frequency that it wraps by may be the early one.
 */
static bool is_wrapped(const struct apart *at, const struct reader *reader, u64 got)
{
	const struct subject_pvclock *pv = &at->a->vcpu[at->event->vcpu].pvclock;
	enum event_kind kind = at->event->kind;
	bool saves = kind == EVENT_SAVE_CLOCK || kind == EVENT_MIGRATE;
	const struct step *step = saves ? at->old_a : at->a;
	const struct machine *m = step->machine;
	u64 raws[] = { saves ? at->a->saved.clock.host_tsc : step->raw_tsc,
		       step->timekeeper.cycle_last };
	u32 unit = reader->by & BY_HV ? 100 : 1;

	if (kind == EVENT_XEN_TIMER)
		got -= at->event->value;
	if (kind == EVENT_READ_PVCLOCK || kind == EVENT_XEN_TIMER)
		return (s64)(at->a->read.tsc - pv->tsc_timestamp) < 0 &&
		       got == subject_linux.pvclock_read(pv->system_time,
				pv->tsc_timestamp, pv->tsc_to_system_mul, pv->tsc_shift,
				at->a->read.tsc);
	/* the epoch is by kvmclock here and now */
	if (kind == EVENT_XEN_SHARED_INFO)
		return step->vm.use_master_clock &&
		       (s64)(step->raw_tsc - step->vm.master_cycle_now) < 0;
	/* kvmclock was read before the preemption */
	if (kind == EVENT_READ_WALL_CLOCK)
		return step->vm.use_master_clock &&
		       (s64)(step->raw_tsc - step->vm.master_cycle_now) <=
		       (s64)((u128)at->event->value * m->tsc_khz / 1000000);
	if (!strcmp(reader->name, "hv-sched-clock"))
		got /= 100;
	for (int i = 0; i < 4; i++)
		if (is_wrapped_at(step, raws[i & 1], i & 2 ? m->early_tsc_khz : m->tsc_khz,
				  got, unit))
			return true;
	return false;
}

/* delta * mult where that doesn't fit 64 bits, or delta is negative */
static const char *realtime_behind(const struct step *step, u64 raw)
{
	const struct subject_timekeeper_view *tk = &step->timekeeper;
	s64 delta = counter_at(step, raw) - tk->cycle_last;

	if (delta < 0)
		return known_by("signed master_kernel_ns masterclock-update");
	return ((u128)delta * tk->mono_mult + tk->mono_xtime_nsec) >> 64 ?
	       known_by("agree wall-clock read-wall-clock-after-gap") : NULL;
}

/* After such a gap older trees' ktime_get_raw() itself wraps, whoever reads it. */
static void follow_gap(struct apart *at)
{
	const struct subject_timekeeper_view *tk = &at->old_a->timekeeper;
	s64 delta = counter_at(at->old_a, at->old_a->raw_tsc) - tk->cycle_last;

	if (delta > 0 && ((u128)delta * tk->mult + tk->xtime_nsec) >> 64)
		taint(at, known_by("rate KVM_GET_CLOCK get-clock-after-gap"),
		      BY_CLOCK | BY_HOST | BY_TSC, NULL);
}

/* The finding whose consequence the difference is. */
static const char *finding_behind(const struct apart *at, const struct reader *reader,
				  u64 got, s128 beyond)
{
	u32 by = reader->by | (reader->by & BY_TSC && at->tsc_by_clock ? BY_CLOCK : 0);
	u64 elapsed = ns_of(at->a) - at->since_ns;

	for (u32 i = 0; i < at->nr_taints; i++) {
		u32 taint = at->taint[i].by;

		/* a TSC that was reckoned from a clock isn't set with it */
		if (i < at->first_clock_taint && !(reader->by & BY_TSC))
			taint &= ~BY_CLOCK;
		if (taint & by || at->taint[i].reader == reader)
			return at->taint[i].slug;
	}
	/* cut_khz(): a scaled guest's clock is fast by that, whoever reads it */
	if (reader->by & BY_CLOCK && at->a->machine->tsc_frac_bits &&
	    beyond <= elapsed / at->least_khz + 1)
		return known_by("rate kvmclock read-pvclock-scaled");
	if (reader->by & BY_CLOCK && is_wrapped(at, reader, got))
		return known_by("signed KVM_GET_CLOCK get-clock");
	if (!strcmp(reader->name, "guest-TSC-frequency") && at->a->machine->early_tsc_khz)
		return known_by("exact kvmclock pvclock-update-early-khz");
	if (!strcmp(reader->name, "KVM_GET_CLOCK-realtime"))
		return realtime_behind(at->old_a, at->a->saved.clock.host_tsc);
	if (!strcmp(reader->name, "wall-clock") && realtime_behind(at->a, at->a->raw_tsc))
		return realtime_behind(at->a, at->a->raw_tsc);
	/* two reads, and a preemption between them */
	if (at->event->kind == EVENT_READ_WALL_CLOCK && beyond <= at->event->value)
		return known_by("agree wall-clock read-wall-clock-fallback");
	return NULL;
}

static bool tscs_differ(const struct step *step)
{
	const struct subject_vcpu_view *first = &step->vcpu[0];

	for (u32 i = 1; i < step->machine->nr_vcpus; i++)
		if (step->vcpu[i].updates &&
		    (step->vcpu[i].tsc_offset != first->tsc_offset ||
		     step->vcpu[i].tsc_multiplier != first->tsc_multiplier))
			return true;
	return false;
}

static bool is_tsc_below_zero(const struct step *step, u32 vcpu)
{
	return sim_guest_tsc(step->machine, &step->vcpu[vcpu], step->raw_tsc) >> 63;
}

static const char *page_kind(const struct apart *at, const struct reader *reader)
{
	const struct subject_vm_view *a = &at->a->vm, *b = &at->b->vm;

	/* a clock set close to 0, on a CPU behind */
	if (strcmp(reader->name, "hv-sched-clock") &&
	    (at->a->read.value > ~0ull / 200 || at->b->read.value > ~0ull / 200))
		return "below-zero";
	/* just after the VM was created, on a CPU behind */
	if (at->page_below_zero || is_tsc_below_zero(at->a, at->event->vcpu) ||
	    is_tsc_below_zero(at->b, at->event->vcpu))
		return "tsc-below-zero";
	if (a->tsc_emulation || b->tsc_emulation)
		return "page-kept-for-reenlightenment";
	if (tscs_differ(at->a) || tscs_differ(at->b))
		return "page-of-vcpus-that-differ";
	if (!a->page_enabled && (a->page_sequence || b->page_sequence))
		return "page-turned-off";
	if (at->page_stale)
		return "page-not-updated-since";
	if (a->page_status != b->page_status || !a->page_sequence != !b->page_sequence)
		return "page-by-one-side-only";
	return NULL;
}

static const char *other_rate(const struct subject_vcpu_view *a,
			      const struct subject_vcpu_view *b)
{
	s64 khz = a->hw_tsc_khz, off = khz - a->virtual_tsc_khz;

	if (a->tsc_catchup || b->tsc_catchup)
		return "catching-up";
	/* beyond 250 ppm, KVM's tolerance */
	if (off * 4000 > khz || -off * 4000 > khz)
		return "frequency-refused";
	return a->tsc_multiplier != b->tsc_multiplier ? "another-ratio" : NULL;
}

/* l2_tsc(): the hardware has the product of both multipliers, and 63 bits of TSC. */
static bool l2_beyond_hardware(const struct step *step, u32 vcpu)
{
	u8 frac = step->machine->tsc_frac_bits;
	u64 l1 = step->vcpu[vcpu].tsc_multiplier, l2 = step->nested.l1.multiplier;
	u128 product = (u128)l1 * l2;

	return frac && (!(product >> frac) ||
			product >> frac >> (frac == 32 ? 40 : 64) ||
			(u128)step->raw_tsc * l1 >> frac >> 63 ||
			sim_guest_tsc(step->machine, &step->vcpu[vcpu],
				      step->raw_tsc) >> 63);
}

static const char *kind_of(const struct apart *at, const struct reader *reader)
{
	u32 nr = at->event->vcpu;
	const struct subject_vcpu_view *a = &at->a->vcpu[nr], *b = &at->b->vcpu[nr];
	const char *kind = NULL;

	if (other_rate(a, b))
		return other_rate(a, b);
	if (!strcmp(reader->name, "L2-TSC") && l2_beyond_hardware(at->a, nr))
		return "l2-beyond-hardware";
	if (!strcmp(reader->name, "L2-TSC") && at->a->machine->early_tsc_khz)
		return "l1-frequency-refined";
	if (reader->by & BY_TSC)
		return at->tsc_ended[nr] ?: at->tsc_by_clock ? at->clock_ended : NULL;
	if (reader->by & BY_CLOCK)
		kind = at->clock_ended ?: at->a->unpromised[nr] ?: at->b->unpromised[nr];
	if (kind)
		return kind;
	if (!strcmp(reader->name, "hv-sched-clock") && at->sched_clock_ended)
		return at->sched_clock_ended;
	if (reader->by & BY_CLOCK &&
	    !(a->pvclock.flags & b->pvclock.flags & SUBJECT_PVCLOCK_TSC_STABLE))
		return "not-stable";
	if (reader->by & BY_HV)
		return page_kind(at, reader);
	if (!strcmp(reader->name, "guest-TSC-frequency"))
		return at->a->unpromised[nr] ?: at->b->unpromised[nr];
	if (!strcmp(reader->name, "TMCCT") && at->periodic >> nr & 1)
		return "periods-missed";
	return NULL;
}

/* What explains a difference: either a finding, a contract's end, or neither. */
struct why {
	const char *slug, *kind;
};

static struct why judge(const struct apart *at, const struct reader *reader, u64 a, u64 b)
{
	s128 difference = magnitude((s64)(a - b)), allowed = tolerance(at, reader);
	const char *prefix = "", *result = "unexplained";
	struct why why = { 0 };

	/* a count just begun is all of it, or 0: they are on a circle */
	if (!strcmp(reader->name, "TMCCT") && difference <= at->count[at->event->vcpu] &&
	    difference > at->count[at->event->vcpu] / 2)
		difference = at->count[at->event->vcpu] - difference;
	if (!difference) {
		result = "equal";
	} else if (difference <= allowed) {
		result = at->skew_ns ? "tolerated, TSCs skewed" : "tolerated";
	} else if ((why.slug = finding_behind(at, reader, a, difference - allowed))) {
		prefix = "known:";
		result = why.slug;
	} else if ((why.kind = kind_of(at, reader))) {
		prefix = "kind:";
		result = why.kind;
	} else if (!unexplained) {
		unexplained = reader;
		unexplained_by.event_nr = at->nr;
		unexplained_by.a = a;
		unexplained_by.b = b;
		unexplained_by.allowed = allowed;
	}
	if (counting)
		count(reader, prefix, result, difference);
	return why;
}

/* ---- a scenario --------------------------------------------------------------- */

static bool enters(enum event_kind kind)
{
	return event_info[kind].has_vcpu && kind != EVENT_MASTERCLOCK &&
	       kind != EVENT_WRITE_TSC_HOST && kind != EVENT_WRITE_TSC_GUEST &&
	       kind != EVENT_SET_TSC_OFFSET && kind != EVENT_SET_TSC_KHZ &&
	       kind != EVENT_WRITE_TSC_PAGE && kind != EVENT_REENLIGHTENMENT &&
	       kind != EVENT_RUNSTATE && kind != EVENT_RESTORE_RUNSTATE &&
	       kind != EVENT_XEN_ATTR &&
	       kind != EVENT_STEAL && kind != EVENT_WRITE_WALL_CLOCK &&
	       kind != EVENT_INTERLEAVE && kind != EVENT_PAUSE_GUEST;
}

static void save_tscs(struct apart *at)
{
	at->saved_synchronised = at->synchronised;
	for (u32 i = 0; i < SUBJECT_MAX_VCPUS; i++)
		at->saved_tsc_ended[i] = at->asleep >> i & 1 ? "saved-asleep" :
							       at->tsc_ended[i];
}

static void restore_tscs(struct apart *at, const char *why)
{
	for (u32 i = 0; i < at->a->saved.nr_vcpus; i++)
		at->tsc_ended[i] = why ?: at->saved_tsc_ended[i];
}

static void follow_machine(struct apart *at)
{
	const struct machine *m = at->a->machine;
	s64 low = 0, high = 0;
	u64 waited_ns;

	for (u32 cpu = 0; cpu < m->nr_cpus; cpu++) {
		s64 skew = m->skew_cycles[cpu];

		low = skew < low ? skew : low;
		high = skew > high ? skew : high;
	}
	if (machine_true_ns(m, high - low) > at->skew_ns)
		at->skew_ns = machine_true_ns(m, high - low);
	if (at->a->timekeeper.mult < at->least_mult)
		at->least_mult = at->a->timekeeper.mult;
	if (m->clocksource == SUBJECT_CS_HYPERV_PAGE && at->resolution_ns < 100)
		at->resolution_ns = 100;
	for (u32 i = 0; i < m->nr_vcpus; i++) {
		u32 khz = at->a->vcpu[i].hw_tsc_khz;

		if (khz && khz < at->least_khz)
			at->least_khz = khz;
		/* a scaled one's is cut */
		if (khz + 1 > at->most_khz)
			at->most_khz = khz + 1;
	}
	waited_ns = magnitude((s128)ns_of(at->a) - ns_of(at->b)) +
		    (at->a->true_cycles != at->b->true_cycles);
	if (waited_ns > at->waited_ns)
		at->waited_ns = waited_ns;
}

static void taint_if_zeroed(struct apart *at)
{
	if (at->zeroed)
		taint(at, known_by("roundtrip guest-TSC write-tsc-host"), BY_TSC, NULL);
}

/* What the event does to what may be expected from here on. */
static void follow(struct apart *at)
{
	const struct event *e = at->event;
	u32 flags = at->a->saved.clock.flags ^ at->b->saved.clock.flags;
	bool is_saved = at->a->saved.clock_of;

	follow_machine(at);
	at->tsc_touched |= e->kind == EVENT_WRITE_TSC_HOST || e->kind == EVENT_SET_TSC_KHZ ||
			   e->kind == EVENT_WRITE_TSC_GUEST ||
			   e->kind == EVENT_SET_TSC_OFFSET;
	if (at->a->vm.page_sequence != at->old_a->vm.page_sequence) {
		at->page_stale = at->page_below_zero = false;
		for (u32 i = 0; i < at->nr_vcpus; i++)
			at->page_below_zero |= is_tsc_below_zero(at->a, i);
	}
	at->page_stale |= e->kind == EVENT_WRITE_TSC_HOST || e->kind == EVENT_RESTORE_TSC ||
			  e->kind == EVENT_WRITE_TSC_GUEST ||
			  e->kind == EVENT_SET_TSC_OFFSET ||
			  e->kind == EVENT_SET_TSC_KHZ;
	switch ((enum event_kind)e->kind) {
	case EVENT_SET_CLOCK:
	case EVENT_SET_CLOCK_REALTIME:
		at->since_ns = ns_of(at->a) < ns_of(at->b) ? ns_of(at->a) : ns_of(at->b);
		at->clock_ended = NULL;
		at->clock_by_realtime = e->kind == EVENT_SET_CLOCK_REALTIME;
		/* by the host's it is as wrong as that */
		at->first_clock_taint = at->clock_by_realtime ? 0 : at->nr_taints;
		break;
	case EVENT_RESTORE_CLOCK:
		/* whatever was wrong with it when it was saved */
		at->since_ns = at->first_clock_taint = 0;
		at->clock_by_realtime = true;
		taint(at, at->saved_slug, BY_CLOCK | BY_HV, NULL);
		at->clock_ended = is_saved && e->value && flags & SUBJECT_CLOCK_REALTIME ?
				  "saved-without-realtime" : at->saved_clock_ended;
		break;
	case EVENT_RESTORE_TSC:
		if (!at->a->saved.tsc_of)
			break;
		restore_tscs(at, is_saved && e->value &&
			     (flags & SUBJECT_CLOCK_HOST_TSC ||
			      at->a->vm.use_master_clock != at->b->vm.use_master_clock) ?
				 "restored-without-host-tsc" : NULL);
		at->tsc_touched = true;
		/* KVM expects what it was set to before, or came to since */
		if (at->synchronised < at->saved_synchronised)
			at->synchronised = at->saved_synchronised;
		at->synchronised++;
		taint_if_zeroed(at);
		/* what KVM takes for an attempt to synchronise, with an offset of before */
		if (at->slept)
			taint(at, known_by("roundtrip guest-TSC write-tsc-host-matched"),
			      BY_TSC, NULL);
		/* of a host's writes of 0 */
		for (u32 i = 0; i < at->a->saved.nr_vcpus; i++)
			if (!at->a->saved.tsc[i])
				taint(at, known_by("roundtrip guest-TSC write-tsc-host"),
				      BY_TSC, NULL);
		at->tsc_by_clock |= e->value;
		/* the clock was read on a CPU behind its snapshot */
		if (e->value && (s64)(at->old_a->raw_tsc -
				      at->old_a->vm.master_cycle_now) < 0)
			taint(at, known_by("signed KVM_GET_CLOCK get-clock"), BY_TSC, NULL);
		break;
	case EVENT_WRITE_TSC_HOST:
		at->synchronised += !at->synchronised;
		at->tsc_ended[e->vcpu] = NULL;
		taint_if_zeroed(at);
		at->zeroed |= !e->value;
		break;
	case EVENT_WRITE_TSC_GUEST:
	case EVENT_SET_TSC_OFFSET:
		at->tsc_ended[e->vcpu] = NULL;
		break;
	case EVENT_SET_TSC_KHZ:
		if (!at->old_a->vcpu[e->vcpu].updates)
			at->tsc_ended[e->vcpu] = "frequency-before-first-run";
		else if (at->asleep >> e->vcpu & 1)
			at->tsc_ended[e->vcpu] = "frequency-while-asleep";
		break;
	case EVENT_CLOCKSOURCE:
		at->switched = true;
		at->resolution_ns += at->a->machine->clocksource ==
				     SUBJECT_CS_HYPERV_PAGE ? 100 : 1;
		break;
	case EVENT_LAPIC_TIMER:
		at->count[e->vcpu] = LAPIC_TIMER_COUNT(e->value);
		switch ((enum subject_lapic_mode)LAPIC_TIMER_MODE(e->value)) {
		case SUBJECT_LAPIC_PERIODIC:
		case SUBJECT_LAPIC_LVT_PERIODIC:
			at->periodic |= 1u << e->vcpu;
			break;
		case SUBJECT_LAPIC_ONESHOT:
		case SUBJECT_LAPIC_LVT_DEADLINE:
		case SUBJECT_LAPIC_RESTORED:
			at->periodic &= ~(1u << e->vcpu);
			break;
		default:	/* it goes on */
			break;
		}
		break;
	case EVENT_SAVE_CLOCK:
		at->saved_clock_ended = at->clock_ended;
		break;
	case EVENT_SAVE_TSC:
		save_tscs(at);
		break;
	case EVENT_MIGRATE:
		if (at->a->saved.tsc_of != at->old_a->saved.tsc_of)
			save_tscs(at);
		if (at->a->saved.clock_of != at->old_a->saved.clock_of)
			at->saved_clock_ended = at->clock_ended;
		at->clock_ended = NULL;
		at->first_clock_taint = at->nr_taints;
		memset(at->tsc_ended, 0, sizeof(at->tsc_ended));
		at->asleep = 0;
		break;
	case EVENT_HOTPLUG_VCPU:
		/* like the others, which may not be alike any more, nor 0 */
		at->zeroed = true;
		if (at->tsc_touched && at->nr_vcpus < SUBJECT_MAX_VCPUS)
			at->tsc_ended[at->nr_vcpus] = "plugged-in-after-a-write";
		at->nr_vcpus += at->nr_vcpus < at->a->machine->nr_vcpus;
		break;
	case EVENT_SUSPEND:
		at->asleep = ~0u;
		at->slept++;
		at->asleep_ns += ns_of(at->old_a) - at->entered_ns;
		break;
	case EVENT_NTP_SLEW:
		at->slewed = true;
		break;
	case EVENT_HIBERNATE:
		if (e->value)
			at->sched_clock_ended = "resumed";
		break;
	default:
		break;
	}
	/* where its TSC has come to by that */
	for (u32 i = 0; i < at->a->machine->nr_vcpus; i++)
		at->tsc_ended[i] = other_rate(&at->a->vcpu[i], &at->b->vcpu[i]) ?:
				   at->tsc_ended[i];
	if (enters(e->kind) && e->vcpu < at->nr_vcpus) {
		at->entered_ns = ns_of(at->a);
		at->asleep &= ~(1u << e->vcpu);
	}
	follow_gap(at);
	remember_findings(at);
}

static const char *reader_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_READ_PVCLOCK:
		return "kvmclock";
	case EVENT_GET_CLOCK:
		return "KVM_GET_CLOCK";
	case EVENT_READ_WALL_CLOCK:
	case EVENT_XEN_SHARED_INFO:
		return "wall-clock";
	case EVENT_XEN_TIMER:
		return "xen-timer";
	case EVENT_READ_TSC_PAGE:
		return "TSC-page";
	case EVENT_READ_REFERENCE:
		return "reference-counter";
	case EVENT_READ_HV_CLOCK:
		return "hv-clock";
	case EVENT_READ_SCHED_CLOCK:
	case EVENT_HIBERNATE:
		return "hv-sched-clock";
	case EVENT_READ_L2_TSC:
		return "L2-TSC";
	case EVENT_TSC_DEADLINE:
		return "tsc-deadline";
	case EVENT_READ_TSC_KHZ:
		return "guest-TSC-frequency";
	case EVENT_READ_TMCCT:
		return "TMCCT";
	default:
		return NULL;
	}
}

static bool reads_guest_tsc(enum event_kind kind)
{
	return kind == EVENT_READ_PVCLOCK || kind == EVENT_READ_HV_CLOCK ||
	       kind == EVENT_READ_SCHED_CLOCK || kind == EVENT_HIBERNATE ||
	       kind == EVENT_XEN_TIMER;
}

static void compare(struct apart *at)
{
	const struct step *a = at->a, *b = at->b;
	enum event_kind kind = at->event->kind;
	const char *name = reader_of(kind);

	if (kind == EVENT_RUNSTATE && a->xen.used && b->xen.used)
		judge(at, reader_named("runstate"), a->xen.runstate.entry_ns,
		      b->xen.runstate.entry_ns);
	/* what a VMM saves, the same ioctl reads */
	if (a->saved.clock_of && b->saved.clock_of && (kind == EVENT_SAVE_CLOCK ||
	    (kind == EVENT_MIGRATE && a->saved.clock_of != at->old_a->saved.clock_of))) {
		struct why why = judge(at, reader_named("KVM_GET_CLOCK"),
				       a->saved.clock.clock_ns, b->saved.clock.clock_ns);

		at->saved_slug = why.slug;
		at->saved_clock_ended = why.kind ?: at->saved_clock_ended;
		if (a->saved.clock.flags & b->saved.clock.flags & SUBJECT_CLOCK_REALTIME)
			at->saved_slug = judge(at, reader_named("KVM_GET_CLOCK-realtime"),
					       a->saved.clock.realtime_ns,
					       b->saved.clock.realtime_ns).slug ?:
					 at->saved_slug;
		/* before 1970, on a CPU behind: the ioctl's has no sign */
		if ((a->saved.clock.realtime_ns | b->saved.clock.realtime_ns) >> 63)
			at->saved_clock_ended = "below-zero";
	}
	if (!name)
		return;
	if (a->read.valid && b->read.valid) {
		if (reads_guest_tsc(kind))
			judge(at, reader_named("guest-TSC"), a->read.tsc, b->read.tsc);
		judge(at, reader_named(name), a->read.value, b->read.value);
	} else if (a->read.valid != b->read.valid && counting) {
		count(reader_named(name), "kind:", a->read.valid ?
		      "none-on-the-reference" : "none-on-linux", 0);
	}
}

/* The first reader of @s whose difference nothing explains, or NULL. */
static const struct reader *differ(const struct scenario *s)
{
	struct apart at = { .least_mult = ~0u, .resolution_ns = 1, .least_khz = ~0u,
			    .nr_vcpus = scenario_boot_vcpus(s) };

	unexplained = NULL;
	run(&linux_side, s, &subject_linux);
	run(&reference_side, s, &subject_reference);
	for (at.nr = 1; at.nr <= s->nr_events && !unexplained; at.nr++) {
		at.event = &s->events[at.nr - 1];
		at.a = &linux_side.steps[at.nr];
		at.b = &reference_side.steps[at.nr];
		at.old_a = at.a - 1;
		at.old_b = at.b - 1;
		if (!at.a->machine || !at.b->machine)
			break;
		follow(&at);
		compare(&at);
	}
	return unexplained;
}

/* ---- scenarios ----------------------------------------------------------------- */

static u64 state;

static u64 rnd(void)
{
	return xorshift64(&state);
}

static struct seed {
	size_t size;
	u8 bytes[SCENARIO_INPUT_MAX];
} pool[POOL];
static u32 nr_pool;

static void load(const char *path)
{
	struct seed *in = &pool[nr_pool];
	long n = file_read(path, (char *)in->bytes, sizeof(in->bytes));

	if (n >= 0 && nr_pool < POOL) {
		in->size = n;
		nr_pool++;
	}
}

/* One of the pool, changed, which is then another of the pool. */
static void next_scenario(struct scenario *s)
{
	static struct seed in;
	u32 i = rnd() % nr_pool, k = rnd() % nr_pool;

	in = pool[i];
	if (rnd() % 8 == 0)
		in.size = scenario_crossover(pool[i].bytes, pool[i].size, pool[k].bytes,
					     pool[k].size, in.bytes, SCENARIO_INPUT_MAX, rnd());
	for (u64 n = 1 + rnd() % 4; n; n--)
		in.size = scenario_mutate(in.bytes, in.size, SCENARIO_INPUT_MAX, rnd());
	scenario_decode(s, in.bytes, in.size);
	if (rnd() % 4 == 0)
		pool[k] = in;
}

/* ---- what is left ------------------------------------------------------------- */

static bool still_differs(const struct text_file *file, void *arg)
{
	return differ(&file->scenario) == arg;
}

/* As it is, or the least that still differs in @reader. */
static const char *keep(const struct scenario *s, const char *dir, const char *name,
			const struct reader *reader)
{
	static struct text_file file;
	static struct file_new new;
	static char path[4096];

	memset(&file, 0, sizeof(file));
	strcpy(file.harness, "fuzz_timeline");
	file.is_timeline = true;
	file.scenario = *s;
	if (reader)
		minimize(&file, still_differs, (void *)reader);
	snprintf(path, sizeof(path), "%s/%s.txt", dir, name);
	if (!file_create(&new, path)) {
		text_print(&file, new.out);
		file_commit(&new, false);
	}
	if (reader)
		differ(&file.scenario);
	return path;
}

static void keep_unexplained(const struct scenario *s, const struct reader *reader,
			     const char *dir)
{
	const char *path;

	counting = false;
	path = keep(s, dir, reader->name, reader);
	fprintf(stderr, "unexplained: %s: event %u: %llu on Linux, %llu on the reference, %.0f %s apart are allowed\n",
		path, unexplained_by.event_nr, unexplained_by.a, unexplained_by.b,
		(double)unexplained_by.allowed, reader->unit);
	counting = true;
}

static u64 print(void)
{
	u64 nr_unexplained = 0;

	for (size_t i = 0; i < NR_READERS; i++)
		for (u32 k = 0; k < tally[i].nr; k++) {
			const struct kind *kind = &tally[i].kind[k];

			printf("%s\t%s\t%s\t%llu\t%.0f\t%s\n", subject_linux.version,
			       readers[i].name, kind->name, kind->reads,
			       (double)kind->largest, readers[i].unit);
			if (!strcmp(kind->name, "unexplained"))
				nr_unexplained += kind->reads;
		}
	return nr_unexplained;
}

int main(int argc, char **argv)
{
	static struct scenario s;
	bool kept[NR_READERS] = { 0 }, kept_new = false;
	u64 scenarios, nr_unexplained;
	char error[4400];

	if (argc < 6) {
		fprintf(stderr, "usage: %s KNOWN SCENARIOS SEED OUT FILE...\n", argv[0]);
		return 2;
	}
	if (known_read(&known, argv[1], error)) {
		fprintf(stderr, "clockfuzz: %s\n", error);
		return 2;
	}
	scenarios = strtoull(argv[2], NULL, 10);
	state = strtoull(argv[3], NULL, 10) + 1;
	for (int i = 5; i < argc; i++)
		load(argv[i]);
	law_set_sink(sink);
	counting = true;
	for (u64 i = 0, files = nr_pool; i < files + scenarios; i++) {
		const struct reader *reader;

		if (i < files)
			scenario_decode(&s, pool[i].bytes, pool[i].size);
		else
			next_scenario(&s);
		reader = differ(&s);
		if (reader && !kept[reader - readers]) {
			kept[reader - readers] = true;
			keep_unexplained(&s, reader, argv[4]);
		}
		if (nr_new && !kept_new) {
			kept_new = true;
			fprintf(stderr, "new: %s\n", keep(&s, argv[4], "new", NULL));
		}
	}
	nr_unexplained = print();
	return fflush(stdout) ? 2 : nr_unexplained || nr_new;
}
