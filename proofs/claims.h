/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be proven: each is a function of a constant, a shift mostly, and of inputs.
 * It calls law_fail() where the claim doesn't hold.  The same functions are lowered to
 * arithmetic and run.
 */
#ifndef CF_CLAIMS_H
#define CF_CLAIMS_H

#include "../src/types.h"

struct claim {
	const char *name;		/* claim_NAME() in IR */
	const char *law;
	const char *function;		/* of the subject, "-" for a law's own arithmetic */
	const char *sentence;
	const char *parameter;		/* what the constant is */
	s8 from, to;
	void (*run)(int parameter, const u64 *inputs);
};

extern const struct claim claims[];	/* ends with name == NULL */

#endif
