// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl audit: the log as lines for people, one a record. It reads the files that latchd writes; a line
 * that is no JSON is printed as it is. Secrets are not in the file: latchd takes them out.
 */
#include <errno.h>

#include "audit_files.h"
#include "audit_line.h"
#include "audit_since.h"
#include "latchctl.h"
#include "paths.h"

struct audit_options {
	const char *path;
	const char *container; /* id, the beginning of one, or name; NULL: any */
	char since[32];	       /* as records have it; empty: from the beginning */
	time_t since_seconds;
	bool follow;
	bool refused;
	bool raw;
};

/* The number of the latest record, to see which are missing. */
struct position {
	char boot[40];
	json_int_t seq;
};

static bool is_of_container(const json_t *record, const char *container)
{
	const char *id = audit_line_text(record, "container");

	return !strcmp(audit_line_text(record, "name"), container) ||
	       (container[0] && id[0] && !strncmp(id, container, strlen(container)));
}

static bool is_since(const json_t *record, const struct audit_options *options)
{
	return strcmp(audit_line_text(record, "time"), options->since) >= 0;
}

static bool is_wanted(const json_t *record, const struct audit_options *options)
{
	if (options->refused && !audit_line_is_refusal(record))
		return false;
	if (!is_since(record, options))
		return false;
	return !options->container || is_of_container(record, options->container);
}

/* What is not there is said where it should be: each record has a number. */
static void print_gap(
	const json_t *record, const struct audit_options *options, struct position *before)
{
	json_int_t seq = json_integer_value(json_object_get(record, "seq"));
	const char *boot = audit_line_text(record, "boot");
	json_int_t missing = seq - before->seq - 1;

	if (!seq)
		return; /* from a version that did not count */
	if (before->seq && !strcmp(before->boot, boot) && missing > 0 && is_since(record, options))
		printf("%s%lld record%s missing here (seq %lld to %lld)%s\n",
			style(stdout, STYLE_WARNING), (long long)missing,
			missing == 1 ? " is" : "s are", (long long)before->seq + 1,
			(long long)seq - 1, style(stdout, STYLE_PLAIN));
	COPY_STRING(before->boot, boot);
	before->seq = seq;
}

static enum style style_of(const json_t *record)
{
	const char *verdict = audit_line_text(record, "verdict");

	if (!strcmp(verdict, "refused"))
		return STYLE_BAD;
	return strcmp(verdict, "would-refuse") ? STYLE_GOOD : STYLE_WARNING;
}

static void print_record(const json_t *record)
{
	printf("%.23s %-8s %s%-7s%s ", audit_line_text(record, "time"),
		audit_line_text(record, "plane"), style(stdout, style_of(record)),
		audit_line_text(record, "verdict"), style(stdout, STYLE_PLAIN));
	audit_line_print(stdout, record);
	putchar('\n');
}

static void print_line(
	const char *line, const struct audit_options *options, struct position *before)
{
	json_t *record = json_loads(line, 0, NULL);

	if (record && !options->raw)
		print_gap(record, options, before);
	if (!record || is_wanted(record, options)) {
		if (record && !options->raw)
			print_record(record);
		else if (record || (!options->refused && !options->container))
			fputs(line, stdout);
	}
	json_decref(record);
}

static int print_log(const struct audit_options *options)
{
	struct position position = {};
	struct audit_files files;
	const char *line;
	int r = audit_files_open(&files, options->path, options->since_seconds);

	if (r < 0) {
		fprintf(stderr, "latchctl audit: %s: %s%s\n", options->path, strerror(-r),
			r == -ENOENT ? "; has latchd been started?" : "");
		return LATCHCTL_UNKNOWN;
	}
	for (;;) {
		while ((line = audit_files_next(&files)))
			print_line(line, options, &position);
		if (!options->follow || fflush(stdout))
			break; /* the end, or whoever read the lines is gone */
		usleep(200000);
	}
	audit_files_close(&files);
	return LATCHCTL_OK;
}

static bool take_since(const char *text, struct audit_options *options)
{
	struct timespec since;

	if (!audit_since_parse(text, time(NULL), &since))
		return false;
	audit_since_print(&since, options->since);
	options->since_seconds = since.tv_sec;
	return true;
}

enum {
	OPTION_FOLLOW,
	OPTION_SINCE,
	OPTION_CONTAINER,
	OPTION_REFUSED,
	OPTION_JSON,
	OPTION_FILE,
};

static const struct command_option options[] = {
	[OPTION_FOLLOW] = {"follow", 'f', NULL, "wait for more, over rotations"},
	[OPTION_SINCE] = {"since", 0, "TIME", "from then on: 90s, 10m, 2h, 7d ago, or 2026-11-25T19:38:33Z"},
	[OPTION_CONTAINER] = {"container", 0, "NAME", "of one container: its name, its id or the beginning of that"},
	[OPTION_REFUSED] = {"refused", 0, NULL, "leave out what passed; what audit mode would refuse is shown"},
	[OPTION_JSON] = {"json", 0, NULL, "the records as they are, one a line"},
	[OPTION_FILE] = {"file", 0, "FILE", "another log than " LATCH_AUDIT_LOG},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_audit = {
	.name = "audit",
	.arguments = "[-f] [--since TIME] [--container NAME] [--refused] [--json] [--file FILE]",
	.summary = "who asked for what, and what the answer was",
	.help = "Prints what latchd wrote down: connections to guarded sockets and requests,\n"
		"passed and refused, from the rotated logs on. A record that is missing is told\n"
		"where it should be.\n"
		"\n"
		"  latchctl audit --since 10m --refused\n"
		"  latchctl audit -f --container web --json | jq .uri\n",
	.options = options,
	.run = run,
};

static int run(int argc, char **argv)
{
	struct audit_options audit = { .path = LATCH_AUDIT_LOG };
	const char *value;
	int option;

	while ((option = options_next(&subcommand_audit, argc, argv, false, &value)) >= 0) {
		switch (option) {
		case OPTION_FOLLOW:
			audit.follow = true;
			break;
		case OPTION_SINCE:
			if (!take_since(value, &audit))
				return usage_error(subcommand_audit.name,
					"--since=%s: expected a duration as 90s, 10m, 2h or 7d, or a "
					"time as 2026-11-25T19:38:33Z", value);
			break;
		case OPTION_CONTAINER:
			audit.container = value;
			break;
		case OPTION_REFUSED:
			audit.refused = true;
			break;
		case OPTION_JSON:
			audit.raw = true;
			break;
		case OPTION_FILE:
			audit.path = value;
			break;
		}
	}
	if (option == OPTIONS_WRONG || no_operands(&subcommand_audit, argc, argv))
		return LATCHCTL_USAGE;
	return print_log(&audit);
}
