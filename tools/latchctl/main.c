// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl: finds the command that was asked for, and answers --help and --version. What a command
 * does, and how it is described, is in its own file.
 */
#include <errno.h>

#include "latchctl.h"
#include "nearest.h"
#include "paths.h"

const struct subcommand *const subcommands[] = {
	&subcommand_audit,
	&subcommand_check,
	&subcommand_commands,
	&subcommand_completion,
	&subcommand_doctor,
	&subcommand_explain,
	&subcommand_reload,
	&subcommand_release,
	&subcommand_report,
	&subcommand_routes,
	&subcommand_status,
	&subcommand_suggest,
	&subcommand_top,
	NULL,
};

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; subcommands[i]; i++)
		if (!strcmp(subcommands[i]->name, name))
			return subcommands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	struct nearest near = NEAREST(name);

	for (size_t i = 0; subcommands[i]; i++)
		nearest_offer(&near, subcommands[i]->name);
	fprintf(stderr, "latchctl: there is no command \"%s\"", name);
	if (near.name)
		fprintf(stderr, "; did you mean \"%s\"?", near.name);
	fputs("\nSee `latchctl --help`.\n", stderr);
	return LATCHCTL_USAGE;
}

static bool is_help(const char *argument)
{
	return !strcmp(argument, "--help") || !strcmp(argument, "-h");
}

static int help(const char *name)
{
	const struct subcommand *command;

	if (!name) {
		help_overview(stdout);
		return LATCHCTL_OK;
	}
	command = find(name);
	if (!command)
		return unknown_command(name);
	help_command(command);
	return LATCHCTL_OK;
}

static int run(int argc, char **argv)
{
	const struct subcommand *command = find(argv[0]);

	if (!command)
		return unknown_command(argv[0]);
	/* Behind the first word --help may be another's: `explain docker run -h web nginx`. */
	for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"); i++)
		if (is_help(argv[i]))
			return help(command->name);
	return command->run(argc, argv);
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		help_overview(stderr);
		return LATCHCTL_USAGE;
	}
	if (is_help(argv[1]))
		return help(NULL);
	if (!strcmp(argv[1], "help"))
		return help(argv[2]);
	if (!strcmp(argv[1], "--version")) {
		puts("latchctl " LATCH_VERSION);
		return LATCHCTL_OK;
	}
	if (argv[1][0] == '-') {
		fprintf(stderr, "latchctl: unknown option \"%s\"\nSee `latchctl --help`.\n",
			argv[1]);
		return LATCHCTL_USAGE;
	}
	return run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status = dispatch(argc, argv);

	/* An answer that nobody could read was not given. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "latchctl: standard output: %s\n", strerror(errno));
		return LATCHCTL_UNKNOWN;
	}
	return status;
}
