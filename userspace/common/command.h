/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of include/latch/commands.def, and the names that stand for them.
 */
#ifndef LATCH_COMMAND_H
#define LATCH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* How well the socket can tell a command from the others; commands.def says what each means. */
enum command_support {
	COMMAND_EXACT,
	COMMAND_SHARED,
	COMMAND_PARTIAL,
	COMMAND_SILENT,
	COMMAND_UNSUPPORTED,
};

#define COMMAND_NO_ROUTE (-1) /* ends a row's lists of routes */

struct command {
	const char *const *names; /* "ps", "container ls", ...; NULL ends the list */
	enum command_support support;
	const short *is;    /* enum route_id, up to COMMAND_NO_ROUTE */
	const short *needs; /* the same */
	const short *hidden_in; /* the same: may have its effect inside, where nobody looks */
	const char *note;   /* part of a sentence for the administrator, or NULL */
};

size_t command_count(void);

/* The row; `index` must be below command_count(). */
const struct command *command_get(size_t index);

/* Is `name` one of the command's names, letter by letter? */
bool command_has_name(const struct command *command, const char *name);

/* Is the command below the words in docker's own tree, as "image ls" is below "image"? */
bool command_is_below(const struct command *command, const char *words);

/* The name of the first command that the route is; "" if no command is, or for ROUTE_NONE. */
const char *command_of_route(int route_id);

#endif
