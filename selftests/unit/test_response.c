// SPDX-License-Identifier: Apache-2.0
/*
 * Where the engine's answers end, and which of them turn the connection into a raw stream.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../userspace/mediator/response.h"
#include "util.h"

#define OK     "HTTP/1.1 200 OK\r\n"
#define RAW    "Content-Type: application/vnd.docker.raw-stream\r\n"
#define HEAD   1
#define HIJACK 2
#define AT_END (-1) /* ends when the engine closes */

/* `rest` follows the answer in the same read and is not part of it. */
static const struct {
	const char *text;
	int flags;
	int result; /* enum response_result, AT_END, or -EBADMSG */
	bool keep_alive;
	const char *rest;
} rows[] = {
	{OK "Content-Length: 3\r\n\r\nabc", 0, RESPONSE_DONE, true, "HTTP"},
	{OK "Content-Length: 0\r\n\r\n", 0, RESPONSE_DONE, true, "HTTP"},
	{OK "Content-Length: 3\r\nConnection: close\r\n\r\nabc", 0, RESPONSE_DONE, false, ""},
	{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 0, RESPONSE_DONE, false, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, RESPONSE_DONE, true, "x"},
	{OK "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n", 0, RESPONSE_DONE,
		true, "x"},
	{OK "Content-Length: 3\r\n\r\n", HEAD, RESPONSE_DONE, true, "HTTP"},
	{OK "Transfer-Encoding: chunked\r\n\r\n", HEAD, RESPONSE_DONE, true, "HTTP"},
	{"HTTP/1.1 204 No Content\r\n\r\n", 0, RESPONSE_DONE, true, "HTTP"},
	{"HTTP/1.1 304 Not Modified\r\nContent-Type: a/b\r\n\r\n", 0, RESPONSE_DONE, true, "HTTP"},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" OK
	 "Content-Length: 1\r\n\r\nx",
		0, RESPONSE_DONE, true, "y"},
	{OK "Content-Type: a/b\r\n\r\nabc", 0, AT_END, false, ""},
	{OK RAW "\r\nabc", 0, AT_END, false, ""}, /* container logs of an old engine */
	{"HTTP/1.1 101 UPGRADED\r\n" RAW "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n", HIJACK,
		RESPONSE_STREAM, false, "HTTP/1.1 raw"},
	{"HTTP/1.1 101 Switching Protocols\r\n\r\n", HIJACK, RESPONSE_STREAM, false, "\x01"},
	{OK RAW "\r\n", HIJACK, RESPONSE_STREAM, false, "raw"},
	{OK "content-type: application/vnd.docker.multiplexed-stream\r\n\r\n", HIJACK,
		RESPONSE_STREAM, false, "raw"},
	{OK RAW "Content-Length: 3\r\n\r\nabc", HIJACK, RESPONSE_DONE, true, "x"},
	{OK RAW "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", HIJACK, RESPONSE_DONE, true, "x"},
	{"HTTP/1.1 404 Not Found\r\n" RAW "Content-Length: 1\r\n\r\nx", HIJACK, RESPONSE_DONE, true,
		""},
	{"HTTP/1.1 404 Not Found\r\n" RAW "\r\nx", HIJACK, AT_END, false, ""},
	{OK "X-Content-Type: application/vnd.docker.raw-stream\r\n\r\nx", HIJACK, AT_END, false,
		""},
	{"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n", 0, -EBADMSG, false,
		""},
	{"SSH-2.0-x\r\n\r\n", 0, -EBADMSG, false, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\nx\r\n", 0, -EBADMSG, false, ""},
};

/* Feeds `text` in two parts; returns the last result, and in *used how much was taken. */
static int feed(
	struct response *response, const char *text, size_t length, size_t cut, size_t *used)
{
	size_t second = 0;
	int r = RESPONSE_MORE;

	*used = 0;
	if (cut)
		r = response_feed(response, text, cut, used);
	if (r == RESPONSE_MORE && cut < length) {
		r = response_feed(response, text + cut, length - cut, &second);
		*used += second;
	}
	return r;
}

static void an_answer_ends_where_it_ends_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t length = strlen(rows[i].text), used;
		_cleanup_free_ char *all = malloc(length + strlen(rows[i].rest) + 1);

		sprintf(all, "%s%s", rows[i].text, rows[i].rest);
		for (size_t cut = 0; cut <= strlen(all); cut++) {
			struct response response;
			int r;

			response_begin(&response, rows[i].flags & HEAD, rows[i].flags & HIJACK);
			r = feed(&response, all, strlen(all), cut, &used);
			if (rows[i].result == AT_END) {
				assert_int_equal(r, RESPONSE_MORE);
				assert_int_equal(used, length);
				r = response_end(&response);
				assert_int_equal(r, RESPONSE_DONE);
			} else if (r != rows[i].result) {
				fail_msg("row %zu cut at %zu: result %d", i, cut, r);
			}
			if (r == RESPONSE_DONE || r == RESPONSE_STREAM) {
				if (used != length)
					fail_msg("row %zu cut at %zu: %zu used", i, cut, used);
				assert_int_equal(response.keep_alive, rows[i].keep_alive);
			}
		}
	}
}

static void an_engine_that_closes_too_early_has_not_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t length = strlen(rows[i].text), used;

		if (rows[i].result != RESPONSE_DONE)
			continue;
		for (size_t end = 0; end < length; end++) {
			struct response response;

			response_begin(&response, rows[i].flags & HEAD, rows[i].flags & HIJACK);
			if (end)
				assert_int_equal(response_feed(&response, rows[i].text, end, &used),
					RESPONSE_MORE);
			assert_int_equal(response_end(&response), -EBADMSG);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_ends_where_it_ends_wherever_it_is_cut),
		cmocka_unit_test(an_engine_that_closes_too_early_has_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
