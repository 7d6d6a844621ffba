/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes connections from the public socket.
 */
#ifndef LATCH_MEDIATOR_LISTENER_H
#define LATCH_MEDIATOR_LISTENER_H

#include <stdint.h>
#include <uv.h>

struct listener {
	uv_poll_t poll;
	int fd;
	int reserve; /* given up for a moment to turn a client away when descriptors run out */
	void (*accepted)(void *owner, int fd);
	void *owner;
	uint64_t turned_away;
};

/* `accepted` owns each descriptor that it gets; it is non-blocking and close-on-exec. */
int listener_open(struct listener *listener, uv_loop_t *loop, int fd,
	void (*accepted)(void *owner, int fd), void *owner);
void listener_close(struct listener *listener);

#endif
