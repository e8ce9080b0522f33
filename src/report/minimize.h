/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Smaller scenarios that still do the same.
 */
#ifndef CF_MINIMIZE_H
#define CF_MINIMIZE_H

#include "../scenario/scenario.h"

typedef bool (*minimize_test)(const struct scenario *s, void *arg);

/*
 * Shrinks @s while @holds(@s, @arg): fewer events, fewer vCPUs and CPUs, plainer
 * machine, rounder numbers.  @s itself must hold.  Deterministic; a second call
 * changes nothing.  Returns the number of scenarios tried.
 */
u32 minimize_scenario(struct scenario *s, minimize_test holds, void *arg);

#endif
