#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/coverage.sh TREE|BUILD [--html [-o DIR]]
# What of the sliced functions the corpus reaches, by clang's own counters, mapped
# onto TREE's files: a slice stands at its own line numbers there.  TSV: a line a
# kernel file (function *), then one a function that isn't reached whole, with the
# lines that aren't.  1: of a file less than the goal is reached, 90 % of the regions in
# the clocks' own files, 80 % in those under them.
#
# --html is `clockfuzz corpus coverage`: TREE's files as HTML in DIR, and of the TSV the
# kernel files' lines, for people.
#
# A definition in several translation units counts once, as the one best reached; one
# that nothing calls has one region, whatever is in it, but all of its lines.
set -eu
set -o pipefail
usage() { echo "usage: clockfuzz corpus coverage [-o DIR], bench/coverage.sh TREE|BUILD" >&2; exit 2; }

tree=${1-} html= out=
case $#:${2-}:${3-} in
1:*)			;;
2:--html:)		html=yes;;
4:--html:-o)		html=yes out=$4;;
*)			usage;;
esac
[ ! -f "$tree/CMakeCache.txt" ] ||
	tree=$(sed -n 's/^CF_TREE:[A-Z]*=\([^;]*\).*/\1/p' "$tree/CMakeCache.txt")
tree=$(realpath "$tree")
repo=$(cd "$(dirname "$0")/.." && pwd)
version=$(awk '/^(VERSION|PATCHLEVEL|SUBLEVEL) *=/ { v = v sep $3; sep = "." }
	NR > 6 { exit } END { print v }' "$tree/Makefile")
build=$repo/build/coverage-$version
prefixes="-fcoverage-prefix-map=$build/sliced/host=$tree -fcoverage-prefix-map=$build/sliced/guest=$tree"

mkdir -p "$build"
# Not optimised: each region has an edge of its own, too, which bench/prune.sh goes by.
{ cmake -S "$repo" -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCF_TREE="$tree" \
	-DCMAKE_BUILD_TYPE=Debug \
	-DCMAKE_C_FLAGS="-fprofile-instr-generate -fcoverage-mapping $prefixes" &&
	ninja -C "$build" replays; } >"$build/log" 2>&1 ||
	{ tail "$build/log" >&2; exit 2; }

rm -rf "$build/raw"
mkdir "$build/raw"
export LLVM_PROFILE_FILE=$build/raw/%p.profraw
objects=
for corpus in "$repo"/corpus/fuzz_*/; do
	name=$(basename "$corpus")
	replay=$build/replay_${name#fuzz_}
	# a known finding is 0, what this build doesn't know 1: reached is reached
	"$replay" --quiet "$corpus"*.txt >/dev/null 2>&1 || [ $? = 1 ] ||
		{ echo "$replay failed" >&2; exit 2; }
	objects="$objects -object $replay"
done
llvm-profdata merge -o "$build/profile" "$build"/raw/*.profraw
objects="${objects# -object} -instr-profile=$build/profile"
llvm-cov export -format=lcov $objects >"$build/lcov" 2>/dev/null
files=$(sed -n "s,^SF:\($tree/.*\),\1,p" "$build/lcov" | sort -u)
llvm-cov report -show-functions $objects $files >"$build/report" 2>/dev/null
if [ -n "$html" ]; then
	rm -rf "$build/html"
	llvm-cov show -format=html -output-dir="$build/html" \
		-project-title="clockfuzz, linux $version" $objects $files 2>/dev/null
	[ -z "$out" ] || { mkdir -p "$out" && cp -rT "$build/html" "$out"; }
fi

# The TSV, or what of it is for people.
show()
{
	[ -n "$html" ] || exec cat
	awk -F '\t' 'BEGIN { printf "%8s %8s  %s\n", "regions", "lines", "file" }
		$3 == "*" { printf "%6.1f %% %6.1f %%  %s\n", $6, $9, $2 }'
	echo "${out:-$build/html}/index.html"
}

# 1: the lines that are never executed; 2: where a function begins and ends; 3: counts
{ printf '# %s, %s, %s, linux %s\n' "$(git -C "$repo" rev-parse --short HEAD)" \
	"$(clang --version | head -n 1)" \
	"$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$version"
printf 'tree\tfile\tfunction\tregions\tmissed\tpercent\tlines\tmissed\tpercent\tmissed lines\n'
awk -F '\t' -v tree="$tree/" -v version="$version" '
	FILENAME ~ /lcov$/ {
		if (sub("^SF:" tree, ""))
			file = $0
		else if (/^SF:/)
			file = ""
		else if (file != "" && sub(/^DA:/, "")) {
			split($0, da, ",")
			if (da[2] == 0)
				dark[file, da[1]] = 1
		}
		next
	}
	FILENAME ~ /tsv$/ {
		start[$3, $1] = $4
		stop[$3, $1] = $5
		next
	}
	/^File / {
		file = $0
		gsub(/^File .|.:$/, "", file)
		sub(tree, "", file)
		next
	}
	{ n = split($0, word, " ") }
	n >= 10 && word[2] ~ /^[0-9]+$/ && word[1] != "TOTAL" {
		sub(/.*:/, "", word[1])
		key = file SUBSEP word[1]
		if (key in missed && missed[key] <= word[3])
			next
		if (!(key in missed)) {
			order[++nr] = key
			if (!(file in known)) {
				known[file] = 1
				kernel[++nr_files] = file
			}
		}
		regions[key] = word[2]
		missed[key] = word[3]
		lines[key] = word[5]
		dark_lines[key] = word[6]
	}
	function percent(part, all) { return sprintf("%.1f", all ? 100 - 100 * part / all : 100) }
	function row(file, name, r, m, l, d, where) {
		print version, file, name, r, m, percent(m, r), l, d, percent(d, l), where
	}
	function dark_ranges(file, name,    from, to, line, ranges) {
		for (line = start[file, name]; line <= stop[file, name]; line++) {
			if (!((file, line) in dark))
				continue
			from = line
			while ((file, line + 1) in dark && line < stop[file, name])
				line++
			ranges = ranges (ranges ? " " : "") from (line > from ? "-" line : "")
		}
		return ranges ? ranges : "in part"
	}
	END {
		OFS = "\t"
		for (i = 1; i <= nr; i++) {
			split(order[i], part, SUBSEP)
			R[part[1]] += regions[order[i]]
			M[part[1]] += missed[order[i]]
			L[part[1]] += lines[order[i]]
			D[part[1]] += dark_lines[order[i]]
		}
		for (i = 1; i <= nr_files; i++) {
			file = kernel[i]
			row(file, "*", R[file], M[file], L[file], D[file], "")
			goal = file ~ /kvm\/(x86|hyperv)[.]c|kernel\/pvclock[.]c|hyperv_timer[.]c/ ? 90 : 80
			if (percent(M[file], R[file]) + 0 >= goal)
				continue
			print file ": " percent(M[file], R[file]) " %, not " goal >"/dev/stderr"
			short = 1
		}
		for (i = 1; i <= nr; i++) {
			split(order[i], part, SUBSEP)
			if (missed[order[i]])
				row(part[1], part[2], regions[order[i]], missed[order[i]],
				    lines[order[i]], dark_lines[order[i]],
				    dark_ranges(part[1], part[2]))
		}
		exit short
	}
' "$build/lcov" "$build/sliced/functions.tsv" "$build/report"; } | show
