// SPDX-License-Identifier: Apache-2.0
/*
 * A ring of secrets.
 */
#include <stdio.h>

#include "secret.h"
#include "tickets.h"

static void drop(struct ticket *ticket)
{
	free(TAKE_PTR(ticket->key));
	secret_free(TAKE_PTR(ticket->value));
}

/* No host has a space in it. */
static struct ticket *find(struct tickets *tickets, const char *host, const char *repository)
{
	size_t length = strlen(host);

	for (size_t i = 0; i < TICKETS_MAX; i++) {
		struct ticket *ticket = &tickets->items[i];

		if (ticket->key && !strncmp(ticket->key, host, length) &&
			ticket->key[length] == ' ' && !strcmp(ticket->key + length + 1, repository))
			return ticket;
	}
	return NULL;
}

const char *tickets_find(
	struct tickets *tickets, const char *host, const char *repository, int64_t now)
{
	struct ticket *ticket = find(tickets, host, repository);

	if (ticket && ticket->until <= now)
		drop(ticket);
	return ticket ? ticket->value : NULL;
}

void tickets_drop(struct tickets *tickets, const char *host, const char *repository)
{
	struct ticket *ticket = find(tickets, host, repository);

	if (ticket)
		drop(ticket);
}

void tickets_keep(struct tickets *tickets, const char *host, const char *repository,
	const char *value, int64_t until)
{
	struct ticket *ticket = find(tickets, host, repository);

	if (!ticket)
		ticket = &tickets->items[tickets->next++ % TICKETS_MAX];
	drop(ticket);
	ticket->value = strdup(value);
	ticket->until = until;
	if (!ticket->value || asprintf(&ticket->key, "%s %s", host, repository) < 0) {
		ticket->key = NULL;
		drop(ticket);
	}
}

void tickets_clear(struct tickets *tickets)
{
	for (size_t i = 0; i < TICKETS_MAX; i++)
		drop(&tickets->items[i]);
}
