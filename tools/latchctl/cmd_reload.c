// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl reload: has latchd read its settings file again. latchd decides whether the file is a
 * policy; this prints what it answered.
 */
#include <errno.h>
#include <jansson.h>

#include "control.h"
#include "latchctl.h"
#include "output.h"

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

enum {
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_JSON] = {"json", 0, NULL, "the answer as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_reload = {
	.name = "reload",
	.arguments = "[--json]",
	.summary = "have latchd read its settings file again",
	.help = "The same as SIGHUP to latchd, with an answer. A file that is no policy changes\n"
		"nothing: what was in force stays so, and each problem is listed. Exits 0 when\n"
		"the new policy is in force, 1 when the old one stays, 3 without a latchd.\n",
	.options = options,
	.run = run,
};

static int run(int argc, char **argv)
{
	json_t *answer = NULL;
	const char *value;
	bool json = false;
	int option, r;

	while ((option = options_next(&subcommand_reload, argc, argv, false, &value)) >= 0)
		json = option == OPTION_JSON;
	if (option == OPTIONS_WRONG || no_operands(&subcommand_reload, argc, argv))
		return LATCHCTL_USAGE;
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
	if (json)
		return print_json("reload", answer,
			json_object_get(answer, "error") ? LATCHCTL_NO : LATCHCTL_OK);
	r = print_answer(answer);
	json_decref(answer);
	return r;
}
