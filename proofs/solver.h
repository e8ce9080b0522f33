/* SPDX-License-Identifier: GPL-2.0-only */
/* A solver, beside this program, that is spoken to in SMT-LIB. */
#ifndef CF_SOLVER_H
#define CF_SOLVER_H

#include <stdio.h>
#include <sys/types.h>

struct solver {
	const char *name;
	FILE *to, *from;
	pid_t pid;
};

/*
 * What is installed, in two variants, for what one decides at once takes another long:
 * z3 with its older or its newer simplex, or cvc5, which has but one.  NULL: nothing.
 */
#define SOLVERS 2
const char *solver_find(void);
int solver_start(struct solver *s, const char *name, int variant);
void solver_stop(struct solver *s);

/* Begins a question; its answer is to take at most that long. */
void solver_begin(struct solver *s, unsigned int limit_ms);

enum solver_answer { SOLVER_UNSAT, SOLVER_SAT, SOLVER_UNKNOWN, SOLVER_DIED };

enum solver_answer solver_ask(struct solver *s);

/* After SOLVER_SAT: the value of a constant that isn't negative. */
int solver_value(struct solver *s, const char *name, unsigned long long *value);

#endif
