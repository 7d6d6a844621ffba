/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the mediator learns who a client is and what the policy says: the kernel's maps, or, for
 * tests on machines that cannot load the programs, a stand-in.
 */
#ifndef LATCH_MEDIATOR_SUBJECT_H
#define LATCH_MEDIATOR_SUBJECT_H

#include <stdbool.h>

#include "latch/abi.h"

struct subject_source {
	/* Each returns 0 or a negative errno; a caller that gets one refuses. */
	int (*label)(const struct subject_source *source, int fd, struct latch_conn *label);
	int (*state)(const struct subject_source *source, struct latch_state *state);
	int (*verdict)(
		const struct subject_source *source, __u32 index, struct latch_verdict *verdict);
	/* The tag that a container scope has now; a label has the one that it had at connect. */
	int (*tag_now)(const struct subject_source *source, __u64 scope, __u32 *tag);
	/* Of the stand-in alone. */
	__u32 tag;
	unsigned char verdicts[LATCH_MAX_ROUTES]; /* enum latch_verdict_value */
};

/* The maps behind the descriptors of enum wire_fd. */
void subject_from_maps(struct subject_source *source);

/*
 * The stand-in: every client is `as` ("host" or "allowed"), or ("named") what the abstract name that its
 * socket is bound to begins with. `path` holds one byte a route, in the order of routes.def, 1 or '1'
 * for pass; NULL or a short file refuses the rest. Returns 0,
 * -EINVAL for another `as`, or the errno of reading the file.
 */
int subject_from_file(struct subject_source *source, const char *as, const char *path);

#endif
