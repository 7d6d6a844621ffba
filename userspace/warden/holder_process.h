/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that keeps latch's listening sockets (userspace/holder/): started, found again, watched.
 */
#ifndef LATCH_HOLDER_PROCESS_H
#define LATCH_HOLDER_PROCESS_H

#include <uv.h>

#include "maps.h"

struct listeners;

/*
 * Starts the program `program` (a path) with copies of the two listeners and a new door, and marks it as
 * latch's own. A holder that listeners->holder names is ended then, and it names the new one. Returns 0,
 * or a negative errno: then nothing has changed.
 */
int holder_process_start(const char *program, const struct maps *maps, struct listeners *listeners);

/*
 * Takes the listeners out of a holder whose door is gone or that does not answer there. Returns 0, or
 * -ENOENT where there is none.
 */
int holder_process_find(const struct maps *maps, struct listeners *listeners);

struct holder_watch;

/* `problem`: "" when a new holder keeps the sockets, else why there is none yet; it is tried again. */
typedef void (*holder_ended_fn)(const char *problem, void *context);

/*
 * Starts a new holder whenever the one that listeners->holder names has ended. What is pointed at must
 * outlive it. NULL without memory, or where the kernel cannot say when a process ends.
 */
struct holder_watch *holder_watch_new(uv_loop_t *loop, const char *program, const struct maps *maps,
	struct listeners *listeners, holder_ended_fn ended, void *context);
/* Ends the watch; the holder stays. */
void holder_watch_free(struct holder_watch *watch);

#endif
