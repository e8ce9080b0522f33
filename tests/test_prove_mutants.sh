# SPDX-License-Identifier: GPL-2.0-only
#
# A claim that is proven whatever the arithmetic proves nothing: each mutant of what is
# under proof makes at least one fail.  The mutants live in a copy of the slices.
. "$(dirname "$0")/common.sh"

is_plain_6_12 || [ -n "${CF_PROOF_MUTANTS-}" ] || exit 0
if [ ! -x "$build/prover" ] || ! { command -v z3 || command -v cvc5; } >/dev/null; then
	echo "SKIPPED: no prover in this build, or no solver"
	exit 0
fi
make_tmp
build=$(realpath "$build")

# NAME CLAIM FILE OLD NEW: where the file reads OLD
mutants() { sed 's/^\t*//' <<-'END'
	shift-right|scale_exact|arch/x86/include/asm/pvclock.h|delta >>= -shift;|delta >>= -shift - 1;
	shift-left|scale_exact|arch/x86/include/asm/pvclock.h|delta <<= shift;|delta <<= shift ^ 1;
	shift-31|scale_monotonic|arch/x86/include/asm/pvclock.h|shrd $32|shrd $31
	read-sum|read_forward|arch/x86/include/asm/pvclock.h|u64 delta = tsc - src|u64 delta = tsc + src
	read-minus|read_forward|arch/x86/include/asm/pvclock.h|system_time + offset|system_time - offset
	read-off-by-one|read_forward|arch/x86/include/asm/pvclock.h|system_time + offset|system_time + offset + 1
	drift|rebase_drift|arch/x86/include/asm/pvclock.h|return product;|return product - (delta & 3);
	guest-tsc-shift|guest_tsc_forward|arch/x86/kvm/x86.c|vcpu->arch.virtual_tsc_shift);|vcpu->arch.virtual_tsc_shift - 1);
	ratio-branch|scale_tsc|arch/x86/kvm/x86.c|if (ratio != kvm_caps.default|if (ratio == kvm_caps.default
	product-shift|nested_multiplier|include/linux/math64.h|(unsigned __int128)a * mul) >> shift|(unsigned __int128)a * mul) >> (shift - 1)
	offset-minus|nested_offset|arch/x86/kvm/x86.c|nested_offset += l2_offset|nested_offset -= l2_offset
	offset-sign|nested_offset|include/linux/math64.h|if (a < 0)|if (a > 0)
	offset-complement|nested_offset|include/linux/math64.h|ret = -((s64) ret)|ret = ~ret
	multiplier-branch|nested_multiplier|arch/x86/kvm/x86.c|if (l2_multiplier != kvm_caps|if (l2_multiplier == kvm_caps
	guard-31|page_params|arch/x86/kvm/hyperv.c|100ull << (32 -|100ull << (31 -
	guard-above|page_params|arch/x86/kvm/hyperv.c|_mul >= max_mul|_mul > max_mul
	scale-33|page_params|arch/x86/kvm/hyperv.c|1ULL << (32 +|1ULL << (31 +
	page-tens|page_params|arch/x86/kvm/hyperv.c|do_div(tsc_ref->tsc_offset, 100)|do_div(tsc_ref->tsc_offset, 10)
	page-plus|page_agrees|arch/x86/kvm/hyperv.c|tsc_ref->tsc_offset -=|tsc_ref->tsc_offset +=
	page-read|page_read|include/clocksource/hyperv_timer.h|scale, 64) + offset|scale, 64) - offset
	ratio-zero|tsc_ratio|arch/x86/kvm/x86.c|ratio == 0 \|\||ratio == 1 \|\|
	ratio-swapped|tsc_ratio|arch/x86/kvm/x86.c|user_tsc_khz, tsc_khz);|tsc_khz, user_tsc_khz);
	carry|mul_u64_u64_shr|include/linux/math64.h|rm.l.high + rn.l.high + rh.l.low|rm.l.high + rh.l.low
	split-shift|mul_u64_u32_shr|include/linux/math64.h|mul) << (32 - shift)|mul) << (31 - shift)
	split-divide|mul_u64_u32_div|include/linux/math64.h|rl.l.high = rh.l.low|rl.l.high = rh.l.high
END
}

# SOURCE: compiled against the mutated slices, as IR and as an object
compile()
{
	local name flags="-std=gnu11 -w -D_GNU_SOURCE -DCF_SUBJECT=subject_linux -fwrapv
		-fno-strict-aliasing -fno-delete-null-pointer-checks
		-I$repo/src -I$repo/src/kernel -I$tmp/sliced"

	name=$(basename "$1" .c)
	clang -O2 -Xclang -disable-llvm-passes -emit-llvm -c $flags -DCF_PROOF "$repo/$1" \
		-o "$tmp/$name.bc" &&
		clang -O1 -c $flags "$repo/$1" -o "$tmp/$name.o"
}

llvm=$(sed -n 's/^LLVM_LIBRARY:FILEPATH=//p' "$build/CMakeCache.txt")
objects=$(find "$build/CMakeFiles/prover.dir" -name '*.o')
modules=$tmp/host.bc:$tmp/guest.bc:$tmp/portable.bc:$build/proofs/pure.bc:$build/proofs/claims.bc
nr=0
while IFS= read -r line; do
	IFS='|' read -r name claim file old new <<<"${line//\\|\\|/@@}"
	old=${old//@@/||} new=${new//@@/||}
	rm -rf "$tmp/sliced"
	cp -r "$build/sliced" "$tmp/sliced"
	sed -i "s|$build/sliced|$tmp/sliced|" "$tmp"/sliced/*.inc
	touched=
	for side in host guest; do
		at=$tmp/sliced/$side/$file
		grep -qF -- "$old" "$at" 2>/dev/null || continue
		OLD=$old NEW=$new perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/g' "$at"
		touched=yes
	done
	if [ -z "$touched" ]; then
		fail "$name: nothing reads $old"
		continue
	fi
	if ! { compile src/kernel/host.c && compile src/kernel/guest.c &&
			compile proofs/portable.c; } 2>"$tmp/err" ||
			! clang -fsanitize=fuzzer-no-link -o "$tmp/prover" $objects "$tmp"/*.o \
				"$build/libcore.a" "$build/libsubject.a" "$build/libcore.a" \
				"$llvm" -lm 2>"$tmp/err"; then
		fail "$name doesn't build: $(head -n 1 "$tmp/err")"
		continue
	fi
	"$tmp/prover" --modules "$modules" --claim "$claim" --query-ms 500 --time 5 \
		>"$tmp/verdicts" 2>"$tmp/err" || { fail "$name: $(cat "$tmp/err")"; continue; }
	# What isn't proven for want of time says nothing.
	if grep -qP '\t(refuted|open)\t' <(grep -v 'out of time\|gave up' "$tmp/verdicts"); then
		nr=$((nr + 1))
	else
		fail "$name: $claim is proven all the same"
	fi
done < <(mutants)
[ "$nr" -ge 20 ] || fail "only $nr mutants"
[ "$failures" = 0 ] || exit 1
echo "ok: $nr mutants, a claim fails for each"
