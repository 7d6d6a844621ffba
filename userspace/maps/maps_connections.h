/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels of connections.
 */
#ifndef LATCH_MAPS_CONNECTIONS_H
#define LATCH_MAPS_CONNECTIONS_H

#include <sys/types.h>

#include "maps.h"

/*
 * Calls `each` with the label of every connection that the process has accepted on a guarded socket. Needs the
 * right to look into it (root). 0 or a negative errno.
 */
int maps_each_connection(const struct maps *maps, pid_t process,
	void (*each)(const struct latch_conn *label, void *context), void *context);

#endif
