// SPDX-License-Identifier: GPL-2.0-only
/*
 * ratio = guest / host * 2^f; scale(t) = t * ratio / 2^f cycles; nested:
 * l1 * m / 2^f + l2 (toward zero) and m1 * m2 / 2^f.  All exact.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u8 frac = input_u64(&in, "svm", 0, 1) ? 32 : 48;
	u32 host_khz = input_u64(&in, "host_khz", 100000, 10000000);
	u32 guest_khz = input_u64(&in, "guest_khz", 1, 0x7fffffff);
	u64 tsc = input_u64(&in, "tsc", 0, ~0ull);
	u64 l1 = input_u64(&in, "l1", 0, ~0ull);
	u64 l2 = input_u64(&in, "l2", 0, ~0ull);
	u64 ratio = 1ull << frac, got;
	bool ok = subject->tsc_ratio(host_khz, guest_khz, frac, &ratio);

	law_tsc_ratio(host_khz, guest_khz, frac, ok, ratio);
	got = subject->scale_tsc(tsc, ratio, frac);
	law_scale_tsc(tsc, ratio, frac, got);
	got = subject->nested_offset(l1, l2, ratio, frac);
	law_nested_offset(l1, l2, ratio, frac, got);
	got = subject->nested_multiplier(l1, ratio, frac);
	law_nested_multiplier(l1, ratio, frac, got);
	return 0;
}
