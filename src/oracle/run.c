// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timeline laws.
 *
 * After each event, what was read is compared with exact arithmetic from the
 * same snapshot (exact, signed), with earlier reads (monotonic), with the
 * other views of the clock at the same instant (agree) and with true time
 * (rate).  Of one event at most one law is broken: the most specific one,
 * in this order.  A clock that broke a law starts afresh after it, so that
 * what is behind it can still be seen.
 *
 * Contracts common to all:
 * - the host's TSCs tick at one constant rate and differ by constant skews;
 *   once the host has marked its TSC unstable, no clock is promised;
 * - a vCPU's guest clocks are promised only while its TSC is left alone: after
 *   a write to its TSC, offset or frequency, from its next pvclock update on;
 * - a guest's TSC runs at 100 MHz to 10 GHz, as real ones do (law "total" has no
 *   such bounds);
 * - KVM_SET_CLOCK is given at most SET_CLOCK_MAX_NS.
 */
#include <string.h>

#include "timeline.h"

/* ---- telling ------------------------------------------------------------- */

void run_fail(struct run *run, const struct verdict *v)
{
	struct finding f = {
		.law = v->law,
		.clock = v->clock,
		.event = v->event ? v->event : event_info[run->event->kind].name,
		.function = v->function,
		.why = v->why,
		.unit = v->unit,
		.event_nr = run->nr + 1,
		.got = v->got,
		.want = v->want,
		.tolerance_low = v->low,
		.tolerance_high = v->high,
	};

	if (run->broken)
		return;
	run->broken = true;
	law_fail(&f);
}

/* The law holds while got - want is in [low, high]. */
bool run_check(struct run *run, const struct verdict *v)
{
	s128 diff = v->got - v->want;

	law_asked(v->law, v->clock);
	if (diff >= v->low && diff <= v->high)
		return true;
	run_fail(run, v);
	return false;
}

void run_show(struct run *run, const char *clock, const char *unit,
		 const struct sim_read *read, bool has_want, s128 want)
{
	struct step *step;

	if (!run->steps)
		return;
	step = &run->steps[run->nr + 1];
	step->has_clock = true;
	step->clock = clock;
	step->unit = unit;
	step->got = read->value;
	step->tsc = read->tsc;
	step->has_want = has_want;
	step->want = want;
}

void start_afresh(struct run *run)
{
	run->monotonic_guest.set = false;
	run->monotonic_host.set = false;
	run->rate_guest.set = false;
	run->rate_host.set = false;
	run->rate_reference.set = run->rate_page.set = false;
	run->rate_hv_clock.set = run->rate_sched_clock.set = false;
	run->monotonic_reference.set = run->monotonic_page.set = false;
	run->monotonic_hv_clock.set = run->monotonic_sched_clock.set = false;
}

/* ---- one event ----------------------------------------------------------- */

static bool looks_at_xen(enum event_kind kind)
{
	return kind == EVENT_RUNSTATE || kind == EVENT_RESTORE_RUNSTATE ||
	       kind == EVENT_XEN_ATTR || kind == EVENT_XEN_TIMER ||
	       kind == EVENT_XEN_TIMER_AT || kind == EVENT_XEN_SHARED_INFO;
}

static bool touches_tsc(enum event_kind kind)
{
	return kind == EVENT_WRITE_TSC_HOST || kind == EVENT_WRITE_TSC_GUEST ||
	       kind == EVENT_SET_TSC_OFFSET || kind == EVENT_SET_TSC_KHZ;
}

static bool sets_stimer(enum event_kind kind)
{
	return kind == EVENT_STIMER_CONFIG || kind == EVENT_STIMER_ARM ||
	       kind == EVENT_MESSAGE_SLOT;
}

static bool sets_lapic(enum event_kind kind)
{
	return kind == EVENT_TSC_DEADLINE || kind == EVENT_LAPIC_TIMER;
}

static void look(struct run *run)
{
	u32 i;

	run->sim.subject->view_vm(&run->vm);
	for (i = 0; i < run->sim.machine->nr_vcpus; i++)
		run->sim.subject->view_vcpu(i, &run->vcpu[i].view);
}

static bool is_passive(enum event_kind kind)
{
	return kind == EVENT_ADVANCE_NS || kind == EVENT_ADVANCE_CYCLES ||
	       kind == EVENT_MASTERCLOCK || kind == EVENT_STEAL ||
	       kind == EVENT_INTERLEAVE || kind == EVENT_MEMORY_FAULT;
}

static u64 ahead_of_boot_cpu(const struct run *run)
{
	s64 skew = run->sim.machine->skew_cycles[run->sim.hw.cpu];

	return skew > 0 ? skew : 0;
}

/* KVM has computed the page anew, from the vCPU that has just entered. */
static void remember_page(struct run *run, u32 nr, bool page_kept)
{
	const struct subject_vcpu_view *now = &run->vcpu[nr].view;

	check_written_page(run, now);
	if (page_kept && !run->broken)
		check_kept_page(run);
	run->page_sequence = run->vm.page_sequence;
	run->page_scale = run->vm.page_scale;
	run->page_offset_100ns = run->vm.page_offset_100ns;
	run->page_pending = run->page_asked = false;
	run->page_snapshot = run->vm.masterclock_updates;
	run->page_tsc_negative = run->slot_gone ||
				 (s64)now->pvclock.tsc_timestamp < 0;
	run->page_tsc_offset = now->tsc_offset;
	run->page_tsc_multiplier = now->tsc_multiplier;
	/* KVM goes by this page, too, for vCPUs that aren't like it */
	for (u32 i = 0; i < run->sim.nr_vcpus; i++)
		if (run->vcpu[i].view.tsc_offset != now->tsc_offset ||
		    run->vcpu[i].view.tsc_multiplier !=
		    now->tsc_multiplier)
			run->timer[i].judged = false;
}

static bool do_event(struct run *run, const struct event *event)
{
	u32 updates = run->vm.masterclock_updates;
	enum event_kind kind = event->kind;
	u32 nr = event->vcpu;
	struct subject_vcpu_view old;
	struct subject_xen_view xen;
	struct sim_read read;
	bool page_kept;
	u8 page_status;
	u32 host;

	subject_refuel();
	run->event = event;
	run->broken = false;
	if (event->vcpu >= run->sim.nr_vcpus)
		return true;		/* it isn't there yet */
	if (is_passive(kind)) {
		remember_who_asks(run, event);
		if (kind == EVENT_INTERLEAVE)
			run->interleave = event;
		return sim_event(&run->sim, event, &read);
	}

	old = run->vcpu[nr].view;
	host = run->sim.host;
	page_kept = is_page_kept(run) && kind != EVENT_WRITE_TSC_PAGE;
	page_status = run->vm.page_status;
	run->began_cycles = run->sim.cycles;
	if (kind == EVENT_SUSPEND)
		return do_suspend(run, event);
	if (kind == EVENT_SAVE_CLOCK || kind == EVENT_MIGRATE)
		remember_saved(run, event);
	if (looks_at_xen(kind))
		run->sim.subject->view_xen(nr, &xen);
	if (!sim_event(&run->sim, event, &read))
		return false;
	if (run->steps)
		run->steps[run->nr + 1].read = read;
	if (run->sim.faulted)
		forget_unwritten(run);

	run->sim.subject->view_vm(&run->vm);
	/* KVM trusts the Hyper-V page all the same: kvm_check_tsc_unstable() */
	if (run->vm.tsc_unstable &&
	    run->sim.machine->clocksource != SUBJECT_CS_HYPERV_PAGE)
		return false;

	if (kind == EVENT_TICK || kind == EVENT_NTP_SLEW ||
	    kind == EVENT_STEP_REALTIME || kind == EVENT_CLOCKSOURCE) {
		check_host_update(run, event);
		return true;
	}
	if (kind == EVENT_SLOT) {
		run->slot_gone = event->value;
		for (u32 i = 0; i < run->sim.nr_vcpus; i++)
			run->vcpu[i].area_unmapped = true;
		return true;
	}
	if (kind == EVENT_MIGRATE) {
		/* the VMM restores neither timers nor runstates, nor is it Xen's yet */
		run->slot_gone = run->page_asked = false;
		run->tsc_write = (struct tsc_write){ 0 };
		forget_timers(run);
		for (u32 i = 0; i < run->sim.nr_vcpus; i++) {
			run->timer[i] = (struct timer){ .state = TIMER_ANY };
			run->lapic_timer[i].used = false;
			run->runstate[i].set = run->vcpu[i].stale =
				run->vcpu[i].two_copies =
				run->vcpu[i].clock_moved =
				run->vcpu[i].area_gone =
				run->vcpu[i].area_refused =
				run->vcpu[i].area_ends =
				run->vcpu[i].area_unmapped = false;
		}
		run->xen_64_bit = false;
		check_migrate(run, host);
		return true;
	}
	if (kind == EVENT_SET_CLOCK || kind == EVENT_SET_CLOCK_REALTIME ||
	    kind == EVENT_RESTORE_CLOCK) {
		/* what a restored clock is, with its realtime, KVM tells */
		run->clock_sane = (kind == EVENT_RESTORE_CLOCK || run->host_moved ?
				   snapshot_clock(run) : event->value) <=
				  SET_CLOCK_MAX_NS;
		run->moved.clock_restored = false;
		run->generation++;
		start_afresh(run);
		/* every vCPU's tuple is stale until it is updated */
		for (u32 i = 0; i < run->sim.machine->nr_vcpus; i++)
			run->vcpu[i].touched = true;
	}
	if (kind == EVENT_HOTPLUG_VCPU)
		run->tsc_write.known = false;
	/* What lies in the page is the guest's until the MSR's exit is done. */
	if (kind == EVENT_WRITE_TSC_PAGE) {
		run->page_pending = true;
		run->page_asked = run->vm.page_status == SUBJECT_PAGE_GUEST_CHANGED;
	}
	run->page_emulated |= run->vm.tsc_emulation || kind == EVENT_REENLIGHTENMENT;
	remember_who_asks(run, event);
	if (kind == EVENT_RESTORE_TSC) {
		if (!run->sim.saved.tsc_of)
			return true;	/* there was nothing to restore */
		/* the timers' MSRs come with it, as they were saved */
		run->tsc_write.known = run->tsc_write.forgotten = run->page_asked = false;
		run->tsc_write.any = true;
		for (u32 i = 0; i < SUBJECT_MAX_VCPUS; i++) {
			run->timer[i].flags = run->timer[i].count = run->timer[i].asked = 0;
			run->timer[i].state = TIMER_ANY;
			run->timer[i].restored = true;
		}
		check_restore_tsc(run);
		return true;
	}
	if (touches_tsc(kind)) {
		run->moved.tsc_is_new = false;
		run->tsc_touched = true;
		forget_all_timers(run);
		remember_tsc(run, nr);
		run->vcpu[nr].woken = false;	/* the ioctl has loaded it */
		check_tsc_write(run, event, &old, &run->vcpu[nr].view, read.valid);
		start_afresh(run);
		return true;
	}

	run->sim.subject->view_vcpu(nr, &run->vcpu[nr].view);
	run->vcpu[nr].stop_unclear |=
		kind == EVENT_XEN_TIMER || kind == EVENT_XEN_TIMER_AT ||
		kind == EVENT_RUNSTATE ||
		kind == EVENT_RESTORE_RUNSTATE || kind == EVENT_XEN_ATTR;
	run->vcpu[nr].stopped |= kind == EVENT_PAUSE_GUEST;
	if (run->vcpu[nr].stopped || run->vcpu[nr].told_stopped ||
	    run->vcpu[nr].view.pvclock.flags & SUBJECT_PVCLOCK_GUEST_STOPPED)
		check_stopped(run, nr, run->vcpu[nr].view.updates != old.updates);
	if (kind == EVENT_NESTED && !run->vcpu[nr].slept)
		check_nested(run, &old, &run->vcpu[nr].view);
	if (event_enters(event) &&
	    (run->vcpu[nr].view.in_l2 || run->vcpu[nr].view.tsc_differs))
		check_registers(run, &old, &read);
	if (run->vm.masterclock_updates != updates)
		check_new_snapshot(run);
	if (run->vcpu[nr].view.updates != old.updates) {
		const struct subject_vcpu_view *now = &run->vcpu[nr].view;

		check_tuple(run, now, &run->vcpu[nr].other_khz);
		if (run->vcpu[nr].two_copies)
			check_copies(run, nr);
		if (!run->snapshot_broken && in_contract(run, nr) &&
		    old.updates && !run->broken)
			check_rebase(run, &old, now);
		if (now->tsc_catchup && !run->vcpu[nr].wrapped &&
		    !run->snapshot_broken && !run->broken) {
			check_catchup(run, nr, &old, now);
			if (!run->broken)
				check_caught_up(run, nr, now);
		}
		run->vcpu[nr].touched = run->snapshot_broken;
		run->vcpu[nr].stale = false;
		check_arrival(run, nr);
	}
	/* it is written even where the guest's own copy can't be reached; not just asked for */
	if ((run->vcpu[nr].view.updates != old.updates || run->slot_gone) &&
	    run->vm.page_sequence != run->page_sequence &&
	    run->vm.page_status >= SUBJECT_PAGE_SET)
		remember_page(run, nr, page_kept);
	else if (run->vm.page_enabled && run->vcpu[nr].view.updates != old.updates)
		check_page_status(run, page_status, page_kept);
	if (kind == EVENT_XEN_TIMER || kind == EVENT_XEN_TIMER_AT) {
		run_show(run, "xen-timer", "ns", &read, false, 0);
		check_hypercall(run, &read);
		if (kind == EVENT_XEN_TIMER)
			remember_unstable(run, &read, read.value - event->value);
		check_xen_arm(run, read.value, &xen,
			      run->vcpu[nr].view.updates != old.updates, true);
	}
	if (event_enters(event)) {
		if (run->vcpu[nr].woken && !run->broken)
			check_woken(run, nr);
		run->vcpu[nr].woken = run->vcpu[nr].slept = false;
		run->vcpu[nr].lost_cycles = 0;
		check_tuple_cpu(run, nr, &old);
		run->vcpu[nr].entered = true;
		run->vcpu[nr].cpu = run->sim.hw.cpu;
		run->vcpu[nr].entered_raw = run->sim.hw.raw_tsc - ahead_of_boot_cpu(run);
		/* an update that it was due for is lost */
		if (run->slot_gone)
			run->vcpu[nr].stale = true;
		if (run->vcpu[nr].clock_moved)
			check_moved_clock(run, nr);
		if (run->timer[nr].used || sets_stimer(kind))
			check_stimer(run, nr, &read);
		if (run->xen_timer[nr].judged || run->xen_timer[nr].quiet)
			check_xen_timer(run, nr);
		if (run->lapic_timer[nr].used || sets_lapic(kind))
			check_lapic(run, nr, old.in_l2 || run->vcpu[nr].view.tsc_differs,
				    &read);
		if (run->tsc_write.known)
			check_alike(run);
		/* it has entered: nothing is left that it was asked for */
		run->asked[nr] = ASKED_BY_EVENT;
		run->tsc_written &= ~(1u << nr);
	}
	if (run->vm.masterclock_updates != updates || run->broken)
		run->monotonic_guest.set = run->monotonic_host.set = false;
	if (run->broken)
		start_afresh(run);

	switch (kind) {
	case EVENT_RESTORE_CLOCK:
		check_restore_clock(run);
		break;
	case EVENT_SET_CLOCK:
	case EVENT_SET_CLOCK_REALTIME:
		check_set_clock(run, &read);
		break;
	case EVENT_GET_CLOCK:
		check_get_clock(run, &read);
		break;
	case EVENT_READ_PVCLOCK:
		check_pvclock(run, &read);
		break;
	case EVENT_READ_TSC_PAGE:
		check_page(run, &read);
		check_page_said(run, &read);
		break;
	case EVENT_READ_REFERENCE:
		check_reference(run, &read);
		break;
	case EVENT_READ_WALL_CLOCK:
		check_wall_clock(run, &read);
		break;
	case EVENT_WRITE_WALL_CLOCK:
		check_written_wall_clock(run);
		break;
	case EVENT_READ_HV_CLOCK:
		check_hv_clock(run, &read);
		break;
	case EVENT_READ_SCHED_CLOCK:
		check_sched_clock(run, &read);
		break;
	case EVENT_READ_TSC_KHZ:
		check_guest_khz(run, &read);
		break;
	case EVENT_HIBERNATE:
		check_hibernate(run, &read);
		break;
	case EVENT_XEN_SHARED_INFO:
		check_shared_info(run, &read, &xen);
		break;
	case EVENT_RUNSTATE:
		check_runstate(run, &xen, event->value);
		break;
	case EVENT_RESTORE_RUNSTATE:
		check_restore_runstate(run, &read, &xen, event->value);
		break;
	case EVENT_XEN_ATTR:
		check_xen_attr(run, &read, &xen);
		break;
	case EVENT_READ_TMCCT:
		check_tmcct(run, &read);
		break;
	default:
		break;
	}
	return true;
}

static void record_step(struct run *run, struct step *step)
{
	const struct machine *machine = run->sim.machine;

	step->host = run->sim.host;
	step->machine = machine;
	step->subject = run->sim.subject;
	step->saved = run->sim.saved;
	step->true_cycles = run->sim.cycles;
	step->cpu = run->sim.hw.cpu;
	step->raw_tsc = sim_raw_tsc(&run->sim, run->sim.hw.cpu);
	step->vm = run->vm;
	for (u32 i = 0; i < machine->nr_vcpus; i++) {
		run->sim.subject->view_vcpu(i, &step->vcpu[i]);
		step->unpromised[i] = unpromised(run, i);
	}
	memcpy(step->vcpu_cpu, run->sim.vcpu_cpu, sizeof(step->vcpu_cpu));
	run->sim.subject->view_timekeeper(&step->timekeeper);
	step->hv_scale = run->sim.hw.hv_scale;
	step->hv_offset_100ns = run->sim.hw.hv_offset_100ns;
	if (run->event && run->event->vcpu < run->sim.nr_vcpus) {
		run->sim.subject->view_nested(run->event->vcpu, &step->nested);
		run->sim.subject->view_xen(run->event->vcpu, &step->xen);
	}
}

/* Almost never; and when somebody wants to know what is asked. */
static bool may_be_odd(const struct run *run)
{
	u32 version = run->vcpu[run->event->vcpu].view.pvclock.version;

	return ((version | run->vm.seqcount_odd | run->vm.wall_clock_version) & 1) ||
	       run->unended || law_watch ||
	       (run->vm.page_status == SUBJECT_PAGE_SET &&
		run->vm.page_sequence + 1 <= 1);
}

/* The machine is cleared when it boots. */
static void forget_cold(struct run *run)
{
	run->moved.clock_restored = run->moved.tsc_is_new = false;
	for (u32 i = 0; i < SUBJECT_MAX_VCPUS; i++)
		run->xen_timer[i].judged = run->xen_timer[i].quiet =
			run->lapic_timer[i].judged = run->lapic_timer[i].used =
			run->runstate[i].set = false;
}

static void run_events(void *arg)
{
	struct run *run = arg;
	const struct scenario *s = run->scenario;

	sim_boot(&run->sim, &s->machine, run->subject, scenario_boot_vcpus(s));
	run->seen_vcpus = run->sim.nr_vcpus;
	run->rebase = UPDATE DRIFT;
	look(run);
	enter_host(run);
	if (run->steps)
		record_step(run, &run->steps[0]);
	for (run->nr = 0; run->nr < s->nr_events; run->nr++) {
		if (!do_event(run, &s->events[run->nr]))
			break;
		if (may_be_odd(run))
			check_even(run);
		if (run->interleave)
			check_sequence(run);
		if (run->steps)
			record_step(run, &run->steps[run->nr + 1]);
	}
}

const char *run_function_at(const struct subject *subject, const char *file,
			    int line)
{
	static struct { const struct subject *subject; const char *file; int line; } last;
	static const struct subject_function *best;
	const struct subject_function *f;

	if (!file)
		return NULL;
	/* A loop that doesn't end is met again and again. */
	if (subject == last.subject && file == last.file && line == last.line)
		return best ? best->name : NULL;
	last.subject = subject;
	last.file = file;
	last.line = line;
	best = NULL;
	for (f = subject->functions; f->name; f++) {
		/* __FILE__ may hold the tree's path in front. */
		size_t whole = strlen(file), part = strlen(f->file);

		if (whole < part || strcmp(file + whole - part, f->file))
			continue;
		if (f->line <= line && (!best || f->line > best->line))
			best = f;
	}
	return best ? best->name : NULL;
}

const struct event *const *run_event;

void run_scenario(const struct scenario *s, const struct subject *subject,
		  struct step *steps)
{
	struct subject_trap trap;
	const char *function;
	struct run run;

	memset(&run, 0, offsetof(struct run, sim));
	forget_cold(&run);
	run.scenario = s;
	run.subject = subject;
	run.steps = steps;
	run.clock_sane = true;
	run_event = &run.event;

	subject_guard(run_events, &run, &trap);
	run_event = NULL;
	if (trap.kind == SUBJECT_TRAP_NONE)
		return;
	if (steps && run.nr < s->nr_events)
		steps[run.nr + 1].trap = trap;
	/* the kernel of the host that the VM is on, if it came to that */
	function = run_function_at(run.event ? run.sim.subject : subject, trap.file,
				   trap.line);
	if (!run.event)
		run.event = &s->events[0];
	run.broken = false;
	run_fail(&run, &(struct verdict){
		.law = LAW_TOTAL, .clock = trap.kind == SUBJECT_TRAP_LOOP ?
					   "endless-loop" : "division-by-zero",
		.function = function ?: "-",
		.why = trap.kind == SUBJECT_TRAP_LOOP ? "a loop doesn't end" :
							"divide error",
		.unit = "",
		/* wherever the scenario was, it is that function's; SIGFPE names none */
		.event = function ?: event_info[run.event->kind].name,
	});
}
