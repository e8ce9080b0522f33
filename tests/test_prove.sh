# SPDX-License-Identifier: GPL-2.0-only
#
# All claims are proven on this tree, or refuted by a scenario whose finding is known; and
# what is wrong isn't proven.
. "$(dirname "$0")/common.sh"

if [ ! -x "$build/prover" ] || ! { command -v z3 || command -v cvc5; } >/dev/null; then
	echo "SKIPPED: no prover in this build, or no solver"
	exit 0
fi
make_tmp

limit_s=600
code 0 "$build/clockfuzz" prove --out "$tmp/findings" --known "$repo/corpus/known.tsv"
grep -q ' 0 open$' "$tmp/out" || fail "$(tail -n 1 "$tmp/out")"
tail -n 1 "$tmp/out"
for claim in guest_tsc_behind read_behind; do
	grep -q "^refuted  $claim " "$tmp/out" || fail "$claim isn't refuted"
	ls "$tmp/findings/prove-$claim-"*.txt >/dev/null || fail "$claim has no scenario"
done

# Without the table what is refuted is new.
code 1 "$build/clockfuzz" prove --claim read_behind --no-known --out "$tmp/new"
code 2 "$build/clockfuzz" prove --claim nonsense --out "$tmp/none"
code 2 env PATH="$tmp" "$build/clockfuzz" prove --claim page_read --out "$tmp/none"
grep -q 'apt-get install z3' "$tmp/err" || fail "no solver: $(cat "$tmp/err")"

[ "$failures" = 0 ] || exit 1
echo "ok"
