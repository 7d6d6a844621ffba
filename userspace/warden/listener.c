// SPDX-License-Identifier: Apache-2.0
/*
 * Where the listeners come from: a holder that is still there, or new sockets and a new holder.
 * Where the public one is linked to and who accepts from them is not decided here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "holder.h"
#include "log.h"
#include "listener.h"
#include "paths.h"
#include "problem.h"
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

static int receive_listeners(int connection, struct listeners *listeners)
{
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	int descriptors[HOLDER_SOCKETS];
	union {
		char bytes[CMSG_SPACE(sizeof(descriptors))];
		struct cmsghdr align;
	} control = {};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;

	if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) != 1)
		return -EPROTO;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS ||
		header->cmsg_len != CMSG_LEN(sizeof(descriptors)))
		return -EPROTO;
	memcpy(descriptors, CMSG_DATA(header), sizeof(descriptors));
	listeners->public = descriptors[0];
	listeners->control = descriptors[1];
	return 0;
}

static int listeners_from_holder(struct listeners *listeners)
{
	_cleanup_close_ int connection = connect_to_holder();

	return connection < 0 ? connection : receive_listeners(connection, listeners);
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

/* A container must not end it either. It can only be marked while it still has the maps. */
static void mark_holder(const struct maps *maps)
{
	int r = maps_mark_this_process(maps);

	if (r < 0)
		log_warning("containers are not kept from signals to latch-holder: %s", strerror(-r));
}

/* In the child: exactly the three sockets, at the numbers that the holder knows. */
static void become_holder(const char *program, const struct listeners *listeners, int door)
{
	/* Out of the way first: each may lie on another's number. */
	int public = fcntl(listeners->public, F_DUPFD, 10);
	int control = fcntl(listeners->control, F_DUPFD, 10);

	door = fcntl(door, F_DUPFD, 10);
	if (public < 0 || control < 0 || door < 0 || dup2(public, HOLDER_FD_PUBLIC) < 0 ||
		dup2(control, HOLDER_FD_CONTROL) < 0 || dup2(door, HOLDER_FD_DOOR) < 0)
		_exit(127);
	close_range(HOLDER_FD_DOOR + 1, ~0U, 0);
	setsid(); /* signals to latchd's group do not end it */
	execl(program, "latch-holder", (char *)NULL);
	_exit(127);
}

static int start_holder(
	const char *program, const struct maps *maps, const struct listeners *listeners)
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
		if (fork() == 0) {
			mark_holder(maps);
			become_holder(program, listeners, door);
		}
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int make_listeners(const char *holder, const struct maps *maps, struct listeners *listeners,
	char **problem)
{
	int r;

	listeners->public = listen_at(LATCH_PUBLIC_SOCKET, 0600);
	if (listeners->public < 0)
		return problem_set(problem, listeners->public, "cannot listen at %s: %s",
			LATCH_PUBLIC_SOCKET, strerror(-listeners->public));
	listeners->control = listen_at(LATCH_CONTROL_SOCKET, 0600);
	if (listeners->control < 0)
		return problem_set(problem, listeners->control, "cannot listen at %s: %s",
			LATCH_CONTROL_SOCKET, strerror(-listeners->control));
	r = start_holder(holder, maps, listeners);
	if (r < 0)
		return problem_set(problem, r, "cannot start %s, which keeps the sockets open: %s", holder,
			strerror(-r));
	return 0;
}

static void make_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int listeners_get(
	const char *holder, const struct maps *maps, struct listeners *listeners, char **problem)
{
	int r = 0;

	*problem = NULL;
	*listeners = (struct listeners){ .public = -1, .control = -1 };
	listeners->kept = listeners_from_holder(listeners) == 0;
	if (!listeners->kept)
		r = make_listeners(holder, maps, listeners, problem);
	if (r < 0) {
		listeners_close(listeners);
		return r;
	}
	make_nonblocking(listeners->public);
	make_nonblocking(listeners->control);
	return 0;
}

int listeners_get_control(struct listeners *listeners, char **problem)
{
	*problem = NULL;
	*listeners = (struct listeners){ .public = -1 };
	listeners->control = listen_at(LATCH_CONTROL_SOCKET, 0600);
	if (listeners->control < 0)
		return problem_set(problem, listeners->control, "cannot listen at %s: %s",
			LATCH_CONTROL_SOCKET, strerror(-listeners->control));
	make_nonblocking(listeners->control);
	return 0;
}

void listeners_close(struct listeners *listeners)
{
	if (listeners->public >= 0)
		close(listeners->public);
	if (listeners->control >= 0)
		close(listeners->control);
	listeners->public = listeners->control = -1;
}

int listeners_release(void)
{
	_cleanup_close_ int connection = connect_to_holder();
	struct listeners listeners = { .public = -1, .control = -1 };
	int r;

	if (connection < 0)
		return connection == -ENOENT || connection == -ECONNREFUSED ? 0 : connection;
	r = receive_listeners(connection, &listeners);
	listeners_close(&listeners);
	if (!r && write(connection, "q", 1) != 1)
		r = -errno;
	unlink(LATCH_HOLDER_SOCKET);
	return r;
}
