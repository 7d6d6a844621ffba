// SPDX-License-Identifier: Apache-2.0
/*
 * Explains verdicts that commandlist_compile has made; it makes none of its own. Which entry is
 * behind one is asked of commandlist.c too, so that no second reading of a list can differ from the
 * enforced one. A command's outcome is about its requests only: what the engine or the client does
 * with a refusal is in the command's note.
 */
#include "verdict.h"

#include <stdio.h>
#include <string.h>

#include "host_access.h"
#include "util.h"

void verdict_of_route(const struct compiled_list *policy, int route, struct route_verdict *verdict)
{
	size_t entry = commandlist_entry(policy->list, route, 0);

	*verdict = (struct route_verdict){
		.route = route,
		.pass = policy->verdicts[route] == LATCH_VERDICT_PASS,
		.decider = DECIDER_DEFAULT,
	};
	if (route_get(route)->flags & ROUTE_ALWAYS) {
		verdict->decider = DECIDER_ALWAYS;
	} else if (entry < policy->list->count) {
		verdict->decider = DECIDER_ENTRY;
		verdict->entry = policy->list->commands[entry];
	}
}

/* What a passing command list does not settle. */
static void add_access(const struct route_verdict *verdict, char *text, size_t size)
{
	unsigned flags = route_get(verdict->route)->flags;
	size_t length = strlen(text);

	if (verdict->pass && flags & (ROUTE_PLUGINS | ROUTE_SWARM))
		snprintf(text + length, size - length, "; hostAccess must have \"%s\"",
			host_access_name(flags & ROUTE_PLUGINS ? HOST_ACCESS_PLUGINS :
								 HOST_ACCESS_SWARM));
}

void verdict_reason(const struct compiled_list *policy, const struct route_verdict *verdict,
	char *text, size_t size)
{
	switch (verdict->decider) {
	case DECIDER_ENTRY:
		snprintf(text, size, "\"%s\"", verdict->entry);
		break;
	case DECIDER_ALWAYS:
		snprintf(text, size, "always passes");
		break;
	case DECIDER_DEFAULT:
		snprintf(text, size, "no entry: %s",
			policy->list->type == COMMANDLIST_ALLOW
				? "an allow list refuses what is not listed"
				: "a deny list passes what is not listed");
		break;
	}
	add_access(verdict, text, size);
}

static bool has_route(const struct command_verdict *verdict, int route)
{
	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict->routes[i].route == route)
			return true;
	}
	return false;
}

static void add_routes(const struct compiled_list *policy, const short *routes, bool is,
	struct command_verdict *verdict)
{
	for (; *routes != COMMAND_NO_ROUTE; routes++) {
		struct route_verdict *added = &verdict->routes[verdict->count];

		if (has_route(verdict, *routes))
			continue;
		verdict_of_route(policy, *routes, added);
		added->is = is;
		if (!added->pass && !verdict->refused_at)
			verdict->refused_at = added;
		verdict->count++;
	}
}

void verdict_of_command(const struct compiled_list *policy, const struct command *command,
	struct command_verdict *verdict)
{
	size_t is = 0, refused = 0;

	memset(verdict, 0, sizeof(*verdict));
	add_routes(policy, command->is, true, verdict);
	add_routes(policy, command->needs, false, verdict);
	for (size_t i = 0; i < verdict->count && verdict->routes[i].is; i++) {
		is++;
		refused += !verdict->routes[i].pass;
	}
	if (!verdict->refused_at)
		verdict->outcome = OUTCOME_PASS;
	else
		verdict->outcome = is > 0 && refused == is ? OUTCOME_REFUSE : OUTCOME_PART;
}

/* Keeps a name that is not there yet. */
static size_t keep(const char *name, const char **names, size_t count, size_t size)
{
	size_t stored = count < size ? count : size;

	for (size_t i = 0; i < stored; i++) {
		if (strcmp(names[i], name) == 0)
			return count;
	}
	if (count < size)
		names[count] = name;
	return count + 1;
}

size_t verdict_entries(const struct compiled_list *policy, const struct route_verdict *routes,
	size_t count, const char **names, size_t size)
{
	const struct commandlist *list = policy->list;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		size_t entry = 0;

		if (routes[i].decider != DECIDER_ENTRY || routes[i].pass)
			continue;
		while ((entry = commandlist_entry(list, routes[i].route, entry)) < list->count)
			found = keep(list->commands[entry++], names, found, size);
	}
	return found;
}

static bool lists(const short *routes, int route)
{
	for (; *routes != COMMAND_NO_ROUTE; routes++) {
		if (*routes == route)
			return true;
	}
	return false;
}

static bool stands_so(const struct command *command, enum relation relation, int route)
{
	switch (relation) {
	case RELATION_IS:
		return lists(command->is, route);
	case RELATION_NEEDS:
		return !lists(command->is, route) && lists(command->needs, route);
	case RELATION_HIDDEN:
		return lists(command->hidden_in, route);
	}
	return false;
}

size_t commands_of_route(int route, enum relation relation, const char **names, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < command_count(); i++) {
		if (!stands_so(command_get(i), relation, route))
			continue;
		if (count < size)
			names[count] = command_get(i)->names[0];
		count++;
	}
	return count;
}
