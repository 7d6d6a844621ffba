/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server for faults that no real registry or engine produces: it reads one request head, hands it
 * to the test, writes the bytes that the test returns, and closes. It runs in the test's own loop,
 * on a free loopback port or on a unix socket in a folder of its own.
 */
#ifndef LATCH_FAKE_HTTP_H
#define LATCH_FAKE_HTTP_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define FAKE_CLIENTS 64

struct fake;

/* The answer to a request head, to be freed; NULL: none, ever. */
typedef char *(*fake_answer_fn)(struct fake *fake, const char *head);

struct fake_client {
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	struct fake *fake;
	uv_write_t write;
	char *answer;
	char head[16384];
	size_t size;
	int used;
};

struct fake {
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	uv_loop_t *loop;
	fake_answer_fn answer;
	void *context;
	int port; /* 0: a unix socket */
	char path[64];
	int keep_open; /* do not close after the answer: the test does */
	int requests;
	char heads[16][1024]; /* the first requests, cut */
	struct fake_client *clients[FAKE_CLIENTS];
};

static inline void fake_on_closed(uv_handle_t *handle)
{
	struct fake_client *client = handle->data;

	free(client->answer);
	free(client);
}

static inline void fake_close(struct fake_client *client)
{
	for (int i = 0; i < FAKE_CLIENTS; i++)
		if (client->fake->clients[i] == client)
			client->fake->clients[i] = NULL;
	if (!uv_is_closing((uv_handle_t *)&client->stream))
		uv_close((uv_handle_t *)&client->stream, fake_on_closed);
}

static inline void fake_close_clients(struct fake *fake)
{
	for (int i = 0; i < FAKE_CLIENTS; i++)
		if (fake->clients[i])
			fake_close(fake->clients[i]);
}

static inline void fake_on_written(uv_write_t *write, int status)
{
	struct fake_client *client = write->data;

	(void)status;
	if (!client->fake->keep_open && !uv_is_closing((uv_handle_t *)&client->stream))
		fake_close(client);
}

static inline void fake_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	struct fake_client *client = handle->data;

	(void)size;
	*buffer = uv_buf_init(client->head + client->size, sizeof(client->head) - client->size - 1);
}

static inline void fake_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct fake_client *client = stream->data;
	struct fake *fake = client->fake;
	uv_buf_t out;

	(void)buffer;
	if (got < 0) {
		fake_close(client);
		return;
	}
	client->size += got;
	client->head[client->size] = '\0';
	/* TLS, which insecure registries are offered first. */
	if (client->head[0] == 0x16) {
		fake_close(client);
		return;
	}
	if (client->answer || !strstr(client->head, "\r\n\r\n"))
		return;
	if (fake->requests < 16)
		snprintf(fake->heads[fake->requests], sizeof(fake->heads[0]), "%.1000s",
			client->head);
	fake->requests++;
	client->answer = fake->answer(fake, client->head);
	if (!client->answer)
		return;
	out = uv_buf_init(client->answer, strlen(client->answer));
	client->write.data = client;
	uv_write(&client->write, stream, &out, 1, fake_on_written);
}

static inline void fake_on_connect(uv_stream_t *server, int status)
{
	struct fake *fake = server->data;
	struct fake_client *client = calloc(1, sizeof(*client));

	(void)status;
	client->fake = fake;
	if (fake->port)
		uv_tcp_init(fake->loop, &client->tcp);
	else
		uv_pipe_init(fake->loop, &client->pipe, 0);
	client->stream.data = client;
	uv_accept(server, &client->stream);
	for (int i = 0; i < FAKE_CLIENTS; i++)
		if (!fake->clients[i]) {
			fake->clients[i] = client;
			break;
		}
	uv_read_start(&client->stream, fake_alloc, fake_on_read);
}

static inline void fake_start_tcp(struct fake *fake, uv_loop_t *loop, fake_answer_fn answer)
{
	struct sockaddr_in address;
	int size = sizeof(address);

	memset(fake, 0, sizeof(*fake));
	fake->loop = loop;
	fake->answer = answer;
	uv_tcp_init(loop, &fake->tcp);
	fake->stream.data = fake;
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_bind(&fake->tcp, (struct sockaddr *)&address, 0);
	uv_listen(&fake->stream, 16, fake_on_connect);
	uv_tcp_getsockname(&fake->tcp, (struct sockaddr *)&address, &size);
	fake->port = ntohs(address.sin_port);
}

static inline void fake_start_unix(struct fake *fake, uv_loop_t *loop, fake_answer_fn answer)
{
	char folder[] = "/tmp/latch-fake.XXXXXX";

	memset(fake, 0, sizeof(*fake));
	fake->loop = loop;
	fake->answer = answer;
	uv_pipe_init(loop, &fake->pipe, 0);
	fake->stream.data = fake;
	snprintf(fake->path, sizeof(fake->path), "%s/socket", mkdtemp(folder));
	uv_pipe_bind(&fake->pipe, fake->path);
	uv_listen(&fake->stream, 16, fake_on_connect);
}

/* The loop must run afterwards. */
static inline void fake_stop(struct fake *fake)
{
	fake_close_clients(fake);
	uv_close((uv_handle_t *)&fake->stream, NULL);
	if (fake->path[0]) {
		char folder[sizeof(fake->path)];

		snprintf(folder, sizeof(folder), "%s", fake->path);
		*strrchr(folder, '/') = '\0';
		unlink(fake->path);
		rmdir(folder);
	}
}

/* An answer with a length. `headers` are whole lines or "". */
static inline char *fake_http(int status, const char *headers, const char *body)
{
	char *text;

	if (asprintf(&text, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n%s", status,
		    strlen(body), headers, body) < 0)
		abort();
	return text;
}

/* One that has the length of `body`, but not the body: to HEAD. */
static inline char *fake_head(int status, const char *headers)
{
	char *text;

	if (asprintf(&text, "HTTP/1.1 %d X\r\nContent-Length: 5\r\n%s\r\n", status, headers) < 0)
		abort();
	return text;
}

/*
 * Runs the loop a little: `while (!happened) fake_turn(&loop);`. Not UV_RUN_ONCE, which waits for
 * ever when what was waited for ran as one of the timers before its poll.
 */
static inline void fake_turn(uv_loop_t *loop)
{
	if (!uv_run(loop, UV_RUN_NOWAIT))
		abort(); /* nothing left that could happen */
	usleep(500);
}

/* Ends the loop; 0 when nothing was left in it. */
static inline int fake_end_loop(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	return uv_loop_close(loop);
}

#endif
