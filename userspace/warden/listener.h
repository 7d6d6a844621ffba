/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public listening socket and the process that holds it.
 */
#ifndef LATCH_LISTENER_H
#define LATCH_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Gives the public listener: the one that a holder of an earlier latchd kept, else a new one bound
 * to LATCH_PUBLIC_SOCKET with a new holder started from the program `holder` (a path). *kept says
 * which. Returns the descriptor, or a negative errno and a sentence in *problem (free()).
 * The caller must be marked as latch's own in the kernel, or the gate keeps it from the holder.
 */
int listener_get(const char *holder, bool *kept, char **problem);

/* Ends the holder. Containers that mount the public socket are refused connections from then on. */
int listener_release(void);

#endif
