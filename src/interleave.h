/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory as another CPU sees it while it is written.  The subject says where a
 * writer's stores become visible and where a reader's loads may find others: one
 * branch that isn't taken while nobody watches.
 */
#ifndef CF_INTERLEAVE_H
#define CF_INTERLEAVE_H

#include "types.h"

extern bool interleave_watched;		/* a writer's stores are remembered */
extern bool interleave_replayed;	/* a reader sees them one by one */
__attribute__((__cold__)) void interleave_stored(void);
__attribute__((__cold__)) void interleave_loads(void);
__attribute__((__cold__)) void interleave_writer_ends(void);

#define INTERLEAVE_STORED() ({					\
	if (__builtin_expect(interleave_watched, false))	\
		interleave_stored();				\
})
#define INTERLEAVE_LOADS() ({					\
	if (__builtin_expect(interleave_replayed, false))	\
		interleave_loads();				\
})

/* The next update of the @size bytes at @start is remembered. */
#define INTERLEAVE_BYTES 2048
void interleave_watch(void *start, u32 size);
void interleave_cancel(void);

/*
 * A moment when no writer is at work: if there was an update, it is over.  How many
 * stores it had; 0: there was none yet.
 */
u32 interleave_update(void);

/*
 * Where a reader is while the writer stores.  It starts when @store of the stores
 * can be seen; in its segment @load, counted in its barriers, the writer goes on
 * until @then can be.  Of the loads in that segment those of words whose number
 * modulo 8 is in @fresh come after that.  Stores that have no barrier between them
 * become visible upwards in memory, or @backwards.
 */
struct schedule {
	u32 store, then, load;
	u8 fresh;
	bool backwards;
};

/* Between the two, a reader finds what it would have found then. */
void interleave_begin(const struct schedule *schedule);
void interleave_end(void);

#endif
