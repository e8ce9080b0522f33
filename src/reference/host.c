// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's timekeeper: CLOCK_MONOTONIC from a clocksource, and CLOCK_REALTIME on
 * top.  No product wraps, however long the last tick is ago, and a counter behind
 * the last tick's gives a time before it.
 */
#include "reference.h"

#define SECOND CF_NS_PER_SEC

static u64 counter(void)
{
	switch (host->config.clocksource) {
	case SUBJECT_CS_TSC:
		return hw->raw_tsc;
	case SUBJECT_CS_HYPERV_PAGE:
		return (u64)((u128)hw->raw_tsc * hw->hv_scale >> 64) +
		       hw->hv_offset_100ns;
	default:
		return hw->other_ns;
	}
}

/* ns << shift since base_ns; 63 bits of counter and 30 of mult */
static s128 since_base(void)
{
	s64 delta = counter() - host->cycle_last;

	return (s128)delta * host->mult + host->fraction;
}

u64 ref_unless_gap(enum plant plant, u64 ns)
{
	u64 lost = (u64)(since_base() >> 64) << (64 - host->shift);

	/* counters behind the last tick are another matter */
	return planted(plant, ns, since_base() < 0 ? ns : ns - lost);
}

s64 ref_host_ns(void)
{
	return ref_unless_gap(PLANT_GAP_TIMEKEEPING,
			  host->base_ns + (s64)(since_base() >> host->shift));
}

u64 ref_realtime_ns(void)
{
	return host->config.realtime_ns + ref_unless_gap(PLANT_GAP_VDSO, ref_host_ns());
}

/* Nothing is rounded here: the fraction stays. */
void ref_tick(void)
{
	u128 second = (u128)SECOND << host->shift;
	u64 now = counter();
	u128 sum;

	if ((s64)(now - host->cycle_last) < 0)
		return;
	sum = since_base();
	sum = (u128)planted(PLANT_GAP_TICK, sum >> 64, 0) << 64 | (u64)sum;
	host->cycle_last = now;
	host->base_ns += (u64)(sum / second) * SECOND;
	host->fraction = sum % second;
	host->fraction -= planted(PLANT_LOST_FRACTION, 0, host->fraction &
				  ((1ull << host->shift) - 1));
}

/* mult to the nearest; 24 bits of shift leave it 30 at most (100 ns units) */
void ref_host_boot(const struct subject_config *config)
{
	static const u32 unit_ns[] = {
		[SUBJECT_CS_HYPERV_PAGE] = 100, [SUBJECT_CS_OTHER] = 1,
	};

	*host = (struct ref_host){ .config = *config, .shift = 24 };
	if (config->clocksource == SUBJECT_CS_TSC)
		host->mult = ((1000000ull << host->shift) + config->tsc_khz / 2) /
			     config->tsc_khz;
	else
		host->mult = unit_ns[config->clocksource] << host->shift;
	host->cycle_last = counter();
}

void ref_view_timekeeper(struct subject_timekeeper_view *view)
{
	*view = (struct subject_timekeeper_view){
		.cycle_last = host->cycle_last,
		.mult = host->mult,
		.shift = host->shift,
		.xtime_nsec = host->fraction,
		.base_ns = host->base_ns,
	};
}
