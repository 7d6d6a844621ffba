// SPDX-License-Identifier: Apache-2.0
/*
 * plant PATH...: puts a listening socket of its own at each PATH, the first at descriptor 3, and answers
 * whoever comes to the first as an engine would. Like the engine it binds without permission bits and
 * sets them when it listens. Ends when it is killed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16) ||
		chmod(path, 0666)) {
		perror("plant");
		_exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 2)
		return 2;
	signal(SIGPIPE, SIG_IGN); /* who knocks and leaves must not end it */
	umask(0777);
	fd = listen_at(argv[1]);
	for (int i = 2; i < argc; i++)
		listen_at(argv[i]);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		(void)!write(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 40);
		close(client);
	}
}
