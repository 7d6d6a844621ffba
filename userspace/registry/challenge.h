/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry that answers 401 asks for (WWW-Authenticate, RFC 9110, 11.6.1), and until when one
 * that answers 429 or 503 wants to be left alone (Retry-After, 10.2.3). Pure.
 */
#ifndef LATCH_CHALLENGE_H
#define LATCH_CHALLENGE_H

#include <stdbool.h>
#include <stdint.h>

struct challenge {
	bool basic;      /* a user and a password will do */
	bool bearer;     /* a token of `realm` will do; it is preferred, as docker does */
	char realm[512]; /* a URL */
	char service[256];
	char scope[256]; /* may be empty */
};

/*
 * Reads all challenges of a header. Returns 0 when one of the two kinds is among them, else -EPROTO;
 * a challenge of another kind is skipped. A Bearer without a realm is none.
 */
int challenge_parse(const char *header, struct challenge *challenge);

/*
 * Milliseconds from now, `now` being the wall clock in seconds: of a number of seconds or an HTTP date.
 * At most 15 minutes, 0 for what is neither or is over.
 */
int64_t challenge_retry_after(const char *header, int64_t now);

#endif
