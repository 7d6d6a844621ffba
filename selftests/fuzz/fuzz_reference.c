// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as an image reference and as an entry of the image list: no crash, a sentence for every
 * refusal, and what was accepted is normalised: written out and read again it is the same.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Iuserspace/common \
 *   selftests/fuzz/fuzz_reference.c userspace/common/reference.c -o fuzz_reference
 */
#include <stdint.h>
#include <stdio.h>

#include "reference.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Docker's own limit is 255 for the name; 128 and 71 for tag and digest. */
static void check_normal(const struct reference *reference)
{
	struct reference again;
	const char *problem;
	char text[1024];

	require(strlen(reference->domain) + 1 + strlen(reference->repository) <= 255);
	require(reference->tag[0] || reference->digest[0]);
	snprintf(text, sizeof(text), "%s/%s%s%s%s%s", reference->domain, reference->repository,
		reference->tag[0] ? ":" : "", reference->tag, reference->digest[0] ? "@" : "",
		reference->digest);
	require(!reference_parse(text, &again, &problem));
	require(!memcmp(reference, &again, sizeof(again)));
}

static void check_pattern(const char *text, bool is_reference)
{
	struct reference_pattern pattern;
	const char *problem = NULL;
	int r = reference_pattern_parse(text, &pattern, &problem);

	/* An entry is a reference or a lone star: nothing else gets on the list, nothing falls off.
	 */
	require((r == 0) == (is_reference || !strcmp(text, "*")));
	if (r < 0) {
		require(problem && *problem);
		return;
	}
	require(!strcmp(pattern.text, text));
	if (pattern.kind != REFERENCE_EVERY)
		check_normal(&pattern.reference);
	free(pattern.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reference reference;
	const char *problem = NULL;
	char *text = malloc(size + 1);
	int r;

	memcpy(text, data, size);
	text[size] = 0;
	r = reference_parse(text, &reference, &problem);
	if (r < 0)
		require(problem && *problem);
	else
		check_normal(&reference);
	check_pattern(text, r == 0);
	free(text);
	return 0;
}
