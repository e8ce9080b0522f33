/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario: a machine and a list of events.
 *
 * Binary form: explicit little-endian from the front; exhausted input reads
 * zero; every byte string decodes; all-zero input is the simplest scenario.
 * Text form: one item a line, units written out, comments kept.
 */
#ifndef CF_SCENARIO_H
#define CF_SCENARIO_H

#include "../subject.h"
#include "input.h"

#ifndef SCENARIO_MAX_EVENTS		/* more in bench/speed.sh */
#define SCENARIO_MAX_EVENTS 256
#endif
#define SCENARIO_MAX_HOSTS 3

struct machine {
	u32 tsc_khz;			/* 100000..10000000: what Linux accepts */
	u8 nr_cpus;			/* 1..SUBJECT_MAX_CPUS */
	u16 nr_vcpus;			/* 1..SUBJECT_MAX_VCPUS */
	u8 clocksource;			/* enum subject_clocksource */
	u8 tsc_frac_bits;		/* 0, 32 or 48 */
	u64 boot_tsc;			/* CPU0's raw TSC at true time 0, cycles */
	s64 skew_cycles[SUBJECT_MAX_CPUS]; /* against CPU0; [0] is 0 */
	u64 realtime_ns;		/* CLOCK_REALTIME at true time 0 */
	u32 early_tsc_khz;		/* tsc_khz before it was refined, when KVM was
					   loaded; 0: the same */
};

enum event_kind {
	EVENT_ADVANCE_NS,		/* value: ns of true time */
	EVENT_ADVANCE_CYCLES,		/* value: host cycles of true time */
	EVENT_TICK,			/* cpu: timekeeper update there */
	EVENT_RUN_VCPU,			/* vcpu, cpu */
	EVENT_MASTERCLOCK,		/* vcpu: KVM_REQ_MASTERCLOCK_UPDATE */
	EVENT_WRITE_TSC_HOST,		/* vcpu, value: cycles */
	EVENT_WRITE_TSC_GUEST,		/* vcpu, value: cycles */
	EVENT_SET_TSC_OFFSET,		/* vcpu, value: cycles (signed) */
	EVENT_SET_TSC_KHZ,		/* vcpu, value: kHz, u32 */
	EVENT_GET_CLOCK,		/* cpu */
	EVENT_SET_CLOCK,		/* cpu, value: ns */
	EVENT_SET_CLOCK_REALTIME,	/* cpu, value: ns; KVM_CLOCK_REALTIME, realtime_ns = now */
	EVENT_WRITE_TSC_PAGE,		/* vcpu, value: enum subject_page_write */
	EVENT_READ_PVCLOCK,		/* vcpu */
	EVENT_READ_TSC_PAGE,		/* vcpu */
	EVENT_READ_REFERENCE,		/* cpu */
	EVENT_READ_WALL_CLOCK,		/* cpu, value: ns of a preemption */
	EVENT_HOTPLUG_VCPU,		/* cpu: the next vCPU is created */
	EVENT_REENLIGHTENMENT,		/* vcpu, value: 0 or 1 */
	EVENT_STIMER_CONFIG,		/* vcpu, value: SUBJECT_STIMER_* */
	EVENT_STIMER_ARM,		/* vcpu, value: ns from the guest's now */
	EVENT_MESSAGE_SLOT,		/* vcpu, value: 1 busy, 0 read */
	EVENT_SAVE_TSC,			/* every vCPU's, where it ran last */
	EVENT_SAVE_CLOCK,		/* cpu: KVM_GET_CLOCK */
	EVENT_MIGRATE,			/* value: to that host; what isn't saved is, now */
	EVENT_RESTORE_TSC,		/* value: 1 by KVM_VCPU_TSC_OFFSET, 0 by the MSR */
	EVENT_RESTORE_CLOCK,		/* cpu, value: 1 with KVM_CLOCK_REALTIME */
	EVENT_READ_HV_CLOCK,		/* vcpu */
	EVENT_READ_SCHED_CLOCK,		/* vcpu */
	EVENT_HIBERNATE,		/* vcpu, value: 0 save, 1 restore */
	EVENT_NESTED_OFFSET,		/* vcpu, value: cycles (signed) */
	EVENT_NESTED_KHZ,		/* vcpu, value: kHz, u32; 0: L1's own */
	EVENT_NESTED,			/* vcpu, value: enum subject_nested */
	EVENT_READ_L2_TSC,		/* vcpu */
	EVENT_XEN_SHARED_INFO,		/* cpu, value: 1 for a 32-bit guest */
	EVENT_XEN_TIMER,		/* vcpu, value: ns from the guest's now */
	EVENT_RUNSTATE,			/* vcpu, value: enum subject_runstate */
	EVENT_STEAL,			/* vcpu, value: ns that its thread waits for a CPU */
	EVENT_SLOT,			/* value: 1 gone, 0 back */
	EVENT_TSC_DEADLINE,		/* vcpu, value: guest cycles from now */
	EVENT_LAPIC_TIMER,		/* vcpu, value: LAPIC_TIMER_* */
	EVENT_READ_TMCCT,		/* vcpu */
	EVENT_WRITE_WALL_CLOCK,		/* vcpu: MSR_KVM_WALL_CLOCK_NEW */
	EVENT_INTERLEAVE,		/* vcpu, value: enum interleave_field */
	EVENT_MEMORY_FAULT,		/* value: how many accesses are good */
	EVENT_PAUSE_GUEST,		/* vcpu: KVM_KVMCLOCK_CTRL */
	EVENT_READ_TSC_KHZ,		/* vcpu */
	EVENT_NTP_SLEW,			/* cpu, value: ppb (signed) */
	EVENT_STEP_REALTIME,		/* cpu, value: ns (signed) */
	EVENT_CLOCKSOURCE,		/* cpu, value: 0 the machine's own, 1 another */
	EVENT_SUSPEND,			/* value: ns until the host wakes */
	EVENT_RESTORE_RUNSTATE,		/* vcpu, value: ns that it was away */
	EVENT_XEN_ATTR,			/* vcpu, value: enum subject_xen_attr */
	EVENT_XEN_TIMER_AT,		/* vcpu, value: ns of the guest's clock */
	EVENT_NR
};

/* What EVENT_LAPIC_TIMER's value holds: TMICT, bits 3, 1, 0 of TDCR, the mode. */
#define LAPIC_TIMER_COUNT(value) ((u32)(value))
#define LAPIC_TIMER_DIVIDE(value) ((u32)((value) >> 32 & 7))
#define LAPIC_TIMER_MODE(value) ((u32)((value) >> 35)) /* enum subject_lapic_mode */

/*
 * EVENT_INTERLEAVE: during the next update of what it reads, a reader on that vCPU
 * or where that ran last runs between the stores; struct subject_schedule.
 */
enum interleave_field {
	INTERLEAVE_STORE,
	INTERLEAVE_THEN,		/* further stores; the most: all */
	INTERLEAVE_LOAD,
	INTERLEAVE_FRESH,
	INTERLEAVE_BACKWARDS,
	INTERLEAVE_READER,		/* enum subject_reader */
	INTERLEAVE_NR
};

u32 interleave_max(enum interleave_field field);
u32 interleave_get(u64 value, enum interleave_field field);
u64 interleave_put(u64 value, enum interleave_field field, u32 x);

struct event {
	u8 kind;			/* enum event_kind */
	u8 cpu;				/* < nr_cpus; 0 where unused */
	u16 vcpu;			/* < nr_vcpus; 0 where unused */
	u64 value;			/* 0 where unused */
};

/*
 * The VM starts on hosts[0].  Every host's true time 0 is the same moment; they
 * have as many CPUs, and the VM's vCPUs, as that one.
 */
struct scenario {
	union {
		struct machine machine;	/* the first */
		struct machine hosts[SCENARIO_MAX_HOSTS];
	};
	u32 nr_hosts;			/* 1..SCENARIO_MAX_HOSTS */
	u32 nr_events;
	struct event events[SCENARIO_MAX_EVENTS];
};

/* What a kind of event is called and which operands it takes. */
struct event_info {
	const char *name;		/* as in the text form, e.g. "run-vcpu" */
	bool has_cpu, has_vcpu;
	const char *unit;		/* of value, NULL: no value; "bool" */
	bool is_signed;
	u64 max;			/* value's largest, either way if it is signed */
	const char *help;		/* one sentence, for list and docs */
};

extern const struct event_info event_info[EVENT_NR];

/* Does its vCPU enter the guest in it? */
static inline bool event_enters(const struct event *event)
{
	enum event_kind kind = event->kind;

	return kind == EVENT_RUN_VCPU || kind == EVENT_READ_PVCLOCK ||
	       kind == EVENT_READ_TSC_PAGE || kind == EVENT_STIMER_CONFIG ||
	       kind == EVENT_READ_HV_CLOCK || kind == EVENT_READ_SCHED_CLOCK ||
	       kind == EVENT_HIBERNATE || kind == EVENT_XEN_TIMER ||
	       kind == EVENT_XEN_TIMER_AT ||
	       kind == EVENT_TSC_DEADLINE || kind == EVENT_LAPIC_TIMER ||
	       kind == EVENT_READ_TMCCT ||
	       kind == EVENT_STIMER_ARM || kind == EVENT_MESSAGE_SLOT ||
	       kind == EVENT_NESTED_OFFSET || kind == EVENT_NESTED_KHZ ||
	       kind == EVENT_NESTED || kind == EVENT_READ_L2_TSC ||
	       kind == EVENT_READ_TSC_KHZ ||
	       (kind == EVENT_WRITE_TSC_PAGE && event->value >= SUBJECT_PAGE_LAST);
}

/* @value, into what that kind of event allows. */
static inline u64 event_fold_value(const struct event_info *info, u64 value)
{
	if (!info->is_signed)
		return fold(value, info->max);
	/* all of it is allowed, and -2^63 has no counterpart */
	return info->max == ~0ull ? value : (u64)((s64)value % (s64)(info->max + 1));
}

/* Makes any operands of @event those of an event of its kind in @s. */
static inline void event_fit(const struct scenario *s, struct event *event)
{
	const struct event_info *info = &event_info[event->kind];

	event->cpu = info->has_cpu ? fold(event->cpu, s->machine.nr_cpus - 1) : 0;
	event->vcpu = info->has_vcpu ? fold(event->vcpu, s->machine.nr_vcpus - 1) : 0;
	event->value = info->unit ? event_fold_value(info, event->value) : 0;
	if (event->kind == EVENT_MIGRATE)
		event->value = fold(event->value, s->nr_hosts - 1);
}

/*
 * Decodes any @size bytes into a valid scenario.  Reads no more than it
 * needs; decodes at most SCENARIO_MAX_EVENTS events.  Hot path.
 */
void scenario_decode(struct scenario *s, const u8 *data, size_t size);

/*
 * Encodes @s into @buf, at most @max bytes.  Returns the size, or 0 when it
 * doesn't fit.  scenario_decode() of the result gives @s again.
 */
size_t scenario_encode(const struct scenario *s, u8 *buf, size_t max);

/* Says why @s is not valid (ranges above), or NULL. */
const char *scenario_invalid(const struct scenario *s);

/* vCPUs that are there at boot: all but those that are hotplugged, at least one. */
u32 scenario_boot_vcpus(const struct scenario *s);

#endif
