/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path at which clients look for the engine, and who listens there.
 */
#ifndef LATCH_PUBLIC_PATH_H
#define LATCH_PUBLIC_PATH_H

#include "maps.h"

/* What a connect to a socket file shows of the listener behind it. */
enum listener_kind {
	LISTENER_HOST,	  /* the host made it */
	LISTENER_PLANTED, /* a container made it, or it is not known who did */
	LISTENER_DEAD,	  /* nobody listens any more */
};

/* Connects to `path` and hangs up. The caller must be marked as latch's own in the kernel. */
enum listener_kind public_path_probe(const struct maps *maps, const char *path);

/*
 * Writes `path` with every symbolic link of its directory resolved to `resolved`; *name is its last
 * component, in there. -EINVAL for a path that is not absolute, -ENAMETOOLONG for one that does not
 * fit into a socket address, or the errno of looking.
 */
int public_path_resolve(const char *path, char *resolved, size_t size, char **name);

#endif
