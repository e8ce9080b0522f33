#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tests/test_determinism.sh BUILD
# The same scenarios give the same bits: in two runs, whose addresses differ, and, in
# a build with sanitizers, as without.  bench/determinism.sh asks other compilers.
set -eu
build=$1
plain=${build%-sanitize}
[ -x "$plain/bench_determinism" ] || plain=$build

for subject in linux reference; do
	export CLOCKFUZZ_SUBJECT=$subject
	one=$("$build/bench_determinism" 2000)
	two=$("$plain/bench_determinism" 2000)
	[ "$one" = "$two" ] || {
		echo "$subject differs: $one in $build, $two in $plain"
		exit 1
	}
	echo "$subject: $one"
done
