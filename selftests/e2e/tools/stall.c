// SPDX-License-Identifier: Apache-2.0
/*
 * stall PATH: mounts a file system (FUSE) at PATH that never answers: whoever looks at PATH waits. Static, so
 * that it can be bound into any container. Ends when it is killed, and the mount with it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int server = open("/dev/fuse", O_RDWR);
	char options[96];

	if (argc != 2)
		return 2;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", server);
	if (server < 0 || mount("stall", argv[1], "fuse", 0, options)) {
		perror("stall");
		return 1;
	}
	puts("stalls");
	fflush(stdout);
	pause();
	return 0;
}
