// SPDX-License-Identifier: Apache-2.0
/*
 * From a record or a report to the counter that it belongs to. The numbers in both were sent by others,
 * so each is compared with its table before it is used as an index.
 */
#include <stdbool.h>

#include "audit_record.h"
#include "command.h"
#include "decisions.h"
#include "util.h"

static const char *const plane_names[DECISIONS_PLANES] = { "kernel", "mediator" };
static const char *const caller_names[DECISIONS_CALLERS] = { "host", "container" };

static const char *const verdict_names[DECISIONS_VERDICTS] = {
	[DECISIONS_PASSED] = "passed",
	[DECISIONS_REFUSED] = "refused",
	[DECISIONS_WOULD_REFUSE] = "would-refuse",
	[DECISIONS_INVALID] = "invalid",
	[DECISIONS_FAILED] = "failed",
	[DECISIONS_UNFOLLOWED] = "unfollowed",
};

static const char *const event_names[DECISIONS_EVENTS] = {
	[LATCH_EVENT_CONNECT] = "connect",
	[LATCH_EVENT_SEND] = "send",
	[LATCH_EVENT_REQUEST] = "request",
	[LATCH_EVENT_CUT] = "cut",
	[LATCH_EVENT_TAMPERED] = "tampered",
	[LATCH_EVENT_PROTECTED] = "protected",
};

static const char *const reason_names[DECISIONS_REASONS] = {
	[LATCH_REASON_NONE] = "none",
	[LATCH_REASON_SELF] = "self",
	[LATCH_REASON_HOST] = "host",
	[LATCH_REASON_GRANT] = "grant",
	[LATCH_REASON_CONTAINED] = "contained",
	[LATCH_REASON_PRIVATE] = "private",
	[LATCH_REASON_PLANTED] = "planted",
	[LATCH_REASON_OWNER] = "owner",
	[LATCH_REASON_UNLABELLED] = "unlabelled",
	[LATCH_REASON_NO_MEMORY] = "no-memory",
	[LATCH_REASON_MODE_OFF] = "mode-off",
	[LATCH_REASON_ROUTE] = "command-list",
	[LATCH_REASON_NO_ROUTE] = "no-route",
	[LATCH_REASON_UNFOLLOWED] = "unfollowed",
	[LATCH_REASON_TAMPERED] = "tampered",
	[LATCH_REASON_CUT] = "cut",
	[LATCH_REASON_PROTECTED_FILE] = "file",
	[LATCH_REASON_PROTECTED_MOUNT] = "mount",
	[LATCH_REASON_PROTECTED_PROCESS] = "process",
	[LATCH_REASON_PROTECTED_TRACE] = "trace",
	[LATCH_REASON_PROTECTED_BPF] = "bpf",
};

const char *decisions_verdict_name(enum decisions_verdict verdict)
{
	return verdict_names[verdict];
}

static enum decisions_caller caller_of(uint32_t tag)
{
	return tag == LATCH_TAG_HOST ? DECISIONS_HOST : DECISIONS_CONTAINER;
}

static unsigned int index_of(int route)
{
	return route >= 0 && route < ROUTE_COUNT ? route : ROUTE_COUNT;
}

/* As the audit says it; what cannot be followed and was let through is the mediator's to judge. */
static enum decisions_verdict verdict_of_record(const struct latch_request *request)
{
	switch (audit_record_outcome(request)) {
	case AUDIT_REFUSED:
		return DECISIONS_REFUSED;
	case AUDIT_WOULD_REFUSE:
		return DECISIONS_WOULD_REFUSE;
	case AUDIT_PASSED:
		break;
	}
	return request->event.reason == LATCH_REASON_UNFOLLOWED ? DECISIONS_UNFOLLOWED : DECISIONS_PASSED;
}

static void count_record(struct decisions *decisions, const struct latch_request *request)
{
	decisions->requests[DECISIONS_KERNEL][caller_of(request->event.tag)][index_of(request->route)]
			   [verdict_of_record(request)]++;
}

void decisions_event(struct decisions *decisions, const struct latch_event *event)
{
	/* The record is that long: only then is its type this one. */
	if (event->header.type == LATCH_EVENT_REQUEST)
		count_record(decisions, (const struct latch_request *)event);
	if (event->header.type >= DECISIONS_EVENTS || event->reason >= DECISIONS_REASONS)
		return;
	if (event->verdict)
		decisions->refusals[event->header.type][event->reason]++;
}

/* By the status that the client got, or would have got. */
static enum decisions_verdict verdict_of_report(const struct wire_request *report)
{
	uint32_t status = report->refused;

	if (report->noted)
		return DECISIONS_WOULD_REFUSE;
	if (!status)
		return DECISIONS_PASSED;
	if (status == 403)
		return DECISIONS_REFUSED;
	return status < 500 ? DECISIONS_INVALID : DECISIONS_FAILED;
}

void decisions_report(struct decisions *decisions, const struct wire_request *report)
{
	decisions->requests[DECISIONS_MEDIATOR][caller_of(report->client.tag)][index_of(report->route)]
			   [verdict_of_report(report)]++;
}

void decisions_host_passed(struct decisions *decisions, const uint32_t *count)
{
	for (int route = 0; route < ROUTE_COUNT; route++)
		decisions->requests[DECISIONS_MEDIATOR][DECISIONS_HOST][route][DECISIONS_PASSED] +=
			count[route];
}

void decisions_access_refused(struct decisions *decisions, uint32_t access)
{
	for (int i = 0; i < HOST_ACCESS_COUNT; i++)
		decisions->access[i] += !!(access & HOST_ACCESS_BIT(i));
}

static const char *command_of(unsigned int index)
{
	const char *name;

	if (index == ROUTE_COUNT)
		return "unknown";
	name = command_of_route(index);
	return name[0] ? name : "other";
}

/* Several routes are one command: for each, the first of these. */
static void group(unsigned int first_of[DECISIONS_ROUTES])
{
	for (unsigned int i = 0; i < DECISIONS_ROUTES; i++) {
		first_of[i] = 0;
		while (strcmp(command_of(first_of[i]), command_of(i)))
			first_of[i]++;
	}
}

static void sum(const struct decisions *decisions, int plane, int caller, int verdict,
	const unsigned int first_of[DECISIONS_ROUTES], uint64_t sums[DECISIONS_ROUTES])
{
	memset(sums, 0, sizeof(*sums) * DECISIONS_ROUTES);
	for (unsigned int i = 0; i < DECISIONS_ROUTES; i++)
		sums[first_of[i]] += decisions->requests[plane][caller][i][verdict];
}

void decisions_each_request(const struct decisions *decisions,
	void (*each)(const char *plane, const char *caller, const char *command, const char *verdict,
		uint64_t count, void *context),
	void *context)
{
	const int combinations = DECISIONS_PLANES * DECISIONS_CALLERS * DECISIONS_VERDICTS;
	unsigned int first_of[DECISIONS_ROUTES];
	uint64_t sums[DECISIONS_ROUTES];

	group(first_of);
	for (int i = 0; i < combinations; i++) {
		int verdict = i % DECISIONS_VERDICTS;
		int caller = i / DECISIONS_VERDICTS % DECISIONS_CALLERS;
		int plane = i / DECISIONS_VERDICTS / DECISIONS_CALLERS;

		sum(decisions, plane, caller, verdict, first_of, sums);
		for (unsigned int route = 0; route < DECISIONS_ROUTES; route++)
			if (sums[route])
				each(plane_names[plane], caller_names[caller], command_of(route),
					verdict_names[verdict], sums[route], context);
	}
}

void decisions_each_refusal(const struct decisions *decisions,
	void (*each)(const char *event, const char *reason, uint64_t count, void *context), void *context)
{
	for (int event = 0; event < DECISIONS_EVENTS; event++)
		for (int reason = 0; reason < DECISIONS_REASONS; reason++)
			if (event_names[event] && decisions->refusals[event][reason])
				each(event_names[event], reason_names[reason],
					decisions->refusals[event][reason], context);
}
