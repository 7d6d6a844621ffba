/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines that the service manager listens for (`dockerd -H fd://`): pid 1 has the listening socket, gives
 * a copy to the engine that it starts, and starts one when somebody connects.
 */
#ifndef LATCH_ACTIVATION_H
#define LATCH_ACTIVATION_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Does pid 1 alone listen at a path? Then no engine runs, and to connect would start one, which is for
 * clients to do and not for latch. `bound` is the path that the socket was bound to, wherever its file lies
 * now: so this says nothing of what lies at that path, and nothing is to be trusted for it. False where that
 * cannot be found out, so that an engine that runs is never left alone for this.
 */
bool activation_is_dormant(const char *bound);

/* The same of any process: does `pid` have a socket that listens, was bound to `bound`, and is no other's? */
bool activation_listens_alone(pid_t pid, const char *bound);

#endif
