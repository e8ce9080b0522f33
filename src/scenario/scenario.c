// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binary form.  A number is a selector byte and what it asks for:
 *
 *	0x00..0x3f	the value itself
 *	0x40 + n	n + 1 little-endian bytes follow (n < 8)
 *	0x80..0xff	boundary value (selector & 0x7f), one signed byte added
 *
 * A file is a header (flags, machine) and events until the input ends: a kind
 * byte, a byte of CPU and vCPU, a number where the kind has a value.  All
 * zeroes is the simplest machine and a short walk of simple events.
 */
#include <string.h>
#include "scenario.h"

const struct event_info event_info[EVENT_NR] = {
	[EVENT_ADVANCE_NS] = { "advance", false, false, "ns", false,
		10ull * 365 * 86400 * CF_NS_PER_SEC,
		"True time passes." },
	[EVENT_ADVANCE_CYCLES] = { "advance-cycles", false, false, "cycles",
		false, 1ull << 61, "True time passes, counted in host cycles." },
	[EVENT_TICK] = { "tick", true, false, NULL, false, 0,
		"The host's timekeeper is updated on that CPU." },
	[EVENT_RUN_VCPU] = { "run", true, true, NULL, false, 0,
		"The vCPU is loaded on that CPU and enters; pending requests are done." },
	[EVENT_MASTERCLOCK] = { "masterclock", false, true, NULL, false, 0,
		"KVM_REQ_MASTERCLOCK_UPDATE is requested of the vCPU." },
	[EVENT_WRITE_TSC_HOST] = { "write-tsc-host", false, true, "cycles",
		false, ~0ull, "Userspace writes MSR_IA32_TSC." },
	[EVENT_WRITE_TSC_GUEST] = { "write-tsc-guest", false, true, "cycles",
		false, ~0ull, "The guest writes MSR_IA32_TSC." },
	[EVENT_SET_TSC_OFFSET] = { "tsc-offset", false, true, "cycles", true,
		~0ull, "Userspace sets attribute KVM_VCPU_TSC_OFFSET." },
	[EVENT_SET_TSC_KHZ] = { "set-tsc-khz", false, true, "kHz", false,
		0xffffffff, "Userspace calls KVM_SET_TSC_KHZ." },
	[EVENT_GET_CLOCK] = { "get-clock", true, false, NULL, false, 0,
		"Userspace calls KVM_GET_CLOCK." },
	[EVENT_SET_CLOCK] = { "set-clock", true, false, "ns", false, ~0ull,
		"Userspace calls KVM_SET_CLOCK." },
	[EVENT_SET_CLOCK_REALTIME] = { "set-clock-realtime", true, false, "ns",
		false, ~0ull,
		"KVM_SET_CLOCK with KVM_CLOCK_REALTIME and the present realtime." },
	[EVENT_WRITE_TSC_PAGE] = { "tsc-page", false, true, "how", false,
		SUBJECT_PAGE_WRITE_NR - 1,
		"The guest or the host writes HV_X64_MSR_REFERENCE_TSC." },
	[EVENT_READ_PVCLOCK] = { "read-pvclock", false, true, NULL, false, 0,
		"The guest enters and reads kvmclock." },
	[EVENT_READ_TSC_PAGE] = { "read-tsc-page", false, true, NULL, false, 0,
		"The guest enters and reads the Hyper-V TSC page." },
	[EVENT_READ_REFERENCE] = { "read-reference", true, false, NULL, false, 0,
		"HV_X64_MSR_TIME_REF_COUNT is read." },
	[EVENT_READ_WALL_CLOCK] = { "read-wall-clock", true, false, "ns", false,
		CF_NS_PER_SEC,
		"The wall clock epoch is computed, with a preemption in between." },
	[EVENT_REENLIGHTENMENT] = { "reenlightenment", false, true, "bool", false, 1,
		"The guest opts for re-enlightenment and TSC emulation, or out." },
	[EVENT_STIMER_CONFIG] = { "stimer-config", false, true, "flags", false, 511,
		"The guest writes HV_X64_MSR_STIMERx_CONFIG." },
	[EVENT_STIMER_ARM] = { "stimer-arm", false, true, "ns", false, ~0ull,
		"The guest writes HV_X64_MSR_STIMERx_COUNT: its own time, plus that." },
	[EVENT_MESSAGE_SLOT] = { "message-slot", false, true, "bool", false, 1,
		"The SynIC slot of SINT1 is full, or the guest reads it and writes EOM." },
	[EVENT_SAVE_TSC] = { "save-tsc", false, false, NULL, false, 0,
		"The VMM reads every vCPU's MSR_IA32_TSC, to migrate the VM." },
	[EVENT_SAVE_CLOCK] = { "save-clock", true, false, NULL, false, 0,
		"The VMM calls KVM_GET_CLOCK, to migrate the VM." },
	[EVENT_MIGRATE] = { "migrate", false, false, "host", false,
		SCENARIO_MAX_HOSTS - 1,
		"A new VM takes over on that host, or the same; what isn't saved is." },
	[EVENT_RESTORE_TSC] = { "restore-tsc", false, false, "bool", false, 1,
		"The VMM restores the TSCs and Hyper-V's MSRs, by MSR or by offset." },
	[EVENT_RESTORE_CLOCK] = { "restore-clock", true, false, "bool", false, 1,
		"The VMM restores the clock by KVM_SET_CLOCK, with the realtime or not." },
	[EVENT_READ_HV_CLOCK] = { "read-hv-clock", false, true, NULL, false, 0,
		"The guest reads its Hyper-V clocksource: TSC page, or else the MSR." },
	[EVENT_READ_SCHED_CLOCK] = { "read-sched-clock", false, true, NULL, false, 0,
		"The guest reads sched_clock(), by its Hyper-V clocksource." },
	[EVENT_HIBERNATE] = { "hibernate", false, true, "bool", false, 1,
		"The guest saves its sched clock's state, or restores it." },
	[EVENT_HOTPLUG_VCPU] = { "hotplug", true, false, NULL, false, 0,
		"The VM's next vCPU is created and started on that CPU." },
	[EVENT_NESTED_OFFSET] = { "nested-offset", false, true, "cycles", true,
		~0ull, "L1 writes the TSC offset of its VMCS or VMCB for L2." },
	[EVENT_NESTED_KHZ] = { "nested-khz", false, true, "kHz", false, 0xffffffff,
		"L1 scales L2's TSC to that frequency, by its VMCS or AMD's TSC ratio MSR." },
	[EVENT_NESTED] = { "nested", false, true, "how", false, SUBJECT_NESTED_NR - 1,
		"L1 enters L2, or L2 leaves to L1." },
	[EVENT_READ_L2_TSC] = { "read-l2-tsc", false, true, NULL, false, 0,
		"L2, if it runs, enters and reads its TSC." },
	[EVENT_XEN_SHARED_INFO] = { "xen-shared-info", true, false, "bool", false, 1,
		"The VMM sets the Xen guest's shared info page, wall clock included." },
	[EVENT_XEN_TIMER] = { "xen-timer", false, true, "ns", false,
		365ull * 86400 * CF_NS_PER_SEC,
		"The Xen guest calls HYPERVISOR_set_timer_op: its own kvmclock, plus that." },
	[EVENT_RUNSTATE] = { "runstate", false, true, "state", false,
		SUBJECT_RUNSTATE_NR - 1,
		"The Xen guest's vCPU runs, is preempted, blocks or goes offline." },
	[EVENT_STEAL] = { "steal", false, true, "ns", false, 3600 * CF_NS_PER_SEC,
		"The vCPU's thread, in the VMM, waits that long for a CPU." },
	[EVENT_SLOT] = { "memory-slot", false, false, "bool", false, 1,
		"The VMM takes away the memory slot with the guest's kvmclock, or puts it back." },
	[EVENT_TSC_DEADLINE] = { "tsc-deadline", false, true, "cycles", false, 1ull << 61,
		"The guest writes MSR_IA32_TSC_DEADLINE: its TSC, plus that." },
	[EVENT_LAPIC_TIMER] = { "lapic-timer", false, true, "timer", false,
		((SUBJECT_LAPIC_MODE_NR - 1ull) << 35) + 0x7ffffffffull,
		"The guest writes its local APIC's LVTT, TDCR and TMICT, or one of them, or the VMM restores them." },
	[EVENT_READ_TMCCT] = { "read-tmcct", false, true, NULL, false, 0,
		"The guest reads its local APIC's current count." },
	[EVENT_WRITE_WALL_CLOCK] = { "write-wall-clock", false, true, NULL, false, 0,
		"The guest writes MSR_KVM_WALL_CLOCK_NEW." },
	[EVENT_INTERLEAVE] = { "interleave", false, true, "schedule", false,
		(SUBJECT_READER_NR << 20) - 1,
		"A reader runs between the stores of the next update of what it reads." },
	[EVENT_MEMORY_FAULT] = { "memory-fault", false, false, "accesses", false, 7,
		"After that many accesses the guest's memory isn't there, for one event." },
	[EVENT_PAUSE_GUEST] = { "pause-guest", false, true, NULL, false, 0,
		"KVM_KVMCLOCK_CTRL: the guest is told that it was stopped." },
	[EVENT_READ_TSC_KHZ] = { "read-tsc-khz", false, true, NULL, false, 0,
		"The guest works out its TSC's frequency from kvmclock." },
	[EVENT_NTP_SLEW] = { "ntp-slew", true, false, "ppb", true, 500000,
		"The host's NTP daemon sets the frequency of CLOCK_REALTIME." },
	[EVENT_STEP_REALTIME] = { "step-realtime", true, false, "ns", true,
		10ull * 365 * 86400 * CF_NS_PER_SEC,
		"The host's CLOCK_REALTIME is moved by so much." },
	[EVENT_CLOCKSOURCE] = { "clocksource", true, false, "which", false, 1,
		"The host's admin selects the machine's own clocksource, or another." },
	[EVENT_SUSPEND] = { "suspend", false, false, "ns", false,
		10ull * 365 * 86400 * CF_NS_PER_SEC,
		"The host sleeps so long; its TSCs start anew, near 0." },
	[EVENT_RESTORE_RUNSTATE] = { "restore-runstate", false, true, "ns", false,
		365ull * 86400 * CF_NS_PER_SEC,
		"The VMM restores the Xen vCPU's runstate, that long offline." },
	[EVENT_XEN_ATTR] = { "xen-attr", false, true, "what", false,
		SUBJECT_XEN_ATTR_NR - 1,
		"The VMM moves what lies in the Xen vCPU's memory, or sets its attributes." },
	[EVENT_XEN_TIMER_AT] = { "xen-timer-at", false, true, "ns", true, ~0ull,
		"The Xen guest calls HYPERVISOR_set_timer_op with that; 0 stops the timer." },
};

/* The value of EVENT_INTERLEAVE, from its lowest bits. */
static const u8 interleave_bits[INTERLEAVE_NR] = { 4, 4, 3, 8, 1, 4 };

static u32 interleave_shift(enum interleave_field field)
{
	u32 shift = 0;

	while (field)
		shift += interleave_bits[--field];
	return shift;
}

u32 interleave_max(enum interleave_field field)
{
	return (1u << interleave_bits[field]) - 1;
}

u32 interleave_get(u64 value, enum interleave_field field)
{
	return value >> interleave_shift(field) & interleave_max(field);
}

u64 interleave_put(u64 value, enum interleave_field field, u32 x)
{
	u32 shift = interleave_shift(field);

	return (value & ~((u64)interleave_max(field) << shift)) | (u64)x << shift;
}

#define MAX_KHZ 10000000u
#define MIN_KHZ 100000u
#define MAX_SKEW (1ll << 46)
#define MAX_BOOT_TSC (1ull << 62)
#define MAX_REALTIME_NS (1ull << 62)
/* tsc_refine_calibration_work() doesn't believe in more than 1 % */
#define MAX_EARLY_KHZ(khz) ((khz) / 100)
#define DEFAULT_KHZ 1000000u
#define DEFAULT_BOOT_TSC (1ull << 50)	/* leaves room for any skew */

/* Flags of the header. */
#define HEADER_KHZ 0x01
#define HEADER_BOOT_TSC 0x02
#define HEADER_REALTIME 0x04
#define HEADER_SKEW 0x08
#define HEADER_EARLY_KHZ 0x10
#define HEADER_HOSTS 0x20

static u8 next(struct input *in)
{
	return in->pos < in->size ? in->data[in->pos++] : 0;
}

static u64 number(struct input *in)
{
	u8 selector = next(in);
	u64 value = 0;
	int i, n;

	if (selector < 0x40)
		return selector;
	if (selector < 0x80) {
		n = (selector & 7) + 1;
		if (in->size - in->pos >= 8) {
			memcpy(&value, in->data + in->pos, 8);
			if (n < 8)
				value &= (1ull << 8 * n) - 1;
			in->pos += n;
			return value;
		}
		for (i = 0; i < n; i++)
			value |= (u64)next(in) << 8 * i;
		return value;
	}
	value = input_boundaries[fold(selector & 0x7f, input_boundaries_nr - 1)];
	return value + (u64)(s64)(s8)next(in);
}

static bool value_allowed(const struct event_info *info, u64 value)
{
	return event_fold_value(info, value) == value;
}

/* Returns the flags.  @first: the first host, or NULL: this one. */
static u8 decode_machine(struct machine *m, struct input *in,
			 const struct machine *first)
{
	u8 flags = next(in), shape = next(in);
	s64 skew;
	u32 i;

	memset(m, 0, sizeof(*m));
	m->nr_cpus = first ? first->nr_cpus : 1 + (shape & 3);
	m->nr_vcpus = first ? first->nr_vcpus : 1 + (shape >> 2 & 3);
	m->clocksource = (shape >> 4 & 3) % SUBJECT_CS_NR;
	m->tsc_frac_bits = (const u8[]){ 0, 48, 32, 48 }[shape >> 6];
	m->tsc_khz = DEFAULT_KHZ;
	if (flags & HEADER_KHZ) {
		u64 khz = number(in);

		m->tsc_khz = khz >= MIN_KHZ && khz <= MAX_KHZ ? khz :
			     MIN_KHZ + khz % (MAX_KHZ - MIN_KHZ + 1);
	}
	m->boot_tsc = flags & HEADER_BOOT_TSC ? fold(number(in), MAX_BOOT_TSC) :
						DEFAULT_BOOT_TSC;
	if (flags & HEADER_REALTIME)
		m->realtime_ns = fold(number(in), MAX_REALTIME_NS);
	for (i = 1; flags & HEADER_SKEW && i < m->nr_cpus; i++) {
		u64 raw = number(in);

		/* zigzag: small values are small skews of either sign */
		skew = (s64)(raw >> 1) ^ -(s64)(raw & 1);
		skew %= MAX_SKEW + 1;
		if (skew < 0 && (u64)-skew > m->boot_tsc)
			skew = -(s64)m->boot_tsc;
		m->skew_cycles[i] = skew;
	}
	if (flags & HEADER_EARLY_KHZ) {
		/* zigzag again: by how much it was refined */
		u64 raw = number(in) % (2 * MAX_EARLY_KHZ(m->tsc_khz) + 1);

		m->early_tsc_khz = m->tsc_khz + (u32)((s64)(raw >> 1) ^ -(s64)(raw & 1));
		if (m->early_tsc_khz == m->tsc_khz)
			m->early_tsc_khz = 0;
	}
	return flags;
}

void scenario_decode(struct scenario *s, const u8 *data, size_t size)
{
	struct input in = input_init(data, size);
	const struct machine *m = &s->machine;

	s->nr_hosts = 1;
	if (decode_machine(&s->machine, &in, NULL) & HEADER_HOSTS) {
		u32 others = 1 + next(&in) % (SCENARIO_MAX_HOSTS - 1);

		while (others--)
			decode_machine(&s->hosts[s->nr_hosts++], &in, m);
	}

	s->nr_events = 0;
	while (in.pos < in.size && s->nr_events < SCENARIO_MAX_EVENTS) {
		struct event *e = &s->events[s->nr_events++];
		const struct event_info *info;
		u8 where;

		e->kind = fold(next(&in), EVENT_NR - 1);
		info = &event_info[e->kind];
		where = info->has_cpu || info->has_vcpu ? next(&in) : 0;
		e->cpu = where & 15;
		e->vcpu = where >> 4;
		e->value = info->unit ? number(&in) : 0;
		event_fit(s, e);
	}
}

struct output {
	u8 *buf;
	size_t max, pos;
};

static void put(struct output *out, u8 byte)
{
	if (out->pos < out->max)
		out->buf[out->pos] = byte;
	out->pos++;
}

static void put_number(struct output *out, u64 value)
{
	int n = 1, i;

	if (value < 0x40) {
		put(out, value);
		return;
	}
	while (n < 8 && value >> 8 * n)
		n++;
	put(out, 0x40 + n - 1);
	for (i = 0; i < n; i++)
		put(out, value >> 8 * i);
}

static void encode_machine(struct output *out, const struct machine *m, u8 flags)
{
	u8 frac;
	u32 i;

	if (m->tsc_khz != DEFAULT_KHZ)
		flags |= HEADER_KHZ;
	if (m->boot_tsc != DEFAULT_BOOT_TSC)
		flags |= HEADER_BOOT_TSC;
	if (m->realtime_ns)
		flags |= HEADER_REALTIME;
	for (i = 1; i < m->nr_cpus; i++)
		if (m->skew_cycles[i])
			flags |= HEADER_SKEW;
	if (m->early_tsc_khz)
		flags |= HEADER_EARLY_KHZ;
	frac = m->tsc_frac_bits == 48 ? 1 : m->tsc_frac_bits == 32 ? 2 : 0;
	put(out, flags);
	put(out, (m->nr_cpus - 1) | (m->nr_vcpus - 1) << 2 |
		  m->clocksource << 4 | frac << 6);
	if (flags & HEADER_KHZ)
		put_number(out, m->tsc_khz);
	if (flags & HEADER_BOOT_TSC)
		put_number(out, m->boot_tsc);
	if (flags & HEADER_REALTIME)
		put_number(out, m->realtime_ns);
	for (i = 1; flags & HEADER_SKEW && i < m->nr_cpus; i++)
		put_number(out, (u64)m->skew_cycles[i] << 1 ^
				 (u64)(m->skew_cycles[i] >> 63));
	if (flags & HEADER_EARLY_KHZ) {
		s64 by = (s64)m->early_tsc_khz - m->tsc_khz;

		put_number(out, (u64)by << 1 ^ (u64)(by >> 63));
	}
}

size_t scenario_encode(const struct scenario *s, u8 *buf, size_t max)
{
	struct output out = { buf, max, 0 };

	encode_machine(&out, &s->machine, s->nr_hosts > 1 ? HEADER_HOSTS : 0);
	if (s->nr_hosts > 1)
		put(&out, s->nr_hosts - 2);
	for (u32 i = 1; i < s->nr_hosts; i++)
		encode_machine(&out, &s->hosts[i], 0);
	for (u32 i = 0; i < s->nr_events; i++) {
		const struct event *e = &s->events[i];
		const struct event_info *info = &event_info[e->kind];

		put(&out, e->kind);
		if (info->has_cpu || info->has_vcpu)
			put(&out, e->cpu | e->vcpu << 4);
		if (info->unit)
			put_number(&out, e->value);
	}
	return out.pos <= max ? out.pos : 0;
}

static const char *machine_invalid(const struct machine *m)
{
	u32 i;

	if (m->tsc_khz < MIN_KHZ || m->tsc_khz > MAX_KHZ)
		return "tsc_khz must be 100000 to 10000000";
	if (m->nr_cpus < 1 || m->nr_cpus > SUBJECT_MAX_CPUS)
		return "cpus must be 1 to 4";
	if (m->nr_vcpus < 1 || m->nr_vcpus > SUBJECT_MAX_VCPUS)
		return "vcpus must be 1 to 4";
	if (m->clocksource >= SUBJECT_CS_NR)
		return "unknown clocksource";
	if (m->tsc_frac_bits && m->tsc_frac_bits != 32 && m->tsc_frac_bits != 48)
		return "unknown tsc_scaling";
	if (m->boot_tsc > MAX_BOOT_TSC)
		return "boot_tsc must be at most 2^62";
	if (m->realtime_ns > MAX_REALTIME_NS)
		return "realtime must be at most 2^62 ns";
	if (m->early_tsc_khz &&
	    (m->early_tsc_khz == m->tsc_khz || m->early_tsc_khz < m->tsc_khz -
	     MAX_EARLY_KHZ(m->tsc_khz) || m->early_tsc_khz > m->tsc_khz +
	     MAX_EARLY_KHZ(m->tsc_khz)))
		return "early_tsc_khz must be within 1 % of tsc_khz, and another";
	if (m->skew_cycles[0])
		return "skew is against cpu 0, which has none";
	for (i = 1; i < SUBJECT_MAX_CPUS; i++) {
		s64 skew = m->skew_cycles[i];

		if (skew && i >= m->nr_cpus)
			return "skew of a CPU that isn't there";
		if (skew > MAX_SKEW || skew < -MAX_SKEW)
			return "skew must be within 2^46 cycles";
		if (skew < 0 && (u64)-skew > m->boot_tsc)
			return "skew would make a raw TSC negative";
	}
	return NULL;
}

const char *scenario_invalid(const struct scenario *s)
{
	const struct machine *m = &s->machine;
	const char *why;
	u32 i;

	if (s->nr_hosts < 1 || s->nr_hosts > SCENARIO_MAX_HOSTS)
		return "hosts must be 1 to 3";
	for (i = 0; i < s->nr_hosts; i++) {
		why = machine_invalid(&s->hosts[i]);
		if (why)
			return why;
		if (s->hosts[i].nr_cpus != m->nr_cpus ||
		    s->hosts[i].nr_vcpus != m->nr_vcpus)
			return "every host has the first one's cpus and vcpus";
	}
	if (s->nr_events > SCENARIO_MAX_EVENTS)
		return "too many events";
	for (i = 0; i < s->nr_events; i++) {
		const struct event *e = &s->events[i];
		const struct event_info *info;

		if (e->kind >= EVENT_NR)
			return "unknown event";
		info = &event_info[e->kind];
		if (e->cpu >= m->nr_cpus)
			return "no such CPU";
		if (e->vcpu >= m->nr_vcpus)
			return "no such vCPU";
		if (info->unit && !value_allowed(info, e->value))
			return "value out of range";
		if (e->kind == EVENT_MIGRATE && e->value >= s->nr_hosts)
			return "no such host";
	}
	return NULL;
}

u32 scenario_boot_vcpus(const struct scenario *s)
{
	u32 nr = s->machine.nr_vcpus;

	for (u32 i = 0; i < s->nr_events && nr > 1; i++)
		nr -= s->events[i].kind == EVENT_HOTPLUG_VCPU;
	return nr;
}
