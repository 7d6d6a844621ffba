// SPDX-License-Identifier: Apache-2.0
/*
 * Where the public listener comes from: a holder that is still there, or a new socket and a new
 * holder. Where the socket is linked to and who accepts from it is not decided here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "listener.h"
#include "paths.h"
#include "util.h"

/* Callers wait here while nobody accepts: as many as the kernel allows (net.core.somaxconn). */
#define BACKLOG 4096

static int unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static void address_of(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	COPY_STRING(address->sun_path, path);
}

static int connect_to_holder(void)
{
	_cleanup_close_ int fd = unix_socket();
	struct sockaddr_un address;

	if (fd < 0)
		return fd;
	address_of(LATCH_HOLDER_SOCKET, &address);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

static int receive_descriptor(int connection)
{
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) != 1)
		return -EPROTO;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static int listener_from_holder(void)
{
	_cleanup_close_ int connection = connect_to_holder();

	return connection < 0 ? connection : receive_descriptor(connection);
}

/* Binds a listening socket at `path`, in place of whatever file was there. */
static int listen_at(const char *path, mode_t mode)
{
	_cleanup_close_ int fd = unix_socket();
	struct sockaddr_un address;
	mode_t mask;
	int r;

	if (fd < 0)
		return fd;
	if (unlink(path) && errno != ENOENT)
		return -errno;
	address_of(path, &address);
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (chmod(path, mode) || listen(fd, BACKLOG))
		return -errno;
	return TAKE_FD(fd);
}

/* In the child: exactly the two sockets, at the numbers that the holder knows. */
static void become_holder(const char *program, int listener, int door)
{
	/* Out of the way first: either may lie on the other's number. */
	listener = fcntl(listener, F_DUPFD, 10);
	door = fcntl(door, F_DUPFD, 10);
	if (listener < 0 || door < 0 || dup2(listener, 3) < 0 || dup2(door, 4) < 0)
		_exit(127);
	close_range(5, ~0U, 0);
	setsid(); /* signals to latchd's group do not end it */
	execl(program, "latch-holder", (char *)NULL);
	_exit(127);
}

static int start_holder(const char *program, int listener)
{
	_cleanup_close_ int door = listen_at(LATCH_HOLDER_SOCKET, 0600);
	pid_t child;
	int status;

	if (door < 0)
		return door;
	if (access(program, X_OK))
		return -errno;
	/* Twice, so that it is nobody's child and outlives us without being waited for. */
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		if (fork() == 0)
			become_holder(program, listener, door);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

int listener_get(const char *holder, bool *kept, char **problem)
{
	_cleanup_close_ int fd = listener_from_holder();
	int r;

	*problem = NULL;
	*kept = fd >= 0;
	if (*kept)
		return TAKE_FD(fd);
	fd = listen_at(LATCH_PUBLIC_SOCKET, 0600);
	if (fd < 0) {
		r = fd;
		if (asprintf(problem, "cannot listen at " LATCH_PUBLIC_SOCKET ": %s", strerror(-r)) < 0)
			*problem = NULL;
		return r;
	}
	r = start_holder(holder, fd);
	if (r < 0) {
		if (asprintf(problem, "cannot start %s, which keeps the socket open: %s", holder,
			    strerror(-r)) < 0)
			*problem = NULL;
		return r;
	}
	return TAKE_FD(fd);
}

int listener_release(void)
{
	_cleanup_close_ int connection = connect_to_holder();
	_cleanup_close_ int listener = -1;
	int r = 0;

	if (connection < 0)
		return connection == -ENOENT || connection == -ECONNREFUSED ? 0 : connection;
	listener = receive_descriptor(connection);
	if (write(connection, "q", 1) != 1)
		r = -errno;
	unlink(LATCH_HOLDER_SOCKET);
	return r;
}
