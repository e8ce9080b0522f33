#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Findings as tests for the kernel: the selftests compile against the headers of two
# trees, the KUnit ones run here, fail on this tree's arithmetic and pass on a fixed one.
# test_emit.sh BUILD_DIR TREE
set -u
. "$(dirname "$0")/common.sh"
! grep -q '^CF_SANITIZE:BOOL=ON' "$build/CMakeCache.txt" || { echo "plain only"; exit 0; }
make_tmp

emit() { "$build/clockfuzz" emit "$@"; }

# ---- selftests --------------------------------------------------------------

trees=${XDG_CACHE_HOME:-$HOME/.cache}/clockfuzz/trees

# VERSION FILE: it compiles against that tree's selftest headers without a warning
compiles()
{
	local t=$trees/linux-$1 dir includes=''

	for dir in tools/include tools/arch/x86/include include/uapi arch/x86/include/uapi \
			tools/testing/selftests/kvm/include \
			tools/testing/selftests/kvm/include/x86 \
			tools/testing/selftests/kvm/include/x86_64 tools/testing/selftests; do
		includes="$includes -isystem $t/$dir"
	done
	clang -fsyntax-only -O2 -std=gnu99 -D_GNU_SOURCE -DCONFIG_64BIT -Wall -Wextra \
		-Wno-sign-compare -Werror $includes "$2"
}

for version in 6.12 7.2; do
	[ -d "$trees/linux-$version/tools/testing/selftests/kvm" ] || {
		echo "linux-$version has no selftests: ./clockfuzz test fetches them"
		exit 1
	}
done

# SLUG PATTERN...: emitted, with these in it
kselftest()
{
	local slug=$1 out=$tmp/$1.c pattern version

	shift
	emit kselftest "corpus/fuzz_timeline/regress-$slug.txt" -o "$out" ||
		{ fail "$slug: not emitted"; return; }
	for pattern; do
		grep -q -- "$pattern" "$out" || fail "$slug: no $pattern"
	done
	for version in 6.12 7.2; do
		compiles "$version" "$out" || fail "$slug: doesn't compile with $version"
	done
}

# A minute is too long for a test, and so is a day; a second is too short for a drift.
kselftest kvm-masterclock-step-back 'wrmsr(MSR_KVM_SYSTEM_TIME,' 'usleep(30000000);'
kselftest kvm-masterclock-step-forward 'check(0);'
kselftest kvm-post-setclock-yank 'KVM_SET_CLOCK, &clock' 'check(1);'
kselftest kvm-get-kvmclock-unscaled 'KVM_CLOCK_HOST_TSC' \
	'host_khz \* 2500000 / 3000000' '!*kvm_has_cap(KVM_CAP_TSC_CONTROL)'
kselftest kvm-stimer-in-the-past HV_X64_MSR_TIME_REF_COUNT
kselftest kvm-scaled-page-read HV_X64_MSR_REFERENCE_TSC 'usleep(30000000);'
kselftest kvm-scaled-page-rate HV_X64_MSR_TIME_REF_COUNT
kselftest kvm-set-tsc-khz-stale-ratio 'KVM_SET_TSC_KHZ'
kselftest kvm-tsc-zero-write-dropped 'check(0, 0ULL);' 'usleep(5403523);'
kselftest kvm-sw-upscale-stale-ref '!kvm_has_cap(KVM_CAP_TSC_CONTROL)'

# Each event that can be written, in one test.
cat >"$tmp/all.txt" <<EOF
harness fuzz_timeline
machine
  tsc_khz 2310000 kHz
  cpus 1
  vcpus 2
  clocksource tsc
  tsc_scaling vmx
  boot_tsc 0 cycles
  realtime 0 ns
events
  get-clock on cpu 0
  set-clock 2 h realtime on cpu 0
  tsc-offset vcpu 0 -1000 cycles
  write-tsc vcpu 0 77 cycles by guest
  write-tsc vcpu 0 5000000000 cycles by host
  set-tsc-khz vcpu 0 2500000 kHz
  hotplug on cpu 0
  set-tsc-khz vcpu 1 2500000 kHz
  write-tsc vcpu 1 5000000000 cycles by host
  write-tsc vcpu 0 5000000000 cycles by host
  tsc-page on vcpu 0
  xen-shared-info on cpu 0
  read-tsc-page vcpu 0
  read-reference on cpu 0
  run vcpu 0 on cpu 0
  run vcpu 1 on cpu 0
  advance 138600000000 cycles
  tick on cpu 0
  masterclock vcpu 0
  run vcpu 0 on cpu 0
  run vcpu 1 on cpu 0
EOF
emit kselftest "$tmp/all.txt" -o "$tmp/all.c" || fail "not emitted: each event"
for pattern in KVM_GET_CLOCK realtime_ns KVM_VCPU_TSC_OFFSET WRITE_TSC MSR_IA32_TSC \
		KVM_SET_TSC_KHZ 'add_vcpu(1);' TURN_PAGE_ON set_shared_info 'run(0, REBASE);'; do
	grep -q "$pattern" "$tmp/all.c" || fail "all events: no $pattern"
done
for version in 6.12 7.2; do
	compiles "$version" "$tmp/all.c" || fail "all events: doesn't compile with $version"
done

# What no test on real hardware can do is named, in one line.
# FORM FILE REASON
refused()
{
	local code=0

	rm -f "$tmp/refused.c"
	emit "$1" "$2" -o "$tmp/refused.c" >"$tmp/out" 2>"$tmp/err" || code=$?
	[ "$code" = 2 ] && [ ! -s "$tmp/out" ] && [ ! -e "$tmp/refused.c" ] &&
		[ "$(wc -l <"$tmp/err")" = 1 ] && grep -q -- "$3" "$tmp/err" ||
		fail "$2: exit $code, and not '$3': $(cat "$tmp/err")"
}
refused kselftest corpus/fuzz_timeline/regress-kvm-253y-nested.txt \
	'skew cpu 1 -182240954 cycles: '
refused kselftest corpus/fuzz_timeline/regress-kvm-early-khz-no-ratio.txt early_tsc_khz
refused kselftest corpus/fuzz_timeline/regress-kvm-lapic-deadline-wrap.txt \
	'event 1 (tsc-deadline vcpu 0 in 21600000000000 cycles)'
# A frequency whose two rates part by 0.27 ppb: 23 us after a day, less than the 3 ns of
# an update's rounding after the 3 s that are a tenth of 30.
cat >"$tmp/slow.txt" <<EOF
harness fuzz_timeline
machine
  tsc_khz 2316136 kHz
  cpus 1
  vcpus 1
  clocksource tsc
  tsc_scaling none
  boot_tsc 0 cycles
  realtime 0 ns
events
  advance 9 d
  tick on cpu 0
  run vcpu 0 on cpu 0
  advance 1 d
  tick on cpu 0
  masterclock vcpu 0
  run vcpu 0 on cpu 0
EOF
refused kselftest "$tmp/slow.txt" 'event 1 (advance 9 d): a test sleeps for 30 s'
refused kselftest corpus/fuzz_timeline/seed-two-vcpus.txt 'no law is broken'
refused kselftest corpus/fuzz_pvclock/regress-pvclock-253y.txt kunit
refused kunit corpus/fuzz_timeline/regress-kvm-masterclock-step-back.txt 'event 4 '
refused kunit corpus/fuzz_guest_tsc/seed-one-hour.txt "doesn't break a law"
refused kunit corpus/fuzz_clocksource/regress-vdso-max-cycles.txt 'exact vdso max-cycles'
refused kunit corpus/fuzz_canary/regress-canary.txt fuzz_canary

# stdout and -o are the same
emit kselftest corpus/fuzz_timeline/regress-kvm-tsc-zero-write-dropped.txt |
	cmp - "$tmp/kvm-tsc-zero-write-dropped.c" || fail "stdout isn't what -o writes"

# ---- KUnit ------------------------------------------------------------------

cases=0
for file in fuzz_guest_tsc/regress-guest-tsc-negative-delta \
		fuzz_time_scale/regress-time-scale-zero fuzz_pvclock/regress-pvclock-253y \
		fuzz_clocksource/regress-timekeeping-max-cycles \
		fuzz_timeline/regress-kvm-253y-nested fuzz_timeline/regress-kvm-253y-tsc \
		fuzz_timeline/regress-kvm-compute-guest-tsc-neg-skew; do
	emit kunit "corpus/$file.txt" -o "$tmp/${file##*/}.kunit.c" || fail "$file: not emitted"
	cases=$((cases + 1))
done

# SLICED-DIR PROGRAM: all of them at the end of the sliced files, as in the kernel
build_kunit()
{
	{
		echo '#include "host.c"'
		printf '#include "%s"\n' "$tmp"/*.kunit.c
	} >"$tmp/kunit.c"
	clang -std=gnu11 -O1 -g -w -fwrapv -fno-strict-aliasing -D_GNU_SOURCE \
		-DCF_SUBJECT=subject_linux -Werror=implicit-function-declaration \
		-Isrc -Isrc/kernel -I"$1" -Itests -c "$tmp/kunit.c" -o "$tmp/kunit.o" &&
		clang -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer-no-link tests/kunit/run.c \
			"$tmp/kunit.o" "$build/libsubject.a" "$build/libcore.a" \
			"$build/libsubject.a" -lm -o "$2" || exit 1
}

cd "$repo" || exit 1
build_kunit "$build/sliced" "$tmp/stock"
code=0
"$tmp/stock" >"$tmp/out" || code=$?
[ "$code" = 1 ] && [ "$(grep -c '^not ok ' "$tmp/out")" = "$cases" ] ||
	{ cat "$tmp/out"; fail "not all fail on the tree as it is"; }
grep -q 'ns is 8006399342167092479$' "$tmp/out" || fail "not the 253 years of the report"

# The same call on a tree whose arithmetic is right: clamped, signed, ended, 128 bits.
copy_tree "$tmp/tree"
sed -i '/__pvclock_read_cycles(/,/^}/ s/^\tu64 delta = .*/&\n\n\tif ((s64)delta < 0)\n\t\treturn src->system_time;/' \
	"$tmp/tree/arch/x86/include/asm/pvclock.h"
sed -i '/^static u64 compute_guest_tsc/,/^}/ s/^{$/{\n\ts64 ns = kernel_ns - vcpu->arch.this_tsc_nsec;\n\n\tif (ns < 0)\n\t\treturn vcpu->arch.this_tsc_write - pvclock_scale_delta(-ns,\n\t\t\tvcpu->arch.virtual_tsc_mult, vcpu->arch.virtual_tsc_shift);/
	/^static void kvm_get_time_scale/,/^}/ s/^\ttps64 = .*/\t*pshift = *pmultiplier = 0;\n\tif (!scaled_hz || !base_hz)\n\t\treturn;\n&/' \
	"$tmp/tree/arch/x86/kvm/x86.c"
sed -i '/^static.* timekeeping_[a-z]*_to_ns(/,/^}/ {
		s/^\tu64 nsec;/\tunsigned __int128 nsec;/
		s/delta \* tkr->mult/(unsigned __int128)&/
	}' "$tmp/tree/kernel/time/timekeeping.c"
mkdir "$tmp/sliced"
"$build/slice" --tree "$tmp/tree" --manifest src/kernel/manifest --out "$tmp/sliced" || exit 1
build_kunit "$tmp/sliced" "$tmp/fixed"
"$tmp/fixed" >"$tmp/out" || { cat "$tmp/out"; fail "some fail on the fixed tree"; }
[ "$(grep -c '^ok ' "$tmp/out")" = "$cases" ] || fail "not all ran on the fixed tree"

[ "$failures" = 0 ]
