// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "known.h"
#include "../file.h"

#define MAX_TABLE (1 << 18)

#define COLUMNS 7

/* Three words, the first of which is a law. */
static const char *bad_signature(const char *s)
{
	char law[32];
	int words = 0;

	for (const char *p = s; *p; words++) {
		if (*p == ' ')
			return "the signature has blanks to spare";
		p += strcspn(p, " ");
		p += *p == ' ' && p[1];
	}
	if (words != 3)
		return "the signature isn't \"LAW CLOCK EVENT\"";
	snprintf(law, sizeof(law), "%.*s", (int)strcspn(s, " "), s);
	return law_by_name(law) < 0 ? "the signature names no law" : NULL;
}

static const char *parse_row(struct known *known, char *line)
{
	struct known_row *row = &known->row[known->nr];
	const char **column[COLUMNS] = {
		&row->slug, &row->signature, &row->status, &row->fix, &row->live,
		&row->fixed, &row->link,
	};
	const char *slug;

	if (known->nr == KNOWN_MAX_ROWS)
		return "more than 256 rows";
	for (int i = 0; i < COLUMNS; i++) {
		if (!line)
			return "fewer than 7 columns, separated by tabs";
		*column[i] = strsep(&line, "\t");
		if (!**column[i])
			return "an empty column; write - for nothing";
	}
	if (line)
		return "more than 7 columns";
	for (slug = row->slug; *slug; slug++)
		if (!islower((unsigned char)*slug) && !isdigit((unsigned char)*slug) &&
		    *slug != '-')
			return "a slug has letters a-z, digits and - only";
	if (bad_signature(row->signature))
		return bad_signature(row->signature);
	known->nr++;
	return NULL;
}

int known_parse(struct known *known, const char *text, size_t len, int *line,
		const char **message)
{
	char *rest, *row;

	memset(known, 0, sizeof(*known));
	*line = 0;
	known->text = malloc(len + 1);
	if (!known->text) {
		*message = "out of memory";
		return -1;
	}
	memcpy(known->text, text, len);
	known->text[len] = '\0';
	rest = known->text;
	*message = strlen(rest) == len ? NULL : "a NUL byte; this is not a table";
	while (!*message && (row = strsep(&rest, "\n"))) {
		++*line;
		if (*row && *row != '#' && strncmp(row, "slug\t", 5))
			*message = parse_row(known, row);
	}
	if (!*message)
		return 0;
	known_free(known);
	return -1;
}

int known_read(struct known *known, const char *path, char error[4400])
{
	static char buf[MAX_TABLE];
	const char *message;
	long n = file_read(path, buf, sizeof(buf));
	int line;

	memset(known, 0, sizeof(*known));
	if (n < 0) {
		snprintf(error, 4400, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!known_parse(known, buf, n, &line, &message))
		return 0;
	snprintf(error, 4400, "%s:%d: %s", path, line, message);
	return -1;
}

void known_free(struct known *known)
{
	free(known->text);
	known->text = NULL;
	known->nr = 0;
}

void known_signature(const struct finding *f, char buf[128])
{
	snprintf(buf, 128, "%s %s %s", law_info[f->law].name, f->clock, f->event);
}

bool known_names_tree(const char *list, const char *version)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == 3 && !memcmp(list, "any", 3))
			return true;
		/* 6.1 is not 6.12 */
		if (n && !strncmp(list, version, n) &&
		    !isdigit((unsigned char)version[n]))
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

/*
 * Of a build of several trees, "6.1.192+6.12.117": is one of them named in @list, or
 * with @all each?
 */
static bool names_trees(const char *list, const char *versions, bool all)
{
	while (*versions) {
		if (known_names_tree(list, versions) != all)
			return !all;
		versions += strcspn(versions, "+");
		versions += !!*versions;
	}
	return all;
}

/* Its own row first, if @slug has one; then any. */
static const struct known_row *find(const struct known *known,
				    const char *signature, const char *slug,
				    const char *version, bool fixed)
{
	const struct known_row *other = NULL;

	for (u32 i = 0; known && i < known->nr; i++) {
		const struct known_row *row = &known->row[i];
		/* what one of several trees still has is no news */
		bool matches = names_trees(row->fixed, version, true) == fixed;

		if (strcmp(row->signature, signature))
			continue;
		if (slug && !strcmp(row->slug, slug))
			return matches ? row : NULL;
		/* one that is live here explains better than one that may be */
		if (matches && (!other || (!names_trees(other->live, version, false) &&
					   names_trees(row->live, version, false))))
			other = row;
	}
	return other;
}

const struct known_row *known_find(const struct known *known,
				   const char *signature, const char *slug,
				   const char *version)
{
	return find(known, signature, slug, version, false);
}

const struct known_row *known_fixed(const struct known *known,
				    const char *signature, const char *slug,
				    const char *version)
{
	return find(known, signature, slug, version, true);
}

bool known_slug(const char *path, char *buf, size_t size)
{
	const char *base = file_base(path);
	size_t n;

	if (strncmp(base, "regress-", 8))
		return false;
	base += 8;
	n = strlen(base);
	if (n > 4 && !strcmp(base + n - 4, ".txt"))
		n -= 4;
	if (!n || n >= size)
		return false;
	memcpy(buf, base, n);
	buf[n] = '\0';
	return true;
}
