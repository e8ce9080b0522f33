/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be proven: functions of a constant, a shift mostly, and of inputs, which
 * call law_fail() where the claim doesn't hold.  The same functions are lowered to
 * arithmetic, and run.
 */
#ifndef CF_CLAIMS_H
#define CF_CLAIMS_H

#include <stdio.h>
#include "term.h"

#define CLAIM_MAX_INPUTS 6

struct claim {
	const char *name;		/* claim_NAME() in IR */
	const char *law;
	const char *function;		/* of the kernel */
	const char *sentence;
	const char *parameter;		/* what the constant is, or NULL */
	s8 from, to, step;
	s8 level;			/* of hints to begin with (term.h) */
	enum term_splits splits;
	u8 solver;			/* which to ask first (solver.h) */
	/* Fails by law_fail(). */
	void (*run)(int parameter, const u64 *inputs);
	/*
	 * Instead: the extreme that the claim before allows, for this constant.  An
	 * example is all that it takes.
	 */
	bool (*reached)(int parameter);
	/*
	 * Where a scenario can show that it doesn't hold: its harness, and its fields
	 * in text; false where no such scenario is accepted.
	 */
	const char *harness;
	bool (*fields)(FILE *out, int parameter, const u64 *inputs);
};

extern const struct claim claims[];	/* ends with name == NULL */

#endif
