// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmclock, the VMM's view of it, its updates, and the TSCs under it.
 */
#include "timeline.h"

static s128 floor_div(s128 a, s128 b)
{
	return a / b - (a % b < 0);
}

/*
 * Is @v wrong by what 64 bits lose of delta * mult: is there a multiple of
 * 2^(64 - shift) ns, not 0, less which it would hold?
 */
static bool wrapped_product(const struct run *run, const struct verdict *v)
{
	s128 lost = (s128)1 << (64 - run->timekeeper.shift);
	s128 diff = v->got - v->want, most, least;

	if (v->high >> 99)
		return false;
	most = floor_div(diff - v->low, lost);
	least = -floor_div(v->high - diff, lost);
	return least <= most && (least || most);
}

/* ---- common pieces ------------------------------------------------------- */

static s64 skew_here(const struct run *run)
{
	return run->sim.machine->skew_cycles[run->sim.hw.cpu];
}

/*
 * What a reader gives that takes a counter before the snapshot for one far
 * behind it: base + scale(2^64 - |d|) modulo 2^64, as __pvclock_read_cycles().
 */
u64 unsigned_read(const struct subject_pvclock *pv, u64 tsc)
{
	u64 delta = tsc - pv->tsc_timestamp;

	delta = pv->tsc_shift < 0 ? delta >> -pv->tsc_shift :
				    delta << pv->tsc_shift;
	return pv->system_time + (u64)((u128)delta * pv->tsc_to_system_mul >> 32);
}

/*
 * A counter read before its snapshot's counter value must give
 * base - scale(|d|) or base itself, and nothing between; 2 ns are one rounding
 * either side, 2^-30 the pair's own error.
 * Where it doesn't, law signed explains what the subtraction modulo 2^64 gives,
 * @wrapped, and nothing else: that is another bug behind this one.
 */
bool check_signed(struct run *run, const char *clock,
			 const char *function, const char *event, u64 got,
			 u64 base, u128 scaled, u64 wrapped)
{
	s128 diff = (s128)(s64)got - (s64)base, slack = (scaled >> 30) + 3;
	s128 low = -(s128)scaled - slack;
	struct verdict v = {
		.law = LAW_SIGNED, .clock = clock, .function = function,
		.why = "the counter was behind the snapshot",
		.event = event,
		.unit = "ns", .got = got, .want = (s64)base,
		.low = low, .high = -BEHIND_LOW,
	};

	law_asked(LAW_SIGNED, clock);
	/* near zero a clock may be negative; a jump is shown as the u64 it is */
	if ((diff >= low && diff <= slack - (s128)scaled) ||
	    (diff >= BEHIND_LOW && diff <= -BEHIND_LOW))
		return true;
	if (got != wrapped) {
		v.law = LAW_EXACT;
		v.why = "it is neither the signed nor the wrapped sum";
	}
	run_fail(run, &v);
	return false;
}

/*
 * The skew, shown by a clock whose own rate is off: by 2^-30.09, or for a scaled
 * guest by the kHz that its frequency is cut to, which agree and rate judge.
 */
static u64 skew_error(u64 skew_ns, s64 cycle_ns, u32 khz)
{
	return cycle_ns && khz ? skew_ns / khz + 1 : skew_ns >> 30;
}

/*
 * Never below an earlier read of the same generation.  CPUs whose raw TSCs
 * differ show the difference: that much is the hardware's; 2 ns and a scaled
 * guest's cycle are rounding.
 */
bool check_monotonic(struct run *run, struct base *base,
			    const char *clock, const char *function, u64 value,
			    u32 generation, u32 khz, s64 cycle_ns)
{
	bool ok = true;

	if (base->set && base->generation == generation && base->khz == khz) {
		s64 back = base->skew - skew_here(run);
		u64 skew_ns = back > 0 ? cycles_to_ns(run, back) : 0;
		struct verdict v = {
			.law = LAW_MONOTONIC, .clock = clock,
			.function = function,
			.why = "a later read was below an earlier one",
			.unit = "ns", .got = (s64)value,
			.want = (s64)base->value,
			.low = -(s128)(skew_ns + skew_error(skew_ns, cycle_ns, khz)) -
			       2 - cycle_ns,
			.high = (s128)1 << 100,
		};

		ok = run_check(run, &v);
	}
	*base = (struct base){
		.set = true, .source = base->source, .value = value,
		.cycles = run->sim.cycles, .skew = skew_here(run), .generation = generation, .khz = khz,
	};
	return ok;
}

/*
 * What a scaled guest's clock gains in @ns: its frequency is rounded down to a
 * kHz, so that its pvclock pair is up to 1/khz too fast.
 */
u64 cut_khz(u64 ns, s64 cycle_ns, u32 khz)
{
	return cycle_ns ? ns / khz + 1 : 0;
}

#define READ_SCALED "read-pvclock" SCALED

/* The reader's own: a scaled guest's clock is known to be fast, by each of them. */
static const char *scaled_event(const struct run *run, const struct base *base)
{
	if (base == &run->rate_reference)
		return "read-reference" SCALED;
	if (base == &run->rate_page)
		return "read-tsc-page" SCALED;
	if (base == &run->rate_hv_clock || base == &run->rate_sched_clock)
		return "read-hv-clock" SCALED;
	return READ_SCALED;
}

/*
 * Against true time since the first read of this generation.  The host's
 * clocksource mult is rounded to the nearest, so its rate is off by at most
 * 1/(2 mult); the pvclock pair by 2^-30.09 (kvm_get_time_scale).  A re-base
 * brings in what both drifted apart since the snapshot before.  Both ends
 * may have been read, and both snapshots taken, on CPUs skewed by up to the
 * spread, and be off by the clocksource's resolution; 5 ns for the roundings of
 * two reads and two snapshots.
 */
bool check_rate(struct run *run, struct base *base, const char *clock,
		       const char *function, u64 value, u32 generation,
		       s64 cycle_ns, u32 khz)
{
	u64 elapsed, rebased, slack;
	bool ok = true;
	s128 cut;

	/* vCPUs of other frequencies are each off by their own */
	if (base->set && base->generation == generation && base->khz == khz) {
		elapsed = cycles_to_ns(run, run->sim.cycles - base->cycles);
		rebased = cycles_to_ns(run, run->sim.cycles - base->since);
		slack = rebased / run->rate_denominator + (rebased >> 30) +
			2 * cycles_to_ns(run, run->skew_spread) +
			2 * (run->resolution_ns + cycle_ns) + 5;
		struct verdict v = {
			.law = LAW_RATE, .clock = clock, .function = function,
			.why = "it parted from true time",
			.unit = "ns", .got = (s64)(value - base->value),
			.want = elapsed, .low = -(s128)slack, .high = slack,
		};

		cut = slack + cut_khz(rebased, cycle_ns, khz);
		if (khz && v.got - v.want <= cut && v.got - v.want >= -cut)
			v.event = scaled_event(run, base);
		else if (!khz && wrapped_product(run, &v))
			v.event = "get-clock" AFTER_GAP;
		ok = run_check(run, &v);
		if (ok)
			return true;
	}
	*base = (struct base){
		.set = true, .value = value, .cycles = run->sim.cycles,
		.since = run->snapshot_cycles, .generation = generation,
		.khz = khz,
	};
	return ok;
}

/* ---- the host's view of kvmclock ---------------------------------------- */

/* kvmclock at the snapshot; the kernel adds modulo 2^64, too */
u64 snapshot_clock(const struct run *run)
{
	return (u64)run->vm.master_kernel_ns + (u64)run->vm.kvmclock_offset_ns;
}

/*
 * What kvmclock is at @host_tsc, from the master clock's snapshot; the caller
 * has seen that it is in use.
 */
static s128 kvmclock_exact(const struct run *run, u64 host_tsc)
{
	return (s128)run->vm.master_kernel_ns + run->vm.kvmclock_offset_ns +
	       signed_ns(run, host_tsc - run->vm.master_cycle_now);
}

/* What __get_kvmclock() reads from: the snapshot and the pair of the host's rate. */
struct subject_pvclock host_tuple(const struct run *run)
{
	struct subject_pvclock pv = {
		.tsc_timestamp = run->vm.master_cycle_now,
		.system_time = snapshot_clock(run),
	};

	run->sim.subject->time_scale(CF_NS_PER_SEC,
				 run->sim.machine->tsc_khz * 1000ull,
				 &pv.tsc_shift, &pv.tsc_to_system_mul);
	return pv;
}

/*
 * KVM's multiplier is off by [-2^-31, +2^-30.09]; truncation takes up to 2 ns.
 */
static bool check_host_clock(struct run *run, const char *clock,
			     const char *function, u64 got, u64 host_tsc)
{
	u64 base = snapshot_clock(run);
	s64 delta = host_tsc - run->vm.master_cycle_now;
	struct verdict v;
	s128 early, off;
	u64 ns;

	if (delta < 0) {
		struct subject_pvclock pv = host_tuple(run);

		return check_signed(run, clock, function, NULL, got, base,
				    cycles_to_ns(run, -(u64)delta),
				    unsigned_read(&pv, host_tsc));
	}
	ns = cycles_to_ns(run, delta);
	v = (struct verdict){
		.law = LAW_EXACT, .clock = clock, .function = function,
		.why = "it isn't the snapshot plus the scaled counter",
		.unit = "ns", .got = (s64)got, .want = (s64)(base + ns),
		.low = -(s128)(ns >> 31) - 2, .high = (ns >> 30) + 2,
	};
	if (run->sim.machine->early_tsc_khz) {
		early = (u128)delta * 1000000 / run->sim.machine->early_tsc_khz;
		off = v.got - (s64)base - early;
		if (off >= -(early >> 31) - 2 && off <= (early >> 30) + 2) {
			v.why = "it is scaled by the frequency from before it was refined";
			v.event = "get-clock" EARLY;
		}
	}
	return run_check(run, &v);
}

/*
 * Does KVM_GET_CLOCK go by a frequency that isn't the host's?  Then what follows
 * from it isn't news.
 */
bool host_clock_early(const struct run *run, const struct subject_clock *clock,
			     u64 tsc)
{
	s64 delta = tsc - run->vm.master_cycle_now;
	s128 off = (s64)(clock->clock_ns - snapshot_clock(run));

	if (!run->sim.machine->early_tsc_khz || !run->vm.use_master_clock ||
	    delta < 0)
		return run->sim.machine->early_tsc_khz && delta < 0;
	off -= cycles_to_ns(run, delta);
	return off < -2 - (delta >> 30) || off > 2 + (delta >> 30);
}

/*
 * What comes with KVM_CLOCK_REALTIME is the host's CLOCK_REALTIME where its TSC was
 * host_tsc, by the timekeeper's own numbers, cut to a ns.
 */
static bool check_clock_realtime(struct run *run, const struct sim_read *read)
{
	struct verdict v;
	s128 real;

	if (!read->valid || !(read->flags & SUBJECT_CLOCK_REALTIME) ||
	    !host_realtime_ns(run, read->tsc, &real))
		return true;
	v = (struct verdict){
		.law = LAW_EXACT, .clock = "KVM_CLOCK_REALTIME",
		.function = "kvm_get_walltime_and_clockread",
		.why = "it isn't the host's CLOCK_REALTIME at its TSC", .unit = "ns",
		.got = (s64)read->realtime_ns, .want = real,
	};
	if (wrapped_product(run, &v))
		v.event = "get-clock" AFTER_GAP;
	return run_check(run, &v);
}

void check_set_clock(struct run *run, const struct sim_read *read)
{
	if (!read->valid)
		run_fail(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "KVM_GET_CLOCK",
			.function = "kvm_vm_ioctl_set_clock",
			.why = "KVM_SET_CLOCK was refused", .unit = "ns",
			.want = run->event->value,
		});
}

void check_get_clock(struct run *run, const struct sim_read *read)
{
	bool ok = check_clock_realtime(run, read), behind = false;

	if (!read->valid || read->flags & ~SUBJECT_CLOCK_FLAGS)
		run_fail(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "KVM_GET_CLOCK",
			.function = "kvm_vm_ioctl_get_clock",
			.why = read->valid ? "KVM_GET_CLOCK gives a flag that there isn't" :
					     "KVM_GET_CLOCK was refused",
			.unit = "flags", .got = read->flags,
			.want = read->flags & SUBJECT_CLOCK_FLAGS,
		});
	if (run->vm.use_master_clock) {
		behind = (s64)(read->tsc - run->vm.master_cycle_now) < 0;
		run_show(run, "KVM_GET_CLOCK", "ns", read, true,
		     kvmclock_exact(run, read->tsc));
		if (!run->clock_sane)
			return;
		/* by which frequency it wraps is the tree's business */
		if (run->sim.machine->early_tsc_khz && behind) {
			start_afresh(run);
			return;
		}
		ok = ok && check_host_clock(run, "KVM_GET_CLOCK", "__get_kvmclock",
				      read->value, read->tsc);
		ok = ok && check_monotonic(run, &run->monotonic_host,
					   "KVM_GET_CLOCK", "__get_kvmclock",
					   read->value,
					   run->vm.masterclock_updates, 0, 0);
	} else {
		run_show(run, "KVM_GET_CLOCK", "ns", read, false, 0);
		if (!run->clock_sane)
			return;
	}
	/*
	 * Law "signed" lets it stay at its base until the counter is there, which is by
	 * more than the skew where a suspend has set the counter back.
	 */
	ok = ok && (behind || check_rate(run, &run->rate_host, "KVM_GET_CLOCK",
					 "__get_kvmclock", read->value,
					 run->generation, 0, 0));
	if (!ok)
		start_afresh(run);
}

/* ---- the guest's kvmclock ------------------------------------------------ */

/*
 * The clock's value from tuple @pv at @tsc >= tsc_timestamp.  The upper half
 * of the s64 range is kept for "before the snapshot".
 */
s128 tuple_exact(const struct subject_pvclock *pv, u64 tsc)
{
	s64 delta = tsc - pv->tsc_timestamp;

	if (delta < 0)
		return (s128)(s64)pv->system_time -
		       (s128)pvclock_scale(-(u64)delta, pv->tsc_to_system_mul,
					   pv->tsc_shift);
	return (s128)(s64)pv->system_time +
	       (s128)pvclock_scale(delta, pv->tsc_to_system_mul, pv->tsc_shift);
}

const char *unpromised(const struct run *run, u32 vcpu)
{
	const struct subject_vcpu_view *view = &run->vcpu[vcpu].view;

	if (!run->clock_sane)
		return "set-beyond-2^61";
	if (run->vcpu[vcpu].touched)
		return "not-updated-since";
	if (run->vcpu[vcpu].stale)
		return "memory-was-gone";
	if (!view->updates)
		return "never-updated";
	if (!view->tsc_multiplier || run->vcpu[vcpu].other_khz)
		return "other-frequency";
	if (view->hw_tsc_khz < MIN_GUEST_KHZ || view->hw_tsc_khz > MAX_GUEST_KHZ)
		return "odd-frequency";
	return NULL;
}

/* A scaled guest's counter is rounded to its own cycle. */
s64 guest_cycle_ns(const struct run *run,
			  const struct subject_vcpu_view *view)
{
	u8 frac = run->sim.machine->tsc_frac_bits;

	if (!frac || view->tsc_multiplier == 1ull << frac)
		return 0;
	return 1000000 / view->hw_tsc_khz + 1;
}

/*
 * Without the flag, the guest's reader never gives less than it gave anybody: it is
 * that, or the tuple at this TSC, exactly.  What a tuple is before its timestamp, or more
 * than a century after it, is for the reader to say.
 */
static void check_unstable(struct run *run, const struct sim_read *read)
{
	const struct subject_pvclock *pv = &run->vcpu[run->event->vcpu].view.pvclock;
	u64 want = run->unstable_read, now = unsigned_read(pv, read->tsc);

	if ((read->tsc - pv->tsc_timestamp) >> 62 ||
	    pvclock_scale(read->tsc - pv->tsc_timestamp, pv->tsc_to_system_mul,
			  pv->tsc_shift) >> 62)
		now = read->value;
	if (now > want)
		want = now;
	run_check(run, &(struct verdict){
		.law = read->value < want ? LAW_MONOTONIC : LAW_EXACT,
		.clock = "kvmclock", .function = "pvclock_clocksource_read",
		.event = "read-pvclock-unstable",
		.why = "it is neither the tuple at this TSC nor the latest read",
		.unit = "ns", .got = read->value, .want = want,
	});
}

/* What the guest read of a clock without the flag, by whatever event. */
void remember_unstable(struct run *run, const struct sim_read *read, u64 ns)
{
	if (!(read->flags & SUBJECT_PVCLOCK_TSC_STABLE) && ns > run->unstable_read)
		run->unstable_read = ns;
}

void check_pvclock(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	const struct subject_pvclock *pv = &run->vcpu[nr].view.pvclock;
	bool stable = read->flags & SUBJECT_PVCLOCK_TSC_STABLE;
	s64 delta = read->tsc - pv->tsc_timestamp;
	s128 want = tuple_exact(pv, read->tsc);
	struct subject_clock host;
	u64 host_delta_ns;
	struct verdict v;
	s64 cycle_ns;
	bool ok;

	run_show(run, "kvmclock", "ns", read, true, want);
	if (!stable)
		check_unstable(run, read);
	remember_unstable(run, read, read->value);
	if (!in_contract(run, nr) || !stable)
		return;
	cycle_ns = guest_cycle_ns(run, &run->vcpu[nr].view);

	if (delta < 0)
		ok = check_signed(run, "kvmclock", "__pvclock_read_cycles", NULL,
				  read->value, pv->system_time,
				  (s64)pv->system_time - want,
				  unsigned_read(pv, read->tsc));
	else
		ok = run_check(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "kvmclock",
			.function = "__pvclock_read_cycles",
			.why = "it isn't the published tuple at this TSC",
			.unit = "ns", .got = (s64)read->value, .want = want,
			.low = 0, .high = 0,
		});

	ok = ok && check_monotonic(run, &run->monotonic_guest, "kvmclock",
				   "kvm_guest_time_update", read->value,
				   run->vm.masterclock_updates,
				   run->vcpu[nr].view.hw_tsc_khz, cycle_ns);

	/*
	 * The VMM's view at the same instant, on the same CPU.  Unscaled, the
	 * two do the same arithmetic; scaled, the guest's counter is rounded
	 * to its own cycle, and each side's pair is off by up to 2^-30.09.
	 */
	if (ok && run->vm.use_master_clock && delta >= 0 &&
	    !run->sim.subject->get_clock(&host) &&
	    (s64)(run->sim.hw.raw_tsc - run->vm.master_cycle_now) >= 0 &&
	    host.flags & SUBJECT_CLOCK_TSC_STABLE) {
		u64 host_tsc = host.flags & SUBJECT_CLOCK_HOST_TSC ?
			       host.host_tsc : run->sim.hw.raw_tsc;
		u64 slack = 1;

		host_delta_ns = cycles_to_ns(run, host_tsc - run->vm.master_cycle_now);
		if (cycle_ns)
			slack += 2 + cycle_ns + (host_delta_ns >> 29);
		v = (struct verdict){
			.law = LAW_AGREE, .clock = "kvmclock",
			.function = "__get_kvmclock",
			.why = "the guest's kvmclock and KVM_GET_CLOCK part at one TSC",
			.unit = "ns", .got = (s64)read->value,
			.want = (s64)host.clock_ns,
			.low = -(s128)slack, .high = slack,
		};
		if (v.got > v.want && v.got - v.want <= (s128)slack +
		    cut_khz(host_delta_ns, cycle_ns, run->vcpu[nr].view.hw_tsc_khz))
			v.event = READ_SCALED;
		/* read_tsc() may have said more than RDTSC did */
		if (host_tsc == run->sim.hw.raw_tsc)
			ok = run_check(run, &v);
	}
	/* as in check_get_clock() */
	ok = ok && (delta < 0 ||
		    check_rate(run, &run->rate_guest, "kvmclock",
			       "kvm_guest_time_update", read->value,
			       run->generation, cycle_ns,
			       run->vcpu[nr].view.hw_tsc_khz));
	if (!ok)
		start_afresh(run);
}

/* ---- updates ------------------------------------------------------------- */

/*
 * A snapshot must be the host's CLOCK_MONOTONIC_RAW at that counter value,
 * exactly: base + (xtime_nsec + delta * mult) >> shift, whatever the gap since
 * the last tick; a counter behind the last tick's gives no less than what the
 * signed arithmetic gives.
 */
bool check_snapshot(struct run *run)
{
	const struct subject_timekeeper_view *tk = &run->timekeeper;
	u64 counter = host_counter(run, run->vm.master_cycle_now);
	struct verdict v;
	s64 delta;
	s128 want;

	delta = counter - tk->cycle_last;
	want = tk->base_ns +
	       (((s128)delta * tk->mult + (s128)tk->xtime_nsec) >> tk->shift);
	if (delta < 0)
		return check_signed(run, "master_kernel_ns", "vgettsc", SNAPSHOT,
			     run->vm.master_kernel_ns,
			     tk->base_ns + (tk->xtime_nsec >> tk->shift),
			     (-(s128)delta * tk->mult >> tk->shift) + 1,
			     tk->base_ns + (((u64)delta * tk->mult +
					     tk->xtime_nsec) >> tk->shift));
	v = (struct verdict){
		.law = LAW_EXACT, .clock = "master_kernel_ns",
		.function = "vgettsc", .event = SNAPSHOT,
		.why = "the snapshot isn't CLOCK_MONOTONIC_RAW at its counter",
		.unit = "ns", .got = run->vm.master_kernel_ns,
		.want = want, .low = 0, .high = 0,
	};
	if (wrapped_product(run, &v))
		v.event = SNAPSHOT AFTER_GAP;
	return run_check(run, &v);
}

/*
 * Who moved the clock: an update that nobody needed is a bug of its own, however
 * well the step is explained by the drift.
 */
static const char *rebase_event(const struct run *run)
{
	switch (run->asked[run->event->vcpu]) {
	case ASKED_BY_HOTPLUG:
		return UPDATE "-hotplug";
	case ASKED_BEFORE_SET_CLOCK:
		return UPDATE "-after-set-clock";
	case ASKED_BY_SHARED_INFO:
		return UPDATE "-shared-info";
	default:
		return UPDATE DRIFT;
	}
}

void remember_who_asks(struct run *run, const struct event *event)
{
	switch (event->kind) {
	case EVENT_MASTERCLOCK:
	case EVENT_WRITE_TSC_PAGE:
		run->asked[event->vcpu] = ASKED_BY_EVENT;
		break;
	case EVENT_RESTORE_TSC:
		for (u32 i = 0; i < run->sim.nr_vcpus; i++)
			run->asked[i] = ASKED_BY_EVENT;
		break;
	case EVENT_WRITE_TSC_HOST:
	case EVENT_SET_TSC_OFFSET:
		run->asked[event->vcpu] = ASKED_BY_EVENT;
		run->tsc_written |= 1u << event->vcpu;
		break;
	case EVENT_SET_CLOCK:
	case EVENT_SET_CLOCK_REALTIME:
		for (u32 i = 0; i < run->sim.nr_vcpus; i++)
			if (run->tsc_written & 1u << i)
				run->asked[i] = ASKED_BEFORE_SET_CLOCK;
		break;
	case EVENT_XEN_SHARED_INFO:
		for (u32 i = 0; i < run->sim.nr_vcpus && !run->slot_gone; i++)
			run->asked[i] = ASKED_BY_SHARED_INFO;
		break;
	case EVENT_HOTPLUG_VCPU:
		/*
		 * Without the master clock it may ask for it; where TSCs were
		 * written or scaled, its own may not match.
		 */
		if (run->sim.nr_vcpus > run->seen_vcpus)
			run->asked[run->seen_vcpus++] =
				run->vm.use_master_clock && !run->tsc_touched ?
				ASKED_BY_HOTPLUG : ASKED_BY_EVENT;
		break;
	default:
		break;
	}
}

/* A wrong snapshot taints every clock until a right one is taken. */
void check_new_snapshot(struct run *run)
{
	bool was_broken = run->snapshot_broken;

	run->snapshot_broken = false;
	run->snapshot_cycles = run->sim.cycles;
	run->rebase = rebase_event(run);
	/* on another CPU it is rounded there; one back here is then rounded twice */
	run->moved.clock_restored &= run->vm.master_cycle_now == run->moved.raw_tsc;
	if (run->vm.use_master_clock)
		run->snapshot_broken = !check_snapshot(run);
	if (!run->snapshot_broken && !was_broken)
		return;
	run->generation++;
	start_afresh(run);
	for (u32 i = 0; i < run->sim.machine->nr_vcpus; i++)
		run->vcpu[i].touched = true;
}

/*
 * The pair for hw_tsc_khz, off by [-2^-31, +2^-30.09].
 *
 * A scaled vCPU's frequency, host's times ratio, isn't a whole kHz.  A pair for just
 * that is right; one for the kHz that it is cut to is told here by what it does:
 * agree, rate.  Between the two is neither.
 */
static void check_pair(struct run *run, const struct subject_vcpu_view *now,
		       struct verdict *v)
{
	const struct machine *m = run->sim.machine;
	u128 mul = now->pvclock.tsc_to_system_mul, second = (u128)1000000 << 32, exact;
	int shift = now->pvclock.tsc_shift;

	/* 66 and 52 bits; beyond 31 it is wrong whatever mul is */
	if (shift < 0)
		second <<= shift < -31 ? 32 : -shift;
	else
		mul <<= shift > 31 ? 32 : shift;
	v->why = "tsc_to_system_mul and tsc_shift aren't those of the vCPU's frequency";
	v->unit = "2^-32 ns/ms";
	v->got = mul * now->hw_tsc_khz;
	v->want = second;
	v->low = -(s128)(second >> 31) - 1;
	v->high = (second >> 30) + 1;
	if (m->tsc_frac_bits) {
		u64 rest = (m->tsc_khz * now->tsc_multiplier) &
			   ((1ull << m->tsc_frac_bits) - 1);

		exact = v->got + (mul * rest >> m->tsc_frac_bits);
		if ((s128)exact - v->want >= v->low && (s128)exact - v->want <= v->high)
			v->got = exact;
	}
	run_check(run, v);
}

/*
 * Without the master clock a vCPU's tuple is that of its entry: its TSC there, exactly,
 * and the host's clock there with the VM's offset.  That is KVM's to the ns; a clock of
 * the pair's own rate may have drifted from it since the snapshot.
 */
static bool check_own_tuple(struct run *run, const struct subject_vcpu_view *now,
			    struct verdict *v)
{
	u64 raw = run->sim.hw.raw_tsc;
	s128 ns;

	/* what waits for a timer enters later than it was updated */
	if (run->sim.cycles != run->began_cycles)
		return true;
	v->why = "tsc_timestamp isn't the vCPU's TSC at its entry";
	if (!now->tsc_multiplier)
		v->event = UPDATE NO_RATIO;
	v->unit = "cycles";
	v->got = now->pvclock.tsc_timestamp;
	v->want = sim_guest_tsc(run->sim.machine, now, raw);
	if (!run_check(run, v))
		return false;
	/* a host that switches clocksources on CPUs with skews gains or loses them */
	if (!host_ns(run, raw, &ns) || gap_wraps(run) || !run->clock_sane ||
	    run->host_broken || (run->host_moved && run->skew_spread))
		return true;
	v->why = "system_time isn't the host's clock at this entry";
	v->unit = "ns";
	v->got = (s64)now->pvclock.system_time;
	v->want = ns + run->vm.kvmclock_offset_ns;
	v->high = clock_drift(run, cycles_to_ns(run, run->sim.cycles -
						     run->snapshot_cycles));
	v->low = -v->high;
	if (!run_check(run, v))
		return false;
	v->low = v->high = 0;
	return true;
}

/*
 * The tuple that kvm_guest_time_update() has just published for the master
 * clock's snapshot: its clock, the vCPU's TSC at its counter (a caught-up TSC is
 * moved meanwhile), and the pair.
 */
void check_tuple(struct run *run, const struct subject_vcpu_view *now,
			bool *other_khz)
{
	const struct machine *m = run->sim.machine;
	u32 khz = m->tsc_frac_bits ? (u128)m->tsc_khz * now->tsc_multiplier >>
				     m->tsc_frac_bits : m->tsc_khz;
	const struct subject_pvclock *pv = &now->pvclock;
	struct verdict v = {
		.law = LAW_EXACT, .clock = "kvmclock",
		.function = "kvm_guest_time_update", .event = UPDATE,
	};

	*other_khz = false;
	if (now->hw_tsc_khz < MIN_GUEST_KHZ || now->hw_tsc_khz > MAX_GUEST_KHZ)
		return;
	v.why = "the pair isn't that of the host's frequency and the vCPU's ratio";
	v.unit = "kHz";
	v.got = now->hw_tsc_khz;
	v.want = khz;
	*other_khz = now->tsc_multiplier && now->hw_tsc_khz != khz;
	if (*other_khz) {
		if (m->early_tsc_khz)
			v.event = UPDATE EARLY;
		run_fail(run, &v);
		return;
	}
	if (!run->vm.use_master_clock) {
		if (check_own_tuple(run, now, &v))
			check_pair(run, now, &v);
		return;
	}
	v.why = "system_time isn't the snapshot's clock";
	v.unit = "ns";
	v.got = (s64)pv->system_time;
	v.want = (s64)snapshot_clock(run);
	if (!run_check(run, &v))
		return;
	v.why = "tsc_timestamp isn't the vCPU's TSC at the snapshot";
	/* a vCPU whose first frequency KVM refused is left without one */
	if (!now->tsc_multiplier) {
		v.why = "KVM scales the vCPU's TSC by a ratio that was never set";
		v.event = UPDATE NO_RATIO;
	}
	v.unit = "cycles";
	v.got = pv->tsc_timestamp;
	v.want = sim_guest_tsc(run->sim.machine, now,
			       run->vm.master_cycle_now);
	if (!now->tsc_catchup && !run_check(run, &v))
		return;
	check_pair(run, now, &v);
}

/*
 * A vCPU's tuple was replaced: at the new timestamp, the new clock must be
 * where the old one was, while the vCPU's TSC wasn't moved.  Old and new are
 * each rounded down once or twice: REBASE_ROUNDING either way, more is a step.
 * A host clocksource that counts 100 ns units can't say it better than that.
 */
void check_rebase(struct run *run, const struct subject_vcpu_view *old,
			 const struct subject_vcpu_view *now)
{
	const struct subject_pvclock *a = &old->pvclock, *b = &now->pvclock;
	s64 cycle_ns = guest_cycle_ns(run, now);
	s64 slack = REBASE_ROUNDING + run->resolution_ns + cycle_ns;
	s128 at, step, drift;
	struct verdict v;
	u64 elapsed;

	if (!(a->flags & b->flags & SUBJECT_PVCLOCK_TSC_STABLE) ||
	    a->tsc_to_system_mul != b->tsc_to_system_mul ||
	    a->tsc_shift != b->tsc_shift ||
	    old->tsc_offset != now->tsc_offset ||
	    old->tsc_multiplier != now->tsc_multiplier ||
	    (s64)(b->tsc_timestamp - a->tsc_timestamp) < 0)
		return;
	at = tuple_exact(a, b->tsc_timestamp);
	step = (s64)b->system_time - at;
	v = (struct verdict){
		.law = step < 0 ? LAW_MONOTONIC : LAW_RATE, .clock = "kvmclock",
		.function = "pvclock_update_vm_gtod_copy", .event = UPDATE,
		.why = step < 0 ? "an update stepped back at one TSC" :
				  "an update jumped forward at one TSC",
		.unit = "ns", .got = (s64)b->system_time, .want = at,
		.low = -slack, .high = slack,
	};
	/*
	 * What both rates may be off by since the old snapshot; a scaled guest's
	 * is only ever too fast by more, so the step is back.
	 */
	elapsed = at - (s64)a->system_time;
	drift = slack + elapsed / run->rate_denominator + (elapsed >> 30);
	if (step < 0)
		drift += cut_khz(elapsed, cycle_ns, now->hw_tsc_khz);
	if (step >= -drift && step <= drift)
		v.event = run->rebase;
	run_check(run, &v);
}

/*
 * KVM moves a vCPU's TSC in software to where its own rate would have brought
 * it (tsc_catchup): forward, and never by more than the scenario is long, plus what
 * the host's TSC lost while it slept: all of it at most, where that stood above 2^62.
 * Below 10 GHz 10 years are less than 2^62 cycles; a step of more, of a TSC
 * that nobody set beyond 2^62, is a negative distance taken for a positive one.
 */
void check_catchup(struct run *run, u32 nr, const struct subject_vcpu_view *old,
			  const struct subject_vcpu_view *now)
{
	u64 step = now->tsc_offset - old->tsc_offset;

	if (now->virtual_tsc_khz > MAX_GUEST_KHZ)
		return;
	run_check(run, &(struct verdict){
		.law = LAW_SIGNED, .clock = "guest-TSC",
		.function = "compute_guest_tsc", .event = UPDATE,
		.why = "the time since the TSC write was negative",
		.unit = "cycles", .got = step, .want = 0,
		.low = 0, .high = ((s128)1 << 62) + run->vcpu[nr].lost_cycles,
	});
}

/*
 * The host's CLOCK_MONOTONIC_RAW where the TSC is @raw, in exact arithmetic; false
 * where that is before the last tick.
 */
bool host_ns(const struct run *run, u64 raw, s128 *ns)
{
	const struct subject_timekeeper_view *tk = &run->timekeeper;
	s64 delta = host_counter(run, raw) - tk->cycle_last;

	*ns = tk->base_ns + (((s128)delta * tk->mult + tk->xtime_nsec) >> tk->shift);
	return delta >= 0;
}

/* Older trees' own reading of it wraps beyond 64 bits: timekeeping-gap-overflow. */
static bool host_ns_fits(const struct run *run, s128 *ns)
{
	const struct subject_timekeeper_view *tk = &run->timekeeper;
	u64 raw = run->sim.hw.raw_tsc;
	u64 delta = host_counter(run, raw) - tk->cycle_last;

	return host_ns(run, raw, ns) && !(((u128)delta * tk->mult + tk->xtime_nsec) >> 64);
}

/* The CPUs' skew in cycles of a vCPU's own frequency. */
static s128 guest_skew(const struct run *run, const struct subject_vcpu_view *view)
{
	return (s128)run->skew_spread * view->virtual_tsc_khz /
	       run->sim.machine->tsc_khz + 1;
}

/*
 * A vCPU that is faster than its host is brought forward at each entry, to where
 * its own rate has brought it since its TSC was written: by what the VMM wrote and
 * when, or where that isn't known by what KVM remembers.  Less than that is time
 * lost.  The rate is KVM's pair for virtual_tsc_khz, low by 2^-31; 2 cycles are
 * rounding, and the write's time is as exact as the host's clocksource; it may have
 * been on a CPU ahead.
 */
void check_caught_up(struct run *run, u32 nr, const struct subject_vcpu_view *now)
{
	const struct vcpu_state *state = &run->vcpu[nr];
	u64 raw = run->sim.hw.raw_tsc;
	u64 from = state->written ? state->written_tsc : now->this_tsc_write;
	s128 since, cycles, skew;

	if (now->virtual_tsc_khz > MAX_GUEST_KHZ ||
	    now->virtual_tsc_khz < MIN_GUEST_KHZ || !host_ns(run, raw, &since) ||
	    from >> 62)			/* on its way over 2^64 */
		return;
	since -= state->written ? state->written_ns : (s128)now->this_tsc_nsec;
	if (since < 0 || since >> 60)
		return;
	cycles = since * now->virtual_tsc_khz / 1000000;
	skew = guest_skew(run, now);
	run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "guest-TSC",
		.function = "kvm_guest_time_update", .event = UPDATE,
		.why = "the vCPU was caught up with a time in the past",
		.unit = "cycles",
		.got = sim_guest_tsc(run->sim.machine, now, raw),
		.want = (s128)from + cycles,
		.low = -(cycles >> 31) - 2 - (state->written ? skew : 0) -
		       (s128)run->resolution_ns * now->virtual_tsc_khz / 1000000,
		.high = (s128)1 << 100,
	});
}

/*
 * A frequency is taken if the host can make it: with scaling, as the ratio
 * floor(khz * 2^frac / host); without, from the host's own on, by catching up.  What is
 * within 250 ppm of the host's (tsc_tolerance_ppm, to the kHz below) may be taken for it.
 */
static void check_khz(struct run *run, u32 khz, const struct subject_vcpu_view *now,
		      bool accepted)
{
	const struct machine *m = run->sim.machine;
	u64 low = m->tsc_khz * (1000000ull - 250) / 1000000;
	u64 high = m->tsc_khz * (1000000ull + 250) / 1000000;
	u8 frac = m->tsc_frac_bits;
	struct verdict v = {
		.law = LAW_EXACT, .clock = "guest-TSC-frequency",
		.function = "kvm_set_tsc_khz", .unit = "kHz", .want = khz,
	};

	if (!khz)
		khz = m->tsc_khz;
	if (accepted ? !frac && khz < low :
		       khz <= MAX_GUEST_KHZ && (frac || khz >= m->tsc_khz)) {
		v.why = accepted ? "a frequency was taken that the host can't make" :
				   "a frequency that the host can make was refused";
		run_fail(run, &v);
	}
	if (!accepted || !frac ||
	    (now->tsc_multiplier == 1ull << frac && khz >= low && khz <= high))
		return;
	v.why = "it isn't scaled by its ratio to the host's";
	v.unit = "2^-frac";
	v.got = now->tsc_multiplier;
	v.want = ((u128)khz << frac) / m->tsc_khz;
	run_check(run, &v);
}

/*
 * A VMM restores vCPUs one after the other, so KVM takes a TSC that is within a second
 * of virtual time of where the one written last has come to for the same, and what
 * isn't for what it says.  What has passed is by the host's clock and KVM's pair, low by
 * up to 2^-31; 3 cycles and the clocksource's resolution are rounding.  Contract: both
 * vCPUs have one frequency and ratio, and nothing but the VMM's writes of TSCs that
 * aren't 0 came between: a new vCPU or a 0 is another beginning.  A suspend is one from
 * TSC 0 at boot, with which nothing is meant to be the same.
 *
 * Returns whether it is to be the same, and false where it is to be @value; or, in
 * @unclear, that neither is promised.
 */
static bool is_one_tsc(const struct run *run, u64 value, s128 ns,
		       const struct subject_vcpu_view *now, bool *unclear)
{
	const struct tsc_write *last = &run->tsc_write;
	s128 second = (s128)last->khz * 1000, cycles, apart, slack;

	*unclear = !last->known || run->vm.tsc_unstable || now->virtual_tsc_khz < MIN_GUEST_KHZ ||
		   now->virtual_tsc_khz > MAX_GUEST_KHZ || ns < last->ns ||
		   (value | last->tsc) >> 62;
	if (*unclear || now->virtual_tsc_khz != last->khz)
		return false;
	cycles = (ns - last->ns) * last->khz / 1000000;
	apart = (s128)value - last->tsc - cycles;
	if (apart < 0)
		apart = -apart;
	slack = (cycles >> 31) + 3 + (s128)run->resolution_ns * last->khz / 1000000;
	*unclear = (apart >= second - slack && apart <= second + slack) ||
		   cycles >> 62 || (apart < second && (last->forgotten ||
				    now->tsc_multiplier != last->multiplier));
	return apart < second;
}

/* What the next write is compared with; all that are one are alike. */
static void remember_write(struct run *run, u32 nr, u64 tsc, bool same,
			   const struct subject_vcpu_view *now)
{
	struct tsc_write write = {
		.any = true, .vcpu = nr, .alike = (same ? run->tsc_write.alike : 0) | 1u << nr,
		.khz = now->virtual_tsc_khz, .tsc = tsc, .offset = now->tsc_offset,
		.multiplier = now->tsc_multiplier,
	};

	write.apart = run->tsc_write.known && !run->tsc_write.forgotten &&
		      run->tsc_write.vcpu != nr && run->tsc_write.khz != write.khz &&
		      run->tsc_write.multiplier != write.multiplier;
	write.known = host_ns_fits(run, &write.ns) && !run->vcpu[nr].wrapped && now->tsc_multiplier;
	run->tsc_write = write;
}

static void check_host_write(struct run *run, const struct event *event,
			     const struct subject_vcpu_view *now)
{
	u64 is = sim_guest_tsc(run->sim.machine, now, run->sim.hw.raw_tsc);
	s128 second = (s128)now->virtual_tsc_khz * 1000 + 1, skew, ns = 0;
	bool unclear = true, same = false;
	struct verdict v = {
		.law = LAW_ROUNDTRIP, .clock = "guest-TSC",
		.function = "kvm_synchronize_tsc", .unit = "cycles",
		.why = "the TSC isn't what the host wrote",
		.event = "write-tsc-host-apart",
		.got = (s128)event->value + (s64)(is - event->value),
		.want = event->value,
	};

	if (!now->tsc_multiplier) {
		run->tsc_write.known = false;
		return;
	}
	if (event->value && !run->vcpu[event->vcpu].wrapped && host_ns_fits(run, &ns))
		same = is_one_tsc(run, event->value, ns, now, &unclear);
	if (unclear) {
		same = false;
		/* that KVM takes 0 for "like the others" is documented */
		v.event = event->value ? "write-tsc-host-matched" : NULL;
		/* KVM scales with the ratio of the first, perhaps on another CPU */
		skew = guest_skew(run, now);
		v.low = -second - skew;
		v.high = second + skew;
	} else if (same) {
		v.law = LAW_AGREE;
		v.event = NULL;
		v.why = "it isn't the TSC that the host wrote less than a second before";
		v.got = (s64)now->tsc_offset;
		v.want = (s64)run->tsc_write.offset;
	}
	/* each of several may be a second off the one before */
	if (!unclear || !run->tsc_write.any || run->tsc_write.forgotten || !event->value)
		run_check(run, &v);
	remember_write(run, event->vcpu, event->value, same, now);
	run->tsc_write.known &= event->value != 0;
}

/* The attribute is of L1's TSC, whoever runs. */
static void check_offset_write(struct run *run, const struct event *event,
			       const struct subject_vcpu_view *now, bool accepted)
{
	const struct tsc_write *last = &run->tsc_write;
	struct verdict v = {
		.law = LAW_ROUNDTRIP, .clock = "guest-TSC",
		.function = "kvm_arch_tsc_get_attr", .unit = "cycles",
		.want = (s64)event->value,
	};
	u64 offset = ~event->value;

	v.why = "KVM_VCPU_TSC_OFFSET can't be written and read";
	if (!accepted || run->sim.subject->get_tsc_offset(event->vcpu, &offset))
		run_fail(run, &v);
	v.why = "KVM_VCPU_TSC_OFFSET isn't what was set";
	v.got = (s64)offset;
	run_check(run, &v);
	remember_write(run, event->vcpu,
		       sim_guest_tsc(run->sim.machine, now, run->sim.hw.raw_tsc),
		       last->known && !last->forgotten && last->offset == event->value &&
		       last->khz == now->virtual_tsc_khz, now);
}

/*
 * The VMM has made all vCPUs' TSCs one, by writes after each other; and the last one
 * enters.  Then kvmclock is a stable one on a host that goes by its TSC, whose TSC has
 * never been seen to go back; and if the one before was at another rate, it isn't, for
 * one pair can't be both vCPUs'.  A hypervisor's page has no time before that booted,
 * and a CPU behind is there for a while after it: whoever looks there first decides.
 */
static bool page_began_everywhere(const struct run *run)
{
	const struct machine *m = run->sim.machine;

	if (run->timekeeper.clocksource != SUBJECT_CS_HYPERV_PAGE)
		return true;
	for (u32 cpu = 1; cpu < m->nr_cpus; cpu++)
		if (m->skew_cycles[cpu] < 0)
			return false;
	return (s64)host_counter(run, run->sim.hw.raw_tsc) >= 0;
}

void check_alike(struct run *run)
{
	const struct tsc_write *last = &run->tsc_write;
	struct verdict v = {
		.law = LAW_AGREE, .clock = "kvmclock",
		.function = "kvm_track_tsc_matching", .event = "master-clock",
		.unit = "", .got = run->vm.use_master_clock,
	};
	const struct subject_vcpu_view *now = &run->vcpu[run->event->vcpu].view;
	bool one_rate = true;

	if (last->vcpu != run->event->vcpu || now->virtual_tsc_khz != last->khz ||
	    now->tsc_multiplier != last->multiplier)
		return;
	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		struct subject_vcpu_view view;

		run->sim.subject->view_vcpu(i, &view);
		one_rate &= view.virtual_tsc_khz == last->khz &&
			    view.tsc_multiplier == last->multiplier;
	}
	if (last->apart && !one_rate) {
		v.why = "the VMM wrote TSCs at two rates, and there is one master clock";
		run_check(run, &v);
	}
	if (!one_rate || last->alike != (1u << run->sim.nr_vcpus) - 1 ||
	    run->timekeeper.clocksource == SUBJECT_CS_OTHER || run->suspended ||
	    !page_began_everywhere(run))
		return;
	v.why = "all vCPUs have one TSC, and no master clock";
	v.want = 1;
	run_check(run, &v);
}

/*
 * Without the master clock a tuple is of the CPU that it was taken on, whose TSC another
 * one's may differ from: who enters elsewhere gets a new one.
 */
void check_tuple_cpu(struct run *run, u32 nr, const struct subject_vcpu_view *old)
{
	const struct vcpu_state *state = &run->vcpu[nr];

	if (run->vm.use_master_clock || run->slot_gone || !state->entered ||
	    state->cpu == run->sim.hw.cpu)
		return;
	run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "kvmclock",
		.function = "kvm_gen_kvmclock_update", .event = UPDATE "-moved",
		.why = "its tuple is of the CPU that the vCPU has left", .unit = "updates",
		.got = state->view.updates, .want = (s128)old->updates + 1,
		.high = (s128)1 << 32,
	});
}

/*
 * A guest that was stopped finds PVCLOCK_GUEST_STOPPED when it enters and in the tuples
 * after that, until it reads one and takes it out; no other does.  Where its memory is
 * away when it enters, it finds it in the first tuple that is written there again.  A Xen
 * guest has none.
 */
void check_stopped(struct run *run, u32 nr, bool updated)
{
	struct vcpu_state *state = &run->vcpu[nr];
	bool told = state->view.pvclock.flags & SUBJECT_PVCLOCK_GUEST_STOPPED;
	bool missed = state->stop_missed;

	if (updated) {
		state->told_stopped |= state->stopped;
		state->stopped = false;
	}
	if (run->event->kind == EVENT_READ_PVCLOCK)
		state->told_stopped = false;
	state->stop_missed = state->stopped && (state->stop_missed ||
			     (event_enters(run->event) && run->slot_gone));
	/* who reads a clock has one: it may have been told, and have taken that out */
	state->stop_unclear |= state->stop_missed && run->event->kind == EVENT_READ_PVCLOCK;
	if (state->stop_unclear || told == (state->told_stopped | state->stopped) ||
	    !(updated || (event_enters(run->event) && !state->stop_missed)))
		return;
	state->stop_unclear = missed;
	run_fail(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "kvmclock",
		.function = missed ? "kvm_guest_time_update" : "kvm_set_guest_paused",
		.event = missed ? "guest-stopped-missed" : "guest-stopped",
		.why = told ? "the tuple says that the guest was stopped" :
			      "the tuple doesn't say that the guest was stopped",
		.unit = "", .got = told, .want = !told,
	});
}

/* A guest's TSC at this moment, before and after an event that is about it. */
void check_tsc_write(struct run *run, const struct event *event,
			    const struct subject_vcpu_view *old,
			    const struct subject_vcpu_view *now, bool accepted)
{
	const struct machine *m = run->sim.machine;
	u64 was = sim_guest_tsc(m, old, run->sim.hw.raw_tsc);
	u64 is = sim_guest_tsc(m, now, run->sim.hw.raw_tsc);
	s64 step = is - was;

	switch ((enum event_kind)event->kind) {
	case EVENT_SET_TSC_KHZ:
		check_khz(run, event->value, now, accepted);
		/* a vCPU that never ran has no TSC to lose; one that slept finds it when loaded */
		if (old->updates && !run->vcpu[event->vcpu].slept)
			run_check(run, &(struct verdict){
				.law = step < 0 ? LAW_MONOTONIC : LAW_RATE,
				.clock = "guest-TSC", .function = "kvm_set_tsc_khz",
				.why = "another frequency moved the TSC",
				.unit = "cycles", .got = (s128)was + step, .want = was,
				.low = -2, .high = 2,
			});
		break;
	case EVENT_SET_TSC_OFFSET:
		check_offset_write(run, event, now, accepted);
		break;
	case EVENT_WRITE_TSC_HOST:
		check_host_write(run, event, now);
		break;
	default:
		break;
	}
}

/*
 * The guest divides 10^6 * 2^32 by the pair's multiplier, cut to an integer, and then
 * shifts it.  The pair is off by [-2^-31, +2^-30.09], which is at most a hundredth of
 * a kHz; the cut takes less than 1, before a shift to the left by -tsc_shift.
 */
void check_guest_khz(struct run *run, const struct sim_read *read)
{
	const struct subject_vcpu_view *v = &run->vcpu[run->event->vcpu].view;
	s8 shift = v->pvclock.tsc_shift;

	if (!read->valid)
		return;
	run_show(run, "guest-TSC-frequency", "kHz", read, true, v->hw_tsc_khz);
	if (!in_contract(run, run->event->vcpu))
		return;
	run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "guest-TSC-frequency",
		.function = "pvclock_tsc_khz",
		.why = "kvmclock's pair gives the guest another frequency than it was made for",
		.unit = "kHz", .got = read->value, .want = v->hw_tsc_khz,
		.low = shift < 0 ? -(1 << -shift) : -1, .high = 1,
	});
}

void remember_tsc(struct run *run, u32 nr)
{
	struct vcpu_state *state = &run->vcpu[nr];
	u64 raw = sim_raw_tsc(&run->sim, run->sim.vcpu_cpu[nr]), tsc;
	u32 khz = state->view.virtual_tsc_khz;

	run->sim.subject->view_vcpu(nr, &state->view);
	state->touched = true;
	tsc = sim_guest_tsc(run->sim.machine, &state->view, raw);
	if (tsc >> 62 || gap_wraps(run))
		state->wrapped = true;
	switch ((enum event_kind)run->event->kind) {
	case EVENT_WRITE_TSC_GUEST:
		state->written = false;
		return;
	case EVENT_SET_TSC_KHZ:
		/* a faster one from here on; KVM may reckon that it was so all the time */
		if (state->view.virtual_tsc_khz < khz) {
			state->written = false;
			return;
		}
		break;
	default:
		break;
	}
	state->written_tsc = tsc;
	state->written = host_ns(run, raw, &state->written_ns);
}

/*
 * The counter that __get_kvmclock() reads here and now: read_tsc() gives the last
 * tick's where that is later than RDTSC.
 */
u64 kvmclock_counter(const struct subject_clock *clock, u64 rdtsc)
{
	return clock->flags & SUBJECT_CLOCK_HOST_TSC ? clock->host_tsc : rdtsc;
}

/*
 * Of vCPU0, while its tuple is the snapshot's in force and promised at all, and
 * @raw isn't before it.
 */
bool guest_clock(const struct run *run, u64 raw, struct guest_clock *clock)
{
	const struct subject_vcpu_view *v = &run->vcpu[0].view;
	s64 cycle_ns, delta = raw - run->vm.master_cycle_now;
	u64 tsc = sim_guest_tsc(run->sim.machine, v, raw);

	if (!run->vm.use_master_clock || !in_contract(run, 0) || delta < 0 ||
	    !(v->pvclock.flags & SUBJECT_PVCLOCK_TSC_STABLE) ||
	    v->pvclock.system_time != snapshot_clock(run) ||
	    v->pvclock.tsc_timestamp !=
	    sim_guest_tsc(run->sim.machine, v, run->vm.master_cycle_now) ||
	    (s64)v->pvclock.system_time < 0 ||
	    (s64)(tsc - v->pvclock.tsc_timestamp) < 0)
		return false;
	cycle_ns = guest_cycle_ns(run, v);
	clock->ns = tuple_exact(&v->pvclock, tsc);
	clock->slack = 3 + cycle_ns + (cycles_to_ns(run, delta) >> 29);
	clock->cut = cut_khz(cycles_to_ns(run, delta), cycle_ns, v->hw_tsc_khz);
	return true;
}

/*
 * Wall clock epoch: CLOCK_REALTIME minus kvmclock.  While nobody slews, steps or
 * switches the host's clock, that is realtime at boot plus true time minus kvmclock,
 * to the rates of check_rate() and the skew between the CPU and the last tick's; in
 * any case it is what the timekeeper says, exactly.
 */
void check_wall_clock(struct run *run, const struct sim_read *read)
{
	u64 true_ns = cycles_to_ns(run, run->sim.cycles), tsc;
	s128 slack = (s128)(true_ns / run->rate_denominator) + (true_ns >> 30) +
		     4 * (s128)cycles_to_ns(run, run->skew_spread) +
		     2 * run->resolution_ns + 5;
	s128 real = (s128)run->sim.machine->realtime_ns + true_ns, exact;
	struct guest_clock guest;
	struct subject_clock clock;
	u64 preempted_ns = run->event->kind == EVENT_READ_WALL_CLOCK ?
			   run->event->value : 0;
	struct verdict v;
	s128 kvmclock;

	if (!run->clock_sane || run->sim.subject->get_clock(&clock))
		return;
	if (run->host_moved && !host_realtime_ns(run, read->tsc, &real))
		return;
	/* before the preemption it was by as much another, 500 ppm and a bit of mult */
	if (run->host_slewed)
		slack += preempted_ns / 2000 +
			 2 * (preempted_ns / run->rate_denominator) + 2;
	tsc = kvmclock_counter(&clock, read->tsc);
	if (host_clock_early(run, &clock, tsc))
		return;
	/* it was read before the preemption, perhaps on a CPU behind */
	if (preempted_ns && run->vm.use_master_clock &&
	    (s64)(read->tsc - run->vm.master_cycle_now) <
	    (s64)((u128)preempted_ns * run->sim.machine->tsc_khz / 1000000) + 1)
		return;
	kvmclock = run->vm.use_master_clock ? kvmclock_exact(run, tsc) :
					      (s128)(s64)clock.clock_ns;
	v = (struct verdict){
		.law = LAW_AGREE, .clock = "wall-clock",
		.function = "kvm_get_wall_clock_epoch",
		.event = "read-wall-clock",
		.why = "the epoch isn't realtime minus kvmclock",
		.unit = "ns", .got = (s64)read->value,
		.want = real - kvmclock,
		.low = -slack, .high = slack,
	};
	if (run->vm.use_master_clock &&
	    (s64)(tsc - run->vm.master_cycle_now) < 0) {
		struct subject_pvclock pv = host_tuple(run);
		struct verdict rest = v;

		/* modulo 2^64, as the kernel subtracts */
		rest.got = (s64)((u64)v.got + unsigned_read(&pv, tsc) -
				 (u64)real);
		rest.want = 0;
		if ((rest.got >= v.low && rest.got <= v.high) ||
		    wrapped_product(run, &rest)) {
			v.law = LAW_SIGNED;
			v.why = "the counter was behind the snapshot";
		}
		/* kvmclock may clamp to its base, by the distance above; law "signed" */
		v.low += signed_ns(run, tsc - run->vm.master_cycle_now);
	} else {
		struct verdict gap = v;

		gap.low -= preempted_ns;
		if (wrapped_product(run, &gap)) {
			v.event = "read-wall-clock" AFTER_GAP;
		} else if (preempted_ns && v.got < v.want && v.got - v.want >= gap.low) {
			v.why = "realtime and kvmclock were read at two instants";
			/* KVM reads both at one TSC if the host itself goes by it */
			v.event = run->vm.use_master_clock &&
				  run->timekeeper.clocksource != SUBJECT_CS_OTHER ?
				  "read-wall-clock-preempted" : "read-wall-clock-fallback";
		}
	}
	if (run_check(run, &v) && !preempted_ns && !run->snapshot_broken &&
	    host_realtime_ns(run, read->tsc, &exact) &&
	    guest_clock(run, read->tsc, &guest)) {
		v.want = exact - guest.ns;
		v.why = "the epoch isn't realtime minus the guest's kvmclock";
		/* both clocks of the host are cut to a ns, and its own resolution */
		v.low = -(s128)guest.slack - 2 - run->resolution_ns;
		v.high = guest.slack + 2 + run->resolution_ns;
		struct verdict gap = v;

		gap.high += guest.cut;
		v.event = "read-wall-clock";
		if (wrapped_product(run, &gap))
			v.event = "read-wall-clock" AFTER_GAP;
		else if (v.got > v.want && v.got - v.want <= v.high + (s128)guest.cut)
			v.event = "read-wall-clock" SCALED;
		run_check(run, &v);
	}
	run_show(run, "wall-clock", "ns", read, true,
	     real - kvmclock);
}

/* The pvclock ABI's struct pvclock_wall_clock: seconds of 32 bits, and ns. */
static u64 wall_clock_ns(const struct subject_memory *memory)
{
	return (memory->wall_clock[0] >> 32) * CF_NS_PER_SEC + (u32)memory->wall_clock[1];
}

/*
 * What the guest has had written is the epoch, here and now, with as many seconds as
 * fit; and its wall clock is that plus its kvmclock, which is read here as it is.  Both
 * exactly.  Contract: its memory was there.
 */
void check_written_wall_clock(struct run *run)
{
	const struct subject_memory *memory = &run->sim.hw.memory;
	struct sim_read epoch = {
		.value = run->sim.subject->wall_clock_epoch(),
		.tsc = run->sim.hw.raw_tsc, .valid = true,
	};
	u32 nr = run->event->vcpu, version = memory->wall_clock[0];
	u64 tsc = sim_guest_tsc(run->sim.machine, &run->vcpu[nr].view, epoch.tsc);
	u64 clock, wall, kvmclock;
	struct verdict v = {
		.law = LAW_AGREE, .clock = "guest-wall-clock",
		.function = "kvm_write_wall_clock", .unit = "ns",
		.why = "what is in guest memory isn't the epoch",
		.got = wall_clock_ns(memory),
		.want = (u32)(epoch.value / CF_NS_PER_SEC) * CF_NS_PER_SEC +
			epoch.value % CF_NS_PER_SEC,
	};

	if (run->sim.faulted)
		return;
	/* whatever a write that failed has left there */
	if (version & 1)
		run_fail(run, &(struct verdict){
			.law = LAW_SEQUENCE, .clock = "guest-wall-clock",
			.function = "kvm_write_wall_clock", .unit = "",
			.why = "it is written, and readers still wait for its end",
			.got = version, .want = version + 1,
		});
	if (!run_check(run, &v) || (u32)memory->pvclock[nr][0] & 1)
		return;
	if (!run->sim.guest->read(SUBJECT_READER_PVCLOCK, nr, tsc, &kvmclock) ||
	    !run->sim.guest->read(SUBJECT_READER_WALL_CLOCK, nr, tsc, &wall))
		return;
	clock = wall_clock_ns(memory) + kvmclock;
	v.law = LAW_EXACT;
	v.function = "pvclock_read_wallclock";
	v.why = "it isn't what is in memory plus kvmclock";
	v.got = wall;
	v.want = clock;
	if (run_check(run, &v))
		check_wall_clock(run, &epoch);
}
