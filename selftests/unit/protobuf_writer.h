/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes messages of Protocol Buffers, for tests: each function appends to a buffer.
 */
#ifndef LATCH_TEST_PROTOBUF_WRITER_H
#define LATCH_TEST_PROTOBUF_WRITER_H

#include <stdint.h>
#include <string.h>

#include "buffer.h"

static inline void write_varint(struct buffer *out, uint64_t value)
{
	do {
		uint8_t byte = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);

		buffer_append(out, &byte, 1);
		value >>= 7;
	} while (value);
}

static inline void write_number(struct buffer *out, unsigned field, uint64_t value)
{
	write_varint(out, field << 3);
	write_varint(out, value);
}

static inline void write_bytes(struct buffer *out, unsigned field, const void *data, size_t length)
{
	write_varint(out, field << 3 | 2);
	write_varint(out, length);
	buffer_append(out, data, length);
}

static inline void write_text(struct buffer *out, unsigned field, const char *text)
{
	write_bytes(out, field, text, strlen(text));
}

/* A message in a field; it is freed. */
static inline void write_message(struct buffer *out, unsigned field, struct buffer *message)
{
	write_bytes(out, field, message->data ? message->data : "", message->length);
	buffer_reset(message);
}

/* An entry of a map of strings. */
static inline void write_entry(struct buffer *out, unsigned field, const char *key, const char *value)
{
	struct buffer entry = {.limit = SIZE_MAX / 2};

	write_text(&entry, 1, key);
	write_text(&entry, 2, value);
	write_message(out, field, &entry);
}

#endif
