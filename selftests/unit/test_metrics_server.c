// SPDX-License-Identifier: Apache-2.0
/*
 * The server of the metrics, asked over real sockets by clients that behave and by those that do not. Its
 * loop and the clients take turns in one thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cmocka.h>

#include "metrics_server.h"
#include "metrics_service.h"
#include "util.h"

#define LARGE (8 * 1024 * 1024)

struct fixture {
	uv_loop_t loop;
	struct metrics_server *server;
	struct sockaddr_un address;
	socklen_t address_size;
	bool admits, has_memory;
	size_t page_size;
	unsigned int pages;
};

static char *make_page(size_t *length, void *context)
{
	struct fixture *f = context;
	char *text = f->has_memory ? malloc(f->page_size) : NULL;

	f->pages++;
	if (text)
		memset(text, 'x', f->page_size);
	*length = f->page_size;
	return text;
}

static bool admit(int fd, void *context)
{
	struct fixture *f = context;

	assert_true(fd >= 0);
	return f->admits;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	sa_family_t family = AF_UNIX;

	/* The kernel chooses an abstract name. */
	assert_int_equal(bind(listener, (struct sockaddr *)&family, sizeof(family)), 0);
	f->address_size = sizeof(f->address);
	getsockname(listener, (struct sockaddr *)&f->address, &f->address_size);
	uv_loop_init(&f->loop);
	f->admits = f->has_memory = true;
	f->page_size = 20;
	f->server = metrics_server_new(&f->loop, "text/x", make_page, admit, f);
	assert_int_equal(metrics_server_unix(f->server, listener), 0);
	*state = f;
	return 0;
}

/* Also shows that nothing of the server's is left in the loop. */
static int tear_down(void **state)
{
	struct fixture *f = *state;

	metrics_server_free(f->server);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
}

static int open_client(struct fixture *f)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* The backlog is short: room is made by turns of the loop. */
	for (int i = 0; i < 100 && connect(fd, (struct sockaddr *)&f->address, f->address_size); i++) {
		assert_int_equal(errno, EAGAIN);
		turn(f);
	}
	turn(f);
	return fd;
}

static void say(struct fixture *f, int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	turn(f);
}

/* What has come. Sets *ended when it was all. */
static size_t hear(struct fixture *f, int fd, char *out, size_t room, bool *ended)
{
	size_t length = 0;
	ssize_t size;

	*ended = false;
	for (int i = 0; i < 1000; i++) {
		size = recv(fd, out + length, room - 1 - length, 0);
		if (size == 0 || (size < 0 && errno != EAGAIN)) {
			*ended = true;
			break;
		}
		if (size > 0)
			length += size;
		else if (i > 3)
			break;
		turn(f);
	}
	out[length] = 0;
	return length;
}

static void assert_answer(struct fixture *f, const char *request, const char *expected)
{
	int fd = open_client(f);
	char text[4096];
	bool ended;

	say(f, fd, request);
	hear(f, fd, text, sizeof(text), &ended);
	assert_true(ended);
	text[strcspn(text, "\r")] = 0;
	assert_string_equal(text, expected);
	close(fd);
}

#define GET "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"

static void a_reader_gets_the_page_and_the_end(void **state)
{
	struct fixture *f = *state;
	int fd = open_client(f);
	char text[4096];
	bool ended;

	say(f, fd, GET);
	hear(f, fd, text, sizeof(text), &ended);
	assert_true(ended);
	assert_string_equal(text, "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 20\r\n"
				  "Connection: close\r\n\r\nxxxxxxxxxxxxxxxxxxxx");
	close(fd);
}

static void only_one_page_is_there_and_only_to_be_read(void **state)
{
	struct fixture *f = *state;

	assert_answer(f, "GET /metrics?x=y HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK");
	assert_answer(f, "GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK");
	assert_answer(f, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found");
	assert_answer(f, "GET /metric HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found");
	assert_answer(f, "GET /metricsx HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found");
	assert_answer(f, "GET /metrics/ HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found");
	assert_answer(f, "GET //metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found");
	assert_answer(f, "POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 405 Method Not Allowed");
	assert_answer(f, "DELETE /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed");
}

static void what_is_no_request_gets_an_error(void **state)
{
	struct fixture *f = *state;

	assert_answer(f, "\x16\x03\x01 hello\r\n\r\n", "HTTP/1.1 400 Bad Request");
	assert_answer(f, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 Bad Request");
	assert_answer(f, "GET /metrics SMTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request");
	assert_int_equal(f->pages, 0);
}

static void a_request_may_come_one_byte_at_a_time(void **state)
{
	struct fixture *f = *state;
	int fd = open_client(f);
	char text[4096];
	bool ended;

	for (const char *c = GET; *c; c++)
		say(f, fd, (char[]){ *c, 0 });
	hear(f, fd, text, sizeof(text), &ended);
	assert_true(ended);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
	close(fd);
}

static void a_head_without_an_end_is_cut_off(void **state)
{
	struct fixture *f = *state;
	int fd = open_client(f);
	char text[4096];
	bool ended;

	say(f, fd, "GET /metrics HTTP/1.1\r\n");
	for (int i = 0; i * 100 < METRICS_MAX_HEAD + 200; i++) {
		char field[101];

		snprintf(field, sizeof(field), "X: %095d\r\n", i);
		if (send(fd, field, strlen(field), MSG_NOSIGNAL) < 0)
			break;
		turn(f);
	}
	hear(f, fd, text, sizeof(text), &ended);
	assert_true(ended);
	text[strcspn(text, "\r")] = 0;
	assert_string_equal(text, "HTTP/1.1 431 Request Header Fields Too Large");
	close(fd);
}

static void the_page_is_made_once_for_many_readers_at_once(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		assert_answer(f, GET, "HTTP/1.1 200 OK");
	/* A slow machine may need more than one. */
	assert_in_range(f->pages, 1, 10);
	usleep((METRICS_FRESH + 50) * 1000);
	f->pages = 0;
	assert_answer(f, GET, "HTTP/1.1 200 OK");
	assert_int_equal(f->pages, 1);
}

static void two_hundred_idle_connections_keep_nobody_out(void **state)
{
	struct fixture *f = *state;
	int idle[200], open = 0;
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		idle[i] = open_client(f);
	assert_answer(f, GET, "HTTP/1.1 200 OK");
	turn(f);
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		open += recv(idle[i], &byte, 1, 0) < 0 && errno == EAGAIN;
	assert_in_range(open, METRICS_MAX_CONNECTIONS - 1, METRICS_MAX_CONNECTIONS);
	assert_int_equal(metrics_server_dropped(f->server), 200 - open);
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		close(idle[i]);
}

static void a_reader_that_does_not_read_holds_up_nobody(void **state)
{
	struct fixture *f = *state;
	int slow, quick;
	char *text = malloc(LARGE + 4096);
	bool ended;

	f->page_size = LARGE;
	slow = open_client(f);
	say(f, slow, GET);
	quick = open_client(f);
	say(f, quick, GET);
	assert_true(hear(f, quick, text, LARGE + 4096, &ended) > LARGE);
	assert_true(ended);
	/* And it has the whole of its own, when it reads after all. */
	assert_true(hear(f, slow, text, LARGE + 4096, &ended) > LARGE);
	assert_true(ended);
	close(quick);
	close(slow);
	free(text);
}

static void a_reader_that_goes_away_in_the_middle_is_forgotten(void **state)
{
	struct fixture *f = *state;

	f->page_size = LARGE;
	for (int i = 0; i < 10; i++) {
		int fd = open_client(f);

		say(f, fd, i % 2 ? GET : "GET /metr");
		close(fd);
		turn(f);
	}
	f->page_size = 20;
	usleep((METRICS_FRESH + 50) * 1000);
	assert_answer(f, GET, "HTTP/1.1 200 OK");
}

static void who_is_not_admitted_gets_the_end_alone(void **state)
{
	struct fixture *f = *state;
	char text[64];
	bool ended;
	int fd;

	f->admits = false;
	fd = open_client(f);
	send(fd, GET, strlen(GET), MSG_NOSIGNAL);
	assert_int_equal(hear(f, fd, text, sizeof(text), &ended), 0);
	assert_true(ended);
	assert_int_equal(f->pages, 0);
	assert_int_equal(metrics_server_dropped(f->server), 1);
	close(fd);
}

static void without_memory_there_is_an_error_and_not_half_a_page(void **state)
{
	struct fixture *f = *state;

	f->has_memory = false;
	assert_answer(f, GET, "HTTP/1.1 503 Service Unavailable");
	f->has_memory = true;
	assert_answer(f, GET, "HTTP/1.1 200 OK");
}

static void the_server_can_end_with_clients_at_hand(void **state)
{
	struct fixture *f = *state;
	int fd = open_client(f);

	f->page_size = LARGE;
	say(f, fd, GET);
	say(f, open_client(f), "GET ");
	/* tear_down() and the sanitizer say whether anything is left. */
}

/* The address of --metrics. */

static void loopback_addresses_are_taken(void **state)
{
	struct sockaddr_storage address;
	const struct sockaddr_in *four = (struct sockaddr_in *)&address;
	const struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;

	(void)state;
	assert_int_equal(metrics_parse_address("127.0.0.1:9469", &address), 0);
	assert_int_equal(four->sin_family, AF_INET);
	assert_int_equal(ntohs(four->sin_port), 9469);
	assert_int_equal(ntohl(four->sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(metrics_parse_address("127.9.8.7:1", &address), 0);
	assert_int_equal(metrics_parse_address("[::1]:65535", &address), 0);
	assert_int_equal(six->sin6_family, AF_INET6);
	assert_int_equal(ntohs(six->sin6_port), 65535);
}

static void no_other_address_is_taken(void **state)
{
	static const char *const texts[] = { "", ":", "9469", ":9469", "127.0.0.1", "127.0.0.1:",
		"127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1",
		"127.0.0.1:9469x", "127.0.0.1:9469:", "127.1:9469", "2130706433:9469", "localhost:9469",
		"0.0.0.0:9469", "10.0.0.1:9469", "128.0.0.1:9469", "126.255.255.255:9469", "[::]:9469",
		"::1:9469", "[::1]9469", "[::1:9469", "[fe80::1]:9469", "[::ffff:127.0.0.1]:9469",
		"[::ffff:10.0.0.1]:9469", "[127.0.0.1]:9469", "[]:9469", "[:9469", "]:9469",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:9469" };
	struct sockaddr_storage address;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (metrics_parse_address(texts[i], &address) != -EINVAL)
			fail_msg("\"%s\" was taken", texts[i]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); /* as latchd does */
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_reader_gets_the_page_and_the_end),
		WITH_SERVER(only_one_page_is_there_and_only_to_be_read),
		WITH_SERVER(what_is_no_request_gets_an_error),
		WITH_SERVER(a_request_may_come_one_byte_at_a_time),
		WITH_SERVER(a_head_without_an_end_is_cut_off),
		WITH_SERVER(the_page_is_made_once_for_many_readers_at_once),
		WITH_SERVER(two_hundred_idle_connections_keep_nobody_out),
		WITH_SERVER(a_reader_that_does_not_read_holds_up_nobody),
		WITH_SERVER(a_reader_that_goes_away_in_the_middle_is_forgotten),
		WITH_SERVER(who_is_not_admitted_gets_the_end_alone),
		WITH_SERVER(without_memory_there_is_an_error_and_not_half_a_page),
		WITH_SERVER(the_server_can_end_with_clients_at_hand),
		cmocka_unit_test(loopback_addresses_are_taken),
		cmocka_unit_test(no_other_address_is_taken),
	};

	return cmocka_run_group_tests_name("metrics_server", tests, NULL, NULL);
}
