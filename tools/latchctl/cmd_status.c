// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl status: what latchd says of itself, and, where it does not run, what the pinned maps
 * still say. Exits 0 only when latch enforces and serves.
 */
#include <errno.h>
#include <jansson.h>

#include "control.h"
#include "latchctl.h"
#include "maps.h"
#include "output.h"

#define ANSWER_TIMEOUT_MS 5000

static const char *text(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static json_int_t number(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_image(json_t *image)
{
	json_int_t age = number(image, "age");

	printf("  image   %s", text(image, "entry"));
	if (text(image, "digest")[0])
		printf("  %.19s", text(image, "digest"));
	if (age >= 0)
		printf("  confirmed %lld s ago", (long long)age);
	if (!json_is_true(json_object_get(image, "counts")))
		printf("  %sallows nothing now%s", style(stdout, STYLE_WARNING),
			style(stdout, STYLE_PLAIN));
	if (text(image, "problem")[0])
		printf("  (%s)", text(image, "problem"));
	putchar('\n');
}

static void print_policy(json_t *policy)
{
	json_t *commands = json_object_get(policy, "commands"), *item;
	size_t i;

	printf("policy    %s (sha256 %.12s)\n", text(policy, "file"), text(policy, "sha256"));
	json_array_foreach(json_object_get(policy, "images"), i, item)
		print_image(item);
	if (!json_array_size(json_object_get(policy, "images")))
		puts("  image   none: no container may have the socket");
	printf("  command %s:", text(policy, "command_list"));
	json_array_foreach(commands, i, item)
		printf(" \"%s\"", json_string_value(item));
	puts(json_array_size(commands) ? "" : " nothing");
}

static void print_counters(json_t *counters)
{
	const char *name;
	json_t *value;

	fputs("counters ", stdout);
	json_object_foreach(counters, name, value)
		if (json_integer_value(value))
			printf(" %s=%lld", name, (long long)json_integer_value(value));
	putchar('\n');
}

static int print_status(json_t *status)
{
	bool healthy = json_is_true(json_object_get(status, "healthy"));
	json_t *containers = json_object_get(status, "containers"), *problem;
	size_t i;

	printf("latch     %s%s%s, mode %s\n", style(stdout, healthy ? STYLE_GOOD : STYLE_BAD),
		healthy ? "healthy" : "not healthy", style(stdout, STYLE_PLAIN),
		text(status, "mode"));
	if (!strcmp(text(status, "mode"), "off"))
		printf("          %snothing is refused: enhancedContainerIsolation.value is false%s\n",
			style(stdout, STYLE_WARNING), style(stdout, STYLE_PLAIN));
	printf("socket    %s, engine %s, ", text(status, "socket"),
		json_is_true(json_object_get(status, "engine")) ? "behind it" : "absent");
	if (!strcmp(text(status, "transport"), "direct"))
		puts("direct: the kernel decides requests");
	else
		printf("mediator pid %lld\n", (long long)number(status, "mediator_pid"));
	print_policy(json_object_get(status, "policy"));
	printf("running   %lld containers allowed, %lld contained\n",
		(long long)number(containers, "allowed"),
		(long long)number(containers, "contained"));
	print_counters(json_object_get(status, "counters"));
	json_array_foreach(json_object_get(status, "problems"), i, problem)
		printf("%sproblem%s   %s\n", style(stdout, STYLE_BAD), style(stdout, STYLE_PLAIN),
			json_string_value(problem));
	return healthy ? LATCHCTL_OK : LATCHCTL_NO;
}

/* Without latchd: is the kernel still shut? */
static int print_kernel_alone(void)
{
	struct latch_state state;
	struct maps maps;
	int r = maps_open(&maps);

	if (r == -ENOENT) {
		puts("latch is not running and nothing of it is in the kernel; start latchd.");
		return LATCHCTL_NO;
	}
	if (r < 0 || maps_get_state(&maps, &state)) {
		fprintf(stderr, "latchctl status: cannot read the pinned maps: %s\n",
			strerror(r < 0 ? -r : errno));
		return LATCHCTL_UNKNOWN;
	}
	printf("latchd is not running. The kernel goes on by itself (mode %s): containers without a "
	       "grant are refused, and clients wait until latchd is started again.\n",
		state.mode == LATCH_MODE_OFF ? "off" : "enforce");
	maps_close(&maps);
	return LATCHCTL_NO;
}

int cmd_status(int argc, char **argv)
{
	bool as_json = argc == 2 && !strcmp(argv[1], "--json");
	json_t *status = NULL;
	int r;

	if (argc > 1 && !as_json)
		return usage_error(argv[0], "unexpected argument \"%s\"", argv[1]);
	if (geteuid()) {
		fputs("latchctl status: must be root\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	r = control_ask("status", ANSWER_TIMEOUT_MS, &status);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return print_kernel_alone();
	if (r < 0) {
		fprintf(stderr, "latchctl status: latchd does not answer: %s\n", strerror(-r));
		return LATCHCTL_UNKNOWN;
	}
	if (as_json)
		return print_json(argv[0], status,
			json_is_true(json_object_get(status, "healthy")) ? LATCHCTL_OK : LATCHCTL_NO);
	r = print_status(status);
	json_decref(status);
	return r;
}
