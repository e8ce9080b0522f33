// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios as bytes, and the mutator. */
#include <criterion/criterion.h>
#include <string.h>

#include "../src/scenario/input.h"
#include "../src/scenario/mutate.h"
#include "../src/scenario/scenario.h"
#include "xorshift.h"

static u64 state;

static u64 draw(void)
{
	return xorshift64(&state);
}

static size_t draw_bytes(u8 *buf, size_t max)
{
	size_t size = draw() % (max + 1);

	for (size_t i = 0; i < size; i++)
		buf[i] = draw() >> 24;
	return size;
}

static bool same(const struct scenario *a, const struct scenario *b)
{
	return a->nr_hosts == b->nr_hosts &&
	       !memcmp(a->hosts, b->hosts, a->nr_hosts * sizeof(a->hosts[0])) &&
	       a->nr_events == b->nr_events &&
	       !memcmp(a->events, b->events, a->nr_events * sizeof(a->events[0]));
}

static struct scenario first, second;

Test(codec, every_byte_string_decodes)
{
	u8 buf[600];

	state = 1;
	for (int i = 0; i < 100000; i++) {
		size_t size = draw_bytes(buf, sizeof(buf));

		memset(&first, 0, sizeof(first));
		scenario_decode(&first, buf, size);
		cr_assert_null(scenario_invalid(&first), "round %d: %s", i,
			       scenario_invalid(&first));
	}
}

Test(codec, encoding_is_lossless)
{
	u8 buf[600], again[8192];

	state = 2;
	for (int i = 0; i < 100000; i++) {
		size_t size = draw_bytes(buf, sizeof(buf));

		memset(&first, 0, sizeof(first));
		memset(&second, 0, sizeof(second));
		scenario_decode(&first, buf, size);
		size = scenario_encode(&first, again, sizeof(again));
		cr_assert(size > 0);
		scenario_decode(&second, again, size);
		cr_assert(same(&first, &second), "round %d", i);
	}
}

Test(codec, nothing_and_zeroes_are_the_simplest)
{
	u8 zero[64] = { 0 };

	scenario_decode(&first, NULL, 0);
	cr_assert_eq(first.nr_events, 0);
	cr_assert_eq(first.machine.nr_cpus, 1);
	cr_assert_eq(first.machine.nr_vcpus, 1);
	cr_assert_eq(first.machine.clocksource, SUBJECT_CS_TSC);
	scenario_decode(&first, zero, sizeof(zero));
	for (u32 i = 0; i < first.nr_events; i++) {
		cr_assert_eq(first.events[i].kind, EVENT_ADVANCE_NS);
		cr_assert_eq(first.events[i].value, 0);
	}
}

Test(codec, ten_thousand_truncations)
{
	u8 buf[600];

	state = 3;
	for (int i = 0; i < 10000; i++) {
		size_t size = draw_bytes(buf, sizeof(buf));

		if (!size)
			continue;
		/* an exact heap block, for ASan to see a read past the end */
		size %= 40;
		u8 *cut = malloc(size + !size);

		memcpy(cut, buf, size);
		scenario_decode(&first, cut, size);
		cr_assert_null(scenario_invalid(&first));
		free(cut);
	}
}

Test(codec, encode_says_when_it_does_not_fit)
{
	u8 buf[8];

	scenario_decode(&first, NULL, 0);
	first.nr_events = 50;
	memset(first.events, 0, sizeof(first.events));
	cr_assert_eq(scenario_encode(&first, buf, sizeof(buf)), 0);
}

Test(codec, every_event_is_described)
{
	for (int i = 0; i < EVENT_NR; i++) {
		cr_assert_not_null(event_info[i].name);
		cr_assert_not_null(event_info[i].help);
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(event_info[i].name, event_info[j].name);
	}
}

Test(mutate, gives_valid_scenarios_that_fit)
{
	u8 buf[256];
	size_t size = 0;

	for (u32 seed = 0; seed < 100000; seed++) {
		size = scenario_mutate(buf, size, sizeof(buf), seed);
		cr_assert_leq(size, sizeof(buf));
		scenario_decode(&first, buf, size);
		cr_assert_null(scenario_invalid(&first), "seed %u: %s", seed,
			       scenario_invalid(&first));
	}
}

Test(mutate, is_deterministic)
{
	u8 a[256] = { 1, 2, 3 }, b[256] = { 1, 2, 3 };

	for (u32 seed = 0; seed < 1000; seed++) {
		size_t na = scenario_mutate(a, 3, sizeof(a), seed);
		size_t nb = scenario_mutate(b, 3, sizeof(b), seed);

		cr_assert_eq(na, nb);
		cr_assert_arr_eq(a, b, na);
	}
}

Test(mutate, crossover_fits_and_is_valid)
{
	u8 a[300], b[300], out[64];

	state = 4;
	for (u32 seed = 0; seed < 10000; seed++) {
		size_t na = draw_bytes(a, sizeof(a)), nb = draw_bytes(b, sizeof(b));
		size_t size = scenario_crossover(a, na, b, nb, out, sizeof(out), seed);

		cr_assert_leq(size, sizeof(out));
		scenario_decode(&first, out, size);
		cr_assert_null(scenario_invalid(&first));
	}
}

Test(input, fields_of_text_give_bytes_that_give_the_fields)
{
	static struct input_record record;
	struct input in = input_init(NULL, 0);

	input_redirect("a 0xffffffffffffffff\nb -5\n", &record);
	cr_assert_eq(input_u64(&in, "a", 0, ~0ull), ~0ull);
	cr_assert_eq(input_s64(&in, "b", -31, 31), -5);
	cr_assert_null(input_error());
	input_redirect(NULL, NULL);
	in = input_init(record.bytes, record.bytes_len);
	cr_assert_eq(input_u64(&in, "a", 0, ~0ull), ~0ull);
	cr_assert_eq(input_s64(&in, "b", -31, 31), -5);
	cr_assert_str_eq(record.text, "a 18446744073709551615\nb -5\n");
}

Test(input, errors_name_the_field)
{
	struct input in = input_init(NULL, 0);

	input_redirect("a 5\n", NULL);
	input_u64(&in, "a", 0, 4);
	cr_assert_str_eq(input_error(), "field a: above 4");
	input_redirect("a x\n", NULL);
	input_u64(&in, "a", 0, 4);
	cr_assert_str_eq(input_error(), "field a: not a 64-bit number");
	input_redirect("b 1\n", NULL);
	input_u64(&in, "a", 0, 4);
	cr_assert_str_eq(input_error(), "field a: missing");
	input_redirect(NULL, NULL);
}

Test(input, bytes_fold_into_the_range)
{
	u8 buf[9];

	state = 5;
	for (int i = 0; i < 100000; i++) {
		struct input in = input_init(buf, sizeof(buf));
		s64 value;

		for (size_t k = 0; k < sizeof(buf); k++)
			buf[k] = draw() >> 24;
		value = input_s64(&in, "x", -31, 31);
		cr_assert(value >= -31 && value <= 31);
	}
}
