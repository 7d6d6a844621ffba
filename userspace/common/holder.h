/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What latchd hands to latch-holder at exec, and gets back, in this order, from whoever is there.
 */
#ifndef LATCH_HOLDER_H
#define LATCH_HOLDER_H

enum holder_fd {
	HOLDER_FD_PUBLIC = 3,  /* LATCH_PUBLIC_SOCKET, listening */
	HOLDER_FD_CONTROL = 4, /* LATCH_CONTROL_SOCKET, listening */
	HOLDER_FD_DOOR = 5,    /* LATCH_HOLDER_SOCKET, listening: where they are asked back */
};

#define HOLDER_SOCKETS 2 /* that are kept: the first two */

#endif
