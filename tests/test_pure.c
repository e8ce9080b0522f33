// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pure laws: both sides of each bound, the reported cases, silence outside
 * the contract.  Then the subject itself, which must be silent where no bug is
 * known.
 */
#include <criterion/criterion.h>
#include <string.h>
#include "../src/oracle/bounds.h"
#include "../src/oracle/pure.h"
#include "../src/subject.h"
#include "xorshift.h"

#define MAX ~0ull
#define TIMES 200000

static struct finding last;
static int broken;

static void remember(const struct finding *f)
{
	last = *f;
	broken++;
}

static void listen(void)
{
	law_set_sink(remember);
}

#define SILENT(call) do {						\
	broken = 0;							\
	call;								\
	cr_expect_eq(broken, 0, "%s broke %s", #call,			\
		     broken ? law_info[last.law].name : "");		\
} while (0)

#define BREAKS(which, call) do {					\
	broken = 0;							\
	call;								\
	cr_expect_eq(broken, 1, "%s was silent", #call);		\
	if (broken)							\
		cr_expect_eq(last.law, which, "%s broke %s", #call,	\
			     law_info[last.law].name);			\
} while (0)

TestSuite(pure, .init = listen);

Test(pure, laws_have_names_and_words)
{
	for (int i = 0; i < LAW_NR; i++) {
		cr_expect_eq(law_by_name(law_info[i].name), i);
		cr_expect(*law_info[i].sentence && *law_info[i].contract &&
			  *law_info[i].tolerance);
	}
	cr_expect_eq(law_by_name("no such law"), -1);
}

Test(pure, each_law_reaches_the_sink)
{
	for (int i = 0; i < LAW_NR; i++)
		BREAKS(i, law_fail(&(struct finding){ .law = i }));
}

Test(pure, scale_delta)
{
	/* s >= 0: floor only.  10 * 3/4 = 7.5 */
	SILENT(law_scale_delta(10, 0xc0000000, 0, 7));
	BREAKS(LAW_EXACT, law_scale_delta(10, 0xc0000000, 0, 8));
	BREAKS(LAW_EXACT, law_scale_delta(10, 0xc0000000, 0, 6));
	/* d = 3, m = 2^32 - 1, s = -1: 1.49, and 0 is the proven extreme */
	SILENT(law_scale_delta(3, 0xffffffff, -1, 0));
	SILENT(law_scale_delta(3, 0xffffffff, -1, 1));
	BREAKS(LAW_EXACT, law_scale_delta(3, 0xffffffff, -1, 2));
	/* d = 4: 1.99..., more than the bound of 1.49 above 0 */
	SILENT(law_scale_delta(4, 0xffffffff, -1, 1));
	BREAKS(LAW_EXACT, law_scale_delta(4, 0xffffffff, -1, 0));
	/* the whole domain */
	SILENT(law_scale_delta(MAX, 0xffffffff, 0, 0xfffffffeffffffff));
	BREAKS(LAW_EXACT, law_scale_delta(MAX, 0xffffffff, 0, 0));
	/* contract: bits lost, shift of another ABI */
	SILENT(law_scale_delta(1ull << 63, 1, 1, 42));
	SILENT(law_scale_delta(1, 1, 32, 42));
	SILENT(law_scale_delta(1, 1, -32, 42));
}

Test(pure, scale_delta_monotonic)
{
	SILENT(law_scale_delta_monotonic(1, 2, 5, 5, 1, 0));
	BREAKS(LAW_MONOTONIC, law_scale_delta_monotonic(1, 2, 5, 4, 1, 0));
	SILENT(law_scale_delta_monotonic(2, 1, 5, 4, 1, 0));
	SILENT(law_scale_delta_monotonic(1, 1ull << 63, 5, 4, 1, 1));
}

Test(pure, time_scale)
{
	/* 1e9 / 3e9: mul * 2^-33 = 1/3, 2863311530.67 */
	SILENT(law_time_scale(1000000000, 3000000000, -1, 2863311530));
	BREAKS(LAW_EXACT, law_time_scale(1000000000, 3000000000, 0, 2863311530));
	BREAKS(LAW_EXACT, law_time_scale(1000000000, 3000000000, -1, 2863311529 - 1));
	/* above: 1 + 10^-9, since 3e9 is halved: 2863311533.53 */
	SILENT(law_time_scale(1000000000, 3000000000, -1, 2863311533));
	BREAKS(LAW_EXACT, law_time_scale(1000000000, 3000000000, -1, 2863311534));
	/* not halved: nothing above.  3e9 / 1e9 */
	SILENT(law_time_scale(3000000000, 1000000000, 2, 3221225472));
	BREAKS(LAW_EXACT, law_time_scale(3000000000, 1000000000, 2, 3221225473));
	/* below: 2^-31 of 3221225472 is 1.5 */
	SILENT(law_time_scale(3000000000, 1000000000, 2, 3221225471));
	BREAKS(LAW_EXACT, law_time_scale(3000000000, 1000000000, 2, 3221225470));
	/* nonsense that must neither overflow nor pass */
	BREAKS(LAW_EXACT, law_time_scale(1, 1, -128, 1));
	BREAKS(LAW_EXACT, law_time_scale(1, 1, 127, ~0u));
	BREAKS(LAW_EXACT, law_time_scale((1ull << 63) - 1, 1, -65, 1));
	/* contract */
	SILENT(law_time_scale(0, 1, 0, 0));
	SILENT(law_time_scale(1, 0, 0, 0));
	SILENT(law_time_scale(1ull << 63, 1, 0, 0));
}

Test(pure, pvclock_read)
{
	/* the report of 2026-04-05 */
	u64 st = 5175860260, ts = 598992030530137, tsc = 598991848289183;
	u32 mul = 3728270222;

	BREAKS(LAW_SIGNED, law_pvclock_read(st, ts, mul, -1, tsc, 8006399342167092479ull));
	cr_expect(last.got == 8006399342167092479ull);
	cr_expect(last.want == (s128)st - 79097636);
	cr_expect_str_eq(last.function, "__pvclock_read_cycles");
	/* what that subtraction doesn't explain is something else */
	BREAKS(LAW_EXACT, law_pvclock_read(st, ts, mul, -1, tsc, 8006399342167092478ull));
	SILENT(law_pvclock_read(st, ts, mul, -1, tsc, st));
	SILENT(law_pvclock_read(st, ts, mul, -1, tsc, st - 79097636 + 1));
	BREAKS(LAW_EXACT, law_pvclock_read(st, ts, mul, -1, tsc, st - 79097636 + 2));
	SILENT(law_pvclock_read(st, ts, mul, -1, tsc, st - 79097636 - 2));
	BREAKS(LAW_EXACT, law_pvclock_read(st, ts, mul, -1, tsc, st - 79097636 - 3));
	BREAKS(LAW_EXACT, law_pvclock_read(st, ts, mul, -1, tsc, st + 1));
	/* below zero is two's complement */
	SILENT(law_pvclock_read(10, 100, 0x80000000, 0, 0, (u64)-40));
	/* forward */
	SILENT(law_pvclock_read(100, 10, 0x80000000, 0, 21, 105));
	BREAKS(LAW_EXACT, law_pvclock_read(100, 10, 0x80000000, 0, 21, 106));
	BREAKS(LAW_EXACT, law_pvclock_read(100, 10, 0x80000000, 0, 21, 104));
	/* the TSC wrapped: 10 cycles ahead, not behind */
	SILENT(law_pvclock_read(100, -5ull, 0x80000000, 0, 5, 105));
	BREAKS(LAW_EXACT, law_pvclock_read(100, -5ull, 0x80000000, 0, 5, 106));
	/* contract: can't be told apart; doesn't fit */
	SILENT(law_pvclock_read(100, 5, 0x80000000, 0, -5ull, 42));
	SILENT(law_pvclock_read(MAX, 0, 0x80000000, 0, 4, 42));
}

Test(pure, pvclock_rebase)
{
	/* the thread of 20260115202256.119820: +4 ns */
	u64 now = 67131895449;

#define REBASE(to) law_pvclock_rebase(3639151, 32041800585, to, 213016088950, 3186238974, -1)
	BREAKS(LAW_RATE, REBASE(67131895453));
	cr_expect(last.got - last.want == 4);
	for (int step = -2; step <= 2; step++)
		SILENT(REBASE(now + step));
	BREAKS(LAW_RATE, REBASE(now + 3));
	BREAKS(LAW_MONOTONIC, REBASE(now - 3));
	SILENT(law_pvclock_rebase(0, 5, 42, 4, 1, 0));
}

Test(pure, guest_tsc)
{
	SILENT(law_guest_tsc(3000000, -1, (u64)-3));
	SILENT(law_guest_tsc(3000000, -1, 0));
	BREAKS(LAW_SIGNED, law_guest_tsc(3000000, -1, 13835058055282163709ull));
	cr_expect(last.got == 13835058055282163709ull);
	cr_expect(last.want == -3);
	BREAKS(LAW_SIGNED, law_guest_tsc(3000000, -1, 1));
	BREAKS(LAW_SIGNED, law_guest_tsc(3000000, -1, (u64)-6));
	/* an hour: 10800000000000, down to 2^-31 of it and a cycle */
	SILENT(law_guest_tsc(3000000, 3600000000000, 10800000000000));
	BREAKS(LAW_EXACT, law_guest_tsc(3000000, 3600000000000, 10800000000001));
	SILENT(law_guest_tsc(3000000, 3600000000000, 10800000000000 - 5030));
	BREAKS(LAW_EXACT, law_guest_tsc(3000000, 3600000000000, 10800000000000 - 5031));
	SILENT(law_guest_tsc(0, 1, 42));
	SILENT(law_guest_tsc(~0u, MAX >> 1, 42));
}

Test(pure, tsc_scaling)
{
	SILENT(law_scale_tsc(7, 1ull << 47, 48, 3));
	BREAKS(LAW_EXACT, law_scale_tsc(7, 1ull << 47, 48, 4));
	BREAKS(LAW_EXACT, law_scale_tsc(7, 1ull << 47, 48, 2));
	SILENT(law_scale_tsc(MAX, MAX, 48, 42));
	SILENT(law_scale_tsc(MAX, MAX, 64, 42));

	SILENT(law_tsc_ratio(3000000, 2500000, 48, true, 234562480592213));
	BREAKS(LAW_EXACT, law_tsc_ratio(3000000, 2500000, 48, true, 234562480592214));
	BREAKS(LAW_EXACT, law_tsc_ratio(3000000, 2500000, 48, false, 0));
	SILENT(law_tsc_ratio(3000000, 0, 48, false, 0));
	BREAKS(LAW_EXACT, law_tsc_ratio(3000000, 0, 48, true, 0));
	/* SVM: 8 bits before the point */
	SILENT(law_tsc_ratio(1000, 255999, 32, true, 1099507332808));
	SILENT(law_tsc_ratio(1000, 256000, 32, false, 0));
	BREAKS(LAW_EXACT, law_tsc_ratio(1000, 256000, 32, true, 1ull << 40));
	SILENT(law_tsc_ratio(0, 1, 48, true, 42));

	/* towards zero: -3 * 1/2 is -1 */
	SILENT(law_nested_offset(-3ull, 10, 1ull << 47, 48, 9));
	BREAKS(LAW_EXACT, law_nested_offset(-3ull, 10, 1ull << 47, 48, 8));
	SILENT(law_nested_offset(1, MAX, 1ull << 48, 48, 0));
	SILENT(law_nested_offset(1ull << 63, 0, 1ull << 49, 48, 42));

	SILENT(law_nested_multiplier(3, 1ull << 47, 48, 1));
	BREAKS(LAW_EXACT, law_nested_multiplier(3, 1ull << 47, 48, 2));
	SILENT(law_nested_multiplier(MAX, MAX, 48, 42));
}

Test(pure, tsc_page)
{
	/* mul / 100 * 2^32 for mul = 250: 2.5 */
	SILENT(law_hv_page_params(250, 0, 1234, 1ull << 32, true, 10737418240, 12 - 2));
	BREAKS(LAW_EXACT, law_hv_page_params(250, 0, 1234, 1ull << 32, true, 10737418241, 10));
	BREAKS(LAW_EXACT, law_hv_page_params(250, 0, 1234, 1ull << 32, true, 10737418240, 11));
	BREAKS(LAW_EXACT, law_hv_page_params(250, 0, 1234, 1ull << 32, false, 0, 0));
	/* 2^(64 + 7) / 100 doesn't fit, 2^(64 + 6) / 100 does */
	SILENT(law_hv_page_params(1u << 31, 8, 0, 0, false, 0, 0));
	BREAKS(LAW_EXACT, law_hv_page_params(1u << 31, 8, 0, 0, true, 0, 0));
	BREAKS(LAW_EXACT, law_hv_page_params(1u << 31, 7, 0, 0, false, 0, 0));
	SILENT(law_hv_page_params(1, PAGE_SHIFT_LEAST - 1, 0, 0, false, 0, 0));
	BREAKS(LAW_EXACT, law_hv_page_params(1, PAGE_SHIFT_LEAST, 0, 0, false, 0, 0));

	SILENT(law_hv_page_read(4, 1ull << 63, -1, true, 1));
	BREAKS(LAW_EXACT, law_hv_page_read(4, 1ull << 63, -1, true, 2));
	SILENT(law_hv_page_read(0, 0, -1, true, MAX));
	BREAKS(LAW_EXACT, law_hv_page_read(0, 0, -1, false, 0));

	/* pvclock / 100 = 1000 */
	SILENT(law_hv_page_agrees(1u << 31, 1, 0, 0, 100000, 999));
	BREAKS(LAW_AGREE, law_hv_page_agrees(1u << 31, 1, 0, 0, 100000, 998));
	SILENT(law_hv_page_agrees(1u << 31, 1, 0, 0, 100000, 1001));
	BREAKS(LAW_AGREE, law_hv_page_agrees(1u << 31, 1, 0, 0, 100000, 1002));
	SILENT(law_hv_page_agrees(1u << 31, -1, 0, 0, 400000, 1002));
	BREAKS(LAW_AGREE, law_hv_page_agrees(1u << 31, -1, 0, 0, 400000, 1003));
	/* beyond 2^64 / 100 cycles the cut scale may cost one more */
	SILENT(law_hv_page_agrees(1u << 31, 0, 0, 0, 1ull << 60, (1ull << 59) / 100 - 2));
	BREAKS(LAW_AGREE, law_hv_page_agrees(1u << 31, 0, 0, 0, 1ull << 60, (1ull << 59) / 100 - 3));
	SILENT(law_hv_page_agrees(1u << 31, 0, 0, 10, 9, 42));
}

/* 3 GHz: 5592405 / 2^24 */
static const struct subject_counter GHZ3 = {
	.mask = MAX, .mult = 5592405, .shift = 24, .maxadj = 615164,
	.max_cycles = 2971653488460, .max_idle_ns = 440795289890,
};

Test(pure, counter_registered)
{
	struct subject_counter c = GHZ3;

	SILENT(law_counter_registered(3000000, &c));
	c.max_cycles++;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	/* W is 5592405.33: [W - 1, W + 1/2] */
	c = GHZ3;
	c.max_cycles = 1;
	c.max_idle_ns = 0;
	c.mult = 5592406;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	c.mult = 5592404;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	SILENT(law_counter_registered(0, &c));
	/* half of what max_cycles last, and NTP's 11 % */
	c = GHZ3;
	c.max_idle_ns++;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	c.max_idle_ns -= 2;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	c = GHZ3;
	c.max_cycles = 1;
	c.max_idle_ns = 0;
	c.maxadj++;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	c.maxadj -= 2;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	/* ten minutes in 64 bits, of which two may be left */
	c = (struct subject_counter){
		.mask = MAX, .mult = 5592405 * 2 + 1, .shift = 25, .maxadj = 1230329,
	};
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	c = (struct subject_counter){
		.mask = MAX, .mult = 2796203, .shift = 23, .maxadj = 307582,
	};
	SILENT(law_counter_registered(3000000, &c));
	c = (struct subject_counter){
		.mask = MAX, .mult = 1398101, .shift = 22, .maxadj = 153791,
	};
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	/* what has 30 bits lasts a second, and 32 is the largest shift */
	c = (struct subject_counter){
		.mask = MAX >> 34, .mult = 1431655765, .shift = 32, .maxadj = 157482134,
	};
	SILENT(law_counter_registered(3000000, &c));
	c.max_cycles = c.mask + 1;
	c.max_idle_ns = (c.max_cycles * (c.mult - c.maxadj)) >> 33;
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	c = (struct subject_counter){
		.mask = MAX >> 34, .mult = 715827883, .shift = 31, .maxadj = 78741067,
	};
	BREAKS(LAW_EXACT, law_counter_registered(3000000, &c));
	/* 1.1 MHz: 31 bits, for with NTP's share of 32 they are too many */
	c = (struct subject_counter){
		.mask = MAX >> 34, .mult = 1952257862, .shift = 31, .maxadj = 214748364,
	};
	SILENT(law_counter_registered(1100000, &c));
}

Test(pure, counter_passed)
{
	SILENT(law_counter_passed(0xffffff, 0xfffff0, 5, 21));
	BREAKS(LAW_EXACT, law_counter_passed(0xffffff, 0xfffff0, 5, 20));
	SILENT(law_counter_passed(0xffffff, 0, 0x7fffff, 0x7fffff));
	BREAKS(LAW_EXACT, law_counter_passed(0xffffff, 0, 0x7fffff, 0));
	SILENT(law_counter_passed(0xffffff, 5, 4, 0));
	BREAKS(LAW_SIGNED, law_counter_passed(0xffffff, 5, 4, 1));
	BREAKS(LAW_SIGNED, law_counter_passed(0xffffff, 0x1fffff, 0, 0xe00001));
	/* contract: an eighth behind, or half ahead */
	SILENT(law_counter_passed(0xffffff, 0x200000, 0, 0));
	SILENT(law_counter_passed(0xffffff, 0x200000, 0, 0xe00000));
}

Test(pure, time_add)
{
	SILENT(law_time_add(5, 7, 12));
	BREAKS(LAW_EXACT, law_time_add(5, 7, 13));
	SILENT(law_time_add(MAX >> 1, 0, MAX >> 1));
	SILENT(law_time_add(MAX >> 1, 1, MAX >> 1));
	BREAKS(LAW_EXACT, law_time_add(MAX >> 1, 1, (MAX >> 1) - 1));
	BREAKS(LAW_EXACT, law_time_add(MAX >> 1, 1, 1ull << 63));
}

/* All ways to read @real and @mono. */
static struct subject_host_clocks clocks(s64 raw, s64 mono, s64 real, s64 boot)
{
	return (struct subject_host_clocks){
		.raw_ns = raw, .monotonic_ns = mono, .updated_ns = mono,
		.seconds = mono / 1000000000, .realtime_ns = real,
		.realtime_ts_ns = real, .fast_realtime_ns = real, .tai_ns = real,
		.boottime_ns = boot, .boottime_ts_ns = boot, .whole = true,
		.next_leap_ns = MAX >> 1,
	};
}

#define BROKEN_BY(law, call, field, by) do {				\
	field += by;							\
	BREAKS(law, call);						\
	field -= by;							\
} while (0)

Test(pure, boot_clocks)
{
	struct subject_boot at = {
		.rtc_s = 5, .rtc_ns = 9, .booted_ns = 3, .step_s = 2, .step_ns = 1,
	};
	struct subject_boot_after after = {
		.booted = clocks(0, 3, 5000000009, 3),
		.before = clocks(10, 13, 5000000019, 13),
		.stepped = clocks(10, 13, 7000000020, 13),
		.rtc_kept = true,
	};

#define BOOT law_boot_clocks(&at, &after)
	after.stepped.was_set = 1;
	SILENT(BOOT);
	BROKEN_BY(LAW_AGREE, BOOT, after.booted.realtime_ts_ns, 1);
	BROKEN_BY(LAW_AGREE, BOOT, after.before.boottime_ts_ns, 1);
	BROKEN_BY(LAW_AGREE, BOOT, after.stepped.fast_realtime_ns, 1);
	BROKEN_BY(LAW_AGREE, BOOT, after.stepped.seconds, 1);
	after.stepped.whole = false;
	BREAKS(LAW_AGREE, BOOT);
	after.stepped.whole = true;
	BROKEN_BY(LAW_EXACT, BOOT, at.rtc_ns, 1);
	BROKEN_BY(LAW_EXACT, BOOT, at.booted_ns, 1);
	BROKEN_BY(LAW_EXACT, BOOT, after.booted.raw_ns, 1);
	BROKEN_BY(LAW_EXACT, BOOT, after.stepped.tai_ns, 1);
	BROKEN_BY(LAW_EXACT, BOOT, after.stepped.raw_ns, 1);
	BROKEN_BY(LAW_EXACT, BOOT, at.step_ns, -1);
	BROKEN_BY(LAW_EXACT, BOOT, after.refused, SUBJECT_INVALID);
	BROKEN_BY(LAW_EXACT, BOOT, after.stepped.was_set, -1);
	BROKEN_BY(LAW_EXACT, BOOT, after.stepped.adjust_us, 1);
	after.rtc_kept = false;
	BREAKS(LAW_EXACT, BOOT);
	after.rtc_kept = true;
	/* refused: no ns, before CLOCK_MONOTONIC, beyond 2232; not a ns earlier */
	after.refused = SUBJECT_INVALID;
	after.stepped = after.before;
	at.step_ns = 1000000000;
	SILENT(BOOT);
	at.step_s = -6;
	at.step_ns = 999999993;
	SILENT(BOOT);
	at.step_ns++;
	BREAKS(LAW_EXACT, BOOT);
	at.step_s = SUBJECT_REALTIME_MAX_S - 6;
	at.step_ns = 999999981;
	SILENT(BOOT);
	at.step_ns--;
	BREAKS(LAW_EXACT, BOOT);
	/* no RTC: 1970; and a host older than that */
	at = (struct subject_boot){ .rtc_s = -1, .booted_ns = 3, .step_ns = -1 };
	after.rtc_kept = false;
	after.booted = after.before = after.stepped = clocks(0, 0, 0, 0);
	SILENT(BOOT);
	at.rtc_s = SUBJECT_REALTIME_MAX_S;
	SILENT(BOOT);
	at.rtc_s--;
	BREAKS(LAW_EXACT, BOOT);
	/* contract: -1 s and 10^9 ns */
	at.rtc_s = -1;
	at.rtc_ns = 1000000000;
	after.booted.whole = false;
	SILENT(BOOT);
}

Test(pure, sleep_clocks)
{
	/* a cycle is a ns; an RTC cut to seconds */
	struct subject_sleeps at = {
		.booted = { 100, 0 },
		.sleep = {
			{ 700000000, { 100, 0 }, { 110, 0 }, 0 },
			{ 700000000, { 110, 0 }, { 120, 0 }, 0 },
		},
	};
	struct subject_sleeps_after after = { .mult = 1, .sleep = { {
		.before = clocks(700000000, 700000000, 100700000000, 700000000),
		.after = clocks(700000000, 700000000, 110000000000, 10000000000),
	}, {
		.before = clocks(1400000000, 1400000000, 110700000000, 10700000000),
		.after = clocks(1400000000, 1400000000, 120000000000, 20000000000),
	} } };

#define SLEEP law_sleep_clocks(&at, &after)
	SILENT(SLEEP);
	BROKEN_BY(LAW_EXACT, SLEEP, after.sleep[0].before.monotonic_ns, 1);
	BROKEN_BY(LAW_ROUNDTRIP, SLEEP, after.sleep[0].after.monotonic_ns, 1);
	BROKEN_BY(LAW_ROUNDTRIP, SLEEP, after.sleep[0].after.raw_ns, 1);
	BROKEN_BY(LAW_ROUNDTRIP, SLEEP, after.sleep[1].after.realtime_ns, 1);
	BROKEN_BY(LAW_ROUNDTRIP, SLEEP, after.sleep[1].after.tai_ns, 1);
	BROKEN_BY(LAW_ROUNDTRIP, SLEEP, after.sleep[1].after.boottime_ns, -1);
	BROKEN_BY(LAW_AGREE, SLEEP, after.sleep[1].after.boottime_ts_ns, -1);
	after.sleep[0].left_to_rtc = true;
	BREAKS(LAW_ROUNDTRIP, SLEEP);
	/* a counter knows better */
	at.goes_on = SUBJECT_ASLEEP_OTHER;
	at.sleep[0].cycles = at.sleep[1].cycles = 9300000000;
	after.sleep[0].left_to_rtc = false;
	SILENT(SLEEP);
	at.sleep[1].cycles++;
	BREAKS(LAW_ROUNDTRIP, SLEEP);
	/* the clock was set 5 s ahead of the RTC, and stays there */
	at.goes_on = SUBJECT_ASLEEP_RTC;
	at.sleep[0].fell_asleep.s = at.sleep[0].woke.s = 95;
	at.sleep[0].fell_asleep.ns = at.sleep[0].woke.ns = 700000000;
	after.sleep[0].after = after.sleep[0].before;
	after.sleep[0].left_to_rtc = true;
	at.sleep[1].fell_asleep = (struct subject_rtc){ 96, 400000000 };
	at.sleep[1].woke = (struct subject_rtc){ 106, 400000000 };
	after.sleep[1].before = clocks(1400000000, 1400000000, 101400000000, 1400000000);
	after.sleep[1].after = clocks(1400000000, 1400000000, 111400000000, 11400000000);
	SILENT(SLEEP);
	/* between 1 s and 2 s it is either, and what follows, too */
	at.sleep[0].fell_asleep.s = 99;
	SILENT(SLEEP);
	after.sleep[0].after.realtime_ns++;
	SILENT(SLEEP);
}

Test(pure, slew_clocks)
{
	/* 10 ticks of 100 ms at 1 GHz, 1 ppm: 100 ns a tick, which has 25 intervals */
	struct subject_slew at = {
		.khz = 1000000, .realtime_s = 1, .freq = 65536, .ticks = 10,
		.tick_cycles = { 100000000, 100000000 },
	};
	struct subject_slew_after after = {
		.booted = clocks(0, 0, 1000000000, 0),
		.clocks = clocks(1000000000, 1000001000, 2000001000, 1000001000),
		.mult = 1 << 24, .ticks_per_s = 250,
	};

#define SLEW law_slew_clocks(&at, &after)
	SILENT(SLEW);
	/* (100 + 4) ms / 2^24 = 6.2 ns, and 3 */
	after.clocks = clocks(1000000000, 1000001009, 2000001009, 1000001009);
	SILENT(SLEW);
	after.clocks = clocks(1000000000, 1000001010, 2000001010, 1000001010);
	BREAKS(LAW_RATE, SLEW);
	after.clocks = clocks(1000000000, 1000000990, 2000000990, 1000000990);
	BREAKS(LAW_RATE, SLEW);
	/* unslewed it is exact */
	at.freq = 0;
	BREAKS(LAW_RATE, SLEW);
	after.clocks = clocks(1000000000, 1000000000, 2000000000, 1000000000);
	SILENT(SLEW);
	after.clocks.was_set = 1;
	BREAKS(LAW_EXACT, SLEW);
	after.clocks.was_set = 0;
	after.told = true;
	BREAKS(LAW_EXACT, SLEW);
	after.told = false;
	/* adjtime(): all of 100 us, which takes until 2 s */
	at.adjust_us = 100;
	at.tick_cycles[0] = at.tick_cycles[1] = 10000000;
	after.clocks = clocks(3000000000, 3000100000, 4000100000, 3000100000);
	SILENT(SLEW);
	after.clocks = clocks(3000000000, 3000000000, 4000000000, 3000000000);
	BREAKS(LAW_RATE, SLEW);
	after.clocks = clocks(1500000000, 1500050000, 2500050000, 1500050000);
	SILENT(SLEW);
	after.clocks = clocks(3000000000, 3000300000, 4000300000, 3000300000);
	BREAKS(LAW_RATE, SLEW);
	at.adjust_us = -1000;
	BREAKS(LAW_RATE, SLEW);
	at.adjust_us = 1000;
	BREAKS(LAW_RATE, SLEW);
	/* a leap second, awaited and there */
	at = (struct subject_slew){
		.khz = 1000000, .realtime_s = 86390, .leap = SUBJECT_LEAP_INSERT,
	};
	after.booted = clocks(0, 0, 86390000000000, 0);
	after.clocks = clocks(9000000000, 9000000000, 86399000000000, 9000000000);
	BREAKS(LAW_EXACT, SLEW);
	after.clocks.next_leap_ns = 10000000000;
	SILENT(SLEW);
	after.clocks = clocks(11000000000, 11000000000, 86400000000000, 11000000000);
	BREAKS(LAW_EXACT, SLEW);
	after.clocks.tai_ns += 1000000000;
	after.clocks.was_set = after.told = 1;
	SILENT(SLEW);
	after.clocks.realtime_ns++;
	after.clocks.realtime_ts_ns++;
	after.clocks.fast_realtime_ns++;
	BREAKS(LAW_EXACT, SLEW);
}

Test(pure, counter_read)
{
	struct subject_counter c = GHZ3;

#define READ(cycles, ok, got) \
	law_counter_read("timekeeping", "f", MAX, &c, cycles, ok, got)
	c.cycle_last = 1000;
	c.xtime_nsec = 10 << 24;
	SILENT(READ(1003, true, 10));		/* 0.99999994 */
	SILENT(READ(1004, true, 11));
	BREAKS(LAW_EXACT, READ(1004, true, 10));
	BREAKS(LAW_EXACT, READ(1004, true, 12));
	/* any gap; what 64 bits keep of it is known by name */
	SILENT(READ(1000 + 3298535079937, true, 1099511627786));
	BREAKS(LAW_EXACT, READ(1000 + 3298535079937, true, 10));
	cr_expect_str_eq(last.event, "after-gap");
	BREAKS(LAW_EXACT, READ(1000 + 3298535079937, true, 9));
	cr_expect_str_eq(last.event, "-");
	/* behind: where it was, or so much less */
	SILENT(READ(970, true, 10));
	SILENT(READ(970, true, 0));
	SILENT(READ(970, true, 1));
	BREAKS(LAW_EXACT, READ(970, true, 5));
	BREAKS(LAW_EXACT, READ(970, true, 11));
	BREAKS(LAW_SIGNED, READ(940, true, (-60ull * 5592405 + c.xtime_nsec) >> 24));
	/* a narrow counter isn't behind, and wraps */
	c.mask = 0xffffff;
	law_counter_read("timekeeping", "f", c.mask, &c, 970, true, 42);
	c.cycle_last = 0xffffff;
	broken = 0;
	law_counter_read("timekeeping", "f", c.mask, &c, 3, true, 11);
	cr_expect_eq(broken, 0);
	/* the vDSO's mask has 63 bits */
	c = GHZ3;
	c.cycle_last = MAX;
	SILENT(law_counter_read("vdso", "f", MAX >> 1, &c, 5, true, 1));
	BREAKS(LAW_EXACT, law_counter_read("vdso", "f", MAX >> 1, &c, 5, true, 0));
	cr_expect_str_eq(last.event, "across-wrap");
	BREAKS(LAW_EXACT, law_counter_read("vdso", "f", MAX >> 1, &c, MAX, false, 0));
	cr_expect_str_eq(last.event, "bit-63");
	/* contract: beyond 64 bits of ns */
	c.shift = 1;
	SILENT(law_counter_read("vdso", "f", MAX, &c, MAX >> 2, true, 42));
}

Test(pure, suspend_timing)
{
	struct subject_counter c = {
		.mask = MAX >> 8, .mult = 699050667, .shift = 24,
	};

	SILENT(law_suspend_timing(&c, 5, 5 + 86400000000, 3600000001716));
	BREAKS(LAW_EXACT, law_suspend_timing(&c, 5, 5 + 86400000000, 3600000001717));
	BREAKS(LAW_EXACT, law_suspend_timing(&c, 5, 5 + 86400000000, 301465118388));
	cr_expect_str_eq(last.event, "after-gap");
	SILENT(law_suspend_timing(&c, 6, 5, 42));
	SILENT(law_suspend_timing(&c, 0, (MAX >> 9) + 1, 42));
}

Test(pure, ntp_seconds)
{
	struct subject_ntp at = {
		.realtime_s = 86395, .seconds = 12, .withdrawn = 41, .adjust_us = -1200,
	};
	struct subject_ntp_after after = {
		.realtime_s = 86407, .monotonic_s = 86407, .tai_s = 86407,
		.slewed = -(1200000ll << 32), .ticks_per_s = 250,
		.again_s = 2 * 86400 + 7,
	};

	SILENT(law_ntp_seconds(&at, &after));
	at.leap = SUBJECT_LEAP_INSERT;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	after.realtime_s = 86406;
	SILENT(law_ntp_seconds(&at, &after));
	at.withdrawn = 5;
	after.again_s = 2 * 86400 + 6;
	SILENT(law_ntp_seconds(&at, &after));
	at.withdrawn = 4;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	at.withdrawn = 4;
	at.leap = SUBJECT_LEAP_DELETE;
	after.realtime_s = 86408;
	after.again_s = 2 * 86400 + 8;
	SILENT(law_ntp_seconds(&at, &after));
	at.withdrawn = 3;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	at.withdrawn = 41;
	after.monotonic_s++;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	after.monotonic_s--;
	after.tai_s++;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	after.tai_s--;
	after.slewed--;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	after.slewed += 1 + 250 * ((1ll << 32) + 12);
	SILENT(law_ntp_seconds(&at, &after));
	after.slewed++;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	/* announced 2 s before, or too late; and once more the next day */
	after.slewed = -(1200000ll << 32);
	at.leap = SUBJECT_LEAP_INSERT;
	at.withdrawn = 10;
	at.announced = 3;
	after.again_s = 2 * 86400 + 6;
	after.realtime_s = 86406;
	SILENT(law_ntp_seconds(&at, &after));
	after.again_s++;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	at.withdrawn = 11;
	SILENT(law_ntp_seconds(&at, &after));
	at.announced = 4;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	at.announced = 11;
	SILENT(law_ntp_seconds(&at, &after));
	at.announced = at.leap = 0;
	/* 500 us a second */
	at.seconds = 2;
	after.realtime_s = after.monotonic_s = after.tai_s = 86397;
	after.slewed = -(1000000ll << 32);
	SILENT(law_ntp_seconds(&at, &after));
	after.slewed--;
	BREAKS(LAW_EXACT, law_ntp_seconds(&at, &after));
	/* contract: less than a day */
	at.seconds = 86400;
	SILENT(law_ntp_seconds(&at, &after));
}

Test(pure, vdso_update)
{
	struct subject_vdso at = { .offset_s = -5, .offset_ns = 3 };
	struct subject_vdso_read read = {
		.valid = true, .any = true, .whole = true, .before_ns = 100, .after_ns = 200, .meanwhile_ns = 100,
		.namespace_ns = 203 - 5000000000ll,
	};

	SILENT(law_vdso_update(&at, &read));
	read.meanwhile_ns = 200;
	SILENT(law_vdso_update(&at, &read));
	read.meanwhile_ns = 150;
	BREAKS(LAW_SEQUENCE, law_vdso_update(&at, &read));
	at.in_namespace = true;
	read.meanwhile_ns = 200;
	BREAKS(LAW_SEQUENCE, law_vdso_update(&at, &read));
	read.meanwhile_ns = 103 - 5000000000ll;
	SILENT(law_vdso_update(&at, &read));
	read.namespace_ns++;
	BREAKS(LAW_EXACT, law_vdso_update(&at, &read));
	read.namespace_ns -= 2;
	BREAKS(LAW_EXACT, law_vdso_update(&at, &read));
	read.namespace_ns++;
	read.whole = false;
	BREAKS(LAW_EXACT, law_vdso_update(&at, &read));
	/* what the vDSO can't read, and what it should */
	at.no_counter = true;
	read.valid = false;
	BREAKS(LAW_EXACT, law_vdso_update(&at, &read));
	read.any = false;
	SILENT(law_vdso_update(&at, &read));
	read.any = true;
	at.no_counter = false;
	BREAKS(LAW_EXACT, law_vdso_update(&at, &read));
	/* contract: bit 63 */
	at.cycles = 1ull << 63;
	SILENT(law_vdso_update(&at, &read));
}

Test(pure, in_interval)
{
	SILENT(law_in_interval(1000, 2000, 1000, true));
	BREAKS(LAW_SIGNED, law_in_interval(1000, 2000, 1000, false));
	SILENT(law_in_interval(1000, 2000, 999, false));
	BREAKS(LAW_SIGNED, law_in_interval(1000, 2000, 2001, true));
	SILENT(law_in_interval(-10ull, 20, 5, true));
	BREAKS(LAW_SIGNED, law_in_interval(-10ull, 20, 21, true));
}

Test(pure, sched_clock)
{
	/* 3 GHz at shift 31: W = 715827882.67 */
	struct subject_sched_clock at = { .khz = 3000000, .tsc = 6000000000 };
	struct subject_sched_clock_read read = { .shift = 31, .ns = 2000000000 };

	SILENT(law_sched_clock(&at, &read));
	read.shift = 32;
	BREAKS(LAW_TOTAL, law_sched_clock(&at, &read));
	read.shift = 31;
	read.after = read.after_nmi = 1;
	BREAKS(LAW_EXACT, law_sched_clock(&at, &read));
	read.after = read.after_nmi = 0;
	read.suspended = 1;
	BREAKS(LAW_ROUNDTRIP, law_sched_clock(&at, &read));
	read.suspended = 0;
	read.after_nmi = 1;
	BREAKS(LAW_SEQUENCE, law_sched_clock(&at, &read));
	read.after_nmi = 0;
	read.resumed_nmi = 1;
	BREAKS(LAW_SEQUENCE, law_sched_clock(&at, &read));
	read.resumed_nmi = 0;
	/* 6e9 * 3/4 / 2^31 = 2.1, 6e9 / 2 / 2^31 = 1.4, and 2 */
	read.ns = 2000000003;
	SILENT(law_sched_clock(&at, &read));
	read.ns = 2000000004;
	BREAKS(LAW_EXACT, law_sched_clock(&at, &read));
	read.ns = 2000000000 - 4;
	SILENT(law_sched_clock(&at, &read));
	read.ns = 2000000000 - 5;
	BREAKS(LAW_EXACT, law_sched_clock(&at, &read));
	/* a scale that is coarser than it need be excuses nothing: at 22, -1074 to 717 */
	read.shift = 0;
	read.ns = 2000000000 - 1074;
	SILENT(law_sched_clock(&at, &read));
	read.ns = 2000000000 - 1075;
	BREAKS(LAW_EXACT, law_sched_clock(&at, &read));
	/* contract: before the resume; centuries */
	at.resume_tsc = 6000000001;
	SILENT(law_sched_clock(&at, &read));
	at = (struct subject_sched_clock){ .khz = 1000, .tsc = 1ull << 60 };
	SILENT(law_sched_clock(&at, &read));
}

Test(pure, canary)
{
	SILENT(law_canary(0));
	BREAKS(LAW_CANARY, law_canary(1 << 20));
	BREAKS(LAW_CANARY, law_canary(1 << 5));
	SILENT(law_canary(1 << 20 | 1 << 5));
}

static u64 state = 0x2545f4914f6cdd1dull;

/* Any number of bits, and often an edge. */
static u64 number(void)
{
	u64 v;

	xorshift64(&state);
	v = state >> (state >> 5 & 63);
	return state & 16 ? v : (1ull << (v & 63)) + (state >> 40 & 3) - 1;
}

static void ask(void *arg)
{
	const struct subject *s = &subject_linux;
	u64 a = number(), b = number(), c = number(), scale = 0, page;
	u32 mul = number(), khz = number() % ~0u + 1;
	s8 shift = (s8)(number() % 63) - 31, out_shift;
	u8 frac = number() & 1 ? 32 : 48;
	s64 offset = 0;
	u64 ratio = 0;
	bool ok;

	SILENT(law_scale_delta(a, mul, shift, s->scale_delta(a, mul, shift)));
	SILENT(law_scale_delta_monotonic(a, a + b, s->scale_delta(a, mul, shift),
			s->scale_delta(a + b, mul, shift), mul, shift));
	if (c >= b)
		SILENT(law_pvclock_read(a, b, mul, shift, c,
					s->pvclock_read(a, b, mul, shift, c)));
	SILENT(law_guest_tsc(khz, a >> 1, s->guest_tsc(khz, a >> 1)));
	SILENT(law_scale_tsc(a, b, frac, s->scale_tsc(a, b, frac)));
	SILENT(law_nested_offset(a, b, c, frac, s->nested_offset(a, b, c, frac)));
	SILENT(law_nested_multiplier(a, b, frac, s->nested_multiplier(a, b, frac)));
	/* KVM_SET_TSC_KHZ lets no guest above 2^16 times the host through */
	if ((u64)khz << 16 > mul) {
		ok = s->tsc_ratio(khz, mul, frac, &ratio);
		SILENT(law_tsc_ratio(khz, mul, frac, ok, ratio));
	}
	if (a && b && !(a >> 63)) {
		s->time_scale(a, b, &out_shift, &mul);
		SILENT(law_time_scale(a, b, out_shift, mul));
	}
	struct subject_counter counter = { .cycle_last = a };
	struct subject_sched_clock at = { .early_khz = khz % 9999000 + 1000,
		.khz = mul % 9999000 + 1000, .boot_tsc = a, .refined_tsc = a + b,
		.suspend_tsc = a + 2 * b, .resume_tsc = c, .tsc = c + b };
	struct subject_sched_clock_read read;

	s->sched_clock(&at, &read);
	SILENT(law_sched_clock(&at, &read));
	SILENT(law_in_interval(a, b, c, s->in_interval(a, b, c)));
	s->register_counter(at.khz, MAX, &counter);
	SILENT(law_counter_registered(at.khz, &counter));
	SILENT(law_suspend_timing(&counter, a, a + b,
				  s->suspend_timing(at.khz, MAX, a, a + b)));
	/* 2^30 cycles times 32 bits, within what every tree multiplies */
	counter.xtime_nsec = (u64)(khz % 1000000000) << counter.shift;
	b &= (1ull << 30) - 1;
	SILENT(law_counter_read("timekeeping", "f", MAX, &counter, a + b, true,
				s->timekeeping_read(&counter, a + b)));
	SILENT(law_counter_read("timekeeping", "f", MAX, &counter, a - b, true,
				s->timekeeping_read(&counter, a - b)));
	if (shift < PAGE_SHIFT_LEAST)
		return;
	ok = s->hv_page_params(mul, shift, a, b, &scale, &offset);
	SILENT(law_hv_page_params(mul, shift, a, b, ok, scale, offset));
	if (ok && s->hv_page_read(c, scale, offset, &page)) {
		SILENT(law_hv_page_read(c, scale, offset, true, page));
		SILENT(law_hv_page_agrees(mul, shift, a, b, c, page));
	}
}

Test(pure, subject_is_silent)
{
	/* One guard a round: each starts with all its fuel. */
	for (int i = 0; i < TIMES; i++) {
		struct subject_trap trap;

		subject_guard(ask, NULL, &trap);
		cr_assert_eq(trap.kind, SUBJECT_TRAP_NONE, "%s:%d",
			     trap.file ? trap.file : "?", trap.line);
	}
}
