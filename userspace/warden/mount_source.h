/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container would get to see by a mount: a path of the host's, a volume that there is, or all
 * that another container mounts. The answers are enum wire_source.
 */
#ifndef LATCH_MOUNT_SOURCE_H
#define LATCH_MOUNT_SOURCE_H

#include "engine.h"
#include "maps.h"
#include "wire.h"

/* Who is asked. Everything must outlive the questions. */
struct mount_sources {
	const struct maps *maps;
	struct engine *engine;
	const char *engine_root; /* see host_files.h; may be NULL */
};

/* Is the host path one of the guarded sockets, when the engine resolves it? */
bool mount_source_is_guarded(const struct maps *maps, const char *path);

enum wire_source mount_source_of_path(const struct mount_sources *sources, const char *path);

/* `status` is an enum wire_source, or a negative errno: refuse. */
typedef void (*mount_source_fn)(int status, void *context);

/*
 * Each returns 0 and later calls back exactly once, or a negative errno and does not call. A volume that
 * the engine does not have, or a name that it takes for none, is plain: it would be made, or refused. A
 * container that it does not have is -ENOENT.
 */
int mount_source_of_volume(const struct mount_sources *sources, const char *name,
	mount_source_fn done, void *context);
int mount_source_of_container(const struct mount_sources *sources, const char *name,
	mount_source_fn done, void *context);

#endif
