/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers were found to deserve a grant, and what that rests on: kept on the disk, so that a
 * container which the engine starts by itself after a boot finds its grant there, and so that a new
 * latchd knows why the kernel has the grants that it finds. The kernel's map alone lets anybody in.
 */
#ifndef LATCH_GRANTS_H
#define LATCH_GRANTS_H

#include <uv.h>

#include "images.h"

struct grants;

/* `path`: the file, NULL for none. What it cannot read is said, and counts for nothing. NULL without memory. */
struct grants *grants_new(uv_loop_t *loop, const char *path);
/* Writes what is left. Before the loop's last turn. */
void grants_free(struct grants *grants);

/* Without memory nothing is noted: nobody will know why the grant was given, and the next look takes it. */
void grants_note(struct grants *grants, const char *container, const char *image_id,
	const struct images_basis *basis);
void grants_forget(struct grants *grants, const char *container);

/* What it rests on; NULL: not known. Until the next change. */
const struct images_basis *grants_find(const struct grants *grants, const char *container);

/* Was it noted, or noted again, after that moment (grants_now)? */
bool grants_since(const struct grants *grants, const char *container, int64_t moment);
int64_t grants_now(void);

/* Calls `each` for every one; it may forget that one, and no other. */
void grants_each(struct grants *grants,
	void (*each)(const char *container, const char *image_id, const struct images_basis *basis,
		void *context),
	void *context);

#endif
