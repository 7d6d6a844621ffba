/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to a registry, from the first request to the answer: which of its endpoints is asked,
 * HEAD for what is known already, GET for the manifest, and for an index one GET for each manifest
 * whose configuration is wanted; tokens, redirects and failing over on the way.
 */
#ifndef LATCH_CONVERSATION_H
#define LATCH_CONVERSATION_H

#include <uv.h>

#include "credentials.h"
#include "hosts.h"
#include "registry.h"
#include "tickets.h"

/* What all conversations of a registry client share. */
struct exchange {
	struct fetch_pool *pool;
	struct registry_options options;
	struct credentials *credentials;
	struct hosts hosts;
	struct tickets tickets;
};

struct conversation;

/*
 * Begins. `known`: a digest, or "". Later calls back exactly once, never from within this call or
 * conversation_cancel. 0 or -ENOMEM.
 */
int conversation_start(struct exchange *exchange, uv_loop_t *loop, const struct reference *reference,
	const char *known, unsigned int flags, registry_done_fn done, void *context,
	struct conversation **conversation);
/* Ends it without the callback. */
void conversation_cancel(struct conversation *conversation);

#endif
