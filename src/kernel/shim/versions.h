/* SPDX-License-Identifier: GPL-2.0-only */
/* One spelling for what is called or returned differently between trees. */
#ifndef CF_SHIM_VERSIONS_H
#define CF_SHIM_VERSIONS_H

#if CF_L1_OFFSET_NAMED
#define CF_L1_TSC_OFFSET(vcpu, tsc) kvm_compute_l1_tsc_offset(vcpu, tsc)
#else
#define CF_L1_TSC_OFFSET(vcpu, tsc) kvm_compute_tsc_offset(vcpu, tsc)
#endif

#if CF_HV_READ_RETURNS_BOOL
#define SHIM_HV_READ(page, tsc, time) hv_read_tsc_page_tsc(page, tsc, time)
#else
/* Before 6.6 the largest u64 says "invalid". */
#define SHIM_HV_READ(page, tsc, time) \
	(*(time) = hv_read_tsc_page_tsc(page, tsc), *(time) != U64_MAX)
#endif

/* Before 6.15 a page is an array of clocks. */
#if CF_VDSO_HAS_CLOCK
#define SHIM_VDSO_CLOCK struct vdso_clock
#define SHIM_VDSO_CLOCKS(page) (((struct vdso_time_data *)(page))->clock_data)
#define SHIM_DO_HRES(page, vc, clk, ts) do_hres((void *)(page), vc, clk, ts)
#else
#define SHIM_VDSO_CLOCK struct vdso_data
#define SHIM_VDSO_CLOCKS(page) ((struct vdso_data *)(page))
#define SHIM_DO_HRES(page, vc, clk, ts) (!do_hres(vc, clk, ts))
#endif

#if CF_XEN_RUNSTATE_GUEST_TAKES_STATE
#define CF_XEN_UPDATE_RUNSTATE(vcpu, state) kvm_xen_update_runstate_guest(vcpu, state)
#else
#define CF_XEN_UPDATE_RUNSTATE(vcpu, state) kvm_xen_update_runstate(vcpu, state)
#endif

#endif
