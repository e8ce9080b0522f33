// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz emit kselftest|kunit FILE [-o OUT]: the scenario as a C test for the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "../file.h"
#include "../report/emit.h"
#include "../report/known.h"

typedef const char *(*emitter)(FILE *out, const struct text_file *file, const char *path,
			       const char *signature);

/* What the finding of regress-SLUG.txt is called, or NULL. */
static const char *known_for(const char *path)
{
	static struct known known;
	const char *table = cli_known_path();
	char slug[128], error[4400];

	if (!table || !known_slug(path, slug, sizeof(slug)) ||
	    known_read(&known, table, error))
		return NULL;
	for (u32 i = 0; i < known.nr; i++)
		if (!strcmp(known.row[i].slug, slug))
			return known.row[i].signature;
	return NULL;
}

/* Nothing is written of a test that turns out not to be one. */
static int emit(emitter form, const char *name, const struct text_file *file,
		const char *path, const char *target)
{
	static struct file_new new;
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	int code = CLI_OK;
	const char *why;

	if (!memory)
		abort();
	why = form(memory, file, path, known_for(path));
	fclose(memory);
	if (why) {
		code = cli_error("emit: %s can't be expressed as %s: %s", path, name, why);
	} else if (!target) {
		fwrite(text, 1, size, stdout);
	} else if (file_create(&new, target)) {
		code = cli_error("%s: %s", target, strerror(errno));
	} else {
		fwrite(text, 1, size, new.out);
		if (file_commit(&new, false))
			code = cli_error("%s: %s", target, strerror(errno));
	}
	free(text);
	return code;
}

int cmd_emit(int argc, char **argv)
{
	static struct text_file file;
	const char *form = NULL, *path = NULL, *target = NULL;
	emitter emitter = NULL;
	int code;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-o")) {
			if (!argv[i + 1])
				return cli_error("-o needs a value");
			target = argv[++i];
		} else if (argv[i][0] == '-') {
			return cli_error("emit: unknown option %s", argv[i]);
		} else if (!form) {
			form = argv[i];
		} else if (path) {
			return cli_error("emit: one file, please");
		} else {
			path = argv[i];
		}
	}
	if (form && !strcmp(form, "kselftest"))
		emitter = emit_kselftest;
	else if (form && !strcmp(form, "kunit"))
		emitter = emit_kunit;
	if (!emitter || !path)
		return cli_error("emit: want kselftest or kunit, and a file");
	code = cli_load_text(path, &file);
	if (code)
		return code;
	code = emit(emitter, form, &file, path, target);
	text_free(&file);
	return code;
}
