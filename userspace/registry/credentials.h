/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credentials that this machine has for a registry: what a docker config.json says, as the
 * docker CLI reads it, the answers of credential helpers included.
 *
 * Whom they may be shown to is the caller's question.
 */
#ifndef LATCH_CREDENTIALS_H
#define LATCH_CREDENTIALS_H

#include <uv.h>

#define CREDENTIALS_HELPER_MS 10000 /* a helper's time for one answer */
#define CREDENTIALS_KEEP_MS   60000 /* how long an answer of a helper is used again */

/*
 * Valid during the callback; the memory is wiped after it. error 0 without user, password and
 * identity_token: ask anonymously; `problem` then may say why (no such file), or is NULL. With an
 * error `problem` is a sentence, without any secret, and the three are NULL.
 */
struct credentials_answer {
	int error;        /* negative errno */
	const char *user; /* with a password, which may be empty */
	const char *password;
	const char *identity_token; /* an OAuth 2 refresh token; a user may stand beside it */
	const char *problem;
};

typedef void (*credentials_done_fn)(const struct credentials_answer *answer, void *context);

struct credentials;
struct credentials_query;

/*
 * `config_path` is copied; NULL: there are no credentials, every answer is anonymous. The file is
 * looked at when somebody asks, so it may come, go and change. NULL without memory. The loop must
 * outlive the object.
 */
struct credentials *credentials_new(uv_loop_t *loop, const char *config_path);

/*
 * Ends its queries without calling them, and kills the helpers that run. The rest of the memory
 * goes, and the helpers are reaped, as the loop runs on. May be called from a callback.
 */
void credentials_free(struct credentials *credentials);

/*
 * Asks for the credentials of a registry, by the domain of references ("docker.io",
 * "registry.example:5000"). Returns 0 and later calls back exactly once, from the loop and never
 * from within this call; or -EINVAL (no domain), -ENOMEM. *query (may be NULL) is valid until the
 * callback begins.
 *
 * Sources of the rules: docker CLI, cli/config/configfile/file.go (which helper, what `auth` is)
 * and cli/config/credentials/ (how an entry is found); docker-credential-helpers, client/client.go
 * (what a helper is told and answers).
 */
int credentials_get(struct credentials *credentials, const char *domain, credentials_done_fn done,
	void *context, struct credentials_query **query);

/* Ends a query without its callback. A helper that nobody else waits for is killed. */
void credentials_cancel(struct credentials_query *query);

/* For tests: other limits than the two above, in milliseconds, for what is asked from now on. */
void credentials_set_limits(
	struct credentials *credentials, unsigned int helper_ms, unsigned int keep_ms);

#endif
