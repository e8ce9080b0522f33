// SPDX-License-Identifier: GPL-2.0-only
/*
 * What NTP adds to the host's clocks: leap seconds (adjtimex(2), STA_INS and STA_DEL)
 * and adjtime(3).
 */
#include "pure.h"
#include "wide.h"

#define ADJTIME_NS_PER_S 500000		/* as BSD's and Linux's adjtime() slew */

static void judge_ntp(const struct finding *f)
{
	s128 diff = f->got - f->want;

	law_asked(f->law, f->clock);
	if (diff < f->tolerance_low || diff > f->tolerance_high)
		law_fail(f);
}

/*
 * UTC's second: the day's last one, 23:59:59, is D - 1 of it.  Inserted: when D comes
 * the clock says D - 1 once more, as 23:59:60.  Deleted: D - 1 is skipped.  That is of
 * the day in which the second after the one that is announced in lies (a deleted one's:
 * the second after that).  It happens if it isn't withdrawn before, and once: a day is
 * longer than what passes here.  CLOCK_MONOTONIC and TAI know of none.
 *
 * A day later one that is announced again comes, if the first was withdrawn two seconds
 * before the end and was over four seconds before: one to wait, and one to forget.
 *
 * adjtime(a): after n seconds min(|a|, 500 us * n) are slewed, a's sign kept.  A
 * second's part is cut twice: to whole ns (the last of it) or 2^-32 ns (the others) of
 * each of the ticks that it is divided by; so less than ticks * 1 ns are missing of the
 * last one, and ticks * 2^-32 ns of each before.
 *
 * Contract: fewer seconds than a day has pass; what is withdrawn was announced before.
 */
void law_ntp_seconds(const struct subject_ntp *at, const struct subject_ntp_after *after)
{
	u64 end = at->realtime_s + at->seconds;
	u64 asked_ns = (at->adjust_us < 0 ? -(u64)at->adjust_us : (u64)at->adjust_us) * 1000;
	u64 most_ns = (u64)at->seconds * ADJTIME_NS_PER_S;
	s64 leap = 0, sign = at->adjust_us < 0 ? -1 : 1;
	u64 ahead = at->leap == SUBJECT_LEAP_DELETE ? 2 : 1, when;
	struct finding f = {
		.law = LAW_EXACT, .clock = "ntp", .event = "leap",
		.function = "second_overflow", .unit = "s",
		.why = "the leap second isn't where it was announced",
	};

	if (at->seconds >= DAY_S || (at->leap && at->withdrawn <= at->announced))
		return;
	when = ((at->realtime_s + at->announced + ahead) / DAY_S + 1) * DAY_S - (ahead - 1);
	if (at->leap && end >= when && when - at->realtime_s <= at->withdrawn)
		leap = at->leap == SUBJECT_LEAP_INSERT ? -1 : 1;
	f.got = after->realtime_s;
	f.want = (s128)end + leap;
	judge_ntp(&f);

	if (at->withdrawn + 2 <= at->seconds && (!leap || end >= when + 4)) {
		f.why = "the leap second of the next day isn't as the first";
		f.got = after->again_s;
		f.want = (s128)end + DAY_S;
		if (at->leap && end >= when)
			f.want += at->leap == SUBJECT_LEAP_INSERT ? -1 : 1;
		judge_ntp(&f);
	}

	f.why = "a leap second moved CLOCK_MONOTONIC";
	f.function = "accumulate_nsecs_to_secs";
	f.got = after->monotonic_s;
	f.want = end;
	judge_ntp(&f);

	f.why = "a leap second moved CLOCK_TAI";
	f.got = after->tai_s;
	judge_ntp(&f);

	f.event = "adjtime";
	f.function = "second_overflow";
	f.why = "what is slewed isn't what adjtime() asked for";
	f.unit = "2^-32 ns";
	f.got = (s128)after->slewed * sign;
	f.want = (s128)(asked_ns < most_ns ? asked_ns : most_ns) << 32;
	f.tolerance_low = -(s128)after->ticks_per_s * ((1ll << 32) + at->seconds);
	judge_ntp(&f);
}
