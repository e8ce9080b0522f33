// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's TSC: the raw one times the vCPU's ratio, plus its offset.
 *
 * A TSC is what was written, to the cycle, on that CPU; but what a VMM writes to a vCPU
 * less than a second beside the one that it wrote before is meant to be that one, and
 * late because a VMM takes time.  A change of frequency
 * changes the rate, and not the value.  Who asks for more than the host has, without
 * TSC scaling, is brought forward at each entry: to now, and never back.
 */
#include "reference.h"

static u8 frac(void)
{
	return host->config.tsc_frac_bits;
}

u64 ref_tsc(const struct ref_vcpu *vcpu, u64 raw)
{
	return ref_ratio(raw, vcpu->ratio, frac()) + vcpu->offset;
}

/* The vCPU's TSC is @tsc here and now. */
static void set_tsc(struct ref_vcpu *vcpu, u64 tsc)
{
	vcpu->offset = tsc - ref_ratio(hw->raw_tsc, vcpu->ratio, frac());
	vcpu->due = true;
	ref_page_stale();
}

/* The same by somebody's will: it goes on from there. */
static void restart_tsc(struct ref_vcpu *vcpu, u64 tsc)
{
	set_tsc(vcpu, tsc);
	vcpu->write_tsc = tsc;
	vcpu->write_ns = ref_host_ns();
}

/* Is @tsc, of @vcpu, what the VMM's last write has come to, within a second? */
static bool is_last_written(const struct ref_vcpu *vcpu, u64 tsc)
{
	const struct ref_write *last = &vm.written;
	s64 second = vcpu->khz * 1000ll, apart;

	if (!last->known || last->khz != vcpu->khz || last->ratio != vcpu->ratio)
		return false;
	apart = tsc - last->tsc -
		(u64)((s128)(ref_host_ns() - last->ns) * vcpu->khz / 1000000);
	return apart < second && apart > -second;
}

static void remember_write(const struct ref_vcpu *vcpu, u64 tsc)
{
	vm.written = (struct ref_write){
		.known = true, .tsc = tsc, .offset = vcpu->offset, .ratio = vcpu->ratio,
		.khz = vcpu->khz, .ns = ref_host_ns(),
	};
}

/* What is beyond whole kHz, by bugs that begin with dropping that. */
static u64 dropped(u64 fraction)
{
	return planted(PLANT_CUT_KHZ, 0, fraction) +
	       planted(PLANT_GET_CLOCK_UNSCALED, 0, fraction) +
	       planted(PLANT_EPOCH_UNSCALED, 0, fraction) +
	       planted(PLANT_COUNTER_UNSCALED, 0, fraction) +
	       planted(PLANT_XEN_TIMER_UNSCALED, 0, fraction);
}

/* kHz with a fraction of frac() bits */
static void set_ratio(struct ref_vcpu *vcpu, u64 ratio)
{
	u32 host_khz = planted(PLANT_EARLY_KHZ, host->config.tsc_khz,
			       host->config.early_tsc_khz);
	u128 khz = (u128)host_khz * ratio;

	/* of less than a kHz nothing would be left */
	if (khz >> frac())
		khz -= dropped((u64)khz & ((1ull << frac()) - 1));
	vcpu->ratio = ratio;
	vcpu->pair = ref_pair((u128)1000000 << frac(), khz);
	vm.rates_changed = true;
}

/* A new vCPU's TSC is that of the others; the first one's is 0. */
void ref_tsc_create(u32 nr)
{
	struct ref_vcpu *vcpu = &vm.vcpu[nr], *first = &vm.vcpu[0];

	vcpu->l2.multiplier = 1ull << frac();
	vcpu->due = true;
	if (nr) {
		vcpu->ratio = first->ratio;
		vcpu->pair = first->pair;
		vcpu->offset = first->offset;
		vcpu->khz = first->catchup ? host->config.tsc_khz : first->khz;
		return;
	}
	vcpu->khz = host->config.tsc_khz;
	vcpu->ratio = 1ull << frac();
	vcpu->pair = vm.clock.pair;
	restart_tsc(vcpu, 0);
}

void ref_write_tsc(u32 nr, u64 tsc, bool by_host)
{
	struct ref_vcpu *vcpu = &vm.vcpu[nr];

	tsc = planted(PLANT_ZERO_WRITE, tsc, by_host && !tsc ?
		      ref_tsc(vcpu, hw->raw_tsc) : tsc);
	if (!by_host) {
		restart_tsc(vcpu, tsc);
		return;
	}
	restart_tsc(vcpu, tsc && is_last_written(vcpu, tsc) ?
		    ref_ratio(hw->raw_tsc, vcpu->ratio, frac()) + vm.written.offset : tsc);
	remember_write(vcpu, tsc);
	vm.written.known = tsc != 0;
	ref_clock_yank(nr, PLANT_SET_CLOCK_YANK, YANK_WRITE_TSC);
}

int ref_set_tsc_offset(u32 nr, u64 offset)
{
	struct ref_vcpu *vcpu = &vm.vcpu[nr];

	restart_tsc(vcpu, ref_ratio(hw->raw_tsc, vcpu->ratio, frac()) + offset);
	remember_write(vcpu, ref_tsc(vcpu, hw->raw_tsc));
	return 0;
}

int ref_get_tsc_offset(u32 nr, u64 *offset)
{
	*offset = vm.vcpu[nr].offset;
	return 0;
}

/* -1: the machine can't do that, and nothing has changed */
int ref_set_tsc_khz(u32 nr, u32 khz)
{
	u32 host_khz = host->config.tsc_khz;
	struct ref_vcpu *vcpu = &vm.vcpu[nr];
	u64 tsc = ref_tsc(vcpu, hw->raw_tsc), ratio = vcpu->ratio;

	if (!khz)
		khz = host_khz;
	if (frac() ? khz >> 31 || !ref_tsc_ratio(host_khz, khz, frac(), &ratio) :
		     khz < host_khz)
		return -1;
	vcpu->khz = khz;
	vcpu->catchup = !frac() && khz > host_khz;
	if (ratio != vcpu->ratio)
		set_ratio(vcpu, ratio);
	restart_tsc(vcpu, planted(PLANT_STALE_RATIO, tsc, ref_tsc(vcpu, hw->raw_tsc)));
	return 0;
}

/* A guest doesn't notice that its host slept: its TSC goes on from there. */
void ref_tsc_suspend(void)
{
	for (u32 i = 0; i < vm.nr_vcpus; i++)
		vm.vcpu[i].asleep_tsc = ref_tsc(&vm.vcpu[i], hw->raw_tsc);
}

void ref_tsc_resume(void)
{
	for (u32 i = 0; i < vm.nr_vcpus; i++)
		restart_tsc(&vm.vcpu[i], vm.vcpu[i].asleep_tsc);
	vm.written.known = false;
}

/* What the vCPU has promised since the last write; a CPU behind waits for it. */
void ref_tsc_catch_up(struct ref_vcpu *vcpu)
{
	s64 since_ns = planted(PLANT_STALE_UPSCALE, ref_host_ns(), vm.clock.host_ns) -
		       vcpu->write_ns;
	u64 want = vcpu->write_tsc + (u64)((s128)since_ns * vcpu->khz / 1000000);

	if (since_ns >= 0 && (s64)(want - ref_tsc(vcpu, hw->raw_tsc)) > 0)
		set_tsc(vcpu, want);
}

/* ---- nested ------------------------------------------------------------------ */

/* What the hardware runs by: L1's, or L2's over it. */
void ref_tsc_enter(struct ref_vcpu *vcpu)
{
	u64 *multiplier = &host->multiplier[hw->cpu];

	vcpu->hardware = (struct subject_tsc){ vcpu->offset, vcpu->ratio };
	if (!vcpu->in_l2) {
		*multiplier = planted(PLANT_RATIO_CACHE, vcpu->ratio,
				      vcpu->written == vcpu->ratio ? *multiplier :
								     vcpu->ratio);
		vcpu->written = vcpu->ratio;
		vcpu->hardware.multiplier = planted(PLANT_L1_MULTIPLIER, *multiplier,
			vcpu->left_multiplier ? vcpu->left_multiplier : *multiplier);
		return;
	}
	vcpu->hardware.offset = ref_nested_offset(vcpu->offset, vcpu->l2.offset,
						  vcpu->l2.multiplier, frac());
	vcpu->hardware.multiplier = ref_nested_multiplier(vcpu->ratio,
							  vcpu->l2.multiplier,
							  frac());
}

void ref_set_l2_tsc_offset(u32 nr, u64 offset)
{
	vm.vcpu[nr].l2.offset = offset;
}

void ref_set_l2_tsc_multiplier(u32 nr, u64 multiplier)
{
	vm.vcpu[nr].l2.multiplier = multiplier;
	ref_tsc_enter(&vm.vcpu[nr]);
}

void ref_view_nested(u32 nr, struct subject_nested_view *view)
{
	const struct ref_vcpu *vcpu = &vm.vcpu[nr];

	*view = (struct subject_nested_view){
		.hardware = vcpu->hardware,
		.msr = vcpu->hardware,
		.l1 = vcpu->l2,
		.offset_multiplier = vcpu->l2.multiplier,
	};
}
