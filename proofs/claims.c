// SPDX-License-Identifier: GPL-2.0-only
/*
 * E = d * 2^s * m / 2^32 is the exact value of a scaled difference d; n = -s.
 */
#include "claims.h"
#include "../src/kernel/adapter.h"
#include "../src/oracle/bounds.h"
#include "../src/oracle/pure.h"
#include "portable.h"

/* For claims that aren't a law of the oracle's. */
static inline void must(bool holds)
{
	if (!holds)
		law_fail(&(struct finding){ .law = LAW_EXACT, .clock = "claim", .event = "-" });
}

static inline bool keeps_bits(u64 delta, int s)
{
	return s < 0 || delta << s >> s == delta;
}

/* floor(E) */
static inline u128 elapsed(u64 delta, u32 mul, int s)
{
	u128 product = (u128)delta * mul;

	return s < 0 ? product >> (32 - s) : product << s >> 32;
}

/* ---- pvclock_scale_delta ------------------------------------------------- */

void claim_scale_exact(int s, u64 delta, u32 mul)
{
	law_scale_delta(delta, mul, s, host_scale_delta(delta, mul, s));
}

/* E - result is above 1 for d = 2^(n+1) - 1: all that can be cut is */
static bool reached_scale(int s)
{
	u64 delta = (2ull << -s) - 1;

	return host_scale_delta(delta, ~0u, s) == elapsed(delta, ~0u, s) - 1;
}

void claim_scale_monotonic(int s, u64 lo, u64 hi, u32 mul)
{
	law_scale_delta_monotonic(lo, hi, host_scale_delta(lo, mul, s),
				  host_scale_delta(hi, mul, s), mul, s);
}

/* ---- __pvclock_read_cycles ----------------------------------------------- */

void claim_read_forward(int s, u64 system_time, u64 tsc_timestamp, u32 mul, u64 tsc)
{
	if (tsc >= tsc_timestamp)
		law_pvclock_read(system_time, tsc_timestamp, mul, s, tsc,
			guest_pvclock_read(system_time, tsc_timestamp, mul, s, tsc));
}

void claim_read_behind(int s, u64 system_time, u64 tsc_timestamp, u32 mul, u64 tsc)
{
	/* within what the harness takes, so that a scenario can show it */
	if (tsc < tsc_timestamp && !(system_time >> 62) && !(tsc_timestamp >> 62))
		law_pvclock_read(system_time, tsc_timestamp, mul, s, tsc,
			guest_pvclock_read(system_time, tsc_timestamp, mul, s, tsc));
}

static bool fields_read(FILE *out, int s, const u64 *in)
{
	fprintf(out, "  system_time %llu\n  tsc_timestamp %llu\n  mul %llu\n  shift %d\n"
		"  tsc %llu\n", in[0], in[1], in[2], s, in[3]);
	return true;
}

/* Below 2^63 ns, 292.27 years, nothing is lost, whatever the multiplier. */
void claim_read_no_wrap(int s, u64 delta, u32 mul)
{
	if (mul >> 31 && elapsed(delta, mul, s) < (u128)1 << 63)
		must(keeps_bits(delta, s));
}

/* And from m * 2^32 ns on, to the ns, it starts at 0 again. */
void claim_read_wraps(int s, u32 mul)
{
	u64 delta = 1ull << (64 - s);

	must(elapsed(delta, mul, s) == (u128)mul << 32 &&
	     host_scale_delta(delta, mul, s) == 0);
	if (mul >> 31)
		must(elapsed(delta - 1, mul, s) < (u128)mul << 32 && keeps_bits(delta - 1, s));
}

/* ... which is 2^63 for the least multiplier: the bound can't be better. */
static bool reached_wrap(int s)
{
	u64 delta = 1ull << (64 - s);

	return elapsed(delta, 1u << 31, s) == (u128)1 << 63 &&
	       host_scale_delta(delta, 1u << 31, s) == 0;
}

/*
 * Of two ways, from the old tuple all along, or re-based after @a cycles, the second is
 * behind by at most rebase_drift().
 */
void claim_rebase_drift(int s, u64 a, u64 b, u32 mul)
{
	u64 whole, parts;

	if (a + b < a || !keeps_bits(a + b, s))
		return;
	whole = host_scale_delta(a + b, mul, s);
	parts = host_scale_delta(a, mul, s) + host_scale_delta(b, mul, s);
	must(parts <= whole && whole - parts <= rebase_drift(s));
}

/* s < 0: a = b = 9 * 2^(n-1), of which 9 * 2^n is 2 more than twice 4 * m / 2^32 */
static bool reached_rebase(int s)
{
	u64 a = s < 0 ? 9ull << (-s - 1) : 1;
	u32 mul = s < 0 ? 954437177 : ~0u;

	return host_scale_delta(2 * a, mul, s) - 2 * host_scale_delta(a, mul, s) ==
	       rebase_drift(s);
}

/*
 * A counter @behind by a few cycles: the jump from where the clock should be, the scaled
 * |d| less, is m * 2^(32 - n), cut at most twice, whatever the cycles.
 */
static inline u64 jump(u32 mul, int s)
{
	return (u64)mul << 32 >> (s < 0 ? -s : 0);
}

void claim_jump(int s, u64 behind, u32 mul)
{
	u64 ahead;

	if (!behind || behind >> 63 || !keeps_bits(behind, s))
		return;
	ahead = host_scale_delta(-behind, mul, s) + host_scale_delta(behind, mul, s);
	must(ahead <= jump(mul, s) && jump(mul, s) - ahead <= rebase_drift(s));
}

/* ---- compute_guest_tsc --------------------------------------------------- */

void claim_guest_tsc_forward(int s, u32 mul, s64 delta_ns)
{
	if (delta_ns >= 0)
		law_scale_delta(delta_ns, mul, s, host_scaled_guest_tsc(mul, s, delta_ns));
}

/* Time before the write: TSC before it, or clamped to it; BEHIND_LOW, BEHIND_HIGH. */
static inline void must_be_behind(int s, u64 behind, u32 mul, u64 got)
{
	u128 cycles = elapsed(behind, mul, s);
	s64 off = got + (u64)cycles;

	if (behind >> 63 || !keeps_bits(behind, s) || cycles >> 63)
		return;
	must(!got || (off >= BEHIND_LOW && off <= BEHIND_HIGH));
}

/* Of which frequency kvm_get_time_scale() makes the pair; KVM takes up to 2^31 - 1 kHz. */
static inline u64 khz_of(u32 mul, int s)
{
	return mul * 1000000ull >> (32 - s);
}

void claim_guest_tsc_behind(int s, u32 mul, s64 delta_ns)
{
	u64 khz = khz_of(mul, s);

	if (delta_ns < 0 && mul >> 31 && khz && !(khz >> 31))
		must_be_behind(s, -(u64)delta_ns, mul,
			       host_scaled_guest_tsc(mul, s, delta_ns));
}

/* The harness has the frequency that KVM makes the pair of. */
static bool fields_guest_tsc(FILE *out, int s, const u64 *in)
{
	fprintf(out, "  khz %llu\n  delta_ns %lld\n", khz_of(in[0], s), (s64)in[1]);
	return true;
}

/* With the sign taken out and put back, as d9173f59df3a does it. */
static inline u64 signed_scale(s64 delta, u32 mul, int s)
{
	return delta < 0 ? -host_scale_delta(-(u64)delta, mul, s) :
			   host_scale_delta(delta, mul, s);
}

static inline bool signed_range(s64 delta, u32 mul, int s)
{
	u64 size = delta < 0 ? -(u64)delta : (u64)delta;

	return keeps_bits(size, s) && elapsed(size, mul, s) < (u128)1 << 63;
}

/* Before it and after, it is monotone by signed_odd and scale_monotonic. */
void claim_signed_across(int s, s64 lo, s64 hi, u32 mul)
{
	if (lo < 0 && hi >= 0 && signed_range(lo, mul, s) && signed_range(hi, mul, s))
		must((s64)signed_scale(lo, mul, s) <= (s64)signed_scale(hi, mul, s));
}

void claim_signed_odd(int s, s64 delta, u32 mul)
{
	if (delta != -delta)
		must(signed_scale(-delta, mul, s) == -signed_scale(delta, mul, s));
}

void claim_signed_behind(int s, s64 delta, u32 mul)
{
	if (delta < 0)
		must_be_behind(s, -(u64)delta, mul, signed_scale(delta, mul, s));
}

/* ---- kvm_get_time_scale: why it ends -------------------------------------- */

/*
 * A turn of each loop, said again, for what loops isn't lowered: from any state, base > 0
 * stays so, and a whole number that isn't below 0 gets smaller.  So both end, if base > 0
 * at first; the first loop keeps that where 2 * scaled isn't 0 modulo 2^64.
 */
void claim_time_scale_first(int none, u64 base, u64 scaled)
{
	if (base && scaled * 2 && (base > scaled * 2 || base >> 32))
		must(base >> 1 && base >> 1 < base);
}

void claim_time_scale_second(int none, u32 base, u64 scaled)
{
	u32 doubled = base << 1;

	if (!base || (base > scaled && !(scaled >> 32)))
		return;
	if (scaled >> 32 || base >> 31)
		must(scaled >> 1 < scaled);
	else
		must(doubled > base);
}

/* ---- TSC scaling --------------------------------------------------------- */

void claim_scale_tsc(int frac, u64 tsc, u64 ratio)
{
	law_scale_tsc(tsc, ratio, frac, host_scale_tsc(tsc, ratio, frac));
}

void claim_tsc_ratio(int frac, u32 host_khz, u32 guest_khz)
{
	u64 ratio = 0;
	bool ok;

	/* Without a host's frequency there is no KVM, and the ratio fits (the law's). */
	if (!host_khz || ((u128)guest_khz << frac) / host_khz >> 64)
		return;
	ok = host_tsc_ratio(host_khz, guest_khz, frac, &ratio);
	law_tsc_ratio(host_khz, guest_khz, frac, ok, ratio);
}

void claim_nested_offset(int frac, u64 l1, u64 l2, u64 multiplier)
{
	law_nested_offset(l1, l2, multiplier, frac,
			  host_nested_offset(l1, l2, multiplier, frac));
}

void claim_nested_multiplier(int frac, u64 l1, u64 l2)
{
	law_nested_multiplier(l1, l2, frac, host_nested_multiplier(l1, l2, frac));
}

static inline u64 whole_up(u64 value, u8 frac)
{
	return (value >> frac) + !!(value & ((1ull << frac) - 1));
}

/*
 * L2's TSC by KVM's one multiplier against both, one after the other: what l2_tsc()
 * allows, without offsets.
 */
void claim_nested_scaled(int frac, u64 raw, u64 m1, u64 m2)
{
	u128 first = (u128)raw * m1 >> frac, both = (u128)m1 * m2 >> frac, composed, twice;

	/* 2^f is no scaling, and KVM's first branch */
	if (first >> 63 || both >> 64 || m2 == 1ull << frac)
		return;
	composed = (u128)raw * host_nested_multiplier(m1, m2, frac) >> frac;
	twice = (u128)(u64)first * m2 >> frac;
	must(composed + whole_up(raw, frac) >= twice && composed <= twice + whole_up(m2, frac));
}

/* And L1's offset, scaled alone and added, or added before: 1 for two cuts. */
void claim_nested_ahead(int frac, u64 tsc, u64 offset, u64 m2)
{
	u128 apart;

	if (tsc >> 62 || offset >> 61 || ((u128)(tsc + offset) * m2 >> frac >> 63))
		return;
	apart = ((u128)tsc * m2 >> frac) + host_nested_offset(offset, 0, m2, frac);
	must(apart <= ((u128)(tsc + offset) * m2 >> frac) &&
	     apart + 1 >= ((u128)(tsc + offset) * m2 >> frac));
}

/* By what nested_offset says it is, trunc(), which for o1 < 0 is up. */
void claim_nested_behind(int frac, u64 left, u64 behind, u64 m2)
{
	u64 apart, want;

	if (left >> 62 || behind >> 61 || ((u128)(left + behind) * m2 >> frac >> 63))
		return;
	apart = (u64)((u128)(left + behind) * m2 >> frac) - (u64)((u128)behind * m2 >> frac);
	want = (u128)left * m2 >> frac;
	must(apart >= want && apart <= want + 1);
}

/* ---- Hyper-V's TSC page -------------------------------------------------- */

void claim_page_params(int s, u32 mul, u64 system_time, u64 tsc_timestamp)
{
	u64 scale = 0;
	s64 offset = 0;
	bool ok = host_hv_page_params(mul, s, system_time, tsc_timestamp, &scale, &offset);

	law_hv_page_params(mul, s, system_time, tsc_timestamp, ok, scale, offset);
}

/* Below PAGE_SHIFT_LEAST: for nothing, but never wrong. */
void claim_page_refused(int s, u32 mul, u64 system_time, u64 tsc_timestamp)
{
	u64 scale;
	s64 offset;

	must(!host_hv_page_params(mul, s, system_time, tsc_timestamp, &scale, &offset));
}

void claim_page_read(int none, u64 tsc, u64 scale, s64 offset)
{
	u64 ticks = 0;
	bool ok = guest_hv_page_read(tsc, scale, offset, &ticks);

	/* the one value that 6.1 takes for "invalid" has a claim of its own */
	if (ok || (u64)((u128)tsc * scale >> 64) + offset != ~0ull)
		law_hv_page_read(tsc, scale, offset, ok, ticks);
}

/* On the page's own time, offset and later, over all of the TSC's range. */
void claim_page_monotonic(int none, u64 lo, u64 hi, u64 scale, s64 offset)
{
	u64 at_lo = 0, at_hi = 0;

	if (lo <= hi && guest_hv_page_read(lo, scale, offset, &at_lo) &&
	    guest_hv_page_read(hi, scale, offset, &at_hi))
		must(at_lo - offset <= at_hi - offset);
}

void claim_page_agrees(int s, u32 mul, u64 system_time, u64 tsc_timestamp, u64 tsc)
{
	u64 scale = 0, ticks = 0;
	s64 offset = 0;

	if (host_hv_page_params(mul, s, system_time, tsc_timestamp, &scale, &offset) &&
	    guest_hv_page_read(tsc, scale, offset, &ticks))
		law_hv_page_agrees(mul, s, system_time, tsc_timestamp, tsc, ticks);
}

/* Both a unit below and a unit above: some of a few inputs do. */
static bool reached_page(int s)
{
	u64 x = 88172645463325252ull, scale, ticks;
	bool below = false, above = false;
	s64 offset, apart;

	for (int i = 0; i < 1000 && !(below && above); i++) {
		u64 tsc_timestamp, system_time, delta;
		u32 mul;

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		mul = x >> 32 | 1u << 31;
		system_time = x >> 24;
		tsc_timestamp = x >> 20 & 0xffffffff;
		delta = x >> (24 + (s > 0 ? s : 0));
		if (!host_hv_page_params(mul, s, system_time, tsc_timestamp, &scale, &offset) ||
		    !guest_hv_page_read(tsc_timestamp + delta, scale, offset, &ticks))
			continue;
		apart = ticks - (system_time + host_scale_delta(delta, mul, s)) / 100;
		below |= apart == page_low(delta);
		above |= apart == 1;
	}
	return below && above;
}

/* ---- without 128 bits ---------------------------------------------------- */

/* Inputs come in halves, which is all inputs: a's halves then are no divisions. */
static inline u64 whole(u32 high, u32 low)
{
	return (u64)high << 32 | low;
}

void claim_mul_u64_u64_shr(int shift, u32 ah, u32 al, u32 bh, u32 bl)
{
	u64 a = whole(ah, al), b = whole(bh, bl);

	must(portable_mul_u64_u64_shr(a, b, shift) == (u64)((u128)a * b >> shift));
}

void claim_mul_u64_u32_shr(int shift, u32 ah, u32 al, u32 mul)
{
	u64 a = whole(ah, al);

	must(portable_mul_u64_u32_shr(a, mul, shift) == (u64)((u128)a * mul >> shift));
}

void claim_mul_u64_u32_div(int none, u32 ah, u32 al, u32 mul, u32 divisor)
{
	u64 a = whole(ah, al);

	if (divisor && !((u128)a * mul / divisor >> 64))
		must(portable_mul_u64_u32_div(a, mul, divisor) ==
		     (u64)((u128)a * mul / divisor));
}

/* ---- the list ------------------------------------------------------------ */

#define RUN1(name, A) \
	static void run_##name(int s, const u64 *in) { claim_##name(s, (A)in[0]); }
#define RUN2(name, A, B) \
	static void run_##name(int s, const u64 *in) { claim_##name(s, (A)in[0], (B)in[1]); }
#define RUN3(name, A, B, C) \
	static void run_##name(int s, const u64 *in) \
	{ claim_##name(s, (A)in[0], (B)in[1], (C)in[2]); }
#define RUN4(name, A, B, C, D) \
	static void run_##name(int s, const u64 *in) \
	{ claim_##name(s, (A)in[0], (B)in[1], (C)in[2], (D)in[3]); }

RUN2(scale_exact, u64, u32)
RUN3(scale_monotonic, u64, u64, u32)
RUN4(read_forward, u64, u64, u32, u64)
RUN4(read_behind, u64, u64, u32, u64)
RUN2(read_no_wrap, u64, u32)
RUN1(read_wraps, u32)
RUN3(rebase_drift, u64, u64, u32)
RUN2(jump, u64, u32)
RUN2(guest_tsc_forward, u32, s64)
RUN2(guest_tsc_behind, u32, s64)
RUN3(signed_across, s64, s64, u32)
RUN2(signed_odd, s64, u32)
RUN2(signed_behind, s64, u32)
RUN2(time_scale_first, u64, u64)
RUN2(time_scale_second, u32, u64)
RUN2(scale_tsc, u64, u64)
RUN2(tsc_ratio, u32, u32)
RUN3(nested_offset, u64, u64, u64)
RUN2(nested_multiplier, u64, u64)
RUN3(nested_scaled, u64, u64, u64)
RUN3(nested_ahead, u64, u64, u64)
RUN3(nested_behind, u64, u64, u64)
RUN3(page_params, u32, u64, u64)
RUN3(page_refused, u32, u64, u64)
RUN3(page_read, u64, u64, s64)
RUN4(page_monotonic, u64, u64, u64, s64)
RUN4(page_agrees, u32, u64, u64, u64)
RUN4(mul_u64_u64_shr, u32, u32, u32, u32)
RUN3(mul_u64_u32_shr, u32, u32, u32)
RUN4(mul_u64_u32_div, u32, u32, u32, u32)

#define SHIFTS(least, most) .parameter = "shift", .from = least, .to = most, .step = 1
#define FRACTIONS .parameter = "fraction bits", .from = 32, .to = 48, .step = 16
#define ONCE .step = 1
#define ALWAYS(n) .name = #n, .run = run_##n
#define REACHED(n) .name = #n "_reached", .reached = reached_##n

const struct claim claims[] = {
	{ ALWAYS(scale_exact), SHIFTS(-31, 31), .level = 1,
	  .law = "exact", .function = "pvclock_scale_delta",
	  .sentence = "E - result is in [0, 1), for s < 0 in [0, (1-2^-32) + (1-2^s)*m/2^32]" },
	{ REACHED(scale), SHIFTS(-31, -1),
	  .law = "exact", .function = "pvclock_scale_delta",
	  .sentence = "for s < 0 the result is 1 below floor(E)" },
	{ ALWAYS(scale_monotonic), SHIFTS(-31, 31), .level = 1,
	  .law = "monotonic", .function = "pvclock_scale_delta",
	  .sentence = "a longer time gives no less, while the left shift loses no bits" },
	{ ALWAYS(read_forward), SHIFTS(-31, 31), .level = 1,
	  .law = "exact", .function = "__pvclock_read_cycles",
	  .sentence = "a read is system_time + E, rounded as above" },
	{ ALWAYS(read_behind), SHIFTS(-31, 31),
	  .law = "signed", .function = "__pvclock_read_cycles",
	  .sentence = "a counter before the snapshot gives base - E(|d|), or base",
	  .harness = "fuzz_pvclock", .fields = fields_read },
	{ ALWAYS(jump), SHIFTS(-31, 31), .level = 1,
	  .law = "signed", .function = "__pvclock_read_cycles",
	  .sentence = "one that is behind reads m * 2^(32-max(0,-s)) ns ahead, less 0 to 2" },
	{ ALWAYS(read_no_wrap), SHIFTS(-31, 31),
	  .law = "exact", .function = "__pvclock_read_cycles",
	  .sentence = "no read wraps below 2^63 ns, 292.27 years, for m >= 2^31" },
	{ ALWAYS(read_wraps), SHIFTS(1, 31),
	  .law = "exact", .function = "__pvclock_read_cycles",
	  .sentence = "the first that wraps is at m * 2^32 ns, where it is 0 again" },
	{ REACHED(wrap), SHIFTS(1, 31),
	  .law = "exact", .function = "__pvclock_read_cycles",
	  .sentence = "for m = 2^31 that is 2^63 ns" },
	{ ALWAYS(rebase_drift), SHIFTS(-31, 31), .level = 1,
	  .law = "monotonic", .function = "pvclock_update_vm_gtod_copy",
	  .sentence = "a re-base moves later reads back by 0 or 1 ns, for s < 0 by 0 to 2" },
	{ REACHED(rebase), SHIFTS(-31, 31),
	  .law = "monotonic", .function = "pvclock_update_vm_gtod_copy",
	  .sentence = "and by that much" },
	{ ALWAYS(guest_tsc_forward), SHIFTS(-31, 31), .level = 1,
	  .law = "exact", .function = "compute_guest_tsc",
	  .sentence = "time since the write gives cycles as pvclock's scaling does" },
	{ ALWAYS(guest_tsc_behind), SHIFTS(-19, 12),
	  .law = "signed", .function = "compute_guest_tsc",
	  .sentence = "time before the write gives a TSC before it, or clamped to it",
	  .harness = "fuzz_guest_tsc", .fields = fields_guest_tsc },
	{ ALWAYS(signed_across), SHIFTS(-31, 31),
	  .law = "monotonic", .function = "compute_guest_tsc",
	  .sentence = "with the sign kept apart: monotone through 0" },
	{ ALWAYS(signed_odd), SHIFTS(-31, 31),
	  .law = "signed", .function = "compute_guest_tsc",
	  .sentence = "with the sign kept apart: f(-d) = -f(d)" },
	{ ALWAYS(signed_behind), SHIFTS(-31, 31), .level = 1,
	  .law = "signed", .function = "compute_guest_tsc",
	  .sentence = "with the sign kept apart: time before the write is right" },
	{ ALWAYS(time_scale_first), ONCE,
	  .law = "total", .function = "kvm_get_time_scale",
	  .sentence = "each turn of its first loop halves base, and leaves it above 0" },
	{ ALWAYS(time_scale_second), ONCE,
	  .law = "total", .function = "kvm_get_time_scale",
	  .sentence = "each turn of its second halves scaled or doubles base, which doesn't wrap" },
	{ ALWAYS(scale_tsc), FRACTIONS,
	  .law = "exact", .function = "kvm_scale_tsc",
	  .sentence = "it is floor(tsc * ratio / 2^f)" },
	{ ALWAYS(tsc_ratio), FRACTIONS,
	  .law = "exact", .function = "set_tsc_khz",
	  .sentence = "it is floor(guest_khz * 2^f / host_khz), refused if and only if the hardware hasn't it" },
	{ ALWAYS(nested_offset), FRACTIONS,
	  .law = "exact", .function = "kvm_calc_nested_tsc_offset",
	  .sentence = "it is trunc(l1 * m / 2^f) + l2" },
	{ ALWAYS(nested_multiplier), FRACTIONS,
	  .law = "exact", .function = "kvm_calc_nested_tsc_multiplier",
	  .sentence = "it is floor(l1 * l2 / 2^f)" },
	{ ALWAYS(nested_scaled), FRACTIONS, .level = 4,
	  .law = "exact", .function = "kvm_calc_nested_tsc_multiplier",
	  .sentence = "composed - sequential is in [-ceil(tsc/2^f), ceil(m2)] cycles" },
	{ ALWAYS(nested_ahead), FRACTIONS, .level = 1,
	  .law = "exact", .function = "kvm_calc_nested_tsc_offset",
	  .sentence = "an offset o1 >= 0 scaled apart gives 0 or 1 cycle less" },
	{ ALWAYS(nested_behind), FRACTIONS, .level = 1,
	  .law = "exact", .function = "kvm_calc_nested_tsc_offset",
	  .sentence = "an offset o1 < 0 scaled apart gives 0 or 1 cycle more" },
	{ ALWAYS(page_params), SHIFTS(PAGE_SHIFT_LEAST, 31),
	  .law = "exact", .function = "compute_tsc_page_parameters",
	  .sentence = "the scale is exact, refused if and only if it doesn't fit; the page shows system_time / 100 at tsc_timestamp" },
	{ ALWAYS(page_refused), SHIFTS(-31, PAGE_SHIFT_LEAST - 1),
	  .law = "exact", .function = "compute_tsc_page_parameters",
	  .sentence = "below that it always refuses" },
	{ ALWAYS(page_read), ONCE,
	  .law = "exact", .function = "hv_read_tsc_page_tsc",
	  .sentence = "it is tsc * scale / 2^64 + offset" },
	{ ALWAYS(page_monotonic), ONCE,
	  .law = "monotonic", .function = "hv_read_tsc_page_tsc",
	  .sentence = "a later TSC gives no less, over all of its range" },
	{ ALWAYS(page_agrees), SHIFTS(PAGE_SHIFT_LEAST, 31), .level = 3, .solver = 1, .splits = SPLIT_PLAIN,
	  .law = "agree", .function = "compute_tsc_page_parameters",
	  .sentence = "page - floor(pvclock/100) is in [-1, +1], s < 0: +2; from 2^64/100 cycles on -2" },
	/* above 7 a page needs a multiplier that isn't normalised */
	{ REACHED(page), SHIFTS(PAGE_SHIFT_LEAST, 7),
	  .law = "agree", .function = "compute_tsc_page_parameters",
	  .sentence = "page - floor(pvclock/100) is -1 for some inputs, +1 for others" },
	{ ALWAYS(mul_u64_u64_shr), .parameter = "shift", .from = 0, .to = 63, .step = 1,
	  .splits = SPLIT_DIGITS,
	  .law = "exact", .function = "mul_u64_u64_shr",
	  .sentence = "four products of 32 bits are the one of 128" },
	{ ALWAYS(mul_u64_u32_shr), .parameter = "shift", .from = 0, .to = 32, .step = 1,
	  .law = "exact", .function = "mul_u64_u32_shr",
	  .sentence = "two products of 32 bits are the one of 128" },
	{ ALWAYS(mul_u64_u32_div), ONCE,
	  .law = "exact", .function = "mul_u64_u32_div",
	  .sentence = "two divisions of 64 bits are the one of 128" },
	{ 0 }
};
