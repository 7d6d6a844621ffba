/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files containers must leave alone: those that latch and the engine live on.
 */
#ifndef LATCH_PROTECTION_H
#define LATCH_PROTECTION_H

#include "maps.h"
#include "siblings.h"

/* What is not at a fixed place. A NULL is left out. */
struct protection_paths {
	const char *settings;
	const char *audit; /* NULL: there is no such file */
	unsigned int audit_old; /* of it, how many rotated ones: FILE.1 ... */
	const char *socket;   /* the engine's public path */
	const char *programs; /* the folder of latch's own */
	const struct siblings *siblings;
};

/*
 * Tells the kernel programs (bpf/files.bpf.c) what to keep from containers, as it lies on the disk now, and
 * forgets what no longer does. To be called again when one of them may have got another inode: the name of
 * each is kept meanwhile. What is not there is kept from being made, where its folder is there.
 *
 * Returns how many files and folders there are, or a negative errno: then what could be told counts, and
 * nothing was forgotten.
 */
int protection_apply(const struct maps *maps, const struct protection_paths *paths);

#endif
