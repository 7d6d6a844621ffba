// SPDX-License-Identifier: Apache-2.0
/*
 * The bounds reach from what a verdict takes to what people wait for a pull: 50 us to a minute.
 */
#include "histogram.h"

const uint32_t histogram_bounds[HISTOGRAM_BOUNDS] = {
	50, 100, 250, 500,
	1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
	1000000, 2500000, 5000000, 10000000, 30000000, 60000000,
};

void histogram_observe(struct histogram *histogram, uint64_t nanoseconds)
{
	unsigned int at = 0;

	while (at < HISTOGRAM_BOUNDS && nanoseconds > histogram_bounds[at] * UINT64_C(1000))
		at++;
	histogram->buckets[at]++;
	histogram->sum += nanoseconds;
}

void histogram_add(struct histogram *histogram, const struct histogram *more)
{
	for (unsigned int i = 0; i <= HISTOGRAM_BOUNDS; i++)
		histogram->buckets[i] += more->buckets[i];
	histogram->sum += more->sum;
}
