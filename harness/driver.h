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

/* Writes @path to @out as text, as it is.  Returns the exit code. */
int driver_to_text(const char *path, const char *out);

#endif
