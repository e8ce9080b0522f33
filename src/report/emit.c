// SPDX-License-Identifier: GPL-2.0-only
/*
 * What both forms of a test share.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "../file.h"
#include "known.h"
#include "words.h"

#define WIDTH 77

const char *emit_refuse(const char *fmt, ...)
{
	static char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return why;
}

const char *emit_silent(const char *signature)
{
	return emit_refuse("%s%s on %s %s",
			   signature ? "there is no " : "no law is broken",
			   signature ? signature : "", subject->name,
			   subject_versions(subject));
}

static struct finding *last;
static const char *wanted;
static bool any;

static void keep(const struct finding *f)
{
	char signature[128];

	known_signature(f, signature);
	if (wanted && strcmp(wanted, signature))
		return;
	*last = *f;
	any = true;
}

bool emit_judge(void (*run)(const void *arg), const void *arg, const char *signature,
		struct finding *f)
{
	law_sink old = law_set_sink(keep);

	last = f;
	wanted = signature;
	any = false;
	run(arg);
	law_set_sink(old);
	return any;
}

/* @text's lines as a comment's; it may not end it. */
static void comment(FILE *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		fputs(n ? " * " : " *", out);
		for (size_t i = 0; i < n; i++) {
			bool ends = i && text[i - 1] == '*' && text[i] == '/';

			fprintf(out, "%s%c", ends ? " " : "", text[i]);
		}
		putc('\n', out);
		text += n + !!text[n];
	}
}

void emit_head(FILE *out, const struct text_file *file, const char *path,
	       const struct finding *f, const char *fmt, ...)
{
	char *words = NULL, *paragraph = NULL, signature[128];
	size_t size, paragraph_size;
	FILE *text = open_memstream(&words, &size);
	FILE *folded = open_memstream(&paragraph, &paragraph_size);
	va_list ap;

	if (!text || !folded)
		abort();
	known_signature(f, signature);
	fprintf(folded, "Emitted by clockfuzz from %s (%s, on %s %s). ", path,
		signature, subject->name, subject_versions(subject));
	va_start(ap, fmt);
	vfprintf(folded, fmt, ap);
	va_end(ap);
	fclose(folded);

	report_told(text, file, f, WIDTH);
	putc('\n', text);
	words_fold(text, paragraph, WIDTH);
	putc('\n', text);
	fclose(text);
	fputs("// SPDX-License-Identifier: GPL-2.0-only\n/*\n", out);
	comment(out, words);
	fputs(" */\n", out);
	free(words);
	free(paragraph);
}

const char *emit_name(const char *path, char buf[EMIT_NAME])
{
	const char *base = file_base(path);
	size_t n = 0;

	if (!isalpha((unsigned char)*base))
		buf[n++] = 'f';
	for (; *base && *base != '.' && n < EMIT_NAME - 1; base++)
		buf[n++] = isalnum((unsigned char)*base) ? *base : '_';
	buf[n] = '\0';
	return buf;
}
