/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory bodies that are read whole may take at one time.
 */
#ifndef LATCH_MEDIATOR_BUDGET_H
#define LATCH_MEDIATOR_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "request_body.h"

#define BUDGET_FREE      ((size_t)64 * 1024) /* a body of this size is nobody's business */
#define BUDGET_CONTAINER ((size_t)REQUEST_BODY_MAX_SIZE)
#define BUDGET_CONTAINED (2 * BUDGET_CONTAINER)
#define BUDGET_ALL       (2 * BUDGET_CONTAINED)

struct client;

/*
 * Lets the request at hand hold a body of `size` bytes in all. False: that would be too much, and it holds
 * what it held. It is given back when the request is forgotten.
 */
bool budget_take(struct client *client, size_t size);

#endif
