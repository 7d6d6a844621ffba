/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message to BuildKit asks for: whether something is pushed, and what of the host it wants.
 * Written from BuildKit's api/services/control, frontend/gateway/pb and solver/pb up to 0.31.
 *
 * A decoder merges what occurs twice, or takes the last; here everything that occurs counts, so neither
 * order nor repetition hides anything. What is not known to be harmless counts as asking.
 */
#ifndef LATCH_MEDIATOR_BUILDKIT_H
#define LATCH_MEDIATOR_BUILDKIT_H

#include "access.h"
#include "buffer.h"

#define BUILD_PUSH_SIZE 96

struct build_ask {
	bool pushes; /* the result, or a cache: to a registry, or to where cannot be told */
	char push[BUILD_PUSH_SIZE]; /* the first that says so: "by an exporter with push" */
	struct access access;
};

/*
 * Reads a message of a call of ROUTE_CALL_SOLVE, _BRIDGE_SOLVE, _NEW_CONTAINER or _EXEC_PROCESS. Returns
 * 0, or -EBADMSG and in *problem a static sentence for the client.
 */
int buildkit_read(int route, struct span message, struct build_ask *ask, const char **problem);

/*
 * Does a POST /build push, by the `outputs` in its query, as it was sent? It does where that cannot be
 * told; `push` says what, as above.
 */
bool buildkit_outputs_push(struct span query, char push[BUILD_PUSH_SIZE]);

#endif
