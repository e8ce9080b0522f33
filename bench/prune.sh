#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/prune.sh BUILD [--dry-run]
# `clockfuzz corpus prune` on the corpus of this repository, for 6.1, 6.12 and 7.2.  The
# edges are those of the builds that coverage is measured with, and what kills a mutant of
# BUILD's tree stays.  Says what goes and what keeps the others; then coverage and mutation
# score are measured again.  Exit code 1: they aren't what they were.
set -eu
export LC_ALL=C LLVM_PROFILE_FILE=/dev/null
say() { printf '%s\n' "$*" >&2; }
case $#:${2-} in
1:|2:--dry-run) ;;
*)	say "usage: bench/prune.sh BUILD [--dry-run]"; exit 2;;
esac
build=$(realpath "$1")
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# WHEN: $tmp/WHEN-* is what must not change
measure()
{
	local dir code

	for dir in "${dirs[@]}"; do
		code=0
		bash "$repo/bench/coverage.sh" "$dir" >"$tmp/coverage" 2>/dev/null || code=$?
		[ "$code" -lt 2 ] || exit "$code"
		sed 1d "$tmp/coverage" >"$tmp/$1-$(basename "$dir")"
	done
	bash "$repo/bench/mutants.sh" "$build" --no-hunt >"$tmp/mutants"
	sed 1d "$tmp/mutants" >"$tmp/$1-mutants"
}

dirs=() trees=()
for kernel in 6.1 6.12 7.2; do
	say "coverage on $kernel"
	code=0
	"$repo/clockfuzz" corpus coverage --kernel $kernel >"$tmp/page" || code=$?
	[ "$code" -lt 2 ] || exit "$code"
	dir=$(dirname "$(dirname "$(tail -n 1 "$tmp/page")")")
	dirs+=("$dir")
	trees+=(--tree "$kernel=$dir")
done
measure before
"$build/clockfuzz" corpus prune --also "$build/mutants/kills.tsv" "${trees[@]}" "${@:2}"
[ $# = 1 ] || exit 0
measure after
code=0
for before in "$tmp"/before-*; do
	diff -u "$before" "$tmp/after-${before##*/before-}" >&2 || code=1
done
[ "$code" != 0 ] || say "coverage and mutation score are what they were"
exit "$code"
