// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text form.  A comment is remembered with the number of the content line
 * that it stands above or behind, so that printing puts it back there.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"
#include "../file.h"
#include "input.h"

/* ---- comments ------------------------------------------------------------ */

/*
 * text_file.comments: records "N:text\n", N the content line (from 0) it stands
 * above, or "N>text\n" when it stands behind that line.  Blank lines are
 * comments without text.
 */
static int add_comment(char **all, u32 line, bool behind, const char *text,
		       size_t len)
{
	size_t old = *all ? strlen(*all) : 0;
	char *grown = realloc(*all, old + len + 32);

	if (!grown)
		return -1;
	*all = grown;
	snprintf(grown + old, len + 32, "%u%c%.*s\n", line, behind ? '>' : ':',
		 (int)len, text);
	return 0;
}

struct printer {
	FILE *out;
	const char *comments;		/* the next record */
	u32 line;
};

static bool next_comment(struct printer *p, bool behind, const char **text,
			 int *len)
{
	char *end;
	unsigned long line;

	if (!p->comments || !*p->comments)
		return false;
	line = strtoul(p->comments, &end, 10);
	if (line != p->line || (*end == '>') != behind)
		return false;
	*text = end + 1;
	*len = strcspn(*text, "\n");
	p->comments = *text + *len + 1;
	return true;
}

static void before_line(struct printer *p)
{
	const char *text;
	int len;

	while (next_comment(p, false, &text, &len))
		fprintf(p->out, "%.*s\n", len, text);
}

static void end_line(struct printer *p)
{
	const char *text;
	int len;

	if (next_comment(p, true, &text, &len))
		fprintf(p->out, "%.*s", len, text);
	fputc('\n', p->out);
	p->line++;
}

/* ---- printing ------------------------------------------------------------ */

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static const char *const clocksource_names[] = {
	[SUBJECT_CS_TSC] = "tsc",
	[SUBJECT_CS_HYPERV_PAGE] = "hyperv-page",
	[SUBJECT_CS_OTHER] = "other",
};

static const char *const page_writes[] = {
	[SUBJECT_PAGE_OFF] = "off",
	[SUBJECT_PAGE_BY_GUEST] = "on",
	[SUBJECT_PAGE_BY_HOST] = "host",
	[SUBJECT_PAGE_NOWHERE] = "nowhere",
	[SUBJECT_PAGE_LAST] = "last",
	[SUBJECT_PAGE_JUNK] = "junk",
};

static const char *const stimer_flags[] = {
	"enable", "periodic", "auto", "direct", "no-sint", "no-synic",
	"no-page", "no-direct", "lax",
};

static const char *const readers[SUBJECT_READER_NR] = {
	"pvclock", "vdso-pvclock", "tsc-page", "wall-clock",
	"gtod", "timekeeper", "get-clock", "reference", "shared-info", "runstate",
};

static const char *const interleave_words[INTERLEAVE_NR] = {
	"at", "then", "load", "fresh", "backwards", NULL,
};

static const char *const nested_words[] = {
	[SUBJECT_NESTED_EXIT] = "nested-exit",
	[SUBJECT_NESTED_ENTER] = "nested-enter",
	[SUBJECT_NESTED_ENTER_FAILS] = "nested-enter-fails",
};

static const char *const runstates[] = { "running", "runnable", "blocked", "offline" };

static const char *const xen_attrs[SUBJECT_XEN_ATTR_NR] = {
	"time", "info", "both", "area", "flagged-area", "edge-area", "end-area", "no-area",
	"reload", "read", "arm", "disarm", "current", "adjust", "adjust-state", "given",
	"wrong-sum", "wrong-state", "future", "wrong-adjust-sum", "wrong-adjust-state",
	"wrong-current", "wrong-priority", "wrong-id", "wrong-vector", "wrong-type",
	"unaccounted",
};

static const char *const lapic_modes[SUBJECT_LAPIC_MODE_NR] = {
	"oneshot", "periodic", "restored", "lvt-oneshot", "lvt-periodic", "lvt-deadline",
	"divider", "msr", "msr-past", "current", "reloaded",
};

static const char *const tsc_ways[] = { "msr", "offset" };
static const char *const slot_states[] = { "read", "busy" };
static const char *const switches[] = { "off", "on" };
static const char *const memory_slots[] = { "back", "gone" };
static const char *const clocksource_choices[] = { "own", "other" };

static void print_s128(s128 value, FILE *out)
{
	/* take_number() gives no more than 64 bits and a sign */
	fprintf(out, "%s%llu", value < 0 ? "-" : "",
		value < 0 ? (u64)-value : (u64)value);
}

struct time_unit {
	const char *name;
	u64 ns;
};

static const struct time_unit time_units[] = {
	{ "d", 86400 * CF_NS_PER_SEC }, { "h", 3600 * CF_NS_PER_SEC },
	{ "min", 60 * CF_NS_PER_SEC }, { "s", CF_NS_PER_SEC },
	{ "ms", 1000000 }, { "us", 1000 }, { "ns", 1 },
};


static void print_ns(FILE *out, u64 ns)
{
	size_t i;

	for (i = 0; i + 1 < NR(time_units); i++)
		if (ns && ns % time_units[i].ns == 0)
			break;
	fprintf(out, "%llu %s", ns / time_units[i].ns, time_units[i].name);
}

/*
 * One content line of a host's block; false when @nr is past the end.  Every host
 * has as many CPUs as the first, and the same VM.
 */
static bool print_machine_line(const struct machine *m, bool first, u32 nr,
			       FILE *out)
{
	nr += !first && nr ? 2 : 0;
	switch (nr) {
	case 0:
		fprintf(out, "tsc_khz %u kHz", m->tsc_khz);
		return true;
	case 1:
		fprintf(out, "cpus %u", m->nr_cpus);
		return true;
	case 2:
		fprintf(out, "vcpus %u", m->nr_vcpus);
		return true;
	case 3:
		fprintf(out, "clocksource %s", clocksource_names[m->clocksource]);
		return true;
	case 4:
		fprintf(out, "tsc_scaling %s", m->tsc_frac_bits == 48 ? "vmx" :
			m->tsc_frac_bits == 32 ? "svm" : "none");
		return true;
	case 5:
		fprintf(out, "boot_tsc %llu cycles", m->boot_tsc);
		return true;
	case 6:
		fprintf(out, "realtime ");
		print_ns(out, m->realtime_ns);
		return true;
	}
	/* only the CPUs that have a skew */
	for (u32 cpu = 1; cpu < m->nr_cpus; cpu++)
		if (m->skew_cycles[cpu] && nr-- == 7) {
			fprintf(out, "skew cpu %u %+lld cycles", cpu,
				m->skew_cycles[cpu]);
			return true;
		}
	if (m->early_tsc_khz && nr == 7) {
		fprintf(out, "early_tsc_khz %u kHz", m->early_tsc_khz);
		return true;
	}
	return false;
}

/* At most a place: "save-tsc", "tick on cpu 0", "read-pvclock vcpu 1". */
static bool is_plain(const struct event_info *info)
{
	return !info->unit && !(info->has_cpu && info->has_vcpu);
}

static void print_event_words(const struct event *e, FILE *out)
{
	const struct event_info *info = &event_info[e->kind];

	if (is_plain(info)) {
		if (info->has_cpu)
			fprintf(out, "%s on cpu %u", info->name, e->cpu);
		else if (info->has_vcpu)
			fprintf(out, "%s vcpu %u", info->name, e->vcpu);
		else
			fputs(info->name, out);
		return;
	}
	switch ((enum event_kind)e->kind) {
	case EVENT_ADVANCE_NS:
		fputs("advance ", out);
		print_ns(out, e->value);
		break;
	case EVENT_ADVANCE_CYCLES:
		fprintf(out, "advance %llu cycles", e->value);
		break;
	case EVENT_RUN_VCPU:
		fprintf(out, "run vcpu %u on cpu %u", e->vcpu, e->cpu);
		break;
	case EVENT_WRITE_TSC_HOST:
	case EVENT_WRITE_TSC_GUEST:
		fprintf(out, "write-tsc vcpu %u %llu cycles by %s", e->vcpu,
			e->value, e->kind == EVENT_WRITE_TSC_HOST ? "host" :
								    "guest");
		break;
	case EVENT_SET_TSC_OFFSET:
		fprintf(out, "tsc-offset vcpu %u %lld cycles", e->vcpu,
			(s64)e->value);
		break;
	case EVENT_SET_TSC_KHZ:
		fprintf(out, "set-tsc-khz vcpu %u %llu kHz", e->vcpu, e->value);
		break;
	case EVENT_SET_CLOCK:
	case EVENT_SET_CLOCK_REALTIME:
		fputs("set-clock ", out);
		print_ns(out, e->value);
		fprintf(out, "%s on cpu %u", e->kind == EVENT_SET_CLOCK ? "" :
			" realtime", e->cpu);
		break;
	case EVENT_WRITE_TSC_PAGE:
		fprintf(out, "tsc-page %s vcpu %u", page_writes[e->value], e->vcpu);
		break;
	case EVENT_HIBERNATE:
		fprintf(out, "%s vcpu %u", e->value ? "resume" : "hibernate", e->vcpu);
		break;
	case EVENT_MIGRATE:
		fprintf(out, "migrate to host %llu", e->value);
		break;
	case EVENT_RESTORE_TSC:
		fprintf(out, "restore-tsc by %s", tsc_ways[e->value]);
		break;
	case EVENT_RESTORE_CLOCK:
		fprintf(out, "restore-clock%s on cpu %u", e->value ? " realtime" : "",
			e->cpu);
		break;
	case EVENT_STIMER_CONFIG:
		fprintf(out, "stimer-config vcpu %u", e->vcpu);
		for (u32 i = 0; i < NR(stimer_flags); i++)
			if (e->value & 1u << i)
				fprintf(out, " %s", stimer_flags[i]);
		break;
	case EVENT_STIMER_ARM:
		fprintf(out, "stimer-arm vcpu %u in ", e->vcpu);
		print_ns(out, e->value);
		break;
	case EVENT_MESSAGE_SLOT:
		fprintf(out, "message-slot %s vcpu %u", slot_states[e->value], e->vcpu);
		break;
	case EVENT_REENLIGHTENMENT:
		fprintf(out, "reenlightenment %s vcpu %u", switches[e->value], e->vcpu);
		break;
	case EVENT_NTP_SLEW:
		fprintf(out, "ntp-slew %lld ppb on cpu %u", (s64)e->value, e->cpu);
		break;
	case EVENT_STEP_REALTIME:
		fputs((s64)e->value < 0 ? "step-realtime -" : "step-realtime ", out);
		print_ns(out, (s64)e->value < 0 ? -e->value : e->value);
		fprintf(out, " on cpu %u", e->cpu);
		break;
	case EVENT_CLOCKSOURCE:
		fprintf(out, "clocksource %s on cpu %u", clocksource_choices[e->value],
			e->cpu);
		break;
	case EVENT_SUSPEND:
		fputs("suspend ", out);
		print_ns(out, e->value);
		break;
	case EVENT_INTERLEAVE:
		fprintf(out, "interleave %s vcpu %u at %u",
			readers[interleave_get(e->value, INTERLEAVE_READER)], e->vcpu,
			interleave_get(e->value, INTERLEAVE_STORE));
		for (int i = INTERLEAVE_THEN; i < INTERLEAVE_BACKWARDS; i++)
			if (interleave_get(e->value, i))
				fprintf(out, " %s %u", interleave_words[i],
					interleave_get(e->value, i));
		if (interleave_get(e->value, INTERLEAVE_BACKWARDS))
			fputs(" backwards", out);
		break;
	case EVENT_MEMORY_FAULT:
		fprintf(out, "memory-fault after %llu", e->value);
		break;
	case EVENT_READ_WALL_CLOCK:
		fprintf(out, "read-wall-clock on cpu %u", e->cpu);
		if (e->value) {
			fputs(" preempted ", out);
			print_ns(out, e->value);
		}
		break;
	case EVENT_NESTED_OFFSET:
		fprintf(out, "nested-offset vcpu %u %lld cycles", e->vcpu,
			(s64)e->value);
		break;
	case EVENT_NESTED_KHZ:
		fprintf(out, "nested-khz vcpu %u %llu kHz", e->vcpu, e->value);
		break;
	case EVENT_NESTED:
		fprintf(out, "%s vcpu %u", nested_words[e->value], e->vcpu);
		break;
	case EVENT_XEN_SHARED_INFO:
		fprintf(out, "xen-shared-info on cpu %u%s", e->cpu,
			e->value ? " 32-bit" : "");
		break;
	case EVENT_XEN_TIMER:
		fprintf(out, "xen-timer vcpu %u in ", e->vcpu);
		print_ns(out, e->value);
		break;
	case EVENT_XEN_TIMER_AT:
		fprintf(out, "xen-timer-at vcpu %u %lld ns", e->vcpu, (s64)e->value);
		break;
	case EVENT_RESTORE_RUNSTATE:
		fprintf(out, "restore-runstate vcpu %u away ", e->vcpu);
		print_ns(out, e->value);
		break;
	case EVENT_RUNSTATE:
		fprintf(out, "runstate %s vcpu %u", runstates[e->value], e->vcpu);
		break;
	case EVENT_XEN_ATTR:
		fprintf(out, "xen-attr %s vcpu %u", xen_attrs[e->value], e->vcpu);
		break;
	case EVENT_STEAL:
		fprintf(out, "steal vcpu %u ", e->vcpu);
		print_ns(out, e->value);
		break;
	case EVENT_SLOT:
		fprintf(out, "memory-slot %s", memory_slots[e->value]);
		break;
	case EVENT_TSC_DEADLINE:
		fprintf(out, "tsc-deadline vcpu %u in %llu cycles", e->vcpu, e->value);
		break;
	case EVENT_LAPIC_TIMER:
		fprintf(out, "lapic-timer vcpu %u %s %u by %u", e->vcpu,
			lapic_modes[LAPIC_TIMER_MODE(e->value)],
			LAPIC_TIMER_COUNT(e->value), LAPIC_TIMER_DIVIDE(e->value));
		break;
	default:
		break;
	}
}

void text_print_event(const struct event *event, FILE *out)
{
	fputs("  ", out);
	print_event_words(event, out);
	fputc('\n', out);
}

static void print_machine(struct printer *p, const struct machine *m, bool first)
{
	for (u32 i = 0; ; i++) {
		char buf[128] = "";
		FILE *line = fmemopen(buf, sizeof(buf), "w");
		bool more = line && print_machine_line(m, first, i, line);

		if (line)
			fclose(line);
		if (!more)
			return;
		before_line(p);
		fprintf(p->out, "  %s", buf);
		end_line(p);
	}
}

static void print_hosts(struct printer *p, const struct scenario *s)
{
	before_line(p);
	fputs("machine", p->out);
	end_line(p);
	print_machine(p, &s->machine, true);
	for (u32 host = 1; host < s->nr_hosts; host++) {
		before_line(p);
		fprintf(p->out, "host %u", host);
		end_line(p);
		print_machine(p, &s->hosts[host], false);
	}
}

void text_print_machines(const struct scenario *s, FILE *out)
{
	struct printer p = { out, NULL, 0 };

	print_hosts(&p, s);
}

void text_print(const struct text_file *file, FILE *out)
{
	struct printer p = { out, file->comments, 0 };
	const char *field;
	u32 i;

	before_line(&p);
	fprintf(out, "harness %s", file->harness);
	end_line(&p);
	if (file->expect != TEXT_EXPECT_NOTHING) {
		before_line(&p);
		fputs("expect ", out);
		if (file->expect == TEXT_EXPECT_SILENT)
			fputs("silent", out);
		else
			print_s128(file->figure, out);
		if (file->has_right) {
			fputs(" not ", out);
			print_s128(file->right, out);
		}
		end_line(&p);
	}
	before_line(&p);
	if (!file->is_timeline) {
		fputs("fields", out);
		end_line(&p);
		for (field = file->fields; *field; ) {
			int len = strcspn(field, "\n");

			before_line(&p);
			fprintf(out, "  %.*s", len, field);
			end_line(&p);
			field += len + (field[len] == '\n');
		}
		before_line(&p);
		return;
	}
	print_hosts(&p, &file->scenario);
	before_line(&p);
	fputs("events", out);
	end_line(&p);
	for (i = 0; i < file->scenario.nr_events; i++) {
		before_line(&p);
		fputs("  ", out);
		print_event_words(&file->scenario.events[i], out);
		end_line(&p);
	}
	before_line(&p);
}

/* ---- parsing ------------------------------------------------------------- */

struct parser {
	struct text_error *err;
	int line;
	const char *start;		/* of the line */
	const char *pos, *end;		/* rest of the line, without comment */
};

static int fail_at(struct parser *p, const char *at, const char *fmt, ...)
{
	va_list ap;

	p->err->line = p->line;
	p->err->column = at - p->start + 1;
	va_start(ap, fmt);
	vsnprintf(p->err->message, sizeof(p->err->message), fmt, ap);
	va_end(ap);
	return -1;
}

static void skip_blanks(struct parser *p)
{
	while (p->pos < p->end && (*p->pos == ' ' || *p->pos == '\t'))
		p->pos++;
}

/* The next word, not taken. */
static size_t peek(struct parser *p, const char **word)
{
	size_t n = 0;

	skip_blanks(p);
	*word = p->pos;
	while (p->pos + n < p->end && p->pos[n] != ' ' && p->pos[n] != '\t')
		n++;
	return n;
}

static bool accept(struct parser *p, const char *expected)
{
	const char *at;

	skip_blanks(p);
	for (at = p->pos; *expected && at < p->end && *at == *expected; at++)
		expected++;
	if (*expected || (at < p->end && *at != ' ' && *at != '\t'))
		return false;
	p->pos = at;
	return true;
}

static int expect(struct parser *p, const char *expected)
{
	skip_blanks(p);
	if (accept(p, expected))
		return 0;
	return fail_at(p, p->pos, "expected \"%s\"", expected);
}

static int take_word(struct parser *p, const char *what, char *buf, size_t size)
{
	const char *word;
	size_t n = peek(p, &word);

	if (!n)
		return fail_at(p, word, "expected %s", what);
	if (n >= size)
		return fail_at(p, word, "%s is too long", what);
	memcpy(buf, word, n);
	buf[n] = '\0';
	p->pos += n;
	return 0;
}

/* A 64-bit number, decimal or 0x; *@negative NULL: a sign isn't allowed. */
static int take_number(struct parser *p, const char *what, u64 *value,
		       bool *negative)
{
	const char *at;
	char buf[64], *digits = buf, *end;

	skip_blanks(p);
	at = p->pos;
	if (take_word(p, what, buf, sizeof(buf)))
		return -1;
	if (negative) {
		*negative = *digits == '-';
		digits += *digits == '-' || *digits == '+';
	}
	errno = 0;
	*value = strtoull(digits, &end, 0);
	if (!isdigit((unsigned char)*digits) || *end)
		return fail_at(p, at, "expected %s, a number", what);
	if (errno)
		return fail_at(p, at, "%s does not fit in 64 bits", what);
	return 0;
}

static int take_index(struct parser *p, const char *what, u32 nr, u32 *index)
{
	const char *at;
	u64 value;

	if (expect(p, what))
		return -1;
	skip_blanks(p);
	at = p->pos;
	if (take_number(p, "its number", &value, NULL))
		return -1;
	if (value >= nr)
		return fail_at(p, at, "there is no %s %llu", what, value);
	*index = value;
	return 0;
}

static int take_vcpu(struct parser *p, const struct machine *m, struct event *e)
{
	u32 vcpu;

	if (take_index(p, "vcpu", m->nr_vcpus, &vcpu))
		return -1;
	e->vcpu = vcpu;
	return 0;
}

static int take_on_cpu(struct parser *p, const struct machine *m, struct event *e)
{
	u32 cpu;

	if (expect(p, "on") || take_index(p, "cpu", m->nr_cpus, &cpu))
		return -1;
	e->cpu = cpu;
	return 0;
}

/* Which of @words comes next. */
static int take_one_of(struct parser *p, const char *const *words, u32 nr, u64 *which)
{
	char list[sizeof(p->err->message)];
	size_t n = 0;

	for (*which = 0; *which < nr; ++*which)
		if (accept(p, words[*which]))
			return 0;
	for (u32 i = 0; i < nr && n < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%s",
			      !i ? "" : i + 1 < nr ? ", " : " or ", words[i]);
	skip_blanks(p);
	return fail_at(p, p->pos, "expected %s", list);
}

#define TAKE_ONE_OF(p, words, which) take_one_of(p, words, NR(words), which)

static int take_ns(struct parser *p, u64 *ns)
{
	const char *at;
	u64 value;
	size_t i;

	skip_blanks(p);
	at = p->pos;
	if (take_number(p, "a time", &value, NULL))
		return -1;
	for (i = 0; i < NR(time_units); i++)
		if (accept(p, time_units[i].name))
			break;
	skip_blanks(p);
	if (i == NR(time_units))
		return fail_at(p, p->pos, "expected a unit: ns us ms s min h d");
	if ((u128)value * time_units[i].ns >> 64)
		return fail_at(p, at, "the time does not fit in 64 bits of ns");
	*ns = value * time_units[i].ns;
	return 0;
}

/* The event's time, which has a largest, called @max. */
static int take_ns_up_to(struct parser *p, struct event *e, const char *max)
{
	const char *at;

	skip_blanks(p);
	at = p->pos;
	if (take_ns(p, &e->value))
		return -1;
	return e->value <= event_info[e->kind].max ? 0 : fail_at(p, at, "at most %s", max);
}

static int take_khz(struct parser *p, u64 *khz)
{
	if (take_number(p, "a frequency", khz, NULL))
		return -1;
	if (accept(p, "MHz"))
		*khz *= 1000;
	else if (accept(p, "GHz"))
		*khz *= 1000000;
	else
		return expect(p, "kHz");
	return 0;
}

static int take_end(struct parser *p)
{
	skip_blanks(p);
	if (p->pos < p->end)
		return fail_at(p, p->pos, "unexpected text at the end of the line");
	return 0;
}

/* u8 fields get what isn't allowed as 255, for scenario_invalid() to refuse. */
static u8 narrow(u64 value)
{
	return value > 255 ? 255 : value;
}

static int parse_machine_line(struct parser *p, struct machine *m)
{
	u64 value = 0;
	bool negative;

	if (accept(p, "tsc_khz")) {
		if (take_khz(p, &value))
			return -1;
		m->tsc_khz = value > ~0u ? ~0u : value;
	} else if (accept(p, "early_tsc_khz")) {
		if (take_khz(p, &value))
			return -1;
		m->early_tsc_khz = value > ~0u ? ~0u : value;
	} else if (accept(p, "cpus")) {
		if (take_number(p, "a number of CPUs", &value, NULL))
			return -1;
		m->nr_cpus = narrow(value);
	} else if (accept(p, "vcpus")) {
		if (take_number(p, "a number of vCPUs", &value, NULL))
			return -1;
		m->nr_vcpus = narrow(value);
	} else if (accept(p, "clocksource")) {
		if (TAKE_ONE_OF(p, clocksource_names, &value))
			return -1;
		m->clocksource = value;
	} else if (accept(p, "tsc_scaling")) {
		if (accept(p, "none"))
			m->tsc_frac_bits = 0;
		else if (accept(p, "vmx"))
			m->tsc_frac_bits = 48;
		else if (accept(p, "svm"))
			m->tsc_frac_bits = 32;
		else
			return fail_at(p, p->pos, "expected none, vmx or svm");
	} else if (accept(p, "boot_tsc")) {
		if (take_number(p, "a number of cycles", &m->boot_tsc, NULL) ||
		    expect(p, "cycles"))
			return -1;
	} else if (accept(p, "realtime")) {
		return take_ns(p, &m->realtime_ns);
	} else if (accept(p, "skew")) {
		u32 cpu;

		if (take_index(p, "cpu", SUBJECT_MAX_CPUS, &cpu) ||
		    take_number(p, "a number of cycles", &value, &negative) ||
		    expect(p, "cycles"))
			return -1;
		if (value > 1ull << 62)
			value = 1ull << 62;
		m->skew_cycles[cpu] = negative ? -(s64)value : (s64)value;
	} else {
		skip_blanks(p);
		return fail_at(p, p->pos, "expected tsc_khz, cpus, vcpus, clocksource, tsc_scaling, boot_tsc, realtime, skew or early_tsc_khz");
	}
	return 0;
}

/* "interleave pvclock vcpu 1 at 2 then 3 load 1 fresh 5 backwards" */
static int parse_interleave(struct parser *p, const struct machine *m,
			    struct event *e)
{
	const char *at;
	u64 x;

	e->kind = EVENT_INTERLEAVE;
	if (TAKE_ONE_OF(p, readers, &x) || take_vcpu(p, m, e))
		return -1;
	e->value = interleave_put(0, INTERLEAVE_READER, x);
	for (int i = INTERLEAVE_STORE; i < INTERLEAVE_BACKWARDS; i++) {
		if (!accept(p, interleave_words[i]))
			continue;
		skip_blanks(p);
		at = p->pos;
		if (take_number(p, "a number", &x, NULL))
			return -1;
		if (x > interleave_max(i))
			return fail_at(p, at, "at most %u", interleave_max(i));
		e->value = interleave_put(e->value, i, x);
	}
	if (accept(p, "backwards"))
		e->value = interleave_put(e->value, INTERLEAVE_BACKWARDS, 1);
	return 0;
}

static int parse_event(struct parser *p, const struct machine *m, u32 nr_hosts,
		       struct event *e)
{
	const char *at;
	bool negative, nested = false;

	memset(e, 0, sizeof(*e));
	for (int kind = 0; kind < EVENT_NR; kind++) {
		const struct event_info *info = &event_info[kind];

		if (!is_plain(info) || !accept(p, info->name))
			continue;
		e->kind = kind;
		if (info->has_vcpu)
			return take_vcpu(p, m, e);
		if (!info->has_cpu)
			return 0;
		goto on_cpu;
	}
	if (accept(p, "advance")) {
		struct parser again = *p;
		u64 value;

		if (!take_number(p, "a time", &value, NULL) && accept(p, "cycles")) {
			e->kind = EVENT_ADVANCE_CYCLES;
			e->value = value;
		} else {
			*p = again;
			e->kind = EVENT_ADVANCE_NS;
			if (take_ns(p, &e->value))
				return -1;
		}
		skip_blanks(&again);
		if (e->value > event_info[e->kind].max)
			return fail_at(p, again.pos, "at most 10 years");
		return 0;
	}
	if (accept(p, "run")) {
		e->kind = EVENT_RUN_VCPU;
		if (take_vcpu(p, m, e))
			return -1;
		goto on_cpu;
	}
	if (accept(p, "write-tsc")) {
		if (take_vcpu(p, m, e) ||
		    take_number(p, "a number of cycles", &e->value, NULL) ||
		    expect(p, "cycles") || expect(p, "by"))
			return -1;
		e->kind = EVENT_WRITE_TSC_GUEST;
		if (accept(p, "guest"))
			return 0;
		e->kind = EVENT_WRITE_TSC_HOST;
		skip_blanks(p);
		return accept(p, "host") ? 0 :
			fail_at(p, p->pos, "expected host or guest");
	}
	if (accept(p, "tsc-offset") || (nested = accept(p, "nested-offset"))) {
		e->kind = nested ? EVENT_NESTED_OFFSET : EVENT_SET_TSC_OFFSET;
		if (take_vcpu(p, m, e) ||
		    take_number(p, "a number of cycles", &e->value, &negative) ||
		    expect(p, "cycles"))
			return -1;
		if (negative)
			e->value = -e->value;
		return 0;
	}
	if (accept(p, "set-tsc-khz") || (nested = accept(p, "nested-khz"))) {
		e->kind = nested ? EVENT_NESTED_KHZ : EVENT_SET_TSC_KHZ;
		if (take_vcpu(p, m, e))
			return -1;
		skip_blanks(p);
		at = p->pos;
		if (take_khz(p, &e->value))
			return -1;
		if (e->value > event_info[e->kind].max)
			return fail_at(p, at, "at most 4294967295 kHz");
		return 0;
	}
	if (accept(p, "set-clock")) {
		e->kind = EVENT_SET_CLOCK;
		if (take_ns(p, &e->value))
			return -1;
		if (accept(p, "realtime"))
			e->kind = EVENT_SET_CLOCK_REALTIME;
		goto on_cpu;
	}
	if (accept(p, "tsc-page")) {
		e->kind = EVENT_WRITE_TSC_PAGE;
		return TAKE_ONE_OF(p, page_writes, &e->value) || take_vcpu(p, m, e) ? -1 : 0;
	}
	if (accept(p, "hibernate") || (e->value = accept(p, "resume"))) {
		e->kind = EVENT_HIBERNATE;
		return take_vcpu(p, m, e);
	}
	if (accept(p, "migrate")) {
		u32 host;

		e->kind = EVENT_MIGRATE;
		if (expect(p, "to") || take_index(p, "host", nr_hosts, &host))
			return -1;
		e->value = host;
		return 0;
	}
	if (accept(p, "restore-tsc")) {
		e->kind = EVENT_RESTORE_TSC;
		return expect(p, "by") || TAKE_ONE_OF(p, tsc_ways, &e->value) ? -1 : 0;
	}
	if (accept(p, "restore-clock")) {
		e->kind = EVENT_RESTORE_CLOCK;
		e->value = accept(p, "realtime");
		goto on_cpu;
	}
	if (accept(p, "stimer-config")) {
		e->kind = EVENT_STIMER_CONFIG;
		if (take_vcpu(p, m, e))
			return -1;
		for (u32 i = 0; i < NR(stimer_flags); i++)
			if (accept(p, stimer_flags[i]))
				e->value |= 1u << i;
		return 0;
	}
	if (accept(p, "stimer-arm")) {
		e->kind = EVENT_STIMER_ARM;
		if (take_vcpu(p, m, e) || expect(p, "in"))
			return -1;
		return take_ns(p, &e->value);
	}
	if (accept(p, "message-slot")) {
		e->kind = EVENT_MESSAGE_SLOT;
		return TAKE_ONE_OF(p, slot_states, &e->value) || take_vcpu(p, m, e) ? -1 : 0;
	}
	if (accept(p, "reenlightenment")) {
		e->kind = EVENT_REENLIGHTENMENT;
		return TAKE_ONE_OF(p, switches, &e->value) || take_vcpu(p, m, e) ? -1 : 0;
	}
	if (accept(p, "interleave"))
		return parse_interleave(p, m, e);
	if (accept(p, "memory-fault")) {
		e->kind = EVENT_MEMORY_FAULT;
		if (expect(p, "after"))
			return -1;
		skip_blanks(p);
		at = p->pos;
		if (take_number(p, "a number of accesses", &e->value, NULL))
			return -1;
		return e->value <= event_info[e->kind].max ? 0 :
			fail_at(p, at, "at most 7");
	}
	if (accept(p, "read-wall-clock")) {
		e->kind = EVENT_READ_WALL_CLOCK;
		if (take_on_cpu(p, m, e))
			return -1;
		if (!accept(p, "preempted"))
			return 0;
		return take_ns_up_to(p, e, "1 s");
	}
	for (int how = 0; how < SUBJECT_NESTED_NR; how++)
		if (accept(p, nested_words[how])) {
			e->kind = EVENT_NESTED;
			e->value = how;
			return take_vcpu(p, m, e);
		}
	if (accept(p, "xen-shared-info")) {
		e->kind = EVENT_XEN_SHARED_INFO;
		if (take_on_cpu(p, m, e))
			return -1;
		e->value = accept(p, "32-bit");
		return 0;
	}
	if (accept(p, "xen-timer")) {
		e->kind = EVENT_XEN_TIMER;
		if (take_vcpu(p, m, e) || expect(p, "in"))
			return -1;
		return take_ns_up_to(p, e, "365 d");
	}
	if (accept(p, "xen-timer-at")) {
		e->kind = EVENT_XEN_TIMER_AT;
		if (take_vcpu(p, m, e) ||
		    take_number(p, "a number of ns", &e->value, &negative) ||
		    expect(p, "ns"))
			return -1;
		if (negative)
			e->value = -e->value;
		return 0;
	}
	if (accept(p, "runstate")) {
		e->kind = EVENT_RUNSTATE;
		return TAKE_ONE_OF(p, runstates, &e->value) || take_vcpu(p, m, e) ? -1 : 0;
	}
	if (accept(p, "xen-attr")) {
		e->kind = EVENT_XEN_ATTR;
		return TAKE_ONE_OF(p, xen_attrs, &e->value) || take_vcpu(p, m, e) ? -1 : 0;
	}
	if (accept(p, "steal")) {
		e->kind = EVENT_STEAL;
		if (take_vcpu(p, m, e))
			return -1;
		return take_ns_up_to(p, e, "1 h");
	}
	if (accept(p, "memory-slot")) {
		e->kind = EVENT_SLOT;
		return TAKE_ONE_OF(p, memory_slots, &e->value);
	}
	if (accept(p, "tsc-deadline")) {
		e->kind = EVENT_TSC_DEADLINE;
		if (take_vcpu(p, m, e) || expect(p, "in"))
			return -1;
		skip_blanks(p);
		at = p->pos;
		if (take_number(p, "a number of cycles", &e->value, NULL) ||
		    expect(p, "cycles"))
			return -1;
		return e->value <= event_info[e->kind].max ? 0 :
			fail_at(p, at, "at most 2^61 cycles");
	}
	if (accept(p, "lapic-timer")) {
		u64 mode, count, divide;

		e->kind = EVENT_LAPIC_TIMER;
		if (take_vcpu(p, m, e))
			return -1;
		if (TAKE_ONE_OF(p, lapic_modes, &mode))
			return -1;
		skip_blanks(p);
		at = p->pos;
		if (take_number(p, "a count", &count, NULL) || expect(p, "by") ||
		    take_number(p, "a divide code", &divide, NULL))
			return -1;
		if (count >> 32 || divide > 7)
			return fail_at(p, at, "the count has 32 bits, the divide code 3");
		e->value = mode << 35 | divide << 32 | count;
		return 0;
	}
	if (accept(p, "ntp-slew")) {
		e->kind = EVENT_NTP_SLEW;
		skip_blanks(p);
		at = p->pos;
		if (take_number(p, "a rate", &e->value, &negative) || expect(p, "ppb"))
			return -1;
		if (e->value > event_info[e->kind].max)
			return fail_at(p, at, "at most 500000 ppb");
		goto signed_value;
	}
	if (accept(p, "step-realtime")) {
		e->kind = EVENT_STEP_REALTIME;
		skip_blanks(p);
		negative = p->pos < p->end && *p->pos == '-';
		p->pos += negative;
		if (take_ns_up_to(p, e, "10 years"))
			return -1;
		goto signed_value;
	}
	if (accept(p, "suspend")) {
		e->kind = EVENT_SUSPEND;
		return take_ns_up_to(p, e, "10 years");
	}
	if (accept(p, "restore-runstate")) {
		e->kind = EVENT_RESTORE_RUNSTATE;
		if (take_vcpu(p, m, e) || expect(p, "away"))
			return -1;
		return take_ns_up_to(p, e, "365 d");
	}
	if (accept(p, "clocksource")) {
		e->kind = EVENT_CLOCKSOURCE;
		if (TAKE_ONE_OF(p, clocksource_choices, &e->value))
			return -1;
		goto on_cpu;
	}
	skip_blanks(p);
	return fail_at(p, p->pos, "unknown event");
signed_value:
	if (negative)
		e->value = -e->value;
on_cpu:
	return take_on_cpu(p, m, e);
}

static int parse_field(struct parser *p, struct text_file *file)
{
	size_t len = strlen(file->fields);
	char name[64], value[64];
	int n;

	if (take_word(p, "a field's name", name, sizeof(name)) ||
	    take_word(p, "its value", value, sizeof(value)))
		return -1;
	n = snprintf(file->fields + len, sizeof(file->fields) - len, "%s %s\n",
		     name, value);
	if ((size_t)n >= sizeof(file->fields) - len)
		return fail_at(p, p->start, "too many fields");
	return 0;
}

static int parse_expect(struct parser *p, struct text_file *file)
{
	bool negative;
	u64 value;

	if (file->expect != TEXT_EXPECT_NOTHING)
		return fail_at(p, p->start, "a second expect line");
	if (accept(p, "silent")) {
		file->expect = TEXT_EXPECT_SILENT;
		return 0;
	}
	if (take_number(p, "silent or a finding's actual value", &value, &negative))
		return -1;
	file->expect = TEXT_EXPECT_FIGURE;
	file->figure = negative ? -(s128)value : (s128)value;
	if (!accept(p, "not"))
		return 0;
	if (take_number(p, "the expected value", &value, &negative))
		return -1;
	file->has_right = true;
	file->right = negative ? -(s128)value : (s128)value;
	return 0;
}

bool text_is_figure(const struct text_file *file, s128 got, s128 want)
{
	return file->expect == TEXT_EXPECT_FIGURE && got == file->figure &&
	       (!file->has_right || want == file->right);
}

/*
 * "host 1": as the machine above in what isn't said of it, but for skews and
 * early_tsc_khz, which aren't said where there are none.
 */
static int parse_host(struct parser *p, struct scenario *s)
{
	const char *at;
	u64 nr;

	skip_blanks(p);
	at = p->pos;
	if (take_number(p, "its number", &nr, NULL))
		return -1;
	if (nr != s->nr_hosts)
		return fail_at(p, at, "expected host %u", s->nr_hosts);
	if (nr == SCENARIO_MAX_HOSTS)
		return fail_at(p, at, "at most %d hosts", SCENARIO_MAX_HOSTS);
	s->hosts[nr] = s->machine;
	s->hosts[nr].early_tsc_khz = 0;
	memset(s->hosts[nr].skew_cycles, 0, sizeof(s->hosts[nr].skew_cycles));
	s->nr_hosts++;
	return take_end(p);
}

enum section { SECTION_TOP, SECTION_MACHINE, SECTION_EVENTS, SECTION_FIELDS };

static int parse_line(struct parser *p, struct text_file *file,
		      enum section *section)
{
	struct scenario *s = &file->scenario;

	if (!*file->harness) {
		if (expect(p, "harness") ||
		    take_word(p, "a harness", file->harness, sizeof(file->harness)))
			return -1;
		file->is_timeline = !strcmp(file->harness, "fuzz_timeline");
		return take_end(p);
	}
	switch (*section) {
	case SECTION_TOP:
		if (accept(p, "expect")) {
			if (parse_expect(p, file))
				return -1;
		} else if (file->is_timeline) {
			if (expect(p, "machine"))
				return -1;
			*section = SECTION_MACHINE;
		} else {
			if (expect(p, "fields"))
				return -1;
			*section = SECTION_FIELDS;
		}
		break;
	case SECTION_MACHINE:
		if (accept(p, "events")) {
			const char *why = scenario_invalid(s);

			if (why)
				return fail_at(p, p->start, "the machine above: %s", why);
			*section = SECTION_EVENTS;
		} else if (accept(p, "host")) {
			return parse_host(p, s);
		} else if (parse_machine_line(p, &s->hosts[s->nr_hosts - 1])) {
			return -1;
		}
		break;
	case SECTION_EVENTS:
		if (s->nr_events == SCENARIO_MAX_EVENTS)
			return fail_at(p, p->start, "more than %d events",
				       SCENARIO_MAX_EVENTS);
		if (parse_event(p, &s->machine, s->nr_hosts,
				&s->events[s->nr_events]))
			return -1;
		s->nr_events++;
		break;
	case SECTION_FIELDS:
		if (parse_field(p, file))
			return -1;
		break;
	}
	return take_end(p);
}

int text_parse(struct text_file *file, const char *buf, size_t len,
	       struct text_error *err)
{
	struct parser p = { .err = err, .line = 0 };
	enum section section = SECTION_TOP;
	const char *pos = buf, *stop = buf + len;
	u32 content = 0;

	memset(file, 0, sizeof(*file));
	scenario_decode(&file->scenario, NULL, 0);
	while (pos < stop) {
		const char *eol = memchr(pos, '\n', stop - pos), *hash;
		size_t n = (eol ? eol : stop) - pos;

		p.line++;
		p.start = p.pos = pos;
		if (memchr(pos, '\0', n)) {
			fail_at(&p, memchr(pos, '\0', n),
				"a NUL byte; this is not a text scenario");
			goto fail;
		}
		p.end = pos + n;
		if (n && p.end[-1] == '\r')
			p.end--;
		hash = memchr(pos, '#', p.end - pos);
		skip_blanks(&p);
		if (p.pos == p.end || hash == p.pos) {
			if (add_comment(&file->comments, content, false, pos,
					p.end - pos))
				goto no_memory;
		} else {
			if (hash) {
				const char *from = hash;

				while (from > pos && (from[-1] == ' ' || from[-1] == '\t'))
					from--;
				if (add_comment(&file->comments, content, true,
						from, p.end - from))
					goto no_memory;
				p.end = from;
			}
			if (parse_line(&p, file, &section))
				goto fail;
			content++;
		}
		pos += n + 1;
	}
	p.line++;
	p.start = p.pos = p.end = stop;
	if (!*file->harness) {
		fail_at(&p, stop, "no \"harness\" line; this is not a scenario");
		goto fail;
	}
	if (file->is_timeline ? section != SECTION_EVENTS : section != SECTION_FIELDS) {
		fail_at(&p, stop, "ends before \"%s\"",
			file->is_timeline ? "events" : "fields");
		goto fail;
	}
	return 0;
no_memory:
	fail_at(&p, p.start, "out of memory");
fail:
	text_free(file);
	return -1;
}

void text_free(struct text_file *file)
{
	free(file->comments);
	file->comments = NULL;
}

bool text_is_engine_input(const char *path)
{
	static const char *const prefixes[] = {
		"crash-", "timeout-", "oom-", "leak-", "slow-unit-",
		"minimized-from-", "id:", "id_",
	};
	const char *base = file_base(path);
	size_t n = strlen(base);

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(base, prefixes[i], strlen(prefixes[i])))
			return true;
	return (n > 4 && !strcmp(base + n - 4, ".bin")) ||
	       (n == 40 && strspn(base, "0123456789abcdef") == 40);
}
