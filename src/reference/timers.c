// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen's timer and runstates, the local APIC's timer.
 *
 * A timer on the guest's clock is kept on the guest's clock: what the host would arm
 * for it is reckoned when it is asked, so that it can't be stale.
 */
#include <string.h>

#include "reference.h"

/* what the guest itself reads, its tuple at its TSC; or will, before it has one */
static s64 own_clock_ns(u32 nr)
{
	const struct abi_pvclock *pv = PVCLOCK(nr);

	if (!vm.vcpu[nr].updates)
		return ref_clock_ns();
	return ref_pvclock_read(pv->system_time, pv->tsc_timestamp,
				pv->tsc_to_system_mul, pv->tsc_shift,
				ref_tsc(&vm.vcpu[nr], hw->raw_tsc));
}

/* ---- Xen ----------------------------------------------------------------------- */

void ref_xen_vcpu(u32 nr)
{
	if (!vm.slot_gone)
		vm.vcpu[nr].xen.used = true;
}

bool ref_xen_shared_info(bool compat, u64 *ns)
{
	for (u32 i = 0; i < vm.nr_vcpus && !vm.slot_gone; i++)
		ref_clock_yank(i, PLANT_SHARED_INFO_YANK, YANK_SHARED_INFO);
	vm.xen_64_bit = !compat;
	/* even: it is whole */
	vm.shared_info_version[compat] += vm.slot_gone ? 0 : 2;
	*ns = ref_wall_clock_epoch();
	return !vm.slot_gone;
}

/* What is negative, or 13 days away and more, Xen takes for a guest's mistake. */
int ref_xen_set_timer(u32 nr, u64 timeout_ns)
{
	s64 now = own_clock_ns(nr), left = timeout_ns - now;

	if (timeout_ns && ((s64)timeout_ns < 0 || left >> 50 > 0))
		timeout_ns = (u64)now + 100000000;
	vm.vcpu[nr].xen.expires_ns = timeout_ns;
	return 0;
}

static void run_xen_timer(u32 nr)
{
	struct ref_xen *xen = &vm.vcpu[nr].xen;

	if (!xen->expires_ns || own_clock_ns(nr) < (s64)xen->expires_ns)
		return;
	xen->deliveries++;
	xen->delivered_ns = xen->expires_ns;
	xen->expires_ns = 0;
}

/*
 * What passed since the state was entered is that state's; of a vCPU that ran, what
 * its thread waited for a CPU was runnable.  So the parts always sum to the entry.
 */
void ref_xen_set_runstate(u32 nr, enum subject_runstate state, u64 run_delay_ns)
{
	struct ref_xen *xen = &vm.vcpu[nr].xen;
	struct subject_runstate_view *run = &xen->runstate;
	u64 now = ref_clock_ns(), passed = now - run->entry_ns;
	u64 waited = run_delay_ns - xen->run_delay_ns;

	if (!xen->used)
		return;
	/* nobody has seen it yet */
	if (!run->entry_ns)
		run->state = SUBJECT_RUNSTATE_OFFLINE;
	if (run->state == SUBJECT_RUNSTATE_RUNNING) {
		run->time_ns[SUBJECT_RUNSTATE_RUNNABLE] += waited;
		passed -= waited;
	}
	run->time_ns[run->state] += passed;
	run->state = state;
	run->entry_ns = now;
	xen->run_delay_ns = run_delay_ns;
}

/* No state is entered in the future. */
int ref_xen_restore_runstate(u32 nr, u64 away_ns, u64 run_delay_ns)
{
	struct ref_xen *xen = &vm.vcpu[nr].xen;
	struct subject_runstate_view *run = &xen->runstate;

	if (!xen->used || (u64)ref_clock_ns() < run->entry_ns + away_ns)
		return -1;
	run->entry_ns += away_ns;
	run->time_ns[SUBJECT_RUNSTATE_OFFLINE] += away_ns;
	if (!away_ns)
		xen->run_delay_ns = run_delay_ns;
	return 0;
}

/* More time of each state, or nothing but that. */
static int give_runstate(u32 nr, enum subject_xen_attr what, u64 run_delay_ns)
{
	struct subject_runstate_view *run = &vm.vcpu[nr].xen.runstate, new = { 0 };
	u64 now = ref_clock_ns(), total = SUBJECT_XEN_PARTS_NS;

	if (what != SUBJECT_XEN_GIVEN)
		new = *run;
	if (what == SUBJECT_XEN_ADJUST && (s64)(now - run->entry_ns) > (s64)total)
		total = now - run->entry_ns;
	subject_add_xen_parts(&new, total);
	if (now < new.entry_ns)
		return -1;
	if (what == SUBJECT_XEN_GIVEN)
		new.state = SUBJECT_RUNSTATE_BLOCKED;
	*run = new;
	if (what == SUBJECT_XEN_GIVEN)
		vm.vcpu[nr].xen.run_delay_ns = run_delay_ns;
	if (what == SUBJECT_XEN_ADJUST_STATE)
		ref_xen_set_runstate(nr, SUBJECT_RUNSTATE_OFFLINE, run_delay_ns);
	return 0;
}

/* The memory is one, whatever it is called, if it is there; what is read is what is set. */
int ref_xen_attr(u32 nr, enum subject_xen_attr what, u64 run_delay_ns)
{
	struct ref_xen *xen = &vm.vcpu[nr].xen;

	if (!xen->used || what >= SUBJECT_XEN_WRONG)
		return -1;
	switch (what) {
	case SUBJECT_XEN_ARM:
		xen->expires_ns = ref_clock_ns() + SUBJECT_XEN_ARM_NS;
		return 0;
	case SUBJECT_XEN_DISARM:
		xen->expires_ns = 0;
		return 0;
	case SUBJECT_XEN_CURRENT:
		ref_xen_set_runstate(nr, xen->runstate.state, run_delay_ns);
		return 0;
	case SUBJECT_XEN_ADJUST:
	case SUBJECT_XEN_ADJUST_STATE:
	case SUBJECT_XEN_GIVEN:
		return give_runstate(nr, what, run_delay_ns);
	case SUBJECT_XEN_NO_AREA:
		xen->area_gone = true;
		return 0;
	case SUBJECT_XEN_AREA:
	case SUBJECT_XEN_AREA_FLAGGED:
	case SUBJECT_XEN_EDGE_AREA:
	case SUBJECT_XEN_END_AREA:
		xen->area_gone = vm.slot_gone ||
				 (what == SUBJECT_XEN_END_AREA && vm.xen_64_bit);
		return xen->area_gone ? -1 : 0;
	case SUBJECT_XEN_RELOAD:
		return vm.slot_gone ? -1 : ref_xen_restore_runstate(nr, 0, run_delay_ns);
	case SUBJECT_XEN_READ:
		return vm.slot_gone ? -1 : 0;
	default:
		/* what its clock lies in now has none yet */
		vm.vcpu[nr].due |= !vm.slot_gone;
		return vm.slot_gone ? -1 : 0;
	}
}

void ref_view_xen(u32 nr, struct subject_xen_view *view)
{
	const struct ref_xen *xen = &vm.vcpu[nr].xen;
	u64 clock_ns = own_clock_ns(nr);

	clock_ns = planted(PLANT_XEN_TIMER_UNSCALED, clock_ns, ref_clock_unscaled());
	*view = (struct subject_xen_view){
		.used = xen->used,
		.copy = ref_view_pvclock(nr),
		.armed = xen->expires_ns,
		.monotonic_ns = ref_host_ns(),
		.armed_for_ns = ref_host_ns() + xen->expires_ns - clock_ns,
		.expires_ns = xen->expires_ns,
		.deliveries = xen->deliveries,
		.delivered_ns = xen->delivered_ns,
		.runstate = xen->runstate,
		.area_prompt = true,
	};
	memcpy(view->shared_info_version, vm.shared_info_version,
	       sizeof(vm.shared_info_version));
	if (!xen->area_gone)
		view->guest_runstate = xen->runstate;
}

/* ---- the local APIC -------------------------------------------------------------- */

/* The bus clock is 1 GHz; what is shorter keeps a host busy with nothing else. */
#define MIN_PERIOD_NS 200000
#define KTIME_MAX ((s64)(~0ull >> 1))

static struct ref_lapic *lapic_of(u32 nr)
{
	struct ref_lapic *lapic = &vm.vcpu[nr].lapic;

	if (!lapic->used)
		lapic->shift = 1;
	lapic->used = true;
	return lapic;
}

void ref_write_tsc_deadline(u32 nr, u64 tsc)
{
	struct ref_lapic *lapic = lapic_of(nr);

	/* else there is no such MSR, for the timer */
	if (!lapic->deadline_mode)
		return;
	lapic->tsc_deadline = tsc;
	lapic->armed = tsc;
}

/* Between counts and deadlines nothing is kept; a mode alone starts nothing. */
static void set_lapic_mode(struct ref_lapic *lapic, bool deadline_mode, bool periodic)
{
	if (lapic->deadline_mode != deadline_mode) {
		lapic->tsc_deadline = lapic->period_ns = 0;
		lapic->armed = false;
	}
	lapic->deadline_mode = deadline_mode;
	lapic->periodic = periodic;
	if (periodic && lapic->period_ns && lapic->period_ns < MIN_PERIOD_NS)
		lapic->period_ns = MIN_PERIOD_NS;
}

/* What is left is so many counts as before. */
static void set_lapic_divider(struct ref_lapic *lapic, u32 shift)
{
	s64 now = ref_host_ns();

	if (shift == lapic->shift)
		return;
	if (lapic->armed && !lapic->deadline_mode && lapic->target_ns > now)
		lapic->target_ns = now + (s64)((u128)(lapic->target_ns - now) << shift >>
					       lapic->shift);
	lapic->shift = shift;
	/* of a count that another mode left nothing is to come */
	if (!lapic->period_ns)
		return;
	lapic->period_ns = (u64)lapic->count << shift;
	set_lapic_mode(lapic, false, lapic->periodic);
}

/* A count that was saved goes on; of none what isn't known to have come is to come. */
static void restore_lapic_count(struct ref_lapic *lapic, u32 count)
{
	s64 left = (u64)count << lapic->shift;

	if (!lapic->period_ns)
		return;
	lapic->period_ns = (u64)lapic->count << lapic->shift;
	set_lapic_mode(lapic, false, lapic->periodic);
	if (left > lapic->period_ns || (!count && lapic->periodic))
		left = lapic->period_ns;
	lapic->target_ns = ref_host_ns() + left;
	lapic->armed = true;
}

void ref_write_lapic_timer(u32 nr, enum subject_lapic_mode mode, u32 divide, u32 count)
{
	struct ref_lapic *lapic = lapic_of(nr);
	bool periodic = mode == SUBJECT_LAPIC_PERIODIC;

	switch (mode) {
	case SUBJECT_LAPIC_ONESHOT:
	case SUBJECT_LAPIC_PERIODIC:
		lapic->count = count;
		lapic->shift = (divide + 1) % 8;
		lapic->period_ns = (u64)count << lapic->shift;
		lapic->tsc_deadline = 0;
		lapic->deadline_mode = false;
		set_lapic_mode(lapic, false, periodic);
		lapic->target_ns = ref_host_ns() + lapic->period_ns;
		lapic->armed = count;
		return;
	case SUBJECT_LAPIC_RESTORED:
		/* a count means nothing in TSC deadline mode */
		set_lapic_mode(lapic, true, false);
		lapic->count = count;
		return;
	case SUBJECT_LAPIC_LVT_ONESHOT:
	case SUBJECT_LAPIC_LVT_PERIODIC:
		set_lapic_mode(lapic, false, mode == SUBJECT_LAPIC_LVT_PERIODIC);
		return;
	case SUBJECT_LAPIC_LVT_DEADLINE:
		set_lapic_mode(lapic, true, false);
		return;
	case SUBJECT_LAPIC_DIVIDE:
		set_lapic_divider(lapic, (divide + 1) % 8);
		return;
	case SUBJECT_LAPIC_CURRENT:
		restore_lapic_count(lapic, count);
		return;
	case SUBJECT_LAPIC_RELOADED:
		restore_lapic_count(lapic, ref_read_tmcct(nr));
		return;
	default:
		return;
	}
}

/* A divide error is the bug's to make, and for the guard to see. */
__attribute__((no_sanitize("integer-divide-by-zero")))
static s64 left_ns(const struct ref_lapic *lapic)
{
	s64 left = lapic->target_ns - ref_host_ns(), period_ns = lapic->period_ns;

	if (!lapic->count)
		return 0;
	period_ns = planted(PLANT_TMCCT_DIVIDE, period_ns ? period_ns : 1, period_ns);
	return left > 0 ? left % period_ns : 0 % period_ns;
}

u32 ref_read_tmcct(u32 nr)
{
	return left_ns(&vm.vcpu[nr].lapic) >> vm.vcpu[nr].lapic.shift;
}

static void run_lapic_timer(struct ref_vcpu *vcpu)
{
	struct ref_lapic *lapic = &vcpu->lapic;
	s64 now = ref_host_ns();

	if (!lapic->armed)
		return;
	if (lapic->deadline_mode ? ref_tsc(vcpu, hw->raw_tsc) < lapic->tsc_deadline :
				   now < lapic->target_ns)
		return;
	lapic->deliveries++;
	lapic->delivered_tsc = lapic->tsc_deadline;
	lapic->tsc_deadline = 0;
	if (lapic->periodic)
		lapic->target_ns = now + lapic->period_ns -
				   (now - lapic->target_ns) % lapic->period_ns;
	else
		lapic->armed = lapic->target_ns = 0;	/* on a CPU that is behind, too */
}

void ref_view_lapic(u32 nr, struct subject_lapic_view *view)
{
	const struct ref_vcpu *vcpu = &vm.vcpu[nr];
	const struct ref_lapic *lapic = &vcpu->lapic;
	s64 now = ref_host_ns(), target = lapic->target_ns;
	s64 left = lapic->tsc_deadline - ref_tsc(vcpu, hw->raw_tsc);

	/* 292 years are the most that a host's timer can wait */
	if (lapic->deadline_mode) {
		s128 ns = (s128)left * 1000000 / (u32)planted(PLANT_HOST_CYCLES,
				vcpu->khz, host->config.tsc_khz) + now;

		target = ns > KTIME_MAX ? KTIME_MAX : (s64)ns;
	}
	left = ((s128)target - now) * vcpu->khz / 1000000;
	*view = (struct subject_lapic_view){
		.used = lapic->used,
		.deadline_mode = lapic->deadline_mode,
		.periodic = lapic->periodic,
		.armed = lapic->armed,
		.monotonic_ns = now,
		.armed_for_ns = target,
		.target_ns = target,
		.tsc_deadline = lapic->tsc_deadline,
		.hw_deadline = lapic->deadline_mode ? lapic->tsc_deadline :
			       lapic->armed ? ref_tsc(vcpu, hw->raw_tsc) + left : 0,
		.period_ns = lapic->period_ns,
		.divide = 1u << lapic->shift,
		.count = lapic->count,
		.deliveries = lapic->deliveries,
		.delivered_tsc = lapic->delivered_tsc,
	};
}

void ref_timers_run(u32 nr)
{
	struct ref_vcpu *vcpu = &vm.vcpu[nr];

	ref_stimer_run(vcpu);
	run_xen_timer(nr);
	run_lapic_timer(vcpu);
}
