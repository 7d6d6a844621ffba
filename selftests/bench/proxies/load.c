// SPDX-License-Identifier: Apache-2.0
/*
 * Loads a unix socket that speaks HTTP/1.1, and says in one line of JSON what it saw. One thread, so that
 * what it costs itself is the same for every contender.
 *
 * usage: load SOCKET requests CONNECTIONS SECONDS   keep-alive GET /_ping, one at a time on each
 *        load SOCKET down BYTES [STREAMS]           GET of a container's export
 *        load SOCKET up BYTES [STREAMS]             PUT of an archive
 *        load SOCKET idle CONNECTIONS               connects, waits for a line on standard input, and
 *                                                   times a hundred more connections before it ends
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536
#define PING  "GET /_ping HTTP/1.1\r\nHost: docker\r\nUser-Agent: load\r\n\r\n"

struct connection {
	int fd;
	char head[4096]; /* of the answer, until it is whole */
	size_t have;
	int64_t body;    /* bytes of the answer's body still to come; -1: its head is not whole */
	uint64_t to_send;
	double began;
};

static char chunk[CHUNK];

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die(path);
	return fd;
}

static void watch(int epoll, struct connection *connection, uint32_t events, int operation)
{
	struct epoll_event event = {.events = events, .data.ptr = connection};

	if (epoll_ctl(epoll, operation, connection->fd, &event))
		die("epoll_ctl");
}

static void send_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0)
			die("write");
		text += n;
		length -= n;
	}
}

/* What the answer's head says of its body. Every contender and the engine give a length. */
static int64_t length_of(const char *head)
{
	const char *field = strcasestr(head, "\r\ncontent-length:");

	if (strncmp(head, "HTTP/1.1 200 ", 13) || !field) {
		fprintf(stderr, "load: an answer of another kind: %.200s\n", head);
		exit(1);
	}
	return strtoll(field + strlen("\r\ncontent-length:"), NULL, 10);
}

/* Reads once. True: the answer is whole. */
static bool read_answer(struct connection *connection)
{
	bool in_head = connection->body < 0;
	char *to = in_head ? connection->head + connection->have : chunk;
	size_t room = in_head ? sizeof(connection->head) - 1 - connection->have : CHUNK;
	ssize_t n = read(connection->fd, to, room);
	char *end;

	if (n <= 0) {
		fprintf(stderr, "load: the connection ended within an answer\n");
		exit(1);
	}
	if (!in_head) {
		connection->body -= n;
		return connection->body == 0;
	}
	connection->have += n;
	connection->head[connection->have] = '\0';
	end = strstr(connection->head, "\r\n\r\n");
	if (!end)
		return false;
	connection->body =
		length_of(connection->head) - (connection->have - (end + 4 - connection->head));
	return connection->body == 0;
}

static int compare(const void *one, const void *other)
{
	float a = *(const float *)one, b = *(const float *)other;

	return (a > b) - (a < b);
}

static double used_cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void ask(struct connection *connection)
{
	connection->have = 0;
	connection->body = -1;
	connection->began = now();
	send_all(connection->fd, PING, strlen(PING));
}

static int load_requests(const char *path, int count, double seconds)
{
	struct connection *connections = calloc(count, sizeof(*connections));
	size_t most = 8000000, done = 0;
	float *took = malloc(most * sizeof(*took));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	double began, end;

	for (int i = 0; i < count; i++) {
		connections[i].fd = connect_to(path);
		watch(epoll, &connections[i], EPOLLIN, EPOLL_CTL_ADD);
	}
	began = now();
	end = began + seconds;
	for (int i = 0; i < count; i++)
		ask(&connections[i]);
	while (now() < end) {
		struct epoll_event events[64];
		int n = epoll_wait(epoll, events, 64, 1000);

		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;

			if (!read_answer(connection))
				continue;
			if (done < most)
				took[done++] = now() - connection->began;
			ask(connection);
		}
	}
	seconds = now() - began;
	qsort(took, done, sizeof(*took), compare);
	printf("{\"requests\": %zu, \"per_second\": %.1f, \"p50_us\": %.2f, \"p99_us\": %.2f, "
	       "\"cpu\": %.3f}\n",
		done, done / seconds, took[done / 2] * 1e6, took[done * 99 / 100] * 1e6, used_cpu());
	return 0;
}

static void begin_stream(struct connection *connection, bool up, uint64_t bytes)
{
	char head[256];
	int length = up ? snprintf(head, sizeof(head),
				  "PUT /containers/x/archive?path=/ HTTP/1.1\r\nHost: docker\r\n"
				  "Content-Type: application/x-tar\r\nContent-Length: %llu\r\n\r\n",
				  (unsigned long long)bytes) :
			  snprintf(head, sizeof(head),
				  "GET /containers/x/export?bytes=%llu HTTP/1.1\r\nHost: docker\r\n\r\n",
				  (unsigned long long)bytes);

	connection->body = -1;
	connection->to_send = up ? bytes : 0;
	send_all(connection->fd, head, length);
}

static int load_streams(const char *path, bool up, uint64_t bytes, int count)
{
	struct connection *connections = calloc(count, sizeof(*connections));
	int epoll = epoll_create1(EPOLL_CLOEXEC), left = count;
	double began = now();

	for (int i = 0; i < count; i++) {
		connections[i].fd = connect_to(path);
		begin_stream(&connections[i], up, bytes);
		watch(epoll, &connections[i], up ? EPOLLOUT : EPOLLIN, EPOLL_CTL_ADD);
	}
	while (left) {
		struct epoll_event events[64];
		int n = epoll_wait(epoll, events, 64, 60000);

		if (n <= 0)
			die("nothing moves");
		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;

			if (connection->to_send) {
				size_t size = connection->to_send < CHUNK ? connection->to_send : CHUNK;
				ssize_t sent = send(connection->fd, chunk, size, MSG_DONTWAIT);

				if (sent < 0 && errno != EAGAIN)
					die("send");
				connection->to_send -= sent > 0 ? sent : 0;
				if (!connection->to_send)
					watch(epoll, connection, EPOLLIN, EPOLL_CTL_MOD);
			} else if (read_answer(connection)) {
				close(connection->fd);
				left--;
			}
		}
	}
	printf("{\"bytes\": %llu, \"seconds\": %.4f, \"cpu\": %.3f}\n",
		(unsigned long long)bytes * count, now() - began, used_cpu());
	return 0;
}

static int hold_idle(const char *path, int count)
{
	struct connection one = {0};
	double worst = 0, sum = 0;
	char line[8];

	for (int i = 0; i < count; i++) {
		one.fd = connect_to(path); /* kept until the end */
		ask(&one);
		while (!read_answer(&one))
			;
	}
	printf("{\"idle\": %d}\n", count);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	for (int i = 0; i < 100; i++) {
		double began = now(), took;

		one.fd = connect_to(path);
		ask(&one);
		while (!read_answer(&one))
			;
		took = now() - began;
		close(one.fd);
		sum += took;
		worst = took > worst ? took : worst;
	}
	printf("{\"mean_us\": %.1f, \"worst_us\": %.1f}\n", sum / 100 * 1e6, worst * 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (argc == 5 && !strcmp(argv[2], "requests"))
		return load_requests(argv[1], atoi(argv[3]), atof(argv[4]));
	if (argc >= 4 && (!strcmp(argv[2], "down") || !strcmp(argv[2], "up")))
		return load_streams(argv[1], argv[2][0] == 'u', strtoull(argv[3], NULL, 10),
			argc > 4 ? atoi(argv[4]) : 1);
	if (argc == 4 && !strcmp(argv[2], "idle"))
		return hold_idle(argv[1], atoi(argv[3]));
	fprintf(stderr, "usage: load SOCKET requests CONNECTIONS SECONDS | down BYTES [STREAMS] | "
			"up BYTES [STREAMS] | idle CONNECTIONS\n");
	return 2;
}
