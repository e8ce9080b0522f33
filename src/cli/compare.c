// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz compare: what a kernel or a patch fixes, breaks and changes.
 *
 *	compare --tree NAME=DIR... [--time 20s] [--seed N] [--out DIR] [--json]
 *		[--known FILE | --no-known] [FILE|DIR]...
 *
 * DIR holds the programs of a tree, which ./clockfuzz has built.  Each hunts for a
 * while; then each runs all files and all that any of them found, and tree by tree
 * the answers are joined.  A scenario is the same on all trees, so what one tree says
 * and the next doesn't is the tree's doing, with these exceptions, which are told:
 *
 * - a scenario ends where a law "total" breaks, and a clock starts afresh after any
 *   broken law.  Behind a finding that the other tree hasn't, a tree is blind;
 * - a law asks for no more than KVM promises: who no longer calls a clock stable
 *   breaks no law of it;
 * - the function that was wrong may not be there any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "cli.h"
#include "json.h"
#include "../file.h"
#include "../report/known.h"
#include "../report/report.h"

#define MAX_TREES 16
#define MAX_ANSWER (16 << 20)

enum status {
	FIXED, NEW, CHANGED, STILL, LOST, GONE, HIDDEN, UNCOVERED,
	NR_STATUS
};

static const char *const status_name[NR_STATUS] = {
	"fixed", "new", "changed", "still", "lost", "gone", "hidden", "uncovered",
};

struct tree {
	const char *name, *dir;
	json_t *functions;		/* its functions' names */
	json_t *seen;			/* signature: the first file where it broke */
	json_t **answer;		/* of each file: findings, and events or NULL */
};

static struct {
	struct tree tree[MAX_TREES];
	int nr_trees;
	struct cli_files files;
	size_t nr_given;		/* the rest was hunted */
	const char *time, *seed, *out;
	bool json;
	struct known known;
} cmp;

/* ---- asking the trees ------------------------------------------------------- */

/* What @tree's program says to @args, whose first is left for its path; NULL: error. */
static char *ask(const struct tree *tree, char **args)
{
	static char buf[MAX_ANSWER], program[4096];
	int code;

	snprintf(program, sizeof(program), "%s/clockfuzz", tree->dir);
	args[0] = program;
	code = cli_capture(args, buf, sizeof(buf));
	if (code == CLI_OK || code == CLI_BROKEN)
		return buf;
	cli_error("compare: %s failed on %s", args[1], tree->name);
	return NULL;
}

static json_t *parse(const struct tree *tree, const char *answer)
{
	json_error_t error;
	json_t *value = json_loads(answer, 0, &error);

	if (!value)
		cli_error("compare: %s's answer isn't JSON: %s", tree->name, error.text);
	return value;
}

static int ask_functions(struct tree *tree)
{
	char *answer = ask(tree, (char *[]){ NULL, "list", "--json", "functions", NULL });
	json_t *list = answer ? parse(tree, answer) : NULL;

	if (!list)
		return CLI_ERROR;
	tree->functions = names_of(list);
	tree->seen = json_object();
	json_decref(list);
	return CLI_OK;
}

/* Adds what @tree's hunt finds to the files. */
static int hunt(struct tree *tree)
{
	char out[4096], *answer, *line;
	char *args[] = { NULL, "hunt", "--no-known", "--quiet", "--json", "--time", (char *)cmp.time,
			 "--seed", (char *)cmp.seed, "--out", out, NULL };

	snprintf(out, sizeof(out), "%s/%d-%s", cmp.out, (int)(tree - cmp.tree) + 1,
		 file_base(tree->name));
	fprintf(stderr, "hunting on %s for %s\n", tree->name, cmp.time);
	answer = ask(tree, args);
	if (!answer)
		return CLI_ERROR;
	while ((line = strsep(&answer, "\n")) && *line) {
		json_t *found = parse(tree, line);
		const char *path = json_string_value(json_object_get(found, "input"));
		int code = !found ? CLI_ERROR : path ? cli_collect(&cmp.files, path) : CLI_OK;

		json_decref(found);
		if (code)
			return code;
	}
	return CLI_OK;
}

static bool is_same(const json_t *a, const json_t *b, const char *member)
{
	return !strcmp(text_of(a, member), text_of(b, member));
}

static int event_of(const json_t *finding)
{
	return json_integer_value(json_object_get(finding, "event_nr"));
}

static int ask_all(struct tree *tree)
{
	tree->answer = calloc(cmp.files.nr, sizeof(*tree->answer));
	if (!tree->answer)
		abort();
	for (size_t i = 0; i < cmp.files.nr; i++) {
		char *path = cmp.files.path[i], signature[SIGNATURE];
		char *answer = ask(tree, (char *[]){ NULL, "explain", "--json", path, NULL });
		json_t *finding;
		size_t k;

		tree->answer[i] = answer ? parse(tree, answer) : NULL;
		if (!tree->answer[i])
			return CLI_ERROR;
		json_array_foreach(json_object_get(tree->answer[i], "findings"), k, finding) {
			signature_of(finding, signature);
			if (!json_object_get(tree->seen, signature))
				json_object_set_new(tree->seen, signature,
						    json_string(cli_shown_path(path)));
		}
	}
	return CLI_OK;
}

/* ---- telling ------------------------------------------------------------------ */

struct step {				/* from one tree to the next */
	const struct tree *a, *b;
	int nr[NR_STATUS];
	bool worse;
};

/* "1000 ns, not 999", or what there is to say of a law without values */
static void print_value(const json_t *finding)
{
	if (!strcmp(text_of(finding, "law"), "total"))
		printf("%s", text_of(finding, "why"));
	else
		printf("%s %s, not %s", text_of(finding, "got"), text_of(finding, "unit"),
		       text_of(finding, "want"));
}

static void json_member(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	report_json_string(stdout, value);
}

static void begin(struct step *step, enum status status, bool worse, size_t file, int event)
{
	const char *path = cli_shown_path(cmp.files.path[file]);

	step->nr[status]++;
	step->worse |= worse;
	if (!cmp.json) {
		printf("%-9s %s", status_name[status], path);
		if (event)
			printf(" event %d", event);
		return;
	}
	printf("{\"status\":\"%s\"", status_name[status]);
	json_member("from", step->a->name);
	json_member("to", step->b->name);
	json_member("input", path);
	printf(",\"hunted\":%s,\"worse\":%s,\"event_nr\":%d",
	       file < cmp.nr_given ? "false" : "true", worse ? "true" : "false", event);
}

static void end(const char *note)
{
	if (cmp.json) {
		if (note)
			json_member("note", note);
		puts("}");
		return;
	}
	if (note)
		printf("; %s", note);
	putchar('\n');
}

static void print_finding(struct step *step, enum status status, bool worse, size_t file,
			  const json_t *before, const json_t *after, const char *note)
{
	char signature[SIGNATURE], slug[SIGNATURE];
	const struct known_row *row;
	bool has_slug = known_slug(cmp.files.path[file], slug, sizeof(slug));

	/* what was hunted differs from the corpus by its numbers only */
	if (status == STILL && file >= cmp.nr_given) {
		step->nr[STILL]++;
		return;
	}
	signature_of(before ?: after, signature);
	row = known_find(&cmp.known, signature, has_slug ? slug : NULL, "") ?:
	      known_fixed(&cmp.known, signature, has_slug ? slug : NULL, "");
	begin(step, status, worse, file, event_of(before ?: after));
	if (cmp.json) {
		char *text;

		if (row)
			json_member("known", row->slug);
		for (int i = 0; i < 2; i++) {
			const json_t *side = i ? after : before;

			if (!side)
				continue;
			text = json_dumps(side, JSON_COMPACT);
			printf(",\"%s\":%s", i ? "after" : "before", text);
			free(text);
		}
		end(note);
		return;
	}
	printf(": %s", signature);
	if (row)
		printf(" (%s)", row->slug);
	printf(": ");
	if (before)
		print_value(before);
	if (status == CHANGED) {
		printf(" -> ");
		if (event_of(before) != event_of(after))
			printf("event %d: ", event_of(after));
		signature_of(after, slug);
		if (strcmp(signature, slug))
			printf("%s: ", slug);
	}
	if (after && (!before || status == CHANGED))
		print_value(after);
	end(note);
}

/* ---- joining ------------------------------------------------------------------ */

#define MAX_FINDINGS 64

/* One file's findings on both sides; a pair's index is in both. */
struct pairs {
	int lost_at;			/* event since which less is promised, or 0 */
	const json_t *a[MAX_FINDINGS], *b[MAX_FINDINGS];
	int nr_a, nr_b;
	int of_a[MAX_FINDINGS], of_b[MAX_FINDINGS];	/* -1: the other has none */
};

static int collect(const json_t *answer, const json_t **list)
{
	json_t *finding;
	size_t i;
	int nr = 0;

	json_array_foreach(json_object_get(answer, "findings"), i, finding)
		if (nr < MAX_FINDINGS)
			list[nr++] = finding;
	return nr;
}

/*
 * Is it the same finding?  Of the same event first, for a second may have come or gone
 * before it; then wherever it is; then a clock that is wrong at one event by two laws.
 */
static bool same(const json_t *a, const json_t *b, int pass)
{
	char sa[SIGNATURE], sb[SIGNATURE];

	signature_of(a, sa);
	signature_of(b, sb);
	return (pass == 1 || event_of(a) == event_of(b)) &&
	       (pass == 2 ? is_same(a, b, "clock") : !strcmp(sa, sb));
}

static void pair(struct pairs *p, const json_t *a, const json_t *b)
{
	p->lost_at = 0;
	p->nr_a = collect(a, p->a);
	p->nr_b = collect(b, p->b);
	memset(p->of_a, -1, sizeof(p->of_a));
	memset(p->of_b, -1, sizeof(p->of_b));
	for (int pass = 0; pass < 3; pass++)
		for (int i = 0; i < p->nr_a; i++)
			for (int k = 0; k < p->nr_b && p->of_a[i] < 0; k++)
				if (p->of_b[k] < 0 && same(p->a[i], p->b[k], pass)) {
					p->of_a[i] = k;
					p->of_b[k] = i;
				}
}

/*
 * The first of @list that the other tree hasn't, if it lies before @finding.  At the
 * same event only the end of a scenario hides anything: laws are asked from the most
 * specific one on, so what was found there would have been found again.
 */
static const json_t *blinding(const json_t *const *list, const int *of, int nr,
			      const json_t *finding)
{
	for (int i = 0; i < nr; i++) {
		bool ends = !strcmp(text_of(list[i], "law"), "total");

		if (of[i] < 0 && event_of(list[i]) &&
		    event_of(list[i]) < event_of(finding) + ends)
			return list[i];
	}
	return NULL;
}

static const char *blind_note(const struct tree *tree, const json_t *cause, char buf[512])
{
	char signature[SIGNATURE];

	signature_of(cause, signature);
	snprintf(buf, 512, "%s %s at event %d: %s", tree->name,
		 strcmp(text_of(cause, "law"), "total") ? "starts afresh" : "stops",
		 event_of(cause), signature);
	return buf;
}

static void judge_lost(struct step *step, size_t file, const struct pairs *p, int i)
{
	const char *function = text_of(p->a[i], "function");
	const json_t *cause = blinding(p->b, p->of_b, p->nr_b, p->a[i]);
	char signature[SIGNATURE], note[2 * SIGNATURE];
	const char *elsewhere;

	signature_of(p->a[i], signature);
	elsewhere = json_string_value(json_object_get(step->b->seen, signature));
	if (cause) {
		print_finding(step, HIDDEN, false, file, p->a[i], NULL, blind_note(step->b, cause, note));
	} else if (p->lost_at && p->lost_at <= event_of(p->a[i])) {
		snprintf(note, sizeof(note), "%s promises less since event %d", step->b->name,
			 p->lost_at);
		print_finding(step, HIDDEN, false, file, p->a[i], NULL, note);
	} else if (json_object_get(step->a->functions, function) &&
		   !json_object_get(step->b->functions, function)) {
		snprintf(note, sizeof(note), "%s has no %s()", step->b->name, function);
		print_finding(step, GONE, false, file, p->a[i], NULL, note);
	} else if (elsewhere) {
		snprintf(note, sizeof(note), "here; %s breaks it in %s", step->b->name, elsewhere);
		print_finding(step, FIXED, false, file, p->a[i], NULL, note);
	} else {
		print_finding(step, FIXED, false, file, p->a[i], NULL, NULL);
	}
}

static void judge_come(struct step *step, size_t file, const struct pairs *p, int i)
{
	const char *function = text_of(p->b[i], "function");
	const json_t *cause = blinding(p->a, p->of_a, p->nr_a, p->b[i]);
	char signature[SIGNATURE], note[2 * SIGNATURE];
	const char *elsewhere;

	signature_of(p->b[i], signature);
	elsewhere = json_string_value(json_object_get(step->a->seen, signature));
	if (cause) {
		/* whether it was there before can't be told from this scenario */
		print_finding(step, UNCOVERED, !elsewhere, file, NULL, p->b[i],
			      blind_note(step->a, cause, note));
		return;
	}
	if (json_object_get(step->b->functions, function) &&
	    !json_object_get(step->a->functions, function)) {
		snprintf(note, sizeof(note), "%s has no %s()", step->a->name, function);
		print_finding(step, NEW, true, file, NULL, p->b[i], note);
	} else if (elsewhere) {
		snprintf(note, sizeof(note), "here; %s breaks it in %s", step->a->name, elsewhere);
		print_finding(step, NEW, true, file, NULL, p->b[i], note);
	} else {
		print_finding(step, NEW, true, file, NULL, p->b[i], NULL);
	}
}

/* "12" on one side, "13" on the other, "" where there is no value */
static void print_change(struct step *step, enum status status, bool worse, size_t file,
			 int event, const char *what, const char *before,
			 const char *after, const char *unit, const char *note)
{
	begin(step, status, worse, file, event);
	if (cmp.json) {
		json_member("what", what);
		json_member("unit", unit);
		json_member("got_before", before);
		json_member("got_after", after);
	} else {
		printf(": %s: %s -> %s%s%s", what, *before ? before : "nothing",
		       *after ? after : "nothing", *unit ? " " : "", unit);
	}
	end(note);
}

/*
 * What KVM promises: where it first promises less, and where it first promises more.
 * The laws ask for the one and judge the other, so neither shows as a finding.
 */
static void compare_promises(struct step *step, size_t file, struct pairs *p)
{
	static const struct { const char *name, *what; } promises[] = {
		{ "masterclock", "master clock" }, { "stable", "kvmclock is stable, by vCPU" },
		{ "page", "TSC page is valid" },
	};
	const json_t *events_a = json_object_get(step->a->answer[file], "events");
	const json_t *events_b = json_object_get(step->b->answer[file], "events");
	bool told[NR_STATUS] = { false };

	for (size_t i = 0; i < json_array_size(events_a) && i < json_array_size(events_b); i++) {
		const json_t *a = json_array_get(events_a, i), *b = json_array_get(events_b, i);

		if (json_object_get(a, "trap") || json_object_get(b, "trap"))
			break;		/* one of them stops here */
		for (size_t k = 0; k < sizeof(promises) / sizeof(promises[0]); k++) {
			const json_t *va = json_object_get(a, promises[k].name);
			const json_t *vb = json_object_get(b, promises[k].name);
			const char *sa = json_string_value(va) ?: json_is_true(va) ? "1" : "0";
			const char *sb = json_string_value(vb) ?: json_is_true(vb) ? "1" : "0";
			bool less = false;	/* one vCPU's loss is one */
			enum status status;

			for (size_t c = 0; sa[c] && sb[c]; c++)
				less |= sb[c] < sa[c];
			status = less ? LOST : CHANGED;
			if (!strcmp(sa, sb) || told[status])
				continue;
			told[status] = true;
			if (less)
				p->lost_at = i + 1;
			print_change(step, status, less, file, i + 1, promises[k].what, sa, sb, "",
				     less ? "it promises less" : "it promises more");
		}
	}
}

/* What was read where no law broke: the first difference, and how many follow. */
static void compare_reads(struct step *step, size_t file, const struct pairs *p)
{
	const json_t *events_a = json_object_get(step->a->answer[file], "events");
	const json_t *events_b = json_object_get(step->b->answer[file], "events");
	const json_t *first_a = NULL, *first_b = NULL, *any;
	char note[80] = "no law is broken";
	int nr = 0;

	for (size_t i = 0; i < json_array_size(events_a) && i < json_array_size(events_b); i++) {
		const json_t *a = json_array_get(events_a, i), *b = json_array_get(events_b, i);
		bool told = false;

		if (json_object_get(a, "trap") || json_object_get(b, "trap"))
			break;
		for (int k = 0; k < p->nr_a; k++)
			told |= event_of(p->a[k]) == (int)i + 1;
		for (int k = 0; k < p->nr_b; k++)
			told |= event_of(p->b[k]) == (int)i + 1;
		if (told || (is_same(a, b, "clock") && is_same(a, b, "got")))
			continue;
		if (!nr++) {
			first_a = a;
			first_b = b;
		}
	}
	if (!nr)
		return;
	if (nr > 1)
		snprintf(note, sizeof(note), "no law is broken; %d more differ", nr - 1);
	any = *text_of(first_a, "clock") ? first_a : first_b;
	print_change(step, CHANGED, false, file, json_integer_value(json_object_get(any, "nr")),
		     text_of(any, "clock"), text_of(first_a, "got"), text_of(first_b, "got"),
		     text_of(any, "unit"), note);
}

static void compare_file(struct step *step, size_t file)
{
	static struct pairs p;

	pair(&p, step->a->answer[file], step->b->answer[file]);
	compare_promises(step, file, &p);
	for (int i = 0; i < p.nr_a; i++) {
		const json_t *a = p.a[i], *b = p.of_a[i] < 0 ? NULL : p.b[p.of_a[i]];

		if (!b)
			judge_lost(step, file, &p, i);
		else
			print_finding(step, event_of(a) == event_of(b) &&
				      is_same(a, b, "law") && is_same(a, b, "event") &&
				      is_same(a, b, "got") && is_same(a, b, "want") ?
				      STILL : CHANGED, false, file, a, b, NULL);
	}
	for (int i = 0; i < p.nr_b; i++)
		if (p.of_b[i] < 0)
			judge_come(step, file, &p, i);
	compare_reads(step, file, &p);
}

/* Is anything worse on @b than on @a? */
static bool compare_trees(const struct tree *a, const struct tree *b)
{
	struct step step = { .a = a, .b = b };

	if (!cmp.json)
		printf("%s -> %s\n", a->name, b->name);
	for (size_t i = 0; i < cmp.files.nr; i++)
		compare_file(&step, i);
	if (cmp.json) {
		printf("{\"compare\":");
		report_json_string(stdout, a->name);
		json_member("with", b->name);
		for (int i = 0; i < NR_STATUS; i++)
			printf(",\"%s\":%d", status_name[i], step.nr[i]);
		printf(",\"files\":%zu,\"hunted\":%zu}\n", cmp.nr_given,
		       cmp.files.nr - cmp.nr_given);
	} else {
		printf("%s -> %s:", a->name, b->name);
		for (int i = 0; i < NR_STATUS; i++)
			if (step.nr[i] || i <= STILL)
				printf("%s %d %s", i ? "," : "", step.nr[i], status_name[i]);
		printf(" in %zu scenarios, %zu of them hunted\n\n", cmp.files.nr,
		       cmp.files.nr - cmp.nr_given);
	}
	return step.worse;
}

/* ---- the command -------------------------------------------------------------- */

static int add_tree(const char *option)
{
	struct cli_tree tree;

	if (cmp.nr_trees == MAX_TREES || !cli_tree(option, &tree))
		return cli_error("compare: --tree wants NAME=DIR, at most %d times", MAX_TREES);
	cmp.tree[cmp.nr_trees].name = tree.name;
	cmp.tree[cmp.nr_trees++].dir = tree.dir;
	return CLI_OK;
}

static int parse_options(int argc, char **argv, const char **known)
{
	const char *v;
	int code = CLI_OK;

	for (int i = 1; i < argc && !code; i++) {
		if (!strcmp(argv[i], "--json"))
			cmp.json = true;
		else if ((v = cli_option(argv, &i, "--tree")))
			code = add_tree(v);
		else if ((v = cli_option(argv, &i, "--time")))
			cmp.time = v;
		else if ((v = cli_option(argv, &i, "--seed")))
			cmp.seed = v;
		else if ((v = cli_option(argv, &i, "--out")))
			cmp.out = v;
		else if (cli_known_option(argv, &i, known))
			;
		else if (argv[i][0] == '-')
			code = cli_error("compare: unknown option %s", argv[i]);
		else
			code = cli_collect(&cmp.files, argv[i]);
	}
	return code;
}

int cmd_compare(int argc, char **argv)
{
	const char *known = cli_known_path();
	char corpus[4096], error[4400];
	bool hunts, worse = false;
	int code;

	cmp.time = "20s";
	cmp.seed = "1";
	cmp.out = "findings";
	code = parse_options(argc, argv, &known);
	if (code)
		return code;
	if (cmp.nr_trees < 2)
		return cli_error("compare: which trees? want two or more, or --patch");
	if (known && known_read(&cmp.known, known, error))
		return cli_error("%s", error);
	if (!cmp.files.nr) {
		snprintf(corpus, sizeof(corpus), "%s/corpus", cli_source_dir());
		code = cli_collect(&cmp.files, corpus);
		if (code)
			return code;
	}
	cmp.nr_given = cmp.files.nr;
	hunts = strtol(cmp.time, NULL, 10) || strspn(cmp.time, "0s") != strlen(cmp.time);
	if (hunts && mkdir(cmp.out, 0777) && errno != EEXIST)
		return cli_error("%s: %s", cmp.out, strerror(errno));
	for (int i = 0; i < cmp.nr_trees; i++)
		if (ask_functions(&cmp.tree[i]) || (hunts && hunt(&cmp.tree[i])))
			return CLI_ERROR;
	for (int i = 0; i < cmp.nr_trees; i++) {
		fprintf(stderr, "running %zu scenarios on %s\n", cmp.files.nr,
			cmp.tree[i].name);
		if (ask_all(&cmp.tree[i]))
			return CLI_ERROR;
	}
	for (int i = 1; i < cmp.nr_trees; i++)
		worse |= compare_trees(&cmp.tree[i - 1], &cmp.tree[i]);
	/* the answers live as long as the process does */
	cli_files_free(&cmp.files);
	known_free(&cmp.known);
	return worse ? CLI_BROKEN : CLI_OK;
}
