/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a value stands in a JSON document, and what it is, for messages.
 *
 * A path is a chain of steps on the stack, each pointing to the one before it; the document itself
 * is the step without a parent.
 */
#ifndef LATCH_JSONPATH_H
#define LATCH_JSONPATH_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

struct jsonpath {
	const struct jsonpath *parent; /* NULL: the document */
	const char *key;               /* NULL: an element of an array, `index` */
	size_t index;
};

#define JSONPATH_KEY(above, name)     ((struct jsonpath){.parent = (above), .key = (name)})
#define JSONPATH_INDEX(above, number) ((struct jsonpath){.parent = (above), .index = (number)})

/* Writes `a.b[3]`; a key that is no plain word as `a["k k"]`; nothing for the document itself. */
void jsonpath_print(const struct jsonpath *path, FILE *out);

/*
 * Writes what was found: scalars as JSON in ASCII, cut after 80 characters; "an array", "an
 * object"; "nothing" for NULL.
 */
void jsonpath_print_value(const json_t *value, FILE *out);

#endif
