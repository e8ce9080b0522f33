// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks of Hyper-V's interface: TSC page, reference counter, the guest's
 * clocksource over them, and synthetic timers.
 */
#include "timeline.h"

/* ---- Hyper-V ------------------------------------------------------------- */

/*
 * A clock of 100 ns units, @ns rounded down to them, of vCPU @nr's TSC, over time and
 * over both sources, page and MSR.  TLFS promises one clock.  Between two snapshots
 * never back, on CPUs whose TSCs differ by more than their difference, to a unit, and
 * where the source changes by no more than the 2 that a page may be ahead; over
 * them at its rate: a page is [-100, +300] ns off kvmclock (check_page()), at both ends.
 * A scaled guest's page is made of its own pair, the MSR's clock of the host's: each is
 * rounded, by 2^-30 of what has passed, or cut to a kHz.  That is for `agree` to judge,
 * where they meet.
 */
static void check_units(struct run *run, const char *clock, const char *function,
			struct base *monotonic, struct base *rate, u64 ns, u32 nr)
{
	const struct subject_vcpu_view *v = &run->vcpu[nr].view;
	u8 source = (run->vm.page_status == SUBJECT_PAGE_SET) | !!run->vm.page_sequence << 1;
	s64 cycle_ns;

	if (!in_contract(run, nr) || (s64)ns < 0)
		return;
	cycle_ns = guest_cycle_ns(run, v);
	if (source != monotonic->source && cycle_ns)
		monotonic->set = rate->set = false;
	monotonic->source = source;
	if (!check_monotonic(run, monotonic, clock, function, ns,
			     run->vm.masterclock_updates, v->hw_tsc_khz,
			     cycle_ns + 300) ||
	    !check_rate(run, rate, clock, function, ns, run->generation,
			cycle_ns + 200, v->hw_tsc_khz))
		start_afresh(run);
}

/* @units as ns, and whether there are such. */
static bool units_to_ns(u64 units, u64 *ns)
{
	*ns = units * 100;
	return units <= ~0ull / 200;
}

/*
 * The page in 100 ns units is floor(tsc * scale / 2^64) + offset.  Against
 * floor(kvmclock / 100): each side's constants are truncated once, the sum of
 * which stays in [page_low(), page_high()], whatever the uptime.
 */
void check_page(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	const struct subject_pvclock *pv = &run->vcpu[nr].view.pvclock;
	s128 want = tuple_exact(pv, read->tsc) / 100;
	u64 limit = ~0ull / 100;
	u64 exact = page_at(run, read->tsc), ns;

	if (!read->valid || !run->vm.page_enabled || run->page_pending)
		return;
	run_show(run, "TSC-page", "100ns", read, true, want);
	if (!run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "TSC-page",
		.function = "hv_read_tsc_page_tsc",
		.why = "it isn't the page's scale and offset at this TSC",
		.unit = "100ns", .got = read->value, .want = exact,
	    }))
		return;
	/*
	 * The page carries one vCPU's parameters at one time.  They hold only
	 * for TSCs that are alike and were left alone since.
	 */
	if (!in_contract(run, nr) ||
	    /* who opted for re-enlightenment keeps the page that it has */
	    (run->page_emulated &&
	     run->page_snapshot != run->vm.masterclock_updates) ||
	    !(pv->flags & SUBJECT_PVCLOCK_TSC_STABLE) ||
	    (s64)pv->system_time < 0 ||	/* KVM_SET_CLOCK close to 0 */
	    (s64)(read->tsc - pv->tsc_timestamp) < 0 || read->tsc > limit ||
	    pv->tsc_timestamp > limit)
		return;
	for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
		const struct subject_vcpu_view *other = &run->vcpu[i].view;

		if (!in_contract(run, i) ||
		    other->pvclock.tsc_timestamp != pv->tsc_timestamp ||
		    other->pvclock.system_time != pv->system_time ||
		    other->pvclock.tsc_to_system_mul != pv->tsc_to_system_mul ||
		    other->tsc_offset != run->page_tsc_offset ||
		    other->tsc_multiplier != run->page_tsc_multiplier)
			return;
	}
	if (run_check(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "TSC-page",
		.function = "compute_tsc_page_parameters",
		.why = "page and kvmclock part at one TSC",
		.unit = "100ns", .got = read->value, .want = want,
		.low = page_low(read->tsc - pv->tsc_timestamp),
		.high = page_high(pv->tsc_shift),
	    }) && units_to_ns(read->value, &ns))
		check_units(run, "TSC-page", "hv_read_tsc_page_tsc",
			    &run->monotonic_page, &run->rate_page, ns, nr);
}

/*
 * A guest that opted for TSC emulation goes by the page that it has until it turns
 * emulation off again (TLFS 12.8), on whatever host; unless it writes the MSR itself.
 */
bool is_page_kept(const struct run *run)
{
	return run->vm.tsc_emulation && run->vm.page_enabled &&
	       run->vm.page_sequence &&
	       run->vm.page_status != SUBJECT_PAGE_GUEST_CHANGED;
}

void check_kept_page(struct run *run)
{
	struct verdict v = {
		.law = LAW_AGREE, .clock = "TSC-page",
		.function = "kvm_hv_setup_tsc_page",
		.event = "tsc-page-reenlightenment",
		.why = "the page was changed under a guest that opted for re-enlightenment",
		.unit = "2^-64", .got = run->vm.page_scale,
		.want = run->page_scale,
	};

	if (!run_check(run, &v))
		return;
	v.unit = "100ns";
	v.got = run->vm.page_offset_100ns;
	v.want = run->page_offset_100ns;
	run_check(run, &v);
}

/*
 * KVM has written the page: because the guest or the VMM asked, or a snapshot was
 * taken; and it is of a clock that is everybody's.  What a guest or a VMM does to TSCs or
 * to the host's clocks may be a reason, too.
 */
void check_written_page(struct run *run, const struct subject_vcpu_view *now)
{
	struct verdict v = {
		.law = LAW_SEQUENCE, .clock = "TSC-page",
		.function = "kvm_hv_setup_tsc_page", .event = "tsc-page-rewritten",
		.why = "the page was written again, and nothing had changed",
		.unit = "", .got = run->vm.page_sequence, .want = run->page_sequence,
	};

	if (!run->page_pending && !run->tsc_touched && !run->host_moved &&
	    !run->page_emulated && !run->slot_gone && run->page_snapshot == run->vm.masterclock_updates)
		run_fail(run, &v);
	if (run->slot_gone || run->vm.page_status != SUBJECT_PAGE_SET ||
	    now->pvclock.flags & SUBJECT_PVCLOCK_TSC_STABLE)
		return;
	v.law = LAW_AGREE;
	v.event = "tsc-page-unstable";
	v.why = "the page is of a kvmclock that isn't stable";
	run_fail(run, &v);
}

/*
 * KVM had the chance to write the page, and left it.  Not one that the guest has just
 * asked for; not one without memory; and what the guest keeps KVM itself goes by.
 */
void check_page_status(struct run *run, u8 was, bool kept)
{
	bool set = run->vm.page_status == SUBJECT_PAGE_SET;
	struct verdict v = {
		.law = LAW_AGREE, .clock = "TSC-page",
		.function = "kvm_hv_setup_tsc_page", .event = "tsc-page-left",
		.unit = "", .got = run->vm.page_status, .want = SUBJECT_PAGE_SET,
	};

	if (set && run->page_asked) {
		v.why = "the guest asked for a page, and KVM goes by what was there";
		run_fail(run, &v);
	}
	if (set && run->sim.faulted && was != SUBJECT_PAGE_SET) {
		v.why = "the page couldn't be read or written, and KVM goes by it";
		run_fail(run, &v);
	}
	if (!set && kept && !run->sim.faulted && !run->event->vcpu &&
	    (was == SUBJECT_PAGE_SET || was == SUBJECT_PAGE_HOST_CHANGED)) {
		v.why = "the guest keeps its page, and KVM doesn't go by it";
		run_fail(run, &v);
	}
}

static void check_reference_rate(struct run *run, u64 value)
{
	u64 ns;

	if (units_to_ns(value, &ns))
		check_units(run, "reference-counter", "get_time_ref_counter",
			    &run->monotonic_reference, &run->rate_reference, ns, 0);
}

/* The reference counter falls back to kvmclock / 100. */
void check_reference(struct run *run, const struct sim_read *read)
{
	u64 base = snapshot_clock(run);
	struct guest_clock guest;
	struct subject_clock clock;
	struct verdict v;
	u64 tsc;
	s64 delta;

	if (run->vm.page_status == SUBJECT_PAGE_SET) {
		/* at vCPU0's TSC, where the host's is that */
		s128 want = page_at(run, sim_guest_tsc(run->sim.machine,
						       &run->vcpu[0].view, read->tsc));

		run_show(run, "reference-counter", "100ns", read, true, want);
		/* TSCs of vCPUs that differ, or a page that the guest moved */
		if (run->page_pending || !run->vm.page_enabled ||
		    !run->vcpu[0].view.tsc_multiplier)
			return;
		if (!run_check(run, &(struct verdict){
			.law = LAW_AGREE, .clock = "reference-counter",
			.function = "get_time_ref_counter",
			.why = "the host's counter isn't the guest's page at one TSC",
			.unit = "100ns", .got = read->value, .want = want,
		    }))
			return;
		/*
		 * The page is for the TSC that its vCPU had then, and not for one
		 * below 0, on a CPU behind just after the VM was created.  A page
		 * that was kept for re-enlightenment is a clock of its own.
		 */
		if (run->page_tsc_offset == run->vcpu[0].view.tsc_offset &&
		    run->page_tsc_multiplier == run->vcpu[0].view.tsc_multiplier &&
		    run->page_snapshot == run->vm.masterclock_updates &&
		    !run->page_tsc_negative &&
		    (s64)sim_guest_tsc(run->sim.machine,
				       &run->vcpu[0].view, read->tsc) >= 0)
			check_reference_rate(run, read->value);
		else
			run->rate_reference.set = false;
		return;
	}
	run_show(run, "reference-counter", "100ns", read, false, 0);
	if (!run->clock_sane || run->sim.subject->get_clock(&clock))
		return;
	tsc = kvmclock_counter(&clock, read->tsc);
	delta = tsc - run->vm.master_cycle_now;
	if (host_clock_early(run, &clock, tsc))
		return;
	if (run->vm.use_master_clock && delta < 0) {
		struct subject_pvclock pv = host_tuple(run);
		bool wrapped = read->value == unsigned_read(&pv, tsc) / 100;

		run_check(run, &(struct verdict){
			.law = wrapped ? LAW_SIGNED : LAW_EXACT,
			.clock = "reference-counter",
			.function = "__get_kvmclock",
			.why = wrapped ? "the counter was behind the snapshot" :
				"it is neither the signed nor the wrapped sum",
			.unit = "100ns", .got = read->value, .want = base / 100,
			.low = -(s128)cycles_to_ns(run, -(u64)delta) / 50 - 1,
			.high = 1,
		});
		return;
	}
	if (!run_check(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "reference-counter",
		.function = "get_time_ref_counter",
		.why = "it isn't KVM_GET_CLOCK / 100",
		.unit = "100ns", .got = read->value, .want = clock.clock_ns / 100,
	    }))
		return;
	if (!guest_clock(run, read->tsc, &guest))
		return;
	v = (struct verdict){
		.law = LAW_AGREE, .clock = "reference-counter",
		.function = "get_time_ref_counter",
		.why = "the host's counter and the guest's kvmclock part at one TSC",
		.unit = "100ns", .got = read->value, .want = guest.ns / 100,
		.low = -(s128)(guest.slack / 100) - 1,
		.high = guest.slack / 100 + 1,
	};
	if (v.want - v.got <= (s128)((guest.slack + guest.cut) / 100) + 1 &&
	    v.got < v.want)
		v.event = "read-reference" SCALED;
	if (tsc == read->tsc && run_check(run, &v))
		check_reference_rate(run, read->value);
}

/*
 * The guest's clocksource is its page while that has a sequence, else the MSR; and
 * the vDSO has the same page, or none.  Both exactly: they are one formula.
 */
void check_hv_clock(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	bool page = run->vm.page_sequence;
	u64 ns;
	s128 host;
	s128 want = page ? page_at(run, read->tsc) :
			   run->sim.subject->reference_counter();
	u64 vdso = run->sim.guest->guest_vread_hv_clock(read->tsc);
	struct verdict v = {
		.law = LAW_EXACT, .clock = "hv-clock",
		.function = "read_hv_clock_tsc",
		.why = "it is neither the page nor the MSR at this TSC",
		.unit = "100ns", .got = read->value, .want = want,
	};

	run_show(run, "hv-clock", "100ns", read, true, want);
	/* the one time that an older reader takes for "no page" */
	if (page && (u64)want == ~0ull)
		v.event = "read-hv-clock-u64-max";
	if (!run_check(run, &v))
		return;
	v.law = LAW_AGREE;
	v.function = "vread_hvclock";
	v.why = "the vDSO and the kernel part at one TSC";
	v.got = vdso;
	v.want = page ? want : (s128)~0ull;
	/* the vDSO's counters have 63 bits */
	if (!(page && want >> 63) && !run_check(run, &v))
		return;
	/* the MSR may say the last tick's counter, where that was of a CPU ahead */
	if (one_counter(run, nr) && host_ns(run, run->sim.hw.raw_tsc, &host) &&
	    units_to_ns(read->value, &ns))
		check_units(run, "hv-clock", "read_hv_clock_tsc",
			    &run->monotonic_hv_clock, &run->rate_hv_clock, ns, nr);
	else
		run->rate_hv_clock.set = false;
}

static u64 hv_clock_ns(struct run *run, u64 tsc)
{
	return run->sim.guest->guest_read_hv_clock(tsc) * 100;
}

/*
 * The same clock, from where it was when the guest booted: 0.  In ns it wraps after 584
 * years, and so does what it is compared with.
 */
void check_sched_clock(struct run *run, const struct sim_read *read)
{
	u64 want = hv_clock_ns(run, read->tsc) - run->sched_offset_ns;
	s128 host;

	run_show(run, "hv-sched-clock", "ns", read, true, want);
	if (!run_check(run, &(struct verdict){
		.law = LAW_AGREE, .clock = "hv-sched-clock",
		.function = "read_hv_sched_clock_tsc",
		.why = "it parted from the clock that it is made of",
		.unit = "ns", .got = read->value, .want = want,
	    }))
		return;
	if (one_counter(run, run->event->vcpu) &&
	    host_ns(run, run->sim.hw.raw_tsc, &host))
		check_units(run, "hv-sched-clock", "read_hv_sched_clock_tsc",
			    &run->monotonic_sched_clock, &run->rate_sched_clock,
			    read->value, run->event->vcpu);
	else
		run->rate_sched_clock.set = false;
}

/* sched_clock() goes on after a hibernation where it was before, whatever the counter. */
void check_hibernate(struct run *run, const struct sim_read *read)
{
	run_show(run, "hv-sched-clock", "ns", read, run->event->value && run->hibernated,
	     run->sched_clock);
	if (run->event->value && run->hibernated)
		run_check(run, &(struct verdict){
			.law = LAW_ROUNDTRIP, .clock = "hv-sched-clock",
			.function = "restore_hv_clock_tsc_state",
			.why = "it doesn't go on where it was suspended",
			.unit = "ns", .got = (s64)read->value,
			.want = (s64)run->sched_clock,
		});
	if (run->event->value)
		run->sched_offset_ns = hv_clock_ns(run, read->tsc) - read->value;
	run->hibernated = !run->event->value;
	run->sched_clock = read->value;
	/* what it does in between is not time */
	run->monotonic_sched_clock.set = run->rate_sched_clock.set = false;
}

/* ---- timers -------------------------------------------------------------- */

/*
 * Do the host and the guest of vCPU @nr read one counter that is promised?  vCPUs
 * alike, a page that is theirs and the snapshot's, a host clock to rely on.
 */
bool one_counter(const struct run *run, u32 nr)
{
	const struct subject_vcpu_view *v = &run->vcpu[nr].view;
	const struct subject_vcpu_view *first = &run->vcpu[0].view;

	if (run->vm.page_enabled &&
	    (run->page_tsc_negative ||
	     run->page_snapshot != run->vm.masterclock_updates ||
	     run->page_tsc_offset != v->tsc_offset ||
	     run->page_tsc_multiplier != v->tsc_multiplier))
		return false;
	return run->clock_sane && !run->snapshot_broken && !run->page_pending &&
	       in_contract(run, nr) && in_contract(run, 0) &&
	       !v->tsc_catchup && !first->tsc_catchup &&
	       v->tsc_offset == first->tsc_offset &&
	       v->tsc_multiplier == first->tsc_multiplier &&
	       (s64)sim_guest_tsc(run->sim.machine, v,
				  run->sim.hw.raw_tsc) >= 0 &&
	       run->vm.use_master_clock && (s64)snapshot_clock(run) >= 0 &&
	       (s64)(run->sim.hw.raw_tsc - run->vm.master_cycle_now) >= 0 &&
	       !gap_wraps(run) &&
	       /* a frequency set before the first ms moves CLOCK_MONOTONIC below 0 */
	       !(run->host_slewed && cycles_to_ns(run, run->sim.cycles) < 1000000) &&
	       !run->host_broken && !run->sim.machine->early_tsc_khz;
}

/* Is there a way for it to come? */
static bool can_come(const struct timer *timer)
{
	return timer->flags & SUBJECT_STIMER_DIRECT ||
	       !(timer->flags & (SUBJECT_STIMER_NO_SINT | SUBJECT_STIMER_NO_PAGE));
}

static bool is_periodic(const struct timer *timer)
{
	return timer->flags & SUBJECT_STIMER_PERIODIC;
}

/* Can what its guest's clock says here and now be held against it? */
static bool stimer_judged(const struct run *run, u32 nr)
{
	const struct timer *timer = &run->timer[nr];

	return !run->broken && timer->judged &&
	       timer->generation == run->generation && one_counter(run, nr);
}

static u64 guest_units(const struct run *run, u32 nr)
{
	return sim_hv_clock(&run->sim, sim_guest_tsc(run->sim.machine, &run->vcpu[nr].view,
						     run->sim.hw.raw_tsc));
}

/* What passed in this event, rounded up: the APIC's wait takes some. */
static u64 event_units(const struct run *run)
{
	u64 cycles = run->sim.cycles - run->began_cycles;

	return cycles ? cycles_to_ns(run, cycles) / 100 + 2 : 0;
}

/*
 * What its guest asked for, whatever KVM made of it.  What one is that is enabled without
 * a count, or with a SINT of 0, is KVM's to say; but who is enabled is disabled by the
 * latter (TLFS 12.3).
 */
static void note_stimer(struct run *run, u32 nr, const struct sim_read *read)
{
	struct timer *timer = &run->timer[nr];
	const struct event *event = run->event;

	if (event->kind == EVENT_STIMER_CONFIG) {
		timer->restored = false;
		timer->flags = event->value;
		if (!(timer->flags & SUBJECT_STIMER_ENABLE) ||
		    (timer->state == TIMER_ON && timer->flags & SUBJECT_STIMER_NO_SINT &&
		     !(timer->flags & SUBJECT_STIMER_DIRECT)))
			timer->state = TIMER_OFF;
		else
			timer->state = can_come(timer) && timer->count ? TIMER_ON : TIMER_ANY;
	} else {
		/* by flags that aren't known: nor is the count then */
		if (timer->restored)
			return;
		timer->count = read->value;
		if (!timer->count)		/* which disables it */
			timer->state = TIMER_OFF;
		else if (timer->flags & SUBJECT_STIMER_AUTO_ENABLE)
			timer->state = can_come(timer) ? TIMER_ON : TIMER_ANY;
	}
	timer->since = run->snapshot_cycles;
	timer->generation = run->generation;
	timer->judged = one_counter(run, nr);
	timer->asked = 0;
	timer->waits = timer->waited = false;
	if (timer->state == TIMER_ON && !is_periodic(timer))
		timer->asked = timer->count;
	else if (timer->state == TIMER_ON && timer->judged && !event_units(run) &&
		 !(timer->count >> 63))		/* beyond the counter's end */
		timer->asked = guest_units(run, nr) + timer->count;
}

/* Periods are counted from the first on; those that nobody was there for are lost. */
static void start_next_period(struct timer *timer, u64 units)
{
	if (timer->restored)
		return;
	if (!is_periodic(timer)) {
		timer->state = TIMER_OFF;
		timer->asked = 0;
	} else if (timer->asked && units >= timer->asked) {
		timer->asked = units + timer->count - (units - timer->asked) % timer->count;
	} else {
		timer->asked = 0;
	}
}

/*
 * TLFS 12.4: the hypervisor says which timer it was, when it was due and when it sent
 * that.  Nobody else sends here, so that no other message waits.  Sent in this event, by
 * the counter that the guest reads.
 */
static bool check_message(struct run *run, u32 nr, const struct subject_message *m)
{
	const struct timer *timer = &run->timer[nr];
	bool judged = stimer_judged(run, nr);
	u64 units = judged ? guest_units(run, nr) : m->delivered;
	const struct {
		const char *why;
		u64 got, want, early;
	} fields[] = {
		{ "the message isn't a timer's", m->type, 0x80000010, 0 },
		{ "the message hasn't a timer's size", m->payload_size, 24, 0 },
		{ "the message says that others wait", m->flags, 0, 0 },
		{ "the message isn't the hypervisor's", m->sender, 0, 0 },
		{ "the message is another timer's", m->timer, SUBJECT_STIMER(nr), 0 },
		{ "the message says another time than the timer was for", m->expires,
		  timer->asked ?: m->expires, 0 },
		{ "the message says another time than it was sent at", m->delivered, units,
		  event_units(run) },
	};

	for (u32 i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!run_check(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "stimer",
			.function = "stimer_send_msg", .event = "stimer-message",
			.why = fields[i].why, .unit = "100ns", .got = fields[i].got,
			.want = fields[i].want, .low = -(s128)fields[i].early,
		    }))
			return false;
	return true;
}

/* It has come, @times; if @last, with the message that was seen last. */
static void check_stimer_came(struct run *run, u32 nr, u32 times, bool last, bool full,
		       const struct subject_stimer_view *now)
{
	struct timer *timer = &run->timer[nr];
	bool message = !(timer->flags & SUBJECT_STIMER_DIRECT), judged = stimer_judged(run, nr);
	u64 units = judged ? guest_units(run, nr) : 0;

	/* more than one at an entry: which was which nobody knows */
	if (times > 1)
		timer->asked = 0;
	if (run->broken)
		goto next;
	if (timer->state == TIMER_OFF || (!timer->restored && !can_come(timer))) {
		run_fail(run, &(struct verdict){
			.law = LAW_DEADLINE, .clock = "stimer",
			.function = "kvm_hv_process_stimers", .event = "stimer-off",
			.why = "it came, and isn't enabled or has nowhere to come to",
			.unit = "times", .got = times,
		});
		goto next;
	}
	if (last && !timer->restored && !run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "stimer", .function = "stimer_expiration",
		.event = "stimer-message", .unit = "messages",
		.why = "it came as a message, or an interrupt, and not as what was asked for",
		.got = !now->direct, .want = message,
	    }))
		goto next;
	if (message && !timer->restored && !run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "stimer", .function = "synic_deliver_msg",
		.event = "stimer-message", .unit = "messages",
		.why = "it took the place of a message that the guest hadn't read",
		.got = full,
	    }))
		goto next;
	if (last && message && !timer->restored && !check_message(run, nr, &now->message))
		goto next;
	if (judged && timer->asked)
		run_check(run, &(struct verdict){
			.law = LAW_DEADLINE, .clock = "stimer",
			.function = "kvm_hv_process_stimers",
			.event = "stimer-early",
			.why = "it expired before its time on the guest's clock",
			.unit = "100ns", .got = units, .want = timer->asked,
			.low = 0, .high = (s128)1 << 100,
		});
next:
	/* an interrupt doesn't say when it was sent */
	if (last && message)
		start_next_period(timer, now->message.delivered);
	else
		start_next_period(timer, judged && !event_units(run) ? units : 0);
}

/*
 * It hasn't come.  Where the slot was full a one-shot says so there, for the guest to
 * write EOM, and a period is lost.
 */
static void check_stimer_due(struct run *run, u32 nr, bool full,
		      const struct subject_stimer_view *now)
{
	const struct subject_vcpu_view *v = &run->vcpu[nr].view;
	struct timer *timer = &run->timer[nr];
	u64 elapsed, late, units;

	if (!timer->asked)
		return;
	full &= !(timer->flags & SUBJECT_STIMER_DIRECT);
	if (!stimer_judged(run, nr)) {
		/* it may have gone on */
		if (is_periodic(timer))
			timer->asked = 0;
		return;
	}
	units = guest_units(run, nr);
	elapsed = cycles_to_ns(run, run->sim.cycles - timer->since);
	/* what an entry itself takes comes after its look at the timers */
	late = cycles_to_ns(run, run->sim.cycles - run->began_cycles) +
	       elapsed / run->rate_denominator + (elapsed >> 30) +
	       cut_khz(elapsed, guest_cycle_ns(run, v), v->hw_tsc_khz) +
	       2 * cycles_to_ns(run, run->skew_spread) + 2 * run->resolution_ns;
	/* the host's timers go by CLOCK_MONOTONIC, slewed by 500 ppm and a bit of mult */
	if (run->host_slewed)
		late += elapsed / 2000 + 2 * (elapsed / run->rate_denominator);
	late = late / 100 + 2;
	if (!full) {
		if (!run_check(run, &(struct verdict){
			.law = LAW_DEADLINE, .clock = "stimer",
			.function = timer->waited ? "kvm_hv_process_stimers" : "stimer_start",
			.event = timer->waited ? "stimer-late-waited" : "stimer-late",
			.why = "it is due on the guest's clock, and didn't come",
			.unit = "100ns", .got = units, .want = timer->asked,
			.low = -((s128)1 << 100), .high = late,
		    }) && timer->waited)
			timer->asked = 0;	/* it doesn't come any more */
		return;
	}
	if (units < timer->asked)
		return;
	if (is_periodic(timer)) {
		bool seen_to = units - timer->asked > late && !event_units(run);

		start_next_period(timer, seen_to ? units : 0);
		return;
	}
	/* one that waited before may be lost; that is said when the slot is free */
	if (timer->waited)
		return;
	timer->waits = true;
	if (units - timer->asked > late)
		run_check(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "stimer",
			.function = "synic_deliver_msg", .event = "stimer-slot",
			.why = "it waits for the slot, and doesn't say so there",
			.unit = "", .got = now->slot_awaited, .want = 1,
		});
}

/*
 * The host's timer is armed for as long as is left on the guest's clock; both are read at
 * one instant.  No host can wait until beyond 2^63 - 1 ns; KVM takes what is in the last
 * 100 ns for that, too, and may then take a second less: ktime_add_safe() rounds down to one.
 */
static void check_stimer_armed(struct run *run, u32 nr,
			       const struct subject_stimer_view *now)
{
	const struct timer *timer = &run->timer[nr];
	s128 most = (s128)(~0ull >> 1) - now->monotonic_ns, want;
	bool beyond;
	u64 units;

	if (!timer->asked || event_units(run) || !stimer_judged(run, nr))
		return;
	units = guest_units(run, nr);
	if (units >= timer->asked)
		return;
	want = (s128)(timer->asked - units) * 100;
	beyond = want + 100 > most;
	run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "stimer", .function = "stimer_start",
		.event = "stimer-armed", .unit = "ns",
		.why = "the host's timer is armed for another time than the guest asked for",
		.got = now->armed ? (s128)now->armed_for_ns - now->monotonic_ns : 0,
		.want = beyond ? most : want, .low = beyond ? -(s128)CF_NS_PER_SEC : 0,
	});
}

/* Was its guest's write taken, as it should be? */
static bool check_taken(struct run *run, u32 nr, const struct subject_stimer_view *now)
{
	const struct timer *timer = &run->timer[nr];
	u64 value = run->event->value;
	bool direct = run->event->kind == EVENT_STIMER_CONFIG &&
		      value & SUBJECT_STIMER_DIRECT && value & SUBJECT_STIMER_NO_DIRECT &&
		      !(value & SUBJECT_STIMER_LAX);

	if (!run->broken)
		run_check(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "stimer", .function = "stimer_set_config",
			.unit = "refusals",
			.why = "a write was refused, or taken from who hasn't got the feature",
			.got = now->refused, .want = timer->no_synic || direct,
		});
	return !now->refused;
}

/*
 * After an entry: what was delivered was due, and what is due was delivered, by the
 * guest's own clock at this very TSC; and who reads the timer's MSRs finds that.  An event
 * that sets it up enters before and after: @read tells what came before.
 */
void check_stimer(struct run *run, u32 nr, const struct sim_read *read)
{
	struct timer *timer = &run->timer[nr];
	enum event_kind kind = run->event->kind;
	bool config = kind == EVENT_STIMER_CONFIG, arm = kind == EVENT_STIMER_ARM;
	bool sets = config || arm || kind == EVENT_MESSAGE_SLOT, full = timer->slot_busy;
	struct subject_stimer_view now;
	bool restarted;
	u32 times;

	run->sim.subject->view_stimer(nr, &now);
	if (!now.used)
		return;
	timer->used = true;
	times = (sets ? read->deliveries : now.deliveries) - timer->deliveries;
	timer->deliveries = now.deliveries;
	if (times)
		check_stimer_came(run, nr, times, !sets || now.deliveries == read->deliveries,
				  full, &now);
	else if (!sets || (full && is_periodic(timer)))
		check_stimer_due(run, nr, full, &now);
	restarted = times && is_periodic(timer);
	if (kind == EVENT_MESSAGE_SLOT) {
		timer->slot_busy = run->event->value;
		timer->waited |= timer->waits && !timer->slot_busy;
	}
	if (config)
		timer->no_synic = run->event->value & SUBJECT_STIMER_NO_SYNIC;
	if ((config || arm) && check_taken(run, nr, &now)) {
		note_stimer(run, nr, read);
		restarted = true;
	}
	if (sets) {
		times = now.deliveries - read->deliveries;
		full &= timer->slot_busy;
		if (times)
			check_stimer_came(run, nr, times, true, full, &now);
		else
			check_stimer_due(run, nr, full, &now);
		restarted |= times && is_periodic(timer);
	}
	if (restarted)
		check_stimer_armed(run, nr, &now);
	if (!run->broken && timer->state != TIMER_ANY)
		run_check(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "stimer", .function = "stimer_expiration",
			.event = "stimer-enabled", .unit = "",
			.why = "its MSR says that it is enabled, or that it isn't",
			.got = now.enabled, .want = timer->state == TIMER_ON,
		});
}
