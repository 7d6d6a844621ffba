// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's reader of HTTP (bpf/http.h), outside of the kernel: what it understands, what it
 * refuses to follow, that neither depends on how the bytes arrive, and that it never takes for one
 * request what the mediator's parser takes for another. The mediator's was written from the same
 * RFCs, with another parser below it: it is the second opinion.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../bpf/http.h"
#include "../../userspace/mediator/framing.h"
#include "../../userspace/mediator/head.h"
#include "route.h"

/* What one side of a connection came to. */
struct outcome {
	int requests;  /* whole messages */
	int route;     /* of the last head; for answers its status */
	int problem;   /* enum latch_problem, 0 without one */
	size_t used;   /* bytes up to the problem or the end */
	bool chunked;  /* the last head's body */
	uint64_t length;
};

/* One byte after the other, as the programs do it. `answer`: of the engine's side. */
static void feed(struct http *http, bool answer, const char *text, size_t length,
	struct outcome *outcome)
{
	for (size_t i = 0; i < length; i++) {
		int r;

		if (http->phase >= HTTP_AWAIT)
			return;
		if (http->phase == HTTP_DATA)
			r = http_skip(http, 1);
		else
			r = http_step(http, (unsigned char)text[i]);
		if (r < 0) {
			outcome->problem = -r;
			return;
		}
		outcome->used++;
		if (r == HTTP_HEAD_DONE) {
			outcome->route = answer ? http->status : http->route;
			outcome->chunked = http->flags & HTTP_CHUNKED;
			outcome->length = http->length;
			r = answer ? http_answer_body(http, false) : http_request_body(http);
		}
		if (r == HTTP_DONE)
			outcome->requests++;
	}
}

static struct outcome read_side(bool answer, const char *text, size_t length)
{
	struct http http = {.flags = answer ? HTTP_ANSWER : 0};
	struct outcome outcome = {.route = -2};

	feed(&http, answer, text, length, &outcome);
	return outcome;
}

static struct outcome read_requests(const char *text)
{
	return read_side(false, text, strlen(text));
}

#define HOST "Host: d\r\n"

static const struct {
	const char *text;
	int requests;
	int route;
	int problem;
} requests[] = {
	{"GET /_ping HTTP/1.1\r\n" HOST "\r\n", 1, ROUTE_PING, 0},
	{"HEAD /_ping HTTP/1.1\r\n" HOST "\r\n", 1, ROUTE_PING_HEAD, 0},
	{"GET /_ping HTTP/1.0\r\n\r\n", 1, ROUTE_PING, 0},
	{"POST /v1.43/images/x/pus%68?tag=y HTTP/1.1\r\n" HOST "\r\n", 1, ROUTE_IMAGE_PUSH, 0},
	{"GET /nothing HTTP/1.1\r\n" HOST "\r\n", 1, -1, 0},
	{"get /_ping HTTP/1.1\r\n" HOST "\r\n", 1, -1, 0},
	{"UNSUBSCRIBE /_ping HTTP/1.1\r\n" HOST "\r\n", 1, -1, 0},
	/* Two of them; the second begins behind the first one's body. */
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"
	 "GET /info HTTP/1.1\r\n" HOST "\r\n", 2, ROUTE_INFO, 0},
	/* A request inside a body is not one. */
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 20\r\n\r\nGET /info HTTP/1.1\r\n",
	 1, ROUTE_CONTAINER_COMMIT, 0},
	{"POST /build HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	 "5\r\nabcde\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET /info HTTP/1.1\r\n" HOST "\r\n",
	 2, ROUTE_INFO, 0},
	{"POST /build HTTP/1.1\r\n" HOST "transfer-encoding:  CHUNKED \r\n\r\n0\r\n\r\n",
	 1, ROUTE_BUILD, 0},
	{"POST /build HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\t\r\n\r\n", 0, -2,
	 LATCH_PROBLEM_FRAMING},

	/* The request line. */
	{"\r\nGET /_ping HTTP/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET  /_ping HTTP/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping  HTTP/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping\tHTTP/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping HTTP/1.1\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping HTTP/1.1 \r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping HTTP/1.2\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping HTTP/1.10\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping http/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /_ping\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"GET /\x80ping HTTP/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"G(T /_ping HTTP/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{" /_ping HTTP/1.1\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"\x16\x03\x01\x02", 0, -2, LATCH_PROBLEM_REQUEST_LINE},

	/* Fields. */
	{"GET /_ping HTTP/1.1\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST HOST "\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "A\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST ": b\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "A: b\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "Upgrade: a\r\nupgrade: b\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"GET /_ping HTTP/1.1\r\n" HOST "Expect: 101-continue\r\n\r\n", 0, -2, LATCH_PROBLEM_FIELD},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Type: a\r\nContent-type: b\r\n\r\n", 0, -2,
	 LATCH_PROBLEM_FIELD},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\xc2\xa0\r\n\r\n",
	 0, -2, LATCH_PROBLEM_FIELD},

	/* Framing. */
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 0, -2,
	 LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
	 -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 0,
	 -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 0, -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 0, -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 01\r\n\r\n", 0, -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 1 1\r\n\r\n", 0, -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 0, -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Content-Length: 1000000000000000000\r\n\r\n", 0, -2,
	 LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 0, -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 0, -2,
	 LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 0, -2,
	 LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	 0, -2, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n", 0,
	 ROUTE_CONTAINER_COMMIT, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x5\r\n", 0,
	 ROUTE_CONTAINER_COMMIT, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\n", 0,
	 ROUTE_CONTAINER_COMMIT, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab", 0,
	 ROUTE_CONTAINER_COMMIT, LATCH_PROBLEM_FRAMING},
	{"POST /commit HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", 0,
	 ROUTE_CONTAINER_COMMIT, LATCH_PROBLEM_FRAMING},
};

static void test_requests_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		struct outcome outcome = read_requests(requests[i].text);

		if (outcome.requests != requests[i].requests || outcome.route != requests[i].route ||
			outcome.problem != requests[i].problem)
			fail_msg("%s\n%d requests, route %d, problem %d", requests[i].text,
				outcome.requests, outcome.route, outcome.problem);
	}
}

static void test_every_truncation_waits(void **state)
{
	static const char text[] = "POST /build?x=%20 HTTP/1.1\r\n" HOST
				   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < strlen(text); i++) {
		struct outcome outcome = read_side(false, text, i);

		assert_int_equal(outcome.problem, 0);
		assert_int_equal(outcome.requests, 0);
		assert_int_equal(outcome.used, i);
	}
	assert_int_equal(read_requests(text).requests, 1);
}

static void test_a_head_has_limits(void **state)
{
	size_t size = HTTP_HEAD_MAX + 100;
	char *text = malloc(size + 1);
	size_t used;

	(void)state;
	assert_non_null(text);
	used = sprintf(text, "GET /_ping HTTP/1.1\r\n" HOST "A: ");
	memset(text + used, 'a', size - used);
	text[size] = '\0';
	assert_int_equal(read_requests(text).problem, LATCH_PROBLEM_HEAD_SIZE);
	/* One byte less than the limit is a head like any other. */
	strcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n");
	assert_int_equal(read_requests(text).requests, 1);

	used = sprintf(text, "GET /_ping HTTP/1.1\r\n" HOST);
	for (int i = 0; i < HTTP_FIELDS_MAX - 1; i++)
		used += sprintf(text + used, "A: b\r\n");
	strcpy(text + used, "\r\n");
	assert_int_equal(read_requests(text).requests, 1);
	strcpy(text + used, "A: b\r\n\r\n");
	assert_int_equal(read_requests(text).problem, LATCH_PROBLEM_HEAD_SIZE);
	free(text);
}

static void test_a_form_is_seen(void **state)
{
	static const struct {
		const char *type;
		bool form;
	} types[] = {
		{"application/x-www-form-urlencoded", true},
		{"Application/X-WWW-Form-URLencoded; charset=x", true},
		{"\tapplication/x-www-form-urlencoded ", true},
		{"application/json", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct http http = {0};
		char text[256];
		int r = 0;

		snprintf(text, sizeof(text),
			"POST /images/create HTTP/1.1\r\n" HOST "Content-Type:%s\r\n\r\n", types[i].type);
		for (const char *c = text; *c; c++)
			r = http_step(&http, (unsigned char)*c);
		assert_int_equal(r, HTTP_HEAD_DONE);
		assert_int_equal(!!(http.flags & HTTP_FORM), types[i].form);
	}
}

static const struct {
	const char *text;
	int answers;
	int status;
	int problem;
} answers[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 1, 200, 0},
	{"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 2, 404, 0},
	{"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", 1, 200, 0},
	{"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\nHTTP/1.1 204 x\r\n\r\n", 2, 204, 0},
	/* Up to the end of the connection: nothing behind it is an answer. */
	{"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 204 x\r\n\r\n", 0, 200, 0},
	{"HTTP/2 200\r\n", 0, -2, LATCH_PROBLEM_REQUEST_LINE},
	{"HTTP/1.1 2000 OK\r\n", 0, -2, LATCH_PROBLEM_ANSWER},
	{"HTTP/1.1 20x OK\r\n", 0, -2, LATCH_PROBLEM_ANSWER},
};

static void test_answers_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct outcome outcome = read_side(true, answers[i].text, strlen(answers[i].text));

		if (outcome.requests != answers[i].answers || outcome.route != answers[i].status ||
			outcome.problem != answers[i].problem)
			fail_msg("%s\n%d answers, status %d, problem %d", answers[i].text,
				outcome.requests, outcome.route, outcome.problem);
	}
}

/* The mediator's view of a head: its route, or -3 where it refuses to read it. */
static int mediator_route(const char *text, size_t length, struct request_head *head)
{
	struct head_problem problem;
	struct head_scan scan = {0};
	static struct route_match match;
	ssize_t n = head_scan(&scan, text, length, &problem);

	if (n <= 0 || head_parse(text, n, head, &problem) < 0)
		return -3;
	route_classify(head->method.data, head->method.length, head->target.data,
		head->target.length, &match);
	return match.id;
}

/* Where both read a head, they read the same; and the kernel passes no head that the mediator does
 * not understand. The other way round, what the mediator takes must be followed. */
static void compare(const char *text, size_t length)
{
	struct request_head head;
	struct outcome kernel = read_side(false, text, length);
	int route = mediator_route(text, length, &head);

	if (kernel.route >= 0 && kernel.route != route)
		fail_msg("the kernel reads route %d, the mediator %d:\n%.*s", kernel.route, route,
			(int)length, text);
	if (route >= 0 && kernel.route != route)
		fail_msg("the mediator reads route %d, the kernel %d (problem %d):\n%.*s", route,
			kernel.route, kernel.problem, (int)length, text);
	if (route < 0)
		return;
	if (kernel.chunked != (head.body == BODY_CHUNKED) ||
		(head.body == BODY_LENGTH && kernel.length != head.content_length))
		fail_msg("two framings:\n%.*s", (int)length, text);
}

static const char *const samples[] = {
	"GET /v1.43/containers/json?all=1 HTTP/1.1\r\nHost: docker\r\nUser-Agent: x\r\n\r\n",
	"POST /v1.43/images/create?fromImage=a&tag=b HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n"
	"X-Registry-Auth: e30=\r\n\r\n",
	"POST /v1.43/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
	"Content-Length: 12\r\n\r\n",
	"POST /build?t=x HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
	"Content-Type: application/x-tar\r\n\r\n",
	"POST /exec/0/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
	"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n",
	"HEAD /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
};

static const char *const pieces[] = {"\r\n", "\n", " ", "\t", ":", "0", "Content-Length: 1\r\n",
	"Transfer-Encoding: chunked\r\n", "Host: x\r\n", "%2F", "..", "/", "?", "&", "=", "\x7f", "\x80",
	"HTTP/1.1", ",", ";", "chunked", "Upgrade: h2c\r\n", "Content-Type: a\r\n"};

static uint64_t seed = 20261124;

static uint32_t random_below(uint32_t bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 16) % bound;
}

static size_t mutate(char *text, size_t length, size_t size)
{
	size_t at = random_below(length + 1);
	const char *piece = pieces[random_below(sizeof(pieces) / sizeof(*pieces))];
	size_t extra = strlen(piece);

	switch (random_below(4)) {
	case 0:
		if (at < length)
			text[at] = (char)random_below(256);
		return length;
	case 1:
		if (at < length) {
			memmove(text + at, text + at + 1, length - at - 1);
			return length - 1;
		}
		return length;
	case 2:
		if (at < length)
			text[at] ^= 0x20;
		return length;
	}
	if (length + extra > size)
		return length;
	memmove(text + at + extra, text + at, length - at);
	memcpy(text + at, piece, extra);
	return length + extra;
}

static void test_both_planes_read_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		const char *sample = samples[random_below(sizeof(samples) / sizeof(*samples))];
		size_t length = strlen(sample);
		char text[1024];

		memcpy(text, sample, length);
		for (uint32_t m = random_below(4); m > 0; m--)
			length = mutate(text, length, sizeof(text));
		compare(text, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_are_read),
		cmocka_unit_test(test_every_truncation_waits),
		cmocka_unit_test(test_a_head_has_limits),
		cmocka_unit_test(test_a_form_is_seen),
		cmocka_unit_test(test_answers_are_read),
		cmocka_unit_test(test_both_planes_read_the_same),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
