#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/mutants.sh BUILD [--functions REGEX] [--hunt 20s] [--no-hunt] [--jobs N] [--sample N]
#
# How many mutants of BUILD's kernel functions do the corpus and a short hunt kill?
# One build in BUILD/mutants holds them all (bench/mutants/mutate.c); CLOCKFUZZ_MUTANT
# chooses.  Each is judged by replay as `clockfuzz test` judges a tree: a new finding, a
# known one that is gone or has other figures, a crash, a loop.  What survives that is
# hunted like any tree, `clockfuzz hunt --first`.
#
# Which scenarios kill which mutant is in BUILD/mutants/kills.tsv.
# Verdicts are appended to BUILD/mutants/verdicts/, so what was interrupted goes on where
# it was, and what a hunt found to killers/; --sample hunts N of the survivors only.  TSV to stdout; survivors with diffs, a
# file each, to BUILD/mutants/survivors: they are Linux's code, never to be committed.
# What can't be killed is told in bench/equivalent.tsv, with the reason, and doesn't count.
set -eu
export LC_ALL=C
usage='usage: mutants.sh BUILD [--functions REGEX] [--hunt 20s] [--no-hunt] [--jobs N] [--sample N]'
say() { printf '%s\n' "$*" >&2; }
die() { say "mutants: $*"; exit 2; }

repo=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] && [ -e "$1/CMakeCache.txt" ] || die "$usage"
build=$(realpath "$1")
shift
functions='' seconds=20 jobs=$(nproc) sample=''
while [ $# -gt 0 ]; do
	case $1 in
	--no-hunt)	seconds=0; shift; continue;;
	--functions|--hunt|--jobs|--sample)
			[ $# -gt 1 ] || die "$1 needs a value";;
	*)		die "$usage";;
	esac
	case $1 in
	--functions)	functions=$2;;
	--hunt)		seconds=${2%s};;
	--jobs)		jobs=$2;;
	--sample)	sample=$2;;
	esac
	case $seconds$jobs$sample in *[!0-9]*) die "$1 $2: want a number";; esac
	shift 2
done
[ "$jobs" -gt 0 ] || die "--jobs 0: want at least 1"

tree=$(sed -n 's/^CF_TREE:[A-Z]*=//p' "$build/CMakeCache.txt")
case $tree in
'')	die "$build has no tree to mutate";;
*';'*)	die "$build has several trees; mutate one";;
esac
mutants=$build/mutants
known=$repo/corpus/known.tsv
export mutants known repo seconds

# ---- the build ----------------------------------------------------------------

say "building the mutants in $mutants"
mkdir -p "$mutants/verdicts" "$mutants/killers"
{ cmake -S "$repo" -B "$mutants" -G Ninja -DCMAKE_C_COMPILER=clang -DCF_TREE="$tree" \
	-DCF_MUTANTS=ON && ninja -C "$mutants" clockfuzz harnesses reached; } \
	>"$mutants/log" 2>&1 || { tail "$mutants/log" >&2; die "the build failed"; }

work=$(mktemp -d "$mutants/work.XXXXXX") workers=
stop() { [ -z "$workers" ] || kill "$workers" 2>/dev/null || true; exit "$1"; }
trap 'rm -rf "$work"' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM HUP
export work

# With none on, each verdict is that of the tree; on the way, who reaches which place?
for corpus in "$repo"/corpus/fuzz_*/; do
	harness=$(basename "$corpus")
	name=${harness#fuzz_}
	for dir in "$build" "$mutants"; do
		"$dir/replay_$name" --json --known "$known" "$corpus"*.txt >"$work/json" 2>&1 ||
			[ $? = 1 ] || die "$dir/replay_$name failed"
		mv "$work/json" "$work/json-$(basename "$dir")"
	done
	cmp -s "$work/json-$(basename "$build")" "$work/json-mutants" ||
		die "with no mutant on, $harness gives other verdicts than $build"
	CLOCKFUZZ_REACHED=$work/reached "$mutants/reached_$name" --quiet --known "$known" \
		"$corpus"*.txt >/dev/null 2>&1 || [ $? = 1 ] ||
		die "$mutants/reached_$name failed"
	[ ! -e "$work/reached" ] || sed "s/\$/\t$name/" "$work/reached" >>"$work/reached_by"
	rm -f "$work/reached"
done

# Replay's verdicts hold for these programs and this corpus.  Those of hunts cost hours and
# hold for the mutants: laws become stricter.  Who loosens one deletes them.
replays=$mutants/verdicts/replay-$(cat "$mutants"/mutated/mutants.tsv "$mutants"/replay_* \
	"$repo"/corpus/*/*.txt "$known" 2>/dev/null | cksum | cut -d ' ' -f 1).tsv
hunts=$mutants/verdicts/hunt-$seconds-$(cksum <"$mutants/mutated/mutants.tsv" |
	cut -d ' ' -f 1).tsv
export replays hunts
touch "$replays" "$hunts"

# id, function, file, operator, nth, hash, reached by (or -), line in equivalent.tsv (or 0),
# and there "equivalent" or "outside"
awk -F '\t' -v OFS='\t' -v functions="$functions" -v pass=0 '
	FNR == 1 { pass++ }
	pass == 1 { by[$1] = by[$1] (by[$1] ? " " : "") $2; next }
	pass == 2 && !/^#/ && NF {
		equivalent[$1, $2, $3, $4, $5] = FNR
		sub(/:.*/, "", $6)
		reason[$1, $2, $3, $4, $5] = $6
	}
	pass == 3 && FNR > 1 && (functions == "" || $2 ~ functions) {
		print $1, $2, $3, $4, $5, $7, by[$1] ? by[$1] : "-",
			equivalent[$2, $3, $4, $5, $7] + 0,
			($2, $3, $4, $5, $7) in reason ? reason[$2, $3, $4, $5, $7] : "-"
	}
' "$work/reached_by" "$repo/bench/equivalent.tsv" "$mutants/mutated/mutants.tsv" \
	>"$work/mutants"
[ -s "$work/mutants" ] || die "--functions $functions: no such function has a mutant"

# ---- judging --------------------------------------------------------------------

# A line is written at once and whole: the file is right whenever it is looked at.
# ID HARNESS...
judge_replay()
{
	local id=$1 name code=0 told

	shift
	for name; do
		{ told=$(CLOCKFUZZ_MUTANT=$id timeout -k 1 20 "$mutants/replay_$name" \
			--known "$known" "$repo/corpus/fuzz_$name/"*.txt) || code=$?
		} 2>/dev/null
		if [ "$code" != 0 ]; then
			# each file is named before it runs; what isn't "ok", or ends all, kills
			printf '%s\tkilled\t%s\t%s\t%s\n' "$id" "$code" "$name" \
				"$(awk -v corpus="$repo/corpus/" 'index($0, corpus) == 1 && !/: ok/ {
					sub(/:.*/, ""); print substr($0, length(corpus) + 1)
				}' <<<"$told" | paste -sd ' ')" >>"$replays"
			return
		fi
	done
	printf '%s\tsurvived\t0\t-\n' "$id" >>"$replays"
}

# As hunt divides its time: a quarter for the pure functions that the mutant is reached by.
judge_hunt()
{
	local id=$1 name code=0 each out=$work/hunt-$1 left=$seconds pure='' found

	shift
	for name; do
		[ "$name" = timeline ] || [ "$name" = - ] || pure="$pure $name"
	done
	set -- $pure
	if [ $# != 0 ]; then
		each=$((seconds / 4 / $#))
		[ "$each" -gt 0 ] || each=1
		left=$((seconds - each * $#))
		[ "$left" -gt 0 ] || left=1
	fi
	for name in $pure timeline; do
		[ "$name" != timeline ] || each=$left
		CLOCKFUZZ_MUTANT=$id timeout -k 5 $((each + 60)) nice -n 19 \
			"$mutants/clockfuzz" hunt --first --time "${each}s" --jobs 1 --seed "$id" \
			--harness "fuzz_$name" --out "$out" >"$out.log" 2>&1 || code=$?
		[ "$code" = 0 ] || break
	done
	found=$(cd "$out" && ls ./*.txt 2>/dev/null | head -n 1)
	case $code in
	0)	;;
	1)	[ -z "$found" ] || mv "$out/$found" "$mutants/killers/$id.txt";;
	*)	if ! grep -q 'stopped before its time' "$out.log"; then
			tail -n 3 "$out.log" >&2
			exit 255		# xargs stops
		fi;;
	esac
	printf '%s\t%s\t%s\t%s\n' "$id" "$([ "$code" = 0 ] && echo survived || echo killed)" \
		"$code" "${found:--}" >>"$hunts"
	rm -rf "$out" "$out.log"
}
export -f judge_replay judge_hunt

# VERDICTS: the mutants in $work/todo, "id<tab>harnesses", that have none yet
todo()
{
	awk -F '\t' -v OFS='\t' 'FILENAME == ARGV[1] { judged[$1] = 1; next }
		!($1 in judged)' "$1" "$work/todo"
}

# VERDICTS TITLE FUNCTION
judge_all()
{
	todo "$1" | cut -f 1,2 >"$work/list"
	shift
	say "$1: $(wc -l <"$work/list") mutants"
	tr '\t' ' ' <"$work/list" | xargs -r -P "$jobs" -I '{}' bash -c "$2 {}" &
	workers=$!
	wait "$workers" || die "$1 failed"
	workers=
}

# What isn't reached can't be killed by replay.
awk -F '\t' -v OFS='\t' '$7 != "-" { print $1, $7 }' "$work/mutants" >"$work/todo"
judge_all "$replays" "replay of the corpus" judge_replay

if [ "$seconds" != 0 ]; then
	# those that nobody killed; in an order that is always the same, and mixes functions
	awk -F '\t' -v OFS='\t' 'FILENAME == ARGV[1] { if ($2 == "killed") killed[$1] = 1; next }
		!($1 in killed) && !$8 { print $1, $7, $1 * 2654435761 % 4294967296 }
	' "$replays" "$work/mutants" | sort -t "$(printf '\t')" -k 3n |
		head -n "${sample:--0}" >"$work/todo"
	judge_all "$hunts" "hunt of ${seconds} s" judge_hunt
fi

# ---- the report -----------------------------------------------------------------

awk -F '\t' -v OFS='\t' '
	FILENAME == ARGV[1] { replay[$1] = $2; next }
	FILENAME == ARGV[2] { hunt[$1] = $2; next }
	{
		verdict = "not-hunted"
		if (replay[$1] == "killed")
			verdict = "replay"
		else if ($8)
			verdict = $9
		else if (hunt[$1])
			verdict = hunt[$1] == "killed" ? "hunt" : "survived"
		print $0, verdict
	}
' "$replays" "$hunts" "$work/mutants" >"$mutants/verdicts.tsv"

# What a corpus is kept for: `clockfuzz corpus prune --also`.
awk -F '\t' -v OFS='\t' '
	FILENAME == ARGV[1] { killers[$1] = $5; next }
	{
		nr = split(killers[$1], killer, " ")
		for (i = 1; i <= nr; i++)
			print "mutant " $2 " " $4 " " $5, killer[i]
	}
' "$replays" "$work/mutants" >"$work/kills"
mv "$work/kills" "$mutants/kills.tsv"

# An equivalent one that is killed isn't; one whose function has changed needs a look.
code=0
awk -F '\t' '$8 && $10 == "replay" {
		printf "mutants: %s: mutant %s, %s %s, is marked equivalent and killed by replay\n",
			$2, $1, $4, $5
		bad = 1
	}
	END { exit bad }' "$mutants/verdicts.tsv" >&2 || code=1
[ -n "$functions" ] || awk -F '\t' -v pass=0 'FNR == 1 { pass++ }
	pass == 1 { seen[$8] = 1 }
	pass == 2 && !/^#/ && NF && !(FNR in seen) {
		printf "mutants: equivalent.tsv:%d: %s has no such mutant on this tree\n", FNR, $1
	}' "$mutants/verdicts.tsv" "$repo/bench/equivalent.tsv" >&2

printf '# %s, %s, %s, linux %s, %s s of hunting a survivor%s\n' \
	"$(git -C "$repo" rev-parse --short HEAD 2>/dev/null || echo no commit)" \
	"$(clang --version | head -n 1)" \
	"$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
	"$("$build/clockfuzz" --version | sed -n 's/.* linux \([^ ]*\).*/\1/p')" "$seconds" \
	"$(awk -F '\t' '$10 == "hunt" || $10 == "survived" { hunted++ }
		$10 == "not-hunted" { rest++ }
		END { if (rest) printf ", %d of %d hunted", hunted, hunted + rest }' \
		"$mutants/verdicts.tsv")"
awk -F '\t' -v OFS='\t' '
	function percent(part, all) { return all ? sprintf("%.1f", 100 * part / all) : "-" }
	function row(name, file, k,    worth, rate, score) {
		worth = n[k] - c[k, "equivalent"] - c[k, "outside"]
		# those that were not hunted, as those that were
		rate = c[k, "hunt"] + c[k, "survived"]
		rate = rate ? c[k, "hunt"] / rate : 0
		score = percent(c[k, "replay"] + c[k, "hunt"] + rate * c[k, "not-hunted"], worth)
		if (c[k, "not-hunted"] && k != "*")
			score = "-"
		print name, file, n[k], unreached[k] + 0, c[k, "replay"] + 0, c[k, "hunt"] + 0,
			c[k, "equivalent"] + 0, c[k, "outside"] + 0, c[k, "survived"] + 0,
			c[k, "not-hunted"] + 0,
			percent(c[k, "replay"], worth), score
	}
	{
		key = $3 SUBSEP $2
		if (!(key in n)) {
			order[++nr] = key
			name[key] = $2
			file[key] = $3
		}
		n[key]++
		n["*"]++
		unreached[key] += $7 == "-"
		unreached["*"] += $7 == "-"
		c[key, $10]++
		c["*", $10]++
	}
	END {
		print "function", "file", "mutants", "unreached", "replay", "hunt", "equivalent",
			"outside", "survived", "not_hunted", "replay_score", "score"
		row("*", "*", "*")
		for (i = 1; i <= nr; i++)
			row(name[order[i]], file[order[i]], order[i])
	}' "$mutants/verdicts.tsv" | tee "$mutants/mutants.tsv"

# A bar a file, the most mutants first.
awk -F '\t' -v OFS='\t' 'NR > 2 {
		n[$2] += $3; replay[$2] += $5; hunt[$2] += $6
		aside[$2] += $7 + $8; survived[$2] += $9 + $10
	}
	END { for (f in n) print n[f], f, replay[f], hunt[f], survived[f], aside[f] }
' "$mutants/mutants.tsv" | sort -rn >"$work/bars"
gnuplot <<PLOT
set terminal svg noenhanced size 1000,520 dynamic font "sans,13" background "white"
set output "$work/mutants.svg"
set datafile separator "\t"
set border 3 lc rgb "#606060"
set style data histogram
set style histogram rowstacked
set style fill solid 0.9 noborder
set boxwidth 0.7
set xtics rotate by -30 nomirror
set ytics nomirror
set grid y lc rgb "#e0e0e0" lt 1
set key outside below center horizontal
set ylabel "mutants"
plot "$work/bars" using 3:xtic(system("basename ".strcol(2))) lc rgb "#1d4ed8" title "killed by replay", \
	"" using 4 lc rgb "#60a5fa" title "by a hunt", \
	"" using 5 lc rgb "#c2410c" title "survived", \
	"" using 6 lc rgb "#d1d5db" title "equivalent, or outside the laws"
PLOT
mv "$work/mutants.svg" "$mutants/mutants.svg"

# ID SOURCE FROM TO TEXT LINE: what the mutant is, as a diff
difference()
{
	local sliced=$mutants/sliced/$2

	{ head -c "$3" "$sliced"; printf %b "$5"; tail -c +$(($4 + 1)) "$sliced"; } >"$work/mutant"
	diff -u --label "a/${2#*/}" --label "b/${2#*/}" "$sliced" "$work/mutant" || true
}
rm -rf "$mutants/survivors"
mkdir "$mutants/survivors"
awk -F '\t' -v OFS='\t' 'FILENAME == ARGV[1] {
		if ($10 == "survived" || $10 == "not-hunted")
			verdict[$1] = $10 OFS ($7 == "-" ? "unreached" : "reached")
		next
	}
	$1 in verdict { print $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, verdict[$1], $11 }
' "$mutants/verdicts.tsv" "$mutants/mutated/mutants.tsv" |
while IFS=$'\t' read -r id function file op nth line hash source from to verdict reached text; do
	{ printf '# %s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$function" "$file" "$op" "$nth" "$hash" \
		"$verdict" "$reached"
	difference "$id" "$source" "$from" "$to" "$text"; } \
		>"$mutants/survivors/$function-$op-$nth-$id.diff"
done
say "survivors: $mutants/survivors"
exit $code
