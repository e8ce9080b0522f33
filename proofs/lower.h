/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LLVM IR of one function to terms.  Only what is understood exactly: numbers and
 * truths, branches forward, and the two asm statements of pvclock.  Anything else is
 * refused with a reason.
 */
#ifndef CF_LOWER_H
#define CF_LOWER_H

#include <llvm-c/Core.h>
#include "term.h"

/*
 * Sets *broken to where law_fail() is called, or a division is by 0.  NULL, or why not.
 */
const char *lower(LLVMValueRef function, enum term_splits splits, fact_if *broken);

#endif
