// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "protobuf.h"

#define MAX_VARINT 10	   /* bytes of 64 bits, seven in each */
#define MAX_NUMBER 536870911 /* of a field: 29 bits */

static int take_varint(struct span *message, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < MAX_VARINT && i < message->length; i++) {
		uint8_t byte = message->data[i];

		/* The tenth byte has room for one bit. */
		if (i == MAX_VARINT - 1 && byte > 1)
			return -EBADMSG;
		*value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte & 0x80)
			continue;
		message->data += i + 1;
		message->length -= i + 1;
		return i + 1;
	}
	return -EBADMSG;
}

static int varint_length(uint64_t value)
{
	int length = 1;

	while (value >>= 7)
		length++;
	return length;
}

static int take_tag(struct span *message, struct protobuf_field *field)
{
	uint64_t tag;
	int length = take_varint(message, &tag);

	if (length < 0 || length != varint_length(tag) || tag >> 3 == 0 || tag >> 3 > MAX_NUMBER)
		return -EBADMSG;
	field->number = tag >> 3;
	field->type = tag & 7;
	return 0;
}

static int take_bytes(struct span *message, uint64_t length, struct span *bytes)
{
	if (length > message->length)
		return -EBADMSG;
	*bytes = (struct span){message->data, length};
	message->data += length;
	message->length -= length;
	return 0;
}

int protobuf_next(struct span *message, struct protobuf_field *field)
{
	uint64_t length;
	int r;

	if (!message->length)
		return 0;
	*field = (struct protobuf_field){0};
	r = take_tag(message, field);
	if (r < 0)
		return r;
	switch (field->type) {
	case PROTOBUF_VARINT:
		r = take_varint(message, &field->value);
		break;
	case PROTOBUF_FIXED64:
		r = take_bytes(message, 8, &field->bytes);
		break;
	case PROTOBUF_FIXED32:
		r = take_bytes(message, 4, &field->bytes);
		break;
	case PROTOBUF_BYTES:
		r = take_varint(message, &length);
		if (r > 0)
			r = take_bytes(message, length, &field->bytes);
		break;
	default:
		r = -EBADMSG;
	}
	return r < 0 ? r : 1;
}
