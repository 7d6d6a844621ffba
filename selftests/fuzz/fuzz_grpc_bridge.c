// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: frames of HTTP/2 from a hostile client and from any engine, in any order, to the bridge
 * between them. The input is a list of records, each a frame that is given its length here, so that the
 * fuzzer need not find out about lengths: [kind and side] [flags] [stream] [length] payload.
 *
 * What the bridge sends to the engine is read by nghttp2's own server. It fails when the engine sees a
 * call that was refused, or a message that was, or one that was not judged yet.
 */
#include <stdint.h>
#include <stdio.h>

#include "../../userspace/mediator/grpc_bridge.h"
#include "require.h"

#define MAX_STREAMS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct grpc_bridge *bridge;
	nghttp2_session *engine; /* reads what is sent there */
	struct grpc_call *waiting; /* for a verdict */
	struct {
		int32_t id;
		char kind; /* of its path */
		struct buffer data;
	} streams[MAX_STREAMS];
	size_t count;
};

/* "/p..." passes, "/r..." is read, everything else is refused. */
static enum grpc_judgement on_call(void *owner, struct grpc_call *call, const char *path)
{
	(void)owner;
	if (path[0] == '/' && path[1] == 'p')
		return GRPC_PASS;
	if (path[0] == '/' && path[1] == 'r')
		return GRPC_READ;
	grpc_call_refuse(call, GRPC_PERMISSION_DENIED, "refused");
	return GRPC_REFUSE;
}

/* A message whose first byte is odd is refused; of the others every second waits until the next record. */
static bool is_bad(const char *message)
{
	return message[0] & 1;
}

static void on_message(void *owner, struct grpc_call *call, struct span message)
{
	struct world *world = owner;

	if (message.length && is_bad(message.data))
		grpc_call_refuse(call, GRPC_PERMISSION_DENIED, "refused");
	else if (message.length && message.data[0] & 2 && !world->waiting)
		world->waiting = call;
	else
		grpc_call_pass(call);
}

static void on_refused(void *owner, const char *path, const char *why)
{
	(void)owner, (void)path;
	REQUIRE(why[0]);
}

static void on_over(void *owner, struct grpc_call *call)
{
	struct world *world = owner;

	if (world->waiting == call)
		world->waiting = NULL;
}

static const struct grpc_bridge_events events = {on_call, on_message, on_refused, on_over};

static size_t stream_of(struct world *world, int32_t id)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->streams[i].id == id)
			return i;
	if (world->count == MAX_STREAMS)
		return MAX_STREAMS - 1;
	world->streams[world->count].id = id;
	world->streams[world->count].data.limit = 1 << 24;
	return world->count++;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *context)
{
	struct world *world = context;

	(void)session, (void)flags;
	if (name_length != 5 || memcmp(name, ":path", 5))
		return 0;
	REQUIRE(value_length > 1 && value[0] == '/' && (value[1] == 'p' || value[1] == 'r'));
	world->streams[stream_of(world, frame->hd.stream_id)].kind = value[1];
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t length, void *context)
{
	struct world *world = context;

	(void)session, (void)flags;
	buffer_append(&world->streams[stream_of(world, id)].data, data, length);
	return 0;
}

/* Of a call that is read, the engine has whole messages that were not refused. */
static void check(const struct world *world)
{
	for (size_t i = 0; i < world->count; i++) {
		const struct buffer *data = &world->streams[i].data;

		if (world->streams[i].kind != 'r')
			continue;
		for (size_t at = 0; at + 5 < data->length;) {
			const uint8_t *prefix = (const uint8_t *)data->data + at;
			size_t length = (size_t)prefix[1] << 24 | prefix[2] << 16 | prefix[3] << 8 | prefix[4];

			REQUIRE(!prefix[0]);
			REQUIRE(!length || !is_bad((const char *)prefix + 5));
			at += 5 + length;
		}
	}
}

static void open_world(struct world *world)
{
	nghttp2_session_callbacks *callbacks;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_server_new(&world->engine, callbacks, world);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(world->engine, NGHTTP2_FLAG_NONE, NULL, 0);
	world->bridge = grpc_bridge_new(&events, world);
	REQUIRE(world->bridge);
}

/* What it would answer is not said: the fuzzer speaks for the engine. */
static void read_as_engine(struct world *world, const struct buffer *out)
{
	const uint8_t *said;

	nghttp2_session_mem_recv(world->engine, (uint8_t *)out->data, out->length);
	while (nghttp2_session_mem_send(world->engine, &said) > 0)
		;
}

static void flush(struct world *world)
{
	for (int side = GRPC_CLIENT; side <= GRPC_ENGINE; side++) {
		struct buffer out = {.limit = GRPC_SEND_SIZE};

		do {
			out.length = 0;
			REQUIRE(grpc_bridge_send(world->bridge, side, &out) == 0);
			if (side == GRPC_ENGINE && out.length)
				read_as_engine(world, &out);
		} while (out.length);
		buffer_reset(&out);
	}
	check(world);
}

static bool give(struct world *world, enum grpc_side side, const void *data, size_t length)
{
	int r = grpc_bridge_take(world->bridge, side, (struct span){data, length});

	flush(world);
	return r == 0;
}

/* The head of a call, its path from the input, every field a literal without a table (RFC 7541, 6.2.2). */
static size_t write_head(uint8_t *out, const uint8_t *path, size_t length)
{
	static const char pseudo[] = "\203\206\0\12:authority\1x\0\5:path";
	static const char type[] = "\0\14content-type\20application/grpc";
	size_t at = sizeof(pseudo) - 1;

	memcpy(out, pseudo, at);
	out[at++] = length + 2;
	out[at++] = '/';
	out[at++] = "prx"[length % 3];
	memcpy(out + at, path, length);
	at += length;
	memcpy(out + at, type, sizeof(type) - 1);
	return at + sizeof(type) - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
	struct world world = {0};
	bool go_on = true;

	open_world(&world);
	go_on = give(&world, GRPC_CLIENT, preface, sizeof(preface));
	go_on = go_on && give(&world, GRPC_ENGINE, "\0\0\0\4\0\0\0\0\0", 9);
	while (go_on && size >= 4) {
		enum grpc_side side = data[0] & 0x80 ? GRPC_ENGINE : GRPC_CLIENT;
		uint8_t kind = data[0] & 0x0f, flags = data[1], frame[9 + 512];
		size_t length = data[3] < size - 4 ? data[3] : size - 4, written = length;

		if (world.waiting) {
			struct grpc_call *call = world.waiting;

			world.waiting = NULL;
			grpc_call_pass(call);
			flush(&world);
		}
		if (kind == 15) {
			kind = NGHTTP2_HEADERS;
			written = write_head(frame + 9, data + 4, length < 64 ? length : 64);
		} else {
			memcpy(frame + 9, data + 4, length);
		}
		memcpy(frame, (uint8_t[]){0, written >> 8, written, kind, flags, 0, 0, 0, data[2]}, 9);
		go_on = give(&world, side, frame, 9 + written);
		data += 4 + length;
		size -= 4 + length;
	}
	grpc_bridge_free(world.bridge);
	nghttp2_session_del(world.engine);
	for (size_t i = 0; i < world.count; i++)
		buffer_reset(&world.streams[i].data);
	return 0;
}
