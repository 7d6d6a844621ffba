// SPDX-License-Identifier: Apache-2.0
/*
 * docs/audit.md, the list of keys and what is written are the same: every key that there is stands in the
 * document with its type and is in some record, and no record has another. Its events are those that the
 * kernel's records and latchd's notes have.
 */
#include <errno.h>
#include <glob.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "audit_keys.h"
#include "audit_record.h"
#include "audit_stamp.h"
#include "audit_words.h"
#include "host_access.h"
#include "route.h"
#include "util.h"

#define DOCUMENT "docs/audit.md"
#define SOURCES "userspace/warden/*.c" /* whose notes are records of latchd's own */
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const type_names[] = { [AUDIT_TYPE_INTEGER] = "integer", [AUDIT_TYPE_TEXT] = "text",
	[AUDIT_TYPE_BOOLEAN] = "boolean", [AUDIT_TYPE_TEXTS] = "texts" };

/* Calls `row` for each row of a table behind the heading: its first three cells, without ticks. */
static void each_row(const char *heading, void (*row)(char cells[3][256], void *context), void *context)
{
	FILE *stream = fopen(DOCUMENT, "r");
	_cleanup_free_ char *line = NULL;
	bool inside = false;
	size_t room = 0;

	assert_non_null(stream);
	while (getline(&line, &room, stream) > 0) {
		char cells[3][256] = {};

		if (!strncmp(line, "## ", 3))
			inside = !strncmp(line + 3, heading, strlen(heading));
		if (inside && sscanf(line, "| `%255[^`]` | %255[^|] | %255[^|]", cells[0], cells[1],
				      cells[2]) == 3)
			row(cells, context);
	}
	fclose(stream);
}

static int find_key(const char *name)
{
	for (int key = 0; key < AUDIT_KEYS; key++)
		if (!strcmp(audit_key_rules[key].name, name))
			return key;
	return -1;
}

static void check_row(char cells[3][256], void *context)
{
	const struct audit_key_rule *rule;
	bool *documented = context;
	int key = find_key(cells[0]);

	if (key < 0)
		fail_msg("%s has the key \"%s\", which nothing writes", DOCUMENT, cells[0]);
	rule = &audit_key_rules[key];
	cells[1][strcspn(cells[1], " ")] = 0;
	assert_false(documented[key]);
	documented[key] = true;
	assert_string_equal(cells[1], type_names[rule->type]);
	if ((rule->when == AUDIT_WHEN_ALWAYS) != !strcmp(cells[2], "always "))
		fail_msg("%s says of \"%s\" that it is there %s", DOCUMENT, cells[0], cells[2]);
}

static void every_key_is_in_the_document_with_its_type(void **state)
{
	bool documented[AUDIT_KEYS] = {};

	(void)state;
	each_row("Keys", check_row, documented);
	for (int key = 0; key < AUDIT_KEYS; key++)
		if (!documented[key])
			fail_msg("%s lacks the key \"%s\"", DOCUMENT, audit_key_rules[key].name);
}

/* What is written. */

struct witness {
	struct audit_stamp stamp;
	bool written[AUDIT_KEYS];
};

static bool has_type(const json_t *value, enum audit_key_type type)
{
	const json_t *item;
	size_t i;

	switch (type) {
	case AUDIT_TYPE_INTEGER:
		return json_is_integer(value);
	case AUDIT_TYPE_TEXT:
		return json_is_string(value);
	case AUDIT_TYPE_BOOLEAN:
		return json_is_boolean(value);
	case AUDIT_TYPE_TEXTS:
		json_array_foreach(value, i, item)
			if (!json_is_string(item))
				return false;
		return json_is_array(value);
	}
	return false;
}

static void check_record(const json_t *record, bool *written)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)record, name, value) {
		int key = find_key(name);

		if (key < 0)
			fail_msg("a record has \"%s\", which is no key", name);
		if (!has_type(value, audit_key_rules[key].type))
			fail_msg("\"%s\" has another type", name);
		written[key] = true;
	}
	for (int key = 0; key < AUDIT_KEYS; key++)
		if (audit_key_rules[key].when == AUDIT_WHEN_ALWAYS &&
			!json_object_get(record, audit_key_rules[key].name))
			fail_msg("a record lacks \"%s\"", audit_key_rules[key].name);
}

static void take(struct witness *witness, json_t *record)
{
	json_t *whole;

	assert_non_null(record);
	whole = audit_stamp(&witness->stamp, record, 1);
	assert_non_null(whole);
	check_record(whole, witness->written);
	json_decref(whole);
	json_decref(record);
}

static void take_events(struct witness *witness)
{
	static const char head[] = "GET /info HTTP/1.1\r\nHost: d\r\n\r\n";
	struct latch_event event = { .header = { .version = LATCH_ABI_VERSION, .size = sizeof(event) },
		.tag = LATCH_TAG_CONTAINED, .kind = LATCH_GUARD_PUBLIC, .ino = 1, .verdict = -EPERM,
		.reason = LATCH_REASON_CONTAINED, .comm = "x", .container = ID };
	struct latch_request request = { .event = event, .route = ROUTE_INFO, .connection = 3 };
	struct wire_request report = { .route = ROUTE_INFO, .refused = 403,
		.access = HOST_ACCESS_BIT(HOST_ACCESS_SWARM), .client = { .tag = 2, .id = 3, .comm = "x",
			.container = ID }, .method = "GET", .text = "/info", .reason = "x", .image = "y" };
	struct images_verdict verdict = { .image_id = "sha256:1", .entry = "x", .text = "y",
		.digest = "x@sha256:2" };

	for (unsigned int type = LATCH_EVENT_CONNECT; type <= LATCH_EVENT_PROTECTED; type++) {
		bool carries = type >= LATCH_EVENT_REQUEST && type <= LATCH_EVENT_TAMPERED;

		event.header.type = request.event.header.type = type;
		request.size = request.stored = strlen(head);
		memcpy(request.head, head, strlen(head));
		request.event.header.size = offsetof(struct latch_request, head) + strlen(head);
		request.event.reason = LATCH_REASON_UNFOLLOWED;
		request.problem = LATCH_PROBLEM_ITERATOR;
		take(witness, carries ? audit_record_event(&request, request.event.header.size) :
					audit_record_event(&event, sizeof(event)));
	}
	take(witness, audit_record_report(&report));
	take(witness, audit_record_image(ID, "x", &verdict, true));
	take(witness, audit_record_lost("log", 7, "x"));
	take(witness, audit_record_note("adopted", "x"));
}

static void every_key_is_written_by_something_and_no_other_is(void **state)
{
	struct witness witness = { .stamp = { .boot = "b", .policy = "p" } };
	struct audit_containers *containers = audit_containers_new();
	struct audit_users users;

	(void)state;
	audit_users_init(&users, "/etc/passwd");
	audit_containers_note(containers, ID, "name", "image", "sha256:1");
	audit_containers_note_digest(containers, ID, "x@sha256:2");
	witness.stamp.containers = containers;
	witness.stamp.users = &users;
	take_events(&witness);
	for (int key = 0; key < AUDIT_KEYS; key++)
		if (!witness.written[key])
			fail_msg("no record has \"%s\"", audit_key_rules[key].name);
	audit_containers_free(containers);
}

/* The examples are records, each line as it would be in a log. */
static void the_examples_of_the_document_are_records(void **state)
{
	FILE *stream = fopen(DOCUMENT, "r");
	_cleanup_free_ char *line = NULL;
	bool written[AUDIT_KEYS];
	size_t room = 0, count = 0;

	(void)state;
	assert_non_null(stream);
	while (getline(&line, &room, stream) > 0) {
		json_error_t error;
		json_t *record;

		if (line[0] != '{')
			continue;
		record = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		if (!record)
			fail_msg("an example is no JSON: %s", error.text);
		check_record(record, written);
		count++;
		json_decref(record);
	}
	fclose(stream);
	assert_true(count >= 10);
}

/* The events. */

struct events {
	char names[64][32];
	size_t count;
};

static void take_event(char cells[3][256], void *context)
{
	struct events *events = context;

	assert_true(events->count < ARRAY_SIZE(events->names));
	COPY_STRING(events->names[events->count++], cells[0]);
}

static bool is_documented(const struct events *events, const char *name)
{
	for (size_t i = 0; i < events->count; i++)
		if (!strcmp(events->names[i], name))
			return true;
	return false;
}

/* The words that calls of note() and audit_note() in a source file give. */
static void take_words(const char *path, struct events *found)
{
	FILE *stream = fopen(path, "r");
	_cleanup_free_ char *text = calloc(1, 1 << 20);
	regmatch_t match[3];
	char *at = text;
	regex_t call;

	assert_non_null(stream);
	assert_true(fread(text, 1, (1 << 20) - 1, stream) > 0);
	fclose(stream);
	assert_int_equal(regcomp(&call, "note\\([a-z>.-]*,[^\";]*\"([a-z-]+)\"( : \"[a-z-]+\")?", REG_EXTENDED), 0);
	for (; !regexec(&call, at, 3, match, 0); at += match[0].rm_eo) {
		for (int part = 1; part <= 2; part++) {
			char word[64] = "";

			if (match[part].rm_so < 0)
				continue;
			snprintf(word, sizeof(word), "%.*s", (int)(match[part].rm_eo - match[part].rm_so),
				at + match[part].rm_so);
			if (part == 2) { /* of `there ? "one" : "other"` */
				memmove(word, word + 4, strlen(word) - 3);
				word[strlen(word) - 1] = 0;
			}
			COPY_STRING(found->names[found->count++], word);
		}
	}
	regfree(&call);
}

static void every_event_is_in_the_document_and_no_other_is(void **state)
{
	struct events documented = {}, found = { { "image-denied", "lost" }, 2 };
	glob_t sources;

	(void)state;
	each_row("Events", take_event, &documented);
	for (unsigned int type = LATCH_EVENT_CONNECT; type <= LATCH_EVENT_PROTECTED; type++)
		COPY_STRING(found.names[found.count++], audit_event_name(type));
	assert_int_equal(glob(SOURCES, 0, NULL, &sources), 0);
	for (size_t i = 0; i < sources.gl_pathc; i++)
		take_words(sources.gl_pathv[i], &found);
	globfree(&sources);
	for (size_t i = 0; i < found.count; i++)
		if (!is_documented(&documented, found.names[i]))
			fail_msg("%s lacks the event \"%s\"", DOCUMENT, found.names[i]);
	for (size_t i = 0; i < documented.count; i++)
		if (!is_documented(&found, documented.names[i]))
			fail_msg("%s has the event \"%s\", which nothing writes", DOCUMENT,
				documented.names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_in_the_document_with_its_type),
		cmocka_unit_test(every_key_is_written_by_something_and_no_other_is),
		cmocka_unit_test(the_examples_of_the_document_are_records),
		cmocka_unit_test(every_event_is_in_the_document_and_no_other_is),
	};

	return cmocka_run_group_tests_name("audit schema", tests, NULL, NULL);
}
