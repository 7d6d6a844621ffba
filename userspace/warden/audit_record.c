// SPDX-License-Identifier: Apache-2.0
/*
 * Turns what the kernel and the mediator say into the objects of the audit log.
 *
 * A kernel record whose sizes, numbers or strings contradict latch/abi.h is not read any further:
 * it counts as lost. Request targets and heads pass redact.c before they become a part of an
 * object, in both planes, so that nothing behind this file ever sees a credential. Text that is not
 * UTF-8 is shown with its bytes as \xNN. It decides no verdict; it says which one there was.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "audit.h"
#include "audit_record.h"
#include "command.h"
#include "redact.h"
#include "route.h"

static const char *const tag_names[] = {
	[LATCH_TAG_NONE] = "none",
	[LATCH_TAG_HOST] = "host",
	[LATCH_TAG_ALLOWED] = "allowed",
	[LATCH_TAG_CONTAINED] = "contained",
};

static const char *const reason_names[] = {
	[LATCH_REASON_NONE] = "none",
	[LATCH_REASON_SELF] = "latch's own process",
	[LATCH_REASON_HOST] = "the host",
	[LATCH_REASON_GRANT] = "the container holds a grant",
	[LATCH_REASON_CONTAINED] = "the container holds no grant",
	[LATCH_REASON_PRIVATE] = "this socket is not for containers",
	[LATCH_REASON_PLANTED] = "a container made this socket",
	[LATCH_REASON_OWNER] = "the connection belongs to somebody else",
	[LATCH_REASON_UNLABELLED] = "the connection is older than latch",
	[LATCH_REASON_NO_MEMORY] = "the connection could not be labelled",
	[LATCH_REASON_MODE_OFF] = "would be refused, but enforcement is off",
	[LATCH_REASON_ROUTE] = "command list", /* as the mediator says it */
	[LATCH_REASON_NO_ROUTE] = "no such route",
	[LATCH_REASON_UNFOLLOWED] = "it cannot be followed",
	[LATCH_REASON_TAMPERED] = "it was changed while it was being sent",
	[LATCH_REASON_CUT] = "the connection is condemned",
	[LATCH_REASON_PROTECTED_FILE] = "a file that latch or the engine lives on",
	[LATCH_REASON_PROTECTED_MOUNT] = "a mount over what latch or the engine lives on",
	[LATCH_REASON_PROTECTED_PROCESS] = "a process of latch's",
	[LATCH_REASON_PROTECTED_TRACE] = "tracing a process that may do more",
	[LATCH_REASON_PROTECTED_BPF] = "a map or program of latch's",
};

static const char *const kind_names[] = {
	[LATCH_GUARD_NONE] = "none",
	[LATCH_GUARD_ENGINE] = "engine",
	[LATCH_GUARD_PUBLIC] = "public",
	[LATCH_GUARD_INTERNAL] = "holder",
	[LATCH_GUARD_HOST] = "host-only",
	[LATCH_GUARD_DIRECT] = "direct",
};

static const char *const event_names[] = {
	[LATCH_EVENT_CONNECT] = "connect",
	[LATCH_EVENT_SEND] = "send",
	[LATCH_EVENT_TAG] = "container-start",
	[LATCH_EVENT_UNTAG] = "container-end",
	[LATCH_EVENT_REQUEST] = "request",
	[LATCH_EVENT_CUT] = "cut",
	[LATCH_EVENT_TAMPERED] = "tampered",
	[LATCH_EVENT_PROTECTED] = "protected",
};

static const char *const mode_names[] = {
	[LATCH_MODE_ENFORCE] = "enforce",
	[LATCH_MODE_OFF] = "off",
};

/* A word for programs, and the same for people, behind "it cannot be followed: ". */
static const struct {
	const char *name;
	const char *text;
} problems[] = {
	[LATCH_PROBLEM_NONE] = { "none", "for a reason that is not known" },
	[LATCH_PROBLEM_ITERATOR] = { "iterator", "sent by splice, sendfile or the like" },
	[LATCH_PROBLEM_OUT_OF_BAND] = { "out-of-band", "sent as out-of-band data" },
	[LATCH_PROBLEM_CONCURRENT] = { "concurrent", "two threads sent at once" },
	[LATCH_PROBLEM_MEMORY] = { "memory", "the sender's memory could not be read" },
	[LATCH_PROBLEM_REQUEST_LINE] = { "request-line", "no request line of HTTP/1.x" },
	[LATCH_PROBLEM_FIELD] = { "field", "a malformed or repeated header field" },
	[LATCH_PROBLEM_FRAMING] = { "framing", "a body whose end is ambiguous" },
	[LATCH_PROBLEM_HEAD_SIZE] = { "head-size", "a head that is too long" },
	[LATCH_PROBLEM_PIPELINED] = { "pipelined", "sent before the last answer was complete" },
	[LATCH_PROBLEM_ANSWER] = { "answer", "the engine's answer is not HTTP/1.x" },
	[LATCH_PROBLEM_MISSED] = { "missed", "the kernel did not run the programs that read it" },
	[LATCH_PROBLEM_LOST] = { "lost", "it was not followed while nothing was enforced" },
};
_Static_assert(ARRAY_SIZE(problems) == LATCH_PROBLEMS, "a name for every problem");

static const char *name_of(const char *const *names, size_t count, unsigned int number)
{
	return number < count && names[number] ? names[number] : "unknown";
}

const char *audit_tag_name(unsigned int tag)
{
	return name_of(tag_names, ARRAY_SIZE(tag_names), tag);
}

const char *audit_reason_name(unsigned int reason)
{
	return name_of(reason_names, ARRAY_SIZE(reason_names), reason);
}

/* Text. */

/* What is not ASCII becomes \xNN; so does a backslash, or one could be taken for the other. */
static json_t *escaped(const char *text)
{
	_cleanup_free_ char *out = malloc(4 * strlen(text) + 1);
	char *to = out;

	if (!out)
		return NULL;
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < 0x80 && c != '\\')
			*to++ = c;
		else
			to += sprintf(to, "\\x%02X", c);
	}
	*to = 0;
	return json_string(out);
}

static json_t *text_of(const char *text)
{
	json_t *string = json_string(text); /* refuses what is not UTF-8 */

	return string ? string : escaped(text);
}

static void set_string(json_t *record, const char *key, const char *value)
{
	if (value && value[0])
		json_object_set_new(record, key, text_of(value));
}

static void set_number(json_t *record, const char *key, json_int_t value)
{
	json_object_set_new(record, key, json_integer(value));
}

/* When it happened, in UTC to the microsecond. `boot_ns` 0: now. */
static void set_time(json_t *record, __u64 boot_ns)
{
	struct timespec now, boot;
	char text[64];
	struct tm parts;
	int64_t wall;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	wall = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (boot_ns)
		wall -= (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - (int64_t)boot_ns;
	now.tv_sec = wall / 1000000000;
	gmtime_r(&now.tv_sec, &parts);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
		parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
		(int)(wall % 1000000000 / 1000));
	json_object_set_new(record, "time", json_string(text));
}

static json_t *record_new(const char *event, const char *plane, __u64 boot_ns)
{
	json_t *record = json_object();

	if (!record)
		return NULL;
	set_time(record, boot_ns);
	set_string(record, "event", event);
	set_string(record, "plane", plane);
	return record;
}

static void set_caller(json_t *record, __u32 tag, const char *container, __u32 pid, __u32 uid,
	const char *comm)
{
	set_string(record, "caller", audit_tag_name(tag));
	set_string(record, "container", container);
	set_number(record, "pid", pid);
	set_number(record, "uid", uid);
	set_string(record, "comm", comm);
}

static void set_route(json_t *record, int route)
{
	if (route < 0 || route >= ROUTE_COUNT)
		return;
	set_string(record, "route", route_get(route)->template);
	set_number(record, "route_id", route);
	set_string(record, "command", command_of_route(route));
}

/* The kernel's records. */

#define ENDS(array) (!!memchr((array), 0, sizeof(array)))

/* What every record begins with; the rest is known by its type. */
static bool event_is_sound(const struct latch_event *event, size_t size)
{
	return size >= sizeof(*event) && event->header.version == LATCH_ABI_VERSION &&
	       event->header.size == size && ENDS(event->comm) && ENDS(event->container);
}

static bool carries_request(unsigned int type)
{
	return type == LATCH_EVENT_REQUEST || type == LATCH_EVENT_CUT ||
	       type == LATCH_EVENT_TAMPERED;
}

static bool request_is_sound(const struct latch_request *request, size_t size)
{
	const size_t fixed = offsetof(struct latch_request, head);

	if (size < fixed || request->stored > LATCH_HEAD_SIZE)
		return false;
	if (size != fixed + request->stored || request->stored > request->size)
		return false;
	if (request->route < ROUTE_NONE || request->route >= ROUTE_COUNT)
		return false;
	return request->generation <= 1 && request->mode < ARRAY_SIZE(mode_names) &&
	       request->verdict <= LATCH_VERDICT_PASS && request->problem < LATCH_PROBLEMS;
}

static void set_event(json_t *record, const struct latch_event *event)
{
	set_caller(record, event->tag, event->container, event->pid, event->uid, event->comm);
	if (event->kind)
		set_string(record, "socket",
			name_of(kind_names, ARRAY_SIZE(kind_names), event->kind));
	set_number(record, "cgroup", event->cgroup);
}

static void set_verdict(json_t *record, bool refused, int error, const char *reason)
{
	set_string(record, "verdict", refused ? "refused" : "passed");
	set_string(record, "reason", reason);
	if (error)
		set_number(record, "errno", -error);
}

/* Does `verdicts` refuse it? Only where the program looked there. */
static bool refused_by_policy(const struct latch_request *request)
{
	unsigned int reason = request->event.reason;

	return (reason == LATCH_REASON_ROUTE || reason == LATCH_REASON_NO_ROUTE) &&
	       request->verdict != LATCH_VERDICT_PASS;
}

/*
 * In mediated transport the sender gets no error, and still the request is refused: the mediator
 * obeys the same map. Both planes say the same then. A request that cannot be followed is the
 * mediator's to judge there; the programs let it pass.
 */
static void set_request_verdict(json_t *record, const struct latch_request *request)
{
	bool refused = request->event.verdict != 0;
	const char *reason = audit_reason_name(request->event.reason);
	char text[128];

	if (refused_by_policy(request)) {
		if (request->mode == LATCH_MODE_OFF && !refused)
			reason = audit_reason_name(LATCH_REASON_MODE_OFF);
		else
			refused = true;
	}
	if (request->event.reason == LATCH_REASON_UNFOLLOWED) {
		snprintf(text, sizeof(text), "%s: %s", reason, problems[request->problem].text);
		reason = text;
	}
	set_verdict(record, refused, request->event.verdict, reason);
	if (request->problem)
		set_string(record, "problem", problems[request->problem].name);
}

/* The head, redacted. */
static int set_head(json_t *record, const struct latch_request *request)
{
	struct redacted_head head;
	json_t *fields;
	int r = redact_head(request->head, request->stored, &head);

	if (r < 0)
		return r;
	set_string(record, "method", head.method);
	set_string(record, "uri", head.target);
	set_string(record, "version", head.version);
	set_route(record, request->route);
	fields = json_array();
	for (size_t i = 0; i < head.field_count; i++)
		if (json_array_append_new(fields, text_of(head.fields[i])))
			r = -ENOMEM;
	json_object_set_new(record, "head", fields);
	set_number(record, "head_size", request->size);
	json_object_set_new(record, "truncated", json_boolean(request->stored < request->size));
	redacted_head_free(&head);
	return r;
}

static json_t *request_record(const char *name, const struct latch_request *request)
{
	json_t *record = record_new(name, "kernel", request->event.header.time);

	if (!record)
		return NULL;
	set_event(record, &request->event);
	set_number(record, "connection", request->connection);
	set_request_verdict(record, request);
	if (set_head(record, request) < 0) {
		json_decref(record);
		return NULL;
	}
	set_number(record, "generation", request->generation);
	set_string(record, "mode", mode_names[request->mode]);
	return record;
}

json_t *audit_record_event(const void *data, size_t size)
{
	const struct latch_event *event = data;
	const char *name;
	json_t *record;

	if (!event_is_sound(event, size))
		return NULL;
	name = name_of(event_names, ARRAY_SIZE(event_names), event->header.type);
	if (carries_request(event->header.type))
		return request_is_sound(data, size) ? request_record(name, data) : NULL;
	if (size != sizeof(*event))
		return NULL;
	record = record_new(name, "kernel", event->header.time);
	if (!record)
		return NULL;
	set_event(record, event);
	if (event->header.type == LATCH_EVENT_PROTECTED && event->ino)
		set_number(record, "inode", event->ino); /* its path: map `protected` */
	if (event->reason)
		set_verdict(record, event->verdict, event->verdict,
			audit_reason_name(event->reason));
	return record;
}

/* The mediator's reports, and latchd's own. */

/*
 * The mediator's reasons are fixed sentences today. They are redacted all the same, as a target is,
 * which leaves a sentence alone: the day that one quotes a request it must not leak.
 */
static int set_redacted(json_t *record, const char *key, const char *text, size_t room)
{
	size_t length = strlen(text);
	_cleanup_free_ char *redacted = redact_target(text, length, length == room - 1);

	if (!redacted)
		return -ENOMEM;
	set_string(record, key, redacted);
	return 0;
}

json_t *audit_record_report(const struct wire_request *report)
{
	json_t *record = record_new("request", "mediator", 0);

	if (!record)
		return NULL;
	set_caller(record, report->client.tag, report->client.container, report->client.pid,
		report->client.uid, report->client.comm);
	set_number(record, "connection", report->client.id);
	set_string(record, "verdict", report->refused ? "refused" : "passed");
	set_string(record, "method", report->method);
	if (set_redacted(record, "uri", report->text, sizeof(report->text)) < 0 ||
		set_redacted(record, "reason", report->reason, sizeof(report->reason)) < 0) {
		json_decref(record);
		return NULL;
	}
	set_route(record, report->route);
	if (report->refused)
		set_number(record, "status", report->refused);
	return record;
}

json_t *audit_record_note(const char *event, const char *text)
{
	json_t *record = record_new(event, "latchd", 0);

	if (record)
		set_string(record, "text", text);
	return record;
}

json_t *audit_record_image(
	const char *container, const char *image, const struct images_verdict *verdict)
{
	json_t *record = record_new("image-denied", "latchd", 0);

	if (!record)
		return NULL;
	if (container[0])
		set_string(record, "container", container);
	set_string(record, "image", image);
	set_string(record, "image_id", verdict->image_id);
	set_string(record, "reason", images_reason_name(verdict->reason));
	if (verdict->entry[0])
		set_string(record, "entry", verdict->entry);
	set_string(record, "text", verdict->text);
	return record;
}
