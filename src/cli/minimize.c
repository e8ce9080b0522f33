// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz minimize FILE [-o OUT] [--signature S]: a smaller scenario with the same signature.
 * The harness' replay program does it, see harness/keep.c.
 */
#include <string.h>
#include "cli.h"

int cmd_minimize(int argc, char **argv)
{
	const char *path = NULL, *out = NULL, *known = cli_known_path(), *v;
	const char *signature = NULL;
	char harness[CLI_HARNESS], program[4096], *args[10];
	int nr = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-o")) {
			if (!argv[i + 1])
				return cli_error("-o needs a value");
			out = argv[++i];
		} else if ((v = cli_option(argv, &i, "--signature"))) {
			signature = v;
		} else if (cli_known_option(argv, &i, &known)) {
			;
		} else if (argv[i][0] == '-') {
			return cli_error("minimize: unknown option %s", argv[i]);
		} else if (path) {
			return cli_error("minimize: one file, please");
		} else {
			path = argv[i];
		}
	}
	if (!path)
		return cli_error("minimize: which file?");

	cli_harness_of(path, harness);
	args[nr++] = (char *)cli_replay_program(harness, path, program, sizeof(program));
	if (!args[0])
		return CLI_ERROR;
	args[nr++] = "--minimize";
	if (known) {
		args[nr++] = "--known";
		args[nr++] = (char *)known;
	}
	if (signature) {
		args[nr++] = "--signature";
		args[nr++] = (char *)signature;
	}
	if (out) {
		args[nr++] = "-o";
		args[nr++] = (char *)out;
	}
	args[nr++] = (char *)path;
	args[nr] = NULL;
	return cli_run(args);
}
