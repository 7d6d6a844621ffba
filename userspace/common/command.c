// SPDX-License-Identifier: Apache-2.0
/*
 * The table of docker commands, and the three questions that are asked of it: is this its name, is
 * it below that management command, and which command is this route. What a list of commands makes
 * of them is commandlist.c's.
 */
#include "command.h"

#include <string.h>

#include "route.h"
#include "util.h"

/* commands.def names routes without their prefix: here, and nowhere else, they have none. */
enum {
#define ROUTE(id, ...) id = ROUTE_##id,
#include "latch/routes.def"
#undef ROUTE
	NOTHING = COMMAND_NO_ROUTE,
};

#define NAMES(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define ROUTES(...)  ((const short[]){ __VA_ARGS__, COMMAND_NO_ROUTE })
#define IS(...)	     ROUTES(__VA_ARGS__)
#define NEEDS(...)   ROUTES(__VA_ARGS__)
#define HIDDEN_IN(...) ROUTES(__VA_ARGS__)

static const short nowhere[] = { COMMAND_NO_ROUTE };

/* The list behind the note, or `nowhere` without one. */
#define FIRST_OF(first, ...) first
#define HIDDEN(...)	     FIRST_OF(__VA_ARGS__ __VA_OPT__(, ) nowhere)

static const struct command commands[] = {
#define COMMAND(names_, support_, is_, needs_, note_, ...)                                         \
	{ names_, COMMAND_##support_, is_, needs_, HIDDEN(__VA_ARGS__), note_ },
#include "latch/commands.def"
#undef COMMAND
};

size_t command_count(void)
{
	return ARRAY_SIZE(commands);
}

const struct command *command_get(size_t index)
{
	return &commands[index];
}

bool command_has_name(const struct command *command, const char *name)
{
	for (const char *const *own = command->names; *own; own++) {
		if (strcmp(*own, name) == 0)
			return true;
	}
	return false;
}

bool command_is_below(const struct command *command, const char *words)
{
	size_t length = strlen(words);

	for (const char *const *own = command->names; *own; own++) {
		if (strncmp(*own, words, length) == 0 && (*own)[length] == ' ')
			return true;
	}
	return false;
}

const char *command_of_route(int route_id)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		for (const short *is = commands[i].is; *is != COMMAND_NO_ROUTE; is++) {
			if (*is == route_id)
				return commands[i].names[0];
		}
	}
	return "";
}
