#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/speed.sh BUILD [SECONDS [ROUNDS]]
# Executions per second of each harness as ratios to an empty libFuzzer target,
# in turn, on one core.  TSV: harness, median executions/s, median ratio.
set -eu
build=$(realpath "${1:?usage: bench/speed.sh BUILD [SECONDS [ROUNDS]]}")
seconds=${2:-4} rounds=${3:-5}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cmake --build "$build" --target bench >"$tmp/log" || { tail "$tmp/log"; exit 2; }

# Kept aside, or the first finding would end the run.
export CLOCKFUZZ_FINDINGS=$tmp/findings CLOCKFUZZ_REPORT_FD=1
mkdir "$CLOCKFUZZ_FINDINGS"

rate() { # BINARY
	(cd "$tmp" && taskset -c 0 "$1" -max_total_time="$seconds" -seed=1 \
		-max_len=512 -print_final_stats=1 2>&1 >/dev/null) |
		awk '/number_of_executed_units/ { print $2 / '"$seconds"' }'
}
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

targets="scale_delta time_scale guest_tsc tsc_scaling tsc_page pvclock rebase interval
	clocksource sched_clock ntp timeline_16"
for ((i = 0; i < rounds; i++)); do
	empty=$(rate "$build/bench_empty")
	echo "$empty" >>"$tmp/empty"
	for t in $targets; do
		binary=$build/fuzz_$t
		[ "$t" != timeline_16 ] || binary=$build/bench_timeline16
		r=$(rate "$binary")
		echo "$r" >>"$tmp/$t"
		awk "BEGIN { print $r / $empty }" >>"$tmp/$t.ratio"
	done
done
printf 'harness\texecutions_per_s\tratio_to_empty\n'
printf 'empty\t%.0f\t1\n' "$(median <"$tmp/empty")"
for t in $targets; do
	printf '%s\t%.0f\t%.3f\n' "$t" "$(median <"$tmp/$t")" "$(median <"$tmp/$t.ratio")"
done
