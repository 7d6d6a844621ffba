/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that mounted the engine's own socket before latch adopted it, or that of a latch that was released.
 */
#ifndef LATCH_REGRAFT_H
#define LATCH_REGRAFT_H

#include <sys/types.h>

#include "looks.h"
#include "maps.h"

/*
 * Puts the public socket over every mount of the engine's own inode, and in the place of every mount of a public
 * one that nobody can listen on again, in the mount namespace of `pid`. 0, and `done` is told how many there
 * were, or a negative errno: then the container must be started anew. Or a negative errno as of looks_begin().
 */
int regraft(struct looks *looks, const struct maps *maps, pid_t pid, look_done_fn done, void *context);

#endif
