// SPDX-License-Identifier: Apache-2.0
/*
 * The registry client as a program, for selftests/e2e/registries_native: it reads a command a line and
 * prints a JSON object a line. It decides nothing and checks nothing.
 *
 *	ask REF [known=DIGEST] [urgent] [all]	what the registry says, with the milliseconds that it took
 *	rss					memory of this process, KiB: now and at most
 *
 * usage: registry_driver [--mirror URL]... [--insecure HOST]... [--certificates DIR] [--config FILE]
 */
#include <getopt.h>

#include "driver_lines.h"
#include "registry.h"
#include "util.h"

#define MAX_NAMES 16

struct driver {
	uv_loop_t loop;
	struct lines lines;
	struct fetch_pool *pool;
	struct registry *registry;
};

struct question {
	char *reference;
	uint64_t began;
};

static json_t *digests_of(const registry_digest *digests, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(digests[i]));
	return array;
}

static void on_result(const struct registry_result *result, void *context)
{
	static const char *const states[] = {
		[REGISTRY_UNCHANGED] = "unchanged",
		[REGISTRY_FOUND] = "found",
		[REGISTRY_ABSENT] = "absent",
		[REGISTRY_FAILED] = "failed",
	};
	struct question *question = context;

	print(json_pack("{s:s, s:s, s:i, s:i, s:s, s:b, s:o, s:o, s:f}", "ask", question->reference,
		"state", states[result->state], "error",
		result->state == REGISTRY_FAILED ? result->error : 0, "retry_ms", (int)result->retry_ms,
		"problem", result->problem, "complete", result->digests.complete, "manifests",
		digests_of(result->digests.repository, result->digests.repository_count), "configs",
		digests_of(result->digests.config, result->digests.config_count), "ms",
		(uv_hrtime() - question->began) / 1e6));
	free(question->reference);
	free(question);
}

static void ask(struct driver *driver, char *rest)
{
	struct question *question = calloc(1, sizeof(*question));
	const char *known = NULL, *problem = "";
	struct reference reference;
	unsigned int flags = 0;
	char *word;
	int r;

	question->reference = strdup(strsep(&rest, " "));
	question->began = uv_hrtime();
	while ((word = strsep(&rest, " "))) {
		if (!strncmp(word, "known=", 6))
			known = word + 6;
		else if (!strcmp(word, "urgent"))
			flags |= REGISTRY_URGENT;
		else if (!strcmp(word, "all"))
			flags |= REGISTRY_ALL_PLATFORMS;
	}
	r = reference_parse(question->reference, &reference, &problem);
	if (!r)
		r = registry_ask(driver->registry, &reference, known, flags, on_result, question, NULL);
	if (r < 0) {
		print(json_pack("{s:s, s:i, s:s}", "ask", question->reference, "error", r, "problem",
			problem));
		free(question->reference);
		free(question);
	}
}

/* "VmHWM:  1234 kB" of this process. */
static int memory_of(const char *field)
{
	FILE *stream = fopen("/proc/self/status", "re");
	char line[256];
	int value = -1;

	while (stream && fgets(line, sizeof(line), stream))
		if (!strncmp(line, field, strlen(field)))
			value = atoi(line + strlen(field) + 1);
	if (stream)
		fclose(stream);
	return value;
}

static void command(char *line, void *context)
{
	struct driver *driver = context;
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	if (!strcmp(line, "ask") && rest)
		ask(driver, rest);
	else if (!strcmp(line, "rss"))
		print(json_pack("{s:i, s:i}", "rss", memory_of("VmRSS"), "most", memory_of("VmHWM")));
	else
		print(json_pack("{s:s, s:i}", line, "", "error", -ENOSYS));
}

static void stop(void *context)
{
	struct driver *driver = context;

	registry_free(driver->registry);
	fetch_pool_free(driver->pool);
}

static int usage(void)
{
	fputs("usage: registry_driver [--mirror URL]... [--insecure HOST]... [--certificates DIR] "
	      "[--config FILE]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{"mirror", required_argument, NULL, 'm'},
		{"insecure", required_argument, NULL, 'i'},
		{"certificates", required_argument, NULL, 'c'},
		{"config", required_argument, NULL, 'f'},
		{},
	};
	const char *mirrors[MAX_NAMES + 1] = {NULL}, *insecure[MAX_NAMES + 1] = {NULL};
	struct registry_options options = {.mirrors = mirrors, .insecure = insecure};
	size_t mirror_count = 0, insecure_count = 0;
	static struct driver driver;
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == 'm' && mirror_count < MAX_NAMES)
			mirrors[mirror_count++] = optarg;
		else if (option == 'i' && insecure_count < MAX_NAMES)
			insecure[insecure_count++] = optarg;
		else if (option == 'c')
			options.certificates = optarg;
		else if (option == 'f')
			options.config = optarg;
		else
			return usage();
	}
	if (optind != argc)
		return usage();
	uv_loop_init(&driver.loop);
	driver.pool = fetch_pool_new(&driver.loop);
	driver.registry = registry_new(&driver.loop, driver.pool, &options);
	if (!driver.pool || !driver.registry)
		return 2;
	driver.lines.command = command;
	driver.lines.end = stop;
	driver.lines.context = &driver;
	lines_read(&driver.loop, &driver.lines);
	uv_run(&driver.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&driver.loop) == 0 ? 0 : 3;
}
