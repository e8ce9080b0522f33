/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers and names as people read them; inside src/report/ only. */
#ifndef CF_WORDS_H
#define CF_WORDS_H

#include <stdio.h>
#include "report.h"
#include "../oracle/run.h"

#define WORDS 80

u128 words_magnitude(s128 v);
const char *words_commas(u128 value, char buf[WORDS]);
/* Two's complement as the kernel's u64 would hold it, when it fits there. */
const char *words_hex(s128 value, char buf[WORDS]);
/* "253.0 years": the largest unit that leaves at least one. */
const char *words_duration(double ns, char buf[WORDS]);
/* "2,310 cycles (1.0 us)" */
const char *words_cycles(u64 cycles, const struct machine *m, char buf[WORDS]);
/* "2.31 GHz" */
const char *words_khz(u32 khz, char buf[WORDS]);
/* "run vcpu 0 on cpu 1" */
const char *words_event(const struct event *e, char buf[100]);

/* @text's paragraphs, each line at most @width columns. */
void words_fold(FILE *out, const char *text, int width);

/* How many ns one @unit is, 0 when it isn't a time. */
double words_unit_ns(const char *unit);

/* "+253.0 years" or "+3 cycles": what @f is off by */
const char *words_amount(const struct finding *f, char buf[WORDS]);

/* Escape sequence for @out, "" when it is no terminal or NO_COLOR is set. */
enum words_style { WORDS_PLAIN, WORDS_BOLD, WORDS_RED, WORDS_DIM };
const char *words_style(FILE *out, enum words_style style);

/* Bytes of the UTF-8 character at @text, 0: it isn't one. */
int words_utf8(const char *text);

/* The function of @step's tree, or without a step of this build's; NULL: none. */
const struct subject_function *words_function(const struct step *step,
					      const char *name);

/* The steps of @s, [0] after boot; free() them. */
struct step *words_steps(const struct scenario *s);

/* The step of @f, or NULL when it isn't at an event. */
const struct step *words_step(const struct text_file *file,
			      const struct finding *f, const struct step *steps);

#endif
