/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an audit log shows of what containers do, as far as settings have a say in it.
 */
#ifndef LATCH_SUGGEST_EVIDENCE_H
#define LATCH_SUGGEST_EVIDENCE_H

#include "host_access.h"
#include "route.h"
#include "tally.h"

/* Images and what they are in need of are keys as the log has them: not yet entries of a list. */
struct evidence {
	uint64_t requests[ROUTE_COUNT][AUDIT_VERDICTS]; /* of containers, by route */
	struct tally images;	 /* whose containers used the socket, or tried to mount or reach it */
	struct tally local;	 /* of these: refused as unknown to their registry. name: why */
	struct tally derived;	 /* bases of images that were refused as derived */
	struct tally unsettled;	 /* refusals that no setting changes, by their reason */
	struct tally access[HOST_ACCESS_COUNT]; /* by the image that was to have it; "" for no image */
	struct tally unknown_access;		/* names that this version does not know */
	struct tally unnamed; /* containers that used the socket, and no record says of which image */
	uint64_t refused;     /* of all that counts, in enforce mode: what would have come next is not known */
	uint64_t unclear_access; /* refused by hostAccess, and the record does not say which key */
	uint64_t unclear_builds; /* refused by the command list though it was looked into: may be a push */
	bool no_memory;

	struct tally containers; /* id -> image */
};

void evidence_add(json_t *record, void *evidence); /* as audit_reader_run calls it */
/* When all is read: images of containers that only other records name. */
void evidence_settle(struct evidence *evidence);
void evidence_free(struct evidence *evidence);

#endif
