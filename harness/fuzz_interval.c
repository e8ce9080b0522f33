// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_interval(start, end, t) = (t - start) mod 2^64 <= (end - start) mod 2^64: is a
 * device's counter on the timekeeper's present interval?
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u64 start = input_u64(&in, "start", 0, ~0ull);
	u64 end = input_u64(&in, "end", 0, ~0ull);
	u64 counter = input_u64(&in, "counter", 0, ~0ull);

	law_in_interval(start, end, counter,
			subject->in_interval(start, end, counter));
	return 0;
}
