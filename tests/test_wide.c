// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wide arithmetic against a second one that shares nothing with it: numbers as
 * arrays of bits, added, shifted and divided one bit at a time.
 */
#include <criterion/criterion.h>
#include <string.h>
#include "../src/oracle/wide.h"
#include "xorshift.h"

#define BITS 512

struct bits {
	u8 bit[BITS];			/* lowest first */
};

static struct bits from(struct u256 a)
{
	struct bits b = { 0 };

	for (int i = 0; i < 128; i++) {
		b.bit[i] = a.lo >> i & 1;
		b.bit[i + 128] = a.hi >> i & 1;
	}
	return b;
}

static bool same(struct bits a, struct u256 b)
{
	struct bits c = from(b);

	return !memcmp(&a, &c, 256);
}

static void add_shifted(struct bits *a, const struct bits *b, int by)
{
	int carry = 0;

	for (int i = 0; i < BITS; i++) {
		int sum = a->bit[i] + (i >= by ? b->bit[i - by] : 0) + carry;

		a->bit[i] = sum & 1;
		carry = sum >> 1;
	}
}

static struct bits multiply(struct bits a, struct bits b)
{
	struct bits product = { 0 };

	for (int i = 0; i < 256; i++)
		if (b.bit[i])
			add_shifted(&product, &a, i);
	return product;
}

/* Up by @by, or down when negative. */
static struct bits moved(struct bits a, int by)
{
	struct bits b = { 0 };

	for (int i = 0; i < 256; i++)
		if (i - by >= 0 && i - by < 256)
			b.bit[i] = a.bit[i - by];
	return b;
}

/* Long division on paper, base 2. */
static struct bits divide(struct bits a, u64 b, u64 *rem)
{
	struct bits q = { 0 };
	u128 r = 0;

	for (int i = 255; i >= 0; i--) {
		r = r << 1 | a.bit[i];
		q.bit[i] = r >= b;
		r -= q.bit[i] ? b : 0;
	}
	*rem = r;
	return q;
}

static u64 state = 0x9e3779b97f4a7c15ull;

/* Random, or at an edge: few or many bits, all ones, one bit. */
static u64 number(void)
{
	u64 shape;

	xorshift64(&state);
	shape = state >> 58;
	switch (shape & 7) {
	case 0:
		return 0;
	case 1:
		return ~0ull;
	case 2:
		return 1ull << (state & 63);
	case 3:
		return (1ull << (state & 63)) - 1;
	default:
		return state >> (state & 63);
	}
}

static u128 number128(void)
{
	u128 hi = number();

	return hi << 64 | number();
}

static struct u256 number256(void)
{
	u128 hi = number128();

	return (struct u256){ hi, number128() };
}

#define TIMES 3000

Test(wide, products)
{
	for (int i = 0; i < TIMES; i++) {
		u128 a = number128();
		u64 b = number();
		struct u256 got = wide_mul128_64(a, b);

		cr_assert(same(multiply(from(wide(a)), from(wide(b))), got));
		got = wide(wide_mul64(a, b));
		cr_assert(same(multiply(from(wide((u64)a)), from(wide(b))), got));
	}
}

Test(wide, shifts)
{
	for (int i = 0; i < TIMES; i++) {
		struct u256 a = number256(), up;
		unsigned int n = i % 300;
		struct bits down = moved(from(a), -(int)n);
		struct bits back;

		cr_assert(same(moved(from(a), n), wide_shl(a, n)), "<< %u", n);
		cr_assert(same(down, wide_shr(a, n)), ">> %u", n);
		/* the ceiling is one more exactly when bits were lost */
		back = from(a);
		for (unsigned int k = n; k < 256; k++)
			back.bit[k] = 0;
		up = wide_shr_ceil(a, n);
		if (memchr(back.bit, 1, 256))
			add_shifted(&down, &(struct bits){ { 1 } }, 0);
		cr_assert(same(down, up), "ceil >> %u", n);
		cr_assert_eq(u128_shr(a.lo, n), wide_shr(wide(a.lo), n).lo);
		cr_assert_eq(u128_shr_ceil(a.lo, n), wide_shr_ceil(wide(a.lo), n).lo);
	}
}

Test(wide, quotients)
{
	for (int i = 0; i < TIMES; i++) {
		struct u256 a = number256();
		u64 b = number(), rem, want_rem;
		struct bits want;

		if (!b)
			continue;
		want = divide(from(a), b, &want_rem);
		cr_assert(same(want, wide_div64_floor(a, b, &rem)));
		cr_assert_eq(rem, want_rem);
		if (want_rem)
			add_shifted(&want, &(struct bits){ { 1 } }, 0);
		cr_assert(same(want, wide_div64_ceil(a, b)));
	}
}

Test(wide, order_and_saturation)
{
	struct u256 small = { 0, U128_MAX }, large = { 1, 0 };

	cr_assert_eq(wide_cmp(small, large), -1);
	cr_assert_eq(wide_cmp(large, small), 1);
	cr_assert_eq(wide_cmp(large, large), 0);
	cr_assert_eq(wide_cmp(wide_inc(small), large), 0);
	cr_assert(wide_saturate(large, 7) == 7);
	cr_assert(wide_saturate(wide(6), 7) == 6);
	cr_assert(wide_saturate(wide(8), 7) == 7);
}
