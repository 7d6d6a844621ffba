/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where latchd's metrics are served, and to whom.
 */
#ifndef LATCH_METRICS_SERVICE_H
#define LATCH_METRICS_SERVICE_H

#include <sys/socket.h>

#include "maps.h"
#include "metrics_server.h"

/* Whoever forwards from the socket need not be root: this group may connect, where there is one. */
#define METRICS_GROUP "latch-metrics"

struct metrics_service;

/*
 * Reads "127.0.0.1:9469" or "[::1]:9469". Returns 0, or -EINVAL: also where it is no loopback address,
 * for what latch refuses, and by which policy, is nobody's business on the network.
 */
int metrics_parse_address(const char *text, struct sockaddr_storage *address);

/*
 * Serves `page` at LATCH_METRICS_SOCKET, closed to containers in the kernel, and at `address` where its
 * family is not 0. What cannot be served is logged, and the rest is: a guard must not be kept from its
 * work by its meter. NULL without memory. `maps` must outlive it.
 */
struct metrics_service *metrics_service_new(uv_loop_t *loop, const struct maps *maps,
	const struct sockaddr_storage *address, metrics_page_fn page, void *context);
/* As metrics_server_dropped. 0 for NULL. */
uint64_t metrics_service_dropped(const struct metrics_service *service);
/* Memory goes when the loop has run the close callbacks. */
void metrics_service_free(struct metrics_service *service);

#endif
