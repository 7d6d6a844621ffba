// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <errno.h>

#include "map_access.h"

int map_lookup(int map, const void *key, void *value)
{
	return bpf_map_lookup_elem(map, key, value) ? -errno : 0;
}

int map_update(int map, const void *key, const void *value, __u64 flags)
{
	if (!bpf_map_update_elem(map, key, value, flags))
		return 0;
	/* "Argument list too long" would send whoever reads it the wrong way. */
	return errno == E2BIG ? -ENOSPC : -errno;
}

void map_each_key(int map, void (*visit)(int map, const union map_key *key, const void *context),
	const void *context)
{
	union map_key key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);

	while (more) {
		key = next;
		/* Before the visit, which may delete it: after that the walk would begin anew. */
		more = !bpf_map_get_next_key(map, &key, &next);
		visit(map, &key, context);
	}
}
