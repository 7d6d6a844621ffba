/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: one request, one JSON answer a connection. For the host's root alone.
 */
#ifndef LATCH_CONTROL_H
#define LATCH_CONTROL_H

#include <jansson.h>
#include <uv.h>

#include "maps.h"

struct control;

/* Answers one command ("status"). Returns a new object, which the control socket sends and frees. */
typedef json_t *(*control_fn)(const char *command, void *context);

/*
 * Serves `listener`, the socket bound to LATCH_CONTROL_SOCKET, and guards it in the kernel as the
 * host's. Takes the descriptor. Returns 0 and *control, or a negative errno.
 */
int control_new(uv_loop_t *loop, const struct maps *maps, int listener, control_fn command,
	void *context, struct control **control);
void control_free(struct control *control);

/*
 * The other side, for latchctl: sends `command` and waits for the answer, `timeout_ms` at most.
 * Returns 0 and *answer (json_decref), or a negative errno; -ECONNREFUSED where no latchd runs.
 */
int control_ask(const char *command, int timeout_ms, json_t **answer);

#endif
