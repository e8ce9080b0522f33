/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of host.c: the host's writers and readers for interleave.c.
 */

/* kvm_set_msr_common(), MSR_KVM_WALL_CLOCK_NEW */
void host_write_wall_clock(u32 nr)
{
	kvm_write_wall_clock(vcpus[nr].kvm, gfn_to_gpa(SHIM_WALL_CLOCK_GFN), 0);
}

/* From where on the page's members are whole words: it is packed, kvm_hv is masked. */
#define PAGE_ALIGNMENT (offsetof(struct kvm_hv, tsc_ref) % 8)

#define GUARDED(what) ({						\
	BUILD_BUG_ON(sizeof(what) > INTERLEAVE_BYTES);			\
	*size = sizeof(what);						\
	&(what);							\
})

void *host_guarded_memory(enum subject_reader reader, u32 nr, u32 *size)
{
	switch (reader) {
	case SUBJECT_READER_PVCLOCK:
		return GUARDED(guest_pvclock[nr]);
	case SUBJECT_READER_VDSO_PVCLOCK:
		return GUARDED(guest_pvclock[0]);
	case SUBJECT_READER_TSC_PAGE:
		return GUARDED(shim_hw->memory.tsc_page);
	case SUBJECT_READER_WALL_CLOCK:
		return GUARDED(shim_hw->memory.wall_clock);
	case SUBJECT_READER_GTOD:
		return GUARDED(pvclock_gtod_data);
	case SUBJECT_READER_TIMEKEEPER:
		return GUARDED(tk_core);
	case SUBJECT_READER_GET_CLOCK:
		return GUARDED(vm.arch);
	default:
		*size = sizeof(struct kvm_hv) - PAGE_ALIGNMENT;
		return (u8 *)to_kvm_hv(&vm) + PAGE_ALIGNMENT;
	}
}

bool host_read(enum subject_reader reader, u64 *value)
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
