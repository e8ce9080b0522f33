// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmclock.
 *
 * It is one function of the host's TSC, and everybody's: the guest's tuples, the
 * VMM's KVM_GET_CLOCK, the wall clock.  A new snapshot begins where the old one has
 * come to, to 2^-64 ns: nothing is lost however often that is, and since the rate is
 * the published pair's own, nobody who still has the old tuple sees a step.
 *
 * With one TSC rate for all vCPUs, on a host that goes by its TSC, the guest is told that
 * the clock is stable.  Where rates differ no pair is everybody's: then each vCPU gets a
 * tuple of its own at each entry, and the guest isn't told so.
 */
#include "reference.h"

static u8 frac(void)
{
	return host->config.tsc_frac_bits;
}

/* 2^-64 ns; the raw TSC times the ratio is a product that isn't cut */
static u128 passed(const struct ref_clock *clock, u64 raw)
{
	u128 from = (u128)clock->tsc * clock->ratio, to = (u128)raw * clock->ratio;
	u64 fraction = (1ull << frac()) - 1;
	s128 cycles = (s128)(to >> frac()) - (s128)(from >> frac());
	s128 part = (s128)((u64)to & fraction) - (s128)((u64)from & fraction);
	int left = 32 + clock->pair.shift;

	part *= clock->pair.mul;
	part = left >= frac() ? part * ((s128)1 << (left - frac())) :
				part >> (frac() - left);
	return ((u128)(cycles * clock->pair.mul) << left) + part;
}

static u128 exact_ns(u64 raw)
{
	return vm.clock.ns + passed(&vm.clock, raw);
}

/*
 * As the guest computes it, so that both show the same, to the ns; but a scaled
 * guest's cycle may be coarser than the clock.  On a CPU behind the snapshot it is the
 * snapshot.
 */
static u64 clock_at(u64 raw)
{
	const struct ref_clock *clock = &vm.clock;
	u64 base = clock->ns >> 64;
	u128 cycles;

	if ((s64)(raw - clock->tsc) < 0)
		return planted(PLANT_UNSIGNED_READ, base,
			       base + ref_scale_narrow(raw - clock->tsc, clock->pair));
	if (clock->pair.shift > 0 && clock->ratio != 1ull << frac())
		return base + (u64)(passed(clock, raw) >> 64);
	cycles = ((u128)raw * clock->ratio >> frac()) -
		 ((u128)clock->tsc * clock->ratio >> frac());
	return base + (u64)ref_scale(cycles, clock->pair);
}

u64 ref_clock_unscaled(void)
{
	s64 delta = hw->raw_tsc - vm.clock.tsc;

	return (u64)(vm.clock.ns >> 64) +
	       (u64)((s128)(delta < 0 ? 0 : delta) * 1000000 / host->config.tsc_khz);
}

u64 ref_clock_ns(void)
{
	return clock_at(hw->raw_tsc);
}

void ref_clock_yank(u32 nr, enum plant plant, u32 bit)
{
	vm.yanks |= planted(plant, 0, bit);
	vm.vcpu[nr].masterclock |= planted(plant, 0, true);
}

/* How far the host's clock is ahead of this one since the snapshot, ns. */
static s64 host_drift(void)
{
	return (u64)ref_host_ns() - vm.clock.host_ns -
	       (u64)(passed(&vm.clock, hw->raw_tsc) >> 64);
}

/* By that the VM's clock is moved where a snapshot begins with the host's. */
static s64 yanked(void)
{
	u64 drift = host_drift();
	u32 yanks = vm.yanks;

	vm.yanks = 0;
	return planted(PLANT_WARP, 0, drift) +
	       planted(PLANT_HOTPLUG_YANK, 0, drift & -(u64)!!(yanks & YANK_HOTPLUG)) +
	       planted(PLANT_SHARED_INFO_YANK, 0, drift & -(u64)!!(yanks & YANK_SHARED_INFO)) +
	       planted(PLANT_SET_CLOCK_YANK, 0, drift & -(u64)!!(yanks & YANK_SET_CLOCK));
}

static bool one_rate(void)
{
	for (u32 i = 1; i < vm.nr_vcpus; i++)
		if (vm.vcpu[i].ratio != vm.vcpu[0].ratio)
			return false;
	return true;
}

static bool is_stable(void)
{
	return host->clocksource != SUBJECT_CS_OTHER && one_rate();
}

static void snapshot(u128 ns)
{
	struct ref_clock *clock = &vm.clock;

	if (vm.nr_vcpus && one_rate()) {
		clock->ratio = vm.vcpu[0].ratio;
		clock->pair = vm.vcpu[0].pair;
	}
	clock->tsc = hw->raw_tsc;
	clock->host_ns = ref_unless_gap(PLANT_GAP_SNAPSHOT, ref_host_ns());
	clock->ns = ns;
	vm.generation++;
	hw->masterclock_updates++;
	ref_page_stale();
}

void ref_clock_create(void)
{
	vm.stable = is_stable();
	vm.clock.ratio = 1ull << frac();
	vm.clock.pair = ref_pair(1000000, planted(PLANT_EARLY_KHZ, host->config.tsc_khz,
						  host->config.early_tsc_khz));
	snapshot(0);
}

/* Never on a CPU behind the last snapshot, for others have read beyond that. */
void ref_clock_rebase(bool must)
{
	u64 raw = hw->raw_tsc;

	if (must || (s64)(raw - vm.clock.tsc) > 0)
		snapshot(exact_ns(raw) + ((u128)(s128)yanked() << 64));
}

void ref_clock_rates(void)
{
	bool stable = is_stable();

	vm.rates_changed = false;
	if (stable != vm.stable) {
		vm.stable = stable;
		vm.generation++;
		ref_page_stale();
	}
	if (one_rate())
		ref_clock_rebase(vm.vcpu[0].ratio != vm.clock.ratio);
}

/* While the host sleeps nobody can tell the time by its TSC. */
void ref_clock_suspend(void)
{
	vm.clock.ns = exact_ns(hw->raw_tsc);
}

/* Each vCPU is told at its next entry, and from there on it is one clock again. */
void ref_clock_resume(u64 slept_ns)
{
	snapshot(vm.clock.ns + ((u128)slept_ns << 64));
	vm.woken = true;
}

/* Even, odd while it is written, even again. */
void ref_clock_publish(u32 nr)
{
	struct ref_vcpu *vcpu = &vm.vcpu[nr];
	struct abi_pvclock *pv = PVCLOCK(nr);
	struct pair pair = vm.stable ? vm.clock.pair : vcpu->pair;
	u64 at = vm.stable ? vm.clock.tsc : hw->raw_tsc;

	plant_loop(PLANT_ZERO_KHZ_LOOP, vcpu->updates &&
		   !ref_ratio(host->config.tsc_khz, vcpu->ratio, frac()));
	at = planted(PLANT_ORIGIN, at, hw->raw_tsc);
	pv->version |= 1;
	pv->tsc_timestamp = ref_tsc(vcpu, at);
	pv->tsc_timestamp += planted(PLANT_L2_OFFSET, 0, vcpu->in_l2 ?
				     vcpu->hardware.offset - vcpu->offset : 0);
	pv->system_time = clock_at(at);
	pv->system_time += planted(PLANT_ONE_VCPU_SLEWED, 0, nr ? host_drift() : 0);
	pv->tsc_to_system_mul = pair.mul;
	pv->tsc_shift = pair.shift;
	/* who was stopped is told until it has read it */
	pv->flags = (vm.stable ? SUBJECT_PVCLOCK_TSC_STABLE : 0) |
		    (vcpu->paused ? SUBJECT_PVCLOCK_GUEST_STOPPED :
				    pv->flags & SUBJECT_PVCLOCK_GUEST_STOPPED);
	vcpu->paused = false;
	pv->version++;
	vcpu->due = false;
	vcpu->generation = vm.generation;
	vcpu->updates++;
}

/* ---- the VMM --------------------------------------------------------------- */

int ref_get_clock(struct subject_clock *clock)
{
	u64 ns = ref_clock_ns();

	*clock = (struct subject_clock){
		.clock_ns = planted(PLANT_GET_CLOCK_UNSCALED, ns, ref_clock_unscaled()),
	};
	if (vm.stable) {
		clock->flags = SUBJECT_CLOCK_TSC_STABLE | SUBJECT_CLOCK_REALTIME |
			       SUBJECT_CLOCK_HOST_TSC;
		clock->realtime_ns = ref_realtime_ns();
		clock->host_tsc = hw->raw_tsc;
	}
	return 0;
}

/* With the realtime, the clock has gone on for as long as that. */
int ref_set_clock(const struct subject_clock *clock)
{
	u64 ns = clock->clock_ns, now = ref_realtime_ns();

	if (clock->flags & SUBJECT_CLOCK_REALTIME && now > clock->realtime_ns)
		ns += now - clock->realtime_ns;
	snapshot((u128)ns << 64);
	vm.yanks |= vm.yanks & YANK_WRITE_TSC ? YANK_SET_CLOCK : 0;
	return 0;
}

/* CLOCK_REALTIME where kvmclock was 0: both are read at one TSC. */
u64 ref_wall_clock_epoch(void)
{
	u64 ns = ref_clock_ns();

	ns = planted(PLANT_EPOCH_UNSCALED, ns, ref_clock_unscaled());
	ns = planted(PLANT_TWO_READS, ns, clock_at(hw->raw_tsc + hw->preempted_cycles));
	return ref_realtime_ns() - ns;
}

void ref_write_wall_clock(u32 vcpu)
{
	struct abi_wall_clock *wall = WALL_CLOCK;
	u64 epoch_ns = ref_wall_clock_epoch();

	wall->version |= 1;
	wall->sec = epoch_ns / CF_NS_PER_SEC;
	wall->nsec = epoch_ns % CF_NS_PER_SEC;
	wall->version++;
}
