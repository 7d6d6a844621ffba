/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of the audit log as a JSON object: what of it is believed, what is shown.
 */
#ifndef LATCH_AUDIT_RECORD_H
#define LATCH_AUDIT_RECORD_H

#include <jansson.h>

#include "images.h"
#include "wire.h"

/*
 * A record of the ring buffer: `size` bytes at `data`, aligned as the ring buffer does. Returns a
 * new reference; NULL where the record is not what latch/abi.h describes, or without memory.
 */
json_t *audit_record_event(const void *data, size_t size);

/* What came of a request, as its record says it. The request must be sound: audit_record_event took it. */
enum audit_outcome {
	AUDIT_PASSED,
	AUDIT_REFUSED,
	AUDIT_WOULD_REFUSE, /* audit mode: it was let through */
};
enum audit_outcome audit_record_outcome(const struct latch_request *request);

/* What the mediator reports (WIRE_REPORT; its strings end in NUL). NULL without memory. */
json_t *audit_record_report(const struct wire_request *report);

/* Something that latchd did or met: an event word and a sentence. NULL without memory. */
json_t *audit_record_note(const char *event, const char *text);

/* Records that went nowhere: see audit_loss.h. NULL without memory. */
json_t *audit_record_lost(const char *where, uint64_t count, const char *text);

/* An image that was refused, or would be (see audit_image). NULL without memory. */
json_t *audit_record_image(const char *container, const char *image,
	const struct images_verdict *verdict, bool refused);

#endif
