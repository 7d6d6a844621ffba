/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the settings let a container have of the host when another container makes it: for all, and for
 * those of some images, which are judged as the image list judges them, by what they are.
 */
#ifndef LATCH_HOST_ACCESS_RULES_H
#define LATCH_HOST_ACCESS_RULES_H

#include <uv.h>

#include "engine.h"
#include "registry.h"
#include "settings.h"

struct host_access_rules;

/* Everything given must outlive it; of `settings` it copies what it needs. 0 and *rules, or a negative errno. */
int host_access_rules_new(uv_loop_t *loop, struct engine *engine, struct registry *registry,
	const struct settings *settings, struct host_access_rules **rules);

/* Answers what is outstanding with -ECANCELED. Before engine_free and registry_free. */
void host_access_rules_free(struct host_access_rules *rules);

struct host_access_verdict {
	int error;                         /* a negative errno: refuse. -ENOENT: no such image here */
	uint32_t refused;                  /* all that is, bits of enum host_access; 0: what was asked is allowed */
	char image_id[ENGINE_DIGEST_SIZE]; /* that it is allowed to; empty: to every image */
};

typedef void (*host_access_fn)(const struct host_access_verdict *verdict, void *context);

/*
 * May a container of `image` (a reference or an id; empty: there is none) have what is `asked`? Calls
 * back exactly once, at once or later.
 */
void host_access_judge(struct host_access_rules *rules, uint32_t asked, const char *image,
	host_access_fn done, void *context);

#endif
