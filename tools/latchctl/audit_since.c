// SPDX-License-Identifier: Apache-2.0
/*
 * Reads moments. Strict: a time that could mean two moments, without an offset, is none.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_since.h"
#include "util.h"

static bool parse_duration(const char *text, time_t now, struct timespec *since)
{
	static const struct { char unit; long seconds; } units[] = { { 's', 1 }, { 'm', 60 },
		{ 'h', 3600 }, { 'd', 86400 } };
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || !end[0] || end[1] || number > 1000000000)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (units[i].unit == *end) {
			*since = (struct timespec){ .tv_sec = now - (time_t)number * units[i].seconds };
			return true;
		}
	return false;
}

/* ".034567": what is behind nanoseconds counts for nothing. NULL: no digits. */
static const char *parse_fraction(const char *text, long *nanoseconds)
{
	long unit = 100000000;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++, unit /= 10)
		*nanoseconds += (*text - '0') * unit;
	return text;
}

/* "Z" or "+01:30", to the end; without either it is UTC, as all that latch writes. */
static bool parse_offset(const char *text, long *seconds)
{
	int hours, minutes, length = 0;

	if (!*text || !strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if ((text[0] != '+' && text[0] != '-') || !isdigit((unsigned char)text[1]) ||
		sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 || length != 5 ||
		text[6] || hours > 23 || minutes > 59)
		return false;
	*seconds = (hours * 60 + minutes) * (text[0] == '-' ? -60L : 60L);
	return true;
}

static bool parse_time(const char *text, struct timespec *since)
{
	struct tm parts = {}, check;
	long nanoseconds = 0, offset = 0;
	const char *end = strptime(text, "%Y-%m-%d", &parts);
	bool good = end != NULL;

	if (good && *end) {
		good = *end == 'T' || *end == 't' || *end == ' ';
		end = good ? strptime(end + 1, "%H:%M:%S", &parts) : NULL;
		if (end && *end == '.')
			end = parse_fraction(end + 1, &nanoseconds);
		good = end && parse_offset(end, &offset);
	}
	if (!good)
		return false;
	check = parts;
	since->tv_sec = timegm(&check) - offset;
	since->tv_nsec = nanoseconds;
	return check.tm_mday == parts.tm_mday; /* no 30th of February */
}

bool audit_since_parse(const char *text, time_t now, struct timespec *since)
{
	return parse_duration(text, now, since) || parse_time(text, since);
}

void audit_since_print(const struct timespec *since, char text[32])
{
	struct tm parts;

	gmtime_r(&since->tv_sec, &parts);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + strlen(text), 32 - strlen(text), ".%06ldZ", since->tv_nsec / 1000);
}
