/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which digests an image reference stands for at its registry right now: the Distribution API
 * (/v2/), asked anonymously.
 *
 * A digest counts only when it is the SHA-256 of bytes that were read, or is named by such bytes.
 * docker.io is asked at registry-1.docker.io. As docker does, a registry on this machine
 * (localhost, 127.0.0.0/8, ::1) is spoken to in plain HTTP and without a proxy; every other one in
 * HTTPS. Credentials are not used: a private repository answers 401 and stays unknown.
 */
#ifndef LATCH_REGISTRY_H
#define LATCH_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "fetch.h"
#include "reference.h"

#define REGISTRY_DIGEST_SIZE 72 /* "sha256:<64 hex>" and its NUL */
#define REGISTRY_MAX_DIGESTS 32 /* manifests of an index that are for this machine */

typedef char registry_digest[REGISTRY_DIGEST_SIZE];

/* The digests of one reference. */
struct allowed_digests {
	/*
	 * Of manifests: first the one that the tag points at (an index or a manifest), then the
	 * manifests that the index has for this machine's architecture. An image that was pulled
	 * has one of them in its RepoDigests.
	 */
	registry_digest repository[1 + REGISTRY_MAX_DIGESTS];
	size_t repository_count;
	/* Of image configurations: what a classic engine uses as the image's id. */
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
	int error; /* REGISTRY_FAILED: see struct fetch_answer; -EACCES: credentials wanted */
	char problem[256]; /* a sentence, or empty */
};

typedef void (*registry_done_fn)(const struct registry_result *result, void *context);

struct registry;
struct registry_query;

/* NULL without memory. */
struct registry *registry_new(struct fetch_pool *pool);

/* Ends its queries without calling them. Before fetch_pool_free. */
void registry_free(struct registry *registry);

/*
 * Asks for `reference` (its digest when it has one, else its tag). With `known` (a digest, or NULL)
 * a HEAD comes first, and nothing more when the digest is the same. Returns 0 and later calls back
 * exactly once, or a negative errno. *query is valid until then.
 */
int registry_ask(struct registry *registry, const struct reference *reference, const char *known,
	registry_done_fn done, void *context, struct registry_query **query);

/* Ends a query without any callback. */
void registry_cancel(struct registry_query *query);

/* "https://registry-1.docker.io/v2/", owned; *plain: a registry on this machine. */
char *registry_base_url(const char *domain, bool *plain);

/*
 * Reads one manifest or index. `digests` gets what it names: of an index the manifests for
 * `architecture` (Go's name, "amd64") on Linux, of a manifest its configuration. Returns 0, -EPROTO
 * (neither the one nor the other, or both), -ENOTSUP (schema 1) and a static sentence.
 */
int registry_parse_manifest(const char *body, size_t size, const char *architecture,
	struct allowed_digests *digests, bool *is_index, const char **problem);

/* Reads `Bearer realm="..",service="..",scope=".."`; 0 or -EPROTO. Absent ones become empty. */
struct registry_challenge {
	char realm[512];
	char service[256];
	char scope[256];
};
int registry_parse_challenge(const char *header, struct registry_challenge *challenge);

/* "sha256:<64 lower-case hex>"? */
bool registry_is_digest(const char *text);

#endif
