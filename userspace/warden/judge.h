/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers hold a grant: answers to the mediator's questions, and what follows from the
 * engine's events and from digests that change.
 */
#ifndef LATCH_JUDGE_H
#define LATCH_JUDGE_H

#include <uv.h>

#include "audit.h"
#include "engine.h"
#include "grants.h"
#include "host_access_rules.h"
#include "images.h"
#include "maps.h"
#include "wire.h"

struct judge;

/*
 * Everything given must outlive it. `newer_message`: refuse mounts in the words of newer versions of
 * ECI. `noting`: audit mode, in which a start is judged to its end though something speaks against it,
 * for it goes on. NULL without memory.
 */
struct judge *judge_new(uv_loop_t *loop, const struct maps *maps, struct engine *engine, struct audit *audit,
	struct grants *grants, bool newer_message, bool noting);
/* After engine_free. Answers what is outstanding with -ECANCELED. */
void judge_free(struct judge *judge);

/*
 * The image list to judge by; set once after judge_new, before anything is asked. Of the grants that
 * are known of from before, those that by this list still hold are in the kernel afterwards, and no
 * others are.
 */
void judge_use_images(struct judge *judge, struct images *images);

/* What containers may hand out; takes `rules`, and frees those from before. */
void judge_use_host_access(struct judge *judge, struct host_access_rules *rules);

typedef void (*judge_reply_fn)(const struct wire_reply *reply, void *context);

/*
 * Answers a request of the mediator (WIRE_JUDGE_*, strings already checked to end). `reply` is
 * called exactly once, at once or later.
 */
void judge_request(struct judge *judge, const struct wire_request *request, judge_reply_fn reply,
	void *context);

/* Judges every container again: when digests changed. A grant that waits and does not hold goes at once. */
void judge_again(struct judge *judge);

/*
 * Takes what the list `next` would not give, at once and without asking anybody: grant and tag of each
 * container whose image was not found to be that of an entry which is in `next` too. To be called
 * before `next` counts; judge_again then gives back what was taken in excess. 0, or a negative errno
 * when something could not be taken.
 */
int judge_withdraw(struct judge *judge, const struct images_list *next);

/* To be called with every event of the engine's stream. */
void judge_engine_event(const struct engine_event *event, void *judge);

#endif
