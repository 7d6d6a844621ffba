/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/mountinfo, row by row (proc_pid_mountinfo(5)).
 */
#ifndef LATCH_MOUNTINFO_H
#define LATCH_MOUNTINFO_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct mountinfo {
	int id;
	unsigned int major, minor; /* of the superblock */
	char root[PATH_MAX];	   /* which file of its file system */
	char path[PATH_MAX];	   /* where, as the process sees it */
};

/* The next row that can be read. False: there is none. */
bool mountinfo_next(FILE *stream, struct mountinfo *row);

/* The mount `id` of this process. 0; -ESTALE: there is none (any more); or another negative errno. */
int mountinfo_find(int id, struct mountinfo *row);

#endif
