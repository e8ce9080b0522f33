#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A hunt by AFL++ is like one by libFuzzer: test_afl.sh BUILD_DIR
set -u
. "$(dirname "$0")/common.sh"
is_plain_6_12 || { echo "once is enough"; exit 0; }
make_tmp
cf=$build/clockfuzz

# -- without it: one line, for a program may be missing as well
mkdir "$tmp/bin"
ln -s "$(command -v rm)" "$tmp/bin/rm"
code 2 env PATH="$tmp/bin" "$cf" hunt --engine afl++ --out "$tmp/out"
grep -q "afl-fuzz isn't installed" "$tmp/err" && [ "$(wc -l <"$tmp/err")" = 1 ] ||
	fail "not one line on what is missing: $(head -n 3 "$tmp/err")"
code 2 "$cf" hunt --engine honggfuzz
grep -q 'want libfuzzer or afl++' "$tmp/err" || fail "an unknown engine"

command -v afl-fuzz >/dev/null || { echo "afl-fuzz isn't installed: the rest is skipped"; exit $((failures > 0)); }
cmake --build "$build" --target afl_timeline afl_mutator >"$tmp/log" 2>&1 || { tail "$tmp/log"; exit 1; }
export TMPDIR=$tmp

# -- a planted bug: the same finding, in the same form, and it replays
plant=kvm-tsc-zero-write-dropped
for engine in libfuzzer afl++; do
	code 1 "$cf" hunt --engine $engine --plant $plant --harness fuzz_timeline --jobs 1 \
		--time 60s --seed 1 --first --json --out "$tmp/$engine"
	grep '"hunt"' "$tmp/out" | grep -q "\"engine\":\"$engine\".*\"new\":1.*\"detected\":{\"execution\":[1-9]" ||
		fail "$engine: $(tail -n 1 "$tmp/out")"
	(cd "$tmp/$engine" && ls) >"$tmp/$engine.names"
	head -qn 1 "$tmp/$engine"/*.txt >"$tmp/$engine.head"
	code 1 "$cf" replay --plant $plant --json "$tmp/$engine"/*.txt
	grep -o '"law":"[^"]*","clock":"[^"]*","event":"[^"]*"' "$tmp/out" >"$tmp/$engine.finding"
	[ -s "$tmp/$engine.finding" ] || fail "$engine: what it found doesn't replay"
	"$cf" minimize --plant $plant "$tmp/$engine"/*.txt 2>/dev/null |
		cmp -s - "$tmp/$engine"/*.txt || fail "$engine: what it found isn't minimal"
done
for what in names head finding; do
	cmp "$tmp/libfuzzer.$what" "$tmp/afl++.$what" || fail "the engines' $what differ"
done

# -- known findings: told, kept apart, gone past; two jobs share a corpus.  What a hunt
# found is told by the next one, too, that goes on from there
for i in 1 2; do
	rm -rf "$tmp/known"
	"$cf" hunt --engine afl++ --harness fuzz_timeline --law signed --jobs 2 --time 60s \
		--json --keep "$tmp/kept" --out "$tmp/known" >"$tmp/out" 2>"$tmp/err" &
	hunt=$!
	for ((k = 0; k < 550; k++)); do
		[ "$(ls "$tmp/known/known" 2>/dev/null | wc -l)" -lt 3 ] || break
		sleep 0.1
	done
	kill $hunt
	wait $hunt || fail "a hunt with known findings: exit code $?"
	grep '"hunt"' "$tmp/out" | grep -q '"engine":"afl++".*"new":0,"known":[3-9]' ||
		fail "known findings: $(tail -n 1 "$tmp/out")"
done

# -- nothing is left of a hunt that is killed, with its engine
"$cf" hunt --engine afl++ --harness fuzz_timeline --jobs 1 --time 60s --out "$tmp/killed" \
	>/dev/null 2>&1 &
hunt=$!
for ((i = 0; i < 100; i++)); do
	pgrep -f "^$build/afl_timeline" >/dev/null && break
	sleep 0.1
done
[ $i -lt 100 ] || fail "AFL++ doesn't start"
afl=$(pgrep -f "^afl-fuzz -i$tmp")
kill -9 $hunt $afl
wait $hunt 2>/dev/null
# killed, it leaves its shared memory; by its hunt it is stopped
ipcs -mp | awk -v afl="$afl" '$3 == afl { print $1 }' | xargs -r -n 1 ipcrm -m
for ((i = 0; i < 100; i++)); do
	pgrep -f "^$build/afl_timeline|^afl-fuzz -i$tmp" >/dev/null || break
	sleep 0.1
done
[ $i -lt 100 ] || fail "AFL++ outlives its hunt"

[ "$failures" = 0 ] && echo ok
exit $((failures > 0))
