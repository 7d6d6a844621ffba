/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Old logs: FILE.1 is the youngest of them, FILE.2 the one before.
 */
#ifndef LATCH_AUDIT_ROTATION_H
#define LATCH_AUDIT_ROTATION_H

#include <stdint.h>

struct audit_rotation {
	uint64_t size;	    /* bytes that a log may have; 0: any number */
	unsigned int count; /* of old logs that are kept */
};

#define AUDIT_ROTATION_MAX_COUNT 1000

/* 64 MiB, five old ones. */
void audit_rotation_init(struct audit_rotation *rotation);
/* "SIZE,COUNT" with a size in bytes or as 10K, 64M, 1G; or "0": never. 0 or -EINVAL. */
int audit_rotation_parse(struct audit_rotation *rotation, const char *text);

/* Makes `path` the youngest old log; the oldest goes. 0 or a negative errno: then `path` is where it was. */
int audit_rotate(const char *path, unsigned int count);

#endif
