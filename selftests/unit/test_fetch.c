// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP on the loop: what may be believed of an answer, which errors there are, and that every
 * callback runs once whatever its owner does meanwhile. The servers here misbehave on purpose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "fetch.h"
#include "fake_http.h"
#include "util.h"

struct bench {
	uv_loop_t loop;
	struct fetch_pool *pool;
	struct fake fake;
	struct fetch *fetch;
	int done, pieces;
	struct fetch_answer answer; /* pointers in it are copies below */
	char problem[256], body[4096], stream[4096];
	int end_in_piece; /* 1: give up, 2: cancel, 3: free the pool */
};

static void on_done(const struct fetch_answer *answer, void *context)
{
	struct bench *bench = context;

	bench->done++;
	bench->answer = *answer;
	snprintf(bench->problem, sizeof(bench->problem), "%s", answer->problem);
	snprintf(bench->body, sizeof(bench->body), "%s", answer->body);
}

static int on_piece(long status, const char *data, size_t size, void *context)
{
	struct bench *bench = context;

	assert_int_equal(status, 200);
	bench->pieces++;
	strncat(bench->stream, data, size);
	switch (size ? bench->end_in_piece : 0) {
	case 1:
		return -1;
	case 2:
		fetch_cancel(bench->fetch);
		break;
	case 3:
		fetch_pool_free(TAKE_PTR(bench->pool));
		break;
	}
	return 0;
}

static void setup(struct bench *bench, fake_answer_fn answer)
{
	memset(bench, 0, sizeof(*bench));
	uv_loop_init(&bench->loop);
	bench->pool = fetch_pool_new(&bench->loop);
	fake_start_tcp(&bench->fake, &bench->loop, answer);
}

static void teardown(struct bench *bench)
{
	fake_stop(&bench->fake);
	fetch_pool_free(bench->pool);
	assert_int_equal(fake_end_loop(&bench->loop), 0);
}

static void start(struct bench *bench, const char *host, struct fetch_request *request, bool stream)
{
	char url[128];

	snprintf(url, sizeof(url), "http://%s:%d/x", host, bench->fake.port);
	request->url = request->url ? request->url : url;
	request->direct = true;
	if (!request->max_size)
		request->max_size = 1000;
	assert_int_equal(fetch_start(bench->pool, request, stream ? on_piece : NULL, on_done, bench,
				 &bench->fetch),
		0);
	/* Never from within the call. */
	assert_int_equal(bench->done + bench->pieces, 0);
}

static void get(struct bench *bench, struct fetch_request *request)
{
	start(bench, "127.0.0.1", request, false);
	while (!bench->done)
		fake_turn(&bench->loop);
}

static char *whole(struct fake *fake, const char *head)
{
	(void)fake;
	assert_non_null(strstr(head, "\r\nAccept: a/b\r\n"));
	return fake_http(418,
		"content-type: text/x\r\nDOCKER-content-digest:  sha256:1 \r\n"
		"WWW-Authenticate: Bearer realm=\"r\"\r\n",
		"teapot");
}

static void a_whole_answer_has_its_status_headers_and_body(void **state)
{
	const char *const headers[] = {"Accept: a/b", NULL};
	struct fetch_request request = {.headers = headers};
	struct bench bench;

	(void)state;
	setup(&bench, whole);
	get(&bench, &request);
	assert_int_equal(bench.answer.error, 0);
	assert_int_equal(bench.answer.status, 418);
	assert_string_equal(bench.body, "teapot");
	assert_int_equal(bench.answer.size, 6);
	assert_string_equal(bench.answer.content_type, "text/x");
	assert_string_equal(bench.answer.content_digest, "sha256:1");
	assert_string_equal(bench.answer.authenticate, "Bearer realm=\"r\"");
	teardown(&bench);
	assert_int_equal(bench.done, 1);
}

static const char *scripted;

static char *script(struct fake *fake, const char *head)
{
	(void)fake;
	(void)head;
	return scripted ? strdup(scripted) : NULL;
}

static void half_an_answer_is_none(void **state)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.", -EPROTO},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", -EPROTO},
		{"HTTP/1.1 200 OK\r\nContent-Le", -EPROTO},
		{"", -EPROTO},
		{"GARBAGE\r\n\r\n", -EPROTO},
		/* A length that is known to be too large, and a body that becomes it. */
		{"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901", -EFBIG},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n3\r\n"
		 "123\r\n0\r\n\r\n",
			-EFBIG},
		{"HTTP/1.1 200 OK\r\n\r\n12345678901", -EFBIG},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fetch_request request = {.max_size = 10};
		struct bench bench;

		scripted = rows[i].text;
		setup(&bench, script);
		get(&bench, &request);
		if (bench.answer.error != rows[i].error)
			fail_msg("row %zu: %d, %s", i, bench.answer.error, bench.problem);
		assert_int_equal(bench.problem[0] != '\0', rows[i].error != 0);
		teardown(&bench);
	}
}

static void silence_ends_at_the_time_limit(void **state)
{
	struct fetch_request request = {.total_timeout_ms = 100};
	struct bench bench;

	(void)state;
	scripted = NULL;
	setup(&bench, script);
	get(&bench, &request);
	assert_int_equal(bench.answer.error, -ETIMEDOUT);
	teardown(&bench);
}

static void a_connection_that_fails_never_reads_like_not_found(void **state)
{
	struct fetch_request tcp = {.url = "http://127.0.0.1:1/"};
	struct fetch_request path = {.url = "http://x/", .unix_socket = "/nonexistent/socket"};
	struct bench bench;

	(void)state;
	setup(&bench, script);
	get(&bench, &tcp);
	assert_int_equal(bench.answer.error, -ECONNREFUSED);
	bench.done = 0;
	get(&bench, &path);
	assert_int_equal(bench.answer.error, -ECONNREFUSED);
	assert_int_equal(bench.answer.status, 0);
	teardown(&bench);
}

static char *redirect(struct fake *fake, const char *head)
{
	char headers[256];

	(void)head;
	if (fake->context)
		snprintf(headers, sizeof(headers), "Location: %s\r\n", (char *)fake->context);
	else
		snprintf(headers, sizeof(headers),
			"Location: http://127.0.0.1:%d/\r\nDocker-Content-Digest: first\r\n",
			fake->port);
	return fake_http(302, headers, "");
}

static void a_redirect_is_told_and_not_followed(void **state)
{
	static const struct {
		const char *location, *redirect; /* NULL: the server's own / */
	} rows[] = {
		{NULL, NULL},
		{"https://elsewhere.example/x?y", "https://elsewhere.example/x?y"},
		{"//elsewhere.example/x", "http://elsewhere.example/x"},
		{"file:///etc/passwd", "file:///etc/passwd"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fetch_request request = {.authorization = "Bearer secret"};
		struct bench bench;
		char own[64];

		setup(&bench, redirect);
		bench.fake.context = (char *)rows[i].location;
		snprintf(own, sizeof(own), "http://127.0.0.1:%d/", bench.fake.port);
		get(&bench, &request);
		assert_int_equal(bench.answer.error, 0);
		assert_int_equal(bench.answer.status, 302);
		assert_string_equal(bench.answer.redirect, rows[i].redirect ? rows[i].redirect : own);
		assert_int_equal(bench.fake.requests, 1);
		assert_non_null(strstr(bench.fake.heads[0], "Authorization: Bearer secret"));
		teardown(&bench);
	}
}

static void a_form_is_posted(void **state)
{
	struct fetch_request request = {.method = FETCH_POST, .form = "a=1&b=2"};
	struct bench bench;

	(void)state;
	scripted = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	setup(&bench, script);
	get(&bench, &request);
	assert_int_equal(bench.answer.error, 0);
	assert_memory_equal(bench.fake.heads[0], "POST ", 5);
	assert_non_null(strstr(bench.fake.heads[0], "Content-Type: application/x-www-form-urlencoded"));
	assert_non_null(strstr(bench.fake.heads[0], "Content-Length: 7\r\n"));
	teardown(&bench);
}

static void challenges_of_several_headers_are_one_list(void **state)
{
	struct fetch_request request = {0};
	struct bench bench;

	(void)state;
	scripted = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"a\"\r\nRetry-After: 7\r\n"
		   "WWW-Authenticate: Bearer realm=\"b\"\r\nContent-Length: 0\r\n\r\n";
	setup(&bench, script);
	get(&bench, &request);
	assert_string_equal(bench.answer.authenticate, "Basic realm=\"a\", Bearer realm=\"b\"");
	assert_string_equal(bench.answer.retry_after, "7");
	teardown(&bench);
}

static void a_head_without_end_is_too_large(void **state)
{
	struct fetch_request request = {0};
	struct bench bench;
	char *text, line[1100];

	(void)state;
	text = calloc(1, 128 * 1024);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	strcpy(text, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text), "X-%d: %s\r\n", i, line);
	strcat(text, "\r\n");
	scripted = text;
	setup(&bench, script);
	get(&bench, &request);
	assert_int_equal(bench.answer.error, -EFBIG);
	teardown(&bench);
	free(text);
}

static void a_unix_socket_redirects_nowhere(void **state)
{
	struct fetch_request request = {.url = "http://x/"};
	struct bench bench;
	struct fake local;

	(void)state;
	setup(&bench, script);
	fake_start_unix(&local, &bench.loop, redirect);
	local.context = "http://127.0.0.1/";
	request.unix_socket = local.path;
	get(&bench, &request);
	assert_int_equal(bench.answer.error, 0);
	assert_int_equal(bench.answer.status, 302);
	assert_int_equal(local.requests, 1);
	fake_stop(&local);
	teardown(&bench);
}

static void a_header_that_does_not_fit_is_empty(void **state)
{
	struct fetch_request request = {0};
	struct bench bench;
	char digest[200], text[400];

	(void)state;
	memset(digest, 'd', sizeof(digest));
	digest[sizeof(digest) - 1] = '\0';
	snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nDocker-Content-Digest: %s\r\nContent-Length: 0\r\n\r\n",
		digest);
	scripted = text;
	setup(&bench, script);
	get(&bench, &request);
	assert_int_equal(bench.answer.error, 0);
	assert_string_equal(bench.answer.content_digest, "");
	teardown(&bench);
}

static void a_stream_is_delivered_in_pieces_and_its_end_told(void **state)
{
	struct fetch_request request = {0};
	struct bench bench;

	(void)state;
	scripted = "HTTP/1.1 200 OK\r\n\r\none\ntwo\n";
	setup(&bench, script);
	start(&bench, "127.0.0.1", &request, true);
	while (!bench.done)
		fake_turn(&bench.loop);
	assert_string_equal(bench.stream, "one\ntwo\n");
	assert_true(bench.pieces >= 2); /* the head, then data */
	assert_int_equal(bench.answer.error, 0);
	assert_int_equal(bench.answer.size, 0);
	teardown(&bench);
}

static void the_head_of_a_stream_is_told_before_there_is_data(void **state)
{
	struct fetch_request request = {0};
	struct bench bench;

	(void)state;
	scripted = "HTTP/1.1 200 OK\r\n\r\n";
	setup(&bench, script);
	bench.fake.keep_open = 1;
	start(&bench, "127.0.0.1", &request, true);
	while (!bench.pieces)
		fake_turn(&bench.loop);
	assert_int_equal(bench.done, 0);
	teardown(&bench);
	assert_int_equal(bench.done, 1);
	assert_int_equal(bench.answer.error, -ECANCELED);
}

static void a_stream_may_be_given_up_cancelled_and_freed_from_its_own_callback(void **state)
{
	(void)state;
	for (int how = 1; how <= 3; how++) {
		struct fetch_request request = {0};
		struct bench bench;

		scripted = "HTTP/1.1 200 OK\r\n\r\ndata";
		setup(&bench, script);
		bench.fake.keep_open = 1;
		bench.end_in_piece = how;
		start(&bench, "127.0.0.1", &request, true);
		while (!bench.stream[0])
			fake_turn(&bench.loop);
		teardown(&bench);
		/* Cancelled: no callback. Else one. */
		assert_int_equal(bench.done, how != 2);
		if (how != 2)
			assert_int_equal(bench.answer.error, -ECANCELED);
	}
}

static void on_done_frees(const struct fetch_answer *answer, void *context)
{
	struct bench *bench = context;

	bench->done++;
	if (answer->error != -ECANCELED)
		fetch_pool_free(TAKE_PTR(bench->pool));
}

static void freeing_the_pool_ends_everything_once(void **state)
{
	struct fetch_request request = {.max_size = 100, .direct = true};
	struct bench bench;
	char url[64];

	(void)state;
	scripted = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	setup(&bench, script);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", bench.fake.port);
	request.url = url;
	for (int i = 0; i < 10; i++)
		assert_int_equal(
			fetch_start(bench.pool, &request, NULL, on_done_frees, &bench, NULL), 0);
	while (bench.pool)
		fake_turn(&bench.loop);
	teardown(&bench);
	assert_int_equal(bench.done, 10);
}

static void names_are_escaped_for_a_path(void **state)
{
	static const struct {
		const char *text, *keep, *escaped;
	} rows[] = {
		{"abcXYZ019-._~", "", "abcXYZ019-._~"},
		{"a/b:c@d", "/:@", "a/b:c@d"},
		{"a/b", "", "a%2Fb"},
		{"a b?c#d%e&f", "", "a%20b%3Fc%23d%25e%26f"},
		{"\xc3\xa9\n", "", "%C3%A9%0A"},
		{"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *escaped = fetch_escape(rows[i].text, rows[i].keep);

		assert_string_equal(escaped, rows[i].escaped);
		free(escaped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_answer_has_its_status_headers_and_body),
		cmocka_unit_test(half_an_answer_is_none),
		cmocka_unit_test(silence_ends_at_the_time_limit),
		cmocka_unit_test(a_connection_that_fails_never_reads_like_not_found),
		cmocka_unit_test(a_redirect_is_told_and_not_followed),
		cmocka_unit_test(a_form_is_posted),
		cmocka_unit_test(challenges_of_several_headers_are_one_list),
		cmocka_unit_test(a_head_without_end_is_too_large),
		cmocka_unit_test(a_unix_socket_redirects_nowhere),
		cmocka_unit_test(a_header_that_does_not_fit_is_empty),
		cmocka_unit_test(a_stream_is_delivered_in_pieces_and_its_end_told),
		cmocka_unit_test(the_head_of_a_stream_is_told_before_there_is_data),
		cmocka_unit_test(
			a_stream_may_be_given_up_cancelled_and_freed_from_its_own_callback),
		cmocka_unit_test(freeing_the_pool_ends_everything_once),
		cmocka_unit_test(names_are_escaped_for_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
