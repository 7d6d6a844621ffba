// SPDX-License-Identifier: Apache-2.0
/*
 * Who may hold how much of the bodies that are read whole, from their first byte until the engine has
 * answered. Containers share half of the budget, so that they cannot keep the host from its creates; and one
 * container has no more than one body of the largest size takes, so that it cannot keep the others from
 * theirs. The host may take all: who is root there needs no latch to do harm.
 *
 * A body whose size is known takes it before it comes, or many that came at once would all get half way and
 * no further. Such a client holds what it has not sent, but not longer than a body may take to come.
 *
 * What a request holds stands in it and nowhere else: it is summed up when somebody wants more, so that no
 * path can forget to give something back. What nobody waits for any more and is still being read counts
 * as well, or who closes at once would be given room without end. Small bodies are neither counted nor
 * held up; there are no more of them than connections, and each of these may have a head as large. One body is parsed at a time: what that
 * needs in addition, its strings once more or twice and a bounded tree, is there once.
 */
#include "budget.h"
#include "client.h"

struct held {
	size_t all, contained, container;
};

static void add_abandoned(const struct client *client, struct held *held)
{
	const struct body_job *job = client->mediator->jobs;
	struct body_job_holding holding;

	while ((job = body_job_abandoned(job, &holding))) {
		held->all += holding.size;
		if (!holding.label || holding.label->tag != LATCH_TAG_HOST)
			held->contained += holding.size;
		if (!holding.label || holding.label->scope == client->label.scope)
			held->container += holding.size;
		job = body_job_next(job);
	}
}

static struct held sum_others(const struct client *client)
{
	struct held held = {0};

	add_abandoned(client, &held);

	for (const struct client *other = client->mediator->clients; other; other = other->next) {
		size_t size = other->request ? other->request->judgement.held : 0;

		if (other == client)
			continue;
		held.all += size;
		if (!client_is_contained(other))
			continue;
		held.contained += size;
		if (other->label.scope == client->label.scope)
			held.container += size;
	}
	return held;
}

static bool fits(const struct client *client, size_t size)
{
	struct held held = sum_others(client);

	if (client_is_contained(client) && (held.container + size > BUDGET_CONTAINER ||
						   held.contained + size > BUDGET_CONTAINED))
		return false;
	return held.all + size <= BUDGET_ALL;
}

bool budget_take(struct client *client, size_t size)
{
	struct judgement *judgement = &client->request->judgement;

	if (size <= BUDGET_FREE || size <= judgement->held)
		return true;
	if (!fits(client, size))
		return false;
	judgement->held = size;
	return true;
}
