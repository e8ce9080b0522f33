// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a time namespace the vDSO reads what it reads outside, plus the offset, to the ns;
 * and while its page is updated, what it reads before or after.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u32 khz = input_u64(&in, "khz", 1000, 10000000);
	struct subject_vdso at = { .raw = input_u64(&in, "raw", 0, 1) };
	struct subject_vdso_read read;

	subject->register_counter(khz, ~0ull, &at.before);
	at.no_counter = input_u64(&in, "no_counter", 0, 1);
	at.before.cycle_last = input_u64(&in, "cycle_last", 0, ~0ull);
	at.before_s = input_u64(&in, "sec", 0, 1ull << 32);
	at.before.xtime_nsec = input_u64(&in, "xtime_ns", 0, CF_NS_PER_SEC - 1) << at.before.shift;
	at.after = at.before;
	at.after.mult += input_s64(&in, "slew", -(s64)at.before.maxadj, at.before.maxadj);
	at.after.cycle_last += input_u64(&in, "step", 0, 1000ull * khz);
	at.after_s = at.before_s + input_u64(&in, "step_s", 0, 1);
	at.cycles = at.after.cycle_last + input_u64(&in, "delta", 0, 10000ull * khz);
	at.in_namespace = input_u64(&in, "namespace", 0, 1);
	at.offset_s = input_s64(&in, "offset_s", -(1ll << 32), 1ll << 32);
	at.offset_ns = input_u64(&in, "offset_ns", 0, CF_NS_PER_SEC - 1);
	at.schedule.store = input_u64(&in, "at", 0, 15);
	at.schedule.then = at.schedule.store + input_u64(&in, "then", 0, 15);
	at.schedule.load = input_u64(&in, "load", 0, 7);
	at.schedule.fresh = input_u64(&in, "fresh", 0, 255);
	at.schedule.backwards = input_u64(&in, "backwards", 0, 1);
	subject->vdso_update(&at, &read);
	law_vdso_update(&at, &read);
	return 0;
}
