// SPDX-License-Identifier: Apache-2.0
/*
 * Two sessions of nghttp2 and the calls that live in both.
 *
 * A call's `up` runs from the client to the engine, its `down` back. Bytes that wait in either have
 * not been acknowledged to whoever sent them (nghttp2_session_consume comes when they leave), so the
 * windows of HTTP/2 bound them. The exception is a message that is to be judged: it is collected whole
 * and may be larger than a window, so there the bounds are GRPC_MESSAGE_MAX and GRPC_HELD_MAX.
 */
#include <errno.h>
#include <stdio.h>

#include "grpc_bridge.h"

#define MAX_CALLS	  100 /* at once: a client that opens more is told to wait */
#define STREAM_WINDOW	  (256 * 1024)
#define CONNECTION_WINDOW (1024 * 1024)
#define PIPE_HIGH	  (64 * 1024) /* bytes that wait above which the sender gets no more window */
#define PREFIX_SIZE	  5	      /* of a message: is it compressed, and its length */
#define BUFFER_MAX	  (2 * GRPC_MESSAGE_MAX)

/* Bytes on their way through a call, in one direction. */
struct pipe {
	struct buffer buffer;
	size_t taken; /* of `buffer`, from its front */
	size_t owed;  /* bytes taken from the sender that its window has not got back */
	bool ended;   /* nothing follows `buffer` */
};

struct grpc_call {
	struct grpc_bridge *bridge;
	struct grpc_call *next;
	struct grpc_call **link; /* who points here */
	void *data;		 /* the owner's */
	char *path;		 /* owned; NULL: the head had none */
	struct http2_fields head;
	struct http2_fields answer; /* its head, and later its trailers */
	int32_t id[2];		    /* of the stream on each side */
	bool open[2];		    /* is there a stream on that side? */
	struct pipe up, down;
	struct buffer held; /* not judged yet; its end is a message that is not whole */
	enum grpc_judgement judgement;
	bool broken;   /* the head is none that can be written anew */
	bool shown;    /* the owner is asked about the message in front of `held` */
	bool showing;  /* and has not returned */
	bool client_ended;
	bool answered; /* the answer's head went to the client */
	bool trailers; /* `answer` holds them */
};

struct grpc_bridge {
	nghttp2_session *session[2];
	const struct grpc_bridge_events *events;
	void *owner;
	struct grpc_call *calls;
	size_t held; /* bytes, in all calls */
};

static struct grpc_call *call_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- the life of a call ---- */

static struct grpc_call *add_call(struct grpc_bridge *bridge, int32_t id)
{
	struct grpc_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->bridge = bridge;
	call->id[GRPC_CLIENT] = id;
	call->open[GRPC_CLIENT] = true;
	call->up.buffer.limit = call->down.buffer.limit = call->held.limit = BUFFER_MAX;
	http2_fields_init(&call->head);
	http2_fields_init(&call->answer);
	call->next = bridge->calls;
	call->link = &bridge->calls;
	if (call->next)
		call->next->link = &call->next;
	bridge->calls = call;
	return call;
}

/* What nobody takes any more still counts in the window of the whole connection. */
static void drop_pipe(struct grpc_call *call, struct pipe *pipe)
{
	enum grpc_side from = pipe == &call->up ? GRPC_CLIENT : GRPC_ENGINE;

	nghttp2_session_consume(call->bridge->session[from], call->id[from], pipe->owed);
	pipe->owed = 0;
	pipe->taken = 0;
	buffer_reset(&pipe->buffer);
}

static size_t waiting(const struct pipe *pipe)
{
	return pipe->buffer.length - pipe->taken;
}

static void drop_held(struct grpc_call *call)
{
	call->bridge->held -= call->held.length;
	buffer_reset(&call->held);
	call->shown = false;
}

static void free_call(struct grpc_call *call)
{
	call->bridge->events->over(call->bridge->owner, call);
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	drop_held(call);
	drop_pipe(call, &call->up);
	drop_pipe(call, &call->down);
	http2_fields_free(&call->head);
	http2_fields_free(&call->answer);
	free(call->path);
	free(call);
}

static void reset(struct grpc_call *call, enum grpc_side side, uint32_t error)
{
	if (call->open[side])
		nghttp2_submit_rst_stream(
			call->bridge->session[side], NGHTTP2_FLAG_NONE, call->id[side], error);
}

/* Where even that cannot be written: the client sees its call broken off. */
static void break_off(struct grpc_call *call)
{
	reset(call, GRPC_CLIENT, NGHTTP2_INTERNAL_ERROR);
	reset(call, GRPC_ENGINE, NGHTTP2_CANCEL);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *context)
{
	struct grpc_bridge *bridge = context;
	enum grpc_side side = session == bridge->session[GRPC_CLIENT] ? GRPC_CLIENT : GRPC_ENGINE;
	struct grpc_call *call = call_of(session, id);

	if (!call)
		return 0;
	call->open[side] = false;
	if (side == GRPC_CLIENT)
		reset(call, GRPC_ENGINE, NGHTTP2_CANCEL);
	else if (!call->down.ended)
		/* Else the end of the answer is still on its way to the client. */
		reset(call, GRPC_CLIENT, error ? error : NGHTTP2_CANCEL);
	if (!call->open[GRPC_CLIENT] && !call->open[GRPC_ENGINE])
		free_call(call);
	return 0;
}

/* Nobody else has seen why: the owner writes it down. */
static void refuse_unread(struct grpc_call *call, enum grpc_status status, const char *message)
{
	call->bridge->events->refused(call->bridge->owner, call->path, message);
	grpc_call_refuse(call, status, message);
}

/* ---- from the client to the engine ---- */

/* Gives the sender its window back, unless enough waits already. */
static void credit_up(struct grpc_call *call)
{
	if (call->shown || waiting(&call->up) > PIPE_HIGH)
		return;
	nghttp2_session_consume(
		call->bridge->session[GRPC_CLIENT], call->id[GRPC_CLIENT], call->up.owed);
	call->up.owed = 0;
}

static ssize_t read_pipe(struct pipe *pipe, uint8_t *data, size_t size)
{
	size_t n = waiting(pipe) < size ? waiting(pipe) : size;

	if (!n && !pipe->ended)
		return NGHTTP2_ERR_DEFERRED;
	if (n)
		memcpy(data, pipe->buffer.data + pipe->taken, n);
	pipe->taken += n;
	/* Moved down only when there is less to move than was taken: a large message is not moved often. */
	if (pipe->taken >= waiting(pipe)) {
		buffer_consume(&pipe->buffer, pipe->taken);
		pipe->taken = 0;
	}
	return n;
}

static ssize_t read_up(nghttp2_session *session, int32_t id, uint8_t *data, size_t size,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct grpc_call *call = source->ptr;
	ssize_t n = read_pipe(&call->up, data, size);

	(void)session, (void)id, (void)context;
	if (n >= 0 && call->up.ended && !waiting(&call->up))
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (n > 0)
		credit_up(call);
	return n;
}

/* The call is one that may pass: the engine gets its head. */
static void open_engine(struct grpc_call *call)
{
	nghttp2_data_provider provider = {.source.ptr = call, .read_callback = read_up};
	nghttp2_nv fields[HTTP2_FIELDS_MAX];
	int32_t id = nghttp2_submit_request(call->bridge->session[GRPC_ENGINE], NULL, fields,
		http2_fields_list(&call->head, fields), &provider, call);

	if (id < 0) {
		refuse_unread(call, GRPC_UNAVAILABLE,
			"latch: the engine takes no more calls on this connection");
		return;
	}
	call->id[GRPC_ENGINE] = id;
	call->open[GRPC_ENGINE] = true;
	http2_fields_free(&call->head);
}

/* Also one that is over by now: an engine may answer before it has read all. */
static bool was_opened(const struct grpc_call *call)
{
	return call->id[GRPC_ENGINE] != 0;
}

static void resume_up(struct grpc_call *call)
{
	if (call->open[GRPC_ENGINE])
		nghttp2_session_resume_data(
			call->bridge->session[GRPC_ENGINE], call->id[GRPC_ENGINE]);
}

static uint32_t message_length(const struct buffer *held)
{
	const unsigned char *prefix = (const unsigned char *)held->data;

	return (uint32_t)prefix[1] << 24 | prefix[2] << 16 | prefix[3] << 8 | prefix[4];
}

static bool has_message(const struct grpc_call *call)
{
	return call->held.length >= PREFIX_SIZE &&
	       call->held.length - PREFIX_SIZE >= message_length(&call->held);
}

/* May the message in front of `held` be collected? */
static bool check_message(struct grpc_call *call)
{
	if (call->held.length < PREFIX_SIZE)
		return true;
	if (call->held.data[0]) {
		refuse_unread(call, GRPC_UNIMPLEMENTED,
			"latch: a compressed message cannot be judged; send it without compression");
		return false;
	}
	if (message_length(&call->held) > GRPC_MESSAGE_MAX) {
		refuse_unread(call, GRPC_RESOURCE_EXHAUSTED,
			"latch: a message of more than 16 MiB is not read");
		return false;
	}
	return true;
}

static bool is_refused(const struct grpc_call *call)
{
	return call->judgement == GRPC_REFUSE;
}

static void show_message(struct grpc_call *call)
{
	struct span message = {call->held.data + PREFIX_SIZE, message_length(&call->held)};

	call->shown = true;
	call->showing = true;
	call->bridge->events->message(call->bridge->owner, call, message);
	call->showing = false;
}

static void end_up(struct grpc_call *call)
{
	if (call->held.length) {
		refuse_unread(call, GRPC_INVALID_ARGUMENT, "latch: the call ends inside a message");
		return;
	}
	call->up.ended = true;
	if (!was_opened(call))
		open_engine(call);
	resume_up(call);
}

/* Shows messages as long as they are whole and the owner judges at once. */
static void go_on(struct grpc_call *call)
{
	if (call->judgement == GRPC_READ)
		while (!is_refused(call) && !call->shown && check_message(call) && has_message(call))
			show_message(call);
	if (is_refused(call) || call->shown)
		return;
	credit_up(call);
	if (call->client_ended && !call->up.ended)
		end_up(call);
}

void grpc_call_pass(struct grpc_call *call)
{
	size_t length;

	if (!call->shown)
		return; /* it was refused for another reason meanwhile */
	length = PREFIX_SIZE + message_length(&call->held);
	if (buffer_append(&call->up.buffer, call->held.data, length) < 0) {
		refuse_unread(call, GRPC_RESOURCE_EXHAUSTED, "latch: out of memory");
		return;
	}
	buffer_consume(&call->held, length);
	call->bridge->held -= length;
	call->shown = false;
	if (!was_opened(call))
		open_engine(call);
	resume_up(call);
	/* Else show_message's caller goes on. */
	if (!call->showing)
		go_on(call);
}

static int hold(struct grpc_call *call, struct span data)
{
	struct grpc_bridge *bridge = call->bridge;

	if (bridge->held + data.length > GRPC_HELD_MAX)
		return -ENOBUFS;
	if (buffer_append_span(&call->held, data) < 0)
		return -ENOMEM;
	bridge->held += data.length;
	return 0;
}

static int on_client_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t length, void *context)
{
	struct grpc_call *call = call_of(session, id);
	struct span span = {(const char *)data, length};
	int r;

	(void)flags, (void)context;
	if (!call || is_refused(call) || (was_opened(call) && !call->open[GRPC_ENGINE])) {
		nghttp2_session_consume(session, id, length);
		return 0;
	}
	call->up.owed += length;
	r = call->judgement == GRPC_READ ? hold(call, span) :
					   buffer_append_span(&call->up.buffer, span);
	if (r < 0) {
		refuse_unread(call, GRPC_RESOURCE_EXHAUSTED,
			"latch: the messages that wait to be judged are too large");
		return 0;
	}
	if (call->judgement == GRPC_PASS)
		resume_up(call);
	go_on(call);
	return 0;
}

/* ---- a call's head ---- */

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct grpc_call *call;

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	call = add_call(context, frame->hd.stream_id);
	if (!call)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
	return 0;
}

/* Written anew are the fields of gRPC and its metadata; of HTTP's own, those that say something. */
static int keep_field(struct grpc_call *call, const char *name, struct span field, struct span value)
{
	if (!strcmp(name, ":method") && !span_is(value, "POST"))
		return -EBADMSG;
	if (!strcmp(name, ":path")) {
		call->path = strndup(value.data, value.length);
		if (!call->path || strlen(call->path) != value.length)
			return -EBADMSG;
	}
	if (!strcmp(name, "host") || !strcmp(name, "content-length"))
		return 0;
	return http2_fields_add(&call->head, field, value);
}

static int on_client_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *context)
{
	struct grpc_call *call = call_of(session, frame->hd.stream_id);

	(void)flags, (void)context;
	/* Trailers of a client: gRPC has none, and they go nowhere. */
	if (!call || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	if (keep_field(call, (const char *)name, (struct span){(const char *)name, name_length},
		    (struct span){(const char *)value, value_length}) < 0)
		call->broken = true;
	return 0;
}

static bool is_grpc(const struct grpc_call *call)
{
	const char *type = http2_fields_get(&call->head, "content-type");

	return !call->broken && call->path && type && !strncmp(type, "application/grpc", 16);
}

static void begin_call(struct grpc_call *call)
{
	if (!is_grpc(call)) {
		refuse_unread(call, GRPC_INVALID_ARGUMENT,
			"latch: the head of this call is not one of gRPC, or too large");
		return;
	}
	/* Until it is judged it is refused: so nothing passes meanwhile. */
	call->judgement = call->bridge->events->call(call->bridge->owner, call, call->path);
	if (call->judgement == GRPC_PASS)
		open_engine(call);
}

static int on_client_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct grpc_call *call;

	(void)context;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	call = call_of(session, frame->hd.stream_id);
	if (!call)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		begin_call(call);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		call->client_ended = true;
	go_on(call);
	return 0;
}

/* ---- from the engine to the client ---- */

static ssize_t read_down(nghttp2_session *session, int32_t id, uint8_t *data, size_t size,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct grpc_call *call = source->ptr;
	ssize_t n = read_pipe(&call->down, data, size);
	nghttp2_nv fields[HTTP2_FIELDS_MAX];

	(void)context;
	if (n < 0)
		return n;
	nghttp2_session_consume(call->bridge->session[GRPC_ENGINE], call->id[GRPC_ENGINE], n);
	call->down.owed -= n;
	if (!call->down.ended || waiting(&call->down))
		return n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (!call->trailers)
		return n;
	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (nghttp2_submit_trailer(session, id, fields, http2_fields_list(&call->answer, fields)))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return n;
}

static void resume_down(struct grpc_call *call)
{
	if (call->open[GRPC_CLIENT])
		nghttp2_session_resume_data(
			call->bridge->session[GRPC_CLIENT], call->id[GRPC_CLIENT]);
}

/* Sends `answer` as the answer's head, and as all of it where nothing follows. */
static void send_answer(struct grpc_call *call, bool alone)
{
	nghttp2_data_provider provider = {.source.ptr = call, .read_callback = read_down};
	nghttp2_nv fields[HTTP2_FIELDS_MAX];

	call->answered = true;
	if (call->open[GRPC_CLIENT] &&
		nghttp2_submit_response(call->bridge->session[GRPC_CLIENT], call->id[GRPC_CLIENT],
			fields, http2_fields_list(&call->answer, fields), alone ? NULL : &provider))
		break_off(call);
	http2_fields_free(&call->answer);
}

void grpc_call_refuse(struct grpc_call *call, enum grpc_status status, const char *message)
{
	int r;

	call->judgement = GRPC_REFUSE;
	drop_held(call);
	drop_pipe(call, &call->up);
	reset(call, GRPC_ENGINE, NGHTTP2_CANCEL);
	/* What the engine has said so far is cut: the status is what counts. */
	drop_pipe(call, &call->down);
	http2_fields_free(&call->answer);
	call->down.ended = true;
	if (!call->answered) {
		r = grpc_status_answer(&call->answer, status, message);
		if (r == 0)
			send_answer(call, true);
	} else {
		r = grpc_status_add(&call->answer, status, message);
		call->trailers = r == 0;
		resume_down(call);
	}
	if (r < 0)
		break_off(call);
}

static int on_engine_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *context)
{
	struct grpc_call *call = call_of(session, frame->hd.stream_id);

	(void)flags, (void)context;
	if (call && !is_refused(call) &&
		http2_fields_add(&call->answer, (struct span){(const char *)name, name_length},
			(struct span){(const char *)value, value_length}) < 0)
		call->broken = true;
	return 0;
}

static void take_answer_head(struct grpc_call *call, bool last)
{
	const char *status = http2_fields_get(&call->answer, ":status");

	if (call->broken) {
		break_off(call);
	} else if (call->answered) {
		call->trailers = true;
	} else if (status && status[0] == '1') {
		http2_fields_free(&call->answer); /* an interim answer: the final one is still to come */
	} else {
		call->down.ended = last;
		send_answer(call, last);
	}
}

static void follow_goaway(struct grpc_bridge *bridge, const nghttp2_frame *frame)
{
	nghttp2_session *client = bridge->session[GRPC_CLIENT];

	nghttp2_submit_goaway(client, NGHTTP2_FLAG_NONE,
		nghttp2_session_get_last_proc_stream_id(client), frame->goaway.error_code, NULL, 0);
}

static int on_engine_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	struct grpc_call *call;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		follow_goaway(context, frame);
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	call = call_of(session, frame->hd.stream_id);
	if (!call || is_refused(call))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS)
		take_answer_head(call, last);
	if (last && !call->down.ended) {
		call->down.ended = true;
		resume_down(call);
	}
	return 0;
}

static int on_engine_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t length, void *context)
{
	struct grpc_call *call = call_of(session, id);

	(void)flags, (void)context;
	if (!call || is_refused(call)) {
		nghttp2_session_consume(session, id, length);
		return 0;
	}
	call->down.owed += length;
	if (buffer_append(&call->down.buffer, data, length) < 0)
		break_off(call);
	resume_down(call);
	return 0;
}

/* ---- the bridge ---- */

static void set_callbacks(nghttp2_session_callbacks *callbacks, enum grpc_side side)
{
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_callbacks_set_on_begin_headers_callback(
		callbacks, side == GRPC_CLIENT ? on_begin : NULL);
	nghttp2_session_callbacks_set_on_header_callback(
		callbacks, side == GRPC_CLIENT ? on_client_header : on_engine_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(
		callbacks, side == GRPC_CLIENT ? on_client_frame : on_engine_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
		callbacks, side == GRPC_CLIENT ? on_client_data : on_engine_data);
}

static int introduce(nghttp2_session *session, enum grpc_side side)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_CALLS},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP2_FIELDS_SIZE},
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, /* the last: no setting of a server */
	};

	if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings,
		    ARRAY_SIZE(settings) - (side == GRPC_CLIENT)) ||
		nghttp2_session_set_local_window_size(
			session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW))
		return -ENOMEM;
	return 0;
}

static int open_session(struct grpc_bridge *bridge, enum grpc_side side)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	int r = -ENOMEM;

	if (nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&option))
		goto out;
	set_callbacks(callbacks, side);
	nghttp2_option_set_no_auto_window_update(option, 1);
	if (side == GRPC_CLIENT)
		r = nghttp2_session_server_new2(&bridge->session[side], callbacks, bridge, option);
	else
		r = nghttp2_session_client_new2(&bridge->session[side], callbacks, bridge, option);
	r = r ? -ENOMEM : introduce(bridge->session[side], side);
out:
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	return r;
}

struct grpc_bridge *grpc_bridge_new(const struct grpc_bridge_events *events, void *owner)
{
	struct grpc_bridge *bridge = calloc(1, sizeof(*bridge));

	if (!bridge)
		return NULL;
	bridge->events = events;
	bridge->owner = owner;
	if (open_session(bridge, GRPC_CLIENT) < 0 || open_session(bridge, GRPC_ENGINE) < 0) {
		grpc_bridge_free(bridge);
		return NULL;
	}
	return bridge;
}

void grpc_bridge_free(struct grpc_bridge *bridge)
{
	if (!bridge)
		return;
	while (bridge->calls)
		free_call(bridge->calls);
	nghttp2_session_del(bridge->session[GRPC_CLIENT]);
	nghttp2_session_del(bridge->session[GRPC_ENGINE]);
	free(bridge);
}

int grpc_bridge_take(struct grpc_bridge *bridge, enum grpc_side side, struct span data)
{
	ssize_t n = nghttp2_session_mem_recv(
		bridge->session[side], (const uint8_t *)data.data, data.length);

	if (n >= 0)
		return 0;
	return n == NGHTTP2_ERR_NOMEM || n == NGHTTP2_ERR_CALLBACK_FAILURE ? -ENOMEM : -EPROTO;
}

int grpc_bridge_send(struct grpc_bridge *bridge, enum grpc_side side, struct buffer *out)
{
	const uint8_t *data;
	ssize_t n = 1;
	int r = 0;

	while (r == 0 && n > 0 && out->length < GRPC_SEND_SIZE / 2) {
		n = nghttp2_session_mem_send(bridge->session[side], &data);
		r = n < 0 ? -ENOMEM : buffer_append(out, data, n);
	}
	return r;
}

bool grpc_bridge_is_over(const struct grpc_bridge *bridge)
{
	nghttp2_session *client = bridge->session[GRPC_CLIENT];

	return !nghttp2_session_want_read(client) && !nghttp2_session_want_write(client);
}

void grpc_call_set_data(struct grpc_call *call, void *data)
{
	call->data = data;
}

void *grpc_call_data(const struct grpc_call *call)
{
	return call->data;
}
