// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a proof trusts: the asm statements do what proofs/lower.c takes them to do; and
 * what isn't proven but tried: kvm_get_time_scale(), its error and where it doesn't end.
 */
#include <criterion/criterion.h>
#include "../src/subject.h"
#include "xorshift.h"

static u64 state = 88172645463325252ull;

static u64 rnd(void)
{
	return xorshift64(&state);
}

/* of any size, or all ones */
static u64 some(void)
{
	u64 r = rnd();

	return r & 0x700 ? rnd() >> (r & 63) : ~0ull >> (r & 63);
}

#define TRIES 3000000

Test(proofs, mulq_shrd)
{
	for (int i = 0; i < TRIES; i++) {
		u64 a = some(), b = some(), lo = a, hi;
		u128 product = (u128)a * b;

		asm("mulq %[b] ; shrd $32, %[hi], %[lo]"
		    : [lo] "+a" (lo), [hi] "=d" (hi) : [b] "rm" (b) : "cc");
		cr_assert(lo == (u64)(product >> 32) && hi == (u64)(product >> 64),
			  "%llu * %llu: %llu, %llu", a, b, lo, hi);
	}
}

Test(proofs, divl)
{
	for (int i = 0; i < TRIES; i++) {
		u32 by = some() | 1, high = some() % by, low = some(), q = low, r = high;
		u64 wide = (u64)high << 32 | low;

		asm("divl %[by]" : "+a" (q), "+d" (r) : [by] "rm" (by) : "cc");
		cr_assert(q == (u32)(wide / by) && r == wide % by && !(wide / by >> 32),
			  "%llu / %u: %u, %u", wide, by, q, r);
	}
}

Test(proofs, mulq_divq)
{
	for (int i = 0; i < TRIES; i++) {
		u64 a = some(), b = some(), by = some() | 1, q = a;
		u128 product = (u128)a * b;

		if ((u64)(product >> 64) >= by)
			continue;
		asm("mulq %[b]; divq %[by]" : "+a" (q) : [b] "rm" (b), [by] "rm" (by) : "rdx", "cc");
		cr_assert(q == (u64)(product / by), "%llu * %llu / %llu: %llu", a, b, by, q);
	}
}

Test(proofs, mulq_then_divq)
{
	for (int i = 0; i < TRIES; i++) {
		u64 a = some(), b = some(), by = some() | 1, lo = a, hi, r;
		u128 product = (u128)a * b;

		asm("mulq %[b]" : "+a" (lo), "=d" (hi) : [b] "rm" (b) : "cc");
		cr_assert(lo == (u64)product && hi == (u64)(product >> 64), "%llu * %llu", a, b);
		if (hi >= by)
			continue;
		r = hi;
		asm("divq %[by]" : "+a" (lo), "+d" (r) : [by] "rm" (by) : "cc");
		cr_assert(lo == (u64)(product / by) && r == (u64)(product % by),
			  "%llu * %llu / %llu: %llu, %llu", a, b, by, lo, r);
	}
}

struct call {
	u64 scaled_hz, base_hz;
	u32 mul;
	s8 shift;
};

static void time_scale(void *arg)
{
	struct call *c = arg;

	subject->time_scale(c->scaled_hz, c->base_hz, &c->shift, &c->mul);
}

static bool ends(u64 scaled_hz, u64 base_hz)
{
	struct call call = { scaled_hz, base_hz, 0, 0 };
	struct subject_trap trap = { 0 };

	subject_guard(time_scale, &call, &trap);
	return trap.kind == SUBJECT_TRAP_NONE;
}

/*
 * Stock trees' loops don't end exactly for these (docs/proofs.md has the induction); a tree
 * with 4578a747f3c7 may return for them.
 */
Test(proofs, time_scale_ends_but_for_three)
{
	for (int i = 0; i < 1000000; i++) {
		u64 scaled = some(), base = some();

		if (base && scaled && scaled != 1ull << 63)
			cr_assert(ends(scaled, base), "%llu, %llu", scaled, base);
	}
	for (int i = 0; i < 64; i++) {
		cr_assert(ends((1ull << 63) + 1 + i, 1ull << i));
		cr_assert(ends((1ull << 63) - 1 - i, 1ull << i));
	}
}

/* The kHz grid; each Hz: bench/time_scale.sh, bench/results/time_scale.tsv */
Test(proofs, time_scale_of_each_khz)
{
	for (u64 khz = 1; khz <= 10000000; khz++) {
		struct call c = { 1000000000, khz * 1000, 0, 0 };
		s128 error;

		time_scale(&c);
		cr_assert(c.mul >> 31 && c.shift >= -3 && c.shift <= 20, "%llu kHz", khz);
		error = ((s128)((u128)c.mul * c.base_hz) << (c.shift + 8)) -
			((s128)1000000000 << 40);
		/* in 2^-40 of 10^9: -2^-31 to 2^-30.09 */
		cr_assert(error >= -(s128)512 * 1000000000 && error <= (s128)962 * 1000000000,
			  "%llu kHz", khz);
	}
}
