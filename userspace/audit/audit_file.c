// SPDX-License-Identifier: Apache-2.0
/*
 * Records as lines of a file. One write per line, so that lines stay whole; what a full disk or a crash
 * took half of is ended before the next one. A log that is no longer at its name, because somebody moved
 * or removed it, is begun anew; one that has grown too large is moved aside here.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "audit_sink.h"
#include "log.h"
#include "problem.h"
#include "util.h"

#define RETRY_SIZE (1 << 20) /* bytes until a rotation that failed is tried again */

struct file_sink {
	struct audit_sink sink;
	int fd;
	bool torn; /* it ends in a part of a record */
	struct audit_rotation rotation;
	uint64_t retry; /* no rotation below this size; bytes */
	char path[PATH_MAX];
};

/* The folder of the log and the log. */
static int open_log(const char *path)
{
	char directory[PATH_MAX];
	int fd;

	COPY_STRING(directory, path);
	if (mkdir(dirname(directory), 0750) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? -errno : fd;
}

/* What cannot be read counts as torn: an empty line does less harm than two records in one. */
static bool ends_torn(int fd)
{
	struct stat status;
	char last;

	if (fstat(fd, &status))
		return true;
	return status.st_size && (pread(fd, &last, 1, status.st_size - 1) != 1 || last != '\n');
}

static int begin(struct file_sink *file)
{
	int fd = open_log(file->path);

	if (fd < 0)
		return fd;
	if (file->fd >= 0)
		close(file->fd);
	file->fd = fd;
	file->torn = ends_torn(fd);
	file->retry = 0;
	return 0;
}

/* Is the open log still what is at its name? *size: of it. */
static bool is_in_place(const struct file_sink *file, uint64_t *size)
{
	struct stat open, named;

	if (fstat(file->fd, &open))
		return true;
	*size = open.st_size;
	return !lstat(file->path, &named) && named.st_ino == open.st_ino &&
	       named.st_dev == open.st_dev;
}

static void rotate(struct file_sink *file, uint64_t size)
{
	int r = audit_rotate(file->path, file->rotation.count);

	/* Moved or not: a log that cannot be begun anew is written on, under the name that it has now. */
	if (r >= 0)
		r = begin(file);
	if (r >= 0)
		return;
	file->retry = size + RETRY_SIZE;
	log_warning("the audit log %s cannot be rotated: %s; it grows on", file->path, strerror(-r));
}

static int file_write(struct audit_sink *sink, const struct audit_entry *entry)
{
	struct file_sink *file = (struct file_sink *)sink;
	uint64_t size = 0;
	ssize_t written;
	int r;

	if (!is_in_place(file, &size)) {
		r = begin(file);
		if (r < 0)
			return r; /* this record is lost and counted; the next one tries again */
		size = 0;
	}
	if (file->rotation.size && size && size >= file->retry &&
		size + entry->length > file->rotation.size)
		rotate(file, size);
	if (file->torn && write(file->fd, "\n", 1) != 1)
		return -errno;
	written = write(file->fd, entry->line, entry->length);
	r = written < 0 ? -errno : -ENOSPC;
	file->torn = written > 0 && written != (ssize_t)entry->length;
	return written == (ssize_t)entry->length ? 0 : r;
}

static void file_free(struct audit_sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;

	close(file->fd);
	free(file);
}

int audit_file_open(const char *path, const struct audit_rotation *rotation, struct audit_sink **sink,
	char **problem)
{
	struct file_sink *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return -ENOMEM;
	file->sink = (struct audit_sink){ .write = file_write, .free = file_free };
	file->fd = -1;
	file->rotation = *rotation;
	COPY_STRING(file->path, path);
	COPY_STRING(file->sink.name, path);
	r = begin(file);
	if (r < 0) {
		free(file);
		return problem_set(problem, r,
			"cannot write the audit log %s: %s; name another with --audit", path,
			strerror(-r));
	}
	*sink = &file->sink;
	return 0;
}
