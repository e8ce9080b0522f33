/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands.  argv[0] is the command's name; each returns the exit code. */
#ifndef CF_CLI_H
#define CF_CLI_H

#include <stdbool.h>
#include <stddef.h>

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

struct text_file;

/* Reads and parses @path; CLI_ERROR after one line on stderr. */
int cli_load_text(const char *path, struct text_file *file);

/* One line on stderr, "clockfuzz: " in front; returns CLI_ERROR. */
int cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Value of option @name at argv[*i]: "--name VALUE" or "--name=VALUE".  NULL
 * when argv[*i] is another one.  Exits when the value is missing.
 */
const char *cli_option(char **argv, int *i, const char *name);

/* Path of program @name beside this one. */
const char *cli_sibling(const char *name, char *buf, size_t size);

/* Where corpus/ is. */
const char *cli_source_dir(void);

/* Runs @argv and waits; its exit code, or CLI_ERROR when it died. */
int cli_run(char *const argv[]);

#endif
