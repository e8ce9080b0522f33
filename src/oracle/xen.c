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
		run->xen_timer[i].judged = run->xen_timer[i].quiet =
			run->lapic_timer[i].judged = false;
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
 * The clock that a timer is asked for on: the guest's own.  Without a master clock it is
 * not promised but where the host has just computed it.  A VMM may arm one before the
 * vCPU has ever had a clock; then it is KVM_GET_CLOCK's, on a CPU not behind its snapshot.
 */
static bool asked_clock(const struct run *run, u32 nr, bool updated, bool by_guest,
			s128 *own)
{
	const struct vcpu_state *vcpu = &run->vcpu[nr];
	struct subject_clock clock;

	/* what the guest has and KVM took for it may both be older than the snapshot */
	if (!by_guest && vcpu->stale)
		return false;
	if (!by_guest && !vcpu->view.updates) {
		if (vcpu->view.pvclock.version || !run->clock_sane ||
		    (run->vm.use_master_clock &&
		     (s64)(run->sim.hw.raw_tsc - run->vm.master_cycle_now) < 0) ||
		    !host_clock_promised(run) || run->sim.subject->get_clock(&clock))
			return false;
		*own = (s64)clock.clock_ns;
		return *own >= 0;
	}
	/* of the snapshot in force, too: a guest has just entered */
	if (run->vm.use_master_clock || !updated)
		return own_clock(run, nr, true, own) &&
		       (by_guest ||
			(vcpu->view.pvclock.system_time == snapshot_clock(run) &&
			 vcpu->view.pvclock.tsc_timestamp ==
			 sim_guest_tsc(run->sim.machine, &vcpu->view,
				       run->vm.master_cycle_now)));
	*own = tuple_exact(&vcpu->view.pvclock,
			   sim_guest_tsc(run->sim.machine, &vcpu->view,
					 run->sim.hw.raw_tsc));
	return run->clock_sane && *own == (s64)vcpu->view.pvclock.system_time &&
	       *own >= 0 && vcpu->view.hw_tsc_khz >= MIN_GUEST_KHZ &&
	       vcpu->view.hw_tsc_khz <= MAX_GUEST_KHZ && host_clock_promised(run);
}

/* Xen takes longer ones for mistakes, as negative times: "in 100 ms" */
#define XEN_FAR_NS (1ull << 50)
#define XEN_MISTAKE_NS 100000000

/*
 * How long from now @due is, by the guest's own clock @own; false where that isn't
 * promised.  KVM goes by its own clock, from which a scaled guest's is a kHz away at
 * most: so what is that close to too far may be either.
 */
static bool asked_for(u64 due, s128 own, bool by_guest, s128 *asked)
{
	s128 left = (s128)(s64)due - own;

	*asked = left > 0 ? left : 0;
	if (!by_guest || ((s64)due >= 0 && left < (s128)XEN_FAR_NS - (1ll << 41)))
		return true;
	*asked = XEN_MISTAKE_NS;
	return (s64)due < 0 || left > (s128)XEN_FAR_NS + (1ll << 41);
}

void check_hypercall(struct run *run, const struct sim_read *read)
{
	struct subject_xen_view now;

	/* memory for its clock wasn't there from the start */
	run->sim.subject->view_xen(run->event->vcpu, &now);
	if (!now.used)
		return;
	run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "xen-timer",
		.function = "kvm_xen_hcall_set_timer_op", .event = "xen-timer-refused",
		.why = "the guest is told that its timer can't be set",
		.unit = "", .got = read->valid, .want = true,
	});
}

/*
 * Nothing is left of a timer that was stopped, or has come once: neither does the host's
 * wait for it, nor is there a time that a VMM would save.
 */
static bool check_gone(struct run *run, u32 nr, const struct subject_xen_view *now)
{
	struct verdict v = {
		.law = LAW_DEADLINE, .clock = "xen-timer",
		.function = "kvm_xen_stop_timer", .event = "xen-timer-stopped",
		.why = "it was stopped or has come, and its time is still there",
		.unit = "ns", .got = (s64)now->expires_ns,
	};

	if (!run_check(run, &v))
		return false;
	v.why = "it was stopped or has come, and is still armed, or waits for its vCPU";
	v.unit = "";
	v.got = now->armed || now->pending;
	if (!run_check(run, &v))
		return false;
	run->xen_timer[nr].deliveries = now->deliveries;
	run->xen_timer[nr].quiet = true;
	return true;
}

/*
 * A timer is armed for as long from now as the guest has asked for, on the guest's
 * own clock: to the ns, for KVM reads the guest's own pair and the host's clock at one
 * TSC.  Where it goes by another clock than the guest's, the difference is explained:
 * the host's, which a scaled guest's gains on, or a snapshot that didn't reach the guest.
 * One that isn't in the future comes at once, by the event's last entry; a VMM's waits
 * for one.
 */
void check_xen_arm(struct run *run, u64 due, const struct subject_xen_view *before,
		   bool updated, bool by_guest)
{
	u32 nr = run->event->vcpu;
	const struct vcpu_state *vcpu = &run->vcpu[nr];
	struct armed *timer = &run->xen_timer[nr];
	struct subject_xen_view now;
	u64 elapsed;
	struct verdict v;
	s128 own, asked, off, slack;
	s64 cycle_ns;

	run->sim.subject->view_xen(nr, &now);
	*timer = (struct armed){
		.deliveries = now.deliveries, .due = due,
		.generation = run->generation, .cycles = run->sim.cycles,
		.since = run->snapshot_cycles, .monotonic_ns = now.monotonic_ns,
	};
	if (run->broken || run->slot_gone)
		return;
	if (!due) {
		check_gone(run, nr, &now);
		return;
	}
	if (!asked_clock(run, nr, updated, by_guest, &own) ||
	    !asked_for(due, own, by_guest, &asked))
		return;
	v = (struct verdict){
		.law = LAW_DEADLINE, .clock = "xen-timer",
		.function = "kvm_xen_start_timer",
		.why = "it is armed for another time than the guest asked for",
		.event = by_guest ? NULL :
			 vcpu->view.updates ? "xen-timer" : "xen-timer-before-clock",
		.unit = "ns", .want = asked,
		.got = now.armed ? (s128)now.armed_for_ns - now.monotonic_ns : 0,
	};
	/* by this CPU's counter, which may be ahead */
	elapsed = cycles_to_ns(run, run->sim.hw.raw_tsc - run->vm.master_cycle_now);
	cycle_ns = vcpu->view.updates ? guest_cycle_ns(run, &vcpu->view) : 0;
	if (now.armed && !now.expires_ns) {
		v.why = "it has come, and an older one is left armed";
		v.event = "xen-timer-left";
		v.want = 0;
		run_fail(run, &v);
		return;
	}
	off = v.got - v.want;
	slack = 3 + cycle_ns + (elapsed >> 29);
	/* a scaled guest's pair and its host's are other numbers */
	if (cycle_ns) {
		v.low = -slack;
		v.high = slack;
	} else if (run->sim.cycles != run->began_cycles) {
		/* the APIC waited meanwhile: what passed, rounded down on either clock */
		v.low = -1;
		v.high = 1;
	}
	/* first: the copy that missed an update is of an older snapshot than KVM's */
	if (vcpu->stale) {
		/* what KVM has, and the guest should have */
		s128 newest = (s128)(s64)snapshot_clock(run) + elapsed;
		s128 late = v.got - (s128)(now.armed ? (s128)due - newest : 0);
		s128 most = slack + clock_drift(run, elapsed) +
			    cut_khz(elapsed, cycle_ns, vcpu->view.hw_tsc_khz);

		if ((late >= -most && late <= most) ||
		    (!now.armed && (s128)due - newest <= most)) {
			v.why = "it is armed by a clock that the guest doesn't have";
			v.event = "xen-timer-stale";
		}
	}
	if ((!v.event || !by_guest) && cycle_ns && off >= 0 &&
	    off <= slack + cut_khz(elapsed, cycle_ns, vcpu->view.hw_tsc_khz))
		v.event = "xen-timer" SCALED;
	if (!run_check(run, &v))
		return;
	if (now.armed) {
		/* what a VMM reads: the time asked for, or that of the mistake */
		timer->due = asked == (s128)(s64)due - own ? due : (u64)(own + asked);
		v.why = "its time isn't that which the guest asked for";
		v.function = "kvm_xen_vcpu_get_attr";
		v.event = "xen-timer-expires";
		v.got = (s64)now.expires_ns;
		v.want = (s64)timer->due;
		/* a mistake's is KVM's clock and 100 ms */
		if (timer->due != due) {
			v.low -= slack + cut_khz(elapsed, cycle_ns, vcpu->view.hw_tsc_khz);
			v.high += slack;
		}
		timer->judged = (vcpu->stale || run_check(run, &v)) &&
				own_clock(run, nr, false, &own);
	} else if (by_guest && check_gone(run, nr, &now)) {
		v.why = "it was due at once, and didn't come";
		v.event = "xen-timer-lost";
		v.unit = "";
		v.got = now.deliveries > before->deliveries;
		v.want = true;
		v.low = v.high = 0;
		run_check(run, &v);
	}
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

	if (!timer->judged && !timer->quiet)
		return;
	run->sim.subject->view_xen(nr, &now);
	if (timer->quiet) {
		timer->quiet = run_check(run, &(struct verdict){
			.law = LAW_DEADLINE, .clock = "xen-timer",
			.function = "kvm_xen_inject_timer_irqs",
			.event = "xen-timer-again",
			.why = "none is armed, and one comes",
			.unit = "", .got = now.deliveries, .want = timer->deliveries,
		});
		return;
	}
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
	if (delivered && !run->broken)
		check_gone(run, nr, &now);
}

/* ---- the shared info page ---------------------------------------------------- */

/*
 * Its wall clock is the epoch that any guest gets.  A reader that finds the same even
 * version before and after takes what it read for whole: so each update's is another.
 */
void check_shared_info(struct run *run, const struct sim_read *read,
		       const struct subject_xen_view *before)
{
	u32 which = run->event->value, old = before->shared_info_version[which], new;
	struct subject_xen_view now;
	struct verdict v = {
		.law = LAW_SEQUENCE, .clock = "xen-wall-clock",
		.function = "kvm_xen_shared_info_init", .event = "left-odd",
		.why = "an update is over, and readers still wait for its end",
		.unit = "",
	};

	if (run->xen_64_bit == which) {
		run->xen_64_bit = !which;
		for (u32 i = 0; i < run->sim.nr_vcpus; i++)
			run->vcpu[i].area_unmapped = true;
	}
	if (run->slot_gone)
		return;
	run->sim.subject->view_xen(0, &now);
	new = now.shared_info_version[which];
	v.got = new & 1;
	if (!run_check(run, &v))
		return;
	v.event = "xen-shared-info";
	v.why = "an update has the version of the one before";
	v.got = new == old;
	if (!run_check(run, &v))
		return;
	v.why = "the page is there, and isn't taken";
	v.got = read->valid;
	v.want = true;
	if (run_check(run, &v))
		check_wall_clock(run, read);
}

/* ---- runstates --------------------------------------------------------------- */

/*
 * What lies in the guest's memory is what KVM accounts; where KVM was told to leave it
 * alone, nothing.  It can't be written where 64 bits' need memory that isn't there.
 */
void check_area(struct run *run, const struct subject_xen_view *now)
{
	static const struct subject_runstate_view nothing;
	const struct vcpu_state *vcpu = &run->vcpu[run->event->vcpu];
	bool gone = vcpu->area_gone || vcpu->area_refused;
	const struct subject_runstate_view *kvm = gone ? &nothing : &now->runstate;
	const struct subject_runstate_view *guest = &now->guest_runstate;
	struct verdict v = {
		.law = LAW_CONSERVE, .clock = "runstate-area",
		.function = "kvm_xen_update_runstate_guest",
		.why = "the guest's copy isn't what KVM accounts",
		.event = gone ? (vcpu->area_refused ? "runstate-area-refused" :
						      "runstate-area-gone") : NULL,
		.unit = "ns", .got = guest->entry_ns, .want = kvm->entry_ns,
	};

	/* bit 63 of the entry's time says "being written" there */
	if (run->broken || run->slot_gone || (vcpu->area_ends && run->xen_64_bit) ||
	    now->runstate.entry_ns >> 63)
		return;
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
	if (!run_check(run, &v))
		return;
	v.why = "what lies between the guest's state and its times isn't KVM's to write";
	v.got = now->area_padding;
	v.want = 0;
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

/* A vCPU that was in none yet was offline, since kvmclock was 0. */
static void check_first(struct run *run, const struct subject_runstate_view *old,
			const struct subject_runstate_view *new)
{
	for (u32 i = 0; i < SUBJECT_RUNSTATE_OFFLINE; i++)
		if (!run_check(run, &(struct verdict){
			.law = LAW_CONSERVE, .clock = "runstate",
			.function = "kvm_xen_update_runstate",
			.why = "a vCPU that was never seen wasn't offline",
			.unit = "ns", .got = (s64)new->time_ns[i],
			.want = (s64)old->time_ns[i],
		    }))
			return;
}

void check_runstate(struct run *run, const struct subject_xen_view *before, u32 state)
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
	run_check(run, &(struct verdict){
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_update_runstate",
		.why = "the vCPU is in another state", .unit = "",
		.got = now.runstate.state, .want = state,
	});
	if (!before->runstate.entry_ns)
		check_first(run, &before->runstate, &now.runstate);
	/*
	 * Before 6.3 a VMM's change reaches the guest with the next of KVM's own.  A vCPU
	 * that is preempted can't wait for pages that have to be looked up.
	 */
	if (now.area_prompt || (run->event->kind == EVENT_RUNSTATE &&
				state <= SUBJECT_RUNSTATE_RUNNABLE)) {
		if (state != SUBJECT_RUNSTATE_RUNNABLE)
			run->vcpu[nr].area_unmapped = false;
		if (!run->vcpu[nr].area_unmapped)
			check_area(run, &now);
	}
	new.set = !run->broken && run->clock_sane && host_clock_promised(run) &&
		  check_entry(run, now.runstate.entry_ns) &&
		  /* 0 is "not entered yet" to KVM; a clock set close to it isn't kvmclock's */
		  (s64)now.runstate.entry_ns > 0;
	if (base->set && new.set && base->generation == new.generation && !run->broken)
		check_parts(run, base, &new);
	new.set &= !run->broken;
	*base = new;
}
