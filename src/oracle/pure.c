// SPDX-License-Identifier: GPL-2.0-only
/*
 * Laws over pure functions.  Each predicate is: contract, then conclusion.
 */
#include "pure.h"
#include "wide.h"

#define NO_LIMIT ((s128)1 << 120)

static void check(enum law law, const char *clock, const char *function,
		  const char *why, const char *unit, s128 got, s128 want,
		  s128 low, s128 high)
{
	struct finding f = {
		.law = law, .clock = clock, .event = "-", .function = function,
		.why = why, .unit = unit, .got = got, .want = want,
		.tolerance_low = low, .tolerance_high = high,
	};

	if (got - want < low || got - want > high)
		law_fail(&f);
}

/*
 * result = ((delta >> -s) * m) >> 32 floors twice for s < 0:
 * 0 <= exact - result <= (1 - 2^-32) + (1 - 2^s) m / 2^32 < 2, so against
 * floor(exact) it is [-1, 0].  For s >= 0 it floors once: 0.
 */
void law_scale_delta(u64 delta, u32 mul, s8 shift, u64 got)
{
	u128 want;

	if (shift < -31 || shift > 31 || wide_shl_loses(delta, shift))
		return;
	want = wide_scale(delta, mul, shift);
	if (!wide_fits_u64(want))
		return;
	check(LAW_EXACT, "scale_delta", "pvclock_scale_delta",
	      "it isn't delta * mul * 2^(shift - 32)", "ns", got, want,
	      shift < 0 ? -1 : 0, 0);
}

void law_scale_delta_monotonic(u64 lo, u64 hi, u64 at_lo, u64 at_hi, u32 mul,
			       s8 shift)
{
	if (shift < -31 || shift > 31 || lo > hi || wide_shl_loses(hi, shift))
		return;
	if (!wide_fits_u64(wide_scale(hi, mul, shift)))
		return;
	check(LAW_MONOTONIC, "scale_delta", "pvclock_scale_delta",
	      "a larger delta gave a smaller time", "ns", at_hi, at_lo, 0,
	      NO_LIMIT);
}

/*
 * The pair (shift, mul) stands for the ratio scaled_hz / base_hz.  Measured
 * for each Hz: (10^9, 10^3..10^10) is off by -2^-31..+2^-30.09; (Hz, 10^9)
 * from 1 MHz on by -2^-31..0.  241/256 is 2^-0.087.
 */
void law_time_scale(u64 scaled_hz, u64 base_hz, s8 shift, u32 mul)
{
	bool to_ns = scaled_hz == CF_NS_PER_SEC && base_hz >= 1000 &&
		     base_hz <= 10 * CF_NS_PER_SEC;
	bool to_cycles = base_hz == CF_NS_PER_SEC && scaled_hz >= 1000000 &&
			 scaled_hz <= 10 * CF_NS_PER_SEC;
	u128 got, want;

	if (!to_ns && !to_cycles)
		return;
	if (shift < -31 || shift > 31) {
		check(LAW_EXACT, "time_scale", "kvm_get_time_scale",
		      "the shift is out of range", "bits", shift, 0, -31, 31);
		return;
	}
	/* both times base * 2^32, and without the fraction of 2^shift */
	got = (u128)mul * base_hz << (shift > 0 ? shift : 0);
	want = (u128)scaled_hz << (32 + (shift < 0 ? -shift : 0));
	check(LAW_EXACT, "time_scale", "kvm_get_time_scale",
	      "mul * 2^(shift - 32) isn't scaled_hz / base_hz", "units",
	      got, want, -(s128)(want >> 31) - 1,
	      to_ns ? (s128)(want * 241 / 256 >> 30) + 1 : 0);
}

/* As law_scale_delta(); tsc and timestamp differ by less than 2^63. */
void law_pvclock_read(u64 system_time, u64 tsc_timestamp, u32 mul, s8 shift,
		      u64 tsc, u64 got)
{
	s64 delta = tsc - tsc_timestamp;
	u64 distance = delta < 0 ? -(u64)delta : (u64)delta;
	u128 scaled;

	if (shift < -31 || shift > 31 || wide_shl_loses(distance, shift))
		return;
	scaled = wide_scale(distance, mul, shift);
	if (delta >= 0) {
		if (!wide_fits_u64(system_time + scaled))
			return;
		check(LAW_EXACT, "pvclock_read", "__pvclock_read_cycles",
		      "it isn't system_time + scale(delta)", "ns", got,
		      system_time + scaled, shift < 0 ? -1 : 0, 0);
	} else {
		/* the clock began before system_time began to count */
		if (scaled > system_time)
			return;
		check(LAW_SIGNED, "pvclock_read", "__pvclock_read_cycles",
		      "the counter was behind tsc_timestamp", "ns", got,
		      system_time, -(s128)scaled - 2, 2);
	}
}

/*
 * Re-basing once moves time by 0 or 1 ns (s >= 0), 0, 1 or 2 ns (s < 0), back
 * or, where the new base was rounded, forward.
 */
void law_pvclock_rebase(u64 old_system_time, u64 old_tsc, u64 new_system_time,
			u64 new_tsc, u32 mul, s8 shift)
{
	u64 delta = new_tsc - old_tsc;
	u128 old_clock;
	bool back;

	if (shift < -31 || shift > 31 || new_tsc < old_tsc ||
	    wide_shl_loses(delta, shift))
		return;
	old_clock = old_system_time + wide_scale(delta, mul, shift);
	if (!wide_fits_u64(old_clock))
		return;
	back = new_system_time < old_clock;
	check(back ? LAW_MONOTONIC : LAW_RATE, "pvclock_rebase",
	      "pvclock_update_vm_gtod_copy",
	      back ? "an update stepped back at one TSC" :
		     "an update jumped forward at one TSC",
	      "ns", new_system_time, old_clock, -2, 2);
}

/*
 * cycles = scale(delta_ns) with the pair for khz * 1000 over 10^9, which from
 * 1 MHz on is low by up to 2^-31; two floors.
 */
void law_guest_tsc(u32 khz, s64 delta_ns, u64 got)
{
	u64 ns = delta_ns < 0 ? -(u64)delta_ns : (u64)delta_ns;
	u128 cycles;

	/* from 10 GHz on the pair's shift could lose bits below 2^58 ns */
	if (khz < 1000 || khz > 10000000 || ns >> 58)
		return;
	cycles = wide_mul_div(ns, khz, 1000000);
	if (delta_ns >= 0)
		check(LAW_EXACT, "guest_tsc", "compute_guest_tsc",
		      "it isn't delta * khz / 10^6", "cycles", got, cycles,
		      -(s128)(cycles >> 31) - 2, 0);
	else if ((s64)got > 0 || -(s128)(s64)got > (s128)(cycles + 2))
		/* shown as the u64 that the kernel adds to a TSC */
		check(LAW_SIGNED, "guest_tsc", "compute_guest_tsc",
		      "the time since the TSC write was negative", "cycles",
		      got, -(s128)cycles, 0, (s128)cycles);
}

void law_scale_tsc(u64 tsc, u64 ratio, u8 frac, u64 got)
{
	u128 want;

	if (!ratio || frac > 63)
		return;
	want = wide_mul_shr(tsc, ratio, frac);
	if (!wide_fits_u64(want))
		return;
	check(LAW_EXACT, "scale_tsc", "kvm_scale_tsc",
	      "it isn't tsc * ratio / 2^frac", "cycles", got, want, 0, 0);
}

/*
 * KVM refuses a ratio that the hardware's field can't hold: VMX has 16.48
 * bits, SVM 8.32; the largest value itself is refused too.
 */
void law_tsc_ratio(u32 host_khz, u32 guest_khz, u8 frac, bool ok, u64 got)
{
	u128 want, max = frac == 48 ? (u128)~0ull : (u128)0xffffffffffull;

	if (!host_khz || (frac != 32 && frac != 48))
		return;
	want = wide_mul_div(1ull << frac, guest_khz, host_khz);
	if (ok)
		check(LAW_EXACT, "tsc_ratio", "set_tsc_khz",
		      "it isn't guest / host * 2^frac", "2^-frac", got, want, 0, 0);
	else if (want && want < max)
		check(LAW_EXACT, "tsc_ratio", "set_tsc_khz",
		      "a ratio that the hardware can hold was refused",
		      "2^-frac", 0, want, 0, 0);
}

/* Truncates toward zero, as the hardware doesn't; the SDM leaves it open. */
void law_nested_offset(u64 l1, u64 l2, u64 multiplier, u8 frac, u64 got)
{
	s128 scaled;

	if (!multiplier || frac > 63 || multiplier >> 63)
		return;
	scaled = wide_trunc_shr((s128)(s64)l1 * (s64)multiplier, frac);
	if (scaled != (s64)scaled)
		return;
	check(LAW_EXACT, "nested_offset", "kvm_calc_nested_tsc_offset",
	      "it isn't l1 * multiplier / 2^frac + l2", "cycles", got,
	      (u64)scaled + l2, 0, 0);
}

void law_nested_multiplier(u64 l1, u64 l2, u8 frac, u64 got)
{
	u128 want;

	if (frac > 63)
		return;
	want = wide_mul_shr(l1, l2, frac);
	if (!wide_fits_u64(want))
		return;
	check(LAW_EXACT, "nested_multiplier", "kvm_calc_nested_tsc_multiplier",
	      "it isn't l1 * l2 / 2^frac", "2^-frac", got, want, 0, 0);
}

/*
 * scale = floor(mul * 2^(32 + shift) / 100), refused from 2^64 on; offset so
 * that the page says floor(system_time / 100) at tsc_timestamp.
 */
void law_hv_page_params(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			bool ok, u64 scale, s64 offset)
{
	u128 want;
	u64 want_offset;

	/* what kvm_get_time_scale(10^9, 1 kHz..) can give, and some */
	if (shift < -16 || shift > 22)
		return;
	want = ((u128)mul << (32 + shift)) / 100;
	if (!ok) {
		if (wide_fits_u64(want))
			check(LAW_EXACT, "hv_page_params",
			      "compute_tsc_page_parameters",
			      "a scale that fits was refused", "2^-64", 0,
			      want, 0, 0);
		return;
	}
	check(LAW_EXACT, "hv_page_params", "compute_tsc_page_parameters",
	      "the scale isn't mul * 2^(32 + shift) / 100", "2^-64", scale,
	      want, 0, 0);
	want_offset = system_time / 100 -
		      (u64)wide_mul_shr(tsc_timestamp, scale, 64);
	check(LAW_EXACT, "hv_page_params", "compute_tsc_page_parameters",
	      "the offset doesn't give system_time at tsc_timestamp", "100ns",
	      offset, (s64)want_offset, 0, 0);
}

/* A page with a sequence is valid whatever time it says. */
void law_hv_page_read(u64 tsc, u64 scale, s64 offset, bool ok, u64 got)
{
	u64 want = (u64)wide_mul_shr(tsc, scale, 64) + offset;

	if (!ok)
		check(LAW_EXACT, "hv_page_read", "hv_read_tsc_page_tsc",
		      "a valid page was reported invalid", "100ns", 0, 1, 0, 0);
	else
		check(LAW_EXACT, "hv_page_read", "hv_read_tsc_page_tsc",
		      "it isn't tsc * scale / 2^64 + offset", "100ns", got,
		      want, 0, 0);
}

/*
 * floor(tsc * scale / 2^64) - floor(tsc_timestamp * scale / 2^64) is off by
 * (-1, 1) from delta * scale / 2^64, which is low by up to delta / 2^64;
 * floor(system_time / 100) is low by up to 0.99, kvmclock / 100 floors all of
 * it at once and, for a negative shift, from a kvmclock that is up to 2 ns low.
 * The page can only be ahead by more where pvclock dropped low bits: a
 * negative shift.
 */
void law_hv_page_agrees(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			u64 tsc, u64 page_100ns)
{
	u64 limit = ~0ull / 100;
	u128 pvclock;

	if (shift < -16 || shift > 22 || !(mul >> 31) || tsc < tsc_timestamp ||
	    tsc > limit || wide_shl_loses(tsc - tsc_timestamp, shift))
		return;
	pvclock = system_time + wide_scale(tsc - tsc_timestamp, mul, shift);
	if (pvclock >> 63)
		return;
	check(LAW_AGREE, "hv_page", "compute_tsc_page_parameters",
	      "page and kvmclock part at one TSC", "100ns", page_100ns,
	      pvclock / 100, -1, shift < 0 ? 2 : 1);
}

/* Branch-free and not instrumented, so that nothing leads to it but luck. */
void law_canary(u64 value)
{
	u64 hit = (value >> 20 ^ value >> 5) & 1;

	check(LAW_CANARY, "canary", "-", "planted", "", hit, 0, 0, 0);
}
