#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/differential.sh BUILD [SCENARIOS [SEED]]
# A million scenarios on BUILD's tree and on the reference, read by read, grown from the
# corpus by the hunt's mutator.  TSV: tree, reader, what became of the difference, reads,
# the largest difference, its unit; docs/differential.md explains.  Exit code 1: a
# difference that nothing explains, minimised in findings/differential, or a new finding.
set -eu
export LC_ALL=C
build=$(realpath "${1:?usage: bench/differential.sh BUILD [SCENARIOS [SEED]]}")
scenarios=${2:-1000000} seed=${3:-1}
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cmake --build "$build" --target bench_differential replay_timeline >"$tmp/log" ||
	{ tail "$tmp/log" >&2; exit 2; }
mkdir "$tmp/bin"
"$build/replay_timeline" --to-binary "$tmp/bin" "$repo"/corpus/fuzz_timeline/*.txt
mkdir -p findings/differential
printf 'tree\treader\tdifference\treads\tlargest\tunit\n'
"$build/bench_differential" "$repo/corpus/known.tsv" "$scenarios" "$seed" \
	findings/differential "$tmp"/bin/*
