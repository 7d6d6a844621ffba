/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus' text format, version 0.0.4: metrics.def's rows, and numbers for them.
 */
#ifndef LATCH_EXPOSITION_H
#define LATCH_EXPOSITION_H

#include <stdint.h>
#include <stdio.h>

#include "histogram.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* One enumerator a row of metrics.def. */
enum metric_id {
#define METRIC(id, ...) METRIC_##id,
#include "metrics.def"
#undef METRIC
	METRIC_COUNT
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
	const char *name;
	enum metric_type type;
	const char *unit; /* "seconds", "bytes" or "" */
	const char *const *labels; /* NULL ends the list */
	const char *help;
};

/* The row; `id` must be below METRIC_COUNT. */
const struct metric *metric_get(enum metric_id id);
/* "counter", as the format has it. */
const char *metric_type_name(enum metric_type type);

/* Begins a metric: its help and type. Each once, before its samples. */
void exposition_begin(FILE *out, enum metric_id id);

/*
 * One sample, with a value for each of the metric's labels, in their order (const char *). Values may be
 * any text: what is not UTF-8 comes out with `?` in place of its bytes, for one such value would make a
 * reader refuse all metrics.
 */
void exposition_count(FILE *out, enum metric_id id, uint64_t value, ...);
void exposition_value(FILE *out, enum metric_id id, double value, ...);

/* A histogram without labels, in seconds. */
void exposition_histogram(FILE *out, enum metric_id id, const struct histogram *histogram);

#endif
