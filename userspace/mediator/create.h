/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of POST /containers/create, as far as it decides something.
 */
#ifndef LATCH_MEDIATOR_CREATE_H
#define LATCH_MEDIATOR_CREATE_H

#include <stddef.h>

#define CREATE_MAX_BODY  (4 * 1024 * 1024)
#define CREATE_MAX_PATHS 1024

struct create_request {
	char *body;   /* what was parsed, written anew: the body to forward. Owned */
	char *image;  /* as the client wrote it; NULL without one. Owned */
	char **paths; /* host paths that it mounts, each owned */
	size_t path_count;
};

/*
 * Reads the body. Returns 0 (free with create_free), -EBADMSG and in *problem a static sentence
 * for the client, or -ENOMEM. The parsed tree, many times the size of its text, does not outlive
 * the call.
 */
int create_parse(
	const char *text, size_t length, struct create_request *create, const char **problem);

void create_free(struct create_request *create);

#endif
