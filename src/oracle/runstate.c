// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM restores a Xen vCPU's runstate: as it was saved, or with the time that the
 * vCPU was away as offline.
 */
#include "timeline.h"

/*
 * Let E be the entry's time, t the four times, k KVM_GET_CLOCK there and a the time
 * away.  KVM takes it if and only if E + a <= k, for a state isn't entered in the
 * future; then E and offline's t grow by a and nothing else changes.  If not, nothing
 * does.  All are what was given, or one read of the same clock at one TSC: exact.
 *
 * Contract: E is the sum of t, as LAW_CONSERVE has it, and E + a doesn't wrap.
 */
void check_restore_runstate(struct run *run, const struct sim_read *read,
			    const struct subject_xen_view *before)
{
	const struct subject_runstate_view *old = &before->runstate;
	u64 away = run->event->value, sum = 0;
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
	away = read->valid ? away : 0;
	v.unit = "ns";
	v.got = now.runstate.entry_ns;
	v.want = sum + away;
	if (!run_check(run, &v))
		return;
	for (int i = 0; i < SUBJECT_RUNSTATE_NR; i++) {
		v.got = now.runstate.time_ns[i];
		v.want = old->time_ns[i] + (i == SUBJECT_RUNSTATE_OFFLINE ? away : 0);
		if (!run_check(run, &v))
			return;
	}
	v.unit = "";
	v.got = now.runstate.state;
	v.want = old->state;
	run_check(run, &v);
}
