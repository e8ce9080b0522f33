// SPDX-License-Identifier: GPL-2.0-only
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
	       sim->cycles;
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

void sim_boot(struct sim *sim, const struct machine *machine,
	      const struct subject *subject, u32 nr_vcpus)
{
	struct subject_config config = {
		.tsc_khz = machine->tsc_khz,
		.nr_cpus = machine->nr_cpus,
		.nr_vcpus = nr_vcpus,
		.clocksource = machine->clocksource,
		.tsc_frac_bits = machine->tsc_frac_bits,
		.realtime_ns = machine->realtime_ns,
		.early_tsc_khz = machine->early_tsc_khz ?: machine->tsc_khz,
	};

	*sim = (struct sim){ .machine = machine, .subject = subject,
			     .nr_vcpus = nr_vcpus };
	sim->max_cycles = ns_to_cycles(machine, SIM_MAX_NS);
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
	subject->boot(&config, &sim->hw);
}

static void read_clock(struct sim *sim, struct sim_read *read)
{
	struct subject_clock clock = { 0 };

	if (sim->subject->get_clock(&clock))
		return;
	read->valid = true;
	read->value = clock.clock_ns;
	read->flags = clock.flags;
	read->tsc = clock.flags & SUBJECT_CLOCK_HOST_TSC ? clock.host_tsc :
							   sim->hw.raw_tsc;
}

static void enter(struct sim *sim, u32 vcpu)
{
	select_cpu(sim, sim->vcpu_cpu[vcpu]);
	sim->subject->run_vcpu(vcpu);
}

static u64 enter_and_rdtsc(struct sim *sim, u32 vcpu)
{
	struct subject_vcpu_view view;

	enter(sim, vcpu);
	sim->subject->view_vcpu(vcpu, &view);
	return sim_guest_tsc(sim->machine, &view, sim->hw.raw_tsc);
}

u64 sim_hv_clock(const struct sim *sim, u64 tsc)
{
	struct subject_vm_view vm;
	u64 time;

	sim->subject->view_vm(&vm);
	if (vm.page_enabled && sim->subject->guest_read_tsc_page(tsc, &time))
		return time;
	return sim->subject->reference_counter();
}

static bool pass_time(struct sim *sim, u64 cycles)
{
	if (cycles > sim->max_cycles - sim->cycles)
		return false;
	sim->cycles += cycles;
	if (sim->machine->clocksource != SUBJECT_CS_HYPERV_PAGE)
		sim->hw.other_ns = machine_true_ns(sim->machine, sim->cycles);
	return true;
}

/* No time passes; each vCPU's TSC is read and written where it ran last. */
static void save_restore(struct sim *sim, const struct event *event)
{
	const struct subject *subject = sim->subject;
	struct subject_vcpu_view saved[SUBJECT_MAX_VCPUS], now;
	u64 tsc[SUBJECT_MAX_VCPUS];
	struct subject_clock clock;
	u32 flags = event->value;

	select_cpu(sim, event->cpu);
	if (subject->get_clock(&clock))
		return;
	for (u32 i = 0; i < sim->nr_vcpus; i++) {
		subject->view_vcpu(i, &saved[i]);
		tsc[i] = sim_guest_tsc(sim->machine, &saved[i],
				       sim_raw_tsc(sim, sim->vcpu_cpu[i]));
	}
	clock.flags &= flags & SAVE_RESTORE_REALTIME ? SUBJECT_CLOCK_REALTIME : 0;

	subject->recreate_vm();
	subject_refuel();
	if (flags & SAVE_RESTORE_CLOCK_FIRST)
		subject->set_clock(&clock);
	for (u32 i = 0; i < sim->nr_vcpus; i++) {
		select_cpu(sim, sim->vcpu_cpu[i]);
		subject->view_vcpu(i, &now);
		if (now.virtual_tsc_khz != saved[i].virtual_tsc_khz)
			subject->set_tsc_khz(i, saved[i].virtual_tsc_khz);
		if (flags & SAVE_RESTORE_OFFSETS)
			subject->set_tsc_offset(i, saved[i].tsc_offset);
		else
			subject->write_tsc(i, tsc[i], true);
	}
	select_cpu(sim, event->cpu);
	if (!(flags & SAVE_RESTORE_CLOCK_FIRST))
		subject->set_clock(&clock);
	subject_refuel();
	for (u32 i = 0; i < sim->nr_vcpus; i++)
		enter(sim, i);
	select_cpu(sim, event->cpu);
}

bool sim_event(struct sim *sim, const struct event *event,
	       struct sim_read *read)
{
	const struct subject *subject = sim->subject;
	u64 preempted;
	u8 flags;

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
		subject->set_tsc_offset(event->vcpu, event->value);
		return true;
	case EVENT_SET_TSC_KHZ:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->set_tsc_khz(event->vcpu, event->value);
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
		subject->set_clock(&clock);
		return true;
	}
	case EVENT_WRITE_TSC_PAGE:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->write_tsc_page(event->vcpu, event->value);
		return true;
	case EVENT_SAVE_RESTORE:
		save_restore(sim, event);
		return true;
	case EVENT_READ_HV_CLOCK:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = subject->guest_read_hv_clock(read->tsc);
		read->valid = true;
		return true;
	case EVENT_READ_SCHED_CLOCK:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = subject->guest_read_sched_clock(read->tsc);
		read->valid = true;
		return true;
	case EVENT_HIBERNATE:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		subject->guest_hibernate(read->tsc, event->value);
		read->value = subject->guest_read_sched_clock(read->tsc);
		read->valid = true;
		return true;
	case EVENT_STIMER_CONFIG:
		enter(sim, event->vcpu);
		subject->write_stimer_config(event->vcpu, event->value);
		subject->run_vcpu(event->vcpu);
		return true;
	case EVENT_STIMER_ARM: {
		struct subject_stimer_view timer;
		u64 units = event->value / 100;

		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		subject->view_stimer(event->vcpu, &timer);
		if (!timer.periodic)
			units += sim_hv_clock(sim, read->tsc);
		subject->write_stimer_count(event->vcpu, units);
		subject->run_vcpu(event->vcpu);
		return true;
	}
	case EVENT_MESSAGE_SLOT:
		enter(sim, event->vcpu);
		subject->set_message_slot(event->vcpu, event->value);
		subject->run_vcpu(event->vcpu);
		return true;
	case EVENT_REENLIGHTENMENT:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->set_reenlightenment(event->vcpu, event->value);
		return true;
	case EVENT_READ_PVCLOCK:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->value = subject->guest_read_pvclock(event->vcpu, read->tsc,
							  &flags);
		read->flags = flags;
		read->valid = true;
		return true;
	case EVENT_READ_TSC_PAGE:
		read->tsc = enter_and_rdtsc(sim, event->vcpu);
		read->valid = subject->guest_read_tsc_page(read->tsc, &read->value);
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
	case EVENT_WRITE_WALL_CLOCK:
		select_cpu(sim, sim->vcpu_cpu[event->vcpu]);
		subject->write_wall_clock(event->vcpu);
		return true;
	case EVENT_INTERLEAVE:
		subject->watch(interleave_get(event->value, INTERLEAVE_READER),
			       event->vcpu);
		return true;
	case EVENT_NR:
		break;
	}
	return false;
}

void sim_read_between(struct sim *sim, enum subject_reader reader, u32 vcpu,
		      const struct subject_schedule *schedule,
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
	read->valid = sim->subject->read_between(reader, vcpu, read->tsc, schedule,
						 &read->value);
	select_cpu(sim, cpu);
}
