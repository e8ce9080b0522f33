// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bug of our own that must be found: bit 20 xor bit 5 of value is 0.
 */
#include "../src/oracle/pure.h"
#include "../src/scenario/input.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = input_init(data, size);

	law_canary(input_u64(&in, "value", 0, ~0ull));
	return 0;
}
