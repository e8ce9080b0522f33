/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the timeline laws share: the state of a run, and how they speak.  Between
 * the files of this folder only.
 */
#ifndef CF_TIMELINE_H
#define CF_TIMELINE_H

#include "bounds.h"
#include "law.h"
#include "run.h"
#include "../sim/machine.h"

#define SET_CLOCK_MAX_NS (1ull << 61)
#define MIN_GUEST_KHZ 100000
#define MAX_GUEST_KHZ 10000000

/* A point on a clock, to measure later reads against. */
struct base {
	bool set;
	u8 source;			/* Hyper-V's: bit 0 the host has a page, 1 the guest */
	u64 value;
	u64 cycles;			/* true time */
	u64 since;			/* true time of the snapshot in force */
	s64 skew;			/* of the CPU it was read on */
	u32 generation;
	u32 khz;			/* of the vCPU's TSC, 0: the host's */
};

struct vcpu_state {
	bool touched;			/* TSC changed, pvclock not yet */
	bool wrapped;			/* its TSC, or the time of its write */
	bool written;			/* by the VMM, when the host's clock was: */
	u64 written_tsc;
	s128 written_ns;
	bool other_khz;			/* KVM takes the host for another one */
	bool stale;			/* an update didn't reach the guest's copy */
	u8 cpu;				/* of its last entry */
	bool stopped, told_stopped;	/* KVM_KVMCLOCK_CTRL; its memory says so */
	bool stop_missed;		/* it couldn't be told, its memory was away */
	bool stop_unclear;		/* a Xen guest's, or one that was forgotten */
	bool entered;			/* at raw TSC: */
	u64 entered_raw;		/* the boot CPU's, or of a CPU behind that */
	bool woken;			/* and where its TSC goes on is known: between */
	u64 woken_low, woken_high;
	bool slept;			/* and hasn't entered since: KVM may move its TSC */
	bool two_copies;		/* of its kvmclock, a Xen guest's */
	bool clock_moved;		/* to other memory, and not written since: */
	u32 moved_updates;
	bool area_gone, area_refused;	/* the memory for its runstate, likewise */
	bool area_ends;			/* where memory does: 64 bits' doesn't fit */
	bool area_unmapped;		/* KVM has to look its pages up, and may sleep */
	u64 lost_cycles;		/* by no more than the host's lost meanwhile */
	struct subject_vcpu_view view;
};

/* A vCPU's synthetic timer, as its guest knows it. */
struct timer {
	bool used;
	u32 deliveries;
	u64 since;			/* true time of the snapshot then in force */
	bool judged;			/* armed by a clock that is promised */
	u32 generation;
	bool no_synic;
	u32 flags;			/* as the guest configured it last */
	u64 count;			/* and its count; both written where they are taken */
	bool restored;			/* and neither since */
	enum { TIMER_OFF, TIMER_ON, TIMER_ANY } state; /* the last: nobody says */
	u64 asked;			/* when it is to come, 100 ns; 0: isn't known */
	bool slot_busy;			/* the guest left a message there */
	bool waits, waited;		/* was due, for that to be read; until it was */
};

/* What a vCPU's guest read of its clock when the VMM saved it. */
struct moved_clock {
	bool promised;
	s128 ns;
	s64 cycle_ns;			/* a scaled guest's, then */
	u64 slack, cut;			/* as of struct guest_clock */
};

/* A VM on its way; what the VMM carries is the machine's, struct sim_saved. */
struct moved {
	struct moved_clock clock[SUBJECT_MAX_VCPUS];
	bool tsc_is_new;		/* no TSC of this VM was written yet */
	bool clock_restored;		/* and nothing has passed since: */
	u64 cycles, raw_tsc;		/* then and there */
	s128 passed_ns;			/* of CLOCK_REALTIME, added on the way */
};

/* The VMM's last write of any vCPU's TSC, by MSR or attribute. */
struct tsc_write {
	bool any;			/* there was one */
	bool known;			/* with everything that KVM has seen since */
	bool forgotten;			/* over a suspend: it counts as TSC 0 at boot */
	bool apart;			/* the one before was of a vCPU at another rate */
	u32 vcpu;
	u32 alike;			/* vCPUs that have it by the last writes, a bit each */
	u32 khz;
	u64 tsc, offset, multiplier;
	s128 ns;			/* of the host's clock, then */
};

enum asked { ASKED_BY_EVENT, ASKED_BY_HOTPLUG, ASKED_BEFORE_SET_CLOCK,
	     ASKED_BY_SHARED_INFO };

/* A Xen timer that a guest has armed, and waits for. */
struct armed {
	bool judged;			/* by a clock that is promised */
	u32 deliveries;			/* before */
	u32 generation;
	u64 due;			/* ns of kvmclock */
	u64 cycles;			/* true time then... */
	u64 since;			/* ...and of the snapshot in force */
	s64 monotonic_ns;		/* the host's */
	bool quiet;			/* instead: nothing is armed, so nothing comes */
};

/* A vCPU's local APIC timer, as its guest knows it. */
struct lapic_timer {
	bool used;
	bool deadline_mode, periodic, running;
	bool divided;			/* it came, and has another divider since */
	bool adrift;			/* what there is to come isn't known, until it is set up */
	u32 count, shift;		/* TMICT, and the divisor 1 << shift */
	u64 period_ns;
	u64 due;			/* cycles of the vCPU's TSC */
	s64 target_ns;			/* when a count is over, on the host's clock */
	u32 deliveries;
	u32 tuned_ns;			/* KVM's advance at the last entry; 0: isn't known */
	u64 hw_cycles;			/* true time when KVM looked at both its clocks */

	/* since it was set up: */
	bool judged;			/* by clocks that are promised */
	u64 cycles;			/* true time then */
	s64 monotonic_ns;		/* the host's */
	u64 first_ns;			/* until it is to come first */
	u32 came;
	u32 advance_ns;			/* KVM's, then */
};

/* A vCPU's runstate times at the last change. */
struct runstate {
	bool set;
	u64 cycles, since;
	u64 run_delay;
	u32 generation;
	struct subject_runstate_view view;
};

struct run {
	const struct scenario *scenario;
	const struct subject *subject;
	struct step *steps;
	u32 nr;				/* event being done, from 0 */
	const struct event *event;
	u64 began_cycles;		/* true time: the APIC's wait takes some */
	bool broken;			/* a law broke at this event */

	struct subject_vm_view vm;
	struct subject_timekeeper_view timekeeper;
	u64 tick_cycles;		/* true time of the last tick, or since the VM is here */
	u64 tick_ns[SUBJECT_MAX_HOSTS];	/* of each host's last tick */
	u64 snapshot_cycles;		/* true time of the master clock's */
	bool snapshot_broken;		/* what follows from it isn't news */
	bool clock_sane;		/* KVM_SET_CLOCK inside its contract */
	enum asked asked[SUBJECT_MAX_VCPUS]; /* who asked a vCPU for a snapshot */
	u32 tsc_written;		/* vCPUs that didn't enter since */
	bool tsc_touched;		/* any vCPU's, by anybody */
	struct tsc_write tsc_write;
	u32 seen_vcpus;
	const char *rebase;		/* event of a step at the snapshot in force */
	u32 generation;			/* clock set or re-based by the user */
	bool page_pending;		/* enabled, but not written since */
	bool page_asked;		/* by the guest itself */
	bool page_emulated;		/* it opted for re-enlightenment or out, ever */
	u32 page_sequence;		/* and the TSC it was computed for: */
	u64 page_tsc_offset, page_tsc_multiplier;
	u64 page_scale;			/* what it had then */
	s64 page_offset_100ns;
	u32 page_snapshot;		/* masterclock_updates */
	bool page_tsc_negative;		/* that TSC was on its way up to 0 */
	s64 skew_spread;		/* largest minus smallest, cycles */
	s64 resolution_ns;		/* of the host's clocksource */
	u64 rate_denominator;		/* clocksource mult: rate is known to 1/2 of 1/mult */

	struct timer timer[SUBJECT_MAX_VCPUS];
	bool hibernated;
	u64 sched_clock;		/* then, ns */
	u64 sched_offset_ns;		/* it is the Hyper-V clock less that */
	u64 unstable_read;		/* the last without PVCLOCK_TSC_STABLE_BIT */
	struct base monotonic_guest, monotonic_host;
	struct base monotonic_page, monotonic_reference;
	struct base monotonic_hv_clock, monotonic_sched_clock;
	struct base rate_guest, rate_host, rate_reference;
	struct base rate_page, rate_hv_clock, rate_sched_clock;
	struct vcpu_state vcpu[SUBJECT_MAX_VCPUS];

	bool slot_gone;
	bool xen_64_bit;		/* the Xen guest's mode */
	const struct event *interleave;	/* the reader that waits for an update */
	u32 unended, unended_told;	/* sequences left odd, a bit each */
	bool host_moved;		/* its clocks are no longer what boot made them */
	bool host_slewed;
	u32 slewed;			/* NTP's error may not be 0; a bit each host */
	bool host_broken;		/* one of them broke a law: no timer is promised */
	bool suspended;			/* any host, ever */
	u64 woken_cycles;		/* true time of the last wake */
	u64 asleep_raw;			/* of the VM's last entry before */
	s64 slew_ppb[SUBJECT_MAX_HOSTS]; /* of CLOCK_MONOTONIC and CLOCK_REALTIME */

	/*
	 * Cleared by who owns it: large, and of use to few scenarios.  forget_cold()
	 * says what makes it valid.
	 */
	struct sim sim;
	struct moved moved;
	struct armed xen_timer[SUBJECT_MAX_VCPUS];
	struct lapic_timer lapic_timer[SUBJECT_MAX_VCPUS];
	struct runstate runstate[SUBJECT_MAX_VCPUS];
};

/* ---- arithmetic ---------------------------------------------------------- */

/* ns in @cycles of the host, rounded down; @cycles below 2^64. */
static inline u64 cycles_to_ns(const struct run *run, u64 cycles)
{
	return machine_true_ns(run->sim.machine, cycles);
}

/* After such a gap ktime_get_raw() itself wraps, before 6.10; a tick tells. */
static inline bool gap_wraps(const struct run *run)
{
	return cycles_to_ns(run, run->sim.cycles - run->tick_cycles) >>
	       (63 - run->timekeeper.shift);
}

/* What the TSC page in memory says at guest's TSC @tsc, in 100 ns. */
static inline u64 page_at(const struct run *run, u64 tsc)
{
	return (u64)((u128)tsc * run->vm.page_scale >> 64) + run->vm.page_offset_100ns;
}

/* Of a host's clock: of what it has and what it may be switched to the coarser one. */
static inline u64 clock_resolution_ns(const struct machine *machine)
{
	return machine->clocksource == SUBJECT_CS_HYPERV_PAGE ? 100 : 1;
}

static inline s128 signed_ns(const struct run *run, s64 cycles)
{
	return cycles < 0 ? -(s128)cycles_to_ns(run, -(u64)cycles) :
			    (s128)cycles_to_ns(run, cycles);
}

/* floor(@delta * 2^@shift * @mul / 2^32), the pvclock ABI's scaling */
static inline u128 pvclock_scale(u64 delta, u32 mul, s8 shift)
{
	u128 wide;

	if (shift < 0)
		return (u128)(delta >> -shift) * mul >> 32;
	/* delta * 2^shift needs up to 95 bits, the product 127 */
	wide = (u128)delta << shift;
	if (wide >> 95)
		return ~(u128)0 >> 1;
	return wide * mul >> 32;
}

/*
 * Events of findings that aren't the scenario's: one cause, one signature,
 * whichever event made KVM update.  And a suffix where a kind of error is
 * explained to the last ns by how the kernel computes: what it doesn't explain
 * is another finding and mustn't hide behind the first.
 */
#define SNAPSHOT "masterclock-update"
#define UPDATE "pvclock-update"
#define AFTER_GAP "-after-gap"		/* delta * mult beyond 2^64 */
#define DRIFT "-drift"			/* clocksource mult against pvclock mul */
#define SCALED "-scaled"		/* frequency cut to kHz */
#define NO_RATIO "-no-ratio"		/* whose frequency KVM refused when it was created */
#define EARLY "-early-khz"		/* frequency from before it was refined */

/* ---- run.c: telling ------------------------------------------------------- */

struct verdict {
	enum law law;
	const char *clock, *function, *why, *unit;
	const char *event;		/* NULL: the kind of the event at hand */
	s128 got, want, low, high;
};

/* The event's finding, unless it has one already. */
void run_fail(struct run *run, const struct verdict *v);

/* The law holds while got - want is in [low, high]. */
bool run_check(struct run *run, const struct verdict *v);

/* What the event read, for explain. */
void run_show(struct run *run, const char *clock, const char *unit,
	      const struct sim_read *read, bool has_want, s128 want);

/* Every clock is measured from its next read on. */
void start_afresh(struct run *run);

/* ---- clock.c: kvmclock and the TSCs under it -------------------------------- */

/* What the guest's own kvmclock says where the host's TSC is @raw. */
struct guest_clock {
	s128 ns;
	u64 slack;			/* rounding, and both pairs' error */
	u64 cut;			/* what a scaled guest's may be ahead */
};

/* The laws themselves; their contracts stand with their definitions. */
bool check_signed(struct run *run, const char *clock, const char *function,
		  const char *event, u64 got, u64 base, u128 scaled, u64 wrapped);
bool check_monotonic(struct run *run, struct base *base, const char *clock,
		     const char *function, u64 value, u32 generation, u32 khz,
		     s64 cycle_ns);
bool check_rate(struct run *run, struct base *base, const char *clock,
		const char *function, u64 value, u32 generation, s64 cycle_ns,
		u32 khz);
void check_set_clock(struct run *run, const struct sim_read *read);
void check_get_clock(struct run *run, const struct sim_read *read);
void remember_unstable(struct run *run, const struct sim_read *read, u64 ns);
void check_pvclock(struct run *run, const struct sim_read *read);
void check_wall_clock(struct run *run, const struct sim_read *read);
void check_written_wall_clock(struct run *run);
bool check_snapshot(struct run *run);
void check_new_snapshot(struct run *run);
void check_tuple(struct run *run, const struct subject_vcpu_view *now,
		 bool *other_khz);
void check_rebase(struct run *run, const struct subject_vcpu_view *old,
		  const struct subject_vcpu_view *now);
void check_catchup(struct run *run, u32 nr, const struct subject_vcpu_view *old,
		   const struct subject_vcpu_view *now);
void check_caught_up(struct run *run, u32 nr, const struct subject_vcpu_view *now);
void check_tsc_write(struct run *run, const struct event *event,
		     const struct subject_vcpu_view *old,
		     const struct subject_vcpu_view *now, bool accepted);
void check_alike(struct run *run);
void check_tuple_cpu(struct run *run, u32 nr, const struct subject_vcpu_view *old);
void check_stopped(struct run *run, u32 nr, bool updated);
void remember_who_asks(struct run *run, const struct event *event);
void remember_tsc(struct run *run, u32 nr);

void check_guest_khz(struct run *run, const struct sim_read *read);

/* Why vCPU @vcpu's clock isn't promised at all, or NULL. */
const char *unpromised(const struct run *run, u32 vcpu);

static inline bool in_contract(const struct run *run, u32 vcpu)
{
	return !unpromised(run, vcpu);
}

u64 snapshot_clock(const struct run *run);
s128 tuple_exact(const struct subject_pvclock *pv, u64 tsc);
s64 guest_cycle_ns(const struct run *run, const struct subject_vcpu_view *view);
u64 cut_khz(u64 ns, s64 cycle_ns, u32 khz);
bool host_ns(const struct run *run, u64 raw, s128 *ns);
bool guest_clock(const struct run *run, u64 raw, struct guest_clock *clock);
struct subject_pvclock host_tuple(const struct run *run);
bool host_clock_early(const struct run *run, const struct subject_clock *clock,
		      u64 tsc);
u64 kvmclock_counter(const struct subject_clock *clock, u64 rdtsc);
u64 unsigned_read(const struct subject_pvclock *pv, u64 tsc);

/* ---- hyperv.c: Hyper-V's clocks and timers ---------------------------------- */

/* Do the host and the guest of vCPU @nr read one counter that is promised? */
bool one_counter(const struct run *run, u32 nr);
void check_page(struct run *run, const struct sim_read *read);
void check_reference(struct run *run, const struct sim_read *read);
void check_hv_clock(struct run *run, const struct sim_read *read);
void check_sched_clock(struct run *run, const struct sim_read *read);
void check_hibernate(struct run *run, const struct sim_read *read);
void check_stimer(struct run *run, u32 nr, const struct sim_read *read);
bool is_page_kept(const struct run *run);
void check_kept_page(struct run *run);
void check_written_page(struct run *run, const struct subject_vcpu_view *now);
void check_page_status(struct run *run, u8 was, bool kept);

/* ---- sequence.c: a reader while a writer is at work -------------------------- */

/* After each event that may update anything. */
void check_even(struct run *run);
/* The guest's memory wasn't there at this event. */
void forget_unwritten(struct run *run);
/* Does the page's reader tell a clock from none? */
void check_page_said(struct run *run, const struct sim_read *read);
/* After an event that updated what a reader watches. */
void check_sequence(struct run *run);

/* ---- migrate.c: save, move, restore ------------------------------------------ */

/* Before the event: what the guest reads when its clock is saved. */
void remember_saved(struct run *run, const struct event *event);
/* What follows from the host that the VM is on. */
void enter_host(struct run *run);
void check_migrate(struct run *run, u32 from);
void check_restore_tsc(struct run *run);
void check_restore_clock(struct run *run);
void check_arrival(struct run *run, u32 nr);

/* ---- nested.c: L2's TSC, and L1's under it ---------------------------------- */

/*
 * L2's TSC where the host's is @raw, of L1's in @l1 and what L1 asks for, in *@want;
 * and what KVM's is off at most.  False: nothing is promised.
 */
bool l2_tsc(const struct machine *m, const struct subject_vcpu_view *l1,
	    struct subject_tsc l2, u64 raw, u64 *want, s128 *low, s128 *high);

/* After an entry of L1 or L2: are the hardware's registers those it should have? */
void check_registers(struct run *run, const struct subject_vcpu_view *old,
		     const struct sim_read *read);
void check_nested(struct run *run, const struct subject_vcpu_view *old,
		  const struct subject_vcpu_view *now);

/* ---- xen.c, lapic.c: timers and runstates ------------------------------------- */

/* What the guest was told of its timer. */
void check_hypercall(struct run *run, const struct sim_read *read);
/*
 * @before: before the event; @updated: at the event the vCPU's tuple was; @by_guest: by
 * the hypercall, which takes some times for mistakes.
 */
void check_xen_arm(struct run *run, u64 due, const struct subject_xen_view *before,
		   bool updated, bool by_guest);
void check_xen_timer(struct run *run, u32 nr);
/* The state that was asked for is @state. */
void check_runstate(struct run *run, const struct subject_xen_view *before, u32 state);
/* Does the guest's memory have what KVM accounts, if it is KVM's to write? */
void check_area(struct run *run, const struct subject_xen_view *now);
void check_shared_info(struct run *run, const struct sim_read *read,
		       const struct subject_xen_view *before);
void check_lapic(struct run *run, u32 nr, bool was_in_l2, const struct sim_read *read);
void check_tmcct(struct run *run, const struct sim_read *read);
/* What is armed on any vCPU is judged no more. */
void forget_timers(struct run *run);

/*
 * Can the host's own clock be relied on here and now?  It is past the last tick, on
 * this CPU too, and that isn't so long ago that a product wraps.
 */
bool host_clock_promised(const struct run *run);

/*
 * What the host's clock, or a guest's over it, may be off in @ns of true time: the
 * clocksource's mult is rounded to the nearest, a pvclock pair off by 2^-30.09; CPUs
 * differ by the skew; and both ends are read to the host's resolution, 5 ns for
 * roundings.
 */
u64 clock_drift(const struct run *run, u64 ns);

/* ---- host.c: the host's clocks ------------------------------------------------ */

/* Of every kind: the clock that they were armed by isn't the same any more. */
void forget_all_timers(struct run *run);
/* What the present clocksource counts where the TSC is @raw. */
u64 host_counter(const struct run *run, u64 raw);
/* CLOCK_REALTIME there, exactly; false where that is before the last update. */
bool host_realtime_ns(const struct run *run, u64 raw, s128 *ns);
/* After an event that updates the timekeeper. */
void check_host_update(struct run *run, const struct event *event);
/* Does the event, too; false: as sim_event(). */
bool do_suspend(struct run *run, const struct event *event);
/* vCPU @nr enters for the first time after it. */
void check_woken(struct run *run, u32 nr);

/* ---- runstate.c: a VMM restores a Xen vCPU's runstate -------------------------- */

/* @before: what it was before the event; it was @away ns longer offline. */
void check_restore_runstate(struct run *run, const struct sim_read *read,
			    const struct subject_xen_view *before, u64 away);
void check_xen_attr(struct run *run, const struct sim_read *read,
		    const struct subject_xen_view *before);
/* After an entry, the first since it was moved. */
void check_moved_clock(struct run *run, u32 nr);
/* After an update of two copies. */
void check_copies(struct run *run, u32 nr);

#endif
