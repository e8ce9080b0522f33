// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's and AFL++'s names for the scenario mutator; fuzz_timeline only.  AFL++
 * loads it as a library of its own, afl_mutator.so.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../src/scenario/mutate.h"
#include "engine.h"

bool engine_mutated;

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size,
				 const uint8_t *b, size_t b_size, uint8_t *out,
				 size_t max, unsigned int seed);

void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(void *mutator, uint8_t *data, size_t size, uint8_t **out,
		       uint8_t *other, size_t other_size, size_t max);
void afl_custom_deinit(void *mutator);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	engine_mutated = true;
	return scenario_mutate(data, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size,
				 const uint8_t *b, size_t b_size, uint8_t *out,
				 size_t max, unsigned int seed)
{
	engine_mutated = true;
	return scenario_crossover(a, a_size, b, b_size, out, max, seed);
}

struct mutator {
	u32 seed;
	u8 out[SCENARIO_INPUT_MAX];
};

void *afl_custom_init(void *afl, unsigned int seed)
{
	struct mutator *m = malloc(sizeof(*m));

	if (m)
		m->seed = seed;
	return m;
}

/* Alike often, as libFuzzer chooses. */
size_t afl_custom_fuzz(void *mutator, uint8_t *data, size_t size, uint8_t **out,
		       uint8_t *other, size_t other_size, size_t max)
{
	struct mutator *m = mutator;

	*out = m->out;
	if (max > SCENARIO_INPUT_MAX)
		max = SCENARIO_INPUT_MAX;
	if (size > max)
		size = max;
	m->seed++;
	if (other && m->seed % 2)
		return scenario_crossover(data, size, other, other_size, m->out, max,
					  m->seed);
	memcpy(m->out, data, size);
	return scenario_mutate(m->out, size, max, m->seed);
}

void afl_custom_deinit(void *mutator)
{
	free(mutator);
}
