#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A hunt isn't blind behind what it knows: bugs planted where a known one breaks
# the same clock at the same event are found, in each of ten runs.
# test_planted.sh BUILD_DIR TREE
set -u
. "$(dirname "$0")/hunts.sh"
file=arch/x86/kvm/x86.c

# SED-SCRIPT LINES FINDING: ten hunts on the tree with that bug, which adds LINES
planted()
{
	cp "$tree"/arch/x86/kvm/*.c "$tmp/tree/arch/x86/kvm"
	sed -i "$1" "$tmp/tree/$file"
	[ "$(diff "$tree/$file" "$tmp/tree/$file" | grep -c '^>')" = "$2" ] || {
		echo "the code has changed; nothing was planted for $3"
		exit 1
	}
	hunts "$3" "$3" 10 fuzz_timeline
}

# Where the counter is behind the snapshot (kvm-253y-*), the sum is 1 us off.
planted 's/^\t\tdata->clock = __pvclock_read_cycles(&hv_clock, data->host_tsc);$/&\n\t\tif ((s64)(data->host_tsc - ka->master_cycle_now) < 0)\n\t\t\tdata->clock += 1000;/' \
	2 "exact-KVM_GET_CLOCK-get-clock\\|exact-reference-counter-read-reference\\|exact-runstate-runstate"

# A master clock update, which re-bases by some ns anyway (kvm-masterclock-step-*),
# publishes a clock that is 20 ns off from the 40th second on.
planted 's/^\tvcpu->hv_clock.system_time = kernel_ns + v->kvm->arch.kvmclock_offset;$/&\n\tif (kernel_ns > 40000000000)\n\t\tvcpu->hv_clock.system_time += 20;/' \
	2 "exact-kvmclock-pvclock-update\\|agree-kvmclock-read-pvclock"

# A synthetic timer is armed for twice the time: law deadline.
file=arch/x86/kvm/hyperv.c
planted 's/^\tdeadline = stimer_add_delta(ktime_now, stimer->count - time_now);$/\tdeadline = stimer_add_delta(ktime_now, 2 * (stimer->count - time_now));/' \
	1 "deadline-stimer-stimer-late\\|deadline-stimer-stimer-armed"

# A Xen timer is armed 20 ns late; the rest of a TSC deadline is waited for in the
# guest's cycles on a host that is faster (kvm-lapic-advance-units).
file=arch/x86/kvm/xen.c
planted 's/^\tdelta = guest_abs - guest_now;$/\tdelta = guest_abs - guest_now + 20;/' \
	1 deadline-xen-timer-xen-timer

# Of a Xen vCPU: a state that is yet to be entered is taken; the timer is read 20 ns late.
planted 's/^\t\tif (get_kvmclock_ns(vcpu->kvm) <$/\t\tif (false \&\& get_kvmclock_ns(vcpu->kvm) </' \
	2 "conserve-runstate-xen-attr-wrong\\|conserve-runstate-runstate-restore"
planted 's/^\t\tdata->u.timer.expires_ns = vcpu->arch.xen.timer_expires;$/&\n\t\tdata->u.timer.expires_ns += 20 * !!vcpu->arch.xen.timer_expires;/' \
	1 roundtrip-xen-timer-xen-attr-reload
# Its clock in vcpu_info is 20 ns ahead of that in vcpu_time_info.
file=arch/x86/kvm/x86.c
planted 's/^\tguest_hv_clock->version = ++vcpu->hv_clock.version;$/&\n\tguest_hv_clock->system_time += offset ? 20 : 0;/' \
	1 "agree-kvmclock-xen-copies\\|exact-kvmclock-pvclock-update\\|monotonic-kvmclock-pvclock-update"
file=arch/x86/kvm/lapic.c
planted 's/^\tif (vcpu->arch.tsc_scaling_ratio == kvm_caps.default_tsc_scaling_ratio) {$/\tif (true) {/' \
	1 deadline-tsc-deadline-tsc-deadline-early

# kvm-l2-offset-meaning: L1's TSC is read with the offset of whoever runs, so that
# kvmclock is wrong where it is updated while L2 does.
file=arch/x86/kvm/x86.c
planted 's/^\treturn vcpu->arch.l1_tsc_offset +$/\treturn vcpu->arch.tsc_offset +/' \
	1 exact-kvmclock-pvclock-update

# L2's offset is L1's plus its own, without the scaling between.
planted 's/^\tif (l2_multiplier == kvm_caps.default_tsc_scaling_ratio)$/\tif (l2_multiplier)/' \
	1 exact-L2-TSC-l2-entry

# kvm-svm-ratio-cache: the MSR is written past the per-CPU copy of what it holds.
file=arch/x86/kvm/svm/svm.c
cp "$tree/$file" "$tmp/tree/$file"
planted '/^void svm_write_tsc_multiplier/,/^}/ {
		/guest_state_loaded/d
		s/^.*__svm_write_tsc_multiplier(\(.*\));$/\twrmsrl(MSR_AMD64_TSC_RATIO, \1);/
	}' \
	1 agree-guest-TSC-guest-entry
cp "$tree/$file" "$tmp/tree/$file"

# kvm-nsvm-l1-multiplier: L1 goes on by L2's multiplier.  The exit is a fragment that
# the adapter re-states, so the bug is the adapter's here.
mkdir "$tmp/repo"
cp -r "$repo/CMakeLists.txt" "$repo/src" "$repo/harness" "$repo/bench" "$repo/corpus" \
	"$repo/proofs" "$tmp/repo"
sed -i '/^static void svm_leave_l2/,/^}/s/vcpu->arch.tsc_scaling_ratio != vcpu->arch.l1_tsc_scaling_ratio/svm->tsc_ratio_msr == kvm_caps.default_tsc_scaling_ratio/' \
	"$tmp/repo/src/kernel/host_nested.h"
[ "$(diff "$repo/src/kernel/host_nested.h" "$tmp/repo/src/kernel/host_nested.h" | grep -c '^>')" = 1 ] ||
	{ echo "the adapter has changed; nothing was planted in it"; exit 1; }
repo=$tmp/repo
rm -r "$tmp/build"
planted '' 0 agree-guest-TSC-guest-entry

[ "$failures" = 0 ]
