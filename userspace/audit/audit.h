/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit: who asked for what and what became of it, from the kernel's ring buffer, the mediator and
 * latchd itself, in one form (docs/audit.md) and in every sink that the command line names.
 */
#ifndef LATCH_AUDIT_H
#define LATCH_AUDIT_H

#include <stdbool.h>
#include <uv.h>

#include "audit_log.h"
#include "decisions.h"
#include "images.h"
#include "maps.h"
#include "wire.h"

struct audit;

/*
 * Opens the sinks and begins to drain the ring buffer. `noting`: latchd only looks, so what it would
 * refuse is let through. Returns 0 and *audit, or a negative errno and *problem (free()).
 */
int audit_new(uv_loop_t *loop, const struct maps *maps, const struct audit_log_options *options,
	bool noting, struct audit **audit, char **problem);
/* Drains what is left, then closes. */
void audit_free(struct audit *audit);

/* Also counts the kernel's records from now on, whether they can be written or not. Must outlive it. */
void audit_count_into(struct audit *audit, struct decisions *decisions);

/* One request that the mediator decided. */
void audit_report(struct audit *audit, const struct wire_request *report);

/* Something that latchd did or met: an event word ("adopted") and a sentence. */
void audit_note(struct audit *audit, const char *event, const char *text);

/*
 * An image that may not hold the socket, and why. `container`: "" where there is none yet; `image`: as
 * the client named it.
 */
void audit_image(struct audit *audit, const char *container, const char *image,
	const struct images_verdict *verdict);

/* The mediator ended: what it had seen and not reported went with it. */
void audit_mediator_ended(struct audit *audit);

/* sha256 of the settings in force, for every record from now on. */
void audit_set_policy(struct audit *audit, const char *digest);

/*
 * What the engine said of a container, for the records that name it; and that it has it no more. Of these
 * `audit` may be NULL: there are no records.
 */
void audit_container(struct audit *audit, const struct engine_container *container);
void audit_container_digest(struct audit *audit, const char *container, const char *digest);
void audit_container_renamed(struct audit *audit, const char *container, const char *name);
void audit_container_gone(struct audit *audit, const char *container);
/* The engine has no others than those that `is_there` says. */
void audit_containers_there(struct audit *audit,
	bool (*is_there)(const char *container, const void *context), const void *context);

/* Records since the start that could not be written (disk full), were not sound, or never came. */
uint64_t audit_lost(const struct audit *audit);
/* Of one kind; those of the ring buffer as far as they were noticed, which takes a second. */
uint64_t audit_lost_at(const struct audit *audit, enum audit_where where);

#endif
