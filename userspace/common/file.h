/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading files whose size may change while they are read.
 */
#ifndef LATCH_FILE_H
#define LATCH_FILE_H

#include <sys/types.h>

/*
 * Reads to the end or to `limit` + 1 bytes, whatever the size was when it was looked at: more than `limit`
 * says that there is more. `buffer` holds as much. A negative errno when reading fails.
 */
ssize_t file_read_all(int fd, char *buffer, size_t limit);

#endif
