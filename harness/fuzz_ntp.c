// SPDX-License-Identifier: GPL-2.0-only
/*
 * realtime(n) = realtime(0) + n - inserted + deleted, monotonic and TAI without; slewed
 * by min(|a|, 500 us * n): leap seconds and adjtime(a), second by second.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	/* a second of some day, near its end as a rule */
	u64 day = input_u64(&in, "day", 0, 1 << 20);
	s64 second = input_s64(&in, "second", -20, 86400);
	struct subject_ntp at = {
		.realtime_s = (day + 1) * 86400 + second,
		.seconds = input_u64(&in, "seconds", 0, 40),
		.leap = input_u64(&in, "leap", 0, SUBJECT_LEAP_NR - 1),
		.announced = input_u64(&in, "announced", 0, 40),
		.withdrawn = input_u64(&in, "withdrawn", 0, 41),
		.adjust_us = input_s64(&in, "adjust_us", -50000, 50000),
	};
	struct subject_ntp_after after;

	subject->ntp_seconds(&at, &after);
	law_ntp_seconds(&at, &after);
	return 0;
}
