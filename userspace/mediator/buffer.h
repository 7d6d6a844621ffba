/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of bytes with a hard limit, and a view of bytes that somebody else owns.
 */
#ifndef LATCH_MEDIATOR_BUFFER_H
#define LATCH_MEDIATOR_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "util.h"

/* Bytes inside something that outlives the view; not ended by NUL. */
struct span {
	const char *data;
	size_t length;
};

#define SPAN(text) ((struct span){(text), sizeof(text) - 1})

/* ASCII case does not count. */
bool span_is(struct span span, const char *text);

struct buffer {
	char *data; /* owned */
	size_t length;
	size_t capacity;
	size_t limit; /* `length` never exceeds it */
};

/* Adds bytes. Returns 0, -ENOBUFS when the limit forbids it, -ENOMEM; then nothing was added. */
int buffer_append(struct buffer *buffer, const void *data, size_t length);
int buffer_append_text(struct buffer *buffer, const char *text);
int buffer_append_span(struct buffer *buffer, struct span span);

/* Drops bytes at the front. */
void buffer_consume(struct buffer *buffer, size_t length);

/* Frees the bytes; the limit stays. */
void buffer_reset(struct buffer *buffer);

#endif
