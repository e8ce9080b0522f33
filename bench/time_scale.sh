#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# time_scale.sh BUILD [FROM TO STEP]: the error of kvm_get_time_scale(1 GHz, hz) for each
# Hz from 1 kHz to 10 GHz.
set -eu
build=$1
shift
ninja -C "$build" bench_time_scale >&2
exec "$build/bench_time_scale" "$@"
