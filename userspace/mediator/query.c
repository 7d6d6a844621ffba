// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "query.h"

bool query_next(struct span *query, struct query_pair *pair)
{
	const char *end, *equals;
	size_t length;

	if (!query->length)
		return false;
	end = memchr(query->data, '&', query->length);
	length = end ? (size_t)(end - query->data) : query->length;
	equals = memchr(query->data, '=', length);
	pair->key = (struct span){query->data, equals ? (size_t)(equals - query->data) : length};
	pair->value = (struct span){
		equals ? equals + 1 : "", equals ? length - pair->key.length - 1 : 0};
	length += end != NULL;
	query->data += length;
	query->length -= length;
	return true;
}

bool query_decode(struct span text, char *out, size_t size, bool *dropped)
{
	size_t used = 0;

	*dropped = false;
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < text.length ? hex_value(text.data[i + 1]) : -1;
			int low = i + 2 < text.length ? hex_value(text.data[i + 2]) : -1;

			*dropped = high < 0 || low < 0;
			if (*dropped)
				return false;
			c = high * 16 + low;
			i += 2;
		}
		if (!c || used + 1 >= size)
			return false;
		out[used++] = c;
	}
	out[used] = 0;
	return true;
}
