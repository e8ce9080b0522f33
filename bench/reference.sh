#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/reference.sh BUILD [--executions N] [--jobs N]
# Hunts the reference with the timeline harness until N executions (10^9) have been
# done in all sessions together.  Best with a BUILD that has no tree: the engine looks
# at each counter after each execution.  The tally is kept in the cache, beside the
# corpus; a session that dies loses the half minute since it was last written.
#
# TSV, a line for each state of the sources that matter, then their sum; findings stay
# in the cache.  Exit code 1: a law is broken by the present sources.
set -eu
export LC_ALL=C
usage() { echo "usage: bench/reference.sh BUILD [--executions N] [--jobs N]" >&2; exit 2; }

[ $# -gt 0 ] && build=$(realpath "$1") || usage
shift
executions=1000000000 jobs=1
while [ $# -gt 0 ]; do
	[[ ${2-} =~ ^[1-9][0-9]*$ ]] || usage
	case $1 in
	--executions)	executions=$2;;
	--jobs)		jobs=$2;;
	*)		usage;;
	esac
	shift 2
done

repo=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/clockfuzz/reference
tally=$cache/tally.tsv
round_s=30
mkdir -p "$cache/corpus"
exec 9>"$cache/.lock"
flock -n 9 || { echo "clockfuzz: $cache: another session runs" >&2; exit 2; }
tmp=$(mktemp -d "$cache/.run.XXXXXX")
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cmake --build "$build" --target fuzz_timeline replay_timeline >"$tmp/log" ||
	{ tail "$tmp/log" >&2; exit 2; }
# a session is of one state, whatever is built there meanwhile
cp "$build/fuzz_timeline" "$build/replay_timeline" "$tmp"
export CLOCKFUZZ_SUBJECT=reference
state=$(cd "$repo" && find src/oracle src/sim src/scenario src/reference src/*.[ch] \
	harness/{fuzz_timeline,harness,engine,mutator}.[ch] -type f 2>/dev/null | sort |
	xargs cat | sha256sum | cut -c 1-12)
findings=$cache/findings/$state

# Sets the exit code.  What an older state has found, too, must be gone.
look_at_findings()
{
	local found

	found=$(find "$cache/findings" -type f)
	[ -z "$found" ] || "$tmp/replay_timeline" --quiet $found >&2 || broken=1
}

# COLUMN: its sum over all states
sum() { awk -F '\t' -v c="$1" 'NR > 1 { n += $c } END { printf "%d\n", n }' "$tally"; }

# EXECUTIONS RUNS SECONDS: adds them to the present state's line.
add()
{
	local found

	found=$(find "$findings" -type f | wc -l)
	awk -F '\t' -v OFS='\t' -v state="$state" -v n="$1" -v runs="$2" -v s="$3" \
		-v found="$found" -v today="$(date -u +%F)" '
		$1 == state { $2 += n; $3 += runs; $4 += s; $5 = found; $7 = today; seen = 1 }
		{ print }
		END { if (!seen) print state, n, runs, s, found, today, today }
	' "$tally" >"$tmp/tally"
	mv "$tmp/tally" "$tally"
}

show() { cat "$tally"; printf 'total\t%s\t%s\t%s\t%s\n' $(sum 2) $(sum 3) $(sum 4) $(sum 5); }

[ -e "$tally" ] ||
	printf 'sources\texecutions\truns\tengine_s\tfindings\tfirst\tlast\n' >"$tally"
mkdir -p "$findings"
"$tmp/replay_timeline" --to-binary "$cache/corpus" "$repo"/corpus/fuzz_timeline/*.txt
export CLOCKFUZZ_FINDINGS=$findings CLOCKFUZZ_REPORT_FD=1

broken=0
look_at_findings
while done=$(sum 2) && [ "$done" -lt "$executions" ] && [ "$broken" = 0 ]; do
	echo "$done of $executions executions" >&2
	seed=$(sum 3) start=$EPOCHREALTIME
	left=$(((executions - done + jobs - 1) / jobs))
	for ((i = 0; i < jobs; i++)); do
		"$tmp/fuzz_timeline" -seed=$((seed + i + 1)) -runs="$left" \
			-max_total_time=$round_s -max_len=2048 -rss_limit_mb=512 \
			-malloc_limit_mb=64 -timeout=10 -print_final_stats=1 \
			-artifact_prefix="$findings/" "$cache/corpus" \
			>/dev/null 2>"$tmp/log$i" 9>&- &
	done
	code=0
	for job in $(jobs -p); do
		wait "$job" || code=$?
	done
	add "$(awk '/^stat::number_of_executed_units/ { n += $2 } END { printf "%d", n }' \
		"$tmp"/log?*)" "$jobs" "$(awk "BEGIN { printf \"%.0f\", \
		($EPOCHREALTIME - $start) * $jobs }")"
	# a crash is a finding of its own, and its input is kept with them
	if [ "$code" != 0 ] && [ -z "$(find "$findings" -type f)" ]; then
		tail -n 5 "$tmp"/log?* >&2
		exit 2
	fi
	look_at_findings
done
show
exit "$broken"
