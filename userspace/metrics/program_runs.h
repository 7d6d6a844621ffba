/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel measured of latch's programs, where it measures (sysctl kernel.bpf_stats_enabled).
 */
#ifndef LATCH_PROGRAM_RUNS_H
#define LATCH_PROGRAM_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct program_run {
	char name[32];
	uint64_t time; /* nanoseconds */
	uint64_t count;
};

/* False also where it cannot be found out. */
bool program_runs_measured(void);

/* Fills in the programs that are pinned, `room` at most. Returns how many. */
size_t program_runs_get(struct program_run *runs, size_t room);

#endif
