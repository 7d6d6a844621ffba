/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that mounted the engine's own socket before latch adopted it.
 */
#ifndef LATCH_REGRAFT_H
#define LATCH_REGRAFT_H

#include <sys/types.h>

#include "maps.h"

/*
 * Puts the public socket over every mount of the engine's own inode in the mount namespace of `pid`.
 * Returns how many there were, or a negative errno: then the container must be started anew.
 * Waits for a child process that does it: a few milliseconds.
 */
int regraft(const struct maps *maps, pid_t pid);

#endif
