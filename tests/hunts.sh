# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by tests that change a copy of a tree and hunt on it, BUILD_DIR TREE being
# their arguments.  One build of one tree is enough.
. "$(dirname "$0")/common.sh"
"$build/clockfuzz" --version | grep -q ' linux 6\.12\.' || { echo "6.12 only"; exit 0; }
! grep -q '^CF_SANITIZE:BOOL=ON' "$build/CMakeCache.txt" || { echo "plain only"; exit 0; }
make_tmp
copy_tree "$tmp/tree"

# WHAT FINDING SEEDS HARNESS [OPTION]...: on the copy as it is now, a hunt by each seed
# stops at that finding (a pattern), which is new.
hunts()
{
	local what=$1 finding=$2 seeds=$3 harness=$4 seed code start

	shift 4
	{ cmake -S "$repo" -B "$tmp/build" -G Ninja -DCMAKE_C_COMPILER=clang \
		-DCF_TREE="$tmp/tree" && ninja -C "$tmp/build" clockfuzz \
		$harness replay_${harness#fuzz_}; } >"$tmp/log" 2>&1 ||
		{ tail "$tmp/log"; exit 1; }
	start=$EPOCHREALTIME
	for ((seed = 1; seed <= seeds; seed++)); do
		rm -rf "$tmp/out"
		code=0
		TMPDIR=$tmp "$tmp/build/clockfuzz" hunt --first --time 60s --jobs 1 \
			--harness $harness --seed $seed --out "$tmp/out" "$@" \
			>"$tmp/log" 2>&1 || code=$?
		[ $code = 1 ] && grep -q "new: .*/$harness-\($finding\).txt" "$tmp/log" || {
			echo "seed $seed: exit code $code, no $what"
			tail -n 5 "$tmp/log"
			failures=$((failures + 1))
		}
	done
	awk "BEGIN { printf \"$what: $seeds hunts in %.1f s\n\", $EPOCHREALTIME - $start }"
}
