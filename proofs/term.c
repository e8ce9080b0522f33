// SPDX-License-Identifier: GPL-2.0-only
#include "term.h"

/* ---- memory: all of it goes at once ---- */

#define CHUNK (1u << 20)

static struct chunk {
	struct chunk *next;
	size_t used;
	char room[CHUNK];
} *chunks;

static void *take(size_t size)
{
	void *p;

	size = (size + 15) & ~15ull;
	if (size > CHUNK)
		abort();
	if (!chunks || chunks->used + size > CHUNK) {
		struct chunk *c = malloc(sizeof(*c));

		if (!c)
			abort();
		c->next = chunks;
		c->used = 0;
		chunks = c;
	}
	p = chunks->room + chunks->used;
	chunks->used += size;
	return p;
}

/* ---- state ---- */

#define MAX_ATOMS 4000
#define MAX_TRUTHS 8000
#define MAX_FACTS 4000

enum atom_kind { INPUT, UNKNOWN, QUOTIENT, REMAINDER, DIVISION, MODULO, CHOICE };

static struct atom {
	enum atom_kind kind;
	struct big low, high;
	const struct poly *a, *b;	/* of which, by which; or yes, no */
	unsigned int k;			/* power of two; or number of the input */
	fact_if choice;
	struct big value;
} atoms[MAX_ATOMS];
static u32 nr_atoms, nr_inputs;

enum truth_kind { ALWAYS, AT_LEAST_0, AND, IF };

static struct truth {
	enum truth_kind kind;
	const struct poly *p;
	fact_if a, b, c;
	bool value;
} truths[MAX_TRUTHS];
static u32 nr_truths;

static struct fact {
	fact_if when;
	const struct poly *p;
	bool equal;			/* to 0; or at least 0 */
} facts[MAX_FACTS];
static u32 nr_facts;
#define FACT_SLOTS (2 * MAX_FACTS)
static u32 fact_at[FACT_SLOTS];		/* number + 1, by hash */

static enum term_splits splits;

void term_reset(enum term_splits how)
{
	splits = how;
	while (chunks) {
		struct chunk *next = chunks->next;

		free(chunks);
		chunks = next;
	}
	nr_atoms = nr_inputs = nr_facts = 0;
	memset(fact_at, 0, sizeof(fact_at));
	truths[0] = (struct truth){ .kind = ALWAYS };
	nr_truths = 1;
}

/* ---- polynomials ---- */

static struct poly *new_poly(u32 room)
{
	struct poly *p = take(sizeof(*p) + room * sizeof(struct term));

	p->nr = 0;
	return p;
}

const struct poly *poly_const(struct big c)
{
	struct poly *p = new_poly(1);

	if (big_sign(c))
		p->term[p->nr++] = (struct term){ 0, c };
	return p;
}

static const struct poly *poly_atom(u32 n)
{
	struct poly *p = new_poly(1);

	p->term[p->nr++] = (struct term){ n + 1, big(1) };
	return p;
}

static const struct poly *add_scaled(const struct poly *a, const struct poly *b,
				     struct big c)
{
	struct poly *p = new_poly(a->nr + b->nr);
	u32 i = 0, k = 0;

	while (i < a->nr || k < b->nr) {
		struct term t;

		if (k == b->nr || (i < a->nr && a->term[i].mono < b->term[k].mono)) {
			t = a->term[i++];
		} else {
			t.mono = b->term[k].mono;
			t.factor = big_mul(b->term[k++].factor, c);
			if (i < a->nr && a->term[i].mono == t.mono)
				t.factor = big_add(t.factor, a->term[i++].factor);
		}
		if (big_sign(t.factor))
			p->term[p->nr++] = t;
	}
	return p;
}

const struct poly *poly_add(const struct poly *a, const struct poly *b)
{
	return add_scaled(a, b, big(1));
}

const struct poly *poly_sub(const struct poly *a, const struct poly *b)
{
	return add_scaled(a, b, big(-1));
}

const struct poly *poly_scale(const struct poly *a, struct big c)
{
	return add_scaled(poly_const(big(0)), a, c);
}

static mono mono_mul(mono a, mono b)
{
	mono r = 0;

	for (int i = 0; a || b; i++) {
		mono *from = (a & 0xffff) && ((a & 0xffff) < (b & 0xffff) || !b) ? &a : &b;

		if (i == 4)
			abort();
		r |= (*from & 0xffff) << 16 * i;
		*from >>= 16;
	}
	return r;
}

static unsigned int mono_degree(mono m)
{
	unsigned int n = 0;

	for (; m; m >>= 16)
		n++;
	return n;
}

static unsigned int poly_degree(const struct poly *p)
{
	unsigned int most = 0;

	for (u32 i = 0; i < p->nr; i++)
		if (mono_degree(p->term[i].mono) > most)
			most = mono_degree(p->term[i].mono);
	return most;
}

const struct poly *poly_mul(const struct poly *a, const struct poly *b)
{
	const struct poly *sum = poly_const(big(0));

	for (u32 i = 0; i < b->nr; i++) {
		for (u32 k = 0; k < a->nr; k++) {
			struct poly *p = new_poly(1);

			p->term[p->nr++] = (struct term){
				mono_mul(a->term[k].mono, b->term[i].mono),
				big_mul(a->term[k].factor, b->term[i].factor),
			};
			sum = poly_add(sum, p);
		}
	}
	return sum;
}

static bool poly_same(const struct poly *a, const struct poly *b)
{
	return a->nr == b->nr && !memcmp(a->term, b->term, a->nr * sizeof(a->term[0]));
}

bool poly_is_const(const struct poly *p, struct big *c)
{
	*c = p->nr ? p->term[0].factor : big(0);
	return !p->nr || (p->nr == 1 && !p->term[0].mono);
}

static void range_mul(struct big *low, struct big *high, struct big c, struct big d)
{
	struct big e[4] = {
		big_mul(*low, c), big_mul(*low, d), big_mul(*high, c), big_mul(*high, d),
	};

	*low = big_min(big_min(e[0], e[1]), big_min(e[2], e[3]));
	*high = big_max(big_max(e[0], e[1]), big_max(e[2], e[3]));
}

static void term_range(const struct term *t, struct big *low, struct big *high)
{
	*low = *high = t->factor;
	for (mono m = t->mono; m; m >>= 16) {
		const struct atom *a = &atoms[(m & 0xffff) - 1];

		range_mul(low, high, a->low, a->high);
	}
}

void poly_range(const struct poly *p, struct big *low, struct big *high)
{
	*low = *high = big(0);
	for (u32 i = 0; i < p->nr; i++) {
		struct big l, h;

		term_range(&p->term[i], &l, &h);
		*low = big_add(*low, l);
		*high = big_add(*high, h);
	}
}

/* ---- facts ---- */

static u32 hash(const struct poly *p)
{
	const u32 *word = (const u32 *)p->term;
	u32 h = 2166136261u;

	for (size_t i = 0; i < p->nr * sizeof(p->term[0]) / sizeof(*word); i++)
		h = (h ^ word[i]) * 16777619u;
	return h;
}

/* False where it is known already. */
static bool add_fact(fact_if when, const struct poly *p, bool equal)
{
	u32 h = hash(p) ^ when * 2654435761u ^ equal;
	struct big c;

	if (when == TRUTH_FALSE || poly_is_const(p, &c))
		return false;
	for (; fact_at[h %= FACT_SLOTS]; h++) {
		const struct fact *f = &facts[fact_at[h] - 1];

		if (f->when == when && f->equal == equal && poly_same(f->p, p))
			return false;
	}
	/* fewer prove less */
	if (nr_facts == MAX_FACTS)
		return false;
	facts[nr_facts++] = (struct fact){ when, p, equal };
	fact_at[h] = nr_facts;
	return true;
}

static const struct poly *new_atom(struct atom a)
{
	const struct poly *p;

	if (nr_atoms == MAX_ATOMS)
		abort();
	/* A single value is a number. */
	if (!big_cmp(a.low, a.high))
		return poly_const(a.low);
	atoms[nr_atoms] = a;
	p = poly_atom(nr_atoms++);
	add_fact(TRUTH_TRUE, poly_sub(p, poly_const(a.low)), false);
	add_fact(TRUTH_TRUE, poly_sub(poly_const(a.high), p), false);
	return p;
}

const struct poly *term_input(unsigned int bits)
{
	return new_atom((struct atom){
		.kind = INPUT, .k = nr_inputs++, .low = big(0),
		.high = big_sub(big_pow2(bits), big(1)),
	});
}

const struct poly *term_unknown(unsigned int bits)
{
	return new_atom((struct atom){
		.kind = UNKNOWN, .low = big(0), .high = big_sub(big_pow2(bits), big(1)),
	});
}

/* What was divided before, or NULL. */
static const struct poly *find_atom(enum atom_kind kind, const struct poly *a,
				    const struct poly *b, unsigned int k)
{
	for (u32 i = 0; i < nr_atoms; i++)
		if (atoms[i].kind == kind && atoms[i].k == k && poly_same(atoms[i].a, a) &&
		    (!b || poly_same(atoms[i].b, b)))
			return poly_atom(i);
	return NULL;
}

/*
 * It was split by another power of two: of that one's parts, so that both are made of
 * the same digits.
 */
static bool split_again(const struct poly *p, unsigned int k, const struct poly **quotient,
			const struct poly **remainder)
{
	const struct poly *q, *r, *part;
	unsigned int j;
	u32 i = nr_atoms;

	/* the nearest, mostly */
	while (i-- > 0)
		if (atoms[i].kind == QUOTIENT && poly_same(atoms[i].a, p))
			break;
	if (i == ~0u)
		return false;
	j = atoms[i].k;
	q = poly_atom(i);
	r = find_atom(REMAINDER, p, NULL, j);
	if (!r)
		return false;
	if (j < k) {
		term_split(q, k - j, quotient, &part);
		*remainder = poly_add(r, poly_scale(part, big_pow2(j)));
	} else {
		term_split(r, k, &part, remainder);
		*quotient = poly_add(poly_scale(q, big_pow2(j - k)), part);
	}
	return true;
}

void term_split(const struct poly *p, unsigned int k, const struct poly **quotient,
		const struct poly **remainder)
{
	const struct poly *whole = poly_const(big(0)), *rest = whole, *q, *r;
	const struct atom *wrapped;
	struct big low, high, c;
	unsigned int j;
	u32 i;

	/* p = x mod 2^n: of x, less what was cut, so that all are divided alike */
	if (p->nr == 1 && !big_cmp(p->term[0].factor, big(1)) &&
	    mono_degree(p->term[0].mono) == 1) {
		wrapped = &atoms[p->term[0].mono - 1];
		if (wrapped->kind == REMAINDER && wrapped->k > k && splits == SPLIT_SUMS) {
			term_split(wrapped->a, wrapped->k, &whole, &rest);
			term_split(wrapped->a, k, quotient, remainder);
			*quotient = poly_sub(*quotient, poly_scale(whole,
				big_pow2(wrapped->k - k)));
			return;
		}
	}
	/* p = 2^k * whole + rest, without any division */
	for (i = 0; i < p->nr; i++) {
		struct poly *t = new_poly(1);

		t->term[t->nr++] = p->term[i];
		if (big_sign(big_low(p->term[i].factor, k))) {
			rest = poly_add(rest, t);
		} else {
			t->term[0].factor = big_shr(p->term[i].factor, k);
			whole = poly_add(whole, t);
		}
	}
	/* rest = 2^j * x: of x */
	for (j = k, i = 0; i < rest->nr; i++)
		while (big_sign(big_low(rest->term[i].factor, j)))
			j--;
	if (j && rest->nr) {
		const struct poly *x = poly_const(big(0));

		for (i = 0; i < rest->nr; i++) {
			struct poly *t = new_poly(1);

			t->term[t->nr++] = (struct term){ rest->term[i].mono,
							  big_shr(rest->term[i].factor, j) };
			x = poly_add(x, t);
		}
		term_split(x, k - j, &q, &r);
		*quotient = poly_add(whole, q);
		*remainder = poly_scale(r, big_pow2(j));
		return;
	}
	poly_range(rest, &low, &high);
	low = big_shr(low, k);
	high = big_shr(high, k);
	if (!big_cmp(low, high)) {
		c = low;
		q = poly_const(c);
		r = poly_sub(rest, poly_const(big_mul(c, big_pow2(k))));
	} else {
		q = find_atom(QUOTIENT, rest, NULL, k);
		if (!q && splits == SPLIT_DIGITS && split_again(rest, k, &q, &r)) {
			*quotient = poly_add(whole, q);
			*remainder = r;
			return;
		}
		if (!q) {
			q = new_atom((struct atom){ .kind = QUOTIENT, .a = rest, .k = k,
						    .low = low, .high = high });
			r = new_atom((struct atom){ .kind = REMAINDER, .a = rest, .k = k,
				.low = big(0), .high = big_sub(big_pow2(k), big(1)) });
			add_fact(TRUTH_TRUE, poly_sub(poly_add(
				poly_scale(q, big_pow2(k)), r), rest), true);
		} else {
			r = find_atom(REMAINDER, rest, NULL, k);
			if (!r)		/* modulo 1 */
				r = poly_const(big(0));
		}
	}
	*quotient = poly_add(whole, q);
	*remainder = r;
}

void term_divide(const struct poly *p, const struct poly *by,
		 const struct poly **quotient, const struct poly **remainder)
{
	struct big low, high, by_low, by_high;
	fact_if not_0 = truth_at_least_0(poly_sub(by, poly_const(big(1))));
	const struct poly *q, *r;

	q = find_atom(DIVISION, p, by, 0);
	if (q) {
		*quotient = q;
		*remainder = find_atom(MODULO, p, by, 0);
		return;
	}
	poly_range(p, &low, &high);
	poly_range(by, &by_low, &by_high);
	if (big_negative(low) || big_negative(by_low) || high.d[2] || by_high.d[2])
		abort();
	if (big_sign(by_low))
		high = big_unsigned(big_to_u128(high) / big_to_u128(by_low));
	q = new_atom((struct atom){ .kind = DIVISION, .a = p, .b = by,
				    .low = big(0), .high = high });
	r = new_atom((struct atom){ .kind = MODULO, .a = p, .b = by, .low = big(0),
				    .high = big_sub(by_high, big(1)) });
	add_fact(not_0, poly_sub(poly_add(poly_mul(q, by), r), p), true);
	add_fact(not_0, poly_sub(poly_sub(by, poly_const(big(1))), r), false);
	*quotient = q;
	*remainder = r;
}

const struct poly *term_choose(fact_if c, const struct poly *yes, const struct poly *no)
{
	struct big low, high, l, h;
	const struct poly *p;
	bool constant;

	if (c == TRUTH_TRUE || poly_same(yes, no))
		return yes;
	if (c == TRUTH_FALSE)
		return no;
	/* GVN puts a constant where a value was compared with it */
	constant = poly_is_const(yes, &low) || poly_is_const(no, &low);
	if (constant && c == truth_equal(yes, no))
		return no;
	if (constant && c == ~truth_equal(yes, no))
		return yes;
	if (c < 0)
		return term_choose(~c, no, yes);
	for (u32 i = 0; i < nr_atoms; i++)
		if (atoms[i].kind == CHOICE && atoms[i].choice == c &&
		    poly_same(atoms[i].a, yes) && poly_same(atoms[i].b, no))
			return poly_atom(i);
	poly_range(yes, &low, &high);
	poly_range(no, &l, &h);
	p = new_atom((struct atom){ .kind = CHOICE, .a = yes, .b = no, .choice = c,
				    .low = big_min(l, low), .high = big_max(h, high) });
	add_fact(c, poly_sub(p, yes), true);
	add_fact(~c, poly_sub(p, no), true);
	return p;
}

/* ---- truth ---- */

static fact_if new_truth(struct truth t)
{
	for (u32 i = 1; i < nr_truths; i++)
		if (truths[i].kind == t.kind && truths[i].a == t.a && truths[i].b == t.b &&
		    truths[i].c == t.c &&
		    (t.kind != AT_LEAST_0 || poly_same(truths[i].p, t.p)))
			return i;
	if (nr_truths == MAX_TRUTHS)
		abort();
	truths[nr_truths] = t;
	return nr_truths++;
}

fact_if truth_at_least_0(const struct poly *p)
{
	struct big low, high;
	const struct poly *not;
	bool other;
	fact_if t;

	poly_range(p, &low, &high);
	if (!big_negative(low))
		return TRUTH_TRUE;
	if (big_negative(high))
		return TRUTH_FALSE;
	/* It and its negation, -1 - p >= 0, are one truth. */
	not = poly_sub(poly_const(big(-1)), p);
	other = big_negative(p->term[p->nr - 1].factor);
	t = new_truth((struct truth){ .kind = AT_LEAST_0, .p = other ? not : p });
	add_fact(t, other ? not : p, false);
	add_fact(~t, other ? p : not, false);
	return other ? ~t : t;
}

fact_if truth_equal(const struct poly *a, const struct poly *b)
{
	return truth_and(truth_at_least_0(poly_sub(a, b)),
			 truth_at_least_0(poly_sub(b, a)));
}

fact_if truth_and(fact_if a, fact_if b)
{
	if (a == TRUTH_FALSE || b == TRUTH_FALSE || a == ~b)
		return TRUTH_FALSE;
	if (a == TRUTH_TRUE || a == b)
		return b;
	if (b == TRUTH_TRUE)
		return a;
	return new_truth((struct truth){ .kind = AND, .a = a < b ? a : b,
					 .b = a < b ? b : a });
}

fact_if truth_or(fact_if a, fact_if b)
{
	return ~truth_and(~a, ~b);
}

fact_if truth_choose(fact_if c, fact_if yes, fact_if no)
{
	if (c == TRUTH_TRUE || yes == no)
		return yes;
	if (c == TRUTH_FALSE)
		return no;
	return truth_or(truth_and(c, yes), truth_and(~c, no));
}

/* ---- running it ---- */

static bool truth_value(fact_if t)
{
	return t < 0 ? !truths[~t].value : truths[t].value;
}

static struct big poly_value(const struct poly *p)
{
	struct big sum = big(0);

	for (u32 i = 0; i < p->nr; i++) {
		struct big v = p->term[i].factor;

		for (mono m = p->term[i].mono; m; m >>= 16)
			v = big_mul(v, atoms[(m & 0xffff) - 1].value);
		sum = big_add(sum, v);
	}
	return sum;
}

/* An atom needs truths only that were there before it, and the other way round. */
static u32 run_truths(u32 from, fact_if until)
{
	u32 end = until < 0 ? ~until : until;

	for (; from <= end; from++) {
		struct truth *t = &truths[from];

		t->value = t->kind == ALWAYS ? true :
			   t->kind == AT_LEAST_0 ? !big_negative(poly_value(t->p)) :
			   truth_value(t->a) && truth_value(t->b);
	}
	return from;
}

static struct big divided(const struct atom *a)
{
	u128 x = big_to_u128(poly_value(a->a)), y = big_to_u128(poly_value(a->b));

	if (!y)
		return big(0);
	return big_unsigned(a->kind == DIVISION ? x / y : x % y);
}

bool term_run(const u64 *inputs, fact_if t)
{
	u32 truth = 0;

	for (u32 i = 0; i < nr_atoms; i++) {
		struct atom *a = &atoms[i];

		switch (a->kind) {
		case INPUT:
			a->value = big_unsigned(inputs[a->k]);
			break;
		case UNKNOWN:
			a->value = a->low;
			break;
		case QUOTIENT:
			a->value = big_shr(poly_value(a->a), a->k);
			break;
		case REMAINDER:
			a->value = big_low(poly_value(a->a), a->k);
			break;
		case DIVISION:
		case MODULO:
			a->value = divided(a);
			break;
		case CHOICE:
			truth = run_truths(truth, a->choice);
			a->value = poly_value(truth_value(a->choice) ? a->a : a->b);
			break;
		}
	}
	run_truths(truth, nr_truths - 1);
	for (u32 i = 0; i < nr_facts; i++) {
		int sign = big_sign(poly_value(facts[i].p));

		if (truth_value(facts[i].when) && (facts[i].equal ? sign : sign < 0)) {
			fprintf(stderr, "prover: fact %u is none\n", i);
			exit(2);
		}
	}
	return truth_value(t);
}

/* ---- hints ---- */

static mono *monos;			/* the products that facts name, in order */
static u32 nr_monos, room_monos;

static u32 mono_at(mono m)
{
	u32 low = 0, high = nr_monos;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (monos[mid] < m)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool known_mono(mono m)
{
	u32 i = mono_at(m);

	return i < nr_monos && monos[i] == m;
}

static void know_monos(const struct poly *p)
{
	for (u32 k = 0; k < p->nr; k++) {
		mono m = p->term[k].mono;
		u32 i = mono_at(m);

		if (i < nr_monos && monos[i] == m)
			continue;
		if (nr_monos == room_monos) {
			room_monos = 2 * room_monos + 64;
			monos = realloc(monos, room_monos * sizeof(*monos));
			if (!monos)
				abort();
		}
		memmove(&monos[i + 1], &monos[i], (nr_monos - i) * sizeof(*monos));
		monos[i] = m;
		nr_monos++;
	}
}

/* How many of p's products with @m facts name. */
static u32 known_products(const struct poly *p, mono m, u32 *of)
{
	u32 n = 0;

	*of = 0;
	for (u32 i = 0; i < p->nr; i++)
		if (p->term[i].mono) {
			(*of)++;
			n += known_mono(mono_mul(p->term[i].mono, m));
		}
	return n;
}

/* Is there a factor that facts name products of both with? */
static bool share_factor(u32 a, u32 b)
{
	for (u32 n = 0; n < nr_atoms; n++)
		if (known_mono(mono_mul(a + 1, n + 1)) && known_mono(mono_mul(b + 1, n + 1)))
			return true;
	return false;
}

/*
 * Each quotient is (what was divided - remainder) / 2^k: where a sum of what was divided,
 * with signs, is in a narrow range, that of the quotients is.
 */
static void near_quotients(const u32 *atom, const int *sign, int nr)
{
	unsigned int k = atoms[atom[0]].k;
	const struct poly *sum = poly_const(big(0)), *divided = sum;
	struct big low, high, most = big_sub(big_pow2(k), big(1));

	for (int i = 0; i < nr; i++) {
		sum = add_scaled(sum, poly_atom(atom[i]), big(sign[i]));
		divided = add_scaled(divided, atoms[atom[i]].a, big(sign[i]));
	}
	poly_range(divided, &low, &high);
	for (int i = 0; i < nr; i++) {
		if (sign[i] > 0)
			low = big_sub(low, most);
		else
			high = big_add(high, most);
	}
	/* rounded inwards, for it is whole */
	low = big_neg(big_shr(big_neg(low), k));
	high = big_shr(high, k);
	if (big_cmp(big_sub(high, low), big(2)) > 0)
		return;
	add_fact(TRUTH_TRUE, poly_sub(sum, poly_const(low)), false);
	add_fact(TRUTH_TRUE, poly_sub(poly_const(high), sum), false);
}

/*
 * Of two quotients by one number either is at least the other: their products with a
 * third are in the same order, which those of what was divided don't tell.
 */
static void relate_quotients(void)
{
	static const int signs[][3] = { { 1, 1 }, { 1, -1 }, { -1, 1 }, { 1, 1, 1 },
					{ 1, 1, -1 }, { 1, -1, 1 }, { 1, -1, -1 } };
	u32 end = nr_atoms;

	for (u32 a = 0; a < end; a++) {
		for (u32 b = 0; b < a; b++) {
			if ((atoms[a].kind != QUOTIENT && atoms[a].kind != DIVISION) ||
			    atoms[b].kind != atoms[a].kind || atoms[b].k != atoms[a].k ||
			    !share_factor(a, b))
				continue;
			truth_at_least_0(poly_sub(poly_atom(a), poly_atom(b)));
			truth_at_least_0(poly_sub(poly_atom(b), poly_atom(a)));
			if (atoms[a].kind == DIVISION)
				continue;
			for (int i = 0; i < 3; i++)
				near_quotients((u32 []){ a, b }, signs[i], 2);
			for (u32 c = 0; c < b; c++)
				for (int i = 3; atoms[c].kind == QUOTIENT &&
				     atoms[c].k == atoms[a].k && share_factor(b, c) && i < 7; i++)
					near_quotients((u32 []){ a, b, c }, signs[i], 3);
		}
	}
}

/*
 * How often something wrapped: mostly not at all or once, but that is known in one case
 * only.  So it gets a truth, and with it facts that can be multiplied.
 */
static void tell_wraps_apart(void)
{
	u32 end = nr_atoms;

	for (u32 a = 0; a < end; a++) {
		if (atoms[a].kind != QUOTIENT || !share_factor(a, a))
			continue;
		for (int i = -1; i <= 1; i++)
			if (big_cmp(atoms[a].low, big(i)) < 0 && big_cmp(atoms[a].high, big(i)) > 0)
				truth_at_least_0(poly_sub(poly_atom(a), poly_const(big(i))));
	}
}

static bool factor[MAX_ATOMS];		/* facts are multiplied by these */

static bool has_factor(mono m)
{
	for (; m; m >>= 16)
		if (factor[(m & 0xffff) - 1])
			return true;
	return false;
}

/* How many products an atom occurs in that have none of the factors yet. */
static u32 products_of(u32 n)
{
	u32 nr = 0;

	for (u32 i = 0; i < nr_monos; i++)
		for (mono m = monos[i]; mono_degree(monos[i]) > 1 &&
		     !has_factor(monos[i]) && m; m >>= 16)
			nr += (m & 0xffff) == n + 1;
	return nr;
}

/* A multiplier mostly is in all products: few atoms, of which one is in each. */
static void find_factors(void)
{
	memset(factor, 0, sizeof(factor));
	for (;;) {
		u32 best = 0, most = 0;

		for (u32 n = 0; n < nr_atoms; n++) {
			u32 nr = products_of(n);

			if (nr > most) {
				most = nr;
				best = n;
			}
		}
		if (!most)
			return;
		factor[best] = true;
	}
}

static void find_more_factors(void)
{
	for (u32 i = 0; i < nr_monos; i++)
		for (mono m = monos[i]; mono_degree(monos[i]) > 1 && m; m >>= 16)
			factor[(m & 0xffff) - 1] = true;
}

/* They tie products that come new to old ones. */
static void multiply_equations(unsigned int degree)
{
	u32 end = nr_facts;

	for (u32 i = 0; i < end; i++) {
		if (!facts[i].equal || poly_degree(facts[i].p) >= degree)
			continue;
		for (u32 n = 0; n < nr_atoms; n++) {
			const struct poly *p;
			u32 of;

			if (!factor[n] || !known_products(facts[i].p, n + 1, &of))
				continue;
			p = poly_mul(facts[i].p, poly_atom(n));
			if (add_fact(facts[i].when, p, true))
				know_monos(p);
		}
	}
}

/* By a factor's distance from either bound, where no new product comes from it. */
static void multiply_inequalities(unsigned int degree, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++) {
		if (facts[i].equal || poly_degree(facts[i].p) >= degree)
			continue;
		for (u32 n = 0; n < nr_atoms; n++) {
			const struct poly *low = poly_sub(poly_atom(n), poly_const(atoms[n].low));
			const struct poly *high = poly_sub(poly_const(atoms[n].high), poly_atom(n));
			u32 of, known;

			if (!factor[n])
				continue;
			known = known_products(facts[i].p, n + 1, &of);
			if (!of || known < of)
				continue;
			add_fact(facts[i].when, poly_mul(facts[i].p, low), false);
			add_fact(facts[i].when, poly_mul(facts[i].p, high), false);
		}
	}
}

void term_hints(int level)
{
	unsigned int degree = level < 4 ? 2 : 3;
	bool all = level == 2 || level == 3 || level == 5;
	u32 first, end;

	nr_monos = 0;
	for (u32 i = 0; i < nr_facts; i++)
		know_monos(facts[i].p);
	find_factors();
	if (all)
		find_more_factors();
	for (int round = 0; round < 3; round++)
		multiply_equations(degree);
	relate_quotients();
	if (level > 2)
		tell_wraps_apart();
	for (first = 0; first < nr_facts; first = end) {
		end = nr_facts;
		multiply_inequalities(level < 5 ? 2 : 3, first, end);
	}
}

/* ---- SMT-LIB ---- */

static void write_mono(FILE *out, mono m)
{
	char sep = 'a';

	for (; m; m >>= 16, sep = '_')
		fprintf(out, "%c%u", sep, (u32)(m & 0xffff) - 1);
}

static void write_poly(FILE *out, const struct poly *p)
{
	char buf[BIG_DIGITS];

	fputs("(+ 0", out);
	for (u32 i = 0; i < p->nr; i++) {
		const char *factor = big_text(p->term[i].factor, buf);

		if (!p->term[i].mono) {
			fprintf(out, " %s", factor);
			continue;
		}
		fprintf(out, " (* %s ", factor);
		write_mono(out, p->term[i].mono);
		fputc(')', out);
	}
	fputc(')', out);
}

static void write_truth(FILE *out, fact_if t)
{
	fprintf(out, t < 0 ? "(not t%d)" : "t%d", t < 0 ? ~t : t);
}

void term_write(FILE *out, fact_if t)
{
	nr_monos = 0;
	for (u32 i = 0; i < nr_facts; i++)
		know_monos(facts[i].p);
	for (u32 i = 0; i < nr_monos; i++)
		if (monos[i]) {
			fputs("(declare-const ", out);
			write_mono(out, monos[i]);
			fputs(" Int)\n", out);
		}
	fputs("(define-fun t0 () Bool true)\n", out);
	for (u32 i = 1; i < nr_truths; i++) {
		if (truths[i].kind == AT_LEAST_0) {
			fprintf(out, "(declare-const t%u Bool)\n", i);
			continue;
		}
		fprintf(out, "(define-fun t%u () Bool (and ", i);
		write_truth(out, truths[i].a);
		fputc(' ', out);
		write_truth(out, truths[i].b);
		fputs("))\n", out);
	}
	for (u32 i = 0; i < nr_facts; i++) {
		fputs("(assert (=> ", out);
		write_truth(out, facts[i].when);
		fprintf(out, " (%s 0 ", facts[i].equal ? "=" : "<=");
		write_poly(out, facts[i].p);
		fputs(")))\n", out);
	}
	fputs("(assert ", out);
	write_truth(out, t);
	fputs(")\n", out);
}

static u32 input_atom(u32 n)
{
	u32 i = 0;

	while (atoms[i].kind != INPUT || atoms[i].k != n)
		i++;
	return i;
}

const char *term_input_name(u32 n, char buf[16])
{
	snprintf(buf, 16, "a%u", input_atom(n));
	return buf;
}

void term_pin(FILE *out, u32 n, u64 value)
{
	u32 atom = input_atom(n) + 1;

	fprintf(out, "(assert (= a%u %llu))\n", atom - 1, value);
	for (u32 i = 0; i < nr_monos; i++) {
		mono m = monos[i], rest = 0;
		bool has = false;

		if (mono_degree(m) < 2)
			continue;
		for (int at = 0; m; m >>= 16)
			if (!has && (m & 0xffff) == atom)
				has = true;
			else
				rest |= (m & 0xffff) << 16 * at++;
		if (!has || !known_mono(rest))
			continue;
		fputs("(assert (= ", out);
		write_mono(out, monos[i]);
		fprintf(out, " (* %llu ", value);
		write_mono(out, rest);
		fputs(")))\n", out);
	}
}
