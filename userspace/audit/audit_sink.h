/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where records go. A sink never waits: what it cannot take at once is lost, and it says so.
 */
#ifndef LATCH_AUDIT_SINK_H
#define LATCH_AUDIT_SINK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "audit_rotation.h"

/* One record, in the forms that sinks want. */
struct audit_entry {
	json_t *record;
	const char *line; /* the JSON, and a newline */
	size_t length;	  /* of the line */
};

/* Begins each kind of sink. */
struct audit_sink {
	/* 0, or a negative errno: the record is lost here. */
	int (*write)(struct audit_sink *sink, const struct audit_entry *entry);
	/* Records that were taken and lost afterwards, since it was last asked. NULL: there are none. */
	uint64_t (*lost_later)(struct audit_sink *sink);
	void (*free)(struct audit_sink *sink);
	char name[256];	 /* for people */
	uint64_t untold; /* records that it has lost and that no record tells of yet */
};

/*
 * `what`: "journald", "syslog", or the path of a file. 0 and *sink, or a negative errno and *problem
 * (free()).
 */
int audit_sink_open(const char *what, const struct audit_rotation *rotation, struct audit_sink **sink,
	char **problem);
/* Is it neither of the words, but a path? */
int audit_sink_is_file(const char *what);

/* The kinds; the same results. audit_file.c, audit_journal.c, audit_syslog.c. */
int audit_file_open(const char *path, const struct audit_rotation *rotation, struct audit_sink **sink,
	char **problem);
int audit_journal_open(struct audit_sink **sink, char **problem);
int audit_syslog_open(const char *socket, struct audit_sink **sink, char **problem);

#endif
