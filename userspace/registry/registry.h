/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which digests an image reference stands for at its registry right now: the Distribution API
 * (/v2/), asked as dockerd would: its mirrors, its insecure registries, its certs.d, and the
 * credentials of a docker config.json.
 *
 * A digest counts only when it is the SHA-256 of bytes that were read, or is named by such bytes.
 * Credentials go to the registry that they are of and to the token service that it names, and never to
 * where either redirects.
 *
 * At most 16 are asked at once, 6 of one domain; the rest waits, those that somebody waits for first.
 * A host that fails is left alone for a while, and one that says for how long, for that long.
 */
#ifndef LATCH_REGISTRY_H
#define LATCH_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "fetch.h"
#include "histogram.h"
#include "reference.h"

#define REGISTRY_DIGEST_SIZE 72 /* "sha256:<64 hex>" and its NUL */
#define REGISTRY_MAX_DIGESTS 64 /* manifests of an index */

typedef char registry_digest[REGISTRY_DIGEST_SIZE];

/* The digests of one reference. */
struct allowed_digests {
	/*
	 * Of manifests: first the one that the reference stands for (an index or a manifest), then
	 * all that the index names, for whatever platform. An image that was pulled has one of them
	 * in its RepoDigests.
	 */
	registry_digest repository[1 + REGISTRY_MAX_DIGESTS];
	size_t repository_count;
	/* Of image configurations, for this machine's architecture or for all: a classic engine's image ids. */
	registry_digest config[REGISTRY_MAX_DIGESTS];
	size_t config_count;
	/* Every manifest was read. False: repository[0] is right, config may lack some. */
	bool complete;
};

enum registry_state {
	REGISTRY_UNCHANGED, /* still the digest that the caller knows */
	REGISTRY_FOUND,     /* see digests (and `problem` when they are not complete) */
	REGISTRY_ABSENT,    /* the registry answered that it has no such manifest (404) */
	REGISTRY_FAILED,    /* not reachable, or an answer that is no proof of anything */
};

struct registry_result {
	enum registry_state state;
	struct allowed_digests digests; /* REGISTRY_FOUND */
	/*
	 * REGISTRY_FAILED: see struct fetch_answer; -EACCES: other credentials wanted, -EAGAIN: it
	 * failed a moment ago, and was not asked again.
	 */
	int error;
	/* REGISTRY_FAILED: asked sooner, even urgently, it would fail without anybody being asked. */
	unsigned int retry_ms;
	char problem[256]; /* a sentence, or empty */
};

typedef void (*registry_done_fn)(const struct registry_result *result, void *context);

struct registry;
struct registry_query;

/* How registries are asked. All may be NULL; copied; lists end with NULL. */
struct registry_options {
	const char *const *mirrors;  /* of docker.io, asked before it, in order */
	const char *const *insecure; /* "host[:port]" or CIDR */
	const char *certificates;    /* folder in the form of /etc/docker/certs.d */
	const char *config;          /* a docker config.json: credentials */
};

enum registry_flags {
	REGISTRY_URGENT = 1,        /* somebody waits */
	REGISTRY_ALL_PLATFORMS = 2, /* configurations of every platform of an index */
};

/* NULL without memory. */
struct registry *registry_new(
	uv_loop_t *loop, struct fetch_pool *pool, const struct registry_options *options);

/* Ends its queries without calling them. Before fetch_pool_free; memory goes as the loop runs on. */
void registry_free(struct registry *registry);

/*
 * Asks for `reference` (its digest when it has one, else its tag). With `known` (a digest, or NULL)
 * a HEAD comes first, and nothing more when the digest is the same. Returns 0 and later calls back
 * exactly once, never from within this call, or a negative errno. *query is valid until then.
 */
int registry_ask(struct registry *registry, const struct reference *reference, const char *known,
	unsigned int flags, registry_done_fn done, void *context, struct registry_query **query);

/* Ends a query without any callback. */
void registry_cancel(struct registry_query *query);

/* For metrics. Valid as long as the registry. */
struct registry_figures {
	struct histogram duration; /* of questions, from when they had their turn */
	uint64_t ended[REGISTRY_FAILED + 1]; /* by enum registry_state */
	unsigned int waiting, running;
};
const struct registry_figures *registry_figures(const struct registry *registry);

/* "sha256:<64 lower-case hex>"? */
bool registry_is_digest(const char *text);

#endif
