// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "solver.h"

static const struct {
	const char *name;
	char *const argv[SOLVERS][7];
} known[] = {
	{ "z3", { { "z3", "-in", "-smt2", "smt.arith.solver=2" },
		  { "z3", "-in", "-smt2" } } },
	{ "cvc5", { { "cvc5", "--lang=smt2", "--incremental", "--produce-models" },
		    { "cvc5", "--lang=smt2", "--incremental", "--produce-models" } } },
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

const char *solver_find(void)
{
	const char *path = getenv("PATH");
	char all[4096], file[4200], *save, *dir;

	for (size_t i = 0; path && i < NR_KNOWN; i++) {
		snprintf(all, sizeof(all), "%s", path);
		for (dir = strtok_r(all, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
			snprintf(file, sizeof(file), "%s/%s", dir, known[i].name);
			if (!access(file, X_OK))
				return known[i].name;
		}
	}
	return NULL;
}

int solver_start(struct solver *s, const char *name, int variant)
{
	int in[2], out[2];
	size_t i = 0;

	while (i < NR_KNOWN && strcmp(known[i].name, name))
		i++;
	if (i == NR_KNOWN || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -1;
	s->pid = fork();
	if (!s->pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execvp(known[i].name, known[i].argv[variant]);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s->name = known[i].name;
	s->to = fdopen(in[1], "w");
	s->from = fdopen(out[0], "r");
	return s->pid < 0 || !s->to || !s->from ? -1 : 0;
}

void solver_stop(struct solver *s)
{
	if (!s->to)
		return;
	fclose(s->to);
	fclose(s->from);
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->to = NULL;
}

void solver_begin(struct solver *s, unsigned int limit_ms)
{
	fprintf(s->to, "(reset)\n");
	if (!strcmp(s->name, "z3"))
		fprintf(s->to, "(set-option :timeout %u)\n", limit_ms);
	else
		fprintf(s->to, "(set-option :tlimit-per %u)\n", limit_ms);
	fprintf(s->to, "(set-logic QF_LIA)\n");
}

enum solver_answer solver_ask(struct solver *s)
{
	char line[4096];

	fprintf(s->to, "(check-sat)\n");
	fflush(s->to);
	while (fgets(line, sizeof(line), s->from)) {
		if (!strcmp(line, "unsat\n"))
			return SOLVER_UNSAT;
		if (!strcmp(line, "sat\n"))
			return SOLVER_SAT;
		if (!strcmp(line, "unknown\n") || strstr(line, "timeout"))
			return SOLVER_UNKNOWN;
		fprintf(stderr, "prover: %s: %s", s->name, line);
		if (strstr(line, "error"))
			return SOLVER_DIED;
	}
	return SOLVER_DIED;
}

int solver_value(struct solver *s, const char *name, unsigned long long *value)
{
	char line[4096], *p;

	fprintf(s->to, "(get-value (%s))\n", name);
	fflush(s->to);
	if (!fgets(line, sizeof(line), s->from))
		return -1;
	p = strchr(line, ' ');
	if (!p)
		return -1;
	*value = strtoull(p + 1, NULL, 10);
	return 0;
}
