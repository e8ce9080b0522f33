// SPDX-License-Identifier: GPL-2.0-only
/*
 * prover: a line for each claim and constant.
 *
 * The modules are the claims, the oracle's laws and the sliced kernel.  They are linked,
 * each claim gets an instance for each constant, and what LLVM makes of that, straight
 * code, is lowered and handed to a solver.
 */
#include <errno.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "claims.h"
#include "lower.h"
#include "solver.h"
#include "../src/file.h"
#include "../src/oracle/law.h"
#include "../src/subject.h"

/* ---- the modules ---- */

static LLVMModuleRef read_module(LLVMContextRef context, const char *path)
{
	LLVMMemoryBufferRef buffer;
	LLVMModuleRef module;
	char *err;

	if (LLVMCreateMemoryBufferWithContentsOfFile(path, &buffer, &err)) {
		fprintf(stderr, "prover: %s\n", err);
		exit(2);
	}
	if (LLVMParseBitcodeInContext2(context, buffer, &module)) {
		fprintf(stderr, "prover: %s: not bitcode\n", path);
		exit(2);
	}
	return module;
}

/* NAME.CONSTANT(inputs) { claim_NAME(CONSTANT, inputs); } */
static void add_instance(LLVMContextRef context, LLVMModuleRef module,
			 const struct claim *c, int parameter)
{
	LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
	LLVMTypeRef type, types[8];
	LLVMValueRef claim, f, args[8];
	char name[100];
	u32 nr;

	snprintf(name, sizeof(name), "claim_%s", c->name);
	claim = LLVMGetNamedFunction(module, name);
	type = LLVMGlobalGetValueType(claim);
	nr = LLVMCountParams(claim);
	LLVMGetParamTypes(type, types);
	snprintf(name, sizeof(name), "instance.%s.%d", c->name, parameter);
	f = LLVMAddFunction(module, name, LLVMFunctionType(LLVMVoidTypeInContext(context),
							   types + 1, nr - 1, false));
	LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, f, "entry"));
	args[0] = LLVMConstInt(types[0], parameter, true);
	for (u32 i = 1; i < nr; i++)
		args[i] = LLVMGetParam(f, i - 1);
	LLVMBuildCall2(b, type, claim, args, nr, "");
	LLVMBuildRetVoid(b);
	LLVMDisposeBuilder(b);
}

/* A compiler's barrier: between statements, for whoever else looks at the memory. */
static bool is_barrier(LLVMValueRef i)
{
	LLVMValueRef callee = LLVMIsACallInst(i) ? LLVMGetCalledValue(i) : NULL;
	char *text;
	bool is;

	if (!callee || !LLVMIsAInlineAsm(callee) || LLVMGetNumOperands(i) != 1)
		return false;
	text = LLVMPrintValueToString(callee);
	is = strstr(text, " asm sideeffect \"\", \"~{memory},") != NULL;
	LLVMDisposeMessage(text);
	return is;
}

/* Nobody else is at work: a volatile access is any access, and a barrier nothing. */
static void make_alone(LLVMValueRef function)
{
	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b;
	     b = LLVMGetNextBasicBlock(b)) {
		LLVMValueRef next;

		for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = next) {
			next = LLVMGetNextInstruction(i);
			if (LLVMIsALoadInst(i) || LLVMIsAStoreInst(i))
				LLVMSetVolatile(i, false);
			else if (is_barrier(i))
				LLVMInstructionEraseFromParent(i);
		}
	}
}

/* Nobody watches what is asked, or how memory is written: that changes nothing. */
static void make_null(LLVMModuleRef module, const char *name)
{
	LLVMValueRef g = LLVMGetNamedGlobal(module, name);

	if (!g)
		return;
	LLVMSetInitializer(g, LLVMConstNull(LLVMGlobalGetValueType(g)));
	LLVMSetGlobalConstant(g, true);
}

static void prepare(LLVMContextRef context, LLVMModuleRef module)
{
	u32 always = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
	u32 never = LLVMGetEnumAttributeKindForName("noinline", 8);

	make_null(module, "law_watch");
	make_null(module, "interleave_watched");
	make_null(module, "interleave_replayed");
	for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g))
		if (!LLVMIsDeclaration(g) && LLVMGetLinkage(g) != LLVMAppendingLinkage)
			LLVMSetLinkage(g, LLVMInternalLinkage);
	for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
		if (LLVMIsDeclaration(f))
			continue;
		LLVMSetLinkage(f, LLVMInternalLinkage);
		LLVMRemoveEnumAttributeAtIndex(f, LLVMAttributeFunctionIndex, never);
		LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex,
					LLVMCreateEnumAttribute(context, always, 0));
		make_alone(f);
	}
}

static void run_passes(LLVMModuleRef module, const char *passes)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMErrorRef err;

	LLVMPassBuilderOptionsSetSLPVectorization(options, false);
	LLVMPassBuilderOptionsSetLoopVectorization(options, false);
	err = LLVMRunPasses(module, passes, NULL, options);
	if (err) {
		fprintf(stderr, "prover: %s\n", LLVMGetErrorMessage(err));
		exit(2);
	}
	LLVMDisposePassBuilderOptions(options);
}

/* ---- running the C ---- */

static u32 failures;

static void count_failure(const struct finding *f)
{
	failures++;
}

struct call {
	const struct claim *claim;
	int parameter;
	const u64 *inputs;
};

static void make_call(void *arg)
{
	const struct call *call = arg;

	call->claim->run(call->parameter, call->inputs);
}

/* A trap, of a division mostly, is none of the values that a claim allows. */
static bool broken_in_c(const struct claim *c, int parameter, const u64 *inputs)
{
	struct call call = { c, parameter, inputs };
	struct subject_trap trap = { 0 };

	failures = 0;
	subject_guard(make_call, &call, &trap);
	return failures || trap.kind != SUBJECT_TRAP_NONE;
}

static u64 random64(void)
{
	static u64 x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Any number, of any size, or beside a power of two. */
static u64 some(void)
{
	u64 r = random64(), x = random64() >> (r & 63);

	switch (r >> 8 & 7) {
	case 0:		return -(x & 15);
	case 1:		return (1ull << (r >> 16 & 63)) + (x & 3) - 1;
	case 2:		return x & 15;
	default:	return x;
	}
}

/* ---- one obligation ---- */

struct obligation {
	const struct claim *claim;
	int parameter;
	u32 nr;				/* inputs, and their sizes */
	u32 bits[CLAIM_MAX_INPUTS];
	u64 input[CLAIM_MAX_INPUTS];	/* for which it doesn't hold */
};

static struct {
	const char *law, *claim, *out, *dump, *modules;
	double deadline;
	unsigned int query_ms;
	int jobs, parameter;
	bool list, has_parameter;
} options = { .modules = CF_MODULES, .deadline = 1e9, .query_ms = 10000 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static bool refuted(const struct obligation *o)
{
	return broken_in_c(o->claim, o->parameter, o->input);
}

static void draw(struct obligation *o)
{
	for (u32 i = 0; i < o->nr; i++)
		o->input[i] = some() & (~0ull >> (64 - o->bits[i]));
}

static bool refuted_by_chance(struct obligation *o, u32 tries)
{
	while (tries--) {
		draw(o);
		if (refuted(o))
			return true;
	}
	return false;
}

/* All facts hold, and the arithmetic is the C's, for inputs like those. */
static void check_model(struct obligation *o, fact_if broken)
{
	for (u32 n = 0; n < 40; n++) {
		draw(o);
		if (term_run(o->input, broken) == refuted(o))
			continue;
		fprintf(stderr, "prover: %s %d: the arithmetic isn't the function's\n",
			o->claim->name, o->parameter);
		exit(2);
	}
}

static enum solver_answer ask_one(struct obligation *o, struct solver *solver,
				  fact_if broken, const int *pinned)
{
	double left = options.deadline - now();
	unsigned int limit_ms = options.query_ms;
	enum solver_answer answer;
	char name[16];

	if (left * 1000 < limit_ms)
		limit_ms = left < 0.1 ? 100 : left * 1000;
	solver_begin(solver, limit_ms);
	term_write(solver->to, broken);
	if (pinned)
		term_pin(solver->to, *pinned, o->input[*pinned]);
	answer = solver_ask(solver);
	for (u32 i = 0; answer == SOLVER_SAT && i < o->nr; i++)
		if (solver_value(solver, term_input_name(i, name), &o->input[i]))
			answer = SOLVER_DIED;
	return answer;
}

/* The other one, where the first doesn't know. */
static enum solver_answer ask(struct obligation *o, struct solver *solvers, fact_if broken,
			      const int *pinned)
{
	enum solver_answer answer;
	int first = o->claim->solver;

	answer = ask_one(o, &solvers[first], broken, pinned);
	if (answer == SOLVER_UNKNOWN)
		answer = ask_one(o, &solvers[!first], broken, pinned);
	return answer;
}

/*
 * Its products are only numbers to the solver, so what it found may be nothing.  With
 * one factor fixed they are linear, and it is exact.
 */
static bool refuted_with_factor(struct obligation *o, struct solver *solver, fact_if broken)
{
	u64 found[CLAIM_MAX_INPUTS];

	memcpy(found, o->input, sizeof(found));
	for (int i = 0; i < (int)o->nr; i++) {
		memcpy(o->input, found, sizeof(found));
		if (ask(o, solver, broken, &i) == SOLVER_SAT && refuted(o))
			return true;
	}
	return false;
}

static void dump(const struct obligation *o, fact_if broken)
{
	char path[4096];
	FILE *f;

	if (!options.dump)
		return;
	snprintf(path, sizeof(path), "%s/%s.%d.smt2", options.dump, o->claim->name,
		 o->parameter);
	f = fopen(path, "w");
	if (!f)
		return;
	fputs("(set-logic QF_LIA)\n", f);
	term_write(f, broken);
	fputs("(check-sat)\n", f);
	fclose(f);
}

/* "proven", "refuted" (o->input) or "open" (*why) */
static const char *prove(LLVMModuleRef module, struct solver *solver, struct obligation *o,
			 const char **why)
{
	enum solver_answer answer = SOLVER_UNKNOWN;
	const char *lacks;
	LLVMValueRef f;
	fact_if broken;
	char name[100];

	snprintf(name, sizeof(name), "instance.%s.%d", o->claim->name, o->parameter);
	f = LLVMGetNamedFunction(module, name);
	o->nr = LLVMCountParams(f);
	for (u32 i = 0; i < o->nr; i++)
		o->bits[i] = LLVMGetIntTypeWidth(LLVMTypeOf(LLVMGetParam(f, i)));
	if (refuted_by_chance(o, 2000))
		return "refuted";
	lacks = lower(f, o->claim->splits, &broken);
	if (lacks) {
		*why = lacks;
		return "open";
	}
	for (int level = o->claim->level; level <= TERM_LEVELS && answer != SOLVER_DIED; level++) {
		if (now() > options.deadline) {
			*why = "out of time";
			return "open";
		}
		if (level)
			term_hints(level);
		check_model(o, broken);
		dump(o, broken);
		answer = ask(o, solver, broken, NULL);
		if (answer == SOLVER_UNSAT)
			return "proven";
		if (answer == SOLVER_SAT && refuted(o))
			return "refuted";
	}
	if (answer == SOLVER_SAT && refuted_with_factor(o, solver, broken))
		return "refuted";
	if (refuted_by_chance(o, 1000000))
		return "refuted";
	*why = answer == SOLVER_SAT ? "the solver's inputs, of the linear form, aren't real ones" :
	       answer == SOLVER_DIED ? "the solver failed" : "the solver gave up";
	return "open";
}

/* The scenario that shows it, or NULL. */
static const char *write_scenario(const struct obligation *o)
{
	const struct claim *c = o->claim;
	static char path[4096];
	struct file_new file;

	if (!options.out || !c->fields)
		return NULL;
	snprintf(path, sizeof(path), "%s/prove-%s-%d.txt", options.out, c->name, o->parameter);
	if (file_create(&file, path)) {
		fprintf(stderr, "prover: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	fprintf(file.out, "# Refuted: %s\n# (%s, %s %d)\nharness %s\n\nfields\n", c->sentence,
		c->function, c->parameter, o->parameter, c->harness);
	if (!c->fields(file.out, o->parameter, o->input)) {
		file_abandon(&file);
		return NULL;
	}
	if (file_commit(&file, false)) {
		fprintf(stderr, "prover: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	return path;
}

static void verdict(LLVMModuleRef module, struct solver *solver, struct obligation *o)
{
	const struct claim *c = o->claim;
	const char *why = "-", *result, *path = NULL, *by = solver->name;
	char inputs[200] = "", line[2000];
	double start = now();
	size_t at = 0;
	int n;

	if (c->reached) {
		subject_refuel();
		result = c->reached(o->parameter) ? "reached" : "open";
		why = *result == 'o' ? "the example doesn't reach it" : "-";
		by = "run";
	} else {
		result = prove(module, solver, o, &why);
	}
	if (!strcmp(result, "refuted")) {
		for (u32 i = 0; i < o->nr; i++)
			at += snprintf(inputs + at, sizeof(inputs) - at, "%s%llu",
				       i ? " " : "", o->input[i]);
		why = inputs;
		path = write_scenario(o);
	}
	n = snprintf(line, sizeof(line), "%s\t%d\t%s\t%.3f\t%s\t%s\t%s\n", c->name,
		     o->parameter, result, now() - start, by, why, path ?: "-");
	/* at once, for others write there, too */
	if (write(STDOUT_FILENO, line, n) != n)
		exit(2);
}

/* ---- all of them ---- */

static bool wanted(const struct claim *c)
{
	return (!options.law || !strcmp(options.law, c->law)) &&
	       (!options.claim || !strcmp(options.claim, c->name));
}

/* Every @of-th, from @first on. */
static struct obligation *share(u32 first, u32 of, u32 *nr)
{
	struct obligation *list = NULL;
	u32 n = 0;

	*nr = 0;
	for (const struct claim *c = claims; c->name; c++) {
		for (int p = c->from; wanted(c) && p <= c->to; p += c->step) {
			if ((options.has_parameter && p != options.parameter) ||
			    n++ % of != first)
				continue;
			list = realloc(list, (*nr + 1) * sizeof(*list));
			if (!list)
				abort();
			list[(*nr)++] = (struct obligation){ .claim = c, .parameter = p };
		}
	}
	return list;
}

static int work(u32 first, u32 of)
{
	char *paths = strdup(options.modules), *rest = paths, *path;
	LLVMContextRef context = LLVMContextCreate();
	LLVMModuleRef module = LLVMModuleCreateWithNameInContext("proofs", context);
	struct solver solvers[SOLVERS] = { 0 };
	struct obligation *list;
	u32 nr;

	list = share(first, of, &nr);
	while ((path = strsep(&rest, ":")))
		if (LLVMLinkModules2(module, read_module(context, path)))
			return 2;
	free(paths);
	prepare(context, module);
	for (u32 i = 0; i < nr; i++)
		if (!list[i].claim->reached)
			add_instance(context, module, list[i].claim, list[i].parameter);
	run_passes(module, "globaldce,default<O2>,globaldce");
	if (options.dump) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%u.ll", options.dump, first);
		LLVMPrintModuleToFile(module, path, NULL);
	}
	for (int i = 0; i < SOLVERS; i++) {
		if (solver_start(&solvers[i], solver_find(), i)) {
			fprintf(stderr, "prover: %s doesn't start\n", solver_find());
			return 2;
		}
	}
	law_set_sink(count_failure);
	for (u32 i = 0; i < nr; i++)
		verdict(module, solvers, &list[i]);
	for (int i = 0; i < SOLVERS; i++)
		solver_stop(&solvers[i]);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: prover [--list] [--law L] [--claim NAME] [--parameter N] [--time S]\n"
			"              [--query-ms N] [--jobs N] [--out DIR] [--dump DIR]\n"
			"              [--modules A.bc:B.bc:...]\n");
	return 2;
}

int main(int argc, char **argv)
{
	int i, code = 0, status;

	options.jobs = sysconf(_SC_NPROCESSORS_ONLN);
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		const char *value = argv[i + 1];

		if (!strcmp(argv[i], "--list")) {
			options.list = true;
			continue;
		}
		if (!value)
			return usage();
		if (!strcmp(argv[i], "--law"))
			options.law = value;
		else if (!strcmp(argv[i], "--claim"))
			options.claim = value;
		else if (!strcmp(argv[i], "--parameter"))
			options.has_parameter = true, options.parameter = atoi(value);
		else if (!strcmp(argv[i], "--time"))
			options.deadline = now() + atof(value);
		else if (!strcmp(argv[i], "--query-ms"))
			options.query_ms = atoi(value);
		else if (!strcmp(argv[i], "--jobs"))
			options.jobs = atoi(value);
		else if (!strcmp(argv[i], "--out"))
			options.out = value;
		else if (!strcmp(argv[i], "--modules"))
			options.modules = value;
		else if (!strcmp(argv[i], "--dump"))
			options.dump = value;
		else
			return usage();
		i++;
	}
	for (const struct claim *c = claims; options.list && c->name; c++)
		if (wanted(c))
			printf("%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", c->name, c->law, c->function,
			       c->parameter ?: "-", c->from, c->to, c->step, c->sentence);
	if (options.list)
		return 0;
	if (i != argc || options.jobs < 1)
		return usage();
	if (!solver_find()) {
		fprintf(stderr, "prover: no solver: apt-get install z3, or cvc5\n");
		return 2;
	}
	for (int n = 0; n < options.jobs; n++) {
		pid_t pid = fork();

		if (pid < 0)
			return 2;
		if (!pid)
			exit(work(n, options.jobs));
	}
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			code = 2;
	return code;
}
