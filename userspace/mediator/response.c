// SPDX-License-Identifier: Apache-2.0
/*
 * Follows the engine's answers with llhttp. The engine is trusted, so its bytes are forwarded as
 * they came; they are parsed only to know when the next request may go out, and when the engine
 * says that the connection is now a raw stream. No request can say so.
 */
#include <errno.h>
#include <strings.h>

#include "response.h"
#include "util.h"

static struct response *response_of(llhttp_t *parser)
{
	return (struct response *)((char *)parser - offsetof(struct response, parser));
}

static void collect(char *to, size_t *used, size_t size, const char *at, size_t length)
{
	if (length > size - 1 - *used)
		length = size - 1 - *used;
	memcpy(to + *used, at, length);
	*used += length;
	to[*used] = 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t length)
{
	struct response *response = response_of(parser);

	collect(response->name, &response->name_length, sizeof(response->name), at, length);
	return 0;
}

static int on_field_complete(llhttp_t *parser)
{
	struct response *response = response_of(parser);

	response->in_type = !strcasecmp(response->name, "content-type");
	response->name_length = 0;
	return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
	struct response *response = response_of(parser);

	if (response->in_type)
		collect(response->type, &response->type_length, sizeof(response->type), at, length);
	return 0;
}

static bool is_raw_stream(const struct response *response)
{
	return !strcasecmp(response->type, "application/vnd.docker.raw-stream") ||
	       !strcasecmp(response->type, "application/vnd.docker.multiplexed-stream");
}

/* llhttp: 0 goes on, 1 means that there is no body, 2 that another protocol follows, -1 fails. */
static int on_headers_complete(llhttp_t *parser)
{
	struct response *response = response_of(parser);
	bool framed = parser->flags & (F_CONTENT_LENGTH | F_CHUNKED | F_TRANSFER_ENCODING);

	if (parser->status_code == 101) {
		/* Upgrade is only forwarded where it may be granted: elsewhere this cannot be. */
		if (!response->may_stream)
			return -1;
		response->stream = true;
	} else if (parser->status_code == 200 && !framed && is_raw_stream(response)) {
		/* attach and exec start hijack without an upgrade as well. */
		response->stream = response->may_stream;
	}
	if (response->stream)
		return 2;
	return response->head ? 1 : 0;
}

static int on_message_complete(llhttp_t *parser)
{
	struct response *response = response_of(parser);

	response->type_length = 0;
	response->type[0] = 0;
	/* Interim answers (RFC 9110, 15.2): the final one is still to come. */
	if (parser->status_code / 100 == 1 && !response->stream)
		return 0;
	response->done = true;
	response->keep_alive = !response->stream && llhttp_should_keep_alive(parser);
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_header_field = on_field,
	.on_header_field_complete = on_field_complete,
	.on_header_value = on_value,
	.on_headers_complete = on_headers_complete,
	.on_message_complete = on_message_complete,
};

void response_begin(struct response *response, bool head, bool may_stream)
{
	*response = (struct response){.head = head, .may_stream = may_stream};
	llhttp_init(&response->parser, HTTP_RESPONSE, &settings);
}

int response_feed(struct response *response, const char *data, size_t length, size_t *used)
{
	int r = llhttp_execute(&response->parser, data, length);

	response->begun = true;
	*used = length;
	if (r == HPE_OK && !response->done)
		return RESPONSE_MORE;
	if ((r == HPE_PAUSED || r == HPE_PAUSED_UPGRADE) && response->done) {
		*used = llhttp_get_error_pos(&response->parser) - data;
		return response->stream ? RESPONSE_STREAM : RESPONSE_DONE;
	}
	*used = 0;
	return -EBADMSG;
}

int response_end(struct response *response)
{
	if (llhttp_finish(&response->parser) == HPE_OK || response->done)
		return response->done ? RESPONSE_DONE : -EBADMSG;
	return -EBADMSG;
}
