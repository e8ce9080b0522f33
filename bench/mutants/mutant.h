/* SPDX-License-Identifier: GPL-2.0-only */
/* What mutated files ask: is mutant @n on?  See mutate.c. */
#ifndef CF_MUTANT_H
#define CF_MUTANT_H

#define MUTANT_MAX 32768

extern unsigned int cf_mutant;
extern unsigned char cf_reached[MUTANT_MAX];

#ifdef CF_REACHED
/* notes which places are executed; none is on */
#define CF_MUTANT(n) (cf_reached[n] = 1, 0)
#else
#define CF_MUTANT(n) (cf_mutant == (n))
#endif

#endif
