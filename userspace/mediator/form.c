// SPDX-License-Identifier: Apache-2.0
/*
 * Only spelling is decided here: how a form's bytes are written where a query's stand. A form may
 * hold any byte, a request target only visible ASCII, and `#` would end its query.
 */
#include "form.h"

#include <stdio.h>

static bool fits_query(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '#';
}

static char *put_form(char *out, struct span form)
{
	for (size_t i = 0; i < form.length; i++) {
		unsigned char c = form.data[i];

		if (fits_query(c))
			*out++ = c;
		else
			out += sprintf(out, "%%%02X", c);
	}
	return out;
}

static char *put_span(char *out, struct span span)
{
	memcpy(out, span.data, span.length);
	return out + span.length;
}

char *form_merge(struct span target, struct span form)
{
	const char *question = memchr(target.data, '?', target.length);
	struct span path = {
		target.data, question ? (size_t)(question - target.data) : target.length};
	struct span query = {question, target.length - path.length}; /* with its `?` */
	char *merged = malloc(target.length + 3 * form.length + 3), *out = merged;

	if (!merged)
		return NULL;
	out = put_span(out, path);
	if (form.length > 0) {
		*out++ = '?';
		out = put_form(out, form);
		if (query.length > 0) {
			*out++ = '&';
			query.data++;
			query.length--;
		}
	}
	if (query.length > 0)
		out = put_span(out, query);
	*out = '\0';
	return merged;
}
