/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a request may be written down: its target and its head without the secrets that clients
 * put into them (registry credentials, build arguments, passwords in URLs).
 */
#ifndef LATCH_REDACT_H
#define LATCH_REDACT_H

#include <stdbool.h>
#include <stddef.h>

/* Stands for a value that is not shown. */
#define REDACTED "(redacted)"
/* Stands for the rest of a head behind the first thing in it that is not a header field. */
#define REDACTED_REST "(the rest is not shown: it is not a header field)"

/*
 * A request target, as sent, without its secrets. `cut`: the target went on where the text ends.
 * Returns a string (free()), or NULL without memory. The bytes that it keeps are as they were:
 * control characters and what is not UTF-8 included.
 */
char *redact_target(const char *text, size_t length, bool cut);

/* A request's head, taken apart; every string is owned, no string holds control characters. */
struct redacted_head {
	char *method;  /* NULL where the request line does not show one */
	char *target;  /* redacted; NULL where there is none */
	char *version; /* "HTTP/1.1"; NULL where there is none */
	char **fields; /* "Name: value", in their order; may end with REDACTED_REST */
	size_t field_count;
};

/*
 * Reads the first bytes of a head, however few, however malformed; bytes of any value. Returns 0,
 * or -ENOMEM with nothing to free.
 */
int redact_head(const char *text, size_t length, struct redacted_head *head);
void redacted_head_free(struct redacted_head *head);

#endif
