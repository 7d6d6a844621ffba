// SPDX-License-Identifier: Apache-2.0
/*
 * Files that are whole or not there. What is in them, and whether it still holds, is for those who
 * keep it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "problem.h"
#include "store.h"
#include "trusted_file.h"
#include "util.h"

#define MAX_SIZE (64u << 20)
#define SUM_SIZE (64 + 1)

static int sum_of(const char *text, size_t size, char sum[SUM_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int length;

	if (!EVP_Digest(text, size, hash, &length, EVP_sha256(), NULL))
		return -ENOMEM;
	for (unsigned int i = 0; i < length; i++)
		sprintf(sum + 2 * i, "%02x", hash[i]);
	return 0;
}

/* Writing. */

static int write_whole(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		size -= written;
	}
	return 0;
}

static int fill(int fd, const char *what, int version, const char *text)
{
	char sum[SUM_SIZE], head[160];
	size_t size = strlen(text);
	int length, r = sum_of(text, size, sum);

	if (r < 0)
		return r;
	length = snprintf(head, sizeof(head), "latch %s %d sha256:%s\n", what, version, sum);
	r = write_whole(fd, head, length);
	if (!r)
		r = write_whole(fd, text, size);
	return r < 0 ? r : fsync(fd) ? -errno : 0;
}

/* A rename is on the disk when its folder is. */
static int sync_folder(const char *folder)
{
	_cleanup_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int replace(const char *path, const char *folder, const char *what, int version,
	const char *text)
{
	_cleanup_close_ int fd = -1;
	char temporary[PATH_MAX];
	int r;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	/* One that an earlier latch left half written, or that somebody put there. */
	if (unlink(temporary) && errno != ENOENT)
		return -errno;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, what, version, text);
	if (!r && rename(temporary, path))
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return r;
	}
	return sync_folder(folder);
}

int store_write(const char *path, const char *what, int version, const json_t *value)
{
	_cleanup_free_ char *text = json_dumps(value, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	_cleanup_free_ char *copy = strdup(path);
	const char *folder;

	if (!text || !copy)
		return -ENOMEM;
	folder = dirname(copy);
	if (mkdir(folder, 0700) && errno != EEXIST)
		return -errno;
	return replace(path, folder, what, version, text);
}

/* Reading. */

static int check_head(const char *path, const char *what, int version, const char *head,
	const char *body, size_t size, char **problem)
{
	char sum[SUM_SIZE], wanted[160];
	int r = sum_of(body, size, sum);

	if (r < 0)
		return problem_set(problem, r, "out of memory");
	snprintf(wanted, sizeof(wanted), "latch %s %d sha256:%s", what, version, sum);
	if (!strcmp(head, wanted))
		return 0;
	snprintf(wanted, sizeof(wanted), "latch %s %d ", what, version);
	if (strncmp(head, wanted, strlen(wanted)))
		return problem_set(problem, -ENOTSUP,
			"%s is not in the form of this version (it begins with \"%.40s\"): it counts "
			"for nothing, and is written anew", path, head);
	return problem_set(problem, -EBADMSG,
		"%s is damaged (its SHA-256 is not what its first line says): it counts for nothing, "
		"and is written anew", path);
}

static int parse(const char *path, const char *what, int version, char *text, size_t size,
	json_t **value, char **problem)
{
	char *end = memchr(text, '\n', size);
	size_t length;
	int r;

	if (!end)
		end = text + size;
	length = end < text + size ? (size_t)(text + size - (end + 1)) : 0;
	*end = '\0';
	r = check_head(path, what, version, text, end + 1, length, problem);
	if (r < 0)
		return r;
	*value = json_loadb(end + 1, length, JSON_REJECT_DUPLICATES, NULL);
	return *value ? 0 : problem_set(problem, -EBADMSG, "%s is not JSON behind its first line: it "
		"counts for nothing, and is written anew", path);
}

int store_read(const char *path, const char *what, int version, json_t **value, char **problem)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	*problem = NULL;
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return problem_set(problem, -errno, "%s: cannot be read: %s", path, strerror(errno));
	r = trusted_read(fd, path, MAX_SIZE, &text, &size, problem);
	return r < 0 ? r : parse(path, what, version, text, size, value, problem);
}
