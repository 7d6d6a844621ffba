/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request lines to classify: as many as wanted, the same for the same seed on every machine. Each
 * begins as a good request of one of the table's routes and is then bent: percent-encoded, cut,
 * with dot segments, odd versions, keys asked twice, bytes that do not belong there. About a third
 * is left whole, so that routes are found as well as refused. What a request line should be
 * classified as is not known here.
 */
#ifndef LATCH_TEST_CORPUS_H
#define LATCH_TEST_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#define CORPUS_SEED	  0x6c61746368ULL
#define CORPUS_MAX_METHOD 16
#define CORPUS_MAX_TARGET 8192

struct corpus {
	uint64_t state; /* of the generator; any seed will do */
};

struct corpus_request {
	char method[CORPUS_MAX_METHOD];	  /* ends in NUL */
	char target[CORPUS_MAX_TARGET]; /* any bytes; NUL behind the last */
	size_t length;
};

static inline void corpus_begin(struct corpus *corpus, uint64_t seed)
{
	corpus->state = seed;
}

void corpus_next(struct corpus *corpus, struct corpus_request *request);

#endif
