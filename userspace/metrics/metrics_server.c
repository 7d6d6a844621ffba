// SPDX-License-Identifier: Apache-2.0
/*
 * A connection's life: accepted, read until its request's head is whole, answered, closed. What a request
 * means is in one table of three answers; llhttp reads it.
 */
#include <errno.h>
#include <llhttp.h>
#include <stdio.h>
#include <unistd.h>

#include "metrics_server.h"
#include "util.h"

#define PATH "/metrics"

/* The page, as long as somebody needs it. */
struct page {
	unsigned int users;
	uint64_t made; /* ms, of the loop's clock */
	size_t length;
	char *text;
};

struct connection {
	struct metrics_server *server;
	struct connection *next, **link; /* newest first */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tcp_t tcp;
	} socket;
	uv_timer_t timer;
	unsigned int handles; /* that the loop still knows */
	bool answered, closing;
	llhttp_t parser;
	size_t received;
	char path[sizeof(PATH) + 1]; /* what there is room for of the target, so that a longer one differs */
	size_t path_length;
	uv_write_t write;
	uv_shutdown_t shutdown;
	char head[256];
	struct page *page; /* that it sends; NULL: none */
};

struct metrics_server {
	uv_loop_t *loop;
	const char *type;
	metrics_page_fn make_page;
	metrics_admit_fn admit;
	void *context;
	llhttp_settings_t settings;
	uv_pipe_t pipe;
	uv_tcp_t tcp;
	bool has_pipe, has_tcp, closing;
	unsigned int handles; /* that the loop still knows, of listeners and connections */
	struct connection *connections;
	unsigned int count;
	uint64_t dropped;
	struct page *page; /* the last one */
};

static void server_released(struct metrics_server *server)
{
	if (!--server->handles && server->closing)
		free(server);
}

/* Pages. */

static void page_put(struct page *page)
{
	if (!page || --page->users)
		return;
	free(page->text);
	free(page);
}

/* The page as it is now, or was a moment ago. NULL without memory. */
static struct page *page_get(struct metrics_server *server)
{
	uint64_t now = uv_now(server->loop);
	struct page *page = server->page;

	if (page && now - page->made < METRICS_FRESH) {
		page->users++;
		return page;
	}
	page = calloc(1, sizeof(*page));
	if (!page)
		return NULL;
	page->text = server->make_page(&page->length, server->context);
	if (!page->text) {
		free(page);
		return NULL;
	}
	page->made = now;
	page->users = 2;
	page_put(server->page);
	server->page = page;
	return page;
}

/* Connections. */

static void on_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;
	struct metrics_server *server = connection->server;

	if (--connection->handles)
		return;
	page_put(connection->page);
	free(connection);
	server_released(server);
}

static void end(struct connection *connection)
{
	if (connection->closing)
		return;
	connection->closing = true;
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	connection->server->count--;
	uv_close(&connection->socket.handle, on_closed);
	uv_close((uv_handle_t *)&connection->timer, on_closed);
}

static void drop(struct connection *connection)
{
	connection->server->dropped++;
	end(connection);
}

static void on_late(uv_timer_t *timer)
{
	drop(timer->data);
}

static void on_shut(uv_shutdown_t *shutdown, int status)
{
	(void)status;
	end(shutdown->data);
}

static void on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;

	connection->shutdown.data = connection;
	if (status < 0 || uv_shutdown(&connection->shutdown, &connection->socket.stream, on_shut) < 0)
		end(connection);
}

static void answer(struct connection *connection, const char *status, const char *fields,
	const char *text, size_t length)
{
	int head = snprintf(connection->head, sizeof(connection->head),
		"HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n", status, fields,
		length);
	uv_buf_t buffers[] = {
		uv_buf_init(connection->head, head),
		uv_buf_init((char *)text, length),
	};

	connection->answered = true;
	uv_read_stop(&connection->socket.stream);
	connection->write.data = connection;
	if (uv_write(&connection->write, &connection->socket.stream, buffers, 2, on_written) < 0)
		end(connection);
}

static void answer_error(struct connection *connection, const char *status, const char *fields,
	const char *text)
{
	answer(connection, status, fields, text, strlen(text));
}

static void answer_page(struct connection *connection)
{
	struct metrics_server *server = connection->server;
	char fields[128];

	connection->page = page_get(server);
	if (!connection->page) {
		answer_error(connection, "503 Service Unavailable", "", "out of memory\n");
		return;
	}
	snprintf(fields, sizeof(fields), "Content-Type: %s\r\n", server->type);
	answer(connection, "200 OK", fields, connection->page->text, connection->page->length);
}

/* A query changes nothing. */
static bool is_metrics(const struct connection *connection)
{
	return !strncmp(connection->path, PATH, strlen(PATH)) &&
	       (!connection->path[strlen(PATH)] || connection->path[strlen(PATH)] == '?');
}

static int on_head(llhttp_t *parser)
{
	struct connection *connection = parser->data;

	if (!is_metrics(connection))
		answer_error(connection, "404 Not Found", "", "the metrics are at " PATH "\n");
	else if (llhttp_get_method(parser) != HTTP_GET)
		answer_error(connection, "405 Method Not Allowed", "Allow: GET\r\n", "only GET\n");
	else
		answer_page(connection);
	return HPE_PAUSED; /* what is behind it is not read */
}

static int on_target(llhttp_t *parser, const char *at, size_t length)
{
	struct connection *connection = parser->data;

	for (size_t i = 0; i < length && connection->path_length < sizeof(connection->path) - 1; i++)
		connection->path[connection->path_length++] = at[i];
	return 0;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char scratch[2048]; /* used up within the call of on_read that follows */

	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(scratch, sizeof(scratch));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;
	enum llhttp_errno r;

	if (size < 0) {
		end(connection); /* it went without asking for anything */
		return;
	}
	connection->received += size;
	r = llhttp_execute(&connection->parser, buffer->base, size);
	if (connection->answered)
		return;
	if (r != HPE_OK)
		answer_error(connection, "400 Bad Request", "", "this is no request of HTTP/1\n");
	else if (connection->received > METRICS_MAX_HEAD)
		answer_error(connection, "431 Request Header Fields Too Large", "", "too large\n");
}

/* Who came first makes room: one that asks is answered at once, so the oldest is one that does not. */
static void make_room(struct metrics_server *server)
{
	struct connection *oldest = server->connections;

	if (server->count < METRICS_MAX_CONNECTIONS)
		return;
	while (oldest->next)
		oldest = oldest->next;
	drop(oldest);
}

static struct connection *connection_new(struct metrics_server *server)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->server = server;
	connection->handles = 2;
	connection->next = server->connections;
	connection->link = &server->connections;
	if (connection->next)
		connection->next->link = &connection->next;
	server->connections = connection;
	server->count++;
	server->handles++;
	llhttp_init(&connection->parser, HTTP_REQUEST, &server->settings);
	connection->parser.data = connection;
	uv_timer_init(server->loop, &connection->timer);
	connection->timer.data = connection;
	uv_timer_start(&connection->timer, on_late, METRICS_TIME, 0);
	return connection;
}

static bool is_admitted(const struct metrics_server *server, struct connection *connection)
{
	int fd;

	if (connection->socket.handle.type == UV_TCP)
		return true;
	return !uv_fileno(&connection->socket.handle, &fd) && server->admit(fd, server->context);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct metrics_server *server = listener->data;
	struct connection *connection;

	if (status < 0)
		return;
	make_room(server);
	connection = connection_new(server);
	if (!connection)
		return; /* without memory: nobody gets metrics any more, and latch goes on */
	if (listener->type == UV_TCP)
		uv_tcp_init(server->loop, &connection->socket.tcp);
	else
		uv_pipe_init(server->loop, &connection->socket.pipe, 0);
	connection->socket.handle.data = connection;
	if (uv_accept(listener, &connection->socket.stream) || !is_admitted(server, connection) ||
		uv_read_start(&connection->socket.stream, on_allocate, on_read))
		drop(connection);
}

/* The server. */

struct metrics_server *metrics_server_new(uv_loop_t *loop, const char *type, metrics_page_fn page,
	metrics_admit_fn admit, void *context)
{
	struct metrics_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->loop = loop;
	server->type = type;
	server->make_page = page;
	server->admit = admit;
	server->context = context;
	server->handles = 1; /* its owner's */
	llhttp_settings_init(&server->settings);
	server->settings.on_url = on_target;
	server->settings.on_headers_complete = on_head;
	return server;
}

int metrics_server_unix(struct metrics_server *server, int listener)
{
	int r;

	uv_pipe_init(server->loop, &server->pipe, 0);
	server->pipe.data = server;
	server->has_pipe = true;
	server->handles++;
	r = uv_pipe_open(&server->pipe, listener);
	if (r < 0) {
		close(listener);
		return r;
	}
	return uv_listen((uv_stream_t *)&server->pipe, METRICS_MAX_CONNECTIONS, on_connection);
}

int metrics_server_tcp(struct metrics_server *server, const struct sockaddr *address)
{
	int r;

	uv_tcp_init(server->loop, &server->tcp);
	server->tcp.data = server;
	server->has_tcp = true;
	server->handles++;
	r = uv_tcp_bind(&server->tcp, address, 0);
	return r < 0 ? r :
		       uv_listen((uv_stream_t *)&server->tcp, METRICS_MAX_CONNECTIONS, on_connection);
}

uint64_t metrics_server_dropped(const struct metrics_server *server)
{
	return server->dropped;
}

static void on_listener_closed(uv_handle_t *handle)
{
	server_released(handle->data);
}

void metrics_server_free(struct metrics_server *server)
{
	if (!server)
		return;
	server->closing = true;
	while (server->connections)
		end(server->connections);
	if (server->has_pipe)
		uv_close((uv_handle_t *)&server->pipe, on_listener_closed);
	if (server->has_tcp)
		uv_close((uv_handle_t *)&server->tcp, on_listener_closed);
	page_put(server->page);
	server_released(server);
}
