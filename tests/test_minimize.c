// SPDX-License-Identifier: GPL-2.0-only
/* Minimising against a condition of the test's own. */
#include <criterion/criterion.h>
#include <string.h>

#include "../src/report/minimize.h"

/* A read of kvmclock after at least 1,234,567 ns in one step. */
static bool holds(const struct scenario *s, void *arg)
{
	bool late = false;

	for (u32 i = 0; i < s->nr_events; i++) {
		if (s->events[i].kind == EVENT_ADVANCE_NS &&
		    s->events[i].value >= 1234567)
			late = true;
		if (s->events[i].kind == EVENT_READ_PVCLOCK && late)
			return true;
	}
	return false;
}

Test(minimize, ends_small_round_and_at_a_fixpoint)
{
	static struct scenario s, again;
	u8 buf[2000];
	u64 x = 9;

	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(buf); i++) {
			x = x * 6364136223846793005ull + 1442695040888963407ull;
			buf[i] = x >> 56;
		}
		scenario_decode(&s, buf, sizeof(buf));
		if (!holds(&s, NULL))
			continue;
		minimize_scenario(&s, holds, NULL);
		cr_assert(holds(&s, NULL));
		cr_assert_null(scenario_invalid(&s));
		cr_assert_eq(s.nr_events, 2);
		cr_assert_eq(s.events[0].value, 10000000);
		cr_assert_eq(s.machine.nr_cpus, 1);
		cr_assert_eq(s.machine.nr_vcpus, 1);
		cr_assert_eq(s.machine.boot_tsc, 0);
		again = s;
		minimize_scenario(&again, holds, NULL);
		cr_assert_arr_eq(&again, &s, sizeof(s));
	}
}
