/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which engine route a request is.
 *
 * A request target is read once, the way the engine's own router reads it (gorilla/mux over Go's
 * net/url): percent-decoded once, one leading /v<digits and dots> removed, matched against the
 * templates of include/latch/routes.def in their order, by include/latch/classify.h. What the
 * engine would redirect (`//`, dot segments) or refuse is not a route here. The result holds the
 * path in one canonical spelling, which is what the mediator forwards.
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
	ROUTE_FORM = 1 << 5,	     /* a form body's values count, before those of the query */
	/* What a contained client may not do unless the settings say so (host_access.def): */
	ROUTE_JUDGE_ACCESS = 1 << 6, /* depends on body and query */
	ROUTE_PLUGINS = 1 << 7,	     /* whatever they say */
	ROUTE_SWARM = 1 << 8,	     /* same */
	ROUTE_CALL = 1 << 9,	     /* of gRPC, inside what a ROUTE_GRPC became */
	/* It may hold a build that pushes, or asks for the host: the mediator looks into it. */
	ROUTE_JUDGE_BUILD = 1 << 10,
};

struct route {
	const char *method;   /* "GET" */
	const char *template; /* "/images/{name:.*}/push" */
	unsigned flags;	      /* enum route_flag */
	const char *when; /* what tells the row from its neighbours: "fromImage not empty", or NULL */
};

/* The row of a route; `id` must be below ROUTE_COUNT. */
const struct route *route_get(int id);

#define ROUTE_TEXT_SIZE 4096 /* of a decoded path with its version, NUL included */

/* Holds pointers into itself: not to be copied. */
struct route_match {
	int id; /* enum route_id, or ROUTE_NONE */
	/* Below: valid for every id but where the target could not be read at all (path[0] == 0). */
	const char *path;      /* decoded, without the version; never holds control characters */
	size_t version_length; /* of "/v1.43" in `text`, as the client spelt it; 0 without one */
	const char *query;     /* into the target, behind '?'; NULL without one */
	size_t query_length;
	const char *problem; /* id == ROUTE_NONE: why, a static sentence */
	char text[ROUTE_TEXT_SIZE]; /* version and path, decoded */
};

/*
 * Classifies one request. `target` is the request target as sent, without NUL. A target that
 * cannot be read (bad escapes, not origin-form, control characters, a path too long for `text`)
 * gives ROUTE_NONE and a problem; never fails otherwise.
 */
void route_classify(const char *method, size_t method_length, const char *target,
	size_t target_length, struct route_match *match);

/*
 * Does the engine read a form body of this route, and its values before those of the query? Then
 * only a target that has the form's pairs at the front of its query can be classified.
 */
bool route_has_form(int id);

/*
 * Which call of gRPC is it? `path` is the :path of its head, compared as it is: gRPC decodes nothing.
 * Returns a row with ROUTE_CALL, or ROUTE_NONE. No request of HTTP/1 is such a row.
 */
int route_of_call(const char *path);

/*
 * Copies what the first {...} of the template caught of a match with a route, decoded; "" without
 * one. Returns its length, or -ENAMETOOLONG when it does not fit with its NUL.
 */
int route_name(const struct route_match *match, char *out, size_t size);

/*
 * Writes the target to forward: version, path (or `path`, where it is not NULL, instead of the
 * matched one), query; percent-encoded so that the engine decodes the same path again. Returns the
 * length without NUL, or -ENAMETOOLONG.
 */
int route_target(const struct route_match *match, const char *path, char *out, size_t size);

#endif
