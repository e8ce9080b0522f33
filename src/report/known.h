/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of known findings: corpus/known.tsv.
 *
 * One row a line, columns separated by a tab, "-" where there is nothing to say,
 * '#' starts a comment:
 *
 *	slug  signature  status  fix  live  fixed  link
 *
 * signature is "LAW CLOCK EVENT"; live and fixed are versions, "6.1 6.12", or
 * "any".  A version stands for all that begin with it.  On a tree
 * - named in live, the finding is known and corpus/HARNESS/regress-SLUG.txt must
 *   reproduce it;
 * - named in fixed, it is new: it has come back;
 * - named in neither, it is known and nobody relies on it.
 * A build of several trees, "6.1.192+6.12.117", is one where the finding is known on
 * any of them; a file is expected to reproduce what is live on the first.
 */
#ifndef CF_KNOWN_H
#define CF_KNOWN_H

#include "../oracle/law.h"

#define KNOWN_MAX_ROWS 256

struct known_row {
	const char *slug, *signature, *status, *fix, *live, *fixed, *link;
};

struct known {
	u32 nr;
	struct known_row row[KNOWN_MAX_ROWS];
	char *text;			/* what the rows point into; owned */
};

/*
 * Parses @text of @len bytes, which is copied.  0, or -1 with @line (from 1) and
 * @message set.  Free with known_free().
 */
int known_parse(struct known *known, const char *text, size_t len, int *line,
		const char **message);
void known_free(struct known *known);

/* Reads and parses @path.  0, or -1 with one line for people in @error. */
int known_read(struct known *known, const char *path, char error[4400]);

/* "signed kvmclock read-pvclock" */
void known_signature(const struct finding *f, char buf[128]);

/* Is tree @version one of @list ("6.1 6.12", "any", "-")? */
bool known_names_tree(const char *list, const char *version);

/*
 * The row that makes a finding of @signature known on tree @version, or NULL.
 * @slug: of the file that it was found in, or NULL; that finding's own row
 * decides before others with the same signature.
 */
const struct known_row *known_find(const struct known *known,
				   const char *signature, const char *slug,
				   const char *version);

/* A row that says that @signature is fixed on @version, or NULL. */
const struct known_row *known_fixed(const struct known *known,
				    const char *signature, const char *slug,
				    const char *version);

/* SLUG of ".../regress-SLUG.txt"; false when @path isn't named like that. */
bool known_slug(const char *path, char *buf, size_t size);

#endif
