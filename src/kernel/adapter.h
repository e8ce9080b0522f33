/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the translation units of subject "linux": the functions of struct
 * subject, by side.
 */
#ifndef CF_ADAPTER_H
#define CF_ADAPTER_H

#include "../subject.h"

/* Always the same, or only looks: no news for an engine. */
#define UNSEEN __attribute__((no_sanitize("coverage")))

u64 host_scale_delta(u64 delta, u32 mul, s8 shift);
void host_time_scale(u64 scaled_hz, u64 base_hz, s8 *shift, u32 *mul);
bool host_hv_page_params(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			 u64 *scale, s64 *offset);
u64 host_scale_tsc(u64 tsc, u64 ratio, u8 frac);
bool host_tsc_ratio(u32 host_khz, u32 guest_khz, u8 frac, u64 *ratio);
u64 host_nested_offset(u64 l1, u64 l2, u64 multiplier, u8 frac);
u64 host_nested_multiplier(u64 l1, u64 l2, u8 frac);
u64 host_guest_tsc(u32 khz, s64 delta_ns);
u64 host_scaled_guest_tsc(u32 mul, s8 shift, s64 delta_ns);

UNSEEN void host_boot(const struct subject_config *config);
void host_hotplug_vcpu(void);
UNSEEN void host_create_vm(u32 nr_vcpus);
void host_tick(void);
void host_run_vcpu(u32 vcpu);
void host_request_masterclock(u32 vcpu);
void host_write_tsc(u32 vcpu, u64 tsc, bool host);
int host_set_tsc_offset(u32 vcpu, u64 offset);
int host_get_tsc_offset(u32 vcpu, u64 *offset);
int host_set_tsc_khz(u32 vcpu, u32 khz);
int host_get_clock(struct subject_clock *clock);
int host_set_clock(const struct subject_clock *clock);
u64 host_wall_clock_epoch(void);
void host_write_tsc_page(u32 vcpu, enum subject_page_write how);
void host_set_reenlightenment(u32 vcpu, bool on);
u64 host_reference_counter(void);
void host_get_hv_msrs(struct subject_hv_msrs *msrs);
void host_set_hv_msrs(const struct subject_hv_msrs *msrs);
void host_write_stimer_config(u32 vcpu, u32 flags);
void host_write_stimer_count(u32 vcpu, u64 count);
void host_set_message_slot(u32 vcpu, bool busy);
UNSEEN void host_view_stimer(u32 vcpu, struct subject_stimer_view *view);
UNSEEN void host_view_vm(struct subject_vm_view *view);
UNSEEN void host_view_vcpu(u32 vcpu, struct subject_vcpu_view *view);
UNSEEN void host_view_timekeeper(struct subject_timekeeper_view *view);
void host_write_wall_clock(u32 vcpu);
void *host_guarded_memory(enum subject_reader reader, u32 vcpu, u32 *size);
bool host_read(enum subject_reader reader, u32 vcpu, u64 *value);

void host_set_l2_tsc_offset(u32 vcpu, u64 offset);
void host_set_l2_tsc_multiplier(u32 vcpu, u64 multiplier);
void host_nested(u32 vcpu, enum subject_nested how);
UNSEEN void host_view_nested(u32 vcpu, struct subject_nested_view *view);
void host_xen_vcpu(u32 vcpu);
bool host_xen_shared_info(bool compat, u64 *ns);
int host_xen_set_timer(u32 vcpu, u64 timeout_ns);
void host_xen_set_runstate(u32 vcpu, enum subject_runstate state, u64 run_delay_ns);
int host_xen_restore_runstate(u32 vcpu, u64 away_ns, u64 run_delay_ns);
int host_xen_attr(u32 vcpu, enum subject_xen_attr what, u64 run_delay_ns);
void host_set_slot_gone(bool gone);
UNSEEN void host_view_xen(u32 vcpu, struct subject_xen_view *view);
void host_write_tsc_deadline(u32 vcpu, u64 tsc);
void host_write_lapic_timer(u32 vcpu, enum subject_lapic_mode mode, u32 divide, u32 count);
u32 host_read_tmcct(u32 vcpu);
UNSEEN void host_view_lapic(u32 vcpu, struct subject_lapic_view *view);
void host_pause_guest(u32 vcpu);
u32 guest_tsc_khz(u32 vcpu);
void host_suspend(void);
void host_resume(bool boot_cpu);
void host_ntp_slew(s32 ppb);
void host_step_realtime(s64 ns);
void host_set_clocksource(enum subject_clocksource clocksource);
void host_register_counter(u32 khz, u64 mask, struct subject_counter *counter);
u64 host_counter_passed(u32 khz, u64 mask, u64 last, u64 now);
u64 host_timekeeping_read(const struct subject_counter *counter, u64 cycles);
u64 host_suspend_timing(u32 khz, u64 mask, u64 start, u64 now);
void host_boot_clocks(const struct subject_boot *at, struct subject_boot_after *after);
void host_sleep_clocks(const struct subject_sleeps *at, struct subject_sleeps_after *after);
void host_slew_clocks(const struct subject_slew *at, struct subject_slew_after *after);
void host_ntp_seconds(const struct subject_ntp *at, struct subject_ntp_after *after);
s64 host_time_add(s64 now_ns, s64 ns);
bool host_in_interval(u64 start, u64 end, u64 counter);
bool guest_vdso_read(const struct subject_counter *counter, u64 cycles, u64 *ns);
void guest_vdso_update(const struct subject_vdso *at, struct subject_vdso_read *read);
void guest_sched_clock(const struct subject_sched_clock *at,
		       struct subject_sched_clock_read *read);

UNSEEN void guest_boot(void);
u64 guest_read_pvclock(u32 vcpu, u64 tsc, u8 *flags);
bool guest_read_tsc_page(u64 tsc, u64 *time_100ns);
u64 guest_read_hv_clock(u64 tsc);
u64 guest_vread_hv_clock(u64 tsc);
u64 guest_read_sched_clock(u64 tsc);
void guest_hibernate(u64 tsc, bool resume);
u64 guest_pvclock_read(u64 system_time, u64 tsc_timestamp, u32 mul, s8 shift,
		       u64 tsc);
bool guest_hv_page_read(u64 tsc, u64 scale, s64 offset, u64 *ticks);
bool guest_read(enum subject_reader reader, u32 vcpu, u64 tsc, u64 *value);

#endif
