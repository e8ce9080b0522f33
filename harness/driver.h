/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the replay driver share. */
#ifndef CF_DRIVER_H
#define CF_DRIVER_H

#include "harness.h"
#include "../src/report/known.h"

#define DRIVER_MAX_FILE (1 << 20)

struct driver_input {
	struct text_file text;
	u8 data[DRIVER_MAX_FILE];
	size_t size;
};

extern struct known driver_known;	/* no rows without --known */

/* Reads @path; false after one line on stderr. */
bool driver_load(const char *path, struct driver_input *in);

/* One line on stderr that begins with @path; the exit code becomes 2. */
void driver_bad_input(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Which finding of a file --minimize and --promote are about, "LAW CLOCK EVENT";
 * NULL: the one that the file is named for, or the last new one.
 */
extern const char *driver_signature;

/*
 * Minimises @path and writes the result to @out, or to stdout when it is NULL;
 * with @slug as a regression of that name, whose story is filled in.  Prints
 * the signature and what became smaller on stderr.  Returns the exit code.
 */
int driver_keep(const char *path, const char *out, const char *slug);

/* @text as the comment above the first line of @file, at most 78 columns wide. */
void driver_comment(struct text_file *file, const char *text);

/* Writes @path to @out as text, as it is.  Returns the exit code. */
int driver_to_text(const char *path, const char *out);

/*
 * What a scenario reaches has a number, which holds for this program only: an edge of
 * the subject's code, a law that is asked of a clock or at an event, two events in a row,
 * a bug that is planted in the reference and shows.
 */

/* Prints @path's line: path, events, and the numbers of what it reaches. */
void driver_reach(const char *path);

/* What number @id stands for, a line on stdout; false: there is no such number. */
bool driver_name(const char *id);

/*
 * Takes each of @paths that reaches an edge or asks of a law what no scenario in folder
 * @corpus does, as small as it can be for that.  Prints the name of each new file.  What
 * breaks a law that the table doesn't know is left out.  Returns the exit code.
 */
int driver_merge(const char *corpus, char **paths, int nr);

#endif
