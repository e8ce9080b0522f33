// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each step either makes the file strictly simpler by its own measure or is
 * taken back, and passes are repeated until one changes nothing: it ends, and
 * ends at a fixpoint.
 */
#include <stdlib.h>
#include <string.h>
#include "minimize.h"
#include "../sim/machine.h"

/* Up to here every pair of events is tried; above, runs of them only. */
#define PAIRS_BELOW 24
#define TRADES_BELOW 8

struct minimizer {
	struct text_file *best, try;
	minimize_test holds;
	void *arg;
	u32 tried;
	bool changed;
};

/* Keeps m->try if it is valid and still holds, else resets it. */
static bool attempt(struct minimizer *m)
{
	bool good = !m->try.is_timeline || !scenario_invalid(&m->try.scenario);

	if (good) {
		m->tried++;
		good = m->holds(&m->try, m->arg);
	}
	if (good) {
		*m->best = m->try;
		m->changed = true;
	} else {
		m->try = *m->best;
	}
	return good;
}

/* ---- numbers ------------------------------------------------------------- */

enum number_kind { NUMBER_PLAIN, NUMBER_KHZ };

/* A number of the file: sign and magnitude, and how to put another there. */
struct number {
	u64 value;
	bool negative;
	enum number_kind kind;
	void (*put)(struct minimizer *m, int index, u64 value, bool negative);
	int index;
};

/* Round ones first, then what hardware has. */
static const u32 real_khz[] = {
	1000000, 2000000, 3000000, 2400000, 2500000, 2304000, 2310000, 2900000,
	2100000, 1995312, 2095078, 2893299, 3400000, 4000000,
};
#define NR_REAL_KHZ (sizeof(real_khz) / sizeof(real_khz[0]))

/* How plain a number is; less is plainer. */
static u32 weight(u64 value, enum number_kind kind)
{
	u32 digits = 0, bits = 0;
	u64 v;

	for (u32 i = 0; kind == NUMBER_KHZ && i < NR_REAL_KHZ; i++)
		if (value == real_khz[i])
			return i;
	if (value < 2)
		return 20 + value;
	for (v = value; v; v >>= 1)
		bits++;
	for (v = value; v % 10 == 0; v /= 10)
		;
	if (v == 1)
		return 22 + bits;
	for (; v; v /= 10)
		digits++;
	return 100 + digits * 100 + bits;
}

static bool put_if_plainer(struct minimizer *m, const struct number *n, u64 value)
{
	if (weight(value, n->kind) >= weight(n->value, n->kind))
		return false;
	n->put(m, n->index, value, n->negative);
	return attempt(m);
}

static void plainer_number(struct minimizer *m, struct number n)
{
	u64 power;

	if (n.negative) {
		n.put(m, n.index, n.value, false);
		if (attempt(m))
			n.negative = false;
	}
	for (u32 i = 0; n.kind == NUMBER_KHZ && i < NR_REAL_KHZ; i++)
		if (put_if_plainer(m, &n, real_khz[i]))
			return;
	if (put_if_plainer(m, &n, 0))
		return;
	for (power = 1; power; power = power > ~0ull / 10 ? 0 : power * 10)
		if (put_if_plainer(m, &n, power))
			return;
	/* fewer digits, rounded down and up */
	for (power = 1; power <= n.value / 10; power *= 10)
		;
	for (; power > 1; power /= 10) {
		u64 down = n.value / power * power;

		if (put_if_plainer(m, &n, down))
			return;
		if (down <= ~0ull - power && put_if_plainer(m, &n, down + power))
			return;
	}
}

/* ---- timelines ----------------------------------------------------------- */

static void drop_runs(struct minimizer *m)
{
	const struct scenario *best = &m->best->scenario;

	for (u32 run = best->nr_events; run; run /= 2)
		for (u32 at = best->nr_events; at--; ) {
			struct scenario *s = &m->try.scenario;

			if (at + run > best->nr_events)
				continue;
			memmove(&s->events[at], &s->events[at + run],
				(s->nr_events - at - run) * sizeof(s->events[0]));
			s->nr_events -= run;
			attempt(m);
		}
}

static void drop_event(struct scenario *s, u32 at)
{
	memmove(&s->events[at], &s->events[at + 1],
		(s->nr_events - at - 1) * sizeof(s->events[0]));
	s->nr_events--;
}

/* What holds without two that need each other. */
static void drop_pairs(struct minimizer *m)
{
	const struct scenario *best = &m->best->scenario;

	if (best->nr_events > PAIRS_BELOW)
		return;
	for (u32 last = 1; last < best->nr_events; last++)
		for (u32 first = 0; first < last && last < best->nr_events; first++) {
			drop_event(&m->try.scenario, last);
			drop_event(&m->try.scenario, first);
			attempt(m);
		}
}

static void drop_cpus(struct minimizer *m)
{
	for (u32 cpu = m->best->scenario.machine.nr_cpus; cpu-- > 1; ) {
		for (u32 host = 0; host < m->best->scenario.nr_hosts; host++) {
			struct machine *mach = &m->try.scenario.hosts[host];

			memmove(&mach->skew_cycles[cpu], &mach->skew_cycles[cpu + 1],
				(SUBJECT_MAX_CPUS - cpu - 1) *
					sizeof(mach->skew_cycles[0]));
			mach->skew_cycles[SUBJECT_MAX_CPUS - 1] = 0;
			mach->nr_cpus--;
		}
		for (u32 i = 0; i < m->try.scenario.nr_events; i++) {
			struct event *e = &m->try.scenario.events[i];

			e->cpu = e->cpu == cpu ? 0 : e->cpu - (e->cpu > cpu);
		}
		attempt(m);
	}
}

static void drop_vcpus(struct minimizer *m)
{
	for (u32 vcpu = m->best->scenario.machine.nr_vcpus; vcpu--; ) {
		if (m->best->scenario.machine.nr_vcpus == 1)
			return;
		for (u32 host = 0; host < m->best->scenario.nr_hosts; host++)
			m->try.scenario.hosts[host].nr_vcpus--;
		for (u32 i = 0; i < m->try.scenario.nr_events; i++) {
			struct event *e = &m->try.scenario.events[i];

			e->vcpu = e->vcpu == vcpu ? 0 : e->vcpu - (e->vcpu > vcpu);
		}
		attempt(m);
	}
}

/* Calls @fn with m->try's event @at as each other one that takes no new value. */
static bool replace_event(struct minimizer *m, u32 at,
			  bool (*fn)(struct minimizer *m))
{
	const struct machine *mach = &m->best->scenario.machine;
	const struct event old = m->best->scenario.events[at];

	for (u32 kind = 0; kind < EVENT_NR; kind++) {
		const struct event_info *info = &event_info[kind];

		for (u32 cpu = 0; cpu < (info->has_cpu ? mach->nr_cpus : 1); cpu++)
			for (u32 vcpu = 0; vcpu < (info->has_vcpu ?
						   mach->nr_vcpus : 1); vcpu++) {
				m->try.scenario.events[at] = (struct event){
					.kind = kind, .cpu = cpu, .vcpu = vcpu,
					.value = info->unit ? old.value : 0,
				};
				if (fn(m))
					return true;
			}
	}
	return false;
}

/* One kind for what any would do: those that only act are named first. */
static void plainer_kinds(struct minimizer *m)
{
	if (m->best->scenario.nr_events > PAIRS_BELOW)
		return;
	for (u32 i = 0; i < m->best->scenario.nr_events; i++) {
		const struct event *e = &m->best->scenario.events[i];

		if (e->kind <= EVENT_ADVANCE_CYCLES)
			continue;
		for (u32 kind = EVENT_TICK; kind < e->kind; kind++) {
			const struct event_info *info = &event_info[kind];

			if (info->unit)
				continue;
			m->try.scenario.events[i] = (struct event){
				.kind = kind,
				.cpu = info->has_cpu ? e->cpu : 0,
				.vcpu = info->has_vcpu ? e->vcpu : 0,
			};
			if (attempt(m))
				break;
		}
	}
}

/* m->try with one event less, whichever it is. */
static bool attempt_dropping(struct minimizer *m)
{
	struct scenario changed = m->try.scenario;

	for (u32 at = changed.nr_events; at--; ) {
		m->try.scenario = changed;
		drop_event(&m->try.scenario, at);
		if (attempt(m))
			return true;
	}
	return false;
}

/*
 * CPU @first as CPU0, against which the others' TSCs are given and which ticks
 * at boot; the same TSCs at the same times otherwise.
 */
static void renumber_cpus(struct scenario *s, u32 first)
{
	for (u32 host = 0; host < s->nr_hosts; host++) {
		struct machine *mach = &s->hosts[host];
		s64 skew = mach->skew_cycles[first];

		mach->boot_tsc += skew;
		for (u32 i = 0; i < mach->nr_cpus; i++)
			mach->skew_cycles[i] = i == first ? -skew :
					       mach->skew_cycles[i] - skew;
		mach->skew_cycles[0] = 0;
	}
	for (u32 i = 0; i < s->nr_events; i++) {
		struct event *e = &s->events[i];

		if (event_info[e->kind].has_cpu)
			e->cpu = e->cpu == first ? 0 : e->cpu ? e->cpu : first;
	}
}

/*
 * Dearer steps, for when nothing else helps: another event, another machine or
 * another CPU0, if one event can go for it.
 */
static void trade_for_event(struct minimizer *m)
{
	u32 nr = m->best->scenario.nr_events;
	const struct machine *mach = &m->best->scenario.machine;

	if (nr > TRADES_BELOW)
		return;
	for (u32 cpu = 1; cpu < mach->nr_cpus; cpu++) {
		renumber_cpus(&m->try.scenario, cpu);
		if (attempt_dropping(m))
			return;
	}
	for (u32 source = 0; source < SUBJECT_CS_NR; source++) {
		m->try.scenario.machine.clocksource = source;
		if (attempt_dropping(m))
			return;
	}
	for (u32 at = 0; at < nr; at++)
		if (replace_event(m, at, attempt_dropping))
			return;
}

/* A number of a machine: index is the host's, and of a skew the CPU's beside it. */
static struct machine *host_of(struct minimizer *m, int index)
{
	return &m->try.scenario.hosts[index % SCENARIO_MAX_HOSTS];
}

static void put_tsc_khz(struct minimizer *m, int index, u64 value, bool negative)
{
	host_of(m, index)->tsc_khz = value > ~0u ? 0 : value;
}

static void put_early_khz(struct minimizer *m, int index, u64 value, bool negative)
{
	host_of(m, index)->early_tsc_khz = value > ~0u ? 0 : value;
}

static void put_realtime(struct minimizer *m, int index, u64 value, bool negative)
{
	host_of(m, index)->realtime_ns = value;
}

static void put_boot_tsc(struct minimizer *m, int index, u64 value, bool negative)
{
	host_of(m, index)->boot_tsc = value;
}

static void put_skew(struct minimizer *m, int index, u64 value, bool negative)
{
	host_of(m, index)->skew_cycles[index / SCENARIO_MAX_HOSTS] =
		negative ? -value : value;
}

static void plainer_machine(struct minimizer *m, int host)
{
	const struct machine *mach = &m->best->scenario.hosts[host];

	if (mach->clocksource) {
		host_of(m, host)->clocksource = SUBJECT_CS_TSC;
		attempt(m);
	}
	if (mach->tsc_frac_bits) {
		host_of(m, host)->tsc_frac_bits = 0;
		attempt(m);
	}
	if (mach->early_tsc_khz) {
		host_of(m, host)->early_tsc_khz = 0;
		attempt(m);
	}
	plainer_number(m, (struct number){ .value = mach->tsc_khz,
		.kind = NUMBER_KHZ, .put = put_tsc_khz, .index = host });
	if (mach->early_tsc_khz)
		plainer_number(m, (struct number){ .value = mach->early_tsc_khz,
			.put = put_early_khz, .index = host });
	plainer_number(m, (struct number){ .value = mach->realtime_ns,
		.put = put_realtime, .index = host });
	plainer_number(m, (struct number){ .value = mach->boot_tsc,
		.put = put_boot_tsc, .index = host });
	for (int cpu = 1; cpu < mach->nr_cpus; cpu++) {
		s64 skew = mach->skew_cycles[cpu];

		plainer_number(m, (struct number){ .put = put_skew,
			.index = cpu * SCENARIO_MAX_HOSTS + host,
			.value = skew < 0 ? -(u64)skew : (u64)skew,
			.negative = skew < 0 });
	}
}

/* The others are named after it; who went there stays or goes one less far. */
static void drop_hosts(struct minimizer *m)
{
	for (u32 host = m->best->scenario.nr_hosts; host-- > 1; ) {
		struct scenario *s = &m->try.scenario;

		memmove(&s->hosts[host], &s->hosts[host + 1],
			(SCENARIO_MAX_HOSTS - host - 1) * sizeof(s->hosts[0]));
		s->nr_hosts--;
		for (u32 i = 0; i < s->nr_events; i++) {
			struct event *e = &s->events[i];

			if (e->kind == EVENT_MIGRATE)
				e->value = e->value == host ? 0 :
					   e->value - (e->value > host);
		}
		attempt(m);
	}
}

static void plainer_machines(struct minimizer *m)
{
	drop_hosts(m);
	drop_cpus(m);
	drop_vcpus(m);
	for (u32 host = 0; host < m->best->scenario.nr_hosts; host++)
		plainer_machine(m, host);
}

static void put_value(struct minimizer *m, int index, u64 value, bool negative)
{
	m->try.scenario.events[index].value = negative ? -value : value;
}

/* Each of a schedule's fields as small as it can be. */
static void plainer_schedule(struct minimizer *m, u32 at)
{
	const struct event *best = &m->best->scenario.events[at];
	struct event *try = &m->try.scenario.events[at];

	for (int field = INTERLEAVE_STORE; field < INTERLEAVE_READER; field++)
		for (u32 x = 0; x < interleave_get(best->value, field); x++) {
			try->value = interleave_put(best->value, field, x);
			if (attempt(m))
				break;
		}
}

static void put_lapic_count(struct minimizer *m, int index, u64 value, bool negative)
{
	u64 *registers = &m->try.scenario.events[index].value;

	*registers = *registers >> 32 << 32 | (u32)value;
}

static void put_lapic_divide(struct minimizer *m, int index, u64 value, bool negative)
{
	u64 *registers = &m->try.scenario.events[index].value;

	*registers = (*registers & ~(7ull << 32)) | (value & 7) << 32;
}

/* A mode isn't plainer than another one. */
static void plainer_lapic(struct minimizer *m, int at)
{
	const struct event *best = &m->best->scenario.events[at];

	plainer_number(m, (struct number){ .put = put_lapic_count, .index = at,
		.value = LAPIC_TIMER_COUNT(best->value) });
	plainer_number(m, (struct number){ .put = put_lapic_divide, .index = at,
		.value = LAPIC_TIMER_DIVIDE(best->value) });
}

static void plainer_events(struct minimizer *m)
{
	const struct scenario *best = &m->best->scenario;

	for (u32 i = 0; i < best->nr_events; i++) {
		const struct event *e = &best->events[i];
		const struct event_info *info = &event_info[e->kind];
		struct event *try = &m->try.scenario.events[i];
		bool negative;

		if (e->cpu) {
			try->cpu = 0;
			attempt(m);
		}
		if (e->vcpu) {
			try->vcpu = 0;
			attempt(m);
		}
		if (e->kind == EVENT_ADVANCE_CYCLES) {
			try->kind = EVENT_ADVANCE_NS;
			try->value = machine_true_ns(&best->machine, e->value);
			attempt(m);
		}
		if (!info->unit)
			continue;
		if (e->kind == EVENT_INTERLEAVE) {
			plainer_schedule(m, i);
			continue;
		}
		if (e->kind == EVENT_LAPIC_TIMER) {
			plainer_lapic(m, i);
			continue;
		}
		negative = info->is_signed && (s64)e->value < 0;
		plainer_number(m, (struct number){ .put = put_value, .index = i,
			.value = negative ? -e->value : e->value,
			.negative = negative,
			.kind = e->kind == EVENT_SET_TSC_KHZ ||
				e->kind == EVENT_NESTED_KHZ ? NUMBER_KHZ : NUMBER_PLAIN });
	}
}

/* ---- fields of pure functions -------------------------------------------- */

/* The start of line @index of @fields, NULL past the end. */
static char *field_line(char *fields, int index)
{
	while (index-- && fields) {
		fields = strchr(fields, '\n');
		fields += !!fields;
	}
	return fields && *fields ? fields : NULL;
}

static void put_field(struct minimizer *m, int index, u64 value, bool negative)
{
	char *line = field_line(m->try.fields, index), rest[sizeof(m->try.fields)];
	char *digits = line + strcspn(line, " ") + 1;

	strcpy(rest, digits + strcspn(digits, "\n"));
	snprintf(digits, m->try.fields + sizeof(m->try.fields) - digits,
		 "%s%llu%s", negative ? "-" : "", value, rest);
}

static void plainer_fields(struct minimizer *m)
{
	char *line;

	for (int i = 0; (line = field_line(m->best->fields, i)); i++) {
		const char *digits = line + strcspn(line, " ") + 1;
		bool negative = *digits == '-';

		plainer_number(m, (struct number){ .put = put_field, .index = i,
			.value = strtoull(digits + negative, NULL, 0),
			.negative = negative,
			.kind = strstr(line, "khz") == line ? NUMBER_KHZ : NUMBER_PLAIN });
	}
}

/* ---- all ----------------------------------------------------------------- */

/*
 * Comments hang on lines, and the lines go; what stands above the machine or the
 * fields stays.
 */
static void keep_story(struct text_file *file)
{
	unsigned long heading = 1 + (file->expect != TEXT_EXPECT_NOTHING);
	char *end = file->comments;

	while (end && *end && strtoul(end, NULL, 10) <= heading)
		end += strcspn(end, "\n") + 1;
	if (end)
		*end = '\0';
}

u32 minimize(struct text_file *file, minimize_test holds, void *arg)
{
	static struct minimizer m;
	bool any = false;

	m = (struct minimizer){ .best = file, .try = *file, .holds = holds,
				.arg = arg };
	do {
		m.changed = false;
		if (file->is_timeline) {
			drop_runs(&m);
			drop_pairs(&m);
			plainer_machines(&m);
			plainer_kinds(&m);
			plainer_events(&m);
			if (!m.changed)
				trade_for_event(&m);
		} else {
			plainer_fields(&m);
		}
		any |= m.changed;
	} while (m.changed);
	if (any)
		keep_story(file);
	return m.tried;
}
