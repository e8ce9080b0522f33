// SPDX-License-Identifier: GPL-2.0-only
/*
 * The yardstick of bench/time-to-bug.sh: how a harness reads its input when nobody has
 * thought about it.  The bytes are copied into a struct, or a number, and only what
 * couldn't run otherwise is brought into its range (scenario_invalid()), by a modulo.
 * The linker puts these in the place of the harness' own; engine, laws and subject stay.
 */
#include <string.h>
#include "../src/scenario/input.h"
#include "../src/scenario/scenario.h"

void __wrap_scenario_decode(struct scenario *s, const u8 *data, size_t size);
u64 __wrap_input_u64(struct input *in, const char *name, u64 min, u64 max);
s64 __wrap_input_s64(struct input *in, const char *name, s64 min, s64 max);

static void make_valid(struct machine *m, const struct machine *first)
{
	s64 back = m->boot_tsc %= (1ull << 62) + 1;

	if (m->tsc_khz < 100000 || m->tsc_khz > 10000000)
		m->tsc_khz = 100000 + m->tsc_khz % 9900001;
	m->nr_cpus = first->nr_cpus;
	m->nr_vcpus = first->nr_vcpus;
	m->clocksource %= SUBJECT_CS_NR;
	m->tsc_frac_bits = (const u8[]){ 0, 32, 48 }[m->tsc_frac_bits % 3];
	m->realtime_ns %= (1ull << 62) + 1;
	for (u32 i = 0; i < SUBJECT_MAX_CPUS; i++) {
		s64 *skew = &m->skew_cycles[i];

		*skew = i && i < m->nr_cpus ? *skew % ((1ll << 46) + 1) : 0;
		if (*skew < -back)
			*skew = -back;
	}
	if (m->early_tsc_khz) {
		u32 most = m->tsc_khz / 100;

		m->early_tsc_khz = m->tsc_khz - most + m->early_tsc_khz % (2 * most + 1);
	}
	if (m->early_tsc_khz == m->tsc_khz)
		m->early_tsc_khz = 0;
}

void __wrap_scenario_decode(struct scenario *s, const u8 *data, size_t size)
{
	const size_t header = offsetof(struct scenario, events);
	struct machine *first = &s->machine;
	u32 given;

	if (size > sizeof(*s))
		size = sizeof(*s);
	memset(s, 0, sizeof(*s));
	memcpy(s, data, size);
	given = size > header ? (size - header + sizeof(s->events[0]) - 1) /
				sizeof(s->events[0]) : 0;
	if (s->nr_events > given)
		s->nr_events = given;
	s->nr_hosts = 1 + s->nr_hosts % SCENARIO_MAX_HOSTS;
	first->nr_cpus = 1 + first->nr_cpus % SUBJECT_MAX_CPUS;
	first->nr_vcpus = 1 + first->nr_vcpus % SUBJECT_MAX_VCPUS;
	for (u32 i = 0; i < s->nr_hosts; i++)
		make_valid(&s->hosts[i], first);
	for (u32 i = 0; i < s->nr_events; i++) {
		struct event *e = &s->events[i];

		e->kind %= EVENT_NR;
		event_fit(s, e);
	}
}

static u64 raw(struct input *in)
{
	size_t n = in->size - in->pos < 8 ? in->size - in->pos : 8;
	u64 value = 0;

	if (n)
		memcpy(&value, in->data + in->pos, n);
	in->pos += n;
	return value;
}

u64 __wrap_input_u64(struct input *in, const char *name, u64 min, u64 max)
{
	u64 value = raw(in), span = max - min;

	if (value >= min && value <= max)
		return value;
	return min + value % (span + 1);	/* all of 64 bits is in range */
}

s64 __wrap_input_s64(struct input *in, const char *name, s64 min, s64 max)
{
	s64 value = raw(in);

	if (value >= min && value <= max)
		return value;
	return (s64)((u64)min + (u64)value % ((u64)max - (u64)min + 1));
}
