// SPDX-License-Identifier: Apache-2.0
/*
 * The names of host_access.def.
 */
#include <string.h>

#include "host_access.h"

static const struct {
	const char *name, *what;
} rows[HOST_ACCESS_COUNT] = {
#define HOST_ACCESS(id, name, what) [HOST_ACCESS_##id] = {name, what},
#include "host_access.def"
#undef HOST_ACCESS
};

const char *host_access_name(enum host_access access)
{
	return rows[access].name;
}

const char *host_access_what(enum host_access access)
{
	return rows[access].what;
}

bool host_access_find(const char *name, enum host_access *access)
{
	for (int i = 0; i < HOST_ACCESS_COUNT; i++)
		if (!strcmp(rows[i].name, name)) {
			*access = i;
			return true;
		}
	return false;
}
