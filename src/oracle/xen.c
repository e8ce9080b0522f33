// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen guests: the one-shot timer on their kvmclock, and where a vCPU's time went.
 */
#include <string.h>

#include "timeline.h"

#define ENDLESS ((s128)1 << 100)

bool host_clock_promised(const struct run *run)
{
	s128 ns;

	return !run->sim.machine->early_tsc_khz && !run->snapshot_broken &&
	       !run->host_broken &&
	       host_ns(run, run->sim.hw.raw_tsc, &ns) &&
	       !((ns - run->timekeeper.base_ns) >> (63 - run->timekeeper.shift));
}

u64 clock_drift(const struct run *run, u64 ns)
{
	/* CLOCK_MONOTONIC may be slewed by 500 ppm, to a bit of mult */
	u64 slewed = run->host_slewed ? ns / 2000 + 2 * (ns / run->rate_denominator) : 0;

	return ns / run->rate_denominator + (ns >> 30) + slewed +
	       2 * cycles_to_ns(run, run->skew_spread) +
	       2 * run->resolution_ns + 5;
}

void forget_timers(struct run *run)
{
	for (u32 i = 0; i < SUBJECT_MAX_VCPUS; i++)
		run->xen_timer[i].judged = run->lapic_timer[i].judged = false;
}

/* ---- the timer ------------------------------------------------------------- */

/*
 * What vCPU @nr's guest reads of its kvmclock here and now, from the copy in its own
 * memory; false where that isn't promised.  A copy that missed an update is the
 * guest's clock all the same, if @stale is.
 */
static bool own_clock(const struct run *run, u32 nr, bool stale, s128 *ns)
{
	const struct vcpu_state *vcpu = &run->vcpu[nr];
	const struct subject_vcpu_view *v = &vcpu->view;
	u64 tsc = sim_guest_tsc(run->sim.machine, v, run->sim.hw.raw_tsc);

	*ns = tuple_exact(&v->pvclock, tsc);
	return run->clock_sane && !vcpu->touched && !vcpu->other_khz &&
	       (!vcpu->stale || stale) && v->updates && v->tsc_multiplier &&
	       !v->tsc_catchup && v->hw_tsc_khz >= MIN_GUEST_KHZ &&
	       v->hw_tsc_khz <= MAX_GUEST_KHZ && run->vm.use_master_clock &&
	       v->pvclock.flags & SUBJECT_PVCLOCK_TSC_STABLE &&
	       (s64)(tsc - v->pvclock.tsc_timestamp) >= 0 &&
	       (s64)v->pvclock.system_time >= 0 &&
	       (s64)(run->sim.hw.raw_tsc - run->vm.master_cycle_now) >= 0 &&
	       host_clock_promised(run);
}

/*
 * A timer is armed for as long from now as the guest has asked for, on the guest's
 * own clock.  KVM cuts both clocks to a ns.  Where it goes by another clock than the
 * guest's, the difference is explained: the host's, which a scaled guest's gains on,
 * or a snapshot that didn't reach the guest.
 */
void check_xen_arm(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	const struct vcpu_state *vcpu = &run->vcpu[nr];
	struct armed *timer = &run->xen_timer[nr];
	u64 asked = run->event->value;
	struct subject_xen_view now;
	u64 elapsed;
	struct verdict v;
	s128 own, off, slack;
	s64 cycle_ns;

	run->sim.subject->view_xen(nr, &now);
	run_show(run, "xen-timer", "ns", read, false, 0);
	*timer = (struct armed){
		.deliveries = now.deliveries, .due = read->value,
		.generation = run->generation, .cycles = run->sim.cycles,
		.since = run->snapshot_cycles, .monotonic_ns = now.monotonic_ns,
	};
	/*
	 * beyond 2^50 ns KVM takes it for a mistake, as Xen does; by its own clock, from
	 * which a scaled guest's is a kHz away at most
	 */
	if (run->broken || run->slot_gone || asked > (1ull << 50) - (1ull << 41) ||
	    !own_clock(run, nr, true, &own) || (s128)read->value != own + asked)
		return;
	v = (struct verdict){
		.law = LAW_DEADLINE, .clock = "xen-timer",
		.function = "kvm_xen_start_timer",
		.why = "it is armed for another time than the guest asked for",
		.unit = "ns", .want = asked,
		.got = now.armed ? now.armed_for_ns - now.monotonic_ns : 0,
		.low = -1, .high = 1,
	};
	/* by this CPU's counter, which may be ahead */
	elapsed = cycles_to_ns(run, run->sim.hw.raw_tsc - run->vm.master_cycle_now);
	cycle_ns = guest_cycle_ns(run, &vcpu->view);
	if (now.armed && !now.expires_ns) {
		v.why = "it has come, and an older one is left armed";
		v.event = "xen-timer-left";
		v.want = 0;
		v.high = 0;
		run_fail(run, &v);
		return;
	}
	off = v.got - v.want;
	slack = 3 + cycle_ns + (elapsed >> 29);
	/* a scaled guest's pair and its host's are other numbers */
	if (cycle_ns) {
		v.low = -slack;
		v.high = slack;
	}
	/* first: the copy that missed an update is of an older snapshot than KVM's */
	if (vcpu->stale) {
		/* what KVM has, and the guest should have */
		s128 newest = (s128)(s64)snapshot_clock(run) + elapsed;
		s128 late = v.got - (s128)(now.armed ? (s128)read->value - newest : 0);
		s128 most = slack + clock_drift(run, elapsed) +
			    cut_khz(elapsed, cycle_ns, vcpu->view.hw_tsc_khz);

		if ((late >= -most && late <= most) ||
		    (!now.armed && (s128)read->value - newest <= most)) {
			v.why = "it is armed by a clock that the guest doesn't have";
			v.event = "xen-timer-stale";
		}
	}
	if (!v.event && cycle_ns && off >= 0 &&
	    off <= slack + cut_khz(elapsed, cycle_ns, vcpu->view.hw_tsc_khz))
		v.event = "xen-timer" SCALED;
	timer->judged = run_check(run, &v) && now.armed &&
			own_clock(run, nr, false, &own);
}

/*
 * After an entry: what was delivered was due on the guest's own clock, and what is
 * due was delivered.  The host's clock that the timer goes by and the guest's drift
 * apart meanwhile, and a new snapshot brings in what they drifted before; a scaled
 * guest's steps back by what it gained.  A host that slews its clock is out.
 */
void check_xen_timer(struct run *run, u32 nr)
{
	struct armed *timer = &run->xen_timer[nr];
	const struct subject_vcpu_view *view = &run->vcpu[nr].view;
	struct subject_xen_view now;
	struct verdict v;
	u64 elapsed, drift, slack, passed;
	bool delivered;
	s128 own, slewed;

	if (!timer->judged)
		return;
	run->sim.subject->view_xen(nr, &now);
	delivered = now.deliveries != timer->deliveries;
	elapsed = cycles_to_ns(run, run->sim.cycles - timer->cycles);
	passed = cycles_to_ns(run, run->sim.cycles - timer->since +
				   run->skew_spread);
	drift = clock_drift(run, passed);
	slewed = (s128)now.monotonic_ns - timer->monotonic_ns - elapsed;
	if (run->broken || timer->generation != run->generation ||
	    !own_clock(run, nr, false, &own) ||
	    slewed > drift || -slewed > (s128)drift) {
		timer->judged = false;
		return;
	}
	slack = 2 * drift + cut_khz(passed, guest_cycle_ns(run, view),
				    view->hw_tsc_khz);
	v = (struct verdict){
		.law = LAW_DEADLINE, .clock = "xen-timer",
		.function = "xen_timer_callback",
		.why = "it expired before its time on the guest's clock",
		.event = "xen-timer-early",
		.unit = "ns", .got = own, .want = timer->due,
		.low = -(s128)slack, .high = ENDLESS,
	};
	if (!delivered) {
		v.why = "it is due on the guest's clock, and hasn't come";
		v.event = "xen-timer-late";
		v.low = -ENDLESS;
		v.high = slack;
	}
	timer->judged = run_check(run, &v) && !delivered;
}

/* ---- the shared info page ---------------------------------------------------- */

/* Its wall clock is the epoch that any guest gets. */
void check_shared_info(struct run *run, const struct sim_read *read)
{
	if (read->valid)
		check_wall_clock(run, read);
}

/* ---- runstates --------------------------------------------------------------- */

/* What lies in the guest's memory is what KVM accounts. */
static void check_area(struct run *run, const struct subject_xen_view *now)
{
	const struct subject_runstate_view *kvm = &now->runstate;
	const struct subject_runstate_view *guest = &now->guest_runstate;
	struct verdict v = {
		.law = LAW_CONSERVE, .clock = "runstate-area",
		.function = "kvm_xen_update_runstate_guest",
		.why = "the guest's copy isn't what KVM accounts",
		.unit = "ns", .got = guest->entry_ns, .want = kvm->entry_ns,
	};

	if (!run_check(run, &v))
		return;
	for (int i = 0; i < SUBJECT_RUNSTATE_NR; i++) {
		v.got = guest->time_ns[i];
		v.want = kvm->time_ns[i];
		if (!run_check(run, &v))
			return;
	}
	v.unit = "";
	v.got = guest->state;
	v.want = kvm->state;
	run_check(run, &v);
}

/*
 * The entry's time is kvmclock, as the VMM reads it here: exactly where the counter
 * is past the snapshot, as law signed allows before it.  A scaled guest's own clock
 * is ahead by what it gained.
 */
static bool check_entry(struct run *run, u64 entry_ns)
{
	struct subject_clock clock;
	struct guest_clock guest;
	struct verdict v;
	s64 delta;
	u64 tsc;

	if (run->sim.subject->get_clock(&clock))
		return false;
	tsc = kvmclock_counter(&clock, run->sim.hw.raw_tsc);
	delta = tsc - run->vm.master_cycle_now;
	if (run->vm.use_master_clock && delta < 0) {
		struct subject_pvclock pv = host_tuple(run);

		check_signed(run, "runstate", "kvm_xen_update_runstate", "runstate",
			     entry_ns, snapshot_clock(run),
			     cycles_to_ns(run, -(u64)delta), unsigned_read(&pv, tsc));
		return false;
	}
	v = (struct verdict){
		.law = LAW_AGREE, .clock = "runstate",
		.function = "kvm_xen_update_runstate",
		.why = "the state isn't entered at KVM_GET_CLOCK",
		.unit = "ns", .got = (s64)entry_ns, .want = (s64)clock.clock_ns,
	};
	if (!run_check(run, &v))
		return false;
	if (tsc != run->sim.hw.raw_tsc ||
	    !guest_clock(run, run->sim.hw.raw_tsc, &guest))
		return true;
	v.why = "the state's entry and the guest's kvmclock part at one TSC";
	v.want = guest.ns;
	v.low = -(s128)guest.slack;
	v.high = guest.slack;
	if (v.got < v.want && v.want - v.got <= (s128)(guest.slack + guest.cut))
		v.event = "runstate" SCALED;
	run_check(run, &v);
	return true;
}

/*
 * What passed since the last change belongs to the state that was left; of a vCPU that
 * ran, what its thread waited for a CPU belongs to runnable.  Each is a difference of
 * two times of kvmclock, off as its rate is, and stepped by each snapshot since.
 */
static void check_parts(struct run *run, const struct runstate *old,
			const struct runstate *new)
{
	u64 elapsed = cycles_to_ns(run, new->cycles - old->cycles);
	u64 steal = cycles_to_ns(run, new->run_delay) - cycles_to_ns(run, old->run_delay);
	u64 slack = clock_drift(run, cycles_to_ns(run, new->cycles - old->since));
	bool ran = old->view.state == SUBJECT_RUNSTATE_RUNNING;

	for (u32 i = 0; i < SUBJECT_RUNSTATE_NR; i++) {
		s128 want = 0, off = 0;

		if (i == old->view.state) {
			want = (s128)elapsed - (ran ? steal : 0);
			off = slack;
		} else if (ran && i == SUBJECT_RUNSTATE_RUNNABLE) {
			want = steal;	/* no kvmclock is read for it */
		}
		if (!run_check(run, &(struct verdict){
			.law = LAW_CONSERVE, .clock = "runstate",
			.function = "kvm_xen_update_runstate",
			.why = "a state's time isn't what passed in it",
			.unit = "ns",
			.got = (s64)(new->view.time_ns[i] - old->view.time_ns[i]),
			.want = want, .low = -off, .high = off,
		    }))
			return;
	}
}

void check_runstate(struct run *run)
{
	u32 nr = run->event->vcpu;
	struct runstate *base = &run->runstate[nr], new = {
		.cycles = run->sim.cycles, .since = run->snapshot_cycles,
		.run_delay = run->sim.run_delay[nr], .generation = run->generation,
	};
	struct subject_xen_view now;
	u64 sum = 0;

	run->sim.subject->view_xen(nr, &now);
	if (!now.used)
		return;
	new.view = now.runstate;
	for (int i = 0; i < SUBJECT_RUNSTATE_NR; i++)
		sum += now.runstate.time_ns[i];
	run_check(run, &(struct verdict){
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_update_runstate",
		.event = "runstate-sum",
		.why = "the times don't sum to that of the state's entry",
		.unit = "ns", .got = sum, .want = now.runstate.entry_ns,
	});
	/*
	 * Before 6.3 a VMM's change reaches the guest with the next of KVM's own.  Bit
	 * 63 of the entry's time says "being written" there.
	 */
	if (!run->broken && !run->slot_gone && !run->vcpu[nr].area_gone &&
	    !(now.runstate.entry_ns >> 63) && run->event->value <= SUBJECT_RUNSTATE_RUNNABLE)
		check_area(run, &now);
	new.set = !run->broken && run->clock_sane && host_clock_promised(run) &&
		  check_entry(run, now.runstate.entry_ns) &&
		  /* 0 is "not entered yet" to KVM; a clock set close to it isn't kvmclock's */
		  (s64)now.runstate.entry_ns > 0;
	if (base->set && new.set && base->generation == new.generation && !run->broken)
		check_parts(run, base, &new);
	new.set &= !run->broken;
	*base = new;
}
