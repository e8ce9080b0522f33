// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios as text. */
#include <criterion/criterion.h>
#include <glob.h>
#include <string.h>

#include "../src/scenario/text.h"

static struct text_file file, again;
static struct text_error err;

static char *print(const struct text_file *f, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	text_print(f, out);
	fclose(out);
	return text;
}

static char *read_all(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	char *buf = calloc(1, 1 << 20);

	cr_assert_not_null(f, "%s", path);
	*size = fread(buf, 1, (1 << 20) - 1, f);
	fclose(f);
	return buf;
}

#define HEAD \
	"harness fuzz_timeline\n" \
	"machine\n" \
	"  tsc_khz 2304000 kHz\n" \
	"  cpus 2\n" \
	"  vcpus 1\n" \
	"events\n"

static void fails(const char *text, int line, int column, const char *message)
{
	cr_assert_eq(text_parse(&file, text, strlen(text), &err), -1, "%s", text);
	cr_assert_str_eq(err.message, message);
	cr_assert_eq(err.line, line, "%s: line %d", message, err.line);
	cr_assert_eq(err.column, column, "%s: column %d", message, err.column);
}

Test(text, errors_have_line_and_column)
{
	fails("", 1, 1, "no \"harness\" line; this is not a scenario");
	fails("hello\n", 1, 1, "expected \"harness\"");
	fails("harness fuzz_timeline\nmachine\n", 3, 1, "ends before \"events\"");
	fails("harness fuzz_timeline\nfoo\n", 2, 1, "expected \"machine\"");
	fails("harness fuzz_timeline\nmachine\n  speed 3\n", 3, 3,
	      "expected tsc_khz, cpus, vcpus, clocksource, tsc_scaling, boot_tsc, realtime, skew or early_tsc_khz");
	fails("harness fuzz_timeline\nmachine\n  cpus 9\nevents\n", 4, 1,
	      "the machine above: cpus must be 1 to 4");
	fails(HEAD "  jump 5 s\n", 7, 3, "unknown event");
	fails(HEAD "  advance 5\n", 7, 12, "expected a unit: ns us ms s min h d");
	fails(HEAD "  advance x s\n", 7, 11, "expected a time, a number");
	fails(HEAD "  advance 99999999999999999999 s\n", 7, 11,
	      "a time does not fit in 64 bits");
	fails(HEAD "  advance 4000 d\n", 7, 11, "at most 10 years");
	fails(HEAD "  get-clock on cpu 2\n", 7, 20, "there is no cpu 2");
	fails(HEAD "  run vcpu 0 on cpu 0 now\n", 7, 23,
	      "unexpected text at the end of the line");
	fails(HEAD "  write-tsc vcpu 0 5 cycles by me\n", 7, 32,
	      "expected host or guest");
	fails(HEAD "  migrate to host 1\n", 7, 19, "there is no host 1");
	fails(HEAD "  restore-tsc\n", 7, 14, "expected \"by\"");
	fails("harness fuzz_timeline\nmachine\nhost 2\n", 3, 6, "expected host 1");
	fails("harness fuzz_timeline\nmachine\nhost 1\n  cpus 2\nevents\n", 5, 1,
	      "the machine above: every host has the first one's cpus and vcpus");
	fails("harness fuzz_timeline\nmachine\nhost 1\nhost 2\nhost 3\n", 5, 6,
	      "at most 3 hosts");
	fails(HEAD "  set-tsc-khz vcpu 0 9 GHz 1\n", 7, 28,
	      "unexpected text at the end of the line");
}

Test(text, a_nul_byte_is_not_text)
{
	static const char text[] = HEAD "  adv\0nce 5 s\n";

	cr_assert_eq(text_parse(&file, text, sizeof(text) - 1, &err), -1);
	cr_assert_eq(err.line, 7);
	cr_assert_eq(err.column, 6);
}

Test(text, carriage_returns_and_a_missing_newline_are_fine)
{
	static const char text[] = "harness fuzz_timeline\r\nmachine\r\nevents\r\n  advance 5 s";

	cr_assert_eq(text_parse(&file, text, strlen(text), &err), 0);
	cr_assert_eq(file.scenario.nr_events, 1);
	cr_assert_eq(file.scenario.events[0].value, 5000000000ull);
	text_free(&file);
}

Test(text, units)
{
	static const char text[] = HEAD
		"  advance 1 h\n  advance 7 cycles\n  set-tsc-khz vcpu 0 2 GHz\n"
		"  tsc-offset vcpu 0 -7 cycles\n";

	cr_assert_eq(text_parse(&file, text, strlen(text), &err), 0);
	cr_assert_eq(file.scenario.events[0].value, 3600000000000ull);
	cr_assert_eq(file.scenario.events[1].kind, EVENT_ADVANCE_CYCLES);
	cr_assert_eq(file.scenario.events[2].value, 2000000);
	cr_assert_eq(file.scenario.events[3].value, (u64)-7);
	text_free(&file);
}

/* Every file of the corpus: parse, print, parse; comments kept. */
Test(text, corpus_is_canonical)
{
	glob_t files;

	cr_assert_eq(glob(CF_SOURCE_DIR "/corpus/*/*.txt", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		size_t size, printed_size;
		char *text = read_all(files.gl_pathv[i], &size), *printed;

		cr_assert_eq(text_parse(&file, text, size, &err), 0, "%s:%d:%d: %s",
			     files.gl_pathv[i], err.line, err.column, err.message);
		printed = print(&file, &printed_size);
		cr_expect_str_eq(printed, text, "%s", files.gl_pathv[i]);
		free(printed);
		free(text);
		text_free(&file);
	}
	globfree(&files);
}

Test(text, bytes_to_text_to_bytes_is_lossless)
{
	u64 state = 7;
	u8 buf[300];

	for (int round = 0; round < 5000; round++) {
		size_t size;
		char *text;

		for (size_t i = 0; i < sizeof(buf); i++) {
			state = state * 6364136223846793005ull + 1442695040888963407ull;
			buf[i] = state >> 56;
		}
		memset(&file, 0, sizeof(file));
		strcpy(file.harness, "fuzz_timeline");
		file.is_timeline = true;
		scenario_decode(&file.scenario, buf, sizeof(buf));
		text = print(&file, &size);
		cr_assert_eq(text_parse(&again, text, size, &err), 0, "%d:%d: %s in\n%s",
			     err.line, err.column, err.message, text);
		cr_assert_eq(file.scenario.nr_hosts, again.scenario.nr_hosts);
		cr_assert_arr_eq(file.scenario.hosts, again.scenario.hosts,
				 file.scenario.nr_hosts * sizeof(struct machine));
		cr_assert_eq(file.scenario.nr_events, again.scenario.nr_events);
		cr_assert_arr_eq(file.scenario.events, again.scenario.events,
				 file.scenario.nr_events * sizeof(struct event));
		free(text);
		text_free(&again);
	}
}

/* Either an error with a place, or a valid scenario. */
Test(text, ten_thousand_mutations)
{
	size_t size;
	char *seed = read_all(CF_SOURCE_DIR "/corpus/fuzz_timeline/regress-kvm-253y-nested.txt",
			      &size);
	u64 state = 11;

	for (int round = 0; round < 10000; round++) {
		char *text = malloc(size);
		size_t len = size;

		memcpy(text, seed, size);
		for (int i = 0; i < 1 + round % 7; i++) {
			state = state * 6364136223846793005ull + 1442695040888963407ull;
			size_t at = (state >> 20) % len;

			switch (state >> 60) {
			case 0:
				len = at + 1;
				break;
			case 1 ... 4:
				text[at] = state >> 50;
				break;
			case 5 ... 9:
				text[at] = text[(state >> 33) % len];
				break;
			default:
				text[at] = "0123456789- \n#"[(state >> 40) % 14];
				break;
			}
		}
		/* an exact heap block, for ASan to see a read past the end */
		char *cut = malloc(len);

		memcpy(cut, text, len);
		if (text_parse(&file, cut, len, &err)) {
			cr_assert(err.line > 0 && err.column > 0);
			cr_assert(err.message[0]);
		} else {
			if (file.is_timeline)
				cr_assert_null(scenario_invalid(&file.scenario));
			text_free(&file);
		}
		free(cut);
		free(text);
	}
	free(seed);
}
