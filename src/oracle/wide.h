/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exact unsigned arithmetic beyond 128 bits.  Nothing here rounds unless its
 * name says how, and nothing wraps unless its comment says so.
 */
#ifndef CF_WIDE_H
#define CF_WIDE_H

#include "../types.h"

#define U128_MAX (~(u128)0)

struct u256 {
	u128 hi, lo;
};

static inline struct u256 wide(u128 v)
{
	return (struct u256){ 0, v };
}

static inline u128 wide_mul64(u64 a, u64 b)
{
	return (u128)a * b;
}

/* 128 x 64 -> 192 */
static inline struct u256 wide_mul128_64(u128 a, u64 b)
{
	u128 low = wide_mul64(a, b), high = wide_mul64(a >> 64, b);
	u128 lo = low + (high << 64);

	return (struct u256){ (high >> 64) + (lo < low), lo };
}

/* Bits beyond 256 are lost; any @n. */
static inline struct u256 wide_shl(struct u256 a, unsigned int n)
{
	if (n == 0)
		return a;
	if (n >= 256)
		return wide(0);
	if (n >= 128)
		return (struct u256){ a.lo << (n - 128), 0 };
	return (struct u256){ a.hi << n | a.lo >> (128 - n), a.lo << n };
}

/* Floor of a / 2^n; any @n. */
static inline struct u256 wide_shr(struct u256 a, unsigned int n)
{
	if (n == 0)
		return a;
	if (n >= 256)
		return wide(0);
	if (n >= 128)
		return wide(a.hi >> (n - 128));
	return (struct u256){ a.hi >> n, a.lo >> n | a.hi << (128 - n) };
}

static inline int wide_cmp(struct u256 a, struct u256 b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return (a.lo > b.lo) - (a.lo < b.lo);
}

/* Schoolbook, one 64-bit digit after the other; @b is not zero. */
static inline struct u256 wide_div64_floor(struct u256 a, u64 b, u64 *rem)
{
	u128 d3, d2, d1, d0;

	d3 = a.hi >> 64;
	d2 = d3 % b << 64 | (u64)a.hi;
	d1 = d2 % b << 64 | (u64)(a.lo >> 64);
	d0 = d1 % b << 64 | (u64)a.lo;
	*rem = d0 % b;
	return (struct u256){ d3 / b << 64 | (u64)(d2 / b),
			      d1 / b << 64 | (u64)(d0 / b) };
}

/* Wraps at 2^256 - 1 only. */
static inline struct u256 wide_inc(struct u256 a)
{
	return (struct u256){ a.hi + (a.lo == U128_MAX), a.lo + 1 };
}

static inline struct u256 wide_div64_ceil(struct u256 a, u64 b)
{
	u64 rem;
	struct u256 q = wide_div64_floor(a, b, &rem);

	return rem ? wide_inc(q) : q;
}

static inline struct u256 wide_shr_ceil(struct u256 a, unsigned int n)
{
	struct u256 q = wide_shr(a, n);

	return wide_cmp(wide_shl(q, n), a) || (n >= 256 && (a.hi || a.lo)) ?
	       wide_inc(q) : q;
}

static inline u128 u128_div_floor(u128 a, u128 b)
{
	return a / b;
}

static inline u128 u128_div_ceil(u128 a, u128 b)
{
	return a / b + !!(a % b);
}

/* Floor of a / 2^n; any @n. */
static inline u128 u128_shr(u128 a, unsigned int n)
{
	return n < 128 ? a >> n : 0;
}

static inline u128 u128_shr_ceil(u128 a, unsigned int n)
{
	u128 q = u128_shr(a, n);

	return q + (n < 128 ? q << n != a : a != 0);
}

/* What doesn't fit becomes the largest; for values that are only shown. */
static inline u128 wide_saturate(struct u256 a, u128 max)
{
	return a.hi || a.lo > max ? max : a.lo;
}

#endif
