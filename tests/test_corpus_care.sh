#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# clockfuzz corpus merge|prune: test_corpus_care.sh BUILD_DIR
set -u
. "$(dirname "$0")/common.sh"
cf=$build/clockfuzz
"$cf" --version | grep -q ' linux 6\.12\.' || { echo "6.12 only"; exit 0; }
make_tmp
export LLVM_PROFILE_FILE=/dev/null
cd "$tmp" || exit 1
# what UBSan says of the kernel isn't the command's
ASAN_OPTIONS=$ASAN_OPTIONS:log_path=$tmp/sanitizer
UBSAN_OPTIONS=$UBSAN_OPTIONS:log_path=$tmp/sanitizer

# FOLDER: all that its scenarios reach, a line each
reached()
{
	local dir name

	for dir in "$1"/fuzz_*; do
		name=$(basename "$dir")
		"$build/replay_${name#fuzz_}" --reach "$dir"/*.txt | cut -f 3 | tr ' ' '\n' |
			sort -u | sed "s/^/$name /"
	done
}

files() { (cd "$1" && find . -type f | sort); }

# PATTERN: it is in the only line on stderr
one_line()
{
	[ "$(wc -l <err)" = 1 ] && grep -q -- "$1" err || { fail "no line '$1'"; cat err; }
}

# -- prune: what goes is all in what stays
cp -r "$repo/corpus" full
# one that this test names, so it stays, and one that nobody names
named=seed-masterclock twin=$(basename "$repo"/corpus/fuzz_timeline/seed-clock-io*.txt .txt)
cp full/fuzz_timeline/$named.txt full/fuzz_timeline/$named-copy.txt
cp full/fuzz_timeline/$twin.txt full/fuzz_timeline/$twin-copy.txt
reached full >want
files full >all
code 0 "$cf" corpus prune --dry-run full
cp out dry
files full | cmp -s - all || fail "--dry-run removed something"
cp -r full corpus
code 0 "$cf" corpus prune corpus
sed 's,full/,corpus/,' dry | cmp -s - out || fail "--dry-run said otherwise"
files corpus >kept
reached corpus | cmp -s - want || fail "something isn't reached any more"
diff <(grep /regress- all) <(grep /regress- kept) || fail "a regression went"
grep -q $named.txt kept || fail "a seed went that tests name"
grep -q $named-copy.txt kept && fail "a copy stayed"
[ "$(grep -c "$twin" kept)" = 1 ] ||
	fail "of two that are alike not one stayed"
for file in $(sed -n 's/^goes\t\([^\t]*\).*/\1/p' out); do
	[ ! -e "$file" ] || fail "$file is still there"
	grep -qr "$(basename "$file" .txt)\($\|[^a-z0-9-]\)" "$repo/README.md" "$repo/docs" \
		"$repo"/tests/*.sh && fail "$file is named"
done
grep -c '^goes' out | grep -qx 0 && fail "nothing went"

# -- a second time, in any order, from anywhere
code 0 "$cf" corpus prune corpus
grep '^goes' out && fail "something went the second time"
files corpus | cmp -s - kept || fail "prune twice isn't prune once"
mkdir other
for file in $(tac all); do
	mkdir -p "other/$(dirname "$file")"
	cp "full/$file" "other/$file"
done
code 0 "$cf" corpus prune $(ls -d other/fuzz_* | tac)
files other | cmp -s - kept || fail "the order makes a difference"

# -- what stays for other reasons
gone=$(sed -n 's/^goes\t\([^\t]*\).*/\1/p' dry | head -n 1)
printf '# why\nmutant f op 1\tcorpus/%s\n' "${gone#full/}" >also
code 0 "$cf" corpus prune --dry-run --also also full
# it may have more alone then, of what another had that goes instead
grep -q "^$(printf 'stays\t%s\talone has ' "$gone").*mutant f op 1" out ||
	fail "--also didn't keep $gone"
echo 'no tab' >also
code 2 "$cf" corpus prune --also also full;	one_line 'also:1: want'
printf 'x\tfuzz_none/seed-none.txt\n' >also
code 2 "$cf" corpus prune --also also full;	one_line 'names no scenario'
code 2 "$cf" corpus prune --also none full;	one_line 'none: No such file'

# -- killed at any time: what is left has it all, and comes to the same
rm -r corpus
cp -r full corpus
for i in 1 2 3 4 5 6 7 8; do
	"$cf" corpus prune corpus >/dev/null 2>&1 & pid=$!
	sleep 0.$i
	kill -$([ $((i % 2)) = 0 ] && echo INT || echo KILL) $pid 2>/dev/null
	wait $pid 2>/dev/null
done
reached corpus | cmp -s - want || fail "a prune that was killed lost something"
code 0 "$cf" corpus prune corpus
files corpus | cmp -s - kept || fail "a prune that was killed chose otherwise"

# -- bad input: one line, and nothing goes
printf '# bad\nharness fuzz_timeline\nmachines\n' >full/fuzz_timeline/seed-bad.txt
files full >all
code 2 "$cf" corpus prune full;			one_line 'seed-bad.txt:3:'
files full | cmp -s - all || fail "something went for all that"
code 2 "$cf" corpus merge full --corpus new;	one_line 'seed-bad.txt:3:'
rm full/fuzz_timeline/seed-bad.txt
code 2 "$cf" corpus;				one_line 'merge, prune or coverage'
code 2 "$cf" corpus prune --bogus;		one_line 'bogus'
code 2 "$cf" corpus prune no-folder;		one_line 'no-folder: No such file'
code 2 "$cf" corpus merge;			one_line 'there is no scenario'

# -- merge: an engine's inputs become text, what adds nothing doesn't
for name in timeline time_scale; do
	mkdir -p queue/fuzz_$name
	"$build/replay_$name" --to-binary queue/fuzz_$name "$repo"/corpus/fuzz_$name/seed-[l-s]*.txt \
		"$repo"/corpus/fuzz_$name/regress-*.txt
done
nr=0
for file in $(find queue -name '*.bin' | sort); do
	mv "$file" "$(dirname "$file")/$(printf 'id:%06d,src:x' $nr)"
	nr=$((nr + 1))
done
rm -rf new
limit_s=300
code 0 "$cf" corpus merge queue --corpus new
tail -n 1 out | grep -q "^[1-9][0-9]* new, of $nr\$" || { fail "merge"; tail -n 1 out; }
[ "$(find new -name 'seed-*.txt' | wc -l)" = $(($(wc -l <out) - 1)) ] || fail "files that aren't told"
head -qn 1 new/*/*.txt | grep -v '^# Reaches ' && fail "what is it there for?"
code 0 "$cf" replay --quiet new
files new >merged
code 0 "$cf" corpus merge queue --corpus new
grep -qx "0 new, of $nr" out || fail "merged twice: $(tail -n 1 out)"
code 0 "$cf" corpus merge $(ls -d queue/* | tac) --corpus again
diff -r new again >/dev/null || fail "merge: the order makes a difference"
find new again -name '.*' -type f | grep . && fail "temporaries are left"

# -- a hunt's own corpus, kept, is what the next one begins with, and can be merged
for i in 1 2; do
	code 0 env TMPDIR="$tmp" "$cf" hunt --keep hunted --harness fuzz_timeline --time 3s \
		--jobs 1 --seed $i --out found
	find hunted/fuzz_timeline -type f | sort >hunted-$i
done
comm -23 hunted-1 hunted-2 | grep . && fail "an input of the first hunt is gone"
[ "$(wc -l <hunted-1)" -gt "$(ls "$repo"/corpus/fuzz_timeline/seed-*.txt | wc -l)" ] ||
	fail "a hunt kept nothing of its own"
cp -r "$repo/corpus/fuzz_timeline" new
code 0 "$cf" corpus merge hunted/fuzz_timeline --corpus new
code 0 "$cf" replay --quiet new

# -- what breaks a law that nobody knows isn't for a corpus
code 1 "$cf" corpus merge --no-known "$repo/corpus/fuzz_pvclock/regress-pvclock-253y.txt" \
	--corpus unknown
one_line 'left out'
find unknown -name '*.txt' | grep . && fail "an unknown finding was merged"

# -- the reference has edges, too
code 0 "$cf" corpus prune --subject reference --dry-run full
grep -q '^fuzz_timeline	.* stay, [0-9]* go$' out || fail "prune on the reference"

grep -hs -A 8 'ERROR: ' "$tmp"/sanitizer.* | head -n 40
[ "$failures" = 0 ] && echo ok
exit $((failures > 0))
