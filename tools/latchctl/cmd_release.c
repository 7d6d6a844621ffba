// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl release: asks latchd to undo everything and end; does it itself where no latchd runs.
 */
#include <errno.h>
#include <jansson.h>

#include "control.h"
#include "latchctl.h"
#include "paths.h"
#include "problem.h"
#include "release.h"

/* latchd answers first and undoes then: its lock file is the last thing to go. */
static bool wait_until_gone(void)
{
	for (int i = 0; i < 600; i++) {
		if (access(LATCH_LOCK, F_OK) && errno == ENOENT)
			return true;
		usleep(100000);
	}
	return false;
}

int cmd_release(int argc, char **argv)
{
	_cleanup_free_ char *problem = NULL;
	json_t *answer = NULL;
	int r;

	if (argc > 1)
		return usage_error(argv[0], "takes no arguments");
	if (geteuid()) {
		fputs("latchctl release: must be root\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	r = control_ask("release", 5000, &answer);
	if (!r) {
		json_decref(answer);
		if (wait_until_gone()) {
			puts("released: the engine has its socket back, and latchd has ended.");
			return LATCHCTL_OK;
		}
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
	puts("released: no latchd was running; the engine has its socket back.");
	return LATCHCTL_OK;
}
