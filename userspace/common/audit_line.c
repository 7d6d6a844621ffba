// SPDX-License-Identifier: Apache-2.0
/*
 * One line a record, for latchctl and for the journals that show a message. It decides what of a record
 * a person wants to see first; all of it is in the record.
 */
#include <string.h>
#include <syslog.h>

#include "audit_line.h"
#include "util.h"

const char *audit_line_text(const json_t *record, const char *key)
{
	const char *value = json_string_value(json_object_get(record, key));

	return value ? value : "";
}

/*
 * A value, with every byte that a terminal could obey or show misleadingly as \xNN: callers name
 * themselves, and write their requests, as they like.
 */
static void print_safe(FILE *out, const char *value)
{
	for (; *value; value++) {
		unsigned char c = *value;

		if (c >= ' ' && c < 0x7f)
			fputc(c, out);
		else
			fprintf(out, "\\x%02X", c);
	}
}

/* Events that speak of a request, or of the connection that it would have come on. */
static bool is_about_request(const char *event)
{
	return !strcmp(event, "request") || !strcmp(event, "cut") || !strcmp(event, "tampered");
}

/* Prints a text between two others, or nothing where the record has none. */
static bool print_between(
	FILE *out, const char *before, const json_t *record, const char *key, const char *after)
{
	const char *text = audit_line_text(record, key);

	if (!text[0])
		return false;
	fputs(before, out);
	print_safe(out, text);
	fputs(after, out);
	return true;
}

/* "METHOD uri", as far as there is one: of a connection that is cut there may be nothing. */
static void print_request(FILE *out, const json_t *record)
{
	const char *event = audit_line_text(record, "event");
	bool has_request = audit_line_text(record, "method")[0];

	if (strcmp(event, "request") || !has_request) {
		print_safe(out, event);
		if (has_request)
			fputc(' ', out);
	}
	if (!has_request)
		return;
	print_between(out, "", record, "method", " ");
	print_between(out, "", record, "uri", "");
}

/* What of the host was asked for: " of privileged, swarm for IMAGE". */
static void print_access(FILE *out, const json_t *record)
{
	const json_t *kinds = json_object_get(record, "access"), *kind;
	size_t i;

	json_array_foreach(kinds, i, kind) {
		fputs(i ? ", " : " of ", out);
		print_safe(out, json_string_value(kind) ? json_string_value(kind) : "?");
	}
	print_between(out, " for ", record, "wanted_image", "");
}

/* What happened, in one phrase: a request, a connect, or what latchd has to say. */
static void print_what(FILE *out, const json_t *record)
{
	const char *event = audit_line_text(record, "event");

	if (is_about_request(event)) {
		print_request(out, record);
	} else {
		print_safe(out, event);
		print_between(out, " to the ", record, "socket", " socket");
		if (!strcmp(event, "image-denied"))
			print_between(out, " ", record, "image", "");
	}
	print_between(out, " (docker ", record, "command", ")");
	if (!print_between(out, ": ", record, "text", ""))
		print_between(out, ": ", record, "reason", "");
	print_access(out, record);
}

static json_int_t number(const json_t *record, const char *key)
{
	return json_integer_value(json_object_get(record, key));
}

static void print_caller(FILE *out, const json_t *record)
{
	char id[13];

	if (!print_between(out, "  [", record, "caller", ""))
		return;
	COPY_STRING(id, audit_line_text(record, "container"));
	if (id[0]) {
		fputc(' ', out);
		print_safe(out, id);
		print_between(out, " ", record, "name", "");
		print_between(out, " of ", record, "image", "");
	}
	print_between(out, ", ", record, "comm", "");
	fprintf(out, " pid %lld uid %lld", (long long)number(record, "pid"),
		(long long)number(record, "uid"));
	if (number(record, "connection")) /* names it for the map `cuts` */
		fprintf(out, " connection %lld", (long long)number(record, "connection"));
	fputc(']', out);
}

void audit_line_print(FILE *out, const json_t *record)
{
	print_what(out, record);
	print_caller(out, record);
}

char *audit_line_sentence(const json_t *record)
{
	const char *verdict = audit_line_text(record, "verdict");
	char *sentence = NULL;
	size_t size;
	FILE *out = open_memstream(&sentence, &size);

	if (!out)
		return NULL;
	if (verdict[0]) {
		print_safe(out, verdict);
		fputc(' ', out);
	}
	audit_line_print(out, record);
	if (fclose(out)) {
		free(sentence);
		return NULL;
	}
	return sentence;
}

bool audit_line_is_refusal(const json_t *record)
{
	const char *verdict = audit_line_text(record, "verdict");

	return !strcmp(verdict, "refused") || !strcmp(verdict, "would-refuse");
}

int audit_line_severity(const json_t *record)
{
	static const char *const faults[] = { "lost", "planted", "adoption-failed", "grant-failed",
		"list-failed", "mediator-ended", "protection-failed", "reload-failed", "restart-needed" };
	const char *event = audit_line_text(record, "event");

	if (audit_line_is_refusal(record))
		return LOG_WARNING;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(event, faults[i]))
			return LOG_WARNING;
	return audit_line_text(record, "verdict")[0] ? LOG_INFO : LOG_NOTICE;
}
