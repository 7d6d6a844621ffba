// SPDX-License-Identifier: Apache-2.0
/*
 * Names, defaults and bounds of limits.
 */
#include <errno.h>
#include <stdio.h>

#include "client_limits.h"
#include "util.h"

static const struct row {
	const char *name;
	size_t offset;
	unsigned initial, least, most;
	const char *meaning;
} rows[] = {
#define LIMIT(field, name, initial, least, most, meaning)                                          \
	{name, offsetof(struct limits, field), initial, least, most, meaning},
	LIMITS(LIMIT)
#undef LIMIT
};

_Static_assert(ARRAY_SIZE(rows) == LIMITS_COUNT, "as many as the header says");

static unsigned *value_of(struct limits *limits, const struct row *row)
{
	return (unsigned *)((char *)limits + row->offset);
}

void limits_init(struct limits *limits)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		*value_of(limits, &rows[i]) = rows[i].initial;
}

static int set(struct limits *limits, const struct row *row, const char *text, char *problem,
	size_t size)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < row->least || value > row->most) {
		snprintf(problem, size, "%s: found \"%s\", expected a number from %u to %u (%s)",
			row->name, text, row->least, row->most, row->meaning);
		return -EINVAL;
	}
	*value_of(limits, row) = value;
	return 0;
}

int limits_set(struct limits *limits, const char *text, char *problem, size_t size)
{
	const char *equals = strchr(text, '=');

	for (size_t i = 0; equals && i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == (size_t)(equals - text) &&
			!strncmp(rows[i].name, text, equals - text))
			return set(limits, &rows[i], equals + 1, problem, size);
	snprintf(problem, size, "found \"%s\", expected NAME=VALUE with one of these names:", text);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t length = strlen(problem);

		snprintf(problem + length, size - length, " %s", rows[i].name);
	}
	return -EINVAL;
}

void limits_print(const struct limits *limits, size_t i, char *text, size_t size)
{
	snprintf(text, size, "%s=%u", rows[i].name, *value_of((struct limits *)limits, &rows[i]));
}

void limits_help(size_t i, char *text, size_t size)
{
	snprintf(text, size, "%s=%u: %s (%u to %u)", rows[i].name, rows[i].initial, rows[i].meaning,
		rows[i].least, rows[i].most);
}
