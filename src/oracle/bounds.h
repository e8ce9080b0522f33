/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rounding may do, and no more.  Each is proven, for all inputs, by the claim that
 * is named beside it (proofs/claims.c), and another shows that it is reached; both use
 * what stands here, so a tolerance that isn't the proof's can't be written.
 */
#ifndef CF_BOUNDS_H
#define CF_BOUNDS_H

#include "../types.h"

/*
 * A counter d behind must give base - E(|d|) or base.  Of -E, cutting |d|'s scaling
 * towards zero gives -floor(E) or one more (scale_exact); rounding each step down
 * instead gives at most 2 less.  Claim signed_behind.
 */
#define BEHIND_LOW (-2)
#define BEHIND_HIGH 1

/*
 * A re-base cuts the fraction of the read that becomes the new base: later reads are
 * below the old tuple's by that much at most.  Claims rebase_drift, rebase_reached.
 */
static inline int rebase_drift(s8 shift)
{
	return shift < 0 ? 2 : 1;
}

#define REBASE_ROUNDING 2		/* for any shift */

/*
 * Hyper-V's page - floor(pvclock / 100), @delta cycles after the snapshot.  Claims
 * page_agrees, page_reached; +2 takes luck, and was seen for s = -28, -24, -17, -12.
 */
static inline int page_low(u64 delta)
{
	return delta < ~0ull / 100 ? -1 : -2;
}

static inline int page_high(s8 shift)
{
	return shift < 0 ? 2 : 1;
}

/*
 * The test for a scale that doesn't fit, m >= 100 * 2^(32 - s), is taken modulo 2^64;
 * from here on it is right.  KVM makes -12 (u32 kHz) to 20 (1 kHz).  Claims
 * page_params, page_refused.
 */
#define PAGE_SHIFT_LEAST (-29)

#endif
