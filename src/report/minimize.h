/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Smaller reproducers that still do the same.
 */
#ifndef CF_MINIMIZE_H
#define CF_MINIMIZE_H

#include "../scenario/text.h"

/* Does @file still do it?  Called for each candidate. */
typedef bool (*minimize_test)(const struct text_file *file, void *arg);

/*
 * Shrinks @file while @holds(@file, @arg): fewer events, fewer vCPUs and CPUs, a
 * plainer machine, rounder numbers.  @file itself must hold.  Comments behind
 * lines go with the lines; the story above them stays.  Deterministic; a second
 * call changes nothing.  Returns the number of candidates tried.
 */
u32 minimize(struct text_file *file, minimize_test holds, void *arg);

#endif
