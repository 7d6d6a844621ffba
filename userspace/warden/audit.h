/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: one JSON object a line, from the kernel's ring buffer and from the mediator.
 */
#ifndef LATCH_AUDIT_H
#define LATCH_AUDIT_H

#include <uv.h>

#include "images.h"
#include "maps.h"
#include "wire.h"

struct audit;

/*
 * Opens the log at `path` (made if missing, mode 0640, its folder too) and begins to drain the ring
 * buffer. Returns 0 and *audit, or a negative errno and *problem (free()).
 */
int audit_new(uv_loop_t *loop, const struct maps *maps, const char *path, struct audit **audit,
	char **problem);
/* Drains what is left, then closes. */
void audit_free(struct audit *audit);

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

/* Records since the start that could not be written (disk full) or were not sound. */
uint64_t audit_lost(const struct audit *audit);

/* Names of the numbers in the records, as the log has them; "unknown" for others. */
const char *audit_tag_name(unsigned int tag);
const char *audit_reason_name(unsigned int reason);

#endif
