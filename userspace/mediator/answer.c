// SPDX-License-Identifier: Apache-2.0
/*
 * Writes refusals so that docker's clients show them: Content-Type exactly `application/json`
 * (the CLI compares the string), one key `message`, a line end behind the object as the engine
 * has it, and a reason phrase (docker-py prints it).
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "answer.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{400, "Bad Request"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{408, "Request Timeout"},
	{413, "Request Entity Too Large"},
	{417, "Expectation Failed"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
};

const char *answer_reason(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}

/* `from` bytes and above, and what would move a terminal's cursor, become question marks. */
static void blank_out(char *text, unsigned char from)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f || *c >= from)
			*c = '?';
}

/* Messages quote clients: what they quote may be cut within a character, or be none. */
static char *encode(const char *message)
{
	_cleanup_free_ char *copy = strdup(message);
	json_t *object;
	char *text;

	if (!copy)
		return NULL;
	blank_out(copy, 0xff);
	object = json_pack("{s:s}", "message", copy);
	if (!object) {
		blank_out(copy, 0x80);
		object = json_pack("{s:s}", "message", copy);
	}
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

int answer_write(const struct answer *answer, struct buffer *out)
{
	_cleanup_free_ char *body = encode(answer->message);
	char head[256];
	int r;

	if (!body)
		return -ENOMEM;
	snprintf(head, sizeof(head),
		"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
		answer->status, answer_reason(answer->status), strlen(body) + 1,
		answer->close ? "Connection: close\r\n" : "");
	r = buffer_append_text(out, head);
	if (answer->head)
		return r;
	r = r < 0 ? r : buffer_append_text(out, body);
	return r < 0 ? r : buffer_append_text(out, "\n");
}
