/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of root's power a process keeps.
 */
#ifndef LATCH_CAPABILITIES_H
#define LATCH_CAPABILITIES_H

#include <stddef.h>

/*
 * Gives up, for good and for every program that it starts, all capabilities but the `count` of `keep`
 * (CAP_* of linux/capability.h; one that the process does not have is no error). Needs CAP_SETPCAP where
 * there is one to give up. Returns 0 or a negative errno: some may be gone then.
 */
int capabilities_keep(const unsigned int *keep, size_t count);
/* No more than what an exec would bring back: the process itself keeps what it has. As above. */
int capabilities_bound(const unsigned int *keep, size_t count);

#endif
