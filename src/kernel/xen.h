/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen guests: the VMM's set-up, the timer hypercall, runstates.  Part of host.c.
 */

/* Guest frames that a VMM tells KVM of. */
#define TIME_INFO_GFN 16ull		/* and the vCPU's number */
#define INFO_GFN 20ull			/* likewise: struct vcpu_info around the same */
#define INFO_COPY_GFN 24ull		/* and one in other memory */
#define SHARED_INFO_GFN 32ull
#define RUNSTATE_GFN 48ull		/* and twice the vCPU's number */

#define TIMER_PORT 1

struct shim_task shim_task;
bool shim_slot_gone;

/* Large, and of use to few scenarios: forgotten when one begins to use it. */
static KEEP __attribute__((__aligned__(8))) u8 shared_info[PAGE_SIZE];
static KEEP __attribute__((__aligned__(8))) u8 runstate_area[SUBJECT_MAX_VCPUS][64];
static KEEP struct vcpu_info info_copy[SUBJECT_MAX_VCPUS];

static bool xen_used[SUBJECT_MAX_VCPUS];
static u32 xen_deliveries[SUBJECT_MAX_VCPUS];
static u64 xen_delivered[SUBJECT_MAX_VCPUS];

/*
 * vCPU 0's area lies in one page; the others' cross into the next, each at another
 * field, where KVM can do that.
 */
static gpa_t runstate_gpa(u32 nr)
{
	gpa_t gpa = gfn_to_gpa(RUNSTATE_GFN + 2 * nr);

#if CF_XEN_RUNSTATE_MAY_SPLIT
	if (nr)
		gpa += PAGE_SIZE - 12 * nr;
#endif
	return gpa;
}

int shim_gpc_activate(struct gfn_to_pfn_cache *gpc, gpa_t gpa, unsigned long len)
{
	u64 gfn = gpa_to_gfn(gpa);

	if (gfn == SHARED_INFO_GFN) {
		gpc->khva = shared_info;
	} else if (gfn >= RUNSTATE_GFN) {
		u32 nr = (gfn - RUNSTATE_GFN) / 2;

		gpc->khva = &runstate_area[nr][gpa - runstate_gpa(nr)];
	} else if (gfn >= INFO_COPY_GFN) {
		gpc->khva = &info_copy[gfn - INFO_COPY_GFN];
	} else if (gfn >= INFO_GFN) {
		/* KVM's clocks touch its time and nothing else */
		gpc->khva = (u8 *)&guest_pvclock[gfn - INFO_GFN] -
			    offsetof(struct vcpu_info, time);
	} else {
		gpc->khva = &guest_pvclock[gfn - TIME_INFO_GFN];
	}
	if (shim_slot_gone)
		return -EFAULT;
	gpc->gpa = gpa;
	gpc->active = gpc->valid = true;
	return 0;
}

int shim_gpc_activate_hva(struct gfn_to_pfn_cache *gpc, unsigned long hva)
{
	gpc->khva = (void *)hva;
	gpc->gpa = SHIM_NO_GPA;
	gpc->active = gpc->valid = true;
	return 0;
}

static void note_event(struct kvm *kvm, struct kvm_xen_evtchn *e)
{
	xen_deliveries[e->vcpu_idx]++;
	xen_delivered[e->vcpu_idx] = kvm->vcpus[e->vcpu_idx]->arch.xen.timer_expires;
}

int kvm_xen_set_evtchn(struct kvm_xen_evtchn *e, struct kvm *kvm)
{
	note_event(kvm, e);
	return 1;
}

/* In an interrupt it can't wait for the page that the channel lies in. */
int kvm_xen_set_evtchn_fast(struct kvm_xen_evtchn *e, struct kvm *kvm)
{
	if (!kvm->arch.xen.shinfo_cache.active)
		return -EWOULDBLOCK;
	note_event(kvm, e);
	return 1;
}

static void set_xen_attr(struct kvm_vcpu *vcpu, struct kvm_xen_vcpu_attr *attr)
{
	kvm_xen_vcpu_set_attr(vcpu, attr);
}

static void set_xen_gpa(struct kvm_vcpu *vcpu, u16 type, gpa_t gpa)
{
	set_xen_attr(vcpu, &(struct kvm_xen_vcpu_attr){ .type = type, .u.gpa = gpa });
}

/*
 * The VMM makes the vCPU a Xen guest's, whose kvmclock is Xen's vcpu_time_info
 * and no longer the MSR's.
 */
void host_xen_vcpu(u32 nr)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	if (vcpu->arch.xen.timer_virq || shim_slot_gone)
		return;
	if (!xen_used[nr])
		memset(runstate_area[nr], 0, sizeof(runstate_area[nr]));
	xen_used[nr] = true;
	timers_used = true;
	vcpu->arch.pv_time.active = false;
	set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
		    gfn_to_gpa(TIME_INFO_GFN + nr));
	set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR, runstate_gpa(nr));
#if !CF_XEN_INITS_TIMER
	/* kvm_xen_init_vcpu() */
	hrtimer_setup(&vcpu->arch.xen.timer, xen_timer_callback, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);
#endif
	set_xen_attr(vcpu, &(struct kvm_xen_vcpu_attr){
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer.port = TIMER_PORT,
		.u.timer.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
	});
}

/* kvm_xen_hvm_set_attr(), KVM_XEN_ATTR_TYPE_SHARED_INFO */
u64 host_xen_shared_info(bool compat)
{
	struct gfn_to_pfn_cache *gpc = &vm.arch.xen.shinfo_cache;
	const struct pvclock_wall_clock *wc;
	u32 sec_hi;
	int err;

	if (!gpc->active)
		memset(shared_info, 0, sizeof(shared_info));
	vm.arch.xen.long_mode = !compat;
#if CF_XEN_INFO_TAKES_GFN
	err = kvm_xen_shared_info_init(&vm, SHARED_INFO_GFN);
#else
	err = kvm_gpc_activate(gpc, gfn_to_gpa(SHARED_INFO_GFN), PAGE_SIZE);
	if (!err)
		err = kvm_xen_shared_info_init(&vm);
#endif
	if (err)
		return ~0ull;
	if (compat) {
		const struct compat_shared_info *info = (void *)shared_info;

		wc = &info->wc;
		sec_hi = info->arch.wc_sec_hi;
	} else {
		const struct shared_info *info = (void *)shared_info;

		wc = &info->wc;
		sec_hi = info->wc_sec_hi;
	}
	return ((u64)sec_hi << 32 | wc->sec) * NSEC_PER_SEC + wc->nsec;
}

void host_xen_set_timer(u32 nr, u64 timeout_ns)
{
	u64 result;

	kvm_xen_hcall_set_timer_op(&vcpus[nr], timeout_ns, &result);
}

/*
 * Loaded (record_steal_time()), preempted (kvm_arch_vcpu_put()), or as the VMM
 * says; the thread has waited @run_delay_ns for a CPU since boot.
 */
void host_xen_set_runstate(u32 nr, enum subject_runstate state, u64 run_delay_ns)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	if (!xen_used[nr])
		return;
	shim_task.sched_info.run_delay = run_delay_ns;
	if (state == SUBJECT_RUNSTATE_BLOCKED || state == SUBJECT_RUNSTATE_OFFLINE)
		set_xen_attr(vcpu, &(struct kvm_xen_vcpu_attr){
			.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT,
			.u.runstate.state = state,
		});
	else
		CF_XEN_UPDATE_RUNSTATE(vcpu, state);
}

/*
 * What a VMM does that brings the vCPU back after a while: as it was saved, by
 * RUNSTATE_DATA; or with the time away as offline, by RUNSTATE_ADJUST.
 */
int host_xen_restore_runstate(u32 nr, u64 away_ns, u64 run_delay_ns)
{
	struct kvm_xen_vcpu_attr attr = { .type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA };

	if (!xen_used[nr])
		return -EINVAL;
	shim_task.sched_info.run_delay = run_delay_ns;
	if (away_ns)
		attr = (struct kvm_xen_vcpu_attr){
			.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST,
			.u.runstate = {
				.state = ~0ull, .state_entry_time = away_ns,
				.time_offline = away_ns,
			},
		};
	else
		kvm_xen_vcpu_get_attr(&vcpus[nr], &attr);
	return kvm_xen_vcpu_set_attr(&vcpus[nr], &attr);
}

/* Where the guest's kvmclock lies: the new place first, then the old one goes. */
static void move_xen_clock(u32 nr, enum subject_xen_attr where)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	if (where == SUBJECT_XEN_INFO) {
		set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
			    gfn_to_gpa(INFO_GFN + nr));
		set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO, SHIM_NO_GPA);
		return;
	}
	set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
		    gfn_to_gpa(TIME_INFO_GFN + nr));
	set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, SHIM_NO_GPA);
	if (where == SUBJECT_XEN_TIME)
		return;
	memset(&info_copy[nr], 0, sizeof(info_copy[nr]));
#ifdef KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA
	set_xen_attr(vcpu, &(struct kvm_xen_vcpu_attr){
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA,
		.u.hva = (unsigned long)&info_copy[nr],
	});
#else
	set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		    gfn_to_gpa(INFO_COPY_GFN + nr));
#endif
}

static bool is_xen_hva(u16 type)
{
#ifdef KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA
	return type == KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA;
#else
	return false;
#endif
}

/* All that can be read, set to that; what isn't there can't be set. */
static int reload_xen(struct kvm_vcpu *vcpu)
{
	static const u16 types[] = {
		KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
		KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
#ifdef KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA
		KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA,
#endif
		KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID,
		KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR,
		KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST,
		KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA,
	};
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		struct kvm_xen_vcpu_attr attr = { .type = types[i] };

		if (kvm_xen_vcpu_get_attr(vcpu, &attr))
			continue;
		/* no GPA, or no HVA: setting the one would take the other away */
		if (attr.u.gpa == SHIM_NO_GPA || (is_xen_hva(types[i]) && !attr.u.gpa))
			continue;
		err = kvm_xen_vcpu_set_attr(vcpu, &attr);
		if (err)
			break;
	}
	return err;
}

static int set_wrong_xen_attr(struct kvm_vcpu *vcpu, enum subject_xen_attr what)
{
	struct kvm_xen_vcpu_attr attr = { .type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA };

	kvm_xen_vcpu_get_attr(vcpu, &attr);
	switch (what) {
	case SUBJECT_XEN_WRONG_SUM:
		attr.u.runstate.time_offline++;
		break;
	case SUBJECT_XEN_WRONG_STATE:
		attr.u.runstate.state = RUNSTATE_offline + 1;
		break;
	case SUBJECT_XEN_FUTURE:
		memset(&attr.u.runstate, 0, sizeof(attr.u.runstate));
		attr.u.runstate.state_entry_time = attr.u.runstate.time_offline = ~0ull;
		break;
	case SUBJECT_XEN_WRONG_ADJUST_SUM:
		attr.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST;
		attr.u.runstate.time_offline++;
		break;
	case SUBJECT_XEN_WRONG_ADJUST_STATE:
		attr.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST;
		attr.u.runstate.state = RUNSTATE_offline + 1;
		break;
	case SUBJECT_XEN_WRONG_CURRENT:
		attr.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT;
		kvm_xen_vcpu_get_attr(vcpu, &attr);
		attr.u.runstate.state += RUNSTATE_offline + 1;
		break;
	case SUBJECT_XEN_WRONG_PRIORITY:
		attr.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER;
		attr.u.timer.port = TIMER_PORT;
		attr.u.timer.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL + 1;
		break;
	case SUBJECT_XEN_WRONG_ID:
		attr.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID;
		attr.u.vcpu_id = KVM_MAX_VCPUS;
		break;
	default:
		attr.type = KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR;
		attr.u.vector = 0xf;	/* an exception's */
		break;
	}
	return kvm_xen_vcpu_set_attr(vcpu, &attr);
}

int host_xen_attr(u32 nr, enum subject_xen_attr what, u64 run_delay_ns)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	if (!xen_used[nr])
		return -EINVAL;
	shim_task.sched_info.run_delay = run_delay_ns;
	if (what >= SUBJECT_XEN_WRONG)
		return set_wrong_xen_attr(vcpu, what);
	/* no memory for what lies there */
	if (shim_slot_gone)
		return -EFAULT;
	if (what == SUBJECT_XEN_RELOAD)
		return reload_xen(vcpu);
	if (what <= SUBJECT_XEN_BOTH) {
		move_xen_clock(nr, what);
		return 0;
	}
#if CF_XEN_RUNSTATE_MAY_SPLIT
	/* before that it is always marked */
	vm.arch.xen.runstate_update_flag = what == SUBJECT_XEN_AREA_FLAGGED;
#endif
	set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		    what == SUBJECT_XEN_NO_AREA ? SHIM_NO_GPA : runstate_gpa(nr));
	return 0;
}

void host_set_slot_gone(bool gone)
{
	shim_slot_gone = gone;
}

static void view_runstate(const struct kvm_vcpu *vcpu,
			  struct subject_runstate_view *kvm,
			  struct subject_runstate_view *guest)
{
	const u8 *area = runstate_area[vcpu->vcpu_idx];
	size_t times = vcpu->kvm->arch.xen.long_mode ?
		offsetof(struct vcpu_runstate_info, state_entry_time) :
		offsetof(struct compat_vcpu_runstate_info, state_entry_time);

	kvm->state = vcpu->arch.xen.current_runstate;
	kvm->entry_ns = vcpu->arch.xen.runstate_entry_time;
	memcpy(kvm->time_ns, vcpu->arch.xen.runstate_times, sizeof(kvm->time_ns));
	guest->state = *(const u32 *)area;
	memcpy(&guest->entry_ns, area + times, sizeof(guest->entry_ns));
	memcpy(guest->time_ns, area + times + 8, sizeof(guest->time_ns));
}

void host_view_xen(u32 nr, struct subject_xen_view *view)
{
	const struct kvm_vcpu *vcpu = &vcpus[nr];
	const struct hrtimer *timer = &vcpu->arch.xen.timer;

	memset(view, 0, sizeof(*view));
	view->used = xen_used[nr];
	if (!view->used)
		return;
	view->expires_ns = vcpu->arch.xen.timer_expires;
	view->armed = timer->armed;
	view->monotonic_ns = ktime_get();
	view->armed_for_ns = timer->expires;
	view->deliveries = xen_deliveries[nr];
	view->delivered_ns = xen_delivered[nr];
	view_runstate(vcpu, &view->runstate, &view->guest_runstate);
	view->copy = pvclock_view((const void *)&info_copy[nr].time);
}
