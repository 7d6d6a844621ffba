// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a client's connection: who it is, which bytes go to whom, when to read, how to
 * refuse and how to end. What a request means is decided elsewhere.
 *
 * Ending is never abrupt while something is to be read: an answer is followed by the end of our
 * side, and the client is drained until it ends its own. An immediate close lets a client that
 * still uploads see a broken pipe instead of the refusal.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "answer.h"
#include "calls.h"
#include "client.h"

#define MAX_ANSWER (4 * HEAD_MAX_SIZE) /* a request URI, escaped */

void client_handle_closed(struct client *client)
{
	if (--client->handles || !client->closing)
		return;
	free(client);
}

static void on_stream_closed(struct stream *stream)
{
	client_handle_closed(stream->owner);
}

static void on_timer_closed(uv_handle_t *handle)
{
	client_handle_closed(handle->data);
}

static void forget_request(struct client *client)
{
	judge_forget(client);
	buffer_reset(&client->collected);
	free(TAKE_PTR(client->request));
	free(TAKE_PTR(client->form_target));
	client->awaiting = false;
	client->answered = false;
	client->noted = false;
	client->started[0] = 0;
	client->connect_attempts = 0;
	client->head_time = 0;
}

void client_close(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	figures_changed(client->mediator);
	forget_request(client);
	buffer_reset(&client->in);
	grpc_refusal_free(TAKE_PTR(client->refusal));
	calls_forget(client);
	stream_close(&client->front);
	stream_close(&client->engine);
	uv_close((uv_handle_t *)&client->timer, on_timer_closed);
}

void client_start_timer(struct client *client, uint64_t ms, uv_timer_cb callback)
{
	uv_timer_start(&client->timer, callback, ms, 0);
}

void client_stop_timer(struct client *client)
{
	uv_timer_stop(&client->timer);
}

bool client_is_contained(const struct client *client)
{
	return !client->labelled || client->label.tag != LATCH_TAG_HOST;
}

uint64_t client_head_time(const struct client *client)
{
	return client->mediator->limits.head_time * UINT64_C(1000);
}

static void on_linger_over(uv_timer_t *timer)
{
	client_close(timer->data);
}

/* Everything is out: what is left is to let the client see it. */
static void await_client_end(struct client *client)
{
	if (client->front.ended)
		client_close(client);
	else
		client_start_timer(client, CLIENT_LINGER_TIME, on_linger_over);
}

void client_linger(struct client *client)
{
	if (client->closing || client->input == INPUT_DRAIN)
		return;
	client->input = INPUT_DRAIN;
	forget_request(client);
	calls_forget(client);
	client_stop_timer(client);
	stream_close(&client->engine);
	stream_shutdown(&client->front);
	if (client->front.broken)
		client_close(client);
	else if (client->front_flushed)
		await_client_end(client);
	else
		client_update(client);
}

void client_update(struct client *client)
{
	bool wanted = false;

	if (client->closing)
		return;
	switch (client->input) {
	case INPUT_HEAD:
		/* A client that sends requests but reads no answers gets no further. */
		wanted = client->front.queued < STREAM_HIGH;
		break;
	case INPUT_COLLECT:
	case INPUT_DRAIN:
		wanted = true;
		break;
	case INPUT_WAIT:
	case INPUT_ANSWER:
		/* Read on, or a client that closes would not be noticed. */
		wanted = client->in.length < CLIENT_HELD_MAX;
		break;
	case INPUT_BODY:
	case INPUT_STREAM:
	case INPUT_CALLS:
		wanted = client->engine.queued < STREAM_HIGH;
		break;
	case INPUT_REFUSED:
		wanted = client->front.queued < STREAM_HIGH;
		break;
	}
	stream_read(&client->front, wanted);
	stream_read(&client->engine, client->front.queued < STREAM_HIGH);
}

static size_t drain(struct client *client, size_t length)
{
	client->drained += length;
	if (client->drained > CLIENT_LINGER_MAX)
		client_close(client);
	return length;
}

/* Answers calls, each with a refusal. */
static size_t refuse_calls(struct client *client, const char *data, size_t length)
{
	struct buffer out = {.limit = GRPC_REFUSAL_MAX_OUT};
	int r = grpc_refusal_take(client->refusal, (struct span){data, length}, &out);

	if (stream_write_bytes(&client->front, out.data, out.length) < 0 || r != 0)
		client_linger(client);
	buffer_reset(&out);
	return length;
}

/* Gives bytes to whoever wants them in this state. Returns how many were used. */
static size_t take(struct client *client, const char *data, size_t length)
{
	switch (client->input) {
	case INPUT_HEAD:
		return client->front.queued < STREAM_HIGH ? request_take(client, data, length) : 0;
	case INPUT_COLLECT:
		return judge_collect(client, data, length);
	case INPUT_BODY:
		return exchange_body(client, data, length);
	case INPUT_STREAM:
		tunnel_client_data(client, data, length);
		return length;
	case INPUT_CALLS:
		calls_client_data(client, data, length);
		return length;
	case INPUT_REFUSED:
		return refuse_calls(client, data, length);
	case INPUT_DRAIN:
		return drain(client, length);
	case INPUT_WAIT:
	case INPUT_ANSWER:
		break;
	}
	return 0;
}

static size_t take_all(struct client *client, const char *data, size_t length)
{
	size_t used = 0;

	while (used < length && !client->closing) {
		size_t n = take(client, data + used, length - used);

		if (!n)
			break;
		used += n;
	}
	return used;
}

/* The client sends no more, and what it sent has been taken as far as it can be now. */
static void resume_ended(struct client *client)
{
	if (client->input == INPUT_STREAM)
		tunnel_client_end(client);
	else if (client->input == INPUT_ANSWER && !client->in.length)
		/* The engine sees the same end that it would see without latch. */
		stream_shutdown(&client->engine);
	else if (client->input == INPUT_COLLECT || client->input == INPUT_BODY)
		client_close(client); /* the request will never be whole */
	else if (client->input == INPUT_REFUSED || client->input == INPUT_CALLS)
		client_linger(client);
	else if (client->input == INPUT_HEAD && client->front.queued < STREAM_HIGH)
		client_linger(client); /* everything whole has been answered */
}

void client_resume(struct client *client)
{
	size_t used;

	if (client->closing)
		return;
	if (client->in.length) {
		used = take_all(client, client->in.data, client->in.length);
		if (client->closing)
			return;
		buffer_consume(&client->in, used);
	}
	if (client->front.ended)
		resume_ended(client);
	if (client->input == INPUT_CALLS)
		calls_flush(client);
	else
		client_update(client);
}

static void on_data(struct stream *stream, char *data, size_t length)
{
	struct client *client = stream->owner;
	bool behind = client->in.length; /* what was held back comes first */
	size_t used = behind ? 0 : take_all(client, data, length);

	if (client->closing)
		return;
	if (buffer_append(&client->in, data + used, length - used) < 0)
		client_close(client);
	else if (behind)
		client_resume(client);
	else
		client_update(client);
}

static void on_end(struct stream *stream, int error)
{
	struct client *client = stream->owner;

	(void)error;
	client->front_gone = stream_is_gone(stream);
	if (client->input == INPUT_DRAIN) {
		if (client->front_gone || client->front_flushed)
			client_close(client);
	} else if (client->front_gone && client->input != INPUT_STREAM) {
		client_close(client); /* nobody to answer: cancels the request in the engine */
	} else {
		client_resume(client);
	}
}

static void on_drained(struct stream *stream)
{
	client_resume(stream->owner);
}

static void on_broken(struct stream *stream)
{
	struct client *client = stream->owner;

	/* The last of a raw stream's input still counts: reading finds the end. */
	if (client->input != INPUT_STREAM)
		client_close(client);
}

static void on_shut(struct stream *stream)
{
	struct client *client = stream->owner;

	client->front_flushed = true;
	if (client->input == INPUT_DRAIN)
		await_client_end(client);
}

static const struct stream_events front_events = {
	.data = on_data,
	.end = on_end,
	.drained = on_drained,
	.broken = on_broken,
	.shut = on_shut,
	.closed = on_stream_closed,
};

static void on_idle_long_enough(uv_timer_t *timer)
{
	client_linger(timer->data);
}

/* The next bytes are a head, and need not come soon. */
static void await_request(struct client *client)
{
	const struct mediator *mediator = client->mediator;

	client->scan = (struct head_scan){.limits = &mediator->head_limits};
	client->input = INPUT_HEAD;
	if (mediator->limits.idle_time)
		client_start_timer(client, mediator->limits.idle_time * UINT64_C(1000), on_idle_long_enough);
}

void client_accept(void *owner, int fd)
{
	struct mediator *mediator = owner;
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->mediator = mediator;
	client->in.limit = CLIENT_HELD_MAX + STREAM_SCRATCH;
	client->labelled = mediator->source.label(&mediator->source, fd, &client->label) == 0;
	client->next = mediator->clients;
	client->link = &mediator->clients;
	if (client->next)
		client->next->link = &client->next;
	mediator->clients = client;
	figures_changed(mediator);
	uv_timer_init(&mediator->loop, &client->timer);
	client->timer.data = client;
	client->handles = 2;
	if (stream_open(&client->front, &mediator->loop, fd, &front_events, client,
		    mediator->scratch) < 0) {
		client_close(client);
		return;
	}
	await_request(client);
	client_update(client);
}

void client_next_request(struct client *client)
{
	forget_request(client);
	await_request(client);
}

static void fill_report(const struct client *client, struct wire_request *report)
{
	const struct request_head *head;

	report->route = -1;
	if (client->labelled)
		report->client = client->label;
	if (!client->request)
		return;
	head = &client->request->head;
	report->route = client->request->match.id;
	report->access = client->request->judgement.denied;
	if (client->request->judgement.wanted_image)
		COPY_STRING(report->image, client->request->judgement.wanted_image);
	snprintf(report->method, sizeof(report->method), "%.*s", (int)head->method.length,
		head->method.data);
	snprintf(report->text, sizeof(report->text), "%.*s", (int)head->target.length,
		head->target.data);
}

static void send_report(
	struct client *client, struct wire_request *report, int status, const char *reason)
{
	report->refused = status;
	COPY_STRING(report->reason, reason);
	warden_link_report(&client->mediator->warden, report);
}

void client_report(struct client *client, int status, const char *reason)
{
	struct wire_request report = {0};
	bool host = client->labelled && client->label.tag == LATCH_TAG_HOST;

	figures_decided(client);
	if (status)
		figures_answered(client);
	if (host && !status && !client->noted)
		figures_host_passed(client);
	/* What the host is not refused is nobody's news: it would drown the rest. */
	if ((host || client->noted) && !status)
		return;
	fill_report(client, &report);
	send_report(client, &report, status, reason);
}

bool client_note(struct client *client, int status, const char *reason)
{
	struct wire_request report = {.noted = 1};

	if (!decide_is_noting(&client->mediator->source))
		return false;
	client->noted = true;
	fill_report(client, &report);
	send_report(client, &report, status, reason);
	return true;
}

void client_report_call(
	struct client *client, int route, const char *path, int status, const char *reason)
{
	struct wire_request report = {.route = route, .method = "POST"};

	if (client->labelled)
		report.client = client->label;
	snprintf(report.text, sizeof(report.text), "%s", path);
	send_report(client, &report, status, reason);
}

bool client_note_call(struct client *client, int route, const char *path, uint32_t denied,
	const char *reason)
{
	struct wire_request report = {.route = route, .method = "POST", .access = denied, .noted = 1};

	if (!decide_is_noting(&client->mediator->source))
		return false;
	if (client->labelled)
		report.client = client->label;
	snprintf(report.text, sizeof(report.text), "%s", path);
	send_report(client, &report, 403, reason);
	return true;
}

static bool may_go_on(const struct client *client)
{
	return client->request && client->request->head.minor && !client->request->head.close &&
	       client->body.done && !client->awaiting;
}

void client_refuse(struct client *client, int status, const char *reason, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	struct buffer out = {.limit = MAX_ANSWER};
	bool go_on = may_go_on(client);
	struct answer answer = {.status = status, .close = !go_on};
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = vasprintf(&message, format, arguments);
	va_end(arguments);
	client_report(client, status, reason);
	answer.message = r < 0 ? "latch: out of memory" : message;
	answer.head = client->request && span_is(client->request->head.method, "HEAD");
	/* Without memory there is no answer, but still an end. */
	if (answer_write(&answer, &out) < 0 ||
		stream_write_bytes(&client->front, out.data, out.length) < 0)
		go_on = false;
	buffer_reset(&out);
	if (r < 0)
		message = NULL;
	if (go_on)
		client_next_request(client);
	else
		client_linger(client);
}

static void on_refused_long_enough(uv_timer_t *timer)
{
	client_linger(timer->data);
}

void client_refuse_h2c(struct client *client, const char *reason, const char *message)
{
	client_report(client, 403, reason);
	stream_write_bytes(&client->front, ANSWER_H2C, strlen(ANSWER_H2C));
	/* Behind a body that is still to come, calls would not begin where they must. */
	if (message && client->body.done)
		client->refusal = grpc_refusal_new(message);
	if (!client->refusal) {
		client_linger(client);
		return;
	}
	client->input = INPUT_REFUSED;
	client_start_timer(client, CLIENT_REFUSED_TIME, on_refused_long_enough);
	refuse_calls(client, NULL, 0);
}
