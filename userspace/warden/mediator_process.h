/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mediator as seen from the warden: a child process, and the questions that it asks.
 */
#ifndef LATCH_MEDIATOR_PROCESS_H
#define LATCH_MEDIATOR_PROCESS_H

#include <sys/types.h>
#include <uv.h>

#include "client_limits.h"
#include "maps.h"
#include "wire.h"

struct mediator_process;

struct mediator_options {
	const char *program;	   /* path of latch-mediator */
	const char *engine_socket; /* where it finds the engine */
	int listener;		   /* the public socket; stays the caller's */
	uid_t uid;
	struct limits limits;
};

/* A message from the mediator, checked: strings end in NUL, the kind is known. */
typedef void (*mediator_message_fn)(const struct wire_request *request, void *context);
/* It ended, by itself or because it broke the protocol; it is started again by the next _start. */
typedef void (*mediator_exit_fn)(const char *how, void *context);

/* Strings in `options` must outlive it. NULL without memory. */
struct mediator_process *mediator_process_new(uv_loop_t *loop, const struct maps *maps,
	const struct mediator_options *options, mediator_message_fn message, mediator_exit_fn exit,
	void *context);
/* Ends the process with SIGTERM, and takes its last reports: `message` is still called from here. */
void mediator_process_free(struct mediator_process *mediator);

/*
 * Starts it, with `group` as its one supplementary group: the engine socket's. The process is marked
 * as latch's own in the kernel before it runs a single instruction of the program. Returns 0, 0
 * also when it runs already, or a negative errno.
 */
int mediator_process_start(struct mediator_process *mediator, gid_t group);
/* Its pid; 0 when it does not run. */
pid_t mediator_process_pid(const struct mediator_process *mediator);
/*
 * Why clients are not served, as a sentence; NULL when they are. One that ended twice before it was settled
 * keeps ending, also at a moment when it runs. The string is the mediator's, until the next call of the loop.
 */
const char *mediator_process_problem(const struct mediator_process *mediator);
/* Ends it when its group is not `group`: a process cannot change its groups. */
void mediator_process_regroup(struct mediator_process *mediator, gid_t group);

/* Sends a reply. One that cannot be sent at once ends the mediator: it does not read any more. */
void mediator_process_reply(struct mediator_process *mediator, const struct wire_reply *reply);

#endif
