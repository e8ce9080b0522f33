/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Findings and timelines for people, and as JSON for programs.
 */
#ifndef CF_REPORT_H
#define CF_REPORT_H

#include <stdio.h>
#include "../oracle/law.h"
#include "../scenario/text.h"

/* @path: where the reproducer is, for the replay command. */
void report_print(FILE *out, const struct text_file *file,
		  const struct finding *f, const char *path);

/* One object on one line, without a newline. */
void report_json(FILE *out, const struct text_file *file,
		 const struct finding *f, const char *path);

/* What every event did, as a table; @width 0: no limit.  Timelines only. */
void report_timeline(FILE *out, const struct scenario *s, int width);
void report_timeline_json(FILE *out, const struct scenario *s);

/* Does an expectation's tree ("6.12", "any") mean this build's? */
bool report_tree_matches(const char *tree);

const char *report_trap(const struct subject_trap *trap);

/* @s quoted and escaped. */
void report_json_string(FILE *out, const char *s);

/* "--kernel TREE " when this build isn't of the default tree, else "". */
const char *report_kernel_option(void);

#define REPORT_S128 48
const char *report_s128(s128 value, char buf[REPORT_S128]);

#endif
