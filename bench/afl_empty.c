// SPDX-License-Identifier: GPL-2.0-only
/*
 * What AFL++ itself costs: a target for its own driver that does nothing but count, so
 * that a hunt can run it as a harness.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define REPORT_EVERY 1024		/* harness/engine.c */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static unsigned int runs;

	if (++runs % REPORT_EVERY == 0)
		dprintf(atoi(getenv("CLOCKFUZZ_REPORT_FD")), "ran %d\n", REPORT_EVERY);
	return 0;
}
