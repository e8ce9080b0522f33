/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands between a harness and its driver (an engine, or replay).
 */
#ifndef CF_HARNESS_H
#define CF_HARNESS_H

#include <stdint.h>
#include "../src/oracle/law.h"
#include "../src/scenario/text.h"

#define HARNESS_MAX_INPUT 8192
#define HARNESS_MAX_FINDINGS 256

extern const char harness_name[];	/* "fuzz_..."; made by CMake */

/* The harness's entry point, as CMake renames it. */
int harness_one_input(const uint8_t *data, size_t size);

/* One execution.  Sliced code that traps breaks law "total". */
void harness_run(const u8 *data, size_t size);

/* The findings of one execution; each signature once. */
struct harness_findings {
	u32 nr;
	struct finding finding[HARNESS_MAX_FINDINGS];
};

bool harness_same_signature(const struct finding *a, const struct finding *b);
const struct finding *harness_find(const struct harness_findings *list,
				   const struct finding *f);

/* One execution whose findings go to @list instead of the sink. */
void harness_collect(const u8 *data, size_t size, struct harness_findings *list);

/* Bytes to the text form, without comments or expectations. */
void harness_to_text(const u8 *data, size_t size, struct text_file *file);

/* Text to bytes that decode to it.  Returns the size, or -1 with @err set. */
int harness_to_bytes(const struct text_file *file, u8 *buf, size_t max,
		     const char **err);

/*
 * Shrinks @file while it breaks the law that @f says, and by the same actual
 * value if it expects one.  @progress, or NULL, is told of each candidate: how
 * many were tried, and what they shrink.  Returns how many.
 */
typedef void (*harness_progress)(u32 tried, const struct text_file *file);
u32 harness_minimize(struct text_file *file, const struct finding *f,
		     harness_progress progress);

#endif
