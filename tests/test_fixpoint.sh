#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every regression is as small as minimize makes it: test_fixpoint.sh BUILD_DIR
#
# Code differs between trees, and so does what is smallest: the newest tree that
# a row names as live decides, this build only if it is of that tree.
set -u
build=$1
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failures=0 checked=0
version=$("$build/clockfuzz" --version | sed -n 's/.*linux \([0-9][0-9.]*\).*/\1/p')
[ -n "$version" ] || { echo "no version of a tree"; exit 1; }

while IFS=$'\t' read -r slug signature status fix live fixed link; do
	newest=$(tr ' ' '\n' <<<"$live" | sort -V | tail -n 1)
	[ "$newest" = any ] || [[ $version == "$newest".* ]] || continue
	for file in "$repo"/corpus/*/regress-"$slug".txt; do
		checked=$((checked + 1))
		"$build/clockfuzz" minimize "$file" -o "$tmp/$slug.txt" 2>"$tmp/err" ||
			{ cat "$tmp/err"; failures=$((failures + 1)); continue; }
		diff -u "$file" "$tmp/$slug.txt" || failures=$((failures + 1))
	done
done < <(grep -v '^#\|^slug' "$repo/corpus/known.tsv")

echo "$checked regressions, $failures no fixpoint"
[ "$checked" -gt 0 ] && [ "$failures" = 0 ]
