/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sliced host side expects: locks, requests, guest memory, vCPUs.
 */
#ifndef CF_SHIM_HOST_H
#define CF_SHIM_HOST_H

#include "kernel.h"

/* locks: nothing runs beside us */
typedef struct { int locked; } raw_spinlock_t;
typedef raw_spinlock_t spinlock_t;
typedef raw_spinlock_t rwlock_t;
struct mutex { int locked; };
#define raw_spin_lock_irq(l) ((l)->locked = 1)
#define raw_spin_unlock_irq(l) ((l)->locked = 0)
#define raw_spin_lock_irqsave(l, flags) ((flags) = 0, (l)->locked = 1)
#define raw_spin_unlock_irqrestore(l, flags) ((void)(flags), (l)->locked = 0)
#define read_lock_irqsave(l, flags) ((flags) = 0, (void)(l))
#define read_unlock_irqrestore(l, flags) ((void)(flags), (void)(l))
#define mutex_lock(l) ((l)->locked = 1)
#define mutex_unlock(l) ((l)->locked = 0)
#define lockdep_assert_held(l) ((void)(l))
#define guard(kind) (void)
#define scoped_guard(kind, l)
#define DEFINE_RAW_SPINLOCK(l) raw_spinlock_t l
#define raw_spin_lock_init(l) ((l)->locked = 0)
#define seqcount_raw_spinlock_init(s, l) ((s)->sequence = 0)
#define stop_machine(fn, data, cpus) fn(data)
#define try_module_get(m) true
#define module_put(m) do { } while (0)

/* what timekeeping tells others, but KVM */
#define update_vsyscall(tk) do { } while (0)
#define vdso_time_update_aux(tk) ((void)(tk))
#define update_fast_timekeeper(tkr, fast) do { } while (0)
#define clock_was_set(bases) do { } while (0)
#define ntp_init_cmos_sync() do { } while (0)
#define local_clock() 0
#define halt_fast_timekeeper(tk) do { } while (0)
#define tk_debug_account_sleep_time(delta) do { } while (0)
#define clockevents_suspend() do { } while (0)
#define clockevents_resume() do { } while (0)
#define clocksource_suspend() do { } while (0)
#define clocksource_resume() do { } while (0)
#define tick_suspend() do { } while (0)
#define tick_resume() do { } while (0)
#define timerfd_resume() do { } while (0)
#define touch_softlockup_watchdog() do { } while (0)

/* a CPU comes up; KVM has the one VM */
static void enable_virtualization(void);
#define shim_x86_enable_virtualization_cpu() (enable_virtualization(), 0)
#define shim_static_kvm_x86_hardware_enable() (enable_virtualization(), 0)
#define kvm_user_return_msr_cpu_online() do { } while (0)
#define kvm_x86_check_processor_compatibility() 0
extern struct kvm *shim_the_vm;
#define list_for_each_entry(kvm, head, member) \
	for ((kvm) = shim_the_vm; (kvm); (kvm) = NULL)
#define HZ 250
#define USER_HZ 100
#define USER_TICK_USEC (USEC_PER_SEC / USER_HZ)
#define ilog2(n) ((n) ? 63 - __builtin_clzll(n) : -1)
#define printk_once(...) do { } while (0)
#define printk_deferred(...) do { } while (0)
#define printk(...) do { } while (0)
#define pr_notice(...) do { } while (0)
#define pr_warn(...) do { } while (0)

/* timekeeping's chain of listeners, of which KVM's has the same name */
#define SHIM_THIRD(a, b, third, ...) third
#define update_pvclock_gtod(...) \
	SHIM_THIRD(__VA_ARGS__, shim_gtod_chain, update_pvclock_gtod)(__VA_ARGS__)
struct timekeeper;
static void shim_gtod_chain(struct timekeeper *tk, bool was_set);
struct clocksource;
static struct clocksource *clocksource_default_clock(void);
static void read_persistent_clock64(struct timespec64 *now);
static void read_persistent_wall_and_boot_offset(struct timespec64 *now,
						 struct timespec64 *boot_offset);

#define DEFINE_PER_CPU(type, name) type name[SUBJECT_MAX_CPUS]
#define __this_cpu_read(var) ((var)[shim_hw->cpu])
#define get_cpu() (shim_hw->cpu)
#define put_cpu() do { } while (0)
#define smp_processor_id() (shim_hw->cpu)

/*
 * In get_time_ref_counter() it and a call of another file stand between the
 * status and the page's values: their loads stay apart.
 */
static inline u64 rdtsc(void)
{
	INTERLEAVE_LOADS();
	return shim_hw->raw_tsc;
}
#define rdtsc_ordered() rdtsc()
#define hv_get_raw_timer() rdtsc()

#define X86_FEATURE_CONSTANT_TSC 1
#define static_cpu_has(f) true
#define boot_cpu_has(f) true

#define ktime_add(a, b) ((ktime_t)((u64)(a) + (u64)(b)))
#define ktime_sub(a, b) ((ktime_t)((u64)(a) - (u64)(b)))
#define ktime_add_ns(t, ns) ((ktime_t)((u64)(t) + (u64)(ns)))
#define ktime_to_ns(t) ((s64)(t))
#define ns_to_ktime(ns) ((ktime_t)(ns))

/* kvm_get_attr_addr(): no pointer of ours is an error. */
#define ERR_PTR(e) ((void *)(long)(e))
#define PTR_ERR(p) ((long)(p))
#define PTR_ERR_OR_ZERO(p) 0
#define IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-4095)

/* requests */
enum {
	KVM_REQ_CLOCK_UPDATE,
	KVM_REQ_MASTERCLOCK_UPDATE,
	KVM_REQ_MCLOCK_INPROGRESS,
	KVM_REQ_GLOBAL_CLOCK_UPDATE,
	KVM_REQ_HV_STIMER,
	KVM_REQ_UNBLOCK,
};

struct work_struct { int pending; };
struct delayed_work { struct work_struct work; };
#define to_delayed_work(w) container_of(w, struct delayed_work, work)
#define schedule_delayed_work(w, delay) ((void)((w)->work.pending = 1))
#define kvm_vcpu_kick(v) ((void)(v))

/* timers: when, and what then; the adapter looks at the time */
enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum { HRTIMER_MODE_ABS };
#define CLOCK_MONOTONIC 1
struct hrtimer {
	ktime_t expires;
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	bool armed;
	int clock;			/* a timer without one never fires */
};
#define hrtimer_init(t, which, mode) ((t)->clock = (which), (t)->armed = false)
#define hrtimer_setup(t, fn, which, mode) \
	((t)->function = (fn), (t)->clock = (which), (t)->armed = false)
#define hrtimer_start(t, when, mode) \
	((t)->expires = (when), (t)->armed = (t)->clock == CLOCK_MONOTONIC)
#define hrtimer_cancel(t) ((void)((t)->armed = false))

#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]
#define set_bit(n, map) ((void)((map)[(n) / 64] |= 1ul << (n) % 64))
#define clear_bit(n, map) ((void)((map)[(n) / 64] &= ~(1ul << (n) % 64)))
#define test_and_clear_bit(n, map) ({					\
	bool was_ = (map)[(n) / 64] >> (n) % 64 & 1;			\
	clear_bit(n, map);						\
	was_;								\
})

struct kvm_vcpu;
struct kvm;

/* a vCPU's SynIC: one message slot, that of SINT1; interrupts always arrive */
#define SHIM_SINT 1
struct kvm_lapic_irq { u32 delivery_mode, vector; };
struct kvm_vcpu_hv_synic;
#define APIC_DM_FIXED 0
#define lapic_in_kernel(v) true
int kvm_apic_set_irq(struct kvm_vcpu *vcpu, struct kvm_lapic_irq *irq, void *map);
static int synic_set_irq(struct kvm_vcpu_hv_synic *synic, u32 sint);
int kvm_vcpu_read_guest_page(struct kvm_vcpu *vcpu, gfn_t gfn, void *data,
			     int offset, int len);
int kvm_vcpu_write_guest_page(struct kvm_vcpu *vcpu, gfn_t gfn, const void *data,
			      int offset, int len);
#define kvm_make_request(req, v) ((void)((v)->requests |= 1u << (req)))
#define kvm_clear_request(req, v) ((void)((v)->requests &= ~(1u << (req))))
#define kvm_make_all_cpus_request(kvm, req) \
	do { \
		for (u32 i_ = 0; i_ < (u32)(kvm)->online_vcpus.counter; i_++) \
			kvm_make_request(req, (kvm)->vcpus[i_]); \
	} while (0)
#define kvm_for_each_vcpu(i, v, kvm) \
	for ((i) = 0; (i) < (unsigned long)(kvm)->online_vcpus.counter && \
	     ((v) = (kvm)->vcpus[i], true); (i)++)
#define kvm_get_vcpu(kvm, i) ((kvm)->vcpus[i])

/* guest memory: a page each for the Hyper-V TSC page and the wall clock */
#define SHIM_TSC_PAGE_GFN 1ull
#define SHIM_NO_MEMORY_GFN 2ull
#define SHIM_WALL_CLOCK_GFN 3ull
#define SHIM_MESSAGES_GFN 4ull		/* each vCPU's own */
#define gfn_to_gpa(gfn) ((gpa_t)(gfn) << 12)

static inline bool shim_memory_fault(void)
{
	if (likely(!shim_hw->memory_fault))
		return false;
	shim_hw->memory_fault -= shim_hw->memory_fault > 1;
	return shim_hw->memory_fault == 1;
}

static inline void *shim_guest_memory(gpa_t gpa, unsigned long len)
{
	struct subject_memory *memory = &shim_hw->memory;

	if (shim_memory_fault())
		return NULL;
	if (gpa == gfn_to_gpa(SHIM_TSC_PAGE_GFN) && len <= sizeof(memory->tsc_page))
		return memory->tsc_page;
	if (gpa == gfn_to_gpa(SHIM_WALL_CLOCK_GFN) &&
	    len <= sizeof(memory->wall_clock))
		return memory->wall_clock;
	return NULL;
}

static inline int kvm_read_guest(struct kvm *kvm, gpa_t gpa, void *data,
				 unsigned long len)
{
	void *memory = shim_guest_memory(gpa, len);

	if (!memory)
		return -EFAULT;
	memcpy(data, memory, len);
	return 0;
}

/* A call of another file: the compiler moves no store past it. */
static inline int kvm_write_guest(struct kvm *kvm, gpa_t gpa, const void *data,
				  unsigned long len)
{
	void *memory = shim_guest_memory(gpa, len);

	INTERLEAVE_STORED();
	if (!memory)
		return -EFAULT;
	memcpy(memory, data, len);
	INTERLEAVE_STORED();
	return 0;
}

/* both spellings of the pfn cache; who uses it next looks its page up again */
#define kvm_gpc_check(gpc, len) ((gpc)->active && (gpc)->valid)
#define kvm_gpc_refresh(gpc, len) \
	(shim_slot_gone ? -EFAULT : ((gpc)->valid = true, 0))
#define kvm_gfn_to_pfn_cache_check(kvm, gpc, gpa, len) kvm_gpc_check(gpc, len)
#define kvm_gfn_to_pfn_cache_refresh(kvm, gpc, gpa, len) kvm_gpc_refresh(gpc, len)
#define kvm_gpc_mark_dirty_in_slot(gpc) ((void)(gpc))
#define mark_page_dirty_in_slot(...) do { } while (0)
#define gpa_to_gfn(gpa) ((gpa) >> 12)

#define is_guest_mode(v) ((v)->guest_mode)
#define kvm_x86_call(name) shim_x86_##name
#define static_call(name) shim_static_##name
#define shim_static_kvm_x86_write_tsc_offset shim_x86_write_tsc_offset
#define shim_static_kvm_x86_write_tsc_multiplier shim_x86_write_tsc_multiplier
#define shim_static_kvm_x86_get_l2_tsc_offset shim_x86_get_l2_tsc_offset
#define shim_static_kvm_x86_get_l2_tsc_multiplier shim_x86_get_l2_tsc_multiplier
#define kvm_xen_update_tsc_info(v) ((void)(v))

/* "user" memory is ours */
#define copy_from_user(to, from, n) (memcpy(to, from, n), 0)
#define copy_to_user(to, from, n) (memcpy(to, from, n), 0)
#define get_user(x, p) ((x) = *(p), 0)
#define put_user(x, p) (*(p) = (x), 0)
#define u64_to_user_ptr(x) ((void *)(unsigned long)(x))

static inline int check_tsc_unstable(void);

#include "timers.h"

#endif
