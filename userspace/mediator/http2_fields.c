// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "http2_fields.h"

void http2_fields_init(struct http2_fields *fields)
{
	fields->text = (struct buffer){.limit = HTTP2_FIELDS_SIZE};
	fields->count = 0;
}

void http2_fields_free(struct http2_fields *fields)
{
	buffer_reset(&fields->text);
	fields->count = 0;
}

int http2_fields_add(struct http2_fields *fields, struct span name, struct span value)
{
	size_t at = fields->text.length;
	int r = fields->count < HTTP2_FIELDS_MAX ? buffer_append_span(&fields->text, name) : -ENOBUFS;

	if (r == 0)
		r = buffer_append(&fields->text, "", 1);
	if (r == 0)
		r = buffer_append_span(&fields->text, value);
	if (r == 0)
		r = buffer_append(&fields->text, "", 1);
	if (r < 0)
		return r;
	fields->field[fields->count].name = at;
	fields->field[fields->count].name_length = name.length;
	fields->field[fields->count].value = at + name.length + 1;
	fields->field[fields->count].value_length = value.length;
	fields->count++;
	return 0;
}

int http2_fields_add_text(struct http2_fields *fields, const char *name, const char *value)
{
	return http2_fields_add(
		fields, (struct span){name, strlen(name)}, (struct span){value, strlen(value)});
}

const char *http2_fields_get(const struct http2_fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (!strcmp(fields->text.data + fields->field[i].name, name))
			return fields->text.data + fields->field[i].value;
	return NULL;
}

size_t http2_fields_list(const struct http2_fields *fields, nghttp2_nv list[HTTP2_FIELDS_MAX])
{
	uint8_t *text = (uint8_t *)fields->text.data;

	for (size_t i = 0; i < fields->count; i++)
		list[i] = (nghttp2_nv){
			.name = text + fields->field[i].name,
			.namelen = fields->field[i].name_length,
			.value = text + fields->field[i].value,
			.valuelen = fields->field[i].value_length,
		};
	return fields->count;
}
