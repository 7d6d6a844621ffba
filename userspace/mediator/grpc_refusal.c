// SPDX-License-Identifier: Apache-2.0
/*
 * Refuses gRPC calls so that their callers show why. A client of BuildKit has no use for a page of
 * JSON: it upgrades to HTTP/2 and then calls. A refused upgrade makes buildx start a privileged
 * builder of its own, and one that is accepted and closed leaves it with "error reading server
 * preface: EOF". So the upgrade is accepted, and each call is answered with status 7 and a message.
 *
 * Whatever is called, and with what, is not looked at: nothing here can let a call through.
 */
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grpc_refusal.h"

#define PERMISSION_DENIED "7" /* status codes of gRPC */
#define MAX_CALLS	  100 /* at once: a client that opens more is told to wait */

struct grpc_refusal {
	nghttp2_session *session;
	char *message; /* owned; as a header field holds it */
};

/* gRPC over HTTP/2, "Percent-Encoding": what is not printable ASCII, and the percent sign itself. */
static char *encode(const char *message)
{
	char *encoded = malloc(3 * strlen(message) + 1), *out = encoded;

	if (!encoded)
		return NULL;
	for (; *message; message++) {
		unsigned char c = *message;

		if (c >= ' ' && c <= '~' && c != '%')
			*out++ = c;
		else
			out += sprintf(out, "%%%02X", c);
	}
	*out = '\0';
	return encoded;
}

static nghttp2_nv field(const char *name, const char *value)
{
	return (nghttp2_nv){
		.name = (uint8_t *)name,
		.namelen = strlen(name),
		.value = (uint8_t *)value,
		.valuelen = strlen(value),
	};
}

/* A response without a body, which gRPC calls "Trailers-Only", to every call's head. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	const struct grpc_refusal *refusal = context;
	const nghttp2_nv fields[] = {
		field(":status", "200"),
		field("content-type", "application/grpc"),
		field("grpc-status", PERMISSION_DENIED),
		field("grpc-message", refusal->message),
	};

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	/* Where it fails the call stays open, and unanswered. */
	nghttp2_submit_response(session, frame->hd.stream_id, fields, ARRAY_SIZE(fields), NULL);
	return 0;
}

static int begin(struct grpc_refusal *refusal)
{
	const nghttp2_settings_entry settings = {
		NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_CALLS};
	nghttp2_session_callbacks *callbacks;
	int r;

	if (nghttp2_session_callbacks_new(&callbacks))
		return -ENOMEM;
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	r = nghttp2_session_server_new(&refusal->session, callbacks, refusal);
	nghttp2_session_callbacks_del(callbacks);
	if (!r)
		r = nghttp2_submit_settings(refusal->session, NGHTTP2_FLAG_NONE, &settings, 1);
	return r ? -ENOMEM : 0;
}

struct grpc_refusal *grpc_refusal_new(const char *message)
{
	struct grpc_refusal *refusal = calloc(1, sizeof(*refusal));

	if (!refusal)
		return NULL;
	refusal->message = encode(message);
	if (!refusal->message || begin(refusal) < 0) {
		grpc_refusal_free(refusal);
		return NULL;
	}
	return refusal;
}

void grpc_refusal_free(struct grpc_refusal *refusal)
{
	if (!refusal)
		return;
	nghttp2_session_del(refusal->session);
	free(refusal->message);
	free(refusal);
}

static int send_all(struct grpc_refusal *refusal, struct buffer *out)
{
	const uint8_t *data;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = nghttp2_session_mem_send(refusal->session, &data)) != 0)
		r = n < 0 ? -ENOMEM : buffer_append(out, data, n);
	return r;
}

int grpc_refusal_take(struct grpc_refusal *refusal, struct span data, struct buffer *out)
{
	ssize_t n = 0;
	int r;

	if (data.length)
		n = nghttp2_session_mem_recv(
			refusal->session, (const uint8_t *)data.data, data.length);
	/* Also where that failed: it may have said why in a GOAWAY. */
	r = send_all(refusal, out);
	if (n < 0)
		return n == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
	if (r < 0)
		return r;
	return !nghttp2_session_want_read(refusal->session) &&
	       !nghttp2_session_want_write(refusal->session);
}
