// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine and a list of events, all laws of src/oracle/run.c:
 *
 *	kvmclock(t) = system_time + ((tsc(t) - tsc_timestamp) * 2^shift * mul) >> 32
 *	page(t)     = (tsc(t) * scale) >> 64 + offset		within 2 of kvmclock / 100
 *
 * in ns and 100 ns units, rounded down, against true time and each other.
 */
#include "../src/oracle/run.h"
#include "../src/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void decode(struct scenario *s, const u8 *data, size_t size)
{
	scenario_decode(s, data, size);	/* ranges: struct machine, struct event */
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct scenario s;

	decode(&s, data, size);
	run_scenario(&s, subject, NULL);
	return 0;
}
