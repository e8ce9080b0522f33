// SPDX-License-Identifier: GPL-2.0-only
/* The simulated machine against its definition, and the subject's reset. */
#include <criterion/criterion.h>
#include <string.h>

#include "../src/oracle/law.h"
#include "../src/oracle/run.h"
#include "../src/sim/machine.h"

static const struct machine two_cpus = {
	.tsc_khz = 2304000, .nr_cpus = 2, .nr_vcpus = 2,
	.clocksource = SUBJECT_CS_TSC, .boot_tsc = 1000000,
	.skew_cycles = { 0, -10000 },
};

static struct sim sim;

static struct sim_read do_event(u8 kind, u8 cpu, u8 vcpu, u64 value)
{
	struct event e = { .kind = kind, .cpu = cpu, .vcpu = vcpu, .value = value };
	struct sim_read read;

	cr_assert(sim_event(&sim, &e, &read));
	return read;
}

Test(machine, raw_tsc_is_frequency_times_time_plus_skew)
{
	sim_boot(&sim, &two_cpus, &subject_linux, two_cpus.nr_vcpus);
	cr_assert_eq(sim_raw_tsc(&sim, 0), 1000000);
	cr_assert_eq(sim_raw_tsc(&sim, 1), 990000);
	do_event(EVENT_ADVANCE_NS, 0, 0, CF_NS_PER_SEC);
	cr_assert_eq(sim_raw_tsc(&sim, 0), 2305000000ull);
	cr_assert_eq(sim_raw_tsc(&sim, 1), 2304990000ull);
	do_event(EVENT_ADVANCE_CYCLES, 0, 0, 7);
	cr_assert_eq(sim_raw_tsc(&sim, 0), 2305000007ull);
}

/* Beyond 2^44 cycles the wide division takes over; both must say the same. */
Test(machine, true_time_is_exact)
{
	for (u64 cycles = (1ull << 44) - 5; cycles < (1ull << 44) + 5; cycles++)
		cr_assert_eq(machine_true_ns(&two_cpus, cycles),
			     (u64)((u128)cycles * 1000000 / 2304000));
	cr_assert_eq(machine_true_ns(&two_cpus, 2304000), 1000000);
}

Test(machine, ten_years_are_the_end)
{
	struct event e = { .kind = EVENT_ADVANCE_NS, .value = SIM_MAX_NS };
	struct sim_read read;

	sim_boot(&sim, &two_cpus, &subject_linux, two_cpus.nr_vcpus);
	cr_assert(sim_event(&sim, &e, &read));
	cr_assert_not(sim_event(&sim, &e, &read));
}

Test(machine, guest_tsc_is_what_the_hardware_computes)
{
	struct machine scaled = two_cpus;
	struct subject_vcpu_view v = {
		.tsc_offset = -5ull, .tsc_multiplier = 3ull << 47,	/* 1.5 */
	};

	cr_assert_eq(sim_guest_tsc(&two_cpus, &v, 1000), 995);
	scaled.tsc_frac_bits = 48;
	cr_assert_eq(sim_guest_tsc(&scaled, &v, 1001), 1501 - 5);
	/* the product needs 128 bits */
	cr_assert_eq(sim_guest_tsc(&scaled, &v, 1ull << 62), (3ull << 61) - 5);
}

Test(machine, a_guest_reads_what_time_it_is)
{
	struct sim_read read;

	sim_boot(&sim, &two_cpus, &subject_linux, two_cpus.nr_vcpus);
	do_event(EVENT_RUN_VCPU, 0, 0, 0);
	do_event(EVENT_ADVANCE_NS, 0, 0, CF_NS_PER_SEC);
	do_event(EVENT_TICK, 0, 0, 0);
	read = do_event(EVENT_READ_PVCLOCK, 0, 0, 0);
	cr_assert(read.valid);
	cr_assert(read.value >= CF_NS_PER_SEC - 100 && read.value <= CF_NS_PER_SEC + 100,
		  "%llu", read.value);
	read = do_event(EVENT_GET_CLOCK, 0, 0, 0);
	cr_assert(read.flags & SUBJECT_CLOCK_TSC_STABLE);
	cr_assert(read.value >= CF_NS_PER_SEC - 100 && read.value <= CF_NS_PER_SEC + 100,
		  "%llu", read.value);
}

/* KVM expires a TSC deadline early and waits: true time goes on by that. */
Test(machine, waiting_takes_time)
{
	u64 before;

	sim_boot(&sim, &two_cpus, &subject_linux, two_cpus.nr_vcpus);
	do_event(EVENT_ADVANCE_NS, 0, 0, CF_NS_PER_SEC);
	before = sim.cycles;
	do_event(EVENT_TSC_DEADLINE, 0, 0, 2000);
	cr_assert_eq(sim.cycles, before + 2000);
	do_event(EVENT_TSC_DEADLINE, 0, 0, 23040000);
	do_event(EVENT_ADVANCE_CYCLES, 0, 0, 23040000 - 1000);
	do_event(EVENT_RUN_VCPU, 0, 0, 0);
	cr_assert_eq(sim.cycles, before + 2000 + 23040000);
}

Test(machine, a_thread_waits_for_a_cpu)
{
	struct subject_xen_view view;

	sim_boot(&sim, &two_cpus, &subject_linux, two_cpus.nr_vcpus);
	do_event(EVENT_ADVANCE_NS, 0, 0, CF_NS_PER_SEC);
	do_event(EVENT_RUNSTATE, 0, 0, SUBJECT_RUNSTATE_RUNNING);
	do_event(EVENT_STEAL, 0, 0, 1000000);
	do_event(EVENT_ADVANCE_NS, 0, 0, 2000000);
	do_event(EVENT_RUNSTATE, 0, 0, SUBJECT_RUNSTATE_RUNNABLE);
	do_event(EVENT_ADVANCE_NS, 0, 0, 4000000);
	do_event(EVENT_RUNSTATE, 0, 0, SUBJECT_RUNSTATE_RUNNING);
	/* 1 ms in the VMM, 4 ms preempted */
	cr_assert_eq(machine_true_ns(&two_cpus, sim.run_delay[0]), 5000000);
	subject_linux.view_xen(0, &view);
	cr_assert_leq(view.runstate.time_ns[SUBJECT_RUNSTATE_RUNNABLE] - 4999990, 20);
	cr_assert_leq(view.runstate.time_ns[SUBJECT_RUNSTATE_RUNNING] - 1999990, 20);
}

/* The kernel's own boot-time figures: 3 GHz is mult 5592405, shift 24. */
Test(machine, the_tree_computes_the_clocksource)
{
	struct machine m = two_cpus;
	struct subject_timekeeper_view tk;

	m.tsc_khz = 3000000;
	sim_boot(&sim, &m, &subject_linux, m.nr_vcpus);
	subject_linux.view_timekeeper(&tk);
	cr_assert_eq(tk.mult, 5592405);
	cr_assert_eq(tk.shift, 24);
}

static u64 digest;

static void hash(const void *data, size_t size)
{
	const u8 *p = data;

	while (size--)
		digest = (digest ^ *p++) * 0x100000001b3ull;
}

static void hash_finding(const struct finding *f)
{
	hash(&f->law, sizeof(f->law));
	hash(f->clock, strlen(f->clock));
	hash(&f->event_nr, sizeof(f->event_nr));
	hash(&f->got, sizeof(f->got));
	hash(&f->want, sizeof(f->want));
}

static u64 digest_of(u32 seed)
{
	static struct scenario s;
	u8 buf[200];
	u64 x = seed * 2654435761ull + 1;

	for (size_t i = 0; i < sizeof(buf); i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		buf[i] = x >> 56;
	}
	scenario_decode(&s, buf, sizeof(buf));
	digest = 0xcbf29ce484222325ull;
	run_scenario(&s, &subject_linux, NULL);
	return digest;
}

/* A scenario's verdict doesn't depend on what ran before it. */
Test(machine, reset_is_complete)
{
	enum { N = 2000 };
	static u64 first[N];

	law_set_sink(hash_finding);
	for (u32 i = 0; i < N; i++)
		first[i] = digest_of(i);
	for (u32 i = N; i--; )
		cr_assert_eq(digest_of(i), first[i], "scenario %u", i);
	for (u32 i = 0; i < N; i++)
		cr_assert_eq(digest_of(i * 7919 % N), first[i * 7919 % N]);
}
