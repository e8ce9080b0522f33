// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "input.h"
#include "mutate.h"

/*
 * One draw an expression: in which order C evaluates operands, arguments and
 * initialisers is the compiler's choice, and a seed is to mean the same to each.
 */
struct random {
	u64 state;
};

/* splitmix64 */
static u64 draw(struct random *r)
{
	u64 z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static u32 below(struct random *r, u32 n)
{
	return (draw(r) >> 33) % n;
}

/* Each magnitude alike, below 2^(64 - @from); @from + @n is 64. */
static u64 draw_magnitude(struct random *r, u32 from, u32 n)
{
	u64 value = draw(r);

	return value >> (from + below(r, n));
}

/* 1 ns to some days */
static u64 draw_ns(struct random *r)
{
	return draw_magnitude(r, 14, 50);
}

/* Small, a power of two's neighbour, a boundary, negative, or anything. */
static u64 draw_value(struct random *r)
{
	u64 value;

	switch (below(r, 6)) {
	case 0:
		return below(r, 64);
	case 1:
		value = 1ull << below(r, 64);
		return value + below(r, 3) - 1;
	case 2:
		value = input_boundaries[below(r, input_boundaries_nr)];
		return value + below(r, 3) - 1;
	case 3:
		return draw_magnitude(r, 0, 64);
	case 4:
		return -draw_magnitude(r, 0, 64);
	default:
		return draw_ns(r);
	}
}

/* A unit beside @value, or a part of it: some ppm, a half, as much again. */
static u64 draw_near(struct random *r, u64 value)
{
	u64 part = value >> below(r, 32);

	if (below(r, 2))
		return value + below(r, 3) - 1;
	return below(r, 2) ? value + part : value - part;
}

static u64 change_value(struct random *r, u64 value)
{
	switch (below(r, 7)) {
	case 6:
		return draw_near(r, value);
	case 0:
		return value + below(r, 16) - 8;
	case 1:
		return value ^ 1ull << below(r, 64);
	case 2:
		return value << 1;
	case 3:
		return value >> 1;
	case 4:
		return -value;
	default:
		return draw_value(r);
	}
}

/* Near the host's, by as little as KVM tolerates; in a simple ratio to it, or any. */
static u32 draw_khz(struct random *r, u32 host_khz)
{
	switch (below(r, 4)) {
	case 0:
		return draw_near(r, host_khz);
	case 1:
		return host_khz / (1 + below(r, 4));
	case 2:
		return (u64)host_khz * (1 + below(r, 16)) / 8;
	default:
		return draw_value(r);
	}
}

/* Numbers that belong together differ by little: a timer and the wait for it. */
static u64 draw_value_for(struct random *r, const struct scenario *s, u8 kind)
{
	u64 max = event_info[kind].max, mode;

	if (kind == EVENT_SET_TSC_KHZ || kind == EVENT_NESTED_KHZ)
		return draw_khz(r, s->machine.tsc_khz);
	/* of a schedule each bit counts alike */
	if (kind == EVENT_INTERLEAVE)
		return draw(r) % (max + 1);
	/* of a register's fields the count is a number */
	if (kind == EVENT_LAPIC_TIMER) {
		/* what starts a timer comes as often as all else */
		mode = below(r, below(r, 2) ? SUBJECT_LAPIC_MODE_NR : SUBJECT_LAPIC_RESTORED + 1);
		return mode << 35 | (u64)below(r, 8) << 32 | (u32)draw_value(r);
	}
	if (max < 64)
		return below(r, max + 1);
	if (kind == EVENT_ADVANCE_NS && below(r, 2))
		return draw_ns(r);
	if (s->nr_events && !below(r, 4))
		return draw_near(r, s->events[below(r, s->nr_events)].value);
	return draw_value(r);
}

static u8 draw_reader(struct random *r)
{
	static const u8 readers[] = {
		EVENT_READ_PVCLOCK, EVENT_READ_PVCLOCK, EVENT_READ_PVCLOCK,
		EVENT_GET_CLOCK, EVENT_GET_CLOCK, EVENT_READ_REFERENCE,
		EVENT_READ_TSC_PAGE, EVENT_READ_HV_CLOCK, EVENT_READ_SCHED_CLOCK,
		EVENT_READ_WALL_CLOCK, EVENT_READ_L2_TSC, EVENT_READ_TMCCT,
	};

	return readers[below(r, sizeof(readers))];
}

/* Reads and runs come often: what isn't read can't be wrong. */
static u8 draw_kind(struct random *r)
{
	static const u8 often[] = {
		EVENT_ADVANCE_NS, EVENT_ADVANCE_NS, EVENT_RUN_VCPU,
		EVENT_RUN_VCPU, EVENT_MASTERCLOCK, EVENT_TICK,
	};

	switch (below(r, 6)) {
	case 0:
		return draw_reader(r);
	case 1:
	case 2:
		return often[below(r, sizeof(often))];
	default:
		return below(r, EVENT_NR);
	}
}

static struct event draw_event(struct random *r, const struct scenario *s, u8 kind)
{
	struct event e;

	e.kind = kind;
	e.cpu = below(r, SUBJECT_MAX_CPUS);
	e.vcpu = below(r, SUBJECT_MAX_VCPUS);
	e.value = draw_value_for(r, s, kind);
	event_fit(s, &e);
	return e;
}

static void insert(struct scenario *s, u32 at, struct event e)
{
	if (s->nr_events == SCENARIO_MAX_EVENTS)
		return;
	memmove(&s->events[at + 1], &s->events[at],
		(s->nr_events - at) * sizeof(e));
	s->events[at] = e;
	s->nr_events++;
}

static void change_machine(struct random *r, struct machine *m)
{
	s64 skew;
	u32 cpu;

	switch (below(r, 9)) {
	case 6:
		m->early_tsc_khz = below(r, 4) ? 0 : m->tsc_khz - 1 -
				   below(r, m->tsc_khz / 100 - 1);
		break;
	case 0:
		m->early_tsc_khz = 0;
		m->tsc_khz = input_boundaries[below(r, input_boundaries_nr)] %
			     9900001 + 100000;
		break;
	case 1:
		m->nr_cpus = 1 + below(r, SUBJECT_MAX_CPUS);
		break;
	case 2:
		m->nr_vcpus = 1 + below(r, SUBJECT_MAX_VCPUS);
		break;
	case 3:
		m->clocksource = below(r, SUBJECT_CS_NR);
		break;
	case 4:
		m->tsc_frac_bits = (const u8[]){ 0, 32, 48 }[below(r, 3)];
		break;
	case 5:
		m->boot_tsc = draw_value(r) & ((1ull << 62) - 1);
		break;
	default:
		cpu = below(r, m->nr_cpus);
		skew = draw_value(r) & ((1ull << 46) - 1);
		if (cpu)
			m->skew_cycles[cpu] = below(r, 2) ? skew : -skew;
		break;
	}
	for (cpu = 1; cpu < SUBJECT_MAX_CPUS; cpu++) {
		if (cpu >= m->nr_cpus)
			m->skew_cycles[cpu] = 0;
		if (m->skew_cycles[cpu] < 0 &&
		    (u64)-m->skew_cycles[cpu] > m->boot_tsc)
			m->skew_cycles[cpu] = -(s64)m->boot_tsc;
	}
}

/* Every host has the first one's CPUs, and its VM. */
static void fit_hosts(struct scenario *s)
{
	for (u32 i = 1; i < s->nr_hosts; i++) {
		struct machine *m = &s->hosts[i];

		m->nr_cpus = s->machine.nr_cpus;
		m->nr_vcpus = s->machine.nr_vcpus;
		for (u32 cpu = m->nr_cpus; cpu < SUBJECT_MAX_CPUS; cpu++)
			m->skew_cycles[cpu] = 0;
	}
}

static void change_hosts(struct random *r, struct scenario *s)
{
	do
		change_machine(r, &s->hosts[below(r, s->nr_hosts)]);
	while (below(r, 2));
	fit_hosts(s);
}

/* A VM moves, mostly as QEMU does it; to a host that may have to be made. */
static void insert_migration(struct random *r, struct scenario *s, u32 at)
{
	const struct machine *m = &s->machine;
	u8 vcpu = below(r, m->nr_vcpus), cpu = below(r, m->nr_cpus);
	struct event restore_tsc = { .kind = EVENT_RESTORE_TSC, .value = below(r, 2) };
	struct event restore_clock = { .kind = EVENT_RESTORE_CLOCK, .cpu = cpu,
				       .value = below(r, 2) };
	bool tsc_first = below(r, 2);
	u32 host;

	if (s->nr_hosts < SCENARIO_MAX_HOSTS && below(r, 2)) {
		s->hosts[s->nr_hosts] = s->machine;
		change_machine(r, &s->hosts[s->nr_hosts++]);
		fit_hosts(s);
	}
	host = below(r, s->nr_hosts);

	insert(s, at, (struct event){ .kind = EVENT_READ_PVCLOCK, .vcpu = vcpu });
	insert(s, at, tsc_first ? restore_clock : restore_tsc);
	if (!below(r, 4))
		insert(s, at, (struct event){ .kind = EVENT_ADVANCE_NS,
			.value = draw_magnitude(r, 34, 30) });
	insert(s, at, tsc_first ? restore_tsc : restore_clock);
	insert(s, at, (struct event){ .kind = EVENT_MIGRATE, .value = host });
	if (!below(r, 4))
		insert(s, at, (struct event){ .kind = EVENT_ADVANCE_NS,
			.value = draw_magnitude(r, 34, 30) });
	if (below(r, 2))
		insert(s, at, (struct event){ .kind = EVENT_SAVE_CLOCK, .cpu = cpu });
	if (!below(r, 4))
		insert(s, at, (struct event){ .kind = EVENT_SAVE_TSC });
}

/* Most updates have few stores, and of a schedule no bit leads to the next. */
static u64 draw_schedule(struct random *r, u64 value)
{
	u8 all = interleave_max(INTERLEAVE_THEN);
	u8 then[] = { 0, 1, all, below(r, all) };
	u32 store = below(r, 8);

	if (!below(r, 8))
		value = interleave_put(value, INTERLEAVE_READER,
				       below(r, SUBJECT_READER_NR));
	value = interleave_put(value, INTERLEAVE_STORE, store << !below(r, 4));
	value = interleave_put(value, INTERLEAVE_THEN, then[below(r, 4)]);
	value = interleave_put(value, INTERLEAVE_LOAD, below(r, 8));
	value = interleave_put(value, INTERLEAVE_FRESH, below(r, 256));
	return interleave_put(value, INTERLEAVE_BACKWARDS, below(r, 2));
}

/*
 * One CPU writes, another reads.  Of a Hyper-V page that was there before more than a
 * word changes only with the frequency.
 */
static void insert_interleaving(struct random *r, struct scenario *s, u32 at)
{
	struct machine *m = &s->machine;
	u8 vcpu, cpu, other, other_cpu;
	u64 schedule = draw(r);
	bool page = below(r, 2);

	m->nr_vcpus += m->nr_vcpus == 1;
	m->nr_cpus += m->nr_cpus == 1;
	if (page && !m->tsc_frac_bits)
		m->tsc_frac_bits = 48;
	fit_hosts(s);
	vcpu = below(r, m->nr_vcpus);
	cpu = below(r, m->nr_cpus);
	other = (vcpu + 1) % m->nr_vcpus;
	other_cpu = (cpu + 1) % m->nr_cpus;
	if (page)
		schedule = interleave_put(schedule, INTERLEAVE_READER, below(r, 2) ?
			SUBJECT_READER_TSC_PAGE : SUBJECT_READER_REFERENCE);
	insert(s, at, (struct event){ .vcpu = vcpu, .cpu = cpu,
		.kind = (const u8[]){ EVENT_TICK, EVENT_WRITE_WALL_CLOCK,
			EVENT_RUN_VCPU, EVENT_RUN_VCPU }[page ? 3 : below(r, 4)] });
	insert(s, at, (struct event){ .kind = EVENT_MASTERCLOCK, .vcpu = vcpu });
	insert(s, at, (struct event){ .kind = EVENT_INTERLEAVE, .vcpu = other,
		.value = draw_schedule(r, schedule) });
	if (page)
		insert(s, at, (struct event){ .kind = EVENT_SET_TSC_KHZ, .vcpu = vcpu,
			.value = m->tsc_khz / (1 + below(r, 4)) });
	insert(s, at, (struct event){ .kind = EVENT_RUN_VCPU, .vcpu = other,
		.cpu = other_cpu });
	if (page)
		insert(s, at, (struct event){ .kind = EVENT_WRITE_TSC_PAGE,
			.vcpu = other, .value = SUBJECT_PAGE_BY_GUEST });
	insert(s, at, (struct event){ .kind = EVENT_ADVANCE_NS,
		.value = draw_ns(r) });
}

/* An L2 of any frequency begins to run. */
static void insert_nested(struct random *r, struct scenario *s, u32 at, u8 vcpu)
{
	insert(s, at, (struct event){ .kind = EVENT_NESTED, .vcpu = vcpu,
		.value = SUBJECT_NESTED_ENTER });
	insert(s, at, (struct event){ .kind = EVENT_NESTED_KHZ, .vcpu = vcpu,
		.value = draw_khz(r, s->machine.tsc_khz) });
}

/*
 * A timer is armed, and about as long passes.  Its vCPU may have another frequency, or
 * be in L2 by then; the message slot may be full.
 */
static void insert_timer(struct random *r, struct scenario *s, u32 at)
{
	static const u8 timers[] = {
		EVENT_STIMER_ARM, EVENT_XEN_TIMER, EVENT_TSC_DEADLINE, EVENT_LAPIC_TIMER,
	};
	u8 kind = timers[below(r, sizeof(timers))];
	struct event arm = draw_event(r, s, kind), wait = {
		.kind = kind == EVENT_TSC_DEADLINE ? EVENT_ADVANCE_CYCLES :
						     EVENT_ADVANCE_NS,
		.value = draw_near(r, kind == EVENT_LAPIC_TIMER ?
				   LAPIC_TIMER_COUNT(arm.value) : arm.value),
	}, look;

	look = draw_event(r, s, below(r, 2) ? EVENT_RUN_VCPU : EVENT_READ_TMCCT);
	look.vcpu = arm.vcpu;
	insert(s, at, look);
	event_fit(s, &wait);
	insert(s, at, wait);
	if (!below(r, 4))
		insert_nested(r, s, at, arm.vcpu);
	insert(s, at, arm);
	if (below(r, 2))
		insert(s, at, (struct event){ .kind = EVENT_SET_TSC_KHZ,
			.vcpu = arm.vcpu, .value = draw_khz(r, s->machine.tsc_khz) });
	if (kind != EVENT_STIMER_ARM)
		return;
	insert(s, at, (struct event){ .kind = EVENT_STIMER_CONFIG, .vcpu = arm.vcpu,
		.value = below(r, 64) | SUBJECT_STIMER_ENABLE });
	if (below(r, 2))
		insert(s, at, (struct event){ .kind = EVENT_MESSAGE_SLOT,
			.vcpu = arm.vcpu, .value = 1 });
}

/* A rate shows in two reads of one clock; a page that is read is there, mostly. */
static void insert_two_reads(struct random *r, struct scenario *s, u32 at)
{
	struct event e = draw_event(r, s, draw_reader(r));

	insert(s, at, e);
	if (!below(r, 3))
		insert(s, at, draw_event(r, s, EVENT_TICK));
	insert(s, at, draw_event(r, s, EVENT_ADVANCE_NS));
	insert(s, at, e);
	if ((e.kind == EVENT_READ_TSC_PAGE || e.kind == EVENT_READ_REFERENCE ||
	     e.kind == EVENT_READ_HV_CLOCK || e.kind == EVENT_READ_SCHED_CLOCK) &&
	    below(r, 4))
		insert(s, at, (struct event){ .kind = EVENT_WRITE_TSC_PAGE,
			.vcpu = e.vcpu, .value = SUBJECT_PAGE_BY_GUEST });
}

/* The vCPUs enter, but not each; twice, for what one has changed another finds later. */
static void insert_entries(struct random *r, struct scenario *s, u32 at)
{
	for (u32 i = 0; i < 2u * s->machine.nr_vcpus; i++) {
		struct event e = draw_event(r, s, EVENT_RUN_VCPU);

		e.vcpu = i % s->machine.nr_vcpus;
		if (i == s->machine.nr_vcpus)
			insert(s, at, draw_event(r, s, EVENT_ADVANCE_NS));
		if (below(r, 4))
			insert(s, at, e);
	}
	insert(s, at, draw_event(r, s, draw_kind(r)));
}

/* Something begins, something else happens meanwhile, it ends, and somebody looks. */
static void insert_pair(struct random *r, struct scenario *s, u32 at)
{
	static const struct { u8 kind, begin, end; } pairs[] = {
		{ EVENT_HIBERNATE, 0, 1 },
		{ EVENT_SLOT, 1, 0 },
		{ EVENT_MESSAGE_SLOT, 1, 0 },
		{ EVENT_CLOCKSOURCE, 1, 0 },
		{ EVENT_REENLIGHTENMENT, 1, 0 },
		{ EVENT_WRITE_TSC_PAGE, SUBJECT_PAGE_BY_GUEST, SUBJECT_PAGE_OFF },
		{ EVENT_NESTED, SUBJECT_NESTED_ENTER, SUBJECT_NESTED_EXIT },
		{ EVENT_RUNSTATE, SUBJECT_RUNSTATE_RUNNABLE, SUBJECT_RUNSTATE_RUNNING },
	};
	u32 which = below(r, sizeof(pairs) / sizeof(pairs[0]));
	struct event e = draw_event(r, s, pairs[which].kind);

	insert(s, at, draw_event(r, s, draw_reader(r)));
	e.value = pairs[which].end;
	insert(s, at, e);
	insert(s, at, draw_event(r, s, draw_kind(r)));
	e.value = pairs[which].begin;
	insert(s, at, e);
}

/* What belongs together arrives together. */
static void insert_idiom(struct random *r, struct scenario *s, u32 at)
{
	const struct machine *m = &s->machine;
	struct event e = draw_event(r, s, draw_kind(r));
	u8 vcpu = below(r, m->nr_vcpus), cpu = below(r, m->nr_cpus);

	switch (below(r, 10)) {
	case 4:		/* a nested guest, then what L1 or the VMM does, then a look */
		insert(s, at, (struct event){ .kind = EVENT_READ_L2_TSC,
			.vcpu = vcpu });
		e.vcpu = vcpu;
		insert(s, at, e);
		insert_nested(r, s, at, vcpu);
		insert(s, at, (struct event){ .kind = EVENT_NESTED_OFFSET,
			.vcpu = vcpu, .value = draw_value(r) });
		break;
	case 0:		/* update here, read there */
		insert(s, at, (struct event){ .kind = EVENT_READ_PVCLOCK,
			.vcpu = below(r, m->nr_vcpus) });
		insert(s, at, (struct event){ .kind = EVENT_RUN_VCPU,
			.vcpu = vcpu, .cpu = cpu });
		insert(s, at, (struct event){ .kind = EVENT_MASTERCLOCK,
			.vcpu = vcpu });
		break;
	case 1:
		insert_two_reads(r, s, at);
		break;
	case 2:		/* another frequency, then it matters */
		if (!m->tsc_frac_bits && below(r, 2))
			s->machine.tsc_frac_bits = 48;
		insert_two_reads(r, s, at);
		insert(s, at, (struct event){ .kind = EVENT_RUN_VCPU,
			.vcpu = vcpu, .cpu = cpu });
		insert(s, at, (struct event){ .kind = EVENT_MASTERCLOCK,
			.vcpu = vcpu });
		insert(s, at, (struct event){ .kind = EVENT_SET_TSC_KHZ,
			.vcpu = vcpu, .value = draw_khz(r, m->tsc_khz) });
		break;
	case 6:
		insert_timer(r, s, at);
		break;
	case 7:
		insert_pair(r, s, at);
		break;
	case 8:
		insert_entries(r, s, at);
		break;
	case 3:
		insert_migration(r, s, at);
		break;
	case 5:
		insert_interleaving(r, s, at);
		break;
	default:	/* every vCPU's TSC rewritten alike */
		for (vcpu = 0; vcpu < m->nr_vcpus; vcpu++)
			insert(s, at, (struct event){ .vcpu = vcpu,
				.kind = EVENT_WRITE_TSC_HOST, .value = e.value });
		break;
	}
}

static void mutate_once(struct random *r, struct scenario *s)
{
	u32 n = s->nr_events, at = n ? below(r, n) : 0, other;
	struct event e;

	switch (n ? below(r, 10) : 9) {
	case 0:
	case 1:
		e = draw_event(r, s, draw_kind(r));
		insert(s, below(r, n + 1), e);
		break;
	case 2:
		memmove(&s->events[at], &s->events[at + 1],
			(n - at - 1) * sizeof(e));
		s->nr_events--;
		break;
	case 3:
		insert(s, below(r, n + 1), s->events[at]);
		break;
	case 4:
		other = below(r, n);
		e = s->events[at];
		s->events[at] = s->events[other];
		s->events[other] = e;
		break;
	case 5:
		s->events[at].value = change_value(r, s->events[at].value);
		break;
	case 6:
		s->events[at].cpu = below(r, SUBJECT_MAX_CPUS);
		s->events[at].vcpu = below(r, SUBJECT_MAX_VCPUS);
		break;
	case 7:
		s->events[at].value = s->events[below(r, n)].value;
		break;
	case 8:
		change_hosts(r, s);
		break;
	default:
		insert_idiom(r, s, below(r, n + 1));
		break;
	}
}

/* Encodes as many of the events as fit. */
static size_t encode_fitting(struct scenario *s, u8 *out, size_t max)
{
	size_t size;

	while (!(size = scenario_encode(s, out, max)) && s->nr_events)
		s->nr_events /= 2;
	return size;
}

void scenario_change(struct scenario *s, u32 seed)
{
	struct random r = { seed };
	u32 rounds = 1 + below(&r, 4), at;

	/* little is said by little: a walk at once finds more than many steps */
	if (!s->nr_events || !below(&r, 8))
		rounds += below(&r, 32);
	while (rounds--)
		mutate_once(&r, s);
	for (at = 0; at < s->nr_events; at++) {
		if (s->events[at].kind == EVENT_INTERLEAVE && below(&r, 2))
			s->events[at].value = draw_schedule(&r, s->events[at].value);
		event_fit(s, &s->events[at]);
	}
}

size_t scenario_mutate(u8 *data, size_t size, size_t max_size, u32 seed)
{
	struct scenario s;
	size_t new_size;

	scenario_decode(&s, data, size);
	scenario_change(&s, seed);
	new_size = encode_fitting(&s, data, max_size);
	return new_size ? new_size : size;
}

size_t scenario_crossover(const u8 *a, size_t na, const u8 *b, size_t nb,
			  u8 *out, size_t max_out, u32 seed)
{
	struct random r = { seed };
	struct scenario x, y;
	u32 from;

	scenario_decode(&x, a, na);
	scenario_decode(&y, b, nb);
	x.nr_events = below(&r, x.nr_events + 1);
	for (from = below(&r, y.nr_events + 1); from < y.nr_events; from++) {
		event_fit(&x, &y.events[from]);
		insert(&x, x.nr_events, y.events[from]);
	}
	return encode_fitting(&x, out, max_out);
}
