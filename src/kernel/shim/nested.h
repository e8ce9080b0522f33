/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX's and SVM's part of a vCPU, as far as its TSC goes, and the registers under
 * it: VMCS fields, VMCB fields, and AMD's ratio, an MSR that belongs to the CPU.
 */
#ifndef CF_SHIM_NESTED_H
#define CF_SHIM_NESTED_H

/* what L1 writes */
struct vmcs12 {
	u64 tsc_offset, tsc_multiplier;
	u32 controls;
};

struct vmcb {
	struct { u64 tsc_offset; } control;
};

/* fields by their kernel names, for vmcs_write64() */
struct shim_vmcs {
	u64 TSC_OFFSET, TSC_MULTIPLIER;
};

struct vcpu_vmx {
	struct vmcs12 vmcs12;
	struct shim_vmcs vmcs[2];	/* vmcs01, vmcs02 */
	u8 loaded_vmcs;
};

struct vcpu_svm {
	struct vmcb *vmcb;
	struct { struct vmcb *ptr; } vmcb01;
	struct {
		struct { struct vmcb *ptr; } vmcb02;
		struct { u64 tsc_offset; } ctl;
	} nested;
	u64 tsc_ratio_msr;
	bool guest_state_loaded;
	struct vmcb vmcbs[2], vmcb12;
};

/* forgotten when its vCPU is created, for most have few */
struct shim_nested {
	struct subject_tsc entered;	/* the registers, at the last entry */
	u64 offset_multiplier;		/* see subject_nested_view */
	union {
		struct vcpu_vmx vmx;
		struct vcpu_svm svm;
	};
};

static __attribute__((__section__("cf_keep"))) struct shim_nested shim_nested[SUBJECT_MAX_VCPUS];
#define to_nested(v) (&shim_nested[(v)->vcpu_idx])
#define to_svm(v) (&to_nested(v)->svm)
#define to_vmx(v) (&to_nested(v)->vmx)
#define vmcb_mark_dirty(vmcb, bit) ((void)(vmcb))
#define get_vmcs12(v) (&to_vmx(v)->vmcs12)
#define CPU_BASED_USE_TSC_OFFSETTING 1
#define SECONDARY_EXEC_TSC_SCALING 2
#define nested_cpu_has(vmcs12, bit) ((vmcs12)->controls & (bit))
#define nested_cpu_has2(vmcs12, bit) ((vmcs12)->controls & (bit))
/* of the loaded VMCS, and who writes it calls the vCPU vcpu */
#define vmcs_write64(field, value) \
	((void)(to_vmx(vcpu)->vmcs[to_vmx(vcpu)->loaded_vmcs].field = (value)))

#define SVM_TSC_RATIO_DEFAULT (1ull << 32)
static u64 shim_tsc_ratio[SUBJECT_MAX_CPUS];

/* Bits 63:40 must be zero, else #GP: a warning, and the MSR is as before. */
static inline void shim_write_tsc_ratio(u64 ratio)
{
	if (!(ratio >> 40))
		shim_tsc_ratio[shim_hw->cpu] = ratio;
}
#define wrmsrl(msr, value) shim_write_tsc_ratio(value)
#define wrmsrq(msr, value) shim_write_tsc_ratio(value)
#define __this_cpu_write(var, value) ((void)((var)[shim_hw->cpu] = (value)))

/* before 6.6 the new value is handed to the vendor's code */
#if CF_VENDOR_TAKES_TSC
#define SHIM_TSC_VALUE , u64 value
#define SHIM_PASS_TSC(value) , value
#else
#define SHIM_TSC_VALUE
#define SHIM_PASS_TSC(value)
#endif
static void shim_x86_write_tsc_offset(struct kvm_vcpu *vcpu SHIM_TSC_VALUE);
static void shim_x86_write_tsc_multiplier(struct kvm_vcpu *vcpu SHIM_TSC_VALUE);
static u64 shim_x86_get_l2_tsc_offset(struct kvm_vcpu *vcpu);
static u64 shim_x86_get_l2_tsc_multiplier(struct kvm_vcpu *vcpu);

#endif
