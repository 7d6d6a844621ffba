// SPDX-License-Identifier: Apache-2.0
/*
 * Which image matches which entry, and how old an answer may be that a verdict rests on. The tables
 * are pure; the rest plays registry and engine in the same loop, because a real registry is not
 * silent, and does not wait a day, when a test wants it to. Real ones:
 * selftests/e2e/registry_native.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake_http.h"
/* For what no caller may see: when an entry was confirmed. */
#include "../../userspace/images/images.c"

#define H48   "0123456789abcdef0123456789abcdef0123456789abcdef"
#define D(x)  "sha256:" H48 x x x x x x x x x x x x x x x x
#define LIST  D("1") /* the index or manifest that the tag points at */
#define CHILD D("2") /* this machine's manifest in it */
#define CONF  D("3") /* its configuration */
#define OLD   D("4") /* what the tag pointed at before */
#define ELSE  D("5") /* an image that has nothing to do with it */

static struct reference parsed(const char *text)
{
	struct reference reference;
	const char *problem;

	if (reference_parse(text, &reference, &problem) < 0)
		fail_msg("%s: %s", text, problem);
	return reference;
}

/* An image out of literals; names end at the first NULL. */
#define IMAGE(an_id, the_digests, the_tags)                                                        \
	(struct engine_image)                                                                      \
	{                                                                                          \
		.id = an_id, .repo_digests = {(char **)(the_digests), count(the_digests)},         \
		.repo_tags = {                                                                     \
			(char **)(the_tags),                                                       \
			count(the_tags)                                                            \
		}                                                                                  \
	}

static size_t count(const char *const *names)
{
	size_t n = 0;

	while (n < 3 && names[n])
		n++;
	return n;
}

static void an_image_matches_by_digest_and_never_by_name(void **state)
{
	static const struct {
		const char *what, *id, *digests[3], *tags[3];
		bool matches;
	} rows[] = {
		{"the configuration's digest is a classic engine's image id", CONF, {0}, {0}, true},
		{"a manifest's or index's is containerd's", LIST, {0}, {0}, true},
		{"of either kind", CHILD, {0}, {0}, true},
		{"the repository digest of the index", ELSE, {"r.io/a/b@" LIST}, {0}, true},
		{"that of this machine's manifest", ELSE, {"r.io/a/b@" CHILD}, {0}, true},
		{"any one of several", ELSE, {"r.io/a/b@" OLD, "x@" ELSE, "r.io/a/b@" LIST}, {0},
			true},
		{"the name alone is nothing", ELSE, {0}, {"r.io/a/b:1"}, false},
		{"nor with another digest", ELSE, {"r.io/a/b@" ELSE}, {"r.io/a/b:1"}, false},
		{"a digest that the tag had before is over", ELSE, {"r.io/a/b@" OLD},
			{"r.io/a/b:1"}, false},
		{"the right digest of another repository", ELSE, {"r.io/a/c@" LIST}, {0}, false},
		{"of another registry", ELSE, {"s.io/a/b@" LIST}, {0}, false},
		{"of a repository below", ELSE, {"r.io/a/b/c@" LIST}, {0}, false},
		{"of one that only ends alike", ELSE, {"a/b@" LIST}, {0}, false},
		{"a configuration's digest is not a repository digest", ELSE, {"r.io/a/b@" CONF},
			{0}, false},
		{"nor is it with the id in a name", ELSE, {0}, {"r.io/a/b:" H48}, false},
		{"the engine's way to say none", ELSE, {"<none>@<none>"}, {"<none>:<none>"}, false},
		{"an image without an id", "", {0}, {0}, false},
	};
	struct reference reference = parsed("r.io/a/b:1");
	static const struct allowed_digests digests = {.repository = {LIST, CHILD},
		.repository_count = 2,
		.config = {CONF},
		.config_count = 1,
		.complete = true};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct engine_image image = IMAGE("", rows[i].digests, rows[i].tags);

		COPY_STRING(image.id, rows[i].id);
		if (images_match(&image, &reference, &digests) != rows[i].matches)
			fail_msg("%s", rows[i].what);
	}
}

static void an_entry_without_digests_matches_nothing(void **state)
{
	static const char *const names[3] = {"r.io/a/b@" LIST};
	static const char *const tags[3] = {"r.io/a/b:1"};
	static const struct allowed_digests none = {.complete = true};
	struct engine_image image = IMAGE(CONF, names, tags);
	struct reference reference = parsed("r.io/a/b:1");

	(void)state;
	assert_false(images_match(&image, &reference, &none));
	image.id[0] = '\0';
	assert_false(images_match(&image, &reference, &none));
}

static void short_names_are_those_of_docker_io(void **state)
{
	static const char *const names[3] = {"docker@" LIST};
	static const char *const tags[3] = {"docker:cli"};
	static const struct allowed_digests digests = {.repository = {LIST}, .repository_count = 1};
	struct engine_image image = IMAGE(ELSE, names, tags);
	struct reference reference = parsed("docker.io/library/docker:cli");

	(void)state;
	assert_true(images_match(&image, &reference, &digests));
	assert_int_equal(images_relate(&image, &reference), IMAGES_PULLED);
}

static void names_say_how_an_image_relates_to_an_entry(void **state)
{
	static const struct {
		const char *digests[3], *tags[3];
		enum images_relation relation;
	} rows[] = {
		{{0}, {0}, IMAGES_UNRELATED},
		{{"r.io/x@" OLD}, {"r.io/x:1", "b:1"}, IMAGES_UNRELATED},
		{{"r.io/a/b@" OLD}, {"r.io/a/b:1"}, IMAGES_PULLED},
		/* Pulled once; its name has moved on to another image since. */
		{{"r.io/a/b@" OLD}, {0}, IMAGES_PULLED},
		{{"r.io/a/b@" OLD}, {"mine:1"}, IMAGES_PULLED},
		/* docker tag, docker build -t. */
		{{"r.io/x@" OLD}, {"r.io/x:1", "r.io/a/b:1"}, IMAGES_TAGGED},
		{{0}, {"r.io/a/b:1"}, IMAGES_TAGGED},
		/* The neighbour of a listed image is not the listed image of yesterday. */
		{{"r.io/a/b@" OLD}, {"r.io/a/b:2"}, IMAGES_NEIGHBOUR},
		{{0}, {"r.io/a/b:2"}, IMAGES_NEIGHBOUR},
	};
	struct reference reference = parsed("r.io/a/b:1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct engine_image image = IMAGE(ELSE, rows[i].digests, rows[i].tags);

		if (images_relate(&image, &reference) != rows[i].relation)
			fail_msg("row %zu", i);
	}
}

/* Judgements. */

/* The manifest below; its SHA-256 was computed with sha256sum. */
#define MANIFEST        "{\"schemaVersion\":2,\"config\":{\"digest\":\"" CONF "\"}}"
#define MANIFEST_DIGEST "sha256:a4ed55239caa78d90f420d8e56c2a28c11156e2b1cdc924432dcdb25798b7438"

struct bench {
	uv_loop_t loop;
	struct fetch_pool *pool;
	struct engine *engine;
	struct images *images;
	struct fake registry, docker;
	struct reference_pattern entry;
	char text[64];
	struct settings settings;
	int judged, changed;
	struct images_verdict verdict;
	const char *id;  /* of the image that the engine has; NULL: none */
	const char *tag; /* its name beside; NULL: the entry's */
	int mode;        /* of the registry: an HTTP status, or 0 silence */
};

static char *play_registry(struct fake *fake, const char *head)
{
	struct bench *bench = fake->context;

	if (!bench->mode)
		return NULL;
	if (bench->mode != 200)
		return fake_http(bench->mode, "", "");
	if (!strncmp(head, "HEAD ", 5))
		return fake_head(200, "Docker-Content-Digest: " MANIFEST_DIGEST "\r\n");
	return fake_http(200, "", MANIFEST);
}

static char *play_engine(struct fake *fake, const char *head)
{
	struct bench *bench = fake->context;
	char body[512];

	(void)head;
	if (!bench->id)
		return fake_http(404, "", "{\"message\":\"No such image\"}");
	snprintf(body, sizeof(body), "{\"Id\":\"%s\",\"RepoTags\":[\"%s\"]}", bench->id,
		bench->tag ? bench->tag : bench->text);
	return fake_http(200, "", body);
}

static void on_bench_changed(void *context)
{
	struct bench *bench = context;

	bench->changed++;
}

static void on_bench_judged(const struct images_verdict *verdict, void *context)
{
	struct bench *bench = context;

	bench->judged++;
	bench->verdict = *verdict;
}

static void setup(struct bench *bench, int mode, const char *id)
{
	const char *problem;

	memset(bench, 0, sizeof(*bench));
	uv_loop_init(&bench->loop);
	fake_start_tcp(&bench->registry, &bench->loop, play_registry);
	fake_start_unix(&bench->docker, &bench->loop, play_engine);
	bench->registry.context = bench->docker.context = bench;
	bench->mode = mode;
	bench->id = id;
	snprintf(bench->text, sizeof(bench->text), "127.0.0.1:%d/a/b:1", bench->registry.port);
	assert_int_equal(reference_pattern_parse(bench->text, &bench->entry, &problem), 0);
	bench->settings.images = &bench->entry;
	bench->settings.image_count = 1;
	bench->pool = fetch_pool_new(&bench->loop);
	bench->engine = engine_new(&bench->loop, bench->pool, bench->docker.path);
	assert_int_equal(images_new(&bench->loop, bench->pool, bench->engine, &bench->settings,
				 on_bench_changed, bench, &bench->images),
		0);
}

static void teardown(struct bench *bench)
{
	images_free(bench->images);
	engine_free(bench->engine);
	fetch_pool_free(bench->pool);
	fake_stop(&bench->registry);
	fake_stop(&bench->docker);
	assert_int_equal(fake_end_loop(&bench->loop), 0);
	free(bench->entry.text);
}

static struct entry *entry_of(struct bench *bench)
{
	return &bench->images->list.entries[0];
}

static void wait_asked(struct bench *bench)
{
	while (entry_of(bench)->query)
		fake_turn(&bench->loop);
}

static void judge(struct bench *bench, const char *name, enum images_freshness freshness)
{
	bench->judged = 0;
	assert_int_equal(images_judge(bench->images, name, freshness, on_bench_judged, bench), 0);
	assert_int_equal(bench->judged, 0);
	while (!bench->judged)
		fake_turn(&bench->loop);
}

/* Lets the last answer of the registry be as old as this. */
static void age(struct bench *bench, int64_t ms)
{
	entry_of(bench)->asked -= ms;
	entry_of(bench)->confirmed -= ms;
}

static void assert_verdict(
	const struct bench *bench, enum images_outcome outcome, enum images_reason reason)
{
	if (bench->verdict.outcome != outcome || bench->verdict.reason != reason)
		fail_msg("outcome %d, reason %d: %s", bench->verdict.outcome, bench->verdict.reason,
			bench->verdict.text);
}

static void the_first_answer_is_waited_for_and_told_as_a_change(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, 200, CONF);
	judge(&bench, "x", IMAGES_CACHED);
	assert_verdict(&bench, IMAGES_ALLOWED, IMAGES_REASON_LISTED);
	assert_string_equal(bench.verdict.image_id, CONF);
	assert_string_equal(bench.verdict.entry, bench.text);
	assert_int_equal(bench.registry.requests, 1);
	for (int i = 0; i < 20; i++)
		fake_turn(&bench.loop);
	assert_int_equal(bench.changed, 1);
	teardown(&bench);
}

static void an_answer_is_asked_for_again_when_it_is_too_old_for_the_question(void **state)
{
	static const struct {
		int64_t age;
		enum images_freshness freshness;
		int requests; /* after the first */
	} rows[] = {
		{0, IMAGES_REVALIDATE, 0},
		{500, IMAGES_REVALIDATE, 0},
		{1100, IMAGES_REVALIDATE, 1},
		{1100, IMAGES_CACHED, 0},
		{110 * 1000, IMAGES_CACHED, 0},
		{121 * 1000, IMAGES_CACHED, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;

		setup(&bench, 200, CONF);
		wait_asked(&bench);
		age(&bench, rows[i].age);
		judge(&bench, "x", rows[i].freshness);
		assert_verdict(&bench, IMAGES_ALLOWED, IMAGES_REASON_LISTED);
		assert_int_equal(bench.registry.requests - 1, rows[i].requests);
		if (rows[i].requests)
			assert_memory_equal(bench.registry.heads[1], "HEAD ", 5);
		teardown(&bench);
	}
}

static void a_refusal_never_rests_on_an_old_answer(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, 200, ELSE);
	wait_asked(&bench);
	usleep(3000);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_verdict(&bench, IMAGES_DENIED, IMAGES_REASON_LOCAL_TAG);
	assert_int_equal(bench.registry.requests, 2);
	/* But for an image that has nothing to do with the entry nobody is asked. */
	bench.tag = "unrelated:1";
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_verdict(&bench, IMAGES_DENIED, IMAGES_REASON_NOT_LISTED);
	assert_string_equal(bench.verdict.entry, "");
	assert_int_equal(bench.registry.requests, 2);
	teardown(&bench);
}

static void a_registry_that_fails_leaves_what_it_said_for_a_day(void **state)
{
	static const struct {
		int mode;
		int64_t age;
		enum images_outcome outcome;
		enum images_reason reason;
	} rows[] = {
		{503, 2000, IMAGES_ALLOWED, IMAGES_REASON_LISTED},
		{503, EXPIRY_MS - 60000, IMAGES_ALLOWED, IMAGES_REASON_LISTED},
		{503, EXPIRY_MS + 60000, IMAGES_DENIED, IMAGES_REASON_EXPIRED},
		{401, 2000, IMAGES_ALLOWED, IMAGES_REASON_LISTED},
		/* It answers, and has it no more: that is no failure. */
		{404, 2000, IMAGES_DENIED, IMAGES_REASON_ABSENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;

		setup(&bench, 200, CONF);
		wait_asked(&bench);
		age(&bench, rows[i].age);
		bench.mode = rows[i].mode;
		judge(&bench, "x", IMAGES_REVALIDATE);
		assert_verdict(&bench, rows[i].outcome, rows[i].reason);
		teardown(&bench);
	}
}

static void what_was_never_known_allows_nothing(void **state)
{
	static const int modes[] = {401, 403, 500, 503};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct bench bench;

		setup(&bench, modes[i], CONF);
		judge(&bench, "x", IMAGES_CACHED);
		assert_verdict(&bench, IMAGES_DENIED, IMAGES_REASON_UNREACHABLE);
		assert_string_equal(bench.verdict.entry, bench.text);
		/* As soon as it answers, that counts, whatever was said a moment ago. */
		bench.mode = 200;
		usleep(20000);
		judge(&bench, "x", IMAGES_CACHED);
		assert_verdict(&bench, IMAGES_ALLOWED, IMAGES_REASON_LISTED);
		teardown(&bench);
	}
}

/* Until somebody asks about them: not even the image that has the name. */
static void an_entry_with_a_star_allows_nothing_and_says_so(void **state)
{
	static const struct {
		const char *path;
		enum images_reason reason;
	} rows[] = {
		{"a/b:*", IMAGES_REASON_UNREACHABLE},
		{"a/*:*", IMAGES_REASON_NOT_LISTED},
		{"a/b*:1", IMAGES_REASON_NOT_LISTED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;
		struct reference_pattern entry;
		const char *problem;
		char text[64];

		setup(&bench, 200, CONF);
		judge(&bench, "x", IMAGES_CACHED);
		assert_verdict(&bench, IMAGES_ALLOWED, IMAGES_REASON_LISTED);
		snprintf(text, sizeof(text), "127.0.0.1:%d/%s", bench.registry.port, rows[i].path);
		assert_int_equal(reference_pattern_parse(text, &entry, &problem), 0);
		bench.settings.images = &entry;
		assert_int_equal(images_replace(bench.images, &bench.settings), 0);
		judge(&bench, "x", IMAGES_REVALIDATE);
		assert_verdict(&bench, IMAGES_DENIED, rows[i].reason);
		assert_false(entry_of(&bench)->counts);
		assert_non_null(strstr(entry_of(&bench)->problem, "star"));
		free(entry.text);
		teardown(&bench);
	}
}

static void a_time_out_is_not_waited_for_by_everybody_again(void **state)
{
	struct bench bench;
	int requests;

	(void)state;
	setup(&bench, 200, CONF);
	wait_asked(&bench);
	age(&bench, 5000);
	/* As if an attempt that took ten seconds had just failed. */
	entry_of(&bench)->query_began = now_ms() - 10000;
	entry_failed(entry_of(&bench), "timed out");
	bench.mode = 0;
	requests = bench.registry.requests;
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_verdict(&bench, IMAGES_ALLOWED, IMAGES_REASON_LISTED);
	assert_int_equal(bench.registry.requests, requests);
	entry_of(&bench)->retry = now_ms();
	bench.mode = 404;
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_verdict(&bench, IMAGES_DENIED, IMAGES_REASON_ABSENT);
	teardown(&bench);
}

static void without_the_engine_there_is_no_verdict_to_act_on(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, 200, NULL);
	judge(&bench, "x", IMAGES_CACHED);
	assert_verdict(&bench, IMAGES_NOT_LOCAL, IMAGES_REASON_NOT_LOCAL);
	unlink(bench.docker.path);
	judge(&bench, "x", IMAGES_CACHED);
	assert_verdict(&bench, IMAGES_ERROR, IMAGES_REASON_ENGINE);
	assert_int_equal(bench.verdict.error, -ECONNREFUSED);
	judge(&bench, "../x", IMAGES_CACHED);
	assert_verdict(&bench, IMAGES_ERROR, IMAGES_REASON_ENGINE);
	assert_int_equal(bench.verdict.error, -EINVAL);
	teardown(&bench);
}

static void an_entry_by_digest_counts_without_any_registry(void **state)
{
	static const char *const names[3] = {"r.io/a/b@" LIST};
	static const char *const none[3];
	struct engine_image image = IMAGE(ELSE, names, none);
	struct entry entry = {.kind = REFERENCE_DIGEST, .confirmed = NEVER};

	(void)state;
	entry.reference = parsed("r.io/a/b@" LIST);
	own_digests(&entry, &entry.digests);
	assert_true(entry_counts(&entry, now_ms()));
	assert_true(entry_matches(&entry, &image));
	entry.reference = parsed("r.io/a/b@" OLD);
	own_digests(&entry, &entry.digests);
	assert_false(entry_matches(&entry, &image));
}

static void part_of_an_index_that_cannot_be_read_takes_nothing_away(void **state)
{
	struct images images = {.closing = true};
	struct entry entry = {.kind = REFERENCE_TAG, .images = &images};
	struct allowed_digests whole = {.repository = {LIST, CHILD},
		.repository_count = 2,
		.config = {CONF},
		.config_count = 1,
		.complete = true};
	struct allowed_digests part = {.repository = {LIST, CHILD}, .repository_count = 2};

	(void)state;
	entry_take(&entry, &whole);
	entry_take(&entry, &part);
	assert_int_equal(entry.digests.config_count, 1);
	/* But with another index what was known is over. */
	strcpy(part.repository[0], OLD);
	entry_take(&entry, &part);
	assert_int_equal(entry.digests.config_count, 0);
	assert_int_equal(images.generation, 2);
}

static void a_verdict_about_an_id_is_kept_within_one_generation(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, 200, CONF);
	wait_asked(&bench);
	judge(&bench, CONF, IMAGES_CACHED);
	assert_int_equal(bench.docker.requests, 1);
	judge(&bench, CONF, IMAGES_CACHED);
	assert_verdict(&bench, IMAGES_ALLOWED, IMAGES_REASON_LISTED);
	assert_int_equal(bench.docker.requests, 1);
	/* A name may mean another image by now: the engine is asked each time. */
	judge(&bench, "x", IMAGES_CACHED);
	assert_int_equal(bench.docker.requests, 2);
	/* Digests changed. */
	images_touch(bench.images);
	judge(&bench, CONF, IMAGES_CACHED);
	assert_int_equal(bench.docker.requests, 3);
	/* It is older than the question allows. */
	slot_of(bench.images, CONF)->since -= 1100;
	judge(&bench, CONF, IMAGES_REVALIDATE);
	assert_int_equal(bench.docker.requests, 4);
	/* The list changed. */
	bench.settings.image_count = 0;
	assert_int_equal(images_replace(bench.images, &bench.settings), 0);
	judge(&bench, CONF, IMAGES_CACHED);
	assert_verdict(&bench, IMAGES_DENIED, IMAGES_REASON_NOT_LISTED);
	teardown(&bench);
}

static void an_entry_that_stays_in_the_list_keeps_what_is_known(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, 200, CONF);
	wait_asked(&bench);
	bench.mode = 503;
	assert_int_equal(images_replace(bench.images, &bench.settings), 0);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_verdict(&bench, IMAGES_ALLOWED, IMAGES_REASON_LISTED);
	teardown(&bench);
}

static void freeing_ends_judgements_wherever_they_are(void **state)
{
	(void)state;
	for (int turns = 0; turns < 40; turns += 4) {
		struct bench bench;

		setup(&bench, 0, CONF);
		for (int i = 0; i < 3; i++)
			images_judge(bench.images, "x", IMAGES_REVALIDATE, on_bench_judged, &bench);
		for (int i = 0; i < turns; i++)
			fake_turn(&bench.loop);
		assert_int_equal(bench.judged, 0);
		teardown(&bench);
		assert_int_equal(bench.judged, 3);
		assert_verdict(&bench, IMAGES_ERROR, IMAGES_REASON_ENGINE);
		assert_int_equal(bench.verdict.error, -ECANCELED);
	}
}

static void on_judged_free(const struct images_verdict *verdict, void *context)
{
	struct bench *bench = context;

	on_bench_judged(verdict, context);
	if (bench->images)
		images_free(TAKE_PTR(bench->images));
}

static void the_list_may_be_freed_from_a_verdict(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, 200, NULL);
	for (int i = 0; i < 3; i++)
		images_judge(bench.images, "x", IMAGES_REVALIDATE, on_judged_free, &bench);
	while (bench.images)
		fake_turn(&bench.loop);
	teardown(&bench);
	assert_int_equal(bench.judged, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_matches_by_digest_and_never_by_name),
		cmocka_unit_test(an_entry_without_digests_matches_nothing),
		cmocka_unit_test(short_names_are_those_of_docker_io),
		cmocka_unit_test(names_say_how_an_image_relates_to_an_entry),
		cmocka_unit_test(the_first_answer_is_waited_for_and_told_as_a_change),
		cmocka_unit_test(an_answer_is_asked_for_again_when_it_is_too_old_for_the_question),
		cmocka_unit_test(a_refusal_never_rests_on_an_old_answer),
		cmocka_unit_test(a_registry_that_fails_leaves_what_it_said_for_a_day),
		cmocka_unit_test(what_was_never_known_allows_nothing),
		cmocka_unit_test(an_entry_with_a_star_allows_nothing_and_says_so),
		cmocka_unit_test(a_time_out_is_not_waited_for_by_everybody_again),
		cmocka_unit_test(without_the_engine_there_is_no_verdict_to_act_on),
		cmocka_unit_test(an_entry_by_digest_counts_without_any_registry),
		cmocka_unit_test(part_of_an_index_that_cannot_be_read_takes_nothing_away),
		cmocka_unit_test(a_verdict_about_an_id_is_kept_within_one_generation),
		cmocka_unit_test(an_entry_that_stays_in_the_list_keeps_what_is_known),
		cmocka_unit_test(freeing_ends_judgements_wherever_they_are),
		cmocka_unit_test(the_list_may_be_freed_from_a_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
