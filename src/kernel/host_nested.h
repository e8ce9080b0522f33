/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested virtualisation, as far as TSCs go: the vendor modules' entry and exit
 * around their own code, which is sliced.  Part of host.c.
 *
 * A machine with AMD's 32 fraction bits runs SVM, any other VMX.
 */

static bool is_svm(void)
{
	return config.tsc_frac_bits == 32;
}

static void shim_x86_write_tsc_offset(struct kvm_vcpu *vcpu SHIM_TSC_VALUE)
{
	if (is_svm())
		svm_write_tsc_offset(vcpu SHIM_PASS_TSC(value));
	else
		vmx_write_tsc_offset(vcpu SHIM_PASS_TSC(value));
}

static void shim_x86_write_tsc_multiplier(struct kvm_vcpu *vcpu SHIM_TSC_VALUE)
{
	if (is_svm())
		svm_write_tsc_multiplier(vcpu SHIM_PASS_TSC(value));
	else
		vmx_write_tsc_multiplier(vcpu SHIM_PASS_TSC(value));
}

static u64 shim_x86_get_l2_tsc_multiplier(struct kvm_vcpu *vcpu)
{
	return is_svm() ? svm_get_l2_tsc_multiplier(vcpu) :
			  vmx_get_l2_tsc_multiplier(vcpu);
}

/* Who asks for it composes it with L1's. */
static u64 shim_x86_get_l2_tsc_offset(struct kvm_vcpu *vcpu)
{
	to_nested(vcpu)->offset_multiplier = shim_x86_get_l2_tsc_multiplier(vcpu);
	return is_svm() ? svm_get_l2_tsc_offset(vcpu) : vmx_get_l2_tsc_offset(vcpu);
}

/* svm_vcpu_create(): L1's VMCB is in force */
static void create_nested(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	*to_nested(vcpu) = (struct shim_nested){ 0 };
	if (!is_svm())
		return;
	svm->vmcb01.ptr = svm->vmcb = &svm->vmcbs[0];
	svm->nested.vmcb02.ptr = &svm->vmcbs[1];
	svm->tsc_ratio_msr = kvm_caps.default_tsc_scaling_ratio;
}

/* svm_enable_virtualization_cpu(), which finds what the firmware left, 0 */
static void enable_virtualization(void)
{
	u32 cpu = shim_hw->cpu;

	if (!is_svm())
		return;
	for (shim_hw->cpu = 0; shim_hw->cpu < SUBJECT_MAX_CPUS; shim_hw->cpu++)
		__svm_write_tsc_multiplier(SVM_TSC_RATIO_DEFAULT);
	shim_hw->cpu = cpu;
}

/* svm_prepare_switch_to_guest(); then the guest runs, by these registers */
static void enter_guest(struct kvm_vcpu *vcpu)
{
	struct subject_tsc *entered = &to_nested(vcpu)->entered;
	const struct kvm_vcpu_arch *arch = &vcpu->arch;

	if (is_svm()) {
		if (!to_svm(vcpu)->guest_state_loaded)
			__svm_write_tsc_multiplier(arch->tsc_scaling_ratio);
		to_svm(vcpu)->guest_state_loaded = true;
		entered->offset = to_svm(vcpu)->vmcb->control.tsc_offset;
		entered->multiplier = shim_tsc_ratio[shim_hw->cpu];
	} else {
		const struct vcpu_vmx *vmx = to_vmx(vcpu);

		entered->offset = vmx->vmcs[vmx->loaded_vmcs].TSC_OFFSET;
		entered->multiplier = vmx->vmcs[vmx->loaded_vmcs].TSC_MULTIPLIER;
	}
	vcpu->tsc_differs = (entered->offset ^ arch->l1_tsc_offset) |
			    (arch->tsc_offset ^ arch->l1_tsc_offset) |
			    (arch->tsc_scaling_ratio ^ arch->l1_tsc_scaling_ratio) |
			    (kvm_caps.has_tsc_control ?
			     entered->multiplier ^ arch->l1_tsc_scaling_ratio : 0);
}

/* svm_prepare_host_switch(), from vcpu_put() */
static void leave_guest(struct kvm_vcpu *vcpu)
{
	if (is_svm())
		to_svm(vcpu)->guest_state_loaded = false;
}

/* nested_vmcb02_prepare_control() */
static void svm_enter_l2(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	svm->nested.ctl.tsc_offset = svm->vmcb12.control.tsc_offset;
	vcpu->guest_mode = true;
	svm->vmcb = svm->nested.vmcb02.ptr;
	vcpu->arch.tsc_offset = kvm_calc_nested_tsc_offset(
		vcpu->arch.l1_tsc_offset, svm->nested.ctl.tsc_offset,
		svm->tsc_ratio_msr);
	to_nested(vcpu)->offset_multiplier = svm->tsc_ratio_msr;
	svm->vmcb->control.tsc_offset = vcpu->arch.tsc_offset;
	if (svm->tsc_ratio_msr != kvm_caps.default_tsc_scaling_ratio)
		nested_svm_update_tsc_ratio_msr(vcpu);
}

/* nested_svm_vmexit() */
static void svm_leave_l2(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	vcpu->guest_mode = false;
	svm->vmcb = svm->vmcb01.ptr;
	vcpu->arch.tsc_offset = vcpu->arch.l1_tsc_offset;
	svm->vmcb->control.tsc_offset = vcpu->arch.tsc_offset;
	if (kvm_caps.has_tsc_control &&
	    vcpu->arch.tsc_scaling_ratio != vcpu->arch.l1_tsc_scaling_ratio) {
		vcpu->arch.tsc_scaling_ratio = vcpu->arch.l1_tsc_scaling_ratio;
		svm_write_tsc_multiplier(vcpu
			SHIM_PASS_TSC(vcpu->arch.tsc_scaling_ratio));
	}
}

static void vmcs_write_tsc(struct kvm_vcpu *vcpu)
{
	vmcs_write64(TSC_OFFSET, vcpu->arch.tsc_offset);
	if (kvm_caps.has_tsc_control)
		vmcs_write64(TSC_MULTIPLIER, vcpu->arch.tsc_scaling_ratio);
}

/* prepare_vmcs02() */
static void vmx_enter_l2(struct kvm_vcpu *vcpu)
{
	vcpu->guest_mode = true;
	to_vmx(vcpu)->loaded_vmcs = 1;
	vcpu->arch.tsc_offset = kvm_calc_nested_tsc_offset(
		vcpu->arch.l1_tsc_offset, shim_x86_get_l2_tsc_offset(vcpu),
		vmx_get_l2_tsc_multiplier(vcpu));
	vcpu->arch.tsc_scaling_ratio = kvm_calc_nested_tsc_multiplier(
		vcpu->arch.l1_tsc_scaling_ratio, vmx_get_l2_tsc_multiplier(vcpu));
	vmcs_write_tsc(vcpu);
}

/* nested_vmx_enter_non_root_mode() where MSRs of L2 can't be loaded */
static void vmx_fail_entry(struct kvm_vcpu *vcpu)
{
	struct vmcs12 *vmcs12 = get_vmcs12(vcpu);

	if (nested_cpu_has(vmcs12, CPU_BASED_USE_TSC_OFFSETTING))
		vcpu->arch.tsc_offset -= vmcs12->tsc_offset;
	vcpu->guest_mode = false;
	to_vmx(vcpu)->loaded_vmcs = 0;
}

/* nested_vmx_vmexit() */
static void vmx_leave_l2(struct kvm_vcpu *vcpu)
{
	struct vmcs12 *vmcs12 = get_vmcs12(vcpu);

	vcpu->guest_mode = false;
	if (nested_cpu_has(vmcs12, CPU_BASED_USE_TSC_OFFSETTING)) {
		vcpu->arch.tsc_offset = vcpu->arch.l1_tsc_offset;
		if (nested_cpu_has2(vmcs12, SECONDARY_EXEC_TSC_SCALING))
			vcpu->arch.tsc_scaling_ratio = vcpu->arch.l1_tsc_scaling_ratio;
	}
	to_vmx(vcpu)->loaded_vmcs = 0;
	vmcs_write_tsc(vcpu);
}

static void enter_l2(struct kvm_vcpu *vcpu)
{
	if (is_svm())
		svm_enter_l2(vcpu);
	else
		vmx_enter_l2(vcpu);
}

static void leave_l2(struct kvm_vcpu *vcpu)
{
	if (is_svm())
		svm_leave_l2(vcpu);
	else
		vmx_leave_l2(vcpu);
}

/*
 * L1 or L2 runs, then what makes it enter or leave, then the other one runs.  SVM
 * has no failure of its own: it is an entry and an exit.
 */
void host_nested(u32 nr, enum subject_nested how)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	host_run_vcpu(nr);
	if (vcpu->guest_mode == (how != SUBJECT_NESTED_EXIT))
		return;
	vcpu_load(vcpu);
	enter_guest(vcpu);
	if (how == SUBJECT_NESTED_EXIT) {
		leave_l2(vcpu);
	} else {
		enter_l2(vcpu);
		if (how == SUBJECT_NESTED_ENTER_FAILS && is_svm())
			svm_leave_l2(vcpu);
		else if (how == SUBJECT_NESTED_ENTER_FAILS)
			vmx_fail_entry(vcpu);
	}
	enter_guest(vcpu);
	vcpu_put(vcpu);
}

/* L1's VMCS or VMCB for L2; what isn't needed isn't switched on */
static void set_vmcs12_controls(struct vmcs12 *vmcs12)
{
	bool scaled = kvm_caps.has_tsc_control &&
		      vmcs12->tsc_multiplier != kvm_caps.default_tsc_scaling_ratio &&
		      vmcs12->tsc_multiplier;

	vmcs12->controls = scaled ? SECONDARY_EXEC_TSC_SCALING : 0;
	if (scaled || vmcs12->tsc_offset)
		vmcs12->controls |= CPU_BASED_USE_TSC_OFFSETTING;
}

void host_set_l2_tsc_offset(u32 nr, u64 offset)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	if (is_svm()) {
		to_svm(vcpu)->vmcb12.control.tsc_offset = offset;
		return;
	}
	get_vmcs12(vcpu)->tsc_offset = offset;
	set_vmcs12_controls(get_vmcs12(vcpu));
}

/* vmcs12's field, or svm_set_msr(), MSR_AMD64_TSC_RATIO */
void host_set_l2_tsc_multiplier(u32 nr, u64 multiplier)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	if (!is_svm()) {
		get_vmcs12(vcpu)->tsc_multiplier = multiplier;
		set_vmcs12_controls(get_vmcs12(vcpu));
		return;
	}
	to_svm(vcpu)->tsc_ratio_msr = multiplier;
	if (is_guest_mode(vcpu))
		nested_svm_update_tsc_ratio_msr(vcpu);
}

void host_view_nested(u32 nr, struct subject_nested_view *view)
{
	struct kvm_vcpu *vcpu = &vcpus[nr];

	*view = (struct subject_nested_view){
		.hardware = to_nested(vcpu)->entered,
		/* kvm_get_msr_common(), MSR_IA32_TSC by the guest */
		.msr = { vcpu->arch.tsc_offset, vcpu->arch.tsc_scaling_ratio },
		.offset_multiplier = to_nested(vcpu)->offset_multiplier,
	};
	if (is_svm())
		view->l1 = (struct subject_tsc){
			vcpu->guest_mode ? to_svm(vcpu)->nested.ctl.tsc_offset :
				to_svm(vcpu)->vmcb12.control.tsc_offset,
			to_svm(vcpu)->tsc_ratio_msr,
		};
	else
		view->l1 = (struct subject_tsc){
			vmx_get_l2_tsc_offset(vcpu), vmx_get_l2_tsc_multiplier(vcpu),
		};
}
