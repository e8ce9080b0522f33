// SPDX-License-Identifier: GPL-2.0-only
/*
 * The laws over host timekeeping's pure functions: a clocksource's registration
 * and its readers, the sched clock, cross timestamps.
 *
 * Notation: m = mult, s = shift, d = a difference of counters, W = the exact
 * value of m as a rational number.
 */
#include "pure.h"
#include "wide.h"

#define NSEC_PER_KHZ 1000000ull		/* ns in as many cycles as kHz */

static void judge(const struct finding *f)
{
	s128 diff = f->got - f->want;

	law_asked(f->law, f->clock);
	if (diff < f->tolerance_low || diff > f->tolerance_high)
		law_fail(f);
}

/* ---- registration -------------------------------------------------------- */

/*
 * W = 10^6 * 2^s / khz.  m is W rounded to the nearest: |m - W| <= 1/2.  Where
 * NTP's share wouldn't fit 32 bits m is halved k times and cut each time:
 * m - W in [-(1/2 + 2^k - 1) / 2^k, 1/2 / 2^k], within (-1, 1/2) for all k.  In
 * units of 1 / (2 khz), so that nothing is rounded.
 *
 * max_cycles is what the kernel multiplies in 64 bits, by as much as NTP may make
 * of m, which is 11 %: no product of it may wrap, and it is no more than the counter
 * has.  Half of what it lasts while NTP slows it down the kernel may be idle.
 *
 * m is as exact as can be: 64 bits hold its product with R, the cycles of ten minutes
 * or of the seconds that the counter has bits for, one at least.  The kernel counts
 * bits of both factors, so that less than 2 of 64 are left; but s is 32 at most, and
 * twice of m and NTP's share of that must fit 32 bits.
 */
void law_counter_registered(u32 khz, const struct subject_counter *c)
{
	struct finding f = {
		.law = LAW_EXACT, .clock = "clocksource", .event = "-",
		.function = "__clocksource_update_freq_scale",
		.why = "mult / 2^shift isn't the counter's period",
		.unit = "2^-shift/khz ns",
	};

	u64 hz = khz * 1000ull, seconds = hz ? c->mask / hz : 0;

	if (!khz || c->shift > 32)
		return;
	seconds = seconds < 1 ? 1 : seconds > 600 ? 600 : seconds;
	f.got = 2 * (s128)c->mult * khz;
	f.want = (s128)(2 * NSEC_PER_KHZ) << c->shift;
	f.tolerance_low = 1 - 2 * (s128)khz;
	f.tolerance_high = khz;
	judge(&f);

	f.why = "max_cycles times the largest mult wraps";
	f.unit = "2^-shift ns";
	f.got = (s128)c->max_cycles * ((u64)c->mult + c->maxadj);
	f.want = 0;
	f.tolerance_low = 0;
	f.tolerance_high = ~0ull;
	judge(&f);

	f.why = "max_cycles is more than the counter has";
	f.unit = "cycles";
	f.got = c->max_cycles;
	f.tolerance_high = c->mask;
	judge(&f);

	f.why = "ten minutes of it don't fit 64 bits, or with bits to spare";
	f.unit = "2^-shift ns";
	f.got = (u128)c->mult * seconds * hz;
	f.tolerance_high = ~0ull;
	if (c->shift < 32 && !((2ull * c->mult + 1) * 111 / 100 >> 32))
		f.tolerance_low = (s128)1 << 62;
	judge(&f);

	f.why = "what NTP may adjust isn't 11 %";
	f.unit = "mult";
	f.got = c->maxadj;
	f.want = c->mult * 11ull / 100;
	f.tolerance_low = f.tolerance_high = 0;
	judge(&f);

	f.why = "it may be idle for longer than it can be read, or not for half as long";
	f.unit = "ns";
	f.got = c->max_idle_ns;
	f.want = (u128)c->max_cycles * (c->mult - c->maxadj) >> (c->shift + 1);
	judge(&f);
}

/*
 * A tick takes a counter that went on by half of its width for just that, and one that
 * is up to an eighth behind, as on another CPU, for one that stood still.  Contract:
 * between the two it may be either.
 */
void law_counter_passed(u64 mask, u64 last, u64 now, u64 got)
{
	u64 ahead = (now - last) & mask, behind = -ahead & mask;

	if (ahead > mask >> 1 && behind > mask >> 3)
		return;
	judge(&(struct finding){
		.law = ahead > mask >> 1 ? LAW_SIGNED : LAW_EXACT,
		.clock = "clocksource", .event = "tick",
		.function = "clocksource_delta", .unit = "cycles",
		.why = "it isn't what the counter went on by", .got = got,
		.want = ahead > mask >> 1 ? 0 : ahead,
	});
}

/* ---- readers ------------------------------------------------------------- */

/*
 * floor((xtime_nsec + d * m) / 2^s), to the bit, for whatever gap.  @mask is that
 * of the subtraction: forward while d is at most half of it.
 *
 * A counter behind cycle_last, as a TSC may be on another CPU, gives what signed
 * arithmetic gives, cut either way, or clamps to cycle_last.  Only one of 64 bits
 * is: a narrower counter is one device, which no CPU reads behind.
 *
 * Contract: the result fits 64 bits; m is within maxadj of the clocksource's.
 */
void law_counter_read(const char *clock, const char *function, u64 mask,
		      const struct subject_counter *c, u64 cycles, bool ok,
		      u64 got)
{
	u64 ahead = (cycles - c->cycle_last) & mask, behind = -ahead & mask;
	bool forward = ahead <= mask >> 1;
	u64 base = c->xtime_nsec >> c->shift, wrapped;
	u128 span = (u128)(forward ? ahead : behind) * c->mult;
	struct finding f = {
		.law = LAW_EXACT, .clock = clock, .event = "-",
		.function = function, .unit = "ns",
		.why = "it isn't the base plus the scaled counter",
		.got = got,
	};

	if (!forward && c->mask >> 32 != 0xffffffff)
		return;
	if (forward && (span + c->xtime_nsec) >> c->shift >> 64)
		return;
	law_asked(forward ? LAW_EXACT : LAW_SIGNED, clock);
	if (!ok) {
		f.why = "a valid counter was taken for invalid";
		f.event = cycles >> 63 ? "bit-63" : "-";
		f.unit = "valid counter";
		f.got = 0;
		f.want = 1;
		law_fail(&f);
		return;
	}
	wrapped = ((u64)span + c->xtime_nsec) >> c->shift;
	if (forward) {
		f.want = (span + c->xtime_nsec) >> c->shift;
		if (got == f.want)
			return;
		if (got == wrapped) {
			f.event = ahead > c->max_cycles ? "after-gap" : "max-cycles";
			f.why = "the product and the base don't fit 64 bits";
		} else if (cycles < c->cycle_last && got == base) {
			f.event = "across-wrap";
			f.why = "a counter that wrapped was taken for one behind";
		}
		law_fail(&f);
		return;
	}
	f.want = (s128)base - (s128)(span >> c->shift);
	if (got == base || ((s64)got - f.want <= 1 && (s64)got - f.want >= -1))
		return;
	wrapped = (ahead * c->mult + c->xtime_nsec) >> c->shift;
	f.law = got == wrapped ? LAW_SIGNED : LAW_EXACT;
	f.why = "the counter was behind cycle_last";
	f.want = base;
	f.tolerance_low = -(s128)(span >> c->shift) - 1;
	law_fail(&f);
}

/*
 * A time namespace's offset is whole ns, and is added to whole ns: what is read there
 * is what is read outside plus the offset, exactly.  While the page is updated a read
 * is that of before or that of after: 0.
 *
 * Contract: bit 63 of the counter is clear, or the read says that it is valid all the
 * same (law_counter_read() judges that).  The sums fit: KTIME_SEC_MAX / 2 is the most
 * that a namespace may be ahead.
 */
void law_vdso_update(const struct subject_vdso *at, const struct subject_vdso_read *read)
{
	s128 offset = (s128)at->offset_s * CF_NS_PER_SEC + at->offset_ns;
	struct finding f = {
		.law = LAW_EXACT, .clock = "vdso-namespace", .event = "-",
		.function = "do_hres", .unit = "valid counter",
		.why = "the vDSO reads a counter that it can't, or not one that it can",
		.got = read->valid, .want = !at->no_counter,
	};

	if (!(at->cycles >> 63)) {
		judge(&f);
		f.got = read->any;
		judge(&f);
	}
	if (!read->valid || at->no_counter)
		return;
	f.function = "__iter_div_u64_rem";
	f.why = "a second is left in tv_nsec";
	f.unit = "whole";
	f.got = read->whole;
	f.want = true;
	judge(&f);
	f.function = "do_hres_timens";
	f.why = "it isn't the time outside plus the offset";
	f.unit = "ns";
	f.got = read->namespace_ns;
	f.want = read->after_ns + offset;
	judge(&f);

	f.law = LAW_SEQUENCE;
	f.function = at->in_namespace ? "do_hres_timens" : "do_hres";
	f.clock = "vdso";
	f.why = "it is neither the time before the update nor that after it";
	f.got = read->meanwhile_ns - (at->in_namespace ? offset : 0);
	f.want = f.got == read->before_ns ? read->before_ns : read->after_ns;
	judge(&f);
}

/*
 * How long a suspend was: floor(d * m / 2^s).  Contract: the counter went on by at
 * most half of its mask, and didn't wrap, as counters chosen for that don't.
 */
void law_suspend_timing(const struct subject_counter *c, u64 start, u64 now, u64 got)
{
	u64 delta = now - start;
	u128 want = (u128)delta * c->mult >> c->shift;
	struct finding f = {
		.law = LAW_EXACT, .clock = "suspend_timing", .event = "-",
		.function = "clocksource_stop_suspend_timing",
		.why = "it isn't the time of so many cycles", .unit = "ns",
		.got = got, .want = want,
	};

	if (now < start || now > c->mask || delta > c->mask >> 1 || want >> 63)
		return;
	if (got == delta * c->mult >> c->shift)
		f.event = "after-gap";
	judge(&f);
}

/* ---- timers ----------------------------------------------------------------- */

/*
 * When a timer is to come: the sum, or where that is beyond 2^63 - 1 ns just that,
 * which is never.  Contract: neither is negative.
 */
void law_time_add(s64 now_ns, s64 ns, s64 got)
{
	s128 sum = (s128)now_ns + ns, never = ~0ull >> 1;

	judge(&(struct finding){
		.law = LAW_EXACT, .clock = "timer", .event = "-",
		.function = "ktime_add_safe", .unit = "ns",
		.why = "it isn't the sum, nor never", .got = got,
		.want = sum < never ? sum : never,
	});
}

/* ---- cross timestamps ---------------------------------------------------- */

/* Going up from @start, modulo 2^64, @counter comes no later than @end. */
void law_in_interval(u64 start, u64 end, u64 counter, bool got)
{
	judge(&(struct finding){
		.law = LAW_SIGNED, .clock = "crosststamp", .event = "-",
		.function = "timestamp_in_interval",
		.why = "a counter is on the wrong side of an interval's end",
		.unit = "inside", .got = got,
		.want = counter - start <= end - start,
	});
}

/* ---- sched clock --------------------------------------------------------- */

/*
 * A new frequency doesn't move the clock, nor does a suspend that loses the TSC:
 * the offset is a difference modulo 2^64 of the very product that a read adds.  An NMI
 * that comes into an update reads the second copy, which is the same until then.
 *
 * Between two reads: each cuts its product, so the difference is that of d * m,
 * within (-1, 1).  m is W rounded to the nearest at shift s; of one made for
 * shift 32 the last bit is cut, as perf's users shift by at most 31: m - W in
 * [-3/4, 1/2].  s is the largest at which m fits 32 bits, so 22 at least for the
 * 10^6 / kHz of 1 MHz and above: no coarser scale may widen its own tolerance.
 *
 * Contract: the time from resume_tsc on is below 2^62 ns.
 */
void law_sched_clock(const struct subject_sched_clock *at,
		     const struct subject_sched_clock_read *read)
{
	u64 delta = at->tsc - at->resume_tsc;
	u128 ns = (u128)delta * NSEC_PER_KHZ / at->khz;
	u32 shift = read->shift > 22 ? read->shift : 22;
	struct finding f = {
		.law = LAW_TOTAL, .clock = "sched_clock", .event = "-",
		.function = "__set_cyc2ns_scale",
		.why = "perf's users can't shift a 32-bit number by so much",
		.unit = "bits", .got = read->shift, .tolerance_high = 31,
	};

	judge(&f);
	f.law = LAW_EXACT;
	f.event = "refined";
	f.why = "another frequency moved the clock";
	f.unit = "ns";
	f.got = read->after;
	f.want = read->before;
	f.tolerance_high = 0;
	judge(&f);

	f.law = LAW_ROUNDTRIP;
	f.event = "resume";
	f.function = "tsc_restore_sched_clock_state";
	f.why = "a suspend moved the clock";
	f.got = read->resumed;
	f.want = read->suspended;
	judge(&f);

	f.law = LAW_SEQUENCE;
	f.event = "nmi";
	f.function = "__cyc2ns_read";
	f.why = "an NMI during the next update reads another clock";
	f.got = read->after_nmi;
	f.want = read->after;
	judge(&f);
	f.got = read->resumed_nmi;
	f.want = read->resumed;
	judge(&f);

	if (at->tsc < at->resume_tsc || ns >> 62 || read->shift > 31)
		return;
	f.law = LAW_EXACT;
	f.event = "-";
	f.function = "cycles_2_ns";
	f.why = "it isn't the time of so many cycles";
	f.got = read->ns - read->resumed;
	f.want = ns;
	f.tolerance_low = -(s128)((((u128)delta * 3) >> (shift + 2)) + 2);
	f.tolerance_high = ((u128)delta >> (shift + 1)) + 2;
	judge(&f);
}
