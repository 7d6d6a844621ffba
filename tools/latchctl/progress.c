// SPDX-License-Identifier: Apache-2.0
/*
 * One line on standard error, written over and over, ten times a second at most.
 */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

void progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){.what = what};
	clock_gettime(CLOCK_MONOTONIC, &progress->since);
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total)
{
	double waited = seconds_since(&progress->since);

	if (waited < 1 || (progress->shown && seconds_since(&progress->shown_at) < 0.1) ||
		!isatty(STDERR_FILENO))
		return;
	if (total)
		fprintf(stderr, "\r\033[K%s: %d %%", progress->what,
			(int)(100.0 * (double)done / (double)total));
	else
		fprintf(stderr, "\r\033[K%s: %d s", progress->what, (int)waited);
	fflush(stderr);
	clock_gettime(CLOCK_MONOTONIC, &progress->shown_at);
	progress->shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
