/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every subject offers: pure functions, and a VM that can be driven.
 *
 * A subject is one implementation of the clocks.  It knows nothing of
 * scenarios, laws or files.  It sees the hardware through struct subject_hw,
 * which the simulated machine fills before each call; a call takes no
 * simulated time.  There is one VM, which may move between several hosts: each is
 * a subject's, and a subject can be several hosts in turn.
 */
#ifndef CF_SUBJECT_H
#define CF_SUBJECT_H

#include "interleave.h"
#include "types.h"

#define SUBJECT_MAX_CPUS 4
#ifndef SUBJECT_MAX_VCPUS		/* more in bench/speed.sh */
#define SUBJECT_MAX_VCPUS 4
#endif
#define SUBJECT_MAX_HOSTS 3

enum subject_clocksource {
	SUBJECT_CS_TSC,			/* host clocksource "tsc" */
	SUBJECT_CS_HYPERV_PAGE,		/* "hyperv_clocksource_tsc_page": nested */
	SUBJECT_CS_OTHER,		/* e.g. "hpet": no master clock */
	SUBJECT_CS_NR
};

/* KVM's hv_tsc_page_status. */
enum subject_page {
	SUBJECT_PAGE_UNSET,
	SUBJECT_PAGE_GUEST_CHANGED,
	SUBJECT_PAGE_HOST_CHANGED,
	SUBJECT_PAGE_SET,
	SUBJECT_PAGE_BROKEN,
};

/* How HV_X64_MSR_REFERENCE_TSC is written. */
enum subject_page_write {
	SUBJECT_PAGE_OFF,
	SUBJECT_PAGE_BY_GUEST,
	SUBJECT_PAGE_BY_HOST,		/* as a VMM restores it */
	SUBJECT_PAGE_NOWHERE,		/* by the guest, where there is no memory */
	/* by the guest, which enters at once, where the sequence in memory is */
	SUBJECT_PAGE_LAST,		/* 2^32 - 2, after which there is none */
	SUBJECT_PAGE_JUNK,		/* 2^32 - 1, what old readers take for "invalid" */
	SUBJECT_PAGE_WRITE_NR
};

/* The guest's memory, as far as clocks lie in it.  It moves with the VM. */
struct subject_memory {
	u64 tsc_page[8];		/* HV_REFERENCE_TSC_PAGE (TLFS 12.7.2) */
	u64 pvclock[SUBJECT_MAX_VCPUS][4]; /* struct pvclock_vcpu_time_info */
	u64 wall_clock[2];		/* struct pvclock_wall_clock */
};

/* The hardware below the subject at this moment, and what moves with the VM. */
struct subject_hw {
	u64 raw_tsc;			/* RDTSC on the current CPU, cycles */
	u64 other_ns;			/* counter of SUBJECT_CS_OTHER, ns */
	u32 cpu;			/* current physical CPU */
	/* Lost between two reads of one computation, if it makes two; cycles. */
	u64 preempted_cycles;
	/* The host's own Hyper-V reference TSC page (TLFS 12.7). */
	u64 hv_scale;			/* 64.64 fraction, 100 ns per cycle */
	s64 hv_offset_100ns;

	struct subject_memory memory;
	/* HV_X64_MSR_TIME_REF_COUNT of the host that the VM is on; the subject's */
	u64 (*reference_counter)(void);
	u32 masterclock_updates;	/* snapshots taken since boot, any host's */
	/*
	 * 0: the host can reach the guest's memory; 1: it can't; n: it can, another
	 * n - 2 times.
	 */
	u32 memory_fault;
};

struct subject_config {
	u32 tsc_khz;			/* host TSC rate, constant */
	u8 nr_cpus;
	u16 nr_vcpus;
	u8 clocksource;			/* enum subject_clocksource */
	u8 tsc_frac_bits;		/* 48 (VMX), 32 (SVM), 0: no scaling */
	u64 realtime_ns;		/* CLOCK_REALTIME at boot, since 1970 */
	u32 early_tsc_khz;		/* what KVM saw when it was loaded */
};

/* The pvclock ABI's struct pvclock_vcpu_time_info as the guest sees it. */
struct subject_pvclock {
	u32 version;
	u64 tsc_timestamp;		/* guest cycles */
	u64 system_time;		/* ns */
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags;
};

#define SUBJECT_PVCLOCK_TSC_STABLE 1
#define SUBJECT_PVCLOCK_GUEST_STOPPED 2

/* struct kvm_clock_data. */
struct subject_clock {
	u64 clock_ns;
	u64 realtime_ns;
	u64 host_tsc;
	u32 flags;
};

#define SUBJECT_CLOCK_TSC_STABLE 2
#define SUBJECT_CLOCK_REALTIME 4
#define SUBJECT_CLOCK_HOST_TSC 8
#define SUBJECT_CLOCK_FLAGS (SUBJECT_CLOCK_TSC_STABLE | SUBJECT_CLOCK_REALTIME | \
			     SUBJECT_CLOCK_HOST_TSC)

/* State of the VM, for the laws' contracts and for reports. */
struct subject_vm_view {
	bool use_master_clock;
	u64 master_cycle_now;		/* raw TSC at the last snapshot */
	s64 master_kernel_ns;		/* host base ns at that snapshot */
	s64 kvmclock_offset_ns;
	u32 masterclock_updates;	/* snapshots taken since boot */
	bool tsc_unstable;		/* host gave up on its TSC */
	bool page_enabled;		/* HV_X64_MSR_REFERENCE_TSC, in guest memory */
	u8 page_status;			/* enum subject_page: what KVM thinks */
	bool tsc_emulation;		/* HV_X64_MSR_TSC_EMULATION_CONTROL */
	u32 page_sequence;		/* 0: invalid */
	u64 page_scale;			/* 64.64 fraction */
	s64 page_offset_100ns;
	bool seqcount_odd;		/* any of the host's */
	u32 wall_clock_version;		/* in guest memory */
};

struct subject_vcpu_view {
	struct subject_pvclock pvclock;	/* what is in guest memory */
	/* of L1, where that has a guest: */
	u64 tsc_offset;			/* as the hardware adds it */
	u64 tsc_multiplier;		/* as the hardware multiplies it */
	u32 virtual_tsc_khz;
	u32 hw_tsc_khz;
	bool tsc_catchup;
	bool in_l2;			/* a guest of the guest's runs */
	bool tsc_differs;		/* it last entered with others than the above */
	u64 this_tsc_write;		/* guest TSC at its last write... */
	u64 this_tsc_nsec;		/* ...which was at that host ns */
	u32 updates;			/* pvclock updates since the VM was created */
};

/* How a nested guest is entered and left. */
enum subject_nested {
	SUBJECT_NESTED_EXIT,
	SUBJECT_NESTED_ENTER,
	SUBJECT_NESTED_ENTER_FAILS,	/* after the TSC's fields were loaded */
	SUBJECT_NESTED_NR
};

/* An offset and a multiplier: a TSC over the one below it. */
struct subject_tsc {
	u64 offset;
	u64 multiplier;			/* unused without TSC scaling */
};

/* Of a vCPU whose guest, L1, is a hypervisor: L2's TSC. */
struct subject_nested_view {
	struct subject_tsc hardware;	/* RDTSC at the last entry, in L1 or L2 */
	struct subject_tsc msr;		/* RDMSR of IA32_TSC that KVM emulates, ditto */
	struct subject_tsc l1;		/* what L1 asks for: vmcs12, vmcb12, its MSR */
	u64 offset_multiplier;		/* the latter's, when KVM last composed offsets */
};

/*
 * How a guest configures a vCPU's synthetic timer (HV_X64_MSR_STIMERx_CONFIG): the last
 * of four, or the first, so that who takes one for another is seen.
 */
#define SUBJECT_STIMER(vcpu) ((vcpu) & 1 ? 0 : 3)
#define SUBJECT_STIMER_ENABLE 1
#define SUBJECT_STIMER_PERIODIC 2
#define SUBJECT_STIMER_AUTO_ENABLE 4
#define SUBJECT_STIMER_DIRECT 8
#define SUBJECT_STIMER_NO_SINT 16	/* its SINT is 0: no message can be sent */
#define SUBJECT_STIMER_NO_SYNIC 32	/* the VMM didn't give the VM a SynIC */
#define SUBJECT_STIMER_NO_PAGE 64	/* the guest has no page for messages */
#define SUBJECT_STIMER_NO_DIRECT 128	/* the VMM's CPUID doesn't offer SUBJECT_STIMER_DIRECT */
#define SUBJECT_STIMER_LAX 256		/* and it doesn't hold the guest to its CPUID */

/* What the guest finds in its slot when a timer's interrupt comes, TLFS 12.4. */
struct subject_message {
	u32 type;			/* 0x80000010: a timer has expired */
	u8 payload_size;
	u8 flags;			/* 1: another one waits for the slot */
	u64 sender;
	u32 timer;
	u64 expires, delivered;		/* 100 ns */
};

struct subject_stimer_view {
	bool used;			/* it was ever written */
	bool enabled, periodic;
	u32 deliveries;			/* messages and interrupts of this VM */
	bool direct;			/* the last was an interrupt alone, else: */
	struct subject_message message;
	bool slot_awaited;		/* what the guest left in its slot says so */
	bool refused;			/* the guest's last write was: #GP */
	bool armed;			/* the host's timer runs... */
	s64 armed_for_ns, monotonic_ns;	/* ...until then; and now */
};

/* Who reads while another CPU writes. */
enum subject_reader {
	SUBJECT_READER_PVCLOCK,		/* the guest's kernel, its vCPU's */
	SUBJECT_READER_VDSO_PVCLOCK,	/* its vDSO, vCPU0's */
	SUBJECT_READER_TSC_PAGE,
	SUBJECT_READER_WALL_CLOCK,	/* the guest's, and kvmclock on top */
	SUBJECT_READER_GTOD,		/* KVM's copy of the host's timekeeper */
	SUBJECT_READER_TIMEKEEPER,	/* ktime_get_raw() */
	SUBJECT_READER_GET_CLOCK,	/* KVM_GET_CLOCK, the master clock */
	SUBJECT_READER_REFERENCE,	/* HV_X64_MSR_TIME_REF_COUNT */
	SUBJECT_READER_SHARED_INFO,	/* the wall clock of Xen's shared info page */
	SUBJECT_READER_RUNSTATE,	/* a Xen vCPU's, in one number; if it is marked */
	SUBJECT_READER_NR
};

/* Xen's RUNSTATE_* */
enum subject_runstate {
	SUBJECT_RUNSTATE_RUNNING,
	SUBJECT_RUNSTATE_RUNNABLE,
	SUBJECT_RUNSTATE_BLOCKED,
	SUBJECT_RUNSTATE_OFFLINE,
	SUBJECT_RUNSTATE_NR
};

struct subject_runstate_view {
	u32 state;
	u64 entry_ns;			/* kvmclock */
	u64 time_ns[SUBJECT_RUNSTATE_NR];
};

/* What a VMM does with a Xen vCPU's attributes. */
enum subject_xen_attr {
	/* where the guest's kvmclock lies */
	SUBJECT_XEN_TIME,		/* vcpu_time_info, as from the start */
	SUBJECT_XEN_INFO,		/* in vcpu_info */
	SUBJECT_XEN_BOTH,		/* vcpu_time_info, and a copy in vcpu_info */
	/* where its runstate lies */
	SUBJECT_XEN_AREA,		/* as from the start */
	SUBJECT_XEN_AREA_FLAGGED,	/* and it is marked while it is written */
	SUBJECT_XEN_EDGE_AREA,		/* a 32-bit guest's ends with a page... */
	SUBJECT_XEN_END_AREA,		/* ...and no memory follows */
	SUBJECT_XEN_NO_AREA,
	SUBJECT_XEN_RELOAD,		/* all are read, and set to that */
	SUBJECT_XEN_READ,
	SUBJECT_XEN_ARM,		/* the timer: KVM_GET_CLOCK + SUBJECT_XEN_ARM_NS */
	SUBJECT_XEN_DISARM,
	/* The runstate.  The state alone is read, and set to that: */
	SUBJECT_XEN_CURRENT,
	/*
	 * 1 ns more running, 2 runnable, 3 blocked, and the rest up to KVM_GET_CLOCK
	 * offline, at least up to SUBJECT_XEN_PARTS_NS; or up to that, and then offline
	 */
	SUBJECT_XEN_ADJUST,
	SUBJECT_XEN_ADJUST_STATE,
	SUBJECT_XEN_GIVEN,		/* blocked since then, the rest as above */
	SUBJECT_XEN_WRONG,		/* from here on: what is to be refused */
	SUBJECT_XEN_WRONG_SUM = SUBJECT_XEN_WRONG, /* times that aren't the entry's */
	SUBJECT_XEN_WRONG_STATE,
	SUBJECT_XEN_FUTURE,		/* a state that is yet to be entered */
	SUBJECT_XEN_WRONG_ADJUST_SUM,	/* the same, for more time */
	SUBJECT_XEN_WRONG_ADJUST_STATE,
	SUBJECT_XEN_WRONG_CURRENT,	/* a state alone */
	SUBJECT_XEN_WRONG_PRIORITY,	/* of the timer's event channel */
	SUBJECT_XEN_WRONG_ID,
	SUBJECT_XEN_WRONG_VECTOR,
	SUBJECT_XEN_WRONG_TYPE,		/* no such attribute */
	SUBJECT_XEN_UNACCOUNTED,	/* a runstate, of a host that doesn't account waits */
	SUBJECT_XEN_ATTR_NR
};

#define SUBJECT_XEN_ARM_NS 1000000
#define SUBJECT_XEN_PARTS_NS 10

/* Those of SUBJECT_XEN_ADJUST, on top of what @run has. */
static inline void subject_add_xen_parts(struct subject_runstate_view *run, u64 total_ns)
{
	run->entry_ns += total_ns;
	run->time_ns[SUBJECT_RUNSTATE_RUNNING] += 1;
	run->time_ns[SUBJECT_RUNSTATE_RUNNABLE] += 2;
	run->time_ns[SUBJECT_RUNSTATE_BLOCKED] += 3;
	run->time_ns[SUBJECT_RUNSTATE_OFFLINE] += total_ns - 6;
}

/* A Xen guest's vCPU.  Both times on the host's CLOCK_MONOTONIC. */
struct subject_xen_view {
	u32 shared_info_version[2];	/* its wall clock's, for 64 bits and for 32 */
	bool used;
	struct subject_pvclock copy;	/* with SUBJECT_XEN_BOTH */
	bool pending;			/* it has expired: the vCPU isn't to halt... */
	bool wakes;			/* ...nor to stay halted */
	bool armed;			/* an hrtimer runs... */
	s64 armed_for_ns, monotonic_ns;	/* ...until then; and now */
	u64 expires_ns;			/* kvmclock, as the guest asked; 0: none */
	u32 deliveries;
	u64 delivered_ns;		/* expires_ns of the last one */
	struct subject_runstate_view runstate;
	struct subject_runstate_view guest_runstate; /* what is in guest memory */
	u32 area_padding;		/* there, between two of them */
	bool area_prompt;		/* it is there as soon as a VMM has set it */
};

/* How a guest sets up its local APIC's timer, or a VMM restores it. */
enum subject_lapic_mode {
	SUBJECT_LAPIC_ONESHOT,		/* LVTT, TDCR, then TMICT */
	SUBJECT_LAPIC_PERIODIC,
	SUBJECT_LAPIC_RESTORED,		/* KVM_SET_LAPIC: a count in TSC deadline mode */
	/* one register alone */
	SUBJECT_LAPIC_LVT_ONESHOT,
	SUBJECT_LAPIC_LVT_PERIODIC,
	SUBJECT_LAPIC_LVT_DEADLINE,
	SUBJECT_LAPIC_DIVIDE,		/* TDCR */
	SUBJECT_LAPIC_MSR,		/* MSR_IA32_TSC_DEADLINE: in so many cycles; 0: 0 */
	SUBJECT_LAPIC_MSR_PAST,		/* so many cycles ago */
	/* KVM_SET_LAPIC of what KVM_GET_LAPIC says */
	SUBJECT_LAPIC_CURRENT,		/* but for TMCCT */
	SUBJECT_LAPIC_RELOADED,
	SUBJECT_LAPIC_MODE_NR
};

struct subject_lapic_view {
	bool used;
	bool deadline_mode, periodic;
	bool armed;
	s64 armed_for_ns, monotonic_ns;	/* as above */
	s64 target_ns;			/* when the count is down to 0 */
	u64 tsc_deadline;		/* MSR_IA32_TSC_DEADLINE, guest cycles */
	u64 hw_deadline;		/* the same for a timer of the hardware's, of a count, too */
	u32 advance_ns;			/* KVM arms its timer earlier by that */
	s64 period_ns;
	u32 divide, count;
	u32 deliveries;
	u64 delivered_tsc;		/* tsc_deadline of the last one */
};

/* Hyper-V's MSRs as a VMM saves and restores them, values as TLFS defines them. */
struct subject_hv_msrs {
	u64 reference_tsc;
	u64 reenlightenment_control, tsc_emulation_control;
	struct { u64 config, count; } stimer[SUBJECT_MAX_VCPUS];
};

/* What an NTP daemon asked for, and when. */
enum subject_leap {
	SUBJECT_LEAP_NONE,
	SUBJECT_LEAP_INSERT,		/* STA_INS: 23:59:60 UTC */
	SUBJECT_LEAP_DELETE,		/* STA_DEL: no 23:59:59 UTC */
	SUBJECT_LEAP_NR
};

struct subject_ntp {
	u64 realtime_s;			/* since 1970 */
	u32 seconds;			/* that pass */
	u8 leap;			/* enum subject_leap */
	u32 announced, withdrawn;	/* after so many of them; more: never */
	s64 adjust_us;			/* adjtime() */
};

/* All clocks began at that second. */
struct subject_ntp_after {
	s64 realtime_s, monotonic_s, tai_s;
	s64 slewed;			/* 2^-32 ns */
	u32 ticks_per_s;		/* that a second's slew is divided by */
	/* CLOCK_REALTIME's, when it has been announced again a day later, and stays so */
	s64 again_s;
};

/* The host timekeeper's CLOCK_MONOTONIC_RAW reader, for exact arithmetic. */
struct subject_timekeeper_view {
	u64 cycle_last;
	u32 mult;
	u32 shift;
	u64 xtime_nsec;			/* shifted ns */
	s64 base_ns;			/* and what was spent asleep, as KVM counts */
	u8 clocksource;			/* enum subject_clocksource, the present one */
	/* CLOCK_MONOTONIC's, with the same cycle_last and shift; CLOCK_REALTIME's */
	u32 mono_mult;
	u64 mono_xtime_nsec;
	s64 mono_base_ns;
	s64 offs_real_ns;
};

/* A counter as a clocksource, and where a timekeeper stands on it. */
struct subject_counter {
	u64 mask;			/* of its bits */
	u64 cycle_last;
	u64 xtime_nsec;			/* shifted ns at cycle_last */
	u64 max_cycles;			/* that the kernel multiplies in 64 bits */
	u32 mult, shift;
	u32 maxadj;			/* what NTP may add to mult or take */
	u64 max_idle_ns;		/* that the kernel may let pass between two ticks */
};

/*
 * The vDSO's page as it stands, and after an update; a process that reads a clock of
 * it at @cycles, in a time namespace or not, and one that does so meanwhile.
 */
struct subject_vdso {
	struct subject_counter before, after;
	u64 before_s, after_s;		/* beside xtime_nsec */
	bool raw;			/* CLOCK_MONOTONIC_RAW, else CLOCK_MONOTONIC */
	bool no_counter;		/* the vDSO can't read the host's */
	s64 offset_s;			/* of the time namespace... */
	u32 offset_ns;
	bool in_namespace;		/* ...that who reads meanwhile is in */
	u64 cycles;
	struct schedule schedule;
};

struct subject_vdso_read {
	bool valid, any;		/* all are, or any; else they go to the kernel */
	bool whole;			/* no tv_nsec has a second in it */
	s64 before_ns, after_ns, meanwhile_ns;
	s64 namespace_ns;		/* after the update */
};

/*
 * A sched clock by the TSC: started with an early frequency, refined, over a
 * suspend that loses the TSC.
 */
struct subject_sched_clock {
	u32 early_khz, khz;
	u64 boot_tsc, refined_tsc, suspend_tsc, resume_tsc, tsc;
};

struct subject_sched_clock_read {
	u64 before, after;		/* ns, at refined_tsc */
	u64 suspended, resumed;		/* ns, at suspend_tsc and resume_tsc */
	u64 ns;				/* at tsc, after the resume */
	/* by an NMI that comes into the next update, at refined_tsc and at resume_tsc */
	u64 after_nmi, resumed_nmi;
	u32 shift;			/* as perf's mmap page has it */
};

/* A host's clocks as each way to read them has it, ns. */
struct subject_host_clocks {
	s64 monotonic_ns, raw_ns, realtime_ns, boottime_ns, tai_ns;
	/* the same from seconds and ns; from what readers without the lock have */
	s64 realtime_ts_ns, boottime_ts_ns, fast_realtime_ns;
	s64 updated_ns;			/* CLOCK_MONOTONIC at the last update... */
	u64 seconds;			/* ...and its seconds, as ktime_get_seconds() */
	bool whole;			/* what is less than a second is */
	u32 was_set;			/* counts what timers must hear of */
	s64 next_leap_ns;		/* CLOCK_MONOTONIC; 2^63 - 1: none */
	s64 adjust_us;			/* left of adjtime(): ADJ_OFFSET_SS_READ */
	bool slews;			/* now */
};

#define SUBJECT_INVALID (-22)		/* -EINVAL */

/* adjtimex(2) and settimeofday(2) leave 30 years to 2^63 ns: the year 2232 */
#define SUBJECT_REALTIME_MAX_S ((s64)(~0ull >> 1) / 1000000000 - 30ll * 365 * 86400)

/* A host boots, runs for a while with an adjtime(), and its CLOCK_REALTIME is stepped. */
struct subject_boot {
	u32 khz;			/* of its TSC, the clocksource */
	s64 rtc_s, rtc_ns;		/* what its RTC says, whatever that is */
	u64 booted_ns;			/* its age when it asks */
	s64 adjust_us;
	u64 ticked_cycles;		/* the last tick's... */
	u64 stepped_cycles;		/* ...and since */
	s64 step_s, step_ns;		/* adjtimex(ADJ_SETOFFSET) */
};

struct subject_boot_after {
	struct subject_host_clocks booted, before, stepped;
	bool rtc_kept;			/* there is an RTC to go by */
	int refused;			/* 0: the step was taken */
};

/* Two sleeps of a host, whose RTC says what it likes. */
enum subject_asleep {
	SUBJECT_ASLEEP_RTC,		/* nothing else goes on */
	SUBJECT_ASLEEP_TSC,		/* the clocksource does */
	SUBJECT_ASLEEP_OTHER,		/* another counter of that rate does, when it's on */
	SUBJECT_ASLEEP_NR
};

struct subject_rtc {
	s64 s, ns;
};

struct subject_sleep {
	u64 awake_cycles;		/* since the boot or the last wake */
	struct subject_rtc fell_asleep, woke;
	u64 cycles;			/* of what goes on */
};

struct subject_sleeps {
	u32 khz;
	u8 goes_on;			/* enum subject_asleep */
	struct subject_rtc booted;
	struct subject_sleep sleep[2];
};

struct subject_sleeps_after {
	u32 mult, shift;		/* of the counter */
	struct {
		struct subject_host_clocks before, after;
		bool left_to_rtc;	/* the RTC's driver is to add the sleep */
	} sleep[2];
};

/* A host ticks, under what an NTP daemon asked for before the first. */
struct subject_slew {
	u32 khz;
	u64 realtime_s;
	s32 freq;			/* ADJ_FREQUENCY's, 2^-16 ppm */
	s64 adjust_us;
	u8 leap;			/* enum subject_leap */
	u32 ticks;
	u64 tick_cycles[2];		/* in turn */
};

struct subject_slew_after {
	struct subject_host_clocks booted, clocks;
	bool told;			/* a tick said that the clock was set */
	u32 mult, ticks_per_s;
};

/* One kept definition of the tree. */
struct subject_function {
	const char *name;
	const char *file;		/* path inside the tree */
	int line;
	const char *hash;		/* of the normalised text */
};

/*
 * How a call into the subject ended early: sliced code divided by zero or
 * looped past its fuel.  See law "total".
 */
struct subject_trap {
	enum { SUBJECT_TRAP_NONE, SUBJECT_TRAP_LOOP, SUBJECT_TRAP_DIVIDE,
	       SUBJECT_TRAP_FAULT } kind;
	const char *file;		/* kernel file, when known */
	int line;
	const void *pc;			/* faulting instruction, or NULL */
};

struct subject {
	const char *name;		/* "linux" */
	const char *version;		/* "6.12.117" */
	const char *tree;		/* path of the tree it was sliced from */
	const struct subject_function *functions; /* ends with name == NULL */
	const struct subject *successor; /* the next host's kernel; NULL: the same */

	/* Pure functions; columns as `clockfuzz eval` gives them. */
	u64 (*scale_delta)(u64 delta, u32 mul, s8 shift);
	void (*time_scale)(u64 scaled_hz, u64 base_hz, s8 *shift, u32 *mul);
	u64 (*pvclock_read)(u64 system_time, u64 tsc_timestamp, u32 mul,
			    s8 shift, u64 tsc);
	bool (*hv_page_read)(u64 tsc, u64 scale, s64 offset, u64 *ticks);
	bool (*hv_page_params)(u32 mul, s8 shift, u64 system_time,
			       u64 tsc_timestamp, u64 *scale, s64 *offset);
	u64 (*scale_tsc)(u64 tsc, u64 ratio, u8 frac);
	/* false: the subject refuses this pair of frequencies */
	bool (*tsc_ratio)(u32 host_khz, u32 guest_khz, u8 frac, u64 *ratio);
	u64 (*nested_offset)(u64 l1, u64 l2, u64 multiplier, u8 frac);
	u64 (*nested_multiplier)(u64 l1, u64 l2, u8 frac);
	u64 (*guest_tsc)(u32 khz, s64 delta_ns);

	/*
	 * A host boots and creates the VM with all its vCPUs, pvclock enabled
	 * on each.  Everything of the previous VM is forgotten.  @hw stays
	 * the caller's and is read at every later call.
	 */
	void (*boot)(const struct subject_config *config, struct subject_hw *hw);

	void (*hotplug_vcpu)(void);	/* the next one */
	/*
	 * The calls that follow are to host @host, below SUBJECT_MAX_HOSTS; boot()
	 * was 0.  @config: it boots, without a VM; NULL: it was entered before, and
	 * is as it was left.  The VM that was left behind is of no use any more.
	 */
	void (*enter_host)(u32 host, const struct subject_config *config,
			   struct subject_hw *hw);
	/* A new VM instead of the one before; the guest's memory stays. */
	void (*create_vm)(u32 nr_vcpus);
	void (*tick)(void);		/* timekeeper update on this CPU */
	/* vCPU is loaded on hw->cpu and enters: pending requests are done. */
	void (*run_vcpu)(u32 vcpu);
	void (*request_masterclock)(u32 vcpu);
	/* MSR_IA32_TSC, by userspace (@host) or by the guest. */
	void (*write_tsc)(u32 vcpu, u64 tsc, bool host);
	int (*set_tsc_offset)(u32 vcpu, u64 offset);	/* KVM_VCPU_TSC_OFFSET */
	int (*get_tsc_offset)(u32 vcpu, u64 *offset);
	int (*set_tsc_khz)(u32 vcpu, u32 khz);		/* KVM_SET_TSC_KHZ */
	int (*get_clock)(struct subject_clock *clock);	/* KVM_GET_CLOCK */
	int (*set_clock)(const struct subject_clock *clock); /* KVM_SET_CLOCK */
	u64 (*wall_clock_epoch)(void);			/* ns since 1970 */
	void (*write_tsc_page)(u32 vcpu, enum subject_page_write how);
	void (*get_hv_msrs)(struct subject_hv_msrs *msrs); /* KVM_GET_MSRS */
	void (*set_hv_msrs)(const struct subject_hv_msrs *msrs); /* KVM_SET_MSRS */
	/* HV_X64_MSR_REENLIGHTENMENT_CONTROL and TSC_EMULATION_CONTROL */
	void (*set_reenlightenment)(u32 vcpu, bool on);
	u64 (*reference_counter)(void);			/* HV_X64_MSR_TIME_REF_COUNT, 100 ns */
	void (*write_stimer_config)(u32 vcpu, u32 flags);
	void (*write_stimer_count)(u32 vcpu, u64 count);
	/* the message slot of SINT1 holds something, or is read and EOM written */
	void (*set_message_slot)(u32 vcpu, bool busy);

	/*
	 * Guest code on @vcpu; @tsc is what the guest's RDTSC returns.  Its kernel
	 * is that of host 0, wherever it runs.
	 */
	u64 (*guest_read_pvclock)(u32 vcpu, u64 tsc, u8 *flags);
	bool (*guest_read_tsc_page)(u64 tsc, u64 *time_100ns);
	u64 (*guest_read_hv_clock)(u64 tsc);	/* page, or the MSR; 100 ns */
	u64 (*guest_vread_hv_clock)(u64 tsc);	/* in the vDSO; ~0: no page */
	u64 (*guest_read_sched_clock)(u64 tsc);	/* ns */
	void (*guest_hibernate)(u64 tsc, bool resume);	/* sched clock's state */

	void (*view_vm)(struct subject_vm_view *view);
	void (*view_vcpu)(u32 vcpu, struct subject_vcpu_view *view);
	void (*view_stimer)(u32 vcpu, struct subject_stimer_view *view);
	void (*view_timekeeper)(struct subject_timekeeper_view *view);

	/* MSR_KVM_WALL_CLOCK_NEW, by the guest */
	void (*write_wall_clock)(u32 vcpu);
	/* The memory that holds what @reader reads on @vcpu, and its sequence. */
	void *(*guarded_memory)(enum subject_reader reader, u32 vcpu, u32 *size);
	/*
	 * The bare reader, on @vcpu at the guest's @tsc or on hw->cpu, at what that
	 * memory then holds.  False: it says that there is no clock.
	 */
	bool (*read)(enum subject_reader reader, u32 vcpu, u64 tsc, u64 *value);

	/* Nested: what L1 wants of L2's TSC; then it enters, or leaves. */
	void (*set_l2_tsc_offset)(u32 vcpu, u64 offset);
	void (*set_l2_tsc_multiplier)(u32 vcpu, u64 multiplier);
	void (*nested)(u32 vcpu, enum subject_nested how);
	void (*view_nested)(u32 vcpu, struct subject_nested_view *view);
	/* The vCPU is a Xen guest's from now on: KVM_XEN_VCPU_SET_ATTR. */
	void (*xen_vcpu)(u32 vcpu);
	/* The VMM sets the shared info page; false: refused.  Its wall clock, ns. */
	bool (*xen_shared_info)(bool compat, u64 *ns);
	/* HYPERVISOR_set_timer_op; what it says to the guest, 0: done */
	int (*xen_set_timer)(u32 vcpu, u64 timeout_ns);
	void (*xen_set_runstate)(u32 vcpu, enum subject_runstate state,
				 u64 run_delay_ns);
	/* The memory slot with the guest's kvmclock is taken away, or is back. */
	void (*set_slot_gone)(bool gone);
	void (*view_xen)(u32 vcpu, struct subject_xen_view *view);
	void (*write_tsc_deadline)(u32 vcpu, u64 tsc);	/* the MSR */
	/* TDCR (0..7), TMICT or TMCCT */
	void (*write_lapic_timer)(u32 vcpu, enum subject_lapic_mode mode,
				  u32 divide, u32 count);
	u32 (*read_tmcct)(u32 vcpu);
	void (*view_lapic)(u32 vcpu, struct subject_lapic_view *view);

	void (*pause_guest)(u32 vcpu);			/* KVM_KVMCLOCK_CTRL */
	u32 (*guest_tsc_khz)(u32 vcpu);			/* from its kvmclock's pair */

	/*
	 * The host sleeps, on its first CPU; when it wakes each CPU comes up, the
	 * first before the others, with a TSC that has started anew.
	 */
	void (*suspend)(void);
	void (*resume)(bool boot_cpu);

	/* The host's admin and its NTP daemon. */
	void (*ntp_slew)(s32 ppb);	/* adjtimex(ADJ_FREQUENCY), within 500 ppm */
	void (*step_realtime)(s64 ns);	/* adjtimex(ADJ_SETOFFSET) */
	void (*set_clocksource)(enum subject_clocksource clocksource);

	/* Host timekeeping, pure: registration of a clocksource and its readers. */
	void (*register_counter)(u32 khz, u64 mask, struct subject_counter *counter);
	/* what a tick takes for passed, cycles */
	u64 (*counter_passed)(u32 khz, u64 mask, u64 last, u64 now);
	u64 (*timekeeping_read)(const struct subject_counter *counter, u64 cycles);
	/* false: the vDSO takes the counter for invalid */
	bool (*vdso_read)(const struct subject_counter *counter, u64 cycles, u64 *ns);
	void (*vdso_update)(const struct subject_vdso *at,
			    struct subject_vdso_read *read);
	u64 (*suspend_timing)(u32 khz, u64 mask, u64 start, u64 now); /* ns */
	s64 (*time_add)(s64 now_ns, s64 ns);	/* for a timer */
	bool (*in_interval)(u64 start, u64 end, u64 counter);
	void (*sched_clock)(const struct subject_sched_clock *at,
			    struct subject_sched_clock_read *read);

	/*
	 * The VMM sets the runstate as it is, or with @away_ns more offline.  As of the
	 * ioctl: 0, or negative if it's refused.
	 */
	int (*xen_restore_runstate)(u32 vcpu, u64 away_ns, u64 run_delay_ns);
	/* Likewise. */
	int (*xen_attr)(u32 vcpu, enum subject_xen_attr what, u64 run_delay_ns);
	/* A host's timekeeper by itself: that of the VM, if there is one, is forgotten. */
	void (*boot_clocks)(const struct subject_boot *at, struct subject_boot_after *after);
	void (*sleep_clocks)(const struct subject_sleeps *at, struct subject_sleeps_after *after);
	void (*slew_clocks)(const struct subject_slew *at, struct subject_slew_after *after);
	/* Pure: what NTP adds to the timekeeper, second by second. */
	void (*ntp_seconds)(const struct subject_ntp *at, struct subject_ntp_after *after);
};

/*
 * A pure function in a subject's table.  Where the table is that of a harness over pure
 * functions, it has only those that the harness uses, -DCF_USES_member=1, and the linker
 * leaves out the others.
 */
#ifdef CF_PURE
#define SUBJECT_USED_1 0,
#define SUBJECT_SECOND(ignored, value, ...) value
#define SUBJECT_CHOOSE(...) SUBJECT_SECOND(__VA_ARGS__)
#define SUBJECT_IF_USED(value, function) SUBJECT_CHOOSE(SUBJECT_USED_##value function, NULL, )
#define SUBJECT_IF(value, function) SUBJECT_IF_USED(value, function)
#define SUBJECT_PURE(member, function) .member = SUBJECT_IF(CF_USES_##member, function)
#else
#define SUBJECT_PURE(member, function) .member = function
#endif

/* Sliced from this build's tree, with its successors; and src/reference/. */
extern const struct subject subject_linux, subject_reference;

/* What this build contains; ends with NULL. */
extern const struct subject *const subjects[];

/*
 * The one under test.  It is the first of subjects[]; the environment can name another,
 * CLOCKFUZZ_SUBJECT, and a bug that is planted in it, CLOCKFUZZ_PLANT.
 */
extern const struct subject *subject;

/* Does as the environment says.  False after one line on stderr. */
bool subject_from_environment(void);

/* "6.12.117", or with successors "6.1.192+6.12.117". */
const char *subject_versions(const struct subject *subject);

/*
 * Runs @fn(@arg), which may call the subject, and says how it ended.  On a
 * trap @fn is left by a long jump: it must own nothing.  Nests not.
 */
void subject_guard(void (*fn)(void *arg), void *arg, struct subject_trap *trap);

/*
 * Loops burn fuel, and subject_guard() fills up.  Who does more than one event
 * or call under one guard fills up before each.
 */
void subject_refuel(void);

#endif
