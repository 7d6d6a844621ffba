/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at files that may not answer: on a network whose server is gone, or in a container that has mounted a
 * file system of its own. Each is a child process that is given its time, while latchd does what else there is.
 */
#ifndef LATCH_LOOKS_H
#define LATCH_LOOKS_H

#include <uv.h>

struct looks;

/* NULL without memory. */
struct looks *looks_new(uv_loop_t *loop);
/* Answers what is outstanding with -ECANCELED. The loop must run once more. */
void looks_free(struct looks *looks);

/* In the child, with a copy of all memory. It is not latch's own to the kernel: no connects to the engine. */
typedef int (*look_fn)(const void *what);
/* What the look returned; or -ETIMEDOUT after five seconds, -EIO, -ECANCELED. */
typedef void (*look_done_fn)(int result, void *context);

/*
 * Begins one; `what` must live until this returns. 0, and `done` is called exactly once, later; or a negative
 * errno, -EAGAIN where too many do not answer, and it is not called.
 */
int looks_begin(struct looks *looks, look_fn look, const void *what, look_done_fn done, void *context);

#endif
