// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "map_access.h"
#include "maps_guarded.h"

static __u32 kernel_dev(dev_t device)
{
	return maps_device_of(major(device), minor(device));
}

struct latch_inode maps_inode_of(const struct stat *status)
{
	struct latch_inode inode = { .ino = status->st_ino, .dev = kernel_dev(status->st_dev) };

	return inode;
}

int maps_guard(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path)
{
	struct latch_inode key = maps_inode_of(status);
	struct latch_guard guard = { .kind = kind };

	COPY_STRING(guard.path, path);
	return map_update(maps->guarded, &key, &guard, BPF_ANY);
}

void maps_unguard(const struct maps *maps, const struct latch_inode *inode)
{
	bpf_map_delete_elem(maps->guarded, inode);
}

struct engine_visit {
	bool *found;
};

static void visit_engine(int map, const union map_key *key, const void *context)
{
	const struct engine_visit *visit = context;
	struct latch_guard guard;

	if (!map_lookup(map, key, &guard) &&
		(guard.kind == LATCH_GUARD_ENGINE || guard.kind == LATCH_GUARD_DIRECT))
		*visit->found = true;
}

static bool guards_an_engine(const struct maps *maps)
{
	bool found = false;
	const struct engine_visit visit = { &found };

	map_each_key(maps->guarded, visit_engine, &visit);
	return found;
}

int maps_guard_engine(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path)
{
	struct latch_inode key = maps_inode_of(status);
	struct latch_guard guard = { .kind = kind }, before;

	guard.first = map_lookup(maps->guarded, &key, &before) ? !guards_an_engine(maps) : before.first;
	COPY_STRING(guard.path, path);
	return map_update(maps->guarded, &key, &guard, BPF_ANY);
}

void maps_unguard_engine(const struct maps *maps, const struct latch_inode *inode)
{
	struct latch_guard guard;

	if (!map_lookup(maps->guarded, inode, &guard) && !guard.first)
		bpf_map_delete_elem(maps->guarded, inode);
}

/* What lies at a path now: the inode of a socket, or of the folder that a name is in. */
struct place {
	enum latch_guard_kind kind;
	const char *path;
	struct latch_inode now;
};

static bool is_of(int map, const union map_key *key, const struct place *place)
{
	struct latch_guard guard;

	return !map_lookup(map, key, &guard) && guard.kind == place->kind &&
	       !strncmp(guard.path, place->path, sizeof(guard.path) - 1);
}

static void unguard_other(int map, const union map_key *key, const void *context)
{
	const struct place *place = context;

	if (memcmp(&key->inode, &place->now, sizeof(place->now)) && is_of(map, key, place))
		bpf_map_delete_elem(map, key);
}

void maps_unguard_others(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path)
{
	const struct place place = { kind, path, maps_inode_of(status) };

	map_each_key(maps->guarded, unguard_other, &place);
}

static void unguard_other_name(int map, const union map_key *key, const void *context)
{
	const struct place *place = context;
	const struct latch_dentry *name = &key->name;

	if ((name->dir_ino != place->now.ino || name->dir_dev != place->now.dev) && is_of(map, key, place))
		bpf_map_delete_elem(map, key);
}

void maps_unguard_other_names(const struct maps *maps, const struct stat *folder,
	enum latch_guard_kind kind, const char *path)
{
	const struct place place = { kind, path, maps_inode_of(folder) };

	map_each_key(maps->names, unguard_other_name, &place);
}

/* Whose path is wanted, of all that are guarded as one kind. */
struct wanted_paths {
	enum latch_guard_kind kind;
	bool (*keep)(const char *path, const void *context);
	const void *context;
};

static void unguard_unwanted(int map, const union map_key *key, const void *context)
{
	const struct wanted_paths *wanted = context;
	struct latch_guard guard;

	if (!map_lookup(map, key, &guard) && guard.kind == wanted->kind &&
		!wanted->keep(guard.path, wanted->context))
		bpf_map_delete_elem(map, key);
}

void maps_unguard_kind(const struct maps *maps, enum latch_guard_kind kind,
	bool (*keep)(const char *path, const void *context), const void *context)
{
	const struct wanted_paths wanted = { kind, keep, context };

	map_each_key(maps->guarded, unguard_unwanted, &wanted);
	map_each_key(maps->names, unguard_unwanted, &wanted);
}

enum latch_guard_kind maps_guard_kind(const struct maps *maps, const struct stat *status)
{
	struct latch_inode key = maps_inode_of(status);
	struct latch_guard guard;

	return map_lookup(maps->guarded, &key, &guard) ? LATCH_GUARD_NONE : guard.kind;
}

int maps_guard_name(const struct maps *maps, const struct stat *directory, const char *name,
	enum latch_guard_kind kind, const char *path)
{
	struct latch_dentry key = {
		.dir_ino = directory->st_ino,
		.dir_dev = kernel_dev(directory->st_dev),
	};
	struct latch_guard guard = { .kind = kind };

	if (strlen(name) >= sizeof(key.name))
		return -ENAMETOOLONG;
	COPY_STRING(key.name, name);
	COPY_STRING(guard.path, path);
	return map_update(maps->names, &key, &guard, BPF_ANY);
}

int maps_public_path(const struct maps *maps, char *path, size_t size)
{
	struct latch_dentry key, *previous = NULL;
	struct latch_guard guard;

	while (!bpf_map_get_next_key(maps->names, previous, &key)) {
		previous = &key;
		/* Other names are those of other sockets, or of files. */
		if (map_lookup(maps->names, &key, &guard) ||
			(guard.kind != LATCH_GUARD_ENGINE && guard.kind != LATCH_GUARD_DIRECT))
			continue;
		snprintf(path, size, "%s", guard.path);
		return 0;
	}
	return -ENOENT;
}
