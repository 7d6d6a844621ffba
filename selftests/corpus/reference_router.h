/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's router, slow and obvious: every row of the measured selftests/data/routes.tsv is
 * compared with the decoded path in turn, by backtracking. What the automaton of routes.def says is
 * checked against it; it does not read routes.def.
 */
#ifndef LATCH_TEST_REFERENCE_ROUTER_H
#define LATCH_TEST_REFERENCE_ROUTER_H

#include <stddef.h>

#include "../unit/tsv.h"

#define REFERENCE_MAX_ROWS 256

struct reference_row {
	const char *method, *template;
};

struct reference_router {
	struct tsv tsv;
	struct reference_row rows[REFERENCE_MAX_ROWS]; /* in the order in which they are tried */
	size_t count;
};

struct reference_match {
	int row;	 /* index into rows, or -1: no route */
	unsigned variant; /* which of the commands that share the row, as told by query keys */
};

/* `here` is the caller's __FILE__. Ends the program when the table cannot be read. */
void reference_open(struct reference_router *router, const char *here);
void reference_close(struct reference_router *router);

struct reference_match reference_classify(const struct reference_router *router, const char *method,
	const char *target, size_t length);

#endif
