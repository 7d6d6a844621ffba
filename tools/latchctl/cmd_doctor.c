// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl doctor: climbs the support ladder and prints each rung. A rung that latch can do without
 * is advice and does not change the exit status.
 */
#include <unistd.h>

#include "latchctl.h"
#include "output.h"
#include "siblings.h"
#include "support.h"

static void print_rung(const struct support_rung *rung, enum support_result result, const char *found)
{
	static const char *const marks[] = { "yes", "NO", "not tried" };
	enum style mark = result == SUPPORT_YES ? STYLE_GOOD :
			  result == SUPPORT_NO && !rung->advice ? STYLE_BAD : STYLE_WARNING;

	printf("%s%-9s%s %s%s%s\n", style(stdout, mark), marks[result], style(stdout, STYLE_PLAIN),
		rung->need, found[0] ? ": " : "", found);
	if (result == SUPPORT_NO)
		printf("          -> %s\n", rung->mend);
}

static json_t *rung_object(
	const struct support_rung *rung, enum support_result result, const char *found)
{
	static const char *const words[] = {"yes", "no", "not-tried"};

	return json_pack("{s:s, s:s, s:s, s:b, s:s?}", "need", rung->need, "result", words[result],
		"found", found, "advice", rung->advice, "mend",
		result == SUPPORT_NO ? rung->mend : NULL);
}

/* What latchd closes to containers besides the engine's socket. */
static void print_siblings(void)
{
	struct siblings siblings;

	siblings_init(&siblings);
	puts("latchd closes these to containers, where they are (latchd --guard, --no-guard):");
	for (size_t i = 0; i < siblings.count; i++)
		printf("          %s%s\n", siblings.paths[i], access(siblings.paths[i], F_OK) ? "" : "  (there)");
}

enum {
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_JSON] = {"json", 0, NULL, "the answer as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_doctor = {
	.name = "doctor",
	.arguments = "[--json]",
	.summary = "can latch work on this machine, and if not, what is missing",
	.help = "One line for each thing that latch needs of the kernel and the engine, and\n"
		"what to do where one is missing.\n",
	.options = options,
	.run = run,
};

/* Each rung that stands on one that is missing is not tried. */
struct ladder {
	json_t *rungs; /* NULL: they are printed */
	bool missing, untried;
};

static void climb(struct ladder *ladder)
{
	for (const struct support_rung *rung = support_rungs; rung->need; rung++) {
		enum support_result result = SUPPORT_UNTRIED;
		char found[256] = "";

		if (rung->needs_root && geteuid())
			snprintf(found, sizeof(found), "needs root");
		else if (ladder->missing && rung->needs_root)
			snprintf(found, sizeof(found), "stands on what is missing above");
		else
			result = rung->check(found);
		if (ladder->rungs)
			json_array_append_new(ladder->rungs, rung_object(rung, result, found));
		else
			print_rung(rung, result, found);
		ladder->missing |= result == SUPPORT_NO && !rung->advice;
		ladder->untried |= result == SUPPORT_UNTRIED;
	}
}

static int conclude(const struct ladder *ladder)
{
	int status = ladder->missing   ? LATCHCTL_NO
		     : ladder->untried ? LATCHCTL_UNKNOWN
				       : LATCHCTL_OK;

	if (ladder->rungs)
		return print_json("doctor",
			json_pack("{s:b, s:o}", "works", status == LATCHCTL_OK, "needs", ladder->rungs),
			status);
	print_siblings();
	puts(ladder->missing   ? "latch cannot work here until that is mended."
	     : ladder->untried ? "run it as root for the rest."
			       : "latch can work here: write a settings file (`latchctl check` reads "
				 "it), start latchd.");
	return status;
}

static int run(int argc, char **argv)
{
	struct ladder ladder = {0};
	const char *value;
	bool json = false;
	int option;

	while ((option = options_next(&subcommand_doctor, argc, argv, false, &value)) >= 0)
		json = option == OPTION_JSON;
	if (option == OPTIONS_WRONG || no_operands(&subcommand_doctor, argc, argv))
		return LATCHCTL_USAGE;
	if (json)
		ladder.rungs = json_array();
	climb(&ladder);
	return conclude(&ladder);
}
