/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Laws over pure functions.  Each takes the arguments and the subject's
 * result, and is silent outside its contract.  No I/O, no loops.
 */
#ifndef CF_PURE_H
#define CF_PURE_H

#include "law.h"
#include "../subject.h"

#define DAY_S 86400ull

void law_scale_delta(u64 delta, u32 mul, s8 shift, u64 got);		/* exact */
void law_scale_delta_monotonic(u64 lo, u64 hi, u64 at_lo, u64 at_hi,
			       u32 mul, s8 shift);			/* monotonic */
void law_time_scale(u64 scaled_hz, u64 base_hz, s8 shift, u32 mul);	/* exact */
/* exact for tsc >= tsc_timestamp, else signed */
void law_pvclock_read(u64 system_time, u64 tsc_timestamp, u32 mul, s8 shift,
		      u64 tsc, u64 got);
/* a re-base from an old tuple to a new one at the new timestamp: monotonic, rate */
void law_pvclock_rebase(u64 old_system_time, u64 old_tsc, u64 new_system_time,
			u64 new_tsc, u32 mul, s8 shift);
void law_guest_tsc(u32 khz, s64 delta_ns, u64 got);			/* exact, signed */
void law_scale_tsc(u64 tsc, u64 ratio, u8 frac, u64 got);		/* exact */
void law_tsc_ratio(u32 host_khz, u32 guest_khz, u8 frac, bool ok, u64 got); /* exact */
void law_nested_offset(u64 l1, u64 l2, u64 multiplier, u8 frac, u64 got); /* exact */
void law_nested_multiplier(u64 l1, u64 l2, u8 frac, u64 got);		/* exact */
void law_hv_page_params(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			bool ok, u64 scale, s64 offset);		/* exact */
void law_hv_page_read(u64 tsc, u64 scale, s64 offset, bool ok, u64 got); /* exact */
/* TSC page at tsc against pvclock / 100 at the same tsc */
void law_hv_page_agrees(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			u64 tsc, u64 page_100ns);			/* agree */

/* ---- pure_time.c: host timekeeping ---- */

void law_counter_registered(u32 khz, const struct subject_counter *c);	/* exact */
void law_counter_passed(u64 mask, u64 last, u64 now, u64 got);		/* exact, signed */
/* exact; signed where the counter is behind cycle_last */
void law_counter_read(const char *clock, const char *function, u64 mask,
		      const struct subject_counter *c, u64 cycles, bool ok,
		      u64 got);
void law_vdso_update(const struct subject_vdso *at,
		     const struct subject_vdso_read *read);	/* exact, sequence */
void law_suspend_timing(const struct subject_counter *c, u64 start, u64 now,
			u64 got);					/* exact */
void law_time_add(s64 now_ns, s64 ns, s64 got);				/* exact */
void law_in_interval(u64 start, u64 end, u64 counter, bool got);	/* signed */
void law_sched_clock(const struct subject_sched_clock *at,
		     const struct subject_sched_clock_read *read); /* exact, roundtrip, total */

/* ---- pure_ntp.c ---- */

void law_ntp_seconds(const struct subject_ntp *at,
		     const struct subject_ntp_after *after);		/* exact */

/* ---- pure_host.c: a host's timekeeper by itself ---- */

void law_boot_clocks(const struct subject_boot *at,
		     const struct subject_boot_after *after);	/* agree, exact */
void law_sleep_clocks(const struct subject_sleeps *at,
		      const struct subject_sleeps_after *after); /* agree, roundtrip, exact */
void law_slew_clocks(const struct subject_slew *at,
		     const struct subject_slew_after *after);	/* agree, rate, exact */

/* breaks for half of the values, not for 0 */
void law_canary(u64 value);

#endif
