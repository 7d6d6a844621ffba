/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which images the engine has, and of which layers: what an image can be derived from.
 *
 * The list is asked for when somebody needs one that is fresh; layers belong to an image id for ever,
 * so each image is inspected once. What was found to be listed is remembered after the engine has
 * lost it: a refusal can then say what to pull.
 */
#ifndef LATCH_LOCAL_H
#define LATCH_LOCAL_H

#include <stdint.h>

#include "engine.h"

struct local;

/* Something that was asked for is there, or has failed: ask again. Not from within a call. */
typedef void (*local_fn)(void *context);

/* `engine` must outlive it. NULL without memory. */
struct local *local_new(struct engine *engine, local_fn ready, void *context);
/* Before engine_free. */
void local_free(struct local *local);

/*
 * The engine's images, with names and without layers, as they were at `since` (answers_now()) or later.
 * Returns 0, and *images until the loop turns; -EAGAIN, and `ready` is called later; or why the engine
 * could not be asked.
 */
int local_list(struct local *local, int64_t since, const struct engine_image **images, size_t *count);

/* The layers of an image, lowest first. As above; -ENOENT: the engine has it no more. */
int local_layers(struct local *local, const char *id, const struct engine_strings **layers);

/* Notes that this image is an entry's, and what it is called, if its layers are known. */
void local_note_listed(struct local *local, const char *id, const char *name);

/*
 * Of the images that were noted, one whose layers are below `layers`, and which is none of `images`.
 * Gives its name, or NULL, until the loop turns.
 */
const char *local_lost_base(const struct local *local, const struct engine_strings *layers,
	const struct engine_image *images, size_t count);

/*
 * Are these the lowest layers of `derived`, and has it more? At least one: what has no layer is below
 * everything. Layers that are the same ones are not below each other.
 */
bool local_is_below(const struct engine_strings *base, const struct engine_strings *derived);

#endif
