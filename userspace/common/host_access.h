/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the host a container may hand to the containers that it makes. On a stock engine, who may
 * create a container may create one that owns the machine; so what would hand out the host is
 * refused to contained callers, unless the settings allow it by name, for all images or for some.
 */
#ifndef LATCH_HOST_ACCESS_H
#define LATCH_HOST_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

enum host_access {
#define HOST_ACCESS(id, ...) HOST_ACCESS_##id,
#include "host_access.def"
#undef HOST_ACCESS
	HOST_ACCESS_COUNT
};

_Static_assert(HOST_ACCESS_COUNT <= 32, "each has a bit of a uint32_t");

#define HOST_ACCESS_BIT(access) (UINT32_C(1) << (access))

/* "privileged", as the settings have it; `access` must be below HOST_ACCESS_COUNT. */
const char *host_access_name(enum host_access access);
/* "all capabilities and all devices" */
const char *host_access_what(enum host_access access);
/* False: no such name. */
bool host_access_find(const char *name, enum host_access *access);

#endif
