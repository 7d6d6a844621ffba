// SPDX-License-Identifier: Apache-2.0
/*
 * What is read from manifests, indexes and challenges, and what is made of answers that no honest
 * registry gives. The conversation with a real one is in selftests/e2e/registry_native.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "../../userspace/registry/registry.h"
#include "fake_http.h"
#include "util.h"

#define H16 "0123456789abcdef"
#define A   "sha256:" H16 H16 H16 "aaaaaaaaaaaaaaaa"
#define B   "sha256:" H16 H16 H16 "bbbbbbbbbbbbbbbb"
#define C   "sha256:" H16 H16 H16 "cccccccccccccccc"

/* Bodies whose SHA-256 was computed with sha256sum. */
#define MANIFEST        "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\"}}"
#define MANIFEST_DIGEST "sha256:372d060e0054d1b42815ecce9008af970f3837d42854bcfa7390a929bafc5c30"
#define OTHER           "{\"schemaVersion\":2,\"config\":{\"digest\":\"" B "\"}}"
#define OTHER_DIGEST    "sha256:3ddc144ab82f389c054e6ed8854b3559dc6b872714a2469c5ae0b23179acc33d"
#define INDEX                                                                                      \
	"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" MANIFEST_DIGEST                       \
	"\"},{\"digest\":\"" OTHER_DIGEST "\"},{\"digest\":\"" C                                   \
	"\",\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\"}}]}"
#define INDEX_DIGEST "sha256:a424579dd74f1e5a757c28ee810b037796f0df9742f69d8a0a58085240150128"
#define NESTED       "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" INDEX_DIGEST "\"}]}"

static void a_manifest_names_a_configuration_and_an_index_manifests(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"digest\":\"" A "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},"
		"{\"digest\":\"" B "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
		"{\"digest\":\"" C
		"\",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}}]}";
	struct allowed_digests digests = {0};
	const char *problem;
	bool is_index;

	(void)state;
	assert_int_equal(registry_parse_manifest(MANIFEST, strlen(MANIFEST), "amd64", &digests,
				 &is_index, &problem),
		0);
	assert_false(is_index);
	assert_int_equal(digests.config_count, 1);
	assert_string_equal(digests.config[0], A);
	assert_int_equal(registry_parse_manifest(
				 index, strlen(index), "amd64", &digests, &is_index, &problem),
		0);
	assert_true(is_index);
	assert_int_equal(digests.repository_count, 1);
	assert_string_equal(digests.repository[0], B);
	assert_int_equal(digests.config_count, 1);
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
		struct allowed_digests digests = {0};
		const char *problem;
		bool is_index;
		int r = registry_parse_manifest(
			rows[i].body, strlen(rows[i].body), "amd64", &digests, &is_index, &problem);

		if (r != rows[i].error)
			fail_msg("row %zu: %d", i, r);
		assert_true(strlen(problem) > 5);
	}
}

static void an_index_has_a_limit(void **state)
{
	struct allowed_digests digests = {.repository_count = 1};
	const char *problem;
	char body[8192] = "{\"schemaVersion\":2,\"manifests\":[";
	bool is_index;

	(void)state;
	for (int i = 0; i <= REGISTRY_MAX_DIGESTS; i++)
		snprintf(body + strlen(body), sizeof(body) - strlen(body),
			"%s{\"digest\":\"" A "\"}", i ? "," : "");
	strcat(body, "]}");
	assert_int_equal(
		registry_parse_manifest(body, strlen(body), "amd64", &digests, &is_index, &problem),
		-EPROTO);
	assert_non_null(strstr(problem, "too many"));
}

static void a_challenge_is_read_as_rfc_7235_writes_it(void **state)
{
	static const struct {
		const char *header;
		int error;
		const char *realm, *service, *scope;
	} rows[] = {
		{"Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:r:pull\"", 0,
			"https://a/t", "s", "repository:r:pull"},
		{"bearer  scope=\"x y\" , realm=\"https://a/?q=1,2\"", 0, "https://a/?q=1,2", "",
			"x y"},
		{"Bearer realm=\"a\\\"b\",error=\"invalid_token\"", 0, "a\"b", "", ""},
		{"Bearer service=\"s\"", -EPROTO, "", "", ""},
		{"Basic realm=\"x\"", -EPROTO, "", "", ""},
		{"Bearer realm=\"x", -EPROTO, "", "", ""},
		{"Bearer realm=x", -EPROTO, "", "", ""},
		{"Bearer realm=\"x\\", -EPROTO, "", "", ""},
		{"Bearer realm", -EPROTO, "", "", ""},
		{"Bearer ", -EPROTO, "", "", ""},
		{"", -EPROTO, "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct registry_challenge challenge;

		assert_int_equal(
			registry_parse_challenge(rows[i].header, &challenge), rows[i].error);
		if (rows[i].error)
			continue;
		assert_string_equal(challenge.realm, rows[i].realm);
		assert_string_equal(challenge.service, rows[i].service);
		assert_string_equal(challenge.scope, rows[i].scope);
	}
}

static void only_this_machine_is_spoken_to_in_the_open(void **state)
{
	static const struct {
		const char *domain, *url;
		bool plain;
	} rows[] = {
		{"docker.io", "https://registry-1.docker.io/v2/", false},
		{"registry.example:5000", "https://registry.example:5000/v2/", false},
		{"localhost", "http://localhost/v2/", true},
		{"localhost:5000", "http://localhost:5000/v2/", true},
		{"127.0.0.1:5000", "http://127.0.0.1:5000/v2/", true},
		{"127.255.3.4", "http://127.255.3.4/v2/", true},
		{"[::1]:5000", "http://[::1]:5000/v2/", true},
		{"128.0.0.1:5000", "https://128.0.0.1:5000/v2/", false},
		{"127.0.0.1.example:80", "https://127.0.0.1.example:80/v2/", false},
		{"localhost.example", "https://localhost.example/v2/", false},
		{"10.0.0.1", "https://10.0.0.1/v2/", false},
		{"[::1].example", "https://[::1].example/v2/", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool plain;
		char *url = registry_base_url(rows[i].domain, &plain);

		assert_string_equal(url, rows[i].url);
		assert_int_equal(plain, rows[i].plain);
		free(url);
	}
}

/* Conversations. A script is a list of request beginnings with what is answered to each. */

struct line {
	const char *request;
	int status;
	const char *headers, *body; /* body NULL: to HEAD */
};

struct bench {
	uv_loop_t loop;
	struct fetch_pool *pool;
	struct registry *registry;
	struct fake fake;
	struct reference reference;
	int done;
	struct registry_result result;
};

static char *play(struct fake *fake, const char *head)
{
	for (const struct line *line = fake->context; line->request; line++)
		if (!strncmp(head, line->request, strlen(line->request)))
			return line->body ? fake_http(line->status, line->headers, line->body)
					  : fake_head(line->status, line->headers);
	return fake_http(418, "", head);
}

static void on_result(const struct registry_result *result, void *context)
{
	struct bench *bench = context;

	bench->done++;
	bench->result = *result;
}

static void setup(struct bench *bench, const struct line *script)
{
	memset(bench, 0, sizeof(*bench));
	uv_loop_init(&bench->loop);
	bench->pool = fetch_pool_new(&bench->loop);
	bench->registry = registry_new(bench->pool);
	fake_start_tcp(&bench->fake, &bench->loop, play);
	bench->fake.context = (void *)script;
	snprintf(bench->reference.domain, sizeof(bench->reference.domain), "127.0.0.1:%d",
		bench->fake.port);
	strcpy(bench->reference.repository, "a/b");
	strcpy(bench->reference.tag, "1");
}

static void teardown(struct bench *bench)
{
	registry_free(bench->registry);
	fake_stop(&bench->fake);
	fetch_pool_free(bench->pool);
	assert_int_equal(fake_end_loop(&bench->loop), 0);
}

static void ask(struct bench *bench, const char *known)
{
	bench->done = 0;
	assert_int_equal(
		registry_ask(bench->registry, &bench->reference, known, on_result, bench, NULL), 0);
	assert_int_equal(bench->done, 0);
	while (!bench->done)
		fake_turn(&bench->loop);
}

#define TAG   "GET /v2/a/b/manifests/1 "
#define HEAD  "HEAD /v2/a/b/manifests/1 "
#define CHILD "GET /v2/a/b/manifests/"

static void the_digest_is_that_of_the_bytes(void **state)
{
	static const struct line honest[] = {
		{TAG, 200, "Docker-Content-Digest: " MANIFEST_DIGEST "\r\n", MANIFEST}, {0}};
	static const struct line silent[] = {{TAG, 200, "", MANIFEST}, {0}};
	static const struct line lying[] = {
		{TAG, 200, "Docker-Content-Digest: " OTHER_DIGEST "\r\n", MANIFEST}, {0}};
	struct bench bench;

	(void)state;
	setup(&bench, honest);
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	assert_true(bench.result.digests.complete);
	assert_int_equal(bench.result.digests.repository_count, 1);
	assert_string_equal(bench.result.digests.repository[0], MANIFEST_DIGEST);
	assert_string_equal(bench.result.digests.config[0], A);
	assert_non_null(strstr(bench.fake.heads[0],
		"Accept: application/vnd.docker.distribution.manifest.list.v2+json\r\n"));
	assert_non_null(
		strstr(bench.fake.heads[0], "Accept: application/vnd.oci.image.index.v1+json\r\n"));
	bench.fake.context = (void *)silent;
	ask(&bench, NULL);
	assert_string_equal(bench.result.digests.repository[0], MANIFEST_DIGEST);
	bench.fake.context = (void *)lying;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FAILED);
	assert_int_equal(bench.result.error, -EPROTO);
	teardown(&bench);
}

static void what_is_asked_for_by_digest_must_have_it(void **state)
{
	static const struct line swapped[] = {{CHILD MANIFEST_DIGEST, 200, "", OTHER}, {0}};
	static const struct line right[] = {{CHILD MANIFEST_DIGEST, 200, "", MANIFEST}, {0}};
	struct bench bench;

	(void)state;
	setup(&bench, swapped);
	strcpy(bench.reference.digest, MANIFEST_DIGEST);
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FAILED);
	bench.fake.context = (void *)right;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	teardown(&bench);
}

static void an_index_is_followed_for_this_machine(void **state)
{
	static const struct line script[] = {{TAG, 200, "", INDEX},
		{CHILD MANIFEST_DIGEST, 200, "", MANIFEST}, {CHILD OTHER_DIGEST, 200, "", OTHER},
		{0}};
	const struct allowed_digests *digests;
	struct bench bench;

	(void)state;
	setup(&bench, script);
	ask(&bench, NULL);
	digests = &bench.result.digests;
	assert_true(digests->complete);
	assert_int_equal(digests->repository_count, 3);
	assert_string_equal(digests->repository[0], INDEX_DIGEST);
	assert_string_equal(digests->repository[1], MANIFEST_DIGEST);
	assert_string_equal(digests->repository[2], OTHER_DIGEST);
	assert_int_equal(digests->config_count, 2);
	assert_string_equal(digests->config[0], A);
	assert_string_equal(digests->config[1], B);
	assert_int_equal(bench.fake.requests, 3); /* not the one for windows */
	teardown(&bench);
}

static void an_index_whose_manifests_cannot_be_read_still_says_what_the_tag_is(void **state)
{
	static const struct line scripts[][4] = {
		/* Not there; other bytes; the registry fails, or refuses; an index again. */
		{{TAG, 200, "", INDEX}, {CHILD, 404, "", ""}, {0}},
		{{TAG, 200, "", INDEX}, {CHILD, 200, "", OTHER}, {0}},
		{{TAG, 200, "", INDEX}, {CHILD, 500, "", ""}, {0}},
		{{TAG, 200, "", INDEX}, {CHILD, 403, "", ""}, {0}},
		{{TAG, 200, "", NESTED}, {CHILD, 200, "", INDEX}, {0}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct bench bench;

		setup(&bench, scripts[i]);
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, REGISTRY_FOUND);
		assert_false(bench.result.digests.complete);
		if (strcmp(scripts[i][0].body, NESTED))
			assert_string_equal(bench.result.digests.repository[0], INDEX_DIGEST);
		else /* what the inner index names does not count */
			assert_int_equal(bench.result.digests.repository_count, 2);
		assert_int_equal(bench.result.digests.config_count, 0);
		assert_true(bench.result.problem[0]);
		teardown(&bench);
	}
}

static void head_confirms_what_is_known_and_brings_nothing_new(void **state)
{
	static const struct line same[] = {
		{HEAD, 200, "Docker-Content-Digest: " MANIFEST_DIGEST "\r\n", NULL}, {0}};
	static const struct line other[] = {
		{HEAD, 200, "Docker-Content-Digest: " C "\r\n", NULL}, {TAG, 200, "", OTHER}, {0}};
	static const struct line without[] = {{HEAD, 200, "", NULL}, {TAG, 200, "", MANIFEST}, {0}};
	static const struct line refused[] = {{HEAD, 405, "", NULL}, {TAG, 200, "", MANIFEST}, {0}};
	static const struct line gone[] = {{HEAD, 404, "", NULL}, {TAG, 404, "", ""}, {0}};
	struct bench bench;

	(void)state;
	setup(&bench, same);
	ask(&bench, MANIFEST_DIGEST);
	assert_int_equal(bench.result.state, REGISTRY_UNCHANGED);
	assert_int_equal(bench.fake.requests, 1);
	bench.fake.context = (void *)other;
	ask(&bench, MANIFEST_DIGEST);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	assert_string_equal(bench.result.digests.repository[0], OTHER_DIGEST);
	bench.fake.context = (void *)without;
	ask(&bench, MANIFEST_DIGEST);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	bench.fake.context = (void *)refused;
	ask(&bench, MANIFEST_DIGEST);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	bench.fake.context = (void *)gone;
	ask(&bench, MANIFEST_DIGEST);
	assert_int_equal(bench.result.state, REGISTRY_ABSENT);
	teardown(&bench);
}

static void only_a_404_proves_that_a_tag_is_gone(void **state)
{
	static const struct {
		int status, error;
	} rows[] = {{403, -EACCES}, {429, -EREMOTEIO}, {500, -EREMOTEIO}, {503, -EREMOTEIO},
		{204, -EREMOTEIO}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line script[] = {{TAG, rows[i].status, "", ""}, {0}};
		struct bench bench;

		setup(&bench, script);
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, REGISTRY_FAILED);
		assert_int_equal(bench.result.error, rows[i].error);
		teardown(&bench);
	}
}

static char *play_tokens(struct fake *fake, const char *head)
{
	char challenge[256];

	if (!strncmp(head, "GET /token?service=s%20x&scope=repository:a/b:pull ", 51))
		return fake_http(200, "", "{\"token\":\"secret\",\"expires_in\":300}");
	if (strstr(head, "\r\nAuthorization: Bearer secret\r\n"))
		return fake_http(200, "", MANIFEST);
	snprintf(challenge, sizeof(challenge),
		"WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"s x\"\r\n",
		fake->port);
	return fake_http(401, challenge, "");
}

static void an_anonymous_token_is_fetched_once_and_kept(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = play_tokens;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	assert_int_equal(bench.fake.requests, 3);
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	assert_int_equal(bench.fake.requests, 4);
	/* Another repository has another one. */
	strcpy(bench.reference.repository, "a/c");
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FAILED);
	assert_null(strstr(bench.fake.heads[4], "secret"));
	teardown(&bench);
}

static void a_registry_that_is_never_content_is_left(void **state)
{
	static const struct {
		struct line script[4];
		int requests;
	} rows[] = {
		{{{TAG, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", ""}, {0}}, 1},
		{{{TAG, 401, "", ""}, {0}}, 1},
		{{{TAG, 401, "WWW-Authenticate: Bearer realm=\"ftp://x/\"\r\n", ""}, {0}}, 1},
		{{{TAG, 401, "WWW-Authenticate: Bearer realm=\"file:///etc/shadow\"\r\n", ""}, {0}},
			1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;

		setup(&bench, rows[i].script);
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, REGISTRY_FAILED);
		assert_int_equal(bench.result.error, -EACCES);
		assert_int_equal(bench.fake.requests, rows[i].requests);
		teardown(&bench);
	}
}

static void a_token_that_is_not_accepted_is_not_asked_for_again(void **state)
{
	static const char *const tokens[] = {"{\"access_token\":\"wrong\"}",
		"{\"token\":\"a\\r\\nX: y\"}", "{\"token\":7}", "{}", "no"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		struct bench bench;
		char challenge[128];
		struct line script[] = {
			{"GET /t?", 200, "", tokens[i]}, {TAG, 401, challenge, ""}, {0}};

		setup(&bench, script);
		snprintf(challenge, sizeof(challenge),
			"WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/t\"\r\n",
			bench.fake.port);
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, REGISTRY_FAILED);
		/* Manifest, token, and with a token that can be one the manifest again. */
		assert_int_equal(bench.fake.requests, i == 0 ? 3 : 2);
		teardown(&bench);
	}
}

static char *never(struct fake *fake, const char *head)
{
	(void)fake;
	(void)head;
	return NULL;
}

static void a_cancelled_query_is_not_heard_of_again(void **state)
{
	struct registry_query *query;
	struct bench bench;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = never;
	registry_ask(bench.registry, &bench.reference, NULL, on_result, &bench, &query);
	registry_ask(bench.registry, &bench.reference, NULL, on_result, &bench, NULL);
	while (bench.fake.requests < 2)
		fake_turn(&bench.loop);
	registry_cancel(query);
	teardown(&bench);
	assert_int_equal(bench.done, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_names_a_configuration_and_an_index_manifests),
		cmocka_unit_test(a_document_that_is_not_clearly_one_or_the_other_is_refused),
		cmocka_unit_test(an_index_has_a_limit),
		cmocka_unit_test(a_challenge_is_read_as_rfc_7235_writes_it),
		cmocka_unit_test(only_this_machine_is_spoken_to_in_the_open),
		cmocka_unit_test(the_digest_is_that_of_the_bytes),
		cmocka_unit_test(what_is_asked_for_by_digest_must_have_it),
		cmocka_unit_test(an_index_is_followed_for_this_machine),
		cmocka_unit_test(
			an_index_whose_manifests_cannot_be_read_still_says_what_the_tag_is),
		cmocka_unit_test(head_confirms_what_is_known_and_brings_nothing_new),
		cmocka_unit_test(only_a_404_proves_that_a_tag_is_gone),
		cmocka_unit_test(an_anonymous_token_is_fetched_once_and_kept),
		cmocka_unit_test(a_registry_that_is_never_content_is_left),
		cmocka_unit_test(a_token_that_is_not_accepted_is_not_asked_for_again),
		cmocka_unit_test(a_cancelled_query_is_not_heard_of_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
