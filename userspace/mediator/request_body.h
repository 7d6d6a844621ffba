/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's body that decides something, read whole: what it says that matters, and the text that is
 * forwarded in its place.
 */
#ifndef LATCH_MEDIATOR_REQUEST_BODY_H
#define LATCH_MEDIATOR_REQUEST_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "access.h"
#include "buffer.h"
#include "wire.h"

#define REQUEST_BODY_MAX_SIZE (64 * 1024 * 1024)
#define REQUEST_BODY_MAX_SOURCES 1024

/* Something of the host's or the engine's that is mounted, and what the warden is to be asked about it. */
struct mount_source {
	enum wire_kind kind; /* WIRE_JUDGE_MOUNT, _VOLUME or _VOLUMES_FROM */
	char *text;          /* the path, or the volume's or container's name; owned */
};

struct request_body {
	char *text;                   /* what was parsed, written anew: the body to forward. Owned */
	char *image;                  /* of a container create, as the client wrote it. Owned, or NULL */
	struct mount_source *sources; /* owned */
	size_t source_count;
	struct access access; /* what it asks of the host, but for sources */
};

/* Does a body decide something about requests of this route (enum route_id)? */
bool request_body_matters(int route);

/*
 * Reads the body of a request of such a route. Returns 0 (free with request_body_free), -EBADMSG and in
 * *problem a static sentence for the client, or -ENOMEM. `text` is empty then, and the parsed tree, which
 * may be many times its size, is gone.
 */
int request_body_parse(
	int route, struct buffer *text, struct request_body *body, const char **problem);

/* Puts `image` in the place of the one that a container create names. 0, or -ENOMEM and there is no text. */
int request_body_set_image(struct request_body *body, const char *image);

void request_body_free(struct request_body *body);

/* For those who read one kind of body (create.c, service.c): 0, -EBADMSG and *problem, or -ENOMEM. */
int request_body_add_source(struct request_body *body, enum wire_kind kind, const char *text,
	size_t length, const char **problem);
int request_body_bad(const char **problem, const char *sentence);
int create_read(json_t *root, struct request_body *body, const char **problem);
int service_read(json_t *root, struct request_body *body, const char **problem);

/*
 * An array of mounts, of a container create or of a service. `is_bind` says which spellings of a type
 * (NULL: it has none) the engine takes for a bind there.
 */
int mounts_read(json_t *mounts, bool (*is_bind)(const char *type), struct request_body *body,
	const char **problem);

#endif
