/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are there whole or not at all.
 *
 * What is being written has no name (O_TMPFILE), so neither Ctrl-C nor kill -9
 * nor a full disk leaves half of it behind.  Where the file system can't do
 * that (NFS, some overlays), it is a hidden temporary beside the target.
 */
#ifndef CF_FILE_H
#define CF_FILE_H

#include <stdio.h>
#include <string.h>
#include "types.h"

/* The last part of @path. */
static inline const char *file_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct file_new {
	FILE *out;			/* write here */
	char path[4096];
	char temp[4200];		/* "" while it has no name */
};

/* Opens a file to be @path.  0, or -1 with errno set. */
int file_create(struct file_new *file, const char *path);

/*
 * Gives the file its name, in place of an older one, or fails with EEXIST when
 * @keep_old and there is one.  0, or -1 with errno set and nothing left behind;
 * @file is closed either way.
 */
int file_commit(struct file_new *file, bool keep_old);

/* Closes and forgets it. */
void file_abandon(struct file_new *file);

/*
 * Reads at most @max bytes of @path.  Bytes read, or -1 with errno set; EFBIG:
 * it holds more.
 */
long file_read(const char *path, char *buf, size_t max);

#endif
