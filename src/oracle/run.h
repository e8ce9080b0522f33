/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a scenario on a subject and checks the timeline laws after each event.
 */
#ifndef CF_RUN_H
#define CF_RUN_H

#include "../scenario/scenario.h"
#include "../subject.h"

/* What one event did, for explain.  Filled only when asked for. */
struct step {
	u64 true_cycles;		/* host cycles since true time 0 */
	u32 cpu;			/* where it happened */
	u64 raw_tsc;			/* that CPU's RDTSC */
	u64 guest_tsc;			/* when a guest read */
	bool has_clock;
	const char *clock;		/* "kvmclock", "KVM_GET_CLOCK", "TSC page"... */
	const char *unit;		/* "ns", "100ns" */
	u64 got;
	bool has_want;
	s128 want;			/* by exact arithmetic from the same snapshot */
	struct subject_vm_view vm;	/* after the event */
	struct subject_vcpu_view vcpu;	/* of event.vcpu, after the event */
	struct subject_trap trap;
};

/*
 * Findings go to law_fail().  @steps: NULL, or one per event.  Deterministic.
 */
void run_scenario(const struct scenario *s, const struct subject *subject,
		  struct step *steps);


/*
 * The function of the tree that holds @line of @file (as __FILE__ gives it), or
 * NULL.
 */
const char *run_function_at(const struct subject *subject, const char *file,
			    int line);

#endif
