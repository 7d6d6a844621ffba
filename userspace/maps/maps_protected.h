/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files and names are kept from containers.
 */
#ifndef LATCH_MAPS_PROTECTED_H
#define LATCH_MAPS_PROTECTED_H

#include <stdbool.h>

#include "maps.h"

/* Keeps a file from containers: `what` are bits of enum latch_protected. */
int maps_protect(const struct maps *maps, const struct latch_inode *inode, unsigned int what,
	const char *path);
/* Forgets every protected file that `keep` does not want. */
void maps_unprotect(const struct maps *maps,
	bool (*keep)(const struct latch_inode *inode, const void *context), const void *context);

/* Keeps a name from containers. One that is guarded stays guarded, and is kept as well. */
int maps_reserve_name(const struct maps *maps, const struct latch_dentry *name, const char *path);
/* Forgets every name that is kept and not guarded and that `keep` does not want. */
void maps_unreserve_names(const struct maps *maps,
	bool (*keep)(const struct latch_dentry *name, const void *context), const void *context);

#endif
