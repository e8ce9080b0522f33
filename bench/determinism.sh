#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/determinism.sh BUILD [SCENARIOS]
# The same 100,000 pseudo-random scenarios on BUILD's tree and on the reference, each
# by gcc and clang, -O0 and -O3, without and with ASan and UBSan: all that can be seen
# of them must be the same, bit by bit.  TSV: subject, compiler, optimisation,
# sanitizers, scenarios, events, reads, findings, hash, seconds.  Exit code 1: a hash
# differs.
set -eu
export LC_ALL=C
build=$(realpath "${1:?usage: bench/determinism.sh BUILD [SCENARIOS]}")
scenarios=${2:-100000}
repo=$(cd "$(dirname "$0")/.." && pwd)
tree=$(sed -n 's/^CF_TREE:[A-Z]*=//p' "$build/CMakeCache.txt")
subjects="${tree:+linux }reference"
command -v gcc >/dev/null || { echo "clockfuzz: gcc is needed" >&2; exit 2; }

first='' code=0
printf 'subject\tcompiler\toptimisation\tsanitizers\tscenarios\tevents\treads\tfindings\thash\ts\n'
for compiler in clang gcc; do for level in -O0 -O3; do for sanitize in OFF ON; do
	dir=$build/determinism/$compiler$level-$sanitize
	mkdir -p "$dir"
	echo "building $compiler $level, sanitizers $sanitize" >&2
	{ cmake -S "$repo" -B "$dir" -G Ninja -DCMAKE_C_COMPILER=$compiler \
		-DCF_ENGINE=OFF -DCF_TREE="$tree" -DCF_SANITIZE=$sanitize \
		-DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=$level &&
		ninja -j2 -C "$dir" bench_determinism; } >"$dir/log" 2>&1 ||
		{ tail "$dir/log" >&2; exit 2; }
	for subject in $subjects; do
		start=$EPOCHREALTIME
		result=$(CLOCKFUZZ_SUBJECT=$subject "$dir/bench_determinism" \
			"$scenarios" 2>"$dir/$subject.err") ||
			{ tail "$dir/$subject.err" >&2; exit 2; }
		printf '%s\t%s\t%s\t%s\t%s\t%.1f\n' "$subject" "$compiler" "$level" \
			"$sanitize" "$result" \
			"$(awk "BEGIN { print $EPOCHREALTIME - $start }")"
		case $first in
		*" $subject:$result "*)	;;
		*" $subject:"*)		echo "clockfuzz: $compiler $level, sanitizers" \
						"$sanitize: $subject differs" >&2
					code=1;;
		*)			first="$first $subject:$result ";;
		esac
	done
done; done; done
exit "$code"
