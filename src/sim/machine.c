// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <string.h>
#include "machine.h"

u64 machine_true_ns(const struct machine *machine, u64 cycles)
{
	/* The wide division costs five times the narrow one. */
	if (cycles < 1ull << 44)
		return cycles * 1000000 / machine->tsc_khz;
	return (u128)cycles * 1000000 / machine->tsc_khz;
}

static u64 ns_to_cycles(const struct machine *machine, u64 ns)
{
	if (ns < 1ull << 40)
		return ns * machine->tsc_khz / 1000000;
	return (u128)ns * machine->tsc_khz / 1000000;
}

u64 sim_raw_tsc(const struct sim *sim, u32 cpu)
{
	return sim->machine->boot_tsc + sim->machine->skew_cycles[cpu] +
	       sim->cycles - sim->tsc_lost[sim->host];
}

u64 sim_guest_tsc(const struct machine *machine,
		  const struct subject_vcpu_view *vcpu, u64 raw)
{
	if (machine->tsc_frac_bits)
		raw = (u128)raw * vcpu->tsc_multiplier >> machine->tsc_frac_bits;
	return raw + vcpu->tsc_offset;
}

static void select_cpu(struct sim *sim, u32 cpu)
{
	sim->hw.cpu = cpu;
	sim->hw.raw_tsc = sim_raw_tsc(sim, cpu);
}

/* And what hardware counts with it. */
void sim_set_time(struct sim *sim, u64 cycles)
{
	sim->cycles = cycles;
	sim->hw.other_ns = machine_true_ns(sim->machine, cycles);
}

static struct subject_config config_of(const struct machine *m, u32 nr_vcpus)
{
	return (struct subject_config){
		.tsc_khz = m->tsc_khz,
		.nr_cpus = m->nr_cpus,
		.nr_vcpus = nr_vcpus,
		.clocksource = m->clocksource,
		.tsc_frac_bits = m->tsc_frac_bits,
		.realtime_ns = m->realtime_ns,
		.early_tsc_khz = m->early_tsc_khz ?: m->tsc_khz,
	};
}

/* The hardware of @host at true time 0. */
static void power_on(struct sim *sim, u32 host)
{
	const struct machine *machine = &sim->hosts[host];

	sim->host = host;
	sim->machine = machine;
	sim->entered |= 1u << host;
	sim->max_cycles = ns_to_cycles(machine, SIM_MAX_NS);
	sim_set_time(sim, 0);
	select_cpu(sim, 0);
	/*
	 * The hypervisor below keeps 10^7 units a second, from 0 at boot:
	 * scale = 2^64 * 10^7 / (tsc_khz * 1000).
	 */
	if (machine->clocksource == SUBJECT_CS_HYPERV_PAGE) {
		sim->hw.hv_scale = ((u128)10000 << 64) / machine->tsc_khz;
		sim->hw.hv_offset_100ns =
			-(s64)((u128)sim->hw.raw_tsc * sim->hw.hv_scale >> 64);
	}
}

void sim_boot(struct sim *sim, const struct machine *hosts,
	      const struct subject *subject, u32 nr_vcpus)
{
	struct subject_config config = config_of(hosts, nr_vcpus);

	memset(sim, 0, offsetof(struct sim, saved));
	sim->saved.tsc_of = sim->saved.clock_of = 0;
	sim->saved.tsc_restored = sim->saved.clock_restored = false;
	sim->hosts = hosts;
	sim->guest = sim->subject = subject;
	sim->nr_vcpus = nr_vcpus;
	sim->nr_vms = 1;
	interleave_cancel();
	power_on(sim, 0);
	subject->boot(&config, &sim->hw);
}

static const struct subject *subject_of(const struct sim *sim, u32 host)
{
	const struct subject *subject = sim->guest;

	while (host-- && subject->successor)
		subject = subject->successor;
	return subject;
}

/*
 * The VM arrives on @host at this very moment, rounded up to that host's cycle.
 * Every host booted at true time 0; this one's timekeeper has been ticking since.
 */
static void go_to_host(struct sim *sim, u32 host)
{
	u64 from_khz = sim->machine->tsc_khz;
	u64 khz = sim->hosts[host].tsc_khz;
	u64 now = ((u128)sim->cycles * khz + from_khz - 1) / from_khz;
	struct subject_config config;
	bool again = sim->entered & 1u << host;

	sim->subject = subject_of(sim, host);
	power_on(sim, host);
	config = config_of(sim->machine, sim->nr_vcpus);
	sim->subject->enter_host(host, again ? NULL : &config, &sim->hw);
	if (now > sim->max_cycles)
		sim->max_cycles = now;
	sim_set_time(sim, now);
	select_cpu(sim, 0);
	sim->subject->tick();
}

static void read_clock(struct sim *sim, struct sim_read *read)
{
	struct subject_clock clock = { 0 };

	if (sim->subject->get_clock(&clock))
		return;
	read->valid = true;
	read->value = clock.clock_ns;
	read->realtime_ns = clock.realtime_ns;
	read->flags = clock.flags;
	read->tsc = clock.flags & SUBJECT_CLOCK_HOST_TSC ? clock.host_tsc :
							   sim->hw.raw_tsc;
}

static void enter(struct sim *sim, u32 vcpu)
{
	u64 waited;

	/*
	 * KVM waits for a timer that is to be due when the guest is there; what is
	 * due by then interrupts the guest at once.
	 */
	do {
		select_cpu(sim, sim->vcpu_cpu[vcpu]);
		sim->subject->run_vcpu(vcpu);
		waited = sim->hw.raw_tsc - sim_raw_tsc(sim, sim->hw.cpu);
		if (waited)
			sim_set_time(sim, sim->cycles + waited);
	} while (waited);
}

static void enter_for_stimer(struct sim *sim, u32 vcpu, struct sim_read *read)
{
	struct subject_stimer_view view;

	enter(sim, vcpu);
	sim->subject->view_stimer(vcpu, &view);
	read->deliveries = view.deliveries;
}

static u64 enter_and_rdtsc(struct sim *sim, u32 vcpu)
{
	struct subject_vcpu_view view;

	enter(sim, vcpu);
	sim->subject->view_vcpu(vcpu, &view);
	/* it is L1 that reads */
	if (view.in_l2) {
		sim->subject->nested(vcpu, SUBJECT_NESTED_EXIT);
		sim->subject->view_vcpu(vcpu, &view);
	}
	return sim_guest_tsc(sim->machine, &view, sim->hw.raw_tsc);
}

u64 sim_hv_clock(const struct sim *sim, u64 tsc)
{
	struct subject_vm_view vm;
	u64 time;

	sim->subject->view_vm(&vm);
	if (vm.page_enabled && sim->guest->guest_read_tsc_page(tsc, &time))
		return time;
	return sim->subject->reference_counter();
}

static bool pass_time(struct sim *sim, u64 cycles)
{
	if (cycles > sim->max_cycles - sim->cycles)
		return false;
	sim_set_time(sim, sim->cycles + cycles);
	return true;
}

/* ---- migration ------------------------------------------------------------ */

static u64 now_ns(const struct sim *sim)
{
	return machine_true_ns(sim->machine, sim->cycles);
}

static void save_tsc(struct sim *sim)
{
	struct sim_saved *saved = &sim->saved;

	saved->tsc_of = sim->nr_vms;
	saved->tsc_ns = now_ns(sim);
	saved->tsc_restored = false;
	saved->machine = sim->machine;
	saved->nr_vcpus = sim->nr_vcpus;
	for (u32 i = 0; i < sim->nr_vcpus; i++) {
		sim->subject->view_vcpu(i, &saved->vcpu[i]);
		saved->tsc[i] = sim_guest_tsc(sim->machine, &saved->vcpu[i],
					      sim_raw_tsc(sim, sim->vcpu_cpu[i]));
	}
	sim->subject->get_hv_msrs(&saved->hv);
}

static void save_clock(struct sim *sim, u32 cpu)
{
	struct sim_saved *saved = &sim->saved;

	select_cpu(sim, cpu);
	if (sim->subject->get_clock(&saved->clock))
		return;
	saved->clock_of = sim->nr_vms;
	saved->machine = sim->machine;
	saved->clock_ns = now_ns(sim);
	saved->clock_restored = false;
}

static void migrate(struct sim *sim, u32 host)
{
	if (sim->saved.tsc_of != sim->nr_vms)
		save_tsc(sim);
	if (sim->saved.clock_of != sim->nr_vms)
		save_clock(sim, 0);
	if (host != sim->host)
		go_to_host(sim, host);
	subject_refuel();
	select_cpu(sim, 0);
	sim->subject->create_vm(sim->nr_vcpus);
	sim->nr_vms++;
}

/*
 * Documentation/virt/kvm/devices/vcpu.rst, KVM_VCPU_TSC_OFFSET: the guest's TSC has
 * gone on for as long as its restored clock has.  Where the host's TSC is scaled, the
 * guest's share of it is meant.
 */
static u64 migrated_offset(const struct sim *sim, u32 nr,
			   const struct subject_vcpu_view *now,
			   const struct subject_clock *dest)
{
	const struct sim_saved *saved = &sim->saved;
	const struct subject_vcpu_view *src = &saved->vcpu[nr];
	struct subject_vcpu_view unshifted = *now;
	s64 passed_ns = dest->clock_ns - saved->clock.clock_ns;
	s64 passed = (s128)passed_ns * src->virtual_tsc_khz / 1000000;

	unshifted.tsc_offset = 0;
	return sim_guest_tsc(saved->machine, src, saved->clock.host_tsc) + passed -
	       sim_guest_tsc(sim->machine, &unshifted, dest->host_tsc);
}

static void restore_tsc(struct sim *sim, bool by_offset)
{
	const struct subject *subject = sim->subject;
	struct sim_saved *saved = &sim->saved;
	struct subject_clock clock = { 0 };
	struct subject_vcpu_view now;

	if (!saved->tsc_of)
		return;
	/* without these there is nothing to reckon with */
	by_offset = by_offset && saved->clock_of == saved->tsc_of &&
		    saved->clock_restored &&
		    saved->clock.flags & SUBJECT_CLOCK_HOST_TSC &&
		    !subject->get_clock(&clock) &&
		    clock.flags & SUBJECT_CLOCK_HOST_TSC;
	for (u32 i = 0; i < saved->nr_vcpus; i++) {
		subject_refuel();
		select_cpu(sim, sim->vcpu_cpu[i]);
		subject->view_vcpu(i, &now);
		if (now.virtual_tsc_khz != saved->vcpu[i].virtual_tsc_khz)
			subject->set_tsc_khz(i, saved->vcpu[i].virtual_tsc_khz);
		subject->view_vcpu(i, &now);
		if (by_offset)
			subject->set_tsc_offset(i, migrated_offset(sim, i, &now,
								   &clock));
		else
			subject->write_tsc(i, saved->tsc[i], true);
	}
	subject->set_hv_msrs(&saved->hv);
	saved->tsc_restored = true;
	saved->tsc_restored_ns = now_ns(sim);
}

static void restore_clock(struct sim *sim, u32 cpu, bool realtime)
{
	struct sim_saved *saved = &sim->saved;
	struct subject_clock clock = saved->clock;

	if (!saved->clock_of)
		return;
	clock.flags &= realtime ? SUBJECT_CLOCK_REALTIME : 0;
	select_cpu(sim, cpu);
	sim->subject->set_clock(&clock);
	saved->clock_restored = true;
	saved->clock_restored_ns = now_ns(sim);
}

/*
 * As L1 computes it from the frequency that it knows; what its hardware doesn't have
 * it doesn't ask for.  On VMX L1 must run to write its VMCS; AMD's MSR can also be
 * written while L2 runs, by the VMM or by an L2 that is let.
 */
static void set_l2_khz(struct sim *sim, const struct event *event)
{
	const struct subject *subject = sim->subject;
	u8 frac = sim->machine->tsc_frac_bits;
	struct subject_vcpu_view view;
	u128 ratio;

	subject->view_vcpu(event->vcpu, &view);
	if (!frac || !view.virtual_tsc_khz)
		return;
	ratio = event->value ? ((u128)event->value << frac) / view.virtual_tsc_khz :
			       1ull << frac;
	if (!ratio || ratio >> (frac == 32 ? 40 : 64))
		return;
	if (frac != 32)
		subject->nested(event->vcpu, SUBJECT_NESTED_EXIT);
	subject->set_l2_tsc_multiplier(event->vcpu, ratio);
}

/* ---- runstates ------------------------------------------------------------- */

static void set_runstate(struct sim *sim, u32 vcpu, enum subject_runstate state)
{
	struct subject_xen_view view;

	sim->subject->view_xen(vcpu, &view);
	/* who was preempted waits in the scheduler's queue until now */
	if (view.runstate.state == SUBJECT_RUNSTATE_RUNNABLE)
		sim->run_delay[vcpu] += sim->cycles - sim->preempted[vcpu];
	sim->preempted[vcpu] = sim->cycles;
	sim->subject->xen_set_runstate(vcpu, state,
			machine_true_ns(sim->machine, sim->run_delay[vcpu]));
}

/*
 * The whole machine's TSCs start anew when it wakes: that of the CPU furthest behind
 * from 0.  A guest of Hyper-V's doesn't lose its TSC.
 */
static bool sleep_and_wake(struct sim *sim, u64 cycles)
{
	const struct machine *m = sim->machine;
	s64 behind = 0;

	if (m->clocksource == SUBJECT_CS_HYPERV_PAGE)
		return true;
	if (cycles > sim->max_cycles - sim->cycles)
		return false;
	select_cpu(sim, 0);
	sim->subject->suspend();
	pass_time(sim, cycles);
	for (u32 cpu = 0; cpu < m->nr_cpus; cpu++)
		if (m->skew_cycles[cpu] < behind)
			behind = m->skew_cycles[cpu];
	sim->tsc_lost[sim->host] = m->boot_tsc + behind + sim->cycles;
	for (u32 cpu = 0; cpu < m->nr_cpus; cpu++) {
		select_cpu(sim, cpu);
		sim->subject->resume(!cpu);
	}
	select_cpu(sim, 0);
	return true;
}

/* The guest runs; @value as of EVENT_LAPIC_TIMER, @read tells the TSC, and learns the MSR. */
static void write_lapic(struct sim *sim, u32 vcpu, enum subject_lapic_mode mode, u64 value,
			struct sim_read *read)
{
	struct subject_lapic_view view;
	u32 count = LAPIC_TIMER_COUNT(value);

	sim->subject->view_lapic(vcpu, &view);
	read->deliveries = view.deliveries;
	if (mode == SUBJECT_LAPIC_MSR || mode == SUBJECT_LAPIC_MSR_PAST) {
		read->value = mode == SUBJECT_LAPIC_MSR_PAST ? read->tsc - count :
			      count ? read->tsc + count : 0;
		sim->subject->write_tsc_deadline(vcpu, read->value);
		return;
	}
	sim->subject->write_lapic_timer(vcpu, mode, LAPIC_TIMER_DIVIDE(value), count);
}

static bool act(struct sim *sim, const struct event *event, struct sim_read *read)
{
	const struct subject *subject = sim->subject;
	u64 preempted;
	u8 flags = 0;

	read->valid = false;
	if (event->vcpu >= sim->nr_vcpus)
		return true;
	switch ((enum event_kind)event->kind) {
	case EVENT_ADVANCE_NS:
	case EVENT_ADVANCE_CYCLES:
		return pass_time(sim, event->kind == EVENT_ADVANCE_CYCLES ?
				 event->value :
				 ns_to_cycles(sim->machine, event->value));
	case EVENT_TICK:
		select_cpu(sim, event->cpu);
		subject->tick();
		return true;
	case EVENT_RUN_VCPU:
		sim->vcpu_cpu[event->vcpu] = event->cpu;
		enter(sim, event->vcpu);
		return true;
	case EVENT_MASTERCLOCK:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->request_masterclock(event->vcpu);
		return true;
	case EVENT_WRITE_TSC_HOST:
	case EVENT_WRITE_TSC_GUEST:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->write_tsc(event->vcpu, event->value,
				   event->kind == EVENT_WRITE_TSC_HOST);
		return true;
	case EVENT_SET_TSC_OFFSET:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		read->valid = !subject->set_tsc_offset(event->vcpu, event->value);
		return true;
	case EVENT_SET_TSC_KHZ:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		read->valid = !subject->set_tsc_khz(event->vcpu, event->value);
		return true;
	case EVENT_GET_CLOCK:
		select_cpu(sim, event->cpu);
		read_clock(sim, read);
		return true;
	case EVENT_SET_CLOCK:
	case EVENT_SET_CLOCK_REALTIME: {
		struct subject_clock clock = { .clock_ns = event->value };

		if (event->kind == EVENT_SET_CLOCK_REALTIME) {
			clock.flags = SUBJECT_CLOCK_REALTIME;
			clock.realtime_ns = sim->machine->realtime_ns +
				machine_true_ns(sim->machine, sim->cycles);
		}
		select_cpu(sim, event->cpu);
		read->valid = !subject->set_clock(&clock);
		return true;
	}
	case EVENT_WRITE_TSC_PAGE:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		if (event->value >= SUBJECT_PAGE_LAST && !sim->hw.memory_fault) {
			interleave_cancel();
			sim->hw.memory.tsc_page[0] = 0xfffffffe + event->value -
						     SUBJECT_PAGE_LAST;
		}
		subject->write_tsc_page(event->vcpu, event->value);
		if (event_enters(event))
			enter(sim, event->vcpu);
		return true;
	case EVENT_SAVE_TSC:
		save_tsc(sim);
		return true;
	case EVENT_SAVE_CLOCK:
		save_clock(sim, event->cpu);
		return true;
	case EVENT_MIGRATE:
		/* what was seen of another VM is nobody's any more */
		interleave_cancel();
		migrate(sim, event->value);
		return true;
	case EVENT_RESTORE_TSC:
		restore_tsc(sim, event->value);
		return true;
	case EVENT_RESTORE_CLOCK:
		restore_clock(sim, event->cpu, event->value);
		return true;
	case EVENT_READ_HV_CLOCK:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = sim->guest->guest_read_hv_clock(read->tsc);
		read->valid = true;
		return true;
	case EVENT_READ_SCHED_CLOCK:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = sim->guest->guest_read_sched_clock(read->tsc);
		read->valid = true;
		return true;
	case EVENT_HIBERNATE:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		sim->guest->guest_hibernate(read->tsc, event->value);
		read->value = sim->guest->guest_read_sched_clock(read->tsc);
		read->valid = true;
		return true;
	case EVENT_STIMER_CONFIG:
		enter_for_stimer(sim, event->vcpu, read);
		subject->write_stimer_config(event->vcpu, event->value);
		enter(sim, event->vcpu);
		return true;
	case EVENT_STIMER_ARM: {
		struct subject_stimer_view timer;
		u64 units = event->value / 100;

		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		subject->view_stimer(event->vcpu, &timer);
		read->deliveries = timer.deliveries;
		if (!timer.periodic)
			units += sim_hv_clock(sim, read->tsc);
		read->value = units;
		subject->write_stimer_count(event->vcpu, units);
		enter(sim, event->vcpu);
		return true;
	}
	case EVENT_MESSAGE_SLOT:
		enter_for_stimer(sim, event->vcpu, read);
		subject->set_message_slot(event->vcpu, event->value);
		enter(sim, event->vcpu);
		return true;
	case EVENT_REENLIGHTENMENT:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->set_reenlightenment(event->vcpu, event->value);
		return true;
	case EVENT_READ_PVCLOCK:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = sim->guest->guest_read_pvclock(event->vcpu, read->tsc,
							  &flags);
		read->flags = flags;
		read->valid = true;
		return true;
	case EVENT_READ_TSC_PAGE:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->valid = sim->guest->guest_read_tsc_page(read->tsc, &read->value);
		return true;
	case EVENT_READ_REFERENCE:
		select_cpu(sim, event->cpu);
		read->value = subject->reference_counter();
		read->tsc = sim->hw.raw_tsc;
		read->valid = true;
		return true;
	case EVENT_READ_WALL_CLOCK:
		select_cpu(sim, event->cpu);
		preempted = ns_to_cycles(sim->machine, event->value);
		if (preempted > sim->max_cycles - sim->cycles)
			return false;
		sim->hw.preempted_cycles = preempted;
		read->value = subject->wall_clock_epoch();
		sim->hw.preempted_cycles = 0;
		/* if nothing could come between, it comes now */
		pass_time(sim, preempted);
		select_cpu(sim, event->cpu);
		read->tsc = sim->hw.raw_tsc;
		read->valid = true;
		return true;
	case EVENT_HOTPLUG_VCPU:
		if (sim->nr_vcpus == sim->machine->nr_vcpus)
			return true;
		sim->vcpu_cpu[sim->nr_vcpus] = event->cpu;
		select_cpu(sim, event->cpu);
		subject->hotplug_vcpu();
		sim->nr_vcpus++;
		return true;
	case EVENT_NESTED_OFFSET:
		enter(sim, event->vcpu);
		subject->nested(event->vcpu, SUBJECT_NESTED_EXIT);
		subject->set_l2_tsc_offset(event->vcpu, event->value);
		return true;
	case EVENT_NESTED_KHZ:
		enter(sim, event->vcpu);
		set_l2_khz(sim, event);
		return true;
	case EVENT_NESTED:
		/* which may take time; what follows doesn't */
		enter(sim, event->vcpu);
		subject->nested(event->vcpu, event->value);
		return true;
	case EVENT_READ_L2_TSC: {
		struct subject_vcpu_view l2 = { 0 };
		struct subject_nested_view nested;

		enter(sim, event->vcpu);
		subject->view_nested(event->vcpu, &nested);
		l2.tsc_offset = nested.hardware.offset;
		l2.tsc_multiplier = nested.hardware.multiplier;
		read->tsc = sim->hw.raw_tsc;
		read->value = sim_guest_tsc(sim->machine, &l2, read->tsc);
		subject->view_vcpu(event->vcpu, &l2);
		read->valid = l2.in_l2;
		return true;
	}
	case EVENT_SUSPEND:
		return sleep_and_wake(sim, ns_to_cycles(sim->machine, event->value));
	case EVENT_NTP_SLEW:
		select_cpu(sim, event->cpu);
		subject->ntp_slew((s64)event->value);
		return true;
	case EVENT_STEP_REALTIME:
		select_cpu(sim, event->cpu);
		subject->step_realtime(event->value);
		return true;
	case EVENT_CLOCKSOURCE:
		select_cpu(sim, event->cpu);
		subject->set_clocksource(event->value ? SUBJECT_CS_OTHER :
					 sim->machine->clocksource);
		return true;
	case EVENT_XEN_SHARED_INFO:
		select_cpu(sim, event->cpu);
		read->valid = subject->xen_shared_info(event->value, &read->value);
		read->tsc = sim->hw.raw_tsc;
		return true;
	case EVENT_XEN_TIMER:
	case EVENT_XEN_TIMER_AT:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->xen_vcpu(event->vcpu);
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = event->value;
		if (event->kind == EVENT_XEN_TIMER)
			read->value += sim->guest->guest_read_pvclock(event->vcpu, read->tsc,
								      &flags);
		read->valid = !subject->xen_set_timer(event->vcpu, read->value);
		read->flags = flags;
		enter(sim, event->vcpu);
		return true;
	case EVENT_RUNSTATE:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->xen_vcpu(event->vcpu);
		set_runstate(sim, event->vcpu, event->value);
		return true;
	case EVENT_RESTORE_RUNSTATE:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->xen_vcpu(event->vcpu);
		read->value = (s64)subject->xen_restore_runstate(event->vcpu, event->value,
				machine_true_ns(sim->machine,
						sim->run_delay[event->vcpu]));
		read->valid = !read->value;
		return true;
	case EVENT_XEN_ATTR:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->xen_vcpu(event->vcpu);
		read->value = (s64)subject->xen_attr(event->vcpu, event->value,
				machine_true_ns(sim->machine,
						sim->run_delay[event->vcpu]));
		read->valid = !read->value;
		return true;
	case EVENT_STEAL: {
		u64 cycles = ns_to_cycles(sim->machine, event->value);

		sim->run_delay[event->vcpu] += cycles;
		return pass_time(sim, cycles);
	}
	case EVENT_SLOT:
		subject->set_slot_gone(event->value);
		return true;
	case EVENT_TSC_DEADLINE:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = read->tsc + event->value;
		read->valid = true;
		write_lapic(sim, event->vcpu, SUBJECT_LAPIC_LVT_DEADLINE, 0, read);
		subject->write_tsc_deadline(event->vcpu, read->value);
		enter(sim, event->vcpu);
		return true;
	case EVENT_LAPIC_TIMER:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		write_lapic(sim, event->vcpu, LAPIC_TIMER_MODE(event->value), event->value, read);
		return true;
	case EVENT_READ_TMCCT:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = subject->read_tmcct(event->vcpu);
		read->valid = true;
		return true;
	case EVENT_WRITE_WALL_CLOCK:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->write_wall_clock(event->vcpu);
		return true;
	case EVENT_INTERLEAVE: {
		u32 size;
		void *memory = subject->guarded_memory(
			interleave_get(event->value, INTERLEAVE_READER),
			event->vcpu, &size);

		interleave_watch(memory, size);
		return true;
	}
	case EVENT_MEMORY_FAULT:
		sim->hw.memory_fault = event->value + 2;
		return true;
	case EVENT_PAUSE_GUEST:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->pause_guest(event->vcpu);
		return true;
	case EVENT_READ_TSC_KHZ:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		/* a guest whose memory was away has no kvmclock to ask yet */
		if (!sim->hw.memory.pvclock[event->vcpu][0])
			return true;
		read->value = sim->guest->guest_tsc_khz(event->vcpu);
		read->valid = true;
		return true;
	case EVENT_NR:
		break;
	}
	return false;
}

bool sim_event(struct sim *sim, const struct event *event,
	       struct sim_read *read)
{
	bool possible = act(sim, event, read);

	sim->faulted = sim->hw.memory_fault == 1;
	if (sim->faulted)
		sim->hw.memory_fault = 0;
	return possible;
}

void sim_read_between(struct sim *sim, enum subject_reader reader, u32 vcpu,
		      const struct schedule *schedule,
		      struct sim_read *read)
{
	u32 cpu = sim->hw.cpu;
	struct subject_vcpu_view view;

	select_cpu(sim, sim->vcpu_cpu[vcpu]);
	sim->subject->view_vcpu(vcpu, &view);
	read->tsc = reader < SUBJECT_READER_GTOD ?
		sim_guest_tsc(sim->machine, &view, sim->hw.raw_tsc) :
		sim->hw.raw_tsc;
	read->value = 0;
	interleave_begin(schedule);
	read->valid = (reader < SUBJECT_READER_GTOD ? sim->guest : sim->subject)->
		read(reader, vcpu, read->tsc, &read->value);
	interleave_end();
	select_cpu(sim, cpu);
}
