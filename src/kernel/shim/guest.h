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

/* one CPU, the one that reads */
#define DEFINE_PER_CPU_ALIGNED(type, name) type name
#define this_cpu_read(var) (var)
#define this_cpu_write(var, value) ((var) = (value))
#define per_cpu(var, cpu) (var)
#define per_cpu_ptr(ptr, cpu) (ptr)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < 1; (cpu)++)

/* its TSC is what its sched clock goes by */
#define static_branch_likely(key) true
#define sched_clock_stable() true
#define sched_clock() native_sched_clock()
#define sched_clock_idle_sleep_event() do { } while (0)
#define sched_clock_idle_wakeup_event() do { } while (0)
void set_normalized_timespec64(struct timespec64 *ts, time64_t sec, s64 nsec);
void clocks_calc_mult_shift(u32 *mult, u32 *shift, u32 from, u32 to, u32 maxsec);
#define CLOCK_MONOTONIC 1
#define HZ 1000
#define jiffies_64 0
#define INITIAL_JIFFIES 0

/* the vDSO's clock is vCPU0's */
#define pvclock_page \
	(*(struct { struct pvclock_vcpu_time_info pvti; } *)shim_hw->memory.pvclock)

/* and a process' in a time namespace: a page of its own, then the system's */
#define CONFIG_TIME_NS 1
extern u8 shim_vdso_pages[2][PAGE_SIZE];
#define __timens_vdso_data ((void *)shim_vdso_pages[1])

#define touch_softlockup_watchdog_sync() do { } while (0)
#define clocksource_touch_watchdog() do { } while (0)
#define rcu_cpu_stall_reset() do { } while (0)
#define reset_hung_task_detector() do { } while (0)
#define pvclock_touch_watchdogs() do { } while (0)

#endif
