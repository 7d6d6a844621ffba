// SPDX-License-Identifier: Apache-2.0
/*
 * Writes values into records, under the keys of the schema and no others. Text that is not UTF-8 is
 * shown with its bytes as \xNN: callers name themselves as they like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_fields.h"
#include "util.h"

/* What is not ASCII becomes \xNN; so does a backslash, or one could be taken for the other. */
static json_t *escaped(const char *text)
{
	_cleanup_free_ char *out = malloc(4 * strlen(text) + 1);
	char *to = out;

	if (!out)
		return NULL;
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < 0x80 && c != '\\')
			*to++ = c;
		else
			to += sprintf(to, "\\x%02X", c);
	}
	*to = 0;
	return json_string(out);
}

json_t *audit_text(const char *text)
{
	json_t *string = json_string(text); /* refuses what is not UTF-8 */

	return string ? string : escaped(text);
}

void field_set(json_t *record, enum audit_key key, json_t *value)
{
	json_object_set_new(record, audit_key_rules[key].name, value);
}

void field_text(json_t *record, enum audit_key key, const char *text)
{
	if (text && text[0])
		field_set(record, key, audit_text(text));
}

void field_number(json_t *record, enum audit_key key, json_int_t number)
{
	field_set(record, key, json_integer(number));
}

void field_time(json_t *record, uint64_t boot_ns)
{
	struct timespec now, boot;
	char text[64];
	struct tm parts;
	int64_t wall;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	wall = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (boot_ns)
		wall -= (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - (int64_t)boot_ns;
	now.tv_sec = wall / 1000000000;
	gmtime_r(&now.tv_sec, &parts);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
		parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
		(int)(wall % 1000000000 / 1000));
	field_text(record, AUDIT_TIME, text);
}
