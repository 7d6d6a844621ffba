/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which engine route a request is.
 *
 * A request target is read once, the way the engine's own router reads it (gorilla/mux over Go's
 * net/url): percent-decoded once, one leading /v<digits and dots> removed, matched against the
 * templates of include/latch/routes.def in their order. What the engine would redirect (`//`,
 * dot segments) or refuse is not a route here. The result holds the path in one canonical
 * spelling, which is what the mediator forwards.
 */
#ifndef LATCH_ROUTE_H
#define LATCH_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

/* One enumerator a row of routes.def: ROUTE_<ID>. The value is the index into `verdicts`. */
enum route_id {
#define ROUTE(id, ...) ROUTE_##id,
#include "latch/routes.def"
#undef ROUTE
	ROUTE_COUNT
};

#define ROUTE_NONE (-1)

/* What the mediator has to do with a request beside passing or refusing it. */
enum route_flag {
	ROUTE_PLAIN = 0,
	ROUTE_HIJACK = 1 << 0,	     /* becomes a raw stream when the engine's answer says so */
	ROUTE_ALWAYS = 1 << 1,	     /* never refused by a command list: _ping, version */
	ROUTE_JUDGE_CREATE = 1 << 2, /* the body names an image and mounts: ask the warden */
	ROUTE_JUDGE_START = 1 << 3,  /* starts a container: ask the warden, forward the full id */
	ROUTE_GRPC = 1 << 4,	     /* BuildKit: a refusal must not look like "no BuildKit here" */
};

struct route {
	const char *method;   /* "GET" */
	const char *template; /* "/images/{name:.*}/push" */
	unsigned flags;	      /* enum route_flag */
	const char *key; /* query parameter whose first value is not empty; NULL: any query */
};

/* The row of a route; `id` must be below ROUTE_COUNT. */
const struct route *route_get(int id);

struct route_match {
	int id; /* enum route_id, or ROUTE_NONE */
	/* Below: valid for every id but where the target could not be read at all (path[0] == 0). */
	char version[16];  /* "1.43", as the client spelt it; empty without one */
	char path[4096];   /* decoded, without the version; never holds control characters */
	char name[1024];   /* what the first {...} of the template caught, decoded */
	const char *query; /* into the target, behind '?'; NULL without one */
	size_t query_length;
	const char *problem; /* id == ROUTE_NONE: why, a static sentence */
};

/*
 * Classifies one request. `target` is the request target as sent, without NUL. A target that
 * cannot be read (bad escapes, not origin-form, control characters, longer than the arrays above)
 * gives ROUTE_NONE and a problem; never fails otherwise.
 */
void route_classify(const char *method, size_t method_length, const char *target,
	size_t target_length, struct route_match *match);

/*
 * Writes the target to forward: version, path (or `path`, where it is not NULL, instead of the
 * matched one), query; percent-encoded so that the engine decodes the same path again. Returns the
 * length without NUL, or -ENAMETOOLONG.
 */
int route_target(const struct route_match *match, const char *path, char *out, size_t size);

#endif
