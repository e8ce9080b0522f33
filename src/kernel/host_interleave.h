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
	case SUBJECT_READER_SHARED_INFO:
		use_shared_info();
		*size = XEN_WALL_CLOCKS_SIZE;
		return shared_info + XEN_WALL_CLOCKS;
	case SUBJECT_READER_RUNSTATE:
		use_runstate_pages(nr);
		return GUARDED(runstate_pages[area_of[nr]][nr]);
	default:
		*size = sizeof(struct kvm_hv) - PAGE_ALIGNMENT;
		return (u8 *)to_kvm_hv(&vm) + PAGE_ALIGNMENT;
	}
}

/* All but a sum tells one runstate from another; so each counts differently. */
static bool read_runstate(u32 nr, u64 *value)
{
	struct subject_xen_view view;
	const struct subject_runstate_view *now = &view.guest_runstate;

	host_view_xen(nr, &view);
	*value = now->state + 3 * now->entry_ns;
	for (u32 i = 0; i < SUBJECT_RUNSTATE_NR; i++)
		*value += (2 * i + 5) * now->time_ns[i];
#if CF_XEN_RUNSTATE_MAY_SPLIT
	if (!vm.arch.xen.runstate_update_flag)
		return false;
#else
	/* the mark was written with the whole of a word, which that of 32 bits isn't */
	if (!vm.arch.xen.long_mode)
		return false;
#endif
	return !(now->entry_ns >> 63);
}

bool host_read(enum subject_reader reader, u32 nr, u64 *value)
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
	case SUBJECT_READER_SHARED_INFO: {
		bool compat = !vm.arch.xen.long_mode;

		*value = xen_wall_clock_ns(compat);
		return !(xen_wall_clock(compat)->version & 1);
	}
	case SUBJECT_READER_RUNSTATE:
		return read_runstate(nr, value);
	default:
		*value = get_time_ref_counter(&vm);
		return true;
	}
}
