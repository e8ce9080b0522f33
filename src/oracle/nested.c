// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested guests: L1 is a hypervisor in our guest, L2 a guest of L1's.
 *
 * To L1's clocks nothing changes while L2 runs, so their laws stand as they are.
 * Here: L1 runs by the offset and the multiplier that KVM keeps for it, whoever ran
 * before; L2's TSC is L1's, scaled and offset as L1 asks; and RDMSR, which KVM
 * emulates, is RDTSC, which it doesn't.
 */
#include "timeline.h"

#define GUEST_ENTRY "guest-entry"
#define GUEST_RDMSR "guest-rdmsr"
#define L2_ENTRY "l2-entry"
#define L2_RDMSR "l2-rdmsr"

static u64 read_tsc_by(const struct run *run, struct subject_tsc tsc, u64 raw)
{
	struct subject_vcpu_view view = {
		.tsc_offset = tsc.offset, .tsc_multiplier = tsc.multiplier,
	};

	return sim_guest_tsc(run->sim.machine, &view, raw);
}

/* Both modulo 2^64; shown from @want on. */
static void check_tsc(struct run *run, struct verdict *v, u64 got, u64 want)
{
	v->unit = "cycles";
	v->want = want;
	v->got = v->want + (s64)(got - want);
	run_check(run, v);
}

/* offset of L1 in L2's cycles, cut towards zero */
static u64 scaled_offset(u64 offset, u64 multiplier, u8 frac)
{
	bool negative = offset >> 63;
	u64 scaled = (u128)(negative ? -offset : offset) * multiplier >> frac;

	return negative ? -scaled : scaled;
}

static u64 whole_cycles(u64 value, u8 frac)
{
	return (value >> frac) + !!(value & ((1ull << frac) - 1));
}

/*
 * L2's TSC B is floor(T * m2) + o2 of L1's T = floor(raw * m1) + o1, as if the
 * hardware did both, one after the other; real hardware has one multiplier and one
 * offset, which KVM composes.  With f fraction bits, and e in [0, 1) what a cut
 * loses (e1 of the product m1 * m2, e4 of raw * m1), let
 *
 *	P = raw * m1 * m2 - e1 * raw / 2^f	Q = o1 * m2
 *	A = floor(P) + trunc(Q) + o2		what KVM makes of it
 *	B = floor(P + Q + d) + o2		d = e1 * raw / 2^f - e4 * m2
 *
 * For o1 < 0 trunc is ceil: floor(P) + ceil(Q) - floor(P + Q) is 0 or 1; for o1 > 0
 * it is -1 or 0.  And -m2 < d < raw / 2^f moves the last floor by at most
 * ceil(m2) down, ceil(raw / 2^f) up.  So
 *
 *	-ceil(raw / 2^f) - [o1 > 0] <= A - B <= ceil(m2) + [o1 < 0]
 *
 * where a part is 0 if e1 or e4 is.  Unscaled L2s have neither product: 0.
 *
 * Contract: L1's TSC and the scaled raw one are below 2^63, for KVM takes o1 for
 * signed, the hardware TSCs for unsigned; the hardware has the product of the
 * multipliers.
 */
bool l2_tsc(const struct machine *m, const struct subject_vcpu_view *l1,
	    struct subject_tsc l2, u64 raw, u64 *want, s128 *low, s128 *high)
{
	u8 frac = m->tsc_frac_bits;
	u64 tsc = sim_guest_tsc(m, l1, raw);
	u64 fraction = (1ull << frac) - 1;
	u128 product, scaled;

	*low = *high = 0;
	if (!frac || l2.multiplier == 1ull << frac) {
		*want = tsc + l2.offset;
		return true;
	}
	product = (u128)l1->tsc_multiplier * l2.multiplier;
	scaled = (u128)raw * l1->tsc_multiplier;
	if (!(product >> frac) || product >> frac >> (frac == 32 ? 40 : 64) ||
	    scaled >> frac >> 63 || tsc >> 63)
		return false;
	*want = (u64)((u128)tsc * l2.multiplier >> frac) + l2.offset;
	*low = -((s64)l1->tsc_offset > 0);
	*high = (s64)l1->tsc_offset < 0;
	if (product & fraction)
		*low -= whole_cycles(raw, frac);
	if (scaled & fraction)
		*high += whole_cycles(l2.multiplier, frac);
	return true;
}

static void check_l2(struct run *run, const struct subject_vcpu_view *l1,
		     const struct subject_nested_view *n)
{
	u64 raw = run->sim.hw.raw_tsc, want = 0, stale;
	u64 got = read_tsc_by(run, n->hardware, raw);
	u8 frac = run->sim.machine->tsc_frac_bits;
	struct verdict v = {
		.law = LAW_EXACT, .clock = "L2-TSC",
		.function = "kvm_calc_nested_tsc_offset", .event = L2_ENTRY,
		.why = "L2's TSC isn't L1's, scaled and offset as L1 asks",
	};

	if (!l2_tsc(run->sim.machine, l1, n->l1, raw, &want, &v.low, &v.high))
		return;
	run_show(run, "L2-TSC", "cycles", &(struct sim_read){
		.value = got, .tsc = raw }, true, want);
	/* the multiplier was written, and the offset is that of the one before */
	stale = scaled_offset(l1->tsc_offset, n->offset_multiplier, frac) + n->l1.offset;
	if (n->offset_multiplier != n->l1.multiplier && n->hardware.offset == stale) {
		v.event = L2_ENTRY "-stale-offset";
		v.function = "nested_svm_update_tsc_ratio_msr";
		v.why = "L2's multiplier was changed, and its offset wasn't";
	}
	check_tsc(run, &v, got, want);
	if (run->broken)
		return;
	check_tsc(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "L2-TSC",
		.function = "kvm_get_msr_common", .event = L2_RDMSR,
		.why = "RDMSR in L2 isn't RDTSC",
	}, read_tsc_by(run, n->msr, raw), got);
}

/*
 * Contract: a vCPU whose frequency KVM took; before, it has no multiplier to run by.
 */
static void check_l1(struct run *run, const struct subject_vcpu_view *l1,
		     const struct subject_nested_view *n, bool crossed)
{
	u64 raw = run->sim.hw.raw_tsc;
	u64 want = sim_guest_tsc(run->sim.machine, l1, raw);
	struct verdict v = {
		.law = LAW_AGREE, .clock = "guest-TSC",
		.function = "kvm_get_msr_common", .event = GUEST_RDMSR,
		.why = "RDMSR in the guest isn't RDTSC",
	};

	if (run->sim.machine->tsc_frac_bits && !l1->tsc_multiplier)
		return;
	check_tsc(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "guest-TSC",
		.function = "kvm_vcpu_write_tsc_multiplier", .event = GUEST_ENTRY,
		.why = "the guest runs by another offset or multiplier than KVM keeps for it",
	}, read_tsc_by(run, n->hardware, raw), want);
	if (run->broken || !crossed)
		return;
	if (run->event->value == SUBJECT_NESTED_ENTER_FAILS &&
	    n->msr.offset == scaled_offset(l1->tsc_offset, n->l1.multiplier,
					   run->sim.machine->tsc_frac_bits)) {
		v.event = GUEST_RDMSR "-entry-failed";
		v.function = "nested_vmx_enter_non_root_mode";
		v.why = "a failed entry left L2's multiplier, and took only L2's offset back";
	}
	check_tsc(run, &v, read_tsc_by(run, n->msr, raw), want);
}

/* What stays wrong is said once: when L2 leaves or can't be entered. */
static bool crossed(const struct event *event, const struct subject_vcpu_view *old)
{
	return event->kind == EVENT_NESTED &&
	       (old->in_l2 || event->value == SUBJECT_NESTED_ENTER_FAILS);
}

void check_registers(struct run *run, const struct subject_vcpu_view *old,
		     const struct sim_read *read)
{
	const struct event *event = run->event;
	const struct subject_vcpu_view *l1 = &run->vcpu[event->vcpu].view;
	struct subject_nested_view n;

	run->sim.subject->view_nested(event->vcpu, &n);
	if (!l1->in_l2)
		check_l1(run, l1, &n, crossed(event, old));
	else if (!old->in_l2 || read->valid)
		check_l2(run, l1, &n);
}

/* Entering and leaving L2 takes no time here, and nobody wrote L1's TSC. */
void check_nested(struct run *run, const struct subject_vcpu_view *old,
		  const struct subject_vcpu_view *now)
{
	u64 raw = run->sim.hw.raw_tsc;

	/* one that is caught up is so at each entry; one that never ran isn't known */
	if (now->tsc_catchup || !old->updates)
		return;
	check_tsc(run, &(struct verdict){
		.law = LAW_ROUNDTRIP, .clock = "guest-TSC",
		.function = "kvm_vcpu_write_tsc_offset",
		.why = "L2 ran, and L1's TSC isn't what it was",
	}, sim_guest_tsc(run->sim.machine, now, raw),
	   sim_guest_tsc(run->sim.machine, old, raw));
}
