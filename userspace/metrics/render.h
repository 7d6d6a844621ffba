/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All metrics as text. It reads, and asks nobody who would have to be waited for.
 */
#ifndef LATCH_RENDER_H
#define LATCH_RENDER_H

#include <stddef.h>

#include "audit.h"
#include "decisions.h"
#include "images.h"
#include "maps.h"
#include "mediator_totals.h"
#include "policy.h"
#include "registry.h"

struct render_sources {
	const struct policy *policy;
	const struct maps *maps;
	const struct images *images;
	const struct registry *registry;
	const struct audit *audit;
	const struct decisions *decisions;
	const struct mediator_totals *mediator;
	bool engine;	 /* one listens behind the public socket */
	bool direct;	 /* transport: no mediator belongs to it */
	bool mediator_up;
	unsigned int questions; /* of the mediator's, that latchd has not answered */
	uint64_t dropped;	/* connections for metrics */
	double started;		/* when latchd did, in seconds since the epoch */
};

/* Returns the text (free()) and its length, or NULL without memory. */
char *render_metrics(const struct render_sources *sources, size_t *length);

#endif
