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

#define CONTROL_LINE_SIZE 1024 /* of a command, with its newline */
#define CONTROL_IMAGE	  "image " /* NAME: what the image list says to it */

/* A command that waits for its answer. */
struct control_session;

/* Takes one command ("status"), and sees to it that control_answer is called once: now or later. */
typedef void (*control_fn)(
	const char *command, struct control_session *session, void *context);

/* Sends the answer and ends the session. Takes the reference; NULL, for no memory, sends nothing. */
void control_answer(struct control_session *session, json_t *answer);

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
