/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One deterministic automaton for all that a request target's bytes decide, made of the rows of
 * routes.def and minimised. It has three starts in one table: a path, a query key and a query
 * value, each read decoded, byte by byte. What a state accepts means something else in each part.
 */
#ifndef LATCH_MKROUTES_AUTOMATON_H
#define LATCH_MKROUTES_AUTOMATON_H

#include <stdint.h>

#include "rows.h"

#define AUTOMATON_MAX_METHODS 16
#define AUTOMATON_MAX_KEYS    32

enum automaton_part {
	PART_PATH,
	PART_KEY,
	PART_VALUE,
	PARTS,
};

struct automaton {
	unsigned states;  /* state 0 accepts nothing and is never left */
	unsigned classes; /* bytes that no state tells apart */
	uint16_t start[PARTS];
	uint8_t byte_class[256];
	uint16_t *next;	 /* [states][classes] */
	/*
	 * Of each state. PATH: an index into `rows`; KEY: 1 + an index into `keys`, 0 for none;
	 * VALUE: the enum row_when that hold of it, as a mask.
	 */
	uint8_t *accept;
	unsigned paths;	 /* kinds of path; kind 0 is no route under any method */
	int16_t *rows;	 /* [paths][1 + methods]: the first row of routes.def, or -1 */
	unsigned method_count;
	const char *methods[AUTOMATON_MAX_METHODS]; /* method id - 1 -> "GET" */
	unsigned key_count;
	const char *keys[AUTOMATON_MAX_KEYS];
	enum row_when key_when[AUTOMATON_MAX_KEYS];
};

/*
 * Makes the automaton of checked rows. Returns 0, or -1 after a sentence to `errors` when the rows
 * need more than the tables' types can hold. automaton_free() releases it in both cases.
 */
int automaton_build(const struct row *rows, size_t count, struct automaton *automaton,
	FILE *errors);
void automaton_free(struct automaton *automaton);

#endif
