/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sockets and names are guarded, as what.
 */
#ifndef LATCH_MAPS_GUARDED_H
#define LATCH_MAPS_GUARDED_H

#include <stdbool.h>
#include <sys/stat.h>

#include "maps.h"

/* A device as the kernel packs it (MKDEV, include/linux/kdev_t.h); stat(2) has it otherwise. */
static inline __u32 maps_device_of(unsigned int major, unsigned int minor)
{
	return major << 20 | minor;
}

/* The key of a socket file in `guarded`, from stat(2). */
struct latch_inode maps_inode_of(const struct stat *status);

static inline bool maps_same_inode(const struct latch_inode *a, const struct latch_inode *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/* Guards the socket file at `path` as `kind`. Returns 0 or a negative errno. */
int maps_guard(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path);
void maps_unguard(const struct maps *maps, const struct latch_inode *inode);
/*
 * The same for a socket of the engine, LATCH_GUARD_ENGINE or LATCH_GUARD_DIRECT. A container that can write to
 * the directory can move it away and put another one of the host's there: that the path has a new socket does
 * not mean that the old one is dead. One that began to listen under latch stays guarded by its label. The first
 * may be older, and its entry is all that guards it: so that is marked, as long as the maps live, and
 * maps_unguard_engine() leaves it.
 */
int maps_guard_engine(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path);
void maps_unguard_engine(const struct maps *maps, const struct latch_inode *inode);
/*
 * Forgets what lay at `path` before the file that `status` describes, whose inode may be another file's now;
 * and which folder its name was in before the one that `folder` describes.
 */
void maps_unguard_others(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path);
void maps_unguard_other_names(const struct maps *maps, const struct stat *folder,
	enum latch_guard_kind kind, const char *path);
/* Forgets every socket and name of this kind whose path `keep` does not want. */
void maps_unguard_kind(const struct maps *maps, enum latch_guard_kind kind,
	bool (*keep)(const char *path, const void *context), const void *context);
/* Is the file one of the guarded sockets? Gives its kind, LATCH_GUARD_NONE otherwise. */
enum latch_guard_kind maps_guard_kind(const struct maps *maps, const struct stat *status);

/*
 * Guards the name `name` in the directory that `directory` describes: a socket there that is not
 * known yet counts as `kind`. -ENAMETOOLONG where the kernel could only compare a part of it.
 */
int maps_guard_name(const struct maps *maps, const struct stat *directory, const char *name,
	enum latch_guard_kind kind, const char *path);

/* The engine's public path, as latchd wrote it beside the guarded name. -ENOENT without one. */
int maps_public_path(const struct maps *maps, char *path, size_t size);

#endif
