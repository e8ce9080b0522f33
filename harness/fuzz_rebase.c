// SPDX-License-Identifier: GPL-2.0-only
/*
 * Judges two recorded tuples: at the new timestamp the new clock says what the
 * old one said, read(t), within [-2, +2] ns.  Replay only: the tuples are a
 * guest's, not computed here, so that a made-up pair proves nothing.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	u64 system_time = input_u64(&in, "system_time", 0, 1ull << 62);
	u64 timestamp = input_u64(&in, "tsc_timestamp", 0, 1ull << 62);
	u64 new_system_time = input_u64(&in, "new_system_time", 0, 1ull << 62);
	u64 new_timestamp = input_u64(&in, "new_tsc_timestamp", 0, 1ull << 62);
	u32 mul = input_u64(&in, "mul", 0, 0xffffffff);
	s8 shift = input_s64(&in, "shift", -31, 31);

	law_pvclock_rebase(system_time, timestamp, new_system_time, new_timestamp,
			   mul, shift);
	return 0;
}
