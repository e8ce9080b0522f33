/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A finding as a C test for the kernel's own trees.
 *
 * What is written is ours, names of the kernel's functions, ioctls and test macros
 * apart.  Each returns NULL, or one line that says what can't be expressed; then what
 * was written is of no use.  @signature: that of the finding, or NULL: the last one.
 */
#ifndef CF_EMIT_H
#define CF_EMIT_H

#include "report.h"

/*
 * For tools/testing/selftests/kvm: the scenario by documented ioctls and MSRs on real
 * hardware, whose time isn't the simulated one; so it asserts the law, on what is read
 * there.
 */
const char *emit_kselftest(FILE *out, const struct text_file *file, const char *path,
			   const char *signature);

/* For KUnit: one call of a kernel function with the finding's arguments. */
const char *emit_kunit(FILE *out, const struct text_file *file, const char *path,
		       const char *signature);

/* ---- inside src/report/ only -------------------------------------------- */

/* "can't be expressed" in one line; static, the last one counts */
const char *emit_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ...for there is no finding of @signature, or with NULL none at all */
const char *emit_silent(const char *signature);

/* The last finding of @run(@arg), of @signature if it isn't NULL; false: there is none. */
bool emit_judge(void (*run)(const void *arg), const void *arg, const char *signature,
		struct finding *f);

/*
 * The comment at the top: story, where it comes from, and @fmt..., a paragraph about
 * how it fails.
 */
void emit_head(FILE *out, const struct text_file *file, const char *path,
	       const struct finding *f, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* "regress_kvm_253y" of "corpus/regress-kvm-253y.txt" */
#define EMIT_NAME 64
const char *emit_name(const char *path, char buf[EMIT_NAME]);

#endif
