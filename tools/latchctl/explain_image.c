// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl explain image: asks latchd, for only it knows what the registries answered.
 */
#include <errno.h>

#include "control.h"
#include "explain_image.h"
#include "output.h"

/* The registry's ten seconds, the engine's, and one more round. */
#define ANSWER_TIMEOUT_MS 60000

static const char *text_in(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));

	return text ? text : "";
}

static int status_of(const json_t *answer)
{
	const char *verdict = text_in(answer, "verdict");

	if (!strcmp(verdict, "allowed"))
		return LATCHCTL_OK;
	return strcmp(verdict, "denied") ? LATCHCTL_UNKNOWN : LATCHCTL_NO;
}

static void print_field(const json_t *answer, const char *label, const char *key)
{
	if (text_in(answer, key)[0])
		printf("%-9s %s\n", label, text_in(answer, key));
}

static int print_answer(const json_t *answer)
{
	int status = status_of(answer);

	printf("%s%s%s\n", style(stdout, STYLE_TITLE), text_in(answer, "image"),
		style(stdout, STYLE_PLAIN));
	print_field(answer, "id", "id");
	print_field(answer, "entry", "entry");
	print_field(answer, "parent", "parent");
	print_field(answer, "reason", "reason");
	printf("%s%s%s: %s\n", style(stdout, status == LATCHCTL_OK ? STYLE_GOOD : STYLE_BAD),
		text_in(answer, "verdict"), style(stdout, STYLE_PLAIN), text_in(answer, "text"));
	return status;
}

static int report(json_t *answer, bool json)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	int status = status_of(answer);

	if (error) {
		fprintf(stderr, "latchctl explain: %s\n", error);
		return LATCHCTL_UNKNOWN;
	}
	return json ? print_json("explain", json_incref(answer), status) : print_answer(answer);
}

int explain_image(const char *image, bool json)
{
	json_t *answer = NULL;
	char command[CONTROL_LINE_SIZE];
	int r;

	if (geteuid()) {
		fputs("latchctl explain: must be root to ask latchd about an image\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	if (strchr(image, '\n') || snprintf(command, sizeof(command), CONTROL_IMAGE "%s", image) >=
					   (int)sizeof(command))
		return usage_error("explain", "\"%.40s...\" is no image's name", image);
	r = control_ask(command, ANSWER_TIMEOUT_MS, &answer);
	if (r == -ENOENT || r == -ECONNREFUSED)
		fputs("latchctl explain: latchd does not run, and only it knows what the registries "
		      "answered: start it, then ask again\n", stderr);
	else if (r < 0)
		fprintf(stderr, "latchctl explain: latchd does not answer: %s; see its log\n",
			strerror(-r));
	if (r < 0)
		return LATCHCTL_UNKNOWN;
	r = report(answer, json);
	json_decref(answer);
	return r;
}
