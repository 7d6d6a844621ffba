/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of latchctl share: how one is described, what its exit status means, and how
 * it writes to a terminal. A command is one file, cmd_<name>.c, and one row of main.c's table.
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

struct subcommand {
	const char *name;
	const char *arguments; /* for the usage line; "" for none */
	const char *summary;   /* one line, no full stop */
	const char *help;      /* the rest of `latchctl help NAME`; ends in a newline */
	/* argv[0] is the command's name. Returns enum latchctl_exit. */
	int (*run)(int argc, char **argv);
};

int cmd_audit(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_commands(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_routes(int argc, char **argv);
int cmd_status(int argc, char **argv);

/*
 * Says on standard error what is wrong with the command line (printf, no newline) and where to
 * look. Returns LATCHCTL_USAGE.
 */
int usage_error(const char *command, const char *format, ...) PRINTF_LIKE(2, 3);

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

#endif
