// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers records and hands them to the sinks; keeps account of those that were lost. A lost record has a
 * number too, so that the gap is as large as the loss: a sink that fails leaves it where the record would
 * be, what never came here leaves it before the record that tells of it.
 *
 * A sink that lost something is told so first of all, when it takes records again; the others hear it at
 * the same time.
 */
#include <errno.h>
#include <stdio.h>

#include "audit_log.h"
#include "audit_record.h"
#include "audit_sequence.h"
#include "audit_sink.h"
#include "audit_stamp.h"
#include "log.h"
#include "problem.h"
#include "util.h"

#define MAX_SINKS 8

struct audit_log {
	struct audit_sink *sinks[MAX_SINKS];
	size_t sink_count;
	struct audit_sequence sequence;
	struct audit_containers *containers;
	struct audit_users users;
	struct audit_stamp stamp;
	uint64_t untold[AUDIT_WHERES]; /* AUDIT_WHERE_LOG: of an earlier latchd; else see the sinks */
	uint64_t lost[AUDIT_WHERES]; /* since the start */
};

static const struct {
	const char *name;
	const char *text;
} wheres[] = {
	[AUDIT_WHERE_RING_BUFFER] = { "ring-buffer",
		"the kernel's ring buffer was full; the verdicts stand" },
	[AUDIT_WHERE_RECORD] = { "record", "records were not sound, or there was no memory for them" },
	[AUDIT_WHERE_MEDIATOR] = { "mediator", "reports of the mediator did not arrive" },
	[AUDIT_WHERE_LOG] = { "log", "an earlier latchd could not write them, or ended in the middle" },
};
_Static_assert(ARRAY_SIZE(wheres) == AUDIT_WHERES, "a name for every place");

/* Writing. */

static int write_to(struct audit_sink *sink, const struct audit_entry *entry)
{
	int r = sink->write(sink, entry);

	if (r < 0)
		sink->untold++;
	return r;
}

/* The record, completed, as an entry. Takes `record`; the entry's parts are to be freed. */
static int make_entry(struct audit_log *log, json_t *record, uint64_t seq, struct audit_entry *entry)
{
	json_t *whole = record ? audit_stamp(&log->stamp, record, seq) : NULL;
	char *line = whole ? json_dumps(whole, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	size_t length;

	json_decref(record);
	if (!line) {
		json_decref(whole);
		return -ENOMEM;
	}
	length = strlen(line);
	line[length] = '\n'; /* in place of the NUL: one write, one line */
	*entry = (struct audit_entry){ .record = whole, .line = line, .length = length + 1 };
	return 0;
}

static void entry_clear(struct audit_entry *entry)
{
	json_decref(entry->record);
	free((char *)entry->line);
}

/* To every sink but `told`, which has it already. */
static void spread(struct audit_log *log, const struct audit_entry *entry, const struct audit_sink *told)
{
	for (size_t i = 0; i < log->sink_count; i++)
		if (log->sinks[i] != told && write_to(log->sinks[i], entry) < 0)
			log->lost[AUDIT_WHERE_LOG]++;
}

/* Losses. */

/*
 * What a sink lost. Only where it takes the record is a number used: it is tried again and again, and each
 * would else leave a gap of its own.
 */
static void tell_of_sink(struct audit_log *log, struct audit_sink *sink)
{
	struct audit_entry entry;
	char text[512];

	snprintf(text, sizeof(text), "records could not be written to %s", sink->name);
	if (make_entry(log, audit_record_lost("log", sink->untold, text), log->sequence.last + 1,
		    &entry) < 0)
		return;
	if (sink->write(sink, &entry) >= 0) {
		sink->untold = 0;
		audit_sequence_take(&log->sequence, 1);
		spread(log, &entry, sink);
	}
	entry_clear(&entry);
}

static void tell_of(struct audit_log *log, enum audit_where where)
{
	uint64_t count = log->untold[where];
	struct audit_entry entry;

	if (make_entry(log, audit_record_lost(wheres[where].name, count, wheres[where].text),
		    audit_sequence_take(&log->sequence, 1), &entry) < 0) {
		log->untold[AUDIT_WHERE_RECORD]++; /* the number is given away */
		return;
	}
	log->untold[where] = 0;
	spread(log, &entry, NULL);
	entry_clear(&entry);
}

void audit_log_tell(struct audit_log *log)
{
	for (size_t i = 0; i < log->sink_count; i++) {
		struct audit_sink *sink = log->sinks[i];
		uint64_t later = sink->lost_later ? sink->lost_later(sink) : 0;

		sink->untold += later;
		log->lost[AUDIT_WHERE_LOG] += later;
		if (sink->untold)
			tell_of_sink(log, sink);
	}
	for (int where = 0; where < AUDIT_WHERES; where++)
		if (log->untold[where])
			tell_of(log, where);
}

void audit_log_lose(struct audit_log *log, enum audit_where where, uint64_t count)
{
	audit_sequence_take(&log->sequence, count);
	log->untold[where] += count;
	log->lost[where] += count;
}

void audit_log_ring_lost(struct audit_log *log, uint64_t counter)
{
	/* The programs were loaded anew, and count from the beginning. */
	if (counter < log->sequence.ring)
		log->sequence.ring = 0;
	if (counter == log->sequence.ring)
		return;
	audit_log_lose(log, AUDIT_WHERE_RING_BUFFER, counter - log->sequence.ring);
	audit_sequence_said(&log->sequence, counter);
}

uint64_t audit_log_lost(const struct audit_log *log)
{
	uint64_t all = 0;

	for (int where = 0; where < AUDIT_WHERES; where++)
		if (where != AUDIT_WHERE_RING_BUFFER) /* which the kernel counts */
			all += log->lost[where];
	return all;
}

uint64_t audit_log_lost_at(const struct audit_log *log, enum audit_where where)
{
	return log->lost[where];
}

void audit_log_write(struct audit_log *log, json_t *record)
{
	struct audit_entry entry;

	audit_log_tell(log);
	if (make_entry(log, record, audit_sequence_take(&log->sequence, 1), &entry) < 0) {
		log->untold[AUDIT_WHERE_RECORD]++;
		log->lost[AUDIT_WHERE_RECORD]++;
		return;
	}
	spread(log, &entry, NULL);
	entry_clear(&entry);
}

/* Start and end. */

void audit_log_set_policy(struct audit_log *log, const char *digest)
{
	COPY_STRING(log->stamp.policy, digest);
}

struct audit_containers *audit_log_containers(struct audit_log *log)
{
	return log->containers;
}

/*
 * The first file says how far an earlier latchd came. Numbers that were given away and are in no log are
 * records that it lost; a log that somebody took away, or that others followed, says nothing about that.
 */
static void continue_from(struct audit_log *log, const char *path)
{
	struct audit_tail tail;
	uint64_t missing = 0;
	bool torn;

	audit_tail_read(path, log->stamp.boot, &tail);
	if (audit_sequence_goes_to(&log->sequence, path) && tail.last &&
		log->sequence.last > tail.last)
		missing = log->sequence.last - tail.last;
	torn = tail.torn && !missing; /* of another boot, or one whose number was not noted */
	if (tail.last > log->sequence.last)
		audit_sequence_take(&log->sequence, tail.last - log->sequence.last);
	if (torn)
		audit_sequence_take(&log->sequence, 1);
	log->untold[AUDIT_WHERE_LOG] += missing + torn;
	log->lost[AUDIT_WHERE_LOG] += missing + torn;
}

static int open_sinks(
	struct audit_log *log, const struct audit_log_options *options, char **problem)
{
	bool continued = false;

	for (const char *const *what = options->sinks; *what; what++) {
		int r;

		if (log->sink_count == MAX_SINKS)
			return problem_set(problem, -E2BIG, "more than %d sinks of the audit", MAX_SINKS);
		if (!continued && audit_sink_is_file(*what)) {
			continue_from(log, *what);
			continued = true;
		}
		r = audit_sink_open(*what, &options->rotation, &log->sinks[log->sink_count], problem);
		if (r < 0)
			return r;
		log->sink_count++;
	}
	return 0;
}

int audit_log_new(const struct audit_log_options *options, struct audit_log **log, char **problem)
{
	struct audit_log *new = calloc(1, sizeof(*new));
	int r;

	*problem = NULL;
	if (!new)
		return -ENOMEM;
	new->containers = audit_containers_new();
	if (!new->containers) {
		free(new);
		return -ENOMEM;
	}
	audit_users_init(&new->users, options->users);
	audit_boot_id(new->stamp.boot, sizeof(new->stamp.boot));
	new->stamp.containers = new->containers;
	new->stamp.users = &new->users;
	r = audit_sequence_open(&new->sequence, options->sequence, new->stamp.boot);
	if (r < 0)
		log_warning("%s: %s; records that are lost when latchd is killed will not be told of",
			options->sequence, strerror(-r));
	r = open_sinks(new, options, problem);
	if (r < 0) {
		audit_log_free(new);
		return r;
	}
	*log = new;
	return 0;
}

void audit_log_free(struct audit_log *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < log->sink_count; i++)
		log->sinks[i]->free(log->sinks[i]);
	audit_sequence_close(&log->sequence);
	audit_containers_free(log->containers);
	free(log);
}
