/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A word for whoever waits: nothing for the first second, and nothing ever where standard error is no
 * terminal.
 */
#ifndef LATCH_PROGRESS_H
#define LATCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	const char *what; /* "reading the audit log"; static */
	struct timespec since, shown_at;
	bool shown;
};

void progress_begin(struct progress *progress, const char *what);
/* `total` 0: not known, the seconds are shown instead of a percentage. Cheap: call it often. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total);
/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
