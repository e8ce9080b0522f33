// SPDX-License-Identifier: GPL-2.0-only
/*
 * The laws over a host's timekeeper by itself: boot, steps, sleeps, NTP.
 */
#include "pure.h"
#include "wide.h"

#define SECOND ((s128)CF_NS_PER_SEC)
#define KTIME_MAX (~0ull >> 1)
static bool judge_clock(const struct finding *f)
{
	s128 diff = f->got - f->want;

	law_asked(f->law, f->clock);
	if (diff >= f->tolerance_low && diff <= f->tolerance_high)
		return true;
	law_fail(f);
	return false;
}

static bool judge_ns(struct finding *f, const char *why, s128 got, s128 want)
{
	f->why = why;
	f->unit = "ns";
	f->got = got;
	f->want = want;
	return judge_clock(f);
}

/*
 * There is one CLOCK_REALTIME and one CLOCK_BOOTTIME: whoever has them from seconds and
 * ns, from a sum of offsets or from the copy for readers without the lock gets the same,
 * for the parts are whole ns all.  The seconds that are kept are those of the last
 * update; a tv_nsec has no second in it.
 */
static bool clocks_agree(const struct subject_host_clocks *c)
{
	struct finding f = {
		.law = LAW_AGREE, .clock = "host-clocks", .event = "-",
		.function = "tk_update_ktime_data",
	};

	if (!judge_ns(&f, "CLOCK_REALTIME as a timespec isn't it", c->realtime_ts_ns,
		      c->realtime_ns) ||
	    !judge_ns(&f, "CLOCK_BOOTTIME in the vDSO isn't it", c->boottime_ts_ns,
		      c->boottime_ns) ||
	    !judge_ns(&f, "CLOCK_REALTIME of readers without the lock isn't it",
		      c->fast_realtime_ns, c->realtime_ns))
		return false;
	f.why = "the seconds aren't those of the last update";
	f.unit = "s";
	f.got = c->seconds;
	f.want = c->updated_ns / CF_NS_PER_SEC;
	if (!judge_clock(&f))
		return false;
	f.function = "tk_normalize_xtime";
	f.why = "a second is left in the ns";
	f.unit = "whole";
	f.got = c->whole;
	f.want = true;
	return judge_clock(&f);
}

/*
 * CLOCK_REALTIME begins as the RTC says: from 1970 on and, as for who sets it, before
 * 2232; else as 1970.  CLOCK_MONOTONIC begins with the host's age, if that isn't before
 * 1970: nothing booted then.
 *
 * Contract: what adds up to 1970 is written so; no RTC has a negative second of it.
 */
static bool judge_boot(const struct subject_boot *at, const struct subject_boot_after *after)
{
	const struct subject_host_clocks *c = &after->booted;
	bool valid = at->rtc_s >= 0 && at->rtc_s < SUBJECT_REALTIME_MAX_S && at->rtc_ns >= 0 &&
		     at->rtc_ns < SECOND;
	s128 realtime = valid ? at->rtc_s * SECOND + at->rtc_ns : 0;
	s128 age = at->booted_ns > realtime ? 0 : at->booted_ns;
	struct finding f = {
		.law = LAW_EXACT, .clock = "host-clocks", .event = "boot",
		.function = "timekeeping_init",
	};

	if (!valid && !(at->rtc_s * SECOND + at->rtc_ns))
		return false;
	if (!clocks_agree(c) ||
	    !judge_ns(&f, "CLOCK_REALTIME isn't the RTC's", c->realtime_ns, realtime) ||
	    !judge_ns(&f, "CLOCK_MONOTONIC isn't the host's age", c->monotonic_ns, age) ||
	    !judge_ns(&f, "CLOCK_BOOTTIME isn't the host's age", c->boottime_ns, age) ||
	    !judge_ns(&f, "CLOCK_TAI isn't CLOCK_REALTIME", c->tai_ns, realtime) ||
	    !judge_ns(&f, "CLOCK_MONOTONIC_RAW doesn't begin", c->raw_ns, 0))
		return false;
	/* 0 and what can't be mean that there is none */
	f.why = "an RTC is there, or none";
	f.unit = "RTC";
	f.got = after->rtc_kept;
	f.want = realtime != 0;
	return judge_clock(&f);
}

/*
 * A step is refused if its ns aren't below a second, if it leads beyond 2232, or before
 * CLOCK_MONOTONIC's beginning in 1970; nothing has moved then.  Else CLOCK_REALTIME and
 * CLOCK_TAI move by just that, nothing else does, timers hear of it, and what adjtime()
 * asked for is done with.
 */
static void judge_step(const struct subject_boot *at, const struct subject_boot_after *after)
{
	const struct subject_host_clocks *was = &after->before, *is = &after->stepped;
	s128 by = at->step_s * SECOND + at->step_ns, stepped = was->realtime_ns + by;
	bool good = at->step_ns >= 0 && at->step_ns < SECOND &&
		    stepped < SUBJECT_REALTIME_MAX_S * SECOND && stepped >= was->monotonic_ns;
	struct finding f = {
		.law = LAW_EXACT, .clock = "host-clocks", .event = "step",
		.function = "timekeeping_inject_offset", .unit = "errno",
		.why = "a good step was refused, or a bad one taken",
		.got = after->refused, .want = good ? 0 : SUBJECT_INVALID,
	};

	if (!good)
		by = 0;
	if (!judge_clock(&f) ||
	    !judge_ns(&f, "CLOCK_REALTIME didn't move by the step", is->realtime_ns,
		      was->realtime_ns + by) ||
	    !judge_ns(&f, "CLOCK_TAI didn't move by the step", is->tai_ns,
		      was->tai_ns + by) ||
	    !judge_ns(&f, "a step of CLOCK_REALTIME moved CLOCK_MONOTONIC",
		      is->monotonic_ns, was->monotonic_ns) ||
	    !judge_ns(&f, "a step of CLOCK_REALTIME moved CLOCK_MONOTONIC_RAW",
		      is->raw_ns, was->raw_ns) ||
	    !judge_ns(&f, "a step of CLOCK_REALTIME moved CLOCK_BOOTTIME",
		      is->boottime_ns, was->boottime_ns) || !clocks_agree(is))
		return;
	if (!good)
		return;
	f.unit = "told";
	f.why = "no timer hears of the step";
	f.got = is->was_set != was->was_set;
	f.want = true;
	if (!judge_clock(&f))
		return;
	f.unit = "us";
	f.function = "ntp_clear";
	f.why = "an adjtime() goes on over a step";
	f.got = is->slews ? 1 : is->adjust_us;
	f.want = 0;
	judge_clock(&f);
}

void law_boot_clocks(const struct subject_boot *at, const struct subject_boot_after *after)
{
	if (judge_boot(at, after) && clocks_agree(&after->before))
		judge_step(at, after);
}

/* ---- sleeps ---------------------------------------------------------------- */

static s128 rtc_ns(const struct subject_rtc *rtc)
{
	return rtc->s * SECOND + rtc->ns;
}

/*
 * While a host sleeps CLOCK_REALTIME and CLOCK_BOOTTIME gain what it slept, and
 * CLOCK_MONOTONIC and its raw one nothing.
 *
 * By a counter that goes on that is floor(d * mult / 2^shift).  By an RTC it is the
 * difference of its readings, and less what the clock has gained on it since it was
 * first asked: an RTC may be cut to seconds, and what that costs mustn't add up.  If
 * that is 2 s or more, the clock was set, and is kept so from now on; if it is below
 * 1 s it can only be the cutting.  Between them either is right.  At boot the clock was
 * the RTC's.  One that said 0 until now isn't there, and nothing is made good.
 *
 * An RTC that didn't go on by that says nothing: none is added, and it is left to its
 * driver.  One that went on by 292 years is wrong, and nothing is added either.
 *
 * False: which of both isn't known, or the law is broken.
 */
static bool judge_sleep(const struct subject_sleeps *at,
			const struct subject_sleeps_after *after, u32 i, bool *rtc,
			s128 *kept)
{
	const struct subject_sleep *sleep = &at->sleep[i];
	const struct subject_host_clocks *was = &after->sleep[i].before;
	const struct subject_host_clocks *is = &after->sleep[i].after;
	s128 fell = rtc_ns(&sleep->fell_asleep), woke = rtc_ns(&sleep->woke);
	s128 gained = was->realtime_ns - fell - *kept, slept = 0;
	bool known = true, wrong;
	struct finding f = {
		.law = LAW_ROUNDTRIP, .clock = "host-clocks", .event = "sleep",
		.function = "timekeeping_resume",
	};

	if (at->goes_on != SUBJECT_ASLEEP_RTC)
		slept = (u128)sleep->cycles * after->mult >> after->shift;
	*rtc |= fell != 0;
	if (!*rtc) {
		gained = 0;
	} else if (gained >= 2 * SECOND || gained < -2 * SECOND) {
		*kept += gained;
		gained = 0;
	} else {
		known = gained < SECOND && gained > -SECOND;
	}
	if (!slept && !known)
		return false;
	if (!slept && woke - fell > gained)
		slept = woke - fell - gained;
	wrong = slept / SECOND >= (s64)(KTIME_MAX / CF_NS_PER_SEC);
	if (wrong)
		slept = 0;
	/* contract: it still fits */
	if (was->realtime_ns + slept >= SUBJECT_REALTIME_MAX_S * SECOND)
		return false;
	if (!judge_ns(&f, "a sleep moved CLOCK_MONOTONIC", is->monotonic_ns,
		      was->monotonic_ns) ||
	    !judge_ns(&f, "a sleep moved CLOCK_MONOTONIC_RAW", is->raw_ns, was->raw_ns) ||
	    !judge_ns(&f, "CLOCK_REALTIME didn't gain the sleep", is->realtime_ns,
		      was->realtime_ns + slept) ||
	    !judge_ns(&f, "CLOCK_TAI didn't gain the sleep", is->tai_ns,
		      was->tai_ns + slept) ||
	    !judge_ns(&f, "CLOCK_BOOTTIME didn't gain the sleep", is->boottime_ns,
		      was->boottime_ns + slept) || !clocks_agree(is))
		return false;
	f.why = "the RTC's driver adds the sleep a second time, or nobody does";
	f.unit = "left to it";
	f.got = after->sleep[i].left_to_rtc;
	f.want = !slept && !wrong;
	return judge_clock(&f) && known;
}

/*
 * Contract: the RTC was right at boot.  Awake, the clocks go on by the counter: nobody
 * slews them, and each is cut to a ns.
 */
void law_sleep_clocks(const struct subject_sleeps *at, const struct subject_sleeps_after *after)
{
	bool rtc = rtc_ns(&at->booted) != 0;
	s128 kept = 0, awake = 0;
	struct finding f = {
		.law = LAW_EXACT, .clock = "host-clocks", .event = "sleep",
		.function = "timekeeping_resume",
		.tolerance_low = -1,
	};

	if (at->booted.s < 0 || at->booted.s >= SUBJECT_REALTIME_MAX_S || at->booted.ns < 0 ||
	    at->booted.ns >= SECOND)
		return;
	for (u32 i = 0; i < 2; i++) {
		awake += at->sleep[i].awake_cycles;
		if (!judge_ns(&f, "CLOCK_MONOTONIC isn't the time awake",
			      after->sleep[i].before.monotonic_ns,
			      (u128)awake * after->mult >> after->shift) ||
		    !judge_sleep(at, after, i, &rtc, &kept))
			return;
	}
}

/* ---- NTP ------------------------------------------------------------------- */

#define PPM_UNITS (65536 * (s128)1000000)
#define ADJTIME_PPM 500			/* as BSD's and Linux's adjtime() slew */
#define ADJTIME_NS(ns) ((ns) * ADJTIME_PPM / 1000000)

/*
 * CLOCK_MONOTONIC gains f * raw, and what adjtime() asked for at 500 ppm, from its
 * first second on.
 *
 * mult is whole, its unit a 1/mult of a period; to be right in the mean it is one more
 * while the clock is behind.  It is told so at a tick, by what it was at the last whole
 * interval: as long as it is behind by more than an interval C's units it comes nearer,
 * and a tick takes it beyond by its own length g: it is off by (C + g) / mult at most.
 * NTP means f * T in an interval of C cycles, which is T within half a cycle: f / (2 C)
 * of what passed.  2 ns are both clocks' cutting, and 2^-32 ns a tick.
 *
 * adjtime() counts seconds on the clock itself, 500 ppm of which are wrong by as much;
 * takes its rate and leaves it at a tick, but as if at the interval before; the last
 * part takes a whole second, so that it may be a quarter of that behind until then; and
 * it is cut to a ns in each interval.
 *
 * Contract: a tick comes every 100 ms at least.  What neither asks for is exact.
 */
static bool judge_slew(const struct subject_slew *at, const struct subject_slew_after *after)
{
	const struct subject_host_clocks *c = &after->clocks;
	u64 interval = at->khz * 1000ull / after->ticks_per_s + 1;
	u64 tick = at->tick_cycles[0] > at->tick_cycles[1] ? at->tick_cycles[0] :
							     at->tick_cycles[1];
	s128 raw = c->raw_ns, want = raw * at->freq / PPM_UNITS, adjust = 0, slack = 0;
	s128 asked = (s128)at->adjust_us * 1000, size = asked < 0 ? -asked : asked;
	s128 edges = 0, behind = 0;
	struct finding f = {
		.law = LAW_RATE, .clock = "host-clocks", .event = "slew",
		.function = "timekeeping_adjust",
	};

	if (tick > at->khz * 100ull)
		return true;
	if (at->freq || at->adjust_us)
		slack = (s128)(interval + tick) * 1000000 / at->khz / after->mult + 3 +
			(at->freq < 0 ? -want : want) / (2 * interval);
	if (at->adjust_us && raw > SECOND)
		adjust = ADJTIME_NS(raw - SECOND);
	if (adjust > size)
		adjust = size;
	if (at->adjust_us) {
		edges = ((s128)2 * tick + 3 * interval) * 1000000 / at->khz;
		slack += ADJTIME_NS(edges) + (raw >> 20) + after->ticks_per_s;
		if (raw < (size / ADJTIME_NS(SECOND) + 2) * SECOND + edges)
			behind = ADJTIME_NS(SECOND) / 4;
	}
	f.tolerance_low = -slack - (asked > 0 ? behind : 0);
	f.tolerance_high = slack + (asked < 0 ? behind : 0);
	return judge_ns(&f, "it isn't slewed as NTP asked for", c->monotonic_ns - raw,
			want + (asked < 0 ? -adjust : adjust));
}

/*
 * A leap second is CLOCK_REALTIME's alone: as law_ntp_seconds() has it, and timers hear
 * of it.  While one is to be inserted and not yet there they know when, from the first
 * second on.  Contract: the last tick accumulated what is up to an interval before it,
 * and who asks between can't know.
 */
static void judge_leap(const struct subject_slew *at, const struct subject_slew_after *after)
{
	const struct subject_host_clocks *c = &after->clocks;
	s128 start = at->realtime_s * SECOND, interval = SECOND / after->ticks_per_s + 1;
	u64 ahead = at->leap == SUBJECT_LEAP_DELETE ? 2 : 1;
	u64 when_s = ((at->realtime_s + ahead) / DAY_S + 1) * DAY_S - (ahead - 1);
	s128 when = when_s * SECOND - start, leap = 0;
	struct finding f = {
		.law = LAW_EXACT, .clock = "host-clocks", .event = "leap",
		.function = "accumulate_nsecs_to_secs",
	};

	if (at->leap && c->monotonic_ns >= when) {
		if (c->monotonic_ns - when <= interval)
			return;
		leap = at->leap == SUBJECT_LEAP_INSERT ? -SECOND : SECOND;
	}
	if (!judge_ns(&f, "CLOCK_REALTIME didn't leap as announced",
		      c->realtime_ns - c->monotonic_ns, start + leap) ||
	    !judge_ns(&f, "a leap second moved CLOCK_TAI", c->tai_ns - c->monotonic_ns,
		      start))
		return;
	f.unit = "told";
	f.why = "timers hear of a leap second, or of none";
	f.got = c->was_set != after->booted.was_set;
	f.want = leap != 0;
	if (!judge_clock(&f))
		return;
	f.got = after->told;
	if (!judge_clock(&f) || (c->monotonic_ns >= SECOND && c->monotonic_ns - SECOND <= interval))
		return;
	f.function = "tk_update_leap_state";
	judge_ns(&f, "timers are told another time of the leap second", c->next_leap_ns,
		 at->leap == SUBJECT_LEAP_INSERT && !leap && c->monotonic_ns > SECOND ?
		 when : (s128)KTIME_MAX);
}

void law_slew_clocks(const struct subject_slew *at, const struct subject_slew_after *after)
{
	if (clocks_agree(&after->booted) && judge_slew(at, after) &&
	    clocks_agree(&after->clocks))
		judge_leap(at, after);
}
