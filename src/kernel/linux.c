// SPDX-License-Identifier: GPL-2.0-only
/*
 * Subject "linux": the table, the reset, and the guard around sliced code.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "version.h"

extern const struct subject_function subject_functions[];

struct subject_hw *shim_hw;

/* ---- reset --------------------------------------------------------------- */

extern u8 __start_cf_state[], __stop_cf_state[];
/* weak: a build without initialised state has no such section */
extern u8 __start_cf_state_init[] __attribute__((weak));
extern u8 __stop_cf_state_init[] __attribute__((weak));

static u8 pristine[4096];

__attribute__((constructor, no_sanitize("address")))
static void keep_pristine(void)
{
	size_t size = __stop_cf_state_init - __start_cf_state_init;

	if (size > sizeof(pristine))
		abort();
	for (size_t i = 0; i < size; i++)
		pristine[i] = __start_cf_state_init[i];
}

/*
 * Sanitizers put redzones between the variables; writing zeroes over them is
 * what we want, so their checks stay out.
 */
__attribute__((no_sanitize("address"))) static void forget(void)
{
	u64 *p = (u64 *)__start_cf_state;
	size_t i;

	for (i = 0; i < (size_t)(__stop_cf_state - __start_cf_state) / 8; i++)
		p[i] = 0;
	for (u8 *q = (u8 *)(p + i); q < __stop_cf_state; q++)
		*q = 0;
	for (i = 0; i < (size_t)(__stop_cf_state_init - __start_cf_state_init); i++)
		__start_cf_state_init[i] = pristine[i];
}

static void linux_boot(const struct subject_config *config,
		       struct subject_hw *hw)
{
	forget();
	shim_hw = hw;
	host_boot(config);
	guest_boot();
}

/* ---- guard --------------------------------------------------------------- */

/*
 * The longest honest loop, __iter_div_u64_rem() after a gap without ticks, turns
 * 2^(64 - shift) / 10^9 times, 2,199 at the least shift, 23; an event calls it
 * seven times at most.
 */
#define FUEL 20000u

u32 shim_fuel = FUEL;

static sigjmp_buf guard_env;
static volatile bool guarded;
static struct subject_trap guard_trap;

_Noreturn void shim_out_of_fuel(const char *file, int line);

_Noreturn void shim_out_of_fuel(const char *file, int line)
{
	if (!guarded) {
		fprintf(stderr, "clockfuzz: %s:%d: loop doesn't end\n", file, line);
		abort();
	}
	guard_trap = (struct subject_trap){
		.kind = SUBJECT_TRAP_LOOP, .file = file, .line = line,
	};
	siglongjmp(guard_env, 1);
}

static void on_sigfpe(int sig, siginfo_t *info, void *context)
{
	if (!guarded) {
		signal(sig, SIG_DFL);
		return;
	}
	guard_trap = (struct subject_trap){
		.kind = SUBJECT_TRAP_DIVIDE, .pc = info->si_addr,
	};
	siglongjmp(guard_env, 1);
}

void subject_refuel(void)
{
	shim_fuel = FUEL;
}

void subject_guard(void (*fn)(void *arg), void *arg, struct subject_trap *trap)
{
	static bool installed;

	if (!installed) {
		struct sigaction sa = {
			.sa_sigaction = on_sigfpe,
			.sa_flags = SA_SIGINFO | SA_NODEFER,
		};

		sigaction(SIGFPE, &sa, NULL);
		installed = true;
	}
	shim_fuel = FUEL;
	if (sigsetjmp(guard_env, 0)) {
		guarded = false;
		shim_fuel = FUEL;
		*trap = guard_trap;
		return;
	}
	guarded = true;
	fn(arg);
	guarded = false;
	trap->kind = SUBJECT_TRAP_NONE;
}

const struct subject subject_linux = {
	.name = "linux",
	.version = CF_TREE_VERSION,
	.tree = CF_TREE_PATH,
	.functions = subject_functions,
	.scale_delta = host_scale_delta,
	.time_scale = host_time_scale,
	.pvclock_read = guest_pvclock_read,
	.hv_page_read = guest_hv_page_read,
	.hv_page_params = host_hv_page_params,
	.scale_tsc = host_scale_tsc,
	.tsc_ratio = host_tsc_ratio,
	.nested_offset = host_nested_offset,
	.nested_multiplier = host_nested_multiplier,
	.guest_tsc = host_guest_tsc,
	.boot = linux_boot,
	.hotplug_vcpu = host_hotplug_vcpu,
	.recreate_vm = host_recreate_vm,
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
};
