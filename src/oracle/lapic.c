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

/*
 * KVM arms its own timer for the deadline's ns, rounded down, and takes off what an
 * entry takes (advance).  Both clocks are read at one instant: exactly that; but no
 * timer of a host's can be armed beyond 2^63 - 1 ns.
 */
static void check_deadline_arm(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	struct armed *timer = &run->lapic_timer[nr];
	u64 cycles = run->event->value;
	u32 khz = run->vcpu[nr].view.virtual_tsc_khz;
	struct subject_lapic_view now;
	struct verdict v;
	s128 at_once_ns;
	u64 wrapped;

	run->sim.subject->view_lapic(nr, &now);
	run_show(run, "tsc-deadline", "cycles", read, false, 0);
	*timer = (struct armed){
		.deliveries = now.deliveries, .due = read->value,
		.cycles = run->sim.cycles, .monotonic_ns = now.monotonic_ns,
		.advance_ns = now.advance_ns,
	};
	if (run->broken || !tsc_promised(run, nr) || (s64)read->value <= 0)
		return;
	v = (struct verdict){
		.law = LAW_DEADLINE, .clock = "tsc-deadline",
		.function = "start_sw_tscdeadline",
		.why = "it is armed for another time than the guest asked for",
		.unit = "ns", .want = (u128)cycles * 1000000 / khz,
	};
	if (v.want > (s128)(~0ull >> 1) - now.monotonic_ns)
		v.want = (s128)(~0ull >> 1) - now.monotonic_ns;
	wrapped = cycles * 1000000 / khz;
	/* for what expired at once the advance was tuned since, by up to an eighth */
	at_once_ns = now.advance_ns + now.advance_ns / 7 + 1;
	if (now.armed)
		v.got = now.armed_for_ns - now.monotonic_ns + now.advance_ns;
	else
		v.low = -at_once_ns;
	if (now.armed ? v.got == wrapped : wrapped <= at_once_ns) {
		v.why = "cycles * 10^6 doesn't fit in 64 bits";
		v.event = "tsc-deadline-wrapped";
	}
	timer->judged = run_check(run, &v) && now.armed;
}

/* A count of the bus clock, 1 ns: from 0 the timer is off. */
static void check_count_arm(struct run *run)
{
	u32 nr = run->event->vcpu;
	u64 value = run->event->value;
	u32 shift = (LAPIC_TIMER_DIVIDE(value) + 1) % 8;
	u64 period_ns = (u64)LAPIC_TIMER_COUNT(value) << shift;
	enum subject_lapic_mode mode = LAPIC_TIMER_MODE(value);
	struct subject_lapic_view now;
	struct verdict v;

	run->sim.subject->view_lapic(nr, &now);
	run->lapic_timer[nr] = (struct armed){
		.deliveries = now.deliveries, .cycles = run->sim.cycles,
		.period_ns = mode == SUBJECT_LAPIC_RESTORED ? 0 : period_ns,
		.monotonic_ns = now.monotonic_ns,
	};
	if (run->broken || !host_clock_promised(run))
		return;
	/* periods below min_timer_period_us are made as long as that */
	if (mode == SUBJECT_LAPIC_PERIODIC && period_ns && period_ns < 200000)
		period_ns = 200000;
	if (mode == SUBJECT_LAPIC_RESTORED)
		return;
	run->lapic_timer[nr].period_ns = period_ns;
	v = (struct verdict){
		.law = LAW_EXACT, .clock = "lapic-timer",
		.function = "set_target_expiration",
		.why = "the period isn't count times divisor",
		.unit = "ns", .got = now.period_ns, .want = period_ns,
	};
	if (!run_check(run, &v) || !period_ns)
		return;
	v.law = LAW_DEADLINE;
	v.why = "it is armed for another time than the period";
	v.got = now.armed ? now.armed_for_ns - now.monotonic_ns : 0;
	run->lapic_timer[nr].judged = run_check(run, &v);
}

void check_lapic_arm(struct run *run, const struct sim_read *read)
{
	if (run->event->kind == EVENT_TSC_DEADLINE)
		check_deadline_arm(run, read);
	else
		check_count_arm(run);
}

/*
 * The guest takes the interrupt when its TSC has reached the deadline, but for the
 * drift of the host's clock and what the ratio's last bit is worth; KVM takes an
 * eighth off its advance before it waits for the rest of it, for an entry takes
 * longer than that on any machine.
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
	const struct armed *timer = &run->lapic_timer[nr];
	s128 khz = m->tsc_frac_bits ? (u128)m->tsc_khz * view->tsc_multiplier >>
				      m->tsc_frac_bits : m->tsc_khz;
	s128 slack_ns = clock_drift(run, elapsed) +
			(m->tsc_frac_bits ? elapsed / view->tsc_multiplier + 1 : 0);
	s128 early_ns = slack_ns + timer->advance_ns / 8;
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

void check_lapic_timer(struct run *run, u32 nr, bool was_in_l2)
{
	struct armed *timer = &run->lapic_timer[nr];
	struct subject_lapic_view now;
	u64 elapsed, slack;
	u32 delivered;
	s128 slewed;

	if (!timer->judged)
		return;
	run->sim.subject->view_lapic(nr, &now);
	delivered = now.deliveries - timer->deliveries;
	elapsed = cycles_to_ns(run, run->sim.cycles - timer->cycles);
	slack = clock_drift(run, elapsed);
	slewed = (s128)now.monotonic_ns - timer->monotonic_ns - elapsed;
	if (run->broken || !host_clock_promised(run) || slewed > slack ||
	    -slewed > (s128)slack || (timer->due && !tsc_promised(run, nr))) {
		timer->judged = false;
		return;
	}
	if (timer->due) {
		timer->judged = check_deadline(run, nr, delivered, elapsed, was_in_l2) &&
				!delivered;
		return;
	}
	timer->judged = run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "lapic-timer",
		.function = "apic_timer_fn", .event = "lapic-timer-early",
		.why = "it expired more often than its period has passed",
		.unit = "ns", .got = elapsed, .want = (s128)delivered * timer->period_ns,
		.low = -(s128)slack, .high = ENDLESS,
	}) && (delivered || run_check(run, &(struct verdict){
		.law = LAW_DEADLINE, .clock = "lapic-timer",
		.function = "apic_timer_fn", .event = "lapic-timer-late",
		.why = "its period has passed, and it hasn't come",
		.unit = "ns", .got = elapsed, .want = timer->period_ns,
		.low = -ENDLESS, .high = slack,
	})) && (now.periodic || !delivered);
}

/*
 * What is left of the count: of the target modulo the period, in units of the
 * divisor, rounded down; and of a one-shot count, against true time.  With the count
 * just written and no time gone the remainder is 0; no guest is that fast.
 */
void check_tmcct(struct run *run, const struct sim_read *read)
{
	u32 nr = run->event->vcpu;
	const struct armed *timer = &run->lapic_timer[nr];
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
	if (!run_check(run, &v) || !timer->judged || now.periodic ||
	    now.deadline_mode || timer->due || !host_clock_promised(run))
		return;
	slack = clock_drift(run, elapsed);
	left = (s128)timer->period_ns - elapsed;
	if (elapsed <= slack)
		return;
	v.law = LAW_RATE;
	v.why = "the count parted from true time";
	v.want = left > 0 ? left / now.divide : 0;
	v.low = -(s128)(slack / now.divide) - 1;
	v.high = slack / now.divide + 1;
	run_check(run, &v);
}
