// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a settings file: no crash, no leak; refused with a text that begins with the file's
 * name and holds no control characters, or accepted whole, with the same answer the second time.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Iuserspace/common \
 *   selftests/fuzz/fuzz_settings.c userspace/common/[a-z]*.c -ljansson -lcrypto -o fuzz_settings
 */
#include <errno.h>
#include <stdint.h>

#include "settings_internal.h"
#include "util.h"

#define NAME "file"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(const char *text)
{
	for (; *text; text++)
		require((*text >= 0x20 && *text < 0x7f) || *text == '\n');
}

static void check_settings(const struct settings *settings)
{
	require(!strcmp(settings->path, NAME) && strlen(settings->digest) == 64);
	require(settings->image_count <= SETTINGS_LIST_MAX);
	for (size_t i = 0; i < settings->image_count; i++) {
		const struct reference_pattern *image = &settings->images[i];

		require(image->text[0]);
		require((image->kind == REFERENCE_EVERY) == !image->reference.domain[0]);
		require((image->kind == REFERENCE_DIGEST) == !!image->reference.digest[0]);
		require((image->kind == REFERENCE_GLOB) ==
			!!strchr(image->reference.repository, '*'));
		require(image->kind != REFERENCE_TAG || image->reference.tag[0]);
		require(image->kind != REFERENCE_REPOSITORY || !image->reference.tag[0]);
	}
	for (size_t i = 0; i < settings->commands.count; i++) {
		char sentence[512];

		require(!commandlist_check(
			settings->commands.commands[i], sentence, sizeof(sentence)));
	}
	for (size_t i = 0; i < settings->warning_count; i++)
		check_text(settings->warnings[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings, *again;
	char *problem, *problem_again;
	int r;

	r = settings_parse(NAME, (const char *)data, size, &settings, &problem);
	require(settings_parse(NAME, (const char *)data, size, &again, &problem_again) == r);
	if (r < 0) {
		require(r == -EINVAL && !settings && !strncmp(problem, NAME ":", strlen(NAME ":")));
		require(!strcmp(problem, problem_again));
		check_text(problem);
	} else {
		require(!problem);
		check_settings(settings);
	}
	settings_free(settings);
	settings_free(again);
	free(problem);
	free(problem_again);
	return 0;
}
