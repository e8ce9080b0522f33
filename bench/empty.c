// SPDX-License-Identifier: GPL-2.0-only
/* What the engine itself costs; libFuzzer refuses a target without a branch. */
#include <stddef.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static volatile int seen;

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	if (size && data[0] == 'x')
		seen = 1;
	return 0;
}
