// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grpc_status.h"

/* gRPC over HTTP/2, "Percent-Encoding": what is not printable ASCII, and the percent sign itself. */
static char *encode(const char *message)
{
	char *encoded = malloc(3 * strlen(message) + 1), *out = encoded;

	if (!encoded)
		return NULL;
	for (; *message; message++) {
		unsigned char c = *message;

		if (c >= ' ' && c <= '~' && c != '%')
			*out++ = c;
		else
			out += sprintf(out, "%%%02X", c);
	}
	*out = '\0';
	return encoded;
}

int grpc_status_add(struct http2_fields *fields, enum grpc_status status, const char *message)
{
	_cleanup_free_ char *encoded = encode(message);
	char number[12];
	int r;

	if (!encoded)
		return -ENOMEM;
	snprintf(number, sizeof(number), "%d", status);
	r = http2_fields_add_text(fields, "grpc-status", number);
	return r < 0 ? r : http2_fields_add_text(fields, "grpc-message", encoded);
}

int grpc_status_answer(struct http2_fields *fields, enum grpc_status status, const char *message)
{
	int r = http2_fields_add_text(fields, ":status", "200");

	if (r == 0)
		r = http2_fields_add_text(fields, "content-type", "application/grpc");
	return r < 0 ? r : grpc_status_add(fields, status, message);
}
