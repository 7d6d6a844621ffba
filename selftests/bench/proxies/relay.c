// SPDX-License-Identifier: Apache-2.0
/*
 * The floor of any proxy: takes connections on one unix socket, connects each to another, and copies
 * bytes both ways. It reads nothing of them. One thread, level-triggered epoll, 64 KiB at a time.
 *
 * usage: relay LISTEN ENGINE
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK 65536

struct side {
	struct side *other;
	int fd;
	size_t at, held; /* of what is to be written here */
	int ended;       /* it sends no more */
	char *buffer;
};

static int epoll;
static const char *engine;

static int open_socket(const char *path, int listening)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || (listening ? bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
						 listen(fd, 4096) :
				   connect(fd, (struct sockaddr *)&address, sizeof(address)))) {
		perror(path);
		exit(1);
	}
	return fd;
}

/* Reads where the other side has taken all, writes where something waits. */
static void watch(struct side *side, int operation)
{
	struct epoll_event event = {.data.ptr = side};

	if (!side->ended && !side->other->held)
		event.events |= EPOLLIN;
	if (side->held)
		event.events |= EPOLLOUT;
	epoll_ctl(epoll, operation, side->fd, &event);
}

static void end(struct side *side)
{
	close(side->fd);
	close(side->other->fd);
	side->fd = side->other->fd = -1;
	free(side->buffer);
	free(side->other->buffer);
	/* The structs leak: events of this round may still point at them. A benchmark is short. */
}

static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct side *sides;

	if (fd < 0)
		return;
	sides = calloc(2, sizeof(*sides));
	sides[0] = (struct side){.other = &sides[1], .fd = fd, .buffer = malloc(CHUNK)};
	sides[1] = (struct side){
		.other = &sides[0], .fd = open_socket(engine, 0), .buffer = malloc(CHUNK)};
	watch(&sides[0], EPOLL_CTL_ADD);
	watch(&sides[1], EPOLL_CTL_ADD);
}

/* Returns -1 when the connection is over. */
static int flush(struct side *to)
{
	while (to->held) {
		ssize_t n = write(to->fd, to->buffer + to->at, to->held);

		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		to->at += n;
		to->held -= n;
	}
	if (to->other->ended)
		shutdown(to->fd, SHUT_WR);
	return 0;
}

static int fill(struct side *from)
{
	struct side *to = from->other;
	ssize_t n = read(from->fd, to->buffer, CHUNK);

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	from->ended = n == 0;
	to->at = 0;
	to->held = n;
	if (flush(to) < 0)
		return -1;
	return from->ended && to->ended ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct epoll_event event = {.events = EPOLLIN}, events[64];
	struct rlimit limit;
	int listener;

	if (argc != 3) {
		fprintf(stderr, "usage: relay LISTEN ENGINE\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	signal(SIGPIPE, SIG_IGN);
	engine = argv[2];
	epoll = epoll_create1(EPOLL_CLOEXEC);
	listener = open_socket(argv[1], 1);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int n = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < n; i++) {
			struct side *side = events[i].data.ptr;

			if (!side) {
				accept_one(listener);
				continue;
			}
			if (side->fd < 0)
				continue;
			if ((side->held && flush(side) < 0) ||
				(!side->other->held && !side->ended && fill(side) < 0)) {
				end(side);
				continue;
			}
			watch(side, EPOLL_CTL_MOD);
			watch(side->other, EPOLL_CTL_MOD);
		}
	}
}
