// SPDX-License-Identifier: Apache-2.0
/*
 * Pairs the two planes' records of a request, by the id of its connection. Each is one record of the kernel
 * and then, within milliseconds, one of the mediator; what has none when the mediator ends was lost with it,
 * or was not read by it. Which of the two it was nobody knows: the number is the most that were lost.
 *
 * Not counted, because the kernel says nothing of them: requests of the host, which are reported only where
 * they are refused, calls inside a connection of gRPC, and what the kernel could not follow.
 */
#include "audit_unreported.h"
#include "util.h"

void audit_unreported_event(struct audit_unreported *unreported, const void *data)
{
	const struct latch_request *request = data;

	if (request->event.header.type != LATCH_EVENT_REQUEST ||
		request->event.kind != LATCH_GUARD_PUBLIC || request->event.verdict ||
		request->event.reason == LATCH_REASON_UNFOLLOWED)
		return;
	unreported->connections[unreported->next++ % AUDIT_UNREPORTED_MAX] = request->connection;
}

void audit_unreported_report(
	struct audit_unreported *unreported, const struct wire_request *report)
{
	/* The oldest first, though which of one connection it is makes no difference. */
	for (unsigned int i = 0; i < AUDIT_UNREPORTED_MAX; i++) {
		uint64_t *connection =
			&unreported->connections[(unreported->next + i) % AUDIT_UNREPORTED_MAX];

		if (!report->client.id || *connection != report->client.id)
			continue;
		*connection = 0;
		return;
	}
}

unsigned int audit_unreported_take(struct audit_unreported *unreported)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < AUDIT_UNREPORTED_MAX; i++)
		count += unreported->connections[i] != 0;
	*unreported = (struct audit_unreported){};
	return count;
}
