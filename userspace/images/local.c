// SPDX-License-Identifier: Apache-2.0
/*
 * What the engine has, asked when it is needed. One list and any number of inspections run at a time.
 */
#include <errno.h>
#include <stdlib.h>

#include "answers.h"
#include "local.h"
#include "util.h"

#define MAX_KNOWN 1024

struct known {
	struct local *local; /* NULL: local_free was faster than the engine */
	struct known *next;
	char id[ENGINE_DIGEST_SIZE];
	struct engine_strings layers;
	int error; /* 0: layers are there; -EAGAIN: being asked */
	int64_t asked;
	char name[256]; /* of one that was found to be an entry's image; empty: it was not */
};

/* The list on its way. It outlives `local` when the engine answers later. */
struct listing {
	struct local *local;
	int64_t began;
};

struct local {
	struct engine *engine;
	local_fn ready;
	void *context;
	struct engine_image *images;
	size_t count;
	int error;
	int64_t listed; /* begin of the listing that `images` or `error` is of */
	struct listing *listing;
	struct known *first;
	size_t known;
};

bool local_is_below(const struct engine_strings *base, const struct engine_strings *derived)
{
	if (base->count == 0 || base->count >= derived->count)
		return false;
	for (size_t i = 0; i < base->count; i++)
		if (strcmp(base->items[i], derived->items[i]))
			return false;
	return true;
}

/* The list. */

static void list_clear(struct local *local)
{
	for (size_t i = 0; i < local->count; i++)
		engine_image_clear(&local->images[i]);
	free(TAKE_PTR(local->images));
	local->count = 0;
}

static int list_copy(struct local *local, const struct engine_image *images, size_t count)
{
	local->images = calloc(count + 1, sizeof(*images));
	if (!local->images)
		return -ENOMEM;
	for (; local->count < count; local->count++) {
		int r = engine_image_copy(&local->images[local->count], &images[local->count]);

		if (r < 0)
			return r;
	}
	return 0;
}

static void on_list(int error, const struct engine_image *images, size_t count, void *context)
{
	struct listing *listing = context;
	struct local *local = listing->local;

	if (local) {
		list_clear(local);
		local->error = error ? error : list_copy(local, images, count);
		local->listed = listing->began;
		local->listing = NULL;
		local->ready(local->context);
	}
	free(listing);
}

static int list_begin(struct local *local)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	int r;

	if (!listing)
		return -ENOMEM;
	listing->local = local;
	listing->began = answers_now();
	r = engine_list_images(local->engine, on_list, listing);
	if (r < 0) {
		free(listing);
		return r;
	}
	local->listing = listing;
	return -EAGAIN;
}

int local_list(struct local *local, int64_t since, const struct engine_image **images, size_t *count)
{
	if (local->listed < since)
		return local->listing ? -EAGAIN : list_begin(local);
	*images = local->images;
	*count = local->count;
	return local->error;
}

/* Layers. */

static struct known *find(const struct local *local, const char *id)
{
	struct known *known = local->first;

	while (known && strcmp(known->id, id))
		known = known->next;
	return known;
}

static void known_free(struct known *known)
{
	struct engine_image image = { .diff_ids = known->layers };

	engine_image_clear(&image);
	free(known);
}

/* The oldest go first; those that are being asked stay. */
static void make_room(struct local *local)
{
	struct known **link = &local->first, **last = NULL;

	if (local->known < MAX_KNOWN)
		return;
	for (; *link; link = &(*link)->next)
		if ((*link)->error != -EAGAIN)
			last = link;
	if (last) {
		struct known *gone = *last;

		*last = gone->next;
		local->known--;
		known_free(gone);
	}
}

static void on_image(int error, const struct engine_image *image, void *context)
{
	struct known *known = context;
	struct engine_image copy;

	if (!known->local) {
		known_free(known);
		return;
	}
	if (!error)
		error = engine_image_copy(&copy, image);
	known->error = error;
	if (!error) {
		known->layers = copy.diff_ids;
		copy.diff_ids = (struct engine_strings){0};
		engine_image_clear(&copy);
	}
	known->local->ready(known->local->context);
}

static int inspect(struct known *known)
{
	known->asked = answers_now();
	known->error = engine_inspect_image(known->local->engine, known->id, on_image, known);
	if (!known->error)
		known->error = -EAGAIN;
	return known->error;
}

int local_layers(struct local *local, const char *id, const struct engine_strings **layers)
{
	struct known *known = find(local, id);

	if (known && !known->error)
		*layers = &known->layers;
	/* A failure counts for the list that it came after; with the next one it is tried again. */
	if (known && (!known->error || known->error == -EAGAIN || known->asked >= local->listed))
		return known->error;
	if (known)
		return inspect(known);
	make_room(local);
	known = calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->local = local;
	COPY_STRING(known->id, id);
	known->next = local->first;
	local->first = known;
	local->known++;
	return inspect(known);
}

void local_note_listed(struct local *local, const char *id, const char *name)
{
	struct known *known = find(local, id);

	if (known)
		COPY_STRING(known->name, name);
}

static bool has(const struct engine_image *images, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(images[i].id, id))
			return true;
	return false;
}

const char *local_lost_base(const struct local *local, const struct engine_strings *layers,
	const struct engine_image *images, size_t count)
{
	for (const struct known *known = local->first; known; known = known->next)
		if (known->name[0] && !known->error && local_is_below(&known->layers, layers) &&
			!has(images, count, known->id))
			return known->name;
	return NULL;
}

struct local *local_new(struct engine *engine, local_fn ready, void *context)
{
	struct local *local = calloc(1, sizeof(*local));

	if (!local)
		return NULL;
	local->engine = engine;
	local->ready = ready;
	local->context = context;
	local->listed = ANSWERS_NEVER;
	return local;
}

void local_free(struct local *local)
{
	if (!local)
		return;
	if (local->listing)
		local->listing->local = NULL;
	while (local->first) {
		struct known *known = local->first;

		local->first = known->next;
		/* The engine still holds one that it is asked about: on_image frees it. */
		known->local = NULL;
		if (known->error != -EAGAIN)
			known_free(known);
	}
	list_clear(local);
	free(local);
}
