#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/time-to-bug.sh BUILD [--seeds 10] [--budget 60s] [--live-seeds N]
#	[--live-budget 60s] [--plain-seeds 3] [--plain-budget 5s] [--bugs REGEX]
#	[--jobs N] [--out DIR]
# How soon a harness detects each planted bug, and each known finding that is live in
# BUILD's tree: as a hunt runs it, on an empty corpus, and beside it bench/plain.c on the
# same engine.  One bug and one seed a process; time is that process' CPU-seconds; a run
# that detects nothing is censored at the budget.  Detected: one of the laws that
# plants.h names speaks, or the signature of corpus/known.tsv.
#
# Each run is a line of DIR/runs.tsv (BUILD/time-to-bug), so that an interrupted bench goes
# on.  Survival curves: DIR/time-to-bug.svg.  TSV on stdout, a line a bug:
#
#	bug, set (planted, live), harness, decoding (ours, plain), seeds, budget_s
#	reached, triggered, detected	how many of the seeds; of live ones only the last
#	executions, cpu_s	medians; >: less than half were detected within it
#	mean_cpu_s, low, high	mean restricted to the budget, 95 % bootstrap interval
#	times_fewer	plain's median executions by ours; >: at least
#
# Last, "*": executions and cpu_s are over all runs of the set, times_fewer is the median
# over its bugs.
set -eu
export LC_ALL=C
usage="usage: bench/time-to-bug.sh BUILD [--seeds N] [--budget 60s] [--live-seeds N] [--live-budget 60s] [--plain-seeds N] [--plain-budget 5s] [--bugs REGEX] [--jobs N] [--out DIR]"
die() { echo "time-to-bug: $*" >&2; exit 2; }
number() { [[ $2 =~ ^[1-9][0-9]*$ ]] || die "$1 $2: want a number from 1"; }

[ $# -gt 0 ] || die "$usage"
[ -x "$1/clockfuzz" ] || die "$1: not a built folder"
build=$(realpath "$1")
shift
seeds=10 budget=60s live_seeds='' live_budget='' plain_seeds=3 plain_budget=5s bugs=. jobs=$(nproc) out=$build/time-to-bug
while [ $# -gt 0 ]; do
	[ $# -gt 1 ] || die "$usage"
	case $1 in
	--seeds)	seeds=$2;;
	--budget)	budget=$2;;
	--live-seeds)	live_seeds=$2;;
	--live-budget)	live_budget=$2;;
	--plain-seeds)	plain_seeds=$2;;
	--plain-budget)	plain_budget=$2;;
	--bugs)		bugs=$2;;
	--jobs)		jobs=$2;;
	--out)		out=$2;;
	*)		die "$usage";;
	esac
	shift 2
done
budget=${budget%s} plain_budget=${plain_budget%s}
live_seeds=${live_seeds:-$seeds} live_budget=${live_budget:-$budget} live_budget=${live_budget%s}
number --seeds "$seeds"
number --budget "$budget"
number --live-seeds "$live_seeds"
number --live-budget "$live_budget"
number --plain-seeds "$plain_seeds"
number --plain-budget "$plain_budget"
number --jobs "$jobs"
command -v gnuplot >/dev/null || die "gnuplot is missing"

repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
{ mkdir -p "$out" && touch "$out/runs.tsv"; } || die "--out $out: cannot be written"
runs=$(realpath "$out")/runs.tsv
make_programs()
{
	cmake --build "$build" --target "$@" >"$tmp/log" || { tail "$tmp/log" >&2; exit 2; }
}
make_programs clockfuzz

# slug, set, harness, laws, signature
list_bugs()
{
	local slug laws signature status fix live file series

	"$build/clockfuzz" list planted --json |
		sed -n 's/.*"slug":"\([^"]*\)","laws":"\([^"]*\)".*/\1\t\2/p' |
		while IFS=$'\t' read -r slug laws; do
			file=timeline
			# its place is the pure function's
			[ "$slug" != kvm-compute-guest-tsc-neg ] || file=guest_tsc
			printf '%s\tplanted\t%s\t%s\t-\n' "$slug" "$file" "${laws// /,}"
		done
	series=$("$build/clockfuzz" --version | sed -n 's/.*linux \([0-9]*\.[0-9]*\).*/\1/p')
	[ -n "$series" ] || return 0
	# who shares a signature is found with it; recordings and the canary aren't hunted
	grep -v '^#\|^slug' "$repo/corpus/known.tsv" |
		while IFS=$'\t' read -r slug signature status fix live _; do
			[[ " $live " = *" $series "* ]] || continue
			file=$(echo "$repo"/corpus/fuzz_*/"regress-$slug.txt")
			[ -e "$file" ] || continue
			file=$(basename "$(dirname "$file")")
			printf '%s\tlive\t%s\t-\t%s\n' "$slug" "${file#fuzz_}" "$signature"
		done | awk -F '\t' '!seen[$3, $5]++'
}

# BUG SET HARNESS DECODING SEED BUDGET CKSUM LAWS SIGNATURE: a line of runs.tsv, whose
# first seven columns are the same
run()
{
	local max_len=256 counters=0 prefix=fuzz err=$tmp/err.$BASHPID

	[ "$3" != timeline ] || max_len=2048 counters=1
	[ "$4" = ours ] || prefix=plain
	export CLOCKFUZZ_BUDGET=$6 CLOCKFUZZ_REPORT_FD=1
	unset CLOCKFUZZ_FINDINGS
	if [ "$2" = planted ]; then
		export CLOCKFUZZ_SUBJECT=reference CLOCKFUZZ_PLANT=$1 CLOCKFUZZ_LAWS=$8
	else
		export CLOCKFUZZ_SUBJECT=linux CLOCKFUZZ_SIGNATURE=$9
	fi
	# The flags of a hunt; -len_control=0 is the default where a mutator is linked in.
	(cd "$tmp" && "$build/${prefix}_$3" -seed="$5" -max_len="$max_len" -len_control=0 \
		-entropic=0 -use_counters="$counters" \
		-rss_limit_mb=512 -malloc_limit_mb=64 -timeout=10 2>"$err" || true) |
		awk -F '\t' -v OFS='\t' -v key="$1\t$2\t$3\t$4\t$5\t$6\t$7" '
			{ n[$1] = $2; s[$1] = $3 }
			function at(what) { return what in n ? n[what] "\t" s[what] : "-\t-" }
			END {
				if (!("ended" in n))
					exit 1
				print key, at("first reached"), at("first triggered"),
					at("first detected"), at("ended")
			}' >>"$runs" || {
		echo "time-to-bug: $1, seed $5: ${prefix}_$3 died" >&2
		tail -n 5 "$err" >&2
		return 1
	}
	rm -f "$err"
}

# DECODING SEEDS BUDGET LIVE_SEEDS LIVE_BUDGET, bugs on stdin: the runs to make
list_runs()
{
	local seeds budget bug set harness laws signature seed prefix=fuzz program

	[ "$1" = ours ] || prefix=plain
	while IFS=$'\t' read -r bug set harness laws signature; do
		seeds=$2 budget=$3
		[ "$set" = planted ] || seeds=$4 budget=$5
		program=$(cksum <"$build/${prefix}_$harness")
		for ((seed = 1; seed <= seeds; seed++)); do
			printf '%s\t' "$bug" "$set" "$harness" "$1" "$seed" "$budget" \
				"${program%% *}" "$laws"
			echo "$signature"
		done
	done
}

list_bugs | awk -F '\t' -v bugs="$bugs" '$1 ~ bugs' >"$tmp/bugs"
[ -s "$tmp/bugs" ] || die "--bugs $bugs: no planted bug and no live finding is called so"
make_programs $(awk -F '\t' '{ print "fuzz_" $3, "plain_" $3 }' "$tmp/bugs" | sort -u)
{ list_runs ours "$seeds" "$budget" "$live_seeds" "$live_budget" <"$tmp/bugs"
  list_runs plain "$plain_seeds" "$plain_budget" \
	$((live_seeds < plain_seeds ? live_seeds : plain_seeds)) "$plain_budget" \
	<"$tmp/bugs"; } >"$tmp/wanted"
key='function key() { return $1 FS $2 FS $3 FS $4 FS $5 FS $6 FS $7 }'
awk -F '\t' "$key"' FILENAME == ARGV[1] { made[key()]; next } !(key() in made)' \
	"$runs" "$tmp/wanted" |
	# seed by seed: an interrupted bench has each bug's first ones
	sort -s -t $'\t' -k 2,2r -k 4,4 -k 5,5n >"$tmp/todo"
echo "$(wc -l <"$tmp/wanted") runs, $(wc -l <"$tmp/todo") of them to make" >&2
export -f run
export build runs tmp
xargs -r -P "$jobs" -d '\n' -n 1 bash -c 'IFS=$'"'\t'"' read -r -a run <<<"$1"; run "${run[@]}"' \
	run <"$tmp/todo" || exit 2

awk -F '\t' "$key"' FILENAME == ARGV[1] { wanted[key()]; next }
	# an interrupted run may end after it was begun again
	key() in wanted && !told[key()]++' \
	"$tmp/wanted" "$runs" >"$tmp/runs"

# Of $tmp/runs: $4 decoding, $6 budget, $8 reached, $10 triggered, $12 detected and $13
# its time, $14 executions, $15 CPU-seconds.
printf 'bug\tset\tharness\tdecoding\tseeds\tbudget_s\treached\ttriggered\tdetected\texecutions\tcpu_s\tmean_cpu_s\tlow\thigh\ttimes_fewer\n'
awk -F '\t' -v OFS='\t' '
	# Lehmer: the same draws with each awk
	function draw(n) {
		state = state * 16807 % 2147483647
		return 1 + int(state / 2147483647 * n)
	}
	function sort(v, n,    i, k, gap, t) {
		for (gap = int(n / 2); gap; gap = int(gap / 2))
			for (i = gap + 1; i <= n; i++) {
				t = v[i]
				for (k = i; k > gap && v[k - gap] > t; k -= gap)
					v[k] = v[k - gap]
				v[k] = t
			}
	}
	# of what is at least v[i] where censored[i]; the lower one of two
	function median(v, censored, n,    i, m, order, last, seen) {
		for (i = 1; i <= n; i++) {
			order[i] = v[i]
			seen += !censored[i]
		}
		m = int((n + 1) / 2)
		last = 0
		if (seen < m) {
			for (i = 1; i <= n; i++)
				if (censored[i] && (!last || v[i] < last))
					last = v[i]
			return ">" last
		}
		for (i = 1; i <= n; i++)
			if (censored[i])
				order[i] = 1e18
		sort(order, n)
		return order[m]
	}
	function bound(s) { return substr(s, 1, 1) == ">" }
	function value(s) { return bound(s) ? substr(s, 2) + 0 : s + 0 }
	function shown(s, format) { return (bound(s) ? ">" : "") sprintf(format, value(s)) }
	function row(name, group, set, harness, who, budget,
		     i, k, n, r, m, e, t, c, sum, means, fewer, executions, id) {
		n = nr[group]
		for (i = 1; i <= n; i++) {
			e[i] = ran[group, i]
			t[i] = took[group, i]
			c[i] = !found[group, i]
			sum += t[i]
		}
		executions = median(e, c, n)
		state = 1
		for (k = 1; k <= 1000; k++) {
			means[k] = 0
			for (i = 1; i <= n; i++)
				means[k] += t[draw(n)] / n
		}
		sort(means, 1000)
		fewer = "-"
		if (name == "*") {
			if (who == "plain" && nr_ratios[set])
				fewer = ratio_median(set)
		} else if (who == "ours") {
			ours[group] = executions
		} else {
			id = group
			sub(/plain$/, "ours", id)
			if (!bound(ours[id])) {
				fewer = value(executions) / value(ours[id])
				nr_ratios[set]++
				ratio[set, nr_ratios[set]] = fewer
				ratio_bound[set, nr_ratios[set]] = bound(executions)
				fewer = (bound(executions) ? ">" : "") sprintf("%.1f", fewer)
			} else {
				# ours has no median: nothing speaks for it
				nr_ratios[set]++
				ratio[set, nr_ratios[set]] = 0
			}
		}
		print name, set, harness, who, n, budget,
			set == "live" ? "-" : reached[group] + 0,
			set == "live" ? "-" : triggered[group] + 0, detected[group] + 0,
			shown(executions, "%d"), shown(median(t, c, n), "%.3f"),
			sprintf("%.3f", sum / n), sprintf("%.3f", means[25]),
			sprintf("%.3f", means[975]), fewer
	}
	function ratio_median(set,    i, v, c) {
		for (i = 1; i <= nr_ratios[set]; i++) {
			v[i] = ratio[set, i]
			c[i] = 0
		}
		# bounds taken as values: so the median is one, too
		return sprintf("%.1f", median(v, c, nr_ratios[set]))
	}
	function add(group) {
		nr[group]++
		reached[group] += $8 != "-"
		triggered[group] += $10 != "-"
		detected[group] += $12 != "-"
		found[group, nr[group]] = $12 != "-"
		ran[group, nr[group]] = $14
		took[group, nr[group]] = $15 < $6 ? $15 : $6
	}
	{
		group = $1 SUBSEP $2 SUBSEP $3 SUBSEP $4
		all = "*" SUBSEP $2 SUBSEP "*" SUBSEP $4
		budget[group] = budget[all] = $6
		add(group)
		add(all)
	}
	# wanted: the order of the rows
	END {
		while ((getline line <wanted) > 0) {
			split(line, f, "\t")
			group = f[1] SUBSEP f[2] SUBSEP f[3] SUBSEP f[4]
			if (!(group in told)) {
				told[group]
				order[++groups] = group
			}
		}
		for (i = 1; i <= groups; i++) {
			split(order[i], f, SUBSEP)
			row(f[1], order[i], f[2], f[3], f[4], budget[order[i]])
		}
		for (i = 1; i <= 4; i++) {
			set = i < 3 ? "planted" : "live"
			who = i % 2 ? "ours" : "plain"
			all = "*" SUBSEP set SUBSEP "*" SUBSEP who
			if (all in nr)
				row("*", all, set, "*", who, budget[all])
		}
	}
' wanted="$tmp/wanted" "$tmp/runs"

# The fraction undetected steps down at each detection, and ends at the budget.
curves=
for set in planted live; do
	for decoding in ours plain; do
		curve=$tmp/$set.$decoding
		awk -F '\t' -v set="$set" -v decoding="$decoding" '
			$2 == set && $4 == decoding {
				print $12 == "-" ? $6 : $13, $12 != "-"
			}' "$tmp/runs" | sort -g >"$curve.times"
		[ -s "$curve.times" ] || continue
		awk -v n="$(wc -l <"$curve.times")" '
			NR == 1 { print 0.005, 1 }
			{ left += $2; print $1, 1 - left / n }' "$curve.times" >"$curve"
		title="$set bugs, clockfuzz"
		[ "$set" = planted ] || title="live findings, clockfuzz"
		color='#1f5fbf' dash=1
		if [ "$decoding" = plain ]; then
			title=${title/clockfuzz/plain harness}
			color='#c2410c'
		fi
		[ "$set" = planted ] || dash=2
		curves="$curves${curves:+, }'$curve' with steps lw 2 lc rgb '$color' dt $dash title '$title'"
	done
done
gnuplot <<PLOT
set terminal svg noenhanced size 1000,520 dynamic font "sans,13" background "white"
set output "$tmp/time-to-bug.svg"
set border 3 lc rgb "#606060"
set tics nomirror
set grid lc rgb "#e0e0e0" lt 1
set key outside below center horizontal
set logscale x
set xrange [0.005:$budget]
set yrange [0:1]
set xlabel "CPU-seconds"
set ylabel "runs that have not detected their bug"
plot $curves
PLOT
mv "$tmp/time-to-bug.svg" "$out/time-to-bug.svg"
