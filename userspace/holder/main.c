// SPDX-License-Identifier: Apache-2.0
/*
 * latch-holder: keeps latch's listening sockets while latchd and the mediator come and go.
 *
 * A listening inode dies with its last descriptor: every container's mount of the public socket
 * with it, and the gate's answer too, for a connect to a dead socket never reaches it. So this
 * process owns descriptors and does nothing else: who connects to its own socket gets copies
 * (SCM_RIGHTS), and a moment in which it stays to be looked at. The kernel's gate lets only latch's own
 * processes connect; the check of the peer's user id is what is left when the gate is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "log.h"
#include "holder.h"
#include "paths.h"
#include "util.h"

static int send_descriptors(int connection)
{
	static const int descriptors[HOLDER_SOCKETS] = { HOLDER_FD_PUBLIC, HOLDER_FD_CONTROL };
	char byte = 'l';
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
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
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(descriptors));
	memcpy(CMSG_DATA(header), descriptors, sizeof(descriptors));
	return sendmsg(connection, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static bool is_root(int connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == 0;
}

static void serve(int connection)
{
	const struct timeval patience = { .tv_sec = 2 };
	char byte;

	if (!is_root(connection) || send_descriptors(connection))
		return;
	/* Until it hangs up, or it would keep the next one out. */
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)!read(connection, &byte, 1);
}

int main(void)
{
	log_open("latch-holder");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (fcntl(HOLDER_FD_PUBLIC, F_GETFD) < 0 || fcntl(HOLDER_FD_CONTROL, F_GETFD) < 0 ||
		fcntl(HOLDER_FD_DOOR, F_GETFD) < 0) {
		log_error("is started by latchd, with its sockets; it does nothing by hand");
		return 2;
	}
	prctl(PR_SET_DUMPABLE, 0);
	if (chdir("/"))
		log_warning("cannot leave the start directory: %m");
	for (;;) {
		_cleanup_close_ int connection = accept4(HOLDER_FD_DOOR, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			log_error("cannot accept on " LATCH_HOLDER_SOCKET ": %m");
			return 1;
		}
		serve(connection);
	}
}
