/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that the kernel saw and the mediator has not reported: what goes with a mediator that is
 * killed.
 */
#ifndef LATCH_AUDIT_UNREPORTED_H
#define LATCH_AUDIT_UNREPORTED_H

#include "wire.h"

/* The latest ones; a mediator keeps fewer reports than that before it sends them. */
#define AUDIT_UNREPORTED_MAX 256

struct audit_unreported {
	uint64_t connections[AUDIT_UNREPORTED_MAX]; /* one entry a request; 0: it was reported */
	unsigned int next;
};

/* A record of the ring buffer, known to be sound. */
void audit_unreported_event(struct audit_unreported *unreported, const void *event);
void audit_unreported_report(
	struct audit_unreported *unreported, const struct wire_request *report);
/* How many there are now; forgets them. */
unsigned int audit_unreported_take(struct audit_unreported *unreported);

#endif
