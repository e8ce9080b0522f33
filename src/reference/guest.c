// SPDX-License-Identifier: GPL-2.0-only
/*
 * What guest code does with the clocks in its memory.
 */
#include "reference.h"

/* A clock that isn't stable may be ahead on one vCPU: time goes on from there. */
u64 ref_guest_read_pvclock(u32 nr, u64 tsc, u8 *flags)
{
	struct abi_pvclock *pv = PVCLOCK(nr);
	u64 ns = ref_pvclock_read(pv->system_time, pv->tsc_timestamp,
				  pv->tsc_to_system_mul, pv->tsc_shift, tsc);

	pv->flags &= ~SUBJECT_PVCLOCK_GUEST_STOPPED;
	*flags = pv->flags;
	if (pv->flags & SUBJECT_PVCLOCK_TSC_STABLE)
		return ns;
	if (ns > guest.last_value)
		guest.last_value = ns;
	return planted(PLANT_NO_LAST_VALUE, guest.last_value, ns);
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

	if (!ref_guest_read_tsc_page(tsc, &time))
		return ~0ull;
	return planted(PLANT_VDSO_SIGN, time, (s64)tsc < 0 ? ~0ull : time);
}

u64 ref_guest_read_sched_clock(u64 tsc)
{
	u64 offset = planted(PLANT_SCHED_OFFSET, guest.sched_offset_100ns,
			     TSC_PAGE->sequence ? guest.sched_offset_100ns : 0);
	u64 ns = (ref_guest_read_hv_clock(tsc) - offset) * 100;

	return planted(PLANT_SCHED_208_DAYS, ns, ns & ((1ull << 54) - 1));
}

/* kHz of the pair's cycle */
u32 ref_guest_tsc_khz(u32 nr)
{
	const struct abi_pvclock *pv = PVCLOCK(nr);
	u128 cycle = (u128)1000000 << 32;

	if (!pv->tsc_to_system_mul)
		return 0;
	if (pv->tsc_shift < 0)
		cycle <<= -pv->tsc_shift & 63;
	else
		cycle >>= pv->tsc_shift & 63;
	return cycle / pv->tsc_to_system_mul;
}

/* It goes on where it was, whatever the counter is by then. */
void ref_guest_hibernate(u64 tsc, bool resume)
{
	u64 now = ref_guest_read_hv_clock(tsc);

	if (!resume) {
		guest.suspended_100ns = now - guest.sched_offset_100ns;
		guest.suspended = true;
	} else if (guest.suspended) {
		u64 offset = now - guest.suspended_100ns;

		offset = planted(PLANT_SCHED_RESTORE, offset, guest.sched_offset_100ns);
		offset = planted(PLANT_SCHED_SUSPEND, offset, TSC_PAGE->sequence ?
				 guest.sched_offset_100ns : offset);
		guest.sched_offset_100ns = offset;
		guest.suspended = false;
	}
}
