/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways to the engine that have no file, so that latch cannot guard them.
 */
#ifndef LATCH_OTHER_LISTENERS_H
#define LATCH_OTHER_LISTENERS_H

#include <stddef.h>

/*
 * What a running dockerd listens on besides socket files, in this network namespace: TCP ports and abstract
 * unix sockets, "tcp port 2375, @docker". Returns how many there are, 0 also where none runs; needs root.
 * A negative errno: /proc cannot be read.
 */
int other_listeners(char *text, size_t size);

#endif
