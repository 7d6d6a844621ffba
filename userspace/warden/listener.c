// SPDX-License-Identifier: Apache-2.0
/*
 * Where the listeners come from: a holder that is still there, or new sockets and a new holder.
 * Where the public one is linked to and who accepts from them is not decided here, nor how a holder
 * is started and watched.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "holder.h"
#include "holder_process.h"
#include "listener.h"
#include "paths.h"
#include "problem.h"
#include "unix_listener.h"
#include "util.h"

/* A holder that does not answer for so long is stopped: its sockets are taken in another way. */
#define HOLDER_PATIENCE_S 3

static int connect_to_holder(void)
{
	const struct timeval patience = { .tv_sec = HOLDER_PATIENCE_S };
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = LATCH_HOLDER_SOCKET };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	/* Its answer shall say which process it is from. */
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
		connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

/* What came along: the descriptors, and who sent them. */
static int read_control(struct msghdr *message, struct listeners *listeners)
{
	int descriptors[HOLDER_SOCKETS] = { -1, -1 };
	struct ucred sender = {};

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(descriptors)))
			memcpy(descriptors, CMSG_DATA(header), sizeof(descriptors));
		else if (header->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(header), sizeof(sender));
	}
	listeners->public = descriptors[0];
	listeners->control = descriptors[1];
	if (listeners->public < 0 || !sender.pid)
		return -EPROTO;
	listeners->holder = pidfd_open(sender.pid, 0);
	return listeners->holder < 0 ? -errno : 0;
}

/* While the connection is open the holder waits for a word more, and is there. */
static int receive_listeners(int connection, struct listeners *listeners)
{
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union {
		char bytes[CMSG_SPACE(HOLDER_SOCKETS * sizeof(int)) +
			CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control = {};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int r = recvmsg(connection, &message, MSG_CMSG_CLOEXEC) == 1 ?
			read_control(&message, listeners) :
			-EPROTO;

	if (r < 0)
		listeners_close(listeners);
	return r;
}

static int listeners_from_holder(struct listeners *listeners)
{
	_cleanup_close_ int connection = connect_to_holder();

	return connection < 0 ? connection : receive_listeners(connection, listeners);
}

static int bind_control(struct listeners *listeners, char **problem)
{
	listeners->control = unix_listener_bind(LATCH_CONTROL_SOCKET, 0600);
	return listeners->control < 0 ? problem_set(problem, listeners->control,
						"cannot listen at %s: %s", LATCH_CONTROL_SOCKET,
						strerror(-listeners->control)) :
					0;
}

static int make_listeners(struct listeners *listeners, char **problem)
{
	listeners->public = unix_listener_bind(LATCH_PUBLIC_SOCKET, 0600);
	if (listeners->public < 0)
		return problem_set(problem, listeners->public, "cannot listen at %s: %s",
			LATCH_PUBLIC_SOCKET, strerror(-listeners->public));
	return bind_control(listeners, problem);
}

/* A control socket without a name is reached by nobody. True: there is another one now. */
static bool renew_control(struct listeners *listeners, int *r, char **problem)
{
	if (!access(LATCH_CONTROL_SOCKET, F_OK))
		return false;
	close(listeners->control);
	*r = bind_control(listeners, problem);
	return true;
}

static void make_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int listeners_get(
	const char *holder, const struct maps *maps, struct listeners *listeners, char **problem)
{
	bool reached, changed = true;
	int r = 0;

	*problem = NULL;
	*listeners = (struct listeners){ .public = -1, .control = -1, .holder = -1 };
	reached = !listeners_from_holder(listeners);
	listeners->kept = reached || !holder_process_find(maps, listeners);
	if (listeners->kept)
		changed = renew_control(listeners, &r, problem);
	else
		r = make_listeners(listeners, problem);
	/* One that could not be reached gets a successor with a door. */
	if (!r && (changed || !reached)) {
		r = holder_process_start(holder, maps, listeners);
		if (r < 0)
			problem_set(problem, r, "cannot start %s, which keeps the sockets open: %s",
				holder, strerror(-r));
	}
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
	int r;

	*problem = NULL;
	*listeners = (struct listeners){ .public = -1, .holder = -1 };
	r = bind_control(listeners, problem);
	if (!r)
		make_nonblocking(listeners->control);
	return r;
}

void listeners_close(struct listeners *listeners)
{
	int *const descriptors[] = { &listeners->public, &listeners->control, &listeners->holder };

	for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
		if (*descriptors[i] >= 0)
			close(*descriptors[i]);
		*descriptors[i] = -1;
	}
}

int listeners_release(const struct maps *maps)
{
	struct listeners listeners = { .public = -1, .control = -1, .holder = -1 };
	int r = listeners_from_holder(&listeners);

	if (r < 0)
		r = holder_process_find(maps, &listeners);
	if (!r && pidfd_send_signal(listeners.holder, SIGKILL, NULL, 0))
		r = -errno;
	listeners_close(&listeners);
	unlink(LATCH_HOLDER_SOCKET);
	return r == -ENOENT ? 0 : r;
}
