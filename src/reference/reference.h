/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subject "reference": the clocks of a virtual machine as their interfaces promise
 * them, written from the pvclock ABI, Hyper-V's TLFS and KVM's API documentation.
 * It breaks no law; what each file does about the ways to break one stands at its
 * top.  Read them in this order:
 *
 *	arith.c		conversions, exact in 128 bits
 *	host.c		the host's timekeeper
 *	kvmclock.c	the VM's clock, its snapshots, what the guest and the VMM see
 *	tsc.c		the guest's TSC: offset, frequency, a nested guest's
 *	hyperv.c	TSC page, reference counter, synthetic timers
 *	timers.c	Xen's timer and runstates, the local APIC's timer
 *	guest.c		what guest code does with all that
 *	reference.c	hosts, vCPUs, entries; the table
 *	plant.h		bugs that can be switched on
 */
#ifndef CF_REFERENCE_H
#define CF_REFERENCE_H

#include "../subject.h"
#include "plant.h"

/* ns = cycles * 2^shift * mul / 2^32, mul in [2^31, 2^32) */
struct pair {
	u32 mul;
	s8 shift;
};

struct ref_time {
	u32 mult;			/* ns = cycles * mult >> 24 */
	u64 base_ns;			/* at the last update: whole seconds */
	u64 fraction;			/* ns << 24, below a second */
};

struct ref_host {
	struct subject_config config;
	u8 clocksource;
	struct ref_time raw, monotonic;
	s64 realtime_ns;		/* ahead of monotonic */
	s32 slew_ppb;
	u64 asleep_ns;			/* since then, by another counter */
	u64 multiplier[SUBJECT_MAX_CPUS]; /* each CPU's register */
	u64 cycle_last;			/* of the last update */
};

/*
 * The VM's clock is one function of the host's TSC: at raw TSC @tsc it was @ns, in
 * 2^-64 ns, and it goes on at the guest's rate, which is exactly @pair of the raw TSC
 * times @ratio.
 */
struct ref_clock {
	u64 tsc;
	u128 ns;
	u64 ratio;
	struct pair pair;
	s64 host_ns;			/* of the timekeeper at @tsc */
};

struct ref_stimer {
	bool used, enabled, pending;
	bool no_synic, refused;
	u32 flags;			/* SUBJECT_STIMER_* */
	u64 count, expires;		/* 100 ns */
	u32 deliveries;
	bool direct;			/* the last was an interrupt alone */
	struct subject_message message;
	bool slot_busy;
};

struct ref_xen {
	bool used;
	u64 expires_ns;			/* on the guest's clock */
	u32 deliveries;
	u64 delivered_ns;
	u64 run_delay_ns;
	bool area_gone;			/* no copy of it is in the guest's memory */
	struct subject_runstate_view runstate;
};

struct ref_lapic {
	bool used, deadline_mode, periodic, armed;
	u64 tsc_deadline;
	u32 count, shift;		/* divisor 1 << shift */
	s64 period_ns, target_ns;
	u32 deliveries;
	u64 delivered_tsc;
};

struct ref_vcpu {
	u64 ratio, offset;
	struct pair pair;		/* of ratio */
	u32 khz;			/* that was asked for */
	bool catchup;			/* faster than the host can make it */
	u64 write_tsc;			/* it was that at... */
	s64 write_ns;			/* ...that time of the host */
	bool due;			/* the guest's tuple isn't what it should be */
	bool masterclock;		/* a snapshot was asked for */
	bool paused;			/* and the guest is to be told */
	u32 generation;			/* of the snapshot in the tuple */
	u32 updates;
	u64 asleep_tsc;			/* it was that when the host went to sleep */

	bool in_l2;
	struct subject_tsc l2;		/* what L1 asks for */
	struct subject_tsc hardware;
	u64 written;			/* what it wrote to a CPU's register last */
	u64 left_multiplier;		/* L2's, when that left */

	struct ref_stimer stimer;
	struct ref_xen xen;
	struct ref_lapic lapic;
};

/* A vCPU's TSC that the VMM wrote. */
struct ref_write {
	bool known;
	u64 tsc, offset, ratio;
	u32 khz;
	s64 ns;				/* of the host */
};

struct ref_vm {
	u32 nr_vcpus;
	struct ref_clock clock;
	bool stable;			/* one rate for all, by the TSC */
	bool rates_changed;
	bool woken;			/* the host was asleep */
	u32 yanks;			/* YANK_* */
	u32 generation;
	bool slot_gone;
	bool xen_64_bit;
	u32 shared_info_version[2];	/* for 64 bits and for 32 */

	u64 reference_tsc;		/* the MSR */
	enum subject_page page;
	bool page_due;
	u32 page_sequence;
	bool reenlightenment, tsc_emulation;
	struct ref_write written;	/* by the VMM, last */
	struct ref_vcpu vcpu[SUBJECT_MAX_VCPUS];
};

/* The guest kernel's; it moves with the VM. */
struct ref_guest {
	u64 last_value;			/* of clocks that aren't stable */
	u64 sched_offset_100ns, suspended_100ns;
	bool suspended;
};

/* The pvclock ABI: struct pvclock_vcpu_time_info, struct pvclock_wall_clock. */
struct abi_pvclock {
	u32 version, pad0;
	u64 tsc_timestamp, system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags, pad[2];
};

struct abi_wall_clock {
	u32 version, sec, nsec;
};

/* TLFS 12.7.2, HV_REFERENCE_TSC_PAGE */
struct abi_tsc_page {
	u32 sequence, reserved;
	u64 scale;
	s64 offset;
};

extern struct subject_hw *hw;
extern struct ref_host *host;
extern struct ref_vm vm;
extern struct ref_guest guest;

#define PVCLOCK(nr) ((struct abi_pvclock *)hw->memory.pvclock[nr])
#define WALL_CLOCK ((struct abi_wall_clock *)hw->memory.wall_clock)
#define TSC_PAGE ((struct abi_tsc_page *)hw->memory.tsc_page)

/* ---- arith.c --------------------------------------------------------------- */

/* The pair of num / den ns a cycle; 0 < num < 2^96, 0 < den < 2^96. */
struct pair ref_pair(u128 num, u128 den);
/* As the pvclock ABI has it: both steps are cut. */
u128 ref_scale(u128 cycles, struct pair pair);
/* The same as a 64-bit kernel would without care: the shift loses bits. */
u64 ref_scale_narrow(u64 cycles, struct pair pair);
/* raw * ratio / 2^frac */
static inline u64 ref_ratio(u64 raw, u64 ratio, u8 frac)
{
	return (u128)raw * ratio >> frac;
}

u64 ref_scale_delta(u64 delta, u32 mul, s8 shift);
void ref_time_scale(u64 scaled_hz, u64 base_hz, s8 *shift, u32 *mul);
u64 ref_pvclock_read(u64 system_time, u64 tsc_timestamp, u32 mul, s8 shift, u64 tsc);
bool ref_hv_page_read(u64 tsc, u64 scale, s64 offset, u64 *ticks);
bool ref_hv_page_params(u32 mul, s8 shift, u64 system_time, u64 tsc_timestamp,
			u64 *scale, s64 *offset);
bool ref_tsc_ratio(u32 host_khz, u32 guest_khz, u8 frac, u64 *ratio);
u64 ref_nested_offset(u64 l1, u64 l2, u64 multiplier, u8 frac);
u64 ref_nested_multiplier(u64 l1, u64 l2, u8 frac);
u64 ref_guest_tsc(u32 khz, s64 delta_ns);

/* ---- host.c ---------------------------------------------------------------- */

void ref_host_boot(const struct subject_config *config);
void ref_tick(void);
void ref_ntp_slew(s32 ppb);
void ref_step_realtime(s64 ns);
void ref_set_clocksource(enum subject_clocksource clocksource);
void ref_suspend(void);
void ref_resume(bool boot_cpu);
void ref_register_counter(u32 khz, u64 mask, struct subject_counter *counter);
u64 ref_counter_passed(u32 khz, u64 mask, u64 last, u64 now);
u64 ref_timekeeping_read(const struct subject_counter *counter, u64 cycles);
bool ref_vdso_read(const struct subject_counter *counter, u64 cycles, u64 *ns);
void ref_vdso_update(const struct subject_vdso *at, struct subject_vdso_read *read);
u64 ref_suspend_timing(u32 khz, u64 mask, u64 start, u64 now);
s64 ref_time_add(s64 now_ns, s64 ns);
bool ref_in_interval(u64 start, u64 end, u64 counter);
u64 ref_cycles_to_ns(u64 cycles, u32 khz);
void ref_boot_clocks(const struct subject_boot *at, struct subject_boot_after *after);
void ref_sleep_clocks(const struct subject_sleeps *at, struct subject_sleeps_after *after);
void ref_slew_clocks(const struct subject_slew *at, struct subject_slew_after *after);
void ref_ntp_seconds(const struct subject_ntp *at, struct subject_ntp_after *after);
void ref_sched_clock(const struct subject_sched_clock *at,
		     struct subject_sched_clock_read *read);
s64 ref_host_ns(void);			/* raw: nobody slews it */
/* What @ns of it would be if products had 64 bits, and @plant is on. */
u64 ref_unless_gap(enum plant plant, u64 ns);
u64 ref_realtime_ns(void);
void ref_view_timekeeper(struct subject_timekeeper_view *view);

/* ---- kvmclock.c ------------------------------------------------------------ */

void ref_clock_create(void);
/* A new snapshot, at which the clock is what it was; or not yet. */
void ref_clock_rebase(bool must);
/* What a change of vCPUs' rates does to the one clock. */
void ref_clock_rates(void);
void ref_clock_suspend(void);
void ref_clock_resume(u64 slept_ns);
void ref_clock_publish(u32 vcpu);
u64 ref_clock_ns(void);			/* here and now */
u64 ref_clock_unscaled(void);		/* at the host's rate since the snapshot */

/* Of @plant: vCPU @vcpu asks for a snapshot, and that begins with the host's time. */
#define YANK_HOTPLUG 1
#define YANK_SHARED_INFO 2
#define YANK_WRITE_TSC 4
#define YANK_SET_CLOCK 8
void ref_clock_yank(u32 vcpu, enum plant plant, u32 bit);
int ref_get_clock(struct subject_clock *clock);
int ref_set_clock(const struct subject_clock *clock);
u64 ref_wall_clock_epoch(void);
void ref_write_wall_clock(u32 vcpu);

/* ---- tsc.c ------------------------------------------------------------------- */

void ref_tsc_create(u32 vcpu);
u64 ref_tsc(const struct ref_vcpu *vcpu, u64 raw);
void ref_tsc_suspend(void);
void ref_tsc_resume(void);
void ref_tsc_catch_up(struct ref_vcpu *vcpu);
void ref_tsc_enter(struct ref_vcpu *vcpu);
void ref_write_tsc(u32 vcpu, u64 tsc, bool by_host);
int ref_set_tsc_offset(u32 vcpu, u64 offset);
int ref_get_tsc_offset(u32 vcpu, u64 *offset);
int ref_set_tsc_khz(u32 vcpu, u32 khz);
void ref_set_l2_tsc_offset(u32 vcpu, u64 offset);
void ref_set_l2_tsc_multiplier(u32 vcpu, u64 multiplier);
void ref_view_nested(u32 vcpu, struct subject_nested_view *view);

/* ---- hyperv.c ---------------------------------------------------------------- */

/* The page isn't that of the TSCs or the clock any more. */
void ref_page_stale(void);
void ref_page_publish(void);
bool ref_page_enabled(void);
void ref_write_tsc_page(u32 vcpu, enum subject_page_write how);
void ref_set_reenlightenment(u32 vcpu, bool on);
u64 ref_reference_counter(void);
void ref_get_hv_msrs(struct subject_hv_msrs *msrs);
void ref_set_hv_msrs(const struct subject_hv_msrs *msrs);
void ref_stimer_run(struct ref_vcpu *vcpu);
void ref_write_stimer_config(u32 vcpu, u32 flags);
void ref_write_stimer_count(u32 vcpu, u64 count);
void ref_set_message_slot(u32 vcpu, bool busy);
void ref_view_stimer(u32 vcpu, struct subject_stimer_view *view);

/* ---- timers.c ---------------------------------------------------------------- */

void ref_timers_run(u32 vcpu);
void ref_xen_vcpu(u32 vcpu);
bool ref_xen_shared_info(bool compat, u64 *ns);
int ref_xen_set_timer(u32 vcpu, u64 timeout_ns);
void ref_xen_set_runstate(u32 vcpu, enum subject_runstate state, u64 run_delay_ns);
int ref_xen_restore_runstate(u32 vcpu, u64 away_ns, u64 run_delay_ns);
int ref_xen_attr(u32 vcpu, enum subject_xen_attr what, u64 run_delay_ns);
void ref_view_xen(u32 vcpu, struct subject_xen_view *view);
void ref_write_tsc_deadline(u32 vcpu, u64 tsc);
void ref_write_lapic_timer(u32 vcpu, enum subject_lapic_mode mode, u32 divide, u32 count);
u32 ref_read_tmcct(u32 vcpu);
void ref_view_lapic(u32 vcpu, struct subject_lapic_view *view);

/* ---- reference.c ------------------------------------------------------------- */

struct subject_pvclock ref_view_pvclock(u32 vcpu);

/* ---- guest.c ----------------------------------------------------------------- */

u64 ref_guest_read_pvclock(u32 vcpu, u64 tsc, u8 *flags);
bool ref_guest_read_tsc_page(u64 tsc, u64 *time_100ns);
u64 ref_guest_read_hv_clock(u64 tsc);
u64 ref_guest_vread_hv_clock(u64 tsc);
u64 ref_guest_read_sched_clock(u64 tsc);
u32 ref_guest_tsc_khz(u32 vcpu);
void ref_guest_hibernate(u64 tsc, bool resume);

#endif
