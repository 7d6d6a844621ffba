// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl routes: the table of routes as enforcement has it, in its order, and with a settings
 * file the verdict on each. The row is the index into the pinned map `verdicts`.
 */
#include "command_policy.h"
#include "describe.h"
#include "latchctl.h"
#include "output.h"

#define MAX_NAMES 64

static json_t *row_object(int route, const struct command_policy *policy)
{
	json_t *object = describe_route_object(route);

	json_object_set_new(object, "is", describe_commands(route, RELATION_IS));
	json_object_set_new(object, "needed_by", describe_commands(route, RELATION_NEEDS));
	json_object_set_new(object, "hides", describe_commands(route, RELATION_HIDDEN));
	if (policy)
		json_object_set_new(object, "verdict",
			json_string(describe_verdict(
				policy->compiled.verdicts[route] == LATCH_VERDICT_PASS)));
	return object;
}

static int print_object(const struct command_policy *policy)
{
	json_t *rows = json_array(), *object = json_object();

	for (int route = 0; route < ROUTE_COUNT; route++)
		json_array_append_new(rows, row_object(route, policy));
	if (policy)
		json_object_set_new(object, "policy", command_policy_object(policy));
	json_object_set_new(object, "routes", rows);
	return print_json("routes", object, LATCHCTL_OK);
}

static void add_names(struct table *table, int route)
{
	const char *names[MAX_NAMES];
	size_t count = commands_of_route(route, RELATION_IS, names, MAX_NAMES);
	char text[1024] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && i < MAX_NAMES && used < sizeof(text); i++)
		used += snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "", names[i]);
	table_add(table, STYLE_PLAIN, "%s", count ? text : "-");
}

static int print_text(const struct command_policy *policy)
{
	struct table table = TABLE(policy ? 7 : 6);

	if (policy)
		command_policy_print(policy);
	for (int route = -1; route < ROUTE_COUNT; route++) {
		static const char *const titles[] = {
			"row", "id", "method", "template", "condition"};
		char condition[128];
		bool pass = policy && route >= 0 &&
			    policy->compiled.verdicts[route] == LATCH_VERDICT_PASS;

		if (route < 0) {
			for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
				table_add(&table, STYLE_TITLE, "%s", titles[i]);
			if (policy)
				table_add(&table, STYLE_TITLE, "verdict");
			table_add(&table, STYLE_TITLE, "commands");
			continue;
		}
		describe_discriminator(route, condition, sizeof(condition));
		table_add(&table, STYLE_PLAIN, "%d", route);
		table_add(&table, STYLE_PLAIN, "%s", describe_id(route));
		table_add(&table, STYLE_PLAIN, "%s", route_get(route)->method);
		table_add(&table, STYLE_PLAIN, "%s", route_get(route)->template);
		table_add(&table, STYLE_PLAIN, "%s", condition[0] ? condition : "-");
		if (policy)
			table_add(&table, describe_style(pass), "%s", describe_verdict(pass));
		add_names(&table, route);
	}
	if (!table_print(&table, ""))
		return LATCHCTL_OK;
	fputs("latchctl routes: out of memory\n", stderr);
	return LATCHCTL_UNKNOWN;
}

enum {
	OPTION_SETTINGS,
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_SETTINGS] = {"settings", 0, "FILE", "the verdict of this file's command list on each row as well"},
	[OPTION_JSON] = {"json", 0, NULL, "the table as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_routes = {
	.name = "routes",
	.arguments = "[--settings FILE] [--json]",
	.summary = "every request that the engine knows, row by row",
	.help = "One line for each route: its row (the index into the kernel's map of verdicts),\n"
		"its name, method and template, what must hold beside them, and the commands\n"
		"that are it. The first row that fits a request counts. With --settings also the\n"
		"verdict of that file's command list.\n"
		"\n"
		"  latchctl routes | grep /images/\n"
		"  latchctl routes --settings new.json | grep refused\n",
	.options = options,
	.run = run,
};

static int run(int argc, char **argv)
{
	const char *settings = NULL, *value;
	struct command_policy policy;
	bool json = false;
	int option, r;

	while ((option = options_next(&subcommand_routes, argc, argv, false, &value)) >= 0) {
		if (option == OPTION_SETTINGS)
			settings = value;
		else
			json = true;
	}
	if (option == OPTIONS_WRONG || no_operands(&subcommand_routes, argc, argv))
		return LATCHCTL_USAGE;
	if (!settings)
		return json ? print_object(NULL) : print_text(NULL);
	r = command_policy_load(argv[0], settings, &policy);
	if (r != LATCHCTL_OK)
		return r;
	r = json ? print_object(&policy) : print_text(&policy);
	command_policy_free(&policy);
	return r;
}
