// SPDX-License-Identifier: Apache-2.0
/*
 * read(2) until there is nothing more.
 */
#include <errno.h>
#include <unistd.h>

#include "file.h"

ssize_t file_read_all(int fd, char *buffer, size_t limit)
{
	size_t size = 0;

	while (size <= limit) {
		ssize_t n = read(fd, buffer + size, limit + 1 - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += n;
	}
	return size;
}
