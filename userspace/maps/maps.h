/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pinned maps, as user space sees them. latchd writes them; latchctl reads the same ones. A map that is
 * full gives -ENOSPC (docs/limits.md). What is in them is the question of the other files of this folder.
 */
#ifndef LATCH_MAPS_H
#define LATCH_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "latch/abi.h"
#include "util.h"

/* Descriptors; -1 where not open. */
struct maps {
	int state;
	int incomplete;
	int guarded;
	int names;
	int protected;
	int cgroups;
	int grants;
	int tasks;
	int conns;
	int listeners;
	int verdicts;
	int cuts;
	int events;
	int counters;
};

/*
 * Opens every pinned map. Returns 0; -ENOENT when nothing is pinned (latch is not installed in this
 * kernel); another negative errno. On error nothing stays open.
 */
int maps_open(struct maps *maps);
void maps_close(struct maps *maps);

int maps_get_state(const struct maps *maps, struct latch_state *state);

/* Marks the process behind a pidfd as latch's own. */
int maps_mark_self(const struct maps *maps, int pidfd);
/* The same for the process that calls. */
int maps_mark_this_process(const struct maps *maps);

/* Has a tag been lost, so that every untagged caller counts as contained? */
bool maps_incomplete(const struct maps *maps);

/* The sum of a counter over all CPUs. */
uint64_t maps_counter(const struct maps *maps, enum latch_counter counter);

#endif
