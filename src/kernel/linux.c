// SPDX-License-Identifier: GPL-2.0-only
/*
 * Subject "linux": the table, the reset, and the hosts that it is in turn.
 */
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "version.h"

extern const struct subject_function subject_functions[];

struct subject_hw *shim_hw;

/* ---- state ---------------------------------------------------------------- */

struct state {
	u8 *start, *stop;		/* zero when forgotten */
	u8 *init, *init_stop;		/* as compiled */
	u8 *pristine;
};

/* weak: a build without initialised state has no such section */
#define STATE(name)							\
	extern u8 __start_##name[] __attribute__((weak));		\
	extern u8 __stop_##name[] __attribute__((weak));		\
	extern u8 __start_##name##_init[] __attribute__((weak));	\
	extern u8 __stop_##name##_init[] __attribute__((weak));		\
	static struct state name = {					\
		__start_##name, __stop_##name,				\
		__start_##name##_init, __stop_##name##_init,		\
	}

STATE(cf_state);			/* of the host, and of KVM on it */
STATE(cf_guest);

/*
 * Sanitizers put redzones between the variables; reading and writing them is what
 * we want.  A loop is a call of theirs where a compiler makes it memset().
 */
static void copy(u8 *to, const u8 *from, size_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void forget(const struct state *state)
{
	u8 *start = state->start;
	size_t size = state->stop - start;

	__asm__ volatile("rep stosb" : "+D"(start), "+c"(size) : "a"(0) : "memory");
	copy(state->init, state->pristine, state->init_stop - state->init);
}

static void keep_pristine(struct state *state)
{
	size_t size = state->init_stop - state->init;

	state->pristine = malloc(size + 1);
	if (!state->pristine)
		abort();
	copy(state->pristine, state->init, size);
}

__attribute__((constructor)) static void keep_all(void)
{
	keep_pristine(&cf_state);
	keep_pristine(&cf_guest);
}

/* ---- hosts ---------------------------------------------------------------- */

static u32 present;
static u8 *aside[SUBJECT_MAX_HOSTS];	/* hosts that aren't the present one */

static void put_aside(u32 host)
{
	size_t size = cf_state.stop - cf_state.start;
	size_t init_size = cf_state.init_stop - cf_state.init;

	if (!aside[host])
		aside[host] = malloc(size + init_size + 1);
	if (!aside[host])
		abort();
	copy(aside[host], cf_state.start, size);
	copy(aside[host] + size, cf_state.init, init_size);
}

static void take_back(u32 host)
{
	size_t size = cf_state.stop - cf_state.start;

	copy(cf_state.start, aside[host], size);
	copy(cf_state.init, aside[host] + size, cf_state.init_stop - cf_state.init);
}

static void linux_enter_host(u32 host, const struct subject_config *config,
			     struct subject_hw *hw)
{
	shim_hw = hw;
	hw->reference_counter = host_reference_counter;
	if (host != present)
		put_aside(present);
	if (config) {
		forget(&cf_state);
		host_boot(config);
	} else if (host != present) {
		take_back(host);
	}
	present = host;
}

static void linux_boot(const struct subject_config *config,
		       struct subject_hw *hw)
{
	present = 0;
	forget(&cf_guest);
	linux_enter_host(0, config, hw);
	host_create_vm(config->nr_vcpus);
	guest_boot();
}

static void linux_boot_clocks(const struct subject_boot *at, struct subject_boot_after *after)
{
	forget(&cf_state);
	host_boot_clocks(at, after);
}

static void linux_sleep_clocks(const struct subject_sleeps *at,
			       struct subject_sleeps_after *after)
{
	forget(&cf_state);
	host_sleep_clocks(at, after);
}

static void linux_slew_clocks(const struct subject_slew *at, struct subject_slew_after *after)
{
	forget(&cf_state);
	host_slew_clocks(at, after);
}

static bool linux_read(enum subject_reader reader, u32 vcpu, u64 tsc, u64 *value)
{
	return reader < SUBJECT_READER_GTOD ? guest_read(reader, vcpu, tsc, value) :
					      host_read(reader, vcpu, value);
}

/*
 * A build of several trees compiles this folder once for each: the first is
 * subject_linux, its successors have names of their own (CMakeLists.txt).
 */
#ifdef CF_SUCCESSOR
extern const struct subject CF_SUCCESSOR;
#define SUCCESSOR (&CF_SUCCESSOR)
#else
#define SUCCESSOR NULL
#endif
#ifndef CF_SUBJECT
#define CF_SUBJECT subject_linux
#endif

const struct subject CF_SUBJECT = {
	.name = "linux",
	.version = CF_TREE_VERSION,
	.tree = CF_TREE_PATH,
	.functions = subject_functions,
	.successor = SUCCESSOR,
	/* these a report needs, too */
	.scale_delta = host_scale_delta,
	.time_scale = host_time_scale,
	.pvclock_read = guest_pvclock_read,
	.guest_tsc = host_guest_tsc,
	SUBJECT_PURE(hv_page_read, guest_hv_page_read),
	SUBJECT_PURE(hv_page_params, host_hv_page_params),
	SUBJECT_PURE(scale_tsc, host_scale_tsc),
	SUBJECT_PURE(tsc_ratio, host_tsc_ratio),
	SUBJECT_PURE(nested_offset, host_nested_offset),
	SUBJECT_PURE(nested_multiplier, host_nested_multiplier),
	SUBJECT_PURE(register_counter, host_register_counter),
	SUBJECT_PURE(counter_passed, host_counter_passed),
	SUBJECT_PURE(timekeeping_read, host_timekeeping_read),
	SUBJECT_PURE(vdso_read, guest_vdso_read),
	SUBJECT_PURE(vdso_update, guest_vdso_update),
	SUBJECT_PURE(suspend_timing, host_suspend_timing),
	SUBJECT_PURE(time_add, host_time_add),
	SUBJECT_PURE(in_interval, host_in_interval),
	SUBJECT_PURE(sched_clock, guest_sched_clock),
	SUBJECT_PURE(boot_clocks, linux_boot_clocks),
	SUBJECT_PURE(sleep_clocks, linux_sleep_clocks),
	SUBJECT_PURE(slew_clocks, linux_slew_clocks),
	SUBJECT_PURE(ntp_seconds, host_ntp_seconds),
#ifndef CF_PURE
	.boot = linux_boot,
	.hotplug_vcpu = host_hotplug_vcpu,
	.enter_host = linux_enter_host,
	.create_vm = host_create_vm,
	.tick = host_tick,
	.run_vcpu = host_run_vcpu,
	.request_masterclock = host_request_masterclock,
	.write_tsc = host_write_tsc,
	.set_tsc_offset = host_set_tsc_offset,
	.get_tsc_offset = host_get_tsc_offset,
	.set_tsc_khz = host_set_tsc_khz,
	.get_clock = host_get_clock,
	.set_clock = host_set_clock,
	.wall_clock_epoch = host_wall_clock_epoch,
	.write_tsc_page = host_write_tsc_page,
	.set_reenlightenment = host_set_reenlightenment,
	.get_hv_msrs = host_get_hv_msrs,
	.set_hv_msrs = host_set_hv_msrs,
	.reference_counter = host_reference_counter,
	.write_stimer_config = host_write_stimer_config,
	.write_stimer_count = host_write_stimer_count,
	.set_message_slot = host_set_message_slot,
	.view_stimer = host_view_stimer,
	.guest_read_pvclock = guest_read_pvclock,
	.guest_read_tsc_page = guest_read_tsc_page,
	.guest_read_hv_clock = guest_read_hv_clock,
	.guest_vread_hv_clock = guest_vread_hv_clock,
	.guest_read_sched_clock = guest_read_sched_clock,
	.guest_hibernate = guest_hibernate,
	.view_vm = host_view_vm,
	.view_vcpu = host_view_vcpu,
	.view_timekeeper = host_view_timekeeper,
	.set_l2_tsc_offset = host_set_l2_tsc_offset,
	.set_l2_tsc_multiplier = host_set_l2_tsc_multiplier,
	.nested = host_nested,
	.view_nested = host_view_nested,
	.xen_vcpu = host_xen_vcpu,
	.xen_shared_info = host_xen_shared_info,
	.xen_set_timer = host_xen_set_timer,
	.xen_set_runstate = host_xen_set_runstate,
	.set_slot_gone = host_set_slot_gone,
	.view_xen = host_view_xen,
	.write_tsc_deadline = host_write_tsc_deadline,
	.write_lapic_timer = host_write_lapic_timer,
	.read_tmcct = host_read_tmcct,
	.view_lapic = host_view_lapic,
	.write_wall_clock = host_write_wall_clock,
	.guarded_memory = host_guarded_memory,
	.read = linux_read,
	.pause_guest = host_pause_guest,
	.guest_tsc_khz = guest_tsc_khz,
	.suspend = host_suspend,
	.resume = host_resume,
	.ntp_slew = host_ntp_slew,
	.step_realtime = host_step_realtime,
	.set_clocksource = host_set_clocksource,
	.xen_restore_runstate = host_xen_restore_runstate,
	.xen_attr = host_xen_attr,
#endif
};
