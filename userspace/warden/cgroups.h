/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are older than latch: the cgroup tree as it is, and tasks by their pid.
 */
#ifndef LATCH_CGROUPS_H
#define LATCH_CGROUPS_H

#include <stdbool.h>
#include <sys/types.h>

#include "maps.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Is the cgroup2 hierarchy alone at CGROUP_ROOT? -ENOTSUP where it is v1 or hybrid. */
int cgroups_check(void);

/*
 * Tags every container scope that exists as CONTAINED, unless it is tagged already, and labels the
 * tasks in it. Called after the programs are attached, so that nothing falls in between. Returns
 * how many scopes were new, or a negative errno.
 */
int cgroups_tag_existing(const struct maps *maps);

/*
 * The container id in a cgroup's name, as the kernel programs read it. `container` has
 * LATCH_ID_SIZE bytes. False for every other name.
 */
bool cgroups_container_id(const char *name, char *container);

/*
 * Does this process come from a container: by its cgroup, or because it is outside the initial pid
 * namespace? True also when that cannot be found out.
 */
bool cgroups_pid_is_contained(const struct maps *maps, pid_t pid);

/*
 * Is the process in a cgroup that is named as a container's, or below one? Needs no map. True also
 * when that cannot be found out.
 */
bool cgroups_pid_is_in_scope(pid_t pid);

/*
 * Gives a container that may be running already its grant, and its scope the tag ALLOWED, or takes
 * both away. 0 also when it has no scope (it does not run); -ENOTUNIQ when two scopes bear its id:
 * then neither is believed, and nothing is allowed.
 */
int cgroups_allow(const struct maps *maps, const char *container, const char *image);
int cgroups_contain(const struct maps *maps, const char *container);

#endif
