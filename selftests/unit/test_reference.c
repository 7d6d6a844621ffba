// SPDX-License-Identifier: Apache-2.0
/*
 * The grammar and the normalisation of docker's image references, row by row. The expected parts
 * are written from the grammar in the package documentation of github.com/distribution/reference
 * and its rule for the default registry; the rows that latch refuses and the original accepts say
 * so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "reference.h"
#include "util.h"

#define HEX_8   "0123abcd"
#define HEX_32  HEX_8 HEX_8 HEX_8 HEX_8
#define HEX_64  HEX_32 HEX_32
#define HEX_128 HEX_64 HEX_64
#define DIGEST  "sha256:" HEX_64
#define SHA512  "sha512:" HEX_128
#define A_10    "aaaaaaaaaa"
#define A_50    A_10 A_10 A_10 A_10 A_10
#define A_128   A_50 A_50 A_10 A_10 "aaaaaaaa"
#define A_255   A_50 A_50 A_50 A_50 A_50 "aaaaa"
/* library/ is 8 characters: 255 in all with 247 more. */
#define A_247 A_50 A_50 A_50 A_50 A_10 A_10 A_10 A_10 "aaaaaaa"

/* A name that is read has its parts; of one that is refused, what its sentence has to name. */
#define READ(text, domain, repository, tag, digest)                                                \
	{                                                                                          \
		text, domain, repository, tag, digest, NULL                                        \
	}
#define REFUSED(text, sentence)                                                                    \
	{                                                                                          \
		text, NULL, NULL, NULL, NULL, sentence                                             \
	}

static const struct row {
	const char *text, *domain, *repository, *tag, *digest, *refused;
} rows[] = {
	/* One component: an official image of the default registry, latest where no tag is
	   said. */
	READ("docker", "docker.io", "library/docker", "latest", ""),
	READ("docker:cli", "docker.io", "library/docker", "cli", ""),
	READ("a", "docker.io", "library/a", "latest", ""),
	READ("7", "docker.io", "library/7", "latest", ""),
	READ("ubuntu-12.04-base", "docker.io", "library/ubuntu-12.04-base", "latest", ""),
	/* Without a slash there is no registry: what looks like a port is a tag. */
	READ("localhost", "docker.io", "library/localhost", "latest", ""),
	READ("localhost:5000", "docker.io", "library/localhost", "5000", ""),
	READ("registry.example", "docker.io", "library/registry.example", "latest", ""),
	READ("registry.example:5000", "docker.io", "library/registry.example", "5000", ""),
	READ("192.168.0.1:80", "docker.io", "library/192.168.0.1", "80", ""),
	READ("index.docker.io", "docker.io", "library/index.docker.io", "latest", ""),
	/* Two components without a dot, colon or capital in front: a namespace. */
	READ("docker/docker", "docker.io", "docker/docker", "latest", ""),
	READ("library/debian", "docker.io", "library/debian", "latest", ""),
	READ("library/foo/bar", "docker.io", "library/foo/bar", "latest", ""),
	READ("testcontainers/ryuk:0.5.1", "docker.io", "testcontainers/ryuk", "0.5.1", ""),
	READ("test_com/foo", "docker.io", "test_com/foo", "latest", ""),
	READ("localhosts/x", "docker.io", "localhosts/x", "latest", ""),
	/* The default registry spelt out, and under its old name. */
	READ("docker.io/debian", "docker.io", "library/debian", "latest", ""),
	READ("docker.io/library/debian", "docker.io", "library/debian", "latest", ""),
	READ("docker.io/docker/docker:1", "docker.io", "docker/docker", "1", ""),
	READ("index.docker.io/debian:9", "docker.io", "library/debian", "9", ""),
	READ("index.docker.io/library/debian", "docker.io", "library/debian", "latest", ""),
	READ("index.docker.io/fooo/bar", "docker.io", "fooo/bar", "latest", ""),
	READ("registry-1.docker.io/debian", "registry-1.docker.io", "debian", "latest", ""),
	/* Other registries: nothing is put in front of the repository. */
	READ("localhost/x", "localhost", "x", "latest", ""),
	READ("localhost:5000/allowed/cli:1", "localhost:5000", "allowed/cli", "1", ""),
	READ("test:5000/repo", "test:5000", "repo", "latest", ""),
	READ("registry.example/ci-tools/cli", "registry.example", "ci-tools/cli", "latest", ""),
	READ("registry.example:8000/named:tagged", "registry.example:8000", "named", "tagged", ""),
	READ("127.0.0.1:5000/library/debian", "127.0.0.1:5000", "library/debian", "latest", ""),
	READ("192.168.1.1/repo", "192.168.1.1", "repo", "latest", ""),
	READ("192.168.1.1:5000/repo:5050", "192.168.1.1:5000", "repo", "5050", ""),
	READ("sub-dom1.foo.example/bar/baz/quux:some-long-tag", "sub-dom1.foo.example",
		"bar/baz/quux", "some-long-tag", ""),
	READ("b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io",
		"test.example.com/my-app", "test.example.com", ""),
	READ("xn--n3h.com:18080/foo", "xn--n3h.com:18080", "foo", "latest", ""),
	READ("x.y/z", "x.y", "z", "latest", ""),
	READ("x--y.example/z", "x--y.example", "z", "latest", ""),
	/* Capitals are legal in a host, and make the first component one. Case is kept. */
	READ("Docker/docker", "Docker", "docker", "latest", ""),
	READ("DOCKER.IO/debian", "DOCKER.IO", "debian", "latest", ""),
	READ("Localhost:5000/x", "Localhost:5000", "x", "latest", ""),
	/* IPv6 in brackets. */
	READ("[2001:db8::1]/repo", "[2001:db8::1]", "repo", "latest", ""),
	READ("[fc00::1]:5000/docker/docker:t", "[fc00::1]:5000", "docker/docker", "t", ""),
	READ("[2001:DB8:1:2:3:4:5:6]/a/b:t", "[2001:DB8:1:2:3:4:5:6]", "a/b", "t", ""),
	READ("[::1]:5000/repo@" DIGEST, "[::1]:5000", "repo", "", DIGEST),
	/* Separators inside a component: '.', '_', '__', any number of '-'. */
	READ("docker---rules/docker", "docker.io", "docker---rules/docker", "latest", ""),
	READ("dock__er/a.b_c-d", "docker.io", "dock__er/a.b_c-d", "latest", ""),
	READ("foo_bar.com:8080", "docker.io", "library/foo_bar.com", "8080", ""),
	READ("foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080", ""),
	/* Tags: capitals, a leading underscore, dots and dashes, 128 characters. */
	READ("lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase", ""),
	READ("x:_", "docker.io", "library/x", "_", ""),
	READ("x:1.0-rc.1_a", "docker.io", "library/x", "1.0-rc.1_a", ""),
	READ("x:a..--", "docker.io", "library/x", "a..--", ""),
	READ("x:" A_128, "docker.io", "library/x", A_128, ""),
	READ("x:" HEX_64, "docker.io", "library/x", HEX_64, ""),
	/* Digests: no latest beside them; a tag beside them is kept. */
	READ("redis@" DIGEST, "docker.io", "library/redis", "", DIGEST),
	READ("dmcgowan/myapp@" DIGEST, "docker.io", "dmcgowan/myapp", "", DIGEST),
	READ("test:5000/repo@" DIGEST, "test:5000", "repo", "", DIGEST),
	READ("busybox:latest@" DIGEST, "docker.io", "library/busybox", "latest", DIGEST),
	READ("redis@" SHA512, "docker.io", "library/redis", "", SHA512),
	READ("redis:7@" SHA512, "docker.io", "library/redis", "7", SHA512),
	READ("test:5000/repo:tag@" DIGEST, "test:5000", "repo", "tag", DIGEST),
	/* 64 hexadecimal digits are an id only when nothing else is there. */
	READ("docker.io/" HEX_64, "docker.io", "library/" HEX_64, "latest", ""),
	READ(HEX_64 "a", "docker.io", "library/" HEX_64 "a", "latest", ""),
	READ("0123abcd", "docker.io", "library/0123abcd", "latest", ""),
	READ("0" HEX_64, "docker.io", "library/0" HEX_64, "latest", ""),
	READ("sha256:" HEX_64 "0", "docker.io", "library/sha256", HEX_64 "0", ""),
	READ("docker.io/" DIGEST, "docker.io", "library/sha256", HEX_64, ""),
	READ(HEX_64 ":1", "docker.io", "library/" HEX_64, "1", ""),
	/* The longest names. */
	READ(A_247, "docker.io", "library/" A_247, "latest", ""),
	READ("docker.io/" A_247 ":" A_128, "docker.io", "library/" A_247, A_128, ""),
	READ("localhost:5000/" A_255, "localhost:5000", A_255, "latest", ""),
	READ(A_247 ".example/" A_255 ":" A_128 "@" SHA512, A_247 ".example", A_255, A_128, SHA512),
	REFUSED("", "cannot be empty"),
	REFUSED(":justtag", "name of the repository is missing"),
	REFUSED("@" DIGEST, "name of the repository is missing"),
	REFUSED("localhost:5000/", "name of the repository is missing"),
	REFUSED("localhost:5000/:1", "name of the repository is missing"),
	REFUSED("docker/", "made of a-z and 0-9"),
	REFUSED("/docker", "made of a-z and 0-9"),
	REFUSED("docker//docker", "made of a-z and 0-9"),
	REFUSED("docker///docker", "made of a-z and 0-9"),
	REFUSED("docker.io/docker///docker", "made of a-z and 0-9"),
	REFUSED("Docker", "must be in lower case"),
	REFUSED("docker/Docker", "must be in lower case"),
	REFUSED("docker.io/docker/Docker", "must be in lower case"),
	REFUSED("test:5000/Uppercase/lowercase:tag", "must be in lower case"),
	REFUSED("-docker", "made of a-z and 0-9"),
	REFUSED("docker-", "made of a-z and 0-9"),
	REFUSED("docker-/docker", "made of a-z and 0-9"),
	REFUSED("_docker/_docker", "made of a-z and 0-9"),
	REFUSED("____/____", "made of a-z and 0-9"),
	REFUSED("dock___er/docker", "made of a-z and 0-9"),
	REFUSED("dock-_er/docker", "made of a-z and 0-9"),
	REFUSED("x/dock..er", "made of a-z and 0-9"),
	REFUSED("x/dock_.er", "made of a-z and 0-9"),
	REFUSED("aa/asdf$$^/aa", "made of a-z and 0-9"),
	REFUSED("x/../y", "made of a-z and 0-9"),
	REFUSED("caf\xc3\xa9", "made of a-z and 0-9"),
	REFUSED("x\x7f", "made of a-z and 0-9"),
	REFUSED("-docker.io/docker/docker", "not a registry's host"),
	REFUSED("docker-.io/docker", "not a registry's host"),
	REFUSED(".example/x", "not a registry's host"),
	REFUSED("example./x", "not a registry's host"),
	REFUSED("a..b/x", "not a registry's host"),
	REFUSED("./x", "not a registry's host"),
	REFUSED("registry.example:/x", "not a registry's host"),
	REFUSED("registry.example:80a/x", "not a registry's host"),
	REFUSED(":80/x", "not a registry's host"),
	REFUSED("fc00::1:5000/debian", "not a registry's host"),
	REFUSED("[]:5000/x", "not a registry's host"),
	REFUSED("[::1/x", "not a registry's host"),
	REFUSED("[::1]5000/x", "not a registry's host"),
	REFUSED("[::1]:/x", "not a registry's host"),
	REFUSED("[fe80::1%eth0]:5000/debian", "not a registry's host"),
	REFUSED("[2001:db8:3:4::192.0.2.33]:5000/debian", "not a registry's host"),
	/* The original reads this as a name without any registry; latch does not. */
	REFUSED("foo_bar.example/x", "not a registry's host"),
	REFUSED("[fc00::1]", "made of a-z and 0-9"),
	REFUSED("[fc00::1]:5000", "made of a-z and 0-9"),
	REFUSED("https://github.com/docker/docker", "has no scheme"),
	REFUSED("docker://debian", "has no scheme"),
	REFUSED(" debian", "white space"),
	REFUSED("debian\n", "white space"),
	REFUSED("debian latest", "white space"),
	REFUSED("x:", "a tag has 1 to 128"),
	REFUSED("x:-foo", "a tag has 1 to 128"),
	REFUSED("x:.foo", "a tag has 1 to 128"),
	REFUSED("x:a:b", "a tag has 1 to 128"),
	/* With a slash behind it, a colon in the first component makes that a registry. */
	REFUSED("x:a/b", "not a registry's host"),
	REFUSED("x/y:a/b", "a tag has 1 to 128"),
	REFUSED("x:a+b", "a tag has 1 to 128"),
	REFUSED("x:" A_128 "a", "a tag has 1 to 128"),
	REFUSED("x:@" DIGEST, "a tag has 1 to 128"),
	REFUSED("x@", "is no digest"),
	REFUSED("x@" HEX_64, "is no digest"),
	REFUSED("x@:" HEX_64, "is no digest"),
	REFUSED("x@tag", "is no digest"),
	REFUSED("x@md5:" HEX_8, "is no digest"),
	REFUSED("x@md5:" HEX_32 "g", "is no digest"),
	REFUSED("y/x@md5:" HEX_32 "/z", "is no digest"),
	REFUSED("x@5md:" HEX_32, "is no digest"),
	REFUSED("x@sha256+:" HEX_32, "is no digest"),
	REFUSED("x@sha--256:" HEX_32, "is no digest"),
	REFUSED("x@sha:"
		"256:" HEX_32,
		"is no digest"),
	/* Well-formed by the grammar, which leaves algorithms and cases open. */
	REFUSED("x@md5:" HEX_32, "an algorithm that is not supported"),
	REFUSED("x@SHA256:" HEX_64, "an algorithm that is not supported"),
	REFUSED("x@sha256+b64:" HEX_64, "an algorithm that is not supported"),
	REFUSED("x@a.b-c_d+e2:" HEX_32, "an algorithm that is not supported"),
	REFUSED("x@md5:0123ABCD" HEX_32, "an algorithm that is not supported"),
	/* The original knows sha384, too; the image specification does not. */
	REFUSED("x@sha384:" HEX_64 HEX_32, "an algorithm that is not supported"),
	REFUSED("x@sha256:", "exactly 64"),
	REFUSED("x@sha256:abcd", "exactly 64"),
	REFUSED("x@" DIGEST "0", "exactly 64"),
	REFUSED("x@sha256:0123ABCD" HEX_8 HEX_8 HEX_8 HEX_32, "exactly 64"),
	REFUSED("x@sha256:0123abcg" HEX_8 HEX_8 HEX_8 HEX_32, "exactly 64"),
	REFUSED("x@sha256:" HEX_128, "exactly 64"),
	REFUSED("x@" DIGEST "@" DIGEST, "exactly 64"),
	REFUSED("x@" DIGEST ":tag", "exactly 64"),
	REFUSED("y/x@" DIGEST "/z", "exactly 64"),
	REFUSED("x@sha512:" HEX_64, "exactly 128"),
	REFUSED("x@" SHA512 "0", "exactly 128"),
	REFUSED("x@sha512:0123ABCD" HEX_8 HEX_8 HEX_8 HEX_32 HEX_64, "exactly 128"),
	REFUSED("x@" DIGEST "/y", "not a registry's host"),
	REFUSED("a.example@" DIGEST "/y", "not a registry's host"),
	REFUSED(HEX_64, "is an image id"),
	/* Tags of repositories called after algorithms for the grammar, but digests for docker. */
	REFUSED(DIGEST, "is an image id"),
	REFUSED("sha384:" HEX_64 HEX_32, "is an image id"),
	REFUSED(SHA512, "is an image id"),
	REFUSED(A_247 "a", "longer than 255"),
	REFUSED("docker.io/" A_247 "a", "longer than 255"),
	REFUSED("localhost:5000/" A_255 "a", "longer than 255"),
	REFUSED(A_247 "a.example/x", "registry's name is longer than 255"),
};

static void check_read(const struct row *row, const char *text)
{
	struct reference reference;
	const char *problem = NULL;

	if (reference_parse(text, &reference, &problem))
		fail_msg("\"%s\" was refused: %s", text, problem);
	if (strcmp(reference.domain, row->domain) ||
		strcmp(reference.repository, row->repository) || strcmp(reference.tag, row->tag) ||
		strcmp(reference.digest, row->digest))
		fail_msg("\"%s\" was read as domain \"%s\" repository \"%s\" tag \"%s\" digest "
			 "\"%s\"",
			text, reference.domain, reference.repository, reference.tag,
			reference.digest);
}

static void check_refused(const struct row *row)
{
	struct reference reference, before;
	const char *problem = NULL;

	memset(&reference, 0x5a, sizeof(reference));
	before = reference;
	if (reference_parse(row->text, &reference, &problem) != -EINVAL)
		fail_msg("\"%s\" was accepted", row->text);
	if (!strstr(problem, row->refused))
		fail_msg("\"%s\" was refused because: %s", row->text, problem);
	assert_memory_equal(&reference, &before, sizeof(before));
}

static void references_are_read_as_docker_does_or_refused_with_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].refused)
			check_refused(&rows[i]);
		else
			check_read(&rows[i], rows[i].text);
}

static void what_is_printed_is_the_normal_form_and_reads_as_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		char expected[1024], printed[REFERENCE_TEXT_SIZE];
		struct reference reference;
		const char *problem;

		if (row->refused)
			continue;
		snprintf(expected, sizeof(expected), "%s/%s%s%s%s%s", row->domain, row->repository,
			row->tag[0] ? ":" : "", row->tag, row->digest[0] ? "@" : "", row->digest);
		assert_int_equal(reference_parse(row->text, &reference, &problem), 0);
		reference_print(&reference, printed);
		assert_string_equal(printed, expected);
		check_read(row, printed);
	}
}

static void every_name_that_is_read_is_refused_with_a_stray_byte_in_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t length = strlen(rows[i].text);
		char text[1024];

		for (size_t at = 0; !rows[i].refused && at <= length; at++) {
			struct reference reference;
			const char *problem;

			snprintf(text, sizeof(text), "%.*s\x01%s", (int)at, rows[i].text,
				rows[i].text + at);
			assert_int_equal(reference_parse(text, &reference, &problem), -EINVAL);
		}
	}
}

/* The longest of each part at once: nothing is cut, and the array's size is enough for it. */
static void the_longest_reference_of_all_is_printed_whole(void **state)
{
	char text[1024], printed[REFERENCE_TEXT_SIZE];
	struct reference reference;
	const char *problem;

	(void)state;
	snprintf(text, sizeof(text), "%s.example/%s:%s@%s", A_247, A_255, A_128, SHA512);
	assert_int_equal(reference_parse(text, &reference, &problem), 0);
	reference_print(&reference, printed);
	assert_string_equal(printed, text);
	assert_int_equal(strlen(printed) + 1, REFERENCE_TEXT_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_read_as_docker_does_or_refused_with_the_reason),
		cmocka_unit_test(what_is_printed_is_the_normal_form_and_reads_as_itself),
		cmocka_unit_test(every_name_that_is_read_is_refused_with_a_stray_byte_in_it),
		cmocka_unit_test(the_longest_reference_of_all_is_printed_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
