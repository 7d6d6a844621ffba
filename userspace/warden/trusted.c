// SPDX-License-Identifier: Apache-2.0
/*
 * Where the host's services are runc containers themselves, with pid namespaces of their own, as in a LinuxKit
 * machine, the rule "outside the initial pid namespace is a container" would take them for one. The
 * administrator says otherwise, by the cgroup that they are below. It is known by its id: a cgroup that is
 * removed is trusted no more, and one that is made anew is trusted when latchd looks again.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cgroups.h"
#include "maps_containers.h"
#include "trusted.h"

bool trusted_add(struct trusted *trusted, const char *path)
{
	char copy[PATH_MAX], container[LATCH_ID_SIZE], *rest = copy, *part;
	bool any = false;

	if (path[0] != '/' || strlen(path) >= sizeof(copy) || trusted->count == TRUSTED_MAX)
		return false;
	COPY_STRING(copy, path);
	while ((part = strsep(&rest, "/"))) {
		if (!strcmp(part, "..") || !strcmp(part, ".") || cgroups_container_id(part, container))
			return false;
		any = any || part[0];
	}
	if (any)
		trusted->paths[trusted->count++] = path;
	return any;
}

int trusted_apply(const struct trusted *trusted, const struct maps *maps)
{
	uint64_t ids[TRUSTED_MAX];
	size_t count = 0;

	for (size_t i = 0; i < trusted->count; i++) {
		char path[PATH_MAX];
		struct stat status;
		int r;

		snprintf(path, sizeof(path), CGROUP_ROOT "%s", trusted->paths[i]);
		if (lstat(path, &status) || !S_ISDIR(status.st_mode))
			continue; /* who is to be in it waits for the next look, contained */
		r = maps_trust_cgroup(maps, status.st_ino);
		if (r < 0)
			return r;
		ids[count++] = status.st_ino;
	}
	maps_distrust_others(maps, ids, count);
	return count;
}
