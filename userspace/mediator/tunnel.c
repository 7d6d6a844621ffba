// SPDX-License-Identifier: Apache-2.0
/*
 * A connection that the engine turned into a raw stream: attach, exec, BuildKit's session. Bytes go
 * both ways and are never parsed again. Each direction ends by itself: the end of one side's
 * sending is passed on once all that it sent is out, and the other direction stays open.
 */
#include "client.h"

void tunnel_begin(struct client *client, const char *data, size_t length)
{
	client->awaiting = false;
	client->input = INPUT_STREAM;
	if (length)
		tunnel_engine_data(client, data, length);
	/* What the client sent early is next, by client_resume(); its end comes behind that. */
}

void tunnel_client_data(struct client *client, const char *data, size_t length)
{
	/* An engine that reads no more may still have output: that direction goes on. */
	if (stream_write_bytes(&client->engine, data, length) < 0 && client->engine.ended)
		client_linger(client);
}

void tunnel_engine_data(struct client *client, const char *data, size_t length)
{
	/*
	 * A client that reads no more has most likely closed. What it sent before that is still on
	 * its way in and belongs to the engine; the end of it comes by reading.
	 */
	stream_write_bytes(&client->front, data, length);
	client_update(client);
}

void tunnel_client_end(struct client *client)
{
	stream_shutdown(&client->engine);
	if (client->engine.broken)
		client_linger(client);
}

void tunnel_engine_end(struct client *client)
{
	/* Only its sending half: the client may have more to say. */
	if (!client->front.ended && !client->engine.broken && !stream_is_gone(&client->engine))
		stream_shutdown(&client->front);
	else if (!client->front.ended || !client->engine.queued)
		client_linger(client);
	/* Else the client's last words are still going out: tunnel_engine_shut() is next. */
}

void tunnel_engine_shut(struct client *client)
{
	/* All that the client sent is out. A client that closed altogether awaits nothing. */
	if (client->front_gone)
		client_close(client);
	else if (client->engine.ended)
		client_linger(client);
}
