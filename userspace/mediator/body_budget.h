/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many bytes of bodies are held at one time, in all connections together.
 *
 * A body that decides something is read whole before anything is asked, so who opens many connections
 * could have many of the largest size held. Containers share one budget and the host has its own: no
 * container can keep the host from creating. Small bodies count in neither, so that those of nearly all
 * clients are never refused for want of room.
 */
#ifndef LATCH_MEDIATOR_BODY_BUDGET_H
#define LATCH_MEDIATOR_BODY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#define BODY_BUDGET_SIZE (256UL * 1024 * 1024) /* of containers, and as much of the host */
#define BODY_BUDGET_FREE (64UL * 1024)	       /* a body up to this size counts as nothing */

struct body_budget {
	size_t used[2]; /* by the host, by containers */
};

/* What one body takes. Zeroed at first. */
struct body_share {
	size_t taken;
	bool contained;
};

/* The body holds `length` bytes now. False: there is no room for it, and it keeps what it had. */
bool body_budget_take(
	struct body_budget *budget, struct body_share *share, bool contained, size_t length);

/* It holds nothing any more. */
void body_budget_give(struct body_budget *budget, struct body_share *share);

#endif
