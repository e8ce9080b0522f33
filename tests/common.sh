# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the tests that are scripts, BUILD_DIR [TREE] being their arguments.
build=$1 tree=${2-}
repo=$(cd "$(dirname "$0")/.." && pwd)
failures=0
# A sanitizer's own exit code is 1: it must not pass for a broken law.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99

fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# Is this the one build that does what once is enough?
is_plain_6_12()
{
	case $build in
	*/linux-6.12-*sanitize*) return 1;;
	*/linux-6.12-*) return 0;;
	*) return 1;;
	esac
}

# Sets tmp, which goes when the test ends.
make_tmp()
{
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
}

# WANTED COMMAND...: its exit code; what it says is in $tmp/out and $tmp/err
code()
{
	local want=$1 got=0

	shift
	timeout "${limit_s:-60}" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	[ "$got" = "$want" ] || {
		fail "exit code $got, want $want: $*"
		tail -n 5 "$tmp/out" "$tmp/err"
	}
}

# KIND FILE...: tests/lint.js, silent when there is nothing to say
lint()
{
	local modules=${XDG_CACHE_HOME:-$HOME/.cache}/clockfuzz/npm/node_modules

	[ -d "$modules" ] || {
		echo "SKIPPED: ./clockfuzz test gets the npm packages that look at $1 files"
		return
	}
	node "$repo/tests/lint.js" "$modules" "$@"
}

# TO: what slices are made of
copy_tree()
{
	mkdir "$1"
	(cd "$tree" && cp -r --parents Makefile Kconfig arch/x86/kvm arch/x86/include \
		arch/x86/kernel include kernel/time drivers/clocksource/hyperv_timer.c \
		lib/vdso lib/math "$1")
}
