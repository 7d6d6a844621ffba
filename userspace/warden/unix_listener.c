// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "unix_listener.h"
#include "util.h"

/* Callers wait here while nobody accepts: as many as the kernel allows (net.core.somaxconn). */
#define BACKLOG 4096

int unix_listener_bind(const char *path, mode_t mode)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	if (fd < 0 || (unlink(path) && errno != ENOENT))
		return -errno;
	COPY_STRING(address.sun_path, path);
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (chmod(path, mode) || listen(fd, BACKLOG))
		return -errno;
	return TAKE_FD(fd);
}
