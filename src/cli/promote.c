// SPDX-License-Identifier: GPL-2.0-only
/*
 * clockfuzz promote FILE SLUG: a regression made of a finding.
 *
 * The harness' replay program minimises it, fills in its story and writes it
 * (harness/keep.c); the row in the table of known findings is added here.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "cli.h"
#include "../file.h"
#include "../report/known.h"
#include "../subject.h"

struct row {
	const char *status, *fix, *link;
};

static bool is_slug(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && !s[n] && n < 64 && *s != '-';
}

/* A column holds anything but what separates them. */
static bool is_column(const char *s)
{
	return *s && !s[strcspn(s, "\t\n")];
}

/* "6.12" of "6.12.117"; of several trees, each. */
static void series(char buf[100])
{
	size_t len = 0;

	for (const struct subject *s = subject; s && len < 100; s = s->successor) {
		size_t n = strcspn(s->version, ".");

		if (s->version[n])
			n += 1 + strspn(s->version + n + 1, "0123456789");
		len += snprintf(buf + len, 100 - len, "%s%.*s", len ? " " : "",
				(int)n, s->version);
	}
}

static int check_table(const char *table, const char *slug)
{
	static struct known known;
	char error[4400];
	int code = CLI_OK;

	if (known_read(&known, table, error))
		return cli_error("%s", error);
	for (u32 i = 0; i < known.nr; i++)
		if (!strcmp(known.row[i].slug, slug))
			code = cli_error("%s: has a row %s already", table, slug);
	known_free(&known);
	return code;
}

static int add_row(const char *table, const char *slug, const char *signature,
		   const struct row *row)
{
	static char buf[1 << 18];
	static struct file_new new;
	long n = file_read(table, buf, sizeof(buf));
	char live[100];

	if (n < 0 || file_create(&new, table))
		return cli_error("%s: %s", table, strerror(errno));
	series(live);
	fwrite(buf, 1, n, new.out);
	if (n && buf[n - 1] != '\n')
		fputc('\n', new.out);
	fprintf(new.out, "%s\t%s\t%s\t%s\t%s\t-\t%s\n", slug, signature,
		row->status, row->fix, live, row->link);
	if (file_commit(&new, false))
		return cli_error("%s: %s", table, strerror(errno));
	fprintf(stderr, "%s: row added, live on %s\n", table, live);
	return CLI_OK;
}

int cmd_promote(int argc, char **argv)
{
	const char *path = NULL, *slug = NULL, *corpus = CF_SOURCE_DIR "/corpus", *v;
	char harness[CLI_HARNESS], program[4096], table[4096], out[4400];
	char signature[128];
	struct row row = { NULL, "-", "-" };
	int code;

	for (int i = 1; i < argc; i++) {
		if ((v = cli_option(argv, &i, "--corpus")))
			corpus = v;
		else if ((v = cli_option(argv, &i, "--row")))
			row.status = v;
		else if ((v = cli_option(argv, &i, "--fix")))
			row.fix = v;
		else if ((v = cli_option(argv, &i, "--link")))
			row.link = v;
		else if (argv[i][0] == '-')
			return cli_error("promote: unknown option %s", argv[i]);
		else if (!path)
			path = argv[i];
		else if (!slug)
			slug = argv[i];
		else
			return cli_error("promote: one file and one slug, please");
	}
	if (!slug)
		return cli_error("promote: which file, and as what slug?");
	if (!is_slug(slug))
		return cli_error("promote: %s: a slug has letters a-z, digits and - only", slug);
	if (!is_column(row.status ? row.status : "-") || !is_column(row.fix) ||
	    !is_column(row.link))
		return cli_error("promote: a column of the table can't hold a tab or nothing");

	snprintf(table, sizeof(table), "%s/known.tsv", corpus);
	if (row.status && check_table(table, slug))
		return CLI_ERROR;
	cli_harness_of(path, harness);
	if (!cli_replay_program(harness, path, program, sizeof(program)))
		return CLI_ERROR;
	snprintf(out, sizeof(out), "%s/%s", corpus, harness);
	if (mkdir(out, 0777) && errno != EEXIST)
		return cli_error("%s: %s", out, strerror(errno));
	snprintf(out, sizeof(out), "%s/%s/regress-%s.txt", corpus, harness, slug);

	code = cli_capture((char *[]){ program, "--promote", (char *)slug, "-o", out,
				       (char *)path, NULL },
			   signature, sizeof(signature));
	if (code)
		return code;
	signature[strcspn(signature, "\n")] = '\0';
	printf("%s\n", out);
	return row.status ? add_row(table, slug, signature, &row) : CLI_OK;
}
