// SPDX-License-Identifier: Apache-2.0
/*
 * Reads an image's names. Pure.
 */
#include <errno.h>

#include "names.h"
#include "util.h"

static int read_all(
	const struct engine_strings *from, struct reference **references, size_t *count)
{
	*references = calloc(from->count + 1, sizeof(**references));
	if (!*references)
		return -ENOMEM;
	for (size_t i = 0; i < from->count && *count < NAMES_MAX; i++) {
		const char *problem;

		if (reference_parse(from->items[i], &(*references)[*count], &problem) == 0)
			(*count)++;
	}
	return 0;
}

int names_read(struct names *names, const struct engine_image *image)
{
	int r;

	*names = (struct names){0};
	r = read_all(&image->repo_digests, &names->digests, &names->digest_count);
	if (!r)
		r = read_all(&image->repo_tags, &names->tags, &names->tag_count);
	if (r < 0)
		names_clear(names);
	return r;
}

void names_clear(struct names *names)
{
	free(names->digests);
	free(names->tags);
	*names = (struct names){0};
}

bool names_same_repository(const struct reference *one, const struct reference *other)
{
	return !strcmp(one->domain, other->domain) && !strcmp(one->repository, other->repository);
}

enum names_relation names_relate(const struct names *names, const struct reference *reference)
{
	bool pulled = false, named = false, other_tag = false;

	for (size_t i = 0; i < names->digest_count; i++)
		if (names_same_repository(&names->digests[i], reference))
			pulled = true;
	for (size_t i = 0; i < names->tag_count; i++) {
		if (!names_same_repository(&names->tags[i], reference))
			continue;
		if (reference->tag[0] && !strcmp(names->tags[i].tag, reference->tag))
			named = true;
		else
			other_tag = true;
	}
	if (named)
		return pulled ? NAMES_PULLED : NAMES_TAGGED;
	if (other_tag)
		return NAMES_NEIGHBOUR;
	return pulled ? NAMES_PULLED : NAMES_UNRELATED;
}
