// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as what a registry answers, as the engine's JSON, and as a mirror's address: no crash, no
 * leak; what is taken is what the kinds allow. The first byte chooses which reader gets the rest.
 */
#include <stdint.h>
#include <strings.h>

#include "challenge.h"
#include "endpoints.h"
#include "engine.h"
#include "manifest.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_manifest(const char *text, size_t size)
{
	struct manifest manifest;
	const char *problem = NULL;
	int r = manifest_parse(text, size, "amd64", &manifest, &problem);

	if (r < 0) {
		require(problem && problem[0]);
		return;
	}
	require(manifest.is_index || registry_is_digest(manifest.config));
	require(manifest.count <= REGISTRY_MAX_DIGESTS && (manifest.is_index || !manifest.count));
	for (size_t i = 0; i < manifest.count; i++)
		require(registry_is_digest(manifest.children[i].digest));
}

static void check_challenge(const char *text)
{
	struct challenge challenge;
	int64_t wait = challenge_retry_after(text, 1795608000);

	require(wait >= 0 && wait <= 900000);
	if (challenge_parse(text, &challenge) == 0)
		require(challenge.basic || (challenge.bearer && challenge.realm[0]));
}

static void check_images(const char *text, size_t size)
{
	struct engine_image *images;
	size_t count;

	if (engine_parse_images(text, size, &images, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		require(registry_is_digest(images[i].id));
	engine_images_free(images, count);
}

static void check_endpoints(const char *text)
{
	const char *const list[] = {text, NULL};
	const struct registry_options options = {.mirrors = list, .insecure = list};
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t count = endpoints_of("docker.io", &options, endpoints);

	require(count == 1 || count == 2);
	require(!strcmp(endpoints[count - 1].host, "registry-1.docker.io"));
	/* Whatever is listed, it does not reach beyond what it says. */
	if (strcasecmp(text, "registry-1.docker.io"))
		require(!endpoints[count - 1].insecure);
	for (size_t i = 0; i < count; i++)
		require(endpoints[i].host[0] && !strpbrk(endpoints[i].host, "/@?#"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (size) {
		memcpy(text, data + 1, size - 1);
		text[size - 1] = '\0';
		switch (data[0] % 4) {
		case 0:
			check_manifest(text, size - 1);
			break;
		case 1:
			check_challenge(text);
			break;
		case 2:
			check_images(text, size - 1);
			break;
		default:
			check_endpoints(text);
		}
	}
	free(text);
	return 0;
}
