/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mask slicer: copies of kernel files in which all that isn't needed is
 * blank.  Kept definitions stay on their own lines.
 */
#ifndef CF_SLICE_H
#define CF_SLICE_H

#include <stdbool.h>

#define SLICE_OK 0
#define SLICE_USAGE 2		/* not a Linux tree, bad manifest, no ctags */
#define SLICE_MISSING 125	/* a required function isn't there */

/*
 * Slices @tree as @manifest says into folder @out (made if missing).  Errors
 * go to stderr, one line each; counts go to stdout if @verbose.  Nothing is
 * written into @tree; what didn't change in @out isn't touched.  Once per
 * process: what it learned about the tree is never freed.
 */
int slice(const char *tree, const char *manifest, const char *out,
	  bool verbose);

#endif
