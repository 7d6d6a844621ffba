/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that run, as the kernel and the engine know them.
 */
#ifndef LATCH_CONTAINERS_H
#define LATCH_CONTAINERS_H

#include <jansson.h>

/*
 * Adds to `status`, which is what latchd says of itself, under containers.list: an object for each
 * container with id, verdict ("allowed", "contained", "host"), connections (to the engine's socket; null
 * in direct transport, where nobody holds them for latch), name and image ("" where the engine does not
 * say). And connections in all, those of the host among them. Needs root; what cannot be found out is
 * left out.
 */
void containers_add(json_t *status);

#endif
