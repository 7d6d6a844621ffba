/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers that latch gives itself, in the shape of the engine's own errors.
 */
#ifndef LATCH_MEDIATOR_ANSWER_H
#define LATCH_MEDIATOR_ANSWER_H

#include "buffer.h"

struct answer {
	int status;
	const char *message; /* a text that is not UTF-8 is replaced */
	bool head;           /* the request was a HEAD: no body */
	bool close;          /* says Connection: close */
};

/* Writes a whole response. Returns 0, -ENOBUFS or -ENOMEM. */
int answer_write(const struct answer *answer, struct buffer *out);

/* The reason phrase of a status that latch uses. */
const char *answer_reason(int status);

/*
 * Accepts an upgrade to h2c, and nothing else: what comes behind it is refused in its own language
 * (grpc_refusal.h), or the connection is closed. buildx takes a refused upgrade for an engine without
 * BuildKit, and starts a privileged builder instead.
 */
#define ANSWER_H2C "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

#define ANSWER_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

#endif
