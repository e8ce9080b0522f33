// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host side of subject "linux": KVM's clock code and the timekeeping under
 * it, sliced from the tree, and an adapter that drives it.
 *
 * The slices and the adapter are one translation unit, for most of the
 * functions are static.  What is re-stated here because it is a fragment of a
 * giant function names that function.
 */
#include "shim/host.h"
#include "host_trace.h"
#include "shim/fuel.h"

/*
 * The VM's and the host's state all lies in two sections, so that forgetting
 * it is one memset and one memcpy, and complete; and so is putting one host
 * aside for another.
 */
#pragma clang section bss = "cf_state" data = "cf_state_init"

unsigned int tsc_khz;
static int shim_tsc_unstable;

#include "host.inc"

#include "adapter.h"
#include "shim/versions.h"

/* not forgotten at a reset */
#define KEEP __attribute__((__section__("cf_keep")))

struct kvm_caps kvm_caps;

static struct kvm vm;
/* the largest part of the state: cleared one by one, when they are created */
static KEEP struct kvm_vcpu vcpus[SUBJECT_MAX_VCPUS];
struct kvm *shim_the_vm;
static u32 pvclock_updates[SUBJECT_MAX_VCPUS];
static bool timers_used;		/* of any kind and vCPU: few scenarios do */
static struct subject_config config;

#define guest_pvclock ((struct pvclock_vcpu_time_info *)shim_hw->memory.pvclock)

static int check_tsc_unstable(void)
{
	return shim_tsc_unstable;
}

/* ---- the host's clocksources -------------------------------------------- */

static struct ms_hyperv_tsc_page host_tsc_page;

struct ms_hyperv_tsc_page *hv_get_tsc_page(void)
{
	return &host_tsc_page;
}

static u64 read_clocksource_tsc(struct clocksource *cs)
{
	return rdtsc_ordered();
}

/* As read_hv_clock_tsc() does while the page is valid. */
static u64 read_clocksource_hyperv(struct clocksource *cs)
{
	u64 cur_tsc, time;

	SHIM_HV_READ(hv_get_tsc_page(), &cur_tsc, &time);
	return time;
}

static u64 read_clocksource_other(struct clocksource *cs)
{
	return shim_hw->other_ns;
}

/* tsc_cs_enable(), hv_cs_enable() */
static int enable_clocksource(struct clocksource *cs)
{
	return 0;
}

/* Pure in its arguments, so the last answer is kept over a reset. */
static void register_clocksource(struct clocksource *cs, u32 scale, u32 freq)
{
	static KEEP struct clocksource kept;
	static KEEP u32 kept_scale, kept_freq;
	struct clocksource asked = *cs;

	if (kept_scale != scale || kept_freq != freq || kept.mask != cs->mask) {
		__clocksource_update_freq_scale(cs, scale, freq);
		kept = *cs;
		kept_scale = scale;
		kept_freq = freq;
		return;
	}
	*cs = kept;
	cs->read = asked.read;
	cs->enable = asked.enable;
	cs->vdso_clock_mode = asked.vdso_clock_mode;
}

static struct clocksource clocksources[SUBJECT_CS_NR];

/* Registered when it is first used. */
static struct clocksource *find_clocksource(u8 kind)
{
	struct clocksource *cs = &clocksources[kind];

	if (cs->mult)
		return cs;
	cs->mask = ~0ull;
	switch (kind) {
	case SUBJECT_CS_TSC:
		cs->read = read_clocksource_tsc;
		cs->enable = enable_clocksource;
		cs->vdso_clock_mode = VDSO_CLOCKMODE_TSC;
		register_clocksource(cs, 1000, tsc_khz);
		break;
	case SUBJECT_CS_HYPERV_PAGE:
		cs->read = read_clocksource_hyperv;
		cs->enable = enable_clocksource;
		cs->vdso_clock_mode = VDSO_CLOCKMODE_HVCLOCK;
		register_clocksource(cs, 1, NSEC_PER_SEC / 100);
		break;
	default:
		cs->read = read_clocksource_other;
		cs->vdso_clock_mode = VDSO_CLOCKMODE_NONE;
		register_clocksource(cs, 1, NSEC_PER_SEC);
		break;
	}
	return cs;
}

/* ---- the timekeeper ------------------------------------------------------ */

raw_spinlock_t timekeeper_lock;		/* no name that the slicer sees */

#define tk (tk_core.timekeeper)
#if CF_TK_SHADOW_IN_CORE
#define tk_shadow (tk_core.shadow_timekeeper)
#else
#define tk_shadow shadow_timekeeper
#endif

static struct clocksource *clocksource_default_clock(void)
{
	return find_clocksource(config.clocksource);
}

/* of a timekeeper by itself, host_time.h */
static bool is_alone;
static struct timespec64 rtc_alone;
static u64 booted_alone_ns;

static void read_persistent_clock64(struct timespec64 *now)
{
	*now = is_alone ? rtc_alone :
			  ns_to_timespec64(config.realtime_ns + shim_hw->other_ns);
}

static void read_persistent_wall_and_boot_offset(struct timespec64 *now,
						 struct timespec64 *boot_offset)
{
	read_persistent_clock64(now);
	*boot_offset = ns_to_timespec64(booted_alone_ns);
}

static void shim_gtod_chain(struct timekeeper *timekeeper, bool was_set)
{
	update_pvclock_gtod(timekeeper);
}

/*
 * timekeeping_init().  Pure in what it is given, but for the counter; so the last
 * answer is kept over a reset.
 */
static void boot_timekeeper(void)
{
	static KEEP struct {
		u32 khz;
		u64 realtime_ns;
		struct timekeeper timekeeper;
#if CF_HAS_NTP_DATA
		struct ntp_data ntp;
#else
		u64 tick_length, tick_length_base;
#endif
	} kept;

	if (kept.khz != tsc_khz || kept.realtime_ns != config.realtime_ns ||
	    kept.timekeeper.tkr_mono.clock != clocksource_default_clock()) {
		timekeeping_init();
		kept.khz = tsc_khz;
		kept.realtime_ns = config.realtime_ns;
		kept.timekeeper = tk;
#if CF_HAS_NTP_DATA
		kept.ntp = tk_ntp_data[0];
#else
		kept.tick_length = tick_length;
		kept.tick_length_base = tick_length_base;
#endif
		return;
	}
	tk = kept.timekeeper;
	tk.tkr_mono.cycle_last = tk_clock_read(&tk.tkr_mono);
	tk.tkr_raw.cycle_last = tk.tkr_mono.cycle_last;
	tk_shadow = tk;
#if CF_HAS_NTP_DATA
	tk_ntp_data[0] = kept.ntp;
#else
	tick_length = kept.tick_length;
	tick_length_base = kept.tick_length_base;
#endif
	update_pvclock_gtod(&tk);
}

/* Moves @n intervals of shifted ns into (sec, shifted ns), as the loops end up. */
static u64 accumulate(struct tk_read_base *tkr, u64 n, u64 interval)
{
	u128 sum = (u128)n * interval + tkr->xtime_nsec;
	u128 sec = sum / ((u128)NSEC_PER_SEC << tkr->shift);

	tkr->xtime_nsec = sum - sec * ((u128)NSEC_PER_SEC << tkr->shift);
	return sec;
}

/* What the tree's own loops are left with. */
#define LAST_INTERVALS 256

/*
 * The steps of logarithmic_accumulation() are bounded, and accumulate_nsecs_to_secs()
 * counts second by second: years would take a billion turns.  Each interval adds
 * the same while the tick's length is constant, as it is without a phase adjustment,
 * so that all but the last second are added here.
 */
static void skip_intervals(void)
{
	struct timekeeper *t = &tk_shadow;
	u64 delta = tk_clock_read(&t->tkr_mono) - t->tkr_mono.cycle_last, n;

	if ((s64)delta < 0 || delta < 2 * LAST_INTERVALS * t->cycle_interval)
		return;
	n = delta / t->cycle_interval - LAST_INTERVALS;
	t->tkr_mono.cycle_last += n * t->cycle_interval;
	t->tkr_raw.cycle_last = t->tkr_mono.cycle_last;
	t->xtime_sec += accumulate(&t->tkr_mono, n, t->xtime_interval);
	t->raw_sec += accumulate(&t->tkr_raw, n, t->raw_interval);
	t->ntp_error += n * (t->ntp_tick - ((t->xtime_interval + t->xtime_remainder)
					    << t->ntp_error_shift));
}

/*
 * The same for timekeeping_forward_now(), which takes max_cycles a turn in newer
 * trees, and counts seconds, too.  In older ones it multiplies whatever the gap.
 */
static void skip_cycles(void)
{
#if CF_FORWARD_NOW_LOOPS
#if CF_TK_SHADOW_IN_CORE
	struct timekeeper *t = &tk_shadow;
#else
	struct timekeeper *t = &tk;
#endif
	u64 delta = tk_clock_read(&t->tkr_mono) - t->tkr_mono.cycle_last;

	/* two of its turns are its own */
	if ((s64)delta < 0 || delta < 2 * t->tkr_mono.clock->max_cycles)
		return;
	/* stores of no update: who reads between them is nobody */
	interleave_cancel();
	delta -= LAST_INTERVALS * t->cycle_interval;
	t->tkr_mono.cycle_last += delta;
	t->tkr_raw.cycle_last = t->tkr_mono.cycle_last;
	t->xtime_sec += accumulate(&t->tkr_mono, delta, t->tkr_mono.mult);
	t->raw_sec += accumulate(&t->tkr_raw, delta, t->tkr_raw.mult);
#endif
}

u64 ktime_get_real_ns(void)
{
	u64 ns = ktime_add(tk.tkr_mono.base, tk.offs_real) +
		 timekeeping_get_ns(&tk.tkr_mono);

	/* whoever reads another clock next is preempted before */
	shim_hw->raw_tsc += shim_hw->preempted_cycles;
	return ns;
}

/* ---- the VM -------------------------------------------------------------- */

/*
 * In newer trees a VM without the master clock updates all its vCPUs at most ten times a
 * second because of vCPUs that change CPU; the one that does is updated always.
 */
#if CF_HAS_UPDATE_RATELIMIT
static u64 ratelimit_since_ns;
static u32 ratelimit_passed;

static int global_update_request(void)
{
	u64 now_ns = ktime_get();

	if (!ratelimit_passed || now_ns - ratelimit_since_ns > NSEC_PER_SEC) {
		ratelimit_since_ns = now_ns;
		ratelimit_passed = 0;
	}
	return ratelimit_passed++ < 10 ? KVM_REQ_GLOBAL_CLOCK_UPDATE :
					 KVM_REQ_CLOCK_UPDATE;
}
#else
#define global_update_request() KVM_REQ_GLOBAL_CLOCK_UPDATE
#endif

/*
 * kvm_arch_vcpu_load(): a suspend lost the TSC.  Ioctls load the vCPU, too, which is
 * of no other consequence.
 */
static void adjust_tsc(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.tsc_offset_adjustment)
		return;
	adjust_tsc_offset_host(vcpu, vcpu->arch.tsc_offset_adjustment);
	vcpu->arch.tsc_offset_adjustment = 0;
	kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
}

/* kvm_arch_vcpu_load(), the TSC part. */
static void vcpu_load(struct kvm_vcpu *vcpu)
{
	int cpu = shim_hw->cpu;

	adjust_tsc(vcpu);
	if (vcpu->cpu != cpu || kvm_check_tsc_unstable()) {
		s64 tsc_delta = !vcpu->arch.last_host_tsc ? 0 :
				rdtsc() - vcpu->arch.last_host_tsc;

		if (tsc_delta < 0)
			shim_tsc_unstable = 1;	/* mark_tsc_unstable() */
		if (kvm_check_tsc_unstable()) {
			u64 offset = CF_L1_TSC_OFFSET(vcpu,
						vcpu->arch.last_guest_tsc);

			kvm_vcpu_write_tsc_offset(vcpu, offset);
			vcpu->arch.tsc_catchup = 1;
		}
		if (!vcpu->kvm->arch.use_master_clock || vcpu->cpu == -1)
			kvm_make_request(global_update_request(), vcpu);
		vcpu->cpu = cpu;
	}
}

static void leave_guest(struct kvm_vcpu *vcpu);

static void vcpu_put(struct kvm_vcpu *vcpu)
{
	leave_guest(vcpu);
	vcpu->arch.last_host_tsc = rdtsc();
}

/* ---- synthetic timers ---------------------------------------------------- */

/* Large, and of use to few scenarios: forgotten when one begins to use it. */
static KEEP struct kvm_vcpu_hv hyperv_vcpus[SUBJECT_MAX_VCPUS];
static KEEP struct hv_message message_slots[SUBJECT_MAX_VCPUS];
static KEEP struct stimer_seen {
	u32 deliveries;
	bool direct, refused;
	struct hv_message message;	/* as the guest found it */
} stimer_seen[SUBJECT_MAX_VCPUS];

/* kvm_hv_vcpu_init() and the guest's HV_X64_MSR_SIMP */
static struct kvm_vcpu_hv *hyperv_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_hv *hv = &hyperv_vcpus[vcpu->vcpu_idx];

	if (to_hv_vcpu(vcpu))
		return hv;
	memset(hv, 0, sizeof(*hv));
	memset(&message_slots[vcpu->vcpu_idx], 0, sizeof(message_slots[0]));
	memset(&stimer_seen[vcpu->vcpu_idx], 0, sizeof(stimer_seen[0]));
	hv->vcpu = vcpu;
	hv->synic.active = true;
	hv->synic.msg_page = gfn_to_gpa(SHIM_MESSAGES_GFN) | HV_SYNIC_SIMP_ENABLE;
	for (int i = 0; i < (int)ARRAY_SIZE(hv->stimer); i++)
		stimer_init(&hv->stimer[i], i);
	vcpu->arch.hyperv = hv;
	timers_used = true;
	return hv;
}

static u8 *message_slot(struct kvm_vcpu *vcpu, gfn_t gfn, int offset, int len)
{
	int start = SHIM_SINT * sizeof(struct hv_message);

	if (gfn != SHIM_MESSAGES_GFN || len < 0 || offset < start ||
	    offset + len > start + (int)sizeof(struct hv_message))
		return NULL;
	return (u8 *)&message_slots[vcpu->vcpu_idx] + offset - start;
}

int kvm_vcpu_read_guest_page(struct kvm_vcpu *vcpu, gfn_t gfn, void *data,
			     int offset, int len)
{
	u8 *slot = message_slot(vcpu, gfn, offset, len);

	if (!slot)
		return -EFAULT;
	memcpy(data, slot, len);
	return 0;
}

int kvm_vcpu_write_guest_page(struct kvm_vcpu *vcpu, gfn_t gfn, const void *data,
			      int offset, int len)
{
	u8 *slot = message_slot(vcpu, gfn, offset, len);

	if (!slot)
		return -EFAULT;
	memcpy(slot, data, len);
	return 0;
}

/* The guest takes the message out at once, unless it is told to leave it. */
static int synic_set_irq(struct kvm_vcpu_hv_synic *synic, u32 sint)
{
	u32 nr = hv_synic_to_vcpu(synic)->vcpu_idx;

	stimer_seen[nr].deliveries++;
	stimer_seen[nr].direct = false;
	stimer_seen[nr].message = message_slots[nr];
	message_slots[nr].header.message_type = HVMSG_NONE;
	return 1;
}

int kvm_apic_set_irq(struct kvm_vcpu *vcpu, struct kvm_lapic_irq *irq, void *map)
{
	stimer_seen[vcpu->vcpu_idx].deliveries++;
	stimer_seen[vcpu->vcpu_idx].direct = true;
	return 1;
}

static struct subject_pvclock pvclock_view(const struct pvclock_vcpu_time_info *pv)
{
	return (struct subject_pvclock){
		.version = pv->version,
		.tsc_timestamp = pv->tsc_timestamp,
		.system_time = pv->system_time,
		.tsc_to_system_mul = pv->tsc_to_system_mul,
		.tsc_shift = pv->tsc_shift,
		.flags = pv->flags,
	};
}

#include "xen.h"
#include "lapic.h"

/* hrtimer_interrupt(), late by what passes until anything happens here */
static void run_timer(struct hrtimer *timer)
{
	while (timer->armed && ktime_get() >= timer->expires) {
		timer->armed = false;
		if (timer->function(timer) == HRTIMER_RESTART)
			timer->armed = true;
	}
}

static void run_timers(void)
{
	for (int i = 0; i < vm.online_vcpus.counter; i++) {
		struct kvm_vcpu_hv *hv = to_hv_vcpu(&vcpus[i]);

		if (hv)
			run_timer(&hv->stimer[SUBJECT_STIMER(i)].timer);
		run_timer(&vcpus[i].arch.xen.timer);
		if (vcpus[i].arch.apic)
			run_timer(&vcpus[i].arch.apic->lapic_timer.timer);
	}
}

/* HV_X64_MSR_STIMERx_CONFIG by the guest */
void host_write_stimer_config(u32 nr, u32 flags)
{
	struct kvm_vcpu_hv *hv = hyperv_vcpu(&vcpus[nr]);
	union hv_stimer_config config = {
		.enable = !!(flags & SUBJECT_STIMER_ENABLE),
		.periodic = !!(flags & SUBJECT_STIMER_PERIODIC),
		.auto_enable = !!(flags & SUBJECT_STIMER_AUTO_ENABLE),
		.direct_mode = !!(flags & SUBJECT_STIMER_DIRECT),
		.apic_vector = flags & SUBJECT_STIMER_DIRECT ? 0xed : 0,
		.sintx = flags & SUBJECT_STIMER_NO_SINT ? 0 : SHIM_SINT,
	};

	hv->synic.active = !(flags & SUBJECT_STIMER_NO_SYNIC);
	hv->enforce_cpuid = !(flags & SUBJECT_STIMER_LAX);
	hv->cpuid_cache.features_edx = flags & SUBJECT_STIMER_NO_DIRECT ? 0 :
				       HV_STIMER_DIRECT_MODE_AVAILABLE;
	stimer_seen[nr].refused = stimer_set_config(&hv->stimer[SUBJECT_STIMER(nr)],
						    config.as_uint64, false);
	if (stimer_seen[nr].refused)
		return;
	hv->synic.msg_page = gfn_to_gpa(SHIM_MESSAGES_GFN) |
			     (flags & SUBJECT_STIMER_NO_PAGE ? 0 : HV_SYNIC_SIMP_ENABLE);
}

void host_write_stimer_count(u32 nr, u64 count)
{
	struct kvm_vcpu_hv *hv = hyperv_vcpu(&vcpus[nr]);

	stimer_seen[nr].refused = stimer_set_count(&hv->stimer[SUBJECT_STIMER(nr)], count,
						   false);
}

/*
 * The guest leaves a message in its slot, or takes it out and writes EOM, if it is told
 * that others wait; then kvm_hv_notify_acked_sint(), for the one timer.
 */
void host_set_message_slot(u32 nr, bool busy)
{
	struct kvm_vcpu_hv *hv = hyperv_vcpu(&vcpus[nr]);
	struct kvm_vcpu_hv_stimer *stimer = &hv->stimer[SUBJECT_STIMER(nr)];

	struct hv_message_header *header = &message_slots[nr].header;
	bool end_of_message = !busy && header->message_flags.msg_pending;

	if (busy && header->message_type != HVMSG_NONE)
		return;
	header->message_type = busy;
	header->message_flags.asu8 = 0;
	if (end_of_message && stimer->msg_pending && stimer->config.enable &&
	    !stimer->config.direct_mode && stimer->config.sintx == SHIM_SINT)
		stimer_mark_pending(stimer, false);
}

void host_view_stimer(u32 nr, struct subject_stimer_view *view)
{
	const struct kvm_vcpu_hv_stimer *stimer = &hyperv_vcpus[nr].stimer[SUBJECT_STIMER(nr)];
	const struct stimer_seen *seen = &stimer_seen[nr];
	const struct hv_message_header *header = &seen->message.header;
	const struct hv_timer_message_payload *payload = (void *)&seen->message.u;

	if (!vcpus[nr].arch.hyperv) {
		*view = (struct subject_stimer_view){ 0 };
		return;
	}
	*view = (struct subject_stimer_view){
		.used = true,
		.enabled = stimer->config.enable,
		.periodic = stimer->config.periodic,
		.deliveries = seen->deliveries,
		.direct = seen->direct,
		.message = {
			.type = header->message_type,
			.payload_size = header->payload_size,
			.flags = header->message_flags.asu8,
			.sender = header->sender,
			.timer = payload->timer_index,
			.expires = payload->expiration_time,
			.delivered = payload->delivery_time,
		},
		/* the other bits are reserved; in 6.1 they are what the stack held */
		.slot_awaited = message_slots[nr].header.message_flags.msg_pending,
		.refused = seen->refused,
		.armed = stimer->timer.armed,
		.armed_for_ns = stimer->timer.expires,
		.monotonic_ns = ktime_get(),
	};
}

static bool take_request(int req, struct kvm_vcpu *vcpu)
{
	if (!(vcpu->requests & 1u << req))
		return false;
	kvm_clear_request(req, vcpu);
	return true;
}

static void enter_guest(struct kvm_vcpu *vcpu);

/* vcpu_enter_guest(), the clock requests in its order; then a preemption. */
void host_run_vcpu(u32 nr)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	if (timers_used)
		run_timers();
	vcpu_load(vcpu);
	take_request(KVM_REQ_UNBLOCK, vcpu);
	if (timers_used) {
		/* vcpu_run(), what timers left for the vCPU's own thread */
		if (kvm_xen_timer_enabled(vcpu))
			kvm_xen_inject_timer_irqs(vcpu);
		lapic_inject(vcpu);
	}
	if (take_request(KVM_REQ_MASTERCLOCK_UPDATE, vcpu)) {
		kvm_update_masterclock(&vm);
		shim_hw->masterclock_updates++;
	}
	if (take_request(KVM_REQ_GLOBAL_CLOCK_UPDATE, vcpu)) {
		kvm_gen_kvmclock_update(vcpu);
	}
	if (take_request(KVM_REQ_CLOCK_UPDATE, vcpu)) {
		kvm_guest_time_update(vcpu);
		pvclock_updates[nr] += !shim_slot_gone;
	}
	/* until nothing is left to do: else the entry is tried again */
	while (take_request(KVM_REQ_HV_STIMER, vcpu))
		kvm_hv_process_stimers(vcpu);
	if (timers_used)
		lapic_wait(vcpu);
	enter_guest(vcpu);
	/* The end of vcpu_enter_guest(). */
	if (vcpu->arch.tsc_always_catchup)
		kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
	vcpu_put(vcpu);
}

/* pvclock_gtod_notify(), and the work it queues */
static void gtod_work(void)
{
	if (!gtod_is_based_on_tsc(pvclock_gtod_data.clock.vclock_mode) &&
	    atomic_read(&kvm_guest_has_master_clock)) {
		kvm_make_all_cpus_request(&vm, KVM_REQ_MASTERCLOCK_UPDATE);
		atomic_set(&kvm_guest_has_master_clock, 0);
	}
}

/* timekeeping_notify() */
void host_set_clocksource(enum subject_clocksource kind)
{
	struct clocksource *cs = find_clocksource(kind);

	if (tk.tkr_mono.clock == cs)
		return;
	skip_cycles();
	change_clocksource(cs);
	gtod_work();
}

void host_step_realtime(s64 ns)
{
	struct timespec64 by = ns_to_timespec64(ns);

	skip_cycles();
	timekeeping_inject_offset(&by);
	gtod_work();
}

void host_suspend(void)
{
	skip_cycles();
	timekeeping_suspend();
}

/* syscore_resume() on the boot CPU; then each CPU comes up, that one first */
void host_resume(bool boot_cpu)
{
	if (boot_cpu) {
		/* an update of its own: only that can be read between */
		interleave_cancel();
		timekeeping_resume();
	}
	shim_the_vm = &vm;
#if CF_HARDWARE_ENABLE
	kvm_arch_hardware_enable();
#else
	kvm_arch_enable_virtualization_cpu();
#endif
	gtod_work();
}

#if CF_HAS_NTP_DATA
#define NTP(name) tk_ntp_data[0].name
#define NTP_DATA &tk_ntp_data[0]
#else
#define NTP(name) name
#define NTP_DATA
#endif

/* process_adjtimex_modes(), ADJ_FREQUENCY: 2^-16 ppm */
static void set_frequency(s64 freq)
{
	freq *= PPM_SCALE;
	NTP(time_freq) = max(min(freq, MAXFREQ_SCALED), -MAXFREQ_SCALED);
	ntp_update_frequency(NTP_DATA);
}

/* and then do_adjtimex() */
void host_ntp_slew(s32 ppb)
{
	set_frequency(ppb * 65536ll / 1000);
	skip_intervals();
	timekeeping_advance(TK_ADV_FREQ);
	gtod_work();
}

void host_tick(void)
{
	/* The watchdog takes a TSC that was found unstable out of use. */
	if (shim_tsc_unstable && tk.tkr_mono.clock == &clocksources[SUBJECT_CS_TSC]) {
		host_set_clocksource(SUBJECT_CS_OTHER);
	} else {
		skip_intervals();
		timekeeping_advance(TK_ADV_TICK);
	}

	gtod_work();
#if CF_HAS_UPDATE_WORK
	/* its delay of 100 ms is over with the next tick */
	if (vm.arch.kvmclock_update_work.work.pending) {
		vm.arch.kvmclock_update_work.work.pending = 0;
		kvmclock_update_fn(&vm.arch.kvmclock_update_work.work);
	}
#endif
}

void host_write_tsc(u32 nr, u64 tsc, bool host)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	adjust_tsc(vcpu);
	/* kvm_set_msr_common(), MSR_IA32_TSC */
	if (host) {
#if CF_SYNCHRONIZE_TSC_TAKES_POINTER
		kvm_synchronize_tsc(vcpu, &tsc);
#else
		kvm_synchronize_tsc(vcpu, tsc);
#endif
	} else {
		u64 adj = CF_L1_TSC_OFFSET(vcpu, tsc) - vcpu->arch.l1_tsc_offset;

		adjust_tsc_offset_guest(vcpu, adj);
	}
}

int host_set_tsc_offset(u32 nr, u64 offset)
{
	struct kvm_device_attr attr = {
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (u64)(unsigned long)&offset,
	};

	adjust_tsc(&vcpus[nr]);
	return kvm_arch_tsc_set_attr(&vcpus[nr], &attr);
}

int host_get_tsc_offset(u32 nr, u64 *offset)
{
	struct kvm_device_attr attr = {
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (u64)(unsigned long)offset,
	};

	return kvm_arch_tsc_get_attr(&vcpus[nr], &attr);
}

/* kvm_arch_vcpu_ioctl(), KVM_SET_TSC_KHZ */
int host_set_tsc_khz(u32 nr, u32 khz)
{
	adjust_tsc(&vcpus[nr]);
	if (kvm_caps.has_tsc_control && khz >= kvm_caps.max_guest_tsc_khz)
		return -EINVAL;
	if (!khz)
		khz = tsc_khz;
	return kvm_set_tsc_khz(&vcpus[nr], khz) ? -EINVAL : 0;
}

void host_pause_guest(u32 nr)
{
	kvm_set_guest_paused(&vcpus[nr]);
}

int host_get_clock(struct subject_clock *clock)
{
	struct kvm_clock_data data;
	int err = kvm_vm_ioctl_get_clock(&vm, &data);

	*clock = (struct subject_clock){
		.clock_ns = data.clock,
		.realtime_ns = data.realtime,
		.host_tsc = data.host_tsc,
		.flags = data.flags,
	};
	return err;
}

int host_set_clock(const struct subject_clock *clock)
{
	struct kvm_clock_data data = {
		.clock = clock->clock_ns,
		.realtime = clock->realtime_ns,
		.host_tsc = clock->host_tsc,
		.flags = clock->flags,
	};
	int err = kvm_vm_ioctl_set_clock(&vm, &data);

	if (!err)
		shim_hw->masterclock_updates++;
	return err;
}

/* kvm_hv_set_msr_pw(), HV_X64_MSR_REFERENCE_TSC */
static void set_reference_tsc(struct kvm_vcpu *vcpu, u64 value, bool host)
{
	struct kvm_hv *hv = to_kvm_hv(&vm);

	hv->hv_tsc_page = value;
	if (value & HV_X64_MSR_TSC_REFERENCE_ENABLE) {
		hv->hv_tsc_page_status = host ? HV_TSC_PAGE_HOST_CHANGED :
						HV_TSC_PAGE_GUEST_CHANGED;
		kvm_make_request(KVM_REQ_MASTERCLOCK_UPDATE, vcpu);
	} else {
		hv->hv_tsc_page_status = HV_TSC_PAGE_UNSET;
	}
}

void host_write_tsc_page(u32 nr, enum subject_page_write how)
{
	u64 gfn = how == SUBJECT_PAGE_NOWHERE ? SHIM_NO_MEMORY_GFN :
						SHIM_TSC_PAGE_GFN;
	u64 enable = how != SUBJECT_PAGE_OFF ? HV_X64_MSR_TSC_REFERENCE_ENABLE : 0;

	set_reference_tsc(&vcpus[nr],
			  gfn << HV_X64_MSR_TSC_REFERENCE_ADDRESS_SHIFT | enable,
			  how == SUBJECT_PAGE_BY_HOST);
}

/* kvm_hv_set_msr_pw(), the two MSRs that a guest writes when it opts in */
void host_set_reenlightenment(u32 nr, bool on)
{
	to_kvm_hv(&vm)->hv_reenlightenment_control = on;
	to_kvm_hv(&vm)->hv_tsc_emulation_control = on;
}

void host_get_hv_msrs(struct subject_hv_msrs *msrs)
{
	const struct kvm_hv *hv = to_kvm_hv(&vm);

	*msrs = (struct subject_hv_msrs){
		.reference_tsc = hv->hv_tsc_page,
		.reenlightenment_control = hv->hv_reenlightenment_control,
		.tsc_emulation_control = hv->hv_tsc_emulation_control,
	};
	for (int i = 0; i < vm.online_vcpus.counter; i++) {
		struct kvm_vcpu_hv *v = to_hv_vcpu(&vcpus[i]);

		if (!v)
			continue;
		msrs->stimer[i].config = v->stimer[SUBJECT_STIMER(i)].config.as_uint64;
		msrs->stimer[i].count = v->stimer[SUBJECT_STIMER(i)].count;
	}
}

/* In QEMU's order: what belongs to the VM is written through vCPU0. */
void host_set_hv_msrs(const struct subject_hv_msrs *msrs)
{
	struct kvm_hv *hv = to_kvm_hv(&vm);

	/* Writing 0 is written all the same, but there is nothing to see. */
	if (msrs->reference_tsc)
		set_reference_tsc(&vcpus[0], msrs->reference_tsc, true);
	hv->hv_reenlightenment_control = msrs->reenlightenment_control;
	hv->hv_tsc_emulation_control = msrs->tsc_emulation_control;
	for (int i = 0; i < vm.online_vcpus.counter; i++) {
		struct kvm_vcpu_hv_stimer *stimer;

		if (!msrs->stimer[i].config && !msrs->stimer[i].count)
			continue;
		stimer = &hyperv_vcpu(&vcpus[i])->stimer[SUBJECT_STIMER(i)];
		stimer_set_config(stimer, msrs->stimer[i].config, true);
		stimer_set_count(stimer, msrs->stimer[i].count, true);
	}
}

static enum subject_page page_status(const struct kvm_hv *hv)
{
	switch (hv->hv_tsc_page_status) {
	case HV_TSC_PAGE_GUEST_CHANGED:
		return SUBJECT_PAGE_GUEST_CHANGED;
	case HV_TSC_PAGE_HOST_CHANGED:
		return SUBJECT_PAGE_HOST_CHANGED;
	case HV_TSC_PAGE_SET:
		return SUBJECT_PAGE_SET;
	case HV_TSC_PAGE_BROKEN:
		return SUBJECT_PAGE_BROKEN;
	default:
		return SUBJECT_PAGE_UNSET;
	}
}

u64 host_wall_clock_epoch(void)
{
#if CF_HAS_WALL_CLOCK_EPOCH
	return kvm_get_wall_clock_epoch(&vm);
#else
	/* kvm_write_wall_clock() of that age */
	return ktime_get_real_ns() - get_kvmclock_ns(&vm);
#endif
}

static void set_scaling(u8 frac)
{
	kvm_caps.has_tsc_control = frac != 0;
	kvm_caps.tsc_scaling_ratio_frac_bits = frac;
	kvm_caps.default_tsc_scaling_ratio = 1ull << frac;
	/* KVM_VMX_TSC_MULTIPLIER_MAX, SVM_TSC_RATIO_MAX */
	kvm_caps.max_tsc_scaling_ratio = frac == 48 ? ~0ull : 0xffffffffffull;
}

static void create_nested(struct kvm_vcpu *vcpu);
static void enable_virtualization(void);

static void create_vcpu(u32 i)
{
	struct kvm_vcpu *vcpu = &vcpus[i];

	memset(vcpu, 0, sizeof(*vcpu));
	vm.vcpus[i] = vcpu;
	vcpu->kvm = &vm;
	vcpu->vcpu_id = i;
	vcpu->vcpu_idx = i;
	vcpu->cpu = -1;
	create_nested(vcpu);
	/* kvm_arch_vcpu_create(), then kvm_arch_vcpu_postcreate() */
	kvm_set_tsc_khz(vcpu, max_tsc_khz);
	vm.online_vcpus.counter++;
	vcpu_load(vcpu);
#if CF_SYNCHRONIZE_TSC_TAKES_POINTER
	kvm_synchronize_tsc(vcpu, NULL);
#else
	kvm_synchronize_tsc(vcpu, 0);
#endif
	vcpu_put(vcpu);
	/* the guest's MSR_KVM_SYSTEM_TIME_NEW */
	vcpu->arch.pv_time.khva = &guest_pvclock[i];
	vcpu->arch.pv_time.active = vcpu->arch.pv_time.valid = true;
	kvm_make_request(KVM_REQ_GLOBAL_CLOCK_UPDATE, vcpu);
}

/* The clocks in the guest's memory stay as they are. */
void host_create_vm(u32 nr_vcpus)
{
	/* the first of a host finds everything forgotten */
	if (vm.online_vcpus.counter) {
		memset(&vm, 0, sizeof(vm));
		memset(pvclock_updates, 0, sizeof(pvclock_updates));
		timers_used = false;
		memset(xen_used, 0, sizeof(xen_used));
		memset(area_of, 0, sizeof(area_of));
		memset(xen_deliveries, 0, sizeof(xen_deliveries));
		memset(lapic_deliveries, 0, sizeof(lapic_deliveries));
		shim_slot_gone = false;
#if CF_HAS_UPDATE_RATELIMIT
		ratelimit_passed = 0;
#endif
	}
	/* kvm_arch_init_vm() */
	vm.arch.kvmclock_offset = -get_kvmclock_base_ns();
	pvclock_update_vm_gtod_copy(&vm);
	shim_hw->masterclock_updates++;
	for (u32 i = 0; i < nr_vcpus; i++)
		create_vcpu(i);
}

void host_hotplug_vcpu(void)
{
	if (vm.online_vcpus.counter < SUBJECT_MAX_VCPUS)
		create_vcpu(vm.online_vcpus.counter);
}

void host_boot(const struct subject_config *c)
{
	u32 i;

	config = *c;
	/* kvm_timer_init(), before tsc_refine_calibration_work() */
	tsc_khz = c->early_tsc_khz;
	for (i = 0; i < SUBJECT_MAX_CPUS; i++)
		cpu_tsc_khz[i] = tsc_khz;
	max_tsc_khz = tsc_khz;

	set_scaling(c->tsc_frac_bits);
	/* kvm_x86_vendor_init() */
	if (kvm_caps.has_tsc_control)
		kvm_caps.max_guest_tsc_khz = min(0x7fffffffULL,
			__scale_tsc(kvm_caps.max_tsc_scaling_ratio, tsc_khz));
	tsc_khz = c->tsc_khz;

	host_tsc_page.tsc_sequence = 1;
	host_tsc_page.tsc_scale = shim_hw->hv_scale;
	host_tsc_page.tsc_offset = shim_hw->hv_offset_100ns;
	enable_virtualization();
	boot_timekeeper();
}

/* ---- views --------------------------------------------------------------- */

void host_view_vm(struct subject_vm_view *view)
{
	const struct ms_hyperv_tsc_page *page = (void *)shim_hw->memory.tsc_page;
	struct kvm_hv *hv = to_kvm_hv(&vm);

	*view = (struct subject_vm_view){
		.use_master_clock = vm.arch.use_master_clock,
		.master_cycle_now = vm.arch.master_cycle_now,
		.master_kernel_ns = vm.arch.master_kernel_ns,
		.kvmclock_offset_ns = vm.arch.kvmclock_offset,
		.masterclock_updates = shim_hw->masterclock_updates,
		.tsc_unstable = shim_tsc_unstable,
		.page_enabled = hv->hv_tsc_page & HV_X64_MSR_TSC_REFERENCE_ENABLE &&
			hv->hv_tsc_page >> HV_X64_MSR_TSC_REFERENCE_ADDRESS_SHIFT ==
			SHIM_TSC_PAGE_GFN,
		.page_status = page_status(hv),
		.tsc_emulation = hv->hv_tsc_emulation_control,
		.page_sequence = page->tsc_sequence,
		.page_scale = page->tsc_scale,
		.page_offset_100ns = page->tsc_offset,
		.seqcount_odd = (vm.arch.pvclock_sc.sequence | tk_core.seq.sequence |
				 pvclock_gtod_data.seq.sequence) & 1,
		.wall_clock_version = ((const struct pvclock_wall_clock *)
				       shim_hw->memory.wall_clock)->version,
	};
}

void host_view_vcpu(u32 nr, struct subject_vcpu_view *view)
{
	static const struct kvm_vcpu none;
	const struct kvm_vcpu *vcpu = nr < (u32)vm.online_vcpus.counter ?
				      &vcpus[nr] : &none;

	*view = (struct subject_vcpu_view){
		.pvclock = pvclock_view(&guest_pvclock[nr]),
		.tsc_offset = vcpu->arch.l1_tsc_offset,
		.tsc_multiplier = vcpu->arch.l1_tsc_scaling_ratio,
		.virtual_tsc_khz = vcpu->arch.virtual_tsc_khz,
		.hw_tsc_khz = vcpu->arch.hw_tsc_khz,
		.tsc_catchup = vcpu->arch.tsc_catchup,
		.this_tsc_write = vcpu->arch.this_tsc_write,
		.this_tsc_nsec = vcpu->arch.this_tsc_nsec,
		.updates = pvclock_updates[nr],
		.in_l2 = vcpu->guest_mode,
		.tsc_differs = vcpu->tsc_differs,
	};
}

void host_view_timekeeper(struct subject_timekeeper_view *view)
{
	*view = (struct subject_timekeeper_view){
		.cycle_last = tk.tkr_raw.cycle_last,
		.mult = tk.tkr_raw.mult,
		.shift = tk.tkr_raw.shift,
		.xtime_nsec = tk.tkr_raw.xtime_nsec,
		.base_ns = tk.tkr_raw.base + tk.offs_boot,
		.clocksource = tk.tkr_mono.clock - clocksources,
		.mono_mult = tk.tkr_mono.mult,
		.mono_xtime_nsec = tk.tkr_mono.xtime_nsec,
		.mono_base_ns = tk.tkr_mono.base,
		.offs_real_ns = tk.offs_real,
	};
}

/* ---- pure functions ------------------------------------------------------ */

u64 host_scale_delta(u64 delta, u32 mul, s8 shift)
{
	return pvclock_scale_delta(delta, mul, shift);
}

void host_time_scale(u64 scaled_hz, u64 base_hz, s8 *shift, u32 *mul)
{
	u32 fuel = shim_fuel;

	/* Its loops halve or double 64-bit numbers; what turns more doesn't end. */
	shim_fuel = 200;
	kvm_get_time_scale(scaled_hz, base_hz, shift, mul);
	shim_fuel = fuel;
}

bool host_hv_page_params(u32 mul, s8 shift, u64 system_time,
				u64 tsc_timestamp, u64 *scale, s64 *offset)
{
	struct pvclock_vcpu_time_info pv = {
		.tsc_timestamp = tsc_timestamp,
		.system_time = system_time,
		.tsc_to_system_mul = mul,
		.tsc_shift = shift,
		.flags = PVCLOCK_TSC_STABLE_BIT,
	};
	struct ms_hyperv_tsc_page page = { 0 };

	if (!compute_tsc_page_parameters(&pv, &page))
		return false;
	*scale = page.tsc_scale;
	*offset = page.tsc_offset;
	return true;
}

u64 host_scale_tsc(u64 tsc, u64 ratio, u8 frac)
{
	set_scaling(frac);
	return kvm_scale_tsc(tsc, ratio);
}

bool host_tsc_ratio(u32 host_khz, u32 guest_khz, u8 frac, u64 *ratio)
{
	set_scaling(frac);
	tsc_khz = host_khz;
	if (set_tsc_khz(&vcpus[0], guest_khz, true))
		return false;
	*ratio = vcpus[0].arch.l1_tsc_scaling_ratio;
	return true;
}

u64 host_nested_offset(u64 l1, u64 l2, u64 multiplier, u8 frac)
{
	set_scaling(frac);
	return kvm_calc_nested_tsc_offset(l1, l2, multiplier);
}

u64 host_nested_multiplier(u64 l1, u64 l2, u8 frac)
{
	set_scaling(frac);
	return kvm_calc_nested_tsc_multiplier(l1, l2);
}

/* compute_guest_tsc() for a vCPU whose last write was 0 at 0 ns. */
u64 host_scaled_guest_tsc(u32 mul, s8 shift, s64 delta_ns)
{
	struct kvm_vcpu *vcpu = &vcpus[0];

	vcpu->arch.virtual_tsc_shift = shift;
	vcpu->arch.virtual_tsc_mult = mul;
	vcpu->arch.this_tsc_nsec = 0;
	vcpu->arch.this_tsc_write = 0;
	return compute_guest_tsc(vcpu, delta_ns);
}

u64 host_guest_tsc(u32 khz, s64 delta_ns)
{
	s8 shift;
	u32 mul;

	kvm_get_time_scale(khz * 1000LL, NSEC_PER_SEC, &shift, &mul);
	return host_scaled_guest_tsc(mul, shift, delta_ns);
}

void host_request_masterclock(u32 nr)
{
	kvm_make_request(KVM_REQ_MASTERCLOCK_UPDATE, &vcpus[nr]);
}

u64 host_reference_counter(void)
{
	return get_time_ref_counter(&vm);
}

#include "host_nested.h"
#include "host_interleave.h"
#include "host_time.h"
