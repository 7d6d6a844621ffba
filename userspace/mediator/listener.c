// SPDX-License-Identifier: Apache-2.0
/*
 * Accepts. The descriptor itself is needed, for it is the key under which the kernel keeps who the
 * client is, so this polls the listener instead of leaving accept to libuv.
 *
 * When the process has no descriptor left a client is accepted into the reserve and closed: left
 * in the backlog it would wait without a word and keep the loop awake.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener.h"

#define ACCEPTS_PER_TURN 64

/* Of something that is open already: no file can be opened while clients are served. */
static void take_reserve(struct listener *listener)
{
	listener->reserve = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
}

static bool turn_away(struct listener *listener)
{
	int fd;

	if (listener->reserve >= 0)
		close(listener->reserve);
	fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		listener->turned_away++;
	}
	take_reserve(listener);
	return fd >= 0;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	(void)events;
	if (status < 0)
		return;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			listener->accepted(listener->owner, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE) {
			if (!turn_away(listener))
				return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

int listener_open(struct listener *listener, uv_loop_t *loop, int fd,
	void (*accepted)(void *owner, int fd), void *owner)
{
	int r;

	*listener = (struct listener){.fd = fd, .accepted = accepted, .owner = owner};
	take_reserve(listener);
	r = uv_poll_init(loop, &listener->poll, fd);
	if (r < 0)
		return r;
	listener->poll.data = listener;
	return uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

void listener_close(struct listener *listener)
{
	if (!uv_is_closing((uv_handle_t *)&listener->poll))
		uv_close((uv_handle_t *)&listener->poll, NULL);
}
