// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz eval FUNCTION: one function of the subject on rows of numbers.
 *
 * A million rows through a pipe are the use, so numbers are read and written
 * by hand, into large buffers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "../subject.h"

#define MAX_ARGS 6
#define MAX_RESULTS 2

struct row {
	u64 arg[MAX_ARGS];
	u64 result[MAX_RESULTS];
	bool exists;			/* false: results are "-" */
};

struct function {
	const char *name;
	const char *args;		/* u: unsigned, s: signed, one each */
	const char *widths;		/* largest value: b 8, w 32, d 64 bits */
	const char *results;
	bool says_ok;			/* first column 1 or 0 */
	const char *columns, *result_names;
	void (*call)(struct row *row);
};

static void scale_delta(struct row *r)
{
	r->result[0] = subject->scale_delta(r->arg[0], r->arg[1], r->arg[2]);
}

static void time_scale(struct row *r)
{
	s8 shift = 0;
	u32 mul = 0;

	subject->time_scale(r->arg[0], r->arg[1], &shift, &mul);
	r->result[0] = (s64)shift;
	r->result[1] = mul;
}

static void pvclock_read(struct row *r)
{
	r->result[0] = subject->pvclock_read(r->arg[0], r->arg[1],
						  r->arg[2], r->arg[3], r->arg[4]);
}

static void hv_page_read(struct row *r)
{
	r->exists = subject->hv_page_read(r->arg[0], r->arg[1], r->arg[2],
					       &r->result[0]);
}

static void hv_page_params(struct row *r)
{
	s64 offset = 0;

	r->exists = subject->hv_page_params(r->arg[0], r->arg[1],
						 r->arg[2], r->arg[3],
						 &r->result[0], &offset);
	r->result[1] = offset;
}

static void scale_tsc(struct row *r)
{
	r->result[0] = subject->scale_tsc(r->arg[0], r->arg[1], r->arg[2]);
}

static void tsc_ratio(struct row *r)
{
	r->exists = subject->tsc_ratio(r->arg[0], r->arg[1], r->arg[2],
					    &r->result[0]);
}

static void nested_offset(struct row *r)
{
	r->result[0] = subject->nested_offset(r->arg[0], r->arg[1],
						   r->arg[2], r->arg[3]);
}

static void nested_multiplier(struct row *r)
{
	r->result[0] = subject->nested_multiplier(r->arg[0], r->arg[1],
						       r->arg[2]);
}

static void guest_tsc(struct row *r)
{
	r->result[0] = subject->guest_tsc(r->arg[0], r->arg[1]);
}

static const struct function functions[] = {
	{ "scale_delta", "uus", "dwb", "u", false, "delta mul shift", "ns", scale_delta },
	{ "time_scale", "uu", "dd", "su", false, "scaled_hz base_hz", "shift mul", time_scale },
	{ "pvclock_read", "uuusu", "ddwbd", "u", false,
	  "system_time tsc_timestamp mul shift tsc", "ns", pvclock_read },
	{ "hv_page_read", "uus", "ddd", "u", false, "tsc scale offset", "ticks", hv_page_read },
	{ "hv_page_params", "usuu", "wbdd", "us", true,
	  "mul shift system_time tsc_timestamp", "ok scale offset", hv_page_params },
	{ "scale_tsc", "uuu", "ddf", "u", false, "tsc ratio frac", "tsc", scale_tsc },
	{ "tsc_ratio", "uuu", "wwf", "u", true, "host_khz guest_khz frac", "ok ratio", tsc_ratio },
	{ "nested_offset", "ssuu", "dddf", "u", false, "l1 l2 multiplier frac", "offset", nested_offset },
	{ "nested_multiplier", "uuu", "ddf", "u", false, "l1 l2 frac", "multiplier", nested_multiplier },
	/* 64 bits: a negative delta that wraps is to be seen as the kernel adds it */
	{ "guest_tsc", "us", "wd", "s", false, "khz delta_ns", "cycles", guest_tsc },
};

#define NR_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* Many rows share one guard; @next says where to go on after a trap. */
struct batch {
	const struct function *function;
	struct row *rows;
	size_t nr, next;
};

#define BATCH 4096

static void run_batch(void *arg)
{
	struct batch *b = arg;

	for (; b->next < b->nr; b->next++) {
		subject_refuel();
		b->function->call(&b->rows[b->next]);
	}
}

static char *put_u64(char *p, u64 value)
{
	char buf[20];
	int n = 0;

	do {
		buf[n++] = '0' + value % 10;
		value /= 10;
	} while (value);
	while (n)
		*p++ = buf[--n];
	return p;
}

static char *put_result(char *p, u64 value, char sign)
{
	if (sign == 's' && (s64)value < 0) {
		*p++ = '-';
		value = -value;
	}
	return put_u64(p, value);
}

/* Columns of a row: "ok" where there is one, then the results or "-". */
static char *put_row(char *p, const struct function *f, const struct row *row,
		     bool json)
{
	const char *name = f->result_names;
	bool first = true;

	if (json)
		*p++ = '{';
	for (int i = f->says_ok ? -1 : 0; i < (int)strlen(f->results); i++) {
		if (!first)
			*p++ = json ? ',' : '\t';
		first = false;
		if (json) {
			size_t n = strcspn(name, " ");

			*p++ = '"';
			memcpy(p, name, n);
			p += n;
			*p++ = '"';
			*p++ = ':';
			name += n + (name[n] == ' ');
		}
		if (i < 0) {
			*p++ = row->exists ? '1' : '0';
		} else if (row->exists) {
			/* as a string: JSON readers keep 53 bits of a number */
			if (json)
				*p++ = '"';
			p = put_result(p, row->result[i], f->results[i]);
			if (json)
				*p++ = '"';
		} else if (json) {
			memcpy(p, "null", 4);
			p += 4;
		} else {
			*p++ = '-';
		}
	}
	if (json)
		*p++ = '}';
	*p++ = '\n';
	return p;
}

static int flush_batch(struct batch *b, bool json)
{
	static char out[BATCH * 128];
	char *p = out;
	size_t i;

	b->next = 0;
	while (b->next < b->nr) {
		struct subject_trap trap = { 0 };

		subject_guard(run_batch, b, &trap);
		if (trap.kind != SUBJECT_TRAP_NONE)
			b->rows[b->next++].exists = false;
	}
	for (i = 0; i < b->nr; i++)
		p = put_row(p, b->function, &b->rows[i], json);
	b->nr = 0;
	if (fwrite(out, 1, p - out, stdout) != (size_t)(p - out)) {
		fprintf(stderr, "clockfuzz: eval: cannot write the results\n");
		return 2;
	}
	return 0;
}

static bool in_range(s128 value, char width, char sign)
{
	switch (width) {
	case 'b':
		return value >= -128 && value <= 127;
	case 'f':
		return value >= 0 && value <= 63;
	case 'w':
		return value >= 0 && value <= 0xffffffffll;
	}
	if (sign == 's')
		return value >= -((s128)1 << 63) && value < (s128)1 << 63;
	return value >= 0 && value < (s128)1 << 64;
}

/* NULL, or what is wrong with the number at *@p. */
static const char *take_number(const char **p, char width, char sign, u64 *out)
{
	const char *s = *p;
	bool negative = *s == '-', hex;
	u128 value = 0;
	int digits = 0;

	s += negative;
	hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	if (hex)
		s += 2;
	for (;; s++, digits++) {
		int d = *s >= '0' && *s <= '9' ? *s - '0' :
			hex && *s >= 'a' && *s <= 'f' ? *s - 'a' + 10 :
			hex && *s >= 'A' && *s <= 'F' ? *s - 'A' + 10 : -1;

		if (d < 0)
			break;
		value = value * (hex ? 16 : 10) + d;
		if (value >> 65)
			return "out of range";
	}
	if (!digits || (*s && *s != '\t' && *s != '\n' && *s != ' '))
		return "not a number";
	if (!in_range(negative ? -(s128)value : (s128)value, width, sign))
		return "out of range";
	*out = negative ? -(u64)value : (u64)value;
	*p = s;
	return NULL;
}

static const char *parse_row(const struct function *f, const char *line,
			     struct row *row)
{
	const char *err;
	size_t i;

	row->exists = true;
	for (i = 0; f->args[i]; i++) {
		line += strspn(line, "\t ");
		if (!*line || *line == '\n')
			return "too few columns";
		err = take_number(&line, f->widths[i], f->args[i], &row->arg[i]);
		if (err)
			return err;
	}
	line += strspn(line, "\t \n");
	return *line ? "too many columns" : NULL;
}

static int usage(void)
{
	fprintf(stderr, "clockfuzz: eval: want one of these functions, arguments as TSV on stdin:\n");
	for (size_t i = 0; i < NR_FUNCTIONS; i++)
		fprintf(stderr, "  %-18s %s -> %s\n", functions[i].name,
			functions[i].columns, functions[i].result_names);
	return 2;
}

int cmd_eval(int argc, char **argv)
{
	static struct row rows[BATCH];
	struct batch batch = { .rows = rows };
	const char *name = NULL, *err = NULL;
	char *line = NULL;
	size_t room = 0, nr = 0;
	bool json = false;
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (argv[i][0] == '-' || name)
			return usage();
		else
			name = argv[i];
	}
	for (size_t i = 0; name && i < NR_FUNCTIONS; i++)
		if (!strcmp(functions[i].name, name))
			batch.function = &functions[i];
	if (!batch.function)
		return usage();

	setvbuf(stdin, NULL, _IOFBF, 1 << 20);
	while (!rc && getline(&line, &room, stdin) > 0) {
		nr++;
		if (line[0] == '\n' || line[0] == '#')
			continue;
		err = parse_row(batch.function, line, &rows[batch.nr]);
		if (err)
			break;
		if (++batch.nr == BATCH)
			rc = flush_batch(&batch, json);
	}
	if (!rc && batch.nr)
		rc = flush_batch(&batch, json);
	if (!rc && fflush(stdout)) {
		fprintf(stderr, "clockfuzz: eval: cannot write the results\n");
		rc = 2;
	}
	if (err) {
		fprintf(stderr, "clockfuzz: eval: stdin:%zu: %s\n", nr, err);
		rc = 2;
	}
	free(line);
	return rc;
}
