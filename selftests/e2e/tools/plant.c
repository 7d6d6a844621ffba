// SPDX-License-Identifier: Apache-2.0
/*
 * plant PATH: puts a listening socket of its own at PATH and
 * answers whoever comes as an engine would. Like the engine it binds without permission bits and sets
 * them when it listens. Ends when it is killed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (argc != 2)
		return 2;
	strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
	unlink(argv[1]);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	signal(SIGPIPE, SIG_IGN); /* who knocks and leaves must not end it */
	umask(0777);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16) ||
		chmod(argv[1], 0666)) {
		perror("plant");
		return 1;
	}
	for (;;) {
		int client = accept(fd, NULL, NULL);

		(void)!write(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 40);
		close(client);
	}
}
