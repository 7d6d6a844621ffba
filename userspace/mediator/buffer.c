// SPDX-License-Identifier: Apache-2.0
/*
 * The one growing array of this program. What fills it comes from hostile clients, so the limit is
 * part of the array and not of the code that appends.
 */
#include <errno.h>
#include <strings.h>

#include "buffer.h"

#define SMALLEST 512

bool span_is(struct span span, const char *text)
{
	return strlen(text) == span.length && !strncasecmp(span.data, text, span.length);
}

int buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	size_t capacity = buffer->capacity ? buffer->capacity : SMALLEST;
	char *grown;

	if (length > buffer->limit || buffer->length > buffer->limit - length)
		return -ENOBUFS;
	if (buffer->length + length > buffer->capacity) {
		while (capacity < buffer->length + length)
			capacity *= 2;
		grown = realloc(buffer->data, capacity);
		if (!grown)
			return -ENOMEM;
		buffer->data = grown;
		buffer->capacity = capacity;
	}
	if (length)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	return 0;
}

int buffer_append_text(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

int buffer_append_span(struct buffer *buffer, struct span span)
{
	return buffer_append(buffer, span.data, span.length);
}

void buffer_consume(struct buffer *buffer, size_t length)
{
	if (length >= buffer->length) {
		/* An idle connection keeps no memory for what it once sent. */
		buffer_reset(buffer);
		return;
	}
	memmove(buffer->data, buffer->data + length, buffer->length - length);
	buffer->length -= length;
}

void buffer_reset(struct buffer *buffer)
{
	free(TAKE_PTR(buffer->data));
	buffer->length = 0;
	buffer->capacity = 0;
}
