/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorizations that were given, kept for as long as they hold: without them a registry with tokens
 * would cost three requests each time.
 */
#ifndef LATCH_TICKETS_H
#define LATCH_TICKETS_H

#include <stdint.h>

#define TICKETS_MAX 64 /* the oldest goes first */

struct ticket {
	char *key, *value;
	int64_t until;
};

struct tickets {
	struct ticket items[TICKETS_MAX];
	unsigned int next;
};

/* The Authorization value for a repository at a host, or NULL. Until the next call. */
const char *tickets_find(
	struct tickets *tickets, const char *host, const char *repository, int64_t now);
/* Without memory it is not kept, and got again. */
void tickets_keep(struct tickets *tickets, const char *host, const char *repository,
	const char *value, int64_t until);
void tickets_drop(struct tickets *tickets, const char *host, const char *repository);
void tickets_clear(struct tickets *tickets);

#endif
