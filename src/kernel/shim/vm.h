/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two big KVM structures, as far as clock code looks at them.  What is in
 * kvm_arch and kvm_vcpu_arch comes from the tree.
 */
#ifndef CF_SHIM_VM_H
#define CF_SHIM_VM_H

#include "nested.h"

struct kvm {
	struct kvm_arch arch;
	atomic_t online_vcpus;
	struct kvm_vcpu *vcpus[SUBJECT_MAX_VCPUS];
	struct mutex lock;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_vcpu_arch arch;
	u32 requests;
	int vcpu_id;
	int vcpu_idx;
	int cpu;
	bool guest_mode;
	bool tsc_differs;		/* see subject_vcpu_view */
	bool wants_to_run;
};

struct ms_hyperv_tsc_page *hv_get_tsc_page(void);
u64 ktime_get_real_ns(void);

int shim_gpc_activate(struct gfn_to_pfn_cache *gpc, gpa_t gpa, unsigned long len);
int shim_gpc_activate_hva(struct gfn_to_pfn_cache *gpc, unsigned long hva);

#endif
