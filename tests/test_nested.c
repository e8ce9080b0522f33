// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2's TSC: the bound that oracle/nested.c derives holds for the tree's own composition
 * of offsets and multipliers, and each side of it is reached.
 */
#include <criterion/criterion.h>
#include "../src/oracle/timeline.h"
#include "xorshift.h"

static u64 state = 88172645463325252ull;

static u64 rnd(void)
{
	return xorshift64(&state);
}

/* 1, a rate between real ones, or anything from 1/256 to 64 */
static u64 rnd_multiplier(u8 frac)
{
	switch (rnd() % 4) {
	case 0:
		return 1ull << frac;
	case 1:
		return ((u128)(1000 + rnd() % 4000) << frac) / (1000 + rnd() % 4000);
	default:
		return (1 + rnd() % ((1ull << 14) - 1)) << (frac - 8) | rnd() >> (72 - frac);
	}
}

static u64 reached_low, reached_high, promised;

static void one(u8 frac)
{
	struct machine m = { .tsc_khz = 1000000, .tsc_frac_bits = frac };
	struct subject_vcpu_view l1 = { .tsc_multiplier = rnd_multiplier(frac) }, l2;
	struct subject_tsc asked = { rnd() >> rnd() % 64, rnd_multiplier(frac) };
	u64 raw = rnd() >> (8 + rnd() % 56), want;
	s128 low, high, off;

	/* L1's TSC from 0 on */
	l1.tsc_offset = (rnd() >> (8 + rnd() % 56)) - sim_guest_tsc(&m, &l1, raw);
	if (!l2_tsc(&m, &l1, asked, raw, &want, &low, &high))
		return;
	promised++;
	l2.tsc_multiplier = subject_linux.nested_multiplier(l1.tsc_multiplier,
							    asked.multiplier, frac);
	l2.tsc_offset = subject_linux.nested_offset(l1.tsc_offset, asked.offset,
						    asked.multiplier, frac);
	off = (s64)(sim_guest_tsc(&m, &l2, raw) - want);
	cr_assert(off >= low && off <= high,
		  "%lld not in %lld..%lld: raw %llu, L1 %llu %+lld, L2 %llu",
		  (s64)off, (s64)low, (s64)high, raw, l1.tsc_multiplier,
		  (s64)l1.tsc_offset, asked.multiplier);
	reached_low += low < 0 && off == low;
	reached_high += high > 0 && off == high;
}

Test(nested, composed_is_within_the_bound_and_reaches_it)
{
	for (int i = 0; i < 1000000; i++) {
		one(32);
		one(48);
	}
	cr_expect(promised > 1000000, "%llu", promised);
	cr_expect(reached_low, "never at the low end");
	cr_expect(reached_high, "never at the high end");
}
