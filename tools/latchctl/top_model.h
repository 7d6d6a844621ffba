/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who talks to the engine right now: a row for each container, and one for the host.
 */
#ifndef LATCH_TOP_MODEL_H
#define LATCH_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TOP_SECONDS 60 /* that are remembered */
#define TOP_RATE    10 /* seconds over which a rate is the mean */
#define TOP_ROWS    4096 /* more containers than that are not shown */

struct top_row {
	char id[65]; /* "": the host */
	char name[128], image[256];
	char verdict[16]; /* "allowed", "contained", "host" */
	int64_t connections; /* -1: not known */
	bool runs; /* the kernel has it: else it is known from the log alone */
	struct {
		int64_t second;
		uint32_t requests, refused;
	} slots[TOP_SECONDS];
	/* As of top_settle: */
	double rate; /* requests a second, the mean of the last TOP_RATE */
	uint64_t refused; /* or would have been, in the last TOP_SECONDS */
};

enum top_order {
	TOP_BY_RATE,
	TOP_BY_REFUSED,
	TOP_BY_CONNECTIONS,
	TOP_BY_NAME,
	TOP_ORDERS,
};

struct top {
	struct top_row *rows;
	size_t count;
	FILE *log;
	char path[4096];
	char *line; /* half a line that is being written */
	size_t length;
	char mode[16]; /* of latchd; "" without one */
	bool healthy, answered;
};

extern const char *const top_order_names[TOP_ORDERS]; /* "requests", ... */

/* Opens the log and reads its last minute. Returns 0 or a negative errno. */
int top_open(struct top *top, const char *log);
void top_close(struct top *top);

/* Reads what has come to the log since. A log that was begun anew is followed. */
void top_read_log(struct top *top);
/* What latchd and the kernel say (containers_add); NULL: nobody answers. Borrowed. */
void top_take_status(struct top *top, const json_t *status);
/* Rates as of `now` (seconds since 1970), rows without a sign of life away, the rest in order. */
void top_settle(struct top *top, int64_t now, enum top_order order);

#endif
