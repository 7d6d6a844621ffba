// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: whatever the mediator would forward, Go's HTTP server reads as the requests that were
 * judged. The input is what a client sends on one connection. It is taken apart, judged readable or not
 * and written anew by the mediator's own functions, up to the first request that is refused or not whole;
 * then reader.go, a process beside this one, reads that and compares.
 *
 * READER in the environment is the program. How much was compared is said at the end.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "../../../userspace/mediator/framing.h"
#include "../../../userspace/mediator/serialise.h"
#include "route.h"

#define LIMIT (1 << 20)

static int reader = -1;
static unsigned long inputs, requests, chunked, several;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void say_how_much(void)
{
	fprintf(stderr, "compared: %lu inputs, %lu requests, %lu of them in chunks, %lu inputs with several\n",
		inputs, requests, chunked, several);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *program = getenv("READER");
	int pair[2];

	(void)argc;
	(void)argv;
	if (!program || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		fputs("READER must name the program made of reader.go\n", stderr);
		exit(2);
	}
	signal(SIGPIPE, SIG_IGN);
	if (fork() == 0) {
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		execl(program, program, NULL);
		_exit(127);
	}
	close(pair[1]);
	reader = pair[0];
	atexit(say_how_much);
	return 0;
}

static void put_number(struct buffer *out, uint32_t number)
{
	buffer_append(out, &number, sizeof(number));
}

static void put_span(struct buffer *out, struct span span)
{
	put_number(out, span.length);
	buffer_append_span(out, span);
}

static void put_text(struct buffer *out, const char *text)
{
	put_span(out, (struct span){text, strlen(text)});
}

/* A body as it is framed anew in exchange.c. False: it is broken, or not whole. */
static bool take_body(const struct request_head *head, const char *text, size_t length,
	size_t *used, struct buffer *body, struct buffer *framed)
{
	struct body_decoder decoder;

	*used = 0;
	body_decoder_init(&decoder, head->body, head->content_length);
	while (!decoder.done) {
		char line[CHUNK_HEAD_SIZE];
		struct span piece;
		size_t n;

		if (*used == length || body_decode(&decoder, text + *used, length - *used, &n, &piece) < 0)
			return false;
		*used += n;
		buffer_append_span(body, piece);
		if (head->body == BODY_CHUNKED && piece.length) {
			buffer_append(framed, line, chunk_head(line, piece.length));
			buffer_append_span(framed, piece);
			buffer_append_text(framed, CHUNK_TAIL);
		} else {
			buffer_append_span(framed, piece);
		}
	}
	if (head->body == BODY_CHUNKED)
		buffer_append_text(framed, CHUNK_LAST);
	return true;
}

/* The fields that the mediator says it forwards: those of the client but the ones of this hop. */
static void put_fields(const struct request_head *written, struct buffer *expected)
{
	static const char *const own[] = {"host", "content-length", "transfer-encoding", "connection", "upgrade"};
	size_t at = expected->length;
	uint32_t count = 0;

	put_number(expected, 0);
	for (size_t i = 0; i < written->field_count; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(own) && !span_is(written->fields[i].name, own[k]))
			k++;
		if (k < ARRAY_SIZE(own))
			continue;
		put_span(expected, written->fields[i].name);
		put_span(expected, written->fields[i].value);
		count++;
	}
	memcpy(expected->data + at, &count, sizeof(count));
}

/*
 * One request. Returns how many bytes it used, or 0 where nothing of it would be forwarded, or nothing
 * behind it would be read as a request.
 */
static size_t take_request(const char *text, size_t length, struct buffer *forwarded, struct buffer *expected,
	bool *last)
{
	static struct route_match match;
	static char target[HEAD_MAX_SIZE + 16384];
	struct buffer body = {.limit = LIMIT}, framed = {.limit = 8 * LIMIT};
	struct head_problem problem;
	/* One field fewer than may be: what is written may have one more, Host, and is read again here. */
	static const struct head_limits fewer = {HEAD_MAX_SIZE, HEAD_MAX_FIELDS - 1};
	struct head_scan scan = {.limits = &fewer};
	struct request_head head;
	struct forward forward = {.target = target};
	ssize_t n = head_scan(&scan, text, length, &problem);
	size_t used = 0;

	if (n <= 0 || head_parse(text, n, &head, &problem) < 0)
		return 0;
	route_classify(head.method.data, head.method.length, head.target.data, head.target.length, &match);
	if (match.id == ROUTE_NONE || route_target(&match, NULL, target, sizeof(target)) < 0)
		return 0;
	if (take_body(&head, text + n, length - n, &used, &body, &framed)) {
		forward.body = head.body;
		forward.length = head.content_length;
		forward.upgrade = route_get(match.id)->flags & ROUTE_HIJACK;
		if (serialise_request(&head, &forward, forwarded) < 0)
			abort();
		buffer_append(forwarded, framed.data, framed.length);
		put_span(expected, head.method);
		put_text(expected, target);
		put_text(expected, match.text);
		put_span(expected, (struct span){match.query ? match.query : "", match.query_length});
		put_span(expected, (struct span){body.data, body.length});
		/* Behind the answer to HTTP/1.0 the engine closes, for nothing tells it to keep alive. */
		*last = head.close || !head.minor || route_get(match.id)->flags & ROUTE_HIJACK;
		requests++;
		chunked += head.body == BODY_CHUNKED;
		used += n;
	} else {
		used = 0;
	}
	if (used) {
		/* What the mediator would say is what was written: read by its own parser, and by Go. */
		struct buffer again = {.limit = SIZE_MAX / 2};
		struct request_head written;

		if (serialise_request(&head, &forward, &again) < 0)
			abort();
		if (head_parse(again.data, again.length, &written, &problem) < 0) {
			fprintf(stderr, "what was written cannot be read: %s\n", problem.text);
			abort();
		}
		put_fields(&written, expected);
		buffer_reset(&again);
	}
	buffer_reset(&body);
	buffer_reset(&framed);
	return used;
}

static void reader_is_gone(void)
{
	fprintf(stderr, "reader.go's program has ended: %s\n", strerror(errno));
	abort();
}

static void write_all(const void *data, size_t length)
{
	for (const char *at = data; length;) {
		ssize_t n = write(reader, at, length);

		if (n < 0 && errno == EINTR)
			continue; /* libFuzzer's alarm */
		if (n <= 0)
			reader_is_gone();
		at += n;
		length -= n;
	}
}

static void read_all(void *data, size_t length)
{
	for (char *at = data; length;) {
		ssize_t n = read(reader, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			reader_is_gone();
		at += n;
		length -= n;
	}
}

static void compare(const struct buffer *forwarded, uint32_t count, const struct buffer *expected)
{
	uint32_t length = forwarded->length;
	char problem[65536];

	write_all(&length, sizeof(length));
	write_all(forwarded->data, forwarded->length);
	write_all(&count, sizeof(count));
	write_all(expected->data, expected->length);
	read_all(&length, sizeof(length));
	if (!length)
		return;
	read_all(problem, length < sizeof(problem) ? length : sizeof(problem));
	fprintf(stderr, "Go reads another request than was judged: %.*s\n--- forwarded:\n%.*s\n",
		(int)length, problem, (int)forwarded->length, forwarded->data);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer forwarded = {.limit = 16 * LIMIT}, expected = {.limit = 16 * LIMIT};
	uint32_t count = 0;
	bool last = false;
	size_t used;

	while (size && !last &&
		(used = take_request((const char *)data, size, &forwarded, &expected, &last))) {
		data += used;
		size -= used;
		count++;
	}
	if (count) {
		inputs++;
		several += count > 1;
		compare(&forwarded, count, &expected);
	}
	buffer_reset(&forwarded);
	buffer_reset(&expected);
	return 0;
}
