/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Laws, and what happens when one is broken.
 */
#ifndef CF_LAW_H
#define CF_LAW_H

#include <stddef.h>
#include "../types.h"

enum law {
	LAW_EXACT,
	LAW_SIGNED,
	LAW_MONOTONIC,
	LAW_AGREE,
	LAW_RATE,
	LAW_ROUNDTRIP,
	LAW_SEQUENCE,
	LAW_DEADLINE,
	LAW_TOTAL,
	LAW_CONSERVE,
	LAW_CANARY,			/* fuzz_canary only */
	LAW_NR
};

struct law_info {
	const char *name;
	const char *sentence;
	const char *contract;
	const char *tolerance;		/* with its derivation */
	const char *clocksource;	/* what a good clocksource owes by it, or NULL */
};

extern const struct law_info law_info[LAW_NR];

/*
 * A broken law.  Signature: law, clock, event kind.  Strings are static.
 */
struct finding {
	enum law law;
	const char *clock;		/* "kvmclock", "KVM_GET_CLOCK", "scale_delta"... */
	const char *event;		/* kind of the exposing event, "-" if none */
	const char *function;		/* kernel function that did the arithmetic */
	const char *why;		/* one clause without numbers */
	const char *unit;		/* of got/want */
	int event_nr;			/* from 1; 0: none */
	s128 got, want, tolerance_low, tolerance_high; /* got - want in [low, high] */
};

/*
 * Calls the failure function of f->law: one noinline function per law, so
 * that engines tell findings apart by stack.  Each hands the finding to the
 * sink.  Returns when the sink does.
 */
void law_fail(const struct finding *f);

typedef void (*law_sink)(const struct finding *f);

/*
 * Installs a sink, returns the old one.  The default prints the finding on
 * stderr and aborts, which is what engines want.
 */
law_sink law_set_sink(law_sink sink);

/* -1 when unknown */
int law_by_name(const char *name);

/*
 * A reader of a clock, or a function, and the laws that it is asked about: bit n
 * is law n.  Ends with clock == NULL.  test_matrix.sh replays the corpus and compares.
 */
struct law_reader {
	const char *clock, *what;
	u32 laws;
};

extern const struct law_reader law_readers[];

/* Called with each law that is asked about a clock, while it isn't NULL. */
extern void (*law_watch)(enum law law, const char *clock);

static inline void law_asked(enum law law, const char *clock)
{
	if (__builtin_expect(law_watch != NULL, 0))
		law_watch(law, clock);
}

#endif
