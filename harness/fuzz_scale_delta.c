// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale(d) = floor(d * 2^s * m / 2^32) ns, within [-1, 0] for s < 0, and
 * d <= e implies scale(d) <= scale(e).
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct args {
	u64 delta, more;
	u32 mul;
	s8 shift;
};

static struct args decode(struct input *in)
{
	struct args a;

	a.delta = input_u64(in, "delta", 0, ~0ull);
	a.more = input_u64(in, "more", 0, ~0ull);
	a.mul = input_u64(in, "mul", 0, 0xffffffff);
	a.shift = input_s64(in, "shift", -31, 31);
	return a;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	struct args a = decode(&in);
	u64 at = subject->scale_delta(a.delta, a.mul, a.shift);

	law_scale_delta(a.delta, a.mul, a.shift, at);
	law_scale_delta_monotonic(a.delta, a.more, at,
		subject->scale_delta(a.more, a.mul, a.shift), a.mul, a.shift);
	return 0;
}
