/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What judge.c and standing.c share. Nobody else includes this.
 */
#ifndef LATCH_JUDGE_INTERNAL_H
#define LATCH_JUDGE_INTERNAL_H

#include "judge.h"
#include "looks.h"
#include "mount_source.h"

struct judge {
	const struct maps *maps;
	struct engine *engine;
	struct audit *audit;
	struct images *images;
	struct grants *grants;
	struct host_access_rules *host_access;
	struct looks *looks;
	struct mount_sources sources;
	char *engine_root; /* owned; NULL: not known yet */
	bool newer_message;
	bool noting; /* audit mode: what would be refused goes on */
};

/* Asks the engine about a container, gives it the grant that it has earned or takes the one that it has not. */
void judge_container(struct judge *judge, const char *container);

#endif
