/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what both planes decided, by what is bounded: routes, verdicts, reasons. It decides nothing.
 */
#ifndef LATCH_DECISIONS_H
#define LATCH_DECISIONS_H

#include <stdint.h>

#include "host_access.h"
#include "latch/abi.h"
#include "route.h"
#include "wire.h"

enum decisions_plane { DECISIONS_KERNEL, DECISIONS_MEDIATOR, DECISIONS_PLANES };
enum decisions_caller { DECISIONS_HOST, DECISIONS_CONTAINER, DECISIONS_CALLERS };

/* What came of a request. Each has a name in decisions.c, and a line in docs/metrics.md. */
enum decisions_verdict {
	DECISIONS_PASSED,
	DECISIONS_REFUSED,    /* by the policy */
	DECISIONS_WOULD_REFUSE, /* the same in audit mode, where it is let through */
	DECISIONS_INVALID,    /* it cannot be served as it is: malformed, too large, about nothing */
	DECISIONS_FAILED,     /* latch or the engine could not serve it */
	DECISIONS_UNFOLLOWED, /* the kernel programs cannot read it, and leave it to the mediator */
	DECISIONS_VERDICTS
};

#define DECISIONS_ROUTES (ROUTE_COUNT + 1) /* the last one: those without */
#define DECISIONS_EVENTS (LATCH_EVENT_PROTECTED + 1)
#define DECISIONS_REASONS (LATCH_REASON_PROTECTED_BPF + 1)

struct decisions {
	uint64_t requests[DECISIONS_PLANES][DECISIONS_CALLERS][DECISIONS_ROUTES][DECISIONS_VERDICTS];
	uint64_t refusals[DECISIONS_EVENTS][DECISIONS_REASONS]; /* the kernel's */
	uint64_t access[HOST_ACCESS_COUNT];
};

/* One record of the ring buffer, which must be sound (audit_record.h). */
void decisions_event(struct decisions *decisions, const struct latch_event *event);
/* One WIRE_REPORT. */
void decisions_report(struct decisions *decisions, const struct wire_request *report);
/* Requests of the host that passed the mediator; `count` has LATCH_MAX_ROUTES. */
void decisions_host_passed(struct decisions *decisions, const uint32_t *count);
/* What the settings did not allow a container: bits of enum host_access. */
void decisions_access_refused(struct decisions *decisions, uint32_t access);

/* Calls `each` for every combination that was met. `command`: "other" is none of docker's, "unknown" no route. */
void decisions_each_request(const struct decisions *decisions,
	void (*each)(const char *plane, const char *caller, const char *command, const char *verdict,
		uint64_t count, void *context),
	void *context);
void decisions_each_refusal(const struct decisions *decisions,
	void (*each)(const char *event, const char *reason, uint64_t count, void *context), void *context);

/* "refused". `verdict` must be below DECISIONS_VERDICTS. */
const char *decisions_verdict_name(enum decisions_verdict verdict);

#endif
