// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM restores a Xen vCPU's runstate: as it was saved, or with the time that the
 * vCPU was away as offline.  And what else it does with a Xen vCPU's attributes.
 */
#include "timeline.h"

/* To a VMM an ioctl's error is negative, and what isn't an error is 0. */
static bool check_ioctl(struct run *run, const struct sim_read *read)
{
	return run_check(run, &(struct verdict){
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_vcpu_set_attr", .event = "xen-attr",
		.why = "an attribute is neither taken nor refused",
		.unit = "", .got = (s64)read->value, .low = -4095,
	});
}

/* @now is @old, @away longer offline; what isn't is told as @v. */
static bool check_same(struct run *run, struct verdict *v,
		       const struct subject_runstate_view *old,
		       const struct subject_runstate_view *now, u64 away)
{
	v->unit = "ns";
	v->got = now->entry_ns;
	v->want = old->entry_ns + away;
	if (!run_check(run, v))
		return false;
	for (int i = 0; i < SUBJECT_RUNSTATE_NR; i++) {
		v->got = now->time_ns[i];
		v->want = old->time_ns[i] + (i == SUBJECT_RUNSTATE_OFFLINE ? away : 0);
		if (!run_check(run, v))
			return false;
	}
	v->unit = "";
	v->got = now->state;
	v->want = old->state;
	return run_check(run, v);
}

/*
 * Let E be the entry's time, t the four times, k KVM_GET_CLOCK there and a the time
 * away.  KVM takes it if and only if E + a <= k, for a state isn't entered in the
 * future; then E and offline's t grow by a and nothing else changes.  If not, nothing
 * does.  All are what was given, or one read of the same clock at one TSC: exact.
 *
 * Contract: E is the sum of t, as LAW_CONSERVE has it, and E + a doesn't wrap.
 */
void check_restore_runstate(struct run *run, const struct sim_read *read,
			    const struct subject_xen_view *before, u64 away)
{
	const struct subject_runstate_view *old = &before->runstate;
	u64 sum = 0;
	struct subject_xen_view now;
	struct subject_clock clock;
	struct verdict v = {
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_vcpu_set_attr", .event = "runstate-restore",
		.why = "a restored runstate isn't what was given",
	};

	/*
	 * What passed since isn't the state's alone; as it was saved it is, but what the
	 * thread has waited until now is no longer asked.
	 */
	if (read->valid && away)
		run->runstate[run->event->vcpu].set = false;
	else if (read->valid)
		run->runstate[run->event->vcpu].run_delay =
			run->sim.run_delay[run->event->vcpu];
	for (int i = 0; i < SUBJECT_RUNSTATE_NR; i++)
		sum += old->time_ns[i];
	run->sim.subject->view_xen(run->event->vcpu, &now);
	if (!now.used || !check_ioctl(run, read) || sum != old->entry_ns || sum >> 62 ||
	    run->sim.subject->get_clock(&clock))
		return;
	v.got = read->valid;
	v.want = clock.clock_ns >= sum + away;
	if (!run_check(run, &v))
		return;
	check_same(run, &v, old, &now.runstate, read->valid ? away : 0);
}

/* What KVM doesn't take changes nothing. */
static void check_refused(struct run *run, const struct sim_read *read,
			  const struct subject_xen_view *old,
			  const struct subject_xen_view *now)
{
	struct verdict v = {
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_vcpu_set_attr", .event = "xen-attr-wrong",
		.why = "a wrong attribute was taken", .got = read->valid,
	};

	if (!run_check(run, &v))
		return;
	v.why = "an attribute that was refused changed something";
	if (!check_same(run, &v, &old->runstate, &now->runstate, 0))
		return;
	v.unit = "ns";
	v.got = now->expires_ns;
	v.want = old->expires_ns;
	run_check(run, &v);
}

/*
 * A timer that a VMM reads, and sets if @set, is due when it was, or has come: one that
 * the host has seen expire, and that waits for its vCPU, may come by the read.  By which
 * clock it is armed anew is the VMM's doing: its drift isn't the guest's to explain.
 */
static void check_reloaded_timer(struct run *run, const struct subject_xen_view *old,
				 const struct subject_xen_view *now, bool set)
{
	bool waits = old->expires_ns && !old->armed;
	bool came = now->deliveries != old->deliveries;
	struct verdict v = {
		.law = LAW_ROUNDTRIP, .clock = "xen-timer", .event = "xen-attr-reload",
		.function = "kvm_xen_vcpu_get_attr",
		.why = "a timer that was read and set is another",
		.unit = "ns", .got = now->expires_ns,
		.want = came ? 0 : old->expires_ns,
	};

	if (set)
		run->xen_timer[run->event->vcpu].judged = false;
	run->xen_timer[run->event->vcpu].quiet = false;
	if (!run_check(run, &v))
		return;
	v.why = "a timer has expired, and its vCPU sleeps on";
	v.unit = "";
	v.got = old->wakes;
	v.want = true;
	if (waits && !run_check(run, &v))
		return;
	v.why = "a timer that was read comes";
	v.got = came;
	v.want = false;
	if (!set && !waits && !run_check(run, &v))
		return;
	v.why = "a timer that was read isn't armed";
	v.got = now->armed;
	v.want = true;
	if (!set && old->armed)
		run_check(run, &v);
}

/*
 * More time of each state, as struct subject_runstate_view has it; if and only if the
 * state's entry isn't in the future then.  All is exact: sums of what is given, and one
 * read of kvmclock.
 *
 * Contract: the times sum to the entry's, as LAW_CONSERVE has it, and don't wrap.
 */
static void check_given(struct run *run, const struct sim_read *read,
			const struct subject_xen_view *before,
			const struct subject_xen_view *now)
{
	enum subject_xen_attr what = run->event->value;
	const struct subject_runstate_view *old = &before->runstate;
	struct subject_runstate_view want = { 0 };
	u64 sum = 0, total = SUBJECT_XEN_PARTS_NS;
	struct subject_clock clock;
	struct verdict v = {
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_vcpu_set_attr", .event = "runstate-adjust",
		.why = "a runstate that is right was refused, or a wrong one taken",
		.got = read->valid,
	};

	run->runstate[run->event->vcpu].set = false;
	for (int i = 0; i < SUBJECT_RUNSTATE_NR; i++)
		sum += old->time_ns[i];
	if (run->broken || run->sim.subject->get_clock(&clock))
		return;
	if (what != SUBJECT_XEN_GIVEN) {
		if (sum != old->entry_ns || sum >> 62)
			return;
		want = *old;
	}
	if (what == SUBJECT_XEN_ADJUST && (s64)(clock.clock_ns - sum) > (s64)total)
		total = clock.clock_ns - sum;
	v.want = clock.clock_ns >= want.entry_ns + total;
	if (!run_check(run, &v))
		return;
	v.why = "a runstate isn't what was given";
	if (!read->valid) {
		check_same(run, &v, old, &now->runstate, 0);
		return;
	}
	subject_add_xen_parts(&want, total);
	if (what == SUBJECT_XEN_GIVEN)
		want.state = SUBJECT_RUNSTATE_BLOCKED;
	if (what == SUBJECT_XEN_ADJUST_STATE) {
		u64 passed = clock.clock_ns - want.entry_ns;
		u64 waited = now->runstate.time_ns[SUBJECT_RUNSTATE_RUNNABLE] -
			     want.time_ns[SUBJECT_RUNSTATE_RUNNABLE];

		/* what of it a vCPU that ran waited for a CPU, check_parts() knows */
		if (old->state == SUBJECT_RUNSTATE_RUNNING) {
			want.time_ns[SUBJECT_RUNSTATE_RUNNABLE] += waited;
			passed -= waited;
		}
		want.time_ns[old->state] += passed;
		want.entry_ns = clock.clock_ns;
		want.state = SUBJECT_RUNSTATE_OFFLINE;
	}
	if (check_same(run, &v, &want, &now->runstate, 0) &&
	    what != SUBJECT_XEN_GIVEN && now->area_prompt)
		check_area(run, now);
}

/* Where its area is to be; in @gone memory there is none. */
static void check_place(struct run *run, const struct sim_read *read,
			const struct subject_xen_view *now)
{
	struct vcpu_state *vcpu = &run->vcpu[run->event->vcpu];
	enum subject_xen_attr what = run->event->value;
	struct verdict v = {
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_vcpu_set_attr", .event = "xen-attr-refused",
		.why = "an attribute that is right was refused",
		.got = read->valid, .want = true,
	};

	/* both came with 6.3: that it may cross pages, and is there at once */
	if ((what == SUBJECT_XEN_END_AREA && run->xen_64_bit && now->area_prompt) ||
	    (run->slot_gone && what != SUBJECT_XEN_NO_AREA)) {
		v.event = "xen-attr-wrong";
		v.why = "there is no memory, and it was taken";
		v.want = false;
	}
	if (!run_check(run, &v))
		return;
	vcpu->area_gone = what == SUBJECT_XEN_NO_AREA;
	vcpu->area_refused = !read->valid;
	vcpu->area_ends = what == SUBJECT_XEN_END_AREA;
	vcpu->area_unmapped = false;
	if (now->area_prompt)
		check_area(run, now);
}

void check_xen_attr(struct run *run, const struct sim_read *read,
		    const struct subject_xen_view *before)
{
	u32 nr = run->event->vcpu;
	enum subject_xen_attr what = run->event->value;
	struct subject_clock clock;
	struct subject_xen_view now;
	struct verdict v = {
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_vcpu_set_attr", .event = "xen-attr-refused",
		.why = "an attribute that is right was refused",
		.got = read->valid, .want = true,
	};

	run->sim.subject->view_xen(nr, &now);
	if (!now.used || !check_ioctl(run, read))
		return;
	if (what >= SUBJECT_XEN_WRONG) {
		/* a clock below 0 is no end of time: the other one isn't after it */
		if (what == SUBJECT_XEN_FUTURE &&
		    (run->sim.subject->get_clock(&clock) || (s64)clock.clock_ns < 0))
			return;
		check_refused(run, read, before, &now);
		return;
	}
	if (what >= SUBJECT_XEN_AREA && what <= SUBJECT_XEN_NO_AREA) {
		check_place(run, read, &now);
		return;
	}
	if (what >= SUBJECT_XEN_ADJUST && what <= SUBJECT_XEN_GIVEN) {
		check_given(run, read, before, &now);
		return;
	}
	if (what == SUBJECT_XEN_CURRENT) {
		if (run_check(run, &v))
			check_runstate(run, before, before->runstate.state);
		return;
	}
	if (what == SUBJECT_XEN_ARM || what == SUBJECT_XEN_DISARM) {
		if (!run_check(run, &v))
			return;
		if (what == SUBJECT_XEN_DISARM)
			check_xen_arm(run, 0, before, false, false);
		else if (!run->sim.subject->get_clock(&clock))
			check_xen_arm(run, clock.clock_ns + SUBJECT_XEN_ARM_NS, before,
				      false, false);
		return;
	}
	/* without memory there is nowhere to move to, and nothing to set it to */
	if (run->slot_gone)
		return;
	if (what == SUBJECT_XEN_RELOAD || what == SUBJECT_XEN_READ) {
		v.why = "attributes that were read can't be set";
		if (what == SUBJECT_XEN_RELOAD)
			check_restore_runstate(run, read, before, 0);
		else if (run_check(run, &v))
			check_same(run, &v, &before->runstate, &now.runstate, 0);
		check_reloaded_timer(run, before, &now, what == SUBJECT_XEN_RELOAD);
	} else if (run_check(run, &v)) {
		run->vcpu[nr].two_copies = what == SUBJECT_XEN_BOTH;
		run->vcpu[nr].clock_moved = true;
		run->vcpu[nr].moved_updates = run->vcpu[nr].view.updates;
	}
}

/* Before the guest goes on, its clock is where it was moved to. */
void check_moved_clock(struct run *run, u32 nr)
{
	run->vcpu[nr].clock_moved = false;
	if (run->slot_gone)
		return;
	run_check(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "kvmclock", .event = "xen-attr",
		.function = "kvm_xen_vcpu_set_attr",
		.why = "the guest has entered, and the clock's new place isn't written",
		.unit = "", .want = true,
		.got = run->vcpu[nr].view.updates != run->vcpu[nr].moved_updates,
	});
}

/* Both are written by one update: what the guest's kernel reads is one clock. */
void check_copies(struct run *run, u32 nr)
{
	const struct subject_pvclock *one = &run->vcpu[nr].view.pvclock;
	struct subject_xen_view xen;
	struct verdict v = {
		.law = LAW_AGREE, .clock = "kvmclock", .event = "xen-copies",
		.function = "kvm_setup_guest_pvclock",
		.why = "the copy in vcpu_info is another clock's",
	};

	run->sim.subject->view_xen(nr, &xen);
	v.unit = "ns";
	v.got = xen.copy.system_time;
	v.want = one->system_time;
	if (!run_check(run, &v))
		return;
	v.unit = "cycles";
	v.got = xen.copy.tsc_timestamp;
	v.want = one->tsc_timestamp;
	if (!run_check(run, &v))
		return;
	v.unit = "";
	v.got = xen.copy.tsc_to_system_mul;
	v.want = one->tsc_to_system_mul;
	if (!run_check(run, &v))
		return;
	v.got = xen.copy.tsc_shift;
	v.want = one->tsc_shift;
	if (!run_check(run, &v))
		return;
	v.got = xen.copy.flags & SUBJECT_PVCLOCK_TSC_STABLE;
	v.want = one->flags & SUBJECT_PVCLOCK_TSC_STABLE;
	run_check(run, &v);
}
