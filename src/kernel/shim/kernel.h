/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sliced files expect of the rest of Linux, common to host and guest.
 *
 * Only words, no arithmetic: the kernel's own do_div() and mul_u64_*() come
 * from the tree.  A shim that computes could hide the bug that is looked for.
 */
#ifndef CF_SHIM_KERNEL_H
#define CF_SHIM_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../../subject.h"
#include "../../interleave.h"
#include "probes.h"

/* CONFIG_* as x86-64's Kconfig sets them for a host with KVM. */
#define CONFIG_64BIT 1
#define CONFIG_X86 1
#define CONFIG_X86_64 1
#define CONFIG_SMP 1
#define CONFIG_CLOCKSOURCE_VALIDATE_LAST_CYCLE 1
#define CONFIG_ARCH_SUPPORTS_INT128 1
#define CONFIG_GENERIC_GETTIMEOFDAY 1
#define CONFIG_CLOCKSOURCE_WATCHDOG_MAX_SKEW_US 125
#define CONFIG_GENERIC_VDSO_OVERFLOW_PROTECT 1
#define CONFIG_PARAVIRT_CLOCK 1
#define CONFIG_HYPERV_TIMER 1
#define CONFIG_KVM_HYPERV 1
#define CONFIG_KVM_XEN 1
#define BITS_PER_LONG 64
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define SMP_CACHE_BYTES 64

typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s8 __s8;
typedef s16 __s16;
typedef s32 __s32;
typedef s64 __s64;
typedef u32 __le32;
typedef u64 __le64;
typedef u8 uint8_t;
typedef u16 uint16_t;
typedef u32 uint32_t;
typedef unsigned long uint64_t;
typedef s32 int32_t;
typedef long int64_t;
typedef unsigned long ulong;
typedef unsigned int uint;
typedef unsigned int gfp_t;
typedef u64 gpa_t;
typedef u64 gfn_t;
typedef u64 gva_t;
typedef u64 hpa_t;
typedef u64 kvm_pfn_t;
typedef u64 phys_addr_t;
typedef s64 ktime_t;
typedef s64 time64_t;
typedef long long __kernel_time64_t;
typedef int clockid_t;
typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;

struct timespec64 {
	time64_t tv_sec;
	long tv_nsec;
};

/* compiler */
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__, __gnu_inline__))
#else
#undef __always_inline
#define __always_inline inline __attribute__((__always_inline__, __gnu_inline__))
#endif
#define noinline __attribute__((__noinline__))
#define notrace
#define noinstr
#define __visible
#define __user
#define __iomem
#define __rcu
#define __percpu
#define __init
#define __ro_after_init
#define __read_mostly
#define __must_check
#define __maybe_unused __attribute__((__unused__))
#define __packed __attribute__((__packed__))
#define __aligned(x) __attribute__((__aligned__(x)))
#define ____cacheline_aligned
#define ____cacheline_aligned_in_smp
#define __bitwise
#define __force
#define __attribute_const__ __attribute__((__const__))
#define __randomize_layout
#define fallthrough __attribute__((__fallthrough__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define EXPORT_SYMBOL(x)
#define EXPORT_SYMBOL_GPL(x)
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(x)
#define BUILD_BUG_ON(x) do { _Static_assert(!(x), #x); } while (0)
#define static_assert _Static_assert
#define __stringify_1(x...) #x
#define __stringify(x...) __stringify_1(x)
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define data_race(x) (x)
#define barrier() __asm__ __volatile__("" ::: "memory")
/* compiler barriers all, on x86 */
#define smp_rmb() ({ barrier(); INTERLEAVE_LOADS(); })
#define smp_wmb() ({ barrier(); INTERLEAVE_STORED(); })
#define smp_mb() ({ smp_wmb(); smp_rmb(); })
#define rmb() smp_rmb()
#define virt_rmb() smp_rmb()
#define virt_wmb() smp_wmb()
#define cpu_relax() do { } while (0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(t, a, b) min((t)(a), (t)(b))
#define max_t(t, a, b) max((t)(a), (t)(b))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
/* as <linux/kconfig.h> decides it for =y */
#define SHIM_ARGUMENT_1 0,
#define SHIM_SECOND(first, second, ...) second
#define SHIM_ENABLED_2(argument) SHIM_SECOND(argument 1, 0)
#define SHIM_ENABLED_1(value) SHIM_ENABLED_2(SHIM_ARGUMENT_##value)
#define IS_ENABLED(option) SHIM_ENABLED_1(option)
#define IS_MODULE(x) 0
#define statically_true(x) (__builtin_constant_p(x) && (x))
#define DECLARE_FLEX_ARRAY(type, name) struct { struct { } empty_; type name[]; }
#define __TRAILING_OVERLAP(type, name, flexible, attrs, members) \
	union { \
		type name; \
		struct { u8 before_[offsetof(type, flexible)]; members } attrs; \
	}
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define __is_constexpr(x) __builtin_constant_p(x)
#define swap(a, b) \
	do { __typeof__(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)

#define NSEC_PER_SEC 1000000000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_USEC 1000L
#define USEC_PER_SEC 1000000L
#define U64_MAX ((u64)~0ULL)
#define S64_MAX ((s64)(U64_MAX >> 1))
#define U32_MAX ((u32)~0U)

/* A warning is the subject's own business; the laws judge what comes out. */
#define WARN_ON(c) ({ bool warn_ = (c); unlikely(warn_); })
#define WARN_ON_ONCE(c) WARN_ON(c)
#define WARN_ONCE(c, ...) WARN_ON(c)
#define WARN(c, ...) WARN_ON(c)
#define pr_warn_ratelimited(...) do { } while (0)
#define pr_warn_once(...) do { } while (0)
#define pr_debug(...) do { } while (0)
#define pr_debug_ratelimited(...) do { } while (0)
#define pr_info(...) do { } while (0)

#define local_irq_save(flags) ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
#define preempt_disable() do { } while (0)
#define preempt_enable() do { } while (0)
#define preempt_disable_notrace() do { } while (0)
#define preempt_enable_notrace() do { } while (0)

#define atomic_read(v) ((v)->counter)
#define atomic_set(v, i) ((v)->counter = (i))
#define atomic_inc(v) ((void)(v)->counter++)
#define ATOMIC_INIT(i) { (i) }
#define atomic64_read(v) ((v)->counter)
#define arch_atomic64_read(v) ((v)->counter)
#define raw_atomic64_read(v) ((v)->counter)
#define atomic64_set(v, i) ((v)->counter = (i))
#define ATOMIC64_INIT(i) { (i) }

static inline bool shim_try_cmpxchg64(atomic64_t *v, u64 *old, u64 new)
{
	if ((u64)v->counter != *old) {
		*old = v->counter;
		return false;
	}
	v->counter = new;
	return true;
}

static inline u64 shim_cmpxchg64(atomic64_t *v, u64 old, u64 new)
{
	shim_try_cmpxchg64(v, &old, new);
	return old;
}

#define raw_atomic64_try_cmpxchg(v, old, new) shim_try_cmpxchg64(v, old, new)
#define arch_atomic64_try_cmpxchg(v, old, new) shim_try_cmpxchg64(v, old, new)
#define atomic64_cmpxchg(v, old, new) shim_cmpxchg64(v, old, new)
#define arch_atomic64_cmpxchg(v, old, new) shim_cmpxchg64(v, old, new)

/* Only a reader that is being interleaved can find a sequence odd, or changed. */
typedef struct { unsigned int sequence; } seqcount_t;
typedef seqcount_t seqcount_raw_spinlock_t;
typedef struct { seqcount_t seqcount; } seqcount_latch_t;
#define SEQCNT_RAW_SPINLOCK_ZERO(...) { 0 }
#define write_seqcount_begin(s) ({ (s)->sequence++; smp_wmb(); })
#define write_seqcount_end(s) ({ smp_wmb(); (void)(s)->sequence++; })

static inline unsigned int read_seqcount_begin(const seqcount_t *s)
{
	unsigned int seq = *(const volatile unsigned int *)&s->sequence;

	if (unlikely(interleave_replayed)) {
		/* it spins while the writer goes on */
		if (seq & 1)
			interleave_writer_ends();
		seq = *(const volatile unsigned int *)&s->sequence;
		interleave_loads();
	}
	return seq;
}

static inline bool read_seqcount_retry(const seqcount_t *s, unsigned int seq)
{
	smp_rmb();
	return *(const volatile unsigned int *)&s->sequence != seq;
}

#define raw_write_seqcount_latch(s) ((void)(s)->seqcount.sequence++)
#define write_seqcount_latch_begin(s) raw_write_seqcount_latch(s)
#define write_seqcount_latch(s) raw_write_seqcount_latch(s)
#define write_seqcount_latch_end(s) do { } while (0)

/*
 * Every turn of a sliced loop burns fuel; a scenario that runs dry has met a
 * loop that doesn't end.  The line is the kernel's own, by #line.
 */
extern u32 shim_fuel;
_Noreturn void shim_out_of_fuel(const char *file, int line);

static inline bool shim_burn(const char *file, int line)
{
	if (unlikely(--shim_fuel == 0))
		shim_out_of_fuel(file, line);
	return true;
}

extern struct subject_hw *shim_hw;

#endif
