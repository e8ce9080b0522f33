// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader while a writer is at work, and what a writer leaves behind.
 */
#include "timeline.h"

static const struct {
	const char *clock, *function, *unit;
} readers[SUBJECT_READER_NR] = {
	[SUBJECT_READER_PVCLOCK] = { "kvmclock", "kvm_setup_guest_pvclock", "ns" },
	[SUBJECT_READER_VDSO_PVCLOCK] = { "vdso-kvmclock", "kvm_setup_guest_pvclock", "ns" },
	[SUBJECT_READER_TSC_PAGE] = { "TSC-page", "kvm_hv_setup_tsc_page", "100ns" },
	[SUBJECT_READER_WALL_CLOCK] = { "guest-wall-clock", "kvm_write_wall_clock", "ns" },
	[SUBJECT_READER_GTOD] = { "master_kernel_ns", "update_pvclock_gtod", "ns" },
	[SUBJECT_READER_TIMEKEEPER] = { "ktime_get_raw", "ktime_get_raw", "ns" },
	[SUBJECT_READER_GET_CLOCK] = { "KVM_GET_CLOCK", "get_kvmclock", "ns" },
	[SUBJECT_READER_REFERENCE] = { "reference-counter", "get_time_ref_counter", "100ns" },
	[SUBJECT_READER_SHARED_INFO] = { "xen-wall-clock", "kvm_xen_shared_info_init", "ns" },
	[SUBJECT_READER_RUNSTATE] = { "runstate-area", "kvm_xen_update_runstate_guest", "" },
};

static bool same(const struct sim_read *a, const struct sim_read *b)
{
	return a->valid == b->valid && (!a->valid || a->value == b->value);
}

/*
 * The counter is promised from the page or, while that is being written, from
 * kvmclock: that is a published clock, too.
 */
static bool is_fallback(struct run *run, enum subject_reader reader,
			const struct sim_read *read)
{
	struct subject_clock clock;

	return reader == SUBJECT_READER_REFERENCE &&
	       !run->sim.subject->get_clock(&clock) && read->value == clock.clock_ns / 100;
}

/*
 * Nothing else looks at the vDSO's clock: it is vCPU0's tuple, in 63 bits, while that
 * says that all vCPUs' are one, and else none.  Contract: it is set to no more than that.
 */
static void check_vdso(struct run *run, const struct sim_read *read)
{
	struct subject_vcpu_view first;
	u64 want;

	run->sim.subject->view_vcpu(0, &first);
	want = unsigned_read(&first.pvclock, read->tsc);
	if (want >> 63)
		return;
	run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "vdso-kvmclock", .event = "interleave",
		.function = "vread_pvclock",
		.why = "the vDSO has a clock that isn't one for all vCPUs, or has none",
		.unit = "clock", .got = read->valid,
		.want = first.pvclock.flags & SUBJECT_PVCLOCK_TSC_STABLE,
	});
	if (!read->valid || (s64)(read->tsc - first.pvclock.tsc_timestamp) < 0)
		return;
	run_check(run, &(struct verdict){
		.law = LAW_EXACT, .clock = "vdso-kvmclock", .event = "interleave",
		.function = "vread_pvclock",
		.why = "it isn't vCPU0's tuple at this TSC",
		.unit = "ns", .got = read->value, .want = want,
	});
}

static void tell_torn(struct run *run, enum subject_reader reader,
		      const struct sim_read *read, const struct sim_read *after)
{
	run_show(run, readers[reader].clock, readers[reader].unit, read, true,
		 (s64)after->value);
	run_fail(run, &(struct verdict){
		.law = LAW_SEQUENCE, .clock = readers[reader].clock,
		.function = readers[reader].function, .event = "interleave",
		.why = "it is neither the clock before the update nor that after it",
		.unit = readers[reader].unit,
		.got = (s64)read->value, .want = (s64)after->value,
	});
}

/*
 * Of what a guest reads as it likes, by no reader of the tree's: whatever is in memory
 * between two stores is marked as being written, or whole.  A reader that finds it whole,
 * and the same mark before and after, has read one update: the mark's store comes before
 * all others', and the mark is another after each update.
 */
static void check_memory(struct run *run, enum subject_reader reader, u32 vcpu, u32 stores)
{
	const struct event *e = run->event;
	struct sim_read before, after, read;
	struct schedule at = { 0 };

	/* the guest's own stores, in memory that it uses for something else */
	if (reader == SUBJECT_READER_RUNSTATE &&
	    (e->kind == EVENT_XEN_SHARED_INFO ||
	     (e->kind == EVENT_XEN_ATTR && e->value >= SUBJECT_XEN_AREA &&
	      e->value <= SUBJECT_XEN_NO_AREA)))
		return;
	law_asked(LAW_SEQUENCE, readers[reader].clock);
	sim_read_between(&run->sim, reader, vcpu, &at, &before);
	at.store = at.then = stores;
	sim_read_between(&run->sim, reader, vcpu, &at, &after);
	for (u32 i = 0; i < 2 * stores; i++) {
		at = (struct schedule){ .store = i / 2, .then = i / 2, .backwards = i % 2 };
		sim_read_between(&run->sim, reader, vcpu, &at, &read);
		if (read.valid && !same(&read, &before) && !same(&read, &after)) {
			tell_torn(run, reader, &read, &after);
			return;
		}
	}
}

/*
 * What a read gives during an update is what the same reader gives at the same
 * counter where nothing is stored: before the first store, or after the last.
 * Whether those are right is for the other laws.
 *
 * On the writer's own CPU nobody runs between its stores, for it has interrupts
 * off or is the guest's hypervisor; but a reader there may have begun before.
 */
void check_sequence(struct run *run)
{
	u64 value = run->interleave->value;
	u32 vcpu = run->interleave->vcpu, stores = interleave_update();
	enum subject_reader reader = interleave_get(value, INTERLEAVE_READER);
	struct schedule schedule = {
		.store = interleave_get(value, INTERLEAVE_STORE),
		.load = interleave_get(value, INTERLEAVE_LOAD),
		.fresh = interleave_get(value, INTERLEAVE_FRESH),
		.backwards = interleave_get(value, INTERLEAVE_BACKWARDS),
	};
	u32 then = interleave_get(value, INTERLEAVE_THEN);
	struct sim_read before, after, read;

	if (!stores)
		return;
	run->interleave = NULL;
	/* a reader would wait for ever */
	if (run->unended)
		return;
	if (reader >= SUBJECT_READER_SHARED_INFO) {
		check_memory(run, reader, vcpu, stores);
		return;
	}
	/* a vCPU's exit handles one thing at a time */
	if (reader == SUBJECT_READER_REFERENCE && vcpu == run->event->vcpu)
		return;
	/* a step, or a sleep, is several updates: what lies between is published, too */
	if ((reader == SUBJECT_READER_GTOD || reader == SUBJECT_READER_TIMEKEEPER) &&
	    run->event->kind != EVENT_TICK)
		return;
	if (run->sim.vcpu_cpu[vcpu] == run->sim.hw.cpu) {
		schedule.store = 0;
		schedule.then = stores;
	} else {
		schedule.then = then == interleave_max(INTERLEAVE_THEN) ? stores :
				schedule.store + then;
	}
	law_asked(LAW_SEQUENCE, readers[reader].clock);
	subject_refuel();
	sim_read_between(&run->sim, reader, vcpu,
			 &(struct schedule){ 0 }, &before);
	sim_read_between(&run->sim, reader, vcpu,
			 &(struct schedule){ stores, stores, 0, 0, false }, &after);
	sim_read_between(&run->sim, reader, vcpu, &schedule, &read);
	if (reader == SUBJECT_READER_VDSO_PVCLOCK)
		check_vdso(run, &after);
	if (!read.valid || same(&read, &before) || same(&read, &after) ||
	    is_fallback(run, reader, &read))
		return;
	tell_torn(run, reader, &read, &after);
}

/* Says so once, until it is even again. */
static void check_end(struct run *run, int nr, bool ended, const char *clock,
		      const char *function, u32 sequence)
{
	u32 bit = 1u << nr;

	law_asked(LAW_SEQUENCE, clock);
	run->unended = ended ? run->unended & ~bit : run->unended | bit;
	run->unended_told &= run->unended;
	if (ended || run->unended_told & bit || run->broken)
		return;
	run->unended_told |= bit;
	run_fail(run, &(struct verdict){
		.law = LAW_SEQUENCE, .clock = clock, .function = function,
		.event = "left-odd",
		.why = "an update is over, and readers still wait for its end",
		.unit = "", .got = sequence, .want = sequence + 1,
	});
}

/*
 * No update is under way after an event.  A page that KVM takes for set has a
 * sequence, and neither 0 nor what old readers take for "invalid".
 */
void check_even(struct run *run)
{
	u32 vcpu = run->event->vcpu, version = run->vcpu[vcpu].view.pvclock.version;
	bool set = run->vm.page_enabled && run->vm.page_status == SUBJECT_PAGE_SET;
	bool broken = set && run->vm.page_sequence + 1 <= 1;

	check_end(run, vcpu, !(version & 1), "kvmclock", "kvm_setup_guest_pvclock",
		  version);
	check_end(run, 4, !run->vm.seqcount_odd, "seqcount", "write_seqcount_end", 1);
	check_end(run, 5, !(run->vm.wall_clock_version & 1), "guest-wall-clock",
		  "kvm_write_wall_clock", run->vm.wall_clock_version);
	check_end(run, 6, !broken, "TSC-page",
		  "kvm_hv_setup_tsc_page", run->vm.page_sequence);
}

/* A page with a sequence has a time, whatever that is: none is in-band "invalid". */
void check_page_said(struct run *run, const struct sim_read *read)
{
	if (read->valid || !run->vm.page_sequence)
		return;
	run_fail(run, &(struct verdict){
		.law = LAW_SEQUENCE, .clock = "TSC-page",
		.function = "hv_read_tsc_page_tsc",
		.why = "the page has a sequence, and the reader says that it has none",
		.unit = "100ns", .got = 0,
		.want = page_at(run, read->tsc),
	});
}

/* The host couldn't write to the guest's memory: the page there is nobody's. */
void forget_unwritten(struct run *run)
{
	run->page_pending = true;
	start_afresh(run);
}
