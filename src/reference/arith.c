// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversions.  Products have 128 bits, differences of counters a sign.
 */
#include "reference.h"

static int bits(u128 x)
{
	u64 high = x >> 64, low = x;

	return high ? 128 - __builtin_clzll(high) :
	       low ? 64 - __builtin_clzll(low) : 0;
}

/*
 * With e = 32 - bits(num) + bits(den) the quotient num * 2^e / den lies in
 * (2^31, 2^33); where it has 33 bits, one bit less of e is right.  Cut, so below by
 * less than 2^-31.
 */
struct pair ref_pair(u128 num, u128 den)
{
	int e = 32 - bits(num) + bits(den);
	u128 quotient;

	if (!num || !den)
		return (struct pair){ 0, 0 };
	quotient = e < 0 ? num / (den << -e) : (num << e) / den;
	if (quotient >> 32) {
		e--;
		quotient >>= 1;
	}
	return (struct pair){ quotient, 32 - e };
}

u128 ref_scale(u128 cycles, struct pair pair)
{
	if (pair.shift < 0)
		cycles = pair.shift > -128 ? cycles >> -pair.shift : 0;
	else
		cycles = pair.shift < 64 ? cycles << pair.shift : 0;
	return cycles * pair.mul >> 32;
}

u64 ref_scale_narrow(u64 cycles, struct pair pair)
{
	cycles = pair.shift < 0 ? cycles >> (-pair.shift & 63) :
				  cycles << (pair.shift & 63);
	return (u128)cycles * pair.mul >> 32;
}

u64 ref_scale_delta(u64 delta, u32 mul, s8 shift)
{
	return ref_scale(delta, (struct pair){ mul, shift });
}

void ref_time_scale(u64 scaled_hz, u64 base_hz, s8 *shift, u32 *mul)
{
	struct pair pair = ref_pair(scaled_hz, base_hz);

	*shift = pair.shift;
	*mul = pair.mul;
}

/* A counter before the timestamp is another CPU's; time doesn't go before it. */
u64 ref_pvclock_read(u64 system_time, u64 tsc_timestamp, u32 mul, s8 shift, u64 tsc)
{
	s64 delta = tsc - tsc_timestamp;
	u64 forward = delta < 0 ? 0 : delta;
	u64 ns = ref_scale_delta(forward, mul, shift);

	return system_time + planted(PLANT_UNSIGNED_READ, ns, delta < 0 ?
				     ref_scale_narrow(delta, (struct pair){ mul, shift }) : ns);
}

/* TLFS 12.7.2: ((tsc * scale) >> 64) + offset.  Any value is a time. */
bool ref_hv_page_read(u64 tsc, u64 scale, s64 offset, u64 *ticks)
{
	*ticks = (u64)((u128)tsc * scale >> 64) + offset;
	return planted(PLANT_PAGE_SENTINEL, true, *ticks != ~0ull);
}

/* The page at tsc_timestamp is system_time / 100; refused where the scale doesn't fit. */
bool ref_hv_page_params(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			u64 *scale, s64 *offset)
{
	u128 wide;

	if (shift < -32 || shift > 63)
		return false;
	wide = ((u128)mul << (32 + shift)) / 100;
	if (wide >> 64)
		return false;
	*scale = wide;
	*offset = system_time / 100 - (u64)((u128)tsc_timestamp * *scale >> 64);
	return true;
}

/* Refused where the hardware has no such ratio: 64 bits on VMX, 40 on SVM. */
bool ref_tsc_ratio(u32 host_khz, u32 guest_khz, u8 frac, u64 *ratio)
{
	u64 max = frac == 32 ? (1ull << 40) - 1 : ~0ull;
	u128 wide = ((u128)guest_khz << frac) / host_khz;

	if (!wide || wide >= max)
		return false;
	*ratio = wide;
	return true;
}

/* l1 is signed, and cut towards zero. */
u64 ref_nested_offset(u64 l1, u64 l2, u64 multiplier, u8 frac)
{
	u64 size = (s64)l1 < 0 ? -l1 : l1;
	u64 scaled = ref_ratio(size, multiplier, frac);

	return ((s64)l1 < 0 ? -scaled : scaled) + l2;
}

u64 ref_nested_multiplier(u64 l1, u64 l2, u8 frac)
{
	return ref_ratio(l1, l2, frac);
}

u64 ref_guest_tsc(u32 khz, s64 delta_ns)
{
	u64 cycles = (s128)delta_ns * khz / 1000000;
	u64 narrow = ref_scale_narrow(delta_ns, ref_pair(khz, 1000000));

	return planted(PLANT_NEGATIVE_TIME, cycles, delta_ns < 0 ? narrow : cycles);
}
