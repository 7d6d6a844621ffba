// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl release: asks latchd to undo everything and end; does it itself where no latchd runs.
 */
#include <errno.h>
#include <jansson.h>

#include "control.h"
#include "latchctl.h"
#include "output.h"
#include "paths.h"
#include "problem.h"
#include "progress.h"
#include "release.h"

/* latchd answers first and undoes then: its lock file is the last thing to go. */
static bool wait_until_gone(void)
{
	struct progress progress;
	bool gone = false;

	progress_begin(&progress, "latchd gives the engine its socket back");
	for (int i = 0; i < 600; i++) {
		gone = access(LATCH_LOCK, F_OK) && errno == ENOENT;
		if (gone)
			break;
		progress_show(&progress, 0, 0);
		usleep(100000);
	}
	progress_end(&progress);
	return gone;
}

enum {
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_JSON] = {"json", 0, NULL, "the answer as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_release = {
	.name = "release",
	.arguments = "[--json]",
	.summary = "give the engine its socket back",
	.help = "Undoes everything, with or without a running latchd: the engine's own socket\n"
		"is at its public path again, nothing of latch is in the kernel, latchd has\n"
		"ended. Containers that mounted latch's socket must be started anew.\n",
	.options = options,
	.run = run,
};

static int print_released(bool latchd_ran, bool json)
{
	if (json)
		return print_json("release",
			json_pack("{s:b, s:b}", "released", true, "latchd_ran", latchd_ran), LATCHCTL_OK);
	puts(latchd_ran ? "released: the engine has its socket back, and latchd has ended."
			: "released: no latchd was running; the engine has its socket back.");
	return LATCHCTL_OK;
}

/* With --json a failure is on standard error all the same: there is no object then. */
static int release(bool json)
{
	_cleanup_free_ char *problem = NULL;
	json_t *answer = NULL;
	int r = control_ask("release", 5000, &answer);

	if (!r) {
		json_decref(answer);
		if (wait_until_gone())
			return print_released(true, json);
		fputs("latchctl release: latchd did not finish in a minute; see its log\n", stderr);
		return LATCHCTL_NO;
	}
	if (r != -ENOENT && r != -ECONNREFUSED) {
		fprintf(stderr, "latchctl release: latchd does not answer: %s; end it and try again\n",
			strerror(-r));
		return LATCHCTL_UNKNOWN;
	}
	r = release_everything(&problem);
	if (r < 0) {
		fprintf(stderr, "latchctl release: %s\n", problem_text(problem, r));
		return LATCHCTL_NO;
	}
	return print_released(false, json);
}

static int run(int argc, char **argv)
{
	const char *value;
	bool json = false;
	int option;

	while ((option = options_next(&subcommand_release, argc, argv, false, &value)) >= 0)
		json = option == OPTION_JSON;
	if (option == OPTIONS_WRONG || no_operands(&subcommand_release, argc, argv))
		return LATCHCTL_USAGE;
	if (geteuid()) {
		fputs("latchctl release: must be root\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	return release(json);
}
