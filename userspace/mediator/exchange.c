// SPDX-License-Identifier: Apache-2.0
/*
 * One request to the engine and its answer back. The request's head is written anew and its body
 * framed anew; the answer goes back byte for byte. Both move at the same time: the engine may
 * answer while the client still uploads.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "calls.h"
#include "client.h"
#include "form.h"
#include "serialise.h"

#define CONNECT_RETRY_TIME 20  /* ms */
#define CONNECT_ATTEMPTS   250 /* five seconds of a full backlog */
#define MAX_PATH           (3 * ROUTE_TEXT_SIZE) /* every byte percent-encoded */
#define MAX_HEAD           (MAX_PATH + 3 * FORM_MAX_BODY + 3 * HEAD_MAX_SIZE)

/* AF_UNIX connects at once or not at all; -EAGAIN means that the engine's backlog is full. */
static int connect_engine(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	COPY_STRING(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int open_engine(struct client *client)
{
	struct mediator *mediator = client->mediator;
	int fd, r;

	if (client->engine.open)
		return 0;
	fd = connect_engine(mediator->engine_address);
	if (fd < 0)
		return fd;
	client->handles++;
	r = stream_open(
		&client->engine, &mediator->loop, fd, &engine_events, client, mediator->scratch);
	return r;
}

static void on_retry(uv_timer_t *timer)
{
	struct client *client = timer->data;

	exchange_begin(client);
	client_resume(client);
}

static void refuse_no_engine(struct client *client, int error)
{
	const char *path = client->mediator->engine_path;

	if (error == -ENOENT || error == -ECONNREFUSED)
		client_refuse(client, 503, "the engine is not running",
			"latch: the engine is not running (nobody listens on %s); start it, for "
			"example with `systemctl start docker`, and try again",
			path);
	else
		client_refuse(client, 503, "the engine cannot be reached",
			"latch: the engine cannot be reached (%s: %s); `latchctl status` says more",
			path, strerror(-error));
}

/*
 * An engine does not read the body of an attach before it makes the connection a stream: what comes
 * later than the head would be the container's input. dockerode repeats its query there, in one
 * write with the head, which the engine throws away; so is it here, where head and body are two.
 */
static bool body_is_dropped(const struct client *client)
{
	return client->request->match.id == ROUTE_CONTAINER_ATTACH &&
	       client->request->head.body == BODY_LENGTH;
}

/* Sends the head, and the body too where it was read whole. */
static int send_head(struct client *client)
{
	const struct request_head *head = &client->request->head;
	struct request_body *body = &client->request->judgement.body;
	struct buffer out = {.limit = MAX_HEAD};
	size_t size = MAX_PATH + client->request->match.query_length + 2;
	_cleanup_free_ char *target = malloc(size);
	struct forward forward = {
		.target = target,
		.upgrade = route_get(client->request->match.id)->flags & ROUTE_HIJACK,
		.body = head->body,
		.length = head->content_length,
	};
	int r;

	if (!target)
		return -ENOMEM;
	r = route_target(
		&client->request->match, client->started[0] ? client->started : NULL, target, size);
	if (r < 0)
		return r;
	/* What the body said is in the path or the query now. */
	if (client->started[0] || client->form_target || body_is_dropped(client)) {
		forward.body = BODY_LENGTH;
		forward.length = 0;
	}
	if (body->text) {
		forward.body = BODY_LENGTH;
		forward.length = strlen(body->text);
		forward.own_json = true;
	}
	r = serialise_request(head, &forward, &out);
	/* An engine that hung up is noticed when its end is read. */
	if (r == 0)
		stream_write_owned(&client->engine, uv_buf_init(out.data, out.length),
			TAKE_PTR(body->text), forward.own_json ? forward.length : 0);
	buffer_reset(&out);
	return r;
}

void exchange_begin(struct client *client)
{
	int r;

	figures_decided(client);
	r = open_engine(client);
	if (r == -EAGAIN && client->connect_attempts++ < CONNECT_ATTEMPTS) {
		client->input = INPUT_WAIT;
		client_start_timer(client, CONNECT_RETRY_TIME, on_retry);
		return;
	}
	if (r < 0) {
		refuse_no_engine(client, r);
		return;
	}
	r = send_head(client);
	if (r < 0) {
		client_refuse(client, 431, "a request head too large to forward",
			"latch: the request head is too large to forward");
		return;
	}
	client_report(client, 0, "");
	response_begin(&client->response, span_is(client->request->head.method, "HEAD"),
		route_get(client->request->match.id)->flags & ROUTE_HIJACK);
	request_body_free(&client->request->judgement.body);
	client->awaiting = true;
	client->input = client->body.done ? INPUT_ANSWER : INPUT_BODY;
	request_invite_body(client);
	client_update(client);
}

/* Both halves are over: what was held back is the next request. */
static void next(struct client *client)
{
	client->engine_used = true;
	client_next_request(client);
}

static void send_piece(struct client *client, struct span piece)
{
	char head[CHUNK_HEAD_SIZE];
	uv_buf_t pieces[3] = {
		uv_buf_init(head, chunk_head(head, piece.length)),
		uv_buf_init((char *)piece.data, piece.length),
		uv_buf_init(CHUNK_TAIL, strlen(CHUNK_TAIL)),
	};
	bool chunked = client->body.kind == BODY_CHUNKED;

	/*
	 * An engine that reads no more has an answer on its way, or is gone: the rest of the upload
	 * goes nowhere, and what the engine said last is still delivered.
	 */
	if (piece.length)
		stream_write(&client->engine, chunked ? pieces : pieces + 1, chunked ? 3 : 1);
}

size_t exchange_body(struct client *client, const char *data, size_t length)
{
	struct span piece;
	size_t used;

	if (body_decode(&client->body, data, length, &used, &piece) < 0) {
		/* The engine must not take what it has for a whole request: its connection ends. */
		client->awaiting = false;
		if (client->answered)
			client_linger(client);
		else
			client_refuse(client, 400, "broken framing",
				"latch: the body's framing is broken");
		return length;
	}
	if (!body_is_dropped(client))
		send_piece(client, piece);
	if (!client->body.done)
		return used;
	if (client->body.kind == BODY_CHUNKED)
		stream_write_bytes(&client->engine, CHUNK_LAST, strlen(CHUNK_LAST));
	client->input = INPUT_ANSWER;
	if (!client->awaiting)
		next(client);
	return used;
}

static void answer_complete(struct client *client, bool keep_alive)
{
	client->awaiting = false;
	if (!keep_alive || client->request->head.close)
		client_linger(client);
	else if (client->body.done)
		next(client);
	/* Else the answer was early: the upload goes on until it ends, or the engine does. */
}

static void on_bad_answer(struct client *client)
{
	client->awaiting = false;
	stream_close(&client->engine);
	if (client->answered)
		client_close(client);
	else
		client_refuse(client, 502, "the engine's answer is not HTTP",
			"latch: the engine's answer is not HTTP");
	/* The engine's connection is closed and is not opened twice: so ends the client's. */
	client_linger(client);
}

/* What a contained client calls is judged, also where isolation is off now: it may be on later. */
static void begin_stream(struct client *client, const char *data, size_t length)
{
	bool calls = route_get(client->request->match.id)->flags & ROUTE_GRPC;

	if (calls && client_is_contained(client))
		calls_begin(client, data, length);
	else
		tunnel_begin(client, data, length);
}

static void on_answer_data(struct client *client, const char *data, size_t length)
{
	size_t used;
	int r = response_feed(&client->response, data, length, &used);

	if (r < 0) {
		on_bad_answer(client);
		return;
	}
	client->answered = true;
	figures_answered(client);
	if (stream_write_bytes(&client->front, data, used) < 0) {
		client_close(client);
		return;
	}
	if (r == RESPONSE_STREAM)
		begin_stream(client, data + used, length - used);
	else if (r == RESPONSE_DONE)
		/* More than was asked for: nothing on this connection can be relied on. */
		answer_complete(client, client->response.keep_alive && used == length);
}

void exchange_engine_data(struct client *client, const char *data, size_t length)
{
	if (client->awaiting)
		on_answer_data(client, data, length);
	else
		client_linger(client); /* an answer to nothing */
	client_resume(client);
}

void exchange_engine_end(struct client *client)
{
	if (client->awaiting && response_end(&client->response) == RESPONSE_DONE) {
		answer_complete(client, false);
		return;
	}
	/*
	 * A connection that was used before may have been closed at any time: the client sees what
	 * it would see without latch, and tries again. On a fresh one it is told.
	 */
	if (client->answered || client->engine_used || client->input == INPUT_HEAD) {
		client_linger(client);
		return;
	}
	client->awaiting = false;
	client_refuse(client, 503, "the engine closed the connection",
		"latch: the engine closed the connection without an answer; its log may say why");
	client_linger(client);
}

static void on_data(struct stream *stream, char *data, size_t length)
{
	struct client *client = stream->owner;

	if (client->closing)
		return;
	if (client->input == INPUT_STREAM)
		tunnel_engine_data(client, data, length);
	else if (client->input == INPUT_CALLS)
		calls_engine_data(client, data, length);
	else
		exchange_engine_data(client, data, length);
}

static void on_end(struct stream *stream, int error)
{
	struct client *client = stream->owner;

	(void)error;
	if (client->closing)
		return;
	if (client->input == INPUT_STREAM)
		tunnel_engine_end(client);
	else
		exchange_engine_end(client);
}

static void on_drained(struct stream *stream)
{
	client_resume(stream->owner);
}

/* What the engine said before it stopped reading is still to be read: its end decides. */
static void on_broken(struct stream *stream)
{
	struct client *client = stream->owner;

	if (client->engine.ended)
		client_linger(client);
	else
		client_resume(client);
}

static void on_shut(struct stream *stream)
{
	struct client *client = stream->owner;

	if (client->input == INPUT_STREAM)
		tunnel_engine_shut(client);
}

static void on_closed(struct stream *stream)
{
	client_handle_closed(stream->owner);
}

const struct stream_events engine_events = {
	.data = on_data,
	.end = on_end,
	.drained = on_drained,
	.broken = on_broken,
	.shut = on_shut,
	.closed = on_closed,
};
