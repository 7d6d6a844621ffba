// SPDX-License-Identifier: Apache-2.0
/*
 * Who may hold how much of large bodies while others hold some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../userspace/mediator/budget.h"
#include "../../userspace/mediator/client.h"
#include "util.h"

#define MIB ((size_t)1024 * 1024)
#define HOST 0

struct hold {
	__u64 container; /* HOST: none */
	size_t size;
};

/* What others hold, and whether one more may. */
static const struct {
	struct hold others[5], wanted;
	bool taken;
} rows[] = {
	{{{HOST, 0}}, {1, 64 * MIB}, true},
	{{{HOST, 0}}, {1, 64 * MIB + 1}, false},
	{{{1, 63 * MIB}}, {1, MIB}, true},
	{{{1, 63 * MIB}}, {1, MIB + 1}, false},
	{{{1, 32 * MIB}, {1, 31 * MIB}}, {1, MIB + 1}, false},
	/* one container is not in the way of another */
	{{{1, 64 * MIB}}, {2, 64 * MIB}, true},
	{{{1, 64 * MIB}, {2, 63 * MIB}}, {3, MIB}, true},
	{{{1, 64 * MIB}, {2, 63 * MIB}}, {3, MIB + 1}, false},
	/* nor all of them in that of the host */
	{{{1, 64 * MIB}, {2, 64 * MIB}}, {HOST, 64 * MIB}, true},
	{{{1, 64 * MIB}, {2, 64 * MIB}, {HOST, 64 * MIB}}, {HOST, 64 * MIB}, true},
	{{{1, 64 * MIB}, {2, 64 * MIB}, {HOST, 64 * MIB}, {HOST, 1}}, {HOST, 64 * MIB}, false},
	/* the host may take all */
	{{{HOST, 64 * MIB}, {HOST, 64 * MIB}, {HOST, 64 * MIB}, {HOST, 64 * MIB}}, {1, MIB}, false},
	/* small bodies need no room */
	{{{1, 64 * MIB}, {2, 64 * MIB}, {HOST, 64 * MIB}, {HOST, 64 * MIB}}, {1, 64 * 1024}, true},
	{{{1, 64 * MIB}, {2, 64 * MIB}, {HOST, 64 * MIB}, {HOST, 64 * MIB}}, {HOST, 64 * 1024 + 1}, false},
};

static struct client *add(struct mediator *mediator, struct hold hold)
{
	struct client *client = calloc(1, sizeof(*client));

	client->mediator = mediator;
	client->labelled = true;
	client->label.tag = hold.container == HOST ? LATCH_TAG_HOST : LATCH_TAG_ALLOWED;
	client->label.scope = hold.container;
	client->request = calloc(1, sizeof(*client->request));
	client->next = mediator->clients;
	mediator->clients = client;
	return client;
}

static void forget(struct mediator *mediator)
{
	struct client *client;

	while ((client = mediator->clients)) {
		mediator->clients = client->next;
		free(client->request);
		free(client);
	}
}

static void it_is_shared_as_the_rows_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mediator mediator = {0};
		struct client *client;

		for (size_t n = 0; n < ARRAY_SIZE(rows[i].others); n++)
			add(&mediator, rows[i].others[n])->request->judgement.held = rows[i].others[n].size;
		client = add(&mediator, rows[i].wanted);
		if (budget_take(client, rows[i].wanted.size) != rows[i].taken)
			fail_msg("row %zu", i);
		forget(&mediator);
	}
}

/* A body that grows asks again and again: what it holds already does not count twice. */
static void what_a_request_holds_is_part_of_what_it_asks_for(void **state)
{
	struct mediator mediator = {0};
	struct client *client = add(&mediator, (struct hold){1, 0});
	struct client *idle = add(&mediator, (struct hold){1, 0});

	(void)state;
	free(TAKE_PTR(idle->request)); /* a connection between two requests */
	for (size_t size = MIB; size <= 64 * MIB; size += MIB)
		assert_true(budget_take(client, size));
	assert_false(budget_take(client, 64 * MIB + 1));
	assert_int_equal(client->request->judgement.held, 64 * MIB);
	/* One that shrinks keeps what it has: there is nothing that could grow again. */
	assert_true(budget_take(client, MIB));
	assert_int_equal(client->request->judgement.held, 64 * MIB);
	forget(&mediator);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_shared_as_the_rows_say),
		cmocka_unit_test(what_a_request_holds_is_part_of_what_it_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
