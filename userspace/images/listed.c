// SPDX-License-Identifier: Apache-2.0
/*
 * The rule of the image list: what makes an image an entry's image.
 *
 *	*               every image
 *	name@digest     has that id, or was pulled as that very digest: nobody is asked; or has an id
 *	                that the registry names under that digest (of an index, or below one)
 *	name:tag        has an id that the registry names under that tag
 *	name:* and      was pulled as repository@digest of a repository that the entry covers, and the
 *	globs           registry has that digest there, and names the image's id under it
 *
 * Ids are hashes of what they name. So it is always the registry's answer and the image's content
 * that are compared, and a forged name or repository digest only makes latch ask a question whose
 * answer is no.
 */
#include "inquiry.h"
#include "nearest.h"

bool inquiry_is_fresh(struct inquiry *inquiry, struct answer *answer, bool matches, bool related)
{
	bool stale;

	if (answers_now() < answer->retry)
		stale = false; /* it has just failed, and would again: what is known has to do */
	else if (answer->asked == ANSWERS_NEVER)
		/* What was never known could be anything; what the disk knew is asked about when it matters. */
		stale = !answer->manifest_count || matches || related;
	else if (answer->asked >= inquiry->since)
		stale = false;
	else if (matches)
		stale = answer->asked < inquiry->since - INQUIRY_FRESH_MS;
	else if (related && answer_failed(answer) && !answer_counts(answer))
		stale = true; /* while nothing is known, how long ago that was does not matter */
	else
		/* Who has just pushed or pulled is not refused because of a moment ago. */
		stale = related && (inquiry->freshness == IMAGES_REVALIDATE ||
					   answer->asked < inquiry->since - INQUIRY_FRESH_MS);
	if (!stale)
		return true;
	if (inquiry->ask) {
		answers_ask(answer, true);
		inquiry->waiting = inquiry->waiting || answer->query;
	}
	return false;
}

/* One image before one list. */
struct look {
	struct inquiry *inquiry;
	const struct engine_image *image;
	struct names names;
	struct images_verdict *verdict;
};

static void allow(struct look *look, const struct entry *entry, const struct answer *answer)
{
	struct images_verdict *verdict = look->verdict;
	bool every = entry->pattern.kind == REFERENCE_EVERY;

	verdict_set(verdict, IMAGES_ALLOWED, every ? IMAGES_REASON_EVERY : IMAGES_REASON_LISTED,
		entry->pattern.text, every ? "the image list has %s, which is every image" : "the image is %s",
		entry->pattern.text);
	verdict->basis = (struct images_basis){0};
	COPY_STRING(verdict->basis.entry, entry->pattern.text);
	COPY_STRING(verdict->basis.proof, look->image->id);
	if (!answer)
		return;
	reference_print(&answer->reference, verdict->basis.answer);
	if (answer->asked < look->inquiry->oldest)
		look->inquiry->oldest = answer->asked;
}

/* Does the answer have the image's id, and is it fresh? */
static bool holds(struct look *look, struct answer *answer, bool related)
{
	bool matches = answer_counts(answer) && answer_holds(answer, look->image->id);

	return inquiry_is_fresh(look->inquiry, answer, matches, related) && matches;
}

/* What the registry has under the digest that the image was pulled as. */
static struct answer *answer_of_digest(struct look *look, const struct reference *pulled)
{
	struct reference reference = *pulled;

	reference.tag[0] = '\0';
	return answers_get(look->inquiry->answers, &reference, true);
}

/*
 * An image for another platform: its configuration is not among those of this machine's, but it was
 * pulled as a digest that the tag's index names.
 */
static bool holds_other_platform(
	struct look *look, const struct entry *entry, struct answer *of_tag)
{
	for (size_t i = 0; i < look->names.digest_count; i++) {
		const struct reference *pulled = &look->names.digests[i];
		struct answer *answer;

		if (!names_same_repository(pulled, &of_tag->reference) || !answer_counts(of_tag) ||
			!answer_has_manifest(of_tag, pulled->digest))
			continue;
		answer = answer_of_digest(look, pulled);
		if (!answer || !holds(look, answer, true) ||
			!inquiry_is_fresh(look->inquiry, of_tag, true, true))
			continue;
		allow(look, entry, of_tag);
		/* The id is under the digest, for ever; that the tag names the digest is what may change. */
		COPY_STRING(look->verdict->basis.proof, pulled->digest);
		return true;
	}
	return false;
}

static void explain_tag(struct look *look, const struct entry *entry, const struct answer *answer,
	enum names_relation relation)
{
	const char *text = entry->pattern.text, *upstream;
	char reference[REFERENCE_TEXT_SIZE];

	if (relation == NAMES_UNRELATED || verdict_offer_answer(look->verdict, text, answer))
		return;
	upstream = answer->digests[0];
	reference_print(&answer->reference, reference);
	if (relation == NAMES_TAGGED)
		verdict_offer(look->verdict, IMAGES_REASON_LOCAL, text,
			"the image has the name %s on this engine only: the registry has %s under it; "
			"`docker pull %s` brings that one", reference, upstream, reference);
	for (size_t i = 0; relation == NAMES_PULLED && i < look->names.digest_count; i++)
		if (names_same_repository(&look->names.digests[i], &answer->reference))
			verdict_offer(look->verdict, IMAGES_REASON_MOVED, text,
				"%s has moved at the registry: it is %s there now, and the image here was "
				"pulled as %s; `docker pull %s` brings the new one", reference, upstream,
				look->names.digests[i].digest, reference);
}

static bool is_tags_image(struct look *look, const struct entry *entry, struct answer *answer)
{
	enum names_relation relation = names_relate(&look->names, &answer->reference);

	if (holds(look, answer, relation != NAMES_UNRELATED)) {
		allow(look, entry, answer);
		return true;
	}
	if (relation != NAMES_UNRELATED && holds_other_platform(look, entry, answer))
		return true;
	explain_tag(look, entry, answer, relation);
	return false;
}

static bool is_digests_image(struct look *look, const struct entry *entry)
{
	const struct reference *wanted = &entry->pattern.reference;
	bool found = !strcmp(look->image->id, wanted->digest);
	struct answer *answer;

	for (size_t i = 0; i < look->names.digest_count && !found; i++)
		found = names_same_repository(&look->names.digests[i], wanted) &&
			!strcmp(look->names.digests[i].digest, wanted->digest);
	if (found) {
		allow(look, entry, NULL);
		return true;
	}
	if (names_relate(&look->names, wanted) == NAMES_UNRELATED)
		return false;
	answer = answer_of_digest(look, wanted);
	if (answer && holds(look, answer, true)) {
		allow(look, entry, answer);
		return true;
	}
	if (look->verdict->reason == IMAGES_REASON_NOT_LISTED)
		verdict_set(look->verdict, IMAGES_DENIED, IMAGES_REASON_NOT_LISTED, entry->pattern.text,
			"the image is of the repository of %s, and is another digest of it; `docker pull "
			"%s` brings the one that is listed", entry->pattern.text, entry->pattern.text);
	return false;
}

/* registry/glob-*:1.2 stands for that tag of every repository that the image may have come from. */
static bool is_globs_tags_image(struct look *look, const struct entry *entry)
{
	const struct names *names = &look->names;
	struct reference reference;

	for (size_t i = 0; i < names->digest_count + names->tag_count; i++) {
		struct answer *answer;

		reference = i < names->digest_count ? names->digests[i] :
						      names->tags[i - names->digest_count];
		if (!reference_pattern_covers_repository(&entry->pattern, &reference))
			continue;
		reference.digest[0] = '\0';
		COPY_STRING(reference.tag, entry->pattern.reference.tag);
		answer = answers_get(look->inquiry->answers, &reference, false);
		if (answer && is_tags_image(look, entry, answer))
			return true;
	}
	return false;
}

static void explain_digest(struct look *look, const struct entry *entry, const struct answer *answer)
{
	char text[REFERENCE_TEXT_SIZE];

	reference_print(&answer->reference, text);
	if (answer->absent || (answer_counts(answer) && !answer_holds(answer, look->image->id)))
		verdict_offer(look->verdict, IMAGES_REASON_LOCAL, entry->pattern.text,
			"the engine calls the image %s, and the registry has no such image: it was made or "
			"named on this engine; push it there, or pull one that is there", text);
	else
		verdict_offer_answer(look->verdict, entry->pattern.text, answer);
}

static bool is_repositorys_image(struct look *look, const struct entry *entry)
{
	const struct names *names = &look->names;

	for (size_t i = 0; i < names->digest_count; i++) {
		struct answer *answer;

		if (!reference_pattern_covers_repository(&entry->pattern, &names->digests[i]))
			continue;
		answer = answer_of_digest(look, &names->digests[i]);
		if (answer && holds(look, answer, true)) {
			allow(look, entry, answer);
			return true;
		}
		if (answer)
			explain_digest(look, entry, answer);
	}
	for (size_t i = 0; i < names->tag_count; i++)
		if (reference_pattern_covers_repository(&entry->pattern, &names->tags[i]))
			verdict_offer(look->verdict, IMAGES_REASON_LOCAL, entry->pattern.text,
				"the image has a name that %s covers on this engine only: it was not pulled "
				"from there; push it, and pull it where it is to run", entry->pattern.text);
	return false;
}

static bool is_entrys_image(struct look *look, const struct entry *entry)
{
	switch (entry->pattern.kind) {
	case REFERENCE_EVERY:
		allow(look, entry, NULL);
		return true;
	case REFERENCE_DIGEST:
		return is_digests_image(look, entry);
	case REFERENCE_TAG:
		return is_tags_image(look, entry, entry->answer);
	case REFERENCE_REPOSITORY:
		return is_repositorys_image(look, entry);
	case REFERENCE_GLOB:
		return entry->pattern.reference.tag[0] ? is_globs_tags_image(look, entry) :
							 is_repositorys_image(look, entry);
	}
	return false;
}

static bool is_any_entrys_image(struct look *look)
{
	const struct list *list = look->inquiry->list;

	for (size_t i = 0; i < list->count; i++)
		if (is_entrys_image(look, &list->entries[i]))
			return true;
	return false;
}

/* Which entry may have been meant, judged by letters alone. */
static void set_not_listed(struct look *look)
{
	const struct list *list = look->inquiry->list;
	struct nearest near = {0};

	for (size_t i = 0; i < look->image->repo_tags.count && !near.name; i++) {
		near = NEAREST(look->image->repo_tags.items[i]);
		for (size_t k = 0; k < list->count; k++)
			nearest_offer(&near, list->entries[k].pattern.text);
	}
	if (near.name)
		verdict_set(look->verdict, IMAGES_DENIED, IMAGES_REASON_NOT_LISTED, near.name,
			"the image is that of no entry of the image list; the nearest is %s", near.name);
	else
		verdict_set(look->verdict, IMAGES_DENIED, IMAGES_REASON_NOT_LISTED, "",
			"the image is that of no entry of the image list: add one for it, or use an image "
			"that is listed");
}

void inquire_listed(
	struct inquiry *inquiry, const struct engine_image *image, struct images_verdict *verdict)
{
	struct look look = { .inquiry = inquiry, .image = image, .verdict = verdict };
	bool ask = inquiry->ask;

	if (names_read(&look.names, image) < 0) {
		verdict_set(verdict, IMAGES_DENIED, IMAGES_REASON_UNREACHABLE, "",
			"out of memory: the image could not be judged, so it is refused");
		return;
	}
	set_not_listed(&look);
	/* Where an entry allows it by what is known, no other can matter, and nobody is asked. */
	inquiry->ask = false;
	if (!is_any_entrys_image(&look) && ask) {
		set_not_listed(&look);
		inquiry->ask = true;
		is_any_entrys_image(&look);
	}
	inquiry->ask = ask;
	if (verdict->outcome == IMAGES_ALLOWED)
		inquiry->waiting = false;
	names_clear(&look.names);
}
