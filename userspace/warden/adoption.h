/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's public socket path, and who listens there.
 */
#ifndef LATCH_ADOPTION_H
#define LATCH_ADOPTION_H

#include <stdbool.h>
#include <sys/stat.h>
#include <uv.h>

#include "maps.h"

struct adoption;

enum adoption_event {
	ADOPTION_ADOPTED, /* a new inode of the engine's lies at LATCH_ENGINE_SOCKET now */
	ADOPTION_ABSENT,  /* latch's inode lies at the public path, and no engine behind it */
	ADOPTION_PLANTED, /* a socket that a container made lay there; it was taken away */
	ADOPTION_FAILED,  /* see problem; tried again every second */
};

/* `problem` is valid during the call; "" but for PLANTED and FAILED, which are told once each. */
typedef void (*adoption_fn)(enum adoption_event event, const char *problem, void *context);

/*
 * Watches `path` (the engine's public path) and keeps latch's listening inode
 * (LATCH_PUBLIC_SOCKET) there, exchanging it for whatever the engine binds. Guards all of it in the
 * kernel first, and has looked once when it returns: `event` may be called from within. Returns 0 and *adoption, or a negative errno and *problem (free()).
 */
int adoption_new(uv_loop_t *loop, const struct maps *maps, const char *path, adoption_fn event,
	void *context, struct adoption **adoption, char **problem);
void adoption_free(struct adoption *adoption);

/* Is an engine behind the public socket? Its socket's owner, group and mode, where `status` is not NULL. */
bool adoption_has_engine(const struct adoption *adoption, struct stat *status);

/* The public path with every symbolic link of its directory resolved. */
const char *adoption_path(const struct adoption *adoption);

/*
 * Gives the public path back to the engine's inode, or leaves nothing there without an engine. Needs
 * no running latchd. Returns 0 or a negative errno.
 */
int adoption_undo(const char *path);

#endif
