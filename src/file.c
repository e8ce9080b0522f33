// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"

static const char *folder_of(const char *path, char *buf, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? slash - path : 0;

	if (!slash)
		return ".";
	if (!n)
		return "/";
	if (n >= size)
		return path;
	memcpy(buf, path, n);
	buf[n] = '\0';
	return buf;
}

/* A hidden neighbour of the target, of this process. */
static int name_temp(struct file_new *file)
{
	const char *slash = strrchr(file->path, '/');
	int folder = slash ? slash + 1 - file->path : 0;
	int n = snprintf(file->temp, sizeof(file->temp), "%.*s.%s.%d~", folder,
			 file->path, file->path + folder, (int)getpid());

	if (n < (int)sizeof(file->temp))
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int file_create(struct file_new *file, const char *path)
{
	char folder[4096];
	int fd;

	memset(file, 0, sizeof(*file));
	if (strlen(path) >= sizeof(file->path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(file->path, path);
	/* /dev/stdout, a pipe: there is nothing to replace */
	struct stat st;
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		file->out = fopen(path, "w");
		return file->out ? 0 : -1;
	}
	fd = open(folder_of(path, folder, sizeof(folder)),
		  O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0) {
		if (name_temp(file))
			return -1;
		fd = open(file->temp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		if (fd < 0)
			return -1;
	}
	file->out = fdopen(fd, "w");
	if (file->out)
		return 0;
	close(fd);
	file_abandon(file);
	return -1;
}

void file_abandon(struct file_new *file)
{
	int err = errno;

	if (file->out)
		fclose(file->out);
	file->out = NULL;
	if (*file->temp)
		unlink(file->temp);
	errno = err;
}

/* Links the nameless file to @path. */
static int give_name(struct file_new *file, const char *path)
{
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fileno(file->out));
	return linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

int file_commit(struct file_new *file, bool keep_old)
{
	struct stat st;
	bool ok;

	if (fflush(file->out) || ferror(file->out)) {
		if (!errno)
			errno = EIO;
		goto fail;
	}
	if (fstat(fileno(file->out), &st) || !S_ISREG(st.st_mode)) {
		ok = !fclose(file->out);
		file->out = NULL;
		return ok ? 0 : -1;
	}
	if (fsync(fileno(file->out)))
		goto fail;
	if (keep_old) {
		if (*file->temp ? link(file->temp, file->path) :
				  give_name(file, file->path))
			goto fail;
		file_abandon(file);
		return 0;
	}
	/* linkat() doesn't replace: a name of its own first, then rename() */
	if (!*file->temp) {
		if (name_temp(file))
			goto fail;
		if (give_name(file, file->temp)) {
			*file->temp = '\0';
			goto fail;
		}
	}
	if (rename(file->temp, file->path))
		goto fail;
	*file->temp = '\0';
	file_abandon(file);
	return 0;
fail:
	file_abandon(file);
	return -1;
}

long file_read(const char *path, char *buf, size_t max)
{
	int in = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	size_t n = 0;
	ssize_t more;
	char beyond;

	if (in < 0)
		return -1;
	while ((more = read(in, n < max ? buf + n : &beyond, n < max ? max - n : 1)) != 0) {
		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0 || n == max) {
			err = more < 0 ? errno : EFBIG;
			break;
		}
		n += more;
	}
	close(in);
	errno = err;
	return err ? -1 : (long)n;
}
