#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# compare and --patch: what three kernels fix and break; a patch that fixes, two that
# break, one that doesn't apply.  The patches are made here, of the tree's own lines.
# test_compare.sh BUILD_DIR TREE
set -u
. "$(dirname "$0")/common.sh"
is_plain_6_12 || exit 0
make_tmp
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost

# WANTED ARGS...: ./clockfuzz with them, in the temporary folder, however long
code()
{
	local want=$1 got=0

	shift
	(cd "$tmp" && "$repo/clockfuzz" "$@") >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	[ "$got" = "$want" ] || {
		fail "exit code $got, want $want: $*"
		tail -n 5 "$tmp/out" "$tmp/err"
	}
}

# PATTERN...: lines of the last output
says()
{
	local pattern

	for pattern; do
		grep -q -- "$pattern" "$tmp/out" || fail "no '$pattern'"
	done
}

# -- three kernels
code 1 compare 6.1 6.12 7.2 --time 0s
mv "$tmp/out" "$tmp/three"
awk '/^6\.1\.[0-9]* -> .*:$/ || / -> 7\.2\.[0-9]*$/ { step++ } { print >"'"$tmp"'/step" step+0 }' "$tmp/three"
mv "$tmp/step1" "$tmp/out" 2>/dev/null || fail "no second step"
says '^fixed .*regress-kvm-zero-tsc-khz-loop.txt event 3: total endless-loop kvm_get_time_scale (kvm-zero-tsc-khz-loop): a loop' \
	'^6.12.* -> 7.2.*: 3 fixed, 2 new,' \
	'^new .*regress-kvm-guest-stopped-lost.txt event 6: ' \
	'^new .*regress-kvm-xen-timer-before-clock.txt event 2: '
mv "$tmp/step0" "$tmp/out"
says '^new .*regress-kvm-compute-guest-tsc-neg.txt event 6: ' \
	'^fixed .*regress-kvm-hotplug-masterclock-yank.txt event 6: '
# all that the table has as fixed there is fixed, and nothing that it has as live
for i in 0 1; do
	set -- 6.1 6.12 7.2
	shift $i
	awk -F '\t' -v from=" $1 " -v to=" $2 " '!/^#/ && index(" " $5 " ", from) &&
		index(" " $6 " ", to) { print $1 }' "$repo/corpus/known.tsv" | sort >"$tmp/table"
	sed -n "/^$1\.[0-9]* -> [0-9.]*\$/,/^\$/s/^fixed .*regress-\([^ ]*\)\.txt.* (\1): .*/\1/p" \
		"$tmp/three" | sort -u >"$tmp/said"
	diff "$tmp/table" "$tmp/said" || fail "$1 -> $2: the table says otherwise"
done
code 0 compare 7.2 7.2 --time 0s --json "$repo/corpus/fuzz_timeline/seed-scaling.txt"
says '^{"compare":"7.2.*","with":"7.2.*","fixed":0,"new":0,"changed":0,'

# -- patches
mkdir "$tmp/linux"
(cd "$tree" && cp --parents arch/x86/kvm/x86.c arch/x86/include/asm/pvclock.h "$tmp/linux")
cd "$tmp/linux"
mkdir Documentation
echo clocks >Documentation/clocks.rst
git init -q
git add -A
git commit -q -m base
pvclock=arch/x86/include/asm/pvclock.h

# NAME FILE SED: a patch with FILE so edited
make_patch()
{
	sed -i "$3" "$2"
	echo "$1" >>Documentation/clocks.rst
	[ "$(git diff --numstat "$2" | cut -f 1)" -gt 0 ] || fail "nothing to patch for $1"
	git commit -q -a -m "$1"
	git format-patch -1 --stdout >"$tmp/$1.mbox"
	git reset -q --hard HEAD^
}

make_patch clamp $pvclock 's/^\tu64 delta = tsc - src->tsc_timestamp;$/\tu64 delta = (s64)(tsc - src->tsc_timestamp) < 0 ? 0 : tsc - src->tsc_timestamp;/'
make_patch never-stable arch/x86/kvm/x86.c '/^\tpvclock_flags = 0;$/,+2s/^\tif (use_master_clock)$/\tif (false)/'
make_patch always-stable arch/x86/kvm/x86.c 's/^\tpvclock_flags = 0;$/\tpvclock_flags = PVCLOCK_TSC_STABLE_BIT;/'
make_patch broken $pvclock 's/^\tu64 delta = tsc - src->tsc_timestamp;$/\tu64 delta = no_such_thing;/'
sed 's/^-\tu64 delta = tsc/-\tu64 gone = tsc/' "$tmp/clamp.mbox" >"$tmp/stale.mbox"
# what a mailer may make of it, in one box with a letter before and one after
{
	printf 'From 0 Mon Sep 17 00:00:00 2001\nFrom: a@b\nSubject: [PATCH 0/1] all\n\nA word.\n\n'
	sed '/^$/,$s/=/=3D/g; s/^Subject: .*/&\nMIME-Version: 1.0\nContent-Type: text\/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable/' \
		"$tmp/clamp.mbox"
	printf '\nFrom 0 Mon Sep 17 00:00:00 2001\nFrom: a@b\nSubject: Re: [PATCH 0/1] all\n\n> +++ b/x\nGood.\n'
} >"$tmp/encoded.mbox"
cd "$repo"
before=$(cd "$tree" && cksum arch/x86/kvm/x86.c $pvclock)

code 0 compare 6.12 --patch clamp.mbox --time 3s
grep -q '^clamp.mbox: skipped, no slice needs them: Documentation/clocks.rst$' "$tmp/err" ||
	fail "what is skipped isn't said"
says '^fixed .*regress-kvm-253y-nested.txt event 2: ' '^fixed .*regress-pvclock-253y.txt: ' \
	' -> 6.12.*+clamp.mbox: [1-9][0-9]* fixed, 0 new, '
code 0 replay --kernel 6.12 --patch clamp.mbox --no-known \
	"$repo/corpus/fuzz_timeline/regress-kvm-253y-nested.txt"
code 0 replay --kernel 6.12 --patch encoded.mbox --no-known \
	"$repo/corpus/fuzz_timeline/regress-kvm-253y-nested.txt"
code 1 explain --kernel 6.12 --patch encoded.mbox \
	"$repo/corpus/fuzz_timeline/regress-kvm-wall-clock-odd.txt"
says 'replay --kernel 6.12 --patch encoded.mbox '

code 1 compare 6.12 --patch never-stable.mbox --time 0s
says '^lost .*seed-two-vcpus.txt event 1: kvmclock is stable, by vCPU: 10 -> 00' \
	'^hidden .*regress-kvm-253y-tsc.txt event 3: .*promises less' \
	' -> 6.12.*+never-stable.mbox: 0 fixed, 0 new, '
code 1 compare 6.12 --patch always-stable.mbox --time 0s
says '^new .*seed-ntp-skew-per-vcpu.txt event 6: rate kvmclock ' ': 0 fixed, [1-9][0-9]* new, '

code 2 replay --kernel 6.12 --patch stale.mbox corpus
grep -q "^clockfuzz: stale.mbox doesn't apply to $pvclock of .*: hunk @@ -[0-9]*," "$tmp/err" ||
	fail "no hunk: $(cat "$tmp/err")"
# in order: the second finds its lines gone
code 2 replay --kernel 6.12 --patch clamp.mbox --patch clamp.mbox corpus
code 2 replay --kernel 6.12 --patch none.mbox corpus
code 2 replay --kernel 6.12 --patch "$repo/README.md" corpus
code 125 replay --kernel 6.12 --patch broken.mbox corpus
code 2 replay --kernel 6.12 --kernel 6.1 --patch clamp.mbox corpus
code 2 replay --subject reference --patch clamp.mbox corpus
code 2 compare
code 2 compare 6.12 --time 0s
[ "$before" = "$(cd "$tree" && cksum arch/x86/kvm/x86.c $pvclock)" ] || fail "the tree was patched"

# -- what answers can't be compared is said; the trees' answers are made up
# NAME FUNCTIONS FILE1=ANSWER...
fake()
{
	mkdir -p "$tmp/$1"
	cat >"$tmp/$1/clockfuzz" <<-END
		#!/bin/bash
		case \$1 in
		list) echo '$2';;
		explain) case \$3 in $3 esac;;
		esac
	END
	chmod +x "$tmp/$1/clockfuzz"
}
# LAW EVENT GOT: a finding of kvmclock; answer FINDING,...
finding() { echo "{\"law\":\"$1\",\"clock\":\"c\",\"event\":\"e\",\"event_nr\":$2,\"function\":\"f\",\"why\":\"w\",\"unit\":\"ns\",\"got\":\"$3\",\"want\":\"1\"}"; }
answer() { echo "{\"findings\":[$1],\"events\":[]}"; }
for file in moved gone stops masks twice; do
	cp "$repo/corpus/fuzz_timeline/seed-scaling.txt" "$tmp/$file.txt"
done
fake a '[{"name":"f"}]' "
	*moved*) echo '$(answer "$(finding exact 2 5)")';;
	*gone*) echo '$(answer "$(finding agree 2 5)")';;
	*stops*) echo '$(answer "$(finding rate 3 5)")';;
	*masks*) echo '$(answer "$(finding signed 2 5)")';;
	*twice*) echo '$(answer "$(finding signed 2 5),$(finding signed 4 5)")';;"
fake b '[{"name":"g"}]' "
	*moved*) echo '$(answer "$(finding exact 3 6)")';;
	*gone*) echo '$(answer '')';;
	*stops*) echo '$(answer "$(finding total 2 0)")';;
	*masks*) echo '$(answer "$(finding monotonic 4 7)")';;
	*twice*) echo '$(answer "$(finding exact 2 6),$(finding signed 4 5)")';;"
(cd "$tmp" && "$build/clockfuzz" compare --tree A=a --tree B=b --time 0s --no-known \
	moved.txt gone.txt stops.txt masks.txt twice.txt) >"$tmp/out" 2>/dev/null
[ $? = 1 ] || fail "nothing is worse?"
diff - "$tmp/out" <<-END || fail "another comparison"
	A -> B
	changed   moved.txt event 2: exact c e: 5 ns, not 1 -> event 3: 6 ns, not 1
	gone      gone.txt event 2: agree c e: 5 ns, not 1; B has no f()
	hidden    stops.txt event 3: rate c e: 5 ns, not 1; B stops at event 2: total c e
	new       stops.txt event 2: total c e: w
	gone      masks.txt event 2: signed c e: 5 ns, not 1; B has no f()
	uncovered masks.txt event 4: monotonic c e: 7 ns, not 1; A starts afresh at event 2: signed c e
	changed   twice.txt event 2: signed c e: 5 ns, not 1 -> exact c e: 6 ns, not 1
	still     twice.txt event 4: signed c e: 5 ns, not 1
	A -> B: 0 fixed, 1 new, 2 changed, 1 still, 2 gone, 1 hidden, 1 uncovered in 5 scenarios, 0 of them hunted

END

[ "$failures" = 0 ] && echo ok
[ "$failures" = 0 ]
