/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy in force: which settings, which generation of `verdicts`, and how others take their
 * place.
 */
#ifndef LATCH_POLICY_H
#define LATCH_POLICY_H

#include <stdint.h>

#include "images.h"
#include "judge.h"
#include "maps.h"
#include "settings.h"

struct policy {
	struct settings *settings; /* in force; owned */
	uint32_t generation;	   /* of `verdicts`, that they are in */
	bool direct; /* the transport: nobody looks into builds */
	bool noting; /* audit mode, whatever the settings say: nothing is refused */
	char *problem; /* why the last reload was refused, a line each; NULL when it was not */
};

/* What follows the policy. */
struct policy_parts {
	const struct maps *maps;
	struct images *images;
	struct judge *judge;
	/* what rules about the host's own things are made with */
	uv_loop_t *loop;
	struct engine *engine;
	struct registry *registry;
};

/*
 * Puts the command list and the mode into the kernel: the first policy of this process, in direct
 * transport or not, in audit mode (`noting`) or as the settings say. Takes `settings`, also on error. Returns 0, or a negative errno and *problem
 * (free()).
 */
int policy_start(struct policy *policy, const struct maps *maps, struct settings *settings, bool direct,
	bool noting, char **problem);

/* What the kernel obeys of it. */
enum latch_mode policy_mode(const struct policy *policy, const struct settings *settings);

/*
 * Reads the file that the policy in force came from once more, and puts it into force: wholly, or not
 * at all. Returns 0; or a negative errno, policy->problem says why, and what was in force stays so.
 */
int policy_reload(struct policy *policy, const struct policy_parts *parts);

void policy_clear(struct policy *policy);

#endif
