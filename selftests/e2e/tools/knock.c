// SPDX-License-Identifier: Apache-2.0
/*
 * knock PATH...: connects to each unix socket and prints "PATH connected" or "PATH errno N". Static,
 * so that it can be bound into any container. Exits 0 when every connect gave an answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void knock(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		printf("%s errno %d\n", path, errno);
	else
		printf("%s connected\n", path);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: knock PATH...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		knock(argv[i]);
	return 0;
}
