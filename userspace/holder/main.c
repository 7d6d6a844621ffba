// SPDX-License-Identifier: Apache-2.0
/*
 * latch-holder: keeps the public listening socket while latchd and the mediator come and go.
 *
 * A listening inode dies with its last descriptor, and with it every container's mount of it. So
 * this process owns a descriptor and does nothing else: who connects to its socket gets a copy
 * (SCM_RIGHTS); who then sends 'q' ends it. The kernel's gate lets only latch's own processes
 * connect; the check of the peer's user id is what is left when the gate is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "log.h"
#include "paths.h"
#include "util.h"

#define LISTENER 3 /* inherited from latchd: the public socket */
#define DOOR	 4 /* inherited from latchd: listens at LATCH_HOLDER_SOCKET */

static int send_descriptor(int connection, int descriptor)
{
	char byte = 'l';
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
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	return sendmsg(connection, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static bool is_root(int connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == 0;
}

/* Serves one caller; true when it asked the holder to end. */
static bool serve(int connection)
{
	struct timeval patience = { .tv_sec = 2 };
	char byte = 0;

	if (!is_root(connection) || send_descriptor(connection, LISTENER))
		return false;
	/* A caller that neither asks nor closes must not keep the next one out. */
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return read(connection, &byte, 1) == 1 && byte == 'q';
}

int main(void)
{
	log_open("latch-holder");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (fcntl(LISTENER, F_GETFD) < 0 || fcntl(DOOR, F_GETFD) < 0) {
		log_error("is started by latchd, with its sockets; it does nothing by hand");
		return 2;
	}
	prctl(PR_SET_DUMPABLE, 0);
	if (chdir("/"))
		log_warning("cannot leave the start directory: %m");
	for (;;) {
		_cleanup_close_ int connection = accept4(DOOR, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			log_error("cannot accept on " LATCH_HOLDER_SOCKET ": %m");
			return 1;
		}
		if (serve(connection))
			return 0;
	}
}
