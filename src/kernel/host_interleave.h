/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of host.c: the host's writers and readers for interleave.c.
 */

/* kvm_set_msr_common(), MSR_KVM_WALL_CLOCK_NEW */
void host_write_wall_clock(u32 nr)
{
	kvm_write_wall_clock(vcpus[nr].kvm, gfn_to_gpa(SHIM_WALL_CLOCK_GFN), 0);
	interleave_call_ends();
}

#define WATCH(what) interleave_watch(&(what), sizeof(what))

/* From where on the page's members are whole words: it is packed, kvm_hv is masked. */
#define PAGE_ALIGNMENT (offsetof(struct kvm_hv, tsc_ref) % 8)

void host_watch(enum subject_reader reader, u32 nr)
{
	u8 *hv = (u8 *)to_kvm_hv(&vm);

	switch (reader) {
	case SUBJECT_READER_PVCLOCK:
		WATCH(guest_pvclock[nr]);
		break;
	case SUBJECT_READER_VDSO_PVCLOCK:
		WATCH(guest_pvclock[0]);
		break;
	case SUBJECT_READER_TSC_PAGE:
		WATCH(shim_guest_page);
		break;
	case SUBJECT_READER_WALL_CLOCK:
		WATCH(shim_guest_wall_clock);
		break;
	case SUBJECT_READER_GTOD:
		WATCH(pvclock_gtod_data);
		break;
	case SUBJECT_READER_TIMEKEEPER:
		WATCH(tk_core);
		break;
	case SUBJECT_READER_GET_CLOCK:
		WATCH(vm.arch);
		break;
	case SUBJECT_READER_REFERENCE:
		interleave_watch(hv + PAGE_ALIGNMENT,
				 sizeof(struct kvm_hv) - PAGE_ALIGNMENT);
		break;
	case SUBJECT_READER_NR:
		break;
	}
}

bool host_read_between(enum subject_reader reader, u64 *value)
{
	struct kvm_clock_data data;
	u64 tsc;
	s64 ns;

	switch (reader) {
	case SUBJECT_READER_GTOD:
		if (!kvm_get_time_and_clockread(&ns, &tsc))
			return false;
		*value = ns;
		return true;
	case SUBJECT_READER_TIMEKEEPER:
		*value = ktime_get_raw();
		return true;
	case SUBJECT_READER_GET_CLOCK:
		get_kvmclock(&vm, &data);
		*value = data.clock;
		return true;
	default:
		*value = get_time_ref_counter(&vm);
		return true;
	}
}
