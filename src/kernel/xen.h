/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen guests: the VMM's set-up, the timer hypercall, runstates.  Part of host.c.
 */

/* Guest frames that a VMM tells KVM of. */
#define TIME_INFO_GFN 16ull		/* and the vCPU's number */
#define INFO_GFN 20ull			/* likewise: struct vcpu_info around the same */
#define INFO_COPY_GFN 24ull		/* and one in other memory */
#define SHARED_INFO_GFN 32ull
#define RUNSTATE_GFN 48ull		/* two each, enum area times the vCPUs */

#define TIMER_PORT 0xf01			/* neither a vCPU's number nor a vector */

/* vcpu_info by its address in the VMM; 0, which is VCPU_INFO: not known to this tree */
#ifdef KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA
#define XEN_HVA KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA
#else
#define XEN_HVA 0
#endif

struct shim_task shim_task;
bool shim_slot_gone;

/* Large, and of use to few scenarios: forgotten when one begins to use it. */
static KEEP __attribute__((__aligned__(8))) u8 shared_info[PAGE_SIZE];
static KEEP struct vcpu_info info_copy[SUBJECT_MAX_VCPUS];
static bool shared_info_used;

/* Where a runstate lies, in memory of its own each. */
enum area {
	AREA_FIRST,
	AREA_EDGE,			/* a 32-bit guest's ends where the page does */
	AREA_END,			/* likewise, and no memory follows */
	AREA_NR
};

/* What of one or two pages it may lie in; pages that follow each other aren't neighbours. */
#define AREA_BYTES 64
static KEEP __attribute__((__aligned__(8))) struct runstate_pages {
	u8 first[AREA_BYTES];
	u8 others[16];
	u8 second[AREA_BYTES];
} runstate_pages[AREA_NR][SUBJECT_MAX_VCPUS];
static u8 area_of[SUBJECT_MAX_VCPUS];	/* enum area, as the VMM gave it last */

static bool xen_used[SUBJECT_MAX_VCPUS];
static u32 xen_deliveries[SUBJECT_MAX_VCPUS];
static u64 xen_delivered[SUBJECT_MAX_VCPUS];

/*
 * vCPU 0's area lies in one page; the others' cross into the next, each at another
 * field, where KVM can do that.
 */
static gpa_t runstate_gpa(u32 nr)
{
	gpa_t gpa = gfn_to_gpa(RUNSTATE_GFN + 2 * (area_of[nr] * SUBJECT_MAX_VCPUS + nr));

#if CF_XEN_RUNSTATE_MAY_SPLIT
	if (area_of[nr] != AREA_FIRST)
		gpa += PAGE_SIZE - sizeof(struct compat_vcpu_runstate_info);
	else if (nr)
		gpa += PAGE_SIZE - 12 * nr;
#endif
	return gpa;
}

/* Of each page there is the beginning, or the end. */
static void *runstate_memory(gpa_t gpa)
{
	u64 gfn = gpa_to_gfn(gpa) - RUNSTATE_GFN;
	u32 area = gfn / 2 / SUBJECT_MAX_VCPUS;
	struct runstate_pages *pages;

	if (area >= AREA_NR || (area == AREA_END && gfn % 2))
		return NULL;
	pages = &runstate_pages[area][gfn / 2 % SUBJECT_MAX_VCPUS];
	if (gfn % 2)
		return pages->second;
	gpa &= ~PAGE_MASK;
	return pages->first + (gpa ? gpa - (PAGE_SIZE - AREA_BYTES) : 0);
}

static void *guest_memory(gpa_t gpa)
{
	u64 gfn = gpa_to_gfn(gpa);

	if (gfn >= RUNSTATE_GFN)
		return runstate_memory(gpa);
	if (gfn >= SHARED_INFO_GFN)
		return gfn == SHARED_INFO_GFN ? shared_info : NULL;
	if (gfn >= INFO_COPY_GFN)
		return &info_copy[gfn - INFO_COPY_GFN];
	/* KVM's clocks touch its time and nothing else */
	if (gfn >= INFO_GFN)
		return (u8 *)&guest_pvclock[gfn - INFO_GFN] -
		       offsetof(struct vcpu_info, time);
	return gfn >= TIME_INFO_GFN ? &guest_pvclock[gfn - TIME_INFO_GFN] : NULL;
}

/* As KVM's own does, it is active whether there is memory or not. */
int shim_gpc_activate(struct gfn_to_pfn_cache *gpc, gpa_t gpa, unsigned long len)
{
	gpc->active = true;
	gpc->valid = false;
	gpc->gpa = gpa;
	gpc->khva = guest_memory(gpa);
	if ((gpa & ~PAGE_MASK) + len > PAGE_SIZE)
		return -EINVAL;
	if (shim_slot_gone || !gpc->khva)
		return -EFAULT;
	gpc->valid = true;
	return 0;
}

int shim_gpc_activate_hva(struct gfn_to_pfn_cache *gpc, unsigned long hva)
{
	gpc->khva = (void *)hva;
	gpc->gpa = SHIM_NO_GPA;
#if XEN_HVA
	gpc->uhva = hva;
#endif
	gpc->active = true;
	gpc->valid = hva;		/* nothing is mapped at 0 */
	return hva ? 0 : -EFAULT;
}

/* The guest listens to one channel. */
static void note_event(struct kvm *kvm, struct kvm_xen_evtchn *e)
{
	if (e->port != TIMER_PORT ||
	    e->priority != KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL)
		return;
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
	if (!kvm_gpc_check(&kvm->arch.xen.shinfo_cache, PAGE_SIZE))
		return -EWOULDBLOCK;
	note_event(kvm, e);
	return 1;
}

static int set_xen_gpa(struct kvm_vcpu *vcpu, u16 type, gpa_t gpa)
{
	return kvm_xen_vcpu_set_attr(vcpu, &(struct kvm_xen_vcpu_attr){
		.type = type, .u.gpa = gpa });
}

static void use_runstate_pages(u32 nr)
{
	for (u32 area = 0; area < AREA_NR && !xen_used[nr]; area++)
		memset(&runstate_pages[area][nr], 0, sizeof(runstate_pages[area][nr]));
}

/* Its event channel, and when it expires on the guest's kvmclock; 0: it is stopped. */
static int set_xen_timer(struct kvm_vcpu *vcpu, u64 expires_ns)
{
	return kvm_xen_vcpu_set_attr(vcpu, &(struct kvm_xen_vcpu_attr){
		.type = KVM_XEN_VCPU_ATTR_TYPE_TIMER,
		.u.timer = {
			.port = TIMER_PORT,
			.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
			.expires_ns = expires_ns,
		},
	});
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
	use_runstate_pages(nr);
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
	set_xen_timer(vcpu, 0);
}

/* Both places of its clock. */
#define XEN_WALL_CLOCKS offsetof(struct compat_shared_info, wc)
#define XEN_WALL_CLOCKS_SIZE \
	(offsetof(struct shared_info, wc_sec_hi) + sizeof(u32) - XEN_WALL_CLOCKS)

static const struct pvclock_wall_clock *xen_wall_clock(bool compat)
{
	return compat ? &((const struct compat_shared_info *)shared_info)->wc :
			&((const struct shared_info *)shared_info)->wc;
}

/* The guest's pages hold anything. */
static void use_shared_info(void)
{
	if (!shared_info_used)
		memset(shared_info, 0xff, sizeof(shared_info));
	shared_info_used = true;
}

static u64 xen_wall_clock_ns(bool compat)
{
	const struct pvclock_wall_clock *wc = xen_wall_clock(compat);
	u32 sec_hi = compat ? ((const struct compat_shared_info *)shared_info)->arch.wc_sec_hi :
			      ((const struct shared_info *)shared_info)->wc_sec_hi;

	return ((u64)sec_hi << 32 | wc->sec) * NSEC_PER_SEC + wc->nsec;
}

/*
 * kvm_xen_hvm_set_attr(), KVM_XEN_ATTR_TYPE_SHARED_INFO; or the page is there, and the
 * guest goes on in another mode: kvm_xen_write_hypercall_page().
 */
bool host_xen_shared_info(bool compat, u64 *ns)
{
	struct gfn_to_pfn_cache *gpc = &vm.arch.xen.shinfo_cache;
	int err = 0;

	use_shared_info();
	/* another kernel's, in memory that it has cleared */
	if (vm.arch.xen.long_mode == compat)
		memset(runstate_pages, 0, sizeof(runstate_pages));
	vm.arch.xen.long_mode = !compat;
#if CF_XEN_INFO_TAKES_GFN
	err = kvm_xen_shared_info_init(&vm, SHARED_INFO_GFN);
#else
	if (!gpc->active)
		err = kvm_gpc_activate(gpc, gfn_to_gpa(SHARED_INFO_GFN), PAGE_SIZE);
	if (!err)
		err = kvm_xen_shared_info_init(&vm);
#endif
	*ns = xen_wall_clock_ns(compat);
	return !err;
}

int host_xen_set_timer(u32 nr, u64 timeout_ns)
{
	u64 result = ~0ull;

	kvm_xen_hcall_set_timer_op(&vcpus[nr], timeout_ns, &result);
	return (int)result;
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
		kvm_xen_vcpu_set_attr(vcpu, &(struct kvm_xen_vcpu_attr){
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

/* What a VMM's structure holds before KVM fills it in: no address, no number in range. */
static struct kvm_xen_vcpu_attr unread_attr(u16 type)
{
	struct kvm_xen_vcpu_attr attr;

	memset(&attr, 0x5a, sizeof(attr));
	attr.type = type;
	return attr;
}

static gpa_t read_xen_gpa(struct kvm_vcpu *vcpu, u16 type)
{
	struct kvm_xen_vcpu_attr attr = unread_attr(type);

	kvm_xen_vcpu_get_attr(vcpu, &attr);
	return attr.u.gpa;
}

/* Of its clock, in a vcpu_info of the VMM's; NULL: no more. */
static int set_xen_copy(u32 nr, const struct vcpu_info *copy)
{
	if (XEN_HVA)		/* of one union, as long as the GPA */
		return set_xen_gpa(&vcpus[nr], XEN_HVA, (unsigned long)copy);
	return set_xen_gpa(&vcpus[nr], KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
			   copy ? gfn_to_gpa(INFO_COPY_GFN + nr) : SHIM_NO_GPA);
}

/* Where the guest's kvmclock lies: the new place first, then the old one goes. */
static int move_xen_clock(u32 nr, enum subject_xen_attr where)
{
	gpa_t time = where == SUBJECT_XEN_INFO ? SHIM_NO_GPA : gfn_to_gpa(TIME_INFO_GFN + nr);
	gpa_t info = where == SUBJECT_XEN_INFO ? gfn_to_gpa(INFO_GFN + nr) : SHIM_NO_GPA;
	struct kvm_vcpu *vcpu = &vcpus[nr];
	int err;

	if (where == SUBJECT_XEN_INFO)
		err = set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, info) ?:
		      set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO, time);
	else
		err = set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO, time) ?:
		      (where == SUBJECT_XEN_TIME ?
		       set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, info) :
		       set_xen_copy(nr, NULL));
	if (err)
		return err;
	/* a VMM reads what it set */
	if (read_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO) != time ||
	    read_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO) != info ||
	    (XEN_HVA && read_xen_gpa(vcpu, XEN_HVA)))
		return -EIO;
	if (where != SUBJECT_XEN_BOTH)
		return 0;
	memset(&info_copy[nr], 0, sizeof(info_copy[nr]));
	return set_xen_copy(nr, &info_copy[nr]);
}

/* Memory that KVM is to leave alone is the guest's, for something else. */
static int move_runstate(u32 nr, enum subject_xen_attr where)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];
	int err;

	if (where != SUBJECT_XEN_NO_AREA)
		area_of[nr] = where == SUBJECT_XEN_EDGE_AREA ? AREA_EDGE :
			      where == SUBJECT_XEN_END_AREA ? AREA_END : AREA_FIRST;
#if CF_XEN_RUNSTATE_MAY_SPLIT
	/* before that it is always marked */
	vm.arch.xen.runstate_update_flag = where == SUBJECT_XEN_AREA_FLAGGED;
#endif
	err = set_xen_gpa(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
			  where == SUBJECT_XEN_NO_AREA ? SHIM_NO_GPA : runstate_gpa(nr));
	if (err || where == SUBJECT_XEN_NO_AREA)
		memset(&runstate_pages[area_of[nr]][nr], 0, sizeof(struct runstate_pages));
	return err;
}

/* All that can be read, and @set: set to that; what isn't there can't be set. */
static int reload_xen(struct kvm_vcpu *vcpu, bool set)
{
	static const u16 types[] = {
		KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
		KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
#if XEN_HVA
		XEN_HVA,
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
		struct kvm_xen_vcpu_attr attr = unread_attr(types[i]);

		err = kvm_xen_vcpu_get_attr(vcpu, &attr);
		/* a change, not a state, and what isn't there: they can't be read */
		if (err < 0 && (types[i] == KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST ||
				(types[i] == KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR &&
				 !vcpu->arch.xen.runstate_cache.active))) {
			err = 0;
			continue;
		}
		if (err)
			break;
		/* no GPA, or no HVA: setting the one would take the other away */
		if (!set || attr.u.gpa == (types[i] == XEN_HVA ? 0 : SHIM_NO_GPA))
			continue;
		/* that there is no memory for 64 bits is known by now */
		if (types[i] == KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR &&
		    area_of[vcpu->vcpu_idx] == AREA_END && vm.arch.xen.long_mode)
			continue;
		err = kvm_xen_vcpu_set_attr(vcpu, &attr);
		if (err)
			break;
	}
	return err;
}

static int set_xen_runstate(struct kvm_vcpu *vcpu, enum subject_xen_attr what)
{
	struct kvm_xen_vcpu_attr attr = unread_attr(KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT);
	struct subject_runstate_view parts = { 0 };
	u64 total = SUBJECT_XEN_PARTS_NS;

	if (what == SUBJECT_XEN_CURRENT)
		return kvm_xen_vcpu_get_attr(vcpu, &attr) ?:
		       kvm_xen_vcpu_set_attr(vcpu, &attr);
	if (what == SUBJECT_XEN_ADJUST) {
		s64 left = get_kvmclock_ns(&vm) - vcpu->arch.xen.runstate_entry_time;

		total = left > (s64)total ? left : total;
	}
	attr.type = what == SUBJECT_XEN_GIVEN ? KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA :
						KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST;
	attr.u.runstate.state = what == SUBJECT_XEN_GIVEN ? RUNSTATE_blocked :
				what == SUBJECT_XEN_ADJUST ? ~0ull : RUNSTATE_offline;
	subject_add_xen_parts(&parts, total);
	attr.u.runstate.state_entry_time = parts.entry_ns;
	attr.u.runstate.time_running = parts.time_ns[SUBJECT_RUNSTATE_RUNNING];
	attr.u.runstate.time_runnable = parts.time_ns[SUBJECT_RUNSTATE_RUNNABLE];
	attr.u.runstate.time_blocked = parts.time_ns[SUBJECT_RUNSTATE_BLOCKED];
	attr.u.runstate.time_offline = parts.time_ns[SUBJECT_RUNSTATE_OFFLINE];
	return kvm_xen_vcpu_set_attr(vcpu, &attr);
}

/* All that has to do with runstates: not 0 if KVM takes any. */
static int try_unaccounted(struct kvm_vcpu *vcpu)
{
	static const u16 types[] = {
		KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT,
		KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA,
		KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST,
	};
	bool taken = false;

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		struct kvm_xen_vcpu_attr attr = { .type = types[i] };

		shim_task.unaccounted = false;
		kvm_xen_vcpu_get_attr(vcpu, &attr);
		if (types[i] == KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST)
			memset(&attr.u, 0, sizeof(attr.u));
		shim_task.unaccounted = true;
		taken |= kvm_xen_vcpu_set_attr(vcpu, &attr) >= 0;
		taken |= kvm_xen_vcpu_get_attr(vcpu, &attr) >= 0;
	}
	shim_task.unaccounted = false;
	return taken;
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
	case SUBJECT_XEN_WRONG_TYPE:
		attr.type = 0xffff;
		break;
	case SUBJECT_XEN_UNACCOUNTED:
		return try_unaccounted(vcpu) ? 0 : -EOPNOTSUPP;
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
	if (what >= SUBJECT_XEN_CURRENT && what <= SUBJECT_XEN_GIVEN)
		return set_xen_runstate(vcpu, what);
	if (what >= SUBJECT_XEN_AREA && what <= SUBJECT_XEN_NO_AREA)
		return move_runstate(nr, what);
	if (what == SUBJECT_XEN_ARM)
		return set_xen_timer(vcpu, get_kvmclock_ns(&vm) + SUBJECT_XEN_ARM_NS);
	if (what == SUBJECT_XEN_DISARM)
		return set_xen_timer(vcpu, 0);
	/* no memory for what lies there */
	if (shim_slot_gone)
		return -EFAULT;
	if (what <= SUBJECT_XEN_BOTH)
		return move_xen_clock(nr, what);
	return reload_xen(vcpu, what == SUBJECT_XEN_RELOAD);
}

static void forget_page(struct gfn_to_pfn_cache *gpc)
{
	gpc->valid = false;
}

/* KVM forgets which pages it knows of whenever a slot changes. */
void host_set_slot_gone(bool gone)
{
	shim_slot_gone = gone;
	forget_page(&vm.arch.xen.shinfo_cache);
	for (int i = 0; i < vm.online_vcpus.counter; i++) {
		struct kvm_vcpu_arch *arch = &vcpus[i].arch;

		forget_page(&arch->pv_time);
		forget_page(&arch->xen.vcpu_info_cache);
		forget_page(&arch->xen.vcpu_time_info_cache);
		forget_page(&arch->xen.runstate_cache);
#if CF_XEN_RUNSTATE_MAY_SPLIT
		forget_page(&arch->xen.runstate2_cache);
#endif
	}
}

/* As the guest sees it, which knows nothing of pages. */
static void read_area(u32 nr, u8 area[sizeof(struct vcpu_runstate_info)])
{
	gpa_t gpa = runstate_gpa(nr);
	size_t all = sizeof(struct vcpu_runstate_info), first = PAGE_SIZE - (gpa & ~PAGE_MASK);

	if (first > all)
		first = all;
	memcpy(area, runstate_memory(gpa), first);
	memcpy(area + first, runstate_pages[area_of[nr]][nr].second, all - first);
}

static void view_runstate(const struct kvm_vcpu *vcpu,
			  struct subject_runstate_view *kvm,
			  struct subject_runstate_view *guest, u32 *padding)
{
	size_t times = vcpu->kvm->arch.xen.long_mode ?
		offsetof(struct vcpu_runstate_info, state_entry_time) :
		offsetof(struct compat_vcpu_runstate_info, state_entry_time);
	u8 area[sizeof(struct vcpu_runstate_info)];

	read_area(vcpu->vcpu_idx, area);

	kvm->state = vcpu->arch.xen.current_runstate;
	kvm->entry_ns = vcpu->arch.xen.runstate_entry_time;
	memcpy(kvm->time_ns, vcpu->arch.xen.runstate_times, sizeof(kvm->time_ns));
	memcpy(&guest->state, area, sizeof(guest->state));
	memcpy(&guest->entry_ns, area + times, sizeof(guest->entry_ns));
	memcpy(guest->time_ns, area + times + 8, sizeof(guest->time_ns));
	memcpy(padding, area + sizeof(guest->state), times - sizeof(guest->state));
}

void host_view_xen(u32 nr, struct subject_xen_view *view)
{
	const struct kvm_vcpu *vcpu = &vcpus[nr];
	const struct hrtimer *timer = &vcpu->arch.xen.timer;

	memset(view, 0, sizeof(*view));
	if (shared_info_used)
		for (int compat = 0; compat < 2; compat++)
			view->shared_info_version[compat] =
				xen_wall_clock(compat)->version;
	view->used = xen_used[nr];
	if (!view->used)
		return;
	view->expires_ns = vcpu->arch.xen.timer_expires;
	view->armed = timer->armed;
	view->monotonic_ns = ktime_get();
	view->armed_for_ns = timer->expires;
	view->pending = atomic_read(&vcpu->arch.xen.timer_pending);
	view->wakes = vcpu->requests & 1u << KVM_REQ_UNBLOCK;
	view->deliveries = xen_deliveries[nr];
	view->delivered_ns = xen_delivered[nr];
	view_runstate(vcpu, &view->runstate, &view->guest_runstate, &view->area_padding);
	view->area_prompt = CF_XEN_RUNSTATE_MAY_SPLIT;
	view->copy = pvclock_view((const void *)&info_copy[nr].time);
}
