// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "words.h"

u128 words_magnitude(s128 v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

static char *digits(u128 v, unsigned int base, bool commas, char *end)
{
	int n = 0;

	*--end = '\0';
	do {
		if (commas && n && n % 3 == 0)
			*--end = ',';
		*--end = "0123456789abcdef"[(int)(v % base)];
		v /= base;
		n++;
	} while (v);
	return end;
}

const char *report_s128(s128 value, char buf[REPORT_S128])
{
	char *p = digits(words_magnitude(value), 10, false, buf + REPORT_S128);

	if (value < 0)
		*--p = '-';
	return p;
}

const char *words_commas(u128 value, char buf[WORDS])
{
	return digits(value, 10, true, buf + WORDS);
}

const char *words_hex(s128 value, char buf[WORDS])
{
	u128 v = value < 0 && value >= -((s128)1 << 63) ? (u64)value : (u128)value;
	char *p = digits(v, 16, false, buf + WORDS);

	*--p = 'x';
	*--p = '0';
	return p;
}

const char *words_duration(double ns, char buf[WORDS])
{
	static const struct {
		double ns;
		const char *name;
	} units[] = {
		{ 365.25 * 86400e9, "years" }, { 86400e9, "days" },
		{ 3600e9, "hours" }, { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" },
	};
	double size = ns < 0 ? -ns : ns;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (size >= units[i].ns) {
			snprintf(buf, WORDS, "%.1f %s", ns / units[i].ns, units[i].name);
			return buf;
		}
	snprintf(buf, WORDS, size < 10 && ns != (int)ns ? "%.1f ns" : "%.0f ns", ns);
	return buf;
}

const char *words_cycles(u64 cycles, const struct machine *m, char buf[WORDS])
{
	char number[WORDS], time[WORDS];

	snprintf(buf, WORDS, "%s cycle%s (%s)", words_commas(cycles, number),
		 cycles == 1 ? "" : "s",
		 words_duration(cycles * 1e6 / m->tsc_khz, time));
	return buf;
}

double words_unit_ns(const char *unit)
{
	if (!strcmp(unit, "ns"))
		return 1;
	if (strstr(unit, "100"))
		return 100;
	return 0;
}

void words_fold(FILE *out, const char *text, int width)
{
	int column = 0;

	while (*text) {
		int n = strcspn(text, " \n");

		if (column && column + 1 + n > width) {
			putc('\n', out);
			column = 0;
		}
		if (n)
			column += fprintf(out, "%s%.*s", column ? " " : "", n, text);
		text += n;
		if (*text == '\n') {
			putc('\n', out);
			column = 0;
		}
		text += !!*text;
	}
}

const struct subject_function *words_function(const struct step *step,
					      const char *name)
{
	const struct subject_function *fn;

	for (fn = step && step->subject ? step->subject->functions :
					  subject->functions; name && fn->name; fn++)
		if (!strcmp(fn->name, name))
			return fn;
	return NULL;
}

static void no_findings(const struct finding *f)
{
}

struct step *words_steps(const struct scenario *s)
{
	struct step *steps = calloc(s->nr_events + 1, sizeof(*steps));
	law_sink old;

	if (!steps)
		abort();
	old = law_set_sink(no_findings);
	run_scenario(s, subject, steps);
	law_set_sink(old);
	/* where it stopped before its end */
	for (u32 i = 0; i <= s->nr_events; i++) {
		struct step *step = &steps[i];

		if (step->machine)
			continue;
		step->machine = i ? step[-1].machine : &s->machine;
		step->subject = i ? step[-1].subject : subject;
		step->host = i ? step[-1].host : 0;
	}
	return steps;
}

const struct step *words_step(const struct text_file *file,
			      const struct finding *f, const struct step *steps)
{
	if (!steps || !file->is_timeline || f->event_nr < 1 ||
	    f->event_nr > (int)file->scenario.nr_events)
		return NULL;
	return &steps[f->event_nr];
}

const char *words_khz(u32 khz, char buf[WORDS])
{
	snprintf(buf, WORDS, "%.9g GHz", khz / 1e6);
	return buf;
}

const char *words_event(const struct event *e, char buf[100])
{
	FILE *f = fmemopen(buf, 100, "w");
	size_t skip;

	if (!f)
		abort();
	text_print_event(e, f);
	fclose(f);
	buf[99] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	skip = strspn(buf, " \t");
	memmove(buf, buf + skip, strlen(buf + skip) + 1);
	return buf;
}

const char *words_amount(const struct finding *f, char buf[WORDS])
{
	s128 diff = f->got - f->want;
	double ns = words_unit_ns(f->unit ? f->unit : "");
	char number[WORDS];

	if (ns)
		snprintf(buf, WORDS, "%s%s", diff >= 0 ? "+" : "",
			 words_duration((double)diff * ns, number));
	else
		snprintf(buf, WORDS, "%c%s %s", diff < 0 ? '-' : '+',
			 words_commas(words_magnitude(diff), number),
			 f->unit ? f->unit : "");
	return buf;
}

const char *words_style(FILE *out, enum words_style style)
{
	static const char *const escape[] = { "\033[0m", "\033[1m", "\033[31m",
					      "\033[2m" };
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (fileno(out) < 0 || !isatty(fileno(out)) ||
	    (no_color && *no_color) || (term && !strcmp(term, "dumb")))
		return "";
	return escape[style];
}

int words_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int n = *s < 0x80 ? 1 : *s < 0xc0 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 :
		*s < 0xf8 ? 4 : 0;
	u32 c = n ? *s & (0xff >> n) : 0;

	for (int i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n > 1 && (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)))
		return 0;
	return n;
}
