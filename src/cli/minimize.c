// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz minimize FILE [-o OUT]: a smaller scenario with the signature of
 * the last finding of FILE, the one that a report is about.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "../oracle/law.h"
#include "../oracle/run.h"
#include "../report/minimize.h"
#include "../scenario/text.h"

static struct finding last, wanted;
static bool any, seen;

static void note(const struct finding *f)
{
	last = *f;
	any = true;
	seen |= f->law == wanted.law && wanted.clock &&
		!strcmp(f->clock, wanted.clock) && !strcmp(f->event, wanted.event);
}

static bool still_breaks(const struct scenario *s, void *arg)
{
	seen = false;
	run_scenario(s, &subject_linux, NULL);
	return seen;
}

/* Comments hang on lines, and the lines go; the story above them stays. */
static void keep_story(struct text_file *file)
{
	char *end = file->comments;

	while (end && !strncmp(end, "0:", 2))
		end += strcspn(end, "\n") + 1;
	if (end)
		*end = '\0';
}

static int write_file(const struct text_file *file, const char *path)
{
	char temp[4096];
	FILE *out;

	if (!path) {
		text_print(file, stdout);
		return fflush(stdout) ? cli_error("minimize: cannot write the result") :
					CLI_OK;
	}
	snprintf(temp, sizeof(temp), "%s.%d", path, (int)getpid());
	out = fopen(temp, "w");
	if (!out)
		return cli_error("%s: %s", temp, strerror(errno));
	text_print(file, out);
	if (ferror(out) | fclose(out) || rename(temp, path)) {
		unlink(temp);
		return cli_error("%s: cannot be written", path);
	}
	return CLI_OK;
}

int cmd_minimize(int argc, char **argv)
{
	static struct text_file file;
	const char *path = NULL, *out = NULL;
	u32 before, tried;
	law_sink old;
	int code;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			out = argv[++i];
		else if (argv[i][0] == '-')
			return cli_error("minimize: unknown option %s", argv[i]);
		else if (path)
			return cli_error("minimize: one file, please");
		else
			path = argv[i];
	}
	if (!path)
		return cli_error("minimize: which file?");
	code = cli_load_text(path, &file);
	if (code)
		return code;
	if (!file.is_timeline) {
		text_free(&file);
		return cli_error("minimize: %s: only timelines have what can be dropped",
				 path);
	}

	old = law_set_sink(note);
	run_scenario(&file.scenario, &subject_linux, NULL);
	if (!any) {
		law_set_sink(old);
		text_free(&file);
		return cli_error("minimize: %s: no law is broken on this tree", path);
	}
	wanted = last;
	before = file.scenario.nr_events;
	tried = minimize_scenario(&file.scenario, still_breaks, NULL);
	law_set_sink(old);

	fprintf(stderr, "%s %s %s: %u events became %u, %u scenarios tried\n",
		law_info[wanted.law].name, wanted.clock, wanted.event, before,
		file.scenario.nr_events, tried);
	keep_story(&file);
	code = write_file(&file, out);
	text_free(&file);
	return code;
}
