/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest allow list that passes a set of routes.
 */
#ifndef LATCH_COMMAND_COVER_H
#define LATCH_COMMAND_COVER_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "route.h"

#define COVER_MAX 192 /* entries; more than there are commands */

struct command_cover {
	const struct command *commands[COVER_MAX]; /* in the table's order */
	size_t count;
	bool passed[ROUTE_COUNT]; /* by one of these commands; those that always pass are not among them */
	bool uncovered[ROUTE_COUNT]; /* wanted, and no command is or needs it: no allow list passes it */
	bool smallest; /* false: the search was given up; it is a cover without a needless entry all the same */
};

/*
 * The commands whose routes, what they are and what they need, have all of `wanted` among them. Of all
 * such lists the one that passes the fewest routes that are not wanted: first of those that change
 * something (not GET or HEAD), then of all; then the one with the fewest entries; then the one with the
 * fewest commands that were not themselves wanted, but only need something that was; then the first by
 * the table. What always passes (ROUTE_ALWAYS) needs nobody.
 */
void command_cover(const bool wanted[ROUTE_COUNT], struct command_cover *cover);

#endif
