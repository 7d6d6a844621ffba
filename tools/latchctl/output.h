/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How commands of latchctl write what they found: JSON in one form, and text in columns. What the
 * columns hold is the command's; nothing here decides.
 */
#ifndef LATCH_OUTPUT_H
#define LATCH_OUTPUT_H

#include <jansson.h>
#include <stddef.h>

#include "latchctl.h"

/*
 * Writes the object on standard output, indented, keys in their order, one newline at the end.
 * Takes the reference. Returns `status`, or LATCHCTL_UNKNOWN (said on standard error) when the
 * object is NULL, as json_pack leaves it without memory, or cannot be written.
 */
int print_json(const char *command, json_t *object, int status);

/*
 * Cells in rows of `columns`, which are printed as wide as their longest cell. The last column of a
 * row is not padded. Begin with TABLE(columns); table_print ends it.
 */
struct table {
	size_t columns;
	struct table_cell *cells;
	size_t count;
	size_t room;
	bool failed; /* memory ran out: nothing will be printed */
};

#define TABLE(number) ((struct table){.columns = (number)})

/* Adds the next cell, row by row (printf). */
void table_add(struct table *table, enum style look, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * Prints every row behind `indent`, then frees all. Returns 0, or -ENOMEM when a cell was lost:
 * half a table would be a wrong answer.
 */
int table_print(struct table *table, const char *indent);

#endif
