// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl audit: the log as lines for people. It reads the file that latchd writes; a record that
 * it does not know is printed as it is.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>

#include "latchctl.h"
#include "paths.h"

struct audit_options {
	const char *path;
	bool follow;
	bool refused;
	bool raw;
};

static const char *text(json_t *record, const char *key)
{
	const char *value = json_string_value(json_object_get(record, key));

	return value ? value : "";
}

/* What happened, in one phrase: a request, a connect, or what latchd has to say. */
static void print_what(json_t *record)
{
	const char *event = text(record, "event");

	if (!strcmp(event, "request"))
		printf("%s %s", text(record, "method"), text(record, "uri"));
	else if (text(record, "socket")[0])
		printf("%s to the %s socket", event, text(record, "socket"));
	else
		printf("%s", event);
	if (text(record, "command")[0])
		printf(" (docker %s)", text(record, "command"));
	if (text(record, "text")[0])
		printf(": %s", text(record, "text"));
	else if (text(record, "reason")[0])
		printf(": %s", text(record, "reason"));
}

static void print_caller(json_t *record)
{
	if (!text(record, "caller")[0])
		return;
	printf("  [%s", text(record, "caller"));
	if (text(record, "container")[0])
		printf(" %.12s", text(record, "container"));
	printf(", %s pid %lld uid %lld]", text(record, "comm"),
		(long long)json_integer_value(json_object_get(record, "pid")),
		(long long)json_integer_value(json_object_get(record, "uid")));
}

static void print_line(const char *line, const struct audit_options *options)
{
	json_t *record = json_loads(line, 0, NULL);
	bool refused = record && !strcmp(text(record, "verdict"), "refused");

	if (options->refused && !refused) {
		json_decref(record);
		return;
	}
	if (!record || options->raw) {
		fputs(line, stdout);
	} else {
		printf("%.23s %-8s %s%-7s%s ", text(record, "time"), text(record, "plane"),
			style(stdout, refused ? STYLE_BAD : STYLE_GOOD), text(record, "verdict"),
			style(stdout, STYLE_PLAIN));
		print_what(record);
		print_caller(record);
		putchar('\n');
	}
	json_decref(record);
}

static int print_log(const struct audit_options *options)
{
	FILE *stream = fopen(options->path, "re");
	_cleanup_free_ char *line = NULL;
	size_t room = 0;

	if (!stream) {
		fprintf(stderr, "latchctl audit: %s: %s%s\n", options->path, strerror(errno),
			errno == ENOENT ? "; has latchd been started?" : "");
		return LATCHCTL_UNKNOWN;
	}
	for (;;) {
		off_t start = ftello(stream);
		ssize_t length = getline(&line, &room, stream);

		if (length > 0 && line[length - 1] == '\n') {
			print_line(line, options);
			continue;
		}
		if (!options->follow)
			break;
		/* The end, or a line that is being written: look again from its beginning. */
		clearerr(stream);
		fseeko(stream, start, SEEK_SET);
		if (fflush(stdout))
			break; /* whoever read the lines is gone */
		usleep(200000);
	}
	fclose(stream);
	return LATCHCTL_OK;
}

int cmd_audit(int argc, char **argv)
{
	static const struct option table[] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "refused", no_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "file", required_argument, NULL, 'F' },
		{},
	};
	struct audit_options options = { .path = LATCH_AUDIT_LOG };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "f", table, NULL)) != -1) {
		switch (option) {
		case 'f':
			options.follow = true;
			break;
		case 'r':
			options.refused = true;
			break;
		case 'j':
			options.raw = true;
			break;
		case 'F':
			options.path = optarg;
			break;
		default:
			return usage_error(argv[0], "unknown option \"%s\"", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return usage_error(argv[0], "unexpected argument \"%s\"", argv[optind]);
	return print_log(&options);
}
