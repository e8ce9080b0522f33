// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz corpus merge SRC...: takes what a corpus lacks.
 * clockfuzz corpus prune [DIR]: lets go of seeds that others make needless.
 *
 * What a scenario reaches is what the harness' replay program says, in numbers that hold
 * for that program (harness/reach.c): edges of the subject's code, laws that are asked of
 * a clock, laws at an event, two events in a row, planted bugs.  A corpus is pruned for
 * all trees that are given at once, --tree NAME=DIR, DIR being where the programs are.
 *
 * Mutants show that a seed's values matter, too, and nothing of the above knows them:
 * --also FILE has further things to keep, "WHAT<tab>SCENARIO" a line.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "../file.h"
#include "../report/known.h"

#define MAX_TREES 8
#define STRIDE 65536			/* numbers a tree; a program has some 7,000 */
#define MAX_ANSWER (64 << 20)
#define MAX_ARGUMENTS 4096		/* for a program at once */
#define MAX_TOLD 3			/* of what a seed alone reaches */

struct seed {
	const char *path;
	char harness[CLI_HARNESS];
	u32 events;
	u32 *reached, nr;		/* tree * STRIDE + number */
	const char *kept;		/* whatever it reaches: "" is a regression, else
					   who names it; or NULL */
	bool stays;
};

static struct {
	struct cli_tree tree[MAX_TREES];
	int nr_trees;
	struct cli_files files;
	struct seed *seed;
	u32 nr;
	u32 *holders;			/* that stay, by what is reached */
	char **name;			/* likewise, of what is told */
	char *also[STRIDE];		/* things of --also: numbers behind the trees' */
	u32 nr_also;
	bool dry_run;
} corpus;

/* ---- asking ---------------------------------------------------------------- */

static int add_tree(const char *option)
{
	if (corpus.nr_trees == MAX_TREES || !cli_tree(option, &corpus.tree[corpus.nr_trees]))
		return cli_error("corpus: --tree wants NAME=DIR, at most %d times", MAX_TREES);
	corpus.nr_trees++;
	return CLI_OK;
}

static char *program_of(int tree, const char *harness, char path[4096])
{
	const char *name = harness + strlen("fuzz_");

	if (!corpus.nr_trees)
		return (char *)cli_replay_program(harness, harness, path, 4096);
	snprintf(path, 4096, "%s/replay_%s", corpus.tree[tree].dir, name);
	return path;
}

static int nr_trees(void)
{
	return corpus.nr_trees ? corpus.nr_trees : 1;
}

/* What @harness' program on @tree says to @args, after its path; "" after an error. */
static char *ask(int tree, const char *harness, char **args, int *code)
{
	static char program[4096], *answer;

	if (!answer)
		answer = malloc(MAX_ANSWER);
	if (!answer)
		abort();
	args[0] = program_of(tree, harness, program);
	*code = args[0] ? cli_capture(args, answer, MAX_ANSWER) : CLI_ERROR;
	if (*code == CLI_ERROR)
		*answer = '\0';
	return answer;
}

static void add_reached(struct seed *seed, u32 what)
{
	if (seed->nr % 64 == 0)
		seed->reached = realloc(seed->reached, (seed->nr + 64) * sizeof(u32));
	if (!seed->reached)
		abort();
	seed->reached[seed->nr++] = what;
}

/* "path<tab>events<tab>number number ...", a line a seed, in order */
static int note_reached(int tree, struct seed *seed, const char *line)
{
	char *end;
	u32 n;

	if (!line || strncmp(line, seed->path, strlen(seed->path)))
		return cli_error("corpus: %s: no answer", seed->path);
	line += strlen(seed->path);
	seed->events = strtoul(line, &end, 10);
	for (line = end; n = strtoul(line, &end, 10), end != line && n < STRIDE; line = end)
		add_reached(seed, tree * STRIDE + n);
	return CLI_OK;
}

/* Of one harness' seeds, @first to @end - 1. */
static int ask_reached(int tree, u32 first, u32 end)
{
	char **args = calloc(end - first + 3, sizeof(*args));
	char *rest;
	int code;

	if (!args)
		abort();
	args[1] = "--reach";
	for (u32 i = first; i < end; i++)
		args[2 + i - first] = (char *)corpus.seed[i].path;
	rest = ask(tree, corpus.seed[first].harness, args, &code);
	for (u32 i = first; !code && i < end; i++)
		code = note_reached(tree, &corpus.seed[i], strsep(&rest, "\n"));
	free(args);
	return code;
}

/* ---- what stays whatever it reaches ----------------------------------------- */

static bool is_named(const char *text, const char *base)
{
	size_t n = strcspn(base, ".");

	for (const char *at = text; (at = memmem(at, strlen(at), base, n)); at += n)
		if (!strspn(at + n, "abcdefghijklmnopqrstuvwxyz0123456789-"))
			return true;
	return false;
}

/* Tests and documentation go by a seed's name. */
static void keep_named(void)
{
	static const char *const where[] = { "README.md", "docs/*.md", "tests/*.sh", "tests/*.c" };
	static char text[1 << 20];
	char pattern[4096];

	for (size_t k = 0; k < sizeof(where) / sizeof(where[0]); k++) {
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s/%s", cli_source_dir(), where[k]);
		if (glob(pattern, 0, NULL, &found))
			continue;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			long n = file_read(found.gl_pathv[i], text, sizeof(text) - 1);

			text[n < 0 ? 0 : n] = '\0';
			for (u32 s = 0; s < corpus.nr; s++) {
				struct seed *seed = &corpus.seed[s];

				if (!seed->kept && is_named(text, file_base(seed->path)))
					seed->kept = strdup(cli_shown_path(found.gl_pathv[i]));
			}
		}
		globfree(&found);
	}
}

/* ---- --also ---------------------------------------------------------------- */

/* Its folder's name and its own. */
static const char *last_two(const char *path)
{
	const char *at = file_base(path);

	if (at > path)
		at--;
	while (at > path && at[-1] != '/')
		at--;
	return at;
}

static u32 also_number(const char *what)
{
	u32 i = corpus.nr_also;

	/* often what the line before was about */
	while (i && strcmp(corpus.also[i - 1], what))
		i--;
	if (i)
		return nr_trees() * STRIDE + i - 1;
	if (corpus.nr_also == STRIDE)
		exit(cli_error("corpus: --also: more than %d things to keep", STRIDE));
	corpus.also[corpus.nr_also] = strdup(what);
	return nr_trees() * STRIDE + corpus.nr_also++;
}

/* Lines about other corpora's scenarios are nobody's; a file with no other is wrong. */
static int read_also(const char *path)
{
	FILE *in = fopen(path, "r");
	bool any = false;
	char line[8192];
	int nr = 0;

	if (!in)
		return cli_error("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		char *scenario = strchr(line, '\t');

		nr++;
		if (*line == '#')
			continue;
		if (!scenario) {
			fclose(in);
			return cli_error("%s:%d: want WHAT<tab>SCENARIO", path, nr);
		}
		*scenario++ = '\0';
		scenario[strcspn(scenario, "\t\n")] = '\0';
		for (u32 i = 0; i < corpus.nr; i++)
			if (!strcmp(last_two(corpus.seed[i].path), last_two(scenario))) {
				add_reached(&corpus.seed[i], also_number(line));
				any = true;
			}
	}
	fclose(in);
	return any ? CLI_OK : cli_error("%s: names no scenario of this corpus", path);
}

/* ---- choosing -------------------------------------------------------------- */

static void stay(struct seed *seed, int one)
{
	seed->stays = one > 0;
	for (u32 i = 0; i < seed->nr; i++)
		corpus.holders[seed->reached[i]] += one;
}

/* How much of what it reaches is held by no more than @by of those that stay? */
static u32 worth(const struct seed *seed, u32 by)
{
	u32 n = 0;

	for (u32 i = 0; i < seed->nr; i++)
		n += corpus.holders[seed->reached[i]] <= by;
	return n;
}

/* Of seeds that are worth the same, the one with fewer events; then by name. */
static bool is_better(const struct seed *a, u32 a_worth, const struct seed *b, u32 b_worth)
{
	if (!b || a_worth != b_worth)
		return !b || a_worth > b_worth;
	if (a->events != b->events)
		return a->events < b->events;
	return strcmp(file_base(a->path), file_base(b->path)) < 0;
}

/*
 * The seeds of one harness: what is kept whatever it reaches; then, again and again, the
 * one that adds most; at the end those go whose things were added by others as well, the
 * least worthy first.  Each that stays is then the only one to have something, so it would
 * stay the next time.
 */
static void choose(u32 first, u32 end)
{
	struct seed *best, *seed;
	u32 most;

	memset(corpus.holders, 0, (nr_trees() + 1) * STRIDE * sizeof(u32));
	for (u32 i = first; i < end; i++)
		if (corpus.seed[i].kept)
			stay(&corpus.seed[i], 1);
	do {
		best = NULL;
		most = 0;
		for (u32 i = first; i < end; i++) {
			seed = &corpus.seed[i];
			if (!seed->stays && is_better(seed, worth(seed, 0), best, most)) {
				best = seed;
				most = worth(seed, 0);
			}
		}
		if (most)
			stay(best, 1);
	} while (most);
	do {
		best = NULL;
		for (u32 i = first; i < end; i++) {
			seed = &corpus.seed[i];
			if (seed->stays && !seed->kept && !worth(seed, 1) &&
			    (!best || is_better(best, 0, seed, 0)))
				best = seed;
		}
		if (best)
			stay(best, -1);
	} while (best);
}

/* ---- telling --------------------------------------------------------------- */

static bool is_only_holder(u32 what)
{
	return corpus.holders[what] == 1;
}

/* Names of what a seed alone holds, as many as are told: those of the first trees. */
static int ask_names(u32 first, u32 end)
{
	int code = CLI_OK;

	for (int tree = 0; !code && tree < nr_trees(); tree++) {
		char **args = calloc((end - first) * MAX_TOLD + 3, sizeof(*args));
		u32 *asked = calloc((end - first) * MAX_TOLD, sizeof(*asked)), nr = 0;
		char *rest;

		if (!args || !asked)
			abort();
		args[1] = "--names";
		for (u32 i = first; i < end; i++) {
			const struct seed *seed = &corpus.seed[i];
			u32 told = 0;

			for (u32 k = 0; k < seed->nr && told < MAX_TOLD; k++) {
				u32 what = seed->reached[k];

				if (!seed->stays || seed->kept || !is_only_holder(what))
					continue;
				told++;
				if (what / STRIDE != tree)
					continue;
				asked[nr] = what;
				if (asprintf(&args[2 + nr++], "%u", what % STRIDE) < 0)
					abort();
			}
		}
		rest = nr ? ask(tree, corpus.seed[first].harness, args, &code) : NULL;
		for (u32 i = 0; i < nr; i++) {
			free(corpus.name[asked[i]]);	/* another harness' */
			corpus.name[asked[i]] = strdup(strsep(&rest, "\n") ?: "?");
			free(args[2 + i]);
		}
		free(asked);
		free(args);
	}
	return code;
}

static void tell_what_keeps(const struct seed *seed)
{
	u32 told = 0, more = 0;

	for (u32 i = 0; i < seed->nr; i++) {
		u32 what = seed->reached[i];

		if (!is_only_holder(what))
			continue;
		if (told == MAX_TOLD) {
			more++;
			continue;
		}
		printf("%s%s", told++ ? ", " : "", what < nr_trees() * STRIDE ?
		       corpus.name[what] : corpus.also[what - nr_trees() * STRIDE]);
		if (what >= STRIDE && what < nr_trees() * STRIDE)
			printf(" on %s", corpus.tree[what / STRIDE].name);
	}
	if (more)
		printf(" and %u more", more);
	putchar('\n');
}

/* Which others have what it reaches. */
static void tell_heirs(const struct seed *gone, u32 first, u32 end)
{
	u8 *open = calloc((nr_trees() + 1) * STRIDE, 1);
	u32 nr = 0;

	if (!open)
		abort();
	for (u32 i = 0; i < gone->nr; i++)
		open[gone->reached[i]] = 1;
	for (u32 i = first; i < end; i++) {
		const struct seed *heir = &corpus.seed[i];
		bool has = false;

		for (u32 k = 0; heir->stays && k < heir->nr; k++) {
			has |= open[heir->reached[k]];
			open[heir->reached[k]] = 0;
		}
		if (has && ++nr <= MAX_TOLD)
			printf("%s%s", nr > 1 ? ", " : "", file_base(heir->path));
	}
	if (nr > MAX_TOLD)
		printf(" and %u more", nr - MAX_TOLD);
	putchar('\n');
	free(open);
}

static int tell(u32 first, u32 end)
{
	u32 nr_kept = 0, nr_gone = 0;
	int code = ask_names(first, end);

	if (code)
		return code;
	for (u32 i = first; i < end; i++) {
		const struct seed *seed = &corpus.seed[i];

		nr_gone += !seed->stays;
		nr_kept += seed->kept && !*seed->kept;
		if (seed->kept && !*seed->kept)
			continue;
		printf("%s\t%s\t", seed->stays ? "stays" : "goes", cli_shown_path(seed->path));
		if (seed->kept) {
			printf("named in %s\n", seed->kept);
		} else if (seed->stays) {
			printf("alone has ");
			tell_what_keeps(seed);
		} else {
			printf("all that it has is in ");
			tell_heirs(seed, first, end);
		}
	}
	printf("%s\t%u files: %u regressions, %u seeds stay, %u go\n", corpus.seed[first].harness,
	       end - first, nr_kept, end - first - nr_kept - nr_gone, nr_gone);
	return CLI_OK;
}

/* ---- prune ----------------------------------------------------------------- */

static int by_harness_and_path(const void *a, const void *b)
{
	const struct seed *x = a, *y = b;
	int order = strcmp(x->harness, y->harness);

	return order ? order : strcmp(x->path, y->path);
}

static void list_seeds(void)
{
	char slug[128];

	corpus.nr = corpus.files.nr;
	corpus.seed = calloc(corpus.nr, sizeof(*corpus.seed));
	if (!corpus.seed)
		abort();
	for (u32 i = 0; i < corpus.nr; i++) {
		struct seed *seed = &corpus.seed[i];

		seed->path = corpus.files.path[i];
		cli_harness_of(seed->path, seed->harness);
		if (known_slug(seed->path, slug, sizeof(slug)))
			seed->kept = "";
	}
	qsort(corpus.seed, corpus.nr, sizeof(*corpus.seed), by_harness_and_path);
	keep_named();
}

/* The end of the seeds of the harness that @first is for. */
static u32 end_of_harness(u32 first)
{
	u32 end = first;

	while (end < corpus.nr && !strcmp(corpus.seed[end].harness, corpus.seed[first].harness))
		end++;
	return end;
}

/* Nothing goes before all is known of all. */
static int prune(const char **also, int nr_also)
{
	u32 numbers = (nr_trees() + 1) * STRIDE;
	int code = CLI_OK;

	list_seeds();
	corpus.holders = calloc(numbers, sizeof(*corpus.holders));
	corpus.name = calloc(numbers, sizeof(*corpus.name));
	if (!corpus.holders || !corpus.name)
		abort();
	for (int tree = 0; tree < nr_trees(); tree++)
		for (u32 i = 0; !code && i < corpus.nr; i = end_of_harness(i))
			code = ask_reached(tree, i, end_of_harness(i));
	for (int i = 0; !code && i < nr_also; i++)
		code = read_also(also[i]);
	for (u32 i = 0; !code && i < corpus.nr; i = end_of_harness(i)) {
		choose(i, end_of_harness(i));
		code = tell(i, end_of_harness(i));
	}
	if (fflush(stdout) || ferror(stdout))
		return cli_error("stdout: %s", strerror(errno));
	for (u32 i = 0; !code && !corpus.dry_run && i < corpus.nr; i++)
		if (!corpus.seed[i].stays && unlink(corpus.seed[i].path))
			code = cli_error("%s: %s", corpus.seed[i].path, strerror(errno));
	return code;
}

/* ---- merge ----------------------------------------------------------------- */

struct candidate {
	char *path;
	char harness[CLI_HARNESS];
	off_t size;
};

/* Small ones first; where they lie makes no difference. */
static int by_harness_and_size(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = strcmp(x->harness, y->harness);

	if (!order && x->size != y->size)
		order = x->size < y->size ? -1 : 1;
	if (!order)
		order = strcmp(file_base(x->path), file_base(y->path));
	return order ? order : strcmp(x->path, y->path);
}

/* A new seed must be as expected on every tree. */
static bool is_good(int own_tree, const char *harness, const char *known, const char *path)
{
	char program[4096];

	for (int tree = 0; tree < nr_trees(); tree++) {
		char *args[] = { program_of(tree, harness, program), "--quiet",
				 known ? "--known" : (char *)path,
				 known ? (char *)known : NULL, (char *)path, NULL };

		if (tree == own_tree || !args[0] || cli_run(args) == CLI_OK)
			continue;
		cli_error("%s: left out, for that", path);
		unlink(path);
		return false;
	}
	return true;
}

/* What the program of one harness makes of candidates; adds to *@nr_new. */
static int merge_some(int tree, const struct candidate *some, u32 nr, const char *folder,
		      const char *known, u32 *nr_new)
{
	char **args = calloc(nr + 6, sizeof(*args)), *line, *rest, *answer;
	int n = 1, code;

	if (!args)
		abort();
	args[n++] = "--merge";
	args[n++] = (char *)folder;
	if (known) {
		args[n++] = "--known";
		args[n++] = (char *)known;
	}
	for (u32 i = 0; i < nr; i++)
		args[n++] = some[i].path;
	rest = answer = strdup(ask(tree, some->harness, args, &code));
	while ((line = strsep(&rest, "\n")) && *line)
		if (is_good(tree, some->harness, known, line)) {
			printf("%s\n", line);
			++*nr_new;
		}
	free(answer);
	free(args);
	return code;
}

static int merge(const char *dir, const char *known)
{
	struct candidate *all = calloc(corpus.files.nr, sizeof(*all));
	u32 nr = corpus.files.nr, nr_new = 0, end;
	char folder[4096];
	struct stat st;
	int code = CLI_OK;

	if (!all)
		abort();
	for (u32 i = 0; i < nr; i++) {
		all[i].path = corpus.files.path[i];
		cli_harness_of(all[i].path, all[i].harness);
		all[i].size = stat(all[i].path, &st) ? 0 : st.st_size;
	}
	qsort(all, nr, sizeof(*all), by_harness_and_size);
	if (mkdir(dir, 0777) && errno != EEXIST)
		code = cli_error("%s: %s", dir, strerror(errno));
	for (int tree = 0; tree < nr_trees(); tree++)
		for (u32 i = 0; code != CLI_ERROR && i < nr; i = end) {
			int this;

			snprintf(folder, sizeof(folder), "%s/%s", dir, all[i].harness);
			if (mkdir(folder, 0777) && errno != EEXIST)
				code = cli_error("%s: %s", folder, strerror(errno));
			for (end = i; end < nr && end < i + MAX_ARGUMENTS &&
			     !strcmp(all[i].harness, all[end].harness); end++)
				;
			this = merge_some(tree, all + i, end - i, folder, known, &nr_new);
			if (this > code)
				code = this;
		}
	printf("%u new, of %u\n", nr_new, nr);
	free(all);
	return code;
}

int cmd_corpus(int argc, char **argv)
{
	const char *known = cli_known_path(), *dir = NULL, *what = argv[1], *v;
	bool is_merge = what && !strcmp(what, "merge");
	int nr_also = 0, code = CLI_OK;
	char default_dir[4096];
	const char **also;

	if (!is_merge && (!what || strcmp(what, "prune")))
		return cli_error("corpus: merge, prune or coverage?");
	also = calloc(argc, sizeof(*also));
	if (!also)
		abort();
	for (int i = 2; !code && i < argc; i++) {
		if ((v = cli_option(argv, &i, "--tree")))
			code = add_tree(v);
		else if (is_merge && (v = cli_option(argv, &i, "--corpus")))
			dir = v;
		else if (is_merge && cli_known_option(argv, &i, &known))
			;
		else if (!is_merge && (v = cli_option(argv, &i, "--also")))
			also[nr_also++] = v;
		else if (!is_merge && !strcmp(argv[i], "--dry-run"))
			corpus.dry_run = true;
		else if (argv[i][0] == '-')
			code = cli_error("corpus %s: unknown option %s", what, argv[i]);
		else
			code = cli_collect(&corpus.files, argv[i]);
	}
	snprintf(default_dir, sizeof(default_dir), "%s/corpus", cli_source_dir());
	if (!code && !is_merge && !corpus.files.nr)
		code = cli_collect(&corpus.files, default_dir);
	if (!code && !corpus.files.nr)
		code = cli_error("corpus %s: there is no scenario", what);
	if (!code)
		code = is_merge ? merge(dir ?: default_dir, known) : prune(also, nr_also);
	free(also);
	cli_files_free(&corpus.files);
	return code;
}
