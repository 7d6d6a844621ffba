// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl commands: the table of docker commands: what each is called, which requests it is made
 * of, and how well the socket can tell it from others. Under a policy: `latchctl explain`.
 */
#include "describe.h"
#include "latchctl.h"
#include "output.h"
#include "parts.h"

static const char *note_of(const struct command *command)
{
	return command->support == COMMAND_UNSUPPORTED ? parts_note(command->names[0])
						       : command->note;
}

static json_t *row_object(const struct command *command)
{
	size_t count = 0;

	while (command->names[count])
		count++;
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:s?}", "names",
		describe_names(command->names, count), "support",
		describe_support(command->support), "is", describe_ids(command->is), "needs",
		describe_ids(command->needs), "hidden_in", describe_ids(command->hidden_in), "note",
		note_of(command));
}

static int print_object(void)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < command_count(); i++)
		json_array_append_new(rows, row_object(command_get(i)));
	return print_json("commands", json_pack("{s:o}", "commands", rows), LATCHCTL_OK);
}

static void print_routes(const char *label, const short *routes)
{
	for (; *routes != COMMAND_NO_ROUTE; routes++, label = "") {
		char condition[128];

		describe_discriminator(*routes, condition, sizeof(condition));
		printf("  %-9s  %-7s  %s%s%s\n", label, route_get(*routes)->method,
			route_get(*routes)->template, condition[0] ? " " : "", condition);
	}
}

static void print_row(const struct command *command)
{
	for (const char *const *name = command->names; *name; name++)
		printf("%s%s%s%s", name == command->names ? "" : ", ", style(stdout, STYLE_TITLE),
			*name, style(stdout, STYLE_PLAIN));
	printf("  (%s)\n", describe_support(command->support));
	print_routes("is", command->is);
	print_routes("needs", command->needs);
	print_routes("hidden in", command->hidden_in);
	if (note_of(command))
		printf("  note       %s\n", note_of(command));
}

int cmd_commands(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");

	if (argc > 1 && !json)
		return usage_error(argv[0], "unexpected argument \"%s\"", argv[1]);
	if (json)
		return print_object();
	for (size_t i = 0; i < command_count(); i++)
		print_row(command_get(i));
	return LATCHCTL_OK;
}
