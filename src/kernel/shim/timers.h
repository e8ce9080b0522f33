/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Xen's and the LAPIC's timers expect beyond host.h.
 */
#ifndef CF_SHIM_TIMERS_H
#define CF_SHIM_TIMERS_H

#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGNED(x) (!((unsigned long)(x) & ~PAGE_MASK))
#define BUG_ON(c) do { if (c) __builtin_trap(); } while (0)
#define ASSERT(c) do { } while (0)
#define _THIS_IP_ 0
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define pr_info_once(...) do { } while (0)
#define pr_info_ratelimited(...) do { } while (0)
#define preemptible() false

/* the memory slot that the guest's clocks lie in; a VMM may take it away */
extern bool shim_slot_gone;

/* locks of a pfn cache, and the slots' */
#define read_trylock(l) ((void)(l), true)
#define read_lock(l) ((void)(l))
#define read_unlock(l) ((void)(l))
#define read_lock_irq(l) ((void)(l))
#define read_unlock_irq(l) ((void)(l))
#define lock_set_subclass(map, subclass, ip) do { } while (0)
#define srcu_read_lock(s) 0
#define srcu_read_unlock(s, idx) ((void)(idx))

/* (kvm, gpc, vcpu, usage, gpa, len) before 6.3, (gpc, gpa, len) since; one gpc, or two */
#define SHIM_PICK_6(a, b, c, d, e, f, name, ...) name
#define shim_activate_3(gpc, gpa, len) shim_gpc_activate(gpc, gpa, len)
#define shim_activate_6(kvm, gpc, v, usage, gpa, len) shim_gpc_activate(gpc, gpa, len)
#define kvm_gpc_activate(...) \
	SHIM_PICK_6(__VA_ARGS__, shim_activate_6, , , shim_activate_3)(__VA_ARGS__)
#define kvm_gpc_activate_hva(gpc, hva, len) shim_gpc_activate_hva(gpc, hva)
#define kvm_gpc_is_gpa_active(gpc) ((gpc)->active && (gpc)->gpa != SHIM_NO_GPA)
#define kvm_gpc_is_hva_active(gpc) ((gpc)->active && (gpc)->gpa == SHIM_NO_GPA)
#define SHIM_NO_GPA (~(gpa_t)0)
#define shim_deactivate_1(gpc) ((void)((gpc)->active = false))
#define shim_deactivate_2(kvm, gpc) ((void)((gpc)->active = false))
#define kvm_gpc_deactivate(...) \
	SHIM_PICK_6(__VA_ARGS__, , , , , shim_deactivate_2, shim_deactivate_1)(__VA_ARGS__)

/* the vCPU's thread, as the scheduler accounts it, if it does */
struct shim_task {
	struct { unsigned long long run_delay; } sched_info;
	bool unaccounted;
};
extern struct shim_task shim_task;
#define current (&shim_task)
#define sched_info_on() (!shim_task.unaccounted)

#define HRTIMER_MODE_ABS_HARD HRTIMER_MODE_ABS
#define hrtimer_set_expires(t, when) ((void)((t)->expires = (when)))
#define hrtimer_start_expires(t, mode) ((void)((t)->armed = true))
#define ktime_sub_ns(t, ns) ((ktime_t)((u64)(t) - (u64)(ns)))
#define ktime_before(a, b) ((a) < (b))
#define ktime_after(a, b) ((a) > (b))
#define abs(x) ({ s64 abs_ = (x); abs_ < 0 ? -abs_ : abs_; })
#define test_bit(n, map) (((const u8 *)(map))[(n) / 8] >> (n) % 8 & 1)

/* an event channel, and a local APIC that is on; they deliver at once */
struct kvm_xen_evtchn {
	u32 port, vcpu_id, priority;
	int vcpu_idx;
};
int kvm_xen_set_evtchn(struct kvm_xen_evtchn *e, struct kvm *kvm);
int kvm_xen_set_evtchn_fast(struct kvm_xen_evtchn *e, struct kvm *kvm);
struct kvm_io_device { int unused; };
struct kvm_lapic;
int kvm_apic_local_deliver(struct kvm_lapic *apic, int lvt_type);
#define kvm_apic_present(v) true
#define kvm_apic_hw_enabled(apic) true
#define kvm_get_running_vcpu() NULL
/* no preemption timer and no interrupts by another CPU: the hrtimer's path */
#define kvm_can_use_hv_timer(v) false
#define kvm_use_posted_timer_interrupt(v) false
static inline bool shim_x86_cancel_hv_timer(struct kvm_vcpu *v) { return false; }
static inline int shim_x86_set_hv_timer(struct kvm_vcpu *v, u64 tsc, bool *expired) { return -1; }
#define shim_static_kvm_x86_cancel_hv_timer(v) ((void)(v))
#define shim_static_kvm_x86_set_hv_timer(v, tsc, expired) (-1)

/* busy waiting: that much passes on the CPU */
void __delay(unsigned long cycles);
void ndelay(unsigned long ns);

#endif
