// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file is split into chunks: top-level declarations, macro definitions, and
 * preprocessor lines.  universal-ctags says which names a chunk defines; the
 * braces say where it starts and ends, so that a return type on the line above
 * belongs to it.  From the manifest's names, the closure over identifiers
 * decides which chunks stay.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <regex.h>
#include <search.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "slice.h"

enum chunk_type { CHUNK_CODE, CHUNK_MACRO, CHUNK_CONDITION, CHUNK_DROP };

struct chunk {
	struct file *file;
	enum chunk_type type;
	size_t start, end;		/* bytes */
	bool kept;
	bool body;			/* of a function */
	bool named;			/* ctags or we know a name for it */
	bool is_type;			/* a struct's words never name functions */
	bool masked;			/* struct, only used members stay */
};

struct set {
	void *root;
};

struct file {
	char *path;			/* inside the tree */
	char *text;
	size_t size;
	bool whole;
	struct set without;		/* names not taken from here */
	struct chunk *chunks;
	size_t nr_chunks;
	char *out;			/* the masked copy, in the making */
};

/* A name that a chunk defines. */
struct def {
	const char *name;
	bool tag;			/* struct, union, enum tag */
	const char *kind;		/* as ctags calls it */
	int line;
	struct chunk *chunk;
	struct def *next;		/* same name in the unit */
};

struct unit {
	char *name;
	struct file **files;
	size_t nr_files;
	char *inserts[64];		/* shim header before file i, or NULL */
	void *defs;			/* tree of struct def, by name and tag */
	struct set given, denied, masks, used_members, traces, seen;
	bool in_type;			/* words come from a struct */
};

static const char *tree;

/* ---- small helpers ------------------------------------------------------- */

static void *need_memory(void *p)
{
	if (!p) {
		fprintf(stderr, "slice: out of memory\n");
		exit(SLICE_USAGE);
	}
	return p;
}

#define ALLOC(n) need_memory(calloc(1, n))

static char *format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return need_memory(s);
}

static int by_string(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool has(struct set *set, const char *s)
{
	return tfind(s, &set->root, by_string);
}

/* false: was in it already */
static bool add(struct set *set, const char *s)
{
	if (has(set, s))
		return false;
	need_memory(tsearch(need_memory(strdup(s)), &set->root, by_string));
	return true;
}

static char *read_text(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	struct stat st;
	char *text;

	if (!f)
		return NULL;
	if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode)) {
		fclose(f);
		return NULL;
	}
	text = ALLOC(st.st_size + 2);
	*size = fread(text, 1, st.st_size, f);
	fclose(f);
	return text;
}

static int make_folders(const char *path)
{
	char *copy = format("%s", path), *p = copy;

	while ((p = strchr(p + 1, '/'))) {
		*p = '\0';
		if (mkdir(copy, 0777) && errno != EEXIST) {
			free(copy);
			return -1;
		}
		*p = '/';
	}
	free(copy);
	return 0;
}

/* Whole or not at all, and only when it differs. */
static int write_text(const char *path, const char *text, size_t size)
{
	char *temp = format("%s.%d", path, (int)getpid());
	size_t old_size;
	char *old = read_text(path, &old_size);
	FILE *f;

	if (old && old_size == size && !memcmp(old, text, size)) {
		free(old);
		free(temp);
		return 0;
	}
	free(old);
	if (make_folders(path))
		goto fail;
	f = fopen(temp, "w");
	if (!f)
		goto fail;
	if ((fwrite(text, 1, size, f) != size) | fclose(f) || rename(temp, path)) {
		unlink(temp);
		goto fail;
	}
	free(temp);
	return 0;
fail:
	fprintf(stderr, "slice: %s: %s\n", path, strerror(errno));
	free(temp);
	return -1;
}

/* ---- lexing -------------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Past the comment, string or character constant at @i, or @i. */
static size_t skip_opaque(const char *s, size_t i, size_t end)
{
	if (s[i] == '/' && s[i + 1] == '*') {
		for (i += 2; i < end && !(s[i] == '*' && s[i + 1] == '/'); i++)
			;
		return i + 2 < end ? i + 2 : end;
	}
	if (s[i] == '/' && s[i + 1] == '/') {
		while (i < end && s[i] != '\n')
			i++;
		return i;
	}
	if (s[i] == '"' || s[i] == '\'') {
		char quote = s[i++];

		for (; i < end && s[i] != quote && s[i] != '\n'; i++)
			if (s[i] == '\\')
				i++;
		return i < end ? i + 1 : end;
	}
	return i;
}

/* End of a preprocessor line that starts at @i, continuations included. */
static size_t directive_end(const char *s, size_t i, size_t end)
{
	while (i < end && s[i] != '\n') {
		size_t j = skip_opaque(s, i, end);

		/* "#error don't" has no end of string on its line */
		if (j != i && s[j - 1] != '\n') {
			i = j;
			continue;
		}
		if (s[i] == '\\' && s[i + 1] == '\n')
			i++;
		i++;
	}
	return i;
}

static bool directive_is(const char *s, size_t i, const char *word)
{
	size_t n = strlen(word);

	for (i++; s[i] == ' ' || s[i] == '\t'; i++)
		;
	return !strncmp(s + i, word, n) && !is_word(s[i + n]);
}

static bool is_condition(const char *s, size_t i)
{
	static const char *const words[] = {
		"if", "ifdef", "ifndef", "elif", "else", "endif",
	};

	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
		if (directive_is(s, i, words[w]))
			return true;
	return false;
}

static void add_chunk(struct file *file, enum chunk_type type, size_t start,
		      size_t end)
{
	if (!(file->nr_chunks & (file->nr_chunks - 1)))
		file->chunks = need_memory(realloc(file->chunks,
			(file->nr_chunks * 2 + 1) * sizeof(*file->chunks)));
	file->chunks[file->nr_chunks++] = (struct chunk){
		.file = file, .type = type, .start = start, .end = end,
	};
}

/* DECLARE_SOMETHING(…) needs no semicolon after it. */
static bool is_bare_call(const char *s, size_t i)
{
	size_t start = i;

	while (isupper((unsigned char)s[i]) || isdigit((unsigned char)s[i]) ||
	       s[i] == '_')
		i++;
	return i > start && s[i] == '(';
}

static bool starts_line(const char *s, size_t i)
{
	while (i && (s[i - 1] == ' ' || s[i - 1] == '\t'))
		i--;
	return !i || s[i - 1] == '\n';
}

#define MAX_LEVEL 64

/*
 * Both arms of an #if may open the same brace, so #else and #elif go back to
 * the depth at the #if.  Where they part inside a definition that began after
 * the #if, such as two signatures over one body, the #if belongs to it.
 */
static void split(struct file *file)
{
	const char *s = file->text;
	size_t end = file->size, start = 0, last_at = 0, i = 0;
	size_t opened[MAX_LEVEL];
	int depth = 0, parens = 0, saved[MAX_LEVEL], level = 0, outer = 0;
	bool in_chunk = false, assigned = false, body = false;
	char last = 0;

	while (i < end) {
		size_t j = skip_opaque(s, i, end);

		if (j != i) {
			if (s[i] != '/')
				last = s[i];
			i = j;
			continue;
		}
		if (isspace((unsigned char)s[i])) {
			i++;
			continue;
		}
		if (in_chunk && !depth && !parens && last == ')' &&
		    (is_word(s[i]) || s[i] == '#') && starts_line(s, i) &&
		    is_bare_call(s, start)) {
			add_chunk(file, CHUNK_CODE, start, last_at + 1);
			in_chunk = false;
		}
		if (s[i] == '#' && starts_line(s, i)) {
			bool closes = directive_is(s, i, "else") ||
				      directive_is(s, i, "elif") ||
				      directive_is(s, i, "endif");

			j = directive_end(s, i, end);
			if (closes && level && level <= MAX_LEVEL) {
				if (in_chunk && level <= outer) {
					outer = level - 1;
					file->nr_chunks = opened[outer];
					start = file->chunks[opened[outer]].start;
				}
				if (directive_is(s, i, "endif"))
					level--;
				else
					depth = saved[level - 1];
			} else if (closes) {
				level -= level && directive_is(s, i, "endif");
			} else if (is_condition(s, i)) {
				if (level < MAX_LEVEL) {
					saved[level] = depth;
					opened[level] = file->nr_chunks;
				}
				level++;
			}
			if (!in_chunk)
				add_chunk(file, is_condition(s, i) ? CHUNK_CONDITION :
					  directive_is(s, i, "define") ? CHUNK_MACRO :
					  CHUNK_DROP, i, j);
			i = j;
			continue;
		}
		if (!in_chunk) {
			in_chunk = true;
			start = i;
			outer = level;
			assigned = body = false;
			depth = parens = 0;
		}
		switch (s[i]) {
		case '(':
			parens++;
			break;
		case ')':
			parens--;
			break;
		case '=':
			if (!depth && !parens)
				assigned = true;
			break;
		case '{':
			if (!depth && !parens && !assigned && last == ')')
				body = true;
			depth++;
			break;
		case '}':
			depth--;
			break;
		}
		last = s[i];
		last_at = i;
		if (!depth && !parens && (last == ';' || (last == '}' && body))) {
			add_chunk(file, CHUNK_CODE, start, i + 1);
			file->chunks[file->nr_chunks - 1].body = body;
			in_chunk = false;
		}
		i++;
	}
}

/* Calls @fn for each identifier in [start, end), with what stands before. */
typedef void (*word_fn)(void *arg, const char *word, const char *before,
			char op, size_t at);

static void for_words(const char *s, size_t start, size_t end, word_fn fn,
		      void *arg)
{
	char before[128] = "", word[128];
	char op = 0;			/* last punctuation since the last word */
	size_t i = start;

	while (i < end) {
		size_t j = skip_opaque(s, i, end), n = 0;

		if (j != i) {
			i = j;
			continue;
		}
		if (!is_word(s[i])) {
			if (!isspace((unsigned char)s[i])) {
				op = s[i] == '>' && i > start && s[i - 1] == '-' ? '.' : s[i];
				if (s[i] == '.' && s[i + 1] == '.')
					op = ',';
			}
			i++;
			continue;
		}
		for (j = i; j < end && is_word(s[j]); j++)
			if (n + 1 < sizeof(word))
				word[n++] = s[j];
		word[n] = '\0';
		if (!isdigit((unsigned char)word[0]))
			fn(arg, word, op ? "" : before, op, i);
		strcpy(before, word);
		op = 0;
		i = j;
	}
}

/* ---- names --------------------------------------------------------------- */

static int by_def(const void *a, const void *b)
{
	const struct def *x = a, *y = b;
	int cmp = strcmp(x->name, y->name);

	return cmp ? cmp : x->tag - y->tag;
}

static struct def *find_def(struct unit *unit, const char *name, bool tag)
{
	struct def key = { .name = name, .tag = tag };
	void *node = tfind(&key, &unit->defs, by_def);

	return node ? *(struct def **)node : NULL;
}

static bool is_kind(const struct def *def, const char *kind)
{
	return !strcmp(def->kind, kind);
}

/* It says that a name exists, not what it is. */
static bool is_declaration(const struct def *def)
{
	return is_kind(def, "prototype") || is_kind(def, "externvar");
}

static void define(struct unit *unit, const char *name, bool tag,
		   const char *kind, int line, struct chunk *chunk)
{
	struct def *def = ALLOC(sizeof(*def)), *first;

	chunk->is_type |= tag;
	chunk->named = true;
	*def = (struct def){
		.name = need_memory(strdup(name)), .tag = tag,
		.kind = need_memory(strdup(kind)),
		.line = line, .chunk = chunk,
	};
	first = *(struct def **)need_memory(tsearch(def, &unit->defs, by_def));
	if (first != def) {
		def->next = first->next;
		first->next = def;
	}
}

static int line_of(const struct file *file, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		line += file->text[i] == '\n';
	return line;
}

static struct chunk *chunk_at(struct file *file, const size_t *lines, int line)
{
	size_t from = lines[line - 1], to = lines[line];

	for (size_t i = 0; i < file->nr_chunks; i++) {
		struct chunk *c = &file->chunks[i];

		if (c->start < to && c->end > from &&
		    (c->type == CHUNK_CODE || c->type == CHUNK_MACRO))
			return c;
	}
	return NULL;
}

static void define_per_cpu(void *arg, const char *word, const char *before,
			   char op, size_t at)
{
	char *name = arg;

	/* DEFINE_PER_CPU(type, name): ctags has no tag for it */
	if (op == ',' && strcmp(name, "?") == 0)
		snprintf(name, 128, "%s", word);
	else if (!strncmp(word, "DEFINE_PER_CPU", 14) ||
		 !strncmp(word, "DECLARE_PER_CPU", 15))
		strcpy(name, "?");
}

struct unnamed {
	struct unit *unit;
	struct chunk *chunk;
	size_t from;
};

static void define_word(void *arg, const char *word, const char *before,
			char op, size_t at)
{
	struct unnamed *u = arg;

	if (at >= u->from && (!op || op == '}') &&
	    strcmp(word, "__attribute__"))
		define(u->unit, word, false, "variable",
		       line_of(u->chunk->file, at), u->chunk);
}

/* static struct { … } name attribute = { … };  ctags loses the name. */
static void define_unnamed(struct unit *unit, struct chunk *chunk)
{
	const char *s = chunk->file->text;
	struct unnamed u = { unit, chunk, 0 };
	size_t i = chunk->start, end;
	int depth = 0;

	for (; i < chunk->end; i++) {
		size_t j = skip_opaque(s, i, chunk->end);

		if (j != i) {
			i = j - 1;
			continue;
		}
		depth += (s[i] == '{') - (s[i] == '}');
		if (s[i] == '}' && !depth)
			break;
	}
	if (i >= chunk->end)
		return;
	u.from = i;
	for (end = i; end < chunk->end && s[end] != '=' && s[end] != ';'; end++)
		;
	for_words(s, i, end, define_word, &u);
}

/* A function that ctags lost: the word before its parameters. */
static void define_untagged(struct unit *unit, struct chunk *chunk)
{
	const char *s = chunk->file->text;
	char name[128] = "";
	size_t at = 0;
	int parens = 0;

	for (size_t i = chunk->start; i < chunk->end && s[i] != '{'; i++) {
		size_t j = skip_opaque(s, i, chunk->end), n;

		if (j != i) {
			i = j - 1;
			continue;
		}
		if (s[i] == '(' && !parens++) {
			for (j = i; j > chunk->start && isspace((unsigned char)s[j - 1]); j--)
				;
			for (n = 0; j > chunk->start && is_word(s[j - 1]); j--)
				n++;
			if (n && n < sizeof(name) &&
			    strncmp(s + j, "__attribute__", n)) {
				snprintf(name, sizeof(name), "%.*s", (int)n, s + j);
				at = j;
			}
		}
		parens -= s[i] == ')';
	}
	if (*name)
		define(unit, name, false, "function",
		       line_of(chunk->file, at), chunk);
}

/* ctags' tags of @path, one JSON object a line, or NULL. */
static FILE *start_ctags(const char *path, pid_t *pid)
{
	const char *const argv[] = {
		"ctags", "--output-format=json", "--fields=+nK-P",
		"--kinds-C=+px", "--sort=no", "--languages=C",
		"--language-force=C",
		"-I", "__read_mostly,____cacheline_aligned,__ro_after_init,"
		"__packed,noinstr,notrace,__always_inline,__init",
		"-f", "-", path, NULL,
	};
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int fd[2], err;

	if (pipe2(fd, O_CLOEXEC))
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	err = posix_spawnp(pid, argv[0], &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fd[1]);
	if (err) {
		close(fd[0]);
		return NULL;
	}
	return fdopen(fd[0], "r");
}

static int tag_file(struct unit *unit, struct file *file)
{
	size_t *lines = ALLOC((file->size + 3) * sizeof(*lines)), room = 0;
	char *path = format("%s/%s", tree, file->path), *line = NULL;
	int nr_lines = 0, status;
	FILE *pipe;
	pid_t pid;

	for (size_t i = 0; i <= file->size; i++)
		if (!i || file->text[i - 1] == '\n')
			lines[nr_lines++] = i;
	lines[nr_lines] = file->size + 1;

	pipe = start_ctags(path, &pid);
	free(path);
	if (!pipe) {
		free(lines);
		return -1;
	}
	while (getline(&line, &room, pipe) > 0) {
		json_t *tag = json_loads(line, 0, NULL);
		const char *name, *kind;
		struct chunk *chunk;
		int nr;

		if (!tag)
			continue;
		name = json_string_value(json_object_get(tag, "name"));
		kind = json_string_value(json_object_get(tag, "kind"));
		nr = json_integer_value(json_object_get(tag, "line"));
		if (name && kind && nr > 0 && nr <= nr_lines &&
		    strcmp(kind, "member") && strcmp(kind, "local") &&
		    strcmp(kind, "parameter") &&
		    (chunk = chunk_at(file, lines, nr)))
			define(unit, name, !strcmp(kind, "struct") ||
			       !strcmp(kind, "union") || !strcmp(kind, "enum"),
			       kind, nr, chunk);
		json_decref(tag);
	}
	free(line);
	free(lines);
	fclose(pipe);
	if (waitpid(pid, &status, 0) != pid || status)
		return -1;
	for (size_t i = 0; i < file->nr_chunks; i++) {
		struct chunk *c = &file->chunks[i];
		char name[128] = "";

		if (c->type != CHUNK_CODE)
			continue;
		for_words(file->text, c->start, c->end, define_per_cpu, name);
		if (*name && strcmp(name, "?"))
			define(unit, name, false, "variable",
			       line_of(file, c->start), c);
		define_unnamed(unit, c);
		if (c->body && !c->named)
			define_untagged(unit, c);
	}
	return 0;
}

/* ---- the closure --------------------------------------------------------- */

static void use_name(struct unit *unit, const char *name, bool tag);

static void use_word(void *arg, const char *word, const char *before, char op,
		     size_t at)
{
	struct unit *unit = arg;

	if (op == '.') {
		add(&unit->used_members, word);
		return;
	}
	if (!strncmp(word, "trace_", 6))
		add(&unit->traces, word);
	use_name(unit, word, !strcmp(before, "struct") ||
		 !strcmp(before, "union") || !strcmp(before, "enum"));
}

static void keep(struct unit *unit, struct chunk *chunk, bool masked)
{
	bool in_type = unit->in_type;

	if (chunk->kept)
		return;
	chunk->kept = true;
	chunk->masked = masked;
	unit->in_type = chunk->is_type;
	if (!masked)
		for_words(chunk->file->text, chunk->start, chunk->end, use_word,
			  unit);
	unit->in_type = in_type;
}

static void use_name(struct unit *unit, const char *name, bool tag)
{
	char key[160];

	/* A member may be called like a function; a type or a constant isn't. */
	snprintf(key, sizeof(key), "%s%s", tag ? "struct " :
		 unit->in_type ? "member " : "", name);
	if (has(&unit->given, tag ? key : name) || !add(&unit->seen, key))
		return;
	for (struct def *def = find_def(unit, name, tag); def; def = def->next)
		if ((!unit->in_type || (!is_kind(def, "function") &&
					!is_kind(def, "prototype"))) &&
		    !has(&def->chunk->file->without, name))
			keep(unit, def->chunk, tag && has(&unit->masks, name));
}

/* ---- masking ------------------------------------------------------------- */

static void blank(char *s, size_t start, size_t end)
{
	for (; start < end; start++)
		if (s[start] != '\n')
			s[start] = ' ';
}

/*
 * Cuts off blanks before a line's end, and blank lines at the text's: as long as what
 * they were made of, they would make another slice of code that is the same.
 */
static void trim(char *s)
{
	char *start = s, *to = s;

	for (; *s; *to++ = *s++)
		while (*s == '\n' && to > start && to[-1] == ' ')
			to--;
	while (to > start && (to[-1] == ' ' || to[-1] == '\n'))
		to--;
	strcpy(to, "\n");
}

struct member_scan {
	struct unit *unit;
	const char *text;
	size_t end;
	bool wanted;
};

static void scan_member(void *arg, const char *word, const char *before,
			char op, size_t at)
{
	struct member_scan *scan = arg;
	size_t i = at + strlen(word);

	while (i < scan->end && isspace((unsigned char)scan->text[i]))
		i++;
	/* a declared name is followed by one of these, a type is not */
	if (i < scan->end && !strchr(";,[:)", scan->text[i]) &&
	    !(scan->text[i] == '_' && scan->text[i + 1] == '_'))
		return;
	if (has(&scan->unit->used_members, word) &&
	    !has(&scan->unit->denied, word))
		scan->wanted = true;
}

/*
 * One pass over a masked struct: wanted members' identifiers are used; with
 * @out, the others are blanked there.
 */
static void mask_members(struct unit *unit, struct chunk *chunk, char *out)
{
	const char *s = chunk->file->text;
	size_t i = chunk->start, start, end = chunk->end;
	int depth = 0;

	while (i < end && s[i] != '{') {
		size_t j = skip_opaque(s, i, end);

		i = j == i ? i + 1 : j;
	}
	for (start = ++i; i < end; ) {
		size_t j = skip_opaque(s, i, end);

		if (j != i) {
			i = j;
			continue;
		}
		if (s[i] == '#' && depth == 0) {
			/* a condition among the members stays */
			if (out)
				blank(out, start, i);
			i = directive_end(s, i, end);
			start = i;
			continue;
		}
		if (s[i] == '{') {
			depth++;
		} else if (s[i] == '}') {
			if (!depth--)
				break;
		} else if (s[i] == ';' && !depth) {
			struct member_scan scan = { unit, s, i + 1, false };

			for_words(s, start, i + 1, scan_member, &scan);
			if (!scan.wanted && out)
				blank(out, start, i + 1);
			else if (scan.wanted && !out) {
				unit->in_type = true;
				for_words(s, start, i + 1, use_word, unit);
				unit->in_type = false;
			}
			start = i + 1;
		}
		i++;
	}
}

/*
 * Every condition between an #if and its #endif stays if anything there does;
 * empty groups inside are harmless.
 */
static void keep_conditions(struct file *file)
{
	size_t open[MAX_LEVEL], nr = 0;
	bool full[MAX_LEVEL];

	for (size_t i = 0; i < file->nr_chunks; i++) {
		struct chunk *c = &file->chunks[i];

		if (c->type != CHUNK_CONDITION) {
			if (c->kept && nr)
				full[nr - 1] = true;
		} else if (directive_is(file->text, c->start, "endif")) {
			if (!nr || !full[--nr])
				continue;
			for (size_t k = open[nr]; k <= i; k++)
				if (file->chunks[k].type == CHUNK_CONDITION)
					file->chunks[k].kept = true;
			if (nr)
				full[nr - 1] = true;
		} else if (!directive_is(file->text, c->start, "else") &&
			   !directive_is(file->text, c->start, "elif") &&
			   nr < MAX_LEVEL) {
			open[nr] = i;
			full[nr++] = false;
		}
	}
}

/* A condition on a macro that was blanked would silently take the other arm. */
static void use_macro(void *arg, const char *word, const char *before, char op,
		      size_t at)
{
	struct unit *unit = arg;

	if (has(&unit->given, word))
		return;
	for (struct def *def = find_def(unit, word, false); def; def = def->next)
		if (is_kind(def, "macro") &&
		    !has(&def->chunk->file->without, word))
			keep(unit, def->chunk, false);
}

static size_t mask_pass(struct unit *unit)
{
	size_t kept = 0;

	for (size_t f = 0; f < unit->nr_files; f++) {
		struct file *file = unit->files[f];

		keep_conditions(file);
		for (size_t i = 0; i < file->nr_chunks; i++) {
			struct chunk *c = &file->chunks[i];

			if (!c->kept)
				continue;
			kept++;
			if (c->masked)
				mask_members(unit, c, NULL);
			if (c->type == CHUNK_CONDITION)
				for_words(file->text, c->start, c->end,
					  use_macro, unit);
		}
	}
	return kept;
}

static int count_nodes;

static void count_node(const void *node, VISIT visit, int depth)
{
	if (visit == leaf || visit == postorder)
		count_nodes++;
}

static size_t set_size(struct set *set)
{
	count_nodes = 0;
	twalk(set->root, count_node);
	return count_nodes;
}

static void close_over(struct unit *unit)
{
	size_t before, after = 0;

	do {
		before = after;
		after = mask_pass(unit) + set_size(&unit->used_members) +
			set_size(&unit->seen);
	} while (before != after);
}

static void render(struct unit *unit, struct file *file)
{
	char *out = need_memory(strdup(file->text));
	size_t at = 0;

	for (size_t i = 0; i < file->nr_chunks; i++) {
		struct chunk *c = &file->chunks[i];

		if (!c->kept)
			continue;
		blank(out, at, c->start);
		if (c->masked)
			mask_members(unit, c, out);
		at = c->end;
	}
	blank(out, at, file->size);
	trim(out);
	file->out = out;
}

static bool file_kept(const struct file *file)
{
	for (size_t i = 0; i < file->nr_chunks; i++)
		if (file->chunks[i].kept &&
		    file->chunks[i].type != CHUNK_CONDITION)
			return true;
	return false;
}

/* ---- the manifest -------------------------------------------------------- */

static struct unit units[2];
static size_t nr_units;

struct probe {
	char *macro, *path;
	regex_t regex;
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct probe probes[32];
static size_t nr_probes;

static struct file *add_file(struct unit *unit, const char *path)
{
	struct file *file = ALLOC(sizeof(*file));
	char *full = format("%s/%s", tree, path);

	file->path = format("%s", path);
	file->text = read_text(full, &file->size);
	free(full);
	if (!file->text) {
		free(file);
		return NULL;
	}
	for (size_t i = 0; i < file->size; i++)
		if (!file->text[i])
			file->text[i] = ' ';
	unit->files = need_memory(realloc(unit->files,
				(unit->nr_files + 1) * sizeof(*unit->files)));
	unit->files[unit->nr_files++] = file;
	split(file);
	if (tag_file(unit, file)) {
		fprintf(stderr, "slice: universal-ctags doesn't run: is it installed, and with JSON output?\n");
		exit(SLICE_USAGE);
	}
	return file;
}

/* Names on need lines wait until all files are there. */
struct want {
	struct unit *unit;
	char *names;			/* a|b */
	char *path;
	bool required;
};

static struct want wants[512];
static size_t nr_wants;

static int manifest_error(const char *path, int line, const char *what)
{
	fprintf(stderr, "slice: %s:%d: %s\n", path, line, what);
	return SLICE_USAGE;
}

/* NULL, or what is wrong with it. */
static const char *read_probe(char *save)
{
	char *macro = strtok_r(NULL, " \t", &save);
	char *path = strtok_r(NULL, " \t", &save);
	char *expression = save ? save + strspn(save, " \t") : NULL;
	struct probe *probe = &probes[nr_probes];

	if (!macro || !path || !expression || !*expression)
		return "want: probe MACRO FILE REGEX";
	if (nr_probes == ARRAY_SIZE(probes))
		return "too many probes";
	if (regcomp(&probe->regex, expression,
		    REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		return "this isn't an extended regular expression";
	probe->macro = format("%s", macro);
	probe->path = format("%s", path);
	nr_probes++;
	return NULL;
}

/* A piece of a function that the adapter says again in its own words. */
struct restated {
	char *name, *path, *hashes;
	regex_t start, end;
};

static struct restated restated[64];
static size_t nr_restated;

static const char *read_restated(char *save)
{
	char *word[5];
	struct restated *r = &restated[nr_restated];

	for (int i = 0; i < 5; i++) {
		word[i] = strtok_r(NULL, " \t", &save);
		if (!word[i])
			return "want: restated NAME FILE HASHES START END";
	}
	if (nr_restated == ARRAY_SIZE(restated))
		return "too many re-stated pieces";
	if (regcomp(&r->start, word[3], REG_EXTENDED | REG_NOSUB) ||
	    regcomp(&r->end, word[4], REG_EXTENDED | REG_NOSUB))
		return "this isn't an extended regular expression";
	r->name = format("%s", word[0]);
	r->path = format("%s", word[1]);
	r->hashes = format("%s", word[2]);
	nr_restated++;
	return NULL;
}

/* What "need", "opt" and "not" are about. */
struct place {
	struct unit *unit;
	struct file *file;		/* NULL: not in this tree */
	char *path;			/* NULL: before the first file */
};

static const char *read_word(struct place *at, const char *key, char *word)
{
	struct unit *unit = at->unit;
	char *alternative, *rest = word;

	if (!strcmp(key, "file") || !strcmp(key, "header") ||
	    !strcmp(key, "whole")) {
		at->path = format("%s", word);
		at->file = NULL;
		while (!at->file && (alternative = strsep(&rest, "|")))
			at->file = add_file(unit, alternative);
		if (at->file)
			at->file->whole = !strcmp(key, "whole");
	} else if (!strcmp(key, "shim")) {
		if (unit->nr_files >= ARRAY_SIZE(unit->inserts))
			return "too many files";
		unit->inserts[unit->nr_files] = format("%s", word);
	} else if (!strcmp(key, "need") || !strcmp(key, "opt")) {
		if (!at->path)
			return "a file comes first";
		if (nr_wants == ARRAY_SIZE(wants))
			return "too many names";
		wants[nr_wants++] = (struct want){
			unit, format("%s", word), at->path, *key == 'n',
		};
	} else if (!strcmp(key, "not")) {
		if (!at->path)
			return "a file comes first";
		if (at->file)
			add(&at->file->without, word);
	} else if (!strcmp(key, "mask")) {
		add(&unit->masks, word);
	} else if (!strcmp(key, "deny")) {
		add(&unit->denied, word);
	} else if (!strcmp(key, "member")) {
		add(&unit->used_members, word);
	} else if (!strcmp(key, "give")) {
		/* the key that use_name() looks a tag up by */
		if (strchr(word, ':'))
			*strchr(word, ':') = ' ';
		add(&unit->given, word);
	} else {
		return "unknown word at the start of the line";
	}
	return NULL;
}

static const char *read_line(struct place *at, char *line)
{
	char *save, *word, *key;
	const char *error = NULL;

	/* A "#" inside a regular expression starts no comment. */
	for (char *p = line; *p; p++)
		if (*p == '\n' ||
		    (*p == '#' && (p == line || isspace((unsigned char)p[-1]))))
			*p = p[1] = '\0';
	key = strtok_r(line, " \t", &save);
	if (!key)
		return NULL;
	if (!strcmp(key, "probe"))
		return read_probe(save);
	if (!strcmp(key, "restated"))
		return read_restated(save);
	word = strtok_r(NULL, " \t", &save);
	if (!word)
		return "a name must follow";
	if (!strcmp(key, "unit")) {
		if (nr_units == ARRAY_SIZE(units))
			return "two units at most";
		*at = (struct place){ .unit = &units[nr_units++] };
		at->unit->name = format("%s", word);
		return NULL;
	}
	if (!at->unit)
		return "a unit comes first";
	for (; word && !error; word = strtok_r(NULL, " \t", &save))
		error = read_word(at, key, word);
	return error;
}

static int read_manifest(const char *path)
{
	struct place at = { 0 };
	char *line = NULL;
	size_t room = 0;
	int nr = 0, err = 0;
	FILE *f = fopen(path, "r");

	if (!f) {
		fprintf(stderr, "slice: %s: %s\n", path, strerror(errno));
		return SLICE_USAGE;
	}
	while (!err && getline(&line, &room, f) > 0) {
		const char *error = read_line(&at, line);

		nr++;
		if (error)
			err = manifest_error(path, nr, error);
	}
	free(line);
	fclose(f);
	if (!err && !nr_units)
		err = manifest_error(path, nr, "no unit");
	return err;
}

static bool resolve(struct want *want)
{
	char *copy = strdup(want->names), *rest = copy, *name;
	bool found = false;

	while (!found && (name = strsep(&rest, "|"))) {
		struct def *def = find_def(want->unit, name, false);

		for (; def; def = def->next)
			if (!is_declaration(def))
				found = true;
		if (found)
			use_name(want->unit, name, false);
	}
	free(copy);
	return found;
}

/* ---- output -------------------------------------------------------------- */

#define HASH_START 0xcbf29ce484222325ull

static uint64_t hash_text(const char *s, size_t start, size_t end)
{
	uint64_t hash = HASH_START;
	bool space = false;

	for (size_t i = start; i < end; ) {
		size_t j = skip_opaque(s, i, end);

		if (j != i && s[i] == '/') {
			i = j;
			space = true;
			continue;
		}
		if (isspace((unsigned char)s[i])) {
			space = true;
			i++;
			continue;
		}
		if (j == i)
			j = i + 1;
		if (space) {
			hash = (hash ^ ' ') * 0x100000001b3ull;
			space = false;
		}
		for (; i < j; i++)
			hash = (hash ^ (unsigned char)s[i]) * 0x100000001b3ull;
	}
	return hash;
}

struct row {
	const char *name, *kind, *path;
	int line, end;
	uint64_t hash;
};

static struct row *rows;
static size_t nr_rows;

static int by_row(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int cmp = strcmp(x->name, y->name);

	if (!cmp)
		cmp = strcmp(x->path, y->path);
	return cmp ? cmp : x->line - y->line;
}

static void note_definition(const void *node, VISIT visit, int depth)
{
	const struct def *def = *(struct def *const *)node;

	if (visit != leaf && visit != postorder)
		return;
	for (; def; def = def->next) {
		const struct chunk *c = def->chunk;

		/* ctags' own names for what has none change with the file */
		if (!c->kept || is_declaration(def) ||
		    !strncmp(def->name, "__anon", 6))
			continue;
		rows = need_memory(realloc(rows, (nr_rows + 1) * sizeof(*rows)));
		rows[nr_rows++] = (struct row){
			def->name, def->kind, c->file->path, def->line,
			line_of(c->file, c->end),
			hash_text(c->file->text, c->start, c->end),
		};
	}
}

/* Of every byte: lines count, too. */
static uint64_t hash_bytes(uint64_t hash, const char *s)
{
	while (*s)
		hash = (hash ^ (unsigned char)*s++) * 0x100000001b3ull;
	return hash;
}

static FILE *trace_out;

static void note_trace(const void *node, VISIT visit, int depth)
{
	if (visit == leaf || visit == postorder)
		fprintf(trace_out, "#define %s(...) ((void)0)\n",
			*(char *const *)node);
}

static int write_unit(struct unit *unit, const char *out)
{
	char *inc = NULL, *trace = NULL, *path;
	size_t inc_size = 0, trace_size = 0;
	FILE *f = open_memstream(&inc, &inc_size);
	uint64_t hash = HASH_START;
	int err = 0;

	for (size_t i = 0; i < unit->nr_files; i++) {
		struct file *file = unit->files[i];
		char *full, *text, *eol, *first;

		if (unit->inserts[i])
			fprintf(f, "#include \"%s\"\n", unit->inserts[i]);
		if (!file_kept(file))
			continue;
		render(unit, file);
		full = format("%s/%s/%s", out, unit->name, file->path);
		/*
		 * Line 1 of a kernel file is its licence, so the directive
		 * takes its place and all lines stay where they are.
		 */
		first = file->out + strspn(file->out, " \t");
		eol = *first == '\n' || !*first ? first : NULL;
		text = format("#line %d \"%s/%s\"%s%s", eol ? 2 : 1, tree,
			      file->path, eol ? "" : "\n",
			      eol ? eol : file->out);
		err |= write_text(full, text, strlen(text));
		fprintf(f, "#include \"%s\"\n", full);
		hash = hash_bytes(hash, text);
		free(text);
		free(full);
	}
	if (unit->inserts[unit->nr_files])
		fprintf(f, "#include \"%s\"\n", unit->inserts[unit->nr_files]);
	/*
	 * The build knows this list as an output, not the files: so it changes
	 * when one of them does.
	 */
	fprintf(f, "/* %016" PRIx64 " */\n", hash);
	fclose(f);
	path = format("%s/%s.inc", out, unit->name);
	err |= write_text(path, inc, inc_size);
	free(path);

	trace_out = open_memstream(&trace, &trace_size);
	twalk(unit->traces.root, note_trace);
	fclose(trace_out);
	path = format("%s/%s_trace.h", out, unit->name);
	err |= write_text(path, trace, trace_size);
	free(path);

	twalk(unit->defs, note_definition);
	return err;
}

static int write_tables(const char *out)
{
	char *c = NULL, *t = NULL, *path;
	size_t c_size, t_size;
	FILE *functions = open_memstream(&c, &c_size);
	FILE *table = open_memstream(&t, &t_size);
	int err;

	fprintf(functions, "#include \"subject.h\"\n"
		"const struct subject_function subject_functions[] = {\n");
	qsort(rows, nr_rows, sizeof(*rows), by_row);
	for (size_t i = 0; i < nr_rows; i++) {
		const struct row *r = &rows[i];

		/* both units may have it */
		if (i && !by_row(r, r - 1))
			continue;
		if (!strcmp(r->kind, "function"))
			fprintf(functions,
				"\t{ \"%s\", \"%s\", %d, \"%016" PRIx64 "\" },\n",
				r->name, r->path, r->line, r->hash);
		fprintf(table, "%s\t%s\t%s\t%d\t%d\t%016" PRIx64 "\n", r->name,
			r->kind, r->path, r->line, r->end, r->hash);
	}
	fprintf(functions, "\t{ 0 }\n};\n");
	fclose(functions);
	fclose(table);
	path = format("%s/functions.c", out);
	err = write_text(path, c, c_size);
	free(path);
	path = format("%s/functions.tsv", out);
	err |= write_text(path, t, t_size);
	free(path);
	return err;
}

static int write_probes(const char *out)
{
	char *text = NULL, *path;
	size_t size, n;
	FILE *f = open_memstream(&text, &size);
	int err;

	for (size_t i = 0; i < nr_probes; i++) {
		char *full = format("%s/%s", tree, probes[i].path);
		char *content = read_text(full, &n);
		bool found = content &&
			     !regexec(&probes[i].regex, content, 0, NULL, 0);

		fprintf(f, "#define %s %d\n", probes[i].macro, found);
		free(content);
		free(full);
	}
	fclose(f);
	path = format("%s/probes.h", out);
	err = write_text(path, text, size);
	free(path);
	return err;
}

/*
 * Of @text, from the first line that matches @r->start to the next one that
 * matches @r->end.  The first line's number, 0 when there is no such piece.
 */
static int find_piece(const struct restated *r, const char *text, size_t *start,
		      size_t *end)
{
	int nr = 1, found = 0;

	for (size_t at = 0; text[at]; nr++) {
		size_t n = strcspn(text + at, "\n");
		char *line = format("%.*s", (int)n, text + at);

		if (!found && !regexec(&r->start, line, 0, NULL, 0)) {
			found = nr;
			*start = at;
		} else if (found && !regexec(&r->end, line, 0, NULL, 0)) {
			*end = at + n;
			free(line);
			return found;
		}
		free(line);
		at += n + (text[at + n] == '\n');
	}
	return 0;
}

/* NAME FILE LINE HASH same|drifted|absent: does the tree still say what we say? */
static int write_restated(const char *out)
{
	char *table = NULL, *path;
	size_t size, n, start, end;
	FILE *f = open_memstream(&table, &size);
	int err;

	for (size_t i = 0; i < nr_restated; i++) {
		const struct restated *r = &restated[i];
		char *full = format("%s/%s", tree, r->path);
		char *text = read_text(full, &n), hash[17] = "-";
		int line = text ? find_piece(r, text, &start, &end) : 0;

		if (line)
			snprintf(hash, sizeof(hash), "%016" PRIx64,
				 hash_text(text, start, end));
		fprintf(f, "%s\t%s\t%d\t%s\t%s\n", r->name, r->path, line, hash,
			!line ? "absent" :
			strstr(r->hashes, hash) ? "same" : "drifted");
		free(text);
		free(full);
	}
	fclose(f);
	path = format("%s/restated.tsv", out);
	err = write_text(path, table, size);
	free(path);
	return err;
}

static int write_version(const char *out, const char *version)
{
	char *text = format("#define CF_TREE_VERSION \"%s\"\n"
			    "#define CF_TREE_PATH \"%s\"\n", version, tree);
	char *path = format("%s/version.h", out);
	int err = write_text(path, text, strlen(text));

	free(path);
	free(text);
	return err;
}

static bool in_tree(const char *path)
{
	char *full = format("%s/%s", tree, path);
	bool found = !access(full, F_OK);

	free(full);
	return found;
}

static void write_dep(FILE *f, const char *path)
{
	fputs(" \\\n ", f);
	for (const char *p = tree; *p; p++)
		fprintf(f, *p == ' ' ? "\\ " : "%c", *p);
	fprintf(f, "/%s", path);
}

static int write_deps(const char *out)
{
	char *text = NULL, *path;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int err;

	for (const char *p = out; *p; p++)
		fprintf(f, *p == ' ' ? "\\ " : "%c", *p);
	fprintf(f, "/%s.inc:", units[0].name);
	write_dep(f, "Makefile");
	for (size_t i = 0; i < nr_probes; i++)
		if (in_tree(probes[i].path))
			write_dep(f, probes[i].path);
	for (size_t i = 0; i < nr_restated; i++)
		if (in_tree(restated[i].path))
			write_dep(f, restated[i].path);
	for (size_t u = 0; u < nr_units; u++)
		for (size_t i = 0; i < units[u].nr_files; i++)
			write_dep(f, units[u].files[i]->path);
	fprintf(f, "\n");
	fclose(f);
	path = format("%s/deps", out);
	err = write_text(path, text, size);
	free(path);
	return err;
}

/* "6.12.117" out of the top Makefile, or NULL. */
static char *tree_version(void)
{
	static const char *const keys[] = { "VERSION", "PATCHLEVEL", "SUBLEVEL" };
	int part[3] = { -1, -1, -1 };
	char *path = format("%s/Makefile", tree), *text, *line;
	size_t size;

	text = read_text(path, &size);
	free(path);
	for (line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (int i = 0; i < 3; i++) {
			size_t n = strlen(keys[i]);

			if (!strncmp(line, keys[i], n) && part[i] < 0 &&
			    strspn(line + n, " =") && isdigit((unsigned char)line[n + strspn(line + n, " =")]))
				part[i] = atoi(line + n + strspn(line + n, " ="));
		}
	}
	free(text);
	if (part[0] < 0 || part[1] < 0)
		return NULL;
	return format("%d.%d.%d", part[0], part[1], part[2] < 0 ? 0 : part[2]);
}

/*
 * Is @path, which needn't be there yet, in the tree?  Of what isn't there yet,
 * the folder that it will be made in decides.
 */
static bool is_in_tree(const char *path)
{
	char *copy = format("%s", path), real[PATH_MAX], *slash;
	size_t n = strlen(tree);
	bool inside;

	while (!realpath(copy, real)) {
		slash = strrchr(copy, '/');
		if (slash == copy)
			slash++;
		if (!slash || !*slash)
			strcpy(copy, slash ? "/" : ".");
		else
			*slash = '\0';
	}
	inside = !strncmp(real, tree, n) && (!real[n] || real[n] == '/');
	free(copy);
	return inside;
}

static int refuse(const char *what, const char *why)
{
	fprintf(stderr, "slice: %s%s\n", what, why);
	return SLICE_USAGE;
}

static void print_counts(void)
{
	size_t files = 0, lines = 0;

	for (size_t u = 0; u < nr_units; u++)
		for (size_t i = 0; i < units[u].nr_files; i++) {
			const char *s = units[u].files[i]->out;

			files += s != NULL;
			for (; s && *s; s += strcspn(s, "\n"), s += *s == '\n') {
				s += strspn(s, " \t");
				lines += *s && *s != '\n';
			}
		}
	printf("slice: %zu definitions, %zu lines, %zu files\n", nr_rows, lines,
	       files);
}

int slice(const char *tree_path, const char *manifest, const char *out,
	  bool verbose)
{
	char *version, real[PATH_MAX], real_out[PATH_MAX], *slash;
	const char *last = NULL;
	size_t missing = 0;
	int err;

	if (!realpath(tree_path, real)) {
		fprintf(stderr, "slice: %s: %s\n", tree_path, strerror(errno));
		return SLICE_USAGE;
	}
	tree = real;
	version = tree_version();
	if (!version)
		return refuse(tree_path, " isn't a Linux tree: no Makefile with VERSION and PATCHLEVEL");
	if (!in_tree("arch/x86/kvm/"))
		return refuse(tree_path, " isn't a Linux tree: no arch/x86/kvm");
	if (is_in_tree(out))
		return refuse(out, " lies in the tree, which is only read");
	slash = format("%s/", out);
	if (make_folders(slash) || !realpath(out, real_out)) {
		fprintf(stderr, "slice: %s: %s\n", out, strerror(errno));
		return SLICE_USAGE;
	}
	free(slash);
	/* #include and #line know no way to write these */
	if (strpbrk(real, "\"\\\n") || strpbrk(real_out, "\"\\\n"))
		return refuse(tree_path, ": a path with a quote, backslash or line break");
	err = read_manifest(manifest);
	if (err)
		return err;

	for (size_t i = 0; i < nr_wants; i++)
		if (!resolve(&wants[i]) && wants[i].required) {
			/* a line a file: an old tree lacks many */
			if (!missing || strcmp(last, wants[i].path))
				fprintf(stderr, "%sslice: %s: not found in %s, but required:",
					missing ? "\n" : "", tree_path, wants[i].path);
			fprintf(stderr, " %s", wants[i].names);
			last = wants[i].path;
			missing++;
		}
	if (missing)
		putc('\n', stderr);
	if (missing)
		return SLICE_MISSING;
	for (size_t u = 0; u < nr_units; u++) {
		struct unit *unit = &units[u];

		for (size_t i = 0; i < unit->nr_files; i++)
			for (size_t k = 0; unit->files[i]->whole &&
			     k < unit->files[i]->nr_chunks; k++)
				if (unit->files[i]->chunks[k].type == CHUNK_CODE ||
				    unit->files[i]->chunks[k].type == CHUNK_MACRO)
					keep(unit, &unit->files[i]->chunks[k], false);
		close_over(unit);
		if (write_unit(unit, real_out))
			return SLICE_USAGE;
	}
	if (write_tables(real_out) || write_probes(real_out) ||
	    write_restated(real_out) || write_version(real_out, version) ||
	    write_deps(real_out))
		return SLICE_USAGE;
	if (verbose)
		print_counts();
	return SLICE_OK;
}
