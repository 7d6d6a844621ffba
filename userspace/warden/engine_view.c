// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "engine_view.h"
#include "util.h"

/* Who called listen(); a socket that systemd passes on was made by pid 1, whose files are the host's. */
static pid_t listener_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return 0;
	COPY_STRING(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return 0;
	return peer.pid;
}

static bool same_file(pid_t pid, const char *what)
{
	char theirs[64], ours[64];
	struct stat one, other;

	snprintf(theirs, sizeof(theirs), "/proc/%d/%s", pid, what);
	snprintf(ours, sizeof(ours), "/proc/self/%s", what);
	return !stat(theirs, &one) && !stat(ours, &other) && one.st_dev == other.st_dev &&
		one.st_ino == other.st_ino;
}

bool engine_view_is_ours(const char *socket)
{
	pid_t pid = listener_of(socket);

	/* 0 as well where it is in a pid namespace that is none of ours. */
	return pid > 0 && same_file(pid, "ns/mnt") && same_file(pid, "root");
}
