/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A local APIC's timer: TSC deadline, one-shot, periodic.  Part of host.c.
 */

#define TIMER_VECTOR 0xec
#define TIMER_MODES (APIC_LVT_TIMER_PERIODIC | APIC_LVT_TIMER_TSCDEADLINE)

/* Large, and of use to few scenarios: forgotten when one begins to use it. */
static KEEP struct kvm_lapic lapics[SUBJECT_MAX_VCPUS];
static KEEP __attribute__((__aligned__(8))) u8 lapic_regs[SUBJECT_MAX_VCPUS][1024];

static u32 lapic_deliveries[SUBJECT_MAX_VCPUS];
static u64 lapic_delivered[SUBJECT_MAX_VCPUS];

void __delay(unsigned long cycles)
{
	shim_hw->raw_tsc += cycles;
}

void ndelay(unsigned long ns)
{
	shim_hw->raw_tsc += ((u64)ns * tsc_khz + 999999) / 1000000;
}

/* kvm_create_lapic(), kvm_lapic_reset() and the CPUID bit for the deadline mode */
static struct kvm_lapic *lapic_of(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = &lapics[vcpu->vcpu_idx];

	if (vcpu->arch.apic)
		return apic;
	memset(apic, 0, sizeof(*apic));
	memset(lapic_regs[vcpu->vcpu_idx], 0, sizeof(lapic_regs[0]));
	apic->vcpu = vcpu;
	apic->regs = lapic_regs[vcpu->vcpu_idx];
	hrtimer_setup(&apic->lapic_timer.timer, apic_timer_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);
	apic->lapic_timer.timer_advance_ns = LAPIC_TIMER_ADVANCE_NS_INIT;
#if CF_LAPIC_ADVANCE_IS_A_SWITCH
	lapic_timer_advance_dynamic = true;
#endif
	apic->lapic_timer.timer_mode_mask = TIMER_MODES;
	update_divide_count(apic);
#if CF_APIC_BUS_CYCLE_SETTABLE
	vcpu->kvm->arch.apic_bus_cycle_ns = APIC_BUS_CYCLE_NS_DEFAULT;
#endif
	vcpu->arch.apic = apic;
	timers_used = true;
	return apic;
}

static void set_injected(struct kvm_lapic *apic, bool injected)
{
	/* 32 vectors each 16 bytes */
	u32 *word = apic->regs + APIC_ISR + TIMER_VECTOR / 32 * 16;

	*word = injected ? 1u << TIMER_VECTOR % 32 : 0;
}

int kvm_apic_local_deliver(struct kvm_lapic *apic, int lvt_type)
{
	u32 nr = apic->vcpu->vcpu_idx;

	lapic_deliveries[nr]++;
	lapic_delivered[nr] = apic->lapic_timer.tscdeadline;
	set_injected(apic, true);
	return 1;
}

/* vcpu_run() before it enters again */
static void lapic_inject(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.apic)
		kvm_inject_apic_timer_irqs(vcpu);
}

/* just before the guest is entered, which then takes the interrupt and says EOI */
static void lapic_wait(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.apic)
		return;
	kvm_wait_lapic_expire(vcpu);
	set_injected(vcpu->arch.apic, false);
}

/* kvm_lapic_reg_write(), APIC_LVTT */
static void write_lvtt(struct kvm_lapic *apic, u32 mode)
{
	kvm_lapic_set_reg(apic, APIC_LVTT, mode | TIMER_VECTOR);
	apic_update_lvtt(apic);
}

void host_write_tsc_deadline(u32 nr, u64 tsc)
{
	lapic_of(&vcpus[nr]);
	kvm_set_lapic_tscdeadline_msr(&vcpus[nr], tsc);
}

/* kvm_lapic_reg_write(), APIC_TDCR: bits 3, 1, 0 of the register */
static void write_tdcr(struct kvm_lapic *apic, u32 divide)
{
	u32 old_divisor = apic->divide_count;

	kvm_lapic_set_reg(apic, APIC_TDCR, (divide & 4) << 1 | (divide & 3));
	update_divide_count(apic);
	if (apic->divide_count != old_divisor && apic->lapic_timer.period) {
		hrtimer_cancel(&apic->lapic_timer.timer);
		update_target_expiration(apic, old_divisor);
		restart_apic_timer(apic);
	}
}

/* kvm_apic_set_state(): a VMM restores the registers, whatever they say */
static void restore_lapic(struct kvm_lapic *apic, u32 tmcct)
{
	kvm_lapic_set_reg(apic, APIC_TMCCT, tmcct);
	cancel_apic_timer(apic);
	apic->lapic_timer.expired_tscdeadline = 0;
	/* which forgets the count, unless the mode is the same */
	apic_update_lvtt(apic);
	update_divide_count(apic);
	__start_apic_timer(apic, APIC_TMCCT);
	kvm_lapic_set_reg(apic, APIC_TMCCT, 0);
}

void host_write_lapic_timer(u32 nr, enum subject_lapic_mode mode, u32 divide, u32 count)
{
	struct kvm_lapic *apic = lapic_of(&vcpus[nr]);

	switch (mode) {
	case SUBJECT_LAPIC_ONESHOT:
	case SUBJECT_LAPIC_PERIODIC:
		write_lvtt(apic, mode == SUBJECT_LAPIC_PERIODIC ? APIC_LVT_TIMER_PERIODIC :
								  APIC_LVT_TIMER_ONESHOT);
		write_tdcr(apic, divide);
		/* kvm_lapic_reg_write(), APIC_TMICT */
		cancel_apic_timer(apic);
		kvm_lapic_set_reg(apic, APIC_TMICT, count);
		start_apic_timer(apic);
		return;
	case SUBJECT_LAPIC_RESTORED:
		kvm_lapic_set_reg(apic, APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | TIMER_VECTOR);
		kvm_lapic_set_reg(apic, APIC_TMICT, count);
		restore_lapic(apic, 0);
		return;
	case SUBJECT_LAPIC_LVT_ONESHOT:
		write_lvtt(apic, APIC_LVT_TIMER_ONESHOT);
		return;
	case SUBJECT_LAPIC_LVT_PERIODIC:
		write_lvtt(apic, APIC_LVT_TIMER_PERIODIC);
		return;
	case SUBJECT_LAPIC_LVT_DEADLINE:
		write_lvtt(apic, APIC_LVT_TIMER_TSCDEADLINE);
		return;
	case SUBJECT_LAPIC_DIVIDE:
		write_tdcr(apic, divide);
		return;
	case SUBJECT_LAPIC_CURRENT:
		restore_lapic(apic, count);
		return;
	case SUBJECT_LAPIC_RELOADED:
		restore_lapic(apic, apic_get_tmcct(apic));
		return;
	default:		/* MSRs are MSRs */
		return;
	}
}

u32 host_read_tmcct(u32 nr)
{
	return apic_get_tmcct(lapic_of(&vcpus[nr]));
}

void host_view_lapic(u32 nr, struct subject_lapic_view *view)
{
	const struct kvm_lapic *apic = vcpus[nr].arch.apic;
	const struct kvm_timer *timer;

	memset(view, 0, sizeof(*view));
	if (!apic)
		return;
	timer = &apic->lapic_timer;
	view->used = true;
	view->deadline_mode = timer->timer_mode == APIC_LVT_TIMER_TSCDEADLINE;
	view->periodic = timer->timer_mode == APIC_LVT_TIMER_PERIODIC;
	view->armed = timer->timer.armed;
	view->monotonic_ns = ktime_get();
	view->armed_for_ns = timer->timer.expires;
	view->target_ns = timer->target_expiration;
	view->tsc_deadline = kvm_get_lapic_tscdeadline_msr(&vcpus[nr]);
	view->hw_deadline = timer->tscdeadline;
	view->advance_ns = timer->timer_advance_ns;
	view->period_ns = timer->period;
	view->divide = apic->divide_count;
	view->count = kvm_lapic_get_reg((void *)apic, APIC_TMICT);
	view->deliveries = lapic_deliveries[nr];
	view->delivered_tsc = lapic_delivered[nr];
}
