/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mediator's figures, over the lives of all mediators that this latchd started.
 */
#ifndef LATCH_MEDIATOR_TOTALS_H
#define LATCH_MEDIATOR_TOTALS_H

#include "wire.h"

struct mediator_totals {
	struct wire_figures sums; /* `host_passed` is left out */
	uint64_t ended;		  /* mediators that ended */
};

/* WIRE_FIGURES of the mediator that runs. Any numbers are taken: nothing is decided by them. */
void mediator_totals_take(struct mediator_totals *totals, const struct wire_figures *figures);
/* It ended, and its clients with it. */
void mediator_totals_end(struct mediator_totals *totals);

#endif
