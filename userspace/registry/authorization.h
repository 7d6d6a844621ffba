/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a challenge and this machine's credentials to the value of an Authorization header: Basic, or a
 * Bearer token that the registry's token service is asked for (Distribution's token authentication).
 */
#ifndef LATCH_AUTHORIZATION_H
#define LATCH_AUTHORIZATION_H

#include "challenge.h"
#include "credentials.h"
#include "fetch.h"

/* What one is asked for with. All must last until the end. */
struct authorization_request {
	struct fetch_pool *pool;
	struct credentials *credentials;
	const struct challenge *challenge;
	const char *domain;           /* whose credentials: as references have it */
	const char *repository;       /* to be pulled from */
	/* What the connection is made with, asked when it is made, with the context below. 0 or an errno. */
	int (*tls)(void *context, struct fetch_tls *tls);
	bool plain;                   /* the token service may be asked in plain HTTP: an insecure registry's */
	bool direct;                  /* no proxy */
	unsigned int timeout_ms;
};

/*
 * `value` ("Bearer ...", wiped afterwards) holds for `life_ms`. With an error (-EACCES: there are no
 * credentials that would do, or they were refused) `problem` is a sentence without any secret.
 */
typedef void (*authorization_fn)(int error, const char *value, int64_t life_ms, const char *problem,
	void *context);

struct authorization;

/* 0, and later calls back exactly once, never from within this call; or a negative errno. */
int authorization_start(const struct authorization_request *request, authorization_fn done,
	void *context, struct authorization **authorization);
/* Ends it without the callback. */
void authorization_cancel(struct authorization *authorization);

#endif
