// SPDX-License-Identifier: Apache-2.0
/*
 * From the bytes of a record to the line that a person reads: what is believed of a record, what
 * its JSON holds, and what `latchctl audit` makes of it. Records lie at the end of their own
 * allocation, so that the address sanitizer sees a read behind them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "audit_record.h"
#include "audit_words.h"
#include "host_access.h"
#include "latchctl.h"
#include "redact.h"
#include "route.h"
#include "util.h"

#define SECRET	  "Zq7Xw9Kv"
#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FIXED	  offsetof(struct latch_request, head)

static const char head_text[] = "POST /v1.43/images/x/push?tag=1 HTTP/1.1\r\n"
				"Host: docker\r\n"
				"X-Registry-Auth: " SECRET "\r\n"
				"\r\n";

/* A sound record of a refused push in direct transport. */
static void fill(struct latch_request *request, const char *head)
{
	memset(request, 0, sizeof(*request));
	request->event.header.version = LATCH_ABI_VERSION;
	request->event.header.type = LATCH_EVENT_REQUEST;
	request->event.header.time = 1;
	request->event.cgroup = 77;
	request->event.tag = LATCH_TAG_ALLOWED;
	request->event.kind = LATCH_GUARD_DIRECT;
	request->event.pid = 12;
	request->event.uid = 34;
	request->event.verdict = -EPERM;
	request->event.reason = LATCH_REASON_ROUTE;
	strcpy(request->event.comm, "docker");
	strcpy(request->event.container, CONTAINER);
	request->connection = 9;
	request->route = ROUTE_IMAGE_PUSH;
	request->generation = 1;
	request->mode = LATCH_MODE_ENFORCE;
	request->verdict = LATCH_VERDICT_REFUSE;
	request->size = strlen(head);
	request->stored = strlen(head);
	memcpy(request->head, head, strlen(head));
	request->event.header.size = FIXED + request->stored;
}

/* Reads `size` bytes of it, and no more than these are there. */
static json_t *read_bytes(const void *bytes, size_t size)
{
	void *copy = malloc(size ? size : 1);
	json_t *record;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	record = audit_record_event(copy, size);
	free(copy);
	return record;
}

static json_t *read_request(const struct latch_request *request)
{
	json_t *record = read_bytes(request, request->event.header.size);

	assert_non_null(record);
	return record;
}

static const char *text(json_t *record, const char *key)
{
	const char *value = json_string_value(json_object_get(record, key));

	return value ? value : "(none)";
}

static json_int_t number(json_t *record, const char *key)
{
	json_t *value = json_object_get(record, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void a_request_is_written_with_all_that_is_known_of_it(void **state)
{
	struct latch_request request;
	json_t *record, *head;

	(void)state;
	fill(&request, head_text);
	record = read_request(&request);
	assert_string_equal(text(record, "event"), "request");
	assert_string_equal(text(record, "plane"), "kernel");
	assert_string_equal(text(record, "caller"), "allowed");
	assert_string_equal(text(record, "container"), CONTAINER);
	assert_string_equal(text(record, "comm"), "docker");
	assert_int_equal(number(record, "pid"), 12);
	assert_int_equal(number(record, "uid"), 34);
	assert_int_equal(number(record, "cgroup"), 77);
	assert_int_equal(number(record, "connection"), 9);
	assert_string_equal(text(record, "socket"), "direct");
	assert_string_equal(text(record, "verdict"), "refused");
	assert_string_equal(text(record, "reason"), "command list");
	assert_int_equal(number(record, "errno"), EPERM);
	assert_string_equal(text(record, "problem"), "(none)");
	assert_string_equal(text(record, "method"), "POST");
	assert_string_equal(text(record, "uri"), "/v1.43/images/x/push?tag=1");
	assert_string_equal(text(record, "version"), "HTTP/1.1");
	assert_string_equal(text(record, "route"), "/images/{name:.*}/push");
	assert_int_equal(number(record, "route_id"), ROUTE_IMAGE_PUSH);
	assert_string_equal(text(record, "command"), "push");
	assert_int_equal(number(record, "generation"), 1);
	assert_string_equal(text(record, "mode"), "enforce");
	head = json_object_get(record, "head");
	assert_int_equal(json_array_size(head), 2);
	assert_string_equal(json_string_value(json_array_get(head, 0)), "Host: docker");
	assert_string_equal(
		json_string_value(json_array_get(head, 1)), "X-Registry-Auth: (redacted)");
	assert_int_equal(number(record, "head_size"), strlen(head_text));
	assert_true(json_is_false(json_object_get(record, "truncated")));
	json_decref(record);
}

/* What the kernel found and did, and what the log says of it. */
static const struct {
	__u32 reason;
	__s32 error;
	__u16 verdict;
	__u16 mode;
	__u32 problem;
	const char *verdict_text;
	const char *reason_text;
	const char *problem_text;
	bool contained;
	bool mediated;
} verdicts[] = {
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_PASS, LATCH_MODE_ENFORCE, 0, "passed",
		"command list", "(none)", false, false },
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_PASS, LATCH_MODE_OFF, 0, "passed", "command list",
		"(none)", false, false },
	/* the mediator refuses it: no error for the sender */
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE, 0, "refused",
		"command list", "(none)", false, false },
	{ LATCH_REASON_NO_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE, 0, "refused",
		"no such route", "(none)", false, false },
	{ LATCH_REASON_NO_ROUTE, -EPERM, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE, 0, "refused",
		"no such route", "(none)", false, false },
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_OFF, 0, "passed",
		"would be refused, but enforcement is off", "(none)", false, false },
	/* the mediator judges it, whatever the kernel could not read */
	{ LATCH_REASON_UNFOLLOWED, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE,
		LATCH_PROBLEM_ITERATOR, "passed",
		"it cannot be followed: sent by splice, sendfile or the like", "iterator", false, false },
	{ LATCH_REASON_UNFOLLOWED, -EPERM, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE,
		LATCH_PROBLEM_REQUEST_LINE, "refused",
		"it cannot be followed: no request line of HTTP/1.x", "request-line", false, false },
	{ LATCH_REASON_TAMPERED, -EPERM, LATCH_VERDICT_PASS, LATCH_MODE_ENFORCE, 0, "refused",
		"it was changed while it was being sent", "(none)", false, false },
	{ LATCH_REASON_CUT, -EPERM, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE, 0, "refused",
		"the connection is condemned", "(none)", false, false },
	{ 4711, -EPERM, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE, 0, "refused", "unknown",
		"(none)", false, false },
	/* audit mode: what enforce mode would refuse, in either transport */
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_PASS, LATCH_MODE_AUDIT, 0, "passed", "command list",
		"(none)", false, false },
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_AUDIT, 0, "would-refuse",
		"command list", "(none)", false, false },
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_PASS, LATCH_MODE_AUDIT, 0, "would-refuse",
		"the container holds no grant", "(none)", true, false },
	/* what the command list says is worth more than what the connect has said */
	{ LATCH_REASON_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_AUDIT, 0, "would-refuse",
		"command list", "(none)", true, false },
	{ LATCH_REASON_NO_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_AUDIT, 0, "would-refuse",
		"no such route", "(none)", false, false },
	{ LATCH_REASON_TAMPERED, 0, LATCH_VERDICT_PASS, LATCH_MODE_AUDIT, 0, "would-refuse",
		"it was changed while it was being sent", "(none)", false, false },
	{ LATCH_REASON_CUT, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_AUDIT, 0, "would-refuse",
		"the connection is condemned", "(none)", false, false },
	{ LATCH_REASON_UNFOLLOWED, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_AUDIT,
		LATCH_PROBLEM_ITERATOR, "would-refuse",
		"it cannot be followed: sent by splice, sendfile or the like", "iterator", false, false },
	{ LATCH_REASON_UNFOLLOWED, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_AUDIT,
		LATCH_PROBLEM_ITERATOR, "passed",
		"it cannot be followed: sent by splice, sendfile or the like", "iterator", false,
		true },
};

static void the_verdict_is_what_becomes_of_the_request(void **state)
{
	static const char *const modes[] = { "enforce", "off", "audit" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		struct latch_request request;
		json_t *record;

		fill(&request, head_text);
		request.event.reason = verdicts[i].reason;
		request.event.verdict = verdicts[i].error;
		request.verdict = verdicts[i].verdict;
		request.mode = verdicts[i].mode;
		request.event.tag = verdicts[i].contained ? LATCH_TAG_CONTAINED : LATCH_TAG_ALLOWED;
		if (verdicts[i].mediated)
			request.event.kind = LATCH_GUARD_PUBLIC;
		request.problem = verdicts[i].problem;
		record = read_request(&request);
		assert_string_equal(text(record, "verdict"), verdicts[i].verdict_text);
		assert_string_equal(text(record, "reason"), verdicts[i].reason_text);
		assert_string_equal(text(record, "problem"), verdicts[i].problem_text);
		assert_true(!verdicts[i].error == !json_object_get(record, "errno"));
		assert_string_equal(text(record, "mode"), modes[verdicts[i].mode]);
		json_decref(record);
	}
}

static void every_problem_has_a_name_of_its_own(void **state)
{
	const char *names[LATCH_PROBLEMS] = { "none" };
	json_t *records[LATCH_PROBLEMS] = {};

	(void)state;
	for (unsigned int i = 1; i < LATCH_PROBLEMS; i++) {
		struct latch_request request;

		fill(&request, head_text);
		request.event.reason = LATCH_REASON_UNFOLLOWED;
		request.problem = i;
		records[i] = read_request(&request);
		names[i] = text(records[i], "problem");
		for (unsigned int other = 0; other < i; other++)
			assert_string_not_equal(names[i], names[other]);
	}
	for (unsigned int i = 0; i < LATCH_PROBLEMS; i++)
		json_decref(records[i]);
}

static void a_cut_without_a_head_is_a_record(void **state)
{
	struct latch_request request;
	json_t *record;

	(void)state;
	fill(&request, "");
	request.event.header.type = LATCH_EVENT_CUT;
	request.event.reason = LATCH_REASON_CUT;
	request.route = ROUTE_NONE;
	record = read_request(&request);
	assert_string_equal(text(record, "event"), "cut");
	assert_int_equal(number(record, "connection"), 9);
	assert_string_equal(text(record, "method"), "(none)");
	assert_string_equal(text(record, "uri"), "(none)");
	assert_null(json_object_get(record, "route_id"));
	assert_int_equal(json_array_size(json_object_get(record, "head")), 0);
	json_decref(record);
}

/* The head is longer than the record's room: the rest is gone, and said to be. */
static void a_truncated_head_says_so_and_leaks_nothing(void **state)
{
	size_t length = strlen(head_text);

	(void)state;
	for (size_t stored = 0; stored < length; stored++) {
		_cleanup_free_ char *line = NULL;
		struct latch_request request;
		json_t *record;

		fill(&request, head_text);
		request.stored = stored;
		request.event.header.size = FIXED + stored;
		record = read_request(&request);
		assert_true(json_is_true(json_object_get(record, "truncated")));
		assert_int_equal(number(record, "head_size"), length);
		line = json_dumps(record, 0);
		assert_null(strstr(line, "Zq"));
		json_decref(record);
	}
}

static void the_longest_head_fits(void **state)
{
	static char head[LATCH_HEAD_SIZE + 1];
	struct latch_request request;
	json_t *record;

	(void)state;
	memset(head, 'a', LATCH_HEAD_SIZE);
	memcpy(head, "GET /", 5);
	fill(&request, head);
	request.size = 60000;
	record = read_request(&request);
	assert_int_equal(strlen(text(record, "uri")), LATCH_HEAD_SIZE - 4);
	json_decref(record);
}

static void text_that_is_not_utf8_is_escaped(void **state)
{
	struct latch_request request;
	json_t *record, *head;

	(void)state;
	fill(&request, "GET / HTTP/1.1\r\nA: caf\xe9\\n\r\nB: caf\xc3\xa9\\\r\n"
		       "C: \xed\xa0\x80\r\n\r\n");
	strcpy(request.event.comm, "\xff\x1b[2J");
	record = read_request(&request);
	head = json_object_get(record, "head");
	assert_int_equal(json_array_size(head), 3);
	assert_string_equal(json_string_value(json_array_get(head, 0)), "A: caf\\xE9\\x5Cn");
	assert_string_equal(json_string_value(json_array_get(head, 1)), "B: caf\xc3\xa9\\");
	assert_string_equal(json_string_value(json_array_get(head, 2)), "C: \\xED\\xA0\\x80");
	assert_string_equal(text(record, "comm"), "\\xFF\x1b[2J");
	json_decref(record);
}

/* Records that lie. */

static void a_record_of_a_wrong_size_is_not_read(void **state)
{
	struct latch_request request;
	json_t *record;
	struct {
		struct latch_request request;
		char more[64];
	} big = {};

	(void)state;
	fill(&request, head_text);
	record = read_bytes(&request, request.event.header.size);
	assert_non_null(record); /* so that the rest is refused for its size alone */
	json_decref(record);
	for (size_t size = 0; size < request.event.header.size; size++)
		assert_null(read_bytes(&request, size));
	/* The header agrees with the size, and `stored` does not. */
	for (size_t size = 0; size <= sizeof(request); size++) {
		if (size == FIXED + strlen(head_text))
			continue;
		request.event.header.size = size;
		assert_null(read_bytes(&request, size));
	}
	fill(&big.request, head_text);
	for (size_t more = 1; more <= sizeof(big.more); more++)
		assert_null(read_bytes(&big, big.request.event.header.size + more));
}

enum lie {
	SIZE,
	STORED,
	STORED_HUGE,
	WHOLE,
	ROUTE_HIGH,
	ROUTE_LOW,
	GENERATION,
	MODE,
	VERDICT,
	PROBLEM,
	COMM,
	CONTAINER_ID,
	VERSION,
	LIES,
};

static void tell(struct latch_request *request, enum lie lie)
{
	switch (lie) {
	case SIZE:
		request->event.header.size++;
		break;
	case STORED:
		request->stored++;
		break;
	case STORED_HUGE: /* added to the fixed part it wraps around */
		request->stored = request->size = UINT32_MAX;
		request->event.header.size = FIXED - 1;
		break;
	case WHOLE:
		request->size--;
		break;
	case ROUTE_HIGH:
		request->route = ROUTE_COUNT;
		break;
	case ROUTE_LOW:
		request->route = ROUTE_NONE - 1;
		break;
	case GENERATION:
		request->generation = 2;
		break;
	case MODE:
		request->mode = LATCH_MODE_AUDIT + 1;
		break;
	case VERDICT:
		request->verdict = LATCH_VERDICT_PASS + 1;
		break;
	case PROBLEM:
		request->problem = LATCH_PROBLEMS;
		break;
	case COMM:
		memset(request->event.comm, 'x', sizeof(request->event.comm));
		break;
	case CONTAINER_ID:
		memset(request->event.container, 'x', sizeof(request->event.container));
		break;
	case VERSION:
		request->event.header.version = LATCH_ABI_VERSION - 1;
		break;
	case LIES:
		break;
	}
}

static void a_record_that_lies_is_not_read(void **state)
{
	(void)state;
	for (enum lie lie = 0; lie < LIES; lie++) {
		struct latch_request request;

		fill(&request, head_text);
		tell(&request, lie);
		if (read_bytes(&request, FIXED + strlen(head_text)))
			fail_msg("lie %d was believed", lie);
	}
}

/* Larger than any record may be, though all its sizes agree. */
static void a_head_beyond_its_room_is_not_read(void **state)
{
	struct {
		struct latch_request request;
		char more[8];
	} big = {};

	(void)state;
	fill(&big.request, head_text);
	big.request.stored = big.request.size = LATCH_HEAD_SIZE + 1;
	big.request.event.header.size = FIXED + LATCH_HEAD_SIZE + 1;
	assert_null(read_bytes(&big, big.request.event.header.size));
}

static void plain_events_are_checked_as_well(void **state)
{
	struct latch_event event = { .header = { .version = LATCH_ABI_VERSION,
					     .type = LATCH_EVENT_CONNECT, .size = sizeof(event) },
		.kind = LATCH_GUARD_PUBLIC, .verdict = -EACCES,
		.reason = LATCH_REASON_CONTAINED, .tag = LATCH_TAG_CONTAINED };
	struct latch_request long_one;
	json_t *record = read_bytes(&event, sizeof(event));

	(void)state;
	assert_non_null(record);
	assert_string_equal(text(record, "event"), "connect");
	assert_string_equal(text(record, "socket"), "public");
	assert_string_equal(text(record, "verdict"), "refused");
	assert_string_equal(text(record, "reason"), "the container holds no grant");
	assert_int_equal(number(record, "errno"), EACCES);
	json_decref(record);
	/* Let through with a reason to refuse: audit mode. Without one it has passed. */
	event.verdict = 0;
	record = read_bytes(&event, sizeof(event));
	assert_string_equal(text(record, "verdict"), "would-refuse");
	assert_string_equal(text(record, "reason"), "the container holds no grant");
	assert_null(json_object_get(record, "errno"));
	json_decref(record);
	for (__u32 reason = LATCH_REASON_SELF; reason <= LATCH_REASON_GRANT; reason++) {
		event.reason = reason;
		record = read_bytes(&event, sizeof(event));
		assert_string_equal(text(record, "verdict"), "passed");
		json_decref(record);
	}
	event.verdict = -EACCES;
	event.header.type = LATCH_EVENT_PROTECTED;
	event.reason = LATCH_REASON_PROTECTED_FILE;
	event.kind = LATCH_GUARD_NONE;
	event.ino = 4711;
	record = read_bytes(&event, sizeof(event));
	assert_string_equal(text(record, "event"), "protected");
	assert_string_equal(text(record, "reason"), "a file that latch or the engine lives on");
	assert_int_equal(number(record, "inode"), 4711);
	json_decref(record);
	for (size_t size = 0; size < sizeof(event); size++)
		assert_null(read_bytes(&event, size));
	/* A request without its type must not be taken for an event. */
	fill(&long_one, head_text);
	long_one.event.header.type = LATCH_EVENT_CONNECT;
	assert_null(read_bytes(&long_one, long_one.event.header.size));
	/* Nor an event for a request. */
	event.header.type = LATCH_EVENT_REQUEST;
	assert_null(read_bytes(&event, sizeof(event)));
}

/* The mediator's plane. */

static void a_report_is_redacted_as_well(void **state)
{
	struct wire_request report = { .kind = WIRE_REPORT, .route = ROUTE_BUILD,
		.refused = 403, .client = { .tag = LATCH_TAG_ALLOWED, .id = 9 } };
	_cleanup_free_ char *line = NULL;
	json_t *record;

	(void)state;
	strcpy(report.method, "POST");
	strcpy(report.text, "/build?build%61rgs=" SECRET "&remote=https://u:" SECRET "@h&t=x");
	strcpy(report.reason, "cannot read /build?buildargs=" SECRET);
	record = audit_record_report(&report);
	assert_non_null(record);
	line = json_dumps(record, 0);
	assert_null(strstr(line, SECRET));
	assert_string_equal(text(record, "plane"), "mediator");
	assert_string_equal(text(record, "verdict"), "refused");
	assert_int_equal(number(record, "status"), 403);
	assert_int_equal(number(record, "connection"), 9);
	assert_string_equal(text(record, "command"), "build");
	json_decref(record);
}

static void a_report_says_what_of_the_host_was_wanted_and_for_which_image(void **state)
{
	struct wire_request report = { .kind = WIRE_REPORT, .route = ROUTE_CONTAINER_CREATE,
		.refused = 403, .access = HOST_ACCESS_BIT(HOST_ACCESS_PRIVILEGED) |
			HOST_ACCESS_BIT(HOST_ACCESS_SWARM), .noted = 1 };
	json_t *record, *access;

	(void)state;
	strcpy(report.image, "testcontainers/ryuk:0.5.1");
	record = audit_record_report(&report);
	assert_string_equal(text(record, "verdict"), "would-refuse");
	assert_int_equal(number(record, "status"), 403);
	assert_string_equal(text(record, "wanted_image"), "testcontainers/ryuk:0.5.1");
	access = json_object_get(record, "access");
	assert_int_equal(json_array_size(access), 2);
	assert_string_equal(json_string_value(json_array_get(access, 0)), "privileged");
	assert_string_equal(json_string_value(json_array_get(access, 1)), "swarm");
	json_decref(record);
	report.noted = report.access = 0;
	report.image[0] = 0;
	record = audit_record_report(&report);
	assert_string_equal(text(record, "verdict"), "refused");
	assert_null(json_object_get(record, "access"));
	assert_null(json_object_get(record, "wanted_image"));
	json_decref(record);
}

/* Every reason that the mediator gives today must come through as it is. */
static void a_reason_that_quotes_nothing_is_left_alone(void **state)
{
	static const char *const reasons[] = { "command list", "not an allowed container",
		"the engine's answer is not HTTP", "no such route", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		struct wire_request report = { .route = ROUTE_NONE };
		json_t *record;

		strcpy(report.reason, reasons[i]);
		record = audit_record_report(&report);
		assert_string_equal(text(record, "reason"), reasons[i][0] ? reasons[i] : "(none)");
		json_decref(record);
	}
}

/* The mediator cuts a target to its array: the password's end may be in what is missing. */
static void a_report_that_is_cut_shows_no_half_of_a_url(void **state)
{
	struct wire_request report = { .route = ROUTE_NONE };
	static const char start[] = "/build?t=", end[] = "&remote=https://user:" SECRET;
	_cleanup_free_ char *line = NULL;
	json_t *record;

	(void)state;
	memset(report.text, 'a', sizeof(report.text) - 1);
	memcpy(report.text, start, strlen(start));
	memcpy(report.text + sizeof(report.text) - sizeof(end), end, strlen(end));
	record = audit_record_report(&report);
	line = json_dumps(record, 0);
	assert_non_null(strstr(line, "&remote=(redacted)"));
	assert_null(strstr(line, SECRET));
	json_decref(record);
}

/* latchctl audit. */

/* What it prints of one record, with `option` before the file (NULL for none). */
static char *printed(json_t *record, const char *option)
{
	char log[] = "/tmp/test_audit.XXXXXX", out[] = "/tmp/test_audit.XXXXXX";
	char *argv[5] = { "audit" }, *line = json_dumps(record, JSON_COMPACT);
	_cleanup_close_ int fd = mkstemp(log), out_fd = mkstemp(out);
	int argc = 1, saved = dup(STDOUT_FILENO);
	char *shown = calloc(1, 8192);

	assert_true(fd >= 0 && out_fd >= 0 && saved >= 0 && line && shown);
	dprintf(fd, "%s\n", line);
	if (option)
		argv[argc++] = (char *)option;
	argv[argc++] = "--file";
	argv[argc++] = log;
	fflush(stdout);
	dup2(out_fd, STDOUT_FILENO);
	optind = 0;
	assert_int_equal(subcommand_audit.run(argc, argv), LATCHCTL_OK);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_true(pread(out_fd, shown, 8191, 0) >= 0);
	unlink(log);
	unlink(out);
	free(line);
	return shown;
}

static void a_request_is_one_line_for_a_person(void **state)
{
	_cleanup_free_ char *shown = NULL, *refused = NULL, *noted = NULL, *passed = NULL;
	struct latch_request request;
	json_t *record;

	(void)state;
	fill(&request, head_text);
	record = read_request(&request);
	json_object_set_new(record, "time", json_string("2026-11-22T04:20:17.034567Z"));
	shown = printed(record, NULL);
	assert_string_equal(shown,
		"2026-11-22T04:20:17.034 kernel   refused POST /v1.43/images/x/push?tag=1 "
		"(docker push): command list  "
		"[allowed 0123456789ab, docker pid 12 uid 34 connection 9]\n");
	refused = printed(record, "--refused");
	assert_string_equal(refused, shown);
	json_object_set_new(record, "verdict", json_string("would-refuse"));
	json_object_set_new(record, "name", json_string("ci"));
	json_object_set_new(record, "image", json_string("docker:cli"));
	noted = printed(record, "--refused");
	assert_string_equal(noted,
		"2026-11-22T04:20:17.034 kernel   would-refuse POST /v1.43/images/x/push?tag=1 "
		"(docker push): command list  [allowed 0123456789ab ci of docker:cli, "
		"docker pid 12 uid 34 connection 9]\n");
	json_object_set_new(record, "verdict", json_string("passed"));
	passed = printed(record, "--refused");
	assert_string_equal(passed, "");
	json_decref(record);
}

static void a_cut_connection_is_one_line_with_or_without_a_request(void **state)
{
	_cleanup_free_ char *with = NULL, *without = NULL;
	struct latch_request request;
	json_t *record;

	(void)state;
	fill(&request, head_text);
	request.event.header.type = LATCH_EVENT_TAMPERED;
	request.event.reason = LATCH_REASON_TAMPERED;
	record = read_request(&request);
	with = printed(record, NULL);
	assert_non_null(strstr(with, " refused tampered POST /v1.43/images/x/push?tag=1 (docker push): "
				     "it was changed while it was being sent  ["));
	json_decref(record);
	fill(&request, "");
	request.event.header.type = LATCH_EVENT_CUT;
	request.event.reason = LATCH_REASON_CUT;
	request.route = ROUTE_NONE;
	record = read_request(&request);
	without = printed(record, NULL);
	assert_non_null(strstr(without, " refused cut: the connection is condemned  ["));
	json_decref(record);
}

/* A caller's name, or its request, that would clear the screen or forge a line of the log. */
static void nothing_that_a_terminal_obeys_is_printed(void **state)
{
	_cleanup_free_ char *shown = NULL;
	struct wire_request report = { .route = ROUTE_NONE };
	json_t *record;

	(void)state;
	report.client.tag = LATCH_TAG_ALLOWED;
	strcpy(report.client.comm, "\x1b[2J\n");
	strcpy(report.method, "G\r\nT");
	strcpy(report.text, "/\xc2\x9b" "2J\x7f");
	record = audit_record_report(&report);
	shown = printed(record, NULL);
	for (const char *c = shown; c[1]; c++)
		assert_true(*c >= ' ' && *c < 0x7f);
	assert_non_null(strstr(shown, "G\\x0D\\x0AT /\\xC2\\x9B2J\\x7F"));
	assert_non_null(strstr(shown, "\\x1B[2J\\x0A pid"));
	json_decref(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_written_with_all_that_is_known_of_it),
		cmocka_unit_test(the_verdict_is_what_becomes_of_the_request),
		cmocka_unit_test(every_problem_has_a_name_of_its_own),
		cmocka_unit_test(a_cut_without_a_head_is_a_record),
		cmocka_unit_test(a_truncated_head_says_so_and_leaks_nothing),
		cmocka_unit_test(the_longest_head_fits),
		cmocka_unit_test(text_that_is_not_utf8_is_escaped),
		cmocka_unit_test(a_record_of_a_wrong_size_is_not_read),
		cmocka_unit_test(a_record_that_lies_is_not_read),
		cmocka_unit_test(a_head_beyond_its_room_is_not_read),
		cmocka_unit_test(plain_events_are_checked_as_well),
		cmocka_unit_test(a_report_is_redacted_as_well),
		cmocka_unit_test(a_report_says_what_of_the_host_was_wanted_and_for_which_image),
		cmocka_unit_test(a_reason_that_quotes_nothing_is_left_alone),
		cmocka_unit_test(a_report_that_is_cut_shows_no_half_of_a_url),
		cmocka_unit_test(a_request_is_one_line_for_a_person),
		cmocka_unit_test(a_cut_connection_is_one_line_with_or_without_a_request),
		cmocka_unit_test(nothing_that_a_terminal_obeys_is_printed),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
