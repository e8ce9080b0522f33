/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The simulated machine: true time, each CPU's raw TSC, and the hardware that
 * turns it into a guest's TSC.
 *
 * True time is counted in host cycles since boot, so it is exact: t ns is
 * cycles * 10^6 / tsc_khz, a rational number that nobody has to round.
 */
#ifndef CF_MACHINE_H
#define CF_MACHINE_H

#include "../interleave.h"
#include "../scenario/scenario.h"
#include "../subject.h"

/* What a scenario may last: beyond, no clock promises anything here. */
#define SIM_MAX_NS (10ull * 365 * 86400 * CF_NS_PER_SEC)

/* What a VMM has saved of the VM, to restore it in another or in the same. */
struct sim_saved {
	u32 tsc_of, clock_of;		/* of which VM, from 1; 0: not saved */
	bool tsc_restored, clock_restored;
	u64 tsc_ns, clock_ns;		/* true time of the save... */
	u64 tsc_restored_ns, clock_restored_ns; /* ...and of the restore */
	const struct machine *machine;	/* the host that the last was read on */
	u16 nr_vcpus;
	u64 tsc[SUBJECT_MAX_VCPUS];	/* MSR_IA32_TSC of each, where it ran last */
	struct subject_vcpu_view vcpu[SUBJECT_MAX_VCPUS];
	struct subject_hv_msrs hv;
	struct subject_clock clock;	/* KVM_GET_CLOCK */
};

struct sim {
	const struct machine *hosts;	/* the first is that of boot */
	const struct subject *guest;	/* that host's kernel is the guest's, too */
	/* where the VM is: */
	u32 host;
	const struct machine *machine;
	const struct subject *subject;
	struct subject_hw hw;
	u64 cycles;			/* true time, in this host's */
	u64 tsc_lost[SUBJECT_MAX_HOSTS]; /* cycles, when a host slept */
	u64 max_cycles;			/* SIM_MAX_NS */
	u32 entered;			/* hosts that have booted, a bit each */
	u32 nr_vms;			/* VMs until now, the present one included */
	u32 nr_vcpus;			/* created so far */
	u8 vcpu_cpu[SUBJECT_MAX_VCPUS];	/* where each vCPU ran last */
	/* its thread waited for a CPU: so long until now, or since; true cycles */
	u64 run_delay[SUBJECT_MAX_VCPUS], preempted[SUBJECT_MAX_VCPUS];
	bool faulted;			/* the guest's memory wasn't there */

	struct sim_saved saved;		/* valid by its tsc_of, clock_of */
};

/* What an event read, if it read a clock. */
struct sim_read {
	bool valid;			/* or an ioctl that wasn't refused */
	u64 value;			/* ns or 100 ns */
	u64 tsc;			/* guest or host cycles it was read at */
	u64 realtime_ns;		/* with SUBJECT_CLOCK_REALTIME */
	u32 flags;			/* pvclock or kvm_clock_data flags */
	u32 deliveries;			/* of the timer that is set up, until it was */
};

/*
 * Boots the first of @hosts on CPU 0 at true time 0 and creates the VM with
 * @nr_vcpus.  Host n runs the kernel of @subject's n-th successor, or of the last.
 */
void sim_boot(struct sim *sim, const struct machine *hosts,
	      const struct subject *subject, u32 nr_vcpus);

/*
 * Does one event.  A guest's read enters the vCPU where it ran last, as no
 * guest instruction follows an exit without an entry.  Events of a vCPU that
 * isn't created yet do nothing.  False: the event would leave what is physically
 * possible (SIM_MAX_NS); nothing was done.
 */
bool sim_event(struct sim *sim, const struct event *event,
	       struct sim_read *read);

/* True time goes on to @cycles, which the caller keeps within sim->max_cycles. */
void sim_set_time(struct sim *sim, u64 cycles);

/*
 * Reads on @vcpu, or on the CPU where that ran last, while the update that the
 * subject watched is under way.  The current CPU stays what it is.
 */
void sim_read_between(struct sim *sim, enum subject_reader reader, u32 vcpu,
		      const struct schedule *schedule,
		      struct sim_read *read);

/*
 * What a guest that is running on the current CPU takes for the time, 100 ns: its
 * TSC page at @tsc while that is valid, else the reference counter's MSR.
 */
u64 sim_hv_clock(const struct sim *sim, u64 tsc);

/* What RDTSC returns on @cpu now, cycles. */
u64 sim_raw_tsc(const struct sim *sim, u32 cpu);

/* What RDTSC returns in a guest for @raw, as VMX and SVM compute it. */
u64 sim_guest_tsc(const struct machine *machine,
		  const struct subject_vcpu_view *vcpu, u64 raw);

/* ns of true time, rounded down.  @cycles * 10^6 / tsc_khz must be < 2^64. */
u64 machine_true_ns(const struct machine *machine, u64 cycles);

#endif
