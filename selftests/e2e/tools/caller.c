// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of faults ask with.
 *
 * caller ask NAME DIR SOCKET...: connects to each socket in turn, ten times a second, asks GET /_ping
 *   where it was let in, and writes a line a try to DIR/NAME.log: "START END SOCKET OUTCOME", times in
 *   ms of CLOCK_BOOTTIME, which no change of the clock moves. While DIR/pause is there it asks nothing,
 *   and has said "paused".
 * caller burst COUNT SOCKET: so many connects one after the other; prints how many gave EPERM.
 * caller hold COUNT SECONDS SOCKET TEXT: so many connections, sends TEXT on each, keeps them so long;
 *   prints how many there are once they are all made.
 *
 * OUTCOME: the status of the answer; "closed" without one; "E<errno>" of connect, "S<errno>" of send;
 * "timeout" after 45 s without an answer. It goes by its NAME, which the audit then has as comm.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_US 100000

static const char request[] = "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Returns the connection, or -1 with errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int error;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* The status line alone: what comes behind it is read to the end and not looked at. */
static void read_answer(int fd, char *outcome, size_t size)
{
	struct timeval patience = { .tv_sec = 45 };
	char answer[4096], rest[4096];
	ssize_t length;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	length = read(fd, answer, sizeof(answer) - 1);
	if (length < 0 && errno == EAGAIN) {
		snprintf(outcome, size, "timeout");
	} else if (length < 12) {
		snprintf(outcome, size, "closed");
	} else {
		snprintf(outcome, size, "%.3s", answer + 9);
		while (read(fd, rest, sizeof(rest)) > 0)
			;
	}
}

static void try(const char *path, char *outcome, size_t size)
{
	int fd = connect_to(path);

	if (fd < 0) {
		snprintf(outcome, size, "E%d", errno);
		return;
	}
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		snprintf(outcome, size, "S%d", errno);
	else
		read_answer(fd, outcome, size);
	close(fd);
}

/* Says once that it pauses. */
static void pause_while(const char *file, FILE *log)
{
	if (access(file, F_OK))
		return;
	fputs("paused\n", log);
	while (!access(file, F_OK))
		usleep(PAUSE_US / 2);
}

static int ask(char **arguments)
{
	char path[256], outcome[32];
	long long start;
	FILE *log;

	prctl(PR_SET_NAME, arguments[0]);
	snprintf(path, sizeof(path), "%s/%s.log", arguments[1], arguments[0]);
	log = fopen(path, "a");
	if (!log)
		return 1;
	setvbuf(log, NULL, _IOLBF, 0);
	snprintf(path, sizeof(path), "%s/pause", arguments[1]);
	for (;;) {
		pause_while(path, log);
		for (int i = 2; arguments[i]; i++) {
			start = now_ms();
			try(arguments[i], outcome, sizeof(outcome));
			fprintf(log, "%lld %lld %d %s\n", start, now_ms(), i - 2, outcome);
		}
		usleep(PAUSE_US);
	}
}

static int burst(char **arguments)
{
	int count = atoi(arguments[0]), refused = 0;

	prctl(PR_SET_NAME, "ask-burst");
	for (int i = 0; i < count; i++) {
		int fd = connect_to(arguments[1]);

		refused += fd < 0 && errno == EPERM;
		if (fd >= 0)
			close(fd);
	}
	printf("%d\n", refused);
	return 0;
}

static int hold(char **arguments)
{
	int count = atoi(arguments[0]), held = 0;

	for (int i = 0; i < count; i++) {
		int fd = connect_to(arguments[2]);

		held += fd >= 0 && send(fd, arguments[3], strlen(arguments[3]), MSG_NOSIGNAL) >= 0;
	}
	printf("%d\n", held);
	fflush(stdout);
	sleep(atoi(arguments[1]));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && !strcmp(argv[1], "ask"))
		return ask(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "burst"))
		return burst(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "hold"))
		return hold(argv + 2);
	fputs("usage: caller ask NAME DIR SOCKET... | burst COUNT SOCKET | hold COUNT SECONDS SOCKET TEXT\n",
		stderr);
	return 2;
}
