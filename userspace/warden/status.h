/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What latchd knows of itself, as the object that `latchctl status` prints.
 */
#ifndef LATCH_STATUS_H
#define LATCH_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "audit.h"
#include "images.h"
#include "maps.h"
#include "policy.h"

struct status_sources {
	const struct policy *policy;
	const struct maps *maps;
	const struct images *images;
	const struct audit *audit;
	const char *socket; /* the public path */
	bool engine;	    /* one listens behind it */
	bool direct;	    /* transport: no mediator belongs to it */
	pid_t mediator;	    /* 0: none runs */
	const char *mediator_problem; /* why it serves nobody; NULL: it does, or none belongs to it */
	const char *unprotected; /* what could not be kept from containers; empty: nothing */
};

/*
 * A new object. `healthy` in it is true when the kernel enforces, an engine is there and the
 * mediator (of mediated transport) serves; `problems` holds a sentence for each thing that keeps it from being so.
 */
json_t *status_object(const struct status_sources *sources);

#endif
