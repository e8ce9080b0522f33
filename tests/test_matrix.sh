#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The matrix of "clockfuzz list laws" says what the corpus asks, no more and no less:
# test_matrix.sh BUILD_DIR
set -eu
build=$1
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

for harness in "$repo"/corpus/fuzz_*; do
	name=$(basename "$harness")
	"$build/replay_${name#fuzz_}" --asked --known "$repo/corpus/known.tsv" \
		"$harness"/*.txt
done | grep -v '^total\|^canary' | sort -u >"$tmp/asked"
# "LAW  reader": a row is a reader, a column a law
"$build/clockfuzz" list laws | awk '
	$1 == "exact" && $2 == "signed" { for (i = 1; i <= NF; i++) law[i] = $i; nr = NF; next }
	nr { for (i = 1; i <= nr; i++) if ($(i + 1) == "x" && law[i] != "total") print law[i] "\t" $1 }
' | sort -u >"$tmp/said"
[ -s "$tmp/said" ]
diff "$tmp/said" "$tmp/asked"
