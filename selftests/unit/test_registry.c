// SPDX-License-Identifier: Apache-2.0
/*
 * Conversations with registries that no honest one has: what is made of their answers, what they get to
 * see, and how many are asked at once. Real ones are in selftests/e2e/registry_native and
 * registries_native.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fake_http.h"
#include "registry.h"
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

/* Conversations. A script is a list of request beginnings with what is answered to each. */

struct line {
	const char *request;
	int status;
	const char *headers, *body; /* body NULL: to HEAD */
};

struct bench {
	uv_loop_t loop;
	struct fetch_pool *pool;
	struct registry_options options;
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

static void setup_with(
	struct bench *bench, const struct line *script, const struct registry_options *options)
{
	memset(bench, 0, sizeof(*bench));
	bench->options = *options;
	uv_loop_init(&bench->loop);
	bench->pool = fetch_pool_new(&bench->loop);
	bench->registry = registry_new(&bench->loop, bench->pool, &bench->options);
	fake_start_tcp(&bench->fake, &bench->loop, play);
	bench->fake.context = (void *)script;
	snprintf(bench->reference.domain, sizeof(bench->reference.domain), "127.0.0.1:%d",
		bench->fake.port);
	strcpy(bench->reference.repository, "a/b");
	strcpy(bench->reference.tag, "1");
}

static void setup(struct bench *bench, const struct line *script)
{
	static const struct registry_options none;

	setup_with(bench, script, &none);
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
	assert_int_equal(registry_ask(bench->registry, &bench->reference, known, REGISTRY_URGENT, on_result,
				 bench, NULL),
		0);
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
	assert_int_equal(digests->repository_count, 4);
	assert_string_equal(digests->repository[0], INDEX_DIGEST);
	assert_string_equal(digests->repository[1], MANIFEST_DIGEST);
	assert_string_equal(digests->repository[2], OTHER_DIGEST);
	assert_string_equal(digests->repository[3], C);
	assert_int_equal(digests->config_count, 2);
	assert_string_equal(digests->config[0], A);
	assert_string_equal(digests->config[1], B);
	assert_int_equal(bench.fake.requests, 3); /* not the one for windows */
	teardown(&bench);
}

static void an_index_whose_manifests_cannot_be_read_still_says_what_the_tag_is(void **state)
{
	static const struct line scripts[][4] = {
		/* Not there; no manifest; the registry fails, or refuses; an index again. */
		{{TAG, 200, "", INDEX}, {CHILD, 404, "", ""}, {0}},
		{{TAG, 200, "", INDEX}, {CHILD, 200, "", "{}"}, {0}},
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
	registry_ask(bench.registry, &bench.reference, NULL, 0, on_result, &bench, &query);
	registry_ask(bench.registry, &bench.reference, NULL, 0, on_result, &bench, NULL);
	while (bench.fake.requests < 2)
		fake_turn(&bench.loop);
	registry_cancel(query);
	teardown(&bench);
	assert_int_equal(bench.done, 0);
}

/* --- credentials --- */

/* A config.json in a folder of its own, with an entry for the fake registry. */
struct config {
	char folder[64], path[96];
};

static void make_config(struct config *config, const struct bench *bench, const char *entry)
{
	FILE *stream;

	COPY_STRING(config->folder, "/tmp/latch-config.XXXXXX");
	assert_non_null(mkdtemp(config->folder));
	snprintf(config->path, sizeof(config->path), "%s/config.json", config->folder);
	stream = fopen(config->path, "we");
	assert_non_null(stream);
	fprintf(stream, "{\"auths\":{\"127.0.0.1:%d\":%s}}", bench->fake.port, entry);
	fclose(stream);
	chmod(config->path, 0600);
}

static void drop_config(const struct config *config)
{
	unlink(config->path);
	rmdir(config->folder);
}

/* The registry's port is in the file, so the file comes after the server, and the client after both. */
static void use_config(struct bench *bench, struct config *config, const char *entry)
{
	make_config(config, bench, entry);
	bench->options.config = config->path;
	registry_free(bench->registry);
	bench->registry = registry_new(&bench->loop, bench->pool, &bench->options);
}

/* base64 of user:pass:word */
#define ENTRY "{\"auth\":\"dXNlcjpwYXNzOndvcmQ=\"}"
#define BASIC "\r\nAuthorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n"

static char *play_basic(struct fake *fake, const char *head)
{
	(void)fake;
	if (strstr(head, BASIC))
		return fake_http(200, "", MANIFEST);
	return fake_http(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
}

static void a_password_is_sent_when_it_is_asked_for_and_then_at_once(void **state)
{
	struct config config;
	struct bench bench;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = play_basic;
	ask(&bench, NULL);
	assert_int_equal(bench.result.error, -EACCES);
	assert_non_null(strstr(bench.result.problem, "--docker-config"));
	bench.fake.requests = 0;
	use_config(&bench, &config, ENTRY);
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	assert_int_equal(bench.fake.requests, 2);
	assert_null(strstr(bench.fake.heads[0], "Authorization"));
	ask(&bench, NULL);
	assert_int_equal(bench.fake.requests, 3);
	teardown(&bench);
	drop_config(&config);
}

static void a_wrong_password_is_tried_once(void **state)
{
	struct config config;
	struct bench bench;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = play_basic;
	use_config(&bench, &config, "{\"auth\":\"dXNlcjp3cm9uZw==\"}");
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FAILED);
	assert_int_equal(bench.result.error, -EACCES);
	assert_int_equal(bench.fake.requests, 2);
	assert_null(strstr(bench.result.problem, "wrong"));
	teardown(&bench);
	drop_config(&config);
}

#define REFRESH                                                                                    \
	"grant_type=refresh_token&client_id=latchd&service=s&scope=repository%3Aa%2Fb%3Apull"      \
	"&refresh_token=id%26en"

/* The token service of play_tokens, for those who have a password, or an identity token. */
static char *play_token_login(struct fake *fake, const char *head)
{
	char challenge[256];
	bool asked = !strncmp(head, "GET /token?", 11) && strstr(head, BASIC);
	bool refreshed = !strncmp(head, "POST /token ", 12) && strstr(head, "\r\n\r\n" REFRESH);

	if (asked || refreshed)
		return fake_http(200, "", "{\"access_token\":\"secret\",\"expires_in\":300}");
	if (strstr(head, "/token"))
		return fake_http(401, "", "");
	if (strstr(head, "\r\nAuthorization: Bearer secret\r\n"))
		return fake_http(200, "", MANIFEST);
	snprintf(challenge, sizeof(challenge),
		"WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"s\"\r\n",
		fake->port);
	return fake_http(401, challenge, "");
}

static void a_token_is_got_with_a_password_or_an_identity_token(void **state)
{
	static const char *const entries[] = {ENTRY, "{\"auth\":\"dXNlcjo=\",\"identitytoken\":\"id&en\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct config config;
		struct bench bench;

		setup(&bench, NULL);
		bench.fake.answer = play_token_login;
		use_config(&bench, &config, entries[i]);
		ask(&bench, NULL);
		if (bench.result.state != REGISTRY_FOUND)
			fail_msg("%zu: %s\n%s", i, bench.result.problem, bench.fake.heads[1]);
		assert_int_equal(bench.fake.requests, 3);
		teardown(&bench);
		drop_config(&config);
	}
}

/* --- redirects --- */

static char *play_elsewhere(struct fake *fake, const char *head)
{
	(void)fake;
	if (!strncmp(head, "GET /again ", strlen("GET /again ")))
		return fake_http(307, "Location: /blob\r\n", "");
	return fake_http(200, "", MANIFEST);
}

/* The registry redirects to another host's `path`. It answers at once, or redirects to itself. */
static void redirect_elsewhere(const char *path, int requests)
{
	struct config config;
	char location[128];
	struct line script[] = {{TAG, 307, location, ""}, {0}};
	struct fake elsewhere;
	struct bench bench;

	setup(&bench, NULL);
	bench.fake.answer = play_basic;
	use_config(&bench, &config, ENTRY);
	ask(&bench, NULL); /* the password is known from now on, and sent at once */
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	fake_start_tcp(&elsewhere, &bench.loop, play_elsewhere);
	snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d%s\r\n", elsewhere.port, path);
	bench.fake.answer = play;
	bench.fake.context = script;
	bench.fake.requests = 0;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	assert_non_null(strstr(bench.fake.heads[0], BASIC));
	assert_int_equal(elsewhere.requests, requests);
	for (int i = 0; i < requests; i++)
		assert_null(strstr(elsewhere.heads[i], "Authorization"));
	fake_stop(&elsewhere);
	teardown(&bench);
	drop_config(&config);
}

static void a_redirect_elsewhere_gets_no_credentials(void **state)
{
	(void)state;
	redirect_elsewhere("/blob", 1);
}

static void nor_does_where_that_redirects_to(void **state)
{
	(void)state;
	redirect_elsewhere("/again", 2);
}

/* One that is the registry's own gets what the registry gets. */
static void a_redirect_on_the_spot_is_followed_with_credentials(void **state)
{
	struct config config;
	struct bench bench;
	struct line script[] = {{TAG, 302, "Location: /v2/other\r\n", ""},
		{"GET /v2/other ", 200, "", MANIFEST}, {0}};

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = play_basic;
	use_config(&bench, &config, ENTRY);
	ask(&bench, NULL);
	bench.fake.answer = play;
	bench.fake.context = script;
	bench.fake.requests = 0;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FOUND);
	assert_non_null(strstr(bench.fake.heads[1], BASIC));
	teardown(&bench);
	drop_config(&config);
}

static void redirects_end_somewhere_and_stay_with_http(void **state)
{
	static const char *const targets[] = {"/v2/a/b/manifests/1", "file:///etc/passwd", "ftp://127.0.0.1/",
		"gopher://x/", "http://user:password@127.0.0.1/", "http://", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct bench bench;
		char location[128];
		struct line script[] = {{TAG, 302, location, ""}, {0}};

		snprintf(location, sizeof(location), "Location: %s\r\n", targets[i]);
		setup(&bench, script);
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, REGISTRY_FAILED);
		assert_non_null(strstr(bench.result.problem, "redirects"));
		assert_int_equal(bench.fake.requests, i == 0 ? 4 : 1);
		teardown(&bench);
	}
}

/* --- who is asked, and when --- */

static void mirrors_fail_over_to_the_next(void **state)
{
	static const struct {
		struct line first[2], second[2];
		enum registry_state state;
		int asked[2];
	} rows[] = {
		{{{"GET /v2/library/x/manifests/1 ", 200, "", MANIFEST}}, {{0}}, REGISTRY_FOUND, {1, 0}},
		{{{"GET", 404, "", ""}}, {{"GET", 200, "", MANIFEST}}, REGISTRY_FOUND, {1, 1}},
		{{{"GET", 500, "", ""}}, {{"GET", 200, "", MANIFEST}}, REGISTRY_FOUND, {1, 1}},
		{{{"GET", 401, "", ""}}, {{"GET", 200, "", MANIFEST}}, REGISTRY_FOUND, {1, 1}},
		{{{"GET", 200, "", "<html>"}}, {{"GET", 200, "", MANIFEST}}, REGISTRY_FOUND, {1, 1}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char one[64], two[64];
		const char *const mirrors[] = {one, two, NULL};
		struct fake second;
		struct bench bench;

		setup(&bench, rows[i].first);
		fake_start_tcp(&second, &bench.loop, play);
		second.context = (void *)rows[i].second;
		snprintf(one, sizeof(one), "http://127.0.0.1:%d", bench.fake.port);
		snprintf(two, sizeof(two), "http://127.0.0.1:%d/", second.port);
		registry_free(bench.registry);
		bench.options.mirrors = mirrors;
		bench.registry = registry_new(&bench.loop, bench.pool, &bench.options);
		strcpy(bench.reference.domain, "docker.io");
		strcpy(bench.reference.repository, "library/x");
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, rows[i].state);
		assert_int_equal(bench.fake.requests, rows[i].asked[0]);
		assert_int_equal(second.requests, rows[i].asked[1]);
		fake_stop(&second);
		teardown(&bench);
	}
}

static void a_registry_that_says_for_how_long_is_left_alone(void **state)
{
	static const struct {
		int status;
		const char *headers;
		bool limited; /* also for who cannot wait */
	} rows[] = {
		{429, "", true},
		{429, "Retry-After: 30\r\n", true},
		{503, "Retry-After: 30\r\n", true},
		{503, "", false},
		{500, "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line script[] = {{TAG, rows[i].status, rows[i].headers, ""}, {0}};
		struct bench bench;

		setup(&bench, script);
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, REGISTRY_FAILED);
		assert_true(bench.result.retry_ms > 0);
		if (strstr(rows[i].headers, "30"))
			assert_in_range(bench.result.retry_ms, 29000, 30000);
		usleep(60 * 1000);
		ask(&bench, NULL);
		assert_int_equal(bench.result.state, REGISTRY_FAILED);
		assert_int_equal(bench.fake.requests, rows[i].limited ? 1 : 2);
		if (rows[i].limited) {
			assert_int_equal(bench.result.error, -EAGAIN);
			assert_non_null(strstr(bench.result.problem, "not asked again"));
		}
		teardown(&bench);
	}
}

static char *hold(struct fake *fake, const char *head)
{
	(void)fake;
	(void)head;
	return NULL;
}

static void on_counted(const struct registry_result *result, void *context)
{
	(void)result;
	(*(int *)context)++;
}

static void few_are_asked_at_once_and_who_waits_comes_first(void **state)
{
	struct registry_query *queries[40];
	struct bench bench;
	int done = 0;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = hold;
	for (int i = 0; i < 40; i++) {
		snprintf(bench.reference.tag, sizeof(bench.reference.tag), "t%d", i);
		registry_ask(bench.registry, &bench.reference, NULL, i == 39 ? REGISTRY_URGENT : 0, on_counted,
			&done, &queries[i]);
	}
	while (bench.fake.requests < 6)
		fake_turn(&bench.loop);
	for (int i = 0; i < 50; i++)
		fake_turn(&bench.loop);
	assert_int_equal(bench.fake.requests, 6);
	/* Asked for last, and for somebody who waits: first. */
	assert_non_null(strstr(bench.fake.heads[0], "/manifests/t39 "));
	/* One that ends makes room for one. */
	registry_cancel(queries[39]);
	while (bench.fake.requests < 7)
		fake_turn(&bench.loop);
	for (int i = 0; i < 50; i++)
		fake_turn(&bench.loop);
	assert_int_equal(bench.fake.requests, 7);
	assert_int_equal(done, 0);
	teardown(&bench);
}

static char *cut_short(struct fake *fake, const char *head)
{
	(void)fake;
	(void)head;
	return strdup("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" MANIFEST);
}

static void half_a_manifest_is_none(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = cut_short;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FAILED);
	teardown(&bench);
}

static char *too_much(struct fake *fake, const char *head)
{
	char *body = malloc(5 << 20), *answer;

	(void)fake;
	(void)head;
	memset(body, ' ', (5 << 20) - 1);
	body[(5 << 20) - 1] = '\0';
	answer = fake_http(200, "", body);
	free(body);
	return answer;
}

static void a_manifest_that_is_too_large_is_none(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = too_much;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FAILED);
	assert_int_equal(bench.result.error, -EFBIG);
	teardown(&bench);
}

static void who_says_nothing_is_not_waited_for_for_long(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, NULL);
	bench.fake.answer = hold;
	ask(&bench, NULL);
	assert_int_equal(bench.result.state, REGISTRY_FAILED);
	assert_int_equal(bench.result.error, -ETIMEDOUT);
	/* The next who cannot wait is spared as long again. */
	assert_in_range(bench.result.retry_ms, 4000, 6000);
	teardown(&bench);
}

static void configurations_of_all_platforms_if_wanted(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" MANIFEST_DIGEST
		"\",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}},{\"digest\":\"" OTHER_DIGEST
		"\",\"platform\":{\"os\":\"linux\",\"architecture\":\"mips\"}}]}";
	static const struct line script[] = {{TAG, 200, "", index},
		{CHILD MANIFEST_DIGEST, 200, "", MANIFEST}, {CHILD OTHER_DIGEST, 200, "", OTHER}, {0}};
	struct bench bench;

	(void)state;
	setup(&bench, script);
	ask(&bench, NULL);
	assert_int_equal(bench.result.digests.config_count, 0);
	bench.done = 0;
	registry_ask(bench.registry, &bench.reference, NULL, REGISTRY_ALL_PLATFORMS, on_result, &bench, NULL);
	while (!bench.done)
		fake_turn(&bench.loop);
	assert_int_equal(bench.result.digests.config_count, 2);
	assert_true(bench.result.digests.complete);
	teardown(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(a_password_is_sent_when_it_is_asked_for_and_then_at_once),
		cmocka_unit_test(a_wrong_password_is_tried_once),
		cmocka_unit_test(a_token_is_got_with_a_password_or_an_identity_token),
		cmocka_unit_test(a_redirect_elsewhere_gets_no_credentials),
		cmocka_unit_test(nor_does_where_that_redirects_to),
		cmocka_unit_test(a_redirect_on_the_spot_is_followed_with_credentials),
		cmocka_unit_test(redirects_end_somewhere_and_stay_with_http),
		cmocka_unit_test(mirrors_fail_over_to_the_next),
		cmocka_unit_test(a_registry_that_says_for_how_long_is_left_alone),
		cmocka_unit_test(few_are_asked_at_once_and_who_waits_comes_first),
		cmocka_unit_test(half_a_manifest_is_none),
		cmocka_unit_test(a_manifest_that_is_too_large_is_none),
		cmocka_unit_test(who_says_nothing_is_not_waited_for_for_long),
		cmocka_unit_test(configurations_of_all_platforms_if_wanted),
		cmocka_unit_test(a_cancelled_query_is_not_heard_of_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
