// SPDX-License-Identifier: GPL-2.0-only
/*
 * A value of n bits is a polynomial modulo 2^n: sums, differences and products need no
 * care; what looks at the bits (comparisons, right shifts, divisions, extensions) asks
 * for the number in [0, 2^n) or, signed, in [-2^(n-1), 2^(n-1)).
 *
 * The flags nuw, nsw and exact aren't read: arithmetic wraps as if they weren't there.
 * They only promise for inputs for which the C is defined (-fwrapv: all, but shifts by
 * too much and divisions by 0) that the result is the same, so nothing is trusted.
 * A poison or undef operand, which is what undefined C becomes, is refused.
 *
 * Memory isn't known: what is loaded may be anything, so stores have no effect here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include "lower.h"

struct value {
	unsigned int bits;		/* 1: a truth; 0: a pointer, nothing */
	fact_if truth;
	const struct poly *p;
	unsigned int fits;		/* p is in [0, 2^fits), which its range may not tell */
	struct value *part;		/* of a struct: two */
};

struct slot {
	LLVMValueRef key;
	struct value value;
};

#define SLOTS (1u << 14)
static struct slot *slots;
static u32 nr_slots;

struct block {
	LLVMBasicBlockRef block;
	fact_if reached;
	enum { NEW, OPEN, DONE } state;
};

#define MAX_BLOCKS 4096
static struct block blocks[MAX_BLOCKS];
static u32 nr_blocks;
static u32 order[MAX_BLOCKS], nr_order;

static fact_if broken;
static jmp_buf refused;
static char why[512];

static void __attribute__((noreturn, format(printf, 2, 3)))
refuse(LLVMValueRef at, const char *fmt, ...)
{
	char *text = at ? LLVMPrintValueToString(at) : NULL;
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (text && n < sizeof(why))
		snprintf(why + n, sizeof(why) - n, ":%s", text);
	if (text)
		LLVMDisposeMessage(text);
	longjmp(refused, 1);
}

/* ---- values ---- */

static struct slot *slot(LLVMValueRef v)
{
	u64 h = (uintptr_t)v * 0x9e3779b97f4a7c15ull >> 50;

	while (slots[h].key && slots[h].key != v)
		h = (h + 1) % SLOTS;
	return &slots[h];
}

static void set(LLVMValueRef v, struct value value)
{
	struct slot *s = slot(v);

	if (!s->key && ++nr_slots > SLOTS / 2)
		refuse(v, "too many values");
	s->key = v;
	s->value = value;
}

static unsigned int bits_of(LLVMValueRef v)
{
	LLVMTypeRef type = LLVMTypeOf(v);

	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 0;
}

/* The API has 64 bits of a constant only; its text has all. */
static const struct poly *constant(LLVMValueRef v)
{
	char *text = LLVMPrintValueToString(v), *p = strchr(text, ' ');
	struct big c = big(0);
	bool negative;

	if (!p)
		refuse(v, "constant");
	negative = *++p == '-';
	for (p += negative; *p; p++) {
		if (*p < '0' || *p > '9')
			refuse(v, "constant");
		c = big_add(big_mul(c, big(10)), big(*p - '0'));
	}
	LLVMDisposeMessage(text);
	/* small ones are small, of either sign: x - 1 is no sum that wraps */
	return poly_const(negative ? big_neg(c) : c);
}

static struct value truth(fact_if t)
{
	return (struct value){ .bits = 1, .truth = t };
}

static struct value number(unsigned int bits, const struct poly *p)
{
	return (struct value){ .bits = bits, .p = p };
}

static struct value narrow(unsigned int bits, const struct poly *p, unsigned int fits)
{
	return (struct value){ .bits = bits, .p = p, .fits = fits };
}

static struct value get(LLVMValueRef v)
{
	struct slot *s;

	if (LLVMIsUndef(v) || LLVMIsPoison(v))
		refuse(v, "an undefined value");
	if (LLVMIsAConstantInt(v)) {
		if (bits_of(v) == 1)
			return truth(LLVMConstIntGetZExtValue(v) ? TRUTH_TRUE : TRUTH_FALSE);
		return number(bits_of(v), constant(v));
	}
	s = slot(v);
	if (!s->key)
		refuse(v, "a value from elsewhere");
	return s->value;
}

static struct value get_number(LLVMValueRef v)
{
	struct value a = get(v);

	if (a.bits < 2)
		refuse(v, "not a number");
	return a;
}

static fact_if get_truth(LLVMValueRef v)
{
	struct value a = get(v);

	if (a.bits != 1)
		refuse(v, "not a truth");
	return a.truth;
}

static bool within(const struct poly *p, struct big low, struct big end)
{
	struct big l, h;

	poly_range(p, &l, &h);
	return big_cmp(l, low) >= 0 && big_cmp(h, end) < 0;
}

static const struct poly *low_bits(const struct poly *p, unsigned int k)
{
	const struct poly *q, *r;

	if (within(p, big(0), big_pow2(k)))
		return p;
	term_split(p, k, &q, &r);
	return r;
}

static const struct poly *shifted(const struct poly *p, unsigned int k)
{
	const struct poly *q, *r;

	term_split(p, k, &q, &r);
	return q;
}

static const struct poly *as_unsigned(struct value a)
{
	if (a.fits)
		return a.p;
	return low_bits(a.p, a.bits);
}

static const struct poly *as_signed(struct value a)
{
	struct big half = big_pow2(a.bits - 1);

	if (within(a.p, big_neg(half), half))
		return a.p;
	return poly_sub(low_bits(poly_add(a.p, poly_const(half)), a.bits), poly_const(half));
}

/* ---- instructions ---- */

/* A polynomial's constant modulo 2^bits, as it is seen in the bits. */
static bool mask_of(struct value a, struct big *mask)
{
	return poly_is_const(as_unsigned(a), mask);
}

/* x & mask: for each run [from, to) of ones, those bits of x */
static const struct poly *masked(const struct poly *p, struct big mask)
{
	const struct poly *sum = poly_const(big(0));
	unsigned int end = big_bits(mask);

	for (unsigned int from = 0, to; from < end; from = to + 1) {
		while (!(mask.d[from / 64] >> from % 64 & 1))
			from++;
		for (to = from; mask.d[to / 64] >> to % 64 & 1;)
			to++;
		sum = poly_add(sum, poly_scale(shifted(low_bits(p, to), from), big_pow2(from)));
	}
	return sum;
}

/* The bits of both don't meet. */
static bool apart(struct value high, struct value low)
{
	const struct poly *p = as_unsigned(high);
	unsigned int k = low.fits;
	struct big l, h;

	if (!k) {
		poly_range(as_unsigned(low), &l, &h);
		k = big_bits(h);
	}
	for (u32 i = 0; i < p->nr; i++)
		if (big_sign(big_low(p->term[i].factor, k)))
			return false;
	return true;
}

static struct value bitwise(LLVMValueRef at, LLVMOpcode op, struct value a, struct value b)
{
	const struct poly *x = as_unsigned(a), *y = as_unsigned(b), *both;
	struct big mask, m;

	if (mask_of(a, &m)) {
		x = as_unsigned(b);
		y = as_unsigned(a);
	}
	if (!poly_is_const(y, &mask)) {
		if (op == LLVMAnd || !(apart(a, b) || apart(b, a)))
			refuse(at, "bits of two unknowns");
		return number(a.bits, poly_add(x, y));
	}
	both = masked(x, mask);
	if (op == LLVMAnd)
		return narrow(a.bits, both, big_bits(mask));
	return number(a.bits, poly_sub(poly_add(x, y),
		poly_scale(both, big(op == LLVMOr ? 1 : 2))));
}

static unsigned int shift_of(LLVMValueRef at, struct value b)
{
	struct big c;

	if (!poly_is_const(as_unsigned(b), &c))
		refuse(at, "a shift by an unknown");
	if (big_cmp(c, big(b.bits)) >= 0)
		refuse(at, "a shift by too much");
	return c.d[0];
}

static void traps(fact_if reached, fact_if unless)
{
	broken = truth_or(broken, truth_and(reached, ~unless));
}

static void divide(struct value a, struct value b, fact_if reached,
		   const struct poly **q, const struct poly **r)
{
	const struct poly *by = as_unsigned(b);

	traps(reached, truth_at_least_0(poly_sub(by, poly_const(big(1)))));
	term_divide(as_unsigned(a), by, q, r);
}

static const struct poly *product(struct value a, struct value b)
{
	struct big c;

	if (poly_is_const(a.p, &c))
		return poly_scale(b.p, c);
	if (poly_is_const(b.p, &c))
		return poly_scale(a.p, c);
	return poly_mul(as_unsigned(a), as_unsigned(b));
}

static struct value binary(LLVMValueRef at, LLVMOpcode op, fact_if reached)
{
	LLVMValueRef left = LLVMGetOperand(at, 0), right = LLVMGetOperand(at, 1);
	const struct poly *q, *r;
	struct value a, b;
	unsigned int k;

	if (bits_of(at) == 1) {
		fact_if x = get_truth(left), y = get_truth(right);

		switch (op) {
		case LLVMAnd:	return truth(truth_and(x, y));
		case LLVMOr:	return truth(truth_or(x, y));
		case LLVMXor:	return truth(truth_choose(x, ~y, y));
		default:	refuse(at, "of truths");
		}
	}
	a = get_number(left);
	b = get_number(right);
	switch (op) {
	case LLVMAdd:
		return number(a.bits, poly_add(a.p, b.p));
	case LLVMSub:
		return number(a.bits, poly_sub(a.p, b.p));
	case LLVMMul:
		return number(a.bits, product(a, b));
	case LLVMShl:
		return number(a.bits, poly_scale(a.p, big_pow2(shift_of(at, b))));
	case LLVMLShr:
		k = shift_of(at, b);
		return narrow(a.bits, shifted(as_unsigned(a), k), (a.fits ?: a.bits) - k);
	case LLVMAShr:
		return number(a.bits, shifted(as_signed(a), shift_of(at, b)));
	case LLVMUDiv:
		divide(a, b, reached, &q, &r);
		return number(a.bits, q);
	case LLVMURem:
		divide(a, b, reached, &q, &r);
		return number(a.bits, r);
	case LLVMAnd:
	case LLVMOr:
	case LLVMXor:
		return bitwise(at, op, a, b);
	default:
		refuse(at, "unknown instruction");
	}
}

/* a < b, or a <= b */
static fact_if less(const struct poly *a, const struct poly *b, bool equal)
{
	return truth_at_least_0(poly_sub(poly_sub(b, a), poly_const(big(!equal))));
}

static fact_if same(struct value a, struct value b)
{
	const struct poly *d = poly_sub(a.p, b.p), *zero = poly_const(big(0));
	struct big n = big_pow2(a.bits);

	/* equal modulo 2^bits, and less than that apart */
	if (within(d, big_add(big_neg(n), big(1)), n))
		return truth_equal(d, zero);
	return truth_equal(as_unsigned(a), as_unsigned(b));
}

static fact_if compare(LLVMValueRef at)
{
	LLVMValueRef left = LLVMGetOperand(at, 0), right = LLVMGetOperand(at, 1);
	LLVMIntPredicate how = LLVMGetICmpPredicate(at);
	const struct poly *ua, *ub, *sa, *sb;
	struct value a, b;
	fact_if equal;

	if (bits_of(left) == 1) {
		fact_if x = get_truth(left), y = get_truth(right);

		equal = truth_choose(x, y, ~y);
		if (how == LLVMIntEQ || how == LLVMIntNE)
			return how == LLVMIntEQ ? equal : ~equal;
		refuse(at, "order of truths");
	}
	a = get_number(left);
	b = get_number(right);
	if (how == LLVMIntEQ || how == LLVMIntNE) {
		equal = same(a, b);
		return how == LLVMIntEQ ? equal : ~equal;
	}
	if (how == LLVMIntUGT || how == LLVMIntUGE || how == LLVMIntULT || how == LLVMIntULE) {
		ua = as_unsigned(a);
		ub = as_unsigned(b);
	}
	if (how == LLVMIntSGT || how == LLVMIntSGE || how == LLVMIntSLT || how == LLVMIntSLE) {
		sa = as_signed(a);
		sb = as_signed(b);
	}
	switch (how) {
	case LLVMIntUGT:	return less(ub, ua, false);
	case LLVMIntUGE:	return less(ub, ua, true);
	case LLVMIntULT:	return less(ua, ub, false);
	case LLVMIntULE:	return less(ua, ub, true);
	case LLVMIntSGT:	return less(sb, sa, false);
	case LLVMIntSGE:	return less(sb, sa, true);
	case LLVMIntSLT:	return less(sa, sb, false);
	case LLVMIntSLE:	return less(sa, sb, true);
	default:		refuse(at, "unknown comparison");
	}
}

static struct value choose(fact_if c, struct value yes, struct value no)
{
	if (yes.bits == 1)
		return truth(truth_choose(c, yes.truth, no.truth));
	return number(yes.bits, term_choose(c, as_unsigned(yes), as_unsigned(no)));
}

static struct value extend(LLVMValueRef at, bool sign)
{
	struct value a = get(LLVMGetOperand(at, 0));
	unsigned int bits = bits_of(at);

	if (!a.bits)
		refuse(at, "not a number");
	if (a.bits == 1)
		return number(bits, term_choose(a.truth, poly_const(big(sign ? -1 : 1)),
						poly_const(big(0))));
	return sign ? number(bits, as_signed(a)) :
		      narrow(bits, as_unsigned(a), a.fits ?: a.bits);
}

static struct value pair(struct value a, struct value b)
{
	struct value *part = malloc(2 * sizeof(*part));

	if (!part)
		abort();
	part[0] = a;
	part[1] = b;
	return (struct value){ .part = part };
}

/*
 * The asm statements of the trees, by their text, and what they are taken to do;
 * tests/test_proofs.c runs that against the CPU.
 *
 * pvclock_scale_delta(): rdx:rax = rax * operand; rax gets bits 32 to 95, rdx stays.
 * div_frac(): eax, edx = edx:eax / operand, which traps unless edx is below it.
 * mul_u64_u64_div_u64(): rax = rax * operand / operand, which traps where it has more
 * than 64 bits; in newer trees as two statements, rdx:rax = rax * operand, and rax,
 * rdx = rdx:rax / operand.
 */
static const struct {
	const char *text, *constraints;
} asm_mulq_shrd = {
	"mulq $3 ; shrd $$32, $1, $0",
	"={ax},={dx},0,rm,~{dirflag},~{fpsr},~{flags}",
}, asm_divl = {
	"divl $2",
	"={ax},={dx},rm,0,1,~{dirflag},~{fpsr},~{flags}",
}, asm_mulq_divq = {
	"mulq $2; divq $3",
	"={ax},{ax},rm,rm,~{rdx},~{dirflag},~{fpsr},~{flags}",
}, asm_mulq = {
	"mulq $2",
	"={ax},={dx},rm,0,~{dirflag},~{fpsr},~{flags}",
}, asm_divq = {
	"divq $2",
	"={ax},={dx},rm,0,1,~{dirflag},~{fpsr},~{flags}",
};

#define IS_ASM(callee, which) is_asm(callee, which.text, which.constraints)

static bool is_asm(LLVMValueRef callee, const char *text, const char *constraints)
{
	char *all = LLVMPrintValueToString(callee), want[300];
	bool is;

	snprintf(want, sizeof(want), "\"%s\", \"%s\"", text, constraints);
	is = strstr(all, want) != NULL;
	LLVMDisposeMessage(all);
	return is;
}

static const struct poly *operand(LLVMValueRef at, u32 n)
{
	return as_unsigned(get_number(LLVMGetOperand(at, n)));
}

static bool uses_part(LLVMValueRef at, u32 n)
{
	for (LLVMUseRef u = LLVMGetFirstUse(at); u; u = LLVMGetNextUse(u)) {
		LLVMValueRef user = LLVMGetUser(u);

		if (!LLVMIsAExtractValueInst(user) || LLVMGetIndices(user)[0] == n)
			return true;
	}
	return false;
}

static struct value lower_asm(LLVMValueRef at, LLVMValueRef callee, fact_if reached)
{
	const struct value nothing = { 0 };
	const struct poly *q, *r, *wide;

	if (IS_ASM(callee, asm_mulq_shrd)) {
		wide = poly_mul(operand(at, 0), operand(at, 1));
		return pair(number(64, shifted(wide, 32)),
			    uses_part(at, 1) ? number(64, shifted(wide, 64)) : nothing);
	}
	if (IS_ASM(callee, asm_divl)) {
		traps(reached, less(operand(at, 2), operand(at, 0), false));
		wide = poly_add(poly_scale(operand(at, 2), big_pow2(32)), operand(at, 1));
		term_divide(wide, operand(at, 0), &q, &r);
		return pair(number(32, q), number(32, r));
	}
	if (IS_ASM(callee, asm_mulq)) {
		wide = poly_mul(operand(at, 0), operand(at, 1));
		return pair(number(64, low_bits(wide, 64)), number(64, shifted(wide, 64)));
	}
	if (IS_ASM(callee, asm_divq)) {
		traps(reached, less(operand(at, 2), operand(at, 0), false));
		wide = poly_add(poly_scale(operand(at, 2), big_pow2(64)), operand(at, 1));
		term_divide(wide, operand(at, 0), &q, &r);
		return pair(number(64, q), number(64, r));
	}
	if (IS_ASM(callee, asm_mulq_divq)) {
		wide = poly_mul(operand(at, 0), operand(at, 1));
		traps(reached, less(shifted(wide, 64), operand(at, 2), false));
		term_divide(wide, operand(at, 2), &q, &r);
		return number(64, q);
	}
	refuse(at, "unknown asm");
}

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static void call(LLVMValueRef at, fact_if reached)
{
	LLVMValueRef callee = LLVMGetCalledValue(at);
	const struct poly *x, *y, *sum;
	struct value a, b;
	const char *name;
	size_t len;

	if (LLVMIsAInlineAsm(callee)) {
		set(at, lower_asm(at, callee, reached));
		return;
	}
	name = LLVMIsAFunction(callee) ? LLVMGetValueName2(callee, &len) : "";
	if (!strcmp(name, "law_fail")) {
		broken = truth_or(broken, reached);
		return;
	}
	/* What only writes or says something: no load, so nothing sees it. */
	if (starts(name, "llvm.memset.") || starts(name, "llvm.memcpy.") ||
	    starts(name, "llvm.lifetime.") || starts(name, "llvm.dbg.") ||
	    starts(name, "llvm.assume") || starts(name, "llvm.experimental.noalias."))
		return;
	if (!starts(name, "llvm.") || bits_of(LLVMGetOperand(at, 0)) < 2)
		refuse(at, "a call");
	a = get_number(LLVMGetOperand(at, 0));
	if (starts(name, "llvm.abs.")) {
		/* where -2^(n-1) is poison, C was undefined */
		if (get_truth(LLVMGetOperand(at, 1)) == TRUTH_TRUE)
			refuse(at, "abs of a number that has none");
		x = as_signed(a);
		set(at, number(a.bits, term_choose(truth_at_least_0(x), x,
			poly_scale(x, big(-1)))));
		return;
	}
	if (LLVMGetNumArgOperands(at) < 2)
		refuse(at, "a call");
	b = get_number(LLVMGetOperand(at, 1));
	if (starts(name, "llvm.fshl.")) {
		unsigned int k = shift_of(at, get_number(LLVMGetOperand(at, 2)));

		x = poly_scale(a.p, big_pow2(k));
		if (k)
			x = poly_add(low_bits(x, a.bits), shifted(as_unsigned(b), a.bits - k));
		set(at, number(a.bits, x));
		return;
	}
	if (starts(name, "llvm.umin.") || starts(name, "llvm.umax.") ||
	    starts(name, "llvm.smin.") || starts(name, "llvm.smax.")) {
		bool is_signed = starts(name, "llvm.s"), min = strstr(name, "min.");

		x = is_signed ? as_signed(a) : as_unsigned(a);
		y = is_signed ? as_signed(b) : as_unsigned(b);
		set(at, number(a.bits, term_choose(less(x, y, true), min ? x : y, min ? y : x)));
		return;
	}
	x = as_unsigned(a);
	y = as_unsigned(b);
	if (starts(name, "llvm.usub.sat.")) {
		set(at, number(a.bits, term_choose(less(y, x, true), poly_sub(x, y),
						   poly_const(big(0)))));
		return;
	}
	if (starts(name, "llvm.uadd.with.overflow."))
		sum = poly_add(x, y);
	else if (starts(name, "llvm.usub.with.overflow."))
		sum = poly_sub(x, y);
	else if (starts(name, "llvm.umul.with.overflow."))
		sum = poly_mul(x, y);
	else
		refuse(at, "unknown intrinsic");
	set(at, pair(number(a.bits, sum),
		     truth(truth_or(~truth_at_least_0(sum),
				    less(poly_const(big_pow2(a.bits)), sum, true)))));
}

/* ---- blocks ---- */

static struct block *block(LLVMBasicBlockRef b)
{
	for (u32 i = 0; i < nr_blocks; i++)
		if (blocks[i].block == b)
			return &blocks[i];
	refuse(NULL, "a block from elsewhere");
}

/* Each block after all that lead to it: @order, backwards. */
static void visit(struct block *b)
{
	LLVMValueRef end = LLVMGetBasicBlockTerminator(b->block);

	b->state = OPEN;
	for (u32 i = 0; i < LLVMGetNumSuccessors(end); i++) {
		struct block *next = block(LLVMGetSuccessor(end, i));

		if (next->state == OPEN)
			refuse(NULL, "a loop");
		if (next->state == NEW)
			visit(next);
	}
	b->state = DONE;
	order[nr_order++] = b - blocks;
}

/* When @from goes to @to. */
static fact_if edge(struct block *from, LLVMBasicBlockRef to)
{
	LLVMValueRef end = LLVMGetBasicBlockTerminator(from->block);
	fact_if taken = TRUTH_FALSE, other = TRUTH_TRUE, this;

	if (from->state != DONE)
		return TRUTH_FALSE;		/* nothing leads there */
	if (LLVMIsASwitchInst(end)) {
		struct value a = get_number(LLVMGetOperand(end, 0));

		for (u32 i = 1; i < LLVMGetNumSuccessors(end); i++) {
			this = same(a, get_number(LLVMGetOperand(end, 2 * i)));
			other = truth_and(other, ~this);
			if (LLVMGetSuccessor(end, i) == to)
				taken = truth_or(taken, this);
		}
		if (LLVMGetSuccessor(end, 0) == to)
			taken = truth_or(taken, other);
	} else if (LLVMIsABranchInst(end) && LLVMIsConditional(end)) {
		this = get_truth(LLVMGetCondition(end));
		if (LLVMGetSuccessor(end, 0) == to)
			taken = truth_or(taken, this);
		if (LLVMGetSuccessor(end, 1) == to)
			taken = truth_or(taken, ~this);
	} else {
		for (u32 i = 0; i < LLVMGetNumSuccessors(end); i++)
			if (LLVMGetSuccessor(end, i) == to)
				taken = TRUTH_TRUE;
	}
	return truth_and(from->reached, taken);
}

static struct value phi(LLVMValueRef at, LLVMBasicBlockRef here)
{
	struct value v = { 0 };
	bool first = true;

	for (u32 i = 0; i < LLVMCountIncoming(at); i++) {
		struct block *from = block(LLVMGetIncomingBlock(at, i));
		struct value a;
		fact_if taken;

		if (from->state != DONE)
			continue;
		taken = edge(from, here);
		if (taken == TRUTH_FALSE)
			continue;
		a = get(LLVMGetIncomingValue(at, i));
		if (!a.bits)
			refuse(at, "not a number");
		v = first ? a : choose(taken, a, v);
		first = false;
	}
	return v;
}

static void instruction(LLVMValueRef at, struct block *b)
{
	LLVMOpcode op = LLVMGetInstructionOpcode(at);
	const struct poly *memory;

	/* nothing that is understood looks at a pointer */
	if (LLVMGetTypeKind(LLVMTypeOf(at)) == LLVMPointerTypeKind && op != LLVMCall)
		return;
	switch (op) {
	case LLVMICmp:
		set(at, truth(compare(at)));
		break;
	case LLVMSelect:
		set(at, choose(get_truth(LLVMGetOperand(at, 0)), get(LLVMGetOperand(at, 1)),
			       get(LLVMGetOperand(at, 2))));
		break;
	case LLVMZExt:
		set(at, extend(at, false));
		break;
	case LLVMSExt:
		set(at, extend(at, true));
		break;
	case LLVMTrunc: {
		struct value a = get_number(LLVMGetOperand(at, 0));

		if (bits_of(at) == 1)
			set(at, truth(truth_at_least_0(poly_sub(low_bits(a.p, 1),
							       poly_const(big(1))))));
		else
			set(at, number(bits_of(at), a.p));
		break;
	}
	case LLVMFreeze:
		set(at, get(LLVMGetOperand(at, 0)));
		break;
	case LLVMPHI:
		set(at, phi(at, b->block));
		break;
	case LLVMExtractValue: {
		struct value a = get(LLVMGetOperand(at, 0));

		if (!a.part || LLVMGetNumIndices(at) != 1)
			refuse(at, "unknown struct");
		set(at, a.part[LLVMGetIndices(at)[0]]);
		break;
	}
	case LLVMCall:
		call(at, b->reached);
		break;
	case LLVMUnreachable:
		broken = truth_or(broken, b->reached);
		break;
	case LLVMStore:
	case LLVMBr:
	case LLVMSwitch:
	case LLVMRet:
		break;
	case LLVMLoad:
		if (!bits_of(at))
			refuse(at, "not a number");
		memory = term_unknown(bits_of(at));
		set(at, bits_of(at) == 1 ? truth(truth_at_least_0(poly_sub(memory,
			poly_const(big(1))))) : number(bits_of(at), memory));
		break;
	default:
		set(at, binary(at, op, b->reached));
	}
}

const char *lower(LLVMValueRef function, enum term_splits splits, fact_if *result)
{
	term_reset(splits);
	if (!slots)
		slots = malloc(SLOTS * sizeof(*slots));
	memset(slots, 0, SLOTS * sizeof(*slots));
	nr_blocks = nr_order = nr_slots = 0;
	broken = TRUTH_FALSE;
	if (setjmp(refused))
		return why;
	for (u32 i = 0; i < LLVMCountParams(function); i++) {
		LLVMValueRef v = LLVMGetParam(function, i);
		unsigned int bits = bits_of(v);

		if (bits < 2 || bits > 64)
			refuse(v, "an argument");
		set(v, number(bits, term_input(bits)));
	}
	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b;
	     b = LLVMGetNextBasicBlock(b)) {
		if (nr_blocks == MAX_BLOCKS)
			refuse(NULL, "too many blocks");
		blocks[nr_blocks++] = (struct block){ .block = b, .reached = TRUTH_FALSE };
	}
	visit(&blocks[0]);
	while (nr_order--) {
		struct block *b = &blocks[order[nr_order]];

		if (b == &blocks[0])
			b->reached = TRUTH_TRUE;
		for (u32 i = 0; b != &blocks[0] && i < nr_blocks; i++) {
			LLVMValueRef end = LLVMGetBasicBlockTerminator(blocks[i].block);
			bool leads = false;

			for (u32 k = 0; k < LLVMGetNumSuccessors(end); k++)
				leads |= LLVMGetSuccessor(end, k) == b->block;
			if (leads)
				b->reached = truth_or(b->reached, edge(&blocks[i], b->block));
		}
		for (LLVMValueRef v = LLVMGetFirstInstruction(b->block); v;
		     v = LLVMGetNextInstruction(v))
			instruction(v, b);
	}
	*result = broken;
	return NULL;
}
