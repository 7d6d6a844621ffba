// SPDX-License-Identifier: Apache-2.0
/* Who may write a file, and its bytes; see trusted_file.h. */
#include <errno.h>

#include "file.h"
#include "problem.h"
#include "trusted_file.h"

int trusted_check(const char *path, const struct stat *status, char **problem)
{
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return problem_set(problem, -EPERM,
			"%s: belongs to user %u and so is not trusted; give it to root (chown "
			"root)",
			path, status->st_uid);
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return problem_set(problem, -EPERM,
			"%s: others than its owner may write to it (mode %04o), and so it is not "
			"trusted; take that permission away (chmod go-w)",
			path, status->st_mode & 07777);
	return 0;
}

static int read_whole(
	int fd, const char *path, char *buffer, size_t limit, size_t *size, char **problem)
{
	ssize_t n = file_read_all(fd, buffer, limit);

	if (n < 0)
		return problem_set(problem, n, "%s: cannot be read: %s", path, strerror(-n));
	*size = n;
	if ((size_t)n > limit)
		return problem_set(problem, -EFBIG,
			"%s: is larger than %zu KiB, which is the most that is read of such a file",
			path, limit >> 10);
	buffer[n] = '\0';
	return 0;
}

int trusted_read(int fd, const char *path, size_t limit, char **bytes, size_t *size, char **problem)
{
	struct stat status;
	char *buffer;
	int r;

	if (fstat(fd, &status)) {
		r = -errno;
		return problem_set(problem, r, "%s: cannot be read: %s", path, strerror(-r));
	}
	if (!S_ISREG(status.st_mode))
		return problem_set(
			problem, -EINVAL, "%s: is not a regular file; name a file on disk", path);
	r = trusted_check(path, &status, problem);
	if (r < 0)
		return r;
	buffer = malloc(limit + 1);
	if (!buffer)
		return problem_set(problem, -ENOMEM, "%s: out of memory", path);
	*size = 0;
	r = read_whole(fd, path, buffer, limit, size, problem);
	if (r < 0) {
		explicit_bzero(buffer, *size);
		free(buffer);
		return r;
	}
	*bytes = buffer;
	return 0;
}
