/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux's own clocks by the TSC, as a host or as a guest: the vDSO and the sched
 * clock.  Part of guest.c.
 */

bool guest_vdso_read(const struct subject_counter *c, u64 cycles, u64 *ns)
{
#if CF_VDSO_HAS_CLOCK
	struct vdso_time_data page = { 0 };
	struct vdso_clock *vd = &page.clock_data[CS_HRES_COARSE];
#else
	struct vdso_data page = { 0 }, *vd = &page;
#endif
	struct __kernel_timespec ts;

	vd->clock_mode = VDSO_CLOCKMODE_TSC;
	vd->cycle_last = c->cycle_last;
	vd->mask = c->mask;
	vd->mult = c->mult;
	vd->shift = c->shift;
	vd->basetime[CLOCK_MONOTONIC].nsec = c->xtime_nsec;
#if CF_VDSO_HAS_MAX_CYCLES
	vd->max_cycles = c->max_cycles;
#endif
	shim_guest_tsc = cycles;
#if CF_VDSO_HAS_CLOCK
	if (!do_hres(&page, vd, CLOCK_MONOTONIC, &ts))
		return false;
#else
	if (do_hres(vd, CLOCK_MONOTONIC, &ts))
		return false;
#endif
	*ns = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	return true;
}

static u64 sched_clock_at(u64 tsc)
{
	shim_guest_tsc = tsc;
	return native_sched_clock();
}

void guest_sched_clock(const struct subject_sched_clock *at,
		       struct subject_sched_clock_read *read)
{
	memset(&cyc2ns, 0, sizeof(cyc2ns));
	set_cyc2ns_scale(at->early_khz, 0, at->boot_tsc);
	read->before = sched_clock_at(at->refined_tsc);
	set_cyc2ns_scale(at->khz, 0, at->refined_tsc);
	read->after = sched_clock_at(at->refined_tsc);
	read->shift = cyc2ns.data[0].cyc2ns_shift;

	read->suspended = sched_clock_at(at->suspend_tsc);
	tsc_save_sched_clock_state();
	shim_guest_tsc = at->resume_tsc;
	tsc_restore_sched_clock_state();
	read->resumed = sched_clock_at(at->resume_tsc);
	read->ns = sched_clock_at(at->tsc);
}
