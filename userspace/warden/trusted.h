/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups of the host's own services, which count as the host whatever namespaces they have.
 */
#ifndef LATCH_TRUSTED_H
#define LATCH_TRUSTED_H

#include "maps.h"

#define TRUSTED_MAX 16

struct trusted {
	size_t count;
	const char *paths[TRUSTED_MAX]; /* below the root of the hierarchy: "/services"; not owned */
};

/*
 * Adds one. False: there are too many, or it is not the absolute path of a cgroup that may be trusted: not
 * the root's, without "..", and with no component that is named as a container's is.
 */
bool trusted_add(struct trusted *trusted, const char *path);

/*
 * Trusts those that are there, and no others any more. To be called again when cgroups may have come. Returns
 * how many are there, or a negative errno.
 */
int trusted_apply(const struct trusted *trusted, const struct maps *maps);

#endif
