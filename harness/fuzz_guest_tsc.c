// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_tsc(khz, ns) = ns * khz / 10^6 cycles, low by up to 2^-31 and 2
 * cycles; a negative ns gives -guest_tsc(khz, -ns), or 0.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct args {
	u32 khz;
	s64 delta_ns;
};

static struct args decode(struct input *in)
{
	struct args a;

	a.khz = input_u64(in, "khz", 1, 0x7fffffff);
	a.delta_ns = input_s64(in, "delta_ns", -(1ll << 62), 1ll << 62);
	return a;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	struct args a = decode(&in);

	law_guest_tsc(a.khz, a.delta_ns, subject->guest_tsc(a.khz, a.delta_ns));
	return 0;
}
