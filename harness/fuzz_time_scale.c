// SPDX-License-Identifier: GPL-2.0-only
/*
 * (shift, mul) = time_scale(scaled, base): mul * 2^(shift - 32) is
 * scaled / base, within [-2^-31, +2^-30.09].
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* KVM asks for ns per cycle of a rate in kHz, and for cycles per ns. */
struct args {
	u64 to_ns, khz;
};

static struct args decode(struct input *in)
{
	struct args a;

	a.to_ns = input_u64(in, "to_ns", 0, 1);
	a.khz = input_u64(in, "khz", 0, 0xffffffff);
	return a;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	struct args a = decode(&in);
	/* KVM never asks for cycles of a guest without a rate. */
	u64 khz = a.khz + !a.to_ns * !a.khz;
	u64 scaled_hz = a.to_ns ? CF_NS_PER_SEC : khz * 1000;
	u64 base_hz = a.to_ns ? khz * 1000 : CF_NS_PER_SEC;
	s8 shift;
	u32 mul;

	subject->time_scale(scaled_hz, base_hz, &shift, &mul);
	law_time_scale(scaled_hz, base_hz, shift, mul);
	return 0;
}
