/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From ECI's command list to one verdict per route.
 *
 * A command of include/latch/commands.def *is* some routes, *needs* others, and may be *hidden in*
 * further ones. A deny list refuses the routes that a listed command is or may be hidden in, unless
 * the mediator looks there; an allow list passes those that a listed command is or needs. Routes
 * marked ROUTE_ALWAYS pass under
 * both. Names and wildcards are ECI's.
 */
#ifndef LATCH_COMMANDLIST_H
#define LATCH_COMMANDLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "latch/abi.h"
#include "route.h"

enum commandlist_type {
	COMMANDLIST_DENY, /* ECI's default: with no commands, everything passes */
	COMMANDLIST_ALLOW,
};

struct commandlist {
	enum commandlist_type type;
	const char *const *commands; /* "push", "container ls", "image*" */
	size_t count;
	bool direct; /* the transport: nobody looks into what ROUTE_JUDGE_BUILD marks */
};

/*
 * Is `name` a command that a list may hold? Returns 0, or -EINVAL and a sentence in `problem`
 * (not known: with the nearest name; known but not supported by ECI: said so). With 0, a
 * non-empty `problem` is a warning: what the entry cannot stop at the socket.
 */
int commandlist_check(const char *name, char *problem, size_t size);

/*
 * Fills one enum latch_verdict_value per route. Returns 0, or -EINVAL and a sentence that names
 * the entry; `verdicts` is then all LATCH_VERDICT_REFUSE but for ROUTE_ALWAYS.
 */
int commandlist_compile(const struct commandlist *list, unsigned char verdicts[ROUTE_COUNT],
	char *problem, size_t size);

/*
 * The first entry from index `from` on that decides the route: one that refuses it on a deny list,
 * one that passes it on an allow list. list->count when none does: the route then has the verdict
 * of everything that is not listed, or is ROUTE_ALWAYS. For lists that compile.
 */
size_t commandlist_entry(const struct commandlist *list, int route_id, size_t from);

#endif
