#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ci in a kernel's git repository: a pull request that takes a clamp away, one that does no
# harm, one whose tree can't be sliced; and what there is to say of made-up answers.
# test_ci.sh BUILD_DIR TREE
set -u
. "$(dirname "$0")/common.sh"
is_plain_6_12 || exit 0
make_tmp
limit_s=600
# not a temporary folder: its build stays for the next time
linux=$build/ci/linux
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost

# PATTERN...: lines of the summary
says()
{
	local pattern

	for pattern; do
		grep -q -- "$pattern" "$tmp/ci.md" || fail "no '$pattern'"
	done
}

# NR-OF-ERRORS [NR-OF-NOTES]: SARIF; a hunt may find what the base has, too
sarif()
{
	lint sarif "$tmp/ci.sarif" || fail "not SARIF"
	[ "$(grep -c '"level": "error"' "$tmp/ci.sarif")" = $((11 + $1)) ] ||
		fail "not $1 errors beside the 11 rules"
	[ $# = 1 ] || [ "$(grep -c '"level": "note"' "$tmp/ci.sarif")" = "$2" ] || fail "not $2 notes"
}

# WANTED ARGS...
ci()
{
	code "$1" "$repo/clockfuzz" ci --kernel "$linux" --out "$tmp/found" \
		--summary "$tmp/ci.md" --sarif "$tmp/ci.sarif" "${@:2}"
}

rm -rf "$build/ci"
mkdir -p "$build/ci"
copy_tree "$linux"
cd "$linux"
git init -q
git add -A
git commit -q -m base
git tag base

# -- the timekeeper's clamp: exactly that, and where it is
sed -i '/^static inline u64 timekeeping_cycles_to_ns/,/^}/{
	/if (delta & ~(mask >> 1))/d
	/return tkr->xtime_nsec >> tkr->shift;/d
}' kernel/time/timekeeping.c
[ "$(git diff --numstat | cut -f 2)" = 2 ] || fail "there is no clamp to take away"
git commit -q -a -m "timekeeping: no clamp"
cd "$repo"
ci 1 --base base --time 0s
says '^# clockfuzz: this change breaks 1 thing$' '^6\.12.* against 6\.12.*scenarios compared' \
	'^| new: `exact timekeeping -` |  | 1 | .*`kernel/time/timekeeping.c:[0-9]*` timekeeping_cycles_to_ns() |$' \
	'<summary>corpus/fuzz_clocksource/seed-behind.txt</summary>' \
	"^.clockfuzz explain --kernel $linux corpus/fuzz_clocksource/seed-behind.txt.$"
sarif 1 0
grep -q '"uri": "kernel/time/timekeeping.c"' "$tmp/ci.sarif" || fail "SARIF has another file"

# -- no harm: the branch has gone on since
cd "$linux"
git checkout -q -b topic base
sed -i '/^static void pvclock_update_vm_gtod_copy/i /* no harm */' arch/x86/kvm/x86.c
[ "$(git diff --numstat | cut -f 1)" = 1 ] || fail "nothing changed"
mkdir -p Documentation
echo clocks >Documentation/clocks.rst
git add -A
git commit -q -m "no harm"
cd "$repo"
ci 0 --base master --time 5s --jobs 1 --seed 1
says '^# clockfuzz: this change breaks nothing$' 'hunted for [56] s, [0-9]* executions, seed 1; '
sarif 0

# -- no slices
cd "$linux"
sed -i 's/\bcompute_guest_tsc\b/compute_other_tsc/g' arch/x86/kvm/x86.c
cd "$repo"
ci 125 --base base --time 0s
grep -q compute_guest_tsc "$tmp/err" || fail "it isn't said what is missing"

ci 2 --base no-such-commit
ci 2
code 2 "$repo/clockfuzz" ci --base base
code 2 "$repo/clockfuzz" ci --base base --kernel "$tree"
code 2 "$repo/clockfuzz" hunt --base base

# -- made-up answers: a promise that is taken back; what the base has, too
# LAW FILE: a finding in FILE
finding() { echo "{\"law\":\"$1\",\"clock\":\"c|d\",\"event\":\"e\",\"event_nr\":2,\"function\":\"f\",\"file\":\"a/b.c\",\"line\":3,\"why\":\"w\",\"unit\":\"ns\",\"got\":\"5\",\"want\":\"1\",\"amount\":\"+4 ns\",\"headline\":\"<c> is off\",\"reproducer\":\"$2\"}"; }
mkdir "$tmp/base" "$tmp/head" "$tmp/out-dir"
cp "$repo/corpus/fuzz_timeline/seed-scaling.txt" "$tmp/out-dir/new.txt"
cat >"$tmp/head/clockfuzz" <<-END
	#!/bin/bash
	case \$1 in
	list) echo '[{"name":"x","file":"x.c","line":1},
	 {"name":"kvm_guest_time_update","file":"arch/x86/kvm/x86.c","line":77}]';;
	hunt) echo '{"input":"$tmp/out-dir/new.txt","status":"broken","findings":[$(finding rate "$tmp/out-dir/new.txt")]}'
	 echo '{"hunt":"linux","seconds":1.0,"executions":1024,"seed":7,"new":1,"known":0,"stale":false}'
	 exit 1;;
	compare) echo '{"status":"lost","worse":true,"input":"a.txt","event_nr":4,"what":"kvmclock is stable, by vCPU","unit":"","got_before":"11","got_after":"01","note":"it promises less"}'
	 echo '{"status":"fixed","worse":false,"input":"a.txt","event_nr":2,"known":"slug","before":$(finding agree a.txt)}'
	 echo '{"compare":"B","with":"H","fixed":1,"still":12,"changed":3}'
	 exit 1;;
	esac
END
chmod +x "$tmp/head/clockfuzz"
code 1 "$build/clockfuzz" ci --tree B="$tmp/base" --tree H="$tmp/head" --time 1s \
	--out "$tmp/out-dir" --summary "$tmp/ci.md" --sarif "$tmp/ci.sarif"
says '^# clockfuzz: this change breaks 1 thing$' \
	'^H against B: hunted for 1 s, 1024 executions, seed 7; ' \
	'^| lost: `kvmclock is stable, by vCPU` |  | 1 | event 4: 01, was 11 | `arch/x86/kvm/x86.c:77` kvm_guest_time_update() |$' \
	'^| `agree c\\|d e` | slug | 1 | 5 ns, not 1 (+4 ns) | `a/b.c:3` f() |$' \
	'^| `rate c\\|d e` |  | 1 | ' '^Known and as before: 12 findings; other values: 3\.$'
sarif 1 1
code 2 "$build/clockfuzz" ci --tree B="$tmp/base"
code 2 "$build/clockfuzz" ci --tree B="$tmp/base" --tree H="$tmp/none" --time 0s

[ "$failures" = 0 ] && echo ok
[ "$failures" = 0 ]
