// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "law.h"

/*
 * The derivation that belongs to a single function stands at its predicate in
 * pure.c, that of a timeline at its check in run.c.
 */
const struct law_info law_info[LAW_NR] = {
	[LAW_EXACT] = {
		.name = "exact",
		.clocksource = "its rate is known, and no reader adds an error to it",
		.sentence = "a conversion equals the 128-bit value within its stated unit over the whole accepted domain, for any gap",
		.contract = "the exact result is representable; pvclock shifts lie in -31..31 and the left shift loses no bits",
		.tolerance = "pvclock scaling: exact - result in [0, (1-2^-32) + (1-2^s)*m/2^32] for s < 0 (delta's low -s bits are cut, then the product's low 32), [0, 1) for s >= 0 (proven: scale_exact, and scale_reached); a time scale: [-2^-31, +1/min(scaled_hz, 2^31)], -3*2^-31 where scaled_hz above 2^31 loses bits; TSC scaling, ratios, nesting and TSC page: 0; a timer's registers, message and KVM's advance: 0; the hardware's deadline of a count: 2^-30 of it, 4 cycles, and what both clocks drift apart",
	},
	[LAW_SIGNED] = {
		.name = "signed",
		.clocksource = "no unaccounted jump, on a CPU that is behind",
		.sentence = "a counter before the snapshot gives base - scale(|d|), or clamps to base; never a jump",
		.contract = "the counter is behind by less than 2^63 and scale(|d|) is below 2^63",
		.tolerance = "[-2, +1] around base - floor(scale(|d|)): cut towards zero loses up to 1 (s >= 0) or 2 (s < 0) of scale(|d|), rounding down adds as much; or base itself (proven of the sign-correct form: signed_behind)",
	},
	[LAW_MONOTONIC] = {
		.name = "monotonic",
		.clocksource = "never backward, on any CPU",
		.sentence = "a read that happens after another is never below it, on any vCPU; at one TSC an update never steps back",
		.contract = "one clock that was not set in between; scaling: the left shift loses no bits",
		.tolerance = "scaling itself: 0; an update: 2 ns, for re-basing cuts the fraction of one read (0 or 1 ns, with s < 0 up to 2; proven: rebase_drift, rebase_reached); CPUs whose TSCs differ: the skew",
	},
	[LAW_AGREE] = {
		.name = "agree",
		.clocksource = "works across CPUs: every view of it is the same clock",
		.sentence = "all views of one clock (guest pvclock, KVM_GET_CLOCK, TSC page, reference MSR, wall-clock epoch) agree within one unit at the same TSC, however much time has passed",
		.contract = "the views were published from one snapshot and the counter isn't behind it",
		.tolerance = "TSC page - floor(pvclock/100): [-1, +1] for s >= 0, [-1, +2] for s < 0, -2 from 2^64/100 elapsed cycles on: scale, both products and pvclock/100 are each cut once (proven: page_agrees)",
	},
	[LAW_RATE] = {
		.name = "rate",
		.clocksource = "a stable, known rate: never stops, no unaccounted jump",
		.sentence = "over a long run a clock neither gains nor loses more than its stated parts per billion, and never jumps forward",
		.contract = "the host's TSC has a constant rate and the clock was not set in between",
		.tolerance = "an update: 2 ns forward, the rounding of one re-base; a long run: the precision of the clocksource's mult, 1/2 of its last bit, and of the pvclock multiplier, 2^-30",
	},
	[LAW_ROUNDTRIP] = {
		.name = "roundtrip",
		.clocksource = "nothing is lost when it is stopped and started",
		.sentence = "set and get, save and restore, suspend and resume give back the same clock; on the same host with zero error",
		.contract = "what is written is within the API's range, and nothing else was done in between",
		.tolerance = "0; a host's write to MSR_IA32_TSC: within a second of where the VM's TSC would be KVM takes it for an attempt to synchronise, and keeps that",
	},
	[LAW_SEQUENCE] = {
		.name = "sequence",
		.clocksource = "a read while it is updated is one from before or after",
		.sentence = "every read equals one published tuple or says invalid; the sequence ends even on every path",
		.contract = "one update; the reader is on another CPU than the writer, or sees it whole between two of its loads; stores are visible in program order, but between two barriers in any",
		.tolerance = "0: it is what the same reader gives where nothing is stored, before or after",
	},
	[LAW_DEADLINE] = {
		.name = "deadline",
		.clocksource = "timers that go by it make progress",
		.sentence = "a timer is never early on the guest's own clock, is never armed in the host's past for a future deadline, and always makes progress",
		.contract = "the clock was not set since the timer was armed; what a full message slot, lost periods and a count that is restored with 0 left mean is KVM's choice",
		.tolerance = "stimer: early 0, for host and guest read one counter, late 2 units of 100 ns, and what the host's timers and the counter drift apart while it is armed: 1/2 of the clocksource mult's last bit, 2^-30, and for a scaled guest 1/kHz; Xen's timer and the TSC deadline: armed for what was asked, to 1 ns; when it comes, early and late by that drift, and a TSC deadline early by 1/8 of KVM's advance and of that drift; a count: 0 on the host's own clock; an entry's wait for a deadline: 1 ns and 1 cycle of the host's",
	},
	[LAW_TOTAL] = {
		.name = "total",
		.clocksource = "a read always ends",
		.sentence = "terminates, no division by zero, no undefined shift, for every input that the API accepts",
		.contract = "the arguments are such as an ioctl, an MSR or the guest's memory can give",
		.tolerance = "none: a loop counts as endless when it turns 20,000 times within one event; the longest honest ones take 15,393",
	},
	[LAW_CONSERVE] = {
		.name = "conserve",
		.clocksource = "what passed is accounted once, and somewhere",
		.sentence = "accounted parts are never negative and sum to what elapsed",
		.contract = "kvmclock was not set in between; the scheduler's wait is no longer than what elapsed",
		.tolerance = "the sum: 0, it is the time of the state's entry; a part: what kvmclock may be off in that time (law rate), and the skew between the CPUs that it was read on",
	},
	[LAW_CANARY] = {
		.name = "canary",
		.sentence = "bit 20 xor bit 5 of a value is 0; broken on purpose by half of all values",
		.contract = "fuzz_canary only, which must fail: a hunt that doesn't find it finds nothing",
		.tolerance = "0",
	},
};

void (*law_watch)(enum law law, const char *clock);

#define E (1u << LAW_EXACT)
#define S (1u << LAW_SIGNED)
#define M (1u << LAW_MONOTONIC)
#define A (1u << LAW_AGREE)
#define R (1u << LAW_RATE)
#define T (1u << LAW_ROUNDTRIP)
#define D (1u << LAW_DEADLINE)
#define Q (1u << LAW_SEQUENCE)
#define C (1u << LAW_CONSERVE)

const struct law_reader law_readers[] = {
	{ "kvmclock", "the guest's pvclock", E | S | M | A | R | T | Q },
	{ "vdso-kvmclock", "the same in its vDSO, vCPU0's for all", E | Q },
	{ "KVM_GET_CLOCK", "the VMM's view of it", E | S | M | R | T | Q },
	{ "KVM_CLOCK_REALTIME", "CLOCK_REALTIME that comes with it", E },
	{ "master_kernel_ns", "KVM's snapshot of the host's clock", E | S | Q },
	{ "ktime_get_raw", "that clock itself", Q },
	{ "seqcount", "any of the host's", Q },
	{ "wall-clock", "its epoch", S | A },
	{ "guest-wall-clock", "its epoch in guest memory, and kvmclock", E | A | Q },
	{ "guest-TSC", "RDTSC in the guest", E | S | M | A | R | T },
	{ "L2-TSC", "RDTSC in a nested guest", E | A },
	{ "guest-TSC-frequency", "what the guest makes of kvmclock's pair", E },
	{ "TSC-page", "Hyper-V's, read by the guest", E | M | A | R | Q },
	{ "reference-counter", "HV_X64_MSR_TIME_REF_COUNT", S | M | A | R | Q },
	{ "hv-clock", "the guest's clocksource over both", E | M | A | R },
	{ "hv-sched-clock", "its sched_clock()", M | A | R | T },
	{ "stimer", "its synthetic timer", E | D },
	{ "scale_delta", "pvclock_scale_delta()", E | M },
	{ "time_scale", "kvm_get_time_scale()", E },
	{ "pvclock_read", "__pvclock_read_cycles()", E | S },
	{ "pvclock_rebase", "pvclock_update_vm_gtod_copy()", M | R },
	{ "guest_tsc", "compute_guest_tsc()", E | S },
	{ "scale_tsc", "kvm_scale_tsc()", E },
	{ "tsc_ratio", "set_tsc_khz()", E },
	{ "nested_offset", "kvm_calc_nested_tsc_offset()", E },
	{ "nested_multiplier", "kvm_calc_nested_tsc_multiplier()", E },
	{ "hv_page_params", "compute_tsc_page_parameters()", E },
	{ "hv_page_read", "hv_read_tsc_page_tsc()", E },
	{ "hv_page", "both, one after the other", A },
	{ "xen-timer", "a Xen guest's one-shot timer", D | T },
	{ "runstate", "a Xen vCPU's runstate times", S | A | C },
	{ "runstate-area", "the guest's copy of them", C | Q },
	{ "xen-wall-clock", "that of a Xen guest's shared info page", Q },
	{ "tsc-deadline", "MSR_IA32_TSC_DEADLINE", E | D },
	{ "lapic-timer", "the local APIC's count", E | D },
	{ "TMCCT", "what is left of it", E | R },
	{ "host-raw", "the host's CLOCK_MONOTONIC_RAW over an update", E | T },
	{ "host-monotonic", "its CLOCK_MONOTONIC", E | R },
	{ "host-realtime", "its CLOCK_REALTIME", E },
	{ "host-clocksource", "what it counts by", E },
	{ "host-clocks", "its timekeeper by itself: boot, steps, sleeps, NTP", E | A | R | T },
	{ "clocksource", "__clocksource_update_freq_scale(), clocksource_delta()", E | S },
	{ "timekeeping", "timekeeping_cycles_to_ns()", E | S },
	{ "vdso", "do_hres() in the vDSO", E | S | Q },
	{ "vdso-namespace", "the same in a time namespace", E },
	{ "suspend_timing", "clocksource_stop_suspend_timing()", E },
	{ "timer", "ktime_add_safe()", E },
	{ "crosststamp", "timestamp_in_interval()", S },
	{ "sched_clock", "native_sched_clock()", E | T | Q },
	{ "ntp", "leap seconds and adjtime()", E },
	{ NULL, NULL, 0 }
};

#undef E
#undef S
#undef M
#undef A
#undef R
#undef T
#undef D
#undef Q
#undef C

int law_by_name(const char *name)
{
	for (int i = 0; i < LAW_NR; i++)
		if (!strcmp(law_info[i].name, name))
			return i;
	return -1;
}

static u128 magnitude(s128 v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

static const char *number(u128 v, unsigned int base, const char *prefix,
			  char buf[48])
{
	char *p = buf + 47;

	*p = '\0';
	do
		*--p = "0123456789abcdef"[(int)(v % base)];
	while (v /= base);
	p -= strlen(prefix);
	return memcpy(p, prefix, strlen(prefix));
}

static void print_line(const char *label, s128 v, const char *unit)
{
	char dec[48], hex[48];

	fprintf(stderr, "  %-11s %s %s (%s)\n", label,
		number(magnitude(v), 10, v < 0 ? "-" : "", dec), unit,
		number(magnitude(v), 16, v < 0 ? "-0x" : "0x", hex));
}

static void print_and_abort(const struct finding *f)
{
	const char *unit = f->unit ? f->unit : "";

	fprintf(stderr, "law %s is broken: %s, by %s: %s\n",
		law_info[f->law].name, f->clock,
		f->function ? f->function : "?", f->why ? f->why : "");
	if (f->event_nr)
		fprintf(stderr, "  event       %d, %s\n", f->event_nr, f->event);
	if (f->law != LAW_TOTAL) {
		print_line("got", f->got, unit);
		print_line("want", f->want, unit);
		print_line("difference", f->got - f->want, unit);
		print_line("at least", f->tolerance_low, unit);
		print_line("at most", f->tolerance_high, unit);
	}
	abort();
}

static law_sink sink = print_and_abort;

law_sink law_set_sink(law_sink new_sink)
{
	law_sink old = sink;

	sink = new_sink;
	return old;
}

/*
 * Engines tell crashes apart by the functions on the stack, so each law needs
 * a frame of its own: no inlining, no merging, no tail call.
 */
#define FAILURE(name)							\
	static __attribute__((noinline)) void				\
	law_##name##_is_broken(const struct finding *f)			\
	{								\
		sink(f);						\
		__asm__ volatile("" : : "i"(__COUNTER__));		\
	}

FAILURE(exact)
FAILURE(signed)
FAILURE(monotonic)
FAILURE(agree)
FAILURE(rate)
FAILURE(roundtrip)
FAILURE(sequence)
FAILURE(deadline)
FAILURE(total)
FAILURE(conserve)
FAILURE(canary)

void law_fail(const struct finding *f)
{
	static void (*const failure[LAW_NR])(const struct finding *f) = {
		[LAW_EXACT] = law_exact_is_broken,
		[LAW_SIGNED] = law_signed_is_broken,
		[LAW_MONOTONIC] = law_monotonic_is_broken,
		[LAW_AGREE] = law_agree_is_broken,
		[LAW_RATE] = law_rate_is_broken,
		[LAW_ROUNDTRIP] = law_roundtrip_is_broken,
		[LAW_SEQUENCE] = law_sequence_is_broken,
		[LAW_DEADLINE] = law_deadline_is_broken,
		[LAW_TOTAL] = law_total_is_broken,
		[LAW_CONSERVE] = law_conserve_is_broken,
		[LAW_CANARY] = law_canary_is_broken,
	};

	failure[f->law](f);
	__asm__ volatile("");
}
