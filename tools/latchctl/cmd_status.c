// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl status: what latchd says of itself, which containers there are, and, where no latchd runs,
 * what the pinned maps still say. Exits 0 only when latch enforces and serves.
 */
#include <errno.h>
#include <jansson.h>

#include "audit_reader.h"
#include "audit_words.h"
#include "containers.h"
#include "control.h"
#include "latchctl.h"
#include "maps.h"
#include "output.h"

#define ANSWER_TIMEOUT_MS 5000

enum {
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_JSON] = {"json", 0, NULL, "the answer as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_status = {
	.name = "status",
	.arguments = "[--json]",
	.summary = "what latch guards and decides right now",
	.help = "Mode, policy with each image's digest and its age, engine, containers with verdict and\n"
		"connections, counters. Exits 0 when latch enforces and serves, 1 when something is\n"
		"missing (each problem is named) or no latchd runs, 3 when it cannot be found out.\n"
		"\n"
		"  latchctl status --json | jq '.containers.list[] | select(.verdict == \"allowed\")'\n",
	.options = options,
	.run = run,
};

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_name(const char *value, int width)
{
	int length = 0;

	for (const char *c = value; *c; c++)
		length += *c >= ' ' && *c < 0x7f ? 1 : 4;
	print_safe(stdout, value);
	printf("%*s", length < width ? width - length : 0, "");
}

static void print_image(json_t *image)
{
	json_int_t age = number(image, "age");

	fputs("  image   ", stdout);
	print_safe(stdout, record_text(image, "entry"));
	if (record_text(image, "digest")[0])
		printf("  %.19s", record_text(image, "digest"));
	if (age >= 0)
		printf("  confirmed %lld s ago", (long long)age);
	if (!json_is_true(json_object_get(image, "counts")))
		printf("  %sallows nothing now%s", style(stdout, STYLE_WARNING),
			style(stdout, STYLE_PLAIN));
	if (record_text(image, "problem")[0])
		printf("  (%s)", record_text(image, "problem"));
	putchar('\n');
}

static void print_policy(json_t *policy)
{
	json_t *commands = json_object_get(policy, "commands"), *item;
	size_t i;

	printf("policy    %s (sha256 %.12s)\n", record_text(policy, "file"),
		record_text(policy, "sha256"));
	json_array_foreach(json_object_get(policy, "images"), i, item)
		print_image(item);
	if (!json_array_size(json_object_get(policy, "images")))
		puts("  image   none: no container may have the socket");
	printf("  command %s:", record_text(policy, "command_list"));
	json_array_foreach(commands, i, item)
		printf(" \"%s\"", json_string_value(item));
	puts(json_array_size(commands) ? "" : " nothing");
}

static int longest_name(json_t *list)
{
	size_t longest = 0, i;
	json_t *row;

	json_array_foreach(list, i, row) {
		size_t length = strlen(record_text(row, "name"));

		longest = length > longest ? length : longest;
	}
	return longest > 40 ? 40 : (int)longest;
}

static void print_containers(json_t *containers)
{
	json_t *list = json_object_get(containers, "list"), *row;
	int width = longest_name(list);
	size_t i;

	printf("running   %lld containers allowed, %lld contained",
		(long long)number(containers, "allowed"),
		(long long)number(containers, "contained"));
	if (json_object_get(containers, "connections"))
		printf("; %lld connections, the host's among them",
			(long long)number(containers, "connections"));
	putchar('\n');
	json_array_foreach(list, i, row) {
		bool allowed = !strcmp(record_text(row, "verdict"), "allowed");
		json_t *connections = json_object_get(row, "connections");

		printf("  %s%-9s%s %.12s  ", style(stdout, allowed ? STYLE_GOOD : STYLE_PLAIN),
			record_text(row, "verdict"), style(stdout, STYLE_PLAIN), record_text(row, "id"));
		print_name(record_text(row, "name"), width);
		fputs("  ", stdout);
		print_safe(stdout, record_text(row, "image"));
		if (json_integer_value(connections))
			printf("  %lld connections", (long long)json_integer_value(connections));
		putchar('\n');
	}
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
	json_t *problem;
	size_t i;

	printf("latch     %s%s%s, mode %s\n", style(stdout, healthy ? STYLE_GOOD : STYLE_BAD),
		healthy ? "healthy" : "not healthy", style(stdout, STYLE_PLAIN),
		record_text(status, "mode"));
	if (!strcmp(record_text(status, "mode"), "off"))
		printf("          %snothing is refused: enhancedContainerIsolation.value is false%s\n",
			style(stdout, STYLE_WARNING), style(stdout, STYLE_PLAIN));
	else if (!strcmp(record_text(status, "mode"), "audit"))
		printf("          %snothing is refused: latchd runs with --mode=audit; what would be is in the "
		       "audit (latchctl audit --refused)%s\n",
			style(stdout, STYLE_WARNING), style(stdout, STYLE_PLAIN));
	printf("socket    %s, engine %s, ", record_text(status, "socket"),
		json_is_true(json_object_get(status, "engine")) ? "behind it" : "absent");
	if (!strcmp(record_text(status, "transport"), "direct"))
		puts("direct: the kernel decides requests");
	else
		printf("mediator pid %lld\n", (long long)number(status, "mediator_pid"));
	print_policy(json_object_get(status, "policy"));
	print_containers(json_object_get(status, "containers"));
	print_counters(json_object_get(status, "counters"));
	json_array_foreach(json_object_get(status, "problems"), i, problem)
		printf("%sproblem%s   %s\n", style(stdout, STYLE_BAD), style(stdout, STYLE_PLAIN),
			json_string_value(problem));
	return healthy ? LATCHCTL_OK : LATCHCTL_NO;
}

/* Without latchd: is the kernel still shut? */
static int print_kernel_alone(bool as_json)
{
	struct latch_state state;
	struct maps maps;
	const char *mode;
	int r = maps_open(&maps);

	if (r == -ENOENT) {
		if (as_json)
			return print_json("status",
				json_pack("{s:b, s:b, s:n}", "healthy", false, "latchd", false, "mode"),
				LATCHCTL_NO);
		puts("latch is not running and nothing of it is in the kernel; start latchd.");
		return LATCHCTL_NO;
	}
	if (r < 0 || maps_get_state(&maps, &state)) {
		fprintf(stderr, "latchctl status: cannot read the pinned maps: %s\n",
			strerror(r < 0 ? -r : errno));
		return LATCHCTL_UNKNOWN;
	}
	maps_close(&maps);
	mode = audit_mode_name(state.mode) ? audit_mode_name(state.mode) : "unknown";
	if (as_json)
		return print_json("status",
			json_pack("{s:b, s:b, s:s}", "healthy", false, "latchd", false, "mode", mode),
			LATCHCTL_NO);
	printf("latchd is not running. The kernel goes on by itself (mode %s): %s, and clients wait until "
	       "latchd is started again.\n",
		mode,
		state.mode == LATCH_MODE_OFF || state.mode == LATCH_MODE_AUDIT ?
			"nothing is refused" :
			"containers without a grant are refused");
	return LATCHCTL_NO;
}

static int run(int argc, char **argv)
{
	bool as_json = false;
	json_t *status = NULL;
	const char *value;
	int option, r;

	while ((option = options_next(&subcommand_status, argc, argv, false, &value)) >= 0)
		as_json = option == OPTION_JSON;
	if (option == OPTIONS_WRONG || no_operands(&subcommand_status, argc, argv))
		return LATCHCTL_USAGE;
	if (geteuid()) {
		fputs("latchctl status: must be root\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	r = control_ask("status", ANSWER_TIMEOUT_MS, &status);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return print_kernel_alone(as_json);
	if (r < 0) {
		fprintf(stderr, "latchctl status: latchd does not answer: %s\n", strerror(-r));
		return LATCHCTL_UNKNOWN;
	}
	containers_add(status);
	if (as_json)
		return print_json(argv[0], status,
			json_is_true(json_object_get(status, "healthy")) ? LATCHCTL_OK : LATCHCTL_NO);
	r = print_status(status);
	json_decref(status);
	return r;
}
