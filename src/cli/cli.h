/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands.  argv[0] is the command's name; each returns the exit code. */
#ifndef CF_CLI_H
#define CF_CLI_H

#include <stdbool.h>
#include <stddef.h>

#define CLI_VERSION "0.1"

enum {
	CLI_OK = 0,			/* nothing new */
	CLI_BROKEN = 1,			/* a law is broken */
	CLI_ERROR = 2,			/* usage, input or set-up */
};

int cmd_hunt(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_minimize(int argc, char **argv);
int cmd_promote(int argc, char **argv);
int cmd_emit(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_prove(int argc, char **argv);
int cmd_corpus(int argc, char **argv);
int cmd_ci(int argc, char **argv);

struct text_file;

/* Reads and parses @path; CLI_ERROR after one line on stderr. */
int cli_load_text(const char *path, struct text_file *file);

struct cli_files {
	char **path;
	size_t nr;
};

/*
 * Adds @path, or the scenarios in that folder, sorted; CLI_ERROR after one line on
 * stderr.
 */
int cli_collect(struct cli_files *list, const char *path);
void cli_files_free(struct cli_files *list);

/* One line on stderr, "clockfuzz: " in front; returns CLI_ERROR. */
int cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Value of option @name at argv[*i]: "--name VALUE" or "--name=VALUE".  NULL
 * when argv[*i] is another one.  Exits when the value is missing.
 */
const char *cli_option(char **argv, int *i, const char *name);

/* Paths inside the repository as they are written there. */
const char *cli_shown_path(const char *path);

/* corpus/known.tsv */
const char *cli_known_path(void);

/*
 * "--known FILE" or "--no-known" at argv[*i]: sets *@known, which begins as
 * cli_known_path(), NULL for no table.  False when argv[*i] is something else.
 */
bool cli_known_option(char **argv, int *i, const char **known);

/*
 * The harness that @path is for: a text says it; an engine's input tells by its
 * folder's name.  What says neither goes to fuzz_timeline, whose parser then
 * says what is wrong.
 */
#define CLI_HARNESS 64
void cli_harness_of(const char *path, char harness[CLI_HARNESS]);

/* The replay program of @harness, or NULL after one line on stderr. */
const char *cli_replay_program(const char *harness, const char *path, char *buf,
			       size_t size);

/* A tree's programs, which ./clockfuzz has built: "--tree NAME=DIR". */
struct cli_tree {
	char *name;			/* the caller frees it */
	const char *dir;
};

/* False when @option isn't that. */
bool cli_tree(const char *option, struct cli_tree *tree);

/* Path of program @name beside this one. */
const char *cli_sibling(const char *name, char *buf, size_t size);

/* Where corpus/ is. */
const char *cli_source_dir(void);

/* Runs @argv and waits; its exit code, or CLI_ERROR when it died. */
int cli_run(char *const argv[]);

/* The same; what it prints on stdout goes to @buf, a string. */
int cli_capture(char *const argv[], char *buf, size_t size);

#endif
