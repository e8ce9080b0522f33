// SPDX-License-Identifier: GPL-2.0-only
/*
 * A finding as a KVM selftest.
 *
 * A real host has no skewed TSCs, its frequency and its time are its own, and nobody
 * waits for a day.  So the scenario is first made into one that a test can do, shorter
 * and without what can't be set up; only if the same law still breaks there, in the
 * simulation, is a test of it written.  The test judges what it reads by the law.
 */
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "known.h"
#include "words.h"

/* the longest that a test sleeps; tools/testing/selftests/kvm/settings gives it 120 s */
#define MAX_SLEEP_NS (30 * CF_NS_PER_SEC)
/* a frequency below it isn't a real one, so it isn't a fraction of the host's either */
#define REAL_KHZ 100000

enum need {
	NEED_TIME = 1,			/* when a vCPU ran, by the host's clock */
	NEED_GUEST_TSC = 2,		/* the guest's TSC at one of the host's */
	NEED_REFERENCE = 4,		/* HV_X64_MSR_TIME_REF_COUNT */
	NEED_PAGE = 8,			/* the TSC page */
	NEED_FIRST = 16,		/* the first read of the clock */
	NEED_WATCHDOG = 32,
	NEED_REBASE = 64,		/* events: another kvmclock MSR */
	NEED_TSC_WRITE = 128,		/* the guest writes its TSC */
	NEED_XEN = 256,
	NEED_CLOCK = 512,		/* events: struct kvm_clock_data */
	NEED_KHZ = 1024,		/* the host's frequency */
	NEED_REALTIME = 2048,
};

/* the guest is told what to do when it runs */
#define NEED_TODO (NEED_REBASE | NEED_PAGE | NEED_TSC_WRITE)

/* A law that a test can judge. */
struct judge {
	u32 laws;
	const char *clock, *event;	/* of a signature; the event's beginning */
	u32 needs;
	bool grows;			/* what is off, with time */
	const char *check;		/* a function check(nr) */
	const char *fails;		/* which assertion, for the comment on top */
};

struct plan {
	struct scenario s;
	struct finding f;
	const struct judge *judge;
	u32 needs;
	u32 vcpu;			/* whose clock is judged */
	u64 slept_ns;			/* between the two readings, at most */
};

/* ---- the laws -------------------------------------------------------------- */

static const char check_rebase[] =
	"/* At one TSC the new pair says what the old one did, but for its rounding. */\n"
	"static void check(int nr)\n{\n"
	"	const struct pvclock_vcpu_time_info *old = &was[nr].pv;\n"
	"	const struct pvclock_vcpu_time_info *new = &now[nr].pv;\n"
	"	s64 step = new->system_time -\n"
	"		   __pvclock_read_cycles(old, new->tsc_timestamp);\n\n"
	"	__TEST_REQUIRE(old->flags & new->flags & PVCLOCK_TSC_STABLE_BIT,\n"
	"		       \"KVM has no master clock here\");\n"
	"	TEST_ASSERT(step >= ALLOWED_LOW && step <= ALLOWED_HIGH,\n"
	"		    \"an update moved kvmclock by %lld ns at one TSC\",\n"
	"		    (long long)step);\n}\n";

static const char check_get_clock[] =
	"/* KVM_GET_CLOCK says at which TSC of the host it was taken. */\n"
	"static void check(int nr)\n{\n"
	"	const struct pvclock_vcpu_time_info *pv = &now[nr].pv;\n"
	"	struct kvm_clock_data data = {};\n"
	"	s64 apart, more;\n"
	"	u64 ns;\n\n"
	"	vm_ioctl(vm, KVM_GET_CLOCK, &data);\n"
	"	__TEST_REQUIRE(data.flags & KVM_CLOCK_HOST_TSC,\n"
	"		       \"KVM has no master clock here\");\n"
	"	ns = __pvclock_read_cycles(pv, guest_tsc(nr, data.host_tsc));\n"
	"	apart = ns - data.clock;\n"
	"	more = allowed_more(ns - pv->system_time);\n"
	"	TEST_ASSERT(apart >= ALLOWED_LOW - more && apart <= ALLOWED_HIGH + more,\n"
	"		    \"kvmclock is %lld ns from KVM_GET_CLOCK at one TSC\",\n"
	"		    (long long)apart);\n}\n";

static const char check_reference[] =
	"/* The counter was read between two reads of kvmclock, on the same vCPU. */\n"
	"static void check(int nr)\n{\n"
	"	const struct seen *guest = &now[nr];\n"
	"	u64 low = __pvclock_read_cycles(&guest->pv, guest->before) / 100;\n"
	"	u64 high = __pvclock_read_cycles(&guest->pv, guest->after) / 100;\n"
	"	s64 more = allowed_more(high * 100 - guest->pv.system_time);\n\n"
	"	TEST_ASSERT((s64)(guest->reference - low) >= ALLOWED_LOW - more,\n"
	"		    \"the reference counter is %llu units of 100 ns behind kvmclock\",\n"
	"		    (unsigned long long)(low - guest->reference));\n"
	"	TEST_ASSERT((s64)(guest->reference - high) <= ALLOWED_HIGH + more,\n"
	"		    \"the reference counter is %llu units of 100 ns ahead of kvmclock\",\n"
	"		    (unsigned long long)(guest->reference - high));\n}\n";

/* Both rates are the guest's: no other clock is needed, nor its error. */
#define CHECK_RATE(WHAT, LOW, HIGH) \
	"/* So many cycles of the guest's TSC are so many ns. */\n" \
	"static void check(int nr)\n{\n" \
	"	const struct seen *a = &first, *b = &now[nr];\n" \
	"	u64 khz = __vcpu_ioctl(vcpus[nr], KVM_GET_TSC_KHZ, NULL);\n" \
	"	u64 passed = clock_ns(b) - clock_ns(a);\n" \
	"	u64 least = scale(" LOW ", 1000000, khz);\n" \
	"	u64 most = scale(" HIGH ", 1000000, khz);\n" \
	"	s64 more = allowed_more(most);\n\n" \
	"	TEST_ASSERT((s64)(passed - least) >= ALLOWED_LOW - more,\n" \
	"		    \"" WHAT " lost %llu ns in %llu\",\n" \
	"		    (unsigned long long)(least - passed), (unsigned long long)least);\n" \
	"	TEST_ASSERT((s64)(passed - most) <= ALLOWED_HIGH + more,\n" \
	"		    \"" WHAT " gained %llu ns in %llu\",\n" \
	"		    (unsigned long long)(passed - most), (unsigned long long)most);\n}\n"

static const char check_page_rate[] =
	"static u64 clock_ns(const struct seen *guest)\n{\n"
	"	return 100 * (scale128(guest->page_tsc, guest->page_scale, 64) +\n"
	"		      guest->page_offset);\n}\n\n"
	CHECK_RATE("the TSC page", "b->page_tsc - a->page_tsc",
		   "b->page_tsc - a->page_tsc");

static const char check_reference_rate[] =
	"static u64 clock_ns(const struct seen *guest)\n{\n"
	"	return 100 * guest->reference;\n}\n\n"
	CHECK_RATE("the reference counter", "b->before - a->after",
		   "b->after - a->before");

static const char check_kvmclock_rate[] =
	"static u64 clock_ns(const struct seen *guest)\n{\n"
	"	return __pvclock_read_cycles(&guest->pv, guest->tsc);\n}\n\n"
	CHECK_RATE("kvmclock", "b->tsc - a->tsc", "b->tsc - a->tsc");

static const char check_tsc_kept[] =
	"/* Another frequency changes the TSC's rate, not where it is. */\n"
	"static void check(int nr)\n{\n"
	"	u64 khz = __vcpu_ioctl(vcpus[nr], KVM_GET_TSC_KHZ, NULL);\n"
	"	s64 step = now[nr].tsc - was[nr].tsc;\n"
	"	u64 most = scale(now[nr].left_ns - was[nr].entered_ns,\n"
	"			 khz > host_khz ? khz : host_khz, 1000000);\n\n"
	"	TEST_ASSERT(step >= ALLOWED_LOW,\n"
	"		    \"KVM_SET_TSC_KHZ moved the TSC by %lld cycles\", (long long)step);\n"
	"	TEST_ASSERT(step <= (s64)most + ALLOWED_HIGH,\n"
	"		    \"the TSC went on by %lld cycles, at most %llu have passed\",\n"
	"		    (long long)step, (unsigned long long)most);\n}\n";

static const char check_tsc_caught_up[] =
	"/* What a vCPU's TSC is caught up to is the time at its own rate. */\n"
	"static void check(int nr)\n{\n"
	"	u64 khz = __vcpu_ioctl(vcpus[nr], KVM_GET_TSC_KHZ, NULL);\n"
	"	u64 ns = now[nr].entered_ns - was[nr].left_ns;\n"
	"	u64 least = scale(ns, khz, 1000000);\n"
	"	s64 step = now[nr].tsc - was[nr].tsc;\n\n"
	"	TEST_ASSERT(step - (s64)least >= ALLOWED_LOW - allowed_more(ns),\n"
	"		    \"the TSC went on by %lld cycles in %llu ns, at %llu kHz\",\n"
	"		    (long long)step, (unsigned long long)ns,\n"
	"		    (unsigned long long)khz);\n}\n";

static const char check_tsc_written[] =
	"/* The TSC is what was written, and the time since; KVM's tolerance is a second. */\n"
	"static void check(int nr, u64 written)\n{\n"
	"	u64 khz = __vcpu_ioctl(vcpus[nr], KVM_GET_TSC_KHZ, NULL);\n"
	"	u64 start_ns = now_ns();\n"
	"	s64 off, most;\n\n"
	"	vcpu_set_msr(vcpus[nr], MSR_IA32_TSC, written);\n"
	"	run(nr);\n"
	"	off = now[nr].tsc - written;\n"
	"	most = scale(now[nr].left_ns - start_ns, khz, 1000000);\n"
	"	TEST_ASSERT(off >= scale(ALLOWED_LOW, khz, SIMULATED_KHZ) &&\n"
	"		    off <= most + scale(ALLOWED_HIGH, khz, SIMULATED_KHZ),\n"
	"		    \"the TSC is %lld cycles from what was written\", (long long)off);\n}\n";

static const struct judge judges[] = {
	{ 1 << LAW_MONOTONIC | 1 << LAW_RATE, "kvmclock", "pvclock-update", 0, true,
	  check_rebase, "\"an update moved kvmclock\"" },
	{ 1 << LAW_AGREE, "kvmclock", "read-pvclock", NEED_GUEST_TSC | NEED_KHZ, true,
	  check_get_clock, "\"kvmclock is ... ns from KVM_GET_CLOCK\"" },
	{ 1 << LAW_AGREE, "reference-counter", "read-reference", NEED_REFERENCE, true,
	  check_reference, "\"the reference counter is ... units of 100 ns behind\", or ahead," },
	{ 1 << LAW_RATE, "TSC-page", "read-tsc-page", NEED_PAGE | NEED_FIRST, true,
	  check_page_rate, "\"the TSC page gained\", or lost," },
	{ 1 << LAW_RATE, "reference-counter", "read-reference",
	  NEED_REFERENCE | NEED_FIRST, true, check_reference_rate,
	  "\"the reference counter gained\", or lost," },
	{ 1 << LAW_RATE, "kvmclock", "read-pvclock", NEED_FIRST, true,
	  check_kvmclock_rate, "\"kvmclock gained\", or lost," },
	{ 1 << LAW_MONOTONIC | 1 << LAW_RATE, "guest-TSC", "set-tsc-khz", NEED_TIME | NEED_KHZ, false,
	  check_tsc_kept, "\"KVM_SET_TSC_KHZ moved the TSC\", or \"the TSC went on\"," },
	{ 1 << LAW_EXACT, "guest-TSC", "pvclock-update", NEED_TIME, false,
	  check_tsc_caught_up, "\"the TSC went on by\"" },
	{ 1 << LAW_ROUNDTRIP, "guest-TSC", "write-tsc-host", NEED_TIME, false,
	  check_tsc_written, "\"the TSC is ... cycles from what was written\"" },
	{ 1 << LAW_TOTAL, "endless-loop", "", NEED_WATCHDOG, false, NULL,
	  "\"a vCPU didn't come back\"" },
};

#define NR_JUDGES (sizeof(judges) / sizeof(judges[0]))

static const struct judge *find_judge(const struct finding *f)
{
	for (size_t i = 0; i < NR_JUDGES; i++)
		if (judges[i].laws >> f->law & 1 && !strcmp(judges[i].clock, f->clock) &&
		    !strncmp(judges[i].event, f->event, strlen(judges[i].event)))
			return &judges[i];
	return NULL;
}

/* ---- what a test can do ---------------------------------------------------- */

/* Why @e can't be done, or NULL; @needs: what it takes is added. */
static const char *event_refused(const struct event *e, u32 *needs)
{
	switch (e->kind) {
	case EVENT_ADVANCE_NS:
	case EVENT_ADVANCE_CYCLES:
	case EVENT_TICK:
	case EVENT_RUN_VCPU:
	case EVENT_SET_TSC_OFFSET:
	case EVENT_WRITE_TSC_HOST:
	case EVENT_READ_PVCLOCK:
	case EVENT_HOTPLUG_VCPU:
		return NULL;
	case EVENT_SET_TSC_KHZ:
		*needs |= e->value < REAL_KHZ ? 0 : NEED_KHZ;
		return NULL;
	case EVENT_SET_CLOCK_REALTIME:
		*needs |= NEED_REALTIME;
		/* fall through */
	case EVENT_GET_CLOCK:
	case EVENT_SET_CLOCK:
		*needs |= NEED_CLOCK;
		return NULL;
	case EVENT_MASTERCLOCK:
		*needs |= NEED_REBASE;
		return e->vcpu ? "only the boot vCPU can ask for it, by the kvmclock MSRs" : NULL;
	case EVENT_WRITE_TSC_GUEST:
		*needs |= NEED_TSC_WRITE;
		return NULL;
	case EVENT_WRITE_TSC_PAGE:
		*needs |= NEED_PAGE;
		return e->value == SUBJECT_PAGE_BY_GUEST ? NULL :
			"only a guest that turns the page on is written";
	case EVENT_READ_TSC_PAGE:
		*needs |= NEED_PAGE;
		return NULL;
	case EVENT_READ_REFERENCE:
		*needs |= NEED_REFERENCE;
		return NULL;
	case EVENT_XEN_SHARED_INFO:
		*needs |= NEED_XEN;
		return e->value ? "only a 64-bit guest is written" : NULL;
	case EVENT_TSC_DEADLINE:
	case EVENT_LAPIC_TIMER:
	case EVENT_XEN_TIMER:
	case EVENT_XEN_TIMER_AT:
	case EVENT_STIMER_CONFIG:
	case EVENT_STIMER_ARM:
		return "when a timer comes can't be told from a late interrupt on real hardware";
	case EVENT_INTERLEAVE:
	case EVENT_MEMORY_FAULT:
		return "no ioctl stops KVM between two accesses to memory";
	case EVENT_NTP_SLEW:
	case EVENT_STEP_REALTIME:
	case EVENT_CLOCKSOURCE:
	case EVENT_SUSPEND:
		return "a test doesn't change the host's own clocks";
	case EVENT_MIGRATE:
		return "there is one host";
	default:
		return "it isn't one of KVM's TSC, clock and Hyper-V interfaces that a test is written with";
	}
}

static void run_plan(const void *arg)
{
	run_scenario(arg, subject, NULL);
}

/* Does @s still break the law that @p is about?  Then @p goes on with it. */
static bool still_breaks(struct plan *p, const struct scenario *s)
{
	char signature[128];
	struct finding f;

	known_signature(&p->f, signature);
	if (!emit_judge(run_plan, s, signature, &f))
		return false;
	p->s = *s;
	p->f = f;
	return true;
}

static const char *fit_machine(struct plan *p)
{
	struct scenario s = p->s;
	struct machine *m = &s.machine;

	if (s.nr_hosts > 1)
		return emit_refuse("host 1: a test has one host");
	for (u32 cpu = 1; cpu < m->nr_cpus; cpu++) {
		s64 skew = m->skew_cycles[cpu];

		m->skew_cycles[cpu] = 0;
		if (skew && !still_breaks(p, &s))
			return emit_refuse("skew cpu %u %lld cycles: the raw TSCs of a host can't be skewed",
					   cpu, skew);
	}
	if (m->clocksource != SUBJECT_CS_TSC) {
		m->clocksource = SUBJECT_CS_TSC;
		if (!still_breaks(p, &s))
			return emit_refuse("clocksource: a test doesn't change the host's own clocks");
	}
	if (m->early_tsc_khz) {
		m->early_tsc_khz = 0;
		if (!still_breaks(p, &s))
			return emit_refuse("early_tsc_khz: KVM can't be loaded before the TSC was refined");
	}
	return NULL;
}

static bool advances(const struct event *e)
{
	return e->kind == EVENT_ADVANCE_NS || e->kind == EVENT_ADVANCE_CYCLES;
}

static u64 sleep_ns(const struct scenario *s, const struct event *e)
{
	u128 ns = e->value;

	if (e->kind == EVENT_ADVANCE_CYCLES)
		ns = ns * 1000000 / s->machine.tsc_khz;
	return ns < 1ull << 63 ? ns : 1ull << 63;
}

/* All advances of @s in ns; @total: together that long, 0: as they are. */
static void stretch(struct scenario *s, u64 total)
{
	u128 before = 0;

	for (u32 i = 0; i < s->nr_events; i++)
		if (advances(&s->events[i]))
			before += sleep_ns(s, &s->events[i]);
	for (u32 i = 0; i < s->nr_events; i++) {
		struct event *e = &s->events[i];

		if (!advances(e))
			continue;
		e->value = sleep_ns(s, e) * (total ? total : before) / (before ? before : 1);
		e->kind = EVENT_ADVANCE_NS;
	}
}

static u64 slept_ns(const struct scenario *s)
{
	u128 ns = 0;

	for (u32 i = 0; i < s->nr_events; i++)
		if (advances(&s->events[i]))
			ns += sleep_ns(s, &s->events[i]);
	return ns < 1ull << 63 ? ns : 1ull << 63;
}

static const struct event *longest(const struct scenario *s)
{
	const struct event *longest = s->events;

	for (const struct event *e = s->events; e < s->events + s->nr_events; e++)
		if (advances(e) && (!advances(longest) ||
				    sleep_ns(s, e) > sleep_ns(s, longest)))
			longest = e;
	return longest;
}

/*
 * Nobody waits for a day.  Where an error grows with time it is some ns after a short
 * one, and on another host less, so a short one becomes longer.
 */
static const char *fit_time(struct plan *p)
{
	u64 asked = slept_ns(&p->s);
	struct scenario s = p->s;
	const struct event *e;
	char what[100];

	if (asked && (asked > MAX_SLEEP_NS || p->judge->grows)) {
		stretch(&s, MAX_SLEEP_NS);
		if (!still_breaks(p, &s) && asked > MAX_SLEEP_NS) {
			e = longest(&p->s);
			return emit_refuse("event %td (%s): a test sleeps for %llu s, and the law isn't broken by then",
					   e - p->s.events + 1, words_event(e, what),
					   MAX_SLEEP_NS / CF_NS_PER_SEC);
		}
	}
	stretch(&p->s, 0);
	p->slept_ns = slept_ns(&p->s);
	return NULL;
}

static const char *fit_events(struct plan *p)
{
	struct scenario s = p->s;
	struct event *last = &s.events[p->f.event_nr - 1];
	const char *why;
	char what[100];
	u32 ignored = 0;

	s.nr_events = p->f.event_nr;
	/* Whatever made the vCPU's clock be computed: the boot vCPU can ask for that. */
	if (p->f.law == LAW_TOTAL && event_refused(last, &ignored) &&
	    s.nr_events < SCENARIO_MAX_EVENTS) {
		*last++ = (struct event){ .kind = EVENT_MASTERCLOCK };
		*last = (struct event){ .kind = EVENT_RUN_VCPU };
		s.nr_events++;
	}
	for (u32 i = 0; i < s.nr_events; i++) {
		why = event_refused(&s.events[i], &p->needs);
		if (why)
			return emit_refuse("event %u (%s): %s", i + 1,
					   words_event(&s.events[i], what), why);
	}
	if (!still_breaks(p, &s))
		return emit_refuse("event %d (%s): the boot vCPU's kvmclock MSRs don't bring it about",
				   p->f.event_nr,
				   words_event(&p->s.events[p->f.event_nr - 1], what));
	return NULL;
}

static const char *fit(struct plan *p, const struct text_file *file,
		       const char *signature)
{
	const char *why;

	if (!file->is_timeline)
		return emit_refuse("harness %s has no events: emit it as kunit", file->harness);
	p->s = file->scenario;
	if (!emit_judge(run_plan, &p->s, signature, &p->f))
		return emit_silent(signature);
	if (p->f.event_nr < 1)
		return emit_refuse("law %s is broken at boot, before any event",
				   law_info[p->f.law].name);
	why = fit_machine(p);
	if (!why)
		why = fit_events(p);
	if (why)
		return why;
	p->judge = find_judge(&p->f);
	if (!p->judge)
		return emit_refuse("law %s on %s at %s: what a test could read on real hardware doesn't show it",
				   law_info[p->f.law].name, p->f.clock, p->f.event);
	p->needs |= p->judge->needs;
	why = fit_time(p);
	if (why)
		return why;
	p->vcpu = p->s.events[p->f.event_nr - 1].vcpu;
	return NULL;
}

/* ---- what is written ------------------------------------------------------- */

static bool sets_khz(const struct scenario *s)
{
	for (u32 i = 0; i < s->nr_events; i++)
		if (s->events[i].kind == EVENT_SET_TSC_KHZ)
			return true;
	return false;
}

static bool is_rated(const struct plan *p)
{
	return p->needs & (NEED_FIRST | NEED_GUEST_TSC) ||
	       p->judge->check == check_reference || p->judge->check == check_tsc_caught_up;
}

/* How long what is judged took in the simulation, whose tolerance is for that. */
static u64 judged_ns(const struct plan *p)
{
	const struct event *last = &p->s.events[p->f.event_nr - 1], *e = last;
	struct step *steps;
	u64 ns = 0;

	if (p->judge->check == check_get_clock || p->judge->check == check_reference) {
		/* since the snapshot */
		steps = words_steps(&p->s);
		ns = p->f.want * words_unit_ns(p->f.unit) -
		     steps[p->f.event_nr].vcpu[p->vcpu].pvclock.system_time;
		free(steps);
		return ns ? ns : 1;
	}
	/* since the first read, or since that vCPU ran before */
	if (p->needs & NEED_FIRST)
		for (e = p->s.events; e->kind != last->kind; e++)
			;
	else
		while (e > p->s.events && (--e)->kind != EVENT_RUN_VCPU)
			;
	for (; e < last; e++)
		if (advances(e))
			ns += e->value;
	return ns ? ns : 1;
}

static void print_constants(FILE *out, const struct plan *p)
{
	const struct finding *f = &p->f;
	char number[REPORT_S128];

	fprintf(out, "#define NR_VCPUS %u\n", p->s.machine.nr_vcpus);
	if (!p->judge->check)
		return;
	fprintf(out, "\n/* What law \"%s\" allows, %s */\n#define ALLOWED_LOW (%sLL)\n",
		law_info[f->law].name, f->unit, report_s128(f->tolerance_low, number));
	if (f->tolerance_high < (s128)1 << 62)
		fprintf(out, "#define ALLOWED_HIGH (%sLL)\n",
			report_s128(f->tolerance_high, number));
	if (p->judge->check == check_tsc_written)
		fprintf(out, "/* ... at */\n#define SIMULATED_KHZ %uLL\n",
			p->s.machine.tsc_khz);
	if (is_rated(p))
		fprintf(out, "/* ... after */\n#define SIMULATED_NS %lluULL\n", judged_ns(p));
}

static void print_state(FILE *out, const struct plan *p)
{
	fputs("\n/* What a guest writes down whenever its vCPU runs */\nstruct seen {\n"
	      "	u64 tsc;\n	struct pvclock_vcpu_time_info pv;\n", out);
	if (p->needs & NEED_REFERENCE)
		fputs("	/* TSCs around the read of the counter */\n"
		      "	u64 before, reference, after;\n", out);
	if (p->needs & NEED_PAGE)
		fputs("	u64 page_tsc, page_scale;\n	s64 page_offset;\n", out);
	if (p->needs & NEED_TIME)
		fputs("	/* by the host's clock */\n	u64 entered_ns, left_ns;\n", out);
	fputs("};\n\n", out);
	if (p->needs & NEED_PAGE)
		fputs("struct tsc_page {\n	u32 sequence;\n	u32 reserved;\n"
		      "	u64 scale;\n	s64 offset;\n};\n\n", out);
	fputs("/* In the guest's memory; the host has copies */\n"
	      "static struct seen seen[NR_VCPUS];\n"
	      "static struct pvclock_vcpu_time_info pvti[NR_VCPUS] __aligned(64);\n", out);
	if (p->needs & NEED_PAGE)
		fputs("static struct tsc_page page __aligned(4096);\n"
		      "static u64 page_gpa;\n", out);
	if (p->needs & NEED_XEN)
		fputs("static u8 shared_info[4096] __aligned(4096);\n", out);
	if (p->needs & NEED_TSC_WRITE)
		fputs("static u64 new_tsc;\n", out);
	if (p->needs & NEED_TODO) {
		fputs("static u64 todo;\n\nenum {\n	LOOK = 0,\n", out);
		if (p->needs & NEED_REBASE)
			fputs("	REBASE = 1,\n", out);
		if (p->needs & NEED_PAGE)
			fputs("	TURN_PAGE_ON = 2,\n", out);
		if (p->needs & NEED_TSC_WRITE)
			fputs("	WRITE_TSC = 4,\n", out);
		fputs("};\n", out);
	}
	fputs("\nstatic struct kvm_vm *vm;\nstatic struct kvm_vcpu *vcpus[NR_VCPUS];\n"
	      "static struct seen was[NR_VCPUS], now[NR_VCPUS];\n", out);
	if (p->needs & NEED_FIRST)
		fputs("static struct seen first;\n", out);
	if (p->needs & NEED_KHZ)
		fputs("static u64 host_khz;\n", out);
	putc('\n', out);
}

static void print_guest(FILE *out, const struct plan *p)
{
	bool hyperv = p->needs & (NEED_PAGE | NEED_REFERENCE);

	fprintf(out, "static void guest_code(u64 nr, u64 pvti_gpa)\n{\n"
		"	struct seen *guest = &seen[nr];\n	u32 version;\n\n%s"
		"	wrmsr(MSR_KVM_SYSTEM_TIME_NEW, pvti_gpa | KVM_MSR_ENABLED);\n"
		"	for (;;) {\n", hyperv ?
		"	wrmsr(HV_X64_MSR_GUEST_OS_ID, HYPERV_LINUX_OS_ID);\n" : "");
	if (p->needs & NEED_REBASE)
		fputs("		/* one kvmclock MSR after the other: a new snapshot */\n"
		      "		if (READ_ONCE(todo) & REBASE) {\n"
		      "			wrmsr(MSR_KVM_SYSTEM_TIME, pvti_gpa | KVM_MSR_ENABLED);\n"
		      "			wrmsr(MSR_KVM_SYSTEM_TIME_NEW, pvti_gpa | KVM_MSR_ENABLED);\n"
		      "		}\n", out);
	if (p->needs & NEED_PAGE)
		fputs("		if (READ_ONCE(todo) & TURN_PAGE_ON)\n"
		      "			wrmsr(HV_X64_MSR_REFERENCE_TSC, page_gpa | 1);\n", out);
	if (p->needs & NEED_TSC_WRITE)
		fputs("		if (READ_ONCE(todo) & WRITE_TSC)\n"
		      "			wrmsr(MSR_IA32_TSC, READ_ONCE(new_tsc));\n", out);
	fputs("		do {\n"
	      "			version = pvclock_read_begin(&pvti[nr]);\n"
	      "			guest->pv = pvti[nr];\n"
	      "			guest->tsc = rdtsc();\n"
	      "		} while (pvclock_read_retry(&pvti[nr], version));\n", out);
	if (p->needs & NEED_REFERENCE)
		fputs("		guest->before = rdtsc();\n"
		      "		guest->reference = rdmsr(HV_X64_MSR_TIME_REF_COUNT);\n"
		      "		guest->after = rdtsc();\n", out);
	if (p->needs & NEED_PAGE)
		fputs("		do {\n"
		      "			version = READ_ONCE(page.sequence);\n"
		      "			guest->page_scale = READ_ONCE(page.scale);\n"
		      "			guest->page_offset = READ_ONCE(page.offset);\n"
		      "			guest->page_tsc = rdtsc();\n"
		      "		} while (version != READ_ONCE(page.sequence));\n", out);
	fputs("		GUEST_SYNC(0);\n	}\n}\n\n", out);
}

static void print_clock(FILE *out, const char *name, const char *clock)
{
	fprintf(out, "static u64 %s(void)\n{\n	struct timespec ts;\n\n"
		"	clock_gettime(%s, &ts);\n"
		"	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;\n}\n\n", name, clock);
}

static void print_helpers(FILE *out, const struct plan *p)
{
	bool timed = p->needs & NEED_TIME;

	fputs("static void add_vcpu(int nr)\n{\n"
	      "	u64 gpa = addr_gva2gpa(vm, (unsigned long)&pvti[nr]);\n\n"
	      "	vcpus[nr] = vm_vcpu_add(vm, nr, guest_code);\n", out);
	if (p->needs & (NEED_PAGE | NEED_REFERENCE))
		fputs("	vcpu_set_hv_cpuid(vcpus[nr]);\n", out);
	fputs("	vcpu_args_set(vcpus[nr], 2, (u64)nr, gpa);\n}\n\n", out);
	if (p->needs & NEED_XEN)
		fputs("static void set_shared_info(void)\n{\n"
		      "	struct kvm_xen_hvm_attr attr = {\n"
		      "		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,\n	};\n\n"
		      "	attr.u.shared_info.gfn = addr_gva2gpa(vm, (unsigned long)shared_info) >> 12;\n"
		      "	vm_ioctl(vm, KVM_XEN_HVM_SET_ATTR, &attr);\n}\n\n", out);
	if (timed)
		print_clock(out, "now_ns", "CLOCK_MONOTONIC_RAW");
	if (p->needs & NEED_REALTIME)
		print_clock(out, "realtime_ns", "CLOCK_REALTIME");
	fprintf(out, "static void run(int nr%s)\n{\n	struct ucall uc;\n%s\n%s"
		"	was[nr] = now[nr];\n%s	vcpu_run(vcpus[nr]);\n"
		"	TEST_ASSERT_KVM_EXIT_REASON(vcpus[nr], KVM_EXIT_IO);\n"
		"	if (get_ucall(vcpus[nr], &uc) == UCALL_ABORT)\n"
		"		REPORT_GUEST_ASSERT(uc);\n"
		"	TEST_ASSERT(uc.cmd == UCALL_SYNC, \"the guest stopped: %%lu\",\n"
		"		    (unsigned long)uc.cmd);\n"
		"	sync_global_from_guest(vm, seen);\n"
		"	now[nr] = seen[nr];\n%s}\n\n",
		p->needs & NEED_TODO ? ", u64 what" : "",
		timed ? "	u64 entered_ns;\n" : "", p->needs & NEED_TODO ?
		"	todo = what;\n	sync_global_to_guest(vm, todo);\n" : "",
		timed ? "	entered_ns = now_ns();\n" : "",
		timed ? "	now[nr].entered_ns = entered_ns;\n"
			"	now[nr].left_ns = now_ns();\n" : "");
	if (!p->judge->check)
		return;
	if (p->needs & (NEED_TIME | NEED_FIRST) || is_rated(p))
		fputs("static s64 scale(s64 value, s64 numerator, s64 denominator)\n{\n"
		      "	return (__int128)value * numerator / denominator;\n}\n\n", out);
	if (is_rated(p))
		fputs("/* Part of the tolerance grows with time: that for a longer sleep than meant */\n"
		      "static s64 allowed_more(u64 ns)\n{\n"
		      "	return ns > SIMULATED_NS ?\n"
		      "	       scale(-ALLOWED_LOW, ns - SIMULATED_NS, SIMULATED_NS) + 1 : 0;\n}\n\n",
		      out);
	if (p->needs & NEED_GUEST_TSC || p->judge->check == check_page_rate)
		fputs("static u64 scale128(u64 value, u64 factor, int shift)\n{\n"
		      "	return (unsigned __int128)value * factor >> shift;\n}\n\n", out);
	if (p->needs & NEED_GUEST_TSC)
		fputs("/* The TSC of the guest where the host's is that, by TSC scaling and offset */\n"
		      "static u64 guest_tsc(int nr, u64 host_tsc)\n{\n"
		      "	int frac = host_cpu_is_amd ? 32 : 48;\n"
		      "	u64 khz = __vcpu_ioctl(vcpus[nr], KVM_GET_TSC_KHZ, NULL);\n"
		      "	u64 ratio = ((unsigned __int128)khz << frac) / host_khz;\n"
		      "	u64 offset;\n\n"
		      "	vcpu_device_attr_get(vcpus[nr], KVM_VCPU_TSC_CTRL,\n"
		      "			     KVM_VCPU_TSC_OFFSET, &offset);\n"
		      "	return scale128(host_tsc, ratio, frac) + offset;\n}\n\n", out);
	fprintf(out, "%s\n", p->judge->check);
}

static void print_run(FILE *out, const struct plan *p, u32 vcpu, const char *what)
{
	if (p->needs & NEED_TODO)
		fprintf(out, "	run(%u, %s);\n", vcpu, what);
	else
		fprintf(out, "	run(%u);\n", vcpu);
}

static void print_set_khz(FILE *out, const struct plan *p, const struct event *e)
{
	if (e->value < REAL_KHZ)
		fprintf(out, "	vcpu_ioctl(vcpus[%u], KVM_SET_TSC_KHZ, (void *)%lluUL);\n",
			e->vcpu, e->value);
	else
		fprintf(out, "	vcpu_ioctl(vcpus[%u], KVM_SET_TSC_KHZ,\n"
			"		   (void *)(host_khz * %llu / %u));\n", e->vcpu,
			e->value, p->s.machine.tsc_khz);
}

/* @what: what the vCPU does when it runs next. */
static void print_event(FILE *out, const struct plan *p, const struct event *e,
			const char **what, u32 *hotplugged)
{
	switch (e->kind) {
	case EVENT_ADVANCE_NS:
		fprintf(out, "	usleep(%llu);\n", (e->value + 999) / 1000);
		break;
	case EVENT_RUN_VCPU:
	case EVENT_READ_PVCLOCK:
	case EVENT_READ_TSC_PAGE:
	case EVENT_READ_REFERENCE:
		print_run(out, p, e->vcpu, e->vcpu ? "LOOK" : *what);
		if (!e->vcpu)
			*what = "LOOK";
		break;
	case EVENT_MASTERCLOCK:
		*what = "REBASE";
		break;
	case EVENT_WRITE_TSC_PAGE:
		print_run(out, p, e->vcpu, "TURN_PAGE_ON");
		break;
	case EVENT_WRITE_TSC_GUEST:
		fprintf(out, "	new_tsc = %lluULL;\n	sync_global_to_guest(vm, new_tsc);\n",
			e->value);
		print_run(out, p, e->vcpu, "WRITE_TSC");
		break;
	case EVENT_WRITE_TSC_HOST:
		fprintf(out, "	vcpu_set_msr(vcpus[%u], MSR_IA32_TSC, %lluULL);\n",
			e->vcpu, e->value);
		break;
	case EVENT_SET_TSC_OFFSET:
		fprintf(out, "	vcpu_device_attr_set(vcpus[%u], KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET,\n"
			"			     &(u64){ %lluULL });\n", e->vcpu, e->value);
		break;
	case EVENT_SET_TSC_KHZ:
		print_set_khz(out, p, e);
		break;
	case EVENT_GET_CLOCK:
		fputs("	vm_ioctl(vm, KVM_GET_CLOCK, &clock);\n", out);
		break;
	case EVENT_SET_CLOCK:
	case EVENT_SET_CLOCK_REALTIME:
		fprintf(out, "	clock = (struct kvm_clock_data){ .clock = %lluULL };\n",
			e->value);
		if (e->kind == EVENT_SET_CLOCK_REALTIME)
			fputs("	clock.flags = KVM_CLOCK_REALTIME;\n"
			      "	clock.realtime = realtime_ns();\n", out);
		fputs("	vm_ioctl(vm, KVM_SET_CLOCK, &clock);\n", out);
		break;
	case EVENT_HOTPLUG_VCPU:
		fprintf(out, "	add_vcpu(%u);\n", (*hotplugged)++);
		break;
	case EVENT_XEN_SHARED_INFO:
		fputs("	set_shared_info();\n", out);
		break;
	}
}

static void print_requirements(FILE *out, const struct plan *p)
{
	fputs("	TEST_REQUIRE(sys_clocksource_is_based_on_tsc());\n", out);
	if (sets_khz(&p->s))
		fprintf(out, "	TEST_REQUIRE(%skvm_has_cap(KVM_CAP_TSC_CONTROL));\n",
			p->s.machine.tsc_frac_bits ? "" : "!");
	if (p->needs & NEED_GUEST_TSC)
		fputs("	TEST_REQUIRE(host_cpu_is_amd || host_cpu_is_intel);\n", out);
	if (p->needs & NEED_XEN)
		fputs("	TEST_REQUIRE(kvm_check_cap(KVM_CAP_XEN_HVM) &\n"
		      "		     KVM_XEN_HVM_CONFIG_SHARED_INFO);\n", out);
}

static void print_events(FILE *out, const struct plan *p)
{
	u32 nr_vcpus = scenario_boot_vcpus(&p->s), hotplugged = nr_vcpus;
	const char *what = "LOOK";
	bool first = p->needs & NEED_FIRST;
	const struct event *last = &p->s.events[p->f.event_nr - 1];

	for (const struct event *e = p->s.events; e <= last; e++) {
		/* a fresh look before, and what is judged after */
		if (e == last && p->judge->check == check_tsc_kept)
			print_run(out, p, p->vcpu, "LOOK");
		if (e == last && p->judge->check == check_tsc_written) {
			fprintf(out, "	check(%u, %lluULL);\n", p->vcpu, e->value);
			return;
		}
		print_event(out, p, e, &what, &hotplugged);
		if (first && e->kind == last->kind) {
			fprintf(out, "	first = now[%u];\n", p->vcpu);
			first = false;
		}
		if (e == last && p->judge->check == check_tsc_kept)
			print_run(out, p, p->vcpu, "LOOK");
	}
	if (p->judge->check)
		fprintf(out, "	check(%u);\n", p->vcpu);
}

static void print_test(FILE *out, const struct plan *p)
{
	bool watched = p->needs & NEED_WATCHDOG;
	u32 nr_vcpus = scenario_boot_vcpus(&p->s);

	fprintf(out, "%s(void)\n{\n", watched ? "static void test" : "int main");
	if (p->needs & NEED_CLOCK)
		fputs("	struct kvm_clock_data clock;\n\n", out);
	if (!watched) {
		print_requirements(out, p);
		putc('\n', out);
	}
	fputs("	vm = vm_create(NR_VCPUS);\n", out);
	for (u32 i = 0; i < nr_vcpus; i++)
		fprintf(out, "	add_vcpu(%u);\n", i);
	if (p->needs & NEED_KHZ)
		fputs("	host_khz = __vcpu_ioctl(vcpus[0], KVM_GET_TSC_KHZ, NULL);\n", out);
	if (p->needs & NEED_PAGE)
		fputs("	page_gpa = addr_gva2gpa(vm, (unsigned long)&page);\n"
		      "	sync_global_to_guest(vm, page_gpa);\n", out);
	putc('\n', out);
	print_events(out, p);
	fprintf(out, "\n	kvm_vm_free(vm);\n%s}\n", watched ? "" : "	return 0;\n");
	if (!watched)
		return;
	fprintf(out, "\n/* What hangs in the kernel can't be interrupted: another process says so. */\n"
		"int main(void)\n{\n	int status = 0, tries = 100 + %llu;\n	pid_t pid;\n\n",
		p->slept_ns / 100000000);
	print_requirements(out, p);
	fputs("\n	pid = fork();\n	if (!pid) {\n		test();\n		_exit(0);\n	}\n"
	      "	while (!waitpid(pid, &status, WNOHANG) && --tries)\n"
	      "		usleep(100000);\n"
	      "	TEST_ASSERT(tries, \"a vCPU didn't come back from KVM_RUN\");\n"
	      "	TEST_ASSERT(WIFEXITED(status) && !WEXITSTATUS(status),\n"
	      "		    \"the test failed: status %x\", status);\n"
	      "	return 0;\n}\n", out);
}

static void print_head(FILE *out, const struct plan *p, const struct text_file *file,
		       const char *path)
{
	const struct machine *m = &p->s.machine;
	char amount[WORDS], slept[WORDS], khz[WORDS];

	if (p->f.law == LAW_TOTAL)
		emit_head(out, file, path, &p->f,
			  "On an affected kernel the assertion %s fails, and a CPU of the host is lost until it is reset: run it in a virtual machine. It belongs to tools/testing/selftests/kvm/x86, x86_64 before 6.14.",
			  p->judge->fails);
	else
		emit_head(out, file, path, &p->f,
			  "On an affected kernel the assertion %s fails: on the simulated host, at %s and after %s, it is off by %s. How much, and which way, depends on the host's frequency and uptime. It belongs to tools/testing/selftests/kvm/x86, x86_64 before 6.14.",
			  p->judge->fails, words_khz(m->tsc_khz, khz),
			  words_duration(p->slept_ns, slept), words_amount(&p->f, amount));
}

const char *emit_kselftest(FILE *out, const struct text_file *file, const char *path,
			   const char *signature)
{
	static struct text_file fitted;
	static struct plan p;
	const char *why;

	memset(&p, 0, sizeof(p));
	why = fit(&p, file, signature);
	if (why)
		return why;
	/* what isn't told by its author is told of what the test does */
	fitted = *file;
	fitted.scenario = p.s;
	print_head(out, &p, &fitted, path);
	fputs("#include <asm/kvm_para.h>\n#include <asm/pvclock.h>\n#include <asm/pvclock-abi.h>\n"
	      "#include <time.h>\n#include <unistd.h>\n", out);
	if (p.needs & NEED_WATCHDOG)
		fputs("#include <sys/wait.h>\n", out);
	fputs("\n#include \"test_util.h\"\n#include \"kvm_util.h\"\n#include \"processor.h\"\n", out);
	if (p.needs & (NEED_PAGE | NEED_REFERENCE))
		fputs("#include \"hyperv.h\"\n", out);
	putc('\n', out);
	print_constants(out, &p);
	print_state(out, &p);
	print_guest(out, &p);
	print_helpers(out, &p);
	print_test(out, &p);
	return NULL;
}
