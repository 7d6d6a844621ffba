// SPDX-License-Identifier: Apache-2.0
/*
 * The automaton of routes.def against the slow router over the measured table: for every request
 * line of the corpus both find the same command, or none.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "../corpus/corpus.h"
#include "../corpus/reference_router.h"
#include "latch/classify.h"
#include "route.h"
#include "util.h"

#define CORPUS_COUNT 1000000

/* The first row of routes.def with the method and template of each row of the reference. */
static int first_ids[REFERENCE_MAX_ROWS];

static void find_first_ids(const struct reference_router *router)
{
	for (size_t row = 0; row < router->count; row++) {
		int id = 0;

		while (id < ROUTE_COUNT &&
			(strcmp(route_get(id)->method, router->rows[row].method) != 0 ||
				strcmp(route_get(id)->template, router->rows[row].template) != 0))
			id++;
		if (id == ROUTE_COUNT)
			fail_msg("%s %s is not in routes.def", router->rows[row].method,
				router->rows[row].template);
		first_ids[row] = id;
	}
}

/* As the kernel feeds it: byte by byte, without the short way for plain ones. */
static int classify_slowly(const struct corpus_request *request)
{
	size_t length = strlen(request->method);
	struct classify c;
	__u64 method = 0;

	for (size_t i = 0; i < length && i < 8; i++)
		method |= (__u64)(unsigned char)request->method[i] << (8 * i);
	classify_begin(&c);
	for (size_t i = 0; i < request->length; i++)
		classify_byte(&c, request->target[i]);
	return classify_end(&c, length > 8 ? 0 : classify_method(method));
}

static void both_routers_agree_on_every_request_line(void **state)
{
	static struct corpus_request request;
	static struct route_match match;
	unsigned found[ROUTE_COUNT] = { 0 }, none = 0;
	struct reference_router router;
	struct corpus corpus;

	(void)state;
	reference_open(&router, __FILE__);
	find_first_ids(&router);
	corpus_begin(&corpus, CORPUS_SEED);
	for (int i = 0; i < CORPUS_COUNT; i++) {
		struct reference_match expected;
		int id;

		corpus_next(&corpus, &request);
		expected = reference_classify(
			&router, request.method, request.target, request.length);
		id = expected.row < 0 ? ROUTE_NONE
				      : first_ids[expected.row] + (int)expected.variant;
		route_classify(request.method, strlen(request.method), request.target,
			request.length, &match);
		if (match.id != id || classify_slowly(&request) != id)
			fail_msg("request %d: %s %s is %d, expected %d", i, request.method,
				request.target, match.id, id);
		if (id >= 0)
			found[id]++;
		else
			none++;
	}
	/* A corpus that finds too little would agree with anything. */
	assert_in_range(none, CORPUS_COUNT / 4, CORPUS_COUNT / 4 * 3);
	for (int id = 0; id < ROUTE_COUNT; id++) {
		/* Calls of gRPC are no requests. */
		if (found[id] < CORPUS_COUNT / 100000 && !(route_get(id)->flags & ROUTE_CALL))
			fail_msg("%s %s was found %u times", route_get(id)->method,
				route_get(id)->template, found[id]);
	}
	reference_close(&router);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_routers_agree_on_every_request_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
