/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What latchd gives up before it looks at anything.
 */
#ifndef LATCH_WARDEN_PRIVILEGES_H
#define LATCH_WARDEN_PRIVILEGES_H

/* Keeps the capabilities that latchd and the mediator's start need, and no other. 0 or a negative errno. */
int privileges_reduce(void);

#endif
