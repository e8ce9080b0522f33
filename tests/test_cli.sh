#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The commands' exit codes and promises: test_cli.sh BUILD_DIR TREE
set -u
build=$1 tree=$2
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failures=0
# A sanitizer's own exit code is 1: it must not pass for a broken law.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99

fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# WANTED COMMAND...
code()
{
	local want=$1 got=0

	shift
	timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	[ "$got" = "$want" ] || {
		fail "exit code $got, want $want: $*"
		tail -n 5 "$tmp/out" "$tmp/err"
	}
}

# PATTERN: the last command's stderr is one line with it
one_line()
{
	grep -q -- "$1" "$tmp/err" || fail "no '$1' on stderr: $(head -n 3 "$tmp/err")"
	[ "$(wc -l <"$tmp/err")" = 1 ] || fail "not one line: $(head -n 3 "$tmp/err")"
}

cf=$build/clockfuzz

# -- usage
code 0 "$cf" help
code 0 "$cf" --version
code 2 "$cf"
code 2 "$cf" frobnicate;			one_line 'unknown command frobnicate'
code 2 "$cf" hunt --frob;			one_line 'unknown option'
code 2 "$cf" hunt --time soon;			one_line '--time soon'
code 2 "$cf" hunt --time 3 --law murphy;	one_line '--law murphy'
code 2 "$cf" hunt --harness fuzz_none;		one_line 'no such harness'
code 2 "$cf" replay;				one_line 'which file'
code 2 "$cf" replay "$tmp/none.txt";		one_line 'No such file'
code 2 "$cf" explain "$tmp/none.txt";		one_line 'No such file'
code 2 "$cf" list nothing
code 2 "$repo/clockfuzz" frobnicate;		one_line 'unknown command frobnicate'
code 2 "$repo/clockfuzz" list laws --kernel "$tmp/none"; one_line 'no such tree'

# -- list
for what in laws functions subjects known; do
	code 0 "$cf" list $what
	code 0 "$cf" list --json $what
	python3 -m json.tool <"$tmp/out" >/dev/null 2>"$tmp/err" ||
		! command -v python3 >/dev/null || fail "list --json $what isn't JSON"
done

# -- bad texts name file, line and column
printf 'harness fuzz_timeline\nmachine\n  tsc_khz banana\n' >"$tmp/bad.txt"
code 2 "$cf" replay "$tmp/bad.txt";		one_line 'bad.txt:3:'
code 2 "$cf" explain "$tmp/bad.txt";		one_line 'bad.txt:3:'
printf 'harness fuzz_nothing\nfields\n' >"$tmp/other.txt"
code 2 "$cf" replay "$tmp/other.txt"
printf '\x00\xff\n' >"$tmp/zero.txt"
code 2 "$cf" replay "$tmp/zero.txt"

# -- trees that can't be sliced: not Linux is 2, missing functions is 125
mkdir "$tmp/notlinux" "$tmp/sliced"
code 2 "$build/slice" --tree "$tmp/notlinux" \
	--manifest "$repo/src/kernel/manifest" --out "$tmp/sliced"
mkdir "$tmp/tree"
(cd "$tree" && cp -r --parents Makefile Kconfig arch/x86/kvm/*.[ch] arch/x86/include \
	arch/x86/kernel/*.[ch] include kernel/time drivers/clocksource/hyperv_timer.c \
	lib/vdso lib/math "$tmp/tree") 2>/dev/null
sed -i 's/\bcompute_guest_tsc\b/compute_other_tsc/g' "$tmp/tree/arch/x86/kvm/x86.c"
code 125 "$build/slice" --tree "$tmp/tree" \
	--manifest "$repo/src/kernel/manifest" --out "$tmp/sliced"
one_line compute_guest_tsc

# -- the canary rings: an oracle that can't fail proves nothing
if [ -x "$build/fuzz_canary" ]; then
	timeout 60 "$build/fuzz_canary" -runs=200000 -seed=1 -artifact_prefix="$tmp/" \
		>"$tmp/out" 2>&1 && fail "the canary is silent"
	grep -qi canary "$tmp/out" || fail "the canary fell of something else"
	code 1 env TMPDIR="$tmp" "$cf" hunt --harness fuzz_canary --jobs 1 --time 2s \
		--seed 1 --out "$tmp/canary" --no-known
	for file in "$tmp"/canary/*.txt; do
		code 1 "$cf" replay --no-known "$file"
		cp "$tmp/out" "$tmp/first"
		code 1 "$cf" replay --no-known "$file"
		cmp -s "$tmp/first" "$tmp/out" || fail "two replays, two answers"
	done
fi

# -- the hunt finds the jump from seeds without it, and leaves nothing behind
code 1 env TMPDIR="$tmp" "$cf" hunt --time 6s --jobs 1 --harness fuzz_timeline \
	--law signed --seed 1 --out "$tmp/found" --no-known
grep -q 'years' "$tmp/out" || fail "no years in the hunt's report"
grep -q 'clockfuzz replay' "$tmp/out" || fail "no replay command in the hunt's report"
for file in "$tmp"/found/*.txt; do
	code 1 "$cf" replay --no-known "$file"
	code 0 "$cf" replay "$file"
	grep -q '(known: ' "$tmp/out" || fail "not known: $(cat "$tmp/out")"
	code 1 "$cf" explain "$file"
done
ls -d "$tmp"/clockfuzz-* >/dev/null 2>&1 && fail "the hunt left its working folder"

[ "$failures" = 0 ] && echo ok
[ "$failures" = 0 ]
