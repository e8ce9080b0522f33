#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/minimize.sh BUILD [SECONDS]
# clockfuzz minimize against libFuzzer's -minimize_crash=1 for SECONDS (60), with
# its own mutators and with ours, on a 200-event random scenario for each row of
# the known table that is live in BUILD's tree and about a timeline.  TSV:
#
#	slug, how the scenario was made, then for each of the three:
#	events left, CPUs with skew left, digits of all its numbers, seconds
set -eu
export LC_ALL=C
build=$(realpath "${1:?usage: bench/minimize.sh BUILD [SECONDS]}")
seconds=${2:-60}
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cmake --build "$build" --target bench >"$tmp/log" || { tail "$tmp/log"; exit 2; }
series=$("$build/clockfuzz" --version | sed -n 's/.*linux \([0-9]*\.[0-9]*\).*/\1/p')

# TEXT: its events, skewed CPUs and digits
size()
{
	awk '/^ *#/ { next }
		/^events/ { in_events = 1; next }
		in_events { events++ }
		/^  skew/ { skews++ }
		{ digits += gsub(/[0-9]/, "") }
		END { printf "%d\t%d\t%d", events, skews, digits }' "$1"
}

# PROGRAM SLUG SIGNATURE
libfuzzer()
{
	local start=$EPOCHREALTIME

	CLOCKFUZZ_SIGNATURE=$3 timeout $((seconds + 20)) "$build/$1" \
		-minimize_crash=1 -max_total_time="$seconds" \
		-exact_artifact_path="$tmp/crash-libfuzzer" \
		"$tmp/crash-$2" >"$tmp/log" 2>&1 || true
	[ -e "$tmp/crash-libfuzzer" ] || cp "$tmp/crash-$2" "$tmp/crash-libfuzzer"
	"$build/replay_timeline" --to-text "$tmp/libfuzzer.txt" "$tmp/crash-libfuzzer"
	rm -f "$tmp/crash-libfuzzer"
	printf '\t%s\t%.2f' "$(size "$tmp/libfuzzer.txt")" \
		"$(awk "BEGIN { print $EPOCHREALTIME - $start }")"
}

printf 'slug\tscenario'
printf '\t%sevents\t%sskews\t%sdigits\t%ss' '' '' '' '' libfuzzer_ libfuzzer_ \
	libfuzzer_ libfuzzer_ mutator_ mutator_ mutator_ mutator_
echo
while IFS=$'\t' read -r slug signature status fix live rest; do
	file=$repo/corpus/fuzz_timeline/regress-$slug.txt
	[ -e "$file" ] && [[ " $live " = *" $series "* ]] || continue
	rm -rf "$tmp/bin" && mkdir "$tmp/bin"
	"$build/replay_timeline" --to-binary "$tmp/bin" "$file"
	how=$("$build/bench_grow" "$signature" 200 1 "$tmp/crash-$slug" "$tmp"/bin/*) || {
		echo "$slug: no scenario of 200 events" >&2
		continue
	}

	start=$EPOCHREALTIME
	"$build/replay_timeline" --minimize --signature "$signature" \
		-o "$tmp/$slug.txt" "$tmp/crash-$slug" 2>/dev/null
	end=$EPOCHREALTIME

	printf '%s\t%s\t%s\t%.3f' "$slug" "$how" "$(size "$tmp/$slug.txt")" \
		"$(awk "BEGIN { print $end - $start }")"
	libfuzzer bench_timeline_plain "$slug" "$signature"
	libfuzzer fuzz_timeline "$slug" "$signature"
	echo
done < <(grep -v '^#\|^slug' "$repo/corpus/known.tsv")
