// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl reload: has latchd read its settings file again. latchd decides whether the file is a
 * policy; this prints what it answered.
 */
#include <errno.h>
#include <jansson.h>

#include "control.h"
#include "latchctl.h"

#define ANSWER_TIMEOUT_MS 10000

static int print_answer(json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	json_t *warning;
	size_t i;

	if (error) {
		fprintf(stderr,
			"latchctl reload: the policy that was in force stays so:\n%s\n"
			"Correct the file (`latchctl check FILE` reads it as latchd does), then reload "
			"again.\n",
			error);
		return LATCHCTL_NO;
	}
	json_array_foreach(json_object_get(answer, "warnings"), i, warning)
		fprintf(stderr, "warning: %s\n", json_string_value(warning));
	printf("reloaded: %s (sha256 %.12s) is in force, generation %lld.\n",
		json_string_value(json_object_get(answer, "file")),
		json_string_value(json_object_get(answer, "sha256")),
		(long long)json_integer_value(json_object_get(answer, "generation")));
	return LATCHCTL_OK;
}

int cmd_reload(int argc, char **argv)
{
	json_t *answer = NULL;
	int r;

	if (argc > 1)
		return usage_error(argv[0],
			"takes no arguments: latchd reads the file that it was started on");
	if (geteuid()) {
		fputs("latchctl reload: must be root\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	r = control_ask("reload", ANSWER_TIMEOUT_MS, &answer);
	if (r == -ENOENT || r == -ECONNREFUSED) {
		fputs("latchctl reload: latchd does not run; it reads its settings when it starts\n",
			stderr);
		return LATCHCTL_UNKNOWN;
	}
	if (r < 0) {
		fprintf(stderr, "latchctl reload: latchd does not answer: %s; see its log\n",
			strerror(-r));
		return LATCHCTL_UNKNOWN;
	}
	r = print_answer(answer);
	json_decref(answer);
	return r;
}
