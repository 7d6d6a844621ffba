// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes in and out of a unix socket by way of libuv. Knows nothing of HTTP. Each half of the
 * connection ends by itself (attach needs that: the client's end of input is not the end of the
 * output), so reading and writing have their own ends here.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"
#include "util.h"

#define MAX_PIECES 4

struct queued_write {
	uv_write_t request;
	struct stream *stream;
	size_t length;
	char *owned; /* what is sent behind `data`; NULL: nothing */
	char data[];
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct stream *stream = handle->data;

	(void)suggested;
	/* What is read is consumed before the loop reads again, so one buffer serves all. */
	*buf = uv_buf_init(stream->scratch, STREAM_SCRATCH);
}

static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buf)
{
	struct stream *stream = handle->data;

	if (length > 0) {
		stream->events->data(stream, buf->base, length);
	} else if (length < 0) {
		stream->reading = false;
		stream->ended = true;
		uv_read_stop(handle);
		stream->events->end(stream, length == UV_EOF ? 0 : (int)length);
	}
}

int stream_prepare(uv_loop_t *loop)
{
	uv_pipe_t first;
	int r = uv_pipe_init(loop, &first, 0);

	if (r < 0)
		return r;
	uv_close((uv_handle_t *)&first, NULL);
	return uv_run(loop, UV_RUN_DEFAULT) ? -EBUSY : 0;
}

int stream_open(struct stream *stream, uv_loop_t *loop, int fd, const struct stream_events *events,
	void *owner, char *scratch)
{
	int r;

	*stream = (struct stream){.events = events, .owner = owner, .scratch = scratch};
	r = uv_pipe_init(loop, &stream->pipe, 0);
	if (r < 0) {
		close(fd);
		return r;
	}
	stream->pipe.data = stream;
	stream->open = true;
	r = uv_pipe_open(&stream->pipe, fd);
	if (r < 0) {
		close(fd);
		stream->broken = true;
		stream->ended = true;
		return r;
	}
	return 0;
}

void stream_read(struct stream *stream, bool wanted)
{
	wanted = wanted && stream->open && !stream->ended;
	if (wanted == stream->reading)
		return;
	stream->reading = wanted;
	if (wanted)
		uv_read_start((uv_stream_t *)&stream->pipe, on_alloc, on_read);
	else
		uv_read_stop((uv_stream_t *)&stream->pipe);
}

static void on_written(uv_write_t *request, int status)
{
	struct queued_write *queued = (struct queued_write *)request;
	struct stream *stream = queued->stream;
	size_t before = stream->queued;

	stream->queued -= queued->length;
	free(queued->owned);
	free(queued);
	if (!stream->open)
		return;
	if (status < 0) {
		if (!stream->broken) {
			stream->broken = true;
			stream->events->broken(stream);
		}
		return;
	}
	if (before > STREAM_LOW && stream->queued <= STREAM_LOW)
		stream->events->drained(stream);
}

/* Sends later what was put together in `queued`, and `tail` behind it, which lies in what that owns. */
static int queue(struct stream *stream, struct queued_write *queued, size_t length, uv_buf_t tail)
{
	uv_buf_t pieces[2] = {uv_buf_init(queued->data, length), tail};
	int r;

	queued->stream = stream;
	queued->length = length + tail.len;
	r = uv_write(&queued->request, (uv_stream_t *)&stream->pipe, pieces, tail.len ? 2 : 1, on_written);
	if (r < 0) {
		free(queued);
		return r;
	}
	stream->queued += queued->length;
	return 0;
}

/* Copies what is behind the first `skip` bytes into one request. */
static int queue_copy(
	struct stream *stream, const uv_buf_t *pieces, unsigned count, size_t skip, size_t length)
{
	struct queued_write *queued = malloc(sizeof(*queued) + length);
	size_t at = 0;

	if (!queued)
		return -ENOMEM;
	queued->owned = NULL;
	for (unsigned i = 0; i < count; i++) {
		size_t piece = pieces[i].len;
		size_t cut = skip < piece ? skip : piece;

		skip -= cut;
		memcpy(queued->data + at, pieces[i].base + cut, piece - cut);
		at += piece - cut;
	}
	return queue(stream, queued, length, uv_buf_init(NULL, 0));
}

static bool is_writable(const struct stream *stream)
{
	return stream->open && !stream->shut_down && !stream->broken;
}

/* What the socket takes at once: a number of bytes, or a negative errno. */
static ssize_t try_write(struct stream *stream, const uv_buf_t *pieces, unsigned count)
{
	int r = stream->queued ? UV_EAGAIN :
				 uv_try_write((uv_stream_t *)&stream->pipe, pieces, count);

	return r == UV_EAGAIN ? 0 : r;
}

/* A gap in what the peer reads would be worse than an end. */
static int or_break(struct stream *stream, int r)
{
	if (r < 0)
		stream->broken = true;
	return r;
}

int stream_write(struct stream *stream, const uv_buf_t *pieces, unsigned count)
{
	size_t total = 0;
	ssize_t sent;

	if (!is_writable(stream))
		return -EPIPE;
	for (unsigned i = 0; i < count; i++)
		total += pieces[i].len;
	if (!total)
		return 0;
	sent = try_write(stream, pieces, count);
	if (sent < 0)
		return or_break(stream, sent);
	if ((size_t)sent == total)
		return 0;
	return or_break(stream, queue_copy(stream, pieces, count, sent, total - sent));
}

/* Sends later what is behind the first `skip` bytes of both. `body` stays the caller's if that fails. */
static int queue_owned(
	struct stream *stream, uv_buf_t head, char *body, size_t length, size_t skip)
{
	size_t cut = skip < head.len ? skip : head.len, left = head.len - cut;
	struct queued_write *queued = malloc(sizeof(*queued) + left);

	if (!queued)
		return -ENOMEM;
	memcpy(queued->data, head.base + cut, left);
	skip -= cut;
	queued->owned = body;
	return queue(stream, queued, left, uv_buf_init(body + skip, length - skip));
}

int stream_write_owned(struct stream *stream, uv_buf_t head, char *body, size_t length)
{
	uv_buf_t pieces[2] = {head, uv_buf_init(body, length)};
	_cleanup_free_ char *owned = body; /* until it is queued */
	ssize_t sent;
	int r;

	if (!is_writable(stream))
		return -EPIPE;
	sent = try_write(stream, pieces, body ? 2 : 1);
	if (sent < 0)
		return or_break(stream, sent);
	if ((size_t)sent == head.len + length)
		return 0;
	r = queue_owned(stream, head, body, length, sent);
	if (r == 0)
		owned = NULL;
	return or_break(stream, r);
}

int stream_write_bytes(struct stream *stream, const void *data, size_t length)
{
	uv_buf_t piece = uv_buf_init((char *)data, length);

	return stream_write(stream, &piece, 1);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	struct stream *stream = request->data;

	(void)status;
	if (stream->open)
		stream->events->shut(stream);
}

void stream_shutdown(struct stream *stream)
{
	if (!stream->open || stream->shut_down)
		return;
	stream->shut_down = true;
	stream->shutdown.data = stream;
	if (uv_shutdown(&stream->shutdown, (uv_stream_t *)&stream->pipe, on_shutdown) < 0)
		stream->broken = true; /* and `shut` will not come */
}

bool stream_is_gone(const struct stream *stream)
{
	struct pollfd poll_fd = {.events = POLLOUT};
	uv_os_fd_t fd;

	if (!stream->open || uv_fileno((const uv_handle_t *)&stream->pipe, &fd) < 0)
		return true;
	poll_fd.fd = fd;
	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & (POLLHUP | POLLERR);
}

static void on_closed(uv_handle_t *handle)
{
	struct stream *stream = handle->data;

	stream->events->closed(stream);
}

void stream_close(struct stream *stream)
{
	if (!stream->open)
		return;
	stream->open = false;
	stream->reading = false;
	uv_close((uv_handle_t *)&stream->pipe, on_closed);
}
