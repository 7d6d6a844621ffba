// SPDX-License-Identifier: Apache-2.0
/*
 * The grammar and the normalisation of docker's image references, row by row. The expected parts
 * are written from the grammar in the package documentation of github.com/distribution/reference
 * and its rule for the default registry; the rows that latch refuses and the original accepts say
 * so. Then the entries of ECI's image list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "reference.h"
#include "util.h"

#define HEX_8  "0123abcd"
#define HEX_64 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8
#define DIGEST "sha256:" HEX_64
#define A_10   "aaaaaaaaaa"
#define A_50   A_10 A_10 A_10 A_10 A_10
#define A_128  A_50 A_50 A_10 A_10 "aaaaaaaa"
#define A_239  A_50 A_50 A_50 A_50 A_10 A_10 A_10 "aaaaaaaaa"
/* docker.io/library/ is 18 characters: 255 in all with 237 more. */
#define A_237 A_50 A_50 A_50 A_50 A_10 A_10 A_10 "aaaaaaa"

static const struct accepted {
	const char *text, *domain, *repository, *tag, *digest;
} accepted[] = {
	/* One component: an official image of the default registry, latest where nothing is said.
	 */
	{"docker", "docker.io", "library/docker", "latest", ""},
	{"docker:cli", "docker.io", "library/docker", "cli", ""},
	{"a", "docker.io", "library/a", "latest", ""},
	{"7", "docker.io", "library/7", "latest", ""},
	{"ubuntu-12.04-base", "docker.io", "library/ubuntu-12.04-base", "latest", ""},
	/* Without a slash there is no registry: what looks like a port is a tag. */
	{"localhost", "docker.io", "library/localhost", "latest", ""},
	{"localhost:5000", "docker.io", "library/localhost", "5000", ""},
	{"registry.example", "docker.io", "library/registry.example", "latest", ""},
	{"registry.example:5000", "docker.io", "library/registry.example", "5000", ""},
	{"192.168.0.1:80", "docker.io", "library/192.168.0.1", "80", ""},
	{"index.docker.io", "docker.io", "library/index.docker.io", "latest", ""},
	/* Two components without a dot, colon or capital in front: a namespace. */
	{"docker/docker", "docker.io", "docker/docker", "latest", ""},
	{"library/debian", "docker.io", "library/debian", "latest", ""},
	{"library/foo/bar", "docker.io", "library/foo/bar", "latest", ""},
	{"testcontainers/ryuk:0.5.1", "docker.io", "testcontainers/ryuk", "0.5.1", ""},
	{"test_com/foo", "docker.io", "test_com/foo", "latest", ""},
	{"localhosts/x", "docker.io", "localhosts/x", "latest", ""},
	/* The default registry spelt out, and under its old name. */
	{"docker.io/debian", "docker.io", "library/debian", "latest", ""},
	{"docker.io/library/debian", "docker.io", "library/debian", "latest", ""},
	{"docker.io/docker/docker:1", "docker.io", "docker/docker", "1", ""},
	{"index.docker.io/debian:9", "docker.io", "library/debian", "9", ""},
	{"index.docker.io/library/debian", "docker.io", "library/debian", "latest", ""},
	{"index.docker.io/fooo/bar", "docker.io", "fooo/bar", "latest", ""},
	{"registry-1.docker.io/debian", "registry-1.docker.io", "debian", "latest", ""},
	/* Other registries: nothing is put in front of the repository. */
	{"localhost/x", "localhost", "x", "latest", ""},
	{"localhost:5000/allowed/cli:1", "localhost:5000", "allowed/cli", "1", ""},
	{"test:5000/repo", "test:5000", "repo", "latest", ""},
	{"registry.example/ci-tools/cli", "registry.example", "ci-tools/cli", "latest", ""},
	{"registry.example:8000/named:tagged", "registry.example:8000", "named", "tagged", ""},
	{"127.0.0.1:5000/library/debian", "127.0.0.1:5000", "library/debian", "latest", ""},
	{"192.168.1.1/repo", "192.168.1.1", "repo", "latest", ""},
	{"192.168.1.1:5000/repo:5050", "192.168.1.1:5000", "repo", "5050", ""},
	{"sub-dom1.foo.example/bar/baz/quux:some-long-tag", "sub-dom1.foo.example", "bar/baz/quux",
		"some-long-tag", ""},
	{"b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io", "test.example.com/my-app",
		"test.example.com", ""},
	{"xn--n3h.com:18080/foo", "xn--n3h.com:18080", "foo", "latest", ""},
	{"x.y/z", "x.y", "z", "latest", ""},
	{"x--y.example/z", "x--y.example", "z", "latest", ""},
	/* Capitals are legal in a host, and make the first component one. Case is kept. */
	{"Docker/docker", "Docker", "docker", "latest", ""},
	{"DOCKER.IO/debian", "DOCKER.IO", "debian", "latest", ""},
	{"Localhost:5000/x", "Localhost:5000", "x", "latest", ""},
	/* IPv6 in brackets. */
	{"[2001:db8::1]/repo", "[2001:db8::1]", "repo", "latest", ""},
	{"[fc00::1]:5000/docker/docker:t", "[fc00::1]:5000", "docker/docker", "t", ""},
	{"[::1]:5000/repo@" DIGEST, "[::1]:5000", "repo", "", DIGEST},
	/* Separators inside a component: '.', '_', '__', any number of '-'. */
	{"docker---rules/docker", "docker.io", "docker---rules/docker", "latest", ""},
	{"dock__er/a.b_c-d", "docker.io", "dock__er/a.b_c-d", "latest", ""},
	{"foo_bar.com:8080", "docker.io", "library/foo_bar.com", "8080", ""},
	{"foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080", ""},
	/* Tags: capitals, a leading underscore, dots and dashes, 128 characters. */
	{"lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase", ""},
	{"x:_", "docker.io", "library/x", "_", ""},
	{"x:1.0-rc.1_a", "docker.io", "library/x", "1.0-rc.1_a", ""},
	{"x:a..--", "docker.io", "library/x", "a..--", ""},
	{"x:" A_128, "docker.io", "library/x", A_128, ""},
	{"x:" HEX_64, "docker.io", "library/x", HEX_64, ""},
	/* Digests: no latest beside them; a tag beside them is kept. */
	{"redis@" DIGEST, "docker.io", "library/redis", "", DIGEST},
	{"dmcgowan/myapp@" DIGEST, "docker.io", "dmcgowan/myapp", "", DIGEST},
	{"test:5000/repo@" DIGEST, "test:5000", "repo", "", DIGEST},
	{"busybox:latest@" DIGEST, "docker.io", "library/busybox", "latest", DIGEST},
	{"test:5000/repo:tag@" DIGEST, "test:5000", "repo", "tag", DIGEST},
	/* 64 hexadecimal digits are an id only when nothing else is there. */
	{"docker.io/" HEX_64, "docker.io", "library/" HEX_64, "latest", ""},
	{HEX_64 "a", "docker.io", "library/" HEX_64 "a", "latest", ""},
	{"0123abcd", "docker.io", "library/0123abcd", "latest", ""},
	{HEX_64 ":1", "docker.io", "library/" HEX_64, "1", ""},
	/* The longest names. */
	{A_237, "docker.io", "library/" A_237, "latest", ""},
	{"docker.io/" A_237 ":" A_128, "docker.io", "library/" A_237, A_128, ""},
	{"localhost:5000/" A_239 "a", "localhost:5000", A_239 "a", "latest", ""},
};

static const struct refused {
	const char *text, *sentence;
} refused[] = {
	{"", "cannot be empty"},
	{":justtag", "name of the repository is missing"},
	{"@" DIGEST, "name of the repository is missing"},
	{"localhost:5000/", "name of the repository is missing"},
	{"localhost:5000/:1", "name of the repository is missing"},
	{"docker/", "made of a-z and 0-9"},
	{"/docker", "made of a-z and 0-9"},
	{"docker//docker", "made of a-z and 0-9"},
	{"docker///docker", "made of a-z and 0-9"},
	{"docker.io/docker///docker", "made of a-z and 0-9"},
	{"Docker", "must be in lower case"},
	{"docker/Docker", "must be in lower case"},
	{"docker.io/docker/Docker", "must be in lower case"},
	{"test:5000/Uppercase/lowercase:tag", "must be in lower case"},
	{"-docker", "made of a-z and 0-9"},
	{"docker-", "made of a-z and 0-9"},
	{"docker-/docker", "made of a-z and 0-9"},
	{"_docker/_docker", "made of a-z and 0-9"},
	{"____/____", "made of a-z and 0-9"},
	{"dock___er/docker", "made of a-z and 0-9"},
	{"dock-_er/docker", "made of a-z and 0-9"},
	{"x/dock..er", "made of a-z and 0-9"},
	{"x/dock_.er", "made of a-z and 0-9"},
	{"aa/asdf$$^/aa", "made of a-z and 0-9"},
	{"x/../y", "made of a-z and 0-9"},
	{"caf\xc3\xa9", "made of a-z and 0-9"},
	{"x\x7f", "made of a-z and 0-9"},
	{"-docker.io/docker/docker", "not a registry's host"},
	{"docker-.io/docker", "not a registry's host"},
	{".example/x", "not a registry's host"},
	{"example./x", "not a registry's host"},
	{"a..b/x", "not a registry's host"},
	{"./x", "not a registry's host"},
	{"registry.example:/x", "not a registry's host"},
	{"registry.example:80a/x", "not a registry's host"},
	{":80/x", "not a registry's host"},
	{"fc00::1:5000/debian", "not a registry's host"},
	{"[]:5000/x", "not a registry's host"},
	{"[::1/x", "not a registry's host"},
	{"[::1]5000/x", "not a registry's host"},
	{"[::1]:/x", "not a registry's host"},
	{"[fe80::1%eth0]:5000/debian", "not a registry's host"},
	{"[2001:db8:3:4::192.0.2.33]:5000/debian", "not a registry's host"},
	/* The original reads this as a name without any registry; latch does not. */
	{"foo_bar.example/x", "not a registry's host"},
	{"[fc00::1]", "made of a-z and 0-9"},
	{"[fc00::1]:5000", "made of a-z and 0-9"},
	{"https://github.com/docker/docker", "has no scheme"},
	{"docker://debian", "has no scheme"},
	{" debian", "white space"},
	{"debian\n", "white space"},
	{"debian latest", "white space"},
	{"x:", "a tag has 1 to 128"},
	{"x:-foo", "a tag has 1 to 128"},
	{"x:.foo", "a tag has 1 to 128"},
	{"x:a:b", "a tag has 1 to 128"},
	/* With a slash behind it, a colon in the first component makes that a registry. */
	{"x:a/b", "not a registry's host"},
	{"x/y:a/b", "a tag has 1 to 128"},
	{"x:a+b", "a tag has 1 to 128"},
	{"x:" A_128 "a", "a tag has 1 to 128"},
	{"x:@" DIGEST, "a tag has 1 to 128"},
	{"x@", "must be sha256:"},
	{"x@" HEX_64, "must be sha256:"},
	{"x@SHA256:" HEX_64, "must be sha256:"},
	{"x@md5:" HEX_64, "must be sha256:"},
	/* The original knows sha384 and sha512 too; no registry that latch asks gives those. */
	{"x@sha512:" HEX_64 HEX_64, "must be sha256:"},
	{"x@sha256:", "exactly 64"},
	{"x@sha256:abcd", "exactly 64"},
	{"x@" DIGEST "0", "exactly 64"},
	{"x@sha256:0123ABCD" HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8, "exactly 64"},
	{"x@sha256:0123abcg" HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 HEX_8, "exactly 64"},
	{"x@" DIGEST "@" DIGEST, "exactly 64"},
	{"x@" DIGEST ":tag", "exactly 64"},
	{HEX_64, "is an image id"},
	/* A tag of a repository `sha256` for the parser, but an id for the engine's look-up. */
	{DIGEST, "is an image id"},
	{A_237 "a", "longer than 255"},
	{"docker.io/" A_237 "a", "longer than 255"},
	{"localhost:5000/" A_239 "aa", "longer than 255"},
	{A_239 A_50 ".example/x", "longer than 255"},
};

static void check_accepted(const struct accepted *row)
{
	struct reference reference;
	const char *problem = NULL;

	if (reference_parse(row->text, &reference, &problem))
		fail_msg("\"%s\" was refused: %s", row->text, problem);
	if (strcmp(reference.domain, row->domain) ||
		strcmp(reference.repository, row->repository) || strcmp(reference.tag, row->tag) ||
		strcmp(reference.digest, row->digest))
		fail_msg("\"%s\" was read as domain \"%s\" repository \"%s\" tag \"%s\" digest "
			 "\"%s\"",
			row->text, reference.domain, reference.repository, reference.tag,
			reference.digest);
}

static void references_are_read_and_normalised_as_docker_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
		check_accepted(&accepted[i]);
}

static void a_normalised_reference_reads_as_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		const struct accepted *row = &accepted[i];
		struct accepted again = *row;
		char text[1024];

		snprintf(text, sizeof(text), "%s/%s%s%s%s%s", row->domain, row->repository,
			row->tag[0] ? ":" : "", row->tag, row->digest[0] ? "@" : "", row->digest);
		again.text = text;
		check_accepted(&again);
	}
}

static void malformed_references_are_refused_with_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct reference reference, before;
		const char *problem = NULL;

		memset(&reference, 0x5a, sizeof(reference));
		before = reference;
		if (reference_parse(refused[i].text, &reference, &problem) != -EINVAL)
			fail_msg("\"%s\" was accepted", refused[i].text);
		if (!strstr(problem, refused[i].sentence))
			fail_msg("\"%s\" was refused because: %s", refused[i].text, problem);
		assert_memory_equal(&reference, &before, sizeof(before));
	}
}

static void every_accepted_name_is_refused_with_a_stray_byte_in_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		char text[1024];
		size_t length = strlen(accepted[i].text);

		for (size_t at = 0; at <= length; at++) {
			struct reference reference;
			const char *problem;

			snprintf(text, sizeof(text), "%.*s\x01%s", (int)at, accepted[i].text,
				accepted[i].text + at);
			assert_int_equal(reference_parse(text, &reference, &problem), -EINVAL);
		}
	}
}

static void check_pattern(const char *text, enum reference_pattern_kind kind, const char *domain,
	const char *repository, const char *tag, const char *digest)
{
	struct reference_pattern pattern;
	const char *problem = NULL;

	if (reference_pattern_parse(text, &pattern, &problem))
		fail_msg("\"%s\" was refused: %s", text, problem);
	assert_int_equal(pattern.kind, kind);
	assert_string_equal(pattern.reference.domain, domain);
	assert_string_equal(pattern.reference.repository, repository);
	assert_string_equal(pattern.reference.tag, tag);
	assert_string_equal(pattern.reference.digest, digest);
	assert_string_equal(pattern.text, text);
	free(pattern.text);
}

static void an_entry_is_a_tag_a_digest_or_everything(void **state)
{
	(void)state;
	check_pattern("docker", REFERENCE_TAG, "docker.io", "library/docker", "latest", "");
	check_pattern("docker:cli", REFERENCE_TAG, "docker.io", "library/docker", "cli", "");
	check_pattern("localhost:5000/allowed/cli:1", REFERENCE_TAG, "localhost:5000",
		"allowed/cli", "1", "");
	check_pattern("x@" DIGEST, REFERENCE_DIGEST, "docker.io", "library/x", "", DIGEST);
	check_pattern("*", REFERENCE_EVERY, "", "", "", "");
}

static void of_a_tag_and_a_digest_in_one_entry_the_digest_counts(void **state)
{
	(void)state;
	check_pattern("x:1@" DIGEST, REFERENCE_DIGEST, "docker.io", "library/x", "", DIGEST);
}

static void unsupported_and_malformed_entries_are_refused_by_name(void **state)
{
	static const struct refused entries[] = {
		{"docker:*", "wildcard tag (name:*) is not supported by this version"},
		{"localhost:5000/x:*", "wildcard tag (name:*) is not supported by this version"},
		{"testcontainers/*:*", "wildcards in the repository"},
		{"registry.example/ci-tools/*:*", "wildcards in the repository"},
		{"registry.example/ci-tools/*", "wildcards in the repository"},
		{"*:*", "wildcards in the repository"},
		{"*:1", "wildcards in the repository"},
		{"**", "wildcards in the repository"},
		{"*/x", "wildcards in the repository"},
		{"x?", "wildcards in the repository"},
		{"*@" DIGEST, "wildcards in the repository"},
		{"*.example/x", "wildcards in the registry"},
		{"localhost:*/x:*", "wildcards in the registry"},
		{"x:1.*", "a part of a tag or digest"},
		{"x:1@sha256:*", "a part of a tag or digest"},
		{"", "cannot be empty"},
		{" *", "white space"},
		{"Docker", "must be in lower case"},
		{HEX_64, "is an image id"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct reference_pattern pattern = {.text = NULL};
		const char *problem = NULL;

		if (reference_pattern_parse(entries[i].text, &pattern, &problem) != -EINVAL)
			fail_msg("\"%s\" was accepted", entries[i].text);
		if (!strstr(problem, entries[i].sentence))
			fail_msg("\"%s\" was refused because: %s", entries[i].text, problem);
		assert_null(pattern.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_read_and_normalised_as_docker_does),
		cmocka_unit_test(a_normalised_reference_reads_as_itself),
		cmocka_unit_test(malformed_references_are_refused_with_the_reason),
		cmocka_unit_test(every_accepted_name_is_refused_with_a_stray_byte_in_it),
		cmocka_unit_test(an_entry_is_a_tag_a_digest_or_everything),
		cmocka_unit_test(of_a_tag_and_a_digest_in_one_entry_the_digest_counts),
		cmocka_unit_test(unsupported_and_malformed_entries_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
