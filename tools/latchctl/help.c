// SPDX-License-Identifier: Apache-2.0
/*
 * Help from the descriptions of the commands.
 */
#include "latchctl.h"

void help_overview(FILE *out)
{
	fputs("usage: latchctl COMMAND [ARGUMENT...]\n\n"
	      "Looks at latch, the kernel latch on the container engine's socket.\n\n",
		out);
	for (size_t i = 0; subcommands[i]; i++)
		fprintf(out, "  %-14s  %s\n", subcommands[i]->name, subcommands[i]->summary);
	fputs("\n  help COMMAND    more about one command\n"
	      "  --version       the version\n\n"
	      "Exit status: 0 yes; 1 no, refused, or a problem was found; 2 wrong usage;\n"
	      "3 could not be found out. Colours appear on a terminal only, and never with\n"
	      "NO_COLOR set.\n",
		out);
}

static void print_option(const struct command_option *option)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s--%s%s%s", option->letter ? '-' : ' ',
		option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
		option->value ? " " : "", option->value ? option->value : "");
	if (strlen(left) > 24)
		printf("  %s\n  %-24s  %s\n", left, "", option->help);
	else
		printf("  %-24s  %s\n", left, option->help);
}

void help_command(const struct subcommand *command)
{
	printf("usage: latchctl %s%s%s\n\n%s%s%s\n\n%s", command->name,
		*command->arguments ? " " : "", command->arguments, style(stdout, STYLE_TITLE),
		command->summary, style(stdout, STYLE_PLAIN), command->help);
	if (!command->options)
		return;
	puts("\nOptions:");
	for (const struct command_option *option = command->options; option->name; option++)
		print_option(option);
}
