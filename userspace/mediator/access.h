/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the host a request's body asks for, field by field, as the engine will read it
 * (host_access.def has the kinds). Whether that is allowed is the warden's to say; nothing is
 * resolved here: paths, volumes and containers that mounts name are the caller's to ask about.
 *
 * A field passes when its value is known to be harmless, and counts as asking in every other case,
 * wrong types included: the engine would refuse those itself.
 */
#ifndef LATCH_MEDIATOR_ACCESS_H
#define LATCH_MEDIATOR_ACCESS_H

#include <jansson.h>

#include "buffer.h"
#include "host_access.h"
#include "util.h"

struct access {
	uint32_t asked;                    /* bits of enum host_access */
	char field[HOST_ACCESS_COUNT][96]; /* the first that asked for each: "HostConfig.CapAdd: ALL" */
};

void access_ask(struct access *access, enum host_access kind, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The kind that stands first in host_access.def of those in `bits`, of which there must be one. */
enum host_access access_first(uint32_t bits);

/*
 * The body of a container create, one that gojson_load has let through: HostConfig, and its fields at
 * the top level, where engines up to 20.10 take them too.
 */
void access_read_create(json_t *body, struct access *access);
/* Of an exec create. */
void access_read_exec(json_t *body, struct access *access);
/* Of a volume create. */
void access_read_volume(json_t *body, struct access *access);
/* Of a service create or update. */
void access_read_service(json_t *body, struct access *access);
/* Of the body of a checkpoint create. */
void access_read_checkpoint(json_t *body, struct access *access);

/* access_query.c: the query of a request target, as it was sent, by what that route reads of it. */
void access_read_query(int route, struct span query, struct access *access);

#endif
