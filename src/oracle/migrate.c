// SPDX-License-Identifier: GPL-2.0-only
/*
 * Save, move, restore: law roundtrip over what a VMM reads on one host and writes
 * on another, or on the same.
 *
 * Contract: what is compared was read and written by KVM's documented interface
 * and no time passed in between on that host; how long the VM was away is the
 * VMM's business, and shown by the report.  A vCPU's TSC by MSR is promised to a
 * VM whose TSCs nobody wrote before, and for vCPUs of the first one's rate whose TSCs
 * fit its offset on the new host: writes within a second of each other are one.
 */
#include "timeline.h"

/*
 * What the guest reads where and when its clock is saved.  As long as its tuple is
 * the snapshot's, and both of them are in the past on that CPU.
 */
static void remember_clock(struct run *run, u32 cpu)
{
	const struct machine *m = run->sim.machine;
	u64 raw = sim_raw_tsc(&run->sim, cpu);
	/* by the counters: that CPU's may be ahead */
	u64 elapsed = cycles_to_ns(run, raw - run->vm.master_cycle_now);
	s128 ns;

	run->moved.clock_restored = false;
	/* one that is plugged in later read nothing */
	for (u32 i = run->sim.nr_vcpus; i < SUBJECT_MAX_VCPUS; i++)
		run->moved.clock[i].promised = false;
	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		const struct subject_vcpu_view *v = &run->vcpu[i].view;
		const struct subject_pvclock *pv = &v->pvclock;
		u64 tsc = sim_guest_tsc(m, v, raw);
		struct moved_clock *clock = &run->moved.clock[i];

		clock->promised = in_contract(run, i) && !run->snapshot_broken &&
			!m->early_tsc_khz && !v->tsc_catchup &&
			run->vm.use_master_clock &&
			pv->flags & SUBJECT_PVCLOCK_TSC_STABLE &&
			pv->system_time == snapshot_clock(run) &&
			pv->tsc_timestamp ==
				sim_guest_tsc(m, v, run->vm.master_cycle_now) &&
			(s64)tsc > 0 && (s64)(tsc - pv->tsc_timestamp) >= 0 &&
			(s64)pv->system_time >= 0 &&
			(s64)(raw - run->vm.master_cycle_now) >= 0 &&
			/* read_tsc() doesn't say more than RDTSC */
			host_ns(run, raw, &ns);
		if (!clock->promised)
			continue;
		clock->ns = tuple_exact(pv, tsc);
		clock->cycle_ns = guest_cycle_ns(run, v);
		/* the guest's pair and the host's are other numbers */
		clock->slack = clock->cycle_ns + (elapsed >> 29) + 3;
		clock->cut = cut_khz(elapsed, clock->cycle_ns, v->hw_tsc_khz);
	}
}

void remember_saved(struct run *run, const struct event *event)
{
	if (event->kind == EVENT_SAVE_CLOCK)
		remember_clock(run, event->cpu);
	else if (event->kind == EVENT_MIGRATE &&
		 run->sim.saved.clock_of != run->sim.nr_vms)
		remember_clock(run, 0);
}

/* Another host's rates, and another VM: nothing is measured across. */
void enter_host(struct run *run)
{
	const struct machine *m = run->sim.machine;
	s64 low = 0, high = 0;

	for (u32 i = 0; i < m->nr_cpus; i++) {
		s64 skew = m->skew_cycles[i];

		low = skew < low ? skew : low;
		high = skew > high ? skew : high;
	}
	run->skew_spread = high - low;
	run->sim.subject->view_timekeeper(&run->timekeeper);
	run->tick_cycles = run->sim.cycles;
	run->host_broken = false;
	run->rate_denominator = 2ull * run->timekeeper.mult;
	run->resolution_ns = clock_resolution_ns(m);
}

void check_migrate(struct run *run, u32 from)
{
	bool unticked;

	if (run->sim.host != from)
		enter_host(run);
	unticked = gap_wraps(run);
	run->generation++;
	start_afresh(run);
	run->clock_sane = true;
	run->tsc_touched = true;
	run->tsc_written = 0;
	run->moved.clock_restored = false;
	run->moved.tsc_is_new = true;
	run->rebase = UPDATE DRIFT;
	for (u32 i = 0; i < run->sim.machine->nr_vcpus; i++) {
		run->asked[i] = ASKED_BY_EVENT;
		run->timer[i] = (struct timer){ 0 };
		run->vcpu[i] = (struct vcpu_state){
			.wrapped = unticked,
			/* the memory that was away is another VM's now */
			.stop_unclear = run->vcpu[i].stop_unclear || run->vcpu[i].stop_missed,
			.told_stopped = run->vcpu[i].told_stopped,
		};
		run->sim.subject->view_vcpu(i, &run->vcpu[i].view);
	}
	/* what is in the page is judged again from the next one on */
	run->page_pending = true;
	run->page_sequence = run->vm.page_sequence;
	run->snapshot_cycles = run->sim.cycles;
	run->snapshot_broken = run->vm.use_master_clock && !check_snapshot(run);
}

/* Each TSC, on the CPU where it was written. */
void check_restore_tsc(struct run *run)
{
	const struct sim_saved *saved = &run->sim.saved;
	const struct machine *m = run->sim.machine;
	bool is_new = run->moved.tsc_is_new;

	run->tsc_touched = true;
	forget_all_timers(run);
	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		run->vcpu[i].woken = false;
		remember_tsc(run, i);
	}
	start_afresh(run);
	run->page_pending |= saved->hv.reference_tsc;
	run->moved.tsc_is_new = false;
	run->tsc_written = (1u << saved->nr_vcpus) - 1;
	if (!is_new || run->event->value || m->early_tsc_khz ||
	    saved->machine->early_tsc_khz)
		return;
	for (u32 i = 0; i < saved->nr_vcpus; i++) {
		const struct subject_vcpu_view *v = &run->vcpu[i].view;
		u64 raw = sim_raw_tsc(&run->sim, run->sim.vcpu_cpu[i]);

		if (!v->tsc_multiplier || !run->vcpu[0].view.tsc_multiplier ||
		    (saved->tsc[i] - 1) >> 62 ||
		    v->virtual_tsc_khz < MIN_GUEST_KHZ ||
		    v->virtual_tsc_khz > MAX_GUEST_KHZ ||
		    /* one with another rate, or that its offset doesn't fit */
		    v->virtual_tsc_khz != run->vcpu[0].view.virtual_tsc_khz ||
		    (i && sim_guest_tsc(m, &run->vcpu[0].view, raw) !=
		     saved->tsc[i]))
			return;
		if (!run_check(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "guest-TSC",
			.function = "kvm_synchronize_tsc",
			.why = "the restored TSC isn't the saved one",
			.unit = "cycles",
			.got = sim_guest_tsc(m, v, raw), .want = saved->tsc[i],
		    }))
			return;
	}
}

/*
 * KVM_GET_CLOCK gives what KVM_SET_CLOCK was given, at once and on that CPU; with
 * KVM_CLOCK_REALTIME, and what CLOCK_REALTIME has gone forward by since.
 */
void check_restore_clock(struct run *run)
{
	const struct sim_saved *saved = &run->sim.saved;
	struct subject_clock now;
	s128 ns, passed_ns = 0;

	run->moved.clock_restored = false;
	if (!saved->clock_of || run->sim.subject->get_clock(&now))
		return;
	if (run->event->value && saved->clock.flags & SUBJECT_CLOCK_REALTIME) {
		if (!(now.flags & SUBJECT_CLOCK_REALTIME))
			return;
		/* it may wrap a little before the snapshot does */
		if (!host_realtime_ns(run, run->sim.hw.raw_tsc, &ns) ||
		    (s128)now.realtime_ns != ns)
			return;
		if (now.realtime_ns > saved->clock.realtime_ns)
			passed_ns = now.realtime_ns - saved->clock.realtime_ns;
	}
	if (run->snapshot_broken || saved->clock.clock_ns > SET_CLOCK_MAX_NS ||
	    passed_ns > SET_CLOCK_MAX_NS || !host_ns(run, run->sim.hw.raw_tsc, &ns))
		return;
	run->moved.clock_restored =
		run_check(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "KVM_GET_CLOCK",
			.function = "kvm_vm_ioctl_set_clock",
			.why = "the restored clock isn't the saved one",
			.unit = "ns", .got = (s64)now.clock_ns,
			.want = (s128)saved->clock.clock_ns + passed_ns,
		}) &&
		/* else by ktime_get_raw(), which is later left for another */
		run->vm.use_master_clock;
	run->moved.passed_ns = passed_ns;
	run->moved.cycles = run->sim.cycles;
	run->moved.raw_tsc = run->sim.hw.raw_tsc;
}

/*
 * The guest enters for the first time, no time after the clock was restored: it
 * reads what it read when the clock was saved.  To the ns: both are the host's pair
 * and a snapshot; a scaled guest's cycle is rounded once more.
 */
void check_arrival(struct run *run, u32 nr)
{
	const struct subject_vcpu_view *now = &run->vcpu[nr].view;
	const struct moved_clock *saved = &run->moved.clock[nr];
	struct verdict v;
	s64 cycle_ns;

	if (!run->moved.clock_restored || run->sim.cycles != run->moved.cycles ||
	    !saved->promised || run->snapshot_broken || run->broken ||
	    !run->vm.use_master_clock || run->sim.machine->early_tsc_khz ||
	    !in_contract(run, nr))
		return;
	cycle_ns = guest_cycle_ns(run, now);
	if (cycle_ns < saved->cycle_ns)
		cycle_ns = saved->cycle_ns;
	v = (struct verdict){
		.law = LAW_ROUNDTRIP, .clock = "kvmclock",
		.function = "kvm_vm_ioctl_set_clock", .event = "restore-clock",
		.why = "the restored clock isn't the saved one",
		.unit = "ns",
		.got = tuple_exact(&now->pvclock,
				   sim_guest_tsc(run->sim.machine, now,
						 run->moved.raw_tsc)),
		.want = saved->ns + run->moved.passed_ns,
		.low = -cycle_ns, .high = cycle_ns,
	};
	if (saved->cycle_ns && v.got - v.want <= (s128)saved->slack &&
	    v.want - v.got <= (s128)(saved->slack + saved->cut))
		v.event = "restore-clock" SCALED;
	run_check(run, &v);
}
