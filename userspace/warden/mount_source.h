/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container would get to see by a mount: a path of the host's, a volume that there is, or all
 * that another container mounts. The answers are enum wire_source.
 */
#ifndef LATCH_MOUNT_SOURCE_H
#define LATCH_MOUNT_SOURCE_H

#include "engine.h"
#include "looks.h"
#include "maps.h"
#include "wire.h"

/* Who is asked. Everything must outlive the questions. */
struct mount_sources {
	const struct maps *maps;
	struct engine *engine;
	struct looks *looks;
	const char *engine_root; /* see host_files.h; may be NULL */
};

/* `status` is an enum wire_source, or a negative errno: refuse. */
typedef void (*mount_source_fn)(int status, void *context);

/*
 * Each returns 0 and later calls back exactly once, or a negative errno and does not call. A path that cannot be
 * looked at in five seconds is -ETIMEDOUT. A volume that the engine does not have, or a name that it takes for
 * none, is plain: it would be made, or refused. A container that it does not have is -ENOENT.
 */
int mount_source_of_path(const struct mount_sources *sources, const char *path, mount_source_fn done,
	void *context);
int mount_source_of_volume(const struct mount_sources *sources, const char *name,
	mount_source_fn done, void *context);
int mount_source_of_container(const struct mount_sources *sources, const char *name,
	mount_source_fn done, void *context);

/* What a container mounts, in one number: see the two below. Or a negative errno. */
typedef void (*mount_finding_fn)(int finding, void *context);

/* Is one of its host paths a guarded socket, when the engine resolves it? */
static inline bool mount_finding_is_guarded(int finding)
{
	return finding & 1;
}

/* Which of its `binds` is the first of the host's own; -1: none is, or it was not asked. */
static inline int mount_finding_own(int finding)
{
	return (finding >> 1) - 1;
}

/* The first as the functions above; `own`: asks for the host's own files as well. `container` may go then. */
int mount_source_find(const struct mount_sources *sources, const struct engine_container *container, bool own,
	mount_finding_fn done, void *context);

#endif
