// SPDX-License-Identifier: GPL-2.0-only
/*
 * The laws over pure functions.
 *
 * Notation: s = shift, m = multiplier, d = a difference of counters, E = the
 * exact value as a rational number.  All bounds are derived here for every
 * argument inside the contract; nothing is rounded before it is compared.
 */
#include "bounds.h"
#include "pure.h"
#include "wide.h"

#define S128_SHOWN ((u128)1 << 126)	/* stands for "at least that" */

static bool in_range(s128 v, s128 low, s128 high)
{
	return v >= low && v <= high;
}

/* Fails unless got - want is in the finding's tolerance. */
static void judge(const struct finding *f)
{
	law_asked(f->law, f->clock);
	if (!in_range(f->got - f->want, f->tolerance_low, f->tolerance_high))
		law_fail(f);
}

/* ---- pvclock scaling ----------------------------------------------------- */

/*
 * E = d * 2^s * m / 2^32.  A right answer lies in [floor(E) + low, floor(E)]:
 *
 * s >= 0: only the product's low 32 bits are cut: E - result in [0, 1).
 *
 * s < 0, n = -s: the delta's low n bits are cut first, at most 2^n - 1 of
 * them, worth (1 - 2^s) * m / 2^32; then the product's fraction, at most
 * (2^32 - 1) / 2^32.  So E - result in [0, B] with
 * B = (1 - 2^-32) + (1 - 2^s) * m / 2^32 < 2.  Both reached: d = 3,
 * m = 2^32 - 1, s = -1 gives 0 where E is 1.49.
 */
struct scaled {
	bool valid;		/* inside the contract */
	u64 floor;
	s128 low;		/* -1 or 0 */
};

static struct scaled scaled(u64 delta, u32 mul, int shift)
{
	struct scaled r = { 0 };
	unsigned int n = -shift;
	u128 product, cut;

	if (shift < -31 || shift > 31)
		return r;
	if (shift >= 0) {
		if (delta << shift >> shift != delta)
			return r;
		r.valid = true;
		r.floor = (u128)(delta << shift) * mul >> 32;
		return r;
	}
	/* In units of 2^-(32 + n): E = d * m, B = cut. */
	product = (u128)delta * mul;
	cut = (u128)0xffffffff << n;
	cut += (u128)mul * ((1u << n) - 1);
	r.valid = true;
	r.floor = product >> (32 + n);
	if (product > cut)
		r.low = (s128)u128_shr_ceil(product - cut, 32 + n) - (s128)r.floor;
	else
		r.low = -(s128)r.floor;
	return r;
}

void law_scale_delta(u64 delta, u32 mul, s8 shift, u64 got)
{
	struct scaled want = scaled(delta, mul, shift);

	if (!want.valid)
		return;
	judge(&(struct finding){
		.law = LAW_EXACT, .clock = "scale_delta", .event = "-",
		.function = "pvclock_scale_delta",
		.why = "it isn't delta * 2^shift * mul / 2^32",
		.unit = "ns", .got = got, .want = want.floor,
		.tolerance_low = want.low,
	});
}

/* Each step (cut, multiply, cut) is monotone while no bit is lost. */
void law_scale_delta_monotonic(u64 lo, u64 hi, u64 at_lo, u64 at_hi, u32 mul,
			       s8 shift)
{
	if (lo > hi || !scaled(hi, mul, shift).valid)
		return;
	judge(&(struct finding){
		.law = LAW_MONOTONIC, .clock = "scale_delta", .event = "-",
		.function = "pvclock_scale_delta",
		.why = "a longer time gave less",
		.unit = "ns", .got = at_hi, .want = at_lo,
		.tolerance_high = ~0ull,
	});
}

/* ---- kvm_get_time_scale -------------------------------------------------- */

/*
 * value = mul * 2^(shift - 32) stands for scaled_hz / base_hz.  Relative error:
 *
 * Above: base_hz is halved while above 2 * scaled_hz or 2^32 - 1, losing low
 * bits: base / 2^k < base' + 1, and base' >= min(scaled_hz, 2^31) after the
 * last halving.  So at most +1 / min(scaled_hz, 2^31), or 0 if it isn't halved.
 *
 * Below: the quotient is cut, x - mul < 1 with x >= 2^31, so at most 2^-31.
 * When scaled_hz is halved, which needs scaled_hz >= 2^31 and leaves
 * scaled' >= 2^30, its lost bits add 1 / (2^30 + 1); the last cut may then
 * leave x = 2^31 - 1.  Together below 3 * 2^-31.
 *
 * With b = bits of scaled_hz it is halved at most b - 31 times, hence nothing
 * is lost when as many low bits are zero.
 *
 * Contract: base_hz isn't 0, scaled_hz in [1, 2^63).
 */
static u32 time_scale_below(u64 scaled_hz)	/* in 2^-31 */
{
	u64 high = scaled_hz >> 31;
	int halvings = high ? 64 - __builtin_clzll(high) : 0;

	return scaled_hz & ((1ull << halvings) - 1) ? 3 : 1;
}

static bool time_scale_cuts_base(u64 scaled_hz, u64 base_hz)
{
	return base_hz > 2 * scaled_hz || base_hz >> 32;
}

/* floor or ceil of a * 2^exponent / base */
static u128 quotient(u128 a, int exponent, u64 base, bool ceil)
{
	struct u256 n = wide(a), q;
	u64 rem;

	if (exponent >= 0)
		n = wide_shl(n, exponent);
	q = ceil ? wide_div64_ceil(n, base) : wide_div64_floor(n, base, &rem);
	if (exponent < 0)
		q = ceil ? wide_shr_ceil(q, -exponent) : wide_shr(q, -exponent);
	return wide_saturate(q, S128_SHOWN);
}

void law_time_scale(u64 scaled_hz, u64 base_hz, s8 shift, u32 mul)
{
	struct finding f = {
		.law = LAW_EXACT, .clock = "time_scale", .event = "-",
		.function = "kvm_get_time_scale",
		.why = "mul * 2^(shift - 32) isn't scaled_hz / base_hz",
	};
	s128 at_least, at_most;
	u64 least;

	if (!base_hz || !scaled_hz || scaled_hz >> 63)
		return;
	/* m in [2^31, 2^32) leaves only these for ratios of 64-bit numbers. */
	if (!in_range(shift, -65, 65)) {
		f.unit = "bits of shift";
		f.got = shift;
		f.tolerance_low = -65;
		f.tolerance_high = 65;
		law_fail(&f);
		return;
	}
	/* In units of mul's last bit: W = scaled_hz * 2^(32 - shift) / base_hz. */
	at_least = quotient((u128)scaled_hz *
			 ((1ull << 31) - time_scale_below(scaled_hz)),
			 1 - shift, base_hz, true);
	if (!time_scale_cuts_base(scaled_hz, base_hz)) {
		at_most = quotient(scaled_hz, 32 - shift, base_hz, false);
	} else {
		/* W * (1 + 1 / least) */
		least = scaled_hz < 1ull << 31 ? scaled_hz : 1ull << 31;
		if (least == scaled_hz)
			at_most = quotient((u128)scaled_hz + 1, 32 - shift, base_hz, false);
		else
			at_most = quotient((u128)scaled_hz * ((1ull << 31) + 1),
					1 - shift, base_hz, false);
	}
	f.unit = "2^(shift-32)";
	f.got = mul;
	f.want = quotient(scaled_hz, 32 - shift, base_hz, false);
	f.tolerance_low = at_least - f.want;
	f.tolerance_high = at_most - f.want;
	judge(&f);
}

/* ---- pvclock ------------------------------------------------------------- */

/*
 * Contract: |d| < 2^63, for beyond it forward and backward can't be told apart;
 * the left shift loses no bits; the result, behind: E(|d|), is below 2^63,
 * which with a normalised m is 292 years.
 */
void law_pvclock_read(u64 system_time, u64 tsc_timestamp, u32 mul, s8 shift,
		      u64 tsc, u64 got)
{
	u64 delta = tsc - tsc_timestamp, wrapped;
	struct finding f = {
		.event = "-", .clock = "pvclock_read",
		.function = "__pvclock_read_cycles", .unit = "ns", .got = got,
	};
	struct scaled span;

	if ((s64)delta >= 0) {
		span = scaled(delta, mul, shift);
		if (!span.valid || span.floor >> 63 ||
		    system_time + span.floor < system_time)
			return;
		f.law = LAW_EXACT;
		f.why = "it isn't system_time plus the scaled delta";
		f.want = (s128)system_time + span.floor;
		f.tolerance_low = span.low;
		judge(&f);
		return;
	}
	span = scaled(-delta, mul, shift);
	if (!span.valid || span.floor >> 63)
		return;
	/* A counter near 2^64 against one near 0: behind, or 2^64 ahead? */
	if (tsc >= tsc_timestamp)
		return;
	law_asked(LAW_SIGNED, f.clock);
	if (got == system_time)
		return;
	wrapped = shift < 0 ? delta >> -shift : delta << shift;
	wrapped = system_time + (u64)((u128)wrapped * mul >> 32);
	/* law signed explains the unsigned subtraction, and nothing else */
	f.law = got == wrapped ? LAW_SIGNED : LAW_EXACT;
	f.why = got == wrapped ? "the counter was behind tsc_timestamp" :
				 "it is neither the signed nor the wrapped sum";
	f.want = (s128)system_time - span.floor;
	f.tolerance_low = BEHIND_LOW;
	f.tolerance_high = BEHIND_HIGH;
	if (f.want < 0)
		f.got = (s64)got;	/* below zero: two's complement */
	judge(&f);
}

/*
 * Later reads are at most rebase_drift() below the old tuple's; a host clock of
 * another resolution may put it as much above.
 *
 * Contract: new_tsc is not before old_tsc; the old read is representable.
 */
void law_pvclock_rebase(u64 old_system_time, u64 old_tsc, u64 new_system_time,
			u64 new_tsc, u32 mul, s8 shift)
{
	u64 delta = new_tsc - old_tsc, span;
	struct finding f = {
		.clock = "pvclock_rebase", .event = "-",
		.function = "pvclock_update_vm_gtod_copy", .unit = "ns",
		.got = new_system_time,
		.tolerance_low = -REBASE_ROUNDING,
		.tolerance_high = REBASE_ROUNDING,
	};

	if (new_tsc < old_tsc || !scaled(delta, mul, shift).valid)
		return;
	/* What the ABI makes every guest compute from the old tuple. */
	span = (u128)(shift < 0 ? delta >> -shift : delta << shift) * mul >> 32;
	if (old_system_time + span < old_system_time)
		return;
	f.want = (s128)old_system_time + span;
	if (f.got < f.want) {
		f.law = LAW_MONOTONIC;
		f.why = "an update stepped back at one TSC";
	} else {
		f.law = LAW_RATE;
		f.why = "an update jumped forward at one TSC";
	}
	judge(&f);
}

/* ---- guest TSC ----------------------------------------------------------- */

/*
 * W = |delta_ns| * khz / 10^6 cycles.  The parameters are those of
 * kvm_get_time_scale(khz * 1000, 10^9), so the slope is off by that function's
 * bounds, and scaling cuts less than 1 (s >= 0, from 500 MHz on, where the
 * ratio is at least 1/2) or less than 2:
 *
 *	floor(W * (1 - c * 2^-31) - B) < result <= W * (1 + h)
 *
 * with h = 1 / (khz * 1000) below 500 MHz, where 10^9 is halved, else 0.
 *
 * Contract: W <= 2^63 - 2^32.  Since 2^s <= 2 * ratio * (1 + 2^-31), delta * 2^s
 * then loses no bits.
 */
#define GUEST_TSC_MAX ((1ull << 63) - (1ull << 32))

void law_guest_tsc(u32 khz, s64 delta_ns, u64 got)
{
	u64 delta = delta_ns < 0 ? -(u64)delta_ns : (u64)delta_ns;
	u128 cycles = (u128)delta * khz, low, high;
	bool halved = khz < 500000;
	struct finding f = {
		.event = "-", .clock = "guest_tsc",
		.function = "compute_guest_tsc", .unit = "cycles",
	};
	s128 least, most;

	if (!khz || cycles / 1000000 > GUEST_TSC_MAX)
		return;
	low = cycles * ((1ull << 31) - time_scale_below(khz * 1000ull));
	least = (s128)(low / (1000000ull << 31)) + 1 - (halved ? 2 : 1);
	if (least < 0)
		least = 0;
	high = halved ? (u128)delta * (khz * 1000ull + 1) / 1000000000 :
			cycles / 1000000;
	most = high;
	f.want = cycles / 1000000;
	if (delta_ns >= 0) {
		f.law = LAW_EXACT;
		f.why = "it isn't the time at the guest's rate";
		f.got = got;
		f.tolerance_low = least - f.want;
		f.tolerance_high = most - f.want;
		judge(&f);
		return;
	}
	law_asked(LAW_SIGNED, f.clock);
	/* Or clamped to where the TSC was at the write. */
	if (!got)
		return;
	f.law = LAW_SIGNED;
	f.why = "the time since the TSC write was negative";
	f.got = got;
	/* Rounding each step down goes as far below as cutting goes above. */
	f.tolerance_low = f.want - most + BEHIND_LOW;
	f.tolerance_high = f.want - least;
	f.want = -f.want;
	/* Two's complement when it is near: a jump shows as the guest sees it. */
	if (in_range((s64)got - f.want, f.tolerance_low, f.tolerance_high))
		return;
	law_fail(&f);
}

/* ---- TSC scaling --------------------------------------------------------- */

/*
 * Hardware multiplies to 128 bits and shifts, so the value is defined to the
 * bit.  Contract: it fits 64 bits, frac is below 64.
 */
void law_scale_tsc(u64 tsc, u64 ratio, u8 frac, u64 got)
{
	u128 product = (u128)tsc * ratio;

	if (frac > 63 || product >> frac >> 64)
		return;
	judge(&(struct finding){
		.law = LAW_EXACT, .clock = "scale_tsc", .event = "-",
		.function = "kvm_scale_tsc",
		.why = "it isn't tsc * ratio / 2^frac",
		.unit = "cycles", .got = got, .want = product >> frac,
	});
}

/*
 * ratio = floor(guest_khz * 2^frac / host_khz), refused when it is 0 or not
 * below the hardware's largest: 2^64 - 1 with 48 fraction bits (VMX),
 * 2^40 - 1 with 32 (SVM).
 *
 * Contract: those two; host_khz isn't 0; the ratio fits 64 bits, for
 * KVM_SET_TSC_KHZ lets no larger guest_khz through.
 */
void law_tsc_ratio(u32 host_khz, u32 guest_khz, u8 frac, bool ok, u64 got)
{
	u64 max = frac == 48 ? ~0ull : 0xffffffffffull;
	struct finding f = {
		.law = LAW_EXACT, .clock = "tsc_ratio", .event = "-",
		.function = "set_tsc_khz", .unit = "2^-frac",
	};
	u128 want;
	bool accepted;

	if ((frac != 48 && frac != 32) || !host_khz)
		return;
	want = ((u128)guest_khz << frac) / host_khz;
	if (want >> 64)
		return;
	accepted = want && want < max;
	if (ok != accepted) {
		f.why = ok ? "a ratio that the hardware doesn't have was accepted" :
			     "a ratio that the hardware has was refused";
		f.got = ok ? got : 0;
		f.want = accepted ? want : 0;
		law_fail(&f);
		return;
	}
	if (!ok)
		return;
	f.why = "it isn't guest_khz * 2^frac / host_khz";
	f.got = got;
	f.want = want;
	judge(&f);
}

/*
 * offset = trunc(l1 * multiplier / 2^frac) + l2 modulo 2^64, as the hardware
 * adds it; truncated towards zero, which composed against sequential scaling
 * is within a cycle.  Contract: the scaled l1 is below 2^63, frac below 64.
 */
void law_nested_offset(u64 l1, u64 l2, u64 multiplier, u8 frac, u64 got)
{
	bool negative = l1 >> 63;
	u128 product = (u128)(negative ? -l1 : l1) * multiplier;
	u64 scaled, want;

	if (frac > 63 || product >> frac >> 63)
		return;
	scaled = product >> frac;
	want = (negative ? -scaled : scaled) + l2;
	judge(&(struct finding){
		.law = LAW_EXACT, .clock = "nested_offset", .event = "-",
		.function = "kvm_calc_nested_tsc_offset",
		.why = "it isn't l1 * multiplier / 2^frac + l2",
		.unit = "cycles", .got = (s64)got, .want = (s64)want,
	});
}

/* Contract: it fits 64 bits, frac below 64. */
void law_nested_multiplier(u64 l1, u64 l2, u8 frac, u64 got)
{
	u128 product = (u128)l1 * l2;

	if (frac > 63 || product >> frac >> 64)
		return;
	judge(&(struct finding){
		.law = LAW_EXACT, .clock = "nested_multiplier", .event = "-",
		.function = "kvm_calc_nested_tsc_multiplier",
		.why = "it isn't l1 * l2 / 2^frac",
		.unit = "2^-frac", .got = got, .want = product >> frac,
	});
}

/* ---- TSC page ------------------------------------------------------------ */

static bool page_shift(s8 shift)
{
	return in_range(shift, PAGE_SHIFT_LEAST, 31);
}

/* floor(m * 2^(32 + s) / 100): 100 ns units per cycle as a 64.64 fraction */
static u128 page_scale(u32 mul, s8 shift)
{
	return ((u128)mul << (32 + shift)) / 100;
}

/*
 * The scale is defined to the bit; the offset by continuity: at tsc_timestamp
 * the page shows floor(system_time / 100).  Refused when and only when the
 * scale doesn't fit.
 */
void law_hv_page_params(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			bool ok, u64 scale, s64 offset)
{
	struct finding f = {
		.law = LAW_EXACT, .clock = "hv_page_params", .event = "-",
		.function = "compute_tsc_page_parameters",
		.unit = "2^-64 * 100 ns per cycle",
	};
	u128 want;

	if (!page_shift(shift))
		return;
	want = page_scale(mul, shift);
	f.got = ok ? scale : 0;
	f.want = want;
	if (ok == !!(want >> 64)) {
		f.why = ok ? "a scale that doesn't fit was accepted" :
			     "a scale that fits was refused";
		law_fail(&f);
		return;
	}
	if (!ok)
		return;
	if (f.got != f.want) {
		f.why = "the scale isn't mul * 2^(32 + shift) / 100";
		law_fail(&f);
		return;
	}
	f.why = "at tsc_timestamp the page isn't system_time / 100";
	f.unit = "100ns";
	f.got = offset;
	f.want = (s64)(system_time / 100 -
		       (u64)((u128)tsc_timestamp * scale >> 64));
	judge(&f);
}

/*
 * TLFS: time = ((tsc * scale) >> 64) + offset, modulo 2^64.  Any value is a
 * legal time, 2^64 - 1 too.
 */
void law_hv_page_read(u64 tsc, u64 scale, s64 offset, bool ok, u64 got)
{
	u64 want = (u64)((u128)tsc * scale >> 64) + offset;
	struct finding f = {
		.law = LAW_EXACT, .clock = "hv_page_read", .event = "-",
		.function = "hv_read_tsc_page_tsc",
	};

	if (!ok) {
		/* the one time that an older reader takes for "invalid" */
		if (want == ~0ull)
			f.event = "u64-max";
		f.why = "a valid page was reported as invalid";
		f.unit = "valid page";
		f.want = 1;
		law_fail(&f);
		return;
	}
	f.why = "it isn't tsc * scale / 2^64 + offset";
	f.unit = "100ns";
	f.got = got;
	f.want = want;
	judge(&f);
}

/*
 * With x = E/100 - e, e in [0, d/2^64) from the cut scale, st = 100q + u, r the
 * scaled delta:
 *
 *	page - q = floor - floor	in (x - 1, x + 1)
 *	floor(pvclock / 100) - q	in [(u + r - 99)/100, (u + r)/100]
 *
 * and E - r in [0, 1) for s >= 0, [0, 2) for s < 0.  So the difference is
 * below 1.99 + 0.01 or 0.02, hence at most +1 or +2; and above -1.99 - e:
 * at least -1 while d < 2^64/100, then e < 0.01, else -2, since e < 1.
 * Nothing in it grows with the uptime.
 */
void law_hv_page_agrees(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			u64 tsc, u64 page_100ns)
{
	u64 delta = tsc - tsc_timestamp, span;

	if (tsc < tsc_timestamp || !page_shift(shift) ||
	    page_scale(mul, shift) >> 64 || !scaled(delta, mul, shift).valid)
		return;
	span = (u128)(shift < 0 ? delta >> -shift : delta << shift) * mul >> 32;
	if (system_time + span < system_time)
		return;
	judge(&(struct finding){
		.law = LAW_AGREE, .clock = "hv_page", .event = "-",
		.function = "compute_tsc_page_parameters",
		.why = "page and pvclock part at one TSC",
		.unit = "100ns", .got = page_100ns,
		.want = (system_time + span) / 100,
		.tolerance_low = page_low(delta),
		.tolerance_high = page_high(shift),
	});
}

/* ---- canary -------------------------------------------------------------- */

static void nothing(const struct finding *f)
{
}

/* A table instead of a branch: this side isn't instrumented, and luck leads here. */
void law_canary(u64 value)
{
	static void (*const verdict[])(const struct finding *f) = { nothing, law_fail };
	u64 hit = (value >> 20 ^ value >> 5) & 1;

	verdict[hit](&(struct finding){
		.law = LAW_CANARY, .clock = "canary", .event = "-",
		.function = "law_canary", .why = "planted", .unit = "",
		.got = hit,
	});
}
