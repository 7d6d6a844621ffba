/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log and those that were rotated, read as one from the oldest record to the newest, and on
 * from there over further rotations.
 */
#ifndef LATCH_AUDIT_FILES_H
#define LATCH_AUDIT_FILES_H

#include <limits.h>
#include <stdio.h>
#include <time.h>

#define AUDIT_FILES_MAX 1001 /* as many as latchd keeps, and the log */

struct audit_files {
	char path[PATH_MAX];
	FILE *files[AUDIT_FILES_MAX]; /* open ones, the newest first */
	size_t count;
	char *line;
	size_t room;
};

/*
 * Opens the log at `path` and the older ones, but for those that were last written before `since` (0: all).
 * 0, or a negative errno: there is no log.
 */
int audit_files_open(struct audit_files *files, const char *path, time_t since);
void audit_files_close(struct audit_files *files);

/*
 * The next whole line, with its newline; until the next call. NULL: there is none (yet). What is at the
 * end of the newest log without a newline is being written.
 */
const char *audit_files_next(struct audit_files *files);

#endif
