// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the head that the engine reads: no byte of it is where the client put it. What ends at
 * this hop is dropped, and so is what the mediator says itself (Host, framing, Expect, Upgrade);
 * every other field is written with its name and value as they were read.
 */
#include <errno.h>
#include <stdio.h>

#include "serialise.h"

/* Never copied from the client. */
static const char *const not_copied[] = {
	/* of this hop: RFC 9110, 7.6.1 */
	"connection",
	"keep-alive",
	"proxy-authenticate",
	"proxy-authorization",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	"http2-settings",
	/* written by serialise_request(), or answered by the mediator */
	"host",
	"content-length",
	"expect",
};

static bool is_copied(
	const struct request_head *head, const struct forward *forward, struct span name)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_copied); i++)
		if (span_is(name, not_copied[i]))
			return false;
	if (forward->own_json && span_is(name, "content-type"))
		return false;
	return !head_connection_names(head, name);
}

/* The engine does nothing with Host but to refuse odd ones, so odd ones are not handed on. */
static struct span host_of(const struct request_head *head)
{
	if (!head->host || !head->host->length || head->host->length > 255)
		return SPAN("docker");
	for (size_t i = 0; i < head->host->length; i++) {
		unsigned char c = head->host->data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			    (c && strchr(".-_:%[]", c))))
			return SPAN("docker");
	}
	return *head->host;
}

static int append_field(struct buffer *out, struct span name, struct span value)
{
	int r = buffer_append_span(out, name);

	r = r < 0 ? r : buffer_append_text(out, ": ");
	r = r < 0 ? r : buffer_append_span(out, value);
	return r < 0 ? r : buffer_append_text(out, "\r\n");
}

static int append_line(
	const struct request_head *head, const struct forward *forward, struct buffer *out)
{
	int r = buffer_append_span(out, head->method);

	r = r < 0 ? r : buffer_append_text(out, " ");
	r = r < 0 ? r : buffer_append_text(out, forward->target);
	/*
	 * An HTTP/1.0 client stays one, so that the engine itself answers it without chunks and
	 * closes behind the answer.
	 */
	r = r < 0 ? r : buffer_append_text(out, head->minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
	return r < 0 ? r : append_field(out, SPAN("Host"), host_of(head));
}

static int append_framing(const struct forward *forward, struct buffer *out)
{
	char number[24];
	int length;

	switch (forward->body) {
	case BODY_NONE:
		return 0;
	case BODY_CHUNKED:
		return append_field(out, SPAN("Transfer-Encoding"), SPAN("chunked"));
	case BODY_LENGTH:
		length = snprintf(
			number, sizeof(number), "%llu", (unsigned long long)forward->length);
		return append_field(out, SPAN("Content-Length"), (struct span){number, length});
	}
	return -EINVAL;
}

static int append_connection(
	const struct request_head *head, const struct forward *forward, struct buffer *out)
{
	int r;

	if (forward->upgrade && head->upgrade) {
		r = append_field(out, SPAN("Connection"), SPAN("Upgrade"));
		return r < 0 ? r : append_field(out, SPAN("Upgrade"), *head->upgrade);
	}
	return head->close && head->minor ? append_field(out, SPAN("Connection"), SPAN("close"))
					  : 0;
}

int serialise_request(
	const struct request_head *head, const struct forward *forward, struct buffer *out)
{
	int r = append_line(head, forward, out);

	for (size_t i = 0; r == 0 && i < head->field_count; i++)
		if (is_copied(head, forward, head->fields[i].name))
			r = append_field(out, head->fields[i].name, head->fields[i].value);
	if (r == 0 && forward->own_json)
		r = append_field(out, SPAN("Content-Type"), SPAN("application/json"));
	r = r < 0 ? r : append_connection(head, forward, out);
	r = r < 0 ? r : append_framing(forward, out);
	return r < 0 ? r : buffer_append_text(out, "\r\n");
}
