/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of one message of Protocol Buffers, one after the other. Strict: what two decoders could
 * read differently is an error.
 */
#ifndef LATCH_MEDIATOR_PROTOBUF_H
#define LATCH_MEDIATOR_PROTOBUF_H

#include <stdint.h>

#include "buffer.h"

enum protobuf_type {
	PROTOBUF_VARINT = 0, /* numbers, booleans, enums */
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_BYTES = 2, /* strings, messages, maps' entries, packed numbers */
	PROTOBUF_FIXED32 = 5,
};

struct protobuf_field {
	uint32_t number;
	enum protobuf_type type;
	uint64_t value;	    /* PROTOBUF_VARINT */
	struct span bytes;  /* PROTOBUF_BYTES; into the message */
};

/*
 * Takes the next field off the front of `message`. Returns 1; 0 at the end; or -EBADMSG: cut short, a
 * number over 64 bits, a group, or a tag that is no field's number in its shortest form (decoders that cut
 * a longer one would see another field).
 */
int protobuf_next(struct span *message, struct protobuf_field *field);

#endif
