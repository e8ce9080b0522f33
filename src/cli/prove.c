// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz prove: what the laws over pure functions allow, proven for all inputs, or
 * refuted.  The prover beside this program does it (proofs/); here its lines become a
 * table, and what it refutes is replayed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
#include "../report/report.h"
#include "../subject.h"

#define MAX_CLAIMS 100

enum verdict { PROVEN, REACHED, REFUTED, OPEN, NR_VERDICTS };

static const char *const verdict_name[] = { "proven", "reached", "refuted", "open" };

static struct claim {
	char name[64], law[32], function[64], parameter[32], sentence[200];
	int from, to, step;
	int nr[NR_VERDICTS];
	int at;				/* where the first that isn't proven was seen */
	double seconds;
	char solver[32], why[600];	/* of that one: inputs, or a reason */
	char scenario[1024];		/* that shows it */
	bool shown, known;		/* a replay broke a law; all of them are known */
} claims[MAX_CLAIMS];
static int nr_claims;

static struct {
	const char *known;
	bool json, quiet;
} options;

/* Splits at tabs, in place. */
static int fields(char *line, char *field[], int max)
{
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	while (n < max && line)
		field[n++] = strsep(&line, "\t");
	return n;
}

static int read_list(char *const argv[])
{
	static char buf[1 << 16];
	char *rest = buf, *line, *f[8];
	int code = cli_capture(argv, buf, sizeof(buf));

	while (!code && (line = strsep(&rest, "\n")) && *line) {
		struct claim *c = &claims[nr_claims];

		if (fields(line, f, 8) != 8 || nr_claims == MAX_CLAIMS)
			return cli_error("prove: the prover's list isn't understood");
		snprintf(c->name, sizeof(c->name), "%s", f[0]);
		snprintf(c->law, sizeof(c->law), "%s", f[1]);
		snprintf(c->function, sizeof(c->function), "%s", f[2]);
		snprintf(c->parameter, sizeof(c->parameter), "%s", f[3]);
		c->from = atoi(f[4]);
		c->to = atoi(f[5]);
		c->step = atoi(f[6]);
		snprintf(c->sentence, sizeof(c->sentence), "%s", f[7]);
		c->known = true;
		nr_claims++;
	}
	return code;
}

/* Is what the scenario breaks known?  It stays as a file if not, or if it is the first. */
static int replay(struct claim *c, const char *path)
{
	char program[4096], said[4096];
	char *argv[] = { program, "--known", (char *)options.known, (char *)path, NULL };
	char harness[CLI_HARNESS];
	bool known;
	int code;

	cli_harness_of(path, harness);
	if (!cli_replay_program(harness, path, program, sizeof(program)))
		return CLI_ERROR;
	if (!options.known) {
		argv[1] = (char *)path;
		argv[2] = NULL;
	}
	code = cli_capture(argv, said, sizeof(said));
	if (code == CLI_ERROR)
		return code;
	known = code == CLI_OK && strstr(said, "known");
	if (code == CLI_OK && !known) {		/* the scenario doesn't break it */
		unlink(path);
		return CLI_OK;
	}
	if (c->shown && (known || !c->known)) {
		unlink(path);
	} else {
		if (*c->scenario)
			unlink(c->scenario);
		snprintf(c->scenario, sizeof(c->scenario), "%s", path);
	}
	c->shown = true;
	c->known &= known;
	return CLI_OK;
}

static int take(char *line)
{
	struct claim *c = claims;
	enum verdict v = 0;
	char *f[7];

	if (fields(line, f, 7) != 7)
		return cli_error("prove: the prover isn't understood: %s", line);
	while (c < claims + nr_claims && strcmp(c->name, f[0]))
		c++;
	while (v < NR_VERDICTS && strcmp(verdict_name[v], f[2]))
		v++;
	if (c == claims + nr_claims || v == NR_VERDICTS)
		return cli_error("prove: the prover isn't understood: %s %s", f[0], f[2]);
	if (v >= REFUTED && !c->nr[REFUTED] && !c->nr[OPEN]) {
		c->at = atoi(f[1]);
		snprintf(c->why, sizeof(c->why), "%s", f[5]);
	}
	c->nr[v]++;
	c->seconds += atof(f[3]);
	snprintf(c->solver, sizeof(c->solver), "%s", f[4]);
	if (v != REFUTED)
		return CLI_OK;
	if (!strcmp(f[6], "-")) {
		c->known = false;
		return CLI_OK;
	}
	return replay(c, f[6]);
}

static int total(void)
{
	int n = 0;

	for (int i = 0; i < nr_claims; i++)
		n += (claims[i].to - claims[i].from) / claims[i].step + 1;
	return n;
}

static int run(char *const argv[])
{
	int ends[2], status, n = 0, all = total(), code = CLI_OK;
	bool progress = isatty(STDERR_FILENO) && !options.quiet;
	char line[4096];
	FILE *in;
	pid_t pid;

	if (pipe(ends))
		return cli_error("pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(argv[0], argv);
		_exit(cli_error("%s: %s", argv[0], strerror(errno)));
	}
	close(ends[1]);
	in = fdopen(ends[0], "r");
	if (pid < 0 || !in)
		return cli_error("fork: %s", strerror(errno));
	while (code == CLI_OK && fgets(line, sizeof(line), in)) {
		code = take(line);
		n++;
		if (progress)
			fprintf(stderr, "\r%d of %d ", n, all);
	}
	if (progress)
		fputs("\r\033[K", stderr);
	fclose(in);
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		code = CLI_ERROR;
	if (code == CLI_OK && n != all)
		code = cli_error("prove: %d verdicts of %d came", n, all);
	return code;
}

static enum verdict whole_verdict(const struct claim *c)
{
	return c->nr[REFUTED] ? REFUTED : c->nr[OPEN] ? OPEN : c->nr[REACHED] ? REACHED : PROVEN;
}

static bool is_known(const struct claim *c)
{
	return c->nr[REFUTED] && c->shown && c->known;
}

static void show(const struct claim *c)
{
	enum verdict v = whole_verdict(c);
	int all = 0;

	for (int i = 0; i < NR_VERDICTS; i++)
		all += c->nr[i];
	printf("%-8s %-20s %-10s %s\n", verdict_name[v], c->name, c->law, c->function);
	printf("         %s\n", c->sentence);
	if (v <= REACHED)
		printf("         %s", v == PROVEN ? "proven" : "reached");
	else
		printf("         %s", v == REFUTED ? "refuted" : "open");
	if (strcmp(c->parameter, "-"))
		printf(" for %d of %d (%s %d to %d)", c->nr[v], all, c->parameter, c->from, c->to);
	if (v == PROVEN)
		printf(", %s, %.1f s", c->solver, c->seconds);
	if (v >= REFUTED)
		printf("; %s %d: %s", c->parameter, c->at, c->why);
	putchar('\n');
	if (*c->scenario)
		printf("         %s: %s\n", is_known(c) ? "known" : "new",
		       cli_shown_path(c->scenario));
}

static void show_json(const struct claim *c, bool last)
{
	printf("  {\"claim\": \"%s\", \"law\": \"%s\", \"function\": \"%s\", \"sentence\": \"%s\",\n"
	       "   \"verdict\": \"%s\", ", c->name, c->law, c->function, c->sentence,
	       verdict_name[whole_verdict(c)]);
	for (int i = 0; i < NR_VERDICTS; i++)
		printf("\"%s\": %d, ", verdict_name[i], c->nr[i]);
	printf("\"solver\": \"%s\", \"seconds\": %.3f", c->solver, c->seconds);
	if (*c->why) {
		printf(", \"at\": %d, \"why\": ", c->at);
		report_json_string(stdout, c->why);
	}
	if (c->nr[REFUTED])
		printf(", \"known\": %s", is_known(c) ? "true" : "false");
	if (*c->scenario)
		printf(", \"scenario\": \"%s\"", cli_shown_path(c->scenario));
	printf("}%s\n", last ? "" : ",");
}

int cmd_prove(int argc, char **argv)
{
	static char prover[4096];
	char *args[16] = { prover }, *list[16] = { prover, "--list" };
	const char *out = "findings", *value;
	int nr = 1, nr_list = 2, code, sum[NR_VERDICTS] = { 0 }, known = 0;

	options.known = cli_known_path();
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			options.json = true;
		} else if (!strcmp(argv[i], "--quiet") || !strcmp(argv[i], "-q")) {
			options.quiet = true;
		} else if ((value = cli_option(argv, &i, "--law"))) {
			list[nr_list++] = args[nr++] = "--law";
			list[nr_list++] = args[nr++] = (char *)value;
		} else if ((value = cli_option(argv, &i, "--claim"))) {
			list[nr_list++] = args[nr++] = "--claim";
			list[nr_list++] = args[nr++] = (char *)value;
		} else if ((value = cli_option(argv, &i, "--time"))) {
			args[nr++] = "--time";
			args[nr++] = (char *)value;
		} else if ((value = cli_option(argv, &i, "--out"))) {
			out = value;
		} else if (!cli_known_option(argv, &i, &options.known)) {
			return cli_error("prove: unknown option %s", argv[i]);
		}
		if (nr > 8)
			return cli_error("prove: one --law, one --claim, one --time");
	}
	if (subject == &subject_reference)
		return cli_error("prove: it is about a tree's functions, --kernel TREE");
	if (access(cli_sibling("prover", prover, sizeof(prover)), X_OK))
		return cli_error("prove: this build has no prover: it needs libLLVM (Debian: llvm-14-dev)");
	code = read_list(list);
	if (code)
		return code;
	if (!nr_claims)
		return cli_error("prove: no such claim; the laws are exact, signed, monotonic, agree");
	if (mkdir(out, 0777) && errno != EEXIST)
		return cli_error("%s: %s", out, strerror(errno));
	args[nr++] = "--out";
	args[nr++] = (char *)out;
	code = run(args);
	if (code)
		return code;
	if (options.json)
		puts("[");
	for (int i = 0; i < nr_claims; i++) {
		const struct claim *c = &claims[i];

		for (int v = 0; v < NR_VERDICTS; v++)
			sum[v] += c->nr[v];
		if (is_known(c))
			known += c->nr[REFUTED];
		if (options.json)
			show_json(c, i + 1 == nr_claims);
		else if (!options.quiet || whole_verdict(c) >= REFUTED)
			show(c);
	}
	if (options.json)
		puts("]");
	else
		printf("linux %s: %d proven, %d reached, %d refuted (%d known), %d open\n",
		       subject_versions(subject), sum[PROVEN], sum[REACHED], sum[REFUTED], known,
		       sum[OPEN]);
	rmdir(out);			/* if nothing came of it */
	return sum[OPEN] || sum[REFUTED] > known ? CLI_BROKEN : CLI_OK;
}
