/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a docker credential helper: the program docker-credential-<name> with the argument
 * `get`, the server on its standard input, an answer in JSON on its standard output.
 *
 * It is a foreign program that runs as latchd's user. It gets no shell, none of latchd's
 * descriptors, and PATH and HOME as its whole environment. Its time and its output are limited.
 */
#ifndef LATCH_CREDENTIAL_HELPER_H
#define LATCH_CREDENTIAL_HELPER_H

#include <uv.h>

#include "credentials.h"

#define CREDENTIAL_HELPER_OUTPUT_MAX (64u << 10) /* bytes */

struct credential_helper;

struct credential_helper_request {
	const char *name;      /* behind "docker-credential-" */
	const char *server;    /* as docker names it; without control characters */
	unsigned int limit_ms; /* from the start to the end of the answer; then it is killed */
};

/*
 * Starts it; strings are copied. Returns 0 and later calls `done` exactly once, from the loop, with
 * one of: what it said; anonymous (it has nothing for this server); -ETIMEDOUT, -EFBIG, -EIO (it
 * failed) or -EPROTO (an answer that is none). *helper is valid until then. Or returns -EINVAL (no
 * name of a helper), -ENOENT (not in PATH), -EPERM (others may write it), -ENOMEM or what uv_spawn
 * says, and *problem (free()).
 */
int credential_helper_run(uv_loop_t *loop, const struct credential_helper_request *request,
	credentials_done_fn done, void *context, struct credential_helper **helper, char **problem);

/* Kills it; no callback. It is reaped, and its memory wiped, as the loop runs on. */
void credential_helper_cancel(struct credential_helper *helper);

#endif
