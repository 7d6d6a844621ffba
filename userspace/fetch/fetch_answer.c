// SPDX-License-Identifier: Apache-2.0
/*
 * The answer, as curl reads it: its body, the headers that somebody asks for, and how it ended. What it means
 * is not decided here.
 */
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "fetch_internal.h"
#include "util.h"

#define MAX_HEAD 65536 /* of an answer, in bytes */

static int reserve(struct fetch *fetch, size_t more)
{
	size_t need = fetch->size + more + 1, capacity = fetch->capacity ? fetch->capacity : 4096;
	char *body;

	if (need <= fetch->capacity)
		return 0;
	while (capacity < need)
		capacity *= 2;
	body = realloc(fetch->body, capacity);
	if (!body)
		return -ENOMEM;
	fetch->body = body;
	fetch->capacity = capacity;
	return 0;
}

size_t fetch_on_body(char *data, size_t one, size_t size, void *context)
{
	struct fetch *fetch = context;

	(void)one; /* always 1 */
	if (fetch->given_up)
		return 0;
	if (size > fetch->max_size - fetch->size) {
		fetch->too_large = true;
		return 0;
	}
	if (reserve(fetch, size) < 0)
		return 0;
	memcpy(fetch->body + fetch->size, data, size);
	fetch->size += size;
	fetch->body[fetch->size] = '\0';
	return size;
}

/* The value of a header line if it is called `name` and fits; what does not fit is left empty. */
static void take_header(const char *line, size_t length, const char *name, char *value, size_t size)
{
	size_t prefix = strlen(name);

	if (length <= prefix || strncasecmp(line, name, prefix) || line[prefix] != ':')
		return;
	line += prefix + 1;
	length -= prefix + 1;
	while (length && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	while (length && strchr(" \t\r\n", line[length - 1]))
		length--;
	value[0] = '\0';
	if (length >= size || memchr(line, '\0', length))
		return;
	memcpy(value, line, length);
	value[length] = '\0';
}

/* Registries may give several challenges, in one header or in several. */
static void add_challenge(struct fetch_answer *answer, const char *value)
{
	size_t used = strlen(answer->authenticate), length = strlen(value);

	/* One that does not fit is left out, and what is there stays whole. */
	if (!length || used + length + 3 > sizeof(answer->authenticate))
		return;
	if (used) {
		memcpy(answer->authenticate + used, ", ", 2);
		used += 2;
	}
	memcpy(answer->authenticate + used, value, length + 1);
}

size_t fetch_on_header(char *line, size_t one, size_t length, void *context)
{
	struct fetch *fetch = context;
	struct fetch_answer *answer = &fetch->answer;
	char challenge[sizeof(answer->authenticate)] = "";

	(void)one;
	fetch->head_size += length;
	if (fetch->head_size > MAX_HEAD) {
		fetch->too_large = true;
		return 0;
	}
	if (length > 5 && !memcmp(line, "HTTP/", 5)) {
		/* A new head: that of a redirect or of a proxy before it counts no more. */
		answer->content_type[0] = '\0';
		answer->content_digest[0] = '\0';
		answer->authenticate[0] = '\0';
		answer->retry_after[0] = '\0';
		fetch->head_whole = false;
	}
	take_header(
		line, length, "Content-Type", answer->content_type, sizeof(answer->content_type));
	take_header(line, length, "Docker-Content-Digest", answer->content_digest,
		sizeof(answer->content_digest));
	take_header(line, length, "Retry-After", answer->retry_after, sizeof(answer->retry_after));
	take_header(line, length, "WWW-Authenticate", challenge, sizeof(challenge));
	add_challenge(answer, challenge);
	if (length && (line[0] == '\r' || line[0] == '\n')) {
		curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &answer->status);
		fetch->head_whole = answer->status >= 200;
		fetch->head_ready = fetch->data && fetch->head_whole;
	}
	return length;
}

static int error_of(const struct fetch *fetch, CURLcode code)
{
	if (fetch->too_large)
		return -EFBIG;
	switch (code) {
	case CURLE_OK:
		/* curl is content with a head that breaks off; nothing is decided on one. */
		return fetch->head_whole ? 0 : -EPROTO;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return -EHOSTUNREACH;
	case CURLE_ABORTED_BY_CALLBACK: /* check_listener's: nobody there that may be talked to */
	case CURLE_COULDNT_CONNECT:
		/* Also for a unix socket that is not there: -ENOENT would read like a 404. */
		return -ECONNREFUSED;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_FILESIZE_EXCEEDED:
		return -EFBIG;
	default:
		/* Also an answer that ended before its length: half a body is none. */
		return -EPROTO;
	}
}

static void describe(struct fetch *fetch, CURLcode code)
{
	if (fetch->too_large)
		snprintf(fetch->problem, sizeof(fetch->problem),
			"the answer is larger than %zu bytes", fetch->max_size);
	else if (code == CURLE_OK && fetch->answer.error)
		COPY_STRING(fetch->problem, "the answer ended within its head");
	else if (fetch->answer.error && !fetch->problem[0])
		COPY_STRING(fetch->problem, curl_easy_strerror(code));
}

/* What curl knows of a whole answer. */
static void take_facts(struct fetch *fetch)
{
	const char *url = NULL;

	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &fetch->answer.status);
	curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &url);
	/* One that would be cut is another one. */
	if (url && strlen(url) < sizeof(fetch->answer.redirect))
		COPY_STRING(fetch->answer.redirect, url);
}

void fetch_conclude(struct fetch *fetch, CURLcode code)
{
	fetch->answer.error = error_of(fetch, code);
	describe(fetch, code);
	if (!fetch->answer.error)
		take_facts(fetch);
	fetch->finished = true;
}
