#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/long.sh BUILD... [--cpu SECONDS] [--jobs N] [--engines "libfuzzer afl++"]
# Hunts with every harness on each BUILD's tree with both engines until they have had that
# many CPU-seconds (14,400) in all sessions together.  A round gives each tree and engine
# the same time, in the end three quarters of it to the timeline; rounds become longer, and
# the next one goes on from the corpus of the last.  All is kept in the cache: who is
# interrupted loses the hunt that runs, three minutes at most.
#
# TSV: for each harness, tree and engine the sums after each round (the timeline) or after
# the last one, with the state of the sources that it was, and edges as the engine itself
# counts them; then the sums of each state.  The timeline's curves are drawn to long.svg
# beside the tally.  Exit code 1: a hunt of the present sources ended with that.
set -eu
export LC_ALL=C
usage() { echo 'usage: bench/long.sh BUILD... [--cpu SECONDS] [--jobs N] [--engines "libfuzzer afl++"]' >&2; exit 2; }
die() { echo "clockfuzz: $*" >&2; exit 2; }

repo=$(cd "$(dirname "$0")/.." && pwd)
builds=() budget_s=14400 jobs=1 engines='libfuzzer afl++'
while [ $# -gt 0 ]; do
	case $1:${2-} in
	--cpu:[1-9]*|--jobs:[1-9]*)
		[[ $2 =~ ^[0-9]+$ ]] || usage
		[ "$1" = --cpu ] && budget_s=$2 || jobs=$2
		shift;;
	--engines:*)
		engines=$2
		shift;;
	-*)	usage;;
	*)	[ -e "$1/CMakeCache.txt" ] || die "$1 is no build"
		builds+=("$(realpath "$1")");;
	esac
	shift
done
[ "${#builds[@]}" != 0 ] || usage

state=$(cd "$repo" && find src/{kernel,oracle,reference,scenario,sim} src/*.[ch] harness \
	CMakeLists.txt -type f | sort | xargs cat | sha256sum | cut -c 1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/clockfuzz/long
findings=$cache/findings/$state
runs=$cache/runs.tsv
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock -n 9 || die "$cache: another session runs"
tmp=$(mktemp -d "$cache/.run.XXXXXX")
workers=()
# a worker is a shell; the hunt under it ends its engine when it is told
stop()
{
	local pid

	for pid in ${workers[@]+"${workers[@]}"}; do
		kill $(ps -o pid= --ppid "$pid") 2>/dev/null || true
	done
	wait
	rm -rf "$tmp"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[ -e "$runs" ] ||
	printf 'sources\ttree\tengine\tharness\tcpu_s\texecutions\tedges\tcode\tend\n' >"$runs"

# A session is of one state, whatever is built there meanwhile.
trees=()
for build in "${builds[@]}"; do
	targets='clockfuzz harnesses'
	[[ $engines != *afl* ]] || targets="$targets afl_harnesses"
	ninja -C "$build" $targets >"$tmp/log" || { tail "$tmp/log" >&2; exit 2; }
	tree=$("$build/clockfuzz" --version | sed 's/.*subject [^ ]* \([^ ]*\) .*/\1/')
	mkdir "$tmp/$tree" || die "$tree is given twice"
	for program in "$build"/clockfuzz "$build"/{replay,fuzz,afl}_*; do
		[ ! -f "$program" ] || [ ! -x "$program" ] || cp "$program" "$tmp/$tree"
	done
	trees+=("$tree")
done

# TREE ENGINE HARNESS: how many there were
hunts_of() { awk -F '\t' -v key="$1$2$3" '$2 $3 $4 == key' "$runs" | wc -l; }

# TREE ENGINE HARNESS SECONDS: one hunt, and its line
run()
{
	local tree=$1 engine=$2 harness=$3 seconds=$4 code=0 cpu_s edges nr
	local keep=$cache/$1/$2/$3 log=$tmp/$1-$2-$3

	nr=$(hunts_of "$1" "$2" "$3")
	mkdir -p "$keep" "$findings/$tree"
	TIMEFORMAT='%U %S'
	{ time nice -n 19 "$tmp/$tree/clockfuzz" hunt --engine "$engine" --harness "$harness" \
		--time "${seconds}s" --jobs 1 --seed $((nr + 1)) --keep "$keep" --json \
		--out "$findings/$tree" >"$log.json" 2>"$log.err" || code=$?
	} 2>"$log.time" 9>&-
	case $code in
	0|1)	;;
	*)	tail -n 5 "$log.err" >&2
		return 2;;
	esac
	cpu_s=$(awk '{ printf "%.2f", $1 + $2 }' "$log.time")
	case $engine in
	libfuzzer)	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$keep/0.log" | tail -n 1);;
	*)		edges=$(sed -n 's/^edges_found *: //p' "$keep/$harness-afl"/*/fuzzer_stats);;
	esac
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$state" "$tree" "$engine" "$harness" "$cpu_s" \
		"$(sed -n 's/.*"executions":\([0-9]*\).*/\1/p' "$log.json" | tail -n 1)" \
		"${edges:--}" "$code" "$(date -u +%FT%TZ)" >>"$runs"
}

spent_s() { awk -F '\t' 'NR > 1 { s += $5 } END { printf "%d\n", s }' "$runs"; }

# One of those that run has ended; one that failed has said so.
wait_for_one()
{
	local left=() pid

	wait -n "${workers[@]}" || true
	[ ! -e "$tmp/failed" ] || exit 2
	for pid in "${workers[@]}"; do
		! kill -0 "$pid" 2>/dev/null || left+=("$pid")
	done
	workers=(${left[@]+"${left[@]}"})
}

harnesses=$(cd "$tmp/${trees[0]}" && printf '%s\n' fuzz_* |
	grep -v -x -e fuzz_timeline -e fuzz_canary -e fuzz_rebase)
nr_pure=$(wc -l <<<"$harnesses")
round=0
while [ "$(spent_s)" -lt "$budget_s" ]; do
	# AFL++ takes a second or two to begin with
	seconds=$((round < 5 ? 6 << round : 180))
	pure=$((seconds / 3 / nr_pure))
	[ "$pure" -ge 4 ] || pure=4
	echo "round $((round + 1)), $seconds s a timeline: $(spent_s) of $budget_s CPU-seconds" >&2
	for tree in "${trees[@]}"; do for engine in $engines; do
		for harness in fuzz_timeline $harnesses; do
			[ "$(spent_s)" -lt "$budget_s" ] || break 3
			# an earlier session's
			[ "$(hunts_of "$tree" "$engine" "$harness")" -le "$round" ] || continue
			while [ "${#workers[@]}" -ge "$jobs" ]; do
				wait_for_one
			done
			{ run "$tree" "$engine" "$harness" "$([ "$harness" = fuzz_timeline ] &&
				echo "$seconds" || echo "$pure")" || : >"$tmp/failed"; } &
			workers+=($!)
		done
	done; done
	round=$((round + 1))
done
while [ "${#workers[@]}" != 0 ]; do
	wait_for_one
done

# ---- the report ---------------------------------------------------------------

# FOLDER: how many findings are in it
count() { find "$1" -maxdepth 1 -name '*.txt' 2>/dev/null | wc -l; }

awk -F '\t' -v OFS='\t' '
	NR > 1 {
		key = $2 OFS $3 OFS $4
		if (!(key in rounds))
			order[++nr] = key
		cpu_s[key] += $5
		executions[key] += $6
		line[key, ++rounds[key]] = sprintf("%.1f\t%.0f\t%s", cpu_s[key], executions[key], $7)
		sources[key, rounds[key]] = $1
		if (!($1 in all))
			state[++nr_states] = $1
		all[$1] += $6
		all_s[$1] += $5
		hunts[$1]++
	}
	END {
		print "sources", "tree", "engine", "harness", "round", "cpu_s", "executions", "edges"
		for (i = 1; i <= nr; i++)
			for (r = 1; r <= rounds[order[i]]; r++)
				if (order[i] ~ /fuzz_timeline/ || r == rounds[order[i]])
					print sources[order[i], r], order[i], r, line[order[i], r]
		for (i = 1; i <= nr_states; i++)
			printf "%s\t*\t*\t*\t%d\t%.1f\t%.0f\t-\n", state[i], hunts[state[i]],
				all_s[state[i]], all[state[i]]
	}' "$runs" >"$tmp/sums"
printf '# %s, %s, %s, %s\n' "$(git -C "$repo" rev-parse --short HEAD 2>/dev/null || echo no commit)" \
	"$(clang --version | head -n 1)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
	"linux $(sed 's/ /, /g' <<<"${trees[*]}")"
cat "$tmp/sums"
broken=0
for tree in "${trees[@]}"; do
	printf '# findings on %s: %s known, %s new, kept in %s\n' "$tree" \
		"$(count "$findings/$tree/known")" "$(count "$findings/$tree")" "$findings/$tree"
done
# a finding that is new, or a known one that is gone
! awk -F '\t' -v state="$state" '$1 == state && $8 == 1' "$runs" | grep . >&2 || broken=1

# A panel an engine, for they don't count the same; a line a tree.
{
	echo 'set terminal svg noenhanced size 1000,420 dynamic font "sans,13" background "white"'
	echo "set output \"$tmp/long.svg\""
	echo "set multiplot layout 1,$(wc -w <<<"$engines")"
	echo 'set border 3 lc rgb "#606060"; set logscale x; set xtics nomirror; set ytics nomirror'
	echo 'set grid y lc rgb "#e0e0e0" lt 1; set key bottom right; set xlabel "CPU-seconds"'
	for engine in $engines; do
		echo "set title \"fuzz_timeline, $engine\"; set ylabel \"edges, as the engine counts\""
		plots=''
		for tree in "${trees[@]}"; do
			awk -F '\t' -v tree="$tree" -v engine="$engine" '$2 == tree &&
				$3 == engine && $4 == "fuzz_timeline" && $8 != "-" { print $6, $8 }' \
				"$tmp/sums" >"$tmp/$tree-$engine.points"
			[ ! -s "$tmp/$tree-$engine.points" ] ||
				plots="$plots${plots:+, }\"$tmp/$tree-$engine.points\" with linespoints lw 2 title \"$tree\""
		done
		[ -z "$plots" ] || echo "plot $plots"
	done
} | gnuplot 2>/dev/null
mv "$tmp/long.svg" "$cache/long.svg"
echo "$cache/long.svg" >&2
exit "$broken"
