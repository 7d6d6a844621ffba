/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of latchctl share: how one is described, how its options are read, what its exit
 * status means, and how it writes to a terminal. A command is one file, cmd_<name>.c, and one row of
 * main.c's table. What help, completion and the man page's test know of it is its description.
 */
#ifndef LATCH_LATCHCTL_H
#define LATCH_LATCHCTL_H

#include <stdio.h>

#include "util.h"

/* Exit status of every command, for scripts. */
enum latchctl_exit {
	LATCHCTL_OK = 0,      /* done; the answer is yes */
	LATCHCTL_NO = 1,      /* the answer is no: refused, malformed, a problem was found */
	LATCHCTL_USAGE = 2,   /* the command line makes no sense */
	LATCHCTL_UNKNOWN = 3, /* the answer could not be found out */
};

struct command_option {
	const char *name;  /* without its dashes */
	char letter;	   /* the short form, or 0 */
	const char *value; /* what stands behind it: "FILE", words to choose from ("name|image"),
			      another word in capitals; NULL: nothing */
	const char *help;  /* one line, no full stop */
};

#define OPTIONS_MAX 16 /* rows of one command's table, the empty one included */

struct subcommand {
	const char *name;
	const char *arguments; /* for the usage line; "" for none */
	const char *summary;   /* one line, no full stop */
	const char *help;      /* the rest of `latchctl help NAME`; ends in a newline */
	/*
	 * What its first operand is, for completion: "FILE", words to choose from ("bash|zsh"), or
	 * NULL.
	 */
	const char *operand;
	const struct command_option *options; /* ends in a row without a name; NULL: it has none */
	/* argv[0] is the command's name. Returns enum latchctl_exit. */
	int (*run)(int argc, char **argv);
};

extern const struct subcommand subcommand_audit, subcommand_check, subcommand_commands,
	subcommand_completion, subcommand_doctor, subcommand_explain, subcommand_release,
	subcommand_reload, subcommand_report, subcommand_routes, subcommand_status,
	subcommand_suggest, subcommand_top;

/* main.c: the table; NULL ends it. */
extern const struct subcommand *const subcommands[];

/*
 * options.c: the next option of the command line, as getopt_long. Returns its row in
 * command->options and sets *value (NULL for an option without one); OPTIONS_END when there is none
 * left, optind is then the first operand; OPTIONS_WRONG when it has said what is wrong. With
 * `stop` options end at the first operand: what follows is somebody else's.
 */
#define OPTIONS_END   (-1)
#define OPTIONS_WRONG (-2)
int options_next(
	const struct subcommand *command, int argc, char **argv, bool stop, const char **value);

/* For a command without operands: says so where there is one. Returns LATCHCTL_OK or _USAGE. */
int no_operands(const struct subcommand *command, int argc, char **argv);

/*
 * Says on standard error what is wrong with the command line (printf, no newline) and where to
 * look. Returns LATCHCTL_USAGE.
 */
int usage_error(const char *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* help.c: the list of commands; all that is known of one. */
void help_overview(FILE *out);
void help_command(const struct subcommand *command);

enum style {
	STYLE_PLAIN, /* back to what it was */
	STYLE_GOOD,
	STYLE_BAD,
	STYLE_WARNING,
	STYLE_TITLE,
};

/*
 * What to write to `out` to switch to a style: empty unless `out` is a terminal and NO_COLOR is
 * not set (no-color.org: any value but the empty one).
 */
const char *style(FILE *out, enum style style);

/*
 * A value, with every byte that a terminal could obey or show misleadingly as \xNN: callers name
 * themselves, and write their requests, as they like.
 */
void print_safe(FILE *out, const char *value);

#endif
