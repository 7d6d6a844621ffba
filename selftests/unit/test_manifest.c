// SPDX-License-Identifier: Apache-2.0
/*
 * What registries write and what their addresses mean: manifests and indexes, challenges, Retry-After,
 * mirrors and insecure registries. Tables without a network; conversations are in test_registry.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "challenge.h"
#include "endpoints.h"
#include "manifest.h"
#include "redirect.h"
#include "util.h"

#define H16 "0123456789abcdef"
#define A   "sha256:" H16 H16 H16 "aaaaaaaaaaaaaaaa"
#define B   "sha256:" H16 H16 H16 "bbbbbbbbbbbbbbbb"
#define C   "sha256:" H16 H16 H16 "cccccccccccccccc"
#define E   "sha256:" H16 H16 H16 "eeeeeeeeeeeeeeee"

static void a_manifest_names_a_configuration(void **state)
{
	static const char body[] = "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\"}}";
	struct manifest manifest;
	const char *problem;

	(void)state;
	assert_int_equal(manifest_parse(body, strlen(body), "amd64", &manifest, &problem), 0);
	assert_false(manifest.is_index);
	assert_string_equal(manifest.config, A);
}

static void an_index_names_all_manifests_and_those_that_are_wanted(void **state)
{
	static const char body[] =
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"digest\":\"" A "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},"
		"{\"digest\":\"" B "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
		"{\"digest\":\"" C "\",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}},"
		"{\"digest\":\"" E "\",\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\"}},"
		"{\"digest\":\"" A "\"}]}";
	static const bool one[] = {false, true, false, false, true}, all[] = {true, true, false, false, true};
	struct manifest manifest;
	const char *problem;

	(void)state;
	assert_int_equal(manifest_parse(body, strlen(body), "amd64", &manifest, &problem), 0);
	assert_true(manifest.is_index);
	assert_int_equal(manifest.count, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(manifest.children[i].wanted, one[i]);
	assert_string_equal(manifest.children[1].digest, B);
	assert_int_equal(manifest_parse(body, strlen(body), NULL, &manifest, &problem), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(manifest.children[i].wanted, all[i]);
}

static void a_document_that_is_not_clearly_one_or_the_other_is_refused(void **state)
{
	static const struct {
		const char *body;
		int error;
	} rows[] = {
		{"", -EPROTO},
		{"<html>", -EPROTO},
		{"[]", -EPROTO},
		{"{}", -EPROTO},
		{"{\"schemaVersion\":2}", -EPROTO},
		{"{\"config\":{\"digest\":\"" A "\"}}", -EPROTO},
		{"{\"schemaVersion\":1,\"config\":{\"digest\":\"" A "\"}}", -ENOTSUP},
		{"{\"schemaVersion\":3,\"config\":{\"digest\":\"" A "\"}}", -EPROTO},
		/* Both at once: one reader would see the one, another the other. */
		{"{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\"},\"manifests\":[]}",
			-EPROTO},
		{"{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}", -EPROTO},
		{"{\"schemaVersion\":2,\"config\":{\"digest\":\"" A
		 "\"},\"config\":{\"digest\":\"" B "\"}}",
			-EPROTO},
		{"{\"schemaVersion\":2,\"config\":{}}", -EPROTO},
		{"{\"schemaVersion\":2,\"config\":{\"digest\":\"sha512:" H16 "\"}}", -EPROTO},
		{"{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "0\"}}", -EPROTO},
		{"{\"schemaVersion\":2,\"manifests\":[{}]}", -EPROTO},
		{"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"x\"}]}", -EPROTO},
		{"{\"schemaVersion\":2,\"manifests\":{}}", -EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct manifest manifest;
		const char *problem;
		int r = manifest_parse(
			rows[i].body, strlen(rows[i].body), "amd64", &manifest, &problem);

		if (r != rows[i].error)
			fail_msg("row %zu: %d", i, r);
		assert_true(strlen(problem) > 5);
	}
}

static void an_index_has_a_limit_and_says_when_it_is_over(void **state)
{
	struct manifest manifest;
	const char *problem;

	(void)state;
	for (int over = 0; over <= 1; over++) {
		char body[16384] = "{\"schemaVersion\":2,\"manifests\":[";

		for (int i = 0; i < REGISTRY_MAX_DIGESTS + over; i++)
			snprintf(body + strlen(body), sizeof(body) - strlen(body),
				"%s{\"digest\":\"" A "\"}", i ? "," : "");
		strcat(body, "]}");
		assert_int_equal(manifest_parse(body, strlen(body), "amd64", &manifest, &problem), 0);
		assert_int_equal(manifest.count, REGISTRY_MAX_DIGESTS);
		assert_int_equal(manifest.more, over);
	}
}

static void challenges_are_read_as_rfc_9110_writes_them(void **state)
{
	static const struct {
		const char *header;
		int error;
		bool basic;
		const char *realm, *service, *scope; /* realm NULL: no Bearer */
	} rows[] = {
		{"Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:r:pull\"", 0, false,
			"https://a/t", "s", "repository:r:pull"},
		{"bearer  scope=\"x y\" , realm=\"https://a/?q=1,2\"", 0, false, "https://a/?q=1,2", "",
			"x y"},
		{"Bearer realm=\"a\\\"b\",error=\"invalid_token\"", 0, false, "a\"b", "", ""},
		{"Bearer realm=x", 0, false, "x", "", ""},
		{"Basic realm=\"x\"", 0, true, NULL, "", ""},
		{"BASIC", 0, true, NULL, "", ""},
		/* Both, in either order, in one header or joined from two. */
		{"Basic realm=\"x\", Bearer realm=\"https://a\",service=\"s\"", 0, true, "https://a", "s", ""},
		{"Bearer realm=\"https://a\", Basic realm=\"x\"", 0, true, "https://a", "", ""},
		{"Negotiate, Basic realm=\"x\"", 0, true, NULL, "", ""},
		{"Digest realm=\"d\",nonce=\"n\", Bearer realm=\"https://a\"", 0, false, "https://a", "", ""},
		/* The first Bearer counts; what a second one says is not mixed into it. */
		{"Bearer realm=\"https://a\", Bearer realm=\"https://b\",service=\"s\"", 0, false, "https://a",
			"", ""},
		/* A kind in a value is none. */
		{"Digest realm=\"Basic, Bearer realm=x\"", -EPROTO, false, NULL, "", ""},
		{"Bearer service=\"s\"", -EPROTO, false, NULL, "", ""},
		{"Bearer realm=\"x", -EPROTO, false, NULL, "", ""},
		{"Bearer realm=\"x\\", -EPROTO, false, NULL, "", ""},
		{"Bearer realm", -EPROTO, false, NULL, "", ""},
		{"Bearer ", -EPROTO, false, NULL, "", ""},
		{"Basicx", -EPROTO, false, NULL, "", ""},
		{"=", -EPROTO, false, NULL, "", ""},
		{"", -EPROTO, false, NULL, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct challenge challenge;

		if (challenge_parse(rows[i].header, &challenge) != rows[i].error)
			fail_msg("row %zu: %s", i, rows[i].header);
		if (rows[i].error)
			continue;
		assert_int_equal(challenge.basic, rows[i].basic);
		assert_int_equal(challenge.bearer, rows[i].realm != NULL);
		if (!rows[i].realm)
			continue;
		assert_string_equal(challenge.realm, rows[i].realm);
		assert_string_equal(challenge.service, rows[i].service);
		assert_string_equal(challenge.scope, rows[i].scope);
	}
}

/* Each byte cut off, each byte changed: it ends, and it reads nothing behind the end (ASan). */
static void no_challenge_is_read_beyond_its_end(void **state)
{
	static const char header[] = "Basic realm=\"x\", Bearer realm=\"https://a/\\\"t\",service=s,scope=\"r\"";
	struct challenge challenge;

	(void)state;
	for (size_t i = 0; i < sizeof(header); i++) {
		char *cut = strndup(header, i);

		challenge_parse(cut, &challenge);
		free(cut);
		for (int c = 1; c < 256; c++) {
			cut = strdup(header);
			cut[i] = i + 1 < sizeof(header) ? (char)c : '\0';
			challenge_parse(cut, &challenge);
			free(cut);
		}
	}
}

static void retry_after_is_a_number_or_a_date(void **state)
{
	static const struct {
		const char *header;
		int64_t ms;
	} rows[] = {
		{"", 0}, {"0", 0}, {"7", 7000}, {"900", 900000}, {"901", 900000}, {"99999999999999999999", 900000},
		{"-1", 0}, {"soon", 0}, {"7s", 0},
		/* 2026-11-25 12:00:00 UTC is 1795608000. */
		{"Wed, 25 Nov 2026 12:00:30 GMT", 30000}, {"Wed, 25 Nov 2026 11:59:59 GMT", 0},
		{"Wed, 25 Nov 2026 13:00:00 GMT", 900000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (challenge_retry_after(rows[i].header, 1795608000) != rows[i].ms)
			fail_msg("%s", rows[i].header);
}

static void what_is_insecure_is_listed_or_on_this_machine(void **state)
{
	static const char *const list[] = {"plain.example", "port.example:5000", "10.0.0.0/8", "fd00::/8",
		"192.168.1.0/25", "0.0.0.0/33", "1.2.3.4/", "nonsense/8", NULL};
	static const struct {
		const char *host;
		bool insecure;
	} rows[] = {
		{"localhost", true}, {"localhost:5000", true}, {"LOCALHOST:1", true}, {"127.0.0.1:5000", true},
		{"127.255.3.4", true}, {"[::1]:5000", true},
		{"128.0.0.1:5000", false}, {"127.0.0.1.example:80", false}, {"localhost.example", false},
		{"[::2]:5000", false},
		{"plain.example", true}, {"plain.example:443", true}, {"not-plain.example", false},
		{"plain.example.evil", false}, {"port.example:5000", true}, {"port.example", false},
		{"port.example:5001", false},
		{"10.1.2.3", true}, {"10.1.2.3:5000", true}, {"11.1.2.3", false}, {"10.example", false},
		{"192.168.1.127", true}, {"192.168.1.128", false},
		{"[fd12::1]:5000", true}, {"[fe80::1]:5000", false}, {"1.2.3.4", false}, {"8.8.8.8", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (endpoints_is_insecure(rows[i].host, list) != rows[i].insecure)
			fail_msg("%s", rows[i].host);
}

static void mirrors_stand_before_docker_io_and_nowhere_else(void **state)
{
	static const char *const mirrors[] = {"https://mirror.example", "http://10.0.0.1:5000/cache/",
		"ftp://x", "https://user@evil.example", "https://", "mirror.example", "https://a b", NULL};
	static const char *const insecure[] = {"10.0.0.0/8", NULL};
	const struct registry_options options = {.mirrors = mirrors, .insecure = insecure};
	struct endpoint endpoints[ENDPOINTS_MAX];

	(void)state;
	assert_int_equal(endpoints_of("docker.io", &options, endpoints), 3);
	assert_string_equal(endpoints[0].host, "mirror.example");
	assert_true(endpoints[0].mirror);
	assert_false(endpoints[0].plain_only);
	assert_string_equal(endpoints[1].host, "10.0.0.1:5000");
	assert_string_equal(endpoints[1].path, "/cache");
	assert_true(endpoints[1].plain_only);
	assert_true(endpoints[1].insecure);
	assert_string_equal(endpoints[2].host, "registry-1.docker.io");
	assert_false(endpoints[2].mirror);
	assert_false(endpoints[2].insecure);
	assert_int_equal(endpoints_of("registry.example:5000", &options, endpoints), 1);
	assert_string_equal(endpoints[0].host, "registry.example:5000");
}

static void there_are_so_many_mirrors_and_the_registry_itself(void **state)
{
	const char *mirrors[20] = {NULL};
	const struct registry_options options = {.mirrors = mirrors};
	struct endpoint endpoints[ENDPOINTS_MAX];

	(void)state;
	for (int i = 0; i < 19; i++)
		mirrors[i] = "https://mirror.example";
	assert_int_equal(endpoints_of("docker.io", &options, endpoints), ENDPOINTS_MAX);
	assert_string_equal(endpoints[ENDPOINTS_MAX - 1].host, "registry-1.docker.io");
}

static void a_redirect_leads_somewhere_or_is_not_followed(void **state)
{
	static const struct {
		const char *from, *to;
		bool followed, own;
		const char *host;
	} rows[] = {
		{"https://a.example/x", "https://a.example/y", true, true, "a.example"},
		{"https://a.example/x", "https://A.example:443/y", true, true, "A.example"},
		{"https://a.example:5000/x", "https://a.example:5000/y", true, true, "a.example:5000"},
		{"http://a.example/x", "http://a.example:80/y", true, true, "a.example"},
		/* Another port, host or scheme is another origin. */
		{"https://a.example/x", "https://a.example:444/y", true, false, "a.example:444"},
		{"https://a.example/x", "https://b.example/y", true, false, "b.example"},
		{"http://a.example/x", "https://a.example/y", true, false, "a.example"},
		{"http://a.example:443/x", "https://a.example:443/y", true, false, "a.example"},
		{"https://a.example/x", "https://a.example.evil/y", true, false, "a.example.evil"},
		{"http://[::1]:5000/x", "http://[::1]:5000/y", true, true, "[::1]:5000"},
		{"https://a.example/x", "http://a.example/y", false, false, NULL},
		{"https://a.example/x", "https://a.example@evil.example/y", false, false, NULL},
		{"https://a.example/x", "file:///etc/passwd", false, false, NULL},
		{"https://a.example/x", "ftp://a.example/y", false, false, NULL},
		/* curl takes one slash too many for none, and would connect there: so it is that host. */
		{"https://a.example/x", "https:///y", true, false, "y"},
		{"https://a.example/x", "/y", false, false, NULL},
		{"https://a.example/x", "", false, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct redirect redirect;

		if (redirect_read(rows[i].from, rows[i].to, &redirect) != rows[i].followed)
			fail_msg("%s: %s", rows[i].to, rows[i].followed ? "not followed" : "followed");
		if (!rows[i].followed)
			continue;
		if (redirect.own != rows[i].own || strcasecmp(redirect.host, rows[i].host))
			fail_msg("%s: %d %s", rows[i].to, redirect.own, redirect.host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_names_a_configuration),
		cmocka_unit_test(an_index_names_all_manifests_and_those_that_are_wanted),
		cmocka_unit_test(a_document_that_is_not_clearly_one_or_the_other_is_refused),
		cmocka_unit_test(an_index_has_a_limit_and_says_when_it_is_over),
		cmocka_unit_test(challenges_are_read_as_rfc_9110_writes_them),
		cmocka_unit_test(no_challenge_is_read_beyond_its_end),
		cmocka_unit_test(retry_after_is_a_number_or_a_date),
		cmocka_unit_test(what_is_insecure_is_listed_or_on_this_machine),
		cmocka_unit_test(mirrors_stand_before_docker_io_and_nowhere_else),
		cmocka_unit_test(a_redirect_leads_somewhere_or_is_not_followed),
		cmocka_unit_test(there_are_so_many_mirrors_and_the_registry_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
