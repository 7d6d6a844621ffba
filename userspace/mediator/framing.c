// SPDX-License-Identifier: Apache-2.0
/*
 * Takes a request's body out of its framing, and frames it again. Content-Length is counted.
 * Chunks are read by RFC 9112, 7.1, strictly: lines end in CRLF, sizes are hexadecimal digits.
 * Extensions and trailers mean nothing to the engine; they are checked for control characters,
 * bounded, and dropped. It never copies: content is handed on where it lies.
 */
#include <errno.h>
#include <stdio.h>

#include "framing.h"

#define CHUNK_MAX_DIGITS   15 /* so that a size never overflows */
#define CHUNK_MAX_OVERHEAD 4096

void body_decoder_init(struct body_decoder *decoder, enum body_kind kind, uint64_t length)
{
	*decoder = (struct body_decoder){.kind = kind};
	if (kind == BODY_LENGTH)
		decoder->remaining = length;
	decoder->done = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
}

static int size_byte(struct body_decoder *decoder, unsigned char c)
{
	int value = hex_value(c);

	if (value >= 0) {
		if (++decoder->digits > CHUNK_MAX_DIGITS)
			return -EBADMSG;
		decoder->remaining = decoder->remaining * 16 + value;
		return 0;
	}
	if (!decoder->digits)
		return -EBADMSG;
	if (c == '\r')
		decoder->state = CHUNK_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t')
		decoder->state = CHUNK_EXTENSION;
	else
		return -EBADMSG;
	return 0;
}

/* A byte of something that is dropped: only its end matters. */
static int dropped_byte(struct body_decoder *decoder, unsigned char c, enum chunk_state at_cr)
{
	if (c == '\r')
		decoder->state = at_cr;
	else if ((c < ' ' && c != '\t') || c == 0x7f || ++decoder->overhead > CHUNK_MAX_OVERHEAD)
		return -EBADMSG;
	return 0;
}

static int expect_byte(
	struct body_decoder *decoder, unsigned char c, char wanted, enum chunk_state next)
{
	if (c != wanted)
		return -EBADMSG;
	decoder->state = next;
	return 0;
}

static int chunk_byte(struct body_decoder *decoder, unsigned char c)
{
	switch (decoder->state) {
	case CHUNK_SIZE:
		return size_byte(decoder, c);
	case CHUNK_EXTENSION:
		return dropped_byte(decoder, c, CHUNK_SIZE_LF);
	case CHUNK_SIZE_LF:
		decoder->digits = 0;
		decoder->overhead = 0;
		return expect_byte(
			decoder, c, '\n', decoder->remaining ? CHUNK_DATA : CHUNK_TRAILER);
	case CHUNK_DATA_CR:
		return expect_byte(decoder, c, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return expect_byte(decoder, c, '\n', CHUNK_SIZE);
	case CHUNK_TRAILER:
		decoder->state = CHUNK_TRAILER_LINE;
		return dropped_byte(decoder, c, CHUNK_END_LF);
	case CHUNK_TRAILER_LINE:
		return dropped_byte(decoder, c, CHUNK_TRAILER_LF);
	case CHUNK_TRAILER_LF:
		return expect_byte(decoder, c, '\n', CHUNK_TRAILER);
	case CHUNK_END_LF:
		decoder->done = c == '\n';
		return decoder->done ? 0 : -EBADMSG;
	case CHUNK_DATA:
		break;
	}
	return -EBADMSG;
}

int body_decode(struct body_decoder *decoder, const char *data, size_t length, size_t *used,
	struct span *piece)
{
	*used = 0;
	*piece = (struct span){data, 0};
	if (decoder->kind == BODY_CHUNKED)
		while (!decoder->done && decoder->state != CHUNK_DATA && *used < length)
			if (chunk_byte(decoder, data[(*used)++]) < 0)
				return -EBADMSG;
	if (decoder->done || *used == length)
		return 0;
	piece->data = data + *used;
	piece->length = length - *used;
	if (piece->length > decoder->remaining)
		piece->length = decoder->remaining;
	*used += piece->length;
	decoder->remaining -= piece->length;
	if (decoder->remaining)
		return 0;
	if (decoder->kind == BODY_CHUNKED)
		decoder->state = CHUNK_DATA_CR;
	else
		decoder->done = true;
	return 0;
}

size_t chunk_head(char out[CHUNK_HEAD_SIZE], size_t length)
{
	return snprintf(out, CHUNK_HEAD_SIZE, "%zx\r\n", length);
}
