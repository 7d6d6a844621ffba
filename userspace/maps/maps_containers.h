/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers have a grant, which cgroups are containers', and which are the host's.
 */
#ifndef LATCH_MAPS_CONTAINERS_H
#define LATCH_MAPS_CONTAINERS_H

#include <stdbool.h>
#include <stdint.h>

#include "maps.h"

/*
 * Gives or takes a container's grant. `cgroup` is the scope that uses it from now on, 0 for the next
 * one that is born; a grant that is in use keeps the scope that it has.
 */
int maps_grant(
	const struct maps *maps, const char *container, const char *image, uint64_t cgroup);
int maps_revoke(const struct maps *maps, const char *container);

/*
 * Calls `each` for every grant; it may take that one, and no other. Not in any order. `used`: a scope
 * has it, so its container runs.
 */
void maps_each_grant(const struct maps *maps,
	void (*each)(const char *container, bool used, void *context), void *context);

/*
 * Adds the scope with this cgroup id as CONTAINED; one that is there stays as it is (-EEXIST). `nested`: it
 * is below a container's scope, and never found by its name.
 */
int maps_add_scope(const struct maps *maps, uint64_t cgroup, const char *container, bool nested);
/* Gives a scope that was found another tag. -ENOENT when it is gone. */
int maps_tag_scope(
	const struct maps *maps, uint64_t cgroup, enum latch_tag tag, const char *container);
/*
 * Finds the scope of a container: its cgroup id and tag. -ENOENT if it has none: what containers have made
 * under that name is none. -ENOTUNIQ where there are two.
 */
int maps_find_scope(const struct maps *maps, const char *container, uint64_t *cgroup,
	enum latch_tag *tag);

/* Trusts the cgroup with this id: what is in it and is no container's is the host's. */
int maps_trust_cgroup(const struct maps *maps, uint64_t cgroup);
/* Forgets every trusted cgroup whose id is none of the `count` of `keep`. */
void maps_distrust_others(const struct maps *maps, const uint64_t *keep, size_t count);

/* How many container scopes have each tag: counts[enum latch_tag]. */
void maps_count_scopes(const struct maps *maps, unsigned int counts[LATCH_TAG_CONTAINED + 1]);

/* Calls `each` for every container scope, in no order. A container may have several; `container` may be "". */
void maps_each_scope(const struct maps *maps,
	void (*each)(uint64_t cgroup, enum latch_tag tag, const char *container, void *context), void *context);

#endif
