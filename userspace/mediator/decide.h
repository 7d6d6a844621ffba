/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a request, as far as its client and its route decide it.
 */
#ifndef LATCH_MEDIATOR_DECIDE_H
#define LATCH_MEDIATOR_DECIDE_H

#include "route.h"
#include "subject.h"

enum decision {
	DECIDE_PASS,       /* forward; the image list does not apply (ECI is off) */
	DECIDE_JUDGE,      /* forward, once the image list agrees where the route asks for it */
	DECIDE_COMMAND,    /* the command list refuses it */
	DECIDE_CLIENT,     /* the client may not talk to the engine at all */
	DECIDE_NO_ROUTE,   /* the engine has no such page, or would redirect */
	DECIDE_UNREADABLE, /* a target that cannot be read and so cannot be forwarded */
	DECIDE_NO_POLICY,  /* the policy cannot be read */
};

/*
 * Decides one request. `label` is NULL for a client that the kernel did not label; `match` is what
 * route_classify() said. Reads state and verdict from `source` at the time of the call. A container that
 * may not talk to the engine is told no more than that; in audit mode what the command list says of the
 * request comes first, for it is what is to be learnt.
 */
enum decision decide_request(const struct subject_source *source, const struct latch_conn *label,
	const struct route_match *match);

/*
 * The same of a row of routes.def alone (ROUTE_NONE: of what has none), for what is no request of HTTP/1:
 * a call of gRPC, or a push that a build would make. Never DECIDE_NO_ROUTE or DECIDE_UNREADABLE.
 */
enum decision decide_route(
	const struct subject_source *source, const struct latch_conn *label, int route);

/* Audit mode: DECIDE_COMMAND and DECIDE_CLIENT are to be noted, and the request goes on as for DECIDE_JUDGE. */
bool decide_is_noting(const struct subject_source *source);

/*
 * The same for a client of which no request has been read: DECIDE_JUDGE or a refusal. In audit mode
 * nobody is turned away: what it asks for is to be known.
 */
enum decision decide_client(const struct subject_source *source, const struct latch_conn *label);

#endif
