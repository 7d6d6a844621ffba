/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other sockets that are the machine: those of the engine's containerd, of builders and of other engines.
 */
#ifndef LATCH_SIBLINGS_H
#define LATCH_SIBLINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "maps.h"

#define SIBLINGS_MAX 64

/* Which sockets are open to the host alone. */
struct siblings {
	size_t count;
	const char *paths[SIBLINGS_MAX]; /* absolute; not owned */
};

/* Those that latch guards where nobody says otherwise. */
void siblings_init(struct siblings *siblings);
/* Adds one, or takes one away. False: there are too many, or it is not on the list. */
bool siblings_add(struct siblings *siblings, const char *path);
bool siblings_remove(struct siblings *siblings, const char *path);

/*
 * Closes them to containers: each that is there by its inode, and its name for the next one, where the folder
 * is there. To be called again when folders may have come. Returns how many are there, or a negative errno and
 * the first path that it is about.
 */
int siblings_guard(const struct siblings *siblings, const struct maps *maps, const char **path);

#endif
