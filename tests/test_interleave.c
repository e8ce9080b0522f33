// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as another CPU sees it: a writer of three barriers and readers between.
 */
#include <criterion/criterion.h>
#include "../src/interleave.h"

static u64 memory[4];			/* a sequence, and three words of data */

/* Stores: sequence; data 1, 2, 3; sequence. */
static void update(void)
{
	interleave_watch(memory, sizeof(memory));
	memory[0]++;
	INTERLEAVE_STORED();
	for (int i = 1; i < 4; i++)
		memory[i] = 10 * i;
	INTERLEAVE_STORED();
	memory[0]++;
	cr_assert_eq(interleave_update(), 5);
}

static void setup(void)
{
	interleave_cancel();
	memory[0] = memory[1] = memory[2] = memory[3] = 0;
}

static void assert_memory(u64 sequence, u64 a, u64 b, u64 c)
{
	cr_assert_eq(memory[0], sequence, "sequence %llu", memory[0]);
	cr_assert_eq(memory[1], a, "1: %llu", memory[1]);
	cr_assert_eq(memory[2], b, "2: %llu", memory[2]);
	cr_assert_eq(memory[3], c, "3: %llu", memory[3]);
}

TestSuite(interleave, .init = setup);

Test(interleave, any_prefix_of_the_stores_is_visible)
{
	static const u64 want[7][4] = {
		{ 0, 0, 0, 0 }, { 1, 0, 0, 0 }, { 1, 10, 0, 0 }, { 1, 10, 20, 0 },
		{ 1, 10, 20, 30 }, { 2, 10, 20, 30 }, { 2, 10, 20, 30 },
	};

	update();
	for (u32 n = 0; n < 7; n++) {
		interleave_begin(&(struct schedule){ .store = n, .then = n });
		assert_memory(want[n][0], want[n][1], want[n][2], want[n][3]);
		interleave_end();
		assert_memory(2, 10, 20, 30);
	}
}

Test(interleave, between_two_barriers_the_order_is_free)
{
	update();
	interleave_begin(&(struct schedule){ .store = 2, .then = 2, .backwards = true });
	assert_memory(1, 0, 0, 30);
	interleave_end();
}

Test(interleave, the_writer_goes_on_in_the_segment_that_is_named)
{
	update();
	interleave_begin(&(struct schedule){ .then = 5, .load = 1, .fresh = 1 << 2 });
	assert_memory(0, 0, 0, 0);
	INTERLEAVE_LOADS();
	assert_memory(0, 0, 20, 0);
	INTERLEAVE_LOADS();
	assert_memory(2, 10, 20, 30);
	interleave_end();
}

Test(interleave, a_reader_that_spins_sees_the_end)
{
	u32 turns = 0;

	update();
	interleave_begin(&(struct schedule){ .store = 1, .then = 1 });
	while (memory[0] & 1) {
		cr_assert_lt(++turns, 100);
		INTERLEAVE_LOADS();
	}
	assert_memory(2, 10, 20, 30);
	interleave_end();
}

Test(interleave, what_writes_nothing_is_no_update)
{
	interleave_watch(memory, sizeof(memory));
	INTERLEAVE_STORED();
	cr_assert_eq(interleave_update(), 0);
	cr_assert(interleave_watched);
	memory[1] = 1;
	cr_assert_eq(interleave_update(), 1);
	cr_assert_not(interleave_watched);
}

Test(interleave, too_many_barriers_are_one)
{
	interleave_watch(memory, sizeof(memory));
	for (int i = 0; i < 20; i++) {
		memory[1]++;
		INTERLEAVE_STORED();
	}
	cr_assert_eq(interleave_update(), 7);
	interleave_begin(&(struct schedule){ 0 });
	assert_memory(0, 0, 0, 0);
	interleave_end();
	assert_memory(0, 20, 0, 0);
}
