// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz report [-o OUT.html] [--tree KERNEL=DIR]... [FILE|DIR]...
 *
 * Replays the files on every tree and joins what they say in one page.  DIR holds the
 * programs of a tree, which ./clockfuzz has built for --kernel KERNEL; without, it is
 * this program's.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "json.h"
#include "../file.h"
#include "../report/html.h"
#include "../report/known.h"
#include "../report/report.h"

#define MAX_TREES 8
#define MAX_ROWS 4096
#define MAX_OUTPUT (1 << 26)
#define NAME 200

struct tree {
	char *kernel;			/* as --kernel has it; NULL: the default */
	const char *dir;		/* NULL: this program's */
	json_t *replays;		/* path: what replay says of it */
	json_t *functions;		/* those that it has, by name */
	char version[64], name[NAME];
};

/* One law broken by one file, on at least one tree. */
struct row {
	const char *path;
	char signature[SIGNATURE], id[128];
	enum law law;
	json_t *finding[MAX_TREES];	/* NULL: not on that tree */
	int last;			/* the last tree that has it: what is told in full */
};

static struct {
	struct tree tree[MAX_TREES];
	int nr_trees;
	struct row row[MAX_ROWS];
	int nr_rows;
	const char *known_path;
	struct known known;
} page;

/* ---- asking the trees ------------------------------------------------------- */

/* What is asked and printed from now on is of @tree. */
static void use(const struct tree *tree)
{
	if (tree->kernel)
		setenv("CLOCKFUZZ_KERNEL", tree->kernel, 1);
}

/* Program clockfuzz of @tree with @args, which begin at [1]; its exit code. */
static int ask(const struct tree *tree, const char **args, char **output)
{
	static char buf[MAX_OUTPUT];
	char program[4200];

	if (tree->dir)
		snprintf(program, sizeof(program), "%s/clockfuzz", tree->dir);
	else
		cli_sibling("clockfuzz", program, sizeof(program));
	use(tree);
	args[0] = program;
	*output = buf;
	return cli_capture((char *const *)args, buf, sizeof(buf));
}

/* The next line of @output as JSON; NULL after the last, or with *@code set. */
static json_t *next_json(char **output, int *code)
{
	char *line = strsep(output, "\n");
	json_error_t err;
	json_t *json;

	if (!line || !*line)
		return NULL;
	json = json_loads(line, 0, &err);
	if (!json)
		*code = cli_error("replay said \"%.60s\", not JSON: %s", line, err.text);
	return json;
}

static int ask_replay(struct tree *tree, const char **paths, int nr)
{
	const char **args = calloc(nr + 6, sizeof(*args));
	int n = 1, code, bad = CLI_OK;
	char *output;
	json_t *json;

	if (!args)
		abort();
	args[n++] = "replay";
	args[n++] = "--json";
	args[n++] = page.known_path ? "--known" : "--no-known";
	if (page.known_path)
		args[n++] = page.known_path;
	memcpy(args + n, paths, nr * sizeof(*paths));
	code = ask(tree, args, &output);
	free(args);
	if (code > CLI_BROKEN)
		return code;
	tree->replays = json_object();
	while ((json = next_json(&output, &bad))) {
		snprintf(tree->version, sizeof(tree->version), "%s", text_of(json, "tree"));
		json_object_set_new(tree->replays, text_of(json, "input"), json);
	}
	return bad ? bad : code;
}

static int ask_functions(struct tree *tree)
{
	const char *args[] = { NULL, "list", "--json", "functions", NULL };
	json_t *list;
	char *output;
	int code = ask(tree, args, &output);

	if (code)
		return code;
	list = json_loads(output, 0, NULL);
	tree->functions = names_of(list);
	json_decref(list);
	return CLI_OK;
}

/* Trees of one version, one of them patched, have their --kernel behind it. */
static void tell_apart(void)
{
	for (int i = 0; i < page.nr_trees; i++) {
		struct tree *t = &page.tree[i];
		bool twin = false;

		for (int k = 0; k < page.nr_trees; k++)
			twin |= k != i && !strcmp(page.tree[k].version, t->version);
		snprintf(t->name, sizeof(t->name), twin && t->kernel ? "%s %s, %s" : "%s %s",
			 strcmp(subject->name, "linux") ? subject->name : "Linux",
			 t->version, t->kernel);
	}
}

/* Timeline and picture of @row; NULL: it has none, or with *@code set. */
static json_t *ask_explain(const struct row *row, int *code)
{
	const char *args[] = { NULL, "explain", "--json", "--plot", "-", row->path, NULL };
	char *output;
	int asked;

	if (strcmp(text_of(row->finding[row->last], "harness"), "fuzz_timeline"))
		return NULL;
	asked = ask(&page.tree[row->last], args, &output);
	if (asked <= CLI_BROKEN)
		return next_json(&output, code);
	*code = asked;
	return NULL;
}

/* ---- rows ------------------------------------------------------------------- */

/* Is what @finding of @path is known as the subject of another of the files? */
static bool has_own_file(const json_t *finding, const char *path)
{
	const char *known = text_of(finding, "known"), *other;
	char slug[128];
	json_t *value;

	if (!*known || (known_slug(path, slug, sizeof(slug)) && !strcmp(slug, known)))
		return false;
	json_object_foreach(page.tree[0].replays, other, value)
		if (known_slug(other, slug, sizeof(slug)) && !strcmp(slug, known))
			return true;
	return false;
}

static bool taken(const char *id)
{
	for (int i = 0; i < page.nr_rows; i++)
		if (!strcmp(page.row[i].id, id))
			return true;
	return false;
}

/*
 * What a URL's fragment may name: the file's name, its slug if it has one.  Our own
 * have a colon.
 */
static void name_row(struct row *row)
{
	char name[100];
	size_t n;

	if (!known_slug(row->path, name, sizeof(name)))
		snprintf(name, sizeof(name), "%s", file_base(row->path));
	n = strlen(name);
	if (n > 4 && !strcmp(name + n - 4, ".txt"))
		name[n - 4] = '\0';
	for (char *p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *p))
			*p = '-';
	strcpy(row->id, name);
	for (int i = 2; taken(row->id); i++)
		snprintf(row->id, sizeof(row->id), "%s-%d", name, i);
}

static int add_finding(const char *path, int tree, json_t *finding)
{
	struct row *row, new = { .path = path };
	int law = law_by_name(text_of(finding, "law"));

	/* the canary rings on every tree, to show that it can */
	if (law < 0 || law == LAW_CANARY || has_own_file(finding, path))
		return CLI_OK;
	signature_of(finding, new.signature);
	for (row = page.row; row < page.row + page.nr_rows; row++)
		if (row->path == path && !strcmp(row->signature, new.signature))
			break;
	if (row == page.row + page.nr_rows) {
		if (page.nr_rows == MAX_ROWS)
			return cli_error("report: more than %d findings", MAX_ROWS);
		new.law = law;
		name_row(&new);
		*row = new;
		page.nr_rows++;
	}
	row->finding[tree] = finding;
	row->last = tree;
	return CLI_OK;
}

static int by_law(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->law != y->law ? (int)x->law - (int)y->law : strcmp(x->id, y->id);
}

static int collect_rows(void)
{
	const char *path;
	json_t *first, *finding;
	size_t k;

	json_object_foreach(page.tree[0].replays, path, first)
		for (int i = 0; i < page.nr_trees; i++) {
			json_t *replay = json_object_get(page.tree[i].replays, path);

			json_array_foreach(json_object_get(replay, "findings"), k, finding)
				if (add_finding(path, i, finding))
					return CLI_ERROR;
		}
	qsort(page.row, page.nr_rows, sizeof(*page.row), by_law);
	return CLI_OK;
}

enum state { LIVE, NEW, SILENT, HIDDEN, ABSENT, LOST };

static const char *const state_class[] = {
	[LIVE] = "live", [NEW] = "new", [SILENT] = "silent", [HIDDEN] = "hidden",
	[ABSENT] = "absent", [LOST] = "lost",
};

/* The function that breaks the law where it breaks. */
static const char *function_of(const struct row *row)
{
	return text_of(row->finding[row->last], "function");
}

static const json_t *findings_of(const struct row *row, int tree)
{
	return json_object_get(json_object_get(page.tree[tree].replays, row->path), "findings");
}

static bool has_signature(const json_t *findings, const char *wanted)
{
	char buf[SIGNATURE];
	const json_t *f;

	for (size_t i = 0; (f = json_array_get(findings, i)); i++)
		if (!strcmp(signature_of(f, buf), wanted))
			return true;
	return false;
}

static json_int_t event_nr(const json_t *finding)
{
	return json_integer_value(json_object_get(finding, "event_nr"));
}

/*
 * What keeps @tree from breaking @row's law in the same scenario, where other trees come
 * to it, or NULL: behind a broken law a clock starts afresh, behind "total" nothing does.
 */
static const json_t *hidden_by(const struct row *row, int tree)
{
	const json_t *others = findings_of(row, tree), *f;
	char buf[SIGNATURE];

	for (size_t i = 0; (f = json_array_get(others, i)); i++) {
		bool ends = !strcmp(text_of(f, "law"), law_info[LAW_TOTAL].name);

		if (event_nr(f) && event_nr(f) < event_nr(row->finding[row->last]) + ends &&
		    !has_signature(findings_of(row, row->last), signature_of(f, buf)))
			return f;
	}
	return NULL;
}

static enum state state(const struct row *row, int tree)
{
	const struct tree *t = &page.tree[tree];
	const char *missing = text_of(json_object_get(t->replays, row->path), "missing");
	char slug[128];

	if (row->finding[tree])
		return !page.known_path || *text_of(row->finding[tree], "known") ? LIVE : NEW;
	if (known_slug(row->path, slug, sizeof(slug)) && !strcmp(slug, missing))
		return LOST;
	if (json_object_get(page.tree[row->last].functions, function_of(row)) &&
	    !json_object_get(t->functions, function_of(row)))
		return ABSENT;
	return hidden_by(row, tree) ? HIDDEN : SILENT;
}

/* What @finding is off by; no more digits than fit in a table. */
static const char *amount(const json_t *finding, char buf[80])
{
	double difference = strtod(text_of(finding, "difference"), NULL);

	if (!*text_of(finding, "amount"))
		return "stops";
	if (json_object_get(finding, "difference_seconds") || fabs(difference) < 1e6)
		return text_of(finding, "amount");
	snprintf(buf, 80, "%+.3g %s", difference, text_of(finding, "unit"));
	return buf;
}

/* Its row in the table of known findings, or NULL. */
static const struct known_row *known_row(const struct row *row)
{
	for (int i = 0; i < page.nr_trees; i++)
		for (u32 k = 0; k < page.known.nr; k++)
			if (!strcmp(text_of(row->finding[i], "known"), page.known.row[k].slug))
				return &page.known.row[k];
	return NULL;
}

/* ---- the page --------------------------------------------------------------- */

static void element(FILE *out, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void element(FILE *out, const char *tag, const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		abort();
	va_end(ap);
	html_element(out, tag, line);
	free(line);
}

static int count(enum law law, int tree)
{
	int n = 0;

	for (int i = 0; i < page.nr_rows; i++)
		n += (law == LAW_NR || page.row[i].law == law) && page.row[i].finding[tree];
	return n;
}

struct column {
	const char *title;
	bool number;
};

static void print_header(FILE *out, const char *title, bool number)
{
	html_element(out, number ? "th scope=\"col\" class=\"number\"" : "th scope=\"col\"",
		     title);
}

/* Up to its headers.  What is too wide scrolls within itself, by keys, too. */
static void begin_table(FILE *out, const char *class, const char *label)
{
	fprintf(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
		"<table class=\"%s\">\n<thead><tr>", label, class);
}

static void begin_body(FILE *out)
{
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void end_table(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

/* How many findings break @law on @tree, and the one that is furthest off. */
static void print_count(FILE *out, enum law law, int tree)
{
	const json_t *worst = NULL;
	int n = count(law, tree);
	double most = 0;
	char buf[80];

	for (int i = 0; i < page.nr_rows; i++) {
		const json_t *f = page.row[i].finding[tree];
		double s = fabs(json_number_value(json_object_get(f, "difference_seconds")));

		if (page.row[i].law == law && s > most) {
			most = s;
			worst = f;
		}
	}
	if (!n) {
		fputs("<td class=\"none\">none</td>", out);
		return;
	}
	fprintf(out, "<td class=\"heat-%d\"><a href=\"#law:%s\"><b>%d</b>",
		n < 3 ? 1 : n < 8 ? 2 : 3, law_info[law].name, n);
	if (worst)
		element(out, "small", "worst %s", amount(worst, buf));
	fputs("</a></td>", out);
}

static void print_total(FILE *out, int tree)
{
	int new = 0;

	for (int i = 0; i < page.nr_rows; i++)
		new += state(&page.row[i], tree) == NEW;
	fputs("<td>", out);
	element(out, "b", "%d", count(LAW_NR, tree));
	if (new)
		element(out, "small class=\"new\"", " %d new ", new);
	fputs("</td>", out);
}

/* An oracle that has gone blind, or a fix: either way the table isn't right any more. */
static void print_missing(FILE *out)
{
	const char *path;
	json_t *replay;

	for (int i = 0; i < page.nr_trees; i++)
		json_object_foreach(page.tree[i].replays, path, replay)
			if (json_object_get(replay, "missing"))
				element(out, "p class=\"lost\"",
					"%s is no longer seen on %s, where the table of known findings says live: %s",
					text_of(replay, "missing"), page.tree[i].name, cli_shown_path(path));
}

static void print_matrix(FILE *out)
{
	fputs("<h2>Laws and trees</h2>\n<p class=\"soft\">How many findings break a law; "
	      "the time is the worst that a clock is off by.</p>\n", out);
	begin_table(out, "matrix", "Laws and trees");
	print_header(out, "Law", false);
	for (int i = 0; i < page.nr_trees; i++)
		print_header(out, page.tree[i].name, true);
	begin_body(out);
	for (enum law law = 0; law < LAW_CANARY; law++) {
		fputs("<tr><th scope=\"row\">", out);
		html_element(out, "b", law_info[law].name);
		fputs("<br/>", out);
		html_element(out, "span class=\"soft\"", law_info[law].sentence);
		fputs("</th>", out);
		for (int i = 0; i < page.nr_trees; i++)
			print_count(out, law, i);
		fputs("</tr>\n", out);
	}
	fputs("<tr class=\"all\"><th scope=\"row\"><b>all</b></th>", out);
	for (int i = 0; i < page.nr_trees; i++)
		print_total(out, i);
	fputs("</tr>\n", out);
	end_table(out);
}

static void print_state(FILE *out, const struct row *row, int tree)
{
	enum state s = state(row, tree);
	char buf[80];

	fprintf(out, "<td class=\"number %s\">", state_class[s]);
	html_text(out, row->finding[tree] ? amount(row->finding[tree], buf) : s == LOST ?
		  "no longer seen" : state_class[s]);
	fputs(s == NEW ? " (new)</td>" : "</td>", out);
}

static bool trees_differ(const struct row *row)
{
	for (int i = 1; i < page.nr_trees; i++)
		if (state(row, i) != state(row, 0) ||
		    strcmp(text_of(row->finding[i], "difference"),
			   text_of(row->finding[0], "difference")))
			return true;
	return false;
}

static void print_findings(FILE *out)
{
	const struct known_row *known;

	fputs("<h2>Findings and trees</h2>\n<p class=\"soft\">"
	      "A figure: the law is broken, by so much. "
	      "<b>silent</b>: the same scenario doesn't break it there. "
	      "<b>hidden</b>: it breaks another law before that. "
	      "<b>absent</b>: that tree hasn't the function that breaks it elsewhere. "
	      "<b>(new)</b>: not in the table of known findings. "
	      "<b>no longer seen</b>: that table says that it is live.</p>\n", out);
	if (page.nr_trees > 1)
		fputs("<p><label><input type=\"checkbox\" id=\"only:differ\"/> "
		      "only where the trees differ</label></p>\n", out);
	begin_table(out, "findings", "Findings and trees");
	print_header(out, "Finding", false);
	print_header(out, "Clock", false);
	print_header(out, "Upstream", false);
	for (int i = 0; i < page.nr_trees; i++)
		print_header(out, page.tree[i].name, true);
	begin_body(out);
	for (int i = 0; i < page.nr_rows; i++) {
		const struct row *row = &page.row[i];
		const char *law = law_info[row->law].name;

		if (!i || page.row[i - 1].law != row->law)
			fprintf(out, "<tr class=\"group\" id=\"law:%s\"><th colspan=\"%d\" scope=\"rowgroup\">%s</th></tr>\n",
				law, page.nr_trees + 3, law);
		known = known_row(row);
		fprintf(out, "<tr%s><th scope=\"row\"><a href=\"#%s\">%s</a></th>",
			trees_differ(row) ? "" : " class=\"same\"", row->id, row->id);
		html_element(out, "td class=\"clock\"", text_of(row->finding[row->last], "clock"));
		html_element(out, "td", known ? known->status : "-");
		for (int k = 0; k < page.nr_trees; k++)
			print_state(out, row, k);
		fputs("</tr>\n", out);
	}
	end_table(out);
}

/* ---- one finding ------------------------------------------------------------ */

static void print_number(FILE *out, const json_t *finding, const char *key)
{
	char hexa[40];

	snprintf(hexa, sizeof(hexa), "%s_hex", key);
	fputs("<td class=\"number\">", out);
	html_text(out, text_of(finding, key));
	fputs("<br/>", out);
	html_element(out, "span class=\"code soft\"", text_of(finding, hexa));
	fputs("</td>", out);
}

static void print_why_not(FILE *out, const struct row *row, int tree)
{
	switch (state(row, tree)) {
	case ABSENT:
		html_text(out, function_of(row));
		fputs("() isn't in this tree, and this law isn't broken", out);
		break;
	case LOST:
		fputs("no longer seen: the table of known findings says live", out);
		break;
	case HIDDEN:
		fputs("hidden: before that it breaks another law: ", out);
		html_text(out, text_of(hidden_by(row, tree), "headline"));
		break;
	default:
		fputs("silent: this law isn't broken", out);
	}
}

static void print_values(FILE *out, const struct row *row)
{
	static const struct column columns[] = {
		{ "Tree", false }, { "Expected", true }, { "Actual", true },
		{ "Difference", true }, { "Unit", false }, { "Allowed", true },
		{ "Code", false },
	};

	fputs("<h4>What it said</h4>\n", out);
	begin_table(out, "values", "What it said");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		print_header(out, columns[i].title, columns[i].number);
	begin_body(out);
	for (int i = 0; i < page.nr_trees; i++) {
		const json_t *f = row->finding[i];

		fputs("<tr>", out);
		html_element(out, "th scope=\"row\"", page.tree[i].name);
		if (!f) {
			fprintf(out, "<td colspan=\"6\" class=\"%s\">", state_class[state(row, i)]);
			print_why_not(out, row, i);
			fputs("</td></tr>\n", out);
			continue;
		}
		if (row->law == LAW_TOTAL) {
			html_element(out, "td colspan=\"5\" class=\"live\"", text_of(f, "why"));
		} else {
			const char *high = text_of(f, "tolerance_high");

			print_number(out, f, "want");
			print_number(out, f, "got");
			print_number(out, f, "difference");
			html_element(out, "td", text_of(f, "unit"));
			/* an s128 beyond any clock: no limit */
			element(out, "td class=\"number\"", strlen(high) > 25 ? "%s or more" :
				"%s to %s", text_of(f, "tolerance_low"), high);
		}
		element(out, "td class=\"code\"", "%s%s%.0lld %s", text_of(f, "file"),
			*text_of(f, "file") ? ":" : "",
			json_integer_value(json_object_get(f, "line")), text_of(f, "function"));
		fputs("</tr>\n", out);
	}
	end_table(out);
}

static void print_event(FILE *out, const json_t *e, bool hosts)
{
	const char *error = text_of(e, "error");
	unsigned long long ns = strtoull(text_of(e, "true_ns"), NULL, 10);

	fputs(json_object_get(e, "broken") ? "<tr class=\"broken\">" : "<tr>", out);
	element(out, "td class=\"number\"", "%lld",
		json_integer_value(json_object_get(e, "nr")));
	html_element(out, "th scope=\"row\" class=\"code\"", text_of(e, "event"));
	element(out, "td class=\"number\"", "%llu.%09llu", ns / CF_NS_PER_SEC,
		ns % CF_NS_PER_SEC);
	if (hosts)
		element(out, "td class=\"number\"", "%lld",
			json_integer_value(json_object_get(e, "host")));
	element(out, "td class=\"number\"", "%lld",
		json_integer_value(json_object_get(e, "cpu")));
	html_element(out, "td class=\"number\"", text_of(e, "raw_tsc"));
	if (json_object_get(e, "trap"))
		html_element(out, "td", text_of(e, "trap"));
	else
		element(out, "td", "%s%s%s", text_of(e, "clock"), *text_of(e, "unit") ? ", " : "",
			text_of(e, "unit"));
	html_element(out, "td class=\"number\"", text_of(e, "got"));
	html_element(out, "td class=\"number\"", text_of(e, "want"));
	element(out, "td class=\"number\"", "%s%s", *error >= '1' ? "+" : "", error);
	fputs("</tr>\n", out);
}

static void print_timeline(FILE *out, const struct row *row, const json_t *events)
{
	static const struct column columns[] = {
		{ "Nr", true }, { "Event", false }, { "True time, s", true },
		{ "Host", true }, { "CPU", true }, { "Raw TSC", true },
		{ "Clock", false }, { "Said", true }, { "Should have said", true },
		{ "Error", true },
	};
	bool hosts = json_object_get(json_array_get(events, 0), "host");
	const json_t *event;

	element(out, "h4", "Timeline, on %s", page.tree[row->last].name);
	begin_table(out, "events", "Timeline");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (hosts || strcmp(columns[i].title, "Host"))
			print_header(out, columns[i].title, columns[i].number);
	begin_body(out);
	for (size_t i = 0; (event = json_array_get(events, i)); i++)
		print_event(out, event, hosts);
	end_table(out);
}

static void print_commands(FILE *out, const struct row *row)
{
	static const char *const commands[] = { "explain", "replay" };

	fputs("<h4>Run it</h4>\n<pre><code>", out);
	for (int i = 0; i < page.nr_trees; i++) {
		use(&page.tree[i]);
		for (int k = 0; k < 2 && row->finding[i]; k++) {
			fprintf(out, "./clockfuzz %s ", commands[k]);
			html_text(out, report_kernel_option());
			html_text(out, cli_shown_path(row->path));
			putc('\n', out);
		}
	}
	fputs("</code></pre>\n", out);
}

/* The file itself, so that a page is all that a reader needs; its story is above. */
static void print_scenario(FILE *out, const struct row *row)
{
	static char buf[1 << 20];
	const char *p = buf;
	long n;

	if (text_is_engine_input(row->path))
		return;
	n = file_read(row->path, buf, sizeof(buf) - 1);
	if (n < 0)
		return;
	buf[n] = '\0';
	while (*p == '#')
		p += strcspn(p, "\n") + 1;
	fputs("<details>", out);
	element(out, "summary", "The scenario: %s", cli_shown_path(row->path));
	fputs("\n<pre><code>", out);
	html_text(out, p);
	fputs("</code></pre></details>\n", out);
}

static void print_about(FILE *out, const struct row *row)
{
	const struct known_row *known = known_row(row);

	fputs("<p class=\"slug soft\">", out);
	html_text(out, row->id);
	fputs(". Law ", out);
	html_element(out, "b", law_info[row->law].name);
	fputs(": ", out);
	html_text(out, law_info[row->law].sentence);
	if (known) {
		fputs(". Upstream: ", out);
		html_text(out, known->status);
		if (strcmp(known->fix, "-")) {
			fputs(" by ", out);
			html_text(out, known->fix);
		}
		if (!strncmp(known->link, "https://", 8)) {
			fputs(", <a rel=\"noreferrer\" href=\"", out);
			html_text(out, known->link);
			fputs("\">", out);
			html_text(out, known->link + 8);
			fputs("</a>", out);
		}
	}
	fputs(".</p>\n", out);
}

static int print_article(FILE *out, const struct row *row)
{
	const json_t *f = row->finding[row->last], *last, *findings;
	int code = CLI_OK;
	json_t *detail = ask_explain(row, &code);

	if (code)
		return code;
	fprintf(out, "<article id=\"%s\">\n<h3><a href=\"#%s\">", row->id, row->id);
	html_text(out, text_of(f, "headline"));
	fputs("</a></h3>\n", out);
	print_about(out, row);
	html_element(out, "pre class=\"story\"", text_of(f, "story"));
	putc('\n', out);
	print_values(out, row);
	if (detail && json_array_size(json_object_get(detail, "events")))
		print_timeline(out, row, json_object_get(detail, "events"));
	/* the picture is of the last finding */
	findings = json_object_get(detail, "findings");
	last = json_array_get(findings, json_array_size(findings) - 1);
	if (json_object_get(detail, "plot") &&
	    !strcmp(text_of(last, "headline"), text_of(f, "headline")))
		html_plot(out, text_of(detail, "plot"), text_of(f, "headline"));
	if (*text_of(f, "arithmetic")) {
		fputs("<h4>Arithmetic</h4>\n", out);
		html_element(out, "pre", text_of(f, "arithmetic"));
	}
	print_commands(out, row);
	print_scenario(out, row);
	fputs("</article>\n", out);
	json_decref(detail);
	return CLI_OK;
}

static int print_page(FILE *out)
{
	char title[(MAX_TREES + 1) * NAME];
	int code = CLI_OK, n = snprintf(title, sizeof(title), "Wrong time on ");

	for (int i = 0; i < page.nr_trees; i++)
		n += snprintf(title + n, sizeof(title) - n, "%s%s", i ? ", " : "",
			      page.tree[i].name);
	html_begin(out, title);
	html_element(out, "h1", title);
	element(out, "p class=\"soft\"",
		"clockfuzz replayed %zu scenarios on each tree; %d findings break a law on at least one of them.",
		json_object_size(page.tree[0].replays), page.nr_rows);
	print_missing(out);
	print_matrix(out);
	if (page.nr_rows) {
		print_findings(out);
		fputs("<h2>Each finding</h2>\n", out);
	}
	for (int i = 0; i < page.nr_rows && !code; i++)
		code = print_article(out, &page.row[i]);
	html_end(out);
	return code;
}

static int write_page(const char *path)
{
	static struct file_new new;
	int code;

	if (file_create(&new, path))
		return cli_error("%s: %s", path, strerror(errno));
	code = print_page(new.out);
	if (code)
		file_abandon(&new);
	else if (file_commit(&new, false))
		code = cli_error("%s: %s", path, strerror(errno));
	return code;
}

static int read_known(void)
{
	char error[4400];

	if (!page.known_path || !known_read(&page.known, page.known_path, error))
		return CLI_OK;
	return cli_error("%s", error);
}

static int make_page(const char *out, const char **paths, int nr_paths)
{
	int code = read_known(), worst = CLI_OK;

	for (int i = 0; i < page.nr_trees && code <= CLI_BROKEN; i++) {
		code = ask_replay(&page.tree[i], paths, nr_paths);
		worst = code > worst ? code : worst;
		if (code <= CLI_BROKEN)
			code = ask_functions(&page.tree[i]);
	}
	if (code > CLI_BROKEN)
		return code;
	tell_apart();
	code = collect_rows();
	if (!code)
		code = write_page(out);
	if (code)
		return code;
	printf("%s: %d findings", out, page.nr_rows);
	for (int i = 0; i < page.nr_trees; i++)
		printf(", %d on %s", count(LAW_NR, i), page.tree[i].name);
	putchar('\n');
	return worst;
}

static int add_tree(const char *option)
{
	struct cli_tree tree;

	if (page.nr_trees == MAX_TREES || !cli_tree(option, &tree))
		return cli_error("report: --tree wants KERNEL=DIR, at most %d times", MAX_TREES);
	page.tree[page.nr_trees].kernel = tree.name;
	page.tree[page.nr_trees++].dir = tree.dir;
	return CLI_OK;
}

int cmd_report(int argc, char **argv)
{
	const char **paths = calloc(argc + 1, sizeof(*paths));
	const char *out = "report.html", *v;
	char corpus[4096];
	int nr = 0, code;

	if (!paths)
		abort();
	page.known_path = cli_known_path();
	for (int i = 1; i < argc; i++) {
		if ((v = cli_option(argv, &i, "-o"))) {
			out = v;
		} else if ((v = cli_option(argv, &i, "--tree"))) {
			code = add_tree(v);
			if (code)
				goto out;
		} else if (cli_known_option(argv, &i, &page.known_path)) {
			;
		} else if (argv[i][0] == '-') {
			code = cli_error("report: unknown option %s", argv[i]);
			goto out;
		} else {
			paths[nr++] = argv[i];
		}
	}
	page.nr_trees += !page.nr_trees;
	snprintf(corpus, sizeof(corpus), "%s/corpus", cli_source_dir());
	if (!nr)
		paths[nr++] = corpus;
	code = make_page(out, paths, nr);
	known_free(&page.known);
out:
	for (int i = 0; i < page.nr_trees; i++) {
		json_decref(page.tree[i].replays);
		json_decref(page.tree[i].functions);
		free(page.tree[i].kernel);
	}
	free(paths);
	return code;
}
