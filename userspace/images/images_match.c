// SPDX-License-Identifier: Apache-2.0
/*
 * The rule of the image list: which digests make an image an entry's image. Pure: it asks nobody
 * and knows nothing of time. What an image is called decides nothing here but how it is talked
 * about.
 */
#include <string.h>

#include "images.h"

static bool holds(const registry_digest *digests, size_t count, const char *digest)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(digests[i], digest))
			return true;
	return false;
}

bool images_same_repository(const struct reference *one, const struct reference *other)
{
	return !strcmp(one->domain, other->domain) && !strcmp(one->repository, other->repository);
}

bool images_match(const struct engine_image *image, const struct reference *reference,
	const struct allowed_digests *digests)
{
	/*
	 * The classic engine's id is the configuration's digest, containerd's the manifest's or
	 * index's. Either is a hash of what it names, so neither can be had for other content.
	 */
	if (holds(digests->config, digests->config_count, image->id) ||
		holds(digests->repository, digests->repository_count, image->id))
		return true;
	for (size_t i = 0; i < image->repo_digests.count; i++) {
		struct reference pulled;
		const char *problem;

		if (reference_parse(image->repo_digests.items[i], &pulled, &problem) == 0 &&
			images_same_repository(&pulled, reference) &&
			holds(digests->repository, digests->repository_count, pulled.digest))
			return true;
	}
	return false;
}

enum images_relation images_relate(
	const struct engine_image *image, const struct reference *reference)
{
	bool pulled = false, named = false, other_tag = false;
	struct reference name;
	const char *problem;

	for (size_t i = 0; i < image->repo_digests.count; i++)
		if (reference_parse(image->repo_digests.items[i], &name, &problem) == 0 &&
			images_same_repository(&name, reference))
			pulled = true;
	for (size_t i = 0; i < image->repo_tags.count; i++) {
		if (reference_parse(image->repo_tags.items[i], &name, &problem) < 0 ||
			!images_same_repository(&name, reference))
			continue;
		if (reference->tag[0] && !strcmp(name.tag, reference->tag))
			named = true;
		else
			other_tag = true;
	}
	if (named)
		return pulled ? IMAGES_PULLED : IMAGES_TAGGED;
	if (other_tag)
		return IMAGES_NEIGHBOUR;
	return pulled ? IMAGES_PULLED : IMAGES_UNRELATED;
}
