/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to its sinks: it gets its number and what latchd knows, and what is lost on the way is
 * said as soon as something can be.
 */
#ifndef LATCH_AUDIT_LOG_H
#define LATCH_AUDIT_LOG_H

#include <jansson.h>

#include "audit_containers.h"
#include "audit_rotation.h"

struct audit_log;

struct audit_log_options {
	const char *const *sinks; /* as audit_sink_open takes them; ends in NULL */
	struct audit_rotation rotation;
	const char *sequence; /* see audit_sequence_open */
	const char *users;    /* /etc/passwd */
};

/* Where records are lost. */
enum audit_where {
	AUDIT_WHERE_RING_BUFFER, /* the kernel had no room for it */
	AUDIT_WHERE_RECORD,	 /* it was not sound, or there was no memory for it */
	AUDIT_WHERE_MEDIATOR,	 /* a report of the mediator's that never came */
	AUDIT_WHERE_LOG,	 /* a sink did not take it */
	AUDIT_WHERES,
};

/* 0 and *log, or a negative errno and *problem (free()): a sink that cannot be opened at the start. */
int audit_log_new(const struct audit_log_options *options, struct audit_log **log, char **problem);
void audit_log_free(struct audit_log *log);

/* sha256 of the settings in force, in hexadecimal: stands in every record from now on. */
void audit_log_set_policy(struct audit_log *log, const char *digest);
struct audit_containers *audit_log_containers(struct audit_log *log);

/* Writes the record, which it takes; NULL is one that could not be made, and counts as lost. */
void audit_log_write(struct audit_log *log, json_t *record);

/* Records that never came, to be told of with the next one, or by audit_log_tell. */
void audit_log_lose(struct audit_log *log, enum audit_where where, uint64_t count);
/* What the kernel counts of them, over its whole life: what was not yet said of it is lost. */
void audit_log_ring_lost(struct audit_log *log, uint64_t counter);
/* Tells of what was lost, where a record can be written now. */
void audit_log_tell(struct audit_log *log);

/* Records that were lost since the start, of all kinds but the ring buffer's. */
uint64_t audit_log_lost(const struct audit_log *log);
/* Of one kind. */
uint64_t audit_log_lost_at(const struct audit_log *log, enum audit_where where);

#endif
