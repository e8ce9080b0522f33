/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzing engines that a hunt may use: how they are started, stopped and seen to
 * fail.  What they find comes by harness/engine.c, the same in each of their programs.
 */
#ifndef CF_CLI_ENGINE_H
#define CF_CLI_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

struct engine_run {		/* a process of one */
	const char *harness;	/* "fuzz_..." */
	char corpus[256];	/* folder that those of the same harness share */
	int nr_before, nr;	/* how many of those were there before it, are in all */
	int seconds, seed;
};

struct engine {
	const char *name;
	const char *prefix;	/* of its programs, in the place of "fuzz_" */
	const char *needs;	/* program and package that it comes in, or NULL */
	int stop_signal;	/* upon which it leaves nothing behind */
	const char *deaths;	/* files, from the corpus, of executions that died; or NULL */
	void (*exec)(const struct engine_run *run, const char *program);
};

/* After one line on stderr NULL: there is none of that name, or it isn't installed. */
const struct engine *engine_find(const char *name);

/* Path of @engine's program for @harness; returns @buf. */
const char *engine_program(const struct engine *engine, const char *harness, char *buf,
			   size_t size);

/*
 * Did an execution of @run die, though the engine went on or ended well?  One that ends
 * ill says so itself.
 */
bool engine_saw_death(const struct engine *engine, const struct engine_run *run);

#endif
