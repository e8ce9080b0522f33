/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutation of scenarios by events and values instead of bytes.
 */
#ifndef CF_MUTATE_H
#define CF_MUTATE_H

#include "scenario.h"

/* Of a scenario, what the engines are asked for at most; some hundred events. */
#define SCENARIO_INPUT_MAX 2048

/* Changes @s.  Deterministic in @seed. */
void scenario_change(struct scenario *s, u32 seed);

/*
 * Changes the scenario that @data decodes to; the result is encoded into
 * @data, at most @max_size bytes.  Deterministic in @seed.  Returns its size.
 */
size_t scenario_mutate(u8 *data, size_t size, size_t max_size, u32 seed);

/* Events of @a up to a point, of @b from another.  Returns the size in @out. */
size_t scenario_crossover(const u8 *a, size_t na, const u8 *b, size_t nb,
			  u8 *out, size_t max_out, u32 seed);

#endif
