// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl audit: the log as lines for people, one a record. It reads the file that latchd writes;
 * a line that is no JSON is printed as it is. Secrets are not in the file: latchd takes them out.
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

/*
 * A value, with every byte that a terminal could obey or show misleadingly as \xNN: callers name
 * themselves, and write their requests, as they like.
 */
static void print_safe(const char *value)
{
	for (; *value; value++) {
		unsigned char c = *value;

		if (c >= ' ' && c < 0x7f)
			putchar(c);
		else
			printf("\\x%02X", c);
	}
}

/* Events that speak of a request, or of the connection that it would have come on. */
static bool is_about_request(const char *event)
{
	return !strcmp(event, "request") || !strcmp(event, "cut") || !strcmp(event, "tampered");
}

/* "METHOD uri", as far as there is one: of a connection that is cut there may be nothing. */
static void print_request(json_t *record)
{
	const char *event = text(record, "event"), *method = text(record, "method");

	if (strcmp(event, "request") || !method[0]) {
		print_safe(event);
		if (method[0])
			putchar(' ');
	}
	if (!method[0])
		return;
	print_safe(method);
	putchar(' ');
	print_safe(text(record, "uri"));
}

/* What happened, in one phrase: a request, a connect, or what latchd has to say. */
static void print_what(json_t *record)
{
	const char *event = text(record, "event");

	if (is_about_request(event)) {
		print_request(record);
	} else {
		print_safe(event);
		if (text(record, "socket")[0]) {
			printf(" to the ");
			print_safe(text(record, "socket"));
			printf(" socket");
		}
	}
	if (text(record, "command")[0]) {
		printf(" (docker ");
		print_safe(text(record, "command"));
		putchar(')');
	}
	if (text(record, "text")[0] || text(record, "reason")[0]) {
		printf(": ");
		print_safe(text(record, text(record, "text")[0] ? "text" : "reason"));
	}
}

static void print_caller(json_t *record)
{
	if (!text(record, "caller")[0])
		return;
	printf("  [");
	print_safe(text(record, "caller"));
	if (text(record, "container")[0]) {
		char start[13];

		COPY_STRING(start, text(record, "container"));
		putchar(' ');
		print_safe(start);
	}
	printf(", ");
	print_safe(text(record, "comm"));
	printf(" pid %lld uid %lld", (long long)json_integer_value(json_object_get(record, "pid")),
		(long long)json_integer_value(json_object_get(record, "uid")));
	/* Names the connection for the map `cuts`. */
	if (json_integer_value(json_object_get(record, "connection")))
		printf(" connection %lld",
			(long long)json_integer_value(json_object_get(record, "connection")));
	putchar(']');
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
