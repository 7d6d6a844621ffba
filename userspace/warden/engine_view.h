/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the engine see the files that latchd sees? Paths in requests are the engine's: where it has a root
 * or mounts of its own (a snap, a container), what latchd finds at a path is not what would be mounted.
 */
#ifndef LATCH_ENGINE_VIEW_H
#define LATCH_ENGINE_VIEW_H

#include <stdbool.h>

/*
 * Asks the kernel who listens on the engine's socket, and compares root and mount namespace. False where
 * they differ, and where that cannot be told.
 */
bool engine_view_is_ours(const char *socket);

#endif
