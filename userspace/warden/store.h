/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What latch keeps across restarts: JSON files that are whole or not there. Each begins with a line
 * that names what it is, the version of its form, and the SHA-256 of all that follows:
 *
 *	latch digests 1 sha256:<64 hex>
 *
 * They are root's alone (mode 0600): who writes one decides what latch believes.
 */
#ifndef LATCH_STORE_H
#define LATCH_STORE_H

#include <jansson.h>

/*
 * Writes `value` to `path` in one step (a new file, then rename), its folder made where it is missing
 * (mode 0700). A reader, and a machine that loses power, finds the old file or the new one. Blocks
 * for as long as the disk takes. Returns 0 or a negative errno; the old file stays then.
 */
int store_write(const char *path, const char *what, int version, const json_t *value);

/*
 * Reads it back. Returns 0 and *value (json_decref), -ENOENT where there is no such file, or another
 * negative errno and in *problem (free()) a sentence that names the file: somebody else's or one that
 * others may write (-EPERM), no regular file (-EINVAL), another version (-ENOTSUP), a sum that is not
 * that of the bytes or no JSON (-EBADMSG), over 64 MiB (-EFBIG). What cannot be read whole counts for
 * nothing.
 */
int store_read(const char *path, const char *what, int version, json_t **value, char **problem);

#endif
