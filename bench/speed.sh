#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/speed.sh BUILD [SECONDS [ROUNDS]]
# TSV: what was measured, of what, the median over the rounds, and its ratio to an empty
# libFuzzer target that ran in turn, with the same flags.  All by CPU seconds, on one core:
#
#	executions/s	of each harness as hunted: plain, and with ASan and UBSan
#	reset ns	booting a host and a VM, and forgetting them
#	event ns	of a plain day of a VM, by number of vCPUs and of events
#	replays/s	scenarios in text form, read, run, compared with the known table
set -eu
build=$(realpath "${1:?usage: bench/speed.sh BUILD [SECONDS [ROUNDS]]}")
seconds=${2:-3} rounds=${3:-5}
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tree=$(sed -n 's/^CF_TREE:[A-Z]*=//p' "$build/CMakeCache.txt")

# Kept aside, or the first finding would end the run.
export CLOCKFUZZ_FINDINGS=$tmp/findings CLOCKFUZZ_REPORT_FD=1
mkdir "$CLOCKFUZZ_FINDINGS"

# FOLDER TARGET [CMAKE OPTION]...: a build beside the given one, kept for the next time.
variant()
{
	local dir=$1 target=$2

	shift 2
	{ cmake -S "$repo" -B "$dir" -G Ninja -DCMAKE_C_COMPILER=clang -DCF_TREE="$tree" "$@" &&
		ninja -C "$dir" $target; } >"$tmp/log" 2>&1 || { tail "$tmp/log" >&2; exit 2; }
}

cpu_s() { # COMMAND...: CPU seconds it took
	local TIMEFORMAT='%U %S'

	{ time taskset -c 0 "$@" >"$tmp/out" 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
}

rate() { # BINARY [FLAG]...: executions a CPU second, with the flags of `hunt`
	local s

	s=$(cd "$tmp" && cpu_s "$1" -max_total_time="$seconds" -seed=1 -max_len=512 \
		-entropic=0 -print_final_stats=1 "${@:2}")
	awk -v s="$s" '/number_of_executed_units/ { print $2 / s }' "$tmp/out"
}

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# NAME BUILD FLAG TARGET...: each in turn with the empty one
rates()
{
	local name=$1 dir=$2 flag=$3 i t e r

	shift 3
	rm -f "$tmp"/*.rate "$tmp"/*.ratio
	for ((i = 0; i < rounds; i++)); do
		e=$(rate "$dir/bench_empty" "$flag")
		echo "$e" >>"$tmp/empty.rate"
		echo 1 >>"$tmp/empty.ratio"
		for t in "$@"; do
			r=$(rate "$dir/$t" "$flag")
			echo "$r" >>"$tmp/$t.rate"
			awk "BEGIN { print $r / $e }" >>"$tmp/$t.ratio"
		done
	done
	for t in empty "$@"; do
		printf '%s executions/s\t%s\t%.0f\t%.3f\n' "$name" "${t#fuzz_}" \
			"$(median <"$tmp/$t.rate")" "$(median <"$tmp/$t.ratio")"
	done
}

echo 'building' >&2
cmake --build "$build" --target bench >"$tmp/log" || { tail "$tmp/log" >&2; exit 2; }
variant "$build-speed-sanitize" "bench harnesses" -DCF_SANITIZE=ON
variant "$build-speed-large" bench_scale \
	-DCMAKE_C_FLAGS="-DSUBJECT_MAX_VCPUS=1024 -DSCENARIO_MAX_EVENTS=4096"

pure=$(cd "$repo/harness" && ls fuzz_*.c | sed 's/\.c$//' | grep -v 'timeline\|canary')
printf 'what\tof\tmedian\tratio\n'
rates plain "$build" -use_counters=0 $pure
rates plain "$build" -use_counters=1 fuzz_timeline bench_timeline16
rates sanitized "$build-speed-sanitize" -use_counters=0 $pure
rates sanitized "$build-speed-sanitize" -use_counters=1 fuzz_timeline bench_timeline16

"$build-speed-large/bench_scale" | awk -F '\t' -v OFS='\t' '
	NR == 1 { first = $4; print "reset ns", $1 " vCPU", $3, "-" }
	{ print "event ns", $1 " vCPUs, " $2 " events", $4, sprintf("%.2f", $4 / first) }'

# A thousand times the corpus, from the disk's cache.
mkdir "$tmp/corpus"
for ((i = 0; i < 100; i++)); do
	mkdir "$tmp/corpus/$i"
	cp "$repo"/corpus/fuzz_timeline/seed-*.txt "$tmp/corpus/$i"
done
files=$(find "$tmp/corpus" -name '*.txt' | wc -l)
s=$(cpu_s "$build/replay_timeline" --quiet --known "$repo/corpus/known.tsv" "$tmp"/corpus/*/*.txt)
awk -v n="$files" -v s="$s" 'BEGIN { printf "replays/s\ttext files\t%.0f\t-\n", n / s }'
