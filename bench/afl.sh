#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/afl.sh BUILD [jump|speed|mutator|jobs]...
# AFL++ beside libFuzzer and beside AFL++ without us; all four without a name.  TSV:
#
#	what, of, runs, found, median, largest, ratio
#
#	jump CPU s	until a hunt from the seeds finds the 253-year jump, by engine;
#			its rows are taken out of the known table.  All of the hunt's
#			processes count
#	speed execs/CPU s	of a harness by AFL++, and its ratio to an empty target of
#			AFL++'s own driver that ran in turn
#	mutator execs	until AFL++ first crashes on a planted bug, on an empty corpus, with our
#			mutator; the ratio is how many more its own havoc takes.  "found" is
#			of both; who finds nothing in MAX executions counts as MAX
#	jobs execs/s	of --jobs 2 by engine, and the ratio to --jobs 1, in turn.  By the
#			clock: for a quiet machine
set -eu
export LC_ALL=C
build=$(realpath "${1:?usage: bench/afl.sh BUILD [jump|speed|mutator|jobs]...}")
shift
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TMPDIR=$tmp
max=1000000 seeds=5

say() { echo "afl: $*" >&2; }
die() { say "$*"; exit 2; }
command -v afl-fuzz >/dev/null || die "afl-fuzz isn't installed; Debian's package is afl++"
cmake --build "$build" --target clockfuzz harnesses afl_harnesses >"$tmp/log" ||
	{ tail "$tmp/log" >&2; exit 2; }

sorted() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] "\t" v[NR] }'; }
median() { sorted | cut -f 1; }

# PROGRAM OPTION...: a hunt on the timeline or else; sets cpu_s, executions and code
hunt()
{
	local TIMEFORMAT='%U %S' used

	code=0
	rm -rf "$tmp/out"
	used=$({ time "$1" hunt --quiet --json --out "$tmp/out" "${@:2}" \
		>"$tmp/json" 2>"$tmp/err" || echo $? >"$tmp/code"; } 2>&1)
	[ ! -e "$tmp/code" ] || { code=$(cat "$tmp/code"); rm "$tmp/code"; }
	[ "$code" != 2 ] || { tail "$tmp/err" >&2; die "a hunt failed: ${*:2}"; }
	cpu_s=$(awk '{ print $1 + $2 }' <<<"$used")
	executions=$(sed -n 's/^{"hunt".*"executions":\([0-9]*\).*/\1/p' "$tmp/json")
}

jump()
{
	local signature='signed KVM_GET_CLOCK get-clock' engine seed
	local json='"law":"signed","clock":"KVM_GET_CLOCK","event":"get-clock"'
	local corpus=$repo/corpus/fuzz_timeline

	"$build/replay_timeline" --json "$corpus/regress-kvm-253y-nested.txt" | grep -q "$json" ||
		die "the tree hasn't got the jump"
	! "$build/replay_timeline" --json "$corpus"/seed-*.txt | grep -q "$json" ||
		die "a seed has the jump"
	awk -F '\t' -v signature="$signature" '$2 != signature' "$repo/corpus/known.tsv" >"$tmp/known.tsv"
	for engine in libfuzzer afl++; do
		: >"$tmp/$engine"
		for ((seed = 1; seed <= 10; seed++)); do
			hunt "$build/clockfuzz" --engine $engine --harness fuzz_timeline --jobs 1 \
				--time 300s --first --seed $seed --known "$tmp/known.tsv"
			[ ! -e "$tmp/out/fuzz_timeline-${signature// /-}.txt" ] || echo "$cpu_s" >>"$tmp/$engine"
		done
		printf 'jump CPU s\t%s\t10\t%s\t%s\t-\n' $engine "$(wc -l <"$tmp/$engine")" \
			"$(sorted <"$tmp/$engine")"
	done
}

speed()
{
	local rounds=5 pure h i

	pure=$(cd "$repo/harness" && ls fuzz_*.c | sed 's/\.c$//' | grep -v 'timeline\|canary')
	mkdir "$tmp/empty"
	cp "$build/clockfuzz" "$tmp/empty"
	AFL_QUIET=1 afl-clang-fast -O2 -fsanitize=fuzzer "$repo/bench/afl_empty.c" -o "$tmp/empty/afl_empty"
	rm -f "$tmp"/*.rate "$tmp"/*.ratio
	for ((i = 0; i < rounds; i++)); do
		say "speed: round $((i + 1)) of $rounds"
		for h in fuzz_empty $pure; do
			case $h in
			fuzz_empty)	hunt "$tmp/empty/clockfuzz" --engine afl++ --harness $h --jobs 1 --time 3s --no-known;;
			*)		hunt "$build/clockfuzz" --engine afl++ --harness $h --jobs 1 --time 3s --no-known;;
			esac
			awk "BEGIN { print $executions / $cpu_s }" >"$tmp/rate"
			cat "$tmp/rate" >>"$tmp/$h.rate"
			[ $h != fuzz_empty ] || cp "$tmp/rate" "$tmp/empty.rate"
			awk 'NR == 1 { e = $1; next } { print $1 / e }' "$tmp/empty.rate" "$tmp/rate" >>"$tmp/$h.ratio"
		done
	done
	for h in fuzz_empty $pure; do
		printf 'speed execs/CPU s\t%s\t%s\t-\t%.0f\t-\t%.3f\n' "${h#fuzz_}" $rounds \
			"$(median <"$tmp/$h.rate")" "$(median <"$tmp/$h.ratio")"
	done
}

# BUG ours|havoc SEED: executions, and 1 if it was found
to_crash()
{
	local out=$tmp/crash n

	rm -rf "$out"
	mkdir -p "$out/in"
	printf '\0' >"$out/in/zero"
	(
		unset CLOCKFUZZ_FINDINGS
		export CLOCKFUZZ_SUBJECT=reference CLOCKFUZZ_PLANT=$1
		export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_TRY_AFFINITY=1 AFL_FAST_CAL=1 AFL_DISABLE_TRIM=1
		export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_BENCH_UNTIL_CRASH=1
		[ $2 = havoc ] || export AFL_CUSTOM_MUTATOR_LIBRARY=$build/afl_mutator.so AFL_CUSTOM_MUTATOR_ONLY=1
		afl-fuzz -i"$out/in" -o"$out/o" -E$max -s$3 -G2048 -t10000 -mnone -- "$build/afl_timeline"
	) >"$out/log" 2>&1 || { tail "$out/log" >&2; die "afl-fuzz failed"; }
	# afl-fuzz goes on to the end of what it had planned, a few thousand executions
	set -- "$out"/o/default/crashes/id:000000,*
	case $1 in
	*,execs:*)	n=${1##*,execs:}; echo "${n%%,*} 1";;
	*)		echo "$max 0";;
	esac
}

mutator()
{
	local bug kind seed found

	for bug in $("$build/clockfuzz" list planted --json |
			sed -n 's/.*"slug":"\([^"]*\)".*/\1/p' | grep -v kvm-compute-guest-tsc-neg | head -n 10); do
		say "mutator: $bug"
		for kind in ours havoc; do
			for ((seed = 1; seed <= seeds; seed++)); do
				to_crash $bug $kind $seed
			done >"$tmp/$kind"
		done
		found=$(awk '{ n += $2 } END { print n }' "$tmp/ours" "$tmp/havoc")
		printf 'mutator execs\t%s\t%s\t%s\t%s\t' $bug $((2 * seeds)) "$found" "$(cut -d ' ' -f 1 "$tmp/ours" | sorted)"
		paste -d ' ' <(cut -d ' ' -f 1 "$tmp/ours" | median) <(cut -d ' ' -f 1 "$tmp/havoc" | median) |
			awk '{ printf "%.1f\n", $2 / $1 }' | tee -a "$tmp/times"
		cat "$tmp/ours" >>"$tmp/all.ours"
		cat "$tmp/havoc" >>"$tmp/all.havoc"
	done
	paste "$tmp/all.ours" "$tmp/all.havoc" | awk -v times="$(median <"$tmp/times")" '
		{ found += $2 + $4 } END { print "mutator execs\tmedian of the bugs\t" 2 * NR "\t" found "\t-\t-\t" times }'
}

jobs()
{
	local rounds=3 engine i

	for engine in libfuzzer afl++; do
		rm -f "$tmp/rate" "$tmp/ratio"
		for ((i = 0; i < rounds; i++)); do
			say "jobs: $engine, round $((i + 1)) of $rounds"
			hunt "$build/clockfuzz" --engine $engine --harness fuzz_timeline --jobs 1 --time 20s --no-known
			one=$executions
			hunt "$build/clockfuzz" --engine $engine --harness fuzz_timeline --jobs 2 --time 20s --no-known
			awk "BEGIN { print $executions / 20 }" >>"$tmp/rate"
			awk "BEGIN { print $executions / $one }" >>"$tmp/ratio"
		done
		printf 'jobs execs/s\t%s\t%s\t-\t%.0f\t-\t%.2f\n' $engine $rounds \
			"$(median <"$tmp/rate")" "$(median <"$tmp/ratio")"
	done
}

[ $# != 0 ] || set -- jump speed mutator jobs
for part; do
	case $part in
	jump|speed|mutator|jobs) ;;
	*)	die "$part: want jump, speed, mutator or jobs";;
	esac
done
printf 'what\tof\truns\tfound\tmedian\tlargest\tratio\n'
for part; do
	$part
done
