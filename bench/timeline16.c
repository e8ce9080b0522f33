// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mutator of bench/speed.sh: scenarios of exactly 16 events, so that
 * executions per second can be compared from run to run.
 */
#include <stdint.h>
#include "../src/scenario/mutate.h"

#define EVENTS 16

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	struct scenario s;
	size_t new_size;
	u32 n;

	scenario_decode(&s, data, size);
	scenario_change(&s, seed);
	n = s.nr_events;
	for (; n && s.nr_events < EVENTS; s.nr_events++)
		s.events[s.nr_events] = s.events[s.nr_events % n];
	s.nr_events = n ? EVENTS : 0;
	new_size = scenario_encode(&s, data, max_size);
	return new_size ? new_size : size;
}
