// SPDX-License-Identifier: Apache-2.0
/*
 * Reads a command line by the command's own table of options, which is also what help and completion
 * print: an option that is not there cannot be read, and one that is there cannot be forgotten.
 */
#include <getopt.h>
#include <stdarg.h>

#include "latchctl.h"

int usage_error(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "latchctl %s: ", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nSee `latchctl help %s`.\n", command);
	return LATCHCTL_USAGE;
}

int no_operands(const struct subcommand *command, int argc, char **argv)
{
	if (optind >= argc)
		return LATCHCTL_OK;
	return usage_error(command->name, "unexpected argument \"%s\"", argv[optind]);
}

/* The rows as getopt wants them. `letters` begins with ':': no value is told from no such option. */
static void translate(const struct command_option *rows, bool stop,
	struct option table[OPTIONS_MAX], char letters[2 * OPTIONS_MAX + 3])
{
	size_t length = 0;

	if (stop)
		letters[length++] = '+';
	letters[length++] = ':';
	for (size_t i = 0; rows && rows[i].name && i < OPTIONS_MAX - 1; i++) {
		table[i] = (struct option){
			rows[i].name, rows[i].value ? required_argument : no_argument, NULL, 256};
		if (!rows[i].letter)
			continue;
		letters[length++] = rows[i].letter;
		if (rows[i].value)
			letters[length++] = ':';
	}
	letters[length] = 0;
}

static int row_of_letter(const struct command_option *rows, int letter)
{
	for (int i = 0; rows[i].name; i++)
		if (rows[i].letter == letter)
			return i;
	return OPTIONS_WRONG;
}

int options_next(
	const struct subcommand *command, int argc, char **argv, bool stop, const char **value)
{
	struct option table[OPTIONS_MAX] = {0};
	char letters[2 * OPTIONS_MAX + 3];
	int found, row = 0;

	translate(command->options, stop, table, letters);
	opterr = 0;
	found = getopt_long(argc, argv, letters, table, &row);
	*value = optarg;
	switch (found) {
	case -1:
		return OPTIONS_END;
	case ':':
		usage_error(command->name, "%s wants a value", argv[optind - 1]);
		return OPTIONS_WRONG;
	case '?':
		usage_error(command->name, "unknown option \"%s\"", argv[optind - 1]);
		return OPTIONS_WRONG;
	case 256:
		return row;
	default:
		return row_of_letter(command->options, found);
	}
}
