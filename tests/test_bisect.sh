#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# git bisect finds the step between two kernels at which a law broke, and the one at
# which it was kept again, past a commit that can't be sliced; and what touches no clock
# code compiles nothing.
# test_bisect.sh BUILD_DIR
set -eu
. "$(dirname "$0")/common.sh"
is_plain_6_12 || exit 0
# not a temporary folder: its build stays for the next time, but for what it keeps
linux=$build/bisect/linux
trees=${XDG_CACHE_HOME:-$HOME/.cache}/clockfuzz/trees
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost

rm -rf "$build/bisect"
mkdir -p "$linux"
touch "$build/bisect/start"
cd "$linux"
git init -q

# MESSAGE
commit()
{
	git add -A
	git commit -q -m "$1"
	git tag "$1"
}

# VERSION: its files that slices need
files_of()
{
	git rm -rqf --ignore-unmatch .
	"$repo/clockfuzz" list subjects --kernel "$1" >/dev/null
	tr -d '\\' <"$(echo "$repo/build/linux-$1-"[0-9]*[0-9]/sliced/deps)" | tr ' ' '\n' |
		sed -n "s#^$trees/linux-$1/##p" | sort -u |
		(cd "$trees/linux-$1" && xargs cp --parents -t "$linux")
}

# NAME: a commit to somewhere else, one that moves no line of a clock, and none at all
noise()
{
	mkdir -p drivers/block
	echo "$1" >>drivers/block/readme
	commit "$1-elsewhere"
	sed -i "3s/\$/ $1/" arch/x86/kvm/x86.c
	printf '\n/* %s */\n' "$1" >>arch/x86/kvm/x86.c
	commit "$1-same-file"
	git commit -q --allow-empty -m "$1-empty"
	git tag "$1-empty"
}

files_of 6.1
commit 6.1
noise 6.1
sed -i 's/\bcompute_guest_tsc\b/compute_other_tsc/g' arch/x86/kvm/x86.c
commit 6.1-other-name
git revert --no-edit HEAD >/dev/null
git tag 6.1-name-is-back
files_of 6.12
commit 6.12
noise 6.12
files_of 7.2
commit 7.2
noise 7.2

# WHAT OLD NEW FILE COMMAND...: the first commit that differs is WHAT
bisect()
{
	local what=$1 old=$2 new=$3

	shift 3
	git bisect start --term-old old --term-new new "$new" "$old" >/dev/null
	git bisect run "$@" >"$build/bisect/log" 2>&1 || {
		tail -n 20 "$build/bisect/log"
		exit 1
	}
	[ "$(git log -1 --format=%s refs/bisect/new)" = "$what" ] || {
		echo "FAIL: not $what"
		git bisect log
		exit 1
	}
	git bisect reset >/dev/null 2>&1
}

corpus=$repo/corpus/fuzz_timeline
bisect 6.12 6.1 7.2-empty "$repo/clockfuzz" replay --kernel . --no-known \
	"$corpus/regress-kvm-compute-guest-tsc-neg.txt"
grep -q 'compute_guest_tsc' "$build/bisect/log" || { echo "FAIL: nothing was skipped"; exit 1; }
bisect 7.2 6.1 HEAD sh -c "\"$repo/clockfuzz\" replay --kernel . --no-known \
	\"$corpus/regress-kvm-zero-tsc-khz-loop.txt\"
	case \$? in 0) exit 1;; 1) exit 0;; esac; exit 125"
# three kernels, three sets of programs
for dir in "$repo"/build/linux-[0-9]*[0-9]; do
	! grep -qxF "CF_TREE:STRING=$linux" "$dir/CMakeCache.txt" || kept=$dir/kept
done
nr=$(find "$kept" -mindepth 1 -maxdepth 1 -newer "$build/bisect/start" | wc -l)
[ "$nr" = 3 ] || { echo "FAIL: $nr builds of three kernels"; exit 1; }
