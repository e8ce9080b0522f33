// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hyper-V's clocks: TSC page, reference counter, synthetic timers.
 *
 * The page is kvmclock / 100 in another form: same snapshot, same pair.  There is
 * one for all vCPUs, so that it says "invalid" where their TSCs differ.  While it is
 * valid the counter is read from it, else from kvmclock; whenever that changes, a
 * new snapshot is where the two meet.
 */
#include "reference.h"

#define ENABLED 1ull
#define GFN_SHIFT 12
#define PAGE_GFN 1ull
#define NO_MEMORY_GFN 2ull

/* HV_X64_MSR_STIMERx_CONFIG, TLFS 12.3 */
#define CONFIG_ENABLE (1ull << 0)
#define CONFIG_PERIODIC (1ull << 1)
#define CONFIG_AUTO_ENABLE (1ull << 3)
#define CONFIG_DIRECT (1ull << 12)
#define TIMER_EXPIRED 0x80000010	/* a message's type, TLFS 12.4 */

/* ---- the page ---------------------------------------------------------------- */

bool ref_page_enabled(void)
{
	return vm.reference_tsc == (PAGE_GFN << GFN_SHIFT | ENABLED);
}

void ref_page_stale(void)
{
	vm.page_due = true;
	if (vm.page == SUBJECT_PAGE_SET && !vm.tsc_emulation)
		vm.page = SUBJECT_PAGE_HOST_CHANGED;
}

static bool one_tsc(void)
{
	for (u32 i = 1; i < vm.nr_vcpus; i++)
		if (vm.vcpu[i].offset != vm.vcpu[0].offset)
			return false;
	return vm.stable && !vm.vcpu[0].catchup;
}

/* The sequence goes on from whatever is or was there, past 0 and ~0. */
static u32 next_sequence(void)
{
	u32 sequence = TSC_PAGE->sequence ? TSC_PAGE->sequence : vm.page_sequence;

	vm.page_sequence = sequence + 1 < 0xffffffff && sequence + 1 ? sequence + 1 : 1;
	return vm.page_sequence;
}

/*
 * 0 while it is written.  A guest that has opted for re-enlightenment goes by the page
 * that it has, until it opts out or writes the MSR itself (TLFS 12.8).
 */
void ref_page_publish(void)
{
	struct abi_tsc_page *page = TSC_PAGE;
	u64 ns = vm.clock.ns >> 64, tsc = ref_tsc(&vm.vcpu[0], vm.clock.tsc), scale;
	bool keep = vm.tsc_emulation && page->sequence &&
		    vm.page != SUBJECT_PAGE_GUEST_CHANGED;
	s64 offset;

	keep = planted(PLANT_PAGE_TOUCHED, keep, false);

	vm.page_due = false;
	if (!(vm.reference_tsc & ENABLED))
		return;
	if (keep && ref_page_enabled()) {
		vm.page = SUBJECT_PAGE_SET;
		return;
	}
	vm.page = SUBJECT_PAGE_BROKEN;
	if (page->sequence)
		vm.page_sequence = page->sequence;
	page->sequence = 0;
	if (!ref_page_enabled() || !one_tsc() || (s64)ns < 0 || (s64)tsc < 0 ||
	    !ref_hv_page_params(vm.clock.pair.mul, vm.clock.pair.shift, ns, tsc,
				&scale, &offset))
		return;
	page->scale = scale;
	page->offset = offset;
	page->sequence = next_sequence();
	vm.page = SUBJECT_PAGE_SET;
}

static void set_reference_tsc(u64 value, bool by_host)
{
	vm.reference_tsc = value;
	vm.page = !(value & ENABLED) ? SUBJECT_PAGE_UNSET :
		  by_host ? SUBJECT_PAGE_HOST_CHANGED : SUBJECT_PAGE_GUEST_CHANGED;
	vm.page_due = true;
	/* the overlay is gone */
	if (!(value & ENABLED) && TSC_PAGE->sequence) {
		vm.page_sequence = TSC_PAGE->sequence;
		TSC_PAGE->sequence = 0;
	}
}

void ref_write_tsc_page(u32 vcpu, enum subject_page_write how)
{
	u64 gfn = how == SUBJECT_PAGE_NOWHERE ? NO_MEMORY_GFN : PAGE_GFN;

	ref_clock_rebase(false);
	set_reference_tsc(gfn << GFN_SHIFT | (how != SUBJECT_PAGE_OFF),
			  how == SUBJECT_PAGE_BY_HOST);
}

void ref_set_reenlightenment(u32 vcpu, bool on)
{
	vm.reenlightenment = vm.tsc_emulation = on;
	vm.page_due = true;
}

u64 ref_reference_counter(void)
{
	u64 ticks;

	if (vm.page != SUBJECT_PAGE_SET) {
		u64 ns = ref_clock_ns();

		return planted(PLANT_COUNTER_UNSCALED, ns, ref_clock_unscaled()) / 100;
	}
	ref_hv_page_read(ref_tsc(&vm.vcpu[0], hw->raw_tsc), TSC_PAGE->scale,
			 TSC_PAGE->offset, &ticks);
	return ticks;
}

/* ---- a synthetic timer of each vCPU -------------------------------------------- */

/*
 * It is compared with the counter at each entry, so that host and guest can't
 * disagree on what is due.
 */
static void start(struct ref_stimer *timer)
{
	bool periodic = timer->flags & SUBJECT_STIMER_PERIODIC;

	/* with nowhere to send it to it isn't enabled */
	if (timer->flags & (SUBJECT_STIMER_NO_SINT | SUBJECT_STIMER_NO_PAGE) &&
	    !(timer->flags & SUBJECT_STIMER_DIRECT))
		timer->enabled = false;
	timer->pending = false;
	timer->expires = !timer->enabled ? 0 :
			 periodic ? ref_reference_counter() + timer->count :
				    timer->count;
}

void ref_stimer_run(struct ref_vcpu *vcpu)
{
	struct ref_stimer *timer = &vcpu->stimer;
	bool periodic = timer->flags & SUBJECT_STIMER_PERIODIC;
	bool full = timer->slot_busy && !(timer->flags & SUBJECT_STIMER_DIRECT);
	u64 now;

	if (!timer->enabled)
		return;
	now = ref_reference_counter();
	/* on a CPU behind what is pending waits, too */
	if (now < timer->expires)
		return;
	timer->pending = full && !periodic;
	plant_loop(PLANT_BUSY_SLOT, timer->pending);
	if (timer->pending)
		return;
	if (!full) {
		timer->deliveries++;
		timer->direct = timer->flags & SUBJECT_STIMER_DIRECT;
		timer->message = (struct subject_message){
			.type = TIMER_EXPIRED,
			.payload_size = 24,
			.timer = SUBJECT_STIMER(vcpu - vm.vcpu),
			.expires = timer->expires,
			.delivered = now,
		};
	}
	/* periods that nobody was there for are lost, or that found no slot */
	if (periodic)
		timer->expires = now + timer->count -
				 (now - timer->expires) % timer->count;
	else
		timer->enabled = false;
}

void ref_write_stimer_config(u32 nr, u32 flags)
{
	struct ref_stimer *timer = &vm.vcpu[nr].stimer;

	timer->used = true;
	timer->no_synic = flags & SUBJECT_STIMER_NO_SYNIC;
	timer->refused = timer->no_synic || (flags & SUBJECT_STIMER_DIRECT &&
					     flags & SUBJECT_STIMER_NO_DIRECT &&
					     !(flags & SUBJECT_STIMER_LAX));
	if (timer->refused)
		return;
	timer->flags = flags;
	timer->enabled = flags & SUBJECT_STIMER_ENABLE && timer->count;
	start(timer);
}

void ref_write_stimer_count(u32 nr, u64 count)
{
	struct ref_stimer *timer = &vm.vcpu[nr].stimer;

	timer->used = true;
	timer->refused = timer->no_synic;
	if (timer->refused)
		return;
	timer->count = count;
	if (!count)
		timer->enabled = false;
	else if (timer->flags & SUBJECT_STIMER_AUTO_ENABLE)
		timer->enabled = true;
	start(timer);
}

void ref_set_message_slot(u32 nr, bool busy)
{
	vm.vcpu[nr].stimer.used = true;
	vm.vcpu[nr].stimer.slot_busy = busy;
}

/* What a host would arm a timer of its own for; it counts to 2^63 - 1. */
static s64 armed_for_ns(const struct ref_stimer *timer)
{
	u64 now = ref_reference_counter();
	u64 left = timer->expires > now ? timer->expires - now : 0;
	s128 ns = (s128)left * 100 + ref_host_ns();

	return ns > (s64)(~0ull >> 1) ? (s64)(~0ull >> 1) : (s64)ns;
}

void ref_view_stimer(u32 nr, struct subject_stimer_view *view)
{
	const struct ref_stimer *timer = &vm.vcpu[nr].stimer;

	*view = (struct subject_stimer_view){
		.used = timer->used,
		.enabled = timer->enabled,
		.periodic = timer->flags & SUBJECT_STIMER_PERIODIC,
		.deliveries = timer->deliveries,
		.direct = timer->direct,
		.message = timer->message,
		.slot_awaited = timer->pending,
		.refused = timer->refused,
		.armed = timer->enabled && !timer->pending,
		.armed_for_ns = armed_for_ns(timer),
		.monotonic_ns = ref_host_ns(),
	};
}

/* ---- what a VMM carries ---------------------------------------------------------- */

void ref_get_hv_msrs(struct subject_hv_msrs *msrs)
{
	*msrs = (struct subject_hv_msrs){
		.reference_tsc = vm.reference_tsc,
		.reenlightenment_control = vm.reenlightenment,
		.tsc_emulation_control = vm.tsc_emulation,
	};
	for (u32 i = 0; i < vm.nr_vcpus; i++) {
		const struct ref_stimer *timer = &vm.vcpu[i].stimer;
		u32 flags = timer->flags;

		msrs->stimer[i].count = timer->count;
		msrs->stimer[i].config =
			(timer->enabled ? CONFIG_ENABLE : 0) |
			(flags & SUBJECT_STIMER_PERIODIC ? CONFIG_PERIODIC : 0) |
			(flags & SUBJECT_STIMER_AUTO_ENABLE ? CONFIG_AUTO_ENABLE : 0) |
			(flags & SUBJECT_STIMER_DIRECT ? CONFIG_DIRECT : 0);
	}
}

void ref_set_hv_msrs(const struct subject_hv_msrs *msrs)
{
	if (msrs->reference_tsc)
		set_reference_tsc(msrs->reference_tsc, true);
	vm.reenlightenment = msrs->reenlightenment_control;
	vm.tsc_emulation = msrs->tsc_emulation_control;
	for (u32 i = 0; i < vm.nr_vcpus; i++) {
		struct ref_stimer *timer = &vm.vcpu[i].stimer;
		u64 config = msrs->stimer[i].config;

		if (!config && !msrs->stimer[i].count)
			continue;
		timer->used = true;
		timer->count = msrs->stimer[i].count;
		timer->flags = (config & CONFIG_PERIODIC ? SUBJECT_STIMER_PERIODIC : 0) |
			(config & CONFIG_AUTO_ENABLE ? SUBJECT_STIMER_AUTO_ENABLE : 0) |
			(config & CONFIG_DIRECT ? SUBJECT_STIMER_DIRECT : 0);
		timer->enabled = config & CONFIG_ENABLE && timer->count;
		start(timer);
	}
}
