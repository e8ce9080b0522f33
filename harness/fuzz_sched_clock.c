// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_clock(t) = offset + t * mul / 2^shift ns, mul / 2^shift = 10^6 / khz less
 * 3/4 of a bit or plus 1/2; it goes on where it was at a new frequency and after a
 * suspend, whatever the TSC is then.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct subject_sched_clock decode(struct input *in)
{
	struct subject_sched_clock at;

	at.early_khz = input_u64(in, "early_khz", 1000, 10000000);
	at.khz = input_u64(in, "khz", 1000, 10000000);
	at.boot_tsc = input_u64(in, "boot_tsc", 0, ~0ull);
	at.refined_tsc = input_u64(in, "refined_tsc", 0, ~0ull);
	at.suspend_tsc = input_u64(in, "suspend_tsc", 0, ~0ull);
	at.resume_tsc = input_u64(in, "resume_tsc", 0, ~0ull);
	at.tsc = input_u64(in, "tsc", 0, ~0ull);
	return at;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	struct subject_sched_clock at = decode(&in);
	struct subject_sched_clock_read read;

	subject->sched_clock(&at, &read);
	law_sched_clock(&at, &read);
	return 0;
}
