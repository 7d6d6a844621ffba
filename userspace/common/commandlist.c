// SPDX-License-Identifier: Apache-2.0
/*
 * What an entry of ECI's command list selects, and the verdict on every route that follows from a
 * list. Decided on the tables alone, once at every reload; a request's verdict is then one look at
 * one array. An entry that nobody understands makes the whole list invalid, and an invalid list
 * passes nothing: what its author wanted refused is not known.
 */
#include "commandlist.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "nearest.h"
#include "util.h"

/* ECI's wildcards: these and no others. Each is every command with a name that begins so. */
static const char *const wildcards[] = {
	"container*", "image*", "volume*", "network*", "build*", "system*",
};

static bool is_wildcard(const char *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(wildcards); i++) {
		if (strcmp(entry, wildcards[i]) == 0)
			return true;
	}
	return false;
}

static bool begins_with(const char *text, const char *start, size_t length)
{
	return strncmp(text, start, length) == 0;
}

/* An entry is a command's name, a management command's name for all below it, or a wildcard. */
static bool selects(const char *entry, const struct command *command)
{
	if (command->support == COMMAND_UNSUPPORTED)
		return false;
	if (!is_wildcard(entry))
		return command_has_name(command, entry) || command_is_below(command, entry);
	for (const char *const *name = command->names; *name; name++) {
		if (begins_with(*name, entry, strlen(entry) - 1))
			return true;
	}
	return false;
}

static bool selects_any(const char *entry)
{
	for (size_t i = 0; i < command_count(); i++) {
		if (selects(entry, command_get(i)))
			return true;
	}
	return false;
}

/* The row that ECI does not support, if the entry's first word is its name. */
static const struct command *find_unsupported(const char *entry)
{
	size_t word = strcspn(entry, " *");

	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_get(i);
		const char *name = command->names[0];

		if (command->support == COMMAND_UNSUPPORTED && strlen(name) == word &&
			begins_with(entry, name, word))
			return command;
	}
	return NULL;
}

static const char *nearest_name(const char *entry)
{
	struct nearest nearest = NEAREST(entry);

	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_get(i);

		if (command->support == COMMAND_UNSUPPORTED)
			continue;
		for (const char *const *name = command->names; *name; name++)
			nearest_offer(&nearest, *name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wildcards); i++)
		nearest_offer(&nearest, wildcards[i]);
	return nearest.name;
}

/* Why the entry selects nothing. */
static void explain_unknown(const char *entry, char *problem, size_t size)
{
	static const char docker[] = "docker ";
	const struct command *unsupported = find_unsupported(entry);
	const char *nearest;

	if (unsupported) {
		snprintf(problem, size,
			"\"%s\": docker %s is not supported in Enhanced Container Isolation's "
			"command lists",
			entry, unsupported->names[0]);
		return;
	}
	if (begins_with(entry, docker, strlen(docker)) && selects_any(entry + strlen(docker))) {
		snprintf(problem, size, "\"%s\": write it without docker, as \"%s\"", entry,
			entry + strlen(docker));
		return;
	}
	if (strchr(entry, '*')) {
		snprintf(problem, size,
			"\"%s\" is not a wildcard: only container*, image*, volume*, network*, "
			"build* and system* are",
			entry);
		return;
	}
	nearest = nearest_name(entry);
	if (nearest)
		snprintf(problem, size, "\"%s\" is not a docker command; did you mean \"%s\"?",
			entry, nearest);
	else
		snprintf(problem, size, "\"%s\" is not a docker command", entry);
}

/* Appends as far as there is room; what does not fit is cut. */
static void append(char *text, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
static void append(char *text, size_t size, const char *format, ...)
{
	size_t used = strnlen(text, size);
	va_list arguments;

	if (used >= size)
		return;
	va_start(arguments, format);
	vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
}

static void warn_about_one(const char *entry, const struct command *command, char *problem,
	size_t size)
{
	if (command->support == COMMAND_SILENT)
		append(problem, size, "\"%s\" sends no request that could be refused: %s", entry,
			command->note);
	else if (command->note)
		append(problem, size, "\"%s\": %s", entry, command->note);
}

static bool has_route(const short *routes, int route_id)
{
	for (; *routes != COMMAND_NO_ROUTE; routes++) {
		if (*routes == route_id)
			return true;
	}
	return false;
}

static bool family_is(const char *entry, int route_id)
{
	for (size_t i = 0; i < command_count(); i++) {
		if (selects(entry, command_get(i)) && has_route(command_get(i)->is, route_id))
			return true;
	}
	return false;
}

/* May a command of the family be hidden in what no command of the family is? */
static bool reaches_out(const char *entry, const struct command *command)
{
	for (const short *hidden = command->hidden_in; *hidden != COMMAND_NO_ROUTE; hidden++) {
		if (!family_is(entry, *hidden))
			return true;
	}
	return false;
}

/*
 * Of a family, only what it lets through and what it takes with it is worth a word: that its
 * members share requests with one another is what a family is.
 */
static void warn_about_family(const char *entry, char *problem, size_t size)
{
	bool silent = true;

	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_get(i);

		if (!selects(entry, command))
			continue;
		silent = silent && command->support == COMMAND_SILENT;
		if (command->support != COMMAND_PARTIAL && !reaches_out(entry, command))
			continue;
		if (problem[0] == '\0')
			append(problem, size, "\"%s\": ", entry);
		else
			append(problem, size, "; ");
		append(problem, size, "%s: %s", command->names[0], command->note);
	}
	if (silent)
		append(problem, size,
			"\"%s\" sends no request that could be refused: its commands work on the "
			"client's side alone",
			entry);
}

int commandlist_check(const char *name, char *problem, size_t size)
{
	if (size > 0)
		problem[0] = '\0';
	if (!selects_any(name)) {
		explain_unknown(name, problem, size);
		return -EINVAL;
	}
	if (size == 0)
		return 0;
	for (size_t i = 0; i < command_count(); i++) {
		if (command_has_name(command_get(i), name)) {
			warn_about_one(name, command_get(i), problem, size);
			return 0;
		}
	}
	warn_about_family(name, problem, size);
	return 0;
}

static void set_routes(unsigned char *verdicts, const short *routes, enum latch_verdict_value value)
{
	for (; *routes != COMMAND_NO_ROUTE; routes++)
		verdicts[*routes] = value;
}

/* What never depends on a list: without these clients cannot even find the API's version. */
static void pass_always(unsigned char *verdicts)
{
	for (int id = 0; id < ROUTE_COUNT; id++) {
		if (route_get(id)->flags & ROUTE_ALWAYS)
			verdicts[id] = LATCH_VERDICT_PASS;
	}
}

/* Fail closed: what is not looked into may be the command. */
static void refuse_hiding_places(
	const struct commandlist *list, const struct command *command, unsigned char *verdicts)
{
	for (const short *hidden = command->hidden_in; *hidden != COMMAND_NO_ROUTE; hidden++) {
		if (list->direct || !(route_get(*hidden)->flags & ROUTE_JUDGE_BUILD))
			verdicts[*hidden] = LATCH_VERDICT_REFUSE;
	}
}

static void apply_entry(
	const struct commandlist *list, const char *entry, unsigned char *verdicts)
{
	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_get(i);

		if (!selects(entry, command))
			continue;
		if (list->type == COMMANDLIST_DENY) {
			set_routes(verdicts, command->is, LATCH_VERDICT_REFUSE);
			refuse_hiding_places(list, command, verdicts);
		} else {
			set_routes(verdicts, command->is, LATCH_VERDICT_PASS);
			set_routes(verdicts, command->needs, LATCH_VERDICT_PASS);
		}
	}
}

/*
 * Asked of the verdicts that the entry alone makes, so that it cannot differ from what a compiled
 * list obeys.
 */
static bool decides(const struct commandlist *list, const char *entry, int route_id)
{
	bool deny = list->type == COMMANDLIST_DENY;
	unsigned char verdicts[ROUTE_COUNT];

	memset(verdicts, deny ? LATCH_VERDICT_PASS : LATCH_VERDICT_REFUSE, ROUTE_COUNT);
	apply_entry(list, entry, verdicts);
	return verdicts[route_id] != (deny ? LATCH_VERDICT_PASS : LATCH_VERDICT_REFUSE);
}

size_t commandlist_entry(const struct commandlist *list, int route_id, size_t from)
{
	if (route_get(route_id)->flags & ROUTE_ALWAYS)
		return list->count;
	while (from < list->count && !decides(list, list->commands[from], route_id))
		from++;
	return from;
}

int commandlist_compile(const struct commandlist *list, unsigned char verdicts[ROUTE_COUNT],
	char *problem, size_t size)
{
	bool deny = list->type == COMMANDLIST_DENY;

	if (size > 0)
		problem[0] = '\0';
	memset(verdicts, LATCH_VERDICT_REFUSE, ROUTE_COUNT);
	pass_always(verdicts);
	for (size_t i = 0; i < list->count; i++) {
		if (!selects_any(list->commands[i])) {
			explain_unknown(list->commands[i], problem, size);
			return -EINVAL;
		}
	}
	memset(verdicts, deny ? LATCH_VERDICT_PASS : LATCH_VERDICT_REFUSE, ROUTE_COUNT);
	for (size_t i = 0; i < list->count; i++)
		apply_entry(list, list->commands[i], verdicts);
	pass_always(verdicts);
	return 0;
}
