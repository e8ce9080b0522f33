/* SPDX-License-Identifier: GPL-2.0-only */
/* Marsaglia's xorshift64, for tests and benches: the same numbers each time. */
#ifndef CF_XORSHIFT_H
#define CF_XORSHIFT_H

#include "../src/types.h"

/* The next number, which is the new *@state; that isn't 0. */
static inline u64 xorshift64(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
