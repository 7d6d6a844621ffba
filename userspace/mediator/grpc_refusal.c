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
#include <stdlib.h>

#include "grpc_refusal.h"
#include "grpc_status.h"

#define MAX_CALLS 100 /* at once: a client that opens more is told to wait */

struct grpc_refusal {
	nghttp2_session *session;
	struct http2_fields answer; /* to every call */
};

/* To every call's head. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	const struct grpc_refusal *refusal = context;
	nghttp2_nv fields[HTTP2_FIELDS_MAX];
	size_t count = http2_fields_list(&refusal->answer, fields);

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	/* Where it fails the call stays open, and unanswered. */
	nghttp2_submit_response(session, frame->hd.stream_id, fields, count, NULL);
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
	http2_fields_init(&refusal->answer);
	if (grpc_status_answer(&refusal->answer, GRPC_PERMISSION_DENIED, message) < 0 ||
		begin(refusal) < 0) {
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
	http2_fields_free(&refusal->answer);
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
