// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every rule between CPUs, for skews from a cycle to an hour, of either sign: what
 * the hardware's difference explains is silent, and the jump is found whatever the
 * skew is.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../src/oracle/run.h"
#include "../src/report/known.h"
#include "../src/scenario/text.h"

#define KHZ 2000000

static struct known known;
static char unknown[200];
static bool jumped;

static void collect(const struct finding *f)
{
	char signature[128];

	known_signature(f, signature);
	jumped |= f->law == LAW_SIGNED;
	if (!known_find(&known, signature, NULL, subject_linux.version))
		snprintf(unknown, sizeof(unknown), "%s: %s", signature, f->why);
}

static void run_text(const char *events, s64 skew, const char *clocksource)
{
	static struct text_file file;
	struct text_error err;
	char text[2000];

	snprintf(text, sizeof(text),
		 "harness fuzz_timeline\n\nmachine\n"
		 "  tsc_khz %d kHz\n  cpus 2\n  vcpus 2\n  clocksource %s\n"
		 "  tsc_scaling none\n  boot_tsc 100000000000000 cycles\n"
		 "  realtime 0 ns\n  skew cpu 1 %+lld cycles\n"
		 "host 1\n  boot_tsc 50000000000000 cycles\n  skew cpu 1 %+lld cycles\n"
		 "events\n%s", KHZ, clocksource, skew, -skew, events);
	cr_assert_eq(text_parse(&file, text, strlen(text), &err), 0, "%d:%d: %s",
		     err.line, err.column, err.message);
	unknown[0] = '\0';
	jumped = false;
	run_scenario(&file.scenario, &subject_linux, NULL);
	cr_expect_str_empty(unknown, "skew %lld, %s", skew, clocksource);
	text_free(&file);
}

/* 1 cycle, then each decade, up to an hour */
static void each_skew(const char *events, void (*also)(s64 skew, const char *clocksource))
{
	static const char *const sources[] = { "tsc", "hyperv-page" };
	const s64 hour = 3600ll * KHZ * 1000;
	char error[4400];

	cr_assert_eq(known_read(&known, CF_SOURCE_DIR "/corpus/known.tsv", error),
		     0, "%s", error);
	law_set_sink(collect);
	for (int source = 0; source < 2; source++)
		for (s64 skew = 1; ; skew = skew * 10 < hour ? skew * 10 : hour) {
			for (int sign = -1; sign <= 1; sign += 2) {
				run_text(events, sign * skew, sources[source]);
				if (also)
					also(sign * skew, sources[source]);
			}
			if (skew == hour)
				break;
		}
}

/* No more than 10 ms passes, so that no update steps by itself. */
#define READS(cpu)							\
	"  read-pvclock vcpu 0\n  read-pvclock vcpu 1\n"		\
	"  get-clock on cpu " cpu "\n  read-wall-clock on cpu " cpu "\n" \
	"  read-reference on cpu " cpu "\n  read-tsc-page vcpu 0\n"	\
	"  read-tsc-page vcpu 1\n"

Test(skew, what_the_hardware_explains_is_silent)
{
	each_skew("  run vcpu 0 on cpu 0\n  run vcpu 1 on cpu 1\n"
		  "  tsc-page on vcpu 0\n  run vcpu 0 on cpu 0\n" READS("0") READS("1")
		  "  tick on cpu 1\n  advance 10 ms\n" READS("1") READS("0")
		  "  run vcpu 0 on cpu 1\n  run vcpu 1 on cpu 0\n"
		  "  masterclock vcpu 1\n" READS("0") READS("1"), NULL);
}

Test(skew, tsc_writes_and_hotplug)
{
	each_skew("  run vcpu 0 on cpu 1\n  write-tsc vcpu 0 1000 cycles by host\n"
		  READS("1") "  hotplug on cpu 1\n" READS("0")
		  "  stimer-config vcpu 0 auto\n  stimer-arm vcpu 0 in 1 ms\n"
		  "  run vcpu 0 on cpu 0\n  advance 2 ms\n  run vcpu 0 on cpu 1\n",
		  NULL);
}

/* There and back: the other host's CPUs differ the other way round. */
#define MIGRATE(host, restore_tsc, cpu)					\
	"  advance 1 s\n  save-clock on cpu " cpu "\n  migrate to host " host "\n" \
	"  restore-clock realtime on cpu " cpu "\n  restore-tsc by " restore_tsc "\n"

Test(skew, migration)
{
	each_skew("  advance 5 s\n  tick on cpu 0\n  run vcpu 0 on cpu 0\n"
		  MIGRATE("1", "msr", "0") READS("0") READS("1")
		  "  run vcpu 1 on cpu 1\n" MIGRATE("0", "offset", "1") READS("1"), NULL);
}

static void must_jump(s64 skew, const char *clocksource)
{
	/* a snapshot on either CPU, read on the other: one of them is behind */
	cr_expect(jumped, "skew %lld, %s", skew, clocksource);
}

Test(skew, the_jump_is_found_whatever_the_skew)
{
	each_skew("  advance 2 h\n  tick on cpu 0\n  run vcpu 0 on cpu 0\n"
		  "  run vcpu 1 on cpu 1\n"
		  "  set-clock 1 h on cpu 0\n  read-pvclock vcpu 1\n"
		  "  tick on cpu 1\n  set-clock 1 h on cpu 1\n  read-pvclock vcpu 0\n",
		  must_jump);
}
