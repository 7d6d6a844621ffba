// SPDX-License-Identifier: Apache-2.0
/*
 * A byte there and back between two processes on one CPU, which is as little as a connection can say: what
 * a kernel's hook adds to it is as large a part as it can be. Prints nanoseconds a round trip; under qemu's
 * -icount a nanosecond is an instruction.
 *
 * usage: pingpong unix|tcp COUNT
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void check(long result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static socklen_t make_address(const char *kind, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (!strcmp(kind, "unix")) {
		struct sockaddr_un *address = (struct sockaddr_un *)out;

		address->sun_family = AF_UNIX;
		strcpy(address->sun_path, "/tmp/pingpong.sock");
		unlink(address->sun_path);
		return sizeof(*address);
	} else {
		struct sockaddr_in *address = (struct sockaddr_in *)out;

		address->sin_family = AF_INET;
		address->sin_port = htons(5151);
		address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*address);
	}
}

static int open_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0), on = 1;

	check(fd, "socket");
	if (family == AF_INET) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	return fd;
}

static void echo(int listener)
{
	int fd = accept(listener, NULL, NULL);
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(fd, "accept");
	while (read(fd, &byte, 1) == 1)
		if (write(fd, &byte, 1) != 1)
			break;
	_exit(0);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void round_trips(int fd, long count)
{
	char byte = 'x';

	for (long i = 0; i < count; i++) {
		check(write(fd, &byte, 1), "write");
		check(read(fd, &byte, 1), "read");
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_storage address;
	socklen_t size;
	cpu_set_t one;
	long count = argc == 3 ? atol(argv[2]) : 0;
	double begin;
	int listener, fd;

	if (count <= 0) {
		fprintf(stderr, "usage: pingpong unix|tcp COUNT\n");
		return 2;
	}
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	size = make_address(argv[1], &address);
	listener = open_socket(address.ss_family);
	check(bind(listener, (struct sockaddr *)&address, size), "bind");
	check(listen(listener, 1), "listen");
	if (fork() == 0)
		echo(listener);
	fd = open_socket(address.ss_family);
	check(connect(fd, (struct sockaddr *)&address, size), "connect");
	round_trips(fd, count / 10 + 1);
	begin = now();
	round_trips(fd, count);
	printf("%.1f\n", (now() - begin) / count);
	return 0;
}
