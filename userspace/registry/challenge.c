// SPDX-License-Identifier: Apache-2.0
/*
 * Reads headers that a registry wrote, which may hold anything.
 */
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "challenge.h"
#include "util.h"

#define MAX_RETRY_S INT64_C(900)

static size_t token_length(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz");
}

static const char *skip(const char *text, const char *what)
{
	return text + strspn(text, what);
}

/* A token or a quoted string, cut off at nothing: what does not fit is an error. */
static int read_value(const char **text, char *value, size_t size)
{
	const char *c = *text;
	size_t used = 0, length = token_length(c);

	if (*c != '"') {
		if (!length || length >= size)
			return -EPROTO;
		memcpy(value, c, length);
		value[length] = '\0';
		*text = c + length;
		return 0;
	}
	for (c++; *c != '"'; c++) {
		if (*c == '\\')
			c++;
		if (!*c || used + 1 >= size)
			return -EPROTO;
		value[used++] = *c;
	}
	value[used] = '\0';
	*text = c + 1;
	return 0;
}

/*
 * Is a `name=` next, so that it is a parameter, and not the next challenge's kind? A kind is followed
 * by a space or a comma, or stands alone.
 */
static bool is_parameter(const char *text)
{
	size_t length = token_length(text);

	return length && *skip(text + length, " \t") == '=';
}

static int read_parameter(const char **text, struct challenge *challenge)
{
	size_t length = token_length(*text);
	char name[32], value[512];
	int r;

	if (length >= sizeof(name))
		return -EPROTO;
	memcpy(name, *text, length);
	name[length] = '\0';
	*text = skip(skip(*text + length, " \t") + 1, " \t");
	r = read_value(text, value, sizeof(value));
	if (r < 0 || !challenge)
		return r;
	if (!strcasecmp(name, "realm"))
		COPY_STRING(challenge->realm, value);
	else if (!strcasecmp(name, "service"))
		COPY_STRING(challenge->service, value);
	else if (!strcasecmp(name, "scope"))
		COPY_STRING(challenge->scope, value);
	return 0;
}

/* One challenge: its kind and its parameters. */
static int read_challenge(const char **text, struct challenge *challenge)
{
	size_t length = token_length(*text);
	bool bearer = length == 6 && !strncasecmp(*text, "Bearer", 6);
	struct challenge *into = bearer && !challenge->bearer ? challenge : NULL;

	if (!length)
		return -EPROTO;
	if (length == 5 && !strncasecmp(*text, "Basic", 5))
		challenge->basic = true;
	*text = skip(*text + length, " \t,");
	while (is_parameter(*text)) {
		int r = read_parameter(text, into);

		if (r < 0)
			return r;
		*text = skip(*text, " \t,");
	}
	if (into)
		into->bearer = into->realm[0] != '\0';
	return 0;
}

int challenge_parse(const char *header, struct challenge *challenge)
{
	*challenge = (struct challenge){0};
	for (header = skip(header, " \t,"); *header; header = skip(header, " \t,")) {
		int r = read_challenge(&header, challenge);

		if (r < 0)
			return r;
	}
	return challenge->basic || challenge->bearer ? 0 : -EPROTO;
}

int64_t challenge_retry_after(const char *header, int64_t now)
{
	int64_t seconds;

	if (!header[0])
		return 0;
	if (header[strspn(header, "0123456789")] == '\0')
		seconds = strlen(header) > 6 ? MAX_RETRY_S : atoll(header);
	else
		seconds = curl_getdate(header, NULL) - now; /* -1 for what is no date: over long ago */
	if (seconds < 0)
		seconds = 0;
	return (seconds < MAX_RETRY_S ? seconds : MAX_RETRY_S) * 1000;
}
