// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutate SLICED OUT SOURCE... -- COMPILER-FLAGS
 *
 * Reads the sliced files below SLICED as SOURCE... (host.c, guest.c) are compiled,
 * and writes to OUT copies that hold all mutants at once: the global cf_mutant
 * chooses one (mutant.c), and with 0 they are the original.
 *
 *	OUT/host/... OUT/guest/...	the files in which something is mutated
 *	OUT/host.inc OUT/guest.inc	SLICED's, with those in their place
 *	OUT/mutants.tsv			id, function, file, operator, its number in
 *					that function, line, hash of the function's
 *					text, bytes from and to, the text in place
 *	OUT/skipped.tsv			how many places were left alone, and why
 *
 * A place is mutated by a statement expression that evaluates each operand once,
 * so nesting doesn't multiply text.  Values keep the types that they had.  What
 * both sides include has one mutant, which both sides have.
 */
#include <clang-c/Index.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../../src/file.h"
#include "../../src/types.h"
#include "mutant.h"

#define MAX_SOURCE (1 << 22)

static _Noreturn void die(const char *fmt, ...)
{
	va_list ap;

	fputs("mutate: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void *need(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

#define GROW(array, nr) \
	((array) = need(realloc(array, ((nr) + 1) * sizeof(*(array)))), &(array)[nr])

/* ---- text ------------------------------------------------------------------- */

struct buf {
	char *text;
	size_t len;
};

static void put(struct buf *b, const char *text, size_t len)
{
	b->text = need(realloc(b->text, b->len + len + 1));
	memcpy(b->text + b->len, text, len);
	b->len += len;
	b->text[b->len] = '\0';
}

static void __attribute__((format(printf, 2, 3))) print(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");
	put(b, s, n);
	free(s);
}

/* ---- what is read ----------------------------------------------------------- */

struct macro_use {
	u32 start, end;
	char name[64];
	bool has_arguments;
};

struct patch {
	u32 start, end;
	char *text;
};

struct source {
	char *path;			/* below SLICED: host/... */
	char *text;
	size_t len;
	u32 nr_uses, nr_patches;
	struct macro_use *use;
	struct patch *patch;
};

static const char *sliced, *out_dir;
static struct source **sources;
static u32 nr_sources;

static char *read_whole(const char *path, size_t *len)
{
	char *text = need(malloc(MAX_SOURCE));
	long n = file_read(path, text, MAX_SOURCE - 1);

	if (n < 0)
		die("%s: %s", path, strerror(errno));
	text[n] = '\0';
	*len = n;
	return text;
}

/* NULL: not a sliced file */
static struct source *source_of(CXFile file)
{
	CXString name = clang_getFileName(file);
	const char *path = clang_getCString(name);
	size_t n = strlen(sliced);
	struct source *s = NULL;

	if (path && !strncmp(path, sliced, n) && path[n] == '/' &&
	    strchr(path + n + 1, '/')) {
		for (u32 i = 0; i < nr_sources && !s; i++)
			if (!strcmp(sources[i]->path, path + n + 1))
				s = sources[i];
		if (!s) {
			s = need(calloc(1, sizeof(*s)));
			*GROW(sources, nr_sources) = s;
			nr_sources++;
			s->path = need(strdup(path + n + 1));
			s->text = read_whole(path, &s->len);
		}
	}
	clang_disposeString(name);
	return s;
}

/* The tree's own path: both sides have a copy of a header. */
static const char *kernel_path(const struct source *s)
{
	return strchr(s->path, '/') + 1;
}

static struct source *src;		/* of the function at hand */

struct range {
	u32 start, end;
};

/* @c's bytes in the file at hand; for those of a macro's body, the macro's name. */
static bool range_of(CXCursor c, struct range *r)
{
	CXSourceRange extent = clang_getCursorExtent(c);
	CXFile from, to;

	clang_getFileLocation(clang_getRangeStart(extent), &from, NULL, NULL, &r->start);
	clang_getFileLocation(clang_getRangeEnd(extent), &to, NULL, NULL, &r->end);
	if (!from || !to || !clang_File_isEqual(from, to) || source_of(from) != src)
		return false;
	/* libclang loses a macro that ends what is another one's argument */
	for (u32 i = 0; i < src->nr_uses; i++)
		if (src->use[i].start == r->end) {
			r->end = src->use[i].end;
			break;
		}
	return r->start < r->end && r->end <= src->len;
}

/* The macro whose body, not whose argument, @r comes from; or NULL. */
static const struct macro_use *macro_at(struct range r)
{
	for (u32 i = 0; i < src->nr_uses; i++)
		if (src->use[i].start == r.start && src->use[i].end >= r.end)
			return &src->use[i];
	return NULL;
}

static u32 line_at(u32 at)
{
	u32 line = 1;

	for (u32 i = 0; i < at; i++)
		line += src->text[i] == '\n';
	return line;
}

/* The first byte from @at on that is neither blank nor comment. */
static u32 skip_blank(u32 at)
{
	for (;;) {
		if (isspace((unsigned char)src->text[at])) {
			at++;
		} else if (!strncmp(src->text + at, "/*", 2)) {
			const char *end = strstr(src->text + at, "*/");

			at = end ? end + 2 - src->text : src->len;
		} else if (!strncmp(src->text + at, "//", 2)) {
			at += strcspn(src->text + at, "\n");
		} else {
			return at;
		}
	}
}

/* Do [start, end) hold @token and blanks only?  Its place. */
static bool is_token(u32 start, u32 end, const char *token, struct range *at)
{
	size_t n = strlen(token);

	if (start > end)
		return false;
	at->start = skip_blank(start);
	at->end = at->start + n;
	return at->end <= end && !memcmp(src->text + at->start, token, n) &&
	       skip_blank(at->end) >= end;
}

static bool same_text(struct range a, struct range b)
{
	return a.end - a.start == b.end - b.start &&
	       !memcmp(src->text + a.start, src->text + b.start, a.end - a.start);
}

/* ---- mutants ---------------------------------------------------------------- */

struct mutant {
	char *function, *file, *text;
	const char *op;
	char hash[20];
	u32 nth, line, column;
	struct range at;
	const struct source *src;
};

static struct mutant *mutants;
static u32 nr_mutants;
static char function[128], function_hash[20];

static struct skipped {
	const char *why;
	u32 count;
} skipped[16];

static void skip(const char *why)
{
	u32 i = 0;

	while (skipped[i].why && strcmp(skipped[i].why, why))
		i++;
	skipped[i].why = why;
	skipped[i].count++;
}

/* A mutant that puts @text in place of bytes @at.  Returns its number. */
static u32 __attribute__((format(printf, 3, 4))) mutant(const char *op, struct range at,
							 const char *fmt, ...)
{
	struct mutant *m;
	va_list ap;
	u32 column = 0, nth = 1, line = line_at(at.start);
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");
	while (column < at.start && src->text[at.start - column - 1] != '\n')
		column++;
	for (u32 i = 0; i < nr_mutants; i++) {
		m = &mutants[i];
		if (strcmp(m->file, kernel_path(src)) || strcmp(m->function, function) ||
		    strcmp(m->op, op))
			continue;
		if (m->line == line && m->column == column && !strcmp(m->text, text)) {
			free(text);
			return i + 1;		/* the other side's, too */
		}
		nth++;
	}
	if (nr_mutants + 2 > MUTANT_MAX)
		die("more than %d mutants", MUTANT_MAX - 2);
	m = GROW(mutants, nr_mutants);
	*m = (struct mutant){
		need(strdup(function)), need(strdup(kernel_path(src))), text, op,
		"", nth, line, column, at, src,
	};
	strcpy(m->hash, function_hash);
	return ++nr_mutants;
}

#define SPELLED(r) (int)((r).end - (r).start), src->text + (r).start

/* ---- types ------------------------------------------------------------------ */

struct integer {
	const char *name, *other;	/* of the other signedness */
	bool is_signed;
	int size;
};

/* Also of an enum; false: @type isn't one. */
static bool integer_type(CXType type, struct integer *t)
{
	static const struct {
		enum CXTypeKind kind;
		struct integer t;
	} known[] = {
		{ CXType_Bool, { "_Bool", NULL, false, 1 } },
		{ CXType_Char_S, { "char", "unsigned char", true, 1 } },
		{ CXType_SChar, { "signed char", "unsigned char", true, 1 } },
		{ CXType_UChar, { "unsigned char", "signed char", false, 1 } },
		{ CXType_Short, { "short", "unsigned short", true, 2 } },
		{ CXType_UShort, { "unsigned short", "short", false, 2 } },
		{ CXType_Int, { "int", "unsigned int", true, 4 } },
		{ CXType_UInt, { "unsigned int", "int", false, 4 } },
		{ CXType_Long, { "long", "unsigned long", true, 8 } },
		{ CXType_ULong, { "unsigned long", "long", false, 8 } },
		{ CXType_LongLong, { "long long", "unsigned long long", true, 8 } },
		{ CXType_ULongLong, { "unsigned long long", "long long", false, 8 } },
		{ CXType_Int128, { "__int128", "unsigned __int128", true, 16 } },
		{ CXType_UInt128, { "unsigned __int128", "__int128", false, 16 } },
	};

	type = clang_getCanonicalType(type);
	if (type.kind == CXType_Enum)
		type = clang_getCanonicalType(
			clang_getEnumDeclIntegerType(clang_getTypeDeclaration(type)));
	for (u32 i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].kind == type.kind) {
			*t = known[i].t;
			return true;
		}
	return false;
}

static bool is_integer(CXCursor c, struct integer *t)
{
	return integer_type(clang_getCursorType(c), t);
}

static bool is_pointer(CXCursor c)
{
	return clang_getCanonicalType(clang_getCursorType(c)).kind == CXType_Pointer;
}

/* ---- the tree of a function ---------------------------------------------------- */

struct item {
	CXCursor c;
	struct range r;
	bool statement;			/* r has its semicolon */
};

struct items {
	struct item *item;
	u32 nr;
};

static enum CXChildVisitResult add_child(CXCursor c, CXCursor parent, CXClientData data)
{
	struct items *list = data;

	memset(GROW(list->item, list->nr), 0, sizeof(*list->item));
	list->item[list->nr++].c = c;
	return CXChildVisit_Continue;
}

static struct items children(CXCursor c)
{
	struct items list = { 0 };

	clang_visitChildren(c, add_child, &list);
	return list;
}

/* What no value of a variable may stand in. */
static bool is_constant_context(const struct macro_use *m)
{
	static const char *const names[] = {
		"BUILD_BUG_ON", "static_assert", "__stringify", "container_of", "offsetof",
		"ARRAY_SIZE", "__is_constexpr", "IS_ENABLED", "kvm_x86_call", "static_call",
	};

	for (u32 i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(m->name, names[i]))
			return true;
	return false;
}

static const struct macro_use *open_clamp;	/* whose arguments are looked at */

/* Is @r all of a clamp that wasn't looked at yet? */
static bool is_clamp(const struct macro_use *m, struct range r)
{
	if (m == open_clamp || m->end != r.end)
		return false;
	return !strcmp(m->name, "min") || !strcmp(m->name, "max") ||
	       !strcmp(m->name, "min_t") || !strcmp(m->name, "max_t");
}

/* The cursors below @c that are spelled within @in, macros' arguments too. */
static void spelled_below(CXCursor c, struct range in, struct items *list)
{
	struct items below = children(c);

	for (u32 i = 0; i < below.nr; i++) {
		CXCursor child = below.item[i].c;
		const struct macro_use *m;
		struct range r;

		if (clang_getCursorKind(child) == CXCursor_VarDecl) {
			bool is_static = clang_Cursor_getStorageClass(child) == CX_SC_Static;

			child = clang_Cursor_getVarDeclInitializer(child);
			if (clang_Cursor_isNull(child))
				continue;
			if (is_static) {
				skip("static initialiser");
				continue;
			}
		}
		if (!range_of(child, &r) || r.start < in.start || r.end > in.end)
			continue;
		m = macro_at(r);
		if (!m || is_clamp(m, r)) {
			*GROW(list->item, list->nr) = (struct item){ child, r, false };
			list->nr++;
		} else if (is_constant_context(m)) {
			skip("constant context");
		} else {
			spelled_below(child, in, list);
		}
	}
	free(below.item);
}

static int by_place(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	if (a->r.start != b->r.start)
		return a->r.start < b->r.start ? -1 : 1;
	return (a->r.end < b->r.end) - (a->r.end > b->r.end);
}

/* In order, and what a macro repeats once. */
static void untangle(struct items *list)
{
	u32 nr = 0, end = 0;

	if (list->nr)
		qsort(list->item, list->nr, sizeof(*list->item), by_place);
	for (u32 i = 0; i < list->nr; i++) {
		if (list->item[i].r.start < end)
			continue;
		end = list->item[i].r.end;
		list->item[nr++] = list->item[i];
	}
	list->nr = nr;
}

static CXCursor without_parens(CXCursor c)
{
	while (clang_getCursorKind(c) == CXCursor_UnexposedExpr ||
	       clang_getCursorKind(c) == CXCursor_ParenExpr) {
		struct items list = children(c);
		CXCursor below = list.nr == 1 ? list.item[0].c : clang_getNullCursor();

		free(list.item);
		if (clang_Cursor_isNull(below))
			break;
		c = below;
	}
	return c;
}

/* ---- rewriting ---------------------------------------------------------------- */

/* what is true of a place */
#define IS_AMOUNT 1			/* of a shift */
#define IS_POINTER 2			/* converted to one: NULL */
#define HAS_VALUE 4			/* a statement expression's body */
#define IS_SWITCH 8			/* a switch's body */

static void emit(struct buf *out, CXCursor c, u32 place);

static bool changes_something(CXCursor c)
{
	struct items list = children(c);
	bool changes = false;

	switch (clang_getCursorKind(c)) {
	case CXCursor_BinaryOperator:
	case CXCursor_CompoundAssignOperator:
	case CXCursor_UnaryOperator:
	case CXCursor_CallExpr:
	case CXCursor_GCCAsmStmt:
		changes = true;
		break;
	default:
		for (u32 i = 0; i < list.nr && !changes; i++)
			changes = changes_something(list.item[i].c);
	}
	free(list.item);
	return changes;
}

/* What is for other threads and for people; one thread runs here. */
static const char *without_effect(const struct macro_use *m)
{
	static const struct { const char *prefix, *why; } known[] = {
		{ "WARN", "statement that warns only" },
		{ "lockdep_", "statement that warns only" },
		{ "pr_", "statement that warns only" },
		{ "printk", "statement that warns only" },
		{ "raw_spin_", "lock" }, { "spin_", "lock" }, { "mutex_", "lock" },
		{ "read_lock", "lock" }, { "read_unlock", "lock" }, { "srcu_", "lock" },
		{ "local_irq_", "lock" }, { "preempt_", "lock" }, { "put_cpu", "lock" },
		{ "cpu_relax", "lock" },
	};

	for (u32 i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(m->name, known[i].prefix, strlen(known[i].prefix)))
			return known[i].why;
	return is_constant_context(m) ? "constant context" : NULL;
}

static bool can_be_dropped(CXCursor c, struct range *r)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	const struct macro_use *m = macro_at(*r);
	struct items list;
	u32 end;

	switch (kind) {
	case CXCursor_BreakStmt:
	case CXCursor_ContinueStmt:
	case CXCursor_GotoStmt:
		break;
	case CXCursor_ReturnStmt:
		list = children(c);
		free(list.item);
		if (list.nr)
			return false;
		break;
	case CXCursor_DoStmt:
		if (!m)
			return false;
		/* fallthrough */
	default:
		if (!clang_isExpression(kind) && kind != CXCursor_DoStmt)
			return false;
		if (m && without_effect(m)) {
			skip(without_effect(m));
			return false;
		}
		if (!changes_something(c)) {
			skip("statement without effect here");
			return false;
		}
	}
	if (m)
		r->end = m->end;
	end = skip_blank(r->end);
	if (src->text[end] != ';')
		return false;
	r->end = end + 1;
	return true;
}

/* Is @statement "x = y" below a condition that compares x? */
static bool clamps(CXCursor condition, CXCursor statement)
{
	struct items sides, assignment;
	struct range a, b;
	bool found = false;

	sides = children(without_parens(condition));
	assignment = children(statement);
	if (clang_getCursorKind(statement) == CXCursor_BinaryOperator && assignment.nr == 2 &&
	    clang_getCursorKind(without_parens(condition)) == CXCursor_BinaryOperator &&
	    range_of(assignment.item[0].c, &a))
		for (u32 i = 0; i < sides.nr; i++)
			found |= range_of(sides.item[i].c, &b) && same_text(a, b);
	free(sides.item);
	free(assignment.item);
	return found;
}

static void emit_statement(struct buf *out, const struct item *s, const char *op)
{
	print(out, "{ if (!CF_MUTANT(%u)) { ", mutant(op, s->r, ";"));
	emit(out, s->c, 0);
	print(out, "; } }");
}

static void emit_items(struct buf *out, struct range r, struct items *list, u32 place)
{
	u32 at = r.start;

	untangle(list);
	for (u32 i = 0; i < list->nr; i++) {
		const struct item *item = &list->item[i];

		put(out, src->text + at, item->r.start - at);
		if (item->statement)
			emit_statement(out, item, "drop");
		else
			emit(out, item->c, place);
		at = item->r.end;
	}
	put(out, src->text + at, r.end - at);
	free(list->item);
}

static void emit_below(struct buf *out, CXCursor c, struct range r, u32 place)
{
	struct items list = { 0 };

	spelled_below(c, r, &list);
	emit_items(out, r, &list, place);
}

/* @r once more, on one line: its lines are there already. */
static void put_again(struct buf *out, struct range r)
{
	for (u32 i = r.start; i < r.end; i++)
		put(out, src->text[i] == '\n' ? " " : src->text + i, 1);
}

/* Lines must stay what they are: those that stood between two operands. */
static void put_lines(struct buf *out, u32 start, u32 end)
{
	for (; start < end; start++)
		if (src->text[start] == '\n')
			put(out, "\n", 1);
}

struct change {
	const char *from, *op, *to;
};

static const struct change changes[] = {
	{ "+", "arith", "-" },		{ "-", "arith", "+" },
	{ "*", "arith", "+" },		{ "/", "arith", "*" },
	{ "%", "arith", "/" },
	{ "&", "bits", "|" },		{ "|", "bits", "&" },
	{ "^", "bits", "|" },
	{ "<<", "direction", ">>" },	{ ">>", "direction", "<<" },
	{ "<", "bound", "<=" },		{ "<=", "bound", "<" },
	{ ">", "bound", ">=" },		{ ">=", "bound", ">" },
	{ "<", "relation", ">=" },	{ "<=", "relation", ">" },
	{ ">", "relation", "<=" },	{ ">=", "relation", "<" },
	{ "==", "relation", "!=" },	{ "!=", "relation", "==" },
	{ "&&", "logic", "||" },	{ "||", "logic", "&&" },
};

#define NR_CHANGES (sizeof(changes) / sizeof(changes[0]))

/* The operator in [start, end), with @suffix behind it. */
static const char *find_operator(u32 start, u32 end, const char *suffix, struct range *at)
{
	char token[8];

	for (u32 i = 0; i < NR_CHANGES; i++) {
		snprintf(token, sizeof(token), "%s%s", changes[i].from, suffix);
		if (is_token(start, end, token, at))
			return changes[i].from;
	}
	return NULL;
}

static bool is_shift(const char *op)
{
	return !strcmp(op, "<<") || !strcmp(op, ">>");
}

static bool is_literal(CXCursor c)
{
	return clang_getCursorKind(without_parens(c)) == CXCursor_IntegerLiteral;
}

/* Signedness matters to these, beside what widening does. */
static bool has_signedness(const char *op)
{
	return strchr("<>/%", *op) && strcmp(op, "<<");
}

static bool is_cast_to(CXCursor c, int size)
{
	struct integer t;
	struct range r;

	c = without_parens(c);
	return clang_getCursorKind(c) == CXCursor_CStyleCastExpr && is_integer(c, &t) &&
	       t.size == size && range_of(c, &r) && !macro_at(r);
}

static bool emit_binary(struct buf *out, CXCursor c, struct range r)
{
	struct items side = children(c);
	struct integer a, b, t;
	struct range ra, rb, at;
	const char *op = NULL;

	if (side.nr == 2 && range_of(side.item[0].c, &ra) && range_of(side.item[1].c, &rb) &&
	    ra.start == r.start && rb.end == r.end)
		op = find_operator(ra.end, rb.start, "", &at);
	if (op && (!strcmp(op, "&&") || !strcmp(op, "||"))) {
		bool is_and = *op == '&';

		/* the second operand is looked at when the first one doesn't decide */
		print(out, "({ _Bool cf_m = CF_MUTANT(%u), cf_a = (",
		      mutant("logic", at, is_and ? "||" : "&&"));
		emit(out, side.item[0].c, 0);
		print(out, "); (int)(cf_a %s cf_m ? (_Bool)(", is_and ? "!=" : "==");
		put_lines(out, ra.end, rb.start);
		emit(out, side.item[1].c, 0);
		print(out, ") : cf_a); })");
	} else if (op && is_integer(side.item[0].c, &a) && is_integer(side.item[1].c, &b) &&
		   is_integer(c, &t)) {
		print(out, "({ %s cf_a = (", a.name);
		emit(out, side.item[0].c, 0);
		print(out, "); %s cf_b = (", b.name);
		put_lines(out, ra.end, rb.start);
		emit(out, side.item[1].c, is_shift(op) ? IS_AMOUNT : 0);
		print(out, "); (%s)(", t.name);
		for (u32 i = 0; i < NR_CHANGES; i++)
			if (!strcmp(changes[i].from, op))
				print(out, "CF_MUTANT(%u) ? cf_a %s cf_b : ",
				      mutant(changes[i].op, at, "%s", changes[i].to),
				      changes[i].to);
		if (is_shift(op) && !is_literal(side.item[1].c))
			for (int sign = '+'; sign <= '-'; sign += 2)
				print(out, "CF_MUTANT(%u) ? cf_a %s (cf_b %c 1) : ",
				      mutant(sign == '+' ? "amount+1" : "amount-1", rb,
					     "(%.*s) %c 1", SPELLED(rb), sign), op, sign);
		if (has_signedness(op) && a.other && is_shift(op) &&
		    is_cast_to(side.item[0].c, a.size))
			print(out, "CF_MUTANT(%u) ? (%s)cf_a %s cf_b : ",
			      mutant("signedness", ra, "(%s)(%.*s)", a.other, SPELLED(ra)),
			      a.other, op);
		else if (has_signedness(op) && !is_shift(op) && a.other &&
			 (is_cast_to(side.item[0].c, a.size) ||
			  is_cast_to(side.item[1].c, a.size)))
			print(out, "CF_MUTANT(%u) ? (%s)cf_a %s (%s)cf_b : ",
			      mutant("signedness", r, "(%s)(%.*s) %s (%s)(%.*s)", a.other,
				     SPELLED(ra), op, a.other, SPELLED(rb)),
			      a.other, op, a.other);
		print(out, "cf_a %s cf_b); })", op);
	} else {
		op = NULL;
	}
	free(side.item);
	return op;
}

static bool emit_compound_assignment(struct buf *out, CXCursor c, struct range r)
{
	struct items side = children(c);
	struct integer a, b;
	struct range ra, rb, at;
	const char *op = NULL;

	if (side.nr == 2 && range_of(side.item[0].c, &ra) && range_of(side.item[1].c, &rb) &&
	    is_integer(side.item[0].c, &a) && is_integer(side.item[1].c, &b))
		op = find_operator(ra.end, rb.start, "=", &at);
	if (op) {
		/* the target is repeated: what is in it isn't mutated */
		print(out, "({ %s cf_b = (", b.name);
		emit(out, side.item[1].c, is_shift(op) ? IS_AMOUNT : 0);
		print(out, "); ");
		for (u32 i = 0; i < NR_CHANGES; i++)
			if (!strcmp(changes[i].from, op))
				print(out, "CF_MUTANT(%u) ? (%.*s %s= cf_b) : ",
				      mutant(changes[i].op, at, "%s=", changes[i].to),
				      SPELLED(ra), changes[i].to);
		if (is_shift(op) && !is_literal(side.item[1].c))
			for (int sign = '+'; sign <= '-'; sign += 2)
				print(out, "CF_MUTANT(%u) ? (%.*s %s= cf_b %c 1) : ",
				      mutant(sign == '+' ? "amount+1" : "amount-1", rb,
					     "(%.*s) %c 1", SPELLED(rb), sign),
				      SPELLED(ra), op, sign);
		print(out, "(%.*s %s= cf_b); })", SPELLED(ra), op);
		put_lines(out, ra.end, rb.start);
	}
	free(side.item);
	return op;
}

static bool emit_unary(struct buf *out, CXCursor c, struct range r)
{
	struct items side = children(c);
	struct range ra, at;
	struct integer t;
	bool done = false;

	if (side.nr != 1 || !range_of(side.item[0].c, &ra)) {
		;
	} else if (is_token(r.start, ra.start, "!", &at)) {
		print(out, "({ _Bool cf_a = (");
		emit(out, side.item[0].c, 0);
		print(out, "); (int)(CF_MUTANT(%u) ? cf_a : !cf_a); })",
		      mutant("negation", at, " "));
		done = true;
	} else if (is_integer(c, &t) && (is_token(r.start, ra.start, "-", &at) ||
					 is_token(r.start, ra.start, "~", &at))) {
		print(out, "({ %s cf_a = (", t.name);
		emit(out, side.item[0].c, 0);
		print(out, "); (%s)(CF_MUTANT(%u) ? cf_a : %ccf_a); })", t.name,
		      mutant(src->text[at.start] == '-' ? "negation" : "bits", at, " "),
		      src->text[at.start]);
		done = true;
	} else if (is_integer(c, &t)) {
		bool before = is_token(r.start, ra.start, "++", &at) ||
			      is_token(r.start, ra.start, "--", &at);

		if (before || is_token(ra.end, r.end, "++", &at) ||
		    is_token(ra.end, r.end, "--", &at)) {
			const char *to = src->text[at.start] == '+' ? "--" : "++";

			print(out, "(CF_MUTANT(%u) ? %s%.*s%s : %.*s)",
			      mutant("arith", at, "%s", to), before ? to : "", SPELLED(ra),
			      before ? "" : to, SPELLED(r));
			done = true;
		}
	}
	free(side.item);
	return done;
}

/* One more and one less; a literal of a type has its neighbours of that type. */
static void emit_literal(struct buf *out, struct range r, u32 place)
{
	bool amount = place & IS_AMOUNT;

	if (place & IS_POINTER || !isdigit((unsigned char)src->text[r.start])) {
		put(out, src->text + r.start, r.end - r.start);
		return;
	}
	print(out, "(CF_MUTANT(%u) ? %.*s + 1 : CF_MUTANT(%u) ? %.*s - 1 : %.*s)",
	      mutant(amount ? "amount+1" : "constant+1", r, "(%.*s + 1)", SPELLED(r)), SPELLED(r),
	      mutant(amount ? "amount-1" : "constant-1", r, "(%.*s - 1)", SPELLED(r)), SPELLED(r),
	      SPELLED(r));
}

/* A widening cast: how is the new half filled? */
static bool emit_widening(struct buf *out, CXCursor c, CXCursor below, struct range r,
			  u32 place)
{
	struct integer from, to;
	struct range rb;

	if (!is_integer(c, &to) || !is_integer(below, &from) || !from.other ||
	    to.size <= from.size || !range_of(below, &rb))
		return false;
	print(out, "({ %s cf_a = (", from.name);
	emit(out, below, place);
	print(out, "); CF_MUTANT(%u) ? (%s)(%s)cf_a : (%s)cf_a; })",
	      mutant("signedness", rb, "(%s)(%.*s)", from.other, SPELLED(rb)),
	      to.name, from.other, to.name);
	return true;
}

static bool is_plain_type(CXType type)
{
	CXString name = clang_getTypeSpelling(clang_getCanonicalType(type));
	bool plain = !strpbrk(clang_getCString(name), "([");

	clang_disposeString(name);
	return plain;
}

/* Neighbours of one type in a call of a function. */
static bool emit_call(struct buf *out, CXCursor c, struct range r)
{
	CXCursor callee = clang_getCursorReferenced(c);
	int nr = clang_Cursor_getNumArguments(c);
	bool swaps = false, temporary[16] = { false };
	struct range arg[16];
	u32 swap[16] = { 0 };
	u32 open = r.start;

	if (clang_getCursorKind(callee) != CXCursor_FunctionDecl || nr < 2 || nr > 16)
		return false;
	for (int i = 0; i < nr; i++)
		if (!range_of(clang_Cursor_getArgument(c, i), &arg[i]) ||
		    arg[i].start < (i ? arg[i - 1].end : r.start))
			return false;
	while (open < arg[0].start && src->text[open] != '(')
		open++;
	if (skip_blank(open + 1) != arg[0].start)
		return false;		/* f(a)(b), or the call of a macro */
	for (int i = 0; i + 1 < nr; i++) {
		CXType a = clang_getCursorType(clang_Cursor_getArgument(c, i));
		CXType b = clang_getCursorType(clang_Cursor_getArgument(c, i + 1));

		if (!clang_equalTypes(clang_getCanonicalType(a), clang_getCanonicalType(b)) ||
		    !is_plain_type(a) || same_text(arg[i], arg[i + 1]))
			continue;
		swap[i] = mutant("swap", (struct range){ arg[i].start, arg[i + 1].end },
				 "%.*s, %.*s", SPELLED(arg[i + 1]), SPELLED(arg[i]));
		temporary[i] = temporary[i + 1] = swaps = true;
	}
	if (!swaps)
		return false;
	print(out, "({ ");
	for (int i = 0; i < nr; i++) {
		CXCursor a = clang_Cursor_getArgument(c, i);
		CXString name;

		if (!temporary[i])
			continue;
		name = clang_getTypeSpelling(clang_getCanonicalType(clang_getCursorType(a)));
		print(out, "%s cf_%d = (", clang_getCString(name), i);
		clang_disposeString(name);
		emit(out, a, 0);
		print(out, "); ");
	}
	put(out, src->text + r.start, open + 1 - r.start);
	for (int i = 0; i < nr; i++) {
		if (i)
			print(out, ", ");
		put_lines(out, i ? arg[i - 1].end : open, arg[i].start);
		if (!temporary[i]) {
			emit(out, clang_Cursor_getArgument(c, i), 0);
			continue;
		}
		if (i && swap[i - 1])
			print(out, "CF_MUTANT(%u) ? cf_%d : ", swap[i - 1], i - 1);
		if (swap[i])
			print(out, "CF_MUTANT(%u) ? cf_%d : ", swap[i], i + 1);
		print(out, "cf_%d", i);
	}
	print(out, "); })");
	return true;
}

/* min(a, b) of a macro: one of both.  The arguments lie between its commas. */
static bool emit_clamp(struct buf *out, CXCursor c, const struct macro_use *m)
{
	struct range part[3], whole = { m->start, m->end };
	struct integer t;
	u32 nr = 0, depth = 0, start = m->start + strlen(m->name);
	const struct macro_use *outer = open_clamp;
	bool typed = m->name[3] == '_';

	if (!is_integer(c, &t))
		return false;
	start = skip_blank(start) + 1;
	for (u32 at = start; at < m->end && nr < 3; at++) {
		char ch = src->text[at];

		if ((ch == ',' && !depth) || at + 1 == m->end) {
			part[nr++] = (struct range){ start, at };
			start = at + 1;
		}
		depth += ch == '(';
		depth -= ch == ')';
	}
	if (nr != 2u + typed)
		return false;
	print(out, "((%s)(", t.name);
	for (u32 i = typed; i < nr; i++) {
		print(out, "CF_MUTANT(%u) ? (%s)(",
		      mutant("clamp", whole, "(%.*s)", SPELLED(part[i])), t.name);
		put_again(out, part[i]);
		print(out, ") : ");
	}
	open_clamp = m;
	emit_below(out, c, whole, 0);
	open_clamp = outer;
	print(out, "))");
	return true;
}

/* Statements that may be dropped are told from the rest by where they stand. */
static void emit_with_statements(struct buf *out, CXCursor c, struct range r, u32 place)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	struct items below = children(c), list = { 0 };
	u32 first = kind == CXCursor_IfStmt || kind == CXCursor_WhileStmt ||
		    kind == CXCursor_CaseStmt;

	if (kind == CXCursor_ForStmt)
		first = below.nr - 1;
	for (u32 i = 0; i < below.nr; i++) {
		CXCursor child = below.item[i].c;
		struct range rc;
		bool last = i + 1 == below.nr;

		if (kind == CXCursor_CaseStmt && !i)
			continue;		/* a constant */
		if (!range_of(child, &rc))
			continue;
		if (place & IS_SWITCH && last && clang_getCursorKind(child) == CXCursor_BreakStmt) {
			skip("last break of a switch");
		} else if (i >= first && !(kind == CXCursor_DoStmt && i) &&
			   !(place & HAS_VALUE && last) && can_be_dropped(child, &rc)) {
			*GROW(list.item, list.nr) = (struct item){ child, rc, true };
			list.nr++;
		} else if (macro_at(rc)) {
			spelled_below(child, r, &list);
		} else if (clang_getCursorKind(child) == CXCursor_DeclStmt) {
			spelled_below(child, r, &list);
		} else {
			*GROW(list.item, list.nr) = (struct item){ child, rc, false };
			list.nr++;
		}
	}
	if (kind == CXCursor_IfStmt && below.nr == 2 && list.nr &&
	    list.item[list.nr - 1].statement && clamps(below.item[0].c, below.item[1].c)) {
		struct item s = list.item[--list.nr];

		emit_items(out, (struct range){ r.start, s.r.start }, &list, 0);
		emit_statement(out, &s, "clamp");
	} else {
		if (list.nr && list.item[list.nr - 1].r.end > r.end)
			r.end = list.item[list.nr - 1].r.end;
		emit_items(out, r, &list, 0);
	}
	free(below.item);
}

static void emit(struct buf *out, CXCursor c, u32 place)
{
	const struct macro_use *m;
	struct items list;
	struct range r;
	bool done = false;

	if (!range_of(c, &r))
		die("%s: %s: a place without text", src->path, function);
	m = macro_at(r);
	if (m) {
		done = is_clamp(m, r) && emit_clamp(out, c, m);
		if (!done && is_constant_context(m))
			put(out, src->text + r.start, r.end - r.start);
		else if (!done)
			emit_below(out, c, (struct range){ r.start, m->end }, 0);
		return;
	}
	switch (clang_getCursorKind(c)) {
	case CXCursor_UnaryExpr:		/* sizeof */
		skip("sizeof");
		put(out, src->text + r.start, r.end - r.start);
		return;
	case CXCursor_GCCAsmStmt:
		skip("asm");
		put(out, src->text + r.start, r.end - r.start);
		return;
	case CXCursor_IntegerLiteral:
		emit_literal(out, r, place);
		return;
	case CXCursor_BinaryOperator:
		done = emit_binary(out, c, r);
		break;
	case CXCursor_CompoundAssignOperator:
		done = emit_compound_assignment(out, c, r);
		break;
	case CXCursor_UnaryOperator:
		done = emit_unary(out, c, r);
		break;
	case CXCursor_CallExpr:
		done = emit_call(out, c, r);
		break;
	case CXCursor_CStyleCastExpr:
		list = children(c);
		done = list.nr && emit_widening(out, c, list.item[list.nr - 1].c, r, 0);
		free(list.item);
		break;
	case CXCursor_ParenExpr:
		emit_below(out, c, r, place);
		return;
	case CXCursor_UnexposedExpr:		/* a conversion, mostly */
		list = children(c);
		done = list.nr == 1 &&
		       clang_getCursorKind(list.item[0].c) == CXCursor_CStyleCastExpr &&
		       emit_widening(out, c, list.item[0].c, r, place);
		free(list.item);
		if (!done)
			emit_below(out, c, r, is_pointer(c) ? IS_POINTER : place);
		return;
	case CXCursor_StmtExpr:
		emit_below(out, c, r, HAS_VALUE);
		return;
	case CXCursor_SwitchStmt:
		emit_below(out, c, r, IS_SWITCH);
		return;
	case CXCursor_CompoundStmt:
	case CXCursor_IfStmt:
	case CXCursor_WhileStmt:
	case CXCursor_DoStmt:
	case CXCursor_ForStmt:
	case CXCursor_CaseStmt:
	case CXCursor_DefaultStmt:
	case CXCursor_LabelStmt:
		emit_with_statements(out, c, r, place);
		return;
	default:
		break;
	}
	if (!done)
		emit_below(out, c, r, 0);
}

/* ---- files -------------------------------------------------------------------- */

/* The slicer's normalised hash, by which a text is the same in two trees. */
static void find_hash(const char *functions)
{
	char key[4400];
	const char *line;

	snprintf(key, sizeof(key), "\n%s\tfunction\t%s\t", function, kernel_path(src));
	line = strstr(functions, key);
	if (!line || sscanf(line + strlen(key), "%*u\t%*u\t%19[0-9a-f]", function_hash) != 1)
		strcpy(function_hash, "-");
}

static const char *functions_tsv;

static enum CXChildVisitResult top_level(CXCursor c, CXCursor parent, CXClientData data)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	CXSourceRange extent = clang_getCursorExtent(c);
	struct items list;
	CXString name;
	struct range r;
	CXFile file;

	clang_getFileLocation(clang_getRangeStart(extent), &file, NULL, NULL, NULL);
	src = file ? source_of(file) : NULL;
	if (!src || !range_of(c, &r))
		return CXChildVisit_Continue;
	name = clang_getCursorSpelling(c);
	if (kind == CXCursor_MacroExpansion) {
		struct macro_use *m = GROW(src->use, src->nr_uses);

		src->nr_uses++;
		*m = (struct macro_use){ .start = r.start, .end = r.end };
		snprintf(m->name, sizeof(m->name), "%s", clang_getCString(name));
	} else if (kind == CXCursor_FunctionDecl && clang_isCursorDefinition(c) && !macro_at(r)) {
		struct buf text = { 0 };

		snprintf(function, sizeof(function), "%s", clang_getCString(name));
		find_hash(functions_tsv);
		list = children(c);
		for (u32 i = 0; i < list.nr; i++) {
			if (clang_getCursorKind(list.item[i].c) != CXCursor_CompoundStmt ||
			    !range_of(list.item[i].c, &r))
				continue;
			emit(&text, list.item[i].c, 0);
			*GROW(src->patch, src->nr_patches) =
				(struct patch){ r.start, r.end, text.text };
			src->nr_patches++;
		}
		free(list.item);
	}
	clang_disposeString(name);
	return CXChildVisit_Continue;
}

static void make_folders(const char *path)
{
	char part[4096];

	for (size_t i = strlen(out_dir); path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0777) && errno != EEXIST)
			die("%s: %s", part, strerror(errno));
	}
}

static FILE *create(struct file_new *new, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", out_dir, name);
	make_folders(path);
	if (file_create(new, path))
		die("%s: %s", path, strerror(errno));
	return new->out;
}

static void commit(struct file_new *new)
{
	if (file_commit(new, false))
		die("%s: %s", new->path, strerror(errno));
}

static struct file_new file;

static void write_source(const struct source *s)
{
	FILE *out = create(&file, s->path);
	u32 at = 0;

	for (u32 i = 0; i < s->nr_patches; i++) {
		fwrite(s->text + at, 1, s->patch[i].start - at, out);
		fputs(s->patch[i].text, out);
		at = s->patch[i].end;
	}
	fwrite(s->text + at, 1, s->len - at, out);
	commit(&file);
}

static void write_inc(const char *name)
{
	char path[4096], include[4200];
	FILE *out = create(&file, name);
	char *line, *rest;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", sliced, name);
	rest = read_whole(path, &len);
	fputs("#include \"mutant.h\"\n", out);
	while ((line = strsep(&rest, "\n"))) {
		for (u32 i = 0; i < nr_sources; i++) {
			snprintf(include, sizeof(include), "#include \"%s/%s\"", sliced,
				 sources[i]->path);
			if (sources[i]->nr_patches && !strcmp(line, include)) {
				snprintf(include, sizeof(include), "#include \"%s/%s\"",
					 out_dir, sources[i]->path);
				line = include;
				break;
			}
		}
		fprintf(out, "%s\n", line);
	}
	commit(&file);
}

static void write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\t')
			fputs("\\t", out);
		else if (*text == '\\')
			fputs("\\\\", out);
		else
			fputc(*text, out);
	}
}

static void write_mutants(void)
{
	FILE *out = create(&file, "mutants.tsv");

	fputs("id\tfunction\tfile\toperator\tnth\tline\thash\tsource\tfrom\tto\ttext\n", out);
	for (u32 i = 0; i < nr_mutants; i++) {
		const struct mutant *m = &mutants[i];

		fprintf(out, "%u\t%s\t%s\t%s\t%u\t%u\t%s\t%s\t%u\t%u\t", i + 1, m->function,
			m->file, m->op, m->nth, m->line, m->hash, m->src->path, m->at.start,
			m->at.end);
		write_escaped(out, m->text);
		fputc('\n', out);
	}
	commit(&file);
	out = create(&file, "skipped.tsv");
	for (u32 i = 0; i < sizeof(skipped) / sizeof(skipped[0]) && skipped[i].why; i++)
		fprintf(out, "%s\t%u\n", skipped[i].why, skipped[i].count);
	commit(&file);
}

static void read_unit(CXIndex index, const char *path, char **flags, int nr_flags)
{
	CXTranslationUnit unit;
	unsigned int errors = 0;

	if (clang_parseTranslationUnit2(index, path, (const char *const *)flags, nr_flags, NULL,
					0, CXTranslationUnit_DetailedPreprocessingRecord, &unit))
		die("%s: libclang can't read it", path);
	for (unsigned int i = 0; i < clang_getNumDiagnostics(unit); i++) {
		CXDiagnostic d = clang_getDiagnostic(unit, i);

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error && !errors++) {
			CXString text = clang_formatDiagnostic(
				d, clang_defaultDiagnosticDisplayOptions());

			fprintf(stderr, "mutate: %s\n", clang_getCString(text));
			clang_disposeString(text);
		}
		clang_disposeDiagnostic(d);
	}
	if (errors)
		die("%s: %u errors", path, errors);
	clang_visitChildren(clang_getTranslationUnitCursor(unit), top_level, NULL);
	clang_disposeTranslationUnit(unit);
}

int main(int argc, char **argv)
{
	CXIndex index = clang_createIndex(0, 0);
	char path[4096];
	int flags = 3;
	size_t len;

	while (flags < argc && strcmp(argv[flags], "--"))
		flags++;
	if (argc < 4 || flags == argc) {
		fprintf(stderr, "usage: mutate SLICED OUT SOURCE... -- COMPILER-FLAGS\n");
		return 2;
	}
	sliced = argv[1];
	out_dir = argv[2];
	snprintf(path, sizeof(path), "%s/functions.tsv", sliced);
	functions_tsv = read_whole(path, &len);
	for (int i = 3; i < flags; i++)
		read_unit(index, argv[i], argv + flags + 1, argc - flags - 1);
	for (u32 i = 0; i < nr_sources; i++)
		if (sources[i]->nr_patches)
			write_source(sources[i]);
	write_inc("host.inc");
	write_inc("guest.inc");
	write_mutants();
	return 0;
}
