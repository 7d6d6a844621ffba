// SPDX-License-Identifier: Apache-2.0
/*
 * Images that are derived from an entry's image: what a build, a commit or a buildpack makes on this
 * engine (ECI's allowDerivedImages).
 *
 * Such an image is local only, as far as the engine and registries can tell. And its lowest layers are all the layers of an entry's image that the engine has, with at least
 * one more above them. Layers are compared by diff id, a hash of what the layer holds. A squashed or
 * flattened image has none of them and is refused, and so is one with the same layers and another
 * configuration.
 */
#include <errno.h>

#include "inquiry.h"

/* The image that is looked at, and of what could be below it the one with the most layers. */
struct search {
	struct inquiry *inquiry;
	const struct engine_image *image;
	size_t listed_layers, any_layers;
	struct images_verdict base; /* of the entry's image that was found; outcome ALLOWED then */
	const struct engine_image *listed, *any;
};

static const char *name_of(const struct engine_image *image)
{
	return image->repo_tags.count && strncmp(image->repo_tags.items[0], "<none>", 6) ?
		       image->repo_tags.items[0] :
		       image->id;
}

/* Could it be an entry's image? By what is known already, and asking nobody. */
static bool may_be_listed(const struct inquiry *inquiry, const struct engine_image *image)
{
	struct inquiry quiet = *inquiry;
	struct images_verdict verdict = {0};

	quiet.ask = false;
	inquire_listed(&quiet, image, &verdict);
	return verdict.outcome == IMAGES_ALLOWED || verdict.reason != IMAGES_REASON_NOT_LISTED;
}

/* Is it below the image that is looked at, and by how many layers? -EAGAIN while that is asked. */
static int layers_below(
	const struct search *search, const struct engine_image *image, size_t *layers)
{
	const struct engine_strings *found;
	int r = local_layers(search->inquiry->local, image->id, &found);

	*layers = !r && local_is_below(found, &search->image->diff_ids) ? found->count : 0;
	return r;
}

static int consider(struct search *search, const struct engine_image *image)
{
	struct images_verdict verdict = {0};
	struct inquiry inquiry = *search->inquiry;
	bool candidate;
	size_t layers;
	int r;

	if (!strcmp(image->id, search->image->id))
		return 0;
	candidate = may_be_listed(&inquiry, image);
	if (!candidate && !inquiry.parents)
		return 0;
	r = layers_below(search, image, &layers);
	if (r == -ENOENT)
		return 0; /* deleted meanwhile */
	if (r < 0 || !layers)
		return r;
	if (layers > search->any_layers) {
		search->any = image;
		search->any_layers = layers;
	}
	if (!candidate || layers <= search->listed_layers)
		return 0;
	inquiry.waiting = false;
	inquire_listed(&inquiry, image, &verdict);
	search->inquiry->waiting = search->inquiry->waiting || inquiry.waiting;
	if (verdict.outcome != IMAGES_ALLOWED)
		return 0;
	local_note_listed(inquiry.local, image->id, name_of(image));
	search->listed = image;
	search->listed_layers = layers;
	search->base = verdict;
	if (inquiry.oldest < search->inquiry->oldest)
		search->inquiry->oldest = inquiry.oldest;
	return 0;
}

/* Looks at every image. Returns -EAGAIN when some of them are still asked about. */
static int look_below(struct search *search, const struct engine_image *images, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		int r = consider(search, &images[i]);

		if (r < 0 && (r != -EAGAIN || !result))
			result = r;
	}
	return result;
}

/* ECI allows a second at start for what is derived. */
#define PATIENCE_MS 1000

/*
 * Is it known whether a registry has what the engine calls by this name, as far as that is to be known?
 * What speaks for the image, an answer that does not confirm it, is kept as an allowing one is, until
 * the engine tells of names or pushes. Nobody is waited for longer than a moment: who does not answer
 * does not confirm it either.
 */
static bool is_answered(struct inquiry *inquiry, struct answer *answer)
{
	bool kept = !answer_counts(answer) && answer->asked >= inquiry->renamed;

	if (answer->query && answers_now() - answer->began > PATIENCE_MS)
		return true;
	return inquiry_is_fresh(inquiry, answer, kept, true);
}

/* With containerd's store each local name has a digest, which is the id. Does its registry have that? */
static bool is_mere_name(struct inquiry *inquiry, const char *text)
{
	struct reference reference;
	struct answer *answer;
	const char *problem;

	if (reference_parse(text, &reference, &problem) < 0)
		return false;
	reference.tag[0] = '\0';
	answer = answers_get(inquiry->answers, &reference, true);
	return answer && is_answered(inquiry, answer) && !answer_counts(answer);
}

/*
 * Did the image never leave this engine, and never come to it? With classic image store a repository
 * digest is the trace of a pull or a push, and that is that: the registry that it came from may be
 * anybody's, and what it says of it is no witness. Only a digest that is the id can be a mere name.
 */
static bool is_local_only(struct inquiry *inquiry, const struct engine_image *image,
	struct images_verdict *verdict, const char *entry)
{
	for (size_t i = 0; i < image->repo_digests.count; i++) {
		const char *text = image->repo_digests.items[i], *digest = strrchr(text, '@');

		if (!strcmp(text, "<none>@<none>") ||
			(digest && !strcmp(digest + 1, image->id) && i < NAMES_MAX &&
				is_mere_name(inquiry, text)))
			continue;
		if (verdict->reason == IMAGES_REASON_NOT_LISTED)
			verdict_set(verdict, IMAGES_DENIED, IMAGES_REASON_NOT_LISTED, entry,
				"the image is derived from %s, and came from a registry or went to one "
				"(%s): only local images count as derived; add an entry for it", entry, text);
		return false;
	}
	return true;
}

static void allow(const struct search *search, struct images_verdict *verdict)
{
	verdict_set(verdict, IMAGES_ALLOWED, IMAGES_REASON_DERIVED, search->base.entry,
		"the image is derived from %s, which is here as %s", search->base.entry,
		name_of(search->listed));
	verdict->basis = search->base.basis;
	verdict->basis.derived = true;
}

static void set_parent(const struct search *search, struct images_verdict *verdict)
{
	COPY_STRING(verdict->parent, search->any ? name_of(search->any) : "");
}

int inquire_derived(
	struct inquiry *inquiry, const struct engine_image *image, struct images_verdict *verdict)
{
	struct search search = { .inquiry = inquiry, .image = image };
	const struct engine_image *images;
	const char *lost;
	size_t count;
	int r;

	/* A layer below, and one above. */
	if (image->diff_ids.count < 2)
		return 0;
	r = local_list(inquiry->local, inquiry->since - INQUIRY_REVALIDATE_MS, &images, &count);
	if (!r)
		r = look_below(&search, images, count);
	if (r == -EAGAIN) {
		inquiry->waiting = true;
		return 0;
	}
	if (r < 0)
		return r;
	set_parent(&search, verdict);
	if (search.listed && !inquiry->list->allow_derived)
		verdict_offer(verdict, IMAGES_REASON_DERIVED_OFF, search.base.entry,
			"the image is derived from %s, and the settings allow no derived images: list it, "
			"or set allowDerivedImages to true", search.base.entry);
	else if (search.listed && is_local_only(inquiry, image, verdict, search.base.entry))
		allow(&search, verdict);
	lost = search.listed || !inquiry->list->allow_derived ?
		       NULL :
		       local_lost_base(inquiry->local, &image->diff_ids, images, count);
	if (lost)
		verdict_offer(verdict, IMAGES_REASON_BASE_ABSENT, lost,
			"the image is derived from %s, which the engine does not have any more: `docker "
			"pull %s`, then start it again", lost, lost);
	return 0;
}
