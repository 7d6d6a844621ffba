/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of a map, and all keys of it: for the files of this folder.
 */
#ifndef LATCH_MAP_ACCESS_H
#define LATCH_MAP_ACCESS_H

#include <linux/types.h>

#include "latch/abi.h"

/* Copies the value of `key` to `value`, which has room for one of this map's. 0 or a negative errno. */
int map_lookup(int map, const void *key, void *value);

/* Writes one; `flags` are bpf(2)'s. 0 or a negative errno: -ENOSPC where the map is full. */
int map_update(int map, const void *key, const void *value, __u64 flags);

/* A key of any map that is walked. */
union map_key {
	struct latch_inode inode;
	struct latch_dentry name;
	struct latch_container container;
	__u64 id;
};

/* Visits each key, in no order. It may delete the one that it is shown, and no other. */
void map_each_key(int map, void (*visit)(int map, const union map_key *key, const void *context),
	const void *context);

#endif
