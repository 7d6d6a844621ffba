// SPDX-License-Identifier: Apache-2.0
/*
 * Request heads: what is understood, what is refused, and that neither depends on how the bytes
 * arrive. Every input lies at the end of its own allocation, so that the address sanitizer sees a
 * read behind it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../userspace/mediator/framing.h"
#include "../../userspace/mediator/head.h"

static const char good[] = "POST /v1.43/images/a/push?tag=x HTTP/1.1\r\n"
			   "Host: docker\r\n"
			   "User-Agent:Docker-Client/28.2.2 (linux)\r\n"
			   "X-Registry-Auth: \t eyJ9 \t\r\n"
			   "X-Empty:\r\n"
			   "X-Latin: caf\xe9\r\n"
			   "Content-Type: application/json\r\n"
			   "Content-Length: 12\r\n"
			   "\r\n";

static char *copy(const char *text, size_t length)
{
	char *data = malloc(length ? length : 1);

	assert_non_null(data);
	memcpy(data, text, length);
	return data;
}

/* Scans and parses, the bytes coming in two parts. Returns 0, -EAGAIN or -EBADMSG. */
static int read_head(const char *text, size_t length, size_t cut, struct request_head *head,
	struct head_problem *problem, char **keep)
{
	struct head_scan scan = {0};
	_cleanup_free_ char *first = copy(text, cut);
	char *whole = copy(text, length);
	ssize_t n = head_scan(&scan, first, cut, problem);
	int r;

	*keep = whole;
	if (n == 0)
		n = head_scan(&scan, whole, length, problem);
	if (n <= 0)
		return n < 0 ? (int)n : -EAGAIN;
	r = head_parse(whole, n, head, problem);
	return r;
}

static int read_whole(const char *text, struct request_head *head, struct head_problem *problem)
{
	char *keep;
	int r = read_head(text, strlen(text), 0, head, problem, &keep);

	free(keep);
	return r;
}

static void assert_span(struct span span, const char *text)
{
	assert_int_equal(span.length, strlen(text));
	assert_memory_equal(span.data, text, span.length);
}

static void check_good(const struct request_head *head)
{
	assert_span(head->method, "POST");
	assert_span(head->target, "/v1.43/images/a/push?tag=x");
	assert_int_equal(head->minor, 1);
	assert_int_equal(head->field_count, 7);
	assert_span(head->fields[2].name, "X-Registry-Auth");
	assert_span(head->fields[2].value, "eyJ9");
	assert_span(head->fields[3].value, "");
	assert_span(head->fields[4].value, "caf\xe9");
	assert_span(*head->host, "docker");
	assert_int_equal(head->body, BODY_LENGTH);
	assert_int_equal(head->content_length, 12);
	assert_false(head->close);
	assert_false(head->expects_continue);
}

static void a_head_is_understood_wherever_it_is_cut_in_two(void **state)
{
	size_t length = sizeof(good) - 1;

	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		struct head_problem problem = {0, NULL};
		struct request_head head;
		char *keep;

		assert_int_equal(read_head(good, length, cut, &head, &problem, &keep), 0);
		check_good(&head);
		free(keep);
	}
}

static void a_truncated_head_asks_for_more_at_every_byte(void **state)
{
	(void)state;
	for (size_t length = 0; length < sizeof(good) - 1; length++) {
		struct head_problem problem = {0, NULL};
		_cleanup_free_ char *data = copy(good, length);
		struct head_scan scan = {0};

		assert_int_equal(head_scan(&scan, data, length, &problem), 0);
		assert_int_equal(scan.offset, length);
	}
}

static void what_follows_a_head_is_not_part_of_it(void **state)
{
	static const char text[] = "GET /info HTTP/1.1\r\nHost: x\r\n\r\nGET /next";
	struct head_problem problem;
	struct head_scan scan = {0};

	(void)state;
	assert_int_equal(head_scan(&scan, text, sizeof(text) - 1, &problem),
		sizeof(text) - 1 - strlen("GET /next"));
}

#define LINE  "POST /build HTTP/1.1\r\nHost: x\r\n"
#define GET_X "GET /info HTTP/1.1\r\nHost: x\r\n"

/* RFC 9112 sections 2.2, 3, 5, 6; RFC 9110 section 5. `part` is in the sentence. */
static const struct {
	const char *text;
	const char *part;
} refused[] = {
	{"\r\nGET /info HTTP/1.1\r\nHost: x\r\n\r\n", "empty line"},
	{"\nGET /info HTTP/1.1\r\nHost: x\r\n\r\n", "empty line"},
	{"GET /info HTTP/1.1\nHost: x\r\n\r\n", "LF"},
	{GET_X "A: b\nC: d\r\n\r\n", "LF"},
	{GET_X "\n", "LF"},
	{GET_X "A: b\rC: d\r\n\r\n", "CR"},
	{"GET /info HTTP/1.1\rX\r\nHost: x\r\n\r\n", "CR"},
	{GET_X "\rX\r\n\r\n", "CR"},
	{GET_X " folded\r\n\r\n", "folded"},
	{GET_X "\tfolded\r\n\r\n", "folded"},
	{"GET /info HTTP/1.1\r\n Host: x\r\n\r\n", "folded"},
	{GET_X "A : b\r\n\r\n", "white space"},
	{GET_X "A\t: b\r\n\r\n", "white space"},
	{GET_X ": b\r\n\r\n", "name"},
	{GET_X "A\r\n\r\n", "name"},
	{GET_X "A(): b\r\n\r\n", "name"},
	{GET_X "\xc3\xa4: b\r\n\r\n", "name"},
	{GET_X "A: b\x01\r\n\r\n", "control"},
	{GET_X "A: b\x7f\r\n\r\n", "control"},
	{GET_X "A: \x0b\r\n\r\n", "control"},
	{"GET /in\x01fo HTTP/1.1\r\nHost: x\r\n\r\n", "printable"},
	{"GET /inf\xc3\xb6 HTTP/1.1\r\nHost: x\r\n\r\n", "printable"},
	{"GET\t/info HTTP/1.1\r\nHost: x\r\n\r\n", "printable"},
	{"GET  /info HTTP/1.1\r\nHost: x\r\n\r\n", "METHOD target version"},
	{"GET /info  HTTP/1.1\r\nHost: x\r\n\r\n", "METHOD target version"},
	{"GET /info HTTP/1.1 \r\nHost: x\r\n\r\n", "METHOD target version"},
	{" GET /info HTTP/1.1\r\nHost: x\r\n\r\n", "METHOD target version"},
	{"GET /info\r\nHost: x\r\n\r\n", "METHOD target version"},
	{"GET\r\nHost: x\r\n\r\n", "METHOD target version"},
	{"GET /info HTTP/0.9\r\nHost: x\r\n\r\n", "version"},
	{"GET /info HTTP/1.2\r\nHost: x\r\n\r\n", "version"},
	{"GET /info HTTP/1.10\r\nHost: x\r\n\r\n", "version"},
	{"GET /info HTTP/2.0\r\nHost: x\r\n\r\n", "version"},
	{"GET /info http/1.1\r\nHost: x\r\n\r\n", "version"},
	{"PRI * HTTP/2.0\r\n\r\n", "HTTP/2"},
	{"G|T /info HTTP/1.1\r\nHost: x\r\n\r\n", "valid"},
	{"get /info HTTP/1.1\r\nHost: x\r\n\r\n", "valid"},
	{"GET /info HTTP/1.1\r\n\r\n", "no Host"},
	{GET_X "hOST: y\r\n\r\n", "more than one Host"},
	{GET_X "Content-Type: a/b\r\ncontent-type: a/b\r\n\r\n", "more than one Content-Type"},
	{GET_X "Upgrade: a\r\nUpgrade: a\r\n\r\n", "more than one Upgrade"},
	{LINE "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", "more than one Expect"},
	{LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", "more than one Content-Length"},
	{LINE "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "more than one Content-Length"},
	{LINE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
	{LINE "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", ""},
	{LINE "Content-Length:\r\n\r\n", ""},
	{LINE "Content-Length: 1, 1\r\n\r\n", ""},
	{LINE "Content-Length: +1\r\n\r\n", ""},
	{LINE "Content-Length: -1\r\n\r\n", ""},
	{LINE "Content-Length: 0x1\r\n\r\n", ""},
	{LINE "Content-Length: 1 1\r\n\r\n", ""},
	{LINE "Content-Length: 01\r\n\r\n", "plain number"},
	{LINE "Content-Length: 1000000000000000000\r\n\r\n", "plain number"},
	{LINE "Content-Length: 18446744073709551617\r\n\r\n", ""},
	{LINE "Transfer-Encoding: gzip, chunked\r\n\r\n", ""},
	{LINE "Transfer-Encoding: chunked, chunked\r\n\r\n", ""},
	{LINE "Transfer-Encoding: xchunked\r\n\r\n", ""},
	{LINE "Transfer-Encoding: chunkedx\r\n\r\n", ""},
	{LINE "Transfer-Encoding: identity\r\n\r\n", ""},
	{LINE "Transfer-Encoding:\r\n\r\n", ""},
	/* llhttp does not take this for chunked, Go does: a case for the second opinion */
	{LINE "Transfer-Encoding: chunked\t\r\n\r\n", "two ways"},
	{LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"more than one Transfer-Encoding"},
	{"POST /build HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"},
	{LINE "Content-Type: application/x-www-form-urlencoded\xc2\xa0\r\n\r\n", "ASCII"},
	{LINE "Expect: 100-continue, x\r\n\r\n", "Expect"},
};

static void what_could_be_read_in_two_ways_is_refused_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		size_t length = strlen(refused[i].text);

		for (size_t cut = 0; cut <= length; cut++) {
			struct head_problem problem = {0, NULL};
			struct request_head head;
			char *keep;

			if (read_head(refused[i].text, length, cut, &head, &problem, &keep) !=
				-EBADMSG)
				fail_msg("row %zu cut at %zu is not refused", i, cut);
			free(keep);
			if (!strstr(problem.text, refused[i].part))
				fail_msg("row %zu: `%s`", i, problem.text);
			assert_in_range(problem.status, 400, 499);
		}
	}
}

static void a_nul_is_refused_everywhere(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(good) - 1; at++) {
		struct head_problem problem = {0, NULL};
		_cleanup_free_ char *data = copy(good, sizeof(good) - 1);
		struct head_scan scan = {0};

		data[at] = 0;
		assert_int_equal(head_scan(&scan, data, sizeof(good) - 1, &problem), -EBADMSG);
	}
}

static const struct {
	const char *text;
	enum body_kind body;
	uint64_t length;
	bool close;
	bool expects;
} understood[] = {
	{GET_X "\r\n", BODY_NONE, 0, false, false},
	{LINE "Content-Length: 0\r\n\r\n", BODY_LENGTH, 0, false, false},
	{LINE "Content-Length: 999999999999999999\r\n\r\n", BODY_LENGTH, 999999999999999999, false,
		false},
	{LINE "Transfer-Encoding: CHUNKED\r\n\r\n", BODY_CHUNKED, 0, false, false},
	{LINE "Transfer-Encoding:   chunked  \r\n\r\n", BODY_CHUNKED, 0, false, false},
	{GET_X "Connection: keep-alive , Close\r\n\r\n", BODY_NONE, 0, true, false},
	{GET_X "Connection: closed\r\n\r\n", BODY_NONE, 0, false, false},
	{GET_X "Connection: a\r\nConnection: close\r\n\r\n", BODY_NONE, 0, true, false},
	{"GET /info HTTP/1.0\r\n\r\n", BODY_NONE, 0, true, false},
	{"GET /info HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", BODY_NONE, 0, false, false},
	{LINE "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n", BODY_LENGTH, 5, false, true},
	{LINE "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", BODY_LENGTH, 0, false, false},
	{LINE "Expect: 100-continue\r\n\r\n", BODY_NONE, 0, false, false},
	{LINE "Connection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 5\r\n\r\n", BODY_LENGTH, 5,
		false, false},
	{LINE "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n", BODY_NONE, 0, false, false},
};

static void framing_and_wishes_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(understood); i++) {
		struct head_problem problem = {0, ""};
		struct request_head head;

		if (read_whole(understood[i].text, &head, &problem) != 0)
			fail_msg("row %zu: %s", i, problem.text);
		assert_int_equal(head.body, understood[i].body);
		assert_int_equal(head.content_length, understood[i].length);
		assert_int_equal(head.close, understood[i].close);
		assert_int_equal(head.expects_continue, understood[i].expects);
	}
}

/* A head of exactly `size` bytes with `fields` fields, Host included. */
static char *make_head(size_t size, size_t fields)
{
	char *text = malloc(size + 1);
	size_t length = sprintf(text, "GET /info HTTP/1.1\r\nHost: x\r\n");

	for (size_t i = 1; i < fields - 1; i++)
		length += sprintf(text + length, "A: b\r\n");
	length += sprintf(text + length, "P: ");
	memset(text + length, 'x', size - 4 - length);
	strcpy(text + size - 4, "\r\n\r\n");
	return text;
}

static void size_and_number_of_fields_are_bounded(void **state)
{
	static const struct {
		size_t size, fields;
		int status;
	} rows[] = {
		{HEAD_MAX_SIZE, 10, 0},
		{HEAD_MAX_SIZE + 1, 10, 431},
		{2000, HEAD_MAX_FIELDS, 0},
		{2000, HEAD_MAX_FIELDS + 1, 431},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = make_head(rows[i].size, rows[i].fields);
		struct head_problem problem = {0, ""};
		struct request_head head;

		assert_int_equal(read_whole(text, &head, &problem), rows[i].status ? -EBADMSG : 0);
		assert_int_equal(problem.status, rows[i].status);
	}
}

static void a_media_type_is_compared_without_case_and_parameters(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
		{LINE "Content-Type: application/json\r\n\r\n", true},
		{LINE "Content-Type: Application/JSON ; charset=utf-8\r\n\r\n", true},
		{LINE "Content-Type: application/jsonx\r\n\r\n", false},
		{LINE "Content-Type: application/json, text/plain\r\n\r\n", false},
		{LINE "Content-Type:\r\n\r\n", false},
		{LINE "\r\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct head_problem problem = {0, ""};
		struct request_head head;
		char *keep;

		assert_int_equal(
			read_head(rows[i].text, strlen(rows[i].text), 0, &head, &problem, &keep),
			0);
		assert_int_equal(head_media_type_is(&head, "application/json"), rows[i].is);
		free(keep);
	}
}

/* Decodes in parts that end at `cut`; returns the content's length, -EBADMSG, or -EAGAIN. */
static ssize_t decode(enum body_kind kind, uint64_t size, const char *text, size_t length,
	size_t cut, char *out, size_t *used_total)
{
	struct body_decoder decoder;
	size_t at = 0, got = 0;

	body_decoder_init(&decoder, kind, size);
	while (!decoder.done && at < length) {
		size_t end = at < cut ? cut : length, used;
		_cleanup_free_ char *part = copy(text + at, end - at);
		struct span piece;

		if (body_decode(&decoder, part, end - at, &used, &piece) < 0)
			return -EBADMSG;
		if (piece.length)
			memcpy(out + got, piece.data, piece.length);
		got += piece.length;
		at += used;
	}
	*used_total = at;
	return decoder.done ? (ssize_t)got : -EAGAIN;
}

static void chunks_are_decoded_wherever_they_are_cut(void **state)
{
	static const char text[] = "3\r\nabc\r\n00A;x=\"y\"\r\n0123456789\r\n1 \t\r\n\n\r\n000\r\n"
				   "Trailer: x\r\nOther: y\r\n\r\nNEXT";
	size_t length = sizeof(text) - 1, used;
	char out[64];

	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		assert_int_equal(decode(BODY_CHUNKED, 0, text, length, cut, out, &used), 14);
		assert_memory_equal(out, "abc0123456789\n", 14);
		assert_int_equal(used, length - strlen("NEXT"));
	}
	for (size_t short_of = 0; short_of < length - 4; short_of++)
		assert_int_equal(decode(BODY_CHUNKED, 0, text, short_of, 0, out, &used), -EAGAIN);
}

static void a_counted_body_ends_at_its_count(void **state)
{
	char out[16];
	size_t used;

	(void)state;
	for (size_t cut = 0; cut <= 10; cut++) {
		assert_int_equal(decode(BODY_LENGTH, 6, "abcdefNEXT", 10, cut, out, &used), 6);
		assert_memory_equal(out, "abcdef", 6);
		assert_int_equal(used, 6);
	}
	assert_int_equal(decode(BODY_LENGTH, 0, "NEXT", 4, 0, out, &used), 0);
	assert_int_equal(used, 0);
	assert_int_equal(decode(BODY_NONE, 0, "NEXT", 4, 0, out, &used), 0);
	assert_int_equal(used, 0);
	assert_int_equal(decode(BODY_LENGTH, 11, "abcdefNEXT", 10, 0, out, &used), -EAGAIN);
}

static void broken_chunks_are_refused(void **state)
{
	static const char *const rows[] = {
		"\r\n",
		";x\r\n",
		" 3\r\nabc",
		"+3\r\nabc",
		"-1\r\n",
		"0x3\r\nabc",
		"g\r\n",
		"3\nabc",
		"3\r\rabc",
		"3\r\nabcd\r\n",
		"3\r\nab\r\n0\r\n\r\n",
		"3\r\nabc\n0\r\n\r\n",
		"3\r\nabc\r0\r\n\r\n",
		"3;\x01\r\nabc\r\n",
		"3;a\nb\r\nabc\r\n",
		"0\r\n\n",
		"0\r\nA: b\n\r\n",
		"0\r\n\rX",
		"1234567890abcdef\r\n",
	};
	char out[64];
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t cut = 0; cut < strlen(rows[i]); cut++)
			if (decode(BODY_CHUNKED, 0, rows[i], strlen(rows[i]), cut, out, &used) !=
				-EBADMSG)
				fail_msg("row %zu cut at %zu is not refused", i, cut);
}

static void extensions_and_trailers_are_bounded(void **state)
{
	char text[8192] = "1;", out[16];
	size_t used;

	(void)state;
	memset(text + 2, 'x', 5000);
	strcpy(text + 5002, "\r\na\r\n0\r\n\r\n");
	assert_int_equal(decode(BODY_CHUNKED, 0, text, strlen(text), 0, out, &used), -EBADMSG);
	strcpy(text, "0\r\n");
	for (int i = 0; i < 600; i++)
		strcat(text, "A: bcde\r\n");
	strcat(text, "\r\n");
	assert_int_equal(decode(BODY_CHUNKED, 0, text, strlen(text), 0, out, &used), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_understood_wherever_it_is_cut_in_two),
		cmocka_unit_test(a_truncated_head_asks_for_more_at_every_byte),
		cmocka_unit_test(what_follows_a_head_is_not_part_of_it),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused_wherever_it_is_cut),
		cmocka_unit_test(a_nul_is_refused_everywhere),
		cmocka_unit_test(framing_and_wishes_are_understood),
		cmocka_unit_test(size_and_number_of_fields_are_bounded),
		cmocka_unit_test(a_media_type_is_compared_without_case_and_parameters),
		cmocka_unit_test(chunks_are_decoded_wherever_they_are_cut),
		cmocka_unit_test(a_counted_body_ends_at_its_count),
		cmocka_unit_test(broken_chunks_are_refused),
		cmocka_unit_test(extensions_and_trailers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
