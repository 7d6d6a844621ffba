/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of a refused `POST /grpc`: an HTTP/2 server that knows one answer.
 */
#ifndef LATCH_MEDIATOR_GRPC_REFUSAL_H
#define LATCH_MEDIATOR_GRPC_REFUSAL_H

#include "buffer.h"

#define GRPC_REFUSAL_MAX_OUT (256 * 1024) /* bytes of answers to one piece of input */

struct grpc_refusal;

/* `message` is what the client shows; it is copied. NULL without memory. */
struct grpc_refusal *grpc_refusal_new(const char *message);
void grpc_refusal_free(struct grpc_refusal *refusal);

/*
 * Takes what the client sent behind the 101, in pieces of any size, and appends to `out` what is to be
 * sent. Called once with nothing first: a server says its settings at once. Returns 0; 1 where the
 * conversation is over; or a negative errno where it cannot go on: -EPROTO (that was not HTTP/2),
 * -ENOBUFS (more answers than `out` may hold), -ENOMEM.
 */
int grpc_refusal_take(struct grpc_refusal *refusal, struct span data, struct buffer *out);

#endif
