// SPDX-License-Identifier: GPL-2.0-only
/*
 * A local APIC's timer: deadlines of the guest's TSC, and counts of the bus clock.
 */
#include "timeline.h"

#define ENDLESS ((s128)1 << 100)

/* Can the vCPU's TSC be told in ns, and is it the hardware's alone? */
static bool tsc_promised(const struct run *run, u32 nr)
{
	const struct subject_vcpu_view *v = &run->vcpu[nr].view;

	/* a TSC on its way up to 0 is none yet */
	return (s64)sim_guest_tsc(run->sim.machine, v, run->sim.hw.raw_tsc) >= 0 &&
	       !v->tsc_catchup && v->tsc_multiplier &&
	       v->virtual_tsc_khz >= MIN_GUEST_KHZ &&
	       v->virtual_tsc_khz <= MAX_GUEST_KHZ && host_clock_promised(run);
}

/* A period below min_timer_period_us is made as long as that. */
#define MIN_PERIOD_NS 200000

static u64 period_of(const struct lapic_timer *timer)
{
	u64 ns = (u64)timer->count << timer->shift;

	return timer->periodic && ns && ns < MIN_PERIOD_NS ? MIN_PERIOD_NS : ns;
}

/*
 * A frequency set in the host's first ms may move CLOCK_MONOTONIC below 0.  There KVM's
 * target of 0, for a count that is over, is still to come.
 */
static bool lapic_clock_promised(const struct run *run, const struct subject_lapic_view *now)
{
	return host_clock_promised(run) && now->monotonic_ns >= 0;
}

static void set_up_lapic(struct run *run, struct lapic_timer *timer,
		   const struct subject_lapic_view *now)
{
	timer->cycles = run->sim.cycles;
	timer->monotonic_ns = now->monotonic_ns;
	timer->advance_ns = now->advance_ns;
	timer->came = 0;
	timer->divided = false;
	timer->judged = !run->broken && timer->running && !timer->adrift &&
			lapic_clock_promised(run, now);
	timer->first_ns = timer->target_ns - now->monotonic_ns;
}

static void start_count(struct run *run, struct lapic_timer *timer,
			const struct subject_lapic_view *now, u64 left_ns)
{
	timer->hw_cycles = run->sim.cycles;
	timer->target_ns = now->monotonic_ns + left_ns;
	timer->running = timer->count;
	timer->adrift = false;
}

/* What a vCPU's TSC runs at, whatever it was asked for. */
static s128 hardware_khz(const struct machine *m, const struct subject_vcpu_view *view)
{
	return m->tsc_frac_bits ? (u128)m->tsc_khz * view->tsc_multiplier >> m->tsc_frac_bits :
				  m->tsc_khz;
}

/*
 * KVM arms its own timer for the deadline's ns, rounded down, and takes off what an
 * entry takes (advance).  Both clocks are read at one instant: exactly that; but no
 * timer of a host's can be armed beyond 2^63 - 1 ns.
 */
static void set_up_deadline(struct run *run, struct lapic_timer *timer, u64 due, u64 cycles,
			    const struct subject_lapic_view *now)
{
	u32 nr = run->event->vcpu;
	u32 khz = run->vcpu[nr].view.virtual_tsc_khz;
	struct verdict v;
	s128 at_once_ns;
	u64 wrapped;

	timer->due = due;
	timer->running = due;
	set_up_lapic(run, timer, now);
	timer->judged = false;
	if (run->broken || !tsc_promised(run, nr) || (s64)due <= 0)
		return;
	v = (struct verdict){
		.law = LAW_DEADLINE, .clock = "tsc-deadline",
		.function = "start_sw_tscdeadline",
		.why = "it is armed for another time than the guest asked for",
		.unit = "ns", .want = (u128)cycles * 1000000 / khz,
	};
	if (v.want > (s128)(~0ull >> 1) - now->monotonic_ns)
		v.want = (s128)(~0ull >> 1) - now->monotonic_ns;
	wrapped = cycles * 1000000 / khz;
	/* for what expired at once the advance was tuned since, by up to an eighth */
	at_once_ns = now->advance_ns + now->advance_ns / 7 + 1;
	if (now->armed)
		v.got = (s128)now->armed_for_ns - now->monotonic_ns + now->advance_ns;
	else
		v.low = -at_once_ns;
	if (now->armed ? v.got == wrapped : wrapped <= at_once_ns) {
		v.why = "cycles * 10^6 doesn't fit in 64 bits";
		v.event = "tsc-deadline-wrapped";
	}
	timer->judged = run_check(run, &v);
}

/* To another mode and back, nothing is left; a mode alone starts nothing (SDM 11.5.4). */
static void set_lapic_mode(struct lapic_timer *timer, bool deadline_mode, bool periodic)
{
	if (timer->deadline_mode != deadline_mode) {
		timer->running = timer->judged = timer->divided = timer->adrift = false;
		timer->count = timer->period_ns = timer->due = 0;
	}
	timer->deadline_mode = deadline_mode;
	if (timer->periodic != periodic && periodic && timer->period_ns &&
	    timer->period_ns < MIN_PERIOD_NS)
		timer->period_ns = MIN_PERIOD_NS;
	timer->periodic = periodic;
}

/*
 * The bus clock ticks in ns.  Another divider leaves as many counts as were left; a count
 * that is restored is what TMCCT was, but for one of 0: a period begins, and a one-shot,
 * which nobody knows to have come, comes.
 */
static void note_write(struct run *run, struct lapic_timer *timer,
		       const struct subject_lapic_view *now, const struct sim_read *read)
{
	u64 value = run->event->value, left_ns = 0;
	u32 count = LAPIC_TIMER_COUNT(value), old_shift = timer->shift;
	enum subject_lapic_mode mode = LAPIC_TIMER_MODE(value);

	/* what comes of another divider, of a count that was over, isn't news any more */
	if (timer->divided || (timer->running && !timer->deadline_mode && !timer->judged))
		timer->adrift = true;
	if (timer->running && !timer->deadline_mode && timer->target_ns > now->monotonic_ns)
		left_ns = timer->target_ns - now->monotonic_ns;
	switch (mode) {
	case SUBJECT_LAPIC_ONESHOT:
	case SUBJECT_LAPIC_PERIODIC:
		set_lapic_mode(timer, false, mode == SUBJECT_LAPIC_PERIODIC);
		timer->shift = (LAPIC_TIMER_DIVIDE(value) + 1) % 8;
		timer->count = count;
		timer->period_ns = period_of(timer);
		start_count(run, timer, now, timer->period_ns);
		break;
	case SUBJECT_LAPIC_RESTORED:
		set_lapic_mode(timer, true, false);
		return;
	case SUBJECT_LAPIC_LVT_ONESHOT:
	case SUBJECT_LAPIC_LVT_PERIODIC:
		set_lapic_mode(timer, false, mode == SUBJECT_LAPIC_LVT_PERIODIC);
		if (!timer->running)
			return;
		break;
	case SUBJECT_LAPIC_LVT_DEADLINE:
		set_lapic_mode(timer, true, false);
		return;
	case SUBJECT_LAPIC_DIVIDE:
		timer->shift = (LAPIC_TIMER_DIVIDE(value) + 1) % 8;
		if (timer->shift == old_shift || !timer->period_ns)
			return;
		timer->period_ns = period_of(timer);
		if (!timer->running) {
			timer->divided = !timer->adrift;
			return;
		}
		if (timer->adrift)
			return;
		/* KVM moves the hardware's by as many cycles */
		timer->target_ns = now->monotonic_ns +
				   (s64)((u128)left_ns << timer->shift >> old_shift);
		break;
	case SUBJECT_LAPIC_MSR:
	case SUBJECT_LAPIC_MSR_PAST:
		if (!timer->deadline_mode)
			return;
		if (mode == SUBJECT_LAPIC_MSR) {
			set_up_deadline(run, timer, read->value, count, now);
			return;
		}
		timer->due = read->value;
		timer->running = timer->due;
		set_up_lapic(run, timer, now);
		timer->judged &= tsc_promised(run, run->event->vcpu) && (s64)timer->due > 0;
		return;
	case SUBJECT_LAPIC_RELOADED:
		count = timer->period_ns ? left_ns % timer->period_ns >> timer->shift : 0;
		/* fall through */
	case SUBJECT_LAPIC_CURRENT:
		if (timer->deadline_mode || !timer->count)
			return;
		timer->period_ns = period_of(timer);
		if (timer->adrift && mode == SUBJECT_LAPIC_RELOADED)
			return;
		left_ns = (u64)count << timer->shift;
		if (left_ns > timer->period_ns || (!count && timer->periodic))
			left_ns = timer->period_ns;
		start_count(run, timer, now, left_ns);
		break;
	default:
		return;
	}
	set_up_lapic(run, timer, now);
}

/*
 * The guest takes the interrupt when its TSC has reached the deadline, but for the
 * drift of the host's clock and what the ratio's last bit is worth.  Before KVM waits for
 * what is left, it takes an eighth of that off its advance, the most that it waits for:
 * of drift and advance together.
 *
 * Where KVM leaves a vCPU at the host's frequency, for another one was within its
 * tolerance (250 ppm), or refused, it reckons with the one that was asked for.  And
 * it waits by L2's ratio where L2 runs: less than its advance.
 */
static bool check_deadline(struct run *run, u32 nr, bool delivered, u64 elapsed,
			   bool was_in_l2)
{
	const struct subject_vcpu_view *view = &run->vcpu[nr].view;
	const struct machine *m = run->sim.machine;
	const struct lapic_timer *timer = &run->lapic_timer[nr];
	s128 khz = hardware_khz(m, view);
	s128 slack_ns = clock_drift(run, elapsed) +
			(m->tsc_frac_bits ? elapsed / view->tsc_multiplier + 1 : 0);
	s128 early_ns = slack_ns + (slack_ns + timer->advance_ns) / 8;
	s128 other_khz = khz - view->virtual_tsc_khz;
	bool scaled = m->tsc_frac_bits && view->tsc_multiplier != 1ull << m->tsc_frac_bits;
	s128 off = (s128)elapsed * other_khz / 1000000;
	const char *explained;
	struct verdict v = {
		.law = LAW_DEADLINE, .clock = "tsc-deadline",
		.function = delivered ? "__wait_lapic_expire" : "start_sw_tscdeadline",
		.event = delivered ? "tsc-deadline-early" : "tsc-deadline-late",
		.why = delivered ? "it came before its time on the guest's TSC" :
				   "it is due on the guest's TSC, and hasn't come",
		.unit = "cycles", .want = timer->due,
		.got = sim_guest_tsc(m, view, run->sim.hw.raw_tsc),
		.low = -ENDLESS, .high = ENDLESS,
	};

	if (delivered)
		v.low = -early_ns * khz / 1000000 - 2;
	else
		v.high = slack_ns * khz / 1000000 + 2;
	/* a kHz in a ratio's frequency is rounding; the host's own isn't rounded */
	if (other_khz < -1 || other_khz > 1 || (other_khz && !scaled)) {
		off += (s128)(elapsed / 1000000) * (off < 0 ? -1 : 1);
		if (other_khz * 4000 > khz || -other_khz * 4000 > khz)
			explained = delivered ? "tsc-deadline-early-refused" :
						"tsc-deadline-late-refused";
		else
			explained = delivered ? "tsc-deadline-early-tolerated" :
						"tsc-deadline-late-tolerated";
		if (delivered ? v.got - v.want >= v.low + off :
				v.got - v.want <= v.high + off)
			v.event = explained;
	} else if (delivered && (was_in_l2 || view->in_l2) && v.got - v.want >=
		   -(slack_ns + timer->advance_ns) * khz / 1000000 - 2) {
		v.event = "tsc-deadline-early-in-l2";
	}
	return run_check(run, &v);
}

/* Is the host's clock what it was when the timer was set up? */
static bool lapic_judged(struct run *run, struct lapic_timer *timer, u32 nr,
		      const struct subject_lapic_view *now)
{
	u64 elapsed = cycles_to_ns(run, run->sim.cycles - timer->cycles);
	u64 slack = clock_drift(run, elapsed);
	s128 slewed = (s128)now->monotonic_ns - timer->monotonic_ns - elapsed;

	if (timer->judged &&
	    (run->broken || !lapic_clock_promised(run, now) || slewed > slack ||
	     -slewed > (s128)slack || (timer->deadline_mode && !tsc_promised(run, nr))))
		timer->judged = false;
	return timer->judged;
}

/*
 * When a period is over the next begins; those that nobody was there for are lost, and
 * then it may begin anew.  The timer may have gone off on a CPU that is ahead.
 */
static void start_next_count(struct run *run, struct lapic_timer *timer, bool written,
		       const struct subject_lapic_view *now)
{
	s64 next_ns = timer->target_ns + timer->period_ns;
	s64 ahead_ns = clock_drift(run, 0);
	struct verdict v = {
		.law = LAW_DEADLINE, .clock = "lapic-timer",
		.function = "advance_periodic_target_expiration",
		.event = "lapic-timer-next", .unit = "ns",
		.why = "its next period doesn't begin where the last one ended",
		.got = now->target_ns, .want = next_ns,
	};

	timer->hw_cycles = timer->cycles;
	timer->adrift = !timer->judged;
	if (!timer->judged)
		return;
	if (next_ns <= now->monotonic_ns + ahead_ns) {
		v.want = now->monotonic_ns;
		v.low = -ahead_ns;
		v.high = timer->period_ns + ahead_ns;
		/* what it is set to now isn't what it was */
		timer->adrift = written;
	} else {
		timer->target_ns = next_ns;
	}
	if (!written && run_check(run, &v))
		timer->target_ns = now->target_ns;
}

/* It came @times; before it was written, if it is at this event. */
static void check_lapic_came(struct run *run, u32 nr, u32 times, bool was_in_l2, bool written,
		       const struct subject_lapic_view *now)
{
	struct lapic_timer *timer = &run->lapic_timer[nr];
	u64 elapsed = cycles_to_ns(run, run->sim.cycles - timer->cycles), slack;
	bool judged = lapic_judged(run, timer, nr, now);

	timer->came += times;
	if (timer->adrift) {
		timer->judged = false;
		return;
	}
	if (!timer->running || (times > 1 && !timer->periodic)) {
		if (!run->broken)
			run_fail(run, &(struct verdict){
				.law = LAW_DEADLINE, .function = "apic_timer_expired",
				.clock = timer->deadline_mode ? "tsc-deadline" : "lapic-timer",
				.event = timer->divided ? "lapic-timer-divided" :
							  "lapic-timer-off",
				.why = timer->divided ?
					"it came again when its divider was changed" :
					"it came, and wasn't to come",
				.unit = "times", .got = times, .want = timer->running,
			});
		timer->running = timer->divided = timer->judged = false;
		timer->adrift = true;
		return;
	}
	if (timer->deadline_mode) {
		if (judged)
			check_deadline(run, nr, true, elapsed, was_in_l2);
		timer->running = timer->judged = false;
		timer->due = 0;
		return;
	}
	slack = clock_drift(run, elapsed);
	if (judged && run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "lapic-timer",
		.function = "apic_timer_fn", .event = "lapic-timer-early",
		.why = "it expired more often than its period has passed",
		.unit = "ns", .got = elapsed,
		.want = timer->first_ns + (s128)(timer->came - 1) * timer->period_ns,
		.low = -(s128)slack, .high = ENDLESS,
	    }))
		run_check(run, &(struct verdict){
			.law = LAW_DEADLINE, .clock = "lapic-timer",
			.function = "apic_timer_fn", .event = "lapic-timer-early",
			.why = "it came before its time on the host's clock",
			.unit = "ns", .got = now->monotonic_ns, .want = timer->target_ns,
			.low = -(s128)clock_drift(run, 0), .high = ENDLESS,
		});
	if (timer->periodic) {
		start_next_count(run, timer, written, now);
		timer->judged &= times == 1;
	} else {
		timer->running = timer->judged = false;
	}
}

/* It didn't come.  An entry looks at the host's timers first. */
static void check_lapic_due(struct run *run, u32 nr, bool was_in_l2,
		      const struct subject_lapic_view *now)
{
	struct lapic_timer *timer = &run->lapic_timer[nr];
	u64 elapsed = cycles_to_ns(run, run->sim.cycles - timer->cycles);

	if (!lapic_judged(run, timer, nr, now))
		return;
	if (timer->deadline_mode) {
		timer->judged = check_deadline(run, nr, false, elapsed, was_in_l2);
		return;
	}
	timer->judged = run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "lapic-timer",
		.function = "apic_timer_fn", .event = "lapic-timer-late",
		.why = "its time has passed on the host's clock, and it hasn't come",
		.unit = "ns", .got = now->monotonic_ns, .want = timer->target_ns,
		.low = -ENDLESS, .high = -1,
	}) && (timer->came || run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "lapic-timer",
		.function = "apic_timer_fn", .event = "lapic-timer-late",
		.why = "its period has passed, and it hasn't come",
		.unit = "ns", .got = elapsed, .want = timer->first_ns,
		.low = -ENDLESS, .high = clock_drift(run, elapsed),
	}));
}

/*
 * An entry waits for a deadline that came within KVM's advance, no longer than that, and
 * not beyond it; for nothing else.  Its advance follows how far off the last one was when
 * the guest could be entered: by an eighth of that, unless it is noise or an outlier
 * (below 100 cycles, above 10,000), and beyond 5 us it starts anew with 1 us.
 */
static void check_wait(struct run *run, u32 nr, u64 due, bool was_in_l2,
		       const struct subject_lapic_view *now)
{
	struct lapic_timer *timer = &run->lapic_timer[nr];
	const struct subject_vcpu_view *view = &run->vcpu[nr].view;
	const struct machine *m = run->sim.machine;
	u64 waited = run->sim.cycles - run->began_cycles, off;
	u32 tuned_ns = timer->tuned_ns, most_ns, khz;
	s64 late;
	u64 step;

	timer->tuned_ns = now->advance_ns;
	if (run->broken || !tuned_ns || !view->virtual_tsc_khz || view->tsc_catchup ||
	    !view->tsc_multiplier)
		return;
	late = sim_guest_tsc(m, view, run->sim.hw.raw_tsc - waited) - due;
	off = late < 0 ? -(u64)late : late;
	most_ns = now->advance_ns > tuned_ns ? now->advance_ns : tuned_ns;
	khz = view->virtual_tsc_khz > m->tsc_khz ? view->virtual_tsc_khz : m->tsc_khz;
	step = (u128)off * 1000000 / view->virtual_tsc_khz / 8;
	if (due && off >= 100 && off <= 10000)
		tuned_ns += late < 0 ? -step : step;
	if (tuned_ns > 5000)
		tuned_ns = 1000;
	if (!run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "tsc-deadline",
		.function = "adjust_lapic_timer_advance", .event = "tsc-deadline-advance",
		.why = "its advance doesn't follow an eighth of how far off the last one was",
		.unit = "ns", .got = now->advance_ns, .want = tuned_ns,
	    }) || !run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "tsc-deadline",
		.function = "__wait_lapic_expire", .event = "tsc-deadline-wait",
		.why = due ? "an entry waited for longer than its advance" :
			     "an entry waited, and no deadline had come",
		.unit = "cycles", .got = waited,
		.want = due ? (u64)most_ns * khz / 1000000 : 0, .low = -ENDLESS,
		.high = due ? khz / 1000000 + 2 : 0, /* ns and cycles are rounded up */
	    }))
		return;
	/* it goes by L2's ratio where that runs; a ns and a host's cycle are rounded up */
	if (waited && !was_in_l2 && !view->in_l2 && tsc_promised(run, nr))
		run_check(run, &(struct verdict){
			.law = LAW_DEADLINE, .clock = "tsc-deadline",
			.function = "__wait_lapic_expire", .event = "tsc-deadline-wait",
			.why = "an entry waited beyond the deadline", .unit = "cycles",
			.got = sim_guest_tsc(m, view, run->sim.hw.raw_tsc), .want = due,
			.low = -ENDLESS, .high = view->virtual_tsc_khz / 1000000 +
				view->virtual_tsc_khz / m->tsc_khz + 3,
		});
}

/* What the guest reads of its registers, and what the host has armed for it. */
static void check_set_up(struct run *run, u32 nr, const struct subject_lapic_view *now)
{
	struct lapic_timer *timer = &run->lapic_timer[nr];
	const struct subject_vcpu_view *view = &run->vcpu[nr].view;
	u64 elapsed = cycles_to_ns(run, run->sim.cycles - timer->hw_cycles);
	s128 left_ns = (s128)now->target_ns - now->monotonic_ns, cycles, slack;
	s128 other_khz = hardware_khz(run->sim.machine, view) - view->virtual_tsc_khz;
	struct verdict v = {
		.law = LAW_EXACT, .clock = "tsc-deadline",
		.function = "kvm_get_lapic_tscdeadline_msr", .event = "tsc-deadline-msr",
		.why = "MSR_IA32_TSC_DEADLINE isn't what is to come, or 0",
		.unit = "cycles", .got = now->tsc_deadline,
		.want = timer->deadline_mode && timer->running ? timer->due : 0,
	};

	if (run->broken || !run_check(run, &v) || timer->deadline_mode)
		return;
	v.function = "set_target_expiration";
	v.event = "lapic-timer-hw-deadline";
	v.why = "it is stopped, and the hardware has a deadline for it";
	v.got = now->hw_deadline;
	v.want = 0;
	if (!timer->running && !timer->divided && !timer->adrift)
		run_check(run, &v);
	/* it was over on a CPU that is ahead */
	if (timer->divided && !timer->adrift && left_ns > clock_drift(run, 0) &&
	    now->monotonic_ns >= 0 && run->event->kind == EVENT_LAPIC_TIMER)
		run_fail(run, &(struct verdict){
			.law = LAW_EXACT, .clock = "lapic-timer",
			.function = "update_target_expiration",
			.why = "another divider makes something of a count that is over",
			.unit = "ns", .got = left_ns,
		});
	if (!timer->judged || timer->adrift)
		return;
	v = (struct verdict){
		.law = LAW_EXACT, .clock = "lapic-timer",
		.function = "set_target_expiration",
		.why = "the period isn't count times divisor",
		.unit = "ns", .got = now->period_ns, .want = timer->period_ns,
	};
	if (!run_check(run, &v))
		return;
	v.law = LAW_DEADLINE;
	v.why = "it is armed for another time than what is left";
	v.got = now->armed ? (s128)now->armed_for_ns - now->monotonic_ns : -1;
	v.want = (s128)timer->target_ns - now->monotonic_ns;
	if (!run_check(run, &v)) {
		timer->judged = false;
		return;
	}
	v.why = "its count ends at another time than it is armed for";
	v.got = left_ns;
	if (!run_check(run, &v) || !tsc_promised(run, nr))
		return;
	/*
	 * The same in cycles, at the frequency that KVM takes for the vCPU's: by a factor
	 * good to 2^-30, rounded down at each of two steps, and both clocks drift apart; if
	 * the host's is slewed further and further.  A ratio's is a part of a kHz more.
	 */
	if (other_khz || (elapsed && run->host_slewed))
		return;
	cycles = left_ns * view->virtual_tsc_khz / 1000000;
	slack = (s128)clock_drift(run, elapsed) * view->virtual_tsc_khz / 1000000 +
		(cycles >> 30) + elapsed / 1000000 + 4;
	v.law = LAW_EXACT;
	v.event = "lapic-timer-hw-deadline";
	v.why = "the hardware's deadline isn't the count's end";
	v.unit = "cycles";
	/* from now on: a TSC may be below 0, or go beyond 2^63 */
	v.got = (s64)(now->hw_deadline - sim_guest_tsc(run->sim.machine, view,
						       run->sim.hw.raw_tsc));
	v.want = cycles;
	v.low = -slack;
	v.high = slack;
	run_check(run, &v);
}

/*
 * After an entry of vCPU @nr.  An event that sets the timer up enters before, and some
 * after that: @read tells what came before.
 */
void check_lapic(struct run *run, u32 nr, bool was_in_l2, const struct sim_read *read)
{
	struct lapic_timer *timer = &run->lapic_timer[nr];
	bool deadline = run->event->kind == EVENT_TSC_DEADLINE;
	bool sets = deadline || run->event->kind == EVENT_LAPIC_TIMER;
	struct subject_lapic_view now;
	u64 due = 0;
	u32 times;

	run->sim.subject->view_lapic(nr, &now);
	/* as it is after a reset: one-shot, divided by 2 */
	if (!timer->used)
		*timer = (struct lapic_timer){ .used = true, .shift = 1 };
	if (deadline)
		run_show(run, "tsc-deadline", "cycles", read, false, 0);
	times = (sets ? read->deliveries : now.deliveries) - timer->deliveries;
	timer->deliveries = now.deliveries;
	if (times) {
		due = timer->due;
		check_lapic_came(run, nr, times, was_in_l2, sets, &now);
	} else if (!sets) {
		check_lapic_due(run, nr, was_in_l2, &now);
	}
	if (deadline) {
		set_lapic_mode(timer, true, false);
		set_up_deadline(run, timer, read->value, run->event->value, &now);
		if (now.deliveries != read->deliveries) {
			/* either is right, who knows which was tuned by */
			if (due)
				timer->tuned_ns = 0;
			due = timer->due;
			timer->running = timer->judged = false;
			timer->due = 0;
		}
	} else if (sets) {
		note_write(run, timer, &now, read);
		timer->judged &= !timer->adrift;
	}
	check_wait(run, nr, due, was_in_l2, &now);
	check_set_up(run, nr, &now);
}

/*
 * What is left of the count: of the target modulo the period, in units of the
 * divisor, rounded down; and of a one-shot count, against true time.  With the count
 * just written and no time gone the remainder is 0; no guest is that fast.
 */
void check_tmcct(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	const struct lapic_timer *timer = &run->lapic_timer[nr];
	u64 elapsed = cycles_to_ns(run, run->sim.cycles - timer->cycles), slack;
	struct subject_lapic_view now;
	struct verdict v;
	s128 left;

	run->sim.subject->view_lapic(nr, &now);
	left = (s128)now.target_ns - now.monotonic_ns;
	v = (struct verdict){
		.law = LAW_EXACT, .clock = "TMCCT", .function = "apic_get_tmcct",
		.why = "it isn't what is left of the count",
		.unit = "counts", .got = read->value,
	};
	if (now.count && now.period_ns && left > 0)
		v.want = left % now.period_ns / now.divide;
	run_show(run, "TMCCT", "counts", read, true, v.want);
	if (!run_check(run, &v) || !timer->used)
		return;
	if (!timer->running && !timer->adrift) {
		/* over on a clock that has gone back since */
		if (!lapic_clock_promised(run, &now))
			return;
		v.why = "something is left of a count that is over, or was stopped";
		v.want = 0;
		/* it was over on a CPU that is ahead */
		v.high = clock_drift(run, 0) / now.divide + 1;
		run_check(run, &v);
		return;
	}
	/* of more than a period, which KVM may have made a longer one, it says the remainder */
	if (!timer->judged || timer->periodic ||
	    timer->deadline_mode || timer->first_ns > timer->period_ns ||
	    !lapic_clock_promised(run, &now))
		return;
	slack = clock_drift(run, elapsed);
	left = (s128)timer->first_ns - elapsed;
	if (elapsed <= slack)
		return;
	v.law = LAW_RATE;
	v.why = "the count parted from true time";
	v.want = left > 0 ? left / now.divide : 0;
	v.low = -(s128)(slack / now.divide) - 1;
	v.high = slack / now.divide + 1;
	run_check(run, &v);
}
