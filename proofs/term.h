/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a law says, as arithmetic of whole numbers: polynomials over atoms, and facts
 * about them.  An atom is an input, a quotient, a remainder or a choice; a fact, "if
 * GUARD then POLY >= 0" or "= 0", follows from what its atoms are, for all inputs.
 *
 * A solver is told the facts with each product of atoms as a number of its own, of
 * which it knows nothing.  So whatever it says can't be (unsat) can't be; what it
 * finds (sat) may be none.  More facts, products of known ones, make up for that.
 */
#ifndef CF_TERM_H
#define CF_TERM_H

#include <stdio.h>
#include "big.h"

/* Up to four atoms, highest first, 16 bits each: atom n is n + 1. */
typedef u64 mono;

struct term {
	mono mono;			/* 0: a constant */
	struct big factor;
};

struct poly {
	u32 nr;
	struct term term[];		/* ordered by mono, no factor is 0 */
};

/* ---- truth: an index; its negation is ~index ---- */
typedef int fact_if;
#define TRUTH_TRUE 0
#define TRUTH_FALSE (~TRUTH_TRUE)

/*
 * How quotients by powers of two are told; all are right, a solver likes one:
 * SUMS: that of a number modulo 2^n by what that number is, so that those of a sum and of
 * its parts meet.  DIGITS: two of one number are made of the same digits, as carries want
 * it.  PLAIN: neither.
 */
enum term_splits { SPLIT_SUMS, SPLIT_DIGITS, SPLIT_PLAIN };

/* Forgets all. */
void term_reset(enum term_splits how);

const struct poly *poly_const(struct big c);
const struct poly *poly_add(const struct poly *a, const struct poly *b);
const struct poly *poly_sub(const struct poly *a, const struct poly *b);
const struct poly *poly_scale(const struct poly *a, struct big c);
const struct poly *poly_mul(const struct poly *a, const struct poly *b);
bool poly_is_const(const struct poly *p, struct big *c);
void poly_range(const struct poly *p, struct big *low, struct big *high);

const struct poly *term_input(unsigned int bits);
/* Any value: of what isn't known. */
const struct poly *term_unknown(unsigned int bits);
/* p = 2^k * quotient + remainder */
void term_split(const struct poly *p, unsigned int k, const struct poly **quotient,
		const struct poly **remainder);
/* The same by a divisor, both not negative; of nothing if the divisor is 0. */
void term_divide(const struct poly *p, const struct poly *by,
		 const struct poly **quotient, const struct poly **remainder);
const struct poly *term_choose(fact_if c, const struct poly *yes, const struct poly *no);

fact_if truth_at_least_0(const struct poly *p);
fact_if truth_equal(const struct poly *a, const struct poly *b);
fact_if truth_and(fact_if a, fact_if b);
fact_if truth_or(fact_if a, fact_if b);
fact_if truth_choose(fact_if c, fact_if yes, fact_if no);

/*
 * Runs it: each atom's value for @inputs; then each fact is looked at.  Returns the
 * truth of @t; ends the program where a fact doesn't hold, for then it proves nothing.
 */
bool term_run(const u64 *inputs, fact_if t);

/*
 * Adds facts that follow: products of facts.  Level 1 multiplies by few atoms, one of each
 * product, 2 by all that occur in products, 3 looks at wraps, too; 4 and 5 are 1 and 2 with
 * products of three.
 */
#define TERM_LEVELS 5
void term_hints(int level);

/* SMT-LIB: all facts, and that @t is true. */
void term_write(FILE *out, fact_if t);
/* How an input is called there. */
const char *term_input_name(u32 n, char buf[16]);
/* Says that an input has a value, which makes its products linear. */
void term_pin(FILE *out, u32 n, u64 value);

#endif
