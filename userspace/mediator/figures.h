/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mediator's own figures for latchd's metrics: counted here for every request, the host's too, and
 * sent together once a second (WIRE_FIGURES), for a message a request would cost as much as the request.
 */
#ifndef LATCH_MEDIATOR_FIGURES_H
#define LATCH_MEDIATOR_FIGURES_H

#include <uv.h>

#include "wire.h"

struct client;
struct mediator;

struct figures {
	struct wire_figures now; /* since they were last sent */
	uint64_t turned_away_sent;
	uv_timer_t soon;
};

void figures_open(struct mediator *mediator);
/* Sends what there is. Before the link to the warden is closed. */
void figures_close(struct mediator *mediator);

/* A client came or went. */
void figures_changed(struct mediator *mediator);

/*
 * The moments of a request: its head is whole; it is decided; the first byte of an answer goes out. Each
 * counts once a request, however often it is told.
 */
void figures_head(struct client *client);
void figures_decided(struct client *client);
void figures_answered(struct client *client);
/* A request of the host passed, and is not reported. */
void figures_host_passed(struct client *client);

#endif
