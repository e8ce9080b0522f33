// SPDX-License-Identifier: GPL-2.0-only
/*
 * What guest code does with the clocks in its memory.
 */
#include "reference.h"

/* A clock that isn't stable may be ahead on one vCPU: time goes on from there. */
u64 ref_guest_read_pvclock(u32 nr, u64 tsc, u8 *flags)
{
	const struct abi_pvclock *pv = PVCLOCK(nr);
	u64 ns = ref_pvclock_read(pv->system_time, pv->tsc_timestamp,
				  pv->tsc_to_system_mul, pv->tsc_shift, tsc);

	*flags = pv->flags;
	if (pv->flags & SUBJECT_PVCLOCK_TSC_STABLE)
		return ns;
	if (ns < guest.last_value)
		return guest.last_value;
	guest.last_value = ns;
	return ns;
}

bool ref_guest_read_tsc_page(u64 tsc, u64 *time_100ns)
{
	const struct abi_tsc_page *page = TSC_PAGE;

	return page->sequence &&
	       ref_hv_page_read(tsc, page->scale, page->offset, time_100ns);
}

u64 ref_guest_read_hv_clock(u64 tsc)
{
	u64 time;

	return ref_guest_read_tsc_page(tsc, &time) ? time : hw->reference_counter();
}

/* The vDSO can't read an MSR. */
u64 ref_guest_vread_hv_clock(u64 tsc)
{
	u64 time;

	return ref_guest_read_tsc_page(tsc, &time) ? time : ~0ull;
}

u64 ref_guest_read_sched_clock(u64 tsc)
{
	return (ref_guest_read_hv_clock(tsc) - guest.sched_offset_100ns) * 100;
}

/* It goes on where it was, whatever the counter is by then. */
void ref_guest_hibernate(u64 tsc, bool resume)
{
	u64 now = ref_guest_read_hv_clock(tsc);

	if (!resume) {
		guest.suspended_100ns = now - guest.sched_offset_100ns;
		guest.suspended = true;
	} else if (guest.suspended) {
		guest.sched_offset_100ns = now - guest.suspended_100ns;
		guest.suspended = false;
	}
}
