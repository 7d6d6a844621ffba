/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of one page over HTTP/1: GET /metrics. One request a connection; anything else gets an error
 * and the end.
 *
 * Who connects is not trusted with latchd's time: at most METRICS_MAX_CONNECTIONS at once, of which the
 * oldest makes room for a new one; each is over after METRICS_TIME, answered or not; and the page is made
 * once in METRICS_FRESH at most, whoever asks.
 */
#ifndef LATCH_METRICS_SERVER_H
#define LATCH_METRICS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define METRICS_MAX_CONNECTIONS 32
#define METRICS_TIME	10000 /* ms; as long as Prometheus waits by default */
#define METRICS_FRESH	500   /* ms */
#define METRICS_MAX_HEAD 8192 /* bytes of a request */

struct metrics_server;

/* Returns the page (free()) and its length, or NULL without memory: then the client gets a 503. */
typedef char *(*metrics_page_fn)(size_t *length, void *context);
/* May whoever is at the other end of this unix socket have it? */
typedef bool (*metrics_admit_fn)(int fd, void *context);

/* `type`: the page's, for Content-Type. NULL without memory. */
struct metrics_server *metrics_server_new(uv_loop_t *loop, const char *type, metrics_page_fn page,
	metrics_admit_fn admit, void *context);

/* Serves a bound unix socket; takes the descriptor. Once at most. Returns 0 or a negative errno. */
int metrics_server_unix(struct metrics_server *server, int listener);
/* Serves a TCP address, to whoever connects. Once at most. Returns 0 or a negative errno. */
int metrics_server_tcp(struct metrics_server *server, const struct sockaddr *address);

/* Connections that were closed without an answer: too many, too slow, or not admitted. */
uint64_t metrics_server_dropped(const struct metrics_server *server);

/* Ends all connections. Memory goes when the loop has run the close callbacks. */
void metrics_server_free(struct metrics_server *server);

#endif
