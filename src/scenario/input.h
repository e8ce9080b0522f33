/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named fields out of a fuzzer's bytes, for harnesses over pure functions.
 *
 * decode() of a harness is a list of input_*() calls.  The same list serves
 * three directions: bytes to values (fuzzing), text to values and bytes
 * (reading a corpus file), and values to text (writing a finding).
 *
 * Encoding of a field: one selector byte, then for selector < 128 the value
 * as 8 little-endian bytes; otherwise boundary value (selector - 128) of
 * input_boundaries[] (modulo its length) plus one signed byte.  What lies
 * outside [min, max] is folded into it.  Exhausted input reads zero.
 */
#ifndef CF_INPUT_H
#define CF_INPUT_H

#include "../types.h"

struct input {
	const u8 *data;
	size_t size, pos;
};

static inline struct input input_init(const u8 *data, size_t size)
{
	return (struct input){ data, size, 0 };
}

/* @value into [0, @max]: mostly it is there, and a division is dear. */
static inline u64 fold(u64 value, u64 max)
{
	if (value <= max)
		return value;
	return max & (max + 1) ? value % (max + 1) : value & max;
}

/* Next field @name, in [@min, @max]. */
u64 input_u64(struct input *in, const char *name, u64 min, u64 max);
s64 input_s64(struct input *in, const char *name, s64 min, s64 max);

/* 0, 1, 2^k - 1, 2^k, 2^k + 1, 2^63, 2^64 - 1, real TSC rates in kHz and Hz … */
extern const u64 input_boundaries[];
extern const size_t input_boundaries_nr;

/*
 * Text mode, used by the replay driver only.  While a text is set, fields are
 * looked up in it by name instead of being read from bytes, and the bytes that
 * would decode to the same values are recorded.  While a record is set, each
 * field is appended to it as "name value" lines.
 */
struct input_record {
	char text[4096];		/* "name value\n"... */
	size_t text_len;
	u8 bytes[1024];			/* decodes to the same values */
	size_t bytes_len;
};

/*
 * @text: "name value" lines or NULL; @record or NULL.  Both NULL: normal mode.
 */
void input_redirect(const char *text, struct input_record *record);

/* First error of text mode since input_redirect() ("field mul: above 4294967295"), or NULL. */
const char *input_error(void);

#endif
