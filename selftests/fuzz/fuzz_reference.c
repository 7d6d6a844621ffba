// SPDX-License-Identifier: Apache-2.0
/*
 * Any two lines as an entry of the image list and a name: no crash, a sentence for every refusal;
 * what was accepted, printed and read again, is the same; an entry covers the names that are made
 * of it, and covers the other name exactly when a second, slower reading of the rule says so.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Iuserspace/common \
 *   selftests/fuzz/fuzz_reference.c userspace/common/reference*.c -o fuzz_reference
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

/* Docker's own limit is 255 for the repository; 128 for the tag. */
static void check_reference(const struct reference *reference)
{
	struct reference again;
	const char *problem;
	char text[REFERENCE_TEXT_SIZE];

	require(reference->domain[0] && strlen(reference->domain) <= 255);
	require(reference->repository[0] && strlen(reference->repository) <= 255);
	require(reference->tag[0] || reference->digest[0]);
	require(!strpbrk(reference->repository, "*?[:@"));
	reference_print(reference, text);
	require(!reference_parse(text, &again, &problem));
	require(!memcmp(reference, &again, sizeof(again)));
}

/* Tries every length for every star: too long with many of them. */
#define STARS_MAX 6
static bool has_many_stars(const char *path)
{
	size_t stars = 0;

	for (; *path; path++)
		stars += *path == '*';
	return stars > STARS_MAX;
}

static bool path_fits(const char *path, const char *name)
{
	if (*path != '*')
		return *path == *name && (!*path || path_fits(path + 1, name + 1));
	return path_fits(path + 1, name) || (*name && *name != '/' && path_fits(path, name + 1));
}

/* The rule of reference_pattern_covers, read from its description. */
static bool fits(const struct reference_pattern *entry, const struct reference *name)
{
	const struct reference *own = &entry->reference;
	bool repository =
		!strcmp(own->domain, name->domain) && path_fits(own->repository, name->repository);
	bool tag = !name->digest[0] && !strcmp(own->tag, name->tag);

	switch (entry->kind) {
	case REFERENCE_EVERY:
		return true;
	case REFERENCE_TAG:
		return repository && tag;
	case REFERENCE_DIGEST:
		return repository && !strcmp(own->digest, name->digest);
	case REFERENCE_REPOSITORY:
		return repository;
	case REFERENCE_GLOB:
		return repository && (!own->tag[0] || tag);
	}
	return false;
}

/* The name that an entry's text is with `in` for each star. */
static void check_made(const struct reference_pattern *entry, const char *text, const char *in)
{
	char made[4 * REFERENCE_TEXT_SIZE];
	struct reference name;
	const char *problem;
	size_t length = 0;

	if (entry->kind == REFERENCE_EVERY)
		return;
	for (const char *c = text; *c; c++)
		length += snprintf(made + length, sizeof(made) - length, *c == '*' ? "%s" : "%.1s",
			*c == '*' ? in : c);
	/* A longer name may be too long for docker. */
	if (reference_parse(made, &name, &problem) < 0)
		require(entry->kind == REFERENCE_GLOB && strlen(in) > 1);
	else
		require(reference_pattern_covers(entry, &name));
}

static void check_entry(const struct reference_pattern *entry)
{
	char text[REFERENCE_TEXT_SIZE];
	struct reference_pattern again;
	const char *problem;

	require((entry->kind == REFERENCE_EVERY) == !entry->reference.domain[0]);
	require((entry->kind == REFERENCE_GLOB) == !!strchr(entry->reference.repository, '*'));
	require((entry->kind == REFERENCE_DIGEST) == !!entry->reference.digest[0]);
	require(!strpbrk(entry->reference.domain, "*?"));
	require(!strpbrk(entry->reference.tag, "*?["));
	reference_pattern_print(entry, text);
	require(!reference_pattern_parse(text, &again, &problem));
	require(reference_pattern_same(entry, &again));
	require(!memcmp(&entry->reference, &again.reference, sizeof(again.reference)));
	free(again.text);
	/* What is printed holds the stars of what was written. */
	check_made(entry, text, "x");
	check_made(entry, text, "a-0");
}

static bool read_name(const char *text, struct reference *name)
{
	const char *problem = NULL;
	int r = reference_parse(text, name, &problem);

	if (r < 0)
		require(problem && *problem);
	else
		check_reference(name);
	return !r;
}

/* Whatever has no star is an entry exactly when it is a reference that latch compares. */
static void check_plain(const char *text, bool is_entry)
{
	struct reference name;

	if (!strchr(text, '*'))
		require(is_entry ==
			(read_name(text, &name) &&
				(!name.digest[0] || !strncmp(name.digest, "sha256:", 7))));
	else
		require(!read_name(text, &name));
}

static void check_pair(const char *entry_text, const char *name_text)
{
	struct reference_pattern entry;
	struct reference name;
	const char *problem = NULL;
	int r = reference_pattern_parse(entry_text, &entry, &problem);

	check_plain(entry_text, !r);
	if (r < 0) {
		require(problem && *problem);
		return;
	}
	require(!strcmp(entry.text, entry_text));
	check_entry(&entry);
	if (read_name(name_text, &name) && !has_many_stars(entry.reference.repository))
		require(reference_pattern_covers(&entry, &name) == fits(&entry, &name));
	free(entry.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *line;

	memcpy(text, data, size);
	text[size] = 0;
	line = strchr(text, '\n');
	if (line)
		*line++ = 0;
	check_pair(text, line ? line : "");
	free(text);
	return 0;
}
