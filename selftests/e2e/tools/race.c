// SPDX-License-Identifier: Apache-2.0
/*
 * race SOCKET COUNT: sends COUNT requests for /_ping while a second thread writes /info over it and
 * back, in one store, as fast as it can. Whoever checks the sender's memory and lets the engine have
 * a later copy of it can be deceived. Prints one line "sent N: P pings, R refused, C cut, F
 * forbidden": F is how often the engine answered what the policy refuses; C how often a connection
 * that the check had let through ended without an answer.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Four letters in front, so that the eight that change lie in one aligned word. */
#define BEFORE "GET "
#define PING   "/_ping H"
#define INFO   "/info? H"
#define BEHIND "TTP/1.1\r\nHost: d\r\n\r\n"

static _Alignas(8) char memory[4 + sizeof(BEFORE PING BEHIND)];
static char *const request = memory + 4;
static volatile int stop;

enum result { PINGED, REFUSED, CUT, FORBIDDEN, RESULTS };

static void *flip(void *unused)
{
	volatile uint64_t *word = (uint64_t *)(memory + 8);
	uint64_t ping, info;

	memcpy(&ping, PING, 8);
	memcpy(&info, INFO, 8);
	while (!stop) {
		*word = info;
		*word = ping;
	}
	return unused;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("race: connect");
		exit(1);
	}
	return fd;
}

/* Reads an answer to its end. Returns its status, or 0 where the connection ended. */
static int read_answer(int fd, size_t *body)
{
	static char text[262144];
	size_t used = 0, head;
	char *end, *length;

	for (;;) {
		ssize_t n = recv(fd, text + used, sizeof(text) - 1 - used, 0);

		if (n <= 0)
			return 0;
		used += n;
		text[used] = '\0';
		end = strstr(text, "\r\n\r\n");
		if (!end)
			continue;
		head = end + 4 - text;
		length = strcasestr(text, "\r\nContent-Length:");
		if (length && length < end)
			*body = strtoul(length + 17, NULL, 10);
		else if (strstr(text, "\r\n0\r\n\r\n"))
			*body = used - head; /* chunked, and its last chunk is here */
		else
			continue;
		if (used >= head + *body)
			return atoi(text + 9);
	}
}

static enum result send_one(int *fd, const char *path)
{
	size_t body = 0;
	int status;

	if (*fd < 0)
		*fd = connect_to(path);
	if (send(*fd, request, strlen(BEFORE PING BEHIND), MSG_NOSIGNAL) < 0) {
		close(*fd);
		*fd = -1;
		return REFUSED;
	}
	status = read_answer(*fd, &body);
	if (!status) {
		close(*fd);
		*fd = -1;
		return CUT;
	}
	if (status == 403)
		return REFUSED;
	return body == 2 ? PINGED : FORBIDDEN; /* "OK", or a page of JSON */
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0, counts[RESULTS] = { 0 };
	pthread_t thread;
	int fd = -1;

	if (!count) {
		fprintf(stderr, "usage: race SOCKET COUNT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	strcpy(request, BEFORE PING BEHIND);
	pthread_create(&thread, NULL, flip, NULL);
	for (unsigned long i = 0; i < count; i++)
		counts[send_one(&fd, argv[1])]++;
	stop = 1;
	pthread_join(thread, NULL);
	printf("sent %lu: %lu pings, %lu refused, %lu cut, %lu forbidden\n", count, counts[PINGED],
		counts[REFUSED], counts[CUT], counts[FORBIDDEN]);
	return 0;
}
