// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(t) = system_time + scale(t - tsc_timestamp) ns; before the timestamp,
 * system_time - scale(|d|) or system_time.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u64 system_time = input_u64(&in, "system_time", 0, 1ull << 62);
	u64 timestamp = input_u64(&in, "tsc_timestamp", 0, 1ull << 62);
	u32 mul = input_u64(&in, "mul", 0, 0xffffffff);
	s8 shift = input_s64(&in, "shift", -31, 31);
	u64 tsc = input_u64(&in, "tsc", 0, 1ull << 62);
	u64 got = subject->pvclock_read(system_time, timestamp, mul, shift, tsc);

	law_pvclock_read(system_time, timestamp, mul, shift, tsc, got);
	return 0;
}
