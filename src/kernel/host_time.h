/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocksources and the core's conversions as pure functions.  Part of host.c.
 */

static struct clocksource counter_clocksource(const struct subject_counter *c)
{
	return (struct clocksource){
		.mask = c->mask, .mult = c->mult, .shift = c->shift,
		.max_cycles = c->max_cycles,
	};
}

/* clocksource_register_khz() of a counter of that width */
void host_register_counter(u32 khz, u64 mask, struct subject_counter *c)
{
	struct clocksource cs = { .mask = mask };

	register_clocksource(&cs, 1000, khz);
	c->mask = mask;
	c->mult = cs.mult;
	c->shift = cs.shift;
	c->maxadj = cs.maxadj;
	c->max_cycles = cs.max_cycles;
}

u64 host_timekeeping_read(const struct subject_counter *c, u64 cycles)
{
	struct clocksource cs = counter_clocksource(c);
	struct tk_read_base tkr = {
		.clock = &cs, .mask = c->mask, .cycle_last = c->cycle_last,
		.mult = c->mult, .shift = c->shift, .xtime_nsec = c->xtime_nsec,
	};

	return timekeeping_cycles_to_ns(&tkr, cycles);
}

/* how long a suspend took, by a counter that went on */
u64 host_suspend_timing(u32 khz, u64 mask, u64 start, u64 now)
{
	struct clocksource cs = { .mask = mask };
	u64 ns;

	register_clocksource(&cs, 1000, khz);
	suspend_clocksource = &cs;
	clocksource_start_suspend_timing(&cs, start);
	ns = clocksource_stop_suspend_timing(&cs, now);
	suspend_clocksource = NULL;
	return ns;
}

bool host_in_interval(u64 start, u64 end, u64 counter)
{
	return timestamp_in_interval(start, end, counter);
}

#if CF_HAS_NTP_DATA
#define NTP(name) tk_ntp_data[0].name
#else
#define NTP(name) name
#endif

/* adjtimex(ADJ_STATUS), adjtimex(ADJ_OFFSET_SINGLESHOT); then second by second */
void host_ntp_seconds(const struct subject_ntp *at, struct subject_ntp_after *after)
{
	struct timekeeper t = { .xtime_sec = at->realtime_s };

	ntp_init();
	NTP(time_state) = TIME_OK;
	NTP(time_status) = STA_UNSYNC;
	if (at->leap)
		NTP(time_status) |= at->leap == SUBJECT_LEAP_INSERT ? STA_INS : STA_DEL;
	NTP(time_adjust) = at->adjust_us;
	*after = (struct subject_ntp_after){ .ticks_per_s = NTP_INTERVAL_FREQ };
	for (u32 i = 0; i < at->seconds; i++) {
		if (i == at->withdrawn)
			NTP(time_status) = STA_UNSYNC;
		t.tkr_mono.xtime_nsec = NSEC_PER_SEC;
		accumulate_nsecs_to_secs(&t);
		after->slewed += (s64)(NTP(tick_length) - NTP(tick_length_base)) *
				 NTP_INTERVAL_FREQ;
	}
	after->realtime_s = t.xtime_sec;
	after->monotonic_s = t.xtime_sec + t.wall_to_monotonic.tv_sec;
	after->tai_s = t.xtime_sec + t.tai_offset;
}
