/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of one head of HTTP/2, copied, for they are written again later and elsewhere.
 */
#ifndef LATCH_MEDIATOR_HTTP2_FIELDS_H
#define LATCH_MEDIATOR_HTTP2_FIELDS_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

#include "buffer.h"

#define HTTP2_FIELDS_MAX  64		 /* in one head; gRPC's have about ten */
#define HTTP2_FIELDS_SIZE (16 * 1024) /* of names and values together */

struct http2_fields {
	struct buffer text; /* names and values, each ended by NUL */
	struct {
		size_t name, name_length, value, value_length; /* into `text` */
	} field[HTTP2_FIELDS_MAX];
	size_t count;
};

void http2_fields_init(struct http2_fields *fields);
void http2_fields_free(struct http2_fields *fields);

/* 0, or -ENOBUFS: more than a head may have; or -ENOMEM. */
int http2_fields_add(struct http2_fields *fields, struct span name, struct span value);
int http2_fields_add_text(struct http2_fields *fields, const char *name, const char *value);

/* The value of the first field of that name, or NULL; it may hold NUL. */
const char *http2_fields_get(const struct http2_fields *fields, const char *name);

/* For nghttp2, which copies them: valid until a field is added. Returns how many. */
size_t http2_fields_list(const struct http2_fields *fields, nghttp2_nv list[HTTP2_FIELDS_MAX]);

#endif
