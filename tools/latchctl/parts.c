// SPDX-License-Identifier: Apache-2.0
/*
 * Unsupported commands in terms of supported ones, a row for each part: what compose 2.40 was seen
 * to send (selftests/data/commands.tsv), and what the same part does in other circumstances, such
 * as a pull where an image is missing. It is advice for whoever writes a list and enforces nothing:
 * each request is judged as the command that it is.
 */
#include "parts.h"

#include <string.h>

#include "util.h"

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What brings up containers asks for all that they stand on first. */
#define CREATES                                                                                    \
	"ps", "image inspect", "pull", "build", "network ls", "network inspect", "network create", \
		"volume inspect", "volume create", "container inspect", "create"

static const struct {
	const char *name;
	const char *part;
	const char *const *commands; /* first names */
} rows[] = {
	{"compose", "attach", PARTS("ps", "container inspect", "attach")},
	{"compose", "build", PARTS("build", "info")},
	{"compose", "commit", PARTS("ps", "commit")},
	{"compose", "config", PARTS(NULL)},
	{"compose", "cp", PARTS("ps", "cp")},
	{"compose", "create", PARTS(CREATES)},
	{"compose", "down",
		PARTS("ps", "stop", "rm", "network ls", "network inspect", "network rm",
			"volume rm", "rmi")},
	{"compose", "events", PARTS("events")},
	{"compose", "exec", PARTS("ps", "container inspect", "exec")},
	{"compose", "export", PARTS("ps", "export")},
	{"compose", "images", PARTS("ps", "image inspect")},
	{"compose", "kill", PARTS("ps", "kill")},
	{"compose", "logs", PARTS("ps", "container inspect", "logs", "events")},
	{"compose", "ls", PARTS("ps")},
	{"compose", "pause", PARTS("ps", "pause")},
	{"compose", "port", PARTS("ps")},
	{"compose", "ps", PARTS("ps", "container inspect")},
	{"compose", "pull", PARTS("image inspect", "pull")},
	{"compose", "push", PARTS("push")},
	{"compose", "restart", PARTS("ps", "restart")},
	{"compose", "rm", PARTS("ps", "container inspect", "stop", "rm")},
	{"compose", "run", PARTS(CREATES, "attach", "wait", "start", "rm")},
	{"compose", "start", PARTS("ps", "start")},
	{"compose", "stats", PARTS("ps", "events", "stats")},
	{"compose", "stop", PARTS("ps", "stop")},
	{"compose", "top", PARTS("ps", "top")},
	{"compose", "unpause", PARTS("ps", "unpause")},
	{"compose", "up",
		PARTS(CREATES, "start", "attach", "events", "logs", "stop", "kill", "rm")},
	{"compose", "version", PARTS(NULL)},
	{"compose", "volumes", PARTS("ps", "volume ls")},
	{"compose", "wait", PARTS("ps", "wait")},
	{"compose", "watch", PARTS(CREATES, "start", "restart", "cp", "exec", "events", "rm")},
	{"trust", "inspect", PARTS(NULL)},
	{"trust", "revoke", PARTS(NULL)},
	{"trust", "sign", PARTS("push")},
};

static const struct command *find_first(const char *name)
{
	for (size_t i = 0; i < command_count(); i++) {
		if (strcmp(command_get(i)->names[0], name) == 0)
			return command_get(i);
	}
	return NULL;
}

bool parts_known(const char *name, const char *part)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].name, name) == 0 && strcmp(rows[i].part, part) == 0)
			return true;
	}
	return false;
}

static size_t add(
	const struct command *command, const struct command **commands, size_t count, size_t size)
{
	size_t stored = count < size ? count : size;

	for (size_t i = 0; i < stored; i++) {
		if (commands[i] == command)
			return count;
	}
	if (count < size)
		commands[count] = command;
	return count + 1;
}

size_t parts_of(const char *name, const char *part, const struct command **commands, size_t size)
{
	bool known = parts_known(name, part);
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].name, name) || (known && strcmp(rows[i].part, part)))
			continue;
		for (const char *const *own = rows[i].commands; *own; own++) {
			const struct command *command = find_first(*own);

			if (command)
				count = add(command, commands, count, size);
		}
	}
	return count;
}

const char *parts_note(const char *name)
{
	if (strcmp(name, "compose") == 0)
		return "it sends the requests of other commands, and each is judged as that "
		       "command";
	if (strcmp(name, "manifest") == 0)
		return "the client talks to registries itself and sends the engine nothing";
	if (strcmp(name, "trust") == 0)
		return "the client talks to registries itself; to sign, it may push through the "
		       "engine";
	return "whatever it sends the engine is judged request by request, as the command that "
	       "each "
	       "request is; the audit names them";
}
