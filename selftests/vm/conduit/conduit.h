/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipe between the host and the virtual machine: runs one command in the guest with its
 * standard input, output, error and exit status carried over a virtio-serial port, byte for byte.
 * One client holds a port at a time (flock), so parallel commands use several ports.
 *
 * This header holds what both ends must agree on: the frames, the limits, and the buffer they use.
 */
#ifndef LATCH_VM_CONDUIT_H
#define LATCH_VM_CONDUIT_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * Frames. A client can die in the middle of one, and the next client's bytes follow on the same
 * port without a gap that the guest is sure to see. So the client's direction escapes ESC, and
 * ESC SYNC starts a session wherever it stands; the guest answers with MAGIC and the client's own
 * nonce, before which the client ignores everything. The guest's direction carries the bulk and
 * needs no escaping.
 */
enum frame {
	F_RUN = 'R', /* cwd, argc, argv..., env..., each ended by NUL */
	F_STDIN = 'I',
	F_STDIN_EOF = 'E',
	F_SIGNAL = 'S', /* one byte: the number */
	F_STDOUT = 'o',
	F_STDERR = 'e',
	F_CREDIT = 'c', /* u32: bytes of standard input that the command has taken */
	F_EXIT = 'x',   /* u32: status as a shell gives it */
};

struct header {
	uint8_t type;
	uint8_t zero[3];
	uint32_t len;
};

#define ESC         0xff
#define ESC_LITERAL 0x00
#define ESC_SYNC    0x01
#define MAGIC       "latch-conduit/1\n"
#define NONCE_LEN   16
#define MAX_FRAME   (4u << 20)   /* the longest RUN */
#define CHUNK       (32u << 10)  /* what the guest's driver takes in one write */
#define WINDOW      (256u << 10) /* standard input on its way; the agent can always hold this much */
#define OUT_HIGH    (128u << 10) /* stop reading the command's output above this */
#define ST_LOST     202
#define MAX_PORTS   16

struct buf {
	uint8_t *p;
	size_t len, cap, off;
};

static inline void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p) {
		perror("conduit");
		_exit(ST_LOST);
	}
	return p;
}

static inline void buf_reserve(struct buf *b, size_t more)
{
	if (b->off && b->off == b->len)
		b->off = b->len = 0;
	if (b->len + more <= b->cap)
		return;
	memmove(b->p, b->p + b->off, b->len - b->off);
	b->len -= b->off;
	b->off = 0;
	if (b->len + more > b->cap) {
		b->cap = (b->len + more) * 2;
		b->p = xrealloc(b->p, b->cap);
	}
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

static inline size_t buf_used(const struct buf *b)
{
	return b->len - b->off;
}

static inline void buf_clear(struct buf *b)
{
	b->len = b->off = 0;
}

static inline uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Returns how much was written, 0 when the other side is not ready, -errno when it is gone. */
static inline ssize_t buf_flush(struct buf *b, int fd)
{
	size_t n = buf_used(b);
	ssize_t r;

	if (!n)
		return 0;
	r = write(fd, b->p + b->off, n > CHUNK ? CHUNK : n);
	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	b->off += r;
	return r;
}

static inline void nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int agent_main(void);

#endif
