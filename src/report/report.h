/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Findings and timelines for people, and as JSON for programs.
 */
#ifndef CF_REPORT_H
#define CF_REPORT_H

#include <stdio.h>
#include "../oracle/law.h"
#include "../scenario/text.h"

/* The whole report; @path: where the reproducer is, for the replay command. */
void report_print(FILE *out, const struct text_file *file,
		  const struct finding *f, const char *path);

/* The first line of a report, without a newline. */
void report_headline(FILE *out, const struct text_file *file,
		     const struct finding *f);

/* What happened, in a few sentences, one paragraph of @width columns. */
void report_story(FILE *out, const struct text_file *file,
		  const struct finding *f, int width);

/* The author's words, if the file has any; else report_story(). */
void report_told(FILE *out, const struct text_file *file,
		 const struct finding *f, int width);

/* One object on one line, without a newline; @known: slug of its row, or NULL. */
void report_json(FILE *out, const struct text_file *file,
		 const struct finding *f, const char *path, const char *known);

/* Expected, actual, difference, law, code, state: the report's block. */
void report_values(FILE *out, const struct text_file *file,
		   const struct finding *f, const char *path);

/*
 * The step that broke the law, computed again with the numbers that it had, and
 * where the kernel computes it.  The last number is what the kernel returned;
 * false: it isn't, or this kind of finding has no arithmetic of its own.
 */
bool report_arithmetic(FILE *out, const struct text_file *file,
		       const struct finding *f);

/*
 * What every event did, as a table; @findings' events are marked.  @width: that
 * of the terminal, 0 without limit; what matters least gives way.
 */
void report_timeline(FILE *out, const struct scenario *s,
		     const struct finding *findings, u32 nr, int width);
void report_timeline_json(FILE *out, const struct scenario *s,
			  const struct finding *findings, u32 nr);

/*
 * For every migration of @s: when what was saved and restored, by how much that moves
 * the guest's clock against its TSC, and what each later update leaves of it.  JSON:
 * the members of an array.
 */
void report_migrations(FILE *out, const struct scenario *s, bool json);

/*
 * A gnuplot script that draws what the clocks said around @f against true time,
 * as PNG or as SVG.  Timelines only.  False: the lines that it draws hardly move by
 * what @f is off, for it is about another clock or about a single read.
 */
bool report_plot(FILE *out, const struct text_file *file,
		 const struct finding *f, bool png);

/* How a hunt begins what it writes; promote puts the story there. */
#define FOUND_BY "# Found by clockfuzz hunt on "

const char *report_trap(const struct subject_trap *trap);

/* @s quoted and escaped; what isn't UTF-8 becomes U+FFFD. */
void report_json_string(FILE *out, const char *s);

/* "--kernel TREE " when this build isn't of the default tree, else "". */
const char *report_kernel_option(void);

#define REPORT_S128 48
const char *report_s128(s128 value, char buf[REPORT_S128]);

#endif
