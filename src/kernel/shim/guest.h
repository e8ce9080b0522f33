/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sliced guest side expects.  Its RDTSC is the guest's.
 */
#ifndef CF_SHIM_GUEST_H
#define CF_SHIM_GUEST_H

#include "kernel.h"

extern u64 shim_guest_tsc;
#define rdtsc() shim_guest_tsc
#define rdtsc_ordered() shim_guest_tsc
#define hv_get_raw_timer() shim_guest_tsc

#define touch_softlockup_watchdog_sync() do { } while (0)
#define clocksource_touch_watchdog() do { } while (0)
#define rcu_cpu_stall_reset() do { } while (0)
#define reset_hung_task_detector() do { } while (0)
#define pvclock_touch_watchdogs() do { } while (0)

#endif
