/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole numbers of either sign for coefficients and bounds: a product of three 128-bit
 * values fits.  What doesn't fit ends the program.
 */
#ifndef CF_BIG_H
#define CF_BIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../src/types.h"

#define BIG_LIMBS 8
#define BIG_DIGITS (BIG_LIMBS * 20 + 2)

struct big {
	u64 d[BIG_LIMBS];		/* two's complement, lowest first */
};

static inline bool big_negative(struct big a)
{
	return a.d[BIG_LIMBS - 1] >> 63;
}

static inline struct big big(s128 v)
{
	struct big r = { { v, v >> 64 } };

	memset(&r.d[2], v < 0 ? 0xff : 0, sizeof(r.d) - 16);
	return r;
}

static inline struct big big_unsigned(u128 v)
{
	return (struct big){ { v, v >> 64 } };
}

static inline struct big big_pow2(unsigned int k)
{
	struct big r = { 0 };

	r.d[k / 64] = 1ull << k % 64;
	return r;
}

static inline struct big big_add(struct big a, struct big b)
{
	struct big r;
	u128 sum = 0;

	for (int i = 0; i < BIG_LIMBS; i++) {
		sum = (u128)a.d[i] + b.d[i] + (u64)(sum >> 64);
		r.d[i] = sum;
	}
	if (big_negative(a) == big_negative(b) && big_negative(r) != big_negative(a))
		abort();
	return r;
}

static inline struct big big_neg(struct big a)
{
	for (int i = 0; i < BIG_LIMBS; i++)
		a.d[i] = ~a.d[i];
	return big_add(a, big(1));
}

static inline struct big big_sub(struct big a, struct big b)
{
	return big_add(a, big_neg(b));
}

static inline int big_sign(struct big a)
{
	if (big_negative(a))
		return -1;
	for (int i = 0; i < BIG_LIMBS; i++)
		if (a.d[i])
			return 1;
	return 0;
}

static inline int big_cmp(struct big a, struct big b)
{
	return big_sign(big_sub(a, b));
}

static inline struct big big_abs(struct big a)
{
	return big_negative(a) ? big_neg(a) : a;
}

static inline unsigned int big_bits(struct big a)	/* of a >= 0 */
{
	for (int i = BIG_LIMBS; i-- > 0;)
		if (a.d[i])
			return 64 * i + 64 - __builtin_clzll(a.d[i]);
	return 0;
}

static inline struct big big_mul(struct big a, struct big b)
{
	bool negative = big_negative(a) != big_negative(b);
	struct big r = { 0 };

	a = big_abs(a);
	b = big_abs(b);
	if (big_bits(a) + big_bits(b) >= 64 * BIG_LIMBS)
		abort();
	for (int i = 0; i < BIG_LIMBS; i++) {
		u128 carry = 0;

		for (int k = 0; a.d[i] && i + k < BIG_LIMBS; k++) {
			carry += (u128)a.d[i] * b.d[k] + r.d[i + k];
			r.d[i + k] = carry;
			carry >>= 64;
		}
	}
	return negative ? big_neg(r) : r;
}

/* Floor of a / 2^k. */
static inline struct big big_shr(struct big a, unsigned int k)
{
	u64 sign = big_negative(a) ? ~0ull : 0;
	struct big r;

	for (int i = 0; i < BIG_LIMBS; i++) {
		int at = i + k / 64;
		u64 low = at < BIG_LIMBS ? a.d[at] : sign;
		u64 high = at + 1 < BIG_LIMBS ? a.d[at + 1] : sign;

		r.d[i] = k % 64 ? low >> k % 64 | high << (64 - k % 64) : low;
	}
	return r;
}

/* a modulo 2^k, from 0 on */
static inline struct big big_low(struct big a, unsigned int k)
{
	return big_sub(a, big_mul(big_shr(a, k), big_pow2(k)));
}

static inline u128 big_to_u128(struct big a)
{
	return (u128)a.d[1] << 64 | a.d[0];
}

static inline struct big big_min(struct big a, struct big b)
{
	return big_cmp(a, b) < 0 ? a : b;
}

static inline struct big big_max(struct big a, struct big b)
{
	return big_cmp(a, b) > 0 ? a : b;
}

/* Decimal, as SMT-LIB writes it: a negative one is (- n). */
static inline const char *big_text(struct big a, char buf[BIG_DIGITS])
{
	bool negative = big_negative(a);
	char *p = buf + BIG_DIGITS;

	*--p = '\0';
	if (negative)
		*--p = ')';
	a = big_abs(a);
	do {
		u64 rem = 0;

		for (int i = BIG_LIMBS; i-- > 0;) {
			u128 part = (u128)rem << 64 | a.d[i];

			a.d[i] = part / 10;
			rem = part % 10;
		}
		*--p = '0' + rem;
	} while (big_sign(a));
	if (!negative)
		return p;
	p -= 3;
	return memcpy(p, "(- ", 3);
}

#endif
