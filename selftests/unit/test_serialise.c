// SPDX-License-Identifier: Apache-2.0
/*
 * What the engine and the client receive, byte for byte.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../userspace/mediator/answer.h"
#include "../../userspace/mediator/framing.h"
#include "../../userspace/mediator/serialise.h"

static void assert_serialised(
	const char *request, const struct forward *forward, const char *wanted)
{
	struct buffer out = {.limit = 65536};
	struct head_problem problem;
	struct request_head head;

	assert_int_equal(head_parse(request, strlen(request), &head, &problem), 0);
	assert_int_equal(serialise_request(&head, forward, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted);
	buffer_reset(&out);
}

static void a_head_is_written_with_the_target_and_framing_it_is_given(void **state)
{
	const struct forward forward = {
		.target = "/v1.43/info?a=b", .body = BODY_LENGTH, .length = 7};

	(void)state;
	assert_serialised("GET /%69nfo HTTP/1.1\r\nA:b\r\nHost: docker:1\r\nC: \t d e\t\r\n"
			  "Transfer-Encoding: chunked\r\n\r\n",
		&forward,
		"GET /v1.43/info?a=b HTTP/1.1\r\nHost: docker:1\r\nA: b\r\nC: d e\r\n"
		"Content-Length: 7\r\n\r\n");
}

static void chunked_is_written_as_chunked_and_nothing_as_nothing(void **state)
{
	const struct forward chunked = {.target = "/t", .body = BODY_CHUNKED};
	const struct forward none = {.target = "/t", .body = BODY_NONE};

	(void)state;
	assert_serialised("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", &chunked,
		"GET /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	assert_serialised("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", &none,
		"GET /t HTTP/1.1\r\nHost: x\r\n\r\n");
}

/* RFC 9110, 7.6.1. */
static void fields_of_this_hop_stay_here(void **state)
{
	const struct forward forward = {.target = "/t"};

	(void)state;
	assert_serialised(
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: a, B\r\nConnection: c\r\nA: 1\r\n"
		"b: 2\r\nC: 3\r\nKeep-Alive: x\r\nProxy-Authenticate: x\r\n"
		"Proxy-Authorization: x\r\nProxy-Connection: x\r\nTE: x\r\nTrailer: x\r\n"
		"Upgrade: h2c\r\nHTTP2-Settings: x\r\nExpect: 100-continue\r\nKept: 4\r\n\r\n",
		&forward, "GET /t HTTP/1.1\r\nHost: x\r\nKept: 4\r\n\r\n");
}

static void an_upgrade_goes_along_only_where_it_may(void **state)
{
	static const char request[] = "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
				      "Upgrade: tcp\r\n\r\n";
	struct forward forward = {.target = "/t", .upgrade = true};

	(void)state;
	assert_serialised(request, &forward,
		"POST /t HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
	forward.upgrade = false;
	assert_serialised(request, &forward, "POST /t HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void a_host_that_is_no_host_is_replaced(void **state)
{
	static const char *const odd[] = {"", "a b", "/var/run/docker.sock", "a@b", "\xc3\xa4"};
	const struct forward forward = {.target = "/t"};
	char request[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", odd[i]);
		assert_serialised(request, &forward, "GET /t HTTP/1.1\r\nHost: docker\r\n\r\n");
	}
	/* what the CLI and curl send for a unix socket */
	assert_serialised("GET / HTTP/1.1\r\nHost: %2Fvar%2Frun%2Fdocker.sock\r\n\r\n", &forward,
		"GET /t HTTP/1.1\r\nHost: %2Fvar%2Frun%2Fdocker.sock\r\n\r\n");
}

static void a_body_of_our_own_has_a_type_of_our_own(void **state)
{
	const struct forward forward = {
		.target = "/t", .body = BODY_LENGTH, .length = 2, .own_json = true};

	(void)state;
	assert_serialised(
		"POST / HTTP/1.1\r\nHost: x\r\ncontent-type: Application/Json; a=b\r\n\r\n",
		&forward,
		"POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		"Content-Length: 2\r\n\r\n");
}

static void an_old_client_stays_an_old_client(void **state)
{
	const struct forward forward = {.target = "/t"};

	(void)state;
	assert_serialised("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &forward,
		"GET /t HTTP/1.0\r\nHost: docker\r\n\r\n");
	assert_serialised("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &forward,
		"GET /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

static void assert_answer(const struct answer *answer, const char *wanted)
{
	struct buffer out = {.limit = 4096};

	assert_int_equal(answer_write(answer, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted);
	buffer_reset(&out);
}

/* The CLI compares the type as a string, and docker-py prints the reason phrase. */
static void a_refusal_has_the_shape_of_an_engine_error(void **state)
{
	struct answer answer = {.status = 403, .message = "no \"/x\" \\"};

	(void)state;
	assert_answer(&answer, "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
			       "Content-Length: 27\r\n\r\n{\"message\":\"no \\\"/x\\\" \\\\\"}\n");
	answer.head = true;
	answer.close = true;
	assert_answer(&answer, "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
			       "Content-Length: 27\r\nConnection: close\r\n\r\n");
}

static void a_buffer_never_grows_over_its_limit(void **state)
{
	struct buffer buffer = {.limit = 10};

	(void)state;
	assert_int_equal(buffer_append(&buffer, "12345678", 8), 0);
	assert_int_equal(buffer_append(&buffer, "9ab", 3), -ENOBUFS);
	assert_int_equal(buffer.length, 8);
	buffer_consume(&buffer, 5);
	assert_memory_equal(buffer.data, "678", 3);
	assert_int_equal(buffer_append(&buffer, "9abcdef", 7), 0);
	assert_int_equal(buffer_append(&buffer, "x", 1), -ENOBUFS);
	buffer_reset(&buffer);
}

static void a_chunk_is_written_in_hexadecimal(void **state)
{
	char head[CHUNK_HEAD_SIZE];

	(void)state;
	assert_int_equal(chunk_head(head, 0x1a0b), 6);
	assert_memory_equal(head, "1a0b\r\n", 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_written_with_the_target_and_framing_it_is_given),
		cmocka_unit_test(chunked_is_written_as_chunked_and_nothing_as_nothing),
		cmocka_unit_test(fields_of_this_hop_stay_here),
		cmocka_unit_test(an_upgrade_goes_along_only_where_it_may),
		cmocka_unit_test(a_host_that_is_no_host_is_replaced),
		cmocka_unit_test(a_body_of_our_own_has_a_type_of_our_own),
		cmocka_unit_test(an_old_client_stays_an_old_client),
		cmocka_unit_test(a_refusal_has_the_shape_of_an_engine_error),
		cmocka_unit_test(a_buffer_never_grows_over_its_limit),
		cmocka_unit_test(a_chunk_is_written_in_hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
