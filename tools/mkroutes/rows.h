/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of include/latch/routes.def as this program reads them, and what must hold of them
 * before an automaton can be made. The words of the last column are macros here: whoever includes
 * this file and then routes.def, or rows of a test, gets an array of `struct row`.
 */
#ifndef LATCH_MKROUTES_ROWS_H
#define LATCH_MKROUTES_ROWS_H

#include <stdio.h>

#include "route.h"
#include "util.h"

#define ROWS_MAX_KEYS  4 /* query keys in one row's discriminator */
#define ROWS_MAX_KEYED 3 /* keyed rows of one method and template */

/* When a row counts, of the first value that a query key has. */
enum row_when {
	WHEN_ALWAYS = 0,
	WHEN_SET = 1 << 0,  /* it is not empty */
	WHEN_TRUE = 1 << 1, /* it is not empty and none of Go's spellings of false */
	WHEN_SOME = 1 << 2, /* it is not empty and not "none" */
};

struct row {
	const char *id; /* "IMAGE_PULL" */
	const char *method;
	const char *template;
	unsigned flags; /* enum route_flag */
	struct {
		enum row_when when;
		const char *keys[ROWS_MAX_KEYS + 1]; /* any of these; NULL ends the list */
	} discriminator;
	const char *file; /* where the row stands, for messages */
	int line;
};

#define ALWAYS	  { WHEN_ALWAYS, { NULL } }
#define SET(...)  { WHEN_SET, { __VA_ARGS__ } }
#define TRUE(...) { WHEN_TRUE, { __VA_ARGS__ } }
#define SOME(...) { WHEN_SOME, { __VA_ARGS__ } }

#define ROUTE(id_, method_, template_, flags_, ...)                                                \
	{ #id_, method_, template_, flags_, __VA_ARGS__, __FILE__, __LINE__ },

/*
 * Checks every row. Returns 0, or -1 after one sentence to `errors` for each bad row: where it
 * stands, what was found, what was expected.
 */
int rows_check(const struct row *rows, size_t count, FILE *errors);

/* How many rows are requests, and so the automaton's: the calls of gRPC follow them (ROUTE_CALL). */
size_t rows_requests(const struct row *rows, size_t count);

#endif
