// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl check: reads a settings file with the same function as latchd and writes what it means
 * in words: which images may hold the socket, spelt out as docker normalises them, what the command
 * list comes to in routes, and what the file says without effect. It does not ask registries or
 * the engine whether those images exist, and needs no rights but to read the file.
 */
#include <errno.h>
#include <getopt.h>

#include "commandlist.h"
#include "latch/abi.h"
#include "latchctl.h"
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

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {{0}};
	_cleanup_free_ char *problem = NULL;
	struct settings *settings;
	int r;

	opterr = 0;
	if (getopt_long(argc, argv, "", options, NULL) != -1)
		return usage_error("check", "unknown option \"%s\"", argv[optind - 1]);
	if (argc - optind > 1)
		return usage_error("check", "one file at a time, not %d", argc - optind);
	r = settings_load(argv[optind], &settings, &problem);
	if (r < 0) {
		fprintf(stderr, "%s\n", problem ? problem : strerror(-r));
		return refusal_status(r);
	}
	r = print_summary(settings);
	settings_free(settings);
	return r;
}
