// SPDX-License-Identifier: GPL-2.0-only
/*
 * CLOCK_REALTIME and CLOCK_BOOTTIME gain what a host slept, by a counter that goes on or
 * by its RTC; and what the RTC is cut by doesn't add up over two sleeps.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct subject_rtc rtc(struct input *in, const char *s, const char *ns)
{
	u64 seconds = input_u64(in, s, 0, 1ull << 34);

	return (struct subject_rtc){ seconds, input_u64(in, ns, 0, 999999999) };
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u32 khz = input_u64(&in, "khz", 100000, 10000000);
	u64 max = 500000ull * khz;	/* what no product wraps for */
	struct subject_sleeps at = { .khz = khz };
	struct subject_sleeps_after after;

	at.goes_on = input_u64(&in, "goes_on", 0, SUBJECT_ASLEEP_NR - 1);
	at.booted = rtc(&in, "booted_s", "booted_ns");
	at.sleep[0].awake_cycles = input_u64(&in, "awake", 0, max);
	at.sleep[0].fell_asleep = rtc(&in, "asleep_s", "asleep_ns");
	at.sleep[0].cycles = input_u64(&in, "cycles", 0, max);
	at.sleep[0].woke = rtc(&in, "woke_s", "woke_ns");
	at.sleep[1].awake_cycles = input_u64(&in, "awake_2", 0, max);
	at.sleep[1].fell_asleep = rtc(&in, "asleep_2_s", "asleep_2_ns");
	at.sleep[1].cycles = input_u64(&in, "cycles_2", 0, max);
	at.sleep[1].woke = rtc(&in, "woke_2_s", "woke_2_ns");
	subject->sleep_clocks(&at, &after);
	law_sleep_clocks(&at, &after);
	return 0;
}
