/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a scenario on a subject and checks the timeline laws after each event.
 */
#ifndef CF_RUN_H
#define CF_RUN_H

#include "../sim/machine.h"

/* What one event did, for explain.  Filled only when asked for. */
struct step {
	u64 true_cycles;		/* that host's cycles since true time 0 */
	u32 cpu;			/* where it happened */
	u64 raw_tsc;			/* that CPU's RDTSC */
	struct sim_read read;		/* whether or not a law speaks of it */
	bool has_clock;
	const char *clock;		/* "kvmclock", "KVM_GET_CLOCK", "TSC page"... */
	const char *unit;		/* "ns", "100ns" */
	u64 tsc;			/* read at; the guest's cycles, or the host's */
	u64 got;
	bool has_want;
	s128 want;			/* by exact arithmetic from the same snapshot */
	/* all after the event */
	u32 host;			/* where the VM is... */
	const struct machine *machine;	/* ...and what that is... */
	const struct subject *subject;	/* ...and runs */
	struct sim_saved saved;		/* what the VMM holds */
	struct subject_vm_view vm;
	struct subject_vcpu_view vcpu[SUBJECT_MAX_VCPUS];
	u8 vcpu_cpu[SUBJECT_MAX_VCPUS];	/* where each ran last */
	struct subject_timekeeper_view timekeeper;
	u64 hv_scale;			/* the host's own page, see subject_hw */
	s64 hv_offset_100ns;
	struct subject_trap trap;
	struct subject_nested_view nested; /* of the event's vCPU... */
	struct subject_xen_view xen;	/* ...too */
	/* why no law speaks of a vCPU's kvmclock; NULL: it is promised */
	const char *unpromised[SUBJECT_MAX_VCPUS];
};

/*
 * Findings go to law_fail().  Deterministic.  @steps: NULL, or nr_events + 1 of
 * them: [0] is the state after boot, [n] after event n, counted from 1.
 */
void run_scenario(const struct scenario *s, const struct subject *subject,
		  struct step *steps);

/* For law_watch(): where a scenario has its present event, NULL before the first. */
extern const struct event *const *run_event;

/*
 * The function of the tree that holds @line of @file (as __FILE__ gives it), or
 * NULL.
 */
const char *run_function_at(const struct subject *subject, const char *file,
			    int line);

#endif
