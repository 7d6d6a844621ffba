// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl: finds the command that was asked for, and answers --help and --version. What a command
 * does is in its own file; this one knows names and descriptions only.
 */
#include <errno.h>
#include <stdarg.h>

#include "latchctl.h"
#include "nearest.h"
#include "paths.h"
#include "settings.h"

static const struct subcommand commands[] = {
	{"audit", "[-f] [--refused] [--json]", "who asked for what, and what the answer was",
		"Prints what latchd wrote down: connections to guarded sockets and requests,\n"
		"passed and refused. With -f it waits for more; --refused leaves out what\n"
		"passed; --json prints the records as they are; --file FILE reads another log\n"
		"than " LATCH_AUDIT_LOG ".\n",
		cmd_audit},
	{"check", "[FILE]", "read a settings file as latchd would, and say what it means",
		"Without FILE: " SETTINGS_PATH ", and if there is none\n" SETTINGS_ECI_PATH
		", as latchd does.\n"
		"Exits 0 when latchd would take the file, 1 when it would not (every problem\n"
		"is listed), 3 when the file cannot be read by you.\n"
		"\n"
		"The smallest useful file:\n"
		"{\n"
		"  \"enhancedContainerIsolation\": {\n"
		"    \"value\": true,\n"
		"    \"dockerSocketMount\": {\n"
		"      \"imageList\": { \"images\": [\"docker:cli\"] },\n"
		"      \"commandList\": { \"type\": \"deny\", \"commands\": [\"push\"] }\n"
		"    }\n"
		"  }\n"
		"}\n",
		cmd_check},
	{"commands", "[--json]", "docker's commands, and the requests that each is made of",
		"One paragraph for each command: every name of it (any of them may stand in a\n"
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
		cmd_commands},
	{"doctor", "", "can latch work on this machine, and if not, what is missing",
		"One line for each thing that latch needs of the kernel and the engine, and\n"
		"what to do where one is missing.\n",
		cmd_doctor},
	{"explain", "[--settings FILE] [--json] docker COMMAND... | METHOD TARGET | image NAME",
		"may a container send this, or hold the socket, and which entry says so",
		"For a docker command: every request that it is (where a list refuses it) and\n"
		"needs, the verdict on each with the entry that decides, then whether the command\n"
		"passes, and what to add to the list or remove from it so that it does.\n"
		"docker's own options before the command are skipped; what follows its name is\n"
		"not looked at. The word docker may be left out.\n"
		"\n"
		"For a request: the route that it is, the commands behind it, and the verdict.\n"
		"The target is taken as a client sends it: percent escapes, version, query.\n"
		"\n"
		"  latchctl explain docker run --rm -it alpine\n"
		"  latchctl explain --settings new.json docker --context ci image push x\n"
		"  latchctl explain POST '/v1.43/images/x/push?tag=y'\n"
		"  latchctl explain --json GET /containers/json | jq -r .verdict\n"
		"\n"
		"For an image: may a container of it hold the socket by the image list that latchd\n"
		"runs with, which entry allows it, or why none does and what to do. As at a start,\n"
		"latchd asks the engine and, where what it knows is old, the registries.\n"
		"\n"
		"  latchctl explain image docker:cli\n"
		"\n"
		"Without --settings: the list that latchd runs with, and whether the kernel's map\n"
		"agrees (as root); where no latchd answers, the file that it would read. The\n"
		"answer is about containers that the image list allows; the command list does not\n"
		"bind the host. \"refused in part\" means that some of its requests are refused.\n"
		"\n"
		"Exits 0 when all of it passes, 1 when a request or the image is refused, 2 for what is no\n"
		"command or one without a verdict of its own (docker compose), 3 when the policy\n"
		"cannot be read, or list and kernel disagree.\n",
		cmd_explain},
	{"reload", "", "have latchd read its settings file again",
		"The same as SIGHUP to latchd, with an answer. A file that is no policy changes\n"
		"nothing: what was in force stays so, and each problem is listed. Exits 0 when\n"
		"the new policy is in force, 1 when the old one stays, 3 without a latchd.\n",
		cmd_reload},
	{"release", "", "give the engine its socket back",
		"Undoes everything, with or without a running latchd: the engine's own socket\n"
		"is at its public path again, nothing of latch is in the kernel, latchd has\n"
		"ended. Containers that mounted latch's socket must be started anew.\n",
		cmd_release},
	{"routes", "[--settings FILE] [--json]", "every request that the engine knows, row by row",
		"One line for each route: its row (the index into the kernel's map of verdicts),\n"
		"its name, method and template, what must hold beside them, and the commands\n"
		"that are it. The first row that fits a request counts. With --settings also the\n"
		"verdict of that file's command list.\n"
		"\n"
		"  latchctl routes | grep /images/\n"
		"  latchctl routes --settings new.json | grep refused\n",
		cmd_routes},
	{"status", "[--json]", "what latch guards and decides right now",
		"Mode, policy with the age of each image's digest, engine, containers with and\n"
		"without a grant, counters. Exits 0 when latch enforces and serves, 1 when\n"
		"something is missing (each problem is named), 3 when latchd does not answer.\n",
		cmd_status},
};

static bool is_terminal(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((no_color && *no_color) || !term || !strcmp(term, "dumb"))
		return false;
	return isatty(fileno(out));
}

const char *style(FILE *out, enum style style)
{
	static const char *const sequences[] = {
		[STYLE_PLAIN] = "\033[0m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_BAD] = "\033[31m",
		[STYLE_WARNING] = "\033[33m",
		[STYLE_TITLE] = "\033[1m",
	};

	return is_terminal(out) ? sequences[style] : "";
}

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

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	struct nearest near = NEAREST(name);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		nearest_offer(&near, commands[i].name);
	fprintf(stderr, "latchctl: there is no command \"%s\"", name);
	if (near.name)
		fprintf(stderr, "; did you mean \"%s\"?", near.name);
	fputs("\nSee `latchctl --help`.\n", stderr);
	return LATCHCTL_USAGE;
}

static void print_overview(FILE *out)
{
	fputs("usage: latchctl COMMAND [ARGUMENT...]\n\n"
	      "Looks at latch, the kernel latch on the container engine's socket.\n\n",
		out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-14s  %s\n", commands[i].name, commands[i].summary);
	fputs("\n  help COMMAND    more about one command\n"
	      "  --version       the version\n\n"
	      "Exit status: 0 yes; 1 no, refused, or a problem was found; 2 wrong usage;\n"
	      "3 could not be found out. Colours appear on a terminal only, and never with\n"
	      "NO_COLOR set.\n",
		out);
}

static void print_help(const struct subcommand *command)
{
	printf("usage: latchctl %s%s%s\n\n%s%s%s\n\n%s", command->name,
		*command->arguments ? " " : "", command->arguments, style(stdout, STYLE_TITLE),
		command->summary, style(stdout, STYLE_PLAIN), command->help);
}

static bool is_help(const char *argument)
{
	return !strcmp(argument, "--help") || !strcmp(argument, "-h");
}

static int help(const char *name)
{
	const struct subcommand *command;

	if (!name) {
		print_overview(stdout);
		return LATCHCTL_OK;
	}
	command = find(name);
	if (!command)
		return unknown_command(name);
	print_help(command);
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
		print_overview(stderr);
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
