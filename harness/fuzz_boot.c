// SPDX-License-Identifier: GPL-2.0-only
/*
 * CLOCK_REALTIME begins as the RTC, CLOCK_MONOTONIC as the host's age; adjtimex() with
 * ADJ_SETOFFSET moves the first by just that, or is refused and moves nothing.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u32 khz = input_u64(&in, "khz", 100000, 10000000);
	struct subject_boot at = {
		.khz = khz,
		/* beyond what a clock can be set to, and no time at all */
		.rtc_s = input_s64(&in, "rtc_s", -2, 1ll << 34),
		.rtc_ns = input_s64(&in, "rtc_ns", -2000000000, 2000000000),
		.booted_ns = input_u64(&in, "booted_ns", 0, 1ull << 60),
		.adjust_us = input_s64(&in, "adjust_us", -50000, 50000),
		.ticked_cycles = input_u64(&in, "ticked_cycles", 0, 100000ull * khz),
		.stepped_cycles = input_u64(&in, "stepped_cycles", 0, 100000ull * khz),
		.step_s = input_s64(&in, "step_s", -(1ll << 34), 1ll << 34),
		.step_ns = input_s64(&in, "step_ns", -2000000000, 2000000000),
	};
	struct subject_boot_after after;

	subject->boot_clocks(&at, &after);
	law_boot_clocks(&at, &after);
	return 0;
}
