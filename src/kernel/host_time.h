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
	c->max_idle_ns = cs.max_idle_ns;
}

u64 host_counter_passed(u32 khz, u64 mask, u64 last, u64 now)
{
	struct clocksource cs = { .mask = mask };

	register_clocksource(&cs, 1000, khz);
#if CF_DELTA_HAS_LIMIT
	return clocksource_delta(now, last, mask, cs.max_raw_delta);
#else
	return clocksource_delta(now, last, mask);
#endif
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

s64 host_time_add(s64 now_ns, s64 ns)
{
	return ktime_add_safe(now_ns, ns);
}

bool host_in_interval(u64 start, u64 end, u64 counter)
{
	return timestamp_in_interval(start, end, counter);
}

/* adjtimex(ADJ_STATUS) */
static void announce(u8 leap)
{
	NTP(time_status) = STA_UNSYNC;
	if (leap)
		NTP(time_status) |= leap == SUBJECT_LEAP_INSERT ? STA_INS : STA_DEL;
}

static void pass_second(struct timekeeper *t, const struct subject_ntp *at, u32 second,
			u32 withdrawn)
{
	if (second == at->announced)
		announce(at->leap);
	if (second == withdrawn)
		announce(SUBJECT_LEAP_NONE);
	t->tkr_mono.xtime_nsec = NSEC_PER_SEC;
	accumulate_nsecs_to_secs(t);
}

/* second by second, without the ticks */
void host_ntp_seconds(const struct subject_ntp *at, struct subject_ntp_after *after)
{
	struct timekeeper t = { .xtime_sec = at->realtime_s };

	ntp_init();
	NTP(time_state) = TIME_OK;
	announce(SUBJECT_LEAP_NONE);
	NTP(time_adjust) = at->adjust_us;
	*after = (struct subject_ntp_after){ .ticks_per_s = NTP_INTERVAL_FREQ };
	for (u32 i = 0; i < at->seconds; i++) {
		pass_second(&t, at, i, at->withdrawn);
		after->slewed += (s64)(NTP(tick_length) - NTP(tick_length_base)) *
				 NTP_INTERVAL_FREQ;
	}
	after->realtime_s = t.xtime_sec;
	after->monotonic_s = t.xtime_sec + t.wall_to_monotonic.tv_sec;
	after->tai_s = t.xtime_sec + t.tai_offset;
	t.xtime_sec = at->realtime_s + 86400;
	for (u32 i = 0; i < at->seconds; i++)
		pass_second(&t, at, i, at->seconds);
	after->again_s = t.xtime_sec;
}

/* ---- the timekeeper by itself ---------------------------------------------- */

/* Counters that a host by itself has: its TSC, and what only counts while it is on. */
static KEEP struct subject_hw hw_alone;
static u64 other_cycles;
static bool other_is_on, tsc_is_off;

static int tsc_on(struct clocksource *cs)
{
	tsc_is_off = false;
	return 0;
}

static void tsc_off(struct clocksource *cs)
{
	tsc_is_off = true;
}

static u64 read_tsc_alone(struct clocksource *cs)
{
	return tsc_is_off ? 0 : hw_alone.raw_tsc;
}

static int other_on(struct clocksource *cs)
{
	other_is_on = true;
	return 0;
}

static void other_off(struct clocksource *cs)
{
	other_is_on = false;
}

static u64 read_other_alone(struct clocksource *cs)
{
	return other_is_on ? other_cycles : 0;
}

static void boot_alone(u32 khz, struct subject_rtc rtc, u64 booted_ns)
{
	struct clocksource *cs;

	shim_hw = &hw_alone;
	hw_alone.raw_tsc = 0;
	is_alone = true;
	rtc_alone = (struct timespec64){ rtc.s, rtc.ns };
	booted_alone_ns = booted_ns;
	config = (struct subject_config){ .tsc_khz = khz, .clocksource = SUBJECT_CS_TSC };
	tsc_khz = khz;
	cs = find_clocksource(SUBJECT_CS_TSC);
	cs->read = read_tsc_alone;
	cs->enable = tsc_on;
	cs->disable = tsc_off;
	tsc_is_off = true;
	timekeeping_init();
}

static s64 timespec_ns(time64_t s, s64 ns)
{
	return s * NSEC_PER_SEC + ns;
}

static bool is_whole(const struct tk_read_base *tkr)
{
	return tkr->xtime_nsec >> tkr->shift < NSEC_PER_SEC;
}

static void read_host_clocks(struct subject_host_clocks *c)
{
	s64 since = timekeeping_get_ns(&tk.tkr_mono);
	s64 monotonic = tk.tkr_mono.base + since;

	*c = (struct subject_host_clocks){
		.monotonic_ns = monotonic,
		.raw_ns = tk.tkr_raw.base + timekeeping_get_ns(&tk.tkr_raw),
		.realtime_ns = monotonic + tk.offs_real,
		.boottime_ns = monotonic + tk.offs_boot,
		.tai_ns = monotonic + tk.offs_tai,
		/* ktime_get_real_ts64(); update_vsyscall() */
		.realtime_ts_ns = timespec_ns(tk.xtime_sec, since),
		.boottime_ts_ns = timespec_ns(tk.xtime_sec + tk.wall_to_monotonic.tv_sec +
					      tk.monotonic_to_boot.tv_sec,
					      since + tk.wall_to_monotonic.tv_nsec +
					      tk.monotonic_to_boot.tv_nsec),
		.fast_realtime_ns = tk.tkr_mono.base_real + since,
		.updated_ns = tk.tkr_mono.base +
			      (tk.tkr_mono.xtime_nsec >> tk.tkr_mono.shift),
		.seconds = tk.ktime_sec,
		.whole = is_whole(&tk.tkr_mono) && is_whole(&tk.tkr_raw),
		.was_set = tk.clock_was_set_seq,
		.next_leap_ns = tk.next_leap_ktime,
		.adjust_us = NTP(time_adjust),
		.slews = NTP(tick_length) != NTP(tick_length_base),
	};
}

void host_boot_clocks(const struct subject_boot *at, struct subject_boot_after *after)
{
	struct timespec64 step = { at->step_s, at->step_ns };

	boot_alone(at->khz, (struct subject_rtc){ at->rtc_s, at->rtc_ns }, at->booted_ns);
	read_host_clocks(&after->booted);
	after->rtc_kept = persistent_clock_exists;
	NTP(time_adjust) = at->adjust_us;
	hw_alone.raw_tsc = at->ticked_cycles;
	skip_intervals();
	timekeeping_advance(TK_ADV_TICK);
	hw_alone.raw_tsc += at->stepped_cycles;
	read_host_clocks(&after->before);
	after->refused = timekeeping_inject_offset(&step);
	read_host_clocks(&after->stepped);
}

void host_sleep_clocks(const struct subject_sleeps *at, struct subject_sleeps_after *after)
{
	struct clocksource other = { .mask = ~0ull };

	boot_alone(at->khz, at->booted, 0);
	register_clocksource(&other, 1000, at->khz);
	other.read = read_other_alone;
	other.enable = other_on;
	other.disable = other_off;
	after->mult = other.mult;
	after->shift = other.shift;
	if (at->goes_on == SUBJECT_ASLEEP_TSC)
		suspend_clocksource = &clocksources[SUBJECT_CS_TSC];
	else if (at->goes_on == SUBJECT_ASLEEP_OTHER)
		suspend_clocksource = &other;
	for (u32 i = 0; i < 2; i++) {
		const struct subject_sleep *sleep = &at->sleep[i];

		subject_refuel();
		hw_alone.raw_tsc += sleep->awake_cycles;
		other_cycles += sleep->awake_cycles;
		read_host_clocks(&after->sleep[i].before);
		rtc_alone = (struct timespec64){ sleep->fell_asleep.s, sleep->fell_asleep.ns };
		timekeeping_suspend();
		other_cycles += sleep->cycles;
		if (at->goes_on == SUBJECT_ASLEEP_TSC)
			hw_alone.raw_tsc += sleep->cycles;
		/* a tick on its way finds nothing to do */
		timekeeping_advance(TK_ADV_TICK);
		if (at->goes_on != SUBJECT_ASLEEP_TSC)
			hw_alone.raw_tsc = 0;
		rtc_alone = (struct timespec64){ sleep->woke.s, sleep->woke.ns };
		timekeeping_resume();
		read_host_clocks(&after->sleep[i].after);
		after->sleep[i].left_to_rtc = suspend_timing_needed;
	}
	suspend_clocksource = NULL;
}

void host_slew_clocks(const struct subject_slew *at, struct subject_slew_after *after)
{
	boot_alone(at->khz, (struct subject_rtc){ at->realtime_s }, 0);
	set_frequency(at->freq);
	announce(at->leap);
	NTP(time_adjust) = at->adjust_us;
	timekeeping_advance(TK_ADV_FREQ);
	*after = (struct subject_slew_after){
		.mult = tk.tkr_raw.mult, .ticks_per_s = NTP_INTERVAL_FREQ,
	};
	read_host_clocks(&after->booted);
	for (u32 i = 0; i < at->ticks; i++) {
		subject_refuel();
		hw_alone.raw_tsc += at->tick_cycles[i & 1];
		after->told |= timekeeping_advance(TK_ADV_TICK);
	}
	read_host_clocks(&after->clocks);
}
