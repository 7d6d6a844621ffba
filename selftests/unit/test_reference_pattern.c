// SPDX-License-Identifier: Apache-2.0
/*
 * The entries of ECI's image list. What each form is normalised to follows from docker's rule for
 * the default registry; what it covers follows from the rule in reference.h: a star is one part of
 * the path, some characters of one, or the whole tag. Then every way in which an entry could reach
 * further than it looks, each of which has to be refused or not to cover.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "reference.h"
#include "util.h"

#define HEX_8    "0123abcd"
#define HEX_32   HEX_8 HEX_8 HEX_8 HEX_8
#define HEX_64   HEX_32 HEX_32
#define DIGEST   "sha256:" HEX_64
#define OTHER    "sha256:f" HEX_32 HEX_8 HEX_8 HEX_8 "0123abc"
#define SHA512   "sha512:" HEX_64 HEX_64
#define A_10     "aaaaaaaaaa"
#define A_50     A_10 A_10 A_10 A_10 A_10
#define A_246    A_50 A_50 A_50 A_50 A_10 A_10 A_10 A_10 "aaaaaa"
#define EVERY    REFERENCE_EVERY
#define TAG      REFERENCE_TAG
#define BY_HASH  REFERENCE_DIGEST
#define ALL_TAGS REFERENCE_REPOSITORY
#define GLOB     REFERENCE_GLOB

static struct reference_pattern read_entry(const char *text)
{
	struct reference_pattern pattern;
	const char *problem = NULL;

	if (reference_pattern_parse(text, &pattern, &problem))
		fail_msg("\"%s\" was refused: %s", text, problem);
	assert_string_equal(pattern.text, text);
	return pattern;
}

static struct reference read_name(const char *text)
{
	struct reference reference;
	const char *problem = NULL;

	if (reference_parse(text, &reference, &problem))
		fail_msg("\"%s\" was refused: %s", text, problem);
	return reference;
}

/* The normal form is what an administrator reads in `latchctl check`. */
static const struct entry {
	const char *text;
	enum reference_pattern_kind kind;
	const char *normal;
} entries[] = {
	{"*", EVERY, "*"},
	{"docker", TAG, "docker.io/library/docker:latest"},
	{"docker:cli", TAG, "docker.io/library/docker:cli"},
	{"index.docker.io/docker:cli", TAG, "docker.io/library/docker:cli"},
	{"localhost:5000/allowed/cli:1", TAG, "localhost:5000/allowed/cli:1"},
	{"x@" DIGEST, BY_HASH, "docker.io/library/x@" DIGEST},
	/* Of a tag and a digest the digest counts. */
	{"x:1@" DIGEST, BY_HASH, "docker.io/library/x@" DIGEST},
	{"[::1]:5000/x@" DIGEST, BY_HASH, "[::1]:5000/x@" DIGEST},
	{"docker:*", ALL_TAGS, "docker.io/library/docker:*"},
	{"index.docker.io/docker:*", ALL_TAGS, "docker.io/library/docker:*"},
	{"docker.io/localstack/localstack:*", ALL_TAGS, "docker.io/localstack/localstack:*"},
	{"localhost:5000/x:*", ALL_TAGS, "localhost:5000/x:*"},
	{"[::1]:5000/x/y:*", ALL_TAGS, "[::1]:5000/x/y:*"},
	/* Names, not image ids: something stands behind them. */
	{"sha256:*", ALL_TAGS, "docker.io/library/sha256:*"},
	{HEX_64 ":*", ALL_TAGS, "docker.io/library/" HEX_64 ":*"},
	/* ECI's examples. */
	{"testcontainers/*:*", GLOB, "docker.io/testcontainers/*:*"},
	{"registry.example/ci-tools/*:*", GLOB, "registry.example/ci-tools/*:*"},
	/* An absent tag is latest, as everywhere. */
	{"registry.example/ci-tools/*", GLOB, "registry.example/ci-tools/*:latest"},
	{"registry.example/ci/app-*:1.2", GLOB, "registry.example/ci/app-*:1.2"},
	{"registry.example/*:*", GLOB, "registry.example/*:*"},
	{"registry.example/*/*:*", GLOB, "registry.example/*/*:*"},
	{"registry.example/*/app:1", GLOB, "registry.example/*/app:1"},
	{"registry.example/a*b*c/*-x:1", GLOB, "registry.example/a*b*c/*-x:1"},
	{"localhost:5000/*", GLOB, "localhost:5000/*:latest"},
	{"localhost/*:*", GLOB, "localhost/*:*"},
	{"Registry/*:*", GLOB, "Registry/*:*"},
	{"[::1]/a*:*", GLOB, "[::1]/a*:*"},
	/* One part without a registry is one of docker's official images. */
	{"alp*", GLOB, "docker.io/library/alp*:latest"},
	{"alp*:3", GLOB, "docker.io/library/alp*:3"},
	{"*pine:*", GLOB, "docker.io/library/*pine:*"},
	{"docker.io/alp*:*", GLOB, "docker.io/library/alp*:*"},
	{"docker.io/*:*", GLOB, "docker.io/library/*:*"},
	{"index.docker.io/*:1", GLOB, "docker.io/library/*:1"},
	{"library/*:*", GLOB, "docker.io/library/*:*"},
	{"docker.io/*/ryuk:*", GLOB, "docker.io/*/ryuk:*"},
	{"docker.io/*/*:*", GLOB, "docker.io/*/*:*"},
	/* What would be an id if the star were a digit is none. */
	{"0123abc*" HEX_32 HEX_8 HEX_8 HEX_8, GLOB,
		"docker.io/library/0123abc*" HEX_32 HEX_8 HEX_8 HEX_8 ":latest"},
	{"a.*-b_*", GLOB, "docker.io/library/a.*-b_*:latest"},
	{"x*:*", GLOB, "docker.io/library/x*:*"},
	{A_246 "*:*", GLOB, "docker.io/library/" A_246 "*:*"},
};

static void an_entry_has_a_kind_and_a_normal_form_that_reads_as_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct reference_pattern entry = read_entry(entries[i].text), again;
		char text[REFERENCE_TEXT_SIZE];

		if (entry.kind != entries[i].kind)
			fail_msg("\"%s\" is of kind %d", entries[i].text, entry.kind);
		reference_pattern_print(&entry, text);
		assert_string_equal(text, entries[i].normal);
		again = read_entry(text);
		assert_true(reference_pattern_same(&entry, &again));
		reference_pattern_print(&again, text);
		assert_string_equal(text, entries[i].normal);
		free(entry.text);
		free(again.text);
	}
}

static void entries_are_the_same_exactly_when_their_normal_forms_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct reference_pattern one = read_entry(entries[i].text);

		for (size_t j = 0; j < ARRAY_SIZE(entries); j++) {
			struct reference_pattern other = read_entry(entries[j].text);
			bool expected = !strcmp(entries[i].normal, entries[j].normal);

			if (reference_pattern_same(&one, &other) != expected)
				fail_msg("\"%s\" and \"%s\"", one.text, other.text);
			free(other.text);
		}
		free(one.text);
	}
}

/* What a caller of the parser sees of the parts. */
static void the_parts_of_an_entry_are_those_of_a_reference(void **state)
{
	static const struct {
		const char *text, *domain, *repository, *tag, *digest;
	} rows[] = {
		{"*", "", "", "", ""},
		{"x:1", "docker.io", "library/x", "1", ""},
		{"x:1@" DIGEST, "docker.io", "library/x", "", DIGEST},
		{"x:*", "docker.io", "library/x", "", ""},
		{"g/*x:*", "docker.io", "g/*x", "", ""},
		{"r.example/*/x*", "r.example", "*/x*", "latest", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reference_pattern entry = read_entry(rows[i].text);

		assert_string_equal(entry.reference.domain, rows[i].domain);
		assert_string_equal(entry.reference.repository, rows[i].repository);
		assert_string_equal(entry.reference.tag, rows[i].tag);
		assert_string_equal(entry.reference.digest, rows[i].digest);
		free(entry.text);
	}
}

enum { NO, REPOSITORY_ONLY, YES };

static const struct pair {
	const char *entry, *name;
	int covers;
} pairs[] = {
	{"*", "x", YES},
	{"*", "registry.example/a/b@" DIGEST, YES},
	/* A tag: that name, whoever wrote it how. */
	{"docker:cli", "docker:cli", YES},
	{"docker:cli", "docker.io/library/docker:cli", YES},
	{"docker", "docker:latest", YES},
	{"docker:cli", "docker:dind", REPOSITORY_ONLY},
	{"docker:cli", "docker", REPOSITORY_ONLY},
	{"docker:1", "docker:1.2", REPOSITORY_ONLY},
	{"docker:cli", "docker:CLI", REPOSITORY_ONLY},
	{"docker:cli", "localhost/docker:cli", NO},
	{"docker:cli", "localhost/library/docker:cli", NO},
	{"docker:cli", "DOCKER.IO/library/docker:cli", NO},
	{"docker:cli", "other/docker:cli", NO},
	{"docker:cli", "docker2:cli", NO},
	/* With a digest beside it, docker does not look at the tag: it is nobody's. */
	{"docker:cli", "docker@" DIGEST, REPOSITORY_ONLY},
	{"docker:cli", "docker:cli@" DIGEST, REPOSITORY_ONLY},
	{"docker", "docker@" DIGEST, REPOSITORY_ONLY},
	/* A digest: that digest, not the tag that stands beside it. */
	{"x@" DIGEST, "x@" DIGEST, YES},
	{"x@" DIGEST, "x:1@" DIGEST, YES},
	{"x:1@" DIGEST, "x:2@" DIGEST, YES},
	{"x:1@" DIGEST, "x:1@" OTHER, REPOSITORY_ONLY},
	{"x:1@" DIGEST, "x:1", REPOSITORY_ONLY},
	{"x@" DIGEST, "x", REPOSITORY_ONLY},
	{"x@" DIGEST, "x@" SHA512, REPOSITORY_ONLY},
	{"x@" DIGEST, "y@" DIGEST, NO},
	/* Every tag of one repository. */
	{"x:*", "x:1", YES},
	{"x:*", "x", YES},
	{"x:*", "x@" DIGEST, YES},
	{"x:*", "x:1@" SHA512, YES},
	{"x:*", "xy:1", NO},
	{"x:*", "x/y:1", NO},
	{"x:*", "y/x:1", NO},
	{"x:*", "localhost/x:1", NO},
	{"localhost:5000/x:*", "localhost:5001/x", NO},
	{"localhost:5000/x:*", "localhost/x:5000", NO},
	/* One part of the path: neither none, nor two. */
	{"testcontainers/*:*", "testcontainers/ryuk:0.5.1", YES},
	{"testcontainers/*:*", "docker.io/testcontainers/sshd@" DIGEST, YES},
	{"testcontainers/*:*", "testcontainers/a/b", NO},
	{"testcontainers/*:*", "testcontainers", NO},
	{"testcontainers/*:*", "testcontainers2/ryuk", NO},
	{"testcontainers/*:*", "library/testcontainers", NO},
	{"testcontainers/*:*", "localhost/testcontainers/ryuk", NO},
	{"testcontainers/*:*", "testcontainers.example/ryuk", NO},
	{"registry.example/*:*", "registry.example/a", YES},
	{"registry.example/*:*", "registry.example/a/b", NO},
	{"registry.example/*:*", "registry.example:443/a", NO},
	{"registry.example/*:*", "other.example/a", NO},
	/* One part without a registry looks like the tag of another: by docker's rule it is none.
	 */
	{"registry.example/*:*", "registry.example:1", NO},
	{"registry.example/*/*:*", "registry.example/a/b:1", YES},
	{"registry.example/*/*:*", "registry.example/a:1", NO},
	{"registry.example/*/*:*", "registry.example/a/b/c:1", NO},
	{"registry.example/*/app:*", "registry.example/a/app", YES},
	{"registry.example/*/app:*", "registry.example/a/b/app", NO},
	{"registry.example/*/app:*", "registry.example/a/apps", NO},
	{"registry.example/ci/*/app:*", "registry.example/ci/x/app", YES},
	{"registry.example/ci/*/app:*", "registry.example/ci/app", NO},
	/* Some characters of one part, or none. */
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app-x:1.2", YES},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app-x-y.z:1.2", YES},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app-x:1.3", REPOSITORY_ONLY},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app-x", REPOSITORY_ONLY},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app-x@" DIGEST, REPOSITORY_ONLY},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app-x:1.2@" DIGEST, REPOSITORY_ONLY},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app:1.2", NO},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/app-x/y:1.2", NO},
	{"registry.example/ci/app-*:1.2", "registry.example/ci/my-app-x:1.2", NO},
	{"registry.example/ci/app-*:1.2", "registry.example/x/ci/app-x:1.2", NO},
	{"registry.example/*-cli", "registry.example/a-cli", YES},
	{"registry.example/*-cli", "registry.example/a-cli-cli:latest", YES},
	{"registry.example/*-cli", "registry.example/a-cli:1", REPOSITORY_ONLY},
	{"registry.example/*-cli", "registry.example/a-client", NO},
	{"registry.example/a*:*", "registry.example/a", YES},
	{"registry.example/a*a:*", "registry.example/aa", YES},
	{"registry.example/a*a:*", "registry.example/a", NO},
	{"registry.example/a*b*c:*", "registry.example/abc", YES},
	{"registry.example/a*b*c:*", "registry.example/axbxbxcxc", YES},
	{"registry.example/a*b*c:*", "registry.example/axbx", NO},
	{"registry.example/a*b*c:*", "registry.example/acb", NO},
	{"registry.example/a*/b:*", "registry.example/axx/b", YES},
	{"registry.example/a*/b:*", "registry.example/ax/b/b", NO},
	{"registry.example/a*/b:*", "registry.example/ax/c", NO},
	{"registry.example/a*/b*/c:*", "registry.example/a1/b1/c", YES},
	{"registry.example/a*/b*/c:*", "registry.example/a1/x/b1/c", NO},
	{"registry.example/*aab:*", "registry.example/aaaab", YES},
	/* The default registry. */
	{"alp*:*", "alpine:3", YES},
	{"alp*:*", "docker.io/library/alpine", YES},
	{"alp*", "alpine", YES},
	{"alp*", "alpine:3", REPOSITORY_ONLY},
	{"alp*:*", "alp/ine", NO},
	{"alp*:*", "alpine/git", NO},
	{"alp*:*", "alp.example/ine", NO},
	{"alp*:*", "localhost/alpine", NO},
	{"docker.io/*:*", "alpine:3", YES},
	{"docker.io/*:*", "anybody/alpine:3", NO},
	{"docker.io/*/ryuk:*", "anybody/ryuk:3", YES},
	{"docker.io/*/ryuk:*", "ryuk.example/ryuk:3", NO},
	{"docker.io/*/*:*", "anybody/ryuk:3", YES},
	{"docker.io/*/*:*", "alpine", YES},
	{"docker.io/*/*:*", "registry.example/ryuk:3", NO},
	/* A name is not a pattern's text: '.' is a full stop. */
	{"registry.example/a.b*:*", "registry.example/a-b", NO},
};

static void an_entry_covers_these_names_and_not_those(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct reference_pattern entry = read_entry(pairs[i].entry);
		struct reference name = read_name(pairs[i].name);

		if (reference_pattern_covers(&entry, &name) != (pairs[i].covers == YES))
			fail_msg("\"%s\" and the name \"%s\"", pairs[i].entry, pairs[i].name);
		if (reference_pattern_covers_repository(&entry, &name) != (pairs[i].covers != NO))
			fail_msg("\"%s\" and the repository of \"%s\"", pairs[i].entry,
				pairs[i].name);
		free(entry.text);
	}
}

static const struct refused {
	const char *text, *sentence;
} refused[] = {
	/* A registry is written out, or could be. */
	{"*.example/x", "in the registry's name"},
	{"*.example/*:*", "in the registry's name"},
	{"registry.*/x:*", "in the registry's name"},
	{"localhost:*/x:*", "in the registry's name"},
	{"*:5000/x", "in the registry's name"},
	{"R*/x", "in the registry's name"},
	{"[::*]:5000/x", "in the registry's name"},
	{"*/x", "where a registry could be"},
	{"*/*:*", "where a registry could be"},
	{"*/*", "where a registry could be"},
	{"loc*/x:*", "where a registry could be"},
	{"*host/x:*", "where a registry could be"},
	{"test*/a/b:*", "where a registry could be"},
	{"*/", "where a registry could be"},
	/* Everything, or the official images? */
	{"*:*", "a star alone is no repository's name"},
	{"*:1", "a star alone is no repository's name"},
	{"*:latest", "a star alone is no repository's name"},
	{"*:", "a star alone is no repository's name"},
	{"*:1*", "a star alone is no repository's name"},
	/* A part of the tag. */
	{"x:1.*", "a part of the tag"},
	{"x:*-alpine", "a part of the tag"},
	{"registry.example/x*:1.*", "a part of the tag"},
	{"registry.example/*:v*", "a part of the tag"},
	{"x:*:*", "a part of the tag"},
	/* A digest. */
	{"*@" DIGEST, "a star and a digest"},
	{"x*@" DIGEST, "a star and a digest"},
	{"x:*@" DIGEST, "a star and a digest"},
	{"group/*:1@" DIGEST, "a star and a digest"},
	{"group/*:*@" DIGEST, "a star and a digest"},
	{"x@*", "a star and a digest"},
	{"x:1@sha256:*", "a star and a digest"},
	{"x@sha256:" HEX_32 "*", "a star and a digest"},
	{"x@" SHA512, "compared by their sha256 digests"},
	{"x:1@" SHA512, "compared by their sha256 digests"},
	/* Across parts. */
	{"**", "two stars"},
	{"group/**:*", "two stars"},
	{"group/**", "two stars"},
	{"group/**/x:*", "two stars"},
	{"registry.example/***/x:*", "two stars"},
	{"x:**", "two stars"},
	{"**/x", "two stars"},
	/* Other tools' wildcards. */
	{"x?", "only * is a wildcard"},
	{"group/?:*", "only * is a wildcard"},
	{"x:?", "only * is a wildcard"},
	{"?/x", "only * is a wildcard"},
	{"x[0-9]:*", "only * is a wildcard"},
	{"group/[ab]*:*", "only * is a wildcard"},
	{"[ab]/x", "only * is a wildcard"},
	{"[ab]*", "only * is a wildcard"},
	{"[::1]:5000/[ab]*", "only * is a wildcard"},
	{"[::1]:5000/a?", "only * is a wildcard"},
	/* No name could have such a repository, whatever the star stood for. */
	{"registry.example/-*:*", "made of a-z and 0-9"},
	{"registry.example/*-:*", "made of a-z and 0-9"},
	{"registry.example/a..*:*", "made of a-z and 0-9"},
	{"registry.example/a-_*:*", "made of a-z and 0-9"},
	{"registry.example/*//x:*", "made of a-z and 0-9"},
	{"registry.example/*/:*", "made of a-z and 0-9"},
	{"group/{a,b}*:*", "made of a-z and 0-9"},
	{"group/\\*:*", "made of a-z and 0-9"},
	{"registry.example/App-*:1", "must be in lower case"},
	{A_246 "a*:*", "longer than 255"},
	/* What is wrong in a reference is wrong with a star, too. */
	{"", "cannot be empty"},
	{" *", "white space"},
	{"* ", "white space"},
	{"*\n", "white space"},
	{"group/* :1", "white space"},
	{"group/* :[1]", "white space"},
	{"https://registry.example/*:*", "has no scheme"},
	{"https://registry.example/x?y=1", "has no scheme"},
	{"Docker", "must be in lower case"},
	{"Docker:*", "must be in lower case"},
	{HEX_64, "is an image id"},
	{DIGEST, "is an image id"},
	{"registry.example/x*:", "a tag has 1 to 128"},
	{"registry.example/*:-", "a tag has 1 to 128"},
	{"registry.example/*:1/x", "a tag has 1 to 128"},
	{"registry.example/:*", "name of the repository is missing"},
	{":*", "name of the repository is missing"},
	{"example./*:*", "not a registry's host"},
	{"foo_bar.example/*:*", "not a registry's host"},
};

static void what_reaches_too_far_is_refused_with_what_to_write_instead(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct reference_pattern pattern, before;
		const char *problem = NULL;

		memset(&pattern, 0x5a, sizeof(pattern));
		before = pattern;
		if (reference_pattern_parse(refused[i].text, &pattern, &problem) != -EINVAL)
			fail_msg("\"%s\" was accepted", refused[i].text);
		if (!strstr(problem, refused[i].sentence))
			fail_msg("\"%s\" was refused because: %s", refused[i].text, problem);
		assert_memory_equal(&pattern, &before, sizeof(before));
	}
}

/* What the sentences say to write is itself read. */
static void what_a_refusal_says_to_write_is_read(void **state)
{
	static const char *const advice[] = {"group/*:*", "group/*/*:*", "docker.io/*/name:*", "*",
		"docker.io/library/*:*", "name@" DIGEST};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(advice); i++) {
		struct reference_pattern pattern = read_entry(advice[i]);

		free(pattern.text);
	}
}

static void no_star_put_anywhere_makes_an_entry_cover_another_registry(void **state)
{
	static const char *const names[] = {"registry.example/ci/app:1", "localhost:5000/x/y:1",
		"group/app:1", "alpine:3", "[::1]:5000/x:1"};
	/* Each is of a registry that none of the names has. */
	static const char *const others[] = {"evil.example/ci/app:1",
		"registry.example.evil/ci/app:1", "registry.exampl/ci/app:1",
		"localhost:5001/x/y:1", "evil.example/group/app:1", "group.example/app:1",
		"evil.example/alpine:3", "evil.example/library/alpine:3", "[::2]:5000/x:1",
		"Evil/x:1"};
	size_t read = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t from = 0; from < strlen(names[i]); from++)
			for (size_t to = from; to <= strlen(names[i]); to++) {
				struct reference_pattern pattern;
				const char *problem;
				char text[128];

				/* A star in place of [from, to). */
				snprintf(text, sizeof(text), "%.*s*%s", (int)from, names[i],
					names[i] + to);
				if (!strcmp(text, "*") ||
					reference_pattern_parse(text, &pattern, &problem) < 0)
					continue;
				read++;
				for (size_t j = 0; j < ARRAY_SIZE(others); j++) {
					struct reference other = read_name(others[j]);

					if (reference_pattern_covers_repository(&pattern, &other))
						fail_msg("\"%s\" covers \"%s\"", text, others[j]);
				}
				free(pattern.text);
			}
	/* Many of them are entries: at least every cut within the last part of each name. */
	assert_true(read > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_has_a_kind_and_a_normal_form_that_reads_as_itself),
		cmocka_unit_test(entries_are_the_same_exactly_when_their_normal_forms_are),
		cmocka_unit_test(the_parts_of_an_entry_are_those_of_a_reference),
		cmocka_unit_test(an_entry_covers_these_names_and_not_those),
		cmocka_unit_test(what_reaches_too_far_is_refused_with_what_to_write_instead),
		cmocka_unit_test(what_a_refusal_says_to_write_is_read),
		cmocka_unit_test(no_star_put_anywhere_makes_an_entry_cover_another_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
