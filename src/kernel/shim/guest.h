/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sliced guest side expects.  Its RDTSC is the guest's.
 */
#ifndef CF_SHIM_GUEST_H
#define CF_SHIM_GUEST_H

#include "kernel.h"

/* A guest of Hyper-V's kind. */
#define CONFIG_HYPERV 1

/* the compiler leaves it where it is among the others */
#undef READ_ONCE
#define READ_ONCE(x) \
	({ INTERLEAVE_LOADS(); *(const volatile __typeof__(x) *)&(x); })

extern u64 shim_guest_tsc;
#define rdtsc() shim_guest_tsc
#define rdtsc_ordered() shim_guest_tsc
#define hv_get_raw_timer() shim_guest_tsc

/* its TSC page, and the MSR that it falls back to: an exit to the host */
#define tsc_page ((struct ms_hyperv_tsc_page *)shim_hw->memory.tsc_page)
#define hv_get_tsc_page() tsc_page
#define hvclock_page (*tsc_page)
#define hv_get_register(reg) shim_hw->reference_counter()
#define hv_get_msr(msr) shim_hw->reference_counter()
#define hv_raw_get_msr(msr) shim_hw->reference_counter()
#define hv_read_reference_counter() read_hv_clock_tsc()

/* the vDSO's clock is vCPU0's */
#define pvclock_page \
	(*(struct { struct pvclock_vcpu_time_info pvti; } *)shim_hw->memory.pvclock)

#define touch_softlockup_watchdog_sync() do { } while (0)
#define clocksource_touch_watchdog() do { } while (0)
#define rcu_cpu_stall_reset() do { } while (0)
#define reset_hung_task_detector() do { } while (0)
#define pvclock_touch_watchdogs() do { } while (0)

#endif
