// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <errno.h>

#include "map_access.h"
#include "maps_protected.h"

int maps_protect(const struct maps *maps, const struct latch_inode *inode, unsigned int what,
	const char *path)
{
	struct latch_protection protection = { .what = what };

	COPY_STRING(protection.path, path);
	return map_update(maps->protected, inode, &protection, BPF_ANY);
}

struct wanted_files {
	bool (*keep)(const struct latch_inode *inode, const void *context);
	const void *context;
};

static void unprotect_unwanted(int map, const union map_key *key, const void *context)
{
	const struct wanted_files *wanted = context;

	if (!wanted->keep(&key->inode, wanted->context))
		bpf_map_delete_elem(map, key);
}

void maps_unprotect(const struct maps *maps,
	bool (*keep)(const struct latch_inode *inode, const void *context), const void *context)
{
	const struct wanted_files wanted = { keep, context };

	map_each_key(maps->protected, unprotect_unwanted, &wanted);
}

int maps_reserve_name(const struct maps *maps, const struct latch_dentry *name, const char *path)
{
	struct latch_guard guard = { .kind = LATCH_GUARD_NONE };
	int r;

	COPY_STRING(guard.path, path);
	r = map_update(maps->names, name, &guard, BPF_NOEXIST);
	return r == -EEXIST ? 0 : r;
}

struct wanted_names {
	bool (*keep)(const struct latch_dentry *name, const void *context);
	const void *context;
};

static void unreserve_unwanted(int map, const union map_key *key, const void *context)
{
	const struct wanted_names *wanted = context;
	struct latch_guard guard;

	if (!map_lookup(map, key, &guard) && guard.kind == LATCH_GUARD_NONE &&
		!wanted->keep(&key->name, wanted->context))
		bpf_map_delete_elem(map, key);
}

void maps_unreserve_names(const struct maps *maps,
	bool (*keep)(const struct latch_dentry *name, const void *context), const void *context)
{
	const struct wanted_names wanted = { keep, context };

	map_each_key(maps->names, unreserve_unwanted, &wanted);
}
