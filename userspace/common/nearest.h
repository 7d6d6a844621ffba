/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": of a set of known names, the one that a mistyped word most likely stands for.
 *
 *	struct nearest near = NEAREST(word);
 *	for (...)
 *		nearest_offer(&near, name);
 *	if (near.name) ...
 */
#ifndef LATCH_NEAREST_H
#define LATCH_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	const char *name; /* the best offer so far, or NULL while none was close; not owned */
	size_t distance;  /* of `name` */
};

#define NEAREST(text) ((struct nearest){.word = (text)})

/*
 * Keeps `name` (not copied) if it is closer to the word than what was offered before, and close at
 * all: one edit for every four letters of the word, and one more. An edit is a letter too many, too
 * few, another one, or two swapped; upper and lower case are the same letter. Of two that are
 * equally close the first counts. Words of more than 64 bytes resemble nothing.
 */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
