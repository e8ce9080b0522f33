// SPDX-License-Identifier: GPL-2.0-only
/* Minimising against conditions of the tests' own. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../src/report/minimize.h"

static u64 state;

static void random_scenario(struct scenario *s)
{
	u8 buf[2000];

	for (size_t i = 0; i < sizeof(buf); i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		buf[i] = state >> 56;
	}
	scenario_decode(s, buf, sizeof(buf));
}

/* A read of kvmclock after at least 1,234,567 ns in one step. */
static bool late_read(const struct text_file *file, void *arg)
{
	const struct scenario *s = &file->scenario;
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
	static struct text_file file, again;
	const struct scenario *s = &file.scenario;

	state = 9;
	for (int round = 0; round < 200; round++) {
		memset(&file, 0, sizeof(file));
		strcpy(file.harness, "fuzz_timeline");
		file.is_timeline = true;
		random_scenario(&file.scenario);
		if (!late_read(&file, NULL))
			continue;
		minimize(&file, late_read, NULL);
		cr_assert(late_read(&file, NULL));
		cr_assert_null(scenario_invalid(s));
		cr_assert_eq(s->nr_events, 2);
		cr_assert_eq(s->events[0].value, 10000000);
		cr_assert_eq(s->machine.nr_cpus, 1);
		cr_assert_eq(s->machine.nr_vcpus, 1);
		cr_assert_eq(s->machine.boot_tsc, 0);
		cr_assert_eq(s->machine.tsc_khz, 1000000);
		again = file;
		minimize(&again, late_read, NULL);
		cr_assert_arr_eq(&again.scenario, s, sizeof(*s));
	}
}

/* a is a negative number, b at least 3456, a rate stays one. */
static bool fields_hold(const struct text_file *file, void *arg)
{
	long long a;
	unsigned long long b, khz;

	cr_assert_eq(sscanf(file->fields, "a %lld\nb %llu\nkhz %llu\n", &a, &b, &khz), 3);
	return a < 0 && b > 3455 && khz > 1500000;
}

Test(minimize, fields)
{
	static struct text_file file;

	strcpy(file.harness, "fuzz_pvclock");
	strcpy(file.fields, "a -918273645\nb 123456\nkhz 1712345\n");
	minimize(&file, fields_hold, NULL);
	cr_expect_str_eq(file.fields, "a -1\nb 10000\nkhz 2000000\n");
}

Test(minimize, the_story_stays_and_what_hangs_on_lines_goes)
{
	static const char text[] =
		"# A story.\n"
		"harness fuzz_timeline\n"
		"\n"
		"machine\n"
		"  tsc_khz 2310000 kHz\n"
		"  cpus 1\n"
		"  vcpus 1\n"
		"  clocksource tsc\n"
		"  tsc_scaling none\n"
		"  boot_tsc 0 cycles\n"
		"  realtime 0 ns\n"
		"events\n"
		"  advance 2 s\n"
		"  # about an event that goes\n"
		"  tick on cpu 0\n"
		"  read-pvclock vcpu 0\n";
	static struct text_file file;
	struct text_error err;
	char *printed = NULL;
	size_t size;
	FILE *out;

	cr_assert_eq(text_parse(&file, text, strlen(text), &err), 0, "%s", err.message);
	minimize(&file, late_read, NULL);
	out = open_memstream(&printed, &size);
	text_print(&file, out);
	fclose(out);
	cr_expect_str_eq(printed,
		"# A story.\n"
		"harness fuzz_timeline\n"
		"\n"
		"machine\n"
		"  tsc_khz 1000000 kHz\n"
		"  cpus 1\n"
		"  vcpus 1\n"
		"  clocksource tsc\n"
		"  tsc_scaling none\n"
		"  boot_tsc 0 cycles\n"
		"  realtime 0 ns\n"
		"events\n"
		"  advance 10 ms\n"
		"  read-pvclock vcpu 0\n");
	free(printed);
	text_free(&file);
}
