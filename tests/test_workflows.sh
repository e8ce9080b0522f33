#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The workflows: no secret but the default token, nothing written but code scanning's
# results, every action by its commit's hash; and what actionlint says.
# test_workflows.sh BUILD_DIR
set -u
. "$(dirname "$0")/common.sh"
is_plain_6_12 || exit 0
make_tmp

# FILE...
check()
{
	local bad=0

	grep -Hn 'secrets\.' "$@" && bad=1
	grep -HnE '^ +[a-z-]+: write' "$@" | grep -v 'docs/.*security-events: write' && bad=1
	grep -HnE 'uses:' "$@" | grep -vE '@[0-9a-f]{40} # v[0-9.]+$' && bad=1
	for file; do
		grep -q '^permissions: {}$' "$file" || { echo "$file: no permissions: {}"; bad=1; }
	done
	lint workflow "$@" || bad=1
	return $bad
}

cd "$repo"
check .github/workflows/*.yml docs/*.yml || fail "see above"
# it would have seen
for edit in 's/@[0-9a-f]\{40\}/@v1/' 's/contents: read/contents: write/' '/^permissions/d' \
		's/github\.token/secrets.TOKEN/' 's/runs-on/run-on/' 's/matrix\.sanitizer/matrix.s/'; do
	sed "$edit" .github/workflows/cflite_pr.yml >"$tmp/bad.yml"
	if check "$tmp/bad.yml" >"$tmp/out"; then
		grep -q SKIPPED "$tmp/out" || fail "unseen: $edit"
	fi
done
! grep -h SKIPPED "$tmp/out"
[ "$failures" = 0 ] && echo ok
[ "$failures" = 0 ]
