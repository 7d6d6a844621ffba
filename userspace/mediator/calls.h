/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /grpc of a contained client, once the engine has accepted the upgrade: each call in it is judged
 * by its path, and what could push or hand out the host by its messages.
 */
#ifndef LATCH_MEDIATOR_CALLS_H
#define LATCH_MEDIATOR_CALLS_H

#include <stddef.h>

struct client;

/* The engine's answer made the connection one of HTTP/2. `data` is what came behind that answer. */
void calls_begin(struct client *client, const char *data, size_t length);
void calls_client_data(struct client *client, const char *data, size_t length);
void calls_engine_data(struct client *client, const char *data, size_t length);
/* Sends what has waited for room. */
void calls_flush(struct client *client);
/* The client's connection ends: no call lives any longer. */
void calls_forget(struct client *client);

#endif
