// SPDX-License-Identifier: Apache-2.0
/* The far end of a refused /grpc, spoken to by nghttp2's own client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "grpc_refusal.h"

/* What the client has heard of its calls. */
struct heard {
	int calls; /* that have ended */
	char status[16], type[32], grpc_status[16], grpc_message[256];
};

static void keep(char *to, size_t size, const uint8_t *value, size_t length)
{
	assert_true(length < size);
	memcpy(to, value, length);
	to[length] = '\0';
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_length, const uint8_t *value, size_t length, uint8_t flags, void *context)
{
	struct heard *heard = context;
	struct span is = {(const char *)name, name_length};

	(void)session;
	(void)frame;
	(void)flags;
	if (span_is(is, ":status"))
		keep(heard->status, sizeof(heard->status), value, length);
	else if (span_is(is, "content-type"))
		keep(heard->type, sizeof(heard->type), value, length);
	else if (span_is(is, "grpc-status"))
		keep(heard->grpc_status, sizeof(heard->grpc_status), value, length);
	else if (span_is(is, "grpc-message"))
		keep(heard->grpc_message, sizeof(heard->grpc_message), value, length);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct heard *heard = context;

	(void)session;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		heard->calls++;
	return 0;
}

static nghttp2_session *client_new(struct heard *heard)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *client;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	assert_int_equal(nghttp2_session_client_new(&client, callbacks, heard), 0);
	nghttp2_session_callbacks_del(callbacks);
	assert_int_equal(nghttp2_submit_settings(client, NGHTTP2_FLAG_NONE, NULL, 0), 0);
	return client;
}

#define NV(name, value)                                                                            \
	{(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, 0}

static ssize_t read_forever(nghttp2_session *session, int32_t id, uint8_t *data, size_t length,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	(void)session;
	(void)id;
	(void)flags;
	(void)source;
	(void)context;
	memset(data, 0, length);
	return length;
}

/* As grpc-go calls. `streaming`: the client's side of the call never ends. */
static void call(nghttp2_session *client, bool streaming)
{
	const nghttp2_nv fields[] = {
		NV(":method", "POST"),
		NV(":scheme", "http"),
		NV(":path", "/moby.buildkit.v1.Control/Solve"),
		NV(":authority", "localhost"),
		NV("content-type", "application/grpc"),
		NV("te", "trailers"),
	};
	const nghttp2_data_provider data = {.read_callback = read_forever};

	assert_true(nghttp2_submit_request(client, NULL, fields, ARRAY_SIZE(fields),
			    streaming ? &data : NULL, NULL) > 0);
}

/* Everything that the client has to say, at most `count` bytes of it. */
static void says(nghttp2_session *client, struct buffer *said, size_t count)
{
	const uint8_t *data;
	ssize_t n;

	said->limit = 16 * 1024 * 1024;
	while (said->length < count && (n = nghttp2_session_mem_send(client, &data)) > 0)
		assert_int_equal(buffer_append(said, data, n), 0);
}

static int answer(struct grpc_refusal *refusal, nghttp2_session *client, const char *data, size_t length)
{
	struct buffer out = {.limit = GRPC_REFUSAL_MAX_OUT};
	int r = grpc_refusal_take(refusal, (struct span){data, length}, &out);

	if (out.length)
		assert_int_equal(
			nghttp2_session_mem_recv(client, (uint8_t *)out.data, out.length), out.length);
	buffer_reset(&out);
	return r;
}

/* Both ends of one connection. */
struct talk {
	struct grpc_refusal *refusal;
	nghttp2_session *client;
	struct heard heard;
	struct buffer said; /* by the client, and not passed on */
};

static void talk_begin(struct talk *talk, const char *message)
{
	*talk = (struct talk){.refusal = grpc_refusal_new(message)};
	talk->client = client_new(&talk->heard);
	assert_non_null(talk->refusal);
	assert_int_equal(answer(talk->refusal, talk->client, "", 0), 0);
}

/* Passes on what the client has to say, up to about `count` bytes of it. */
static int talk_go_on(struct talk *talk, size_t count)
{
	int r;

	says(talk->client, &talk->said, count);
	r = answer(talk->refusal, talk->client, talk->said.data, talk->said.length);
	buffer_reset(&talk->said);
	return r;
}

static void talk_end(struct talk *talk)
{
	buffer_reset(&talk->said);
	nghttp2_session_del(talk->client);
	grpc_refusal_free(talk->refusal);
}

/* One call, answered; what the client says comes in pieces of `size` bytes. */
static void refuse_one(const char *message, size_t size, struct heard *heard)
{
	struct talk talk;

	talk_begin(&talk, message);
	call(talk.client, false);
	says(talk.client, &talk.said, SIZE_MAX);
	for (size_t at = 0; at < talk.said.length; at += size) {
		size_t piece = talk.said.length - at < size ? talk.said.length - at : size;

		assert_int_equal(answer(talk.refusal, talk.client, talk.said.data + at, piece), 0);
	}
	*heard = talk.heard;
	talk_end(&talk);
}

static void a_call_is_refused_with_the_message(void **state)
{
	(void)state;
	for (size_t size = 1; size < 100; size += 7) {
		struct heard heard = {};

		refuse_one("not \"this\" one", size, &heard);
		assert_int_equal(heard.calls, 1);
		assert_string_equal(heard.status, "200");
		assert_string_equal(heard.type, "application/grpc");
		assert_string_equal(heard.grpc_status, "7");
		assert_string_equal(heard.grpc_message, "not \"this\" one");
	}
}

static void a_message_that_a_field_cannot_hold_is_encoded(void **state)
{
	struct heard heard = {};

	(void)state;
	refuse_one("100% \xc3\xa9\r\nend", 1024, &heard);
	assert_string_equal(heard.grpc_message, "100%25 %C3%A9%0D%0Aend");
}

static void every_call_on_the_connection_is_refused(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk, "no");
	for (int i = 1; i <= 1000; i++) {
		call(talk.client, false);
		assert_int_equal(talk_go_on(&talk, SIZE_MAX), 0);
		assert_int_equal(talk.heard.calls, i);
	}
	talk_end(&talk);
}

static void a_call_that_streams_is_refused_before_it_ends(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk, "no");
	call(talk.client, true);
	assert_int_equal(talk_go_on(&talk, 4096), 0);
	assert_int_equal(talk.heard.calls, 1);
	assert_string_equal(talk.heard.grpc_status, "7");
	talk_end(&talk);
}

static void the_conversation_is_over_when_the_client_says_so(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk, "no");
	nghttp2_session_terminate_session(talk.client, NGHTTP2_NO_ERROR);
	assert_int_equal(talk_go_on(&talk, SIZE_MAX), 1);
	talk_end(&talk);
}

static void what_is_not_http2_ends_it(void **state)
{
	static const char other[] = "GET /containers/json HTTP/1.1\r\nHost: d\r\n\r\n";

	(void)state;
	for (size_t cut = 1; cut < sizeof(other) - 1; cut++) {
		struct grpc_refusal *refusal = grpc_refusal_new("no");
		struct buffer out = {.limit = GRPC_REFUSAL_MAX_OUT};
		int r = grpc_refusal_take(refusal, (struct span){other, cut}, &out);

		if (r == 0)
			r = grpc_refusal_take(
				refusal, (struct span){other + cut, sizeof(other) - 1 - cut}, &out);
		assert_int_equal(r, -EPROTO);
		buffer_reset(&out);
		grpc_refusal_free(refusal);
	}
}

static void more_answers_than_there_is_room_for_end_it(void **state)
{
	struct buffer out = {.limit = 1000};
	struct talk talk;

	(void)state;
	talk_begin(&talk, "a message of some length, many times over");
	for (int i = 0; i < 90; i++)
		call(talk.client, false);
	says(talk.client, &talk.said, SIZE_MAX);
	assert_int_equal(grpc_refusal_take(talk.refusal,
				 (struct span){talk.said.data, talk.said.length}, &out),
		-ENOBUFS);
	assert_true(out.length <= 1000);
	buffer_reset(&out);
	talk_end(&talk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_refused_with_the_message),
		cmocka_unit_test(a_message_that_a_field_cannot_hold_is_encoded),
		cmocka_unit_test(every_call_on_the_connection_is_refused),
		cmocka_unit_test(a_call_that_streams_is_refused_before_it_ends),
		cmocka_unit_test(the_conversation_is_over_when_the_client_says_so),
		cmocka_unit_test(what_is_not_http2_ends_it),
		cmocka_unit_test(more_answers_than_there_is_room_for_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
