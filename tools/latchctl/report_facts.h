/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a report says, as one object: what `latchctl report --json` prints and the page shows.
 */
#ifndef LATCH_REPORT_FACTS_H
#define LATCH_REPORT_FACTS_H

#include <jansson.h>

#include "audit_reader.h"
#include "host_access.h"
#include "route.h"
#include "tally.h"

#define REPORT_COLUMNS_MAX 48 /* of what is shown over time */
#define REPORT_LATEST	   20 /* refusals that are shown one by one */
#define REPORT_ROWS_MAX	   500 /* of a list: what is behind it is only counted */

struct report_second {
	int64_t second;
	uint32_t count[AUDIT_VERDICTS];
};

struct report {
	struct report_second *seconds; /* one for each in which something was decided, mostly in order */
	size_t second_count, second_room;
	uint64_t total[AUDIT_VERDICTS]; /* of containers */
	uint64_t host[AUDIT_VERDICTS];
	uint64_t routes[ROUTE_COUNT]; /* requests of containers */
	struct tally images, commands, containers, reasons, policies;
	struct tally access[HOST_ACCESS_COUNT]; /* by image */
	json_t *latest; /* records that were refused */
	bool no_memory;
};

void report_add(json_t *record, void *report); /* as audit_reader_run calls it */

/*
 * `status`: what latchd says of itself, or NULL where it was not asked or did not answer: what only it
 * knows is then null. A new object, NULL without memory.
 */
json_t *report_facts(struct report *report, const struct audit_reader *log, json_t *status);
void report_free(struct report *report);

/* report_coverage.c: which entries of the policy in force were of use in the log. A new array. */
json_t *report_coverage(const struct report *report, json_t *policy, bool direct);

#endif
