// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_determinism SCENARIOS [each]
 *
 * Runs pseudo-random scenarios on the subject and prints what can be seen of them,
 * as a hash: each event's read, what it should have been, the whole state after it,
 * each finding.  TSV: scenarios, events, reads, findings, hash; with "each" a line a
 * scenario before that.  bench/determinism.sh compares builds by it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../src/oracle/law.h"
#include "../src/oracle/run.h"
#include "../src/scenario/mutate.h"
#include "../tests/xorshift.h"

static u64 state, hash, nr_events, nr_reads, nr_findings;

static u64 rnd(void)
{
	return xorshift64(&state);
}

static void add(u64 x)
{
	hash = (hash ^ x) * 0x9e3779b97f4a7c15ull;
	hash ^= hash >> 29;
}

static void add_wide(s128 x)
{
	add(x);
	add((u128)x >> 64);
}

static void add_string(const char *s)
{
	while (s && *s)
		add(*s++);
	add(!s);
}

static void sink(const struct finding *f)
{
	nr_findings++;
	add(f->law);
	add_string(f->clock);
	add_string(f->event);
	add_string(f->function);
	add_string(f->why);
	add_string(f->unit);
	add(f->event_nr);
	add_wide(f->got);
	add_wide(f->want);
	add_wide(f->tolerance_low);
	add_wide(f->tolerance_high);
}

/* Members one by one: what is between them is anybody's. */
#define ADD(...) do {						\
	const u64 members_[] = { __VA_ARGS__ };				\
	for (size_t i_ = 0; i_ < sizeof(members_) / 8; i_++)		\
		add(members_[i_]);					\
} while (0)

static void add_tsc(const struct subject_tsc *tsc)
{
	add(tsc->offset);
	add(tsc->multiplier);
}

static void add_vcpu(const struct subject_vcpu_view *v)
{
	const struct subject_pvclock *pv = &v->pvclock;

	ADD(pv->version, pv->tsc_timestamp, pv->system_time, pv->tsc_to_system_mul,
	    pv->tsc_shift, pv->flags);
	ADD(v->tsc_offset, v->tsc_multiplier, v->virtual_tsc_khz, v->hw_tsc_khz,
	    v->tsc_catchup, v->in_l2, v->tsc_differs, v->this_tsc_write,
	    v->this_tsc_nsec, v->updates);
}

static void add_saved(const struct sim_saved *saved)
{
	const struct subject_clock *clock = &saved->clock;

	add(saved->tsc_of);
	for (u32 i = 0; saved->tsc_of && i < saved->nr_vcpus; i++) {
		add(saved->tsc[i]);
		add_vcpu(&saved->vcpu[i]);
	}
	add(saved->clock_of);
	if (saved->clock_of)
		ADD(clock->clock_ns, clock->realtime_ns, clock->host_tsc,
		    clock->flags);
}

static void add_step(const struct step *step)
{
	const struct subject_timekeeper_view *tk = &step->timekeeper;
	const struct subject_vm_view *vm = &step->vm;

	ADD(step->true_cycles, step->cpu, step->raw_tsc, step->host,
	    step->hv_scale, step->hv_offset_100ns, step->has_clock, step->trap.kind);
	if (step->has_clock) {
		nr_reads++;
		add_string(step->clock);
		add(step->tsc);
		add(step->got);
		add(step->has_want);
		add_wide(step->has_want ? step->want : 0);
	}
	ADD(vm->use_master_clock, vm->master_cycle_now, vm->master_kernel_ns,
	    vm->kvmclock_offset_ns, vm->masterclock_updates, vm->tsc_unstable,
	    vm->page_enabled, vm->page_status, vm->tsc_emulation, vm->page_sequence,
	    vm->page_scale, vm->page_offset_100ns, vm->seqcount_odd,
	    vm->wall_clock_version);
	ADD(tk->cycle_last, tk->mult, tk->shift, tk->xtime_nsec, tk->base_ns,
	    tk->clocksource, tk->mono_mult, tk->mono_xtime_nsec, tk->mono_base_ns,
	    tk->offs_real_ns);
	for (u32 i = 0; i < step->machine->nr_vcpus; i++) {
		add(step->vcpu_cpu[i]);
		add_vcpu(&step->vcpu[i]);
	}
	add_saved(&step->saved);
	add_tsc(&step->nested.hardware);
	add_tsc(&step->nested.msr);
	add_tsc(&step->nested.l1);
	add(step->nested.offset_multiplier);
}

static void run_one(u64 nr)
{
	static struct step steps[SCENARIO_MAX_EVENTS + 1];
	static struct scenario s;
	u8 bytes[SCENARIO_INPUT_MAX];
	size_t size;

	state = nr + 1;
	for (int i = 0; i < 8; i++)
		rnd();
	size = rnd() % SCENARIO_INPUT_MAX;
	for (size_t i = 0; i < size; i++)
		bytes[i] = rnd();
	/* bytes alone are events that have little to do with each other */
	for (u64 i = rnd() % 8; i; i--)
		size = scenario_mutate(bytes, size, sizeof(bytes), rnd());
	scenario_decode(&s, bytes, size);
	for (u32 i = 0; i <= s.nr_events; i++) {
		steps[i].machine = NULL;
		steps[i].has_clock = false;
		steps[i].trap = (struct subject_trap){ 0 };
		steps[i].nested = (struct subject_nested_view){ 0 };
	}
	run_scenario(&s, subject, steps);
	for (u32 i = 0; i <= s.nr_events && steps[i].machine; i++) {
		nr_events += !!i;
		add_step(&steps[i]);
	}
}

int main(int argc, char **argv)
{
	u64 scenarios = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	bool each = argc == 3 && !strcmp(argv[2], "each");

	if (!scenarios || (argc > 2 && !each)) {
		fprintf(stderr, "usage: %s SCENARIOS [each]\n", argv[0]);
		return 2;
	}
	law_set_sink(sink);
	for (u64 i = 0; i < scenarios; i++) {
		run_one(i);
		if (each)
			printf("%llu\t%016llx\n", i, hash);
	}
	printf("%llu\t%llu\t%llu\t%llu\t%016llx\n", scenarios, nr_events, nr_reads,
	       nr_findings, hash);
	return fflush(stdout) ? 2 : 0;
}
