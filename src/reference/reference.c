// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts, vCPUs and their entries; the table behind subject_reference.
 */
#include "reference.h"

struct subject_hw *hw;
struct ref_host *host;
struct ref_vm vm;
struct ref_guest guest;

static struct ref_host hosts[SUBJECT_MAX_HOSTS];

/* ---- vCPUs ------------------------------------------------------------------- */

/*
 * First what was asked of the clock, then what this vCPU's guest sees of it, then
 * timers, which go by that.
 */
static void run_vcpu(u32 nr)
{
	struct ref_vcpu *vcpu = &vm.vcpu[nr];

	if (vm.rates_changed)
		ref_clock_rates();
	if (vcpu->masterclock || vm.woken)
		ref_clock_rebase(vm.woken);
	vcpu->masterclock = vm.woken = false;
	if (vcpu->catchup)
		ref_tsc_catch_up(vcpu);
	vcpu->due |= vcpu->catchup;
	if (vcpu->due || vcpu->generation != vm.generation || !vm.stable ||
	    vm.page_due) {
		if (!vm.slot_gone)
			ref_clock_publish(nr);
		if (vm.page_due)
			ref_page_publish();
	}
	ref_timers_run(nr);
	ref_tsc_enter(vcpu);
}

static void request_masterclock(u32 nr)
{
	vm.vcpu[nr].masterclock = true;
}

static void nested(u32 nr, enum subject_nested how)
{
	struct ref_vcpu *vcpu = &vm.vcpu[nr];

	run_vcpu(nr);
	vcpu->left_multiplier = vcpu->in_l2 && how == SUBJECT_NESTED_EXIT ?
				vcpu->hardware.multiplier : 0;
	vm.vcpu[nr].in_l2 = how == SUBJECT_NESTED_ENTER ||
			    (how == SUBJECT_NESTED_ENTER_FAILS && vm.vcpu[nr].in_l2);
	ref_tsc_enter(&vm.vcpu[nr]);
}

static void hotplug_vcpu(void)
{
	if (vm.nr_vcpus == SUBJECT_MAX_VCPUS)
		return;
	ref_tsc_create(vm.nr_vcpus);
	ref_clock_yank(vm.nr_vcpus++, PLANT_HOTPLUG_YANK, YANK_HOTPLUG);
}

/* What isn't written while the guest's memory is away is so once it is back. */
static void set_slot_gone(bool gone)
{
	vm.slot_gone = gone;
	for (u32 i = 0; i < vm.nr_vcpus; i++)
		vm.vcpu[i].due = true;
}

/* ---- hosts ------------------------------------------------------------------- */

static void create_vm(u32 nr_vcpus)
{
	__builtin_memset(&vm, 0, sizeof(vm));
	ref_clock_create();
	while (vm.nr_vcpus < nr_vcpus)
		hotplug_vcpu();
}

static void enter_host(u32 nr, const struct subject_config *config,
		       struct subject_hw *now)
{
	hw = now;
	hw->reference_counter = ref_reference_counter;
	host = &hosts[nr];
	if (config)
		ref_host_boot(config);
}

static void boot(const struct subject_config *config, struct subject_hw *now)
{
	__builtin_memset(&guest, 0, sizeof(guest));
	enter_host(0, config, now);
	create_vm(config->nr_vcpus);
}

/* ---- views ------------------------------------------------------------------- */

static void view_vm(struct subject_vm_view *view)
{
	const struct abi_tsc_page *page = TSC_PAGE;

	*view = (struct subject_vm_view){
		.use_master_clock = vm.stable,
		.master_cycle_now = vm.clock.tsc,
		.master_kernel_ns = vm.clock.host_ns,
		.kvmclock_offset_ns = (u64)(vm.clock.ns >> 64) - vm.clock.host_ns,
		.masterclock_updates = hw->masterclock_updates,
		.page_enabled = ref_page_enabled(),
		.page_status = vm.page,
		.tsc_emulation = vm.tsc_emulation,
		.page_sequence = page->sequence,
		.page_scale = page->scale,
		.page_offset_100ns = page->offset,
		.wall_clock_version = WALL_CLOCK->version,
	};
}

struct subject_pvclock ref_view_pvclock(u32 nr)
{
	const struct abi_pvclock *pv = PVCLOCK(nr);

	return (struct subject_pvclock){
		.version = pv->version,
		.tsc_timestamp = pv->tsc_timestamp,
		.system_time = pv->system_time,
		.tsc_to_system_mul = pv->tsc_to_system_mul,
		.tsc_shift = pv->tsc_shift,
		.flags = pv->flags,
	};
}

static void view_vcpu(u32 nr, struct subject_vcpu_view *view)
{
	const struct ref_vcpu *vcpu = &vm.vcpu[nr];

	*view = (struct subject_vcpu_view){
		.pvclock = ref_view_pvclock(nr),
		.tsc_offset = vcpu->offset,
		.tsc_multiplier = vcpu->ratio,
		.virtual_tsc_khz = vcpu->khz,
		.hw_tsc_khz = ref_ratio(host->config.tsc_khz, vcpu->ratio,
					host->config.tsc_frac_bits),
		.tsc_catchup = vcpu->catchup,
		.in_l2 = vcpu->in_l2,
		.tsc_differs = !vcpu->in_l2 &&
			       (vcpu->hardware.offset != vcpu->offset ||
				vcpu->hardware.multiplier != vcpu->ratio),
		.this_tsc_write = vcpu->write_tsc,
		.this_tsc_nsec = vcpu->write_ns,
		.updates = vcpu->updates,
	};
}

/* ---- the table --------------------------------------------------------------- */

/* Nobody can be seen between two stores. */
static void *guarded_memory(enum subject_reader reader, u32 nr, u32 *size)
{
	static u64 nothing;

	*size = sizeof(nothing);
	return &nothing;
}

static bool read_guarded(enum subject_reader reader, u32 nr, u64 tsc, u64 *value)
{
	return false;
}

static void pause_guest(u32 nr)
{
	vm.vcpu[nr].paused = vm.vcpu[nr].due = true;
}

static const struct subject_function functions[] = { { 0 } };

const struct subject subject_reference = {
	.name = "reference",
	.version = "1",
	.tree = "src/reference",
	.functions = functions,
	/* these a report needs, too */
	.scale_delta = ref_scale_delta,
	.time_scale = ref_time_scale,
	.pvclock_read = ref_pvclock_read,
	.guest_tsc = ref_guest_tsc,
	SUBJECT_PURE(hv_page_read, ref_hv_page_read),
	SUBJECT_PURE(hv_page_params, ref_hv_page_params),
	SUBJECT_PURE(scale_tsc, ref_ratio),
	SUBJECT_PURE(tsc_ratio, ref_tsc_ratio),
	SUBJECT_PURE(nested_offset, ref_nested_offset),
	SUBJECT_PURE(nested_multiplier, ref_nested_multiplier),
	SUBJECT_PURE(register_counter, ref_register_counter),
	SUBJECT_PURE(counter_passed, ref_counter_passed),
	SUBJECT_PURE(timekeeping_read, ref_timekeeping_read),
	SUBJECT_PURE(vdso_read, ref_vdso_read),
	SUBJECT_PURE(vdso_update, ref_vdso_update),
	SUBJECT_PURE(suspend_timing, ref_suspend_timing),
	SUBJECT_PURE(time_add, ref_time_add),
	SUBJECT_PURE(in_interval, ref_in_interval),
	SUBJECT_PURE(sched_clock, ref_sched_clock),
	SUBJECT_PURE(boot_clocks, ref_boot_clocks),
	SUBJECT_PURE(sleep_clocks, ref_sleep_clocks),
	SUBJECT_PURE(slew_clocks, ref_slew_clocks),
	SUBJECT_PURE(ntp_seconds, ref_ntp_seconds),
#ifndef CF_PURE
	.boot = boot,
	.hotplug_vcpu = hotplug_vcpu,
	.enter_host = enter_host,
	.create_vm = create_vm,
	.tick = ref_tick,
	.run_vcpu = run_vcpu,
	.request_masterclock = request_masterclock,
	.write_tsc = ref_write_tsc,
	.set_tsc_offset = ref_set_tsc_offset,
	.get_tsc_offset = ref_get_tsc_offset,
	.set_tsc_khz = ref_set_tsc_khz,
	.get_clock = ref_get_clock,
	.set_clock = ref_set_clock,
	.wall_clock_epoch = ref_wall_clock_epoch,
	.write_tsc_page = ref_write_tsc_page,
	.get_hv_msrs = ref_get_hv_msrs,
	.set_hv_msrs = ref_set_hv_msrs,
	.set_reenlightenment = ref_set_reenlightenment,
	.reference_counter = ref_reference_counter,
	.write_stimer_config = ref_write_stimer_config,
	.write_stimer_count = ref_write_stimer_count,
	.set_message_slot = ref_set_message_slot,
	.guest_read_pvclock = ref_guest_read_pvclock,
	.guest_read_tsc_page = ref_guest_read_tsc_page,
	.guest_read_hv_clock = ref_guest_read_hv_clock,
	.guest_vread_hv_clock = ref_guest_vread_hv_clock,
	.guest_read_sched_clock = ref_guest_read_sched_clock,
	.guest_hibernate = ref_guest_hibernate,
	.view_vm = view_vm,
	.view_vcpu = view_vcpu,
	.view_stimer = ref_view_stimer,
	.view_timekeeper = ref_view_timekeeper,
	.write_wall_clock = ref_write_wall_clock,
	.guarded_memory = guarded_memory,
	.read = read_guarded,
	.set_l2_tsc_offset = ref_set_l2_tsc_offset,
	.set_l2_tsc_multiplier = ref_set_l2_tsc_multiplier,
	.nested = nested,
	.view_nested = ref_view_nested,
	.xen_vcpu = ref_xen_vcpu,
	.xen_shared_info = ref_xen_shared_info,
	.xen_set_timer = ref_xen_set_timer,
	.xen_set_runstate = ref_xen_set_runstate,
	.set_slot_gone = set_slot_gone,
	.view_xen = ref_view_xen,
	.write_tsc_deadline = ref_write_tsc_deadline,
	.write_lapic_timer = ref_write_lapic_timer,
	.read_tmcct = ref_read_tmcct,
	.view_lapic = ref_view_lapic,
	.pause_guest = pause_guest,
	.guest_tsc_khz = ref_guest_tsc_khz,
	.suspend = ref_suspend,
	.resume = ref_resume,
	.ntp_slew = ref_ntp_slew,
	.step_realtime = ref_step_realtime,
	.set_clocksource = ref_set_clocksource,
	.xen_restore_runstate = ref_xen_restore_runstate,
	.xen_attr = ref_xen_attr,
#endif
};
