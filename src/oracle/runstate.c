// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM restores a Xen vCPU's runstate: as it was saved, or with the time that the
 * vCPU was away as offline.  And what else it does with a Xen vCPU's attributes.
 */
#include "timeline.h"

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

	/* what passed since isn't the state's alone */
	run->runstate[run->event->vcpu].set = false;
	for (int i = 0; i < SUBJECT_RUNSTATE_NR; i++)
		sum += old->time_ns[i];
	run->sim.subject->view_xen(run->event->vcpu, &now);
	if (!now.used || run->broken || sum != old->entry_ns || sum >> 62 ||
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
 * A timer that a VMM reads and sets is due when it was, or has come.  By which clock
 * it is armed anew is the VMM's doing: its drift isn't the guest's to explain.
 */
static void check_reloaded_timer(struct run *run, const struct subject_xen_view *old,
				 const struct subject_xen_view *now)
{
	run->xen_timer[run->event->vcpu].judged = false;
	run_check(run, &(struct verdict){
		.law = LAW_ROUNDTRIP, .clock = "xen-timer", .event = "xen-attr-reload",
		.function = "kvm_xen_vcpu_get_attr",
		.why = "a timer that was read and set is another",
		.unit = "ns", .got = now->expires_ns,
		.want = now->deliveries == old->deliveries ? old->expires_ns : 0,
	});
}

void check_xen_attr(struct run *run, const struct sim_read *read,
		    const struct subject_xen_view *before)
{
	struct vcpu_state *vcpu = &run->vcpu[run->event->vcpu];
	enum subject_xen_attr what = run->event->value;
	struct subject_clock clock;
	struct subject_xen_view now;

	run->sim.subject->view_xen(run->event->vcpu, &now);
	/* without memory there is nowhere to move to, and nothing to set it to */
	if (!now.used || (run->slot_gone && what < SUBJECT_XEN_WRONG))
		return;
	if (what >= SUBJECT_XEN_WRONG) {
		/* a clock below 0 is no end of time: the other one isn't after it */
		if (what == SUBJECT_XEN_FUTURE &&
		    (run->sim.subject->get_clock(&clock) || (s64)clock.clock_ns < 0))
			return;
		check_refused(run, read, before, &now);
	} else if (what == SUBJECT_XEN_RELOAD) {
		check_restore_runstate(run, read, before, 0);
		check_reloaded_timer(run, before, &now);
	} else if (run_check(run, &(struct verdict){
		.law = LAW_CONSERVE, .clock = "runstate",
		.function = "kvm_xen_vcpu_set_attr", .event = "xen-attr-refused",
		.why = "an attribute that is right was refused",
		.got = read->valid, .want = true,
	})) {
		if (what <= SUBJECT_XEN_BOTH)
			vcpu->two_copies = what == SUBJECT_XEN_BOTH;
		else
			vcpu->area_gone = what == SUBJECT_XEN_NO_AREA;
	}
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
