/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latch's listening sockets.
 */
#ifndef LATCH_LISTENER_H
#define LATCH_LISTENER_H

#include <stdbool.h>

#include "maps.h"

struct listeners {
	int public;  /* bound to LATCH_PUBLIC_SOCKET */
	int control; /* bound to LATCH_CONTROL_SOCKET */
	int holder;  /* pidfd of the process that keeps them; -1: none */
	bool kept;   /* an earlier latchd's holder had them */
};

/*
 * Gives the listeners: those that a holder of an earlier latchd kept, else new ones, with a new holder
 * started from the program `holder` (a path). Returns 0, or a negative errno and a sentence in *problem
 * (free()). The caller must be marked as latch's own in the kernel, or the gate keeps it from the holder.
 */
int listeners_get(const char *holder, const struct maps *maps, struct listeners *listeners, char **problem);
/* The control socket alone, which nobody keeps when latchd ends. The rest as listeners_get. */
int listeners_get_control(struct listeners *listeners, char **problem);
void listeners_close(struct listeners *listeners);

/* Ends the holder. Containers that mount the public socket are refused connections from then on. */
int listeners_release(const struct maps *maps);

#endif
