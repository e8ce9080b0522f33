// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timeline laws.
 *
 * After each event, what was read is compared with exact arithmetic from the
 * same snapshot (exact, signed), with earlier reads (monotonic), with the
 * other views of the clock at the same instant (agree) and with true time
 * (rate).  Of one event at most one law is broken: the most specific one,
 * in this order.  A clock that broke a law starts afresh after it, so that
 * what is behind it can still be seen.
 *
 * Contracts common to all:
 * - the host's TSCs tick at one constant rate and differ by constant skews;
 *   once the host has marked its TSC unstable, no clock is promised;
 * - a vCPU's guest clocks are promised only while its TSC is left alone: after
 *   a write to its TSC, offset or frequency, from its next pvclock update on;
 * - a guest's TSC runs at 100 MHz to 10 GHz, as real ones do (law "total" has no
 *   such bounds);
 * - KVM_SET_CLOCK is given at most SET_CLOCK_MAX_NS.
 */
#include <string.h>

#include "law.h"
#include "run.h"
#include "../sim/machine.h"

#define SET_CLOCK_MAX_NS (1ull << 61)
#define MIN_GUEST_KHZ 100000
#define MAX_GUEST_KHZ 10000000

/* A point on a clock, to measure later reads against. */
struct base {
	bool set;
	u64 value;
	u64 cycles;			/* true time */
	u64 since;			/* true time of the snapshot in force */
	s64 skew;			/* of the CPU it was read on */
	u32 generation;
	u32 khz;			/* of the vCPU's TSC, 0: the host's */
};

struct vcpu_state {
	bool touched;			/* TSC changed, pvclock not yet */
	bool wrapped;			/* its TSC, or the time of its write */
	bool other_khz;			/* KVM takes the host for another one */
	struct subject_vcpu_view view;
};

/* A vCPU's synthetic timer. */
struct timer {
	u32 deliveries;
	u64 since;			/* true time of the snapshot then in force */
	bool judged;			/* armed by a clock that is promised */
	u32 generation;
};

enum asked { ASKED_BY_EVENT, ASKED_BY_HOTPLUG, ASKED_BEFORE_SET_CLOCK };

struct run {
	const struct scenario *scenario;
	const struct subject *subject;
	struct step *steps;
	struct sim sim;
	u32 nr;				/* event being done, from 0 */
	const struct event *event;
	bool broken;			/* a law broke at this event */

	struct subject_vm_view vm;
	struct subject_timekeeper_view timekeeper;
	u64 tick_cycles;		/* true time of the last tick */
	u64 snapshot_cycles;		/* true time of the master clock's */
	bool snapshot_broken;		/* what follows from it isn't news */
	bool clock_sane;		/* KVM_SET_CLOCK inside its contract */
	enum asked asked[SUBJECT_MAX_VCPUS]; /* who asked a vCPU for a snapshot */
	u32 tsc_written;		/* vCPUs that didn't enter since */
	bool tsc_touched;		/* any vCPU's, by anybody */
	u32 seen_vcpus;
	const char *rebase;		/* event of a step at the snapshot in force */
	u32 generation;			/* clock set or re-based by the user */
	bool page_pending;		/* enabled, but not written since */
	u32 page_sequence;		/* and the TSC it was computed for: */
	u64 page_tsc_offset, page_tsc_multiplier;
	u32 page_snapshot;		/* masterclock_updates */
	bool page_tsc_negative;		/* that TSC was on its way up to 0 */
	s64 skew_spread;		/* largest minus smallest, cycles */
	s64 resolution_ns;		/* of the host's clocksource */
	u64 rate_denominator;		/* clocksource mult: rate is known to 1/2 of 1/mult */

	struct timer timer[SUBJECT_MAX_VCPUS];
	bool hibernated;
	u64 sched_clock;		/* then, ns */
	struct base monotonic_guest, monotonic_host;
	struct base rate_guest, rate_host, rate_reference;
	struct vcpu_state vcpu[SUBJECT_MAX_VCPUS];
};

/* ---- arithmetic ---------------------------------------------------------- */

/* ns in @cycles of the host, rounded down; @cycles below 2^64. */
static u64 cycles_to_ns(const struct run *run, u64 cycles)
{
	return machine_true_ns(&run->scenario->machine, cycles);
}

static s128 signed_ns(const struct run *run, s64 cycles)
{
	return cycles < 0 ? -(s128)cycles_to_ns(run, -(u64)cycles) :
			    (s128)cycles_to_ns(run, cycles);
}

/* floor(@delta * 2^@shift * @mul / 2^32), the pvclock ABI's scaling */
static u128 pvclock_scale(u64 delta, u32 mul, s8 shift)
{
	u128 wide;

	if (shift < 0)
		return (u128)(delta >> -shift) * mul >> 32;
	/* delta * 2^shift needs up to 95 bits, the product 127 */
	wide = (u128)delta << shift;
	if (wide >> 95)
		return ~(u128)0 >> 1;
	return wide * mul >> 32;
}

/*
 * Events of findings that aren't the scenario's: one cause, one signature,
 * whichever event made KVM update.  And a suffix where a kind of error is
 * explained to the last ns by how the kernel computes: what it doesn't explain
 * is another finding and mustn't hide behind the first.
 */
#define SNAPSHOT "masterclock-update"
#define UPDATE "pvclock-update"
#define AFTER_GAP "-after-gap"		/* delta * mult beyond 2^64 */
#define DRIFT "-drift"			/* clocksource mult against pvclock mul */
#define SCALED "-scaled"		/* frequency cut to kHz */
#define EARLY "-early-khz"		/* frequency from before it was refined */


/* ---- telling ------------------------------------------------------------- */

struct verdict {
	enum law law;
	const char *clock, *function, *why, *unit;
	const char *event;		/* NULL: the kind of the event at hand */
	s128 got, want, low, high;
};

static void fail(struct run *run, const struct verdict *v)
{
	struct finding f = {
		.law = v->law,
		.clock = v->clock,
		.event = v->event ? v->event : event_info[run->event->kind].name,
		.function = v->function,
		.why = v->why,
		.unit = v->unit,
		.event_nr = run->nr + 1,
		.got = v->got,
		.want = v->want,
		.tolerance_low = v->low,
		.tolerance_high = v->high,
	};

	if (run->broken)
		return;
	run->broken = true;
	law_fail(&f);
}

/* The law holds while got - want is in [low, high]. */
static bool check(struct run *run, const struct verdict *v)
{
	s128 diff = v->got - v->want;

	if (diff >= v->low && diff <= v->high)
		return true;
	fail(run, v);
	return false;
}

/*
 * Is @v wrong by what 64 bits lose of delta * mult: multiples of
 * 2^(64 - shift) ns?
 */
static bool wrapped_product(const struct run *run, const struct verdict *v)
{
	s128 lost = (s128)1 << (64 - run->timekeeper.shift);
	s128 diff = v->got - v->want, rest;

	if (v->high >> 99)
		return false;
	rest = diff - (diff + (diff < 0 ? -lost : lost) / 2) / lost * lost;
	return rest != diff && rest >= v->low && rest <= v->high;
}

static void show(struct run *run, const char *clock, const char *unit,
		 const struct sim_read *read, bool has_want, s128 want)
{
	struct step *step;

	if (!run->steps)
		return;
	step = &run->steps[run->nr + 1];
	step->has_clock = true;
	step->clock = clock;
	step->unit = unit;
	step->got = read->value;
	step->tsc = read->tsc;
	step->has_want = has_want;
	step->want = want;
}

/* ---- common pieces ------------------------------------------------------- */

static s64 skew_here(const struct run *run)
{
	return run->scenario->machine.skew_cycles[run->sim.hw.cpu];
}

/*
 * What a reader gives that takes a counter before the snapshot for one far
 * behind it: base + scale(2^64 - |d|) modulo 2^64, as __pvclock_read_cycles().
 */
static u64 unsigned_read(const struct subject_pvclock *pv, u64 tsc)
{
	u64 delta = tsc - pv->tsc_timestamp;

	delta = pv->tsc_shift < 0 ? delta >> -pv->tsc_shift :
				    delta << pv->tsc_shift;
	return pv->system_time + (u64)((u128)delta * pv->tsc_to_system_mul >> 32);
}

/*
 * A counter read before its snapshot's counter value must give
 * base - scale(|d|) or base itself, and nothing between; 2 ns are one rounding
 * either side, 2^-30 the pair's own error.
 * Where it doesn't, law signed explains what the subtraction modulo 2^64 gives,
 * @wrapped, and nothing else: that is another bug behind this one.
 */
static bool check_signed(struct run *run, const char *clock,
			 const char *function, const char *event, u64 got,
			 u64 base, u128 scaled, u64 wrapped)
{
	s128 diff = (s128)(s64)got - (s64)base, slack = (scaled >> 30) + 3;
	s128 low = -(s128)scaled - slack;
	struct verdict v = {
		.law = LAW_SIGNED, .clock = clock, .function = function,
		.why = "the counter was behind the snapshot",
		.event = event,
		.unit = "ns", .got = got, .want = (s64)base,
		.low = low, .high = 2,
	};

	/* near zero a clock may be negative; a jump is shown as the u64 it is */
	if ((diff >= low && diff <= slack - (s128)scaled) ||
	    (diff >= -2 && diff <= 2))
		return true;
	if (got != wrapped) {
		v.law = LAW_EXACT;
		v.why = "it is neither the signed nor the wrapped sum";
	}
	fail(run, &v);
	return false;
}

/*
 * The skew, shown by a clock whose own rate is off: by 2^-30.09, or for a scaled
 * guest by the kHz that its frequency is cut to, which agree and rate judge.
 */
static u64 skew_error(u64 skew_ns, s64 cycle_ns, u32 khz)
{
	return cycle_ns && khz ? skew_ns / khz + 1 : skew_ns >> 30;
}

/*
 * Never below an earlier read of the same generation.  CPUs whose raw TSCs
 * differ show the difference: that much is the hardware's; 2 ns and a scaled
 * guest's cycle are rounding.
 */
static bool check_monotonic(struct run *run, struct base *base,
			    const char *clock, const char *function, u64 value,
			    u32 generation, u32 khz, s64 cycle_ns)
{
	bool ok = true;

	if (base->set && base->generation == generation && base->khz == khz) {
		s64 back = base->skew - skew_here(run);
		u64 skew_ns = back > 0 ? cycles_to_ns(run, back) : 0;
		struct verdict v = {
			.law = LAW_MONOTONIC, .clock = clock,
			.function = function,
			.why = "a later read was below an earlier one",
			.unit = "ns", .got = (s64)value,
			.want = (s64)base->value,
			.low = -(s128)(skew_ns + skew_error(skew_ns, cycle_ns, khz)) -
			       2 - cycle_ns,
			.high = (s128)1 << 100,
		};

		ok = check(run, &v);
	}
	*base = (struct base){
		.set = true, .value = value, .cycles = run->sim.cycles,
		.skew = skew_here(run), .generation = generation, .khz = khz,
	};
	return ok;
}

/*
 * What a scaled guest's clock gains in @ns: its frequency is rounded down to a
 * kHz, so that its pvclock pair is up to 1/khz too fast.
 */
static u64 cut_khz(u64 ns, s64 cycle_ns, u32 khz)
{
	return cycle_ns ? ns / khz + 1 : 0;
}

#define READ_SCALED "read-pvclock" SCALED

/*
 * Against true time since the first read of this generation.  The host's
 * clocksource mult is rounded to the nearest, so its rate is off by at most
 * 1/(2 mult); the pvclock pair by 2^-30.09 (kvm_get_time_scale).  A re-base
 * brings in what both drifted apart since the snapshot before.  Both ends
 * may have been read, and both snapshots taken, on CPUs skewed by up to the
 * spread, and be off by the clocksource's resolution; 5 ns for the roundings of
 * two reads and two snapshots.
 */
static bool check_rate(struct run *run, struct base *base, const char *clock,
		       const char *function, u64 value, u32 generation,
		       s64 cycle_ns, u32 khz)
{
	u64 elapsed, rebased, slack;
	bool ok = true;
	s128 cut;

	/* vCPUs of other frequencies are each off by their own */
	if (base->set && base->generation == generation && base->khz == khz) {
		elapsed = cycles_to_ns(run, run->sim.cycles - base->cycles);
		rebased = cycles_to_ns(run, run->sim.cycles - base->since);
		slack = rebased / run->rate_denominator + (rebased >> 30) +
			2 * cycles_to_ns(run, run->skew_spread) +
			2 * (run->resolution_ns + cycle_ns) + 5;
		struct verdict v = {
			.law = LAW_RATE, .clock = clock, .function = function,
			.why = "it parted from true time",
			.unit = "ns", .got = (s64)(value - base->value),
			.want = elapsed, .low = -(s128)slack, .high = slack,
		};

		cut = slack + cut_khz(rebased, cycle_ns, khz);
		if (khz && v.got - v.want <= cut && v.got - v.want >= -cut)
			v.event = base == &run->rate_reference ?
				  "read-reference" SCALED : READ_SCALED;
		else if (!khz && wrapped_product(run, &v))
			v.event = "get-clock" AFTER_GAP;
		ok = check(run, &v);
		if (ok)
			return true;
	}
	*base = (struct base){
		.set = true, .value = value, .cycles = run->sim.cycles,
		.since = run->snapshot_cycles, .generation = generation,
		.khz = khz,
	};
	return ok;
}

static void start_afresh(struct run *run)
{
	run->monotonic_guest.set = false;
	run->monotonic_host.set = false;
	run->rate_guest.set = false;
	run->rate_host.set = false;
	run->rate_reference.set = false;
}

/* ---- the host's view of kvmclock ---------------------------------------- */

/* kvmclock at the snapshot; the kernel adds modulo 2^64, too */
static u64 snapshot_clock(const struct run *run)
{
	return (u64)run->vm.master_kernel_ns + (u64)run->vm.kvmclock_offset_ns;
}

/*
 * What kvmclock is at @host_tsc, from the master clock's snapshot; the caller
 * has seen that it is in use.
 */
static s128 kvmclock_exact(const struct run *run, u64 host_tsc)
{
	return (s128)run->vm.master_kernel_ns + run->vm.kvmclock_offset_ns +
	       signed_ns(run, host_tsc - run->vm.master_cycle_now);
}

/* What __get_kvmclock() reads from: the snapshot and the pair of the host's rate. */
static struct subject_pvclock host_tuple(const struct run *run)
{
	struct subject_pvclock pv = {
		.tsc_timestamp = run->vm.master_cycle_now,
		.system_time = snapshot_clock(run),
	};

	run->subject->time_scale(CF_NS_PER_SEC,
				 run->scenario->machine.tsc_khz * 1000ull,
				 &pv.tsc_shift, &pv.tsc_to_system_mul);
	return pv;
}

/*
 * KVM's multiplier is off by [-2^-31, +2^-30.09]; truncation takes up to 2 ns.
 */
static bool check_host_clock(struct run *run, const char *clock,
			     const char *function, u64 got, u64 host_tsc)
{
	u64 base = snapshot_clock(run);
	s64 delta = host_tsc - run->vm.master_cycle_now;
	struct verdict v;
	s128 early;
	u64 ns;

	if (delta < 0) {
		struct subject_pvclock pv = host_tuple(run);

		return check_signed(run, clock, function, NULL, got, base,
				    cycles_to_ns(run, -(u64)delta),
				    unsigned_read(&pv, host_tsc));
	}
	ns = cycles_to_ns(run, delta);
	v = (struct verdict){
		.law = LAW_EXACT, .clock = clock, .function = function,
		.why = "it isn't the snapshot plus the scaled counter",
		.unit = "ns", .got = (s64)got, .want = (s64)(base + ns),
		.low = -(s128)(ns >> 31) - 2, .high = (ns >> 30) + 2,
	};
	if (run->scenario->machine.early_tsc_khz) {
		early = (u128)delta * 1000000 / run->scenario->machine.early_tsc_khz;
		if (v.got - (s64)base - early >= v.low && v.got - (s64)base - early <= v.high) {
			v.why = "it is scaled by the frequency from before it was refined";
			v.event = "get-clock" EARLY;
		}
	}
	return check(run, &v);
}

/*
 * Does KVM_GET_CLOCK go by a frequency that isn't the host's?  Then what follows
 * from it isn't news.
 */
static bool host_clock_early(const struct run *run, const struct subject_clock *clock,
			     u64 tsc)
{
	s64 delta = tsc - run->vm.master_cycle_now;
	s128 off = (s64)(clock->clock_ns - snapshot_clock(run));

	if (!run->scenario->machine.early_tsc_khz || !run->vm.use_master_clock ||
	    delta < 0)
		return run->scenario->machine.early_tsc_khz && delta < 0;
	off -= cycles_to_ns(run, delta);
	return off < -2 - (delta >> 30) || off > 2 + (delta >> 30);
}

static void check_get_clock(struct run *run, const struct sim_read *read)
{
	bool ok = true;

	if (run->vm.use_master_clock) {
		show(run, "KVM_GET_CLOCK", "ns", read, true,
		     kvmclock_exact(run, read->tsc));
		if (!run->clock_sane)
			return;
		/* by which frequency it wraps is the tree's business */
		if (run->scenario->machine.early_tsc_khz &&
		    (s64)(read->tsc - run->vm.master_cycle_now) < 0) {
			start_afresh(run);
			return;
		}
		ok = check_host_clock(run, "KVM_GET_CLOCK", "__get_kvmclock",
				      read->value, read->tsc);
		ok = ok && check_monotonic(run, &run->monotonic_host,
					   "KVM_GET_CLOCK", "__get_kvmclock",
					   read->value,
					   run->vm.masterclock_updates, 0, 0);
	} else {
		show(run, "KVM_GET_CLOCK", "ns", read, false, 0);
		if (!run->clock_sane)
			return;
	}
	ok = ok && check_rate(run, &run->rate_host, "KVM_GET_CLOCK",
			      "__get_kvmclock", read->value, run->generation, 0, 0);
	if (!ok)
		start_afresh(run);
}

/* ---- the guest's kvmclock ------------------------------------------------ */

/*
 * The clock's value from tuple @pv at @tsc >= tsc_timestamp.  The upper half
 * of the s64 range is kept for "before the snapshot".
 */
static s128 tuple_exact(const struct subject_pvclock *pv, u64 tsc)
{
	s64 delta = tsc - pv->tsc_timestamp;

	if (delta < 0)
		return (s128)(s64)pv->system_time -
		       (s128)pvclock_scale(-(u64)delta, pv->tsc_to_system_mul,
					   pv->tsc_shift);
	return (s128)(s64)pv->system_time +
	       (s128)pvclock_scale(delta, pv->tsc_to_system_mul, pv->tsc_shift);
}

static bool in_contract(const struct run *run, u32 vcpu)
{
	const struct subject_vcpu_view *view = &run->vcpu[vcpu].view;

	return run->clock_sane && !run->vcpu[vcpu].touched && view->updates &&
	       view->tsc_multiplier && !run->vcpu[vcpu].other_khz &&
	       view->hw_tsc_khz >= MIN_GUEST_KHZ &&
	       view->hw_tsc_khz <= MAX_GUEST_KHZ;
}

/* A scaled guest's counter is rounded to its own cycle. */
static s64 guest_cycle_ns(const struct run *run,
			  const struct subject_vcpu_view *view)
{
	u8 frac = run->scenario->machine.tsc_frac_bits;

	if (!frac || view->tsc_multiplier == 1ull << frac)
		return 0;
	return 1000000 / view->hw_tsc_khz + 1;
}

static void check_pvclock(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	const struct subject_pvclock *pv = &run->vcpu[nr].view.pvclock;
	bool stable = read->flags & SUBJECT_PVCLOCK_TSC_STABLE;
	s64 delta = read->tsc - pv->tsc_timestamp;
	s128 want = tuple_exact(pv, read->tsc);
	struct subject_clock host;
	u64 host_delta_ns;
	struct verdict v;
	s64 cycle_ns;
	bool ok;

	show(run, "kvmclock", "ns", read, true, want);
	if (!in_contract(run, nr) || !stable)
		return;
	cycle_ns = guest_cycle_ns(run, &run->vcpu[nr].view);

	if (delta < 0)
		ok = check_signed(run, "kvmclock", "__pvclock_read_cycles", NULL,
				  read->value, pv->system_time,
				  (s64)pv->system_time - want,
				  unsigned_read(pv, read->tsc));
	else
		ok = check(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "kvmclock",
			.function = "__pvclock_read_cycles",
			.why = "it isn't the published tuple at this TSC",
			.unit = "ns", .got = (s64)read->value, .want = want,
			.low = 0, .high = 0,
		});

	ok = ok && check_monotonic(run, &run->monotonic_guest, "kvmclock",
				   "kvm_guest_time_update", read->value,
				   run->vm.masterclock_updates,
				   run->vcpu[nr].view.hw_tsc_khz, cycle_ns);

	/*
	 * The VMM's view at the same instant, on the same CPU.  Unscaled, the
	 * two do the same arithmetic; scaled, the guest's counter is rounded
	 * to its own cycle, and each side's pair is off by up to 2^-30.09.
	 */
	if (ok && run->vm.use_master_clock && delta >= 0 &&
	    !run->subject->get_clock(&host) &&
	    (s64)(run->sim.hw.raw_tsc - run->vm.master_cycle_now) >= 0 &&
	    host.flags & SUBJECT_CLOCK_TSC_STABLE) {
		u64 host_tsc = host.flags & SUBJECT_CLOCK_HOST_TSC ?
			       host.host_tsc : run->sim.hw.raw_tsc;
		u64 slack = 1;

		host_delta_ns = cycles_to_ns(run, host_tsc - run->vm.master_cycle_now);
		if (cycle_ns)
			slack += 2 + cycle_ns + (host_delta_ns >> 29);
		v = (struct verdict){
			.law = LAW_AGREE, .clock = "kvmclock",
			.function = "__get_kvmclock",
			.why = "the guest's kvmclock and KVM_GET_CLOCK part at one TSC",
			.unit = "ns", .got = (s64)read->value,
			.want = (s64)host.clock_ns,
			.low = -(s128)slack, .high = slack,
		};
		if (v.got > v.want && v.got - v.want <= (s128)slack +
		    cut_khz(host_delta_ns, cycle_ns, run->vcpu[nr].view.hw_tsc_khz))
			v.event = READ_SCALED;
		/* read_tsc() may have said more than RDTSC did */
		if (host_tsc == run->sim.hw.raw_tsc)
			ok = check(run, &v);
	}
	ok = ok && check_rate(run, &run->rate_guest, "kvmclock",
			      "kvm_guest_time_update", read->value,
			      run->generation, cycle_ns,
			      run->vcpu[nr].view.hw_tsc_khz);
	if (!ok)
		start_afresh(run);
}

/* ---- updates ------------------------------------------------------------- */

/*
 * A snapshot must be the host's CLOCK_MONOTONIC_RAW at that counter value,
 * exactly: base + (xtime_nsec + delta * mult) >> shift, whatever the gap since
 * the last tick; a counter behind the last tick's gives no less than what the
 * signed arithmetic gives.
 */
static bool check_snapshot(struct run *run)
{
	const struct subject_timekeeper_view *tk = &run->timekeeper;
	u64 counter = run->vm.master_cycle_now;
	struct verdict v;
	s64 delta;
	s128 want;

	if (run->scenario->machine.clocksource == SUBJECT_CS_HYPERV_PAGE)
		counter = (u64)((u128)counter * run->sim.hw.hv_scale >> 64) +
			  run->sim.hw.hv_offset_100ns;
	delta = counter - tk->cycle_last;
	want = tk->base_ns +
	       (((s128)delta * tk->mult + (s128)tk->xtime_nsec) >> tk->shift);
	if (delta < 0)
		return check_signed(run, "master_kernel_ns", "vgettsc", SNAPSHOT,
			     run->vm.master_kernel_ns,
			     tk->base_ns + (tk->xtime_nsec >> tk->shift),
			     (-(s128)delta * tk->mult >> tk->shift) + 1,
			     tk->base_ns + (((u64)delta * tk->mult +
					     tk->xtime_nsec) >> tk->shift));
	v = (struct verdict){
		.law = LAW_EXACT, .clock = "master_kernel_ns",
		.function = "vgettsc", .event = SNAPSHOT,
		.why = "the snapshot isn't CLOCK_MONOTONIC_RAW at its counter",
		.unit = "ns", .got = run->vm.master_kernel_ns,
		.want = want, .low = 0, .high = 0,
	};
	if (wrapped_product(run, &v))
		v.event = SNAPSHOT AFTER_GAP;
	return check(run, &v);
}

/*
 * Who moved the clock: an update that nobody needed is a bug of its own, however
 * well the step is explained by the drift.
 */
static const char *rebase_event(const struct run *run)
{
	switch (run->asked[run->event->vcpu]) {
	case ASKED_BY_HOTPLUG:
		return UPDATE "-hotplug";
	case ASKED_BEFORE_SET_CLOCK:
		return UPDATE "-after-set-clock";
	default:
		return UPDATE DRIFT;
	}
}

static void remember_who_asks(struct run *run, const struct event *event)
{
	switch (event->kind) {
	case EVENT_MASTERCLOCK:
	case EVENT_WRITE_TSC_PAGE:
		run->asked[event->vcpu] = ASKED_BY_EVENT;
		break;
	case EVENT_WRITE_TSC_HOST:
	case EVENT_SET_TSC_OFFSET:
		run->asked[event->vcpu] = ASKED_BY_EVENT;
		run->tsc_written |= 1u << event->vcpu;
		break;
	case EVENT_SET_CLOCK:
	case EVENT_SET_CLOCK_REALTIME:
		for (u32 i = 0; i < run->sim.nr_vcpus; i++)
			if (run->tsc_written & 1u << i)
				run->asked[i] = ASKED_BEFORE_SET_CLOCK;
		break;
	case EVENT_HOTPLUG_VCPU:
		/*
		 * Without the master clock it may ask for it; where TSCs were
		 * written or scaled, its own may not match.
		 */
		if (run->sim.nr_vcpus > run->seen_vcpus)
			run->asked[run->seen_vcpus++] =
				run->vm.use_master_clock && !run->tsc_touched ?
				ASKED_BY_HOTPLUG : ASKED_BY_EVENT;
		break;
	default:
		break;
	}
}

/* A wrong snapshot taints every clock until a right one is taken. */
static void check_new_snapshot(struct run *run)
{
	bool was_broken = run->snapshot_broken;

	run->snapshot_broken = false;
	run->snapshot_cycles = run->sim.cycles;
	run->rebase = rebase_event(run);
	if (run->vm.use_master_clock)
		run->snapshot_broken = !check_snapshot(run);
	if (!run->snapshot_broken && !was_broken)
		return;
	run->generation++;
	start_afresh(run);
	for (u32 i = 0; i < run->scenario->machine.nr_vcpus; i++)
		run->vcpu[i].touched = true;
}

/*
 * The tuple that kvm_guest_time_update() has just published for the master
 * clock's snapshot: its clock, the vCPU's TSC at its counter (a caught-up TSC is
 * moved meanwhile), and the pair for hw_tsc_khz, off by [-2^-31, +2^-30.09].
 */
static void check_tuple(struct run *run, const struct subject_vcpu_view *now,
			bool *other_khz)
{
	const struct machine *m = &run->scenario->machine;
	u32 khz = m->tsc_frac_bits ? (u128)m->tsc_khz * now->tsc_multiplier >>
				     m->tsc_frac_bits : m->tsc_khz;
	const struct subject_pvclock *pv = &now->pvclock;
	u128 product = (u128)pv->tsc_to_system_mul * now->hw_tsc_khz;
	u128 second = (u128)1000000 << 32;
	int shift = pv->tsc_shift;
	struct verdict v = {
		.law = LAW_EXACT, .clock = "kvmclock",
		.function = "kvm_guest_time_update", .event = UPDATE,
	};

	*other_khz = false;
	if (!run->vm.use_master_clock || now->hw_tsc_khz < MIN_GUEST_KHZ ||
	    now->hw_tsc_khz > MAX_GUEST_KHZ)
		return;
	v.why = "the pair isn't that of the host's frequency and the vCPU's ratio";
	v.unit = "kHz";
	v.got = now->hw_tsc_khz;
	v.want = khz;
	*other_khz = now->tsc_multiplier && now->hw_tsc_khz != khz;
	if (*other_khz) {
		if (m->early_tsc_khz)
			v.event = UPDATE EARLY;
		fail(run, &v);
		return;
	}
	v.why = "system_time isn't the snapshot's clock";
	v.unit = "ns";
	v.got = (s64)pv->system_time;
	v.want = (s64)snapshot_clock(run);
	if (!check(run, &v))
		return;
	v.why = "tsc_timestamp isn't the vCPU's TSC at the snapshot";
	/* a vCPU whose first frequency KVM refused is left without one */
	if (!now->tsc_multiplier) {
		v.why = "KVM scales the vCPU's TSC by a ratio that was never set";
		v.event = UPDATE "-no-ratio";
	}
	v.unit = "cycles";
	v.got = pv->tsc_timestamp;
	v.want = sim_guest_tsc(&run->scenario->machine, now,
			       run->vm.master_cycle_now);
	if (!now->tsc_catchup && !check(run, &v))
		return;
	/* 66 and 52 bits; beyond 31 it is wrong whatever mul is */
	if (shift < 0)
		second <<= shift < -31 ? 32 : -shift;
	else
		product <<= shift > 31 ? 32 : shift;
	v.why = "tsc_to_system_mul and tsc_shift aren't those of the vCPU's frequency";
	v.unit = "2^-32 ns/ms";
	v.got = product;
	v.want = second;
	v.low = -(s128)(second >> 31) - 1;
	v.high = (second >> 30) + 1;
	check(run, &v);
}

/*
 * A vCPU's tuple was replaced: at the new timestamp, the new clock must be
 * where the old one was, while the vCPU's TSC wasn't moved.  Old and new are
 * each rounded down once or twice: [-2, +2] ns is re-basing, more is a step.
 * A host clocksource that counts 100 ns units can't say it better than that.
 */
static void check_rebase(struct run *run, const struct subject_vcpu_view *old,
			 const struct subject_vcpu_view *now)
{
	const struct subject_pvclock *a = &old->pvclock, *b = &now->pvclock;
	s64 cycle_ns = guest_cycle_ns(run, now);
	s64 slack = 2 + run->resolution_ns + cycle_ns;
	s128 at, step, drift;
	struct verdict v;
	u64 elapsed;

	if (!(a->flags & b->flags & SUBJECT_PVCLOCK_TSC_STABLE) ||
	    a->tsc_to_system_mul != b->tsc_to_system_mul ||
	    a->tsc_shift != b->tsc_shift ||
	    old->tsc_offset != now->tsc_offset ||
	    old->tsc_multiplier != now->tsc_multiplier ||
	    (s64)(b->tsc_timestamp - a->tsc_timestamp) < 0)
		return;
	at = tuple_exact(a, b->tsc_timestamp);
	step = (s64)b->system_time - at;
	v = (struct verdict){
		.law = step < 0 ? LAW_MONOTONIC : LAW_RATE, .clock = "kvmclock",
		.function = "pvclock_update_vm_gtod_copy", .event = UPDATE,
		.why = step < 0 ? "an update stepped back at one TSC" :
				  "an update jumped forward at one TSC",
		.unit = "ns", .got = (s64)b->system_time, .want = at,
		.low = -slack, .high = slack,
	};
	/*
	 * What both rates may be off by since the old snapshot; a scaled guest's
	 * is only ever too fast by more, so the step is back.
	 */
	elapsed = at - (s64)a->system_time;
	drift = slack + elapsed / run->rate_denominator + (elapsed >> 30);
	if (step < 0)
		drift += cut_khz(elapsed, cycle_ns, now->hw_tsc_khz);
	if (step >= -drift && step <= drift)
		v.event = run->rebase;
	check(run, &v);
}

/*
 * KVM moves a vCPU's TSC in software to where its own rate would have brought
 * it (tsc_catchup): forward, and never by more than the scenario is long.
 * Below 10 GHz 10 years are less than 2^62 cycles; a step of more, of a TSC
 * that nobody set beyond 2^62, is a negative distance taken for a positive one.
 */
static void check_catchup(struct run *run, const struct subject_vcpu_view *old,
			  const struct subject_vcpu_view *now)
{
	u64 step = now->tsc_offset - old->tsc_offset;

	if (now->virtual_tsc_khz > MAX_GUEST_KHZ)
		return;
	check(run, &(struct verdict){
		.law = LAW_SIGNED, .clock = "guest-TSC",
		.function = "compute_guest_tsc", .event = UPDATE,
		.why = "the time since the TSC write was negative",
		.unit = "cycles", .got = step, .want = 0,
		.low = 0, .high = (s128)1 << 62,
	});
}

/*
 * The host's CLOCK_MONOTONIC_RAW where the TSC is @raw, in exact arithmetic; false
 * where that is before the last tick.  CLOCK_REALTIME runs alike, without NTP.
 */
static bool host_ns(const struct run *run, u64 raw, s128 *ns)
{
	const struct subject_timekeeper_view *tk = &run->timekeeper;
	u64 counter = raw;
	s64 delta;

	if (run->scenario->machine.clocksource == SUBJECT_CS_HYPERV_PAGE)
		counter = (u64)((u128)raw * run->sim.hw.hv_scale >> 64) +
			  run->sim.hw.hv_offset_100ns;
	else if (run->scenario->machine.clocksource == SUBJECT_CS_OTHER)
		counter = run->sim.hw.other_ns;
	delta = counter - tk->cycle_last;
	*ns = tk->base_ns + (((s128)delta * tk->mult + tk->xtime_nsec) >> tk->shift);
	return delta >= 0;
}

/*
 * A vCPU that is faster than its host is brought forward at each entry, to where
 * its own rate has brought it since its TSC was written.  Less than that is time
 * lost.  The rate is KVM's pair for virtual_tsc_khz, low by 2^-31; 2 cycles are
 * rounding, and the write's time is as exact as the host's clocksource.
 */
static void check_caught_up(struct run *run, const struct subject_vcpu_view *now)
{
	u64 raw = run->sim.hw.raw_tsc;
	s128 since, cycles;

	if (now->virtual_tsc_khz > MAX_GUEST_KHZ ||
	    now->virtual_tsc_khz < MIN_GUEST_KHZ || !host_ns(run, raw, &since))
		return;
	since -= now->this_tsc_nsec;
	if (since < 0 || since >> 60)
		return;
	cycles = since * now->virtual_tsc_khz / 1000000;
	check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "guest-TSC",
		.function = "kvm_guest_time_update", .event = UPDATE,
		.why = "the vCPU was caught up with a time in the past",
		.unit = "cycles",
		.got = sim_guest_tsc(&run->scenario->machine, now, raw),
		.want = (s128)now->this_tsc_write + cycles,
		.low = -(cycles >> 31) - 2 -
		       (s128)run->resolution_ns * now->virtual_tsc_khz / 1000000,
		.high = (s128)1 << 100,
	});
}

/* A guest's TSC at this moment, before and after an event that is about it. */
static void check_tsc_write(struct run *run, const struct event *event,
			    const struct subject_vcpu_view *old,
			    const struct subject_vcpu_view *now)
{
	const struct machine *m = &run->scenario->machine;
	u64 was = sim_guest_tsc(m, old, run->sim.hw.raw_tsc);
	u64 is = sim_guest_tsc(m, now, run->sim.hw.raw_tsc);
	s64 step = is - was, off = is - event->value;
	s128 second = (s128)now->virtual_tsc_khz * 1000;

	/* a vCPU that never ran has no TSC to lose */
	if (event->kind == EVENT_SET_TSC_KHZ && old->updates)
		check(run, &(struct verdict){
			.law = step < 0 ? LAW_MONOTONIC : LAW_RATE,
			.clock = "guest-TSC", .function = "kvm_set_tsc_khz",
			.why = "another frequency moved the TSC",
			.unit = "cycles", .got = (s128)was + step, .want = was,
			.low = -2, .high = 2,
		});
	/* KVM scales with the ratio of the first; only the TSC of 64 bits is promised */
	if (event->kind == EVENT_WRITE_TSC_HOST)
		check(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "guest-TSC",
			.function = "kvm_synchronize_tsc",
			.why = "the TSC isn't what the host wrote",
			.unit = "cycles", .got = (s128)event->value + off,
			.want = event->value,
			.low = -second - 1, .high = second + 1,
		});
}

static void remember_tsc(struct run *run, u32 nr)
{
	struct vcpu_state *state = &run->vcpu[nr];

	run->subject->view_vcpu(nr, &state->view);
	state->touched = true;
	if (sim_guest_tsc(&run->scenario->machine, &state->view,
			  run->sim.hw.raw_tsc) >> 62)
		state->wrapped = true;
	/* Before 6.10 ktime_get_raw() itself wraps after such a gap. */
	if (cycles_to_ns(run, run->sim.cycles - run->tick_cycles) >>
	    (63 - run->timekeeper.shift))
		state->wrapped = true;
}

/* ---- Hyper-V ------------------------------------------------------------- */

/*
 * The page in 100 ns units is floor(tsc * scale / 2^64) + offset.  Against
 * floor(kvmclock / 100): each side's constants are truncated once, the sum of
 * which stays in [-1, +1] (tsc_shift >= 0), [-1, +2] (< 0), for less than
 * 2^64/100 cycles, whatever the uptime.
 */
static void check_page(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	const struct subject_pvclock *pv = &run->vcpu[nr].view.pvclock;
	s128 want = tuple_exact(pv, read->tsc) / 100;
	u64 limit = ~0ull / 100;
	u64 exact = (u64)((u128)read->tsc * run->vm.page_scale >> 64) +
		    run->vm.page_offset_100ns;

	if (!read->valid || !run->vm.page_enabled || run->page_pending)
		return;
	show(run, "TSC-page", "100ns", read, true, want);
	if (!check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "TSC-page",
		.function = "hv_read_tsc_page_tsc",
		.why = "it isn't the page's scale and offset at this TSC",
		.unit = "100ns", .got = read->value, .want = exact,
	    }))
		return;
	/*
	 * The page carries one vCPU's parameters at one time.  They hold only
	 * for TSCs that are alike and were left alone since.
	 */
	if (!in_contract(run, nr) ||
	    /* who opted for re-enlightenment keeps the page that it has */
	    run->page_snapshot != run->vm.masterclock_updates ||
	    !(pv->flags & SUBJECT_PVCLOCK_TSC_STABLE) ||
	    (s64)pv->system_time < 0 ||	/* KVM_SET_CLOCK close to 0 */
	    (s64)(read->tsc - pv->tsc_timestamp) < 0 || read->tsc > limit ||
	    pv->tsc_timestamp > limit)
		return;
	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		const struct subject_vcpu_view *other = &run->vcpu[i].view;

		if (!in_contract(run, i) ||
		    other->pvclock.tsc_timestamp != pv->tsc_timestamp ||
		    other->pvclock.system_time != pv->system_time ||
		    other->pvclock.tsc_to_system_mul != pv->tsc_to_system_mul ||
		    other->tsc_offset != run->page_tsc_offset ||
		    other->tsc_multiplier != run->page_tsc_multiplier)
			return;
	}
	check(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "TSC-page",
		.function = "compute_tsc_page_parameters",
		.why = "page and kvmclock part at one TSC",
		.unit = "100ns", .got = read->value, .want = want,
		.low = -1, .high = pv->tsc_shift < 0 ? 2 : 1,
	});
}

/*
 * The counter that __get_kvmclock() reads here and now: read_tsc() gives the last
 * tick's where that is later than RDTSC.
 */
static u64 kvmclock_counter(const struct subject_clock *clock, u64 rdtsc)
{
	return clock->flags & SUBJECT_CLOCK_HOST_TSC ? clock->host_tsc : rdtsc;
}

/* What the guest's own kvmclock says where the host's TSC is @raw. */
struct guest_clock {
	s128 ns;
	u64 slack;			/* rounding, and both pairs' error */
	u64 cut;			/* what a scaled guest's may be ahead */
};

/*
 * Of vCPU0, while its tuple is the snapshot's in force and promised at all, and
 * @raw isn't before it.
 */
static bool guest_clock(const struct run *run, u64 raw, struct guest_clock *clock)
{
	const struct subject_vcpu_view *v = &run->vcpu[0].view;
	s64 cycle_ns, delta = raw - run->vm.master_cycle_now;
	u64 tsc = sim_guest_tsc(&run->scenario->machine, v, raw);

	if (!run->vm.use_master_clock || !in_contract(run, 0) || delta < 0 ||
	    !(v->pvclock.flags & SUBJECT_PVCLOCK_TSC_STABLE) ||
	    v->pvclock.system_time != snapshot_clock(run) ||
	    (s64)v->pvclock.system_time < 0 ||
	    (s64)(tsc - v->pvclock.tsc_timestamp) < 0)
		return false;
	cycle_ns = guest_cycle_ns(run, v);
	clock->ns = tuple_exact(&v->pvclock, tsc);
	clock->slack = 3 + cycle_ns + (cycles_to_ns(run, delta) >> 29);
	clock->cut = cut_khz(cycles_to_ns(run, delta), cycle_ns, v->hw_tsc_khz);
	return true;
}

/* The page at vCPU0's TSC where the host's is @raw, 100 ns; as TLFS says. */
static u64 page_at(const struct run *run, u64 raw)
{
	u64 tsc = sim_guest_tsc(&run->scenario->machine, &run->vcpu[0].view, raw);

	return (u64)((u128)tsc * run->vm.page_scale >> 64) +
	       run->vm.page_offset_100ns;
}

/*
 * The counter over time, whichever of page and kvmclock it comes from just now:
 * TLFS promises one clock.  Two reads in 100 ns; a scaled guest's page gains as
 * its kvmclock does, so that leaving it loses as much.
 */
static void check_reference_rate(struct run *run, u64 value)
{
	const struct subject_vcpu_view *v = &run->vcpu[0].view;

	if (!in_contract(run, 0) || (s64)value < 0 || value > ~0ull / 200)
		return;
	if (!check_rate(run, &run->rate_reference, "reference-counter",
			"get_time_ref_counter", value * 100, run->generation,
			guest_cycle_ns(run, v) + 200, v->hw_tsc_khz))
		start_afresh(run);
}

/* The reference counter falls back to kvmclock / 100. */
static void check_reference(struct run *run, const struct sim_read *read)
{
	u64 base = snapshot_clock(run);
	struct guest_clock guest;
	struct subject_clock clock;
	struct verdict v;
	u64 tsc;
	s64 delta;

	if (run->vm.page_status == SUBJECT_PAGE_SET) {
		s128 want = page_at(run, read->tsc);

		show(run, "reference-counter", "100ns", read, true, want);
		/* TSCs of vCPUs that differ, or a page that the guest moved */
		if (run->page_pending || !run->vm.page_enabled ||
		    !run->vcpu[0].view.tsc_multiplier)
			return;
		if (!check(run, &(struct verdict){
			.law = LAW_AGREE, .clock = "reference-counter",
			.function = "get_time_ref_counter",
			.why = "the host's counter isn't the guest's page at one TSC",
			.unit = "100ns", .got = read->value, .want = want,
		    }))
			return;
		/*
		 * The page is for the TSC that its vCPU had then, and not for one
		 * below 0, on a CPU behind just after the VM was created.  A page
		 * that was kept for re-enlightenment is a clock of its own.
		 */
		if (run->page_tsc_offset == run->vcpu[0].view.tsc_offset &&
		    run->page_tsc_multiplier == run->vcpu[0].view.tsc_multiplier &&
		    run->page_snapshot == run->vm.masterclock_updates &&
		    !run->page_tsc_negative &&
		    (s64)sim_guest_tsc(&run->scenario->machine,
				       &run->vcpu[0].view, read->tsc) >= 0)
			check_reference_rate(run, read->value);
		else
			run->rate_reference.set = false;
		return;
	}
	show(run, "reference-counter", "100ns", read, false, 0);
	if (!run->clock_sane || run->subject->get_clock(&clock))
		return;
	tsc = kvmclock_counter(&clock, read->tsc);
	delta = tsc - run->vm.master_cycle_now;
	if (host_clock_early(run, &clock, tsc))
		return;
	if (run->vm.use_master_clock && delta < 0) {
		struct subject_pvclock pv = host_tuple(run);
		bool wrapped = read->value == unsigned_read(&pv, tsc) / 100;

		check(run, &(struct verdict){
			.law = wrapped ? LAW_SIGNED : LAW_EXACT,
			.clock = "reference-counter",
			.function = "__get_kvmclock",
			.why = wrapped ? "the counter was behind the snapshot" :
				"it is neither the signed nor the wrapped sum",
			.unit = "100ns", .got = read->value, .want = base / 100,
			.low = -(s128)cycles_to_ns(run, -(u64)delta) / 50 - 1,
			.high = 1,
		});
		return;
	}
	if (!check(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "reference-counter",
		.function = "get_time_ref_counter",
		.why = "it isn't KVM_GET_CLOCK / 100",
		.unit = "100ns", .got = read->value, .want = clock.clock_ns / 100,
	    }))
		return;
	if (!guest_clock(run, read->tsc, &guest))
		return;
	v = (struct verdict){
		.law = LAW_AGREE, .clock = "reference-counter",
		.function = "get_time_ref_counter",
		.why = "the host's counter and the guest's kvmclock part at one TSC",
		.unit = "100ns", .got = read->value, .want = guest.ns / 100,
		.low = -(s128)(guest.slack / 100) - 1,
		.high = guest.slack / 100 + 1,
	};
	if (v.want - v.got <= (s128)((guest.slack + guest.cut) / 100) + 1 &&
	    v.got < v.want)
		v.event = "read-reference" SCALED;
	if (tsc == read->tsc && check(run, &v))
		check_reference_rate(run, read->value);
}

/*
 * Wall clock epoch: CLOCK_REALTIME minus kvmclock.  No NTP here, so it is
 * realtime at boot plus true time minus kvmclock, to the rates of check_rate()
 * and the skew between the CPU and the last tick's.
 */
static void check_wall_clock(struct run *run, const struct sim_read *read)
{
	u64 true_ns = cycles_to_ns(run, run->sim.cycles), tsc;
	s128 slack = (s128)(true_ns / run->rate_denominator) + (true_ns >> 30) +
		     4 * (s128)cycles_to_ns(run, run->skew_spread) +
		     2 * run->resolution_ns + 5;
	struct guest_clock guest;
	struct subject_clock clock;
	struct verdict v;
	s128 kvmclock, now;

	if (!run->clock_sane || run->subject->get_clock(&clock))
		return;
	tsc = kvmclock_counter(&clock, read->tsc);
	if (host_clock_early(run, &clock, tsc))
		return;
	/* it was read before the preemption, perhaps on a CPU behind */
	if (run->event->value && run->vm.use_master_clock &&
	    (s64)(read->tsc - run->vm.master_cycle_now) <
	    (s64)((u128)run->event->value * run->scenario->machine.tsc_khz / 1000000) + 1)
		return;
	kvmclock = run->vm.use_master_clock ? kvmclock_exact(run, tsc) :
					      (s128)(s64)clock.clock_ns;
	v = (struct verdict){
		.law = LAW_AGREE, .clock = "wall-clock",
		.function = "kvm_get_wall_clock_epoch",
		.why = "the epoch isn't realtime minus kvmclock",
		.unit = "ns", .got = (s64)read->value,
		.want = (s128)run->scenario->machine.realtime_ns + true_ns - kvmclock,
		.low = -slack, .high = slack,
	};
	if (run->vm.use_master_clock &&
	    (s64)(tsc - run->vm.master_cycle_now) < 0) {
		struct subject_pvclock pv = host_tuple(run);
		struct verdict rest = v;

		/* modulo 2^64, as the kernel subtracts */
		rest.got = (s64)((u64)v.got + unsigned_read(&pv, tsc) -
				 (u64)(run->scenario->machine.realtime_ns + true_ns));
		rest.want = 0;
		if ((rest.got >= v.low && rest.got <= v.high) ||
		    wrapped_product(run, &rest)) {
			v.law = LAW_SIGNED;
			v.why = "the counter was behind the snapshot";
		}
	} else if (run->event->value && v.got < v.want &&
		   v.got - v.want >= v.low - (s128)run->event->value) {
		v.why = "realtime and kvmclock were read at two instants";
		v.event = run->vm.use_master_clock ? "read-wall-clock-preempted" :
						     "read-wall-clock-fallback";
	} else {
		struct verdict gap = v;

		gap.low -= run->event->value;
		if (wrapped_product(run, &gap))
			v.event = "read-wall-clock" AFTER_GAP;
	}
	if (check(run, &v) && !run->event->value && !run->snapshot_broken &&
	    host_ns(run, read->tsc, &now) && guest_clock(run, read->tsc, &guest)) {
		v.want = (s128)run->scenario->machine.realtime_ns + now - guest.ns;
		v.why = "the epoch isn't realtime minus the guest's kvmclock";
		/* both clocks of the host are cut to a ns, and its own resolution */
		v.low = -(s128)guest.slack - 2 - run->resolution_ns;
		v.high = guest.slack + 2 + run->resolution_ns;
		struct verdict gap = v;

		gap.high += guest.cut;
		v.event = NULL;
		if (wrapped_product(run, &gap))
			v.event = "read-wall-clock" AFTER_GAP;
		else if (v.got > v.want && v.got - v.want <= v.high + (s128)guest.cut)
			v.event = "read-wall-clock" SCALED;
		check(run, &v);
	}
	show(run, "wall-clock", "ns", read, true,
	     (s128)run->scenario->machine.realtime_ns + true_ns - kvmclock);
}

/*
 * The guest's clocksource is its page while that has a sequence, else the MSR; and
 * the vDSO has the same page, or none.  Both exactly: they are one formula.
 */
static void check_hv_clock(struct run *run, const struct sim_read *read)
{
	bool page = run->vm.page_sequence;
	s128 want = page ? (u64)((u128)read->tsc * run->vm.page_scale >> 64) +
			   run->vm.page_offset_100ns :
			   run->subject->reference_counter();
	u64 vdso = run->subject->guest_vread_hv_clock(read->tsc);
	struct verdict v = {
		.law = LAW_EXACT, .clock = "hv-clock",
		.function = "read_hv_clock_tsc",
		.why = "it is neither the page nor the MSR at this TSC",
		.unit = "100ns", .got = read->value, .want = want,
	};

	show(run, "hv-clock", "100ns", read, true, want);
	/* the one time that an older reader takes for "no page" */
	if (page && (u64)want == ~0ull)
		v.event = "read-hv-clock-u64-max";
	if (!check(run, &v))
		return;
	v.law = LAW_AGREE;
	v.function = "vread_hvclock";
	v.why = "the vDSO and the kernel part at one TSC";
	v.got = vdso;
	/* the vDSO's counters have 63 bits */
	v.want = page ? want & (s128)(~0ull >> 1) : (s128)~0ull;
	if (page && (want >> 63 || vdso == (u64)want))
		return;
	check(run, &v);
}

/* sched_clock() goes on after a hibernation where it was before, whatever the counter. */
static void check_hibernate(struct run *run, const struct sim_read *read)
{
	show(run, "hv-sched-clock", "ns", read, run->event->value && run->hibernated,
	     run->sched_clock);
	if (run->event->value && run->hibernated)
		check(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "hv-sched-clock",
			.function = "restore_hv_clock_tsc_state",
			.why = "it doesn't go on where it was suspended",
			.unit = "ns", .got = (s64)read->value,
			.want = (s64)run->sched_clock,
		});
	run->hibernated = !run->event->value;
	run->sched_clock = read->value;
}

/* ---- timers -------------------------------------------------------------- */

/*
 * Do the host and the guest of vCPU @nr read one counter that is promised?  vCPUs
 * alike, a page that is theirs and the snapshot's, a host clock to rely on.
 */
static bool one_counter(const struct run *run, u32 nr)
{
	const struct subject_vcpu_view *v = &run->vcpu[nr].view;
	const struct subject_vcpu_view *first = &run->vcpu[0].view;

	if (run->vm.page_enabled &&
	    (run->page_tsc_negative ||
	     run->page_snapshot != run->vm.masterclock_updates ||
	     run->page_tsc_offset != v->tsc_offset ||
	     run->page_tsc_multiplier != v->tsc_multiplier))
		return false;
	return run->clock_sane && !run->snapshot_broken && !run->page_pending &&
	       in_contract(run, nr) && in_contract(run, 0) &&
	       !v->tsc_catchup && !first->tsc_catchup &&
	       v->tsc_offset == first->tsc_offset &&
	       v->tsc_multiplier == first->tsc_multiplier &&
	       (s64)sim_guest_tsc(&run->scenario->machine, v,
				  run->sim.hw.raw_tsc) >= 0 &&
	       run->vm.use_master_clock && (s64)snapshot_clock(run) >= 0 &&
	       (s64)(run->sim.hw.raw_tsc - run->vm.master_cycle_now) >= 0 &&
	       !(cycles_to_ns(run, run->sim.cycles - run->tick_cycles) >>
		 (63 - run->timekeeper.shift)) &&
	       !run->scenario->machine.early_tsc_khz;
}

/*
 * After an entry: what was delivered was due, and what is due was delivered, by
 * the guest's own clock at this very TSC.
 */
static void check_stimer(struct run *run, u32 nr)
{
	const struct subject_vcpu_view *v = &run->vcpu[nr].view;
	struct timer *timer = &run->timer[nr];
	struct subject_stimer_view now;
	u64 tsc, elapsed, late, units;
	bool delivered;

	run->subject->view_stimer(nr, &now);
	if (!now.used)
		return;
	delivered = now.deliveries != timer->deliveries;
	timer->deliveries = now.deliveries;
	tsc = sim_guest_tsc(&run->scenario->machine, v, run->sim.hw.raw_tsc);
	/* one counter for all: vCPUs alike, and a host whose clock can be relied on */
	/* what comes when the next one is armed was the one before */
	if (run->broken || (delivered && run->event->kind == EVENT_STIMER_ARM &&
			    now.delivered != now.count))
		return;
	if (!timer->judged || timer->generation != run->generation ||
	    !one_counter(run, nr))
		return;
	units = sim_hv_clock(&run->sim, tsc);
	if (delivered) {
		check(run, &(struct verdict){
			.law = LAW_DEADLINE, .clock = "stimer",
			.function = "kvm_hv_process_stimers",
			.event = "stimer-early",
			.why = "it expired before its time on the guest's clock",
			.unit = "100ns", .got = units, .want = now.delivered,
			.low = 0, .high = (s128)1 << 100,
		});
		return;
	}
	if (!now.enabled || now.periodic || now.msg_pending || !now.exp_time)
		return;
	elapsed = cycles_to_ns(run, run->sim.cycles - timer->since);
	late = elapsed / run->rate_denominator + (elapsed >> 30) +
	       cut_khz(elapsed, guest_cycle_ns(run, v), v->hw_tsc_khz) +
	       2 * cycles_to_ns(run, run->skew_spread) + 2 * run->resolution_ns;
	check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "stimer",
		.function = "stimer_start", .event = "stimer-late",
		.why = "it is due on the guest's clock, and armed for later",
		.unit = "100ns", .got = units, .want = now.exp_time,
		.low = -((s128)1 << 100), .high = late / 100 + 2,
	});
}

static bool enters_vcpu(enum event_kind kind)
{
	return kind == EVENT_RUN_VCPU || kind == EVENT_READ_PVCLOCK ||
	       kind == EVENT_READ_TSC_PAGE || kind == EVENT_STIMER_CONFIG ||
	       kind == EVENT_READ_HV_CLOCK || kind == EVENT_READ_SCHED_CLOCK ||
	       kind == EVENT_HIBERNATE ||
	       kind == EVENT_STIMER_ARM || kind == EVENT_MESSAGE_SLOT;
}

/* ---- one event ----------------------------------------------------------- */

static bool touches_tsc(enum event_kind kind)
{
	return kind == EVENT_WRITE_TSC_HOST || kind == EVENT_WRITE_TSC_GUEST ||
	       kind == EVENT_SET_TSC_OFFSET || kind == EVENT_SET_TSC_KHZ;
}

static void look(struct run *run)
{
	u32 i;

	run->subject->view_vm(&run->vm);
	for (i = 0; i < run->scenario->machine.nr_vcpus; i++)
		run->subject->view_vcpu(i, &run->vcpu[i].view);
}

static bool is_passive(enum event_kind kind)
{
	return kind == EVENT_ADVANCE_NS || kind == EVENT_ADVANCE_CYCLES ||
	       kind == EVENT_MASTERCLOCK;
}

/*
 * A VM that is saved and restored on the same host at once has the same TSCs and the
 * same clock, to the cycle and the ns: both were read from it.  The clock is
 * compared on the CPU that read it; a scaled guest's cycle is rounded once more.
 */
static bool do_save_restore(struct run *run, const struct event *event)
{
	const struct machine *m = &run->scenario->machine;
	struct subject_vcpu_view old[SUBJECT_MAX_VCPUS];
	bool promised[SUBJECT_MAX_VCPUS], alike = true;
	u64 elapsed = cycles_to_ns(run, run->sim.cycles - run->snapshot_cycles);
	struct verdict v;
	s128 ns, cut;
	struct sim_read read;

	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		u64 tsc = sim_guest_tsc(m, &run->vcpu[i].view,
					sim_raw_tsc(&run->sim, run->sim.vcpu_cpu[i]));
		const struct subject_pvclock *pv = &run->vcpu[i].view.pvclock;

		old[i] = run->vcpu[i].view;
		alike &= tsc == sim_guest_tsc(m, &run->vcpu[0].view,
					      sim_raw_tsc(&run->sim, run->sim.vcpu_cpu[i]));
		promised[i] = in_contract(run, i) && !run->snapshot_broken &&
			!m->early_tsc_khz && !old[i].tsc_catchup &&
			run->vm.use_master_clock &&
			pv->flags & SUBJECT_PVCLOCK_TSC_STABLE &&
			pv->system_time == snapshot_clock(run) &&
			pv->tsc_timestamp == sim_guest_tsc(m, &old[i],
					run->vm.master_cycle_now) && (s64)tsc > 0 &&
			(s64)(tsc - pv->tsc_timestamp) >= 0 &&
			(s64)pv->system_time >= 0 &&
			(s64)(sim_raw_tsc(&run->sim, event->cpu) -
			      run->vm.master_cycle_now) >= 0 &&
			/* read_tsc() doesn't say more than RDTSC */
			host_ns(run, sim_raw_tsc(&run->sim, event->cpu), &ns);
	}
	if (!sim_event(&run->sim, event, &read))
		return false;
	run->generation++;
	start_afresh(run);
	run->tsc_touched = true;
	look(run);
	if (run->vm.tsc_unstable)
		return false;
	/* what is in the page is judged again from the next one on */
	run->page_pending = true;
	run->page_sequence = run->vm.page_sequence;
	run->clock_sane &= snapshot_clock(run) <= SET_CLOCK_MAX_NS;
	run->snapshot_cycles = run->sim.cycles;
	run->snapshot_broken = run->vm.use_master_clock && !check_snapshot(run);
	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		const struct subject_vcpu_view *now = &run->vcpu[i].view;
		u64 raw = sim_raw_tsc(&run->sim, run->sim.vcpu_cpu[i]);
		s64 cycle_ns;

		/* one that has its tuple from a snapshot on the way waits */
		run->vcpu[i].touched = run->snapshot_broken || m->early_tsc_khz ||
			now->pvclock.system_time != snapshot_clock(run);
		run->timer[i].judged = false;
		if (!promised[i] || run->snapshot_broken || run->broken ||
		    !run->vm.use_master_clock || !run->clock_sane)
			continue;
		/* the MSR's writes within a second of each other become one */
		if (!alike && !(event->value & SAVE_RESTORE_OFFSETS))
			continue;
		check(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "guest-TSC",
			.function = "kvm_synchronize_tsc",
			.why = "the restored TSC isn't the saved one",
			.unit = "cycles",
			.got = sim_guest_tsc(m, now, raw),
			.want = sim_guest_tsc(m, &old[i], raw),
		});
		if (run->broken || run->sim.vcpu_cpu[i] != event->cpu ||
		    !in_contract(run, i))
			continue;
		cycle_ns = guest_cycle_ns(run, now);
		v = (struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "kvmclock",
			.function = "kvm_vm_ioctl_set_clock",
			.why = "the restored clock isn't the saved one",
			.unit = "ns",
			.got = tuple_exact(&now->pvclock, sim_guest_tsc(m, now, raw)),
			.want = tuple_exact(&old[i].pvclock,
					    sim_guest_tsc(m, &old[i], raw)),
			.low = -cycle_ns, .high = cycle_ns,
		};
		cut = cut_khz(elapsed, cycle_ns, now->hw_tsc_khz) + cycle_ns +
		      (elapsed >> 29);
		/* the guest's pair and the host's are other numbers */
		if (cycle_ns && v.want - v.got <= cut + 3 &&
		    v.got - v.want <= cycle_ns + (s128)(elapsed >> 29) + 3)
			v.event = "save-restore" SCALED;
		check(run, &v);
	}
	return true;
}

static bool do_event(struct run *run, const struct event *event)
{
	u32 updates = run->vm.masterclock_updates;
	enum event_kind kind = event->kind;
	u32 nr = event->vcpu;
	struct subject_vcpu_view old;
	struct sim_read read;

	subject_refuel();
	run->event = event;
	run->broken = false;
	if (event->vcpu >= run->sim.nr_vcpus)
		return true;		/* it isn't there yet */
	if (is_passive(kind)) {
		remember_who_asks(run, event);
		return sim_event(&run->sim, event, &read);
	}

	old = run->vcpu[nr].view;
	if (kind == EVENT_SAVE_RESTORE)
		return do_save_restore(run, event);
	if (!sim_event(&run->sim, event, &read))
		return false;

	run->subject->view_vm(&run->vm);
	/* KVM trusts the Hyper-V page all the same: kvm_check_tsc_unstable() */
	if (run->vm.tsc_unstable &&
	    run->scenario->machine.clocksource != SUBJECT_CS_HYPERV_PAGE)
		return false;

	if (kind == EVENT_TICK) {
		run->subject->view_timekeeper(&run->timekeeper);
		run->tick_cycles = run->sim.cycles;
		return true;
	}
	if (kind == EVENT_SET_CLOCK || kind == EVENT_SET_CLOCK_REALTIME) {
		run->clock_sane = event->value <= SET_CLOCK_MAX_NS;
		run->generation++;
		start_afresh(run);
		/* every vCPU's tuple is stale until it is updated */
		for (u32 i = 0; i < run->scenario->machine.nr_vcpus; i++)
			run->vcpu[i].touched = true;
	}
	/* What lies in the page is the guest's until the MSR's exit is done. */
	if (kind == EVENT_WRITE_TSC_PAGE)
		run->page_pending = true;
	remember_who_asks(run, event);
	if (touches_tsc(kind)) {
		run->tsc_touched = true;
		for (u32 i = 0; i < run->sim.nr_vcpus; i++)
			run->timer[i].judged = false;
		remember_tsc(run, nr);
		check_tsc_write(run, event, &old, &run->vcpu[nr].view);
		start_afresh(run);
		return true;
	}

	run->subject->view_vcpu(nr, &run->vcpu[nr].view);
	if (run->vm.masterclock_updates != updates)
		check_new_snapshot(run);
	if (run->vcpu[nr].view.updates != old.updates) {
		const struct subject_vcpu_view *now = &run->vcpu[nr].view;

		check_tuple(run, now, &run->vcpu[nr].other_khz);
		if (!run->snapshot_broken && in_contract(run, nr) &&
		    old.updates && !run->broken)
			check_rebase(run, &old, now);
		if (now->tsc_catchup && !run->vcpu[nr].wrapped &&
		    !run->snapshot_broken && !run->broken) {
			check_catchup(run, &old, now);
			if (!run->broken)
				check_caught_up(run, now);
		}
		run->vcpu[nr].touched = run->snapshot_broken;
		if (run->vm.page_sequence != run->page_sequence) {
			run->page_sequence = run->vm.page_sequence;
			run->page_pending = false;
			run->page_snapshot = run->vm.masterclock_updates;
			run->page_tsc_negative = (s64)now->pvclock.tsc_timestamp < 0;
			run->page_tsc_offset = now->tsc_offset;
			run->page_tsc_multiplier = now->tsc_multiplier;
			/* KVM goes by this page, too, for vCPUs that aren't like it */
			for (u32 i = 0; i < run->sim.nr_vcpus; i++)
				if (run->vcpu[i].view.tsc_offset != now->tsc_offset ||
				    run->vcpu[i].view.tsc_multiplier !=
				    now->tsc_multiplier)
					run->timer[i].judged = false;
		}
	}
	if (kind == EVENT_STIMER_ARM) {
		run->timer[nr].since = run->snapshot_cycles;
		run->timer[nr].generation = run->generation;
		run->timer[nr].judged = one_counter(run, nr);
	}
	if (enters_vcpu(kind))
		check_stimer(run, nr);
	if (enters_vcpu(kind)) {
		/* it has entered: nothing is left that it was asked for */
		run->asked[nr] = ASKED_BY_EVENT;
		run->tsc_written &= ~(1u << nr);
	}
	if (run->vm.masterclock_updates != updates || run->broken)
		run->monotonic_guest.set = run->monotonic_host.set = false;
	if (run->broken)
		start_afresh(run);

	switch (kind) {
	case EVENT_GET_CLOCK:
		check_get_clock(run, &read);
		break;
	case EVENT_READ_PVCLOCK:
		check_pvclock(run, &read);
		break;
	case EVENT_READ_TSC_PAGE:
		check_page(run, &read);
		break;
	case EVENT_READ_REFERENCE:
		check_reference(run, &read);
		break;
	case EVENT_READ_WALL_CLOCK:
		check_wall_clock(run, &read);
		break;
	case EVENT_READ_HV_CLOCK:
		check_hv_clock(run, &read);
		break;
	case EVENT_READ_SCHED_CLOCK:
		show(run, "hv-sched-clock", "ns", &read, false, 0);
		break;
	case EVENT_HIBERNATE:
		check_hibernate(run, &read);
		break;
	default:
		break;
	}
	return true;
}

static void record_step(struct run *run, struct step *step)
{
	const struct machine *machine = &run->scenario->machine;

	step->true_cycles = run->sim.cycles;
	step->cpu = run->sim.hw.cpu;
	step->raw_tsc = sim_raw_tsc(&run->sim, run->sim.hw.cpu);
	step->vm = run->vm;
	for (u32 i = 0; i < machine->nr_vcpus; i++)
		run->subject->view_vcpu(i, &step->vcpu[i]);
	memcpy(step->vcpu_cpu, run->sim.vcpu_cpu, sizeof(step->vcpu_cpu));
	run->subject->view_timekeeper(&step->timekeeper);
	step->hv_scale = run->sim.hw.hv_scale;
	step->hv_offset_100ns = run->sim.hw.hv_offset_100ns;
}

static void run_events(void *arg)
{
	struct run *run = arg;
	const struct scenario *s = run->scenario;

	sim_boot(&run->sim, &s->machine, run->subject, scenario_boot_vcpus(s));
	run->seen_vcpus = run->sim.nr_vcpus;
	run->rebase = UPDATE DRIFT;
	look(run);
	run->subject->view_timekeeper(&run->timekeeper);
	run->rate_denominator = 2ull * run->timekeeper.mult;
	/* the largest of what it has and what it may be switched to */
	run->resolution_ns = s->machine.clocksource == SUBJECT_CS_HYPERV_PAGE ?
			     100 : 1;
	if (run->steps)
		record_step(run, &run->steps[0]);
	for (run->nr = 0; run->nr < s->nr_events; run->nr++) {
		if (!do_event(run, &s->events[run->nr]))
			break;
		if (run->steps)
			record_step(run, &run->steps[run->nr + 1]);
	}
}

const char *run_function_at(const struct subject *subject, const char *file,
			    int line)
{
	const struct subject_function *f, *best = NULL;

	if (!file)
		return NULL;
	for (f = subject->functions; f->name; f++) {
		/* __FILE__ may hold the tree's path in front. */
		size_t whole = strlen(file), part = strlen(f->file);

		if (whole < part || strcmp(file + whole - part, f->file))
			continue;
		if (f->line <= line && (!best || f->line > best->line))
			best = f;
	}
	return best ? best->name : NULL;
}

void run_scenario(const struct scenario *s, const struct subject *subject,
		  struct step *steps)
{
	struct subject_trap trap;
	struct run run;
	u32 i;

	memset(&run, 0, sizeof(run));
	run.scenario = s;
	run.subject = subject;
	run.steps = steps;
	run.clock_sane = true;
	s64 low = 0, high = 0;
	for (i = 0; i < s->machine.nr_cpus; i++) {
		s64 skew = s->machine.skew_cycles[i];

		low = skew < low ? skew : low;
		high = skew > high ? skew : high;
	}
	run.skew_spread = high - low;

	subject_guard(run_events, &run, &trap);
	if (trap.kind == SUBJECT_TRAP_NONE)
		return;
	if (steps && run.nr < s->nr_events)
		steps[run.nr + 1].trap = trap;
	if (!run.event)
		run.event = &s->events[0];
	run.broken = false;
	fail(&run, &(struct verdict){
		.law = LAW_TOTAL, .clock = trap.kind == SUBJECT_TRAP_LOOP ?
					   "endless-loop" : "division-by-zero",
		.function = run_function_at(subject, trap.file, trap.line) ?: "-",
		.why = trap.kind == SUBJECT_TRAP_LOOP ? "a loop doesn't end" :
							"divide error",
		.unit = "",
		/* wherever the scenario was, it is that function's */
		.event = run_function_at(subject, trap.file, trap.line) ?: "-",
	});
}
