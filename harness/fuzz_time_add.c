// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timer that is to come d after t comes at min(t + d, 2^63 - 1) ns.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	s64 now_ns = input_u64(&in, "now_ns", 0, ~0ull >> 1);
	s64 ns = input_u64(&in, "ns", 0, ~0ull >> 1);

	law_time_add(now_ns, ns, subject->time_add(now_ns, ns));
	return 0;
}
