// SPDX-License-Identifier: GPL-2.0-only
/*
 * A finding whose arithmetic is one call of one function, as a KUnit test.
 *
 * The call is made here first: only one that breaks the finding's law, on this tree,
 * with these arguments, becomes a test.
 */
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "words.h"
#include "../oracle/pure.h"
#include "../scenario/input.h"

struct call {
	struct subject_pvclock pv;
	u64 tsc;
	u64 scaled_hz, base_hz;
	u32 khz;
	s64 kernel_ns;			/* since the guest's TSC was written... */
	u64 this_tsc_nsec, this_tsc_write; /* ...which was then, and that */
	struct subject_counter counter;
	u64 cycles;
};

/* A function that can be called alone. */
struct callee {
	const char *harness;
	const char *function, *file;
	void (*fields)(struct call *c, struct input *in);
	void (*judge)(const struct call *c);
	void (*print)(FILE *out, const struct call *c, const struct finding *f);
};

/* ---- what is expected ----------------------------------------------------- */

static void print_s64(FILE *out, s128 value)
{
	char number[REPORT_S128];

	/* C has no literal for it */
	if (value == -((s128)1 << 63))
		fputs("S64_MIN", out);
	else
		fprintf(out, "%sLL", report_s128(value, number));
}

/* One line; @test: EQ, GE or LE */
static void expect(FILE *out, const char *indent, const char *test,
		   const char *name, s128 value, bool is_signed)
{
	fprintf(out, "%sKUNIT_EXPECT_%s(test, %s, ", indent, test, name);
	if (is_signed)
		print_s64(out, value);
	else
		fprintf(out, "%lluULL", (u64)value);
	fputs(");\n", out);
}

static void expect_range(FILE *out, const char *indent, const char *name,
			 const struct finding *f, bool is_signed)
{
	s128 low = f->want + f->tolerance_low, high = f->want + f->tolerance_high;

	if (low == high) {
		expect(out, indent, "EQ", name, low, is_signed);
		return;
	}
	if (low > 0 || is_signed)
		expect(out, indent, "GE", name, low, is_signed);
	expect(out, indent, "LE", name, high, is_signed);
}

/* Law signed: by the signed distance, or clamped to @base. */
static void expect_value(FILE *out, const char *name, u64 base,
			 const struct finding *f)
{
	if (f->law != LAW_SIGNED) {
		expect_range(out, "\t", name, f, false);
		return;
	}
	fprintf(out, "\t/* clamped is right, too */\n\tif (%s != ", name);
	print_s64(out, (s64)base);
	fputs(") {\n", out);
	expect_range(out, "\t\t", name, f, true);
	fputs("\t}\n", out);
}

/* ---- the functions -------------------------------------------------------- */

static void read_fields(struct call *c, struct input *in)
{
	c->pv.system_time = input_u64(in, "system_time", 0, ~0ull);
	c->pv.tsc_timestamp = input_u64(in, "tsc_timestamp", 0, ~0ull);
	c->pv.tsc_to_system_mul = input_u64(in, "mul", 0, 0xffffffff);
	c->pv.tsc_shift = input_s64(in, "shift", -31, 31);
	c->tsc = input_u64(in, "tsc", 0, ~0ull);
}

static void read_judge(const struct call *c)
{
	const struct subject_pvclock *pv = &c->pv;

	law_pvclock_read(pv->system_time, pv->tsc_timestamp, pv->tsc_to_system_mul,
			 pv->tsc_shift, c->tsc,
			 subject->pvclock_read(pv->system_time, pv->tsc_timestamp,
					       pv->tsc_to_system_mul, pv->tsc_shift,
					       c->tsc));
}

static void read_print(FILE *out, const struct call *c, const struct finding *f)
{
	fprintf(out, "\tconst struct pvclock_vcpu_time_info pv = {\n"
		"\t\t.tsc_timestamp = %lluULL,\n"
		"\t\t.system_time = %lluULL,\n"
		"\t\t.tsc_to_system_mul = %uU,\n"
		"\t\t.tsc_shift = %d,\n\t};\n", c->pv.tsc_timestamp,
		c->pv.system_time, c->pv.tsc_to_system_mul, c->pv.tsc_shift);
	fprintf(out, "\t%s ns = __pvclock_read_cycles(&pv, %lluULL);\n\n",
		f->law == LAW_SIGNED ? "s64" : "u64", c->tsc);
	expect_value(out, "ns", c->pv.system_time, f);
}

static void time_scale_fields(struct call *c, struct input *in)
{
	u64 to_ns = input_u64(in, "to_ns", 0, 1);
	u64 khz = input_u64(in, "khz", 0, 0xffffffff);

	/* as the harness has it: KVM asks for no cycles of a guest without a rate */
	khz += !to_ns && !khz;
	c->scaled_hz = to_ns ? CF_NS_PER_SEC : khz * 1000;
	c->base_hz = to_ns ? khz * 1000 : CF_NS_PER_SEC;
}

static void time_scale_judge(const struct call *c)
{
	s8 shift;
	u32 mul;

	subject->time_scale(c->scaled_hz, c->base_hz, &shift, &mul);
	law_time_scale(c->scaled_hz, c->base_hz, shift, mul);
}

static void time_scale_print(FILE *out, const struct call *c,
			     const struct finding *f)
{
	fprintf(out, "\tu32 mult;\n\ts8 shift;\n\n"
		"\tkvm_get_time_scale(%lluULL, %lluULL, &shift, &mult);\n",
		c->scaled_hz, c->base_hz);
	if (f->law == LAW_TOTAL)
		fputs("\tKUNIT_SUCCEED(test);\n", out);
	else
		expect_range(out, "\t", "mult", f, false);
}

static void guest_tsc_fields(struct call *c, struct input *in)
{
	c->khz = input_u64(in, "khz", 1, 0x7fffffff);
	c->kernel_ns = input_s64(in, "delta_ns", -(1ll << 62), 1ll << 62);
}

static void guest_tsc_judge(const struct call *c)
{
	s64 since_ns = c->kernel_ns - c->this_tsc_nsec;

	law_guest_tsc(c->khz, since_ns, subject->guest_tsc(c->khz, since_ns));
}

static void guest_tsc_print(FILE *out, const struct call *c, const struct finding *f)
{
	s8 shift;
	u32 mul;

	subject->time_scale(c->khz * 1000ull, CF_NS_PER_SEC, &shift, &mul);
	fprintf(out, "\tstruct kvm_vcpu *vcpu = kunit_kzalloc(test, sizeof(*vcpu), GFP_KERNEL);\n"
		"\t%s cycles;\n\n\tKUNIT_ASSERT_NOT_NULL(test, vcpu);\n"
		"\t/* %u kHz */\n"
		"\tvcpu->arch.virtual_tsc_mult = %uU;\n"
		"\tvcpu->arch.virtual_tsc_shift = %d;\n"
		"\tvcpu->arch.this_tsc_nsec = %lluULL;\n"
		"\tvcpu->arch.this_tsc_write = %lluULL;\n\n"
		"\tcycles = compute_guest_tsc(vcpu, %lldLL) - %lluULL;\n",
		f->law == LAW_SIGNED ? "s64" : "u64", c->khz, mul, shift,
		c->this_tsc_nsec, c->this_tsc_write, c->kernel_ns, c->this_tsc_write);
	expect_value(out, "cycles", 0, f);
}

static void counter_fields(struct call *c, struct input *in)
{
	u32 khz = input_u64(in, "khz", 1000, 10000000);
	u64 mask = ~0ull >> (64 - input_u64(in, "bits", 24, 64));
	s64 slew = input_s64(in, "slew", -1000, 1000);
	struct subject_counter *counter = &c->counter;

	counter->cycle_last = input_u64(in, "cycle_last", 0, ~0ull) & mask;
	subject->register_counter(khz, mask, counter);
	counter->mult += (s64)counter->maxadj * slew / 1000;
	counter->xtime_nsec = input_u64(in, "xtime_ns", 0, CF_NS_PER_SEC - 1)
			      << counter->shift;
	c->cycles = (counter->cycle_last +
		     input_s64(in, "delta", -(1ll << 62), 1ll << 62)) & mask;
}

static void counter_judge(const struct call *c)
{
	law_counter_read("timekeeping", "timekeeping_cycles_to_ns", c->counter.mask,
			 &c->counter, c->cycles, true,
			 subject->timekeeping_read(&c->counter, c->cycles));
}

static void counter_print(FILE *out, const struct call *c, const struct finding *f)
{
	const struct subject_counter *counter = &c->counter;

	fprintf(out, "\tstruct clocksource clock = {\n"
		"\t\t.mask = 0x%llxULL,\n"
		"\t\t.max_cycles = %lluULL,\n"
		"\t\t.maxadj = %uU,\n\t};\n"
		"\tconst struct tk_read_base tkr = {\n"
		"\t\t.clock = &clock,\n"
		"\t\t.mask = 0x%llxULL,\n"
		"\t\t.cycle_last = %lluULL,\n"
		"\t\t.mult = %uU,\n"
		"\t\t.shift = %uU,\n"
		"\t\t.xtime_nsec = %lluULL,\n\t};\n", counter->mask,
		counter->max_cycles, counter->maxadj, counter->mask,
		counter->cycle_last, counter->mult, counter->shift,
		counter->xtime_nsec);
	fprintf(out, "\t%s ns = timekeeping_cycles_to_ns(&tkr, %lluULL);\n\n",
		f->law == LAW_SIGNED ? "s64" : "u64", c->cycles);
	expect_value(out, "ns", counter->xtime_nsec >> counter->shift, f);
}

enum { READ, TIME_SCALE, GUEST_TSC, COUNTER };

static const struct callee callees[] = {
	[READ] = { "fuzz_pvclock", "__pvclock_read_cycles", "arch/x86/kvm/x86.c",
		read_fields, read_judge, read_print },
	[TIME_SCALE] = { "fuzz_time_scale", "kvm_get_time_scale", "arch/x86/kvm/x86.c",
		time_scale_fields, time_scale_judge, time_scale_print },
	[GUEST_TSC] = { "fuzz_guest_tsc", "compute_guest_tsc", "arch/x86/kvm/x86.c",
		guest_tsc_fields, guest_tsc_judge, guest_tsc_print },
	[COUNTER] = { "fuzz_clocksource", "timekeeping_cycles_to_ns",
		"kernel/time/timekeeping.c",
		counter_fields, counter_judge, counter_print },
};

#define NR_CALLEES (sizeof(callees) / sizeof(callees[0]))

/* ---- which call ----------------------------------------------------------- */

static void run_file(const void *arg)
{
	run_scenario(arg, subject, NULL);
}

/* The call behind a timeline's finding, or NULL. */
static const struct callee *call_at(const struct finding *f, const struct step *step,
				    const struct event *e, struct call *c)
{
	const struct subject_vcpu_view *vcpu = &step->vcpu[e->vcpu];

	if (f->law != LAW_SIGNED)
		return NULL;
	if (!strcmp(f->function, "compute_guest_tsc")) {
		c->khz = vcpu->virtual_tsc_khz;
		c->kernel_ns = step->vm.master_kernel_ns;
		c->this_tsc_nsec = vcpu->this_tsc_nsec;
		c->this_tsc_write = vcpu->this_tsc_write;
		return &callees[GUEST_TSC];
	}
	if (!step->has_clock)
		return NULL;
	c->tsc = step->tsc;
	if (!strcmp(f->function, "__get_kvmclock"))
		c->pv = words_host_tuple(step, f);
	else if (!strcmp(f->function, "__pvclock_read_cycles"))
		c->pv = vcpu->pvclock;
	else
		return NULL;
	return &callees[READ];
}

static const char *find_timeline(const struct text_file *file, const char *signature,
				 const struct callee **callee, struct call *c)
{
	const struct scenario *s = &file->scenario;
	struct finding f;
	struct step *steps;
	char what[100];

	if (!emit_judge(run_file, s, signature, &f))
		return emit_silent(signature);
	if (f.event_nr < 1 || !f.function)
		return emit_refuse("a finding without an event");
	steps = words_steps(s);
	*callee = call_at(&f, &steps[f.event_nr], &s->events[f.event_nr - 1], c);
	free(steps);
	if (!*callee)
		return emit_refuse("event %d (%s): what it breaks (%s) isn't one call of a pure function",
				   f.event_nr, words_event(&s->events[f.event_nr - 1], what),
				   f.function);
	return NULL;
}

static const char *find_fields(const struct text_file *file,
			       const struct callee **callee, struct call *c)
{
	struct input in = input_init(NULL, 0);

	for (size_t i = 0; i < NR_CALLEES; i++)
		if (!strcmp(callees[i].harness, file->harness))
			*callee = &callees[i];
	if (!*callee)
		return emit_refuse("harness %s: its functions aren't called in a test",
				   file->harness);
	input_redirect(file->fields, NULL);
	(*callee)->fields(c, &in);
	if (input_error())
		return emit_refuse("%s", input_error());
	input_redirect(NULL, NULL);
	return NULL;
}

struct attempt {
	const struct callee *callee;
	const struct call *call;
};

static void guarded(void *arg)
{
	const struct attempt *a = arg;

	a->callee->judge(a->call);
}

static void try(const void *arg)
{
	const struct attempt *a = arg;
	struct subject_trap trap = { 0 };

	subject_refuel();
	subject_guard(guarded, (void *)a, &trap);
	if (trap.kind != SUBJECT_TRAP_NONE)
		law_fail(&(struct finding){
			.law = LAW_TOTAL, .clock = a->callee->harness + strlen("fuzz_"),
			.event = "-", .function = a->callee->function,
			.why = report_trap(&trap), .unit = "",
		});
}

/* How the test fails on a kernel that is as this one. */
static void print_head(FILE *out, const struct text_file *file, const char *path,
		       const struct callee *callee, const struct finding *f)
{
	char got[REPORT_S128], want[REPORT_S128], amount[WORDS];

	if (f->law == LAW_TOTAL) {
		emit_head(out, file, path, f,
			  "On an affected kernel %s() never returns (%s), and KUnit's timeout ends the test. It is static: include this file at the end of %s.",
			  callee->function, f->why, callee->file);
		return;
	}
	emit_head(out, file, path, f,
		  "On an affected kernel %s() gives %s %s where %s is right, %s, and the expectation on it fails. It is static: include this file at the end of %s.",
		  callee->function, report_s128(f->got, got), f->unit,
		  report_s128(f->want, want), words_amount(f, amount), callee->file);
}

const char *emit_kunit(FILE *out, const struct text_file *file, const char *path,
		       const char *signature)
{
	const struct callee *callee = NULL;
	char name[EMIT_NAME];
	struct call c = { 0 };
	struct finding f;
	const char *why;

	why = file->is_timeline ? find_timeline(file, signature, &callee, &c) :
				  find_fields(file, &callee, &c);
	if (why)
		return why;
	/* the call's own finding isn't called as that of a timeline */
	if (!emit_judge(try, &(struct attempt){ callee, &c },
			file->is_timeline ? NULL : signature, &f))
		return emit_refuse("%s() alone doesn't break %s with these arguments on %s %s",
				   callee->function, signature ? signature : "a law",
				   subject->name, subject_versions(subject));

	emit_name(path, name);
	print_head(out, file, path, callee, &f);
	fprintf(out, "#include <kunit/test.h>\n\nstatic void %s(struct kunit *test)\n{\n",
		name);
	callee->print(out, &c, &f);
	fprintf(out, "}\n\nstatic struct kunit_case %s_cases[] = {\n\tKUNIT_CASE(%s),\n\t{}\n};\n\n"
		"static struct kunit_suite %s_suite = {\n\t.name = \"clockfuzz_%s\",\n"
		"\t.test_cases = %s_cases,\n};\n\nkunit_test_suite(%s_suite);\n",
		name, name, name, name, name, name);
	return NULL;
}
