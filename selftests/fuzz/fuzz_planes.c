// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: what one client sends on one connection, read by both planes: by the kernel programs'
 * reader (bpf/http.h) and by the mediator's. They were written apart from each other. It fails where
 * both read a request and differ in what it is or where it ends, where one reads a request that the
 * other refuses, and where the kernel's depends on how its input is cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../bpf/http.h"
#include "../../userspace/mediator/framing.h"
#include "route.h"

#define MAX_REQUESTS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct request {
	int route;
	bool chunked;
	uint64_t length;
	size_t end; /* where the next one begins; 0: its body is not whole */
};

struct reading {
	struct request requests[MAX_REQUESTS];
	int count;
	bool refused; /* what follows the last request is none, or has no route */
};

static struct request *last_of(struct reading *reading)
{
	return &reading->requests[reading->count - 1];
}

/* Up to `span` bytes of a body at a time; a head is read byte by byte, as everywhere. */
static struct reading read_kernel(const char *text, size_t length, size_t span)
{
	struct http http = {};
	struct reading reading = {};
	size_t at = 0;

	while (at < length && reading.count < MAX_REQUESTS) {
		size_t n = 1;
		int r;

		if (http.phase == HTTP_DATA) {
			n = length - at < span ? length - at : span;
			n = n < http.remaining ? n : http.remaining;
			r = http_skip(&http, n);
		} else {
			r = http_step(&http, (unsigned char)text[at]);
		}
		at += n;
		if (r < 0) {
			reading.refused = true;
			break;
		}
		if (r == HTTP_HEAD_DONE && http.route < 0) {
			reading.refused = true;
			break;
		}
		if (r == HTTP_HEAD_DONE) {
			reading.requests[reading.count++] = (struct request){
				.route = http.route,
				.chunked = http.flags & HTTP_CHUNKED,
				.length = http.flags & HTTP_CHUNKED ? 0 : http.length,
			};
			r = http_request_body(&http);
		}
		if (r == HTTP_DONE)
			last_of(&reading)->end = at;
	}
	return reading;
}

/* Returns where the request behind `at` ends, 0 where that is not to be seen. */
static size_t read_body(struct reading *reading, const struct request_head *head, const char *text,
	size_t length, size_t at)
{
	struct body_decoder body;
	struct span piece;

	body_decoder_init(&body, head->body, head->content_length);
	while (!body.done && at < length) {
		size_t used;

		if (body_decode(&body, text + at, length - at, &used, &piece) < 0) {
			reading->refused = true;
			return 0;
		}
		at += used;
	}
	return body.done ? at : 0;
}

static struct reading read_mediator(const char *text, size_t length)
{
	static struct route_match match;
	struct reading reading = {};
	size_t at = 0;

	while (at < length && reading.count < MAX_REQUESTS) {
		struct head_problem problem;
		struct head_scan scan = {0};
		struct request_head head;
		ssize_t n = head_scan(&scan, text + at, length - at, &problem);

		if (n == 0)
			break;
		if (n < 0 || head_parse(text + at, n, &head, &problem) < 0) {
			reading.refused = true;
			break;
		}
		route_classify(head.method.data, head.method.length, head.target.data,
			head.target.length, &match);
		if (match.id < 0) {
			reading.refused = true;
			break;
		}
		reading.requests[reading.count++] = (struct request){
			.route = match.id,
			.chunked = head.body == BODY_CHUNKED,
			.length = head.body == BODY_LENGTH ? head.content_length : 0,
		};
		at = read_body(&reading, &head, text, length, at + n);
		last_of(&reading)->end = at;
		if (!at)
			break;
	}
	return reading;
}

static void print(const char *who, const struct reading *reading)
{
	for (int i = 0; i < reading->count; i++) {
		const struct request *request = &reading->requests[i];

		fprintf(stderr, "%s: route %d, %s, length %llu, ends at %zu\n", who, request->route,
			request->chunked ? "chunked" : "not chunked",
			(unsigned long long)request->length, request->end);
	}
	if (reading->refused)
		fprintf(stderr, "%s: refused\n", who);
}

static bool differ(const struct request *a, const struct request *b)
{
	return a->route != b->route || a->chunked != b->chunked || a->length != b->length ||
	       a->end != b->end;
}

/* What is refused is read to a different depth: the kernel refuses a head at its first bad byte. */
static void compare(const char *name, const struct reading *a, const struct reading *b)
{
	bool same = a->count == b->count;

	for (int i = 0; same && i < a->count; i++)
		same = !differ(&a->requests[i], &b->requests[i]);
	if (same)
		return;
	print("the kernel", a);
	print(name, b);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct reading kernel = read_kernel(text, size, SIZE_MAX);
	struct reading bytewise = read_kernel(text, size, 1);
	struct reading mediator = read_mediator(text, size);

	compare("the kernel, byte by byte", &kernel, &bytewise);
	compare("the mediator", &kernel, &mediator);
	return 0;
}
