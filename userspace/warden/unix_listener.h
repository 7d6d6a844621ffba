/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening socket of latch's own at a path.
 */
#ifndef LATCH_UNIX_LISTENER_H
#define LATCH_UNIX_LISTENER_H

#include <sys/types.h>

/*
 * Binds a listening socket at `path`, in place of whatever file was there. Until it has `mode` it is its owner's
 * alone. A descriptor, or -errno.
 */
int unix_listener_bind(const char *path, mode_t mode);

#endif
