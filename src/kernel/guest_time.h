/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux's own clocks by the TSC, as a host or as a guest: the vDSO and the sched
 * clock.  Part of guest.c.
 */

/* Its clocks: of the coarse and fine ones, and of CLOCK_MONOTONIC_RAW. */
#define VDSO_CLOCKS_SIZE ((CS_RAW + 1) * sizeof(SHIM_VDSO_CLOCK))
__attribute__((__section__("cf_keep"), __aligned__(64))) u8 shim_vdso_pages[2][PAGE_SIZE];

static void set_vdso_clock(SHIM_VDSO_CLOCK *vc, const struct subject_counter *c,
			   clockid_t clock, u64 sec)
{
	vc->cycle_last = c->cycle_last;
	vc->mask = c->mask;
	vc->mult = c->mult;
	vc->shift = c->shift;
	vc->basetime[clock].sec = sec;
	vc->basetime[clock].nsec = c->xtime_nsec;
#if CF_VDSO_HAS_MAX_CYCLES
	vc->max_cycles = c->max_cycles;
#endif
}

static bool read_vdso(void *page, SHIM_VDSO_CLOCK *vc, clockid_t clock, u64 cycles,
		      struct __kernel_timespec *ts)
{
	shim_guest_tsc = cycles;
	return SHIM_DO_HRES(page, vc, clock, ts);
}

/* one of several */
static void read_one(void *page, SHIM_VDSO_CLOCK *vc, const struct subject_vdso *at,
		     struct subject_vdso_read *read, s64 *ns)
{
	struct __kernel_timespec ts = { 0 };
	bool valid = read_vdso(page, vc, at->raw ? CLOCK_MONOTONIC_RAW : CLOCK_MONOTONIC,
			       at->cycles, &ts);

	read->valid &= valid;
	read->any |= valid;
	read->whole &= (u64)ts.tv_nsec < NSEC_PER_SEC;
	*ns = (u64)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

bool guest_vdso_read(const struct subject_counter *c, u64 cycles, u64 *ns)
{
#if CF_VDSO_HAS_CLOCK
	struct vdso_time_data page = { 0 };
#else
	struct vdso_data page = { 0 };
#endif
	SHIM_VDSO_CLOCK *vc = &SHIM_VDSO_CLOCKS(&page)[CS_HRES_COARSE];
	struct __kernel_timespec ts;

	vc->clock_mode = VDSO_CLOCKMODE_TSC;
	set_vdso_clock(vc, c, CLOCK_MONOTONIC, 0);
	if (!read_vdso(&page, vc, CLOCK_MONOTONIC, cycles, &ts))
		return false;
	*ns = (u64)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	return true;
}

/*
 * update_vsyscall()'s stores between its own two steps; timens_setup_vdso_data() and
 * the VMA of a process in a time namespace.
 */
void guest_vdso_update(const struct subject_vdso *at, struct subject_vdso_read *read)
{
	clockid_t clock = at->raw ? CLOCK_MONOTONIC_RAW : CLOCK_MONOTONIC;
	u8 *own = shim_vdso_pages[0], *system = shim_vdso_pages[1];
	SHIM_VDSO_CLOCK *vc = &SHIM_VDSO_CLOCKS(system)[at->raw ? CS_RAW : CS_HRES_COARSE];
	SHIM_VDSO_CLOCK *vcns = &SHIM_VDSO_CLOCKS(own)[at->raw ? CS_RAW : CS_HRES_COARSE];

	memset(SHIM_VDSO_CLOCKS(system), 0, VDSO_CLOCKS_SIZE);
	memset(SHIM_VDSO_CLOCKS(own), 0, VDSO_CLOCKS_SIZE);
	vcns->seq = 1;
	vcns->clock_mode = VDSO_CLOCKMODE_TIMENS;
	vcns->offset[clock].sec = at->offset_s;
	vcns->offset[clock].nsec = at->offset_ns;

	vc->clock_mode = at->no_counter ? VDSO_CLOCKMODE_NONE : VDSO_CLOCKMODE_TSC;
	set_vdso_clock(vc, &at->before, clock, at->before_s);
	*read = (struct subject_vdso_read){ .valid = true, .whole = true };
	read_one(system, vc, at, read, &read->before_ns);

	interleave_watch(SHIM_VDSO_CLOCKS(system), VDSO_CLOCKS_SIZE);
	vdso_write_begin((void *)system);
	set_vdso_clock(vc, &at->after, clock, at->after_s);
	vdso_write_end((void *)system);
	interleave_update();
	read_one(system, vc, at, read, &read->after_ns);
	read_one(own, vcns, at, read, &read->namespace_ns);

	interleave_begin(&at->schedule);
	read_one(at->in_namespace ? own : system, at->in_namespace ? vcns : vc, at, read,
		 &read->meanwhile_ns);
	interleave_end();
}

static u64 sched_clock_at(u64 tsc)
{
	shim_guest_tsc = tsc;
	return native_sched_clock();
}

/* __set_cyc2ns_scale() has begun: the first copy is being written, the second one holds */
static u64 sched_clock_nmi(u64 tsc)
{
	struct cyc2ns_data first = cyc2ns.data[0];
	u64 ns;

	cyc2ns.seq.seqcount.sequence++;
	cyc2ns.data[0] = (struct cyc2ns_data){ 0 };
	ns = sched_clock_at(tsc);
	cyc2ns.data[0] = first;
	cyc2ns.seq.seqcount.sequence--;
	return ns;
}

void guest_sched_clock(const struct subject_sched_clock *at,
		       struct subject_sched_clock_read *read)
{
	memset(&cyc2ns, 0, sizeof(cyc2ns));
	set_cyc2ns_scale(at->early_khz, 0, at->boot_tsc);
	read->before = sched_clock_at(at->refined_tsc);
	set_cyc2ns_scale(at->khz, 0, at->refined_tsc);
	read->after = sched_clock_at(at->refined_tsc);
	read->after_nmi = sched_clock_nmi(at->refined_tsc);
	read->shift = cyc2ns.data[0].cyc2ns_shift;

	read->suspended = sched_clock_at(at->suspend_tsc);
	tsc_save_sched_clock_state();
	shim_guest_tsc = at->resume_tsc;
	tsc_restore_sched_clock_state();
	read->resumed = sched_clock_at(at->resume_tsc);
	read->resumed_nmi = sched_clock_nmi(at->resume_tsc);
	read->ns = sched_clock_at(at->tsc);
}
