// SPDX-License-Identifier: GPL-2.0-only
/*
 * prover MODULE.bc...: a line for each claim and constant.
 */
#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm-c/Target.h>
#include <time.h>
#include <unistd.h>
#include "claims.h"
#include "lower.h"
#include "solver.h"
#include "../src/oracle/law.h"

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
	type = LLVMGetElementType(LLVMTypeOf(claim));
	nr = LLVMCountParams(claim);
	LLVMGetParamTypes(type, types);
	snprintf(name, sizeof(name), "%s.%d", c->name, parameter);
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

static void prepare(LLVMContextRef context, LLVMModuleRef module)
{
	u32 always = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
	u32 never = LLVMGetEnumAttributeKindForName("noinline", 8);

	for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
		if (LLVMIsDeclaration(f))
			continue;
		if (strchr(LLVMGetValueName(f), '.')) 
			continue;
		LLVMSetLinkage(f, LLVMInternalLinkage);
		LLVMRemoveEnumAttributeAtIndex(f, LLVMAttributeFunctionIndex, never);
		LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex,
			LLVMCreateEnumAttribute(context, always, 0));
		/* nobody else writes what a pure function works on */
		for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
			for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
				if (LLVMIsALoadInst(i) || LLVMIsAStoreInst(i))
					LLVMSetVolatile(i, false);
	}
	/* who only watches changes nothing */
	LLVMValueRef watch = LLVMGetNamedGlobal(module, "law_watch");
	LLVMSetInitializer(watch, LLVMConstNull(LLVMGlobalGetValueType(watch)));
	LLVMSetGlobalConstant(watch, true);
	for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g))
		if (!LLVMIsDeclaration(g) && LLVMGetLinkage(g) != LLVMAppendingLinkage)
			LLVMSetLinkage(g, LLVMInternalLinkage);
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

static u32 failures;

static void count_failure(const struct finding *f)
{
	failures++;
}

static bool broken_in_c(const struct claim *c, int parameter, const u64 *inputs)
{
	failures = 0;
	c->run(parameter, inputs);
	return failures;
}

static u64 random64(void)
{
	static u64 x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static u64 some(void)
{
	u64 r = random64(), x = random64() >> (r & 63);

	switch (r >> 8 & 7) {
	case 0: return -(x >> 60);
	case 1: return 1ull << (r >> 16 & 63);
	case 2: return (1ull << (r >> 16 & 63)) - 1;
	case 3: return x & 15;
	default: return x;
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void prove(LLVMModuleRef module, struct solver *solver, const struct claim *c,
		  int parameter)
{
	char name[100];
	LLVMValueRef f;
	fact_if broken;
	const char *why;
	double start = seconds();
	enum solver_answer answer = SOLVER_UNKNOWN;
	u32 bits[8], tested = 0;
	const char *verdict = "open";
	char detail[400] = "";

	snprintf(name, sizeof(name), "%s.%d", c->name, parameter);
	f = LLVMGetNamedFunction(module, name);
	why = lower(f, &broken);
	if (why) {
		printf("%s\t%d\topen\t-\t%s\n", c->name, parameter, why);
		return;
	}
	for (u32 i = 0; i < LLVMCountParams(f); i++)
		bits[i] = LLVMGetIntTypeWidth(LLVMTypeOf(LLVMGetParam(f, i)));
	u32 nr = LLVMCountParams(f);
	for (u32 degree = 2; degree <= 3 && answer != SOLVER_UNSAT; degree++) {
		if (getenv("NOHINTS") == NULL) term_hints(degree);
		for (u32 n = 0; n < 50; n++) {
			u64 in[8];

			for (u32 i = 0; i < nr; i++)
				in[i] = some() & (bits[i] == 64 ? ~0ull : (1ull << bits[i]) - 1);
			if (term_run(in, broken) != broken_in_c(c, parameter, in)) {
				fprintf(stderr, "prover: %s: the model isn't the function\n", name);
				exit(2);
			}
			tested++;
		}
		if (getenv("DUMP")) {
			FILE *d = fopen(getenv("DUMP"), "w");
			term_write(d, broken);
			fputs("(check-sat)\n", d);
			fclose(d);
		}
		solver_begin(solver, 4000);
		term_write(solver->to, broken);
		answer = solver_ask(solver);
		if (answer == SOLVER_SAT) {
			u64 in[8];
			size_t at = 0;

			for (u32 i = 0; i < nr; i++) {
				char buf[16];

				solver_value(solver, term_input_name(i, buf), &in[i]);
				at += snprintf(detail + at, sizeof(detail) - at, "%llu ", in[i]);
			}
			if (broken_in_c(c, parameter, in)) {
				verdict = "refuted";
				break;
			}
			verdict = "spurious";
		}
	}
	if (answer == SOLVER_UNSAT)
		verdict = "proven";
	printf("%s\t%d\t%s\t%.3f\t%u facts\t%s\n", c->name, parameter, verdict,
	       seconds() - start, term_nr_facts(), verdict[0] == 'p' ? "" : detail);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	LLVMContextRef context = LLVMContextCreate();
	LLVMModuleRef module = LLVMModuleCreateWithNameInContext("proofs", context);
	struct solver solver = { 0 };
	int i = 1;
	const char *only = NULL;
	double start = seconds();

	if (argc > 2 && !strcmp(argv[1], "--only")) {
		only = argv[2];
		i = 3;
	}
	law_set_sink(count_failure);
	for (; i < argc; i++)
		if (LLVMLinkModules2(module, read_module(context, argv[i])))
			return 2;
	prepare(context, module);
	for (const struct claim *c = claims; c->name; c++)
		for (int p = c->from; p <= c->to; p++)
			if (!only || !strcmp(only, c->name))
				add_instance(context, module, c, p);
	run_passes(module, "globaldce,default<O2>,globaldce");
	if (getenv("LL"))
		LLVMPrintModuleToFile(module, getenv("LL"), NULL);
	fprintf(stderr, "prepared in %.2f s\n", seconds() - start);
	solver_start(&solver, getenv("SOLVER") ?: solver_find());
	for (const struct claim *c = claims; c->name; c++)
		for (int p = c->from; p <= c->to; p++)
			if (!only || !strcmp(only, c->name))
				prove(module, &solver, c, p);
	solver_stop(&solver);
	return 0;
}
