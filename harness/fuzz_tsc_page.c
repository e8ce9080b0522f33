// SPDX-License-Identifier: GPL-2.0-only
/*
 * page(t) = floor(t * scale / 2^64) + offset, with scale and offset from a
 * pvclock tuple, is floor(pvclock(t) / 100), within [-2, +2] units of 100 ns.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u32 mul = input_u64(&in, "mul", 0, 0xffffffff);
	s8 shift = input_s64(&in, "shift", -16, 22);
	u64 system_time = input_u64(&in, "system_time", 0, 1ull << 62);
	u64 timestamp = input_u64(&in, "tsc_timestamp", 0, 1ull << 62);
	u64 tsc = input_u64(&in, "tsc", 0, ~0ull);
	u64 raw_scale = input_u64(&in, "page_scale", 0, ~0ull);
	s64 raw_offset = input_s64(&in, "page_offset", -(1ll << 62), 1ll << 62);
	u64 scale = 0, ticks = 0;
	s64 offset = 0;
	bool ok = subject->hv_page_params(mul, shift, system_time,
					       timestamp, &scale, &offset);

	law_hv_page_params(mul, shift, system_time, timestamp, ok, scale, offset);
	if (ok && subject->hv_page_read(tsc, scale, offset, &ticks))
		law_hv_page_agrees(mul, shift, system_time, timestamp, tsc, ticks);
	ok = subject->hv_page_read(tsc, raw_scale, raw_offset, &ticks);
	law_hv_page_read(tsc, raw_scale, raw_offset, ok, ticks);
	return 0;
}
