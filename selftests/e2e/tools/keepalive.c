// SPDX-License-Identifier: Apache-2.0
/*
 * keepalive SOCKET: connects once and prints "connected" or "errno N". Then, for each line "METHOD PATH"
 * on standard input, sends that request (without a body) on the same connection and prints one line:
 * the status of the answer; "errno N" when send failed, which a refusal of the kernel is; "closed"
 * when no answer came. The answer is read to its end, so that the next one is the next request's.
 * "METHOD PATH spliced SIZE" has a body of so many bytes (up to 4096), which comes by splice.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *find_field(char *head, const char *name)
{
	for (char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (!strncasecmp(line + 2, name, strlen(name)))
			return line + 2 + strlen(name);
	return NULL;
}

/* One line, its end included. 0 at the end of the connection. */
static int read_line(FILE *from, char *line, int size)
{
	return fgets(line, size, from) != NULL;
}

static int skip(FILE *from, unsigned long size)
{
	while (size--)
		if (getc(from) == EOF)
			return 0;
	return 1;
}

static int skip_chunks(FILE *from)
{
	char line[256];
	unsigned long size;

	do {
		if (!read_line(from, line, sizeof(line)))
			return 0;
		size = strtoul(line, NULL, 16);
		if (!skip(from, size + 2))
			return 0;
	} while (size);
	return 1;
}

/* Reads one answer. Returns its status, or 0 when there was none. */
static int read_answer(FILE *from)
{
	static char head[65536];
	size_t length = 0;
	int status;
	char *field;

	do {
		if (length + 4096 > sizeof(head) || !read_line(from, head + length, 4096))
			return 0;
		length += strlen(head + length);
	} while (length < 4 || strcmp(head + length - 4, "\r\n\r\n"));
	if (sscanf(head, "HTTP/1.%*d %d", &status) != 1)
		return 0;
	field = find_field(head, "Content-Length:");
	if (field)
		return skip(from, strtoul(field, NULL, 10)) ? status : 0;
	if (find_field(head, "Transfer-Encoding:"))
		return skip_chunks(from) ? status : 0;
	return status;
}

/* Returns 0, or -1 with errno. */
static int splice_body(int fd, size_t size)
{
	static const char body[4096];
	int ends[2], r = 0;

	if (size > sizeof(body) || pipe(ends))
		return -1;
	if (write(ends[1], body, size) != (ssize_t)size ||
		splice(ends[0], NULL, fd, NULL, size, 0) != (ssize_t)size)
		r = -1;
	close(ends[0]);
	close(ends[1]);
	return r;
}

static void ask(int fd, FILE *from, const char *method, const char *path, unsigned int spliced)
{
	char request[2048], field[64] = "";
	int length, status;

	if (strcmp(method, "GET"))
		snprintf(field, sizeof(field), "Content-Length: %u\r\n", spliced);
	length = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: docker\r\n%s\r\n",
		method, path, field);
	if (send(fd, request, length, MSG_NOSIGNAL) != length || (spliced && splice_body(fd, spliced))) {
		printf("errno %d\n", errno);
		return;
	}
	status = read_answer(from);
	if (status)
		printf("%d\n", status);
	else
		puts("closed");
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char line[2048], method[16], path[1024];
	unsigned int spliced;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *from = fdopen(fd, "r");

	if (argc != 2 || !from) {
		fputs("usage: keepalive SOCKET\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		printf("errno %d\n", errno);
		return 1;
	}
	puts("connected");
	while (fgets(line, sizeof(line), stdin)) {
		spliced = 0;
		if (sscanf(line, "%15s %1023s spliced %u", method, path, &spliced) >= 2)
			ask(fd, from, method, path, spliced);
	}
	return 0;
}
