/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request: its content without the framing it came in.
 */
#ifndef LATCH_MEDIATOR_FRAMING_H
#define LATCH_MEDIATOR_FRAMING_H

#include "head.h"

enum chunk_state {
	CHUNK_SIZE = 0,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER,
	CHUNK_TRAILER_LINE,
	CHUNK_TRAILER_LF,
	CHUNK_END_LF,
};

struct body_decoder {
	enum body_kind kind;
	uint64_t remaining; /* of the body (BODY_LENGTH) or of the chunk */
	enum chunk_state state;
	unsigned digits; /* of the chunk size, so far */
	size_t overhead; /* bytes of this chunk's extension, or of all trailers */
	bool done;
};

/* A body of kind BODY_NONE or of length 0 is done at once. */
void body_decoder_init(struct body_decoder *decoder, enum body_kind kind, uint64_t length);

/*
 * Takes bytes up to and including the next piece of content. Sets *used to the bytes taken and
 * *piece to the content among them (may be empty; points into `data`). decoder->done says whether
 * the body ended; what follows is not touched then. Returns 0, or -EBADMSG for broken framing.
 */
int body_decode(struct body_decoder *decoder, const char *data, size_t length, size_t *used,
	struct span *piece);

#define CHUNK_HEAD_SIZE 20

/* Writes the line before a chunk of `length` bytes; the chunk ends in CRLF. Returns its length. */
size_t chunk_head(char out[CHUNK_HEAD_SIZE], size_t length);
#define CHUNK_TAIL "\r\n"
#define CHUNK_LAST "0\r\n\r\n"

#endif
