/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a writer's stores become visible, and where a reader's loads may find
 * others: src/kernel/interleave.c.  One branch that isn't taken where nobody
 * watches.
 */
#ifndef CF_SHIM_INTERLEAVE_H
#define CF_SHIM_INTERLEAVE_H

extern bool shim_watched;		/* a writer's stores are remembered */
extern bool shim_replayed;		/* a reader sees them one by one */
void shim_store_point(void);
void shim_load_point(void);
void shim_writer_ends(void);

#define SHIM_STORED() ({ if (unlikely(shim_watched)) shim_store_point(); })
#define SHIM_LOADS() ({ if (unlikely(shim_replayed)) shim_load_point(); })

/* The adapter's: what is watched, and for how long. */
void interleave_watch(void *start, u32 size);
void interleave_cancel(void);
/* A call into the subject ends: if it wrote, that was the update. */
void interleave_call_ends(void);
u32 interleave_stores(void);
void interleave_begin(const struct subject_schedule *schedule);
void interleave_end(void);

#endif
