#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One VM over three kernels, 6.1, 6.12 and 7.2, in one program: each host runs its
# own, the corpus gives the same verdicts, and the drift of a migration is what
# docs/findings.md says, to the ns.
set -eu
. "$(dirname "$0")/common.sh"
is_plain_6_12 || exit 0

kernels='--kernel 6.1 --kernel 6.12 --kernel 7.2'
cd "$repo"
./clockfuzz list subjects $kernels | sed -n 's/^linux \([0-9]*\.[0-9]*\).*/\1/p' |
	diff - <(printf '6.1\n6.12\n7.2\n')
./clockfuzz replay $kernels corpus >/dev/null

file=corpus/fuzz_timeline/seed-migrate-kernels.txt
out=$(./clockfuzz explain $kernels "$file") || [ $? = 1 ]
printf '%s\n' "$out" | sed -n 's/^migration .*(linux \([67]\.[0-9]*\)\.[0-9]*).*(linux \([67]\.[0-9]*\)\.[0-9]*)$/\1 \2/p; s/^  \(T1\|T2\|drift\) .* = \(-*[0-9]*\) ns.*/\1 \2/p; s/^  update *\(vCPU[01]\) moved by \(-*[0-9]*\) ns.*/\1 \2/p' |
	diff - <(cat <<-END
		6.1 6.12
		T1 -2000000
		T2 3000000
		drift -5000000
		vCPU0 -5000000
		vCPU1 -5000000
		vCPU0 -5000058
		6.12 7.2
		T1 -1000000
		T2 1000000
		drift -2000000
		vCPU0 -2000000
		vCPU0 -2004760
	END
	)
# the kernel that broke the law is named by its own lines
printf '%s\n' "$out" | grep -q '^arch/x86/kvm/x86.c:[0-9]* kvm_guest_time_update'
# JSON says it, too
./clockfuzz explain --json $kernels "$file" |
	grep -q '"t1_ns":"-2000000","t2_ns":"3000000","realtime_ns":"0","drift_ns":"-5000000"'
