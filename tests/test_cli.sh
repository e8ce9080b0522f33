#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The commands' exit codes and promises: test_cli.sh BUILD_DIR TREE
set -u
. "$(dirname "$0")/common.sh"
make_tmp

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

code 0 "$cf" list functions
grep -q '^re-stated in' "$tmp/out" || fail "nothing re-stated"
sed -n '/^re-stated/,$p' "$tmp/out" | grep -E ' (drifted|absent)$' &&
	fail "a re-stated piece of this tree is another than the one that was read"

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
copy_tree "$tmp/tree" 2>/dev/null
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

# -- alone, as CI runs it, a target goes past what is known and past nothing else
code 0 "$build/fuzz_pvclock" -runs=300000 -seed=1 -artifact_prefix="$tmp/"
grep -q 'Done 300000 runs' "$tmp/err" || fail "it ended before its time"
code 77 env CLOCKFUZZ_SIGNATURE="signed pvclock_read -" "$build/fuzz_pvclock" \
	-runs=300000 -seed=1 -artifact_prefix="$tmp/"
code 77 "$build/fuzz_canary" -runs=200000 -seed=1 -artifact_prefix="$tmp/"
grep -q '^harness fuzz_canary$' "$tmp/err" || fail "no scenario in the crash's report"

# -- a pinned kernel is the one that was pinned
mkdir "$tmp/bin"
printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/apt-get"
printf '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done; echo other >"$2"\n' >"$tmp/bin/curl"
chmod +x "$tmp/bin"/*
code 2 env PATH="$tmp/bin:$PATH" XDG_CACHE_HOME="$tmp/cache" "$repo/clockfuzz" tree --kernel 6.12.117
grep -q 'its checksum differs' "$tmp/err" || fail "another kernel passes"
[ -z "$(ls "$tmp/cache/clockfuzz/trees")" ] || fail "another kernel is kept"

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


# -- known findings: exit 0, told and listed; no row, exit 1; a row that no longer
#    holds, exit 1
table=$repo/corpus/known.tsv
code 0 env TMPDIR="$tmp" "$cf" hunt --time 3s --jobs 1 --harness fuzz_pvclock \
	--seed 1 --out "$tmp/known"
grep -q '^  known: pvclock-253y ' "$tmp/out" || fail "no list of known findings"
grep -q 'jumped' "$tmp/out" || fail "a known finding isn't told"
[ -e "$tmp"/known/known/fuzz_pvclock-signed-pvclock_read.txt ] || fail "it isn't kept"
grep -v '^pvclock-253y' "$table" >"$tmp/table.tsv"
code 1 env TMPDIR="$tmp" "$cf" hunt --time 10s --jobs 1 --harness fuzz_pvclock \
	--seed 1 --first --out "$tmp/known" --known "$tmp/table.tsv"
grep -q '^  new: ' "$tmp/out" || fail "nothing new without its row"
sed 's/^pvclock-253y\tsigned/pvclock-253y\texact/' "$table" >"$tmp/table.tsv"
code 1 "$cf" replay --known "$tmp/table.tsv" "$repo/corpus/fuzz_pvclock"
grep -q 'pvclock-253y no longer reproduces' "$tmp/out" || fail "a stale row passes"
code 1 env TMPDIR="$tmp" "$cf" hunt --time 1s --jobs 1 --harness fuzz_rebase \
	--law canary --out "$tmp/known" --known <(sed 's/^\(kvm-post.*\)rate /\1exact /' "$table")
grep -q 'no longer reproduces' "$tmp/out" || fail "a hunt trusts a stale row"
printf 'pvclock-253y\tsigned pvclock_read\n' >"$tmp/table.tsv"
for command in "hunt --time 1s --out $tmp/known" "replay $repo/corpus/fuzz_pvclock" \
		"list known"; do
	code 2 "$cf" $command --known "$tmp/table.tsv"
	one_line 'table.tsv:1: '
	code 2 "$cf" $command --known "$tmp/no-table.tsv"
	one_line 'no-table.tsv: No such file'
done

# -- minimize, promote
finding=$(echo "$tmp"/found/fuzz_timeline-signed-kvmclock-*.txt)
code 0 "$cf" minimize "$finding" -o "$tmp/min.txt"
code 0 "$cf" minimize "$tmp/min.txt" -o "$tmp/min2.txt"
cmp -s "$tmp/min.txt" "$tmp/min2.txt" || fail "minimize twice isn't minimize once"
code 2 "$cf" minimize "$repo/corpus/fuzz_timeline/seed-masterclock.txt"
one_line 'no law is broken'
code 2 "$cf" minimize "$tmp/bad.txt";		one_line 'bad.txt:3:'
code 2 "$cf" minimize "$finding" --signature 'total all -';	one_line "doesn't give that finding"
mkdir "$tmp/corpus" && cp "$table" "$tmp/corpus"
code 0 "$cf" promote "$finding" my-jump --row open --corpus "$tmp/corpus"
grep -q '^my-jump	signed kvmclock ' "$tmp/corpus/known.tsv" || fail "promote made no row"
grep -q '^# ' "$tmp/corpus/fuzz_timeline/regress-my-jump.txt" || fail "promote told no story"
code 0 "$cf" replay --known "$tmp/corpus/known.tsv" "$tmp/corpus"
code 2 "$cf" promote "$finding" my-jump --row open --corpus "$tmp/corpus"
one_line 'my-jump'
code 2 "$cf" promote "$finding" My_Jump --corpus "$tmp/corpus";	one_line 'My_Jump'
code 2 "$cf" promote "$tmp/bad.txt" other --corpus "$tmp/corpus";	one_line 'bad.txt:3:'

# -- explain: widths, colours, pictures
code 1 "$cf" explain "$finding"
grep -q $'\033' "$tmp/out" && fail "colours without a terminal"
for word in 'should have said' 'tsc - tsc_timestamp' 'pvclock.h:'; do
	grep -q -- "$word" "$tmp/out" || fail "explain: no '$word'"
done
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	TERM=xterm script -qec "stty cols 72; $cf explain $finding" /dev/null </dev/null >"$tmp/tty"
	grep -q $'\033\[' "$tmp/tty" || fail "no colours on a terminal"
	NO_COLOR=1 TERM=xterm script -qec "stty cols 72; $cf explain $finding" /dev/null \
		</dev/null >"$tmp/tty"
	grep -q $'\033' "$tmp/tty" && fail "colours in spite of NO_COLOR"
	sed -n '/^   nr/,/^\r*$/p' "$tmp/tty" | tr -d '\r' | awk 'length > 72' | grep . &&
		fail "the table is wider than the terminal"
fi
code 2 "$cf" explain "$finding" --plot "$tmp/plot.gif";	grep -q 'svg or .png' "$tmp/err" || fail "gif"
code 2 env PATH="$tmp" "$cf" explain "$finding" --plot "$tmp/plot.svg"
one_line 'gnuplot is missing'
[ ! -e "$tmp/plot.svg" ] || fail "a picture without gnuplot"
code 2 "$cf" explain "$repo/corpus/fuzz_timeline/seed-masterclock.txt" --plot "$tmp/plot.svg"
one_line 'no fault to draw'
for picture in plot.svg plot.png; do
	code 1 "$cf" explain "$finding" --plot "$tmp/$picture"
	[ "$(wc -c <"$tmp/$picture")" -gt 5000 ] || fail "$picture is empty"
done
grep -q '</svg>' "$tmp/plot.svg" || fail "half a picture"

# -- a full disk: one line, exit code 2, nothing half written
if mkdir "$tmp/disk" && mount -t tmpfs -o size=16k tmpfs "$tmp/disk" 2>/dev/null; then
	head -c 12k /dev/zero >"$tmp/disk/fill"
	cp "$finding" "$tmp/disk/f.txt"
	head -c 12k /dev/zero >>"$tmp/disk/fill" 2>/dev/null
	for command in "minimize $finding -o $tmp/disk/f.txt" \
			"explain $finding --plot $tmp/disk/plot.png" \
			"promote $finding full --corpus $tmp/disk"; do
		code 2 "$cf" $command
		[ "$(grep -c 'No space left' "$tmp/err")" = 1 ] ||
			fail "$command: $(cat "$tmp/err")"
	done
	cmp -s "$finding" "$tmp/disk/f.txt" || fail "the old file is gone"
	code 2 env TMPDIR="$tmp" "$cf" hunt --time 5s --jobs 1 --harness fuzz_pvclock \
		--no-known --out "$tmp/disk"
	one_line 'No space left'
	code 2 env TMPDIR="$tmp/disk" "$cf" hunt --time 5s --jobs 1 --harness fuzz_pvclock \
		--no-known --out "$tmp/elsewhere"
	one_line 'No space left'
	[ "$(find "$tmp/disk" -type f | wc -l)" = 2 ] || fail "left: $(ls -A "$tmp/disk")"
	umount "$tmp/disk"
fi

# -- killed at any time: what has a name is whole
mkdir -p "$tmp/killed/corpus"
for i in 1 2 3 4 5 6 7 8 9 10; do
	"$cf" minimize "$finding" -o "$tmp/killed/m.txt" 2>/dev/null & pid1=$!
	"$cf" explain "$finding" --plot "$tmp/killed/p.svg" >/dev/null 2>&1 & pid2=$!
	"$cf" promote "$finding" k$i --corpus "$tmp/killed/corpus" >/dev/null 2>&1 & pid3=$!
	sleep 0.0$i
	kill -9 $pid1 $pid2 $pid3 2>/dev/null
	wait $pid1 $pid2 $pid3 2>/dev/null
done
sleep 1
for file in $(find "$tmp/killed" -name '*.txt'); do
	code 0 "$cf" replay "$file"
done
[ ! -e "$tmp/killed/p.svg" ] || grep -q '</svg>' "$tmp/killed/p.svg" || fail "half a picture"
find "$tmp/killed" -name '.*' -type f | grep . && fail "temporaries are left"

[ "$failures" = 0 ] && echo ok
[ "$failures" = 0 ]
