// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's own clocks: CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC, CLOCK_REALTIME.
 *
 * Whatever updates the timekeeper (a tick, a slew, a step, another clocksource) leaves
 * each of them where it was, in exact arithmetic: the accumulation moves the same
 * product from one place to another, and a new rate takes effect now.  Only a step
 * moves CLOCK_REALTIME, by what was asked; only CLOCK_MONOTONIC's rate is slewed.
 *
 * Contract: the counter isn't behind the last update's, on a CPU whose TSC is behind.
 * That much is lost or gained, and the hardware's.
 */
#include "timeline.h"

/* What the clocksource @kind counts where the TSC is @raw. */
static u64 counter_of(const struct run *run, u8 kind, u64 raw)
{
	const struct subject_hw *hw = &run->sim.hw;

	switch (kind) {
	case SUBJECT_CS_HYPERV_PAGE:
		return (u64)((u128)raw * hw->hv_scale >> 64) + hw->hv_offset_100ns;
	case SUBJECT_CS_OTHER:
		return hw->other_ns;
	default:
		return raw;
	}
}

u64 host_counter(const struct run *run, u64 raw)
{
	return counter_of(run, run->timekeeper.clocksource, raw);
}

/* Finer than any clocksource's shifted ns. */
#define FINE 32
#define FINE_PER_NS ((s128)1 << FINE)

struct readings {
	s128 raw, mono, real;		/* 2^-32 ns */
};

/* false: the counter is behind */
static bool read_all(const struct run *run, const struct subject_timekeeper_view *tk,
		     u64 raw, struct readings *r)
{
	s64 delta = counter_of(run, tk->clocksource, raw) - tk->cycle_last;
	s128 up = (s128)1 << (FINE - tk->shift);

	if (delta < 0)
		return false;
	r->raw = tk->base_ns * FINE_PER_NS +
		 ((s128)delta * tk->mult + tk->xtime_nsec) * up;
	r->mono = tk->mono_base_ns * FINE_PER_NS +
		  ((s128)delta * tk->mono_mult + tk->mono_xtime_nsec) * up;
	r->real = r->mono + tk->offs_real_ns * FINE_PER_NS;
	return true;
}

bool host_realtime_ns(const struct run *run, u64 raw, s128 *ns)
{
	struct readings r;

	if (!read_all(run, &run->timekeeper, raw, &r))
		return false;
	*ns = r.real >> FINE;
	return true;
}

/*
 * @lost: what a clocksource with fewer bits of shift cuts off, at most.  @wrap: what
 * 64 bits lose of delta * mult, a multiple of it; older trees multiply so when they
 * forward.  Shown in ns, unless it is less.
 */
static bool check_moved(struct run *run, const char *clock, s128 was, s128 is,
			s128 lost, s128 wrap)
{
	struct verdict v = {
		.law = LAW_EXACT, .clock = clock,
		.function = "timekeeping_forward_now",
		.why = "an update of the timekeeper moved it",
		.unit = "ns", .got = is >> FINE, .want = was >> FINE,
	};
	s128 gone = was - is;

	law_asked(v.law, clock);
	if (gone >= 0 && gone <= lost)
		return true;
	if (gone >= wrap && gone % wrap <= lost) {
		v.why = "delta * mult doesn't fit 64 bits";
		v.clock = "timekeeper";
		v.event = "update" AFTER_GAP;
	}
	if (v.got == v.want) {
		v.unit = "2^-32 ns";
		v.got = is;
		v.want = was;
	}
	run_fail(run, &v);
	return false;
}

/*
 * mult for a rate of 1 + f: what NTP wants of an interval of C cycles is T (1 + f) - R,
 * R = T - C * m what m was rounded by, so mult = floor(m + f T / C), or one more to
 * catch up.  T / C is m within m / (2 C), C at least a ms: so mult - floor(m (1 + f))
 * is in [-1, 2] and f m / (2 C) either way, f being cut to 2^-16 ppm.
 *
 * What isn't slewed has nothing to catch up with, unless it was before, and NTP's error
 * wasn't cleared since: mult is the clocksource's.  A unit of it that is left over from
 * a slew may make 2^31 ns, while nothing ticks: all that the error's 64 bits hold.
 */
static void check_rate_set(struct run *run)
{
	const struct subject_timekeeper_view *tk = &run->timekeeper;
	s64 ppb = run->slew_ppb[run->sim.host], off = 0;
	bool slewed = run->slewed >> run->sim.host & 1;
	s128 want = tk->mult;

	if (ppb) {
		s128 slew = (s128)tk->mult * ppb;

		want += (slew - (slew < 0 ? CF_NS_PER_SEC - 1 : 0)) / (s128)CF_NS_PER_SEC;
		/* f m^2 / (2 * (10^6 << shift)), rounded up */
		off = ((u128)tk->mult * tk->mult * (u64)(ppb < 0 ? -ppb : ppb) /
		       CF_NS_PER_SEC >> (tk->shift + 1)) / 1000000 + 1;
	}
	run_check(run, &(struct verdict){
		.law = LAW_RATE, .clock = "host-monotonic",
		.function = "timekeeping_adjust",
		.why = "its rate isn't the one that NTP set", .unit = "mult",
		.got = tk->mono_mult,
		.want = want,
		.low = slewed ? -1 - off : 0, .high = slewed ? 2 + off : 0,
	});
}

/* NTP's error is forgotten; that of a present slew begins anew at the next tick. */
static void clear_ntp(struct run *run)
{
	if (!run->slew_ppb[run->sim.host])
		run->slewed &= ~(1u << run->sim.host);
}

/*
 * By what CLOCK_REALTIME, at @real before, moves: adjtimex(2) refuses a step before
 * CLOCK_MONOTONIC's zero, and beyond the year 2232.
 */
static s64 step_of(const struct event *event, const struct subject_timekeeper_view *was,
		   s128 real)
{
	s128 step = (s64)event->value, stepped = (real >> FINE) + step;

	if (event->kind != EVENT_STEP_REALTIME || was->offs_real_ns + step < 0 ||
	    stepped >= (s128)SUBJECT_REALTIME_MAX_S * CF_NS_PER_SEC)
		return 0;
	return step;
}

void forget_all_timers(struct run *run)
{
	for (u32 i = 0; i < SUBJECT_MAX_VCPUS; i++)
		run->timer[i].judged = false;
	forget_timers(run);
}

void check_host_update(struct run *run, const struct event *event)
{
	struct subject_timekeeper_view was = run->timekeeper, *is = &run->timekeeper;
	u64 raw = run->sim.hw.raw_tsc, now_ns = cycles_to_ns(run, run->sim.cycles);
	u64 *tick_ns = &run->tick_ns[run->sim.host];
	struct readings before, after;
	s128 wrap = (s128)1 << (64 - was.shift + FINE), lost = 0;

	run->sim.subject->view_timekeeper(is);
	if ((now_ns - *tick_ns) >> 31 >= was.mult)
		run->slewed |= 1u << run->sim.host;
	if (is->cycle_last != was.cycle_last) {
		run->tick_cycles = run->sim.cycles;
		*tick_ns = now_ns;
	}
	switch ((enum event_kind)event->kind) {
	case EVENT_NTP_SLEW:
		run->slew_ppb[run->sim.host] = event->value;
		run->host_moved = run->host_slewed = true;
		run->slewed |= 1u << run->sim.host;
		break;
	case EVENT_STEP_REALTIME:
		run->host_moved = true;
		if (is->offs_real_ns != was.offs_real_ns)
			clear_ntp(run);
		break;
	case EVENT_CLOCKSOURCE:
		run_check(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "host-clocksource",
			.function = "change_clocksource",
			.why = "it isn't the one that was asked for", .unit = "kind",
			.got = is->clocksource,
			.want = event->value ? SUBJECT_CS_OTHER :
					       run->sim.machine->clocksource,
		});
		if (is->clocksource == was.clocksource)
			break;
		clear_ntp(run);
		/* measured anew, by another counter */
		run->host_moved = true;
		run->tsc_write.known = false;
		run->moved.clock_restored = false;
		/* what is less than a unit is lost or gained each time */
		run->resolution_ns += clock_resolution_ns(run->sim.machine);
		run->generation++;
		start_afresh(run);
		/* the master clock goes and comes for this */
		for (u32 i = 0; i < SUBJECT_MAX_VCPUS; i++)
			run->asked[i] = ASKED_BY_EVENT;
		/* from now on the host goes by this CPU's TSC, or its counter stands for it */
		run->snapshot_broken |= run->skew_spread != 0;
		if (run->rate_denominator > 2ull * is->mult)
			run->rate_denominator = 2ull * is->mult;
		/* shifted ns of a coarser clocksource */
		if (is->shift < was.shift)
			lost = ((s128)1 << (FINE - is->shift)) - 1;
		forget_all_timers(run);
		break;
	default:
		break;
	}
	if (!read_all(run, &was, raw, &before)) {
		/* forwarded to a counter behind: the others gain the skew, each time */
		if (is->cycle_last != was.cycle_last) {
			run->host_moved = run->snapshot_broken = true;
			run->moved.clock_restored = false;
			run->generation++;
			start_afresh(run);
			forget_all_timers(run);
		}
	/* a frequency set in the first ms may move either below 0, and xtime has no sign */
	} else if (before.mono >= 0 && before.real >= 0 &&
		   read_all(run, is, raw, &after) &&
		   check_moved(run, "host-raw", before.raw, after.raw, lost, wrap) &&
		   check_moved(run, "host-monotonic", before.mono, after.mono,
			       lost, wrap)) {
		check_moved(run, "host-realtime", before.real +
			    step_of(event, &was, before.real) * FINE_PER_NS,
			    after.real, lost, wrap);
	}
	/* a tick before the interval is over does nothing */
	if (!run->broken && (event->kind == EVENT_NTP_SLEW ||
			     (event->kind == EVENT_TICK &&
			      is->cycle_last != was.cycle_last)))
		check_rate_set(run);
	if (!run->broken)
		return;
	/* what follows from it isn't news */
	run->host_moved = run->host_broken = run->snapshot_broken = true;
	run->generation++;
	start_afresh(run);
	forget_all_timers(run);
}

/* ---- suspend -------------------------------------------------------------- */

/* timekeeping_suspend() takes what is off the RTC by less for the RTC's own error. */
#define RTC_ERROR_NS (2 * (s64)CF_NS_PER_SEC)

/*
 * A vCPU's TSC goes on where the last vCPU of the VM left its own: not before the VM's
 * last entry, and not after the suspend, on the CPU furthest ahead.  By the boot CPU's TSC;
 * but KVM adjusts that by one read on a CPU behind as it is.
 */
static void remember_asleep(struct run *run, u64 raw)
{
	const struct machine *m = run->sim.machine;
	u64 last = 0, ahead = 0;

	for (u32 i = 0; i < run->sim.nr_vcpus; i++)
		if (run->vcpu[i].entered && run->vcpu[i].entered_raw > last)
			last = run->vcpu[i].entered_raw;
	for (u32 i = 0; i < m->nr_cpus; i++)
		if (m->skew_cycles[i] > (s64)ahead)
			ahead = m->skew_cycles[i];
	run->asleep_raw = last;
	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		struct vcpu_state *v = &run->vcpu[i];

		v->lost_cycles += raw + run->skew_spread;
		v->written = false;
		/* what it was due before is added up, and where it was isn't known */
		if (v->slept) {
			v->woken = false;
			continue;
		}
		v->slept = true;
		v->woken_low = sim_guest_tsc(m, &v->view, last);
		v->woken_high = sim_guest_tsc(m, &v->view, raw + ahead);
		v->woken = v->entered && !v->view.tsc_catchup &&
			   v->view.tsc_multiplier && !(v->woken_high >> 62) &&
			   v->view.virtual_tsc_khz <= MAX_GUEST_KHZ;
		v->entered = false;
	}
}

bool do_suspend(struct run *run, const struct event *event)
{
	struct subject_timekeeper_view was = run->timekeeper;
	u64 raw = sim_raw_tsc(&run->sim, 0);
	s64 cycle_ns = cycles_to_ns(run, 1) + 1;
	struct readings before, after;
	struct sim_read read;
	bool judged, wrapped = gap_wraps(run);

	/* Hyper-V's TSC isn't lost; nothing was done */
	if (run->sim.machine->clocksource == SUBJECT_CS_HYPERV_PAGE)
		return true;
	judged = read_all(run, &was, raw, &before) && !wrapped;
	/* it goes on from what it had come to */
	run->host_broken |= wrapped;
	remember_asleep(run, raw);
	if (!sim_event(&run->sim, event, &read))
		return false;
	run->sim.subject->view_vm(&run->vm);
	run->sim.subject->view_timekeeper(&run->timekeeper);
	run->tick_cycles = run->woken_cycles = run->sim.cycles;
	run->tick_ns[run->sim.host] = cycles_to_ns(run, run->sim.cycles);
	clear_ntp(run);
	run->host_moved = run->snapshot_broken = run->tsc_touched = true;
	/* if KVM sees that the TSC was set back: the boot CPU wakes first */
	run->tsc_write = (struct tsc_write){
		.any = run->tsc_write.any, .khz = run->tsc_write.khz,
		.known = run->tsc_write.known && run->asleep_raw > sim_raw_tsc(&run->sim, 0),
		.forgotten = true,
	};
	run->suspended = true;
	run->page_pending = true;
	run->moved.clock_restored = false;
	run->generation++;
	start_afresh(run);
	for (u32 i = 0; i < run->sim.machine->nr_vcpus; i++)
		run->vcpu[i].touched = true;
	forget_all_timers(run);
	if (run->vm.tsc_unstable)
		return false;
	if (!judged || !read_all(run, &run->timekeeper, sim_raw_tsc(&run->sim, 0), &after))
		return true;
	if (!check_moved(run, "host-monotonic", before.mono, after.mono, 0,
			 (s128)1 << (64 - was.shift + FINE)))
		return true;
	/* what KVM counts and CLOCK_REALTIME gain the same, within the RTC's error */
	check_moved(run, "host-realtime", before.real + after.raw - before.raw,
		    after.real, 0, (s128)1 << (64 - was.shift + FINE));
	run_check(run, &(struct verdict){
		.law = LAW_ROUNDTRIP, .clock = "host-raw",
		.function = "timekeeping_resume",
		.why = "the time asleep isn't the RTC's", .unit = "ns",
		.got = (after.raw - before.raw) >> FINE, .want = event->value,
		/* it begins and ends at whole cycles; cut to a ns */
		.low = -RTC_ERROR_NS - cycle_ns - 1, .high = RTC_ERROR_NS + cycle_ns,
	});
	return true;
}

/*
 * That a TSC was set back KVM sees by the one that a vCPU left at, and then on each CPU
 * that wakes with one further back: its adjustments add up to what the last of them
 * needs, which is the skew more than the boot CPU does.
 */
void check_woken(struct run *run, u32 nr)
{
	const struct machine *m = run->sim.machine;
	const struct vcpu_state *v = &run->vcpu[nr];
	u64 elapsed = run->sim.cycles - run->woken_cycles, tsc;
	u64 woken_raw = run->sim.hw.raw_tsc - elapsed - m->skew_cycles[run->sim.hw.cpu];
	bool seen = woken_raw < run->asleep_raw;
	/* in the guest's cycles */
	s128 late = run->skew_spread;

	if (m->tsc_frac_bits)
		late = ((u128)late * v->view.tsc_multiplier >> m->tsc_frac_bits) + 1;
	/* a scaled TSC is cut twice */
	tsc = sim_guest_tsc(m, &v->view, woken_raw);
	if (run_check(run, &(struct verdict){
		.law = LAW_ROUNDTRIP, .clock = "guest-TSC",
		.function = "adjust_tsc_offset_host", .event = "suspend",
		.why = "the TSC doesn't go on where the vCPU left it",
		.unit = "cycles", .got = (s128)v->woken_low + (s64)(tsc - v->woken_low),
		.want = v->woken_low, .low = -2,
		.high = (s128)(v->woken_high - v->woken_low) + 2 + late,
	    }) && seen && run->vm.use_master_clock)
		run_check(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "kvmclock",
			.function = "kvm_arch_enable_virtualization_cpu",
			.event = "suspend",
			.why = "its snapshot is of a TSC that the host has lost",
			.unit = "cycles", .got = run->snapshot_cycles,
			.want = run->woken_cycles, .high = (s128)1 << 64,
		});
}
