/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit logs as a sequence of records, for the commands that draw conclusions from them.
 */
#ifndef LATCH_AUDIT_READER_H
#define LATCH_AUDIT_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define AUDIT_LOGS_MAX 64

struct audit_reader {
	const char *files[AUDIT_LOGS_MAX]; /* "-" is standard input; none: latchd's own */
	size_t file_count;
	int64_t since; /* microseconds since 1970; records before it are left out. 0: all */
	/* What was met, when it has been read: */
	uint64_t records; /* that counted */
	uint64_t foreign; /* lines that are no record: cut short, or somebody else's */
	uint64_t missing; /* records that were lost: gaps in the sequence */
	int64_t first, last; /* times of the records that counted, in microseconds; 0: there were none */
};

/* The time of a record, in microseconds since 1970; 0: it has none that can be read. */
int64_t audit_record_time(const json_t *record);

/* A string of the record, "" where it is not there. */
const char *record_text(const json_t *record, const char *key);

/*
 * Reads all files in their order and gives each record to `each`, which borrows it. `command` is for
 * messages; progress is shown. Returns LATCHCTL_OK, or LATCHCTL_UNKNOWN after it has said which file
 * cannot be read and why.
 */
int audit_reader_run(struct audit_reader *log, const char *command,
	void (*each)(json_t *record, void *context), void *context);

/* Says on standard error what of the log could not be used, if anything: foreign, missing. */
void audit_reader_remark(const struct audit_reader *log, const char *command);

/* --file and --since of a command line. False: it has said what is wrong. */
bool audit_reader_add_file(struct audit_reader *log, const char *command, const char *file);
bool audit_reader_set_since(struct audit_reader *log, const char *command, const char *text);

#endif
