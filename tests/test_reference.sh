#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The reference breaks no law on any scenario; each bug that is planted in it breaks one
# of the laws that it is listed with: test_reference.sh BUILD_DIR
#
# A plant's scenario is tests/planted/SLUG.txt, or the corpus has one.
set -u
. "$(dirname "$0")/common.sh"
make_tmp
cf=$build/clockfuzz
cd "$repo" || exit 1

scenario()
{
	local corpus=corpus/fuzz_timeline

	case $1 in
	kvm-compute-guest-tsc-neg)
		echo corpus/fuzz_guest_tsc/regress-guest-tsc-negative-delta.txt;;
	hv-page-u64max-sentinel)
		echo corpus/fuzz_tsc_page/regress-hv-page-u64max-sentinel.txt;;
	kvm-stimer-oneshot-livelock)	echo $corpus/seed-stimer-busy.txt;;
	kvm-lapic-div0)			echo $corpus/seed-lapic-timer.txt;;
	kvm-lapic-advance-units)	echo $corpus/seed-lapic-advance-units.txt;;
	kvm-nsvm-l1-multiplier)		echo $corpus/seed-nested-set-khz-svm.txt;;
	kvm-l2-offset-meaning)		echo $corpus/seed-l2-offset-meaning.txt;;
	kvm-ntp-skew-per-vcpu)		echo $corpus/seed-hotplug.txt;;
	kvm-backwards-warp)		echo $corpus/regress-kvm-masterclock-step-back.txt;;
	pvclock-no-last-value)		echo $corpus/seed-pvclock-no-last-value.txt;;
	kvm-masterclock-origin)		echo $corpus/seed-hotplug.txt;;
	xen-guest-sched-clock)		echo $corpus/seed-hibernate.txt;;
	tsc-suspend-sched-clock)	echo $corpus/seed-hibernate.txt;;
	vdso-gap-overflow)		echo $corpus/regress-kvm-wallclock-gap-overflow.txt;;
	*)	if [ -e "tests/planted/$1.txt" ]; then
			echo "tests/planted/$1.txt"
		else
			echo "$corpus/regress-$1.txt"
		fi;;
	esac
}

# Recordings and the canary are nobody's clocks.
clean=$(ls -d corpus/fuzz_* | grep -v -e canary -e rebase)
"$cf" replay --subject reference --quiet $clean tests/planted >"$tmp/out" 2>&1 ||
	{ fail "the reference breaks a law"; head -n 30 "$tmp/out"; }

"$cf" list planted --json >"$tmp/list" || fail "list planted"
nr=0
while IFS=$'\t' read -r slug laws; do
	nr=$((nr + 1))
	file=$(scenario "$slug")
	"$cf" replay --plant "$slug" --json "$file" >"$tmp/out" 2>"$tmp/err"
	code=$?
	[ "$code" = 1 ] || fail "$slug: exit code $code of $file: $(head -n 2 "$tmp/err")"
	found=
	for law in $laws; do
		grep -q "\"law\":\"$law\"" "$tmp/out" && found=$law
	done
	grep -q "triggered [1-9]" "$tmp/err" || fail "$slug: found, and not triggered"
	[ -n "$found" ] || fail "$slug: none of $laws is broken by $file"
done < <(sed -n 's/.*"slug":"\([^"]*\)","laws":"\([^"]*\)".*/\1\t\2/p' "$tmp/list")
[ "$nr" -ge 35 ] || fail "only $nr bugs can be planted"

# Wrong names are told, and where bugs can't be planted.
"$cf" replay --plant no-such-bug "$file" >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q no-such-bug "$tmp/err" || fail "an unknown bug"
"$cf" replay --subject nobody "$file" >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q nobody "$tmp/err" || fail "an unknown subject"
"$cf" replay --subject linux --plant kvm-backwards-warp "$file" >/dev/null 2>"$tmp/err"
[ $? = 2 ] || fail "a bug planted in Linux"

# An engine sees what is planted, and nothing else.
"$cf" hunt --subject reference --harness fuzz_timeline --jobs 1 --time 3s --seed 1 \
	--out "$tmp/clean" >"$tmp/out" 2>&1 || { fail "a clean hunt"; tail -n 5 "$tmp/out"; }
"$cf" hunt --plant kvm-tsc-zero-write-dropped --harness fuzz_timeline --jobs 1 --time 20s \
	--seed 1 --first --out "$tmp/planted" >"$tmp/out" 2>&1
[ $? = 1 ] || { fail "a planted bug isn't found"; tail -n 5 "$tmp/out"; }
grep -q "reached at execution [1-9].* triggered at .* detected at " "$tmp/out" ||
	fail "when a planted bug was found isn't told"

[ "$failures" = 0 ] && echo "$nr planted bugs, ok"
exit $((failures > 0))
