/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a connection on the loop: reads into a buffer that all share, writes at once what the
 * socket takes and queues the rest.
 *
 * Callbacks come from the loop only, never from inside a call made here. Whoever reads from one
 * end to write to the other stops reading above STREAM_HIGH, so a queue never grows much over it.
 */
#ifndef LATCH_MEDIATOR_STREAM_H
#define LATCH_MEDIATOR_STREAM_H

#include <stdbool.h>
#include <uv.h>

#define STREAM_HIGH    (1024 * 1024) /* bytes queued above which nothing more should be produced */
#define STREAM_LOW     (256 * 1024)  /* bytes queued below which it may go on */
#define STREAM_SCRATCH (128 * 1024)

struct stream;

struct stream_events {
	void (*data)(struct stream *stream, char *data, size_t length);
	/* The peer sends no more: 0 for an orderly end, else a negative errno. Comes once. */
	void (*end)(struct stream *stream, int error);
	void (*drained)(struct stream *stream); /* the queue fell below STREAM_LOW */
	/* A queued write failed: the peer reads no more. */
	void (*broken)(struct stream *stream);
	void (*shut)(struct stream *stream);   /* stream_shutdown() took effect */
	void (*closed)(struct stream *stream); /* the memory is the owner's again */
};

struct stream {
	uv_pipe_t pipe;
	uv_shutdown_t shutdown;
	const struct stream_events *events;
	void *owner;
	char *scratch; /* STREAM_SCRATCH bytes, of the process */
	size_t queued;
	bool open;
	bool reading;
	bool ended;     /* the peer sends no more */
	bool shut_down; /* we send no more */
	bool broken;    /* a write failed */
};

/*
 * Has libuv open what it opens with the first stream of a loop: /dev/null, which later is not there.
 * `loop` has nothing else to do yet. Returns 0 or a negative errno.
 */
int stream_prepare(uv_loop_t *loop);

/* Takes a connected, non-blocking descriptor; it is closed with the stream, or on failure. */
int stream_open(struct stream *stream, uv_loop_t *loop, int fd, const struct stream_events *events,
	void *owner, char *scratch);

/* Reads, or stops to. No more data comes after `end`. */
void stream_read(struct stream *stream, bool wanted);

/*
 * Sends bytes; what the socket does not take is copied. Returns 0, or a negative errno when the
 * peer reads no more; the bytes are lost then.
 */
int stream_write(struct stream *stream, const uv_buf_t *pieces, unsigned count);
int stream_write_bytes(struct stream *stream, const void *data, size_t length);

/*
 * Sends `head` and then the `length` bytes of `body`, which is freed when they are out or lost, and not
 * copied: it may be large. NULL: no body.
 */
int stream_write_owned(struct stream *stream, uv_buf_t head, char *body, size_t length);

/* Sends no more, once the queue is out; `shut` follows, unless stream->broken is set now. */
void stream_shutdown(struct stream *stream);

/* Has the peer closed altogether, and not only its sending half? */
bool stream_is_gone(const struct stream *stream);

/* Drops the queue. `closed` comes later. */
void stream_close(struct stream *stream);

#endif
