/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that latchd, which is root, acts upon: whoever can write one of them decides for root. So
 * what somebody else may write is not read at all.
 */
#ifndef LATCH_TRUSTED_FILE_H
#define LATCH_TRUSTED_FILE_H

#include <sys/stat.h>

#include "util.h"

/*
 * Does it belong to root or to our own user, and may nobody else write to it? Returns 0, or -EPERM
 * with a sentence in *problem (free()). `path` is for the sentence. An access list with more
 * writers shows in the group's bits.
 */
int trusted_check(const char *path, const struct stat *status, char **problem);

/*
 * Reads an open file from where it is to its end. It must be a regular file that passes
 * trusted_check and has at most `limit` bytes. Returns 0, *bytes (free(), a NUL behind the last
 * one; wipe what is secret) and *size; or a negative errno (-EINVAL not a regular file, -EPERM,
 * -EFBIG, -ENOMEM, or what read says) and *problem (free()).
 */
int trusted_read(
	int fd, const char *path, size_t limit, char **bytes, size_t *size, char **problem);

#endif
