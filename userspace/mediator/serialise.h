/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request as the engine receives it.
 */
#ifndef LATCH_MEDIATOR_SERIALISE_H
#define LATCH_MEDIATOR_SERIALISE_H

#include "head.h"

/* What the mediator decides about the head, beside what the client said. */
struct forward {
	const char *target; /* from route_target() */
	bool upgrade;       /* the route may become a raw stream: Upgrade goes along */
	enum body_kind body;
	uint64_t length; /* BODY_LENGTH */
	bool own_json;   /* the body was written anew: the type is exactly application/json */
};

/*
 * Writes request line, fields and empty line. Fields between client and mediator alone
 * (RFC 9110, 7.6.1) are dropped, framing is written anew. Returns 0, -ENOBUFS or -ENOMEM.
 */
int serialise_request(
	const struct request_head *head, const struct forward *forward, struct buffer *out);

#endif
