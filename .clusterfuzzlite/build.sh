#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-only
#
# All fuzz targets with their seeds and options, into $OUT; run in the repository's folder
# by ClusterFuzzLite and OSS-Fuzz, which choose compiler, sanitizer and engine.
build=$WORK/clockfuzz
export XDG_CACHE_HOME=$SRC/cache LLVM_PROFILE_FILE=/dev/null TZ=UTC

# It is in the image already, or fetched now.
if ! tree=$(./clockfuzz tree --kernel 6.12.117); then
	echo "WARNING: no Linux tree: what is built fuzzes our own reference clocks only" >&2
	tree=
fi
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
	-DCF_TREE="$tree" -DCF_ENGINE="$LIB_FUZZING_ENGINE"
ninja -C "$build" harnesses

for source in harness/fuzz_*.c; do
	name=$(basename "$source" .c)
	max_len=256 use_counters=0
	case $name in
	# a bug on purpose, and what judges recordings
	fuzz_canary|fuzz_rebase)	continue;;
	fuzz_timeline)			max_len=2048 use_counters=1;;
	esac
	cp "$build/$name" "$OUT"
	# as a hunt runs them, src/cli/hunt.c
	cat >"$OUT/$name.options" <<-END
		[libfuzzer]
		max_len = $max_len
		entropic = 0
		use_counters = $use_counters
	END
	mkdir -p "$build/seeds/$name"
	"$build/replay_${name#fuzz_}" --to-binary "$build/seeds/$name" "corpus/$name"/*.txt
	# the same bytes from the same seeds
	touch -d 1980-01-01 "$build/seeds/$name"/*
	rm -f "$OUT/${name}_seed_corpus.zip"
	(cd "$build/seeds/$name" && zip -qXD "$OUT/${name}_seed_corpus.zip" *)
done
