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
