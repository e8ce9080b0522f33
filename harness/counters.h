/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subject's inline counters, one a block; the linker says where they lie.  In another
 * engine's build there are none.
 */
#ifndef CF_COUNTERS_H
#define CF_COUNTERS_H

#include "../src/types.h"

extern u8 __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern u8 __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

static inline u32 nr_counters(void)
{
	return __stop___sancov_cntrs - __start___sancov_cntrs;
}

#endif
