/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long things took, as counts in buckets: of fixed width, so that one can be sent from the mediator
 * to latchd, and with the same bounds everywhere, so that two can be compared.
 */
#ifndef LATCH_HISTOGRAM_H
#define LATCH_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS 19

/* Upper bounds, in microseconds, ascending. */
extern const uint32_t histogram_bounds[HISTOGRAM_BOUNDS];

struct histogram {
	uint64_t buckets[HISTOGRAM_BOUNDS + 1]; /* each its own, not cumulative; the last: above all bounds */
	uint64_t sum;				/* nanoseconds */
};

/* Counts one that took this many nanoseconds. */
void histogram_observe(struct histogram *histogram, uint64_t nanoseconds);

/* Adds what `more` has counted. */
void histogram_add(struct histogram *histogram, const struct histogram *more);

#endif
