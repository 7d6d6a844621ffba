// SPDX-License-Identifier: Apache-2.0
/*
 * The bridge between nghttp2's own client and server: what each of them sees of the other's calls, and
 * what the engine does not see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "grpc_bridge.h"

#define MAX_CALLS 128

/* One end's view of one call. */
struct seen {
	int32_t id;
	bool head, ended, closed;
	uint32_t error; /* of its end */
	char path[96], metadata[64], status[16], grpc_status[16], grpc_message[256];
	struct buffer data;
	struct buffer to_send;
	bool no_more; /* behind `to_send` */
	bool waits;   /* for more of it */
	bool with_trailers;
};

struct end {
	nghttp2_session *session;
	struct seen calls[MAX_CALLS];
	size_t count;
	bool goaway;
};

struct fixture {
	struct grpc_bridge *bridge;
	struct end client, engine;
	/* What the owner does and has been asked. */
	enum grpc_judgement judgement;
	bool later; /* judges messages by itself */
	const char *refuse; /* a message that begins so */
	struct grpc_call *last;
	size_t heads, messages, written_down, over;
	struct buffer shown; /* all messages, one behind the other */
	char path[96];
};

/* ---- the owner ---- */

static enum grpc_judgement on_call(void *owner, struct grpc_call *call, const char *path)
{
	struct fixture *f = owner;

	f->heads++;
	f->last = call;
	snprintf(f->path, sizeof(f->path), "%s", path);
	grpc_call_set_data(call, f);
	if (f->judgement == GRPC_REFUSE)
		grpc_call_refuse(call, GRPC_PERMISSION_DENIED, "not this: 100%\n");
	return f->judgement;
}

static void judge(struct fixture *f, struct grpc_call *call, struct span message)
{
	if (f->refuse && message.length >= strlen(f->refuse) &&
		!memcmp(message.data, f->refuse, strlen(f->refuse)))
		grpc_call_refuse(call, GRPC_PERMISSION_DENIED, "not that message");
	else
		grpc_call_pass(call);
}

static void on_message(void *owner, struct grpc_call *call, struct span message)
{
	struct fixture *f = owner;

	f->messages++;
	f->last = call;
	assert_int_equal(buffer_append_span(&f->shown, message), 0);
	if (!f->later)
		judge(f, call, message);
}

static void on_refused(void *owner, const char *path, const char *why)
{
	struct fixture *f = owner;

	f->written_down++;
	assert_true(!path || path[0] == '/');
	assert_true(why[0]);
}

static void on_over(void *owner, struct grpc_call *call)
{
	struct fixture *f = owner;

	assert_ptr_equal(grpc_call_data(call), f->heads ? f : NULL);
	if (f->last == call)
		f->last = NULL;
	f->over++;
}

static const struct grpc_bridge_events events = {on_call, on_message, on_refused, on_over};

/* ---- the ends ---- */

static struct seen *find(struct end *end, int32_t id)
{
	for (size_t i = 0; i < end->count; i++)
		if (end->calls[i].id == id)
			return &end->calls[i];
	assert_true(end->count < MAX_CALLS);
	end->calls[end->count] = (struct seen){.id = id, .data.limit = 1 << 26, .to_send.limit = 1 << 26};
	return &end->calls[end->count++];
}

static void keep(char *to, size_t size, const uint8_t *value, size_t length)
{
	assert_true(length < size);
	memcpy(to, value, length);
	to[length] = '\0';
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_length, const uint8_t *value, size_t length, uint8_t flags, void *context)
{
	struct seen *seen = find(context, frame->hd.stream_id);
	struct span is = {(const char *)name, name_length};

	(void)session, (void)flags;
	if (span_is(is, ":path"))
		keep(seen->path, sizeof(seen->path), value, length);
	else if (span_is(is, ":status"))
		keep(seen->status, sizeof(seen->status), value, length);
	else if (span_is(is, "x-metadata"))
		keep(seen->metadata, sizeof(seen->metadata), value, length);
	else if (span_is(is, "grpc-status"))
		keep(seen->grpc_status, sizeof(seen->grpc_status), value, length);
	else if (span_is(is, "grpc-message"))
		keep(seen->grpc_message, sizeof(seen->grpc_message), value, length);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct end *end = context;

	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		end->goaway = true;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	find(end, frame->hd.stream_id)->head = true;
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		find(end, frame->hd.stream_id)->ended = true;
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t length, void *context)
{
	(void)session, (void)flags;
	assert_int_equal(buffer_append(&find(context, id)->data, data, length), 0);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *context)
{
	struct seen *seen = find(context, id);

	(void)session;
	seen->closed = true;
	seen->error = error;
	return 0;
}

#define NV(name, value)                                                                            \
	{(uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value), 0}

static ssize_t read_to_send(nghttp2_session *session, int32_t id, uint8_t *data, size_t size,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct seen *seen = find(context, id);
	size_t n = seen->to_send.length < size ? seen->to_send.length : size;
	const nghttp2_nv trailers[] = {NV("grpc-status", "0"), NV("grpc-message", "fine")};

	(void)source;
	seen->waits = !n && !seen->no_more;
	if (seen->waits)
		return NGHTTP2_ERR_DEFERRED;
	if (n)
		memcpy(data, seen->to_send.data, n);
	buffer_consume(&seen->to_send, n);
	if (!seen->no_more || seen->to_send.length)
		return n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (seen->with_trailers) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(session, id, trailers, ARRAY_SIZE(trailers));
	}
	return n;
}

static void end_open(struct end *end, bool server, bool manual)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_option_new(&option);
	nghttp2_option_set_no_auto_window_update(option, manual);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	if (server)
		nghttp2_session_server_new2(&end->session, callbacks, end, option);
	else
		nghttp2_session_client_new2(&end->session, callbacks, end, option);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	nghttp2_submit_settings(end->session, NGHTTP2_FLAG_NONE, NULL, 0);
}

static void end_close(struct end *end)
{
	nghttp2_session_del(end->session);
	for (size_t i = 0; i < end->count; i++) {
		buffer_reset(&end->calls[i].data);
		buffer_reset(&end->calls[i].to_send);
	}
}

/* Moves bytes between one end and its side of the bridge; whether there were any. */
static bool pump_end(struct fixture *f, struct end *end, enum grpc_side side)
{
	struct buffer out = {.limit = GRPC_SEND_SIZE};
	const uint8_t *data;
	ssize_t n = nghttp2_session_mem_send(end->session, &data);
	bool any = n > 0;

	/* In pieces, as sockets bring them. */
	for (ssize_t at = 0; at < n; at += 1000)
		assert_int_equal(grpc_bridge_take(f->bridge, side,
					 (struct span){(const char *)data + at, n - at < 1000 ? n - at : 1000}),
			0);
	assert_int_equal(grpc_bridge_send(f->bridge, side, &out), 0);
	any = any || out.length;
	if (out.length)
		assert_int_equal(nghttp2_session_mem_recv(end->session, (uint8_t *)out.data, out.length),
			out.length);
	buffer_reset(&out);
	return any;
}

/* Until nobody has anything to say. */
static void pump(struct fixture *f)
{
	while (pump_end(f, &f->client, GRPC_CLIENT) | pump_end(f, &f->engine, GRPC_ENGINE))
		;
}

static void open_fixture(struct fixture *f, enum grpc_judgement judgement, bool slow_engine)
{
	*f = (struct fixture){.judgement = judgement, .shown.limit = 1 << 27};
	f->bridge = grpc_bridge_new(&events, f);
	assert_non_null(f->bridge);
	end_open(&f->client, false, false);
	end_open(&f->engine, true, slow_engine);
	pump(f);
}

static void close_fixture(struct fixture *f)
{
	grpc_bridge_free(f->bridge);
	end_close(&f->client);
	end_close(&f->engine);
	buffer_reset(&f->shown);
}

/* ---- what clients and engines do ---- */

static struct seen *begin(struct fixture *f, const char *path)
{
	const nghttp2_nv fields[] = {
		NV(":method", "POST"), NV(":scheme", "http"), NV(":path", path),
		NV(":authority", "localhost"), NV("content-type", "application/grpc"),
		NV("te", "trailers"), NV("x-metadata", "kept"),
	};
	const nghttp2_data_provider data = {.read_callback = read_to_send};
	int32_t id = nghttp2_submit_request(
		f->client.session, NULL, fields, ARRAY_SIZE(fields), &data, NULL);

	assert_true(id > 0);
	return find(&f->client, id);
}

static void resume(struct end *end, struct seen *seen)
{
	if (seen->waits)
		nghttp2_session_resume_data(end->session, seen->id);
}

static void put(struct end *end, struct seen *seen, const void *data, size_t length)
{
	assert_int_equal(buffer_append(&seen->to_send, data, length), 0);
	resume(end, seen);
}

static void finish(struct end *end, struct seen *seen)
{
	seen->no_more = true;
	resume(end, seen);
}

/* With its prefix; `flag` 1: compressed. */
static void put_message(struct end *end, struct seen *seen, char flag, const void *data, size_t length)
{
	const unsigned char prefix[] = {flag, length >> 24, length >> 16, length >> 8, length};

	put(end, seen, prefix, sizeof(prefix));
	put(end, seen, data, length);
}

static void say(struct fixture *f, struct seen *call, const char *text)
{
	put_message(&f->client, call, 0, text, strlen(text));
	pump(f);
}

/* The head of the engine's answer; its body is what is put behind it. */
static void answer(struct fixture *f, struct seen *call)
{
	const nghttp2_nv fields[] = {NV(":status", "200"), NV("content-type", "application/grpc"),
		NV("x-metadata", "back")};
	const nghttp2_data_provider data = {.read_callback = read_to_send};

	call->with_trailers = true;
	nghttp2_submit_response(f->engine.session, call->id, fields, ARRAY_SIZE(fields), &data);
	pump(f);
}

static struct seen *at_engine(struct fixture *f)
{
	assert_int_equal(f->engine.count, 1);
	return &f->engine.calls[0];
}

/* The engine saw nothing of any call. */
static void expect_nothing_at_engine(const struct fixture *f)
{
	assert_int_equal(f->engine.count, 0);
}

static void expect_status(const struct seen *call, const char *status, const char *message)
{
	assert_string_equal(call->grpc_status, status);
	if (!strstr(call->grpc_message, message))
		fail_msg("%s", call->grpc_message);
}

/* ---- tests ---- */

static void a_call_goes_both_ways_with_head_messages_and_trailers(void **state)
{
	struct fixture f;
	struct seen *call, *engine;

	(void)state;
	for (int judgement = GRPC_PASS; judgement <= GRPC_READ; judgement++) {
		open_fixture(&f, judgement, false);
		call = begin(&f, "/a.Service/Method");
		say(&f, call, "question");
		engine = at_engine(&f);
		assert_string_equal(f.path, "/a.Service/Method");
		assert_string_equal(engine->path, "/a.Service/Method");
		assert_string_equal(engine->metadata, "kept");
		assert_int_equal(engine->data.length, 5 + 8);
		assert_memory_equal(engine->data.data, "\0\0\0\0\10question", 13);
		assert_false(engine->ended);
		finish(&f.client, call);
		pump(&f);
		assert_true(engine->ended);
		answer(&f, engine);
		assert_string_equal(call->metadata, "back");
		assert_string_equal(call->status, "200");
		put(&f.engine, engine, "answer", 6);
		pump(&f);
		assert_memory_equal(call->data.data, "answer", 6);
		assert_false(call->ended);
		finish(&f.engine, engine);
		pump(&f);
		assert_true(call->ended && call->closed && engine->closed);
		expect_status(call, "0", "fine");
		assert_int_equal(f.over, 1);
		close_fixture(&f);
		assert_int_equal(f.over, 1);
	}
}

static void of_a_refused_call_the_engine_sees_nothing(void **state)
{
	struct fixture f;
	struct seen *call;

	(void)state;
	open_fixture(&f, GRPC_REFUSE, false);
	call = begin(&f, "/a/B");
	say(&f, call, "x");
	expect_status(call, "7", "not this: 100%25%0A");
	assert_string_equal(call->status, "200");
	assert_true(call->ended);
	/* What it goes on to say is dropped, however much, and its window is given back. */
	for (int i = 0; i < 100; i++) {
		put(&f.client, call, (char[32768]){0}, 32768);
		pump(&f);
	}
	assert_int_equal(call->to_send.length, 0);
	finish(&f.client, call);
	pump(&f);
	expect_nothing_at_engine(&f);
	assert_int_equal(f.over, 1);
	close_fixture(&f);
}

static void a_message_goes_on_when_it_was_judged_and_not_before(void **state)
{
	struct fixture f;
	struct seen *call;

	(void)state;
	open_fixture(&f, GRPC_READ, false);
	f.later = true;
	call = begin(&f, "/a/B");
	put(&f.client, call, "\0\0\0\0\6fir", 8);
	pump(&f);
	assert_int_equal(f.messages, 0);
	expect_nothing_at_engine(&f);
	put(&f.client, call, "stt\0\0\0\0\3two", 11);
	pump(&f);
	assert_int_equal(f.messages, 1);
	assert_memory_equal(f.shown.data, "firstt", 6);
	expect_nothing_at_engine(&f);
	grpc_call_pass(f.last);
	pump(&f);
	assert_int_equal(at_engine(&f)->data.length, 11);
	/* The second was shown then, and waits. */
	assert_int_equal(f.messages, 2);
	grpc_call_pass(f.last);
	finish(&f.client, call);
	pump(&f);
	assert_memory_equal(at_engine(&f)->data.data, "\0\0\0\0\6firstt\0\0\0\0\3two", 19);
	assert_true(at_engine(&f)->ended);
	close_fixture(&f);
}

static void a_refused_message_ends_the_call_on_both_sides(void **state)
{
	struct fixture f;
	struct seen *call;

	(void)state;
	/* The first. */
	open_fixture(&f, GRPC_READ, false);
	f.refuse = "bad";
	call = begin(&f, "/a/B");
	say(&f, call, "bad one");
	expect_status(call, "7", "not that message");
	assert_true(call->ended);
	say(&f, call, "good one");
	expect_nothing_at_engine(&f);
	assert_int_equal(f.messages, 1);
	close_fixture(&f);

	/* A later one, before and after the engine has begun to answer. */
	for (int answered = 0; answered <= 1; answered++) {
		open_fixture(&f, GRPC_READ, false);
		f.refuse = "bad";
		call = begin(&f, "/a/B");
		say(&f, call, "good");
		if (answered)
			answer(&f, at_engine(&f));
		put_message(&f.client, call, 0, "bad", 3);
		put_message(&f.client, call, 0, "good", 4);
		pump(&f);
		expect_status(call, "7", "not that message");
		assert_true(call->ended);
		assert_int_equal(at_engine(&f)->data.length, 9);
		assert_true(at_engine(&f)->closed);
		assert_int_equal(at_engine(&f)->error, NGHTTP2_CANCEL);
		assert_int_equal(f.messages, 2);
		close_fixture(&f);
	}
}

static void what_cannot_be_read_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *status, *message;
	} cases[] = {
		{"\1\0\0\0\1x", 6, "12", "compressed"},
		{"\2\0\0\0\1x", 6, "12", "compressed"},
		{"\0\1\0\0\1", 5, "8", "16 MiB"},
		{"\0\377\377\377\377", 5, "8", "16 MiB"},
		{"\0\0\0\0\4abc", 8, "3", "inside a message"},
		{"\0\0", 2, "3", "inside a message"},
		{"\0\0\0\0\1x\0", 7, "3", "inside a message"},
	};
	struct fixture f;
	struct seen *call;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_fixture(&f, GRPC_READ, false);
		call = begin(&f, "/a/B");
		put(&f.client, call, cases[i].bytes, cases[i].length);
		finish(&f.client, call);
		pump(&f);
		expect_status(call, cases[i].status, cases[i].message);
		assert_int_equal(f.written_down, 1);
		if (f.engine.count)
			assert_true(at_engine(&f)->closed && !at_engine(&f)->ended);
		close_fixture(&f);
	}
}

static void a_message_of_the_largest_size_passes_and_one_byte_more_does_not(void **state)
{
	_cleanup_free_ char *data = calloc(1, GRPC_MESSAGE_MAX + 1);
	struct fixture f;
	struct seen *call;

	(void)state;
	for (int more = 0; more <= 1; more++) {
		open_fixture(&f, GRPC_READ, false);
		call = begin(&f, "/a/B");
		put_message(&f.client, call, 0, data, GRPC_MESSAGE_MAX + more);
		finish(&f.client, call);
		pump(&f);
		if (more) {
			expect_status(call, "8", "16 MiB");
			expect_nothing_at_engine(&f);
		} else {
			assert_int_equal(at_engine(&f)->data.length, 5 + GRPC_MESSAGE_MAX);
			assert_true(at_engine(&f)->ended);
		}
		close_fixture(&f);
	}
}

/* Messages that wait to be judged, in all calls of a connection together. */
static void what_waits_to_be_judged_is_bounded(void **state)
{
	_cleanup_free_ char *data = calloc(1, GRPC_MESSAGE_MAX);
	struct fixture f;
	struct seen *calls[4];
	size_t refused = 0;

	(void)state;
	open_fixture(&f, GRPC_READ, false);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		calls[i] = begin(&f, "/a/B");
		/* Never whole. */
		put_message(&f.client, calls[i], 0, data, GRPC_MESSAGE_MAX);
		calls[i]->to_send.length--;
	}
	pump(&f);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		refused += !strcmp(calls[i]->grpc_status, "8");
	assert_true(refused >= 2);
	expect_nothing_at_engine(&f);
	close_fixture(&f);
}

/* An engine that reads nothing: the client gets no further than the windows. */
static void a_slow_engine_holds_the_client_back(void **state)
{
	_cleanup_free_ char *data = calloc(1, 8 << 20);
	struct fixture f;
	struct seen *call;

	(void)state;
	for (int judgement = GRPC_PASS; judgement <= GRPC_READ; judgement++) {
		open_fixture(&f, judgement, true);
		call = begin(&f, "/a/B");
		for (size_t i = 0; i < 8 << 20; i += 1 << 16)
			put_message(&f.client, call, 0, data + i, (1 << 16) - 5);
		pump(&f);
		assert_int_equal(at_engine(&f)->data.length, 65535);
		assert_true(call->to_send.length > (8 << 20) - (1 << 20));
		/* It reads on: all arrives. */
		while (at_engine(&f)->data.length < 8 << 20) {
			size_t before = at_engine(&f)->data.length;

			nghttp2_session_consume(f.engine.session, at_engine(&f)->id, 65535);
			pump(&f);
			assert_true(at_engine(&f)->data.length > before);
		}
		close_fixture(&f);
	}
}

static void large_answers_arrive_whole(void **state)
{
	_cleanup_free_ char *data = malloc(8 << 20);
	struct fixture f;
	struct seen *call, *engine;

	(void)state;
	for (size_t i = 0; i < 8 << 20; i++)
		data[i] = i * 2654435761u >> 13;
	open_fixture(&f, GRPC_PASS, false);
	call = begin(&f, "/a/B");
	finish(&f.client, call);
	pump(&f);
	engine = at_engine(&f);
	answer(&f, engine);
	put(&f.engine, engine, data, 8 << 20);
	finish(&f.engine, engine);
	pump(&f);
	assert_int_equal(call->data.length, 8 << 20);
	assert_memory_equal(call->data.data, data, 8 << 20);
	expect_status(call, "0", "fine");
	close_fixture(&f);
}

static void an_end_on_one_side_is_one_on_the_other(void **state)
{
	struct fixture f;
	struct seen *call;

	(void)state;
	open_fixture(&f, GRPC_PASS, false);
	call = begin(&f, "/a/B");
	say(&f, call, "x");
	nghttp2_submit_rst_stream(f.client.session, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL);
	pump(&f);
	assert_true(at_engine(&f)->closed);
	assert_int_equal(at_engine(&f)->error, NGHTTP2_CANCEL);
	assert_int_equal(f.over, 1);
	close_fixture(&f);

	open_fixture(&f, GRPC_PASS, false);
	call = begin(&f, "/a/B");
	say(&f, call, "x");
	nghttp2_submit_rst_stream(
		f.engine.session, NGHTTP2_FLAG_NONE, at_engine(&f)->id, NGHTTP2_ENHANCE_YOUR_CALM);
	pump(&f);
	assert_true(call->closed);
	assert_int_equal(call->error, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_int_equal(f.over, 1);
	close_fixture(&f);

	/* A client that gives up while its message waits for a verdict. */
	open_fixture(&f, GRPC_READ, false);
	f.later = true;
	call = begin(&f, "/a/B");
	say(&f, call, "x");
	assert_non_null(f.last);
	nghttp2_submit_rst_stream(f.client.session, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL);
	pump(&f);
	assert_null(f.last);
	assert_int_equal(f.over, 1);
	expect_nothing_at_engine(&f);
	close_fixture(&f);
}

/* As gRPC servers do when they refuse, or have heard enough. */
static void an_engine_may_answer_before_it_has_read_all(void **state)
{
	struct fixture f;
	struct seen *call, *engine;

	(void)state;
	for (int judgement = GRPC_PASS; judgement <= GRPC_READ; judgement++) {
		open_fixture(&f, judgement, false);
		call = begin(&f, "/a/B");
		say(&f, call, "x");
		engine = at_engine(&f);
		answer(&f, engine);
		finish(&f.engine, engine);
		pump(&f);
		expect_status(call, "0", "fine");
		nghttp2_submit_rst_stream(
			f.engine.session, NGHTTP2_FLAG_NONE, engine->id, NGHTTP2_NO_ERROR);
		pump(&f);
		/* The client has not noticed yet: nothing of this opens a second call. */
		say(&f, call, "more");
		finish(&f.client, call);
		pump(&f);
		assert_int_equal(f.engine.count, 1);
		assert_int_equal(f.over, 1);
		close_fixture(&f);
	}
}

static void a_head_that_is_not_grpcs_is_refused(void **state)
{
	static const struct {
		const char *method, *type, *big;
	} cases[] = {
		{"GET", "application/grpc", "x"},
		{"POST", "application/json", "x"},
		{"POST", "application/grpc", NULL},
	};
	static char big[20000];
	struct fixture f;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const nghttp2_nv fields[] = {NV(":method", cases[i].method), NV(":scheme", "http"),
			NV(":path", "/a/B"), NV(":authority", "x"), NV("content-type", cases[i].type),
			NV("x-big", cases[i].big ? cases[i].big : big)};
		int32_t id;

		open_fixture(&f, GRPC_PASS, false);
		id = nghttp2_submit_request(
			f.client.session, NULL, fields, ARRAY_SIZE(fields), NULL, NULL);
		pump(&f);
		expect_status(find(&f.client, id), "3", "not one of gRPC");
		assert_int_equal(f.heads, 0);
		assert_int_equal(f.written_down, 1);
		expect_nothing_at_engine(&f);
		close_fixture(&f);
	}
}

static void an_engine_that_goes_away_sends_the_client_away(void **state)
{
	struct fixture f;
	struct seen *call;

	(void)state;
	open_fixture(&f, GRPC_PASS, false);
	call = begin(&f, "/a/B");
	finish(&f.client, call);
	pump(&f);
	nghttp2_submit_goaway(f.engine.session, NGHTTP2_FLAG_NONE, at_engine(&f)->id,
		NGHTTP2_NO_ERROR, NULL, 0);
	pump(&f);
	assert_true(f.client.goaway);
	assert_false(grpc_bridge_is_over(f.bridge));
	/* The call that is under way ends in its own time. */
	answer(&f, at_engine(&f));
	finish(&f.engine, at_engine(&f));
	pump(&f);
	expect_status(call, "0", "fine");
	assert_true(grpc_bridge_is_over(f.bridge));
	close_fixture(&f);
}

static void many_calls_at_once_are_told_apart(void **state)
{
	struct fixture f;
	struct seen *calls[90];
	char text[16];

	(void)state;
	open_fixture(&f, GRPC_READ, false);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		calls[i] = begin(&f, "/a/B");
		snprintf(text, sizeof(text), "call %zu", i);
		put_message(&f.client, calls[i], 0, text, strlen(text));
		finish(&f.client, calls[i]);
	}
	pump(&f);
	assert_int_equal(f.engine.count, ARRAY_SIZE(calls));
	for (size_t i = f.engine.count; i-- > 0;) {
		answer(&f, &f.engine.calls[i]);
		put(&f.engine, &f.engine.calls[i], f.engine.calls[i].data.data + 5,
			f.engine.calls[i].data.length - 5);
		finish(&f.engine, &f.engine.calls[i]);
	}
	pump(&f);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		snprintf(text, sizeof(text), "call %zu", i);
		assert_int_equal(calls[i]->data.length, strlen(text));
		assert_memory_equal(calls[i]->data.data, text, strlen(text));
		assert_true(calls[i]->ended);
	}
	assert_int_equal(f.over, ARRAY_SIZE(calls));
	close_fixture(&f);
}

static void what_is_not_http2_ends_the_connection(void **state)
{
	static const char *const texts[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnothing of the kind, and more of it"};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct buffer out = {.limit = GRPC_SEND_SIZE};
		int r;

		f = (struct fixture){0};
		f.bridge = grpc_bridge_new(&events, &f);
		r = grpc_bridge_take(
			f.bridge, GRPC_CLIENT, (struct span){texts[i], strlen(texts[i])});
		grpc_bridge_send(f.bridge, GRPC_CLIENT, &out);
		assert_true(r == -EPROTO || grpc_bridge_is_over(f.bridge));
		buffer_reset(&out);
		grpc_bridge_free(f.bridge);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_goes_both_ways_with_head_messages_and_trailers),
		cmocka_unit_test(of_a_refused_call_the_engine_sees_nothing),
		cmocka_unit_test(a_message_goes_on_when_it_was_judged_and_not_before),
		cmocka_unit_test(a_refused_message_ends_the_call_on_both_sides),
		cmocka_unit_test(what_cannot_be_read_is_refused),
		cmocka_unit_test(a_message_of_the_largest_size_passes_and_one_byte_more_does_not),
		cmocka_unit_test(what_waits_to_be_judged_is_bounded),
		cmocka_unit_test(a_slow_engine_holds_the_client_back),
		cmocka_unit_test(large_answers_arrive_whole),
		cmocka_unit_test(an_end_on_one_side_is_one_on_the_other),
		cmocka_unit_test(an_engine_may_answer_before_it_has_read_all),
		cmocka_unit_test(a_head_that_is_not_grpcs_is_refused),
		cmocka_unit_test(an_engine_that_goes_away_sends_the_client_away),
		cmocka_unit_test(many_calls_at_once_are_told_apart),
		cmocka_unit_test(what_is_not_http2_ends_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
