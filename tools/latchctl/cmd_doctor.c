// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl doctor: climbs the support ladder and prints each rung. A rung that latch can do without
 * is advice and does not change the exit status.
 */
#include <unistd.h>

#include "latchctl.h"
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

/* What latchd closes to containers besides the engine's socket. */
static void print_siblings(void)
{
	struct siblings siblings;

	siblings_init(&siblings);
	puts("latchd closes these to containers, where they are (latchd --guard, --no-guard):");
	for (size_t i = 0; i < siblings.count; i++)
		printf("          %s%s\n", siblings.paths[i], access(siblings.paths[i], F_OK) ? "" : "  (there)");
}

int cmd_doctor(int argc, char **argv)
{
	bool missing = false, untried = false;

	if (argc > 1)
		return usage_error(argv[0], "takes no arguments");
	for (const struct support_rung *rung = support_rungs; rung->need; rung++) {
		enum support_result result = SUPPORT_UNTRIED;
		char found[256] = "";

		if (rung->needs_root && geteuid())
			snprintf(found, sizeof(found), "needs root");
		else if (missing && rung->needs_root)
			snprintf(found, sizeof(found), "stands on what is missing above");
		else
			result = rung->check(found);
		print_rung(rung, result, found);
		missing |= result == SUPPORT_NO && !rung->advice;
		untried |= result == SUPPORT_UNTRIED;
	}
	print_siblings();
	if (missing) {
		puts("latch cannot work here until that is mended.");
		return LATCHCTL_NO;
	}
	if (untried) {
		puts("run it as root for the rest.");
		return LATCHCTL_UNKNOWN;
	}
	puts("latch can work here: write a settings file (`latchctl check` reads it), start latchd.");
	return LATCHCTL_OK;
}
