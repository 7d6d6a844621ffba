/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image is called here, read once. Names allow nothing: they say which registry to ask about
 * what, and which reason to give.
 */
#ifndef LATCH_NAMES_H
#define LATCH_NAMES_H

#include "engine.h"
#include "reference.h"

/* No image has so many; who gives one more, to have as many questions asked, gets them unread. */
#define NAMES_MAX 256

struct names {
	struct reference *digests; /* repository@digest: pulled or pushed, or what the engine makes of a tag */
	size_t digest_count;
	struct reference *tags; /* repository:tag */
	size_t tag_count;
};

/* Names that are no references (`<none>:<none>`) are left out, and all after NAMES_MAX. 0 or -ENOMEM. */
int names_read(struct names *names, const struct engine_image *image);
void names_clear(struct names *names);

bool names_same_repository(const struct reference *one, const struct reference *other);

enum names_relation {
	NAMES_UNRELATED,
	NAMES_NEIGHBOUR, /* it is of the same repository, under another tag */
	NAMES_TAGGED,    /* it has this very name here, but no repository digest of it */
	NAMES_PULLED,    /* it has such a digest, and this very name or none of the repository */
};

/* How an image's names relate to a reference. */
enum names_relation names_relate(const struct names *names, const struct reference *reference);

#endif
