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

enum {
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_JSON] = {"json", 0, NULL, "the table as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_commands = {
	.name = "commands",
	.arguments = "[--json]",
	.summary = "docker's commands, and the requests that each is made of",
	.help = "One paragraph for each command: every name of it (any of them may stand in a\n"
		"command list), then its requests. A deny list refuses what the command \"is\";\n"
		"an allow list passes what it is and what it \"needs\" on its way.\n"
		"\n"
		"The word behind the names says how well a socket can tell the command:\n"
		"  exact        its requests are its own\n"
		"  shared       other commands are the same requests and share its verdict\n"
		"  partial      its effect can be had by other requests\n"
		"  silent       it sends nothing that could be refused\n"
		"  unsupported  Enhanced Container Isolation takes it in no command list\n"
		"\n"
		"  latchctl commands | less\n"
		"  latchctl commands --json | jq -r '.commands[] | select(.support == \"exact\") | .names[0]'\n",
	.options = options,
	.run = run,
};

static int run(int argc, char **argv)
{
	bool json = false;
	const char *value;
	int option;

	while ((option = options_next(&subcommand_commands, argc, argv, false, &value)) >= 0)
		json = option == OPTION_JSON;
	if (option == OPTIONS_WRONG || no_operands(&subcommand_commands, argc, argv))
		return LATCHCTL_USAGE;
	if (json)
		return print_object();
	for (size_t i = 0; i < command_count(); i++)
		print_row(command_get(i));
	return LATCHCTL_OK;
}
