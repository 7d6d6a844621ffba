/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path at which clients look for the engine: who listens there, and what happens to it.
 */
#ifndef LATCH_PUBLIC_PATH_H
#define LATCH_PUBLIC_PATH_H

#include <stdbool.h>
#include <uv.h>

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

/*
 * Guards what bears the name `name` in the directory of `path`, both of public_path_resolve(), as `kind`: a
 * socket that the engine makes there is guarded before anybody has seen it. Returns 0 or a negative errno.
 */
int public_path_guard_name(const struct maps *maps, const char *path, const char *name,
	enum latch_guard_kind kind);

/*
 * Looks at the path whenever something happens to it, and after a time that the last look has set.
 * A part of its owner, which must live until `stopped`.
 */
struct public_path_watch {
	uv_fs_event_t changes;
	uv_timer_t timer;
	int handles; /* that are not closed yet */
	const char *name;
	/* `changed`: something has just happened to the path. Returns when to look again, in ms. */
	unsigned int (*look)(void *owner, bool changed);
	void (*stopped)(void *owner);
	void *owner;
};

/* Begins with a first look. `path` and `name` are those of public_path_resolve(); `name` must last. */
void public_path_watch(struct public_path_watch *watch, uv_loop_t *loop, const char *path,
	const char *name);
/* Ends it; watch->stopped is called from the loop, later. */
void public_path_unwatch(struct public_path_watch *watch);

#endif
