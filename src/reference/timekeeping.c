// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timekeeper by itself: boot from an RTC, steps, sleeps, and what NTP asks for.
 * Times are whole ns; each function follows one host from its boot.
 */
#include "reference.h"

#define SECOND ((s64)CF_NS_PER_SEC)
#define NONE (~0ull >> 1)
#define MULT (1u << 31)

/* A clock that is read in one way only: all others are the same. */
static struct subject_host_clocks clocks(s64 raw_ns, s64 monotonic_ns, s64 realtime_ns,
					 s64 boottime_ns)
{
	return (struct subject_host_clocks){
		.raw_ns = raw_ns,
		.monotonic_ns = monotonic_ns,
		.updated_ns = monotonic_ns,
		.seconds = monotonic_ns / SECOND,
		.realtime_ns = realtime_ns,
		.realtime_ts_ns = realtime_ns,
		.fast_realtime_ns = realtime_ns,
		.tai_ns = realtime_ns,
		.boottime_ns = boottime_ns,
		.boottime_ts_ns = boottime_ns,
		.whole = true,
		.next_leap_ns = NONE,
	};
}

static void step(struct subject_host_clocks *c, s128 ns)
{
	c->realtime_ns += ns;
	c->realtime_ts_ns = c->fast_realtime_ns = c->realtime_ns;
	c->tai_ns += ns;
	c->was_set++;
}

void ref_boot_clocks(const struct subject_boot *at, struct subject_boot_after *after)
{
	bool valid = at->rtc_s >= 0 && at->rtc_s < SUBJECT_REALTIME_MAX_S && at->rtc_ns >= 0 &&
		     at->rtc_ns < SECOND;
	s64 realtime = valid ? at->rtc_s * SECOND + at->rtc_ns : 0;
	s64 monotonic = (s64)at->booted_ns > realtime ? 0 : at->booted_ns;
	s64 passed = ref_cycles_to_ns(at->ticked_cycles + at->stepped_cycles, at->khz);
	s128 by = (s128)at->step_s * SECOND + at->step_ns, stepped;

	after->booted = clocks(0, monotonic, realtime, monotonic);
	after->rtc_kept = realtime != 0;
	after->before = clocks(passed, monotonic + passed, realtime + passed,
			       monotonic + passed);
	after->before.adjust_us = at->adjust_us;
	after->stepped = after->before;
	after->refused = SUBJECT_INVALID;
	stepped = after->before.realtime_ns + by;
	if (at->step_ns < 0 || at->step_ns >= SECOND || stepped >= SUBJECT_REALTIME_MAX_S * (s128)SECOND ||
	    stepped < after->before.monotonic_ns)
		return;
	after->refused = 0;
	after->stepped.adjust_us = 0;
	step(&after->stepped, by);
}

/*
 * An RTC that is cut to seconds would cost part of one with each sleep, so the clock
 * goes on as far from the RTC as it was kept, unless that has changed by 2 s: somebody
 * has set it.
 */
void ref_sleep_clocks(const struct subject_sleeps *at, struct subject_sleeps_after *after)
{
	s128 realtime = at->booted.s * (s128)SECOND + at->booted.ns, kept = 0;
	bool rtc = realtime != 0;
	s64 monotonic = 0, asleep = 0;
	u64 cycles = 0;
	bool wrong;

	after->mult = ((1000000ull << 24) + at->khz / 2) / at->khz;
	after->shift = 24;
	for (u32 i = 0; i < 2; i++) {
		const struct subject_sleep *sleep = &at->sleep[i];
		s128 fell = sleep->fell_asleep.s * (s128)SECOND + sleep->fell_asleep.ns;
		s128 woke = sleep->woke.s * (s128)SECOND + sleep->woke.ns;
		s128 lost = 0, slept = 0, awake;

		cycles += sleep->awake_cycles;
		awake = ((u128)cycles * after->mult >> after->shift) - monotonic;
		monotonic += awake;
		realtime += awake;
		after->sleep[i].before = clocks(monotonic, monotonic, realtime,
						monotonic + asleep);
		rtc |= fell != 0;
		if (rtc) {
			lost = realtime - fell - kept;
			if (lost >= 2 * SECOND || lost < -SECOND) {
				kept += lost;
				lost = 0;
			}
		}
		if (at->goes_on != SUBJECT_ASLEEP_RTC)
			slept = (u128)sleep->cycles * after->mult >> after->shift;
		if (!slept && woke - fell > lost)
			slept = woke - fell - lost;
		wrong = slept / SECOND >= (s64)NONE / SECOND;
		if (wrong)
			slept = 0;
		realtime += slept;
		asleep += slept;
		after->sleep[i].after = clocks(monotonic, monotonic, realtime,
					       monotonic + asleep);
		after->sleep[i].left_to_rtc = !slept && !wrong;
	}
}

/* What adjtime() has added after @ns: 500 us in each second from the first on. */
static s64 adjusted(s64 asked_us, s64 ns)
{
	s64 left = (asked_us < 0 ? -asked_us : asked_us) * 1000, part, done = 0;

	for (s64 from = SECOND; from < ns && left; from += SECOND) {
		part = left < 500000 ? left : 500000;
		left -= part;
		done += ns - from < SECOND ? part * (ns - from) / SECOND : part;
	}
	return asked_us < 0 ? -done : done;
}

void ref_slew_clocks(const struct subject_slew *at, struct subject_slew_after *after)
{
	u64 cycles = (u64)(at->ticks / 2) * (at->tick_cycles[0] + at->tick_cycles[1]) +
		     (at->ticks & 1 ? at->tick_cycles[0] : 0);
	s64 raw = ref_cycles_to_ns(cycles, at->khz), start = at->realtime_s * SECOND;
	s64 day = 86400 * SECOND, when, leap, monotonic;
	s64 ahead = at->leap == SUBJECT_LEAP_DELETE ? 2 : 1;

	monotonic = raw + (s64)((s128)raw * at->freq / (65536ll * 1000000)) +
		    adjusted(at->adjust_us, raw);
	when = ((start + ahead * SECOND) / day + 1) * day - (ahead - 1) * SECOND;
	leap = !at->leap || start + monotonic < when ? 0 :
	       at->leap == SUBJECT_LEAP_INSERT ? -SECOND : SECOND;
	*after = (struct subject_slew_after){
		.booted = clocks(0, 0, start, 0),
		.clocks = clocks(raw, monotonic, start + monotonic, monotonic),
		.told = leap, .mult = MULT, .ticks_per_s = 250,
	};
	if (leap) {
		step(&after->clocks, leap);
		after->clocks.tai_ns -= leap;
	} else if (at->leap == SUBJECT_LEAP_INSERT && monotonic >= SECOND) {
		after->clocks.next_leap_ns = when - start;
	}
}
