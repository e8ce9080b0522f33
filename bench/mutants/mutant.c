// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which mutant is on: CLOCKFUZZ_MUTANT, from before the first execution.  Not
 * instrumented, so that no engine is led to it.  A program that notes which places
 * are executed appends their numbers to the file that CLOCKFUZZ_REACHED names.
 */
#include <stdio.h>
#include <stdlib.h>
#include "mutant.h"

unsigned int cf_mutant;
unsigned char cf_reached[MUTANT_MAX];

__attribute__((constructor)) static void choose(void)
{
	const char *n = getenv("CLOCKFUZZ_MUTANT");

	cf_mutant = n ? atoi(n) : 0;
}

__attribute__((destructor)) static void tell_reached(void)
{
	const char *path = getenv("CLOCKFUZZ_REACHED");
	FILE *out = path ? fopen(path, "a") : NULL;

	for (int i = 0; out && i < MUTANT_MAX; i++)
		if (cf_reached[i])
			fprintf(out, "%d\n", i);
	if (out)
		fclose(out);
}
