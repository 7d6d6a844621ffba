// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl check: reads a settings file with the same function as latchd and writes what it means
 * in words: which images may hold the socket, spelt out as docker normalises them, what the command
 * list comes to in routes, and what the file says without effect. It does not ask registries or
 * the engine whether those images exist, and needs no rights but to read the file.
 */
#include <errno.h>

#include "commandlist.h"
#include "latch/abi.h"
#include "latchctl.h"
#include "output.h"
#include "settings.h"

static void print_image(const struct reference_pattern *image)
{
	char normal[REFERENCE_TEXT_SIZE];

	if (image->kind == REFERENCE_EVERY) {
		puts("    every container, whatever its image (\"*\")");
		return;
	}
	reference_pattern_print(image, normal);
	if (strcmp(normal, image->text))
		printf("    %s  (written \"%s\")\n", normal, image->text);
	else
		printf("    %s\n", normal);
}

static void print_images(const struct settings *settings)
{
	puts("  images whose containers may use the socket:");
	if (!settings->image_count)
		puts("    none");
	for (size_t i = 0; i < settings->image_count; i++)
		print_image(&settings->images[i]);
	if (settings->allow_derived && settings->image_count)
		puts("    and local images that are derived from these (allowDerivedImages)");
}

/* What the list is called in a sentence. */
static const char *describe_list(const struct commandlist *list)
{
	if (list->type == COMMANDLIST_ALLOW)
		return list->count ? "only these are allowed:" : "none is allowed";
	return list->count ? "all but these are allowed:" : "all are allowed";
}

static int print_commands(const struct settings *settings)
{
	const struct commandlist *list = &settings->commands;
	unsigned char verdicts[ROUTE_COUNT];
	char problem[512];
	size_t refused = 0;

	if (commandlist_compile(list, verdicts, problem, sizeof(problem)) < 0) {
		fflush(stdout);
		fprintf(stderr, "%s: %s\n", settings->path, problem);
		return LATCHCTL_NO;
	}
	printf("  commands through the socket: %s", describe_list(list));
	for (size_t i = 0; i < list->count; i++)
		printf("%s %s", i ? "," : "", list->commands[i]);
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		refused += verdicts[i] != LATCH_VERDICT_PASS;
	printf("\n    %zu of the engine's %d routes and calls refused, %zu passed\n", refused, ROUTE_COUNT,
		ROUTE_COUNT - refused);
	return LATCHCTL_OK;
}

static void print_accesses(uint32_t allowed)
{
	const char *separator = "";

	for (int i = 0; i < HOST_ACCESS_COUNT; i++) {
		if (!(allowed & HOST_ACCESS_BIT(i)))
			continue;
		printf("%s%s", separator, host_access_name(i));
		separator = ", ";
	}
	puts(*separator ? "" : "nothing");
}

static void print_host_access(const struct settings *settings)
{
	fputs("  what they may hand out of the host to containers that they make: ", stdout);
	print_accesses(settings->host_access);
	for (size_t i = 0; i < settings->host_access_image_count; i++) {
		const struct host_access_image *row = &settings->host_access_images[i];
		char normal[REFERENCE_TEXT_SIZE];

		reference_pattern_print(&row->image, normal);
		printf("    to those of %s also: ", normal);
		print_accesses(row->allowed);
	}
}

static void print_warnings(const struct settings *settings)
{
	for (size_t i = 0; i < settings->warning_count; i++)
		printf("  %swarning:%s %s\n", style(stdout, STYLE_WARNING),
			style(stdout, STYLE_PLAIN), settings->warnings[i]);
}

static int print_summary(const struct settings *settings)
{
	int status;

	printf("%s%s%s: %sgood%s, isolation is %s\n", style(stdout, STYLE_TITLE), settings->path,
		style(stdout, STYLE_PLAIN), style(stdout, STYLE_GOOD), style(stdout, STYLE_PLAIN),
		settings->enabled ? "on" : "OFF: nothing of what follows is enforced");
	print_images(settings);
	status = print_commands(settings);
	print_host_access(settings);
	printf("  policy: sha256 %s\n", settings->digest);
	print_warnings(settings);
	return status;
}

static json_t *access_names(uint32_t allowed)
{
	json_t *names = json_array();

	for (int i = 0; i < HOST_ACCESS_COUNT; i++)
		if (allowed & HOST_ACCESS_BIT(i))
			json_array_append_new(names, json_string(host_access_name(i)));
	return names;
}

/* The same facts as an object: what the file means, entries in their normal form. */
static json_t *summary_object(const struct settings *settings)
{
	json_t *images = json_array(), *by_image = json_array(), *warnings = json_array();
	json_t *commands = json_array();
	char normal[REFERENCE_TEXT_SIZE];

	for (size_t i = 0; i < settings->image_count; i++) {
		reference_pattern_print(&settings->images[i], normal);
		json_array_append_new(images, json_string(normal));
	}
	for (size_t i = 0; i < settings->commands.count; i++)
		json_array_append_new(commands, json_string(settings->commands.commands[i]));
	for (size_t i = 0; i < settings->host_access_image_count; i++) {
		reference_pattern_print(&settings->host_access_images[i].image, normal);
		json_array_append_new(by_image,
			json_pack("{s:s, s:o}", "image", normal, "allow",
				access_names(settings->host_access_images[i].allowed)));
	}
	for (size_t i = 0; i < settings->warning_count; i++)
		json_array_append_new(warnings, json_string(settings->warnings[i]));
	return json_pack("{s:s, s:b, s:b, s:o, s:b, s:s, s:o, s:o, s:o, s:s, s:o}", "file",
		settings->path, "good", true, "enabled", settings->enabled, "images", images,
		"allow_derived_images", settings->allow_derived, "command_list",
		settings->commands.type == COMMANDLIST_ALLOW ? "allow" : "deny", "commands", commands,
		"host_access", access_names(settings->host_access), "host_access_images", by_image,
		"sha256", settings->digest, "warnings", warnings);
}

/* A file that this user cannot look into may be good: that is no answer. */
static int refusal_status(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
	case -EIO:
	case -ENOMEM:
		return LATCHCTL_UNKNOWN;
	default:
		return LATCHCTL_NO;
	}
}

enum {
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_JSON] = {"json", 0, NULL, "the answer as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_check = {
	.name = "check",
	.arguments = "[--json] [FILE]",
	.summary = "read a settings file as latchd would, and say what it means",
	.help = "Without FILE: " SETTINGS_PATH ", and if there is none\n" SETTINGS_ECI_PATH
		", as latchd does.\n"
		"Exits 0 when latchd would take the file, 1 when it would not (every problem\n"
		"is listed), 3 when the file cannot be read by you.\n"
		"\n"
		"The smallest useful file:\n"
		"{\n"
		"  \"enhancedContainerIsolation\": {\n"
		"    \"value\": true,\n"
		"    \"dockerSocketMount\": {\n"
		"      \"imageList\": { \"images\": [\"docker:cli\"] },\n"
		"      \"commandList\": { \"type\": \"deny\", \"commands\": [\"push\"] }\n"
		"    }\n"
		"  }\n"
		"}\n",
	.operand = "FILE",
	.options = options,
	.run = run,
};

static int print_problem(const char *file, const char *problem, int error, bool json)
{
	if (json)
		return print_json("check",
			json_pack("{s:s?, s:b, s:s}", "file", file, "good", false, "problem", problem),
			refusal_status(error));
	fprintf(stderr, "%s\n", problem);
	return refusal_status(error);
}

static int run(int argc, char **argv)
{
	_cleanup_free_ char *problem = NULL;
	struct settings *settings;
	const char *value;
	bool json = false;
	int option, r;

	while ((option = options_next(&subcommand_check, argc, argv, false, &value)) >= 0)
		json = option == OPTION_JSON;
	if (option == OPTIONS_WRONG)
		return LATCHCTL_USAGE;
	if (argc - optind > 1)
		return usage_error("check", "one file at a time, not %d", argc - optind);
	r = settings_load(argv[optind], &settings, &problem);
	if (r < 0)
		return print_problem(argv[optind], problem ? problem : strerror(-r), r, json);
	r = json ? print_json("check", summary_object(settings), LATCHCTL_OK)
		 : print_summary(settings);
	settings_free(settings);
	return r;
}
