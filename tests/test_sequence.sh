#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Law sequence has teeth: of each protocol one barrier or one step of the sequence
# is taken away, and a short hunt finds a reader that sees half an update.
# test_sequence.sh BUILD_DIR TREE
set -u
. "$(dirname "$0")/hunts.sh"

# FILE FUNCTION SED-SCRIPT CLOCK [HARNESS]: without that step in that function, three hunts
torn()
{
	sed -i "/^[a-z].*[ *]$2(/,/^}/$3" "$tmp/tree/$1"
	! cmp -s "$tree/$1" "$tmp/tree/$1" || {
		echo "the code has changed; nothing was taken out of $2"
		exit 1
	}
	hunts "torn $4 of $2" "sequence-$4\(-interleave\)\?" 3 "${5:-fuzz_timeline}" --law sequence
	cp "$tree/$1" "$tmp/tree/$1"
}

x86=arch/x86/kvm/x86.c
# the barrier before the version becomes even
torn $x86 kvm_setup_guest_pvclock \
	'{/flags &= ~PVCLOCK_TSC_STABLE_BIT/,/smp_wmb/s/smp_wmb();//}' vdso-kvmclock
# a version that comes back
torn $x86 kvm_setup_guest_pvclock \
	's/(guest_hv_clock->version + 1) | 1;/guest_hv_clock->version - 1;/' '\(vdso-\)\?kvmclock'
# a page that stays valid while it is written
torn arch/x86/kvm/hyperv.c kvm_hv_setup_tsc_page \
	's/tsc_ref.tsc_sequence = 0;/tsc_ref.tsc_sequence = tsc_seq;/' TSC-page
# a wall clock that is written under an even version
torn $x86 kvm_write_wall_clock \
	'{/if (kvm_write_guest(kvm, wall_clock, &version/,/return;/d}' guest-wall-clock
# readers that don't look again
torn $x86 do_kvmclock_base 's/while (unlikely(read_seqcount_retry.*/while (0);/' \
	master_kernel_ns
torn $x86 get_kvmclock 's/while (read_seqcount_retry.*/while (0);/' KVM_GET_CLOCK
torn kernel/time/timekeeping.c ktime_get_raw 's/while (read_seqcount_retry.*/while (0);/' \
	ktime_get_raw
torn lib/vdso/gettimeofday.c 'do_hres[_a-z]*' \
	's/while (unlikely(vdso_read_retry.*/while (0);/' vdso fuzz_vdso

[ "$failures" = 0 ]
