// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest side of subject "linux".  A translation unit of its own, for the
 * guest's RDTSC is another function than the host's.
 */
#include "shim/guest.h"
#include "guest_trace.h"
#include "shim/fuel.h"

/* Not a host's: it moves with the VM. */
#pragma clang section bss = "cf_guest" data = "cf_guest_init"

u64 shim_guest_tsc;

#include "guest.inc"

#include "adapter.h"
#include "shim/versions.h"

#define guest_pvclock ((struct pvclock_vcpu_time_info *)shim_hw->memory.pvclock)

/* kvmclock_init() with KVM_FEATURE_CLOCKSOURCE_STABLE_BIT */
void guest_boot(void)
{
	pvclock_set_flags(PVCLOCK_TSC_STABLE_BIT);
}

u64 guest_read_pvclock(u32 vcpu, u64 tsc, u8 *flags)
{
	shim_guest_tsc = tsc;
	*flags = pvclock_read_flags(&guest_pvclock[vcpu]);
	return pvclock_clocksource_read(&guest_pvclock[vcpu]);
}

u32 guest_tsc_khz(u32 vcpu)
{
	return pvclock_tsc_khz(&guest_pvclock[vcpu]);
}

bool guest_read_tsc_page(u64 tsc, u64 *time_100ns)
{
	u64 cur_tsc;

	shim_guest_tsc = tsc;
	return SHIM_HV_READ(tsc_page, &cur_tsc, time_100ns);
}

u64 guest_read_hv_clock(u64 tsc)
{
	shim_guest_tsc = tsc;
	return read_hv_clock_tsc();
}

u64 guest_vread_hv_clock(u64 tsc)
{
	shim_guest_tsc = tsc;
	return __arch_get_hw_counter(VDSO_CLOCKMODE_HVCLOCK, NULL);
}

u64 guest_read_sched_clock(u64 tsc)
{
	shim_guest_tsc = tsc;
	return read_hv_sched_clock_tsc();
}

/* x86_platform.save_sched_clock_state, restore_sched_clock_state */
void guest_hibernate(u64 tsc, bool resume)
{
	shim_guest_tsc = tsc;
	if (resume)
		restore_hv_clock_tsc_state();
	else
		save_hv_clock_tsc_state();
}

/* Flags and last_value are left as they were: whoever reads in between isn't there otherwise. */
bool guest_read(enum subject_reader reader, u32 vcpu, u64 tsc, u64 *value)
{
	u8 flags = guest_pvclock[vcpu].flags;
	atomic64_t last = last_value;
	struct timespec64 now;

	shim_guest_tsc = tsc;
	switch (reader) {
	case SUBJECT_READER_PVCLOCK:
		*value = pvclock_clocksource_read(&guest_pvclock[vcpu]);
		break;
	case SUBJECT_READER_VDSO_PVCLOCK:
		*value = __arch_get_hw_counter(VDSO_CLOCKMODE_PVCLOCK, NULL);
		return *value != U64_MAX;
	case SUBJECT_READER_TSC_PAGE:
		return guest_read_tsc_page(tsc, value);
	default:
		pvclock_read_wallclock((void *)shim_hw->memory.wall_clock,
				       &guest_pvclock[vcpu], &now);
		*value = (u64)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
		break;
	}
	guest_pvclock[vcpu].flags = flags;
	last_value = last;
	return true;
}

u64 guest_pvclock_read(u64 system_time, u64 tsc_timestamp, u32 mul, s8 shift,
		       u64 tsc)
{
	struct pvclock_vcpu_time_info pv = {
		.tsc_timestamp = tsc_timestamp,
		.system_time = system_time,
		.tsc_to_system_mul = mul,
		.tsc_shift = shift,
		.flags = PVCLOCK_TSC_STABLE_BIT,
	};

	return __pvclock_read_cycles(&pv, tsc);
}

bool guest_hv_page_read(u64 tsc, u64 scale, s64 offset, u64 *ticks)
{
	struct ms_hyperv_tsc_page page = {
		.tsc_sequence = 1,
		.tsc_scale = scale,
		.tsc_offset = offset,
	};
	u64 cur_tsc;

	shim_guest_tsc = tsc;
	return SHIM_HV_READ(&page, &cur_tsc, ticks);
}

#include "guest_time.h"
