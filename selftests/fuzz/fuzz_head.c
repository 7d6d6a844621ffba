// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: a request's head and body, from hostile bytes to what the engine would read. The
 * first byte chooses where the input is cut in two. It fails when the outcome depends on the cut,
 * or when what was written for the engine is read differently from what was understood. Build:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined, with the sources of userspace/mediator
 *	but main.c, userspace/common/route.c, and llhttp's
 */
#include <stdint.h>
#include <stdio.h>

#include "../../userspace/mediator/request_body.h"
#include "../../userspace/mediator/framing.h"
#include "../../userspace/mediator/serialise.h"
#include "route.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t scan_in_two(const char *text, size_t length, size_t cut)
{
	struct head_problem problem;
	struct head_scan scan = {0};
	ssize_t n = head_scan(&scan, text, cut, &problem);

	return n ? n : head_scan(&scan, text, length, &problem);
}

/* Decodes a body; returns how many bytes it used, or -1. The content goes to `out`. */
static ssize_t decode_in_two(const struct request_head *head, const char *text, size_t length,
	size_t cut, struct buffer *out)
{
	struct body_decoder decoder;
	size_t at = 0;

	body_decoder_init(&decoder, head->body, head->content_length);
	while (!decoder.done && at < length) {
		size_t end = at < cut ? cut : length, used;
		struct span piece;

		if (body_decode(&decoder, text + at, end - at, &used, &piece) < 0)
			return -1;
		REQUIRE(used > 0 && used <= end - at);
		REQUIRE(piece.length <= used);
		buffer_append_span(out, piece);
		at += used;
	}
	return at;
}

static void check_body(const struct request_head *head, const char *text, size_t length, size_t cut)
{
	struct buffer whole = {.limit = SIZE_MAX / 2}, parts = {.limit = SIZE_MAX / 2};
	ssize_t a = decode_in_two(head, text, length, length, &whole);
	ssize_t b = decode_in_two(head, text, length, cut < length ? cut : length, &parts);

	REQUIRE(a == b);
	if (a >= 0) {
		REQUIRE(whole.length == parts.length);
		REQUIRE(!whole.length || !memcmp(whole.data, parts.data, whole.length));
	}
	buffer_reset(&whole);
	buffer_reset(&parts);
}

static bool same(struct span a, struct span b)
{
	return a.length == b.length && (!a.length || !memcmp(a.data, b.data, a.length));
}

/* What was written must be a head that is read in one way, as the same request. */
static void check_written(const struct request_head *head, const struct route_match *match)
{
	static char target[HEAD_MAX_SIZE + 16384];
	struct forward forward = {
		.target = target, .body = head->body, .length = head->content_length};
	struct buffer out = {.limit = 8 * HEAD_MAX_SIZE};
	static struct route_match again;
	struct request_head written;
	struct head_problem problem;
	struct head_scan scan = {0};

	if (route_target(match, NULL, target, sizeof(target)) < 0)
		return;
	REQUIRE(serialise_request(head, &forward, &out) == 0);
	/* Host, Connection and framing may be added to what was at a limit already. */
	if (out.length <= HEAD_MAX_SIZE && head->field_count <= HEAD_MAX_FIELDS - 3) {
		REQUIRE(head_scan(&scan, out.data, out.length, &problem) == (ssize_t)out.length);
		REQUIRE(head_parse(out.data, out.length, &written, &problem) == 0);
		REQUIRE(same(written.method, head->method));
		REQUIRE(written.body == head->body &&
			written.content_length == head->content_length);
		REQUIRE(!written.expects_continue && !written.upgrade);
		route_classify(written.method.data, written.method.length, written.target.data,
			written.target.length, &again);
		REQUIRE(again.id == match->id && !strcmp(again.path, match->path));
	}
	buffer_reset(&out);
}

static void check_json(int route, const char *text, size_t length)
{
	struct buffer collected = {.limit = length};
	struct request_body body;
	const char *words;

	REQUIRE(buffer_append(&collected, text, length) == 0);
	if (request_body_parse(route, &collected, &body, &words) == 0)
		request_body_free(&body);
	REQUIRE(!collected.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct route_match match;
	struct head_problem problem;
	struct request_head head;
	const char *text;
	size_t cut, length;
	ssize_t n;

	if (!size)
		return 0;
	text = (const char *)data + 1;
	length = size - 1;
	cut = data[0] < length ? data[0] : length;
	n = scan_in_two(text, length, length);
	REQUIRE(n == scan_in_two(text, length, cut));
	if (n <= 0 || head_parse(text, n, &head, &problem) < 0)
		return 0;
	check_body(&head, text + n, length - n, cut);
	route_classify(
		head.method.data, head.method.length, head.target.data, head.target.length, &match);
	if (match.id != ROUTE_NONE)
		check_written(&head, &match);
	for (int route = 0; route < ROUTE_COUNT; route++)
		if (request_body_matters(route))
			check_json(route, text + n, length - n);
	return 0;
}
