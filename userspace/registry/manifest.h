/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a manifest or an index says, and what its digest is. Pure.
 */
#ifndef LATCH_MANIFEST_H
#define LATCH_MANIFEST_H

#include "registry.h"

/* Go's name of this machine's architecture ("amd64"), as indexes have it; "unknown" for others. */
const char *manifest_architecture(void);

/* "sha256:<64 hex>" of the bytes. 0 or -ENOMEM. */
int manifest_digest(const char *data, size_t size, registry_digest digest);

/* What one document names. */
struct manifest {
	bool is_index;
	registry_digest config; /* of a manifest */
	/* Of an index: every manifest, and whether its configuration is wanted. */
	size_t count;
	struct {
		registry_digest digest;
		bool wanted;
	} children[REGISTRY_MAX_DIGESTS];
	bool more; /* the index has more than that; those are not in it */
};

/*
 * Reads a manifest or an index. Of an index the configurations are wanted of the manifests for Linux on
 * `architecture`, or, NULL, on any; never of attestations, which are no images. Returns 0, -EPROTO
 * (neither the one nor the other, or both), -ENOTSUP (schema 1) and a static sentence.
 */
int manifest_parse(const char *body, size_t size, const char *architecture,
	struct manifest *manifest, const char **problem);

#endif
