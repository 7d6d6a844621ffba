/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large bodies are read beside the loop: one of the largest size takes seconds, and meanwhile everybody
 * else is served. One at a time, so that the memory that reading takes is there once.
 */
#ifndef LATCH_MEDIATOR_BODY_JOB_H
#define LATCH_MEDIATOR_BODY_JOB_H

#include <uv.h>

#include "request_body.h"

#define BODY_JOB_LEAST (256UL * 1024) /* bytes of a body below which it is not worth it */

struct client;
struct body_job;

/*
 * Starts the thread that reads bodies, and returns when it runs. `loop` has nothing else to do yet. Later
 * no thread can be made (syscall_filter.h, resource_limits.h). Returns 0 or a negative errno.
 */
int body_job_prepare(uv_loop_t *loop);

/* What request_body_parse() said; `body` is the callee's then. Comes from the loop, unless abandoned. */
typedef void (*body_job_done)(
	struct client *client, int r, struct request_body *body, const char *problem);

/* Takes what is in `text`. NULL: it could not be begun, and `text` is as it was. */
struct body_job *body_job_start(
	struct client *client, int route, struct buffer *text, body_job_done done);

/* The client is gone. What the job holds counts in the budget until it is over. */
void body_job_abandon(struct body_job *job);

/* What an abandoned job holds, and whose it was (NULL: a client without a label). */
struct body_job_holding {
	const struct latch_conn *label;
	size_t size; /* bytes */
};

/*
 * The first abandoned one of `job` and those behind it (mediator->jobs is the first of all); NULL where
 * there is none. body_job_next(job) goes on.
 */
const struct body_job *body_job_abandoned(
	const struct body_job *job, struct body_job_holding *holding);
const struct body_job *body_job_next(const struct body_job *job);

#endif
