// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz ci: what a change to a kernel breaks.
 *
 *	ci --tree BASE=DIR --tree HEAD=DIR [--time 10m] [--jobs N] [--seed N] [--out DIR]
 *	   [--summary FILE.md] [--sarif FILE] [--known FILE | --no-known] [FILE|DIR]...
 *
 * DIR holds the programs of a tree, which ./clockfuzz has built.  HEAD is hunted; then
 * both run the corpus and what the hunt found, and what HEAD does worse is the change's
 * doing.  A new finding that BASE has, too, is told, but isn't.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "cli.h"
#include "json.h"
#include "../file.h"
#include "../oracle/law.h"
#include "../report/report.h"

#define MAX_ANSWER (64 << 20)
#define MAX_GROUPS 512
#define MAX_SHOWN 20
#define MAX_SCENARIO (1 << 14)
#define PROMISE "promise"		/* a rule beside the laws, for SARIF */

/* What compare or the hunt says of one signature, however often. */
struct group {
	const char *status;		/* compare's word; NULL: the hunt's */
	char *what;			/* signature, or what is promised; owned */
	const json_t *row;		/* the first one */
	const json_t *finding;		/* that of HEAD if it has one; NULL: a promise */
	bool worse;
	int nr;
};

static struct {
	struct cli_tree tree[2];
	int nr_trees;
	const char *time, *jobs, *seed, *out, *sarif, *summary, *known;
	struct cli_files files;
	json_t *rows;			/* compare's */
	json_t *total;			/* and its last line */
	json_t *hunt;			/* the hunt's last line, or NULL */
	json_t *unknown;		/* what it found that the table hasn't */
	struct group group[MAX_GROUPS];
	int nr_groups, nr_worse;
} ci;

#define BASE (&ci.tree[0])
#define HEAD (&ci.tree[1])

/* ---- asking ------------------------------------------------------------------- */

/* Calls @on_value with each of the JSON values that @tree's program says to @args. */
static int ask(const struct cli_tree *tree, char **args, int (*on_value)(json_t *value))
{
	static char buf[MAX_ANSWER];
	char program[4096], *rest;
	json_error_t error;
	int code;

	snprintf(program, sizeof(program), "%s/clockfuzz", tree->dir);
	args[0] = program;
	code = cli_capture(args, buf, sizeof(buf));
	if (code != CLI_OK && code != CLI_BROKEN)
		return cli_error("ci: %s failed on %s", args[1], tree->name);
	for (rest = buf; *(rest += strspn(rest, " \n")); rest += error.position) {
		json_t *value = json_loads(rest, JSON_DISABLE_EOF_CHECK, &error);

		if (!value)
			return cli_error("ci: %s's answer isn't JSON: %s", args[1], error.text);
		code = on_value(value);
		json_decref(value);
		if (code)
			return code;
	}
	return CLI_OK;
}

/* The table goes on to each program: as the @n th argument; the number behind it. */
static int add_known(char **args, int n)
{
	args[n++] = ci.known ? "--known" : "--no-known";
	if (ci.known)
		args[n++] = (char *)ci.known;
	return n;
}

static int on_hunted(json_t *object)
{
	const char *path = text_of(object, "input");
	json_t *finding;
	size_t i;

	if (json_object_get(object, "hunt")) {
		ci.hunt = json_incref(object);
		return CLI_OK;
	}
	/* before it hunts it tells of the corpus, which compare knows more about */
	if (strncmp(path, ci.out, strlen(ci.out)))
		return CLI_OK;
	json_array_foreach(json_object_get(object, "findings"), i, finding)
		if (!json_object_get(finding, "known"))
			json_array_append(ci.unknown, finding);
	return cli_collect(&ci.files, path);
}

static int hunt(void)
{
	char *args[16] = { NULL, "hunt", "--json", "--time", (char *)ci.time,
			   "--out", (char *)ci.out };
	int n = 7;

	if (!strtol(ci.time, NULL, 10) && strspn(ci.time, "0s") == strlen(ci.time))
		return CLI_OK;
	n = add_known(args, n);
	if (ci.jobs) {
		args[n++] = "--jobs";
		args[n++] = (char *)ci.jobs;
	}
	if (ci.seed) {
		args[n++] = "--seed";
		args[n++] = (char *)ci.seed;
	}
	return ask(HEAD, args, on_hunted);
}

static int on_compared(json_t *object)
{
	if (json_object_get(object, "compare"))
		ci.total = json_incref(object);
	else
		json_array_append(ci.rows, object);
	return CLI_OK;
}

static int compare(void)
{
	char tree[2][4200], **args = calloc(ci.files.nr + 16, sizeof(*args));
	int n = 1, code;

	if (!args)
		abort();
	args[n++] = "compare";
	args[n++] = "--json";
	args[n++] = "--time";
	args[n++] = "0s";
	for (int i = 0; i < 2; i++) {
		snprintf(tree[i], sizeof(tree[i]), "%s=%s", ci.tree[i].name, ci.tree[i].dir);
		args[n++] = "--tree";
		args[n++] = tree[i];
	}
	n = add_known(args, n);
	for (size_t i = 0; i < ci.files.nr; i++)
		args[n++] = ci.files.path[i];
	code = ask(HEAD, args, on_compared);
	free(args);
	return code;
}

/* ---- what belongs together -------------------------------------------------------- */

static void add(const char *status, const char *what, const json_t *row,
		const json_t *finding, bool worse)
{
	struct group *group;

	for (int i = 0; i < ci.nr_groups; i++) {
		group = &ci.group[i];
		if (group->worse == worse && !strcmp(group->what, what) &&
		    !strcmp(group->status ?: "", status ?: "")) {
			group->nr++;
			return;
		}
	}
	if (ci.nr_groups == MAX_GROUPS)
		return;
	ci.nr_worse += worse;
	ci.group[ci.nr_groups++] = (struct group){ status, strdup(what), row, finding, worse, 1 };
}

static void gather(void)
{
	char buf[SIGNATURE];
	json_t *row, *finding;
	size_t i;

	json_array_foreach(ci.rows, i, row) {
		finding = json_object_get(row, "after") ?: json_object_get(row, "before");
		add(text_of(row, "status"), finding ? signature_of(finding, buf) :
		    text_of(row, "what"), row, finding, json_is_true(json_object_get(row, "worse")));
	}
	json_array_foreach(ci.unknown, i, finding) {
		const char *what = signature_of(finding, buf);
		bool told = false;

		for (int k = 0; k < ci.nr_groups; k++)
			told |= ci.group[k].worse && !strcmp(ci.group[k].what, what);
		if (!told)
			add(NULL, what, finding, finding, false);
	}
}

static bool has_status(const struct group *group, const char *status)
{
	return group->status && !strcmp(group->status, status);
}

/* ---- where it is --------------------------------------------------------------------- */

static json_t *functions;

static int on_functions(json_t *list)
{
	functions = json_incref(list);
	return CLI_OK;
}

/* What is promised has no arithmetic: it is where KVM decides it. */
static const json_t *location(const struct group *group)
{
	static const struct { const char *what, *function; } decides[] = {
		{ "master clock", "pvclock_update_vm_gtod_copy" },
		{ "kvmclock is stable, by vCPU", "kvm_guest_time_update" },
		{ "TSC page is valid", "kvm_hv_setup_tsc_page" },
	};
	json_t *function;
	size_t i;

	if (group->finding)
		return group->finding;
	for (size_t k = 0; k < sizeof(decides) / sizeof(decides[0]); k++)
		json_array_foreach(functions, i, function)
			if (!strcmp(group->what, decides[k].what) &&
			    !strcmp(text_of(function, "name"), decides[k].function))
				return function;
	return NULL;
}

static const char *function_name(const json_t *location)
{
	return *text_of(location, "function") ? text_of(location, "function") : text_of(location, "name");
}

static const char *scenario(const struct group *group)
{
	return *text_of(group->row, "input") ? text_of(group->row, "input") :
	       text_of(group->row, "reproducer");
}

/* ---- Markdown ------------------------------------------------------------------------- */

/* In a table's cell, too. */
static void print_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|' || *s == '*' || *s == '\\')
			putc('\\', out);
		if (*s == '<')
			fputs("&lt;", out);
		else
			putc(*s == '\n' ? ' ' : *s, out);
	}
}

static void print_values(FILE *out, const struct group *group)
{
	const json_t *f = group->finding, *row = group->row;

	if (!f)
		fprintf(out, "event %d: %s, was %s", (int)json_integer_value(
			json_object_get(row, "event_nr")), text_of(row, "got_after"),
			text_of(row, "got_before"));
	else if (!strcmp(text_of(f, "law"), "total"))
		print_text(out, text_of(f, "why"));
	else
		fprintf(out, "%s %s, not %s (%s)", text_of(f, "got"), text_of(f, "unit"),
			text_of(f, "want"), text_of(f, "amount"));
}

static void print_code(FILE *out, const struct group *group)
{
	const json_t *at = location(group);

	if (*text_of(at, "file"))
		fprintf(out, "`%s:%d` %s()", text_of(at, "file"),
			(int)json_integer_value(json_object_get(at, "line")), function_name(at));
}

static bool wanted(const struct group *group, bool worse, const char *status)
{
	return group->worse == worse && (worse || (status ? has_status(group, status) :
						   !group->status));
}

/* A table of the groups that are @worse, or that have @status. */
static void print_table(FILE *out, const char *title, bool worse, const char *status)
{
	int nr = 0;

	for (int i = 0; i < ci.nr_groups; i++) {
		const struct group *group = &ci.group[i];

		if (!wanted(group, worse, status) || ++nr > MAX_SHOWN)
			continue;
		if (nr == 1)
			fprintf(out, "\n## %s\n\n| law, clock, event | known as | scenarios | the first: value | code |\n"
				"|---|---|---|---|---|\n", title);
		fprintf(out, "| %s%s`", worse ? group->status : "", worse ? ": " : "");
		print_text(out, group->what);
		fprintf(out, "` | %s | %d | ", text_of(group->row, "known"), group->nr);
		print_values(out, group);
		fputs(" | ", out);
		print_code(out, group);
		fputs(" |\n", out);
	}
	if (nr > MAX_SHOWN)
		fprintf(out, "\nand %d more.\n", nr - MAX_SHOWN);
}

/* The arithmetic, and the scenario itself: so the summary alone reproduces it. */
static void print_detail(FILE *out, const struct group *group)
{
	static char buf[MAX_SCENARIO + 1];
	const char *path = scenario(group), *note = text_of(group->row, "note");
	long n = file_read(path, buf, MAX_SCENARIO);

	/* compare names the corpus as one does who stands in the repository */
	if (n < 0 && *path != '/') {
		char full[4096];

		snprintf(full, sizeof(full), "%s/%s", cli_source_dir(), path);
		n = file_read(full, buf, MAX_SCENARIO);
	}
	buf[n < 0 ? 0 : n] = '\0';
	fprintf(out, "\n### %s `%s`\n\n", group->status, group->what);
	print_text(out, group->finding ? text_of(group->finding, "headline") : note);
	fputs(group->finding && *note ? "; " : "", out);
	print_text(out, group->finding ? note : "");
	fputs(".\n", out);
	if (*text_of(group->finding, "arithmetic"))
		fprintf(out, "\n````\n%s````\n", text_of(group->finding, "arithmetic"));
	fprintf(out, "\n<details><summary>%s</summary>\n\n````\n%s````\n</details>\n\n"
		"`clockfuzz explain %s%s`\n", path, buf, report_kernel_option(), path);
}

static void print_summary(FILE *out)
{
	int nr = 0;

	fprintf(out, "# clockfuzz: ");
	if (ci.nr_worse)
		fprintf(out, "this change breaks %d thing%s\n\n", ci.nr_worse,
			ci.nr_worse == 1 ? "" : "s");
	else
		fprintf(out, "this change breaks nothing\n\n");
	fprintf(out, "%s against %s: ", HEAD->name, BASE->name);
	if (ci.hunt)
		fprintf(out, "hunted for %.0f s, %lld executions, seed %lld; ",
			json_number_value(json_object_get(ci.hunt, "seconds")),
			(long long)json_integer_value(json_object_get(ci.hunt, "executions")),
			(long long)json_integer_value(json_object_get(ci.hunt, "seed")));
	fprintf(out, "%zu scenarios compared.\n", ci.files.nr);

	print_table(out, "What it breaks", true, NULL);
	for (int i = 0; i < ci.nr_groups; i++)
		if (ci.group[i].worse && nr++ < MAX_SHOWN)
			print_detail(out, &ci.group[i]);
	print_table(out, "What it fixes", false, "fixed");
	print_table(out, "No longer there to be wrong", false, "gone");
	print_table(out, "No longer seen, for less is promised or a clock stops before", false,
		    "hidden");
	print_table(out, "Seen now, for what stopped before it is gone", false, "uncovered");
	print_table(out, "New to the table of known findings, but the base has it, too", false, NULL);
	fprintf(out, "\nKnown and as before: %lld findings; other values: %lld.\n",
		(long long)json_integer_value(json_object_get(ci.total, "still")),
		(long long)json_integer_value(json_object_get(ci.total, "changed")));
}

/* ---- SARIF ------------------------------------------------------------------------------ */

static json_t *sarif_rule(const char *id, const char *sentence, const char *contract,
			  const char *tolerance)
{
	char help[2048];

	snprintf(help, sizeof(help), "Contract: %s.\nTolerance: %s.", contract, tolerance);
	return json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", id,
			 "shortDescription", "text", sentence, "help", "text", help,
			 "defaultConfiguration", "level", "error");
}

static json_t *sarif_rules(void)
{
	json_t *rules = json_array();

	for (int i = 0; i < LAW_NR; i++)
		if (i != LAW_CANARY)
			json_array_append_new(rules, sarif_rule(law_info[i].name,
				law_info[i].sentence, law_info[i].contract, law_info[i].tolerance));
	json_array_append_new(rules, sarif_rule(PROMISE,
		"KVM promises no less of a clock than before",
		"the same scenario on two trees", "0"));
	return rules;
}

static json_t *sarif_result(const struct group *group)
{
	const json_t *at = location(group);
	const char *file = *text_of(at, "file") ? text_of(at, "file") : "arch/x86/kvm/x86.c";
	json_int_t line = json_integer_value(json_object_get(at, "line"));
	char *message = NULL;
	size_t size;
	FILE *out = open_memstream(&message, &size);
	json_t *result;

	if (!out)
		abort();
	if (group->finding)
		fprintf(out, "%s", text_of(group->finding, "headline"));
	else
		fprintf(out, "%s: %s, was %s", group->what, text_of(group->row, "got_after"),
			text_of(group->row, "got_before"));
	fprintf(out, ". %s (%s)", group->worse ? "This change's doing." :
		"The base has it, too.", scenario(group));
	fclose(out);
	result = json_pack("{s:s, s:s, s:{s:s}, s:[{s:{s:{s:s, s:s}, s:{s:I}}, s:[{s:s, s:s}]}], s:{s:s}}",
			   "ruleId", group->finding ? text_of(group->finding, "law") : PROMISE,
			   "level", group->worse ? "error" : "note", "message", "text", message,
			   "locations", "physicalLocation", "artifactLocation", "uri", file,
			   "uriBaseId", "%SRCROOT%", "region", "startLine", line > 0 ? line : 1,
			   "logicalLocations", "name", function_name(at), "kind", "function",
			   "partialFingerprints", "clockfuzzSignature/v1", group->what);
	free(message);
	return result;
}

static void print_sarif(FILE *out)
{
	json_t *results = json_array(), *log;

	for (int i = 0; i < ci.nr_groups; i++)
		if (ci.group[i].worse || !ci.group[i].status)
			json_array_append_new(results, sarif_result(&ci.group[i]));
	log = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:{s:s}, s:o}]}",
			"$schema", "https://json.schemastore.org/sarif-2.1.0.json",
			"version", "2.1.0", "runs", "tool", "driver", "name", "clockfuzz",
			"version", CLI_VERSION, "rules", sarif_rules(),
			"automationDetails", "id", "clockfuzz/", "results", results);
	json_dumpf(log, out, JSON_INDENT(1));
	putc('\n', out);
	json_decref(log);
}

/* ---- the command -------------------------------------------------------------------------- */

static int write_file(const char *path, void (*print)(FILE *out))
{
	static struct file_new new;

	if (!file_create(&new, path)) {
		print(new.out);
		if (!file_commit(&new, false))
			return CLI_OK;
	}
	return cli_error("%s: %s", path, strerror(errno));
}

static int parse(int argc, char **argv)
{
	const char *v;
	int code = CLI_OK;

	for (int i = 1; i < argc && !code; i++) {
		if ((v = cli_option(argv, &i, "--tree"))) {
			if (ci.nr_trees == 2 || !cli_tree(v, &ci.tree[ci.nr_trees]))
				return cli_error("ci: --tree wants NAME=DIR, twice");
			ci.nr_trees++;
		} else if ((v = cli_option(argv, &i, "--time"))) {
			ci.time = v;
		} else if ((v = cli_option(argv, &i, "--jobs"))) {
			ci.jobs = v;
		} else if ((v = cli_option(argv, &i, "--seed"))) {
			ci.seed = v;
		} else if ((v = cli_option(argv, &i, "--out"))) {
			ci.out = v;
		} else if ((v = cli_option(argv, &i, "--sarif"))) {
			ci.sarif = v;
		} else if ((v = cli_option(argv, &i, "--summary"))) {
			ci.summary = v;
		} else if (cli_known_option(argv, &i, &ci.known)) {
			;
		} else if (argv[i][0] == '-') {
			code = cli_error("ci: unknown option %s", argv[i]);
		} else {
			code = cli_collect(&ci.files, argv[i]);
		}
	}
	return code;
}

int cmd_ci(int argc, char **argv)
{
	char corpus[4096];
	int code;

	ci.time = "10m";
	ci.out = "findings";
	ci.known = cli_known_path();
	code = parse(argc, argv);
	if (code)
		return code;
	if (ci.nr_trees != 2)
		return cli_error("ci: which trees? give --base REV");
	if (!ci.files.nr) {
		snprintf(corpus, sizeof(corpus), "%s/corpus", cli_source_dir());
		code = cli_collect(&ci.files, corpus);
	}
	ci.rows = json_array();
	ci.unknown = json_array();
	code = code ?: hunt() ?: compare() ?:
	       ask(HEAD, (char *[]){ NULL, "list", "--json", "functions", NULL }, on_functions);
	if (code)
		return code;
	gather();
	if (ci.summary)
		code = write_file(ci.summary, print_summary);
	else
		print_summary(stdout);
	if (ci.sarif && !code)
		code = write_file(ci.sarif, print_sarif);
	if (ci.summary && !code)
		printf("%s against %s: %d broken by this change\n", HEAD->name, BASE->name,
		       ci.nr_worse);
	cli_files_free(&ci.files);
	return code ? code : ci.nr_worse ? CLI_BROKEN : CLI_OK;
}
