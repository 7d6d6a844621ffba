/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Direct transport: the engine keeps its socket, and the kernel decides what is said on it.
 */
#ifndef LATCH_DIRECT_H
#define LATCH_DIRECT_H

#include <stdbool.h>
#include <uv.h>

#include "adoption.h"
#include "maps.h"

struct direct;

/*
 * Could the engine's socket be guarded where it is? Asked before anything is changed. -EEXIST and
 * *problem (free()) while an adoption of a mediated latchd is in place.
 */
int direct_check(char **problem);

/*
 * Guards the name `path` and whatever socket of the engine lies there, now and after each restart of
 * the engine. `event` is told as adoption tells it (ADOPTION_ADOPTED: an engine's socket is guarded
 * now), and may be called from within. Returns 0 and *direct; or a negative errno and *problem
 * (free()).
 */
int direct_new(uv_loop_t *loop, const struct maps *maps, const char *path, adoption_fn event,
	void *context, struct direct **direct, char **problem);
void direct_free(struct direct *direct);

/* Does an engine listen there? */
bool direct_has_engine(const struct direct *direct);

/* The public path with every symbolic link of its directory resolved. */
const char *direct_path(const struct direct *direct);

#endif
