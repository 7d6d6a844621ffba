/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command list says to one request and to all requests of a command, which entry says it,
 * and how the list would have to change.
 */
#ifndef LATCH_VERDICT_H
#define LATCH_VERDICT_H

#include "command.h"
#include "commandlist.h"

/* A list that was compiled: `verdicts` is what enforcement has. */
struct compiled_list {
	const struct commandlist *list;
	unsigned char verdicts[ROUTE_COUNT]; /* enum latch_verdict_value */
};

enum decider {
	DECIDER_ENTRY,   /* an entry of the list */
	DECIDER_DEFAULT, /* no entry: what the list's type means for all else */
	DECIDER_ALWAYS,  /* ROUTE_ALWAYS: no list can refuse it */
};

struct route_verdict {
	int route;
	bool is; /* the command is the route; else it only needs it */
	bool pass;
	enum decider decider;
	const char *entry; /* DECIDER_ENTRY: the first that decides; of the list */
};

void verdict_of_route(const struct compiled_list *policy, int route, struct route_verdict *verdict);

/* "no entry: an allow list refuses ...", "always passes", or the entry in quotation marks. */
void verdict_reason(const struct compiled_list *policy, const struct route_verdict *verdict,
	char *text, size_t size);

enum outcome {
	OUTCOME_PASS,   /* every request passes, or there is none */
	OUTCOME_PART,   /* some are refused: some uses of the command work, others break off */
	OUTCOME_REFUSE, /* everything that the command is, is refused */
};

struct command_verdict {
	struct route_verdict routes[ROUTE_COUNT]; /* what it is first, in the table's order */
	size_t count;
	enum outcome outcome;
	const struct route_verdict *refused_at; /* the first refused request; NULL: none is */
};

void verdict_of_command(const struct compiled_list *policy, const struct command *command,
	struct command_verdict *verdict);

/*
 * Names for advice, in `names` (borrowed). On a deny list: the entries to take away so that all
 * of the `count` routes pass. Returns how many there are; at most `size` are stored.
 */
size_t verdict_entries(const struct compiled_list *policy, const struct route_verdict *routes,
	size_t count, const char **names, size_t size);

enum relation {
	RELATION_IS,     /* the command is the route */
	RELATION_NEEDS,  /* it is not, but needs it */
	RELATION_HIDDEN, /* its effect can be had inside such a request, where latch does not look
			  */
};

/*
 * The first names of the commands that stand so to the route. Returns how many there are; at most
 * `size` are stored.
 */
size_t commands_of_route(int route, enum relation relation, const char **names, size_t size);

#endif
