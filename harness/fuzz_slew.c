// SPDX-License-Identifier: GPL-2.0-only
/*
 * monotonic = raw * (1 + f) + adjtime()'s share, for ever within a tick's and an
 * interval's unit of mult; realtime leaps as announced.  A host that just ticks.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u32 khz = input_u64(&in, "khz", 100000, 10000000);
	/* a second of some day, near its end as a rule */
	u64 day = input_u64(&in, "day", 0, 1 << 15);
	s64 second = input_s64(&in, "second", -20, 86400);
	struct subject_slew at = {
		.khz = khz,
		.realtime_s = (day + 1) * 86400 + second,
		.freq = input_s64(&in, "freq", -500 * 65536, 500 * 65536),
		.adjust_us = input_s64(&in, "adjust_us", -50000, 50000),
		.leap = input_u64(&in, "leap", 0, SUBJECT_LEAP_NR - 1),
		.ticks = input_u64(&in, "ticks", 0, 500),
		.tick_cycles = {
			input_u64(&in, "tick_cycles", 0, 100ull * khz),
			input_u64(&in, "tick_cycles_2", 0, 100ull * khz),
		},
	};
	struct subject_slew_after after;

	subject->slew_clocks(&at, &after);
	law_slew_clocks(&at, &after);
	return 0;
}
