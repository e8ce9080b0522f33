// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "input.h"

const u64 input_boundaries[] = {
	0, 1, 100, 1000, 10000, 1000000, 1000000000ull, 10000000000ull,
	60ull * CF_NS_PER_SEC, 3600ull * CF_NS_PER_SEC, 86400ull * CF_NS_PER_SEC,
	30 * 86400ull * CF_NS_PER_SEC, 365 * 86400ull * CF_NS_PER_SEC,
	/* real TSC rates, kHz and Hz */
	1000000, 1600000, 1995312, 2000000, 2095078, 2100000, 2300003, 2304000,
	2310000, 2400000, 2500000, 2592000, 2893299, 2900000, 3000000, 3400000,
	3700000, 4000000, 5000000,
	2304000000ull, 2500000000ull, 3000000000ull,
	/* 2^64 / mult for the clocksource mults of 1, 2.3, 3 GHz; 2^64 / 100 */
	1099511627776ull, 2533274790395ull, 3298535079937ull, 184467440737095516ull,
	/* 2^k, the edges of fields */
	1ull << 7, 1ull << 8, 1ull << 15, 1ull << 16, 1ull << 24, 1ull << 31,
	1ull << 32, 1ull << 33, 1ull << 40, 1ull << 46, 1ull << 48, 1ull << 52,
	1ull << 56, 1ull << 60, 1ull << 61, 1ull << 62, 1ull << 63, ~0ull,
	/* multipliers, normalised */
	0x80000000ull, 0xffffffffull, 3728270222ull, 2863311530ull, 954437177ull,
};
const size_t input_boundaries_nr =
	sizeof(input_boundaries) / sizeof(input_boundaries[0]);

static const char *text_source;
static struct input_record *recording;
static bool redirected;
static char error[200];

void input_redirect(const char *text, struct input_record *record)
{
	text_source = text;
	recording = record;
	redirected = text || record;
	error[0] = '\0';
}

const char *input_error(void)
{
	return error[0] ? error : NULL;
}

static u64 from_bytes(struct input *in)
{
	u64 value = 0;
	u8 selector;

	if (in->pos >= in->size)
		return 0;
	selector = in->data[in->pos++];
	if (selector >= 128) {
		value = input_boundaries[(selector - 128) % input_boundaries_nr];
		if (in->pos < in->size)
			value += (u64)(s64)(s8)in->data[in->pos++];
		return value;
	}
	if (in->size - in->pos >= 8) {
		memcpy(&value, in->data + in->pos, 8);
		in->pos += 8;
		return value;
	}
	for (int i = 0; i < 8 && in->pos < in->size; i++)
		value |= (u64)in->data[in->pos++] << 8 * i;
	return value;
}

/* The text after "@name " on a line of @text, or NULL. */
static const char *find_field(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		p += strspn(p, " \t");
		if (!strncmp(p, name, n) && (p[n] == ' ' || p[n] == '\t'))
			return p + n;
	}
	return NULL;
}

static void complain(const char *name, const char *what, const char *limit)
{
	if (!error[0])
		snprintf(error, sizeof(error), "field %s: %s%s", name, what, limit);
}

/* @magnitude and sign of the field, or false with the error set. */
static bool from_text(const char *name, u64 *magnitude, bool *negative)
{
	const char *p = find_field(text_source, name);
	char *end;

	if (!p) {
		complain(name, "missing", "");
		return false;
	}
	p += strspn(p, " \t");
	*negative = *p == '-';
	p += *negative;
	errno = 0;
	if (!isdigit((unsigned char)*p))
		end = (char *)p;
	else
		*magnitude = strtoull(p, &end, 0);
	if (end == p || errno || (*end && !isspace((unsigned char)*end) && *end != '#')) {
		complain(name, "not a 64-bit number", "");
		return false;
	}
	return true;
}

static void record(const char *name, const char *value, u64 bits)
{
	struct input_record *r = recording;
	int n;

	if (!r)
		return;
	n = snprintf(r->text + r->text_len, sizeof(r->text) - r->text_len,
		     "%s %s\n", name, value);
	if (n > 0 && r->text_len + n < sizeof(r->text))
		r->text_len += n;
	else
		complain(name, "too many fields", "");
	if (r->bytes_len + 9 > sizeof(r->bytes)) {
		complain(name, "too many fields", "");
		return;
	}
	r->bytes[r->bytes_len++] = 0;
	for (int i = 0; i < 8; i++)
		r->bytes[r->bytes_len++] = bits >> 8 * i;
}

u64 input_u64(struct input *in, const char *name, u64 min, u64 max)
{
	char text[32];
	u64 value;

	if (__builtin_expect(redirected && text_source, 0)) {
		bool negative = false;

		value = min;
		if (from_text(name, &value, &negative)) {
			snprintf(text, sizeof(text), "%llu", value < min ? min : max);
			if (negative || value < min)
				complain(name, "below ", text);
			else if (value > max)
				complain(name, "above ", text);
		}
		if (input_error())
			value = min;
	} else {
		value = from_bytes(in);
		if (value < min || value > max)
			value = min + fold(value, max - min);
	}
	if (__builtin_expect(redirected, 0)) {
		snprintf(text, sizeof(text), "%llu", value);
		record(name, text, value);
	}
	return value;
}

s64 input_s64(struct input *in, const char *name, s64 min, s64 max)
{
	u64 magnitude = 0, span = (u64)max - (u64)min;
	char text[32];
	s64 value;

	if (__builtin_expect(redirected && text_source, 0)) {
		bool negative = false;
		s128 wide = 0;

		value = min;
		if (from_text(name, &magnitude, &negative)) {
			wide = negative ? -(s128)magnitude : (s128)magnitude;
			value = wide;
			snprintf(text, sizeof(text), "%lld", wide < min ? min : max);
			if (wide < min)
				complain(name, "below ", text);
			else if (wide > max)
				complain(name, "above ", text);
		}
		if (input_error())
			value = min > 0 || max < 0 ? min : 0;
	} else {
		value = from_bytes(in);
		if (value < min || value > max)
			value = (s64)((u64)min + fold(value, span));
	}
	if (__builtin_expect(redirected, 0)) {
		snprintf(text, sizeof(text), "%lld", value);
		record(name, text, value);
	}
	return value;
}
