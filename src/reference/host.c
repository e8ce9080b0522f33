// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's timekeeper: a clocksource's raw time, CLOCK_MONOTONIC, whose rate NTP may
 * slew, and CLOCK_REALTIME on top, which may be stepped.  No product wraps, however long
 * the last update is ago, and a counter behind the last update's gives a time before it.
 * Whatever updates them leaves them where they were: fractions stay.
 */
#include "reference.h"

#define SECOND CF_NS_PER_SEC
#define SHIFT 24

static u64 counter(void)
{
	switch (host->clocksource) {
	case SUBJECT_CS_TSC:
		return hw->raw_tsc;
	case SUBJECT_CS_HYPERV_PAGE:
		return (u64)((u128)hw->raw_tsc * hw->hv_scale >> 64) +
		       hw->hv_offset_100ns;
	default:
		return hw->other_ns;
	}
}

/* ns << SHIFT since base_ns; 63 bits of counter and 31 of mult */
static s128 since_base(const struct ref_time *time)
{
	s64 delta = counter() - host->cycle_last;

	return (s128)delta * time->mult + time->fraction;
}

u64 ref_unless_gap(enum plant plant, u64 ns)
{
	s128 since = since_base(&host->raw);
	u64 lost = (u64)(since >> 64) << (64 - SHIFT);

	/* counters behind the last tick are another matter */
	return planted(plant, ns, since < 0 ? ns : ns - lost);
}

static u64 read_time(const struct ref_time *time)
{
	u64 ns = time->base_ns + (s64)(since_base(time) >> SHIFT);

	return ref_unless_gap(PLANT_GAP_TIMEKEEPING, ns);
}

s64 ref_host_ns(void)
{
	return read_time(&host->raw);
}

u64 ref_realtime_ns(void)
{
	return host->realtime_ns +
	       ref_unless_gap(PLANT_GAP_VDSO, read_time(&host->monotonic));
}

/* ---- updates ----------------------------------------------------------------- */

static void accumulate(struct ref_time *time)
{
	u128 second = (u128)SECOND << SHIFT, sum = since_base(time);

	sum = (u128)planted(PLANT_GAP_TICK, sum >> 64, 0) << 64 | (u64)sum;
	time->base_ns += (u64)(sum / second) * SECOND;
	time->fraction = sum % second;
	time->fraction -= planted(PLANT_LOST_FRACTION, 0,
				  time->fraction & ((1ull << SHIFT) - 1));
}

/* On a CPU behind the last update there is nothing to do yet. */
static void forward(void)
{
	u64 now = counter();

	if ((s64)(now - host->cycle_last) < 0)
		return;
	accumulate(&host->raw);
	accumulate(&host->monotonic);
	host->cycle_last = now;
}

void ref_tick(void)
{
	forward();
}

static void slew(void)
{
	s64 billionths = (s64)host->raw.mult * host->slew_ppb;
	s64 cut = billionths < 0 ? SECOND - 1 : 0;

	host->monotonic.mult = host->raw.mult + (billionths - cut) / (s64)SECOND;
}

void ref_ntp_slew(s32 ppb)
{
	forward();
	host->slew_ppb = ppb;
	slew();
}

/* Neither before CLOCK_MONOTONIC's zero nor beyond the year 2232. */
void ref_step_realtime(s64 ns)
{
	s128 stepped = (s128)host->realtime_ns + ns;
	s64 monotonic = host->monotonic.base_ns +
			(s64)(since_base(&host->monotonic) >> SHIFT);

	if (stepped >= 0 &&
	    stepped + monotonic < SUBJECT_REALTIME_MAX_S * (s128)SECOND)
		host->realtime_ns = stepped;
}

/* mult to the nearest; 100 ns units need 31 bits of it */
static void start_counting(u8 clocksource)
{
	u32 khz = host->config.tsc_khz;

	host->clocksource = clocksource;
	host->raw.mult = clocksource == SUBJECT_CS_TSC ?
			 ((1000000ull << SHIFT) + khz / 2) / khz :
			 (clocksource == SUBJECT_CS_HYPERV_PAGE ? 100u : 1u) << SHIFT;
	slew();
	host->cycle_last = counter();
}

void ref_set_clocksource(enum subject_clocksource clocksource)
{
	if (clocksource == host->clocksource)
		return;
	forward();
	start_counting(clocksource);
	vm.rates_changed = true;
}

void ref_host_boot(const struct subject_config *config)
{
	*host = (struct ref_host){
		.config = *config, .realtime_ns = config->realtime_ns,
	};
	start_counting(config->clocksource);
}

/*
 * A host that sleeps loses its TSC.  How long it slept another counter knows, and that
 * is what the VM's clock and CLOCK_REALTIME gain; CLOCK_MONOTONIC doesn't count it.
 */
void ref_suspend(void)
{
	forward();
	host->asleep_ns = hw->other_ns;
	ref_clock_suspend();
	ref_tsc_suspend();
}

void ref_resume(bool boot_cpu)
{
	u64 slept_ns = hw->other_ns - host->asleep_ns;

	if (!boot_cpu)
		return;
	host->cycle_last = counter();
	host->raw.base_ns += slept_ns;
	host->realtime_ns += slept_ns;
	ref_tsc_resume();
	ref_clock_resume(slept_ns);
}

void ref_view_timekeeper(struct subject_timekeeper_view *view)
{
	*view = (struct subject_timekeeper_view){
		.cycle_last = host->cycle_last,
		.shift = SHIFT,
		.mult = host->raw.mult,
		.xtime_nsec = host->raw.fraction,
		.base_ns = host->raw.base_ns,
		.clocksource = host->clocksource,
		.mono_mult = host->monotonic.mult,
		.mono_xtime_nsec = host->monotonic.fraction,
		.mono_base_ns = host->monotonic.base_ns,
		.offs_real_ns = host->realtime_ns,
	};
}

/* ---- the same as pure functions ------------------------------------------------- */

/*
 * As much shift as leaves mult room for NTP's ninth, and lets the counter go on for ten
 * minutes, or for as long as it has bits.
 */
void ref_register_counter(u32 khz, u64 mask, struct subject_counter *c)
{
	u64 hz = khz * 1000ull, seconds = mask / hz;
	u128 span;

	seconds = seconds < 1 ? 1 : seconds > 600 ? 600 : seconds;
	c->mask = mask;
	for (c->shift = 32; c->shift; c->shift--) {
		span = ((1000000ull << c->shift) + khz / 2) / khz;
		if (!(span * 111 / 100 >> 32) && !(span * seconds * hz >> 64))
			break;
	}
	c->mult = ((1000000ull << c->shift) + khz / 2) / khz;
	c->maxadj = (u64)c->mult * 11 / 100;
	c->max_cycles = ~0ull / (c->mult + c->maxadj);
	if (c->max_cycles > mask)
		c->max_cycles = mask;
	c->max_idle_ns = (c->max_cycles * (c->mult - c->maxadj) >> c->shift) / 2;
}

u64 ref_counter_passed(u32 khz, u64 mask, u64 last, u64 now)
{
	u64 ahead = (now - last) & mask;

	return ahead > mask >> 1 ? 0 : ahead;
}

/* A counter of @mask's bits, behind while it is in the upper half. */
static u64 read_counter(const struct subject_counter *c, u64 mask, u64 cycles)
{
	u64 ahead = (cycles - c->cycle_last) & mask;

	if (ahead > mask >> 1)
		ahead = 0;
	return ((u128)ahead * c->mult + c->xtime_nsec) >> c->shift;
}

u64 ref_timekeeping_read(const struct subject_counter *c, u64 cycles)
{
	return read_counter(c, c->mask, cycles);
}

bool ref_vdso_read(const struct subject_counter *c, u64 cycles, u64 *ns)
{
	*ns = read_counter(c, c->mask >> 1, cycles);
	return true;
}

static s64 vdso_ns(const struct subject_counter *c, u64 sec, u64 cycles)
{
	u64 ns;

	ref_vdso_read(c, cycles, &ns);
	return sec * CF_NS_PER_SEC + ns;
}

/* Nobody can be seen between two stores. */
void ref_vdso_update(const struct subject_vdso *at, struct subject_vdso_read *read)
{
	s64 offset_ns = at->offset_s * (s64)CF_NS_PER_SEC + at->offset_ns;
	s64 after_ns = vdso_ns(&at->after, at->after_s, at->cycles);

	*read = (struct subject_vdso_read){
		.valid = !at->no_counter, .any = !at->no_counter, .whole = true,
		.before_ns = vdso_ns(&at->before, at->before_s, at->cycles),
		.after_ns = after_ns,
		.meanwhile_ns = after_ns + (at->in_namespace ? offset_ns : 0),
		.namespace_ns = after_ns + offset_ns,
	};
}

u64 ref_suspend_timing(u32 khz, u64 mask, u64 start, u64 now)
{
	struct subject_counter c;

	ref_register_counter(khz, mask, &c);
	return (u128)((now - start) & mask) * c.mult >> c.shift;
}

s64 ref_time_add(s64 now_ns, s64 ns)
{
	s64 sum;

	return __builtin_add_overflow(now_ns, ns, &sum) ? (s64)(~0ull >> 1) : sum;
}

bool ref_in_interval(u64 start, u64 end, u64 counter)
{
	return counter - start <= end - start;
}

/* At the end of the first day with a second left of it, if it isn't withdrawn before. */
static u64 leap_seconds(const struct subject_ntp *at, u64 now, u32 withdrawn)
{
	bool done = false;

	for (u32 i = 0; i < at->seconds; i++) {
		bool asked = !done && i > at->announced && i < withdrawn;

		now++;
		if (asked && at->leap == SUBJECT_LEAP_INSERT && now % 86400 == 0) {
			now--;
			done = true;
		} else if (asked && at->leap == SUBJECT_LEAP_DELETE && now % 86400 == 86399) {
			now++;
			done = true;
		}
	}
	return now;
}

void ref_ntp_seconds(const struct subject_ntp *at, struct subject_ntp_after *after)
{
	u64 left = at->adjust_us < 0 ? -at->adjust_us : at->adjust_us;
	u64 most = at->seconds * 500ull, slewed_us = left < most ? left : most;

	*after = (struct subject_ntp_after){
		.realtime_s = leap_seconds(at, at->realtime_s, at->withdrawn),
		.again_s = leap_seconds(at, at->realtime_s + 86400, at->seconds),
		.monotonic_s = at->realtime_s + at->seconds,
		.tai_s = at->realtime_s + at->seconds,
		.slewed = (s64)(slewed_us * 1000 << 32) * (at->adjust_us < 0 ? -1 : 1),
		.ticks_per_s = 1,
	};
}

u64 ref_cycles_to_ns(u64 cycles, u32 khz)
{
	return (u128)cycles * 1000000 / khz;
}

/* Each is the one before plus what has passed; a suspend and a new rate add nothing. */
void ref_sched_clock(const struct subject_sched_clock *at,
		     struct subject_sched_clock_read *read)
{
	read->before = ref_cycles_to_ns(at->refined_tsc - at->boot_tsc, at->early_khz);
	read->after = read->before;
	read->suspended = read->after +
			  ref_cycles_to_ns(at->suspend_tsc - at->refined_tsc, at->khz);
	read->resumed = read->suspended;
	read->after_nmi = read->after;
	read->resumed_nmi = read->resumed;
	read->ns = read->resumed + ref_cycles_to_ns(at->tsc - at->resume_tsc, at->khz);
	read->shift = 31;
}
