// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(t) = floor((xtime_nsec + (t - cycle_last) * mult) / 2^shift) ns, by the core
 * and by the vDSO, for any gap; mult / 2^shift = 10^6 / khz, half a bit off, or as
 * NTP made it.  So many cycles of suspend are floor(suspended * mult / 2^shift) ns.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"
#include "../src/subject.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u32 khz = input_u64(&in, "khz", 1000, 10000000);
	u64 mask = ~0ull >> (64 - input_u64(&in, "bits", 24, 64));
	s64 slew = input_s64(&in, "slew", -1000, 1000); /* of 1000 parts of maxadj */
	u64 last = input_u64(&in, "cycle_last", 0, ~0ull) & mask, ns;
	u64 sub = input_u64(&in, "xtime_ns", 0, CF_NS_PER_SEC - 1);
	s64 delta = input_s64(&in, "delta", -(1ll << 62), 1ll << 62);
	u64 cycles = (last + delta) & mask;
	u64 woken = (last + input_u64(&in, "suspended", 0, 1ull << 62)) & mask;
	struct subject_counter c = { .cycle_last = last };
	bool ok;

	subject->register_counter(khz, mask, &c);
	law_counter_registered(khz, &c);
	law_counter_passed(mask, last, cycles, subject->counter_passed(khz, mask, last, cycles));
	law_suspend_timing(&c, last, woken, subject->suspend_timing(khz, mask, last, woken));
	c.mult += (s64)c.maxadj * slew / 1000;
	c.xtime_nsec = sub << c.shift;
	ns = subject->timekeeping_read(&c, cycles);
	law_counter_read("timekeeping", "timekeeping_cycles_to_ns", mask, &c, cycles, true, ns);
	/* x86's vDSO reads nothing narrower; it divides by turns, one a second */
	if (~mask || delta > khz * 10000000ll)
		return 0;
	ok = subject->vdso_read(&c, cycles, &ns);
	law_counter_read("vdso", "do_hres", mask >> 1, &c, cycles, ok, ns);
	return 0;
}
