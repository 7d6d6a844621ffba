// SPDX-License-Identifier: Apache-2.0
/*
 * Turns what the kernel and the mediator say into the objects of the audit log.
 *
 * A kernel record whose sizes, numbers or strings contradict latch/abi.h is not read any further:
 * it counts as lost. Request targets and heads pass redact.c before they become a part of an
 * object, in both planes, so that nothing behind this file ever sees a credential. It decides no
 * verdict; it says which one there was. What all records have, and what latchd knows about a caller, is
 * added by audit_stamp.c.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "audit_fields.h"
#include "audit_record.h"
#include "audit_words.h"
#include "command.h"
#include "host_access.h"
#include "redact.h"
#include "route.h"
#include "util.h"

static json_t *record_new(const char *event, const char *plane, __u64 boot_ns)
{
	json_t *record = json_object();

	if (!record)
		return NULL;
	field_time(record, boot_ns);
	field_text(record, AUDIT_EVENT, event);
	field_text(record, AUDIT_PLANE, plane);
	return record;
}

static void set_caller(json_t *record, __u32 tag, const char *container, __u32 pid, __u32 uid,
	const char *comm)
{
	field_text(record, AUDIT_CALLER, audit_tag_name(tag));
	field_text(record, AUDIT_CONTAINER, container);
	field_number(record, AUDIT_PID, pid);
	field_number(record, AUDIT_UID, uid);
	field_text(record, AUDIT_COMM, comm);
}

static void set_route(json_t *record, int route)
{
	if (route < 0 || route >= ROUTE_COUNT)
		return;
	field_text(record, AUDIT_ROUTE, route_get(route)->template);
	field_number(record, AUDIT_ROUTE_ID, route);
	field_text(record, AUDIT_COMMAND, command_of_route(route));
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
	return request->generation <= 1 && audit_mode_name(request->mode) &&
	       request->verdict <= LATCH_VERDICT_PASS && request->problem < LATCH_PROBLEMS;
}

static void set_event(json_t *record, const struct latch_event *event)
{
	set_caller(record, event->tag, event->container, event->pid, event->uid, event->comm);
	if (event->kind)
		field_text(record, AUDIT_SOCKET, audit_kind_name(event->kind));
	field_number(record, AUDIT_CGROUP, event->cgroup);
}

/* What became of it. */
static void set_outcome(json_t *record, enum audit_outcome outcome)
{
	static const char *const names[] = {
		[AUDIT_PASSED] = "passed",
		[AUDIT_REFUSED] = "refused",
		[AUDIT_WOULD_REFUSE] = "would-refuse", /* in audit mode, where it was let through */
	};

	field_text(record, AUDIT_VERDICT, names[outcome]);
}

static void set_verdict(json_t *record, enum audit_outcome outcome, int error, const char *reason)
{
	set_outcome(record, outcome);
	field_text(record, AUDIT_REASON, reason);
	if (error)
		field_number(record, AUDIT_ERRNO, -error);
}

static void set_event_verdict(json_t *record, const struct latch_event *event)
{
	enum audit_outcome outcome = event->verdict		       ? AUDIT_REFUSED :
			       audit_reason_refuses(event->reason) ? AUDIT_WOULD_REFUSE :
								     AUDIT_PASSED;

	set_verdict(record, outcome, event->verdict, audit_reason_name(event->reason));
}

/* Does `verdicts` refuse it? Only where the program looked there. */
static bool refused_by_policy(const struct latch_request *request)
{
	unsigned int reason = request->event.reason;

	return (reason == LATCH_REASON_ROUTE || reason == LATCH_REASON_NO_ROUTE) &&
	       request->verdict != LATCH_VERDICT_PASS;
}

/* In audit mode: what the programs, or the mediator by the same map, would have refused. */
static bool would_be_refused(const struct latch_request *request)
{
	const struct latch_event *event = &request->event;

	if (event->reason == LATCH_REASON_UNFOLLOWED) /* mediated, that is the mediator's to judge */
		return event->kind == LATCH_GUARD_DIRECT;
	return refused_by_policy(request) || audit_reason_refuses(event->reason) ||
	       event->tag == LATCH_TAG_CONTAINED;
}

/*
 * In mediated transport the sender gets no error, and still the request is refused: the mediator
 * obeys the same map. Both planes say the same then. A request that cannot be followed is the
 * mediator's to judge there; the programs let it pass.
 */
enum audit_outcome audit_record_outcome(const struct latch_request *request)
{
	if (request->event.verdict)
		return AUDIT_REFUSED;
	switch (request->mode) {
	case LATCH_MODE_OFF:
		return AUDIT_PASSED;
	case LATCH_MODE_AUDIT:
		return would_be_refused(request) ? AUDIT_WOULD_REFUSE : AUDIT_PASSED;
	}
	return refused_by_policy(request) ? AUDIT_REFUSED : AUDIT_PASSED;
}

static unsigned int reason_of(const struct latch_request *request, enum audit_outcome outcome)
{
	if (outcome == AUDIT_PASSED && refused_by_policy(request))
		return LATCH_REASON_MODE_OFF;
	/* Its command is one that a container with a grant may send. */
	if (outcome == AUDIT_WOULD_REFUSE && request->event.reason == LATCH_REASON_ROUTE &&
		!refused_by_policy(request))
		return LATCH_REASON_CONTAINED;
	return request->event.reason;
}

static void set_request_verdict(json_t *record, const struct latch_request *request)
{
	enum audit_outcome outcome = audit_record_outcome(request);
	const char *reason = audit_reason_name(reason_of(request, outcome));
	char text[128];

	if (request->event.reason == LATCH_REASON_UNFOLLOWED) {
		snprintf(text, sizeof(text), "%s: %s", reason, audit_problem_text(request->problem));
		reason = text;
	}
	set_verdict(record, outcome, request->event.verdict, reason);
	if (request->problem)
		field_text(record, AUDIT_PROBLEM, audit_problem_name(request->problem));
}

/* The head, redacted. */
static int set_head(json_t *record, const struct latch_request *request)
{
	struct redacted_head head;
	json_t *fields;
	int r = redact_head(request->head, request->stored, &head);

	if (r < 0)
		return r;
	field_text(record, AUDIT_METHOD, head.method);
	field_text(record, AUDIT_URI, head.target);
	field_text(record, AUDIT_VERSION, head.version);
	set_route(record, request->route);
	fields = json_array();
	for (size_t i = 0; i < head.field_count; i++)
		if (json_array_append_new(fields, audit_text(head.fields[i])))
			r = -ENOMEM;
	field_set(record, AUDIT_HEAD, fields);
	field_number(record, AUDIT_HEAD_SIZE, request->size);
	field_set(record, AUDIT_TRUNCATED, json_boolean(request->stored < request->size));
	redacted_head_free(&head);
	return r;
}

static json_t *request_record(const char *name, const struct latch_request *request)
{
	json_t *record = record_new(name, "kernel", request->event.header.time);

	if (!record)
		return NULL;
	set_event(record, &request->event);
	field_number(record, AUDIT_CONNECTION, request->connection);
	set_request_verdict(record, request);
	if (set_head(record, request) < 0) {
		json_decref(record);
		return NULL;
	}
	field_number(record, AUDIT_GENERATION, request->generation);
	field_text(record, AUDIT_MODE, audit_mode_name(request->mode));
	return record;
}

json_t *audit_record_event(const void *data, size_t size)
{
	const struct latch_event *event = data;
	const char *name;
	json_t *record;

	if (!event_is_sound(event, size))
		return NULL;
	name = audit_event_name(event->header.type);
	if (carries_request(event->header.type))
		return request_is_sound(data, size) ? request_record(name, data) : NULL;
	if (size != sizeof(*event))
		return NULL;
	record = record_new(name, "kernel", event->header.time);
	if (!record)
		return NULL;
	set_event(record, event);
	if (event->header.type == LATCH_EVENT_PROTECTED && event->ino)
		field_number(record, AUDIT_INODE, event->ino); /* its path: map `protected` */
	if (event->reason)
		set_event_verdict(record, event);
	return record;
}

/* The mediator's reports, and latchd's own. */

/*
 * The mediator's reasons are fixed sentences today. They are redacted all the same, as a target is,
 * which leaves a sentence alone: the day that one quotes a request it must not leak.
 */
static int set_redacted(json_t *record, enum audit_key key, const char *text, size_t room)
{
	size_t length = strlen(text);
	_cleanup_free_ char *redacted = redact_target(text, length, length == room - 1);

	if (!redacted)
		return -ENOMEM;
	field_text(record, key, redacted);
	return 0;
}

/* What of the host was asked for and not allowed, by its keys of hostAccess. */
static void set_access(json_t *record, uint32_t refused)
{
	json_t *kinds = refused ? json_array() : NULL;

	for (int kind = 0; kinds && kind < HOST_ACCESS_COUNT; kind++)
		if (refused & HOST_ACCESS_BIT(kind))
			json_array_append_new(kinds, json_string(host_access_name(kind)));
	if (kinds)
		field_set(record, AUDIT_ACCESS, kinds);
}

json_t *audit_record_report(const struct wire_request *report)
{
	json_t *record = record_new("request", "mediator", 0);

	if (!record)
		return NULL;
	set_caller(record, report->client.tag, report->client.container, report->client.pid,
		report->client.uid, report->client.comm);
	field_number(record, AUDIT_CONNECTION, report->client.id);
	set_outcome(record, report->noted   ? AUDIT_WOULD_REFUSE :
			    report->refused ? AUDIT_REFUSED :
					      AUDIT_PASSED);
	field_text(record, AUDIT_METHOD, report->method);
	if (set_redacted(record, AUDIT_URI, report->text, sizeof(report->text)) < 0 ||
		set_redacted(record, AUDIT_REASON, report->reason, sizeof(report->reason)) < 0) {
		json_decref(record);
		return NULL;
	}
	set_route(record, report->route);
	if (report->refused)
		field_number(record, AUDIT_STATUS, report->refused);
	set_access(record, report->access);
	field_text(record, AUDIT_WANTED_IMAGE, report->image);
	return record;
}

json_t *audit_record_note(const char *event, const char *text)
{
	json_t *record = record_new(event, "latchd", 0);

	if (record)
		field_text(record, AUDIT_TEXT, text);
	return record;
}

json_t *audit_record_lost(const char *where, uint64_t count, const char *text)
{
	json_t *record = audit_record_note("lost", text);

	if (!record)
		return NULL;
	field_text(record, AUDIT_WHERE, where);
	field_number(record, AUDIT_COUNT, count);
	return record;
}

json_t *audit_record_image(const char *container, const char *image,
	const struct images_verdict *verdict, bool refused)
{
	json_t *record = record_new("image-denied", "latchd", 0);

	if (!record)
		return NULL;
	field_text(record, AUDIT_CONTAINER, container);
	field_text(record, AUDIT_IMAGE, image);
	field_text(record, AUDIT_IMAGE_ID, verdict->image_id);
	field_text(record, AUDIT_DIGEST, verdict->digest);
	set_outcome(record, refused ? AUDIT_REFUSED : AUDIT_WOULD_REFUSE);
	field_text(record, AUDIT_REASON, images_reason_name(verdict->reason));
	field_text(record, AUDIT_ENTRY, verdict->entry);
	field_text(record, AUDIT_TEXT, verdict->text);
	return record;
}
