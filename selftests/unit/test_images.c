// SPDX-License-Identifier: Apache-2.0
/*
 * Which image the list allows, why not, and how old an answer may be that a verdict rests on. The
 * registry client is a table here: a real registry is not silent, and does not wait a day, when a
 * test wants it to. Real ones: selftests/e2e/registry_native and registries_native.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake_http.h"
/* For what no caller may see: when something was asked. */
#include "../../userspace/images/answers.c"
#include "../../userspace/images/images.c"

#define H48   "0123456789abcdef0123456789abcdef0123456789abcdef"
#define D(x)  "sha256:" H48 x x x x x x x x x x x x x x x x
#define LIST  D("1") /* the index or manifest that the tag points at */
#define CHILD D("2") /* a manifest in it */
#define CONF  D("3") /* a configuration */
#define OLD   D("4") /* what the tag pointed at before */
#define ELSE  D("5") /* an image that has nothing to do with it */
#define OTHER D("6") /* a configuration for another platform */

/* --- the registry: a table --- */

struct registry_query {
	struct registry_query *next;
	struct reference reference;
	char known[REGISTRY_DIGEST_SIZE];
	unsigned int flags;
	registry_done_fn done;
	void *context;
};

struct row {
	const char *reference;
	enum registry_state state;
	const char *manifests[3], *configs[3];
	const char *others[3]; /* configurations of other platforms */
	int error;
};

static struct {
	const struct row *rows; /* ends with a NULL reference */
	bool silent;
	struct registry_query *queries;
	int asked;
	char last[REFERENCE_TEXT_SIZE]; /* what was asked for last */
	unsigned int flags;
} server;

bool registry_is_digest(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text) == 71;
}

int registry_ask(struct registry *registry, const struct reference *reference, const char *known,
	unsigned int flags, registry_done_fn done, void *context, struct registry_query **query)
{
	struct registry_query *new = calloc(1, sizeof(*new));

	(void)registry;
	new->reference = *reference;
	COPY_STRING(new->known, known ? known : "");
	new->flags = flags;
	new->done = done;
	new->context = context;
	new->next = server.queries;
	server.queries = new;
	server.asked++;
	server.flags = flags;
	reference_print(reference, server.last);
	*query = new;
	return 0;
}

void registry_cancel(struct registry_query *query)
{
	struct registry_query **link = &server.queries;

	while (*link != query)
		link = &(*link)->next;
	*link = query->next;
	free(query);
}

static size_t add(registry_digest *to, size_t count, const char *const *digests)
{
	for (size_t i = 0; i < 3 && digests[i]; i++)
		strcpy(to[count++], digests[i]);
	return count;
}

static void answer_query(const struct registry_query *query)
{
	char text[REFERENCE_TEXT_SIZE];
	struct registry_result result = { .state = REGISTRY_ABSENT };

	reference_print(&query->reference, text);
	for (const struct row *row = server.rows; row && row->reference; row++) {
		if (strcmp(row->reference, text))
			continue;
		result.state = row->state;
		result.error = row->error;
		if (row->state == REGISTRY_FAILED)
			COPY_STRING(result.problem, "it is not there");
		if (row->state != REGISTRY_FOUND)
			continue;
		result.digests.repository_count = add(result.digests.repository, 0, row->manifests);
		result.digests.config_count = add(result.digests.config, 0, row->configs);
		if (query->flags & REGISTRY_ALL_PLATFORMS)
			result.digests.config_count =
				add(result.digests.config, result.digests.config_count, row->others);
		result.digests.complete = true;
		if (query->known[0] && !strcmp(query->known, result.digests.repository[0]))
			result.state = REGISTRY_UNCHANGED;
	}
	query->done(&result, query->context);
}

static void serve(void)
{
	while (server.queries && !server.silent) {
		struct registry_query *query = server.queries;

		server.queries = query->next;
		answer_query(query);
		free(query);
	}
}

/* --- the engine: answers of a table, over its socket --- */

struct image_row {
	const char *name; /* as it is asked for, or NULL: by id alone */
	const char *id, *tags[3], *digests[3], *layers[4];
};

struct bench {
	uv_loop_t loop;
	struct fetch_pool *pool;
	struct engine *engine;
	struct images *images;
	struct fake docker;
	struct reference_pattern entries[4];
	struct settings settings;
	const struct image_row *local; /* ends with a NULL id */
	int judged, changed;
	struct images_verdict verdict;
};

static json_t *strings_of(const char *const *strings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count && strings[i]; i++)
		json_array_append_new(array, json_string(strings[i]));
	return array;
}

static json_t *image_json(const struct image_row *row, bool layers)
{
	json_t *image = json_pack("{s:s, s:o, s:o}", "Id", row->id, "RepoTags",
		strings_of(row->tags, 3), "RepoDigests", strings_of(row->digests, 3));

	if (layers)
		json_object_set_new(image, "RootFS",
			json_pack("{s:s, s:o}", "Type", "layers", "Layers", strings_of(row->layers, 4)));
	return image;
}

static char *send_json(json_t *value)
{
	char *text = json_dumps(value, 0), *answer = fake_http(200, "", text);

	free(text);
	json_decref(value);
	return answer;
}

static char *play_engine(struct fake *fake, const char *head)
{
	const struct bench *bench = fake->context;
	char name[512];

	if (!strncmp(head, "GET /images/json", 16)) {
		json_t *array = json_array();

		for (const struct image_row *row = bench->local; row->id; row++)
			json_array_append_new(array, image_json(row, false));
		return send_json(array);
	}
	if (sscanf(head, "GET /images/%500[^ ]", name) == 1)
		for (const struct image_row *row = bench->local; row->id; row++)
			if ((row->name && !strncmp(name, row->name, strlen(row->name)) &&
				    !strcmp(name + strlen(row->name), "/json")) ||
				(!strncmp(name, row->id, strlen(row->id)) &&
					!strcmp(name + strlen(row->id), "/json")))
				return send_json(image_json(row, true));
	return fake_http(404, "", "{\"message\":\"No such image\"}");
}

static void on_bench_changed(void *context)
{
	((struct bench *)context)->changed++;
}

static void on_bench_judged(const struct images_verdict *verdict, void *context)
{
	struct bench *bench = context;

	bench->judged++;
	bench->verdict = *verdict;
}

static void set_entries(struct bench *bench, const char *const *entries)
{
	const char *problem = "";

	bench->settings.images = bench->entries;
	for (size_t i = 0; i < bench->settings.image_count; i++)
		free(bench->entries[i].text);
	bench->settings.image_count = 0;
	for (size_t i = 0; i < 4 && entries[i]; i++) {
		if (reference_pattern_parse(entries[i], &bench->entries[i], &problem))
			fail_msg("%s: %s", entries[i], problem);
		bench->settings.image_count++;
	}
}

static void turn(struct bench *bench)
{
	serve();
	fake_turn(&bench->loop);
}

/* The image list over `rows` of the registry and `local` images of the engine. */
static void setup_kept(struct bench *bench, const char *const *entries, const struct row *rows,
	const struct image_row *local, bool derived, const char *store)
{
	static char registry; /* never looked into */

	memset(bench, 0, sizeof(*bench));
	memset(&server, 0, sizeof(server));
	server.rows = rows;
	bench->local = local;
	bench->settings.allow_derived = derived;
	set_entries(bench, entries);
	uv_loop_init(&bench->loop);
	fake_start_unix(&bench->docker, &bench->loop, play_engine);
	bench->docker.context = bench;
	bench->pool = fetch_pool_new(&bench->loop);
	bench->engine = engine_new(&bench->loop, bench->pool, bench->docker.path);
	assert_int_equal(images_new(&bench->loop, bench->engine, (struct registry *)&registry,
				 &bench->settings, store, on_bench_changed, bench, &bench->images),
		0);
}

static void setup(struct bench *bench, const char *entry, const struct row *rows,
	const struct image_row *local)
{
	const char *const entries[4] = { entry };

	setup_kept(bench, entries, rows, local, false, NULL);
}

static void teardown(struct bench *bench)
{
	const char *const none[4] = {0};

	images_free(bench->images);
	engine_free(bench->engine);
	fetch_pool_free(bench->pool);
	fake_stop(&bench->docker);
	assert_int_equal(fake_end_loop(&bench->loop), 0);
	assert_null(server.queries);
	set_entries(bench, none);
}

static void judge(struct bench *bench, const char *name, enum images_freshness freshness)
{
	bench->judged = 0;
	assert_int_equal(images_judge(bench->images, name, freshness, on_bench_judged, bench), 0);
	assert_int_equal(bench->judged, 0);
	while (!bench->judged)
		turn(bench);
}

/* Until nothing is on its way. */
static void settle(struct bench *bench)
{
	for (int i = 0; i < 20 || server.queries; i++)
		turn(bench);
}

static void assert_reason(const struct bench *bench, enum images_reason reason)
{
	bool allowed = reason <= IMAGES_REASON_DERIVED;

	if (bench->verdict.reason != reason ||
		(bench->verdict.outcome == IMAGES_ALLOWED) != allowed)
		fail_msg("outcome %d, %s and not %s: %s", bench->verdict.outcome,
			images_reason_name(bench->verdict.reason), images_reason_name(reason),
			bench->verdict.text);
}

/* Lets everything that was answered be as old as this. */
static void age(struct bench *bench, int64_t ms)
{
	for (struct answer *answer = bench->images->answers->first; answer; answer = answer->next) {
		answer->asked -= ms;
		if (answer->confirmed != ANSWERS_NEVER)
			answer->confirmed -= ms;
		answer->due = answers_now() + 3600 * 1000; /* the background stays out of it */
	}
}

static struct answer *answer_of(struct bench *bench)
{
	return bench->images->list.entries[0].answer;
}

/* --- which image is an entry's --- */

#define TAG "r.io/a/b:1"
static const struct row tag_rows[] = {
	{ .reference = TAG, .state = REGISTRY_FOUND, .manifests = { LIST, CHILD }, .configs = { CONF } },
	{ .reference = "r.io/a/b@" LIST, .state = REGISTRY_FOUND, .manifests = { LIST, CHILD },
		.configs = { CONF }, .others = { OTHER } },
	{ .reference = "r.io/a/b@" CHILD, .state = REGISTRY_FOUND, .manifests = { CHILD },
		.configs = { OTHER } },
	{0},
};

static void an_image_matches_a_tag_by_its_id_and_never_by_its_name(void **state)
{
	static const struct {
		const char *what, *id, *digests[3], *tags[3];
		enum images_reason reason;
	} rows[] = {
		{ "a classic engine's id", CONF, {0}, {0}, IMAGES_REASON_LISTED },
		{ "containerd's: the index", LIST, {0}, {0}, IMAGES_REASON_LISTED },
		{ "containerd's: a manifest", CHILD, {0}, {0}, IMAGES_REASON_LISTED },
		{ "for another platform, pulled as the index", OTHER, { "r.io/a/b@" LIST }, {0},
			IMAGES_REASON_LISTED },
		{ "for another platform, pulled as its manifest", OTHER, { "r.io/a/b@" CHILD }, {0},
			IMAGES_REASON_LISTED },
		{ "for another platform, and loaded", OTHER, {0}, {0}, IMAGES_REASON_NOT_LISTED },
		{ "the name alone", ELSE, {0}, { TAG }, IMAGES_REASON_LOCAL },
		{ "a forged digest of that index", ELSE, { "r.io/a/b@" LIST }, { TAG }, IMAGES_REASON_MOVED },
		{ "a forged digest of its manifest", ELSE, { "r.io/a/b@" CHILD }, {0}, IMAGES_REASON_MOVED },
		{ "a digest that the tag had before", ELSE, { "r.io/a/b@" OLD }, { TAG },
			IMAGES_REASON_MOVED },
		{ "that index in another repository", OTHER, { "r.io/a/c@" LIST }, {0},
			IMAGES_REASON_NOT_LISTED },
		{ "in another registry", OTHER, { "s.io/a/b@" LIST }, {0}, IMAGES_REASON_NOT_LISTED },
		{ "in one below", OTHER, { "r.io/a/b/c@" LIST }, {0}, IMAGES_REASON_NOT_LISTED },
		{ "the id in a name", ELSE, {0}, { "r.io/a/b:" H48 }, IMAGES_REASON_NOT_LISTED },
		{ "the engine's way to say none", ELSE, { "<none>@<none>" }, { "<none>:<none>" },
			IMAGES_REASON_NOT_LISTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_row local[2] = { { .name = "x", .id = rows[i].id } };
		struct bench bench;

		memcpy(local[0].tags, rows[i].tags, sizeof(rows[i].tags));
		memcpy(local[0].digests, rows[i].digests, sizeof(rows[i].digests));
		print_message("# %s\n", rows[i].what);
		setup(&bench, TAG, tag_rows, local);
		judge(&bench, "x", IMAGES_REVALIDATE);
		assert_reason(&bench, rows[i].reason);
		assert_string_equal(bench.verdict.image_id, rows[i].id);
		if (rows[i].reason == IMAGES_REASON_LISTED) {
			assert_string_equal(bench.verdict.basis.entry, TAG);
			assert_true(images_basis_holds(bench.images, &bench.verdict.basis));
		}
		teardown(&bench);
	}
}

static void a_moved_tag_is_told_with_both_digests_and_the_pull(void **state)
{
	static const struct image_row local[] = {
		{ .name = "x", .id = ELSE, .tags = { TAG }, .digests = { "r.io/a/b@" OLD } }, {0}
	};
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, local);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_MOVED);
	assert_non_null(strstr(bench.verdict.text, LIST));
	assert_non_null(strstr(bench.verdict.text, OLD));
	assert_non_null(strstr(bench.verdict.text, "`docker pull " TAG "`"));
	teardown(&bench);
}

static void an_entry_by_digest_needs_nobody(void **state)
{
	static const struct {
		const char *id, *digest;
		enum images_reason reason;
		int asked;
		const struct row *rows; /* of the registry; NULL: it has nothing */
	} rows[] = {
		{ ELSE, "r.io/a/b@" LIST, IMAGES_REASON_LISTED, 0, NULL },
		{ LIST, NULL, IMAGES_REASON_LISTED, 0, NULL },
		{ ELSE, "r.io/a/c@" LIST, IMAGES_REASON_NOT_LISTED, 0, tag_rows },
		{ CONF, NULL, IMAGES_REASON_NOT_LISTED, 0, tag_rows },
		/* What was pulled as an index, or by its tag, may be what the entry's digest is part of. */
		{ ELSE, "r.io/a/b@" OLD, IMAGES_REASON_NOT_LISTED, 1, tag_rows },
		{ CONF, "r.io/a/b@" OLD, IMAGES_REASON_LISTED, 1, tag_rows },
		{ CONF, "r.io/a/b@" OLD, IMAGES_REASON_NOT_LISTED, 1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_row local[2] = { { .name = "x", .id = rows[i].id,
			.digests = { rows[i].digest } } };
		struct bench bench;

		setup(&bench, "r.io/a/b@" LIST, rows[i].rows, local);
		judge(&bench, "x", IMAGES_REVALIDATE);
		assert_reason(&bench, rows[i].reason);
		assert_int_equal(server.asked, rows[i].asked);
		teardown(&bench);
	}
}

static void a_lone_star_is_every_image_and_asks_nobody(void **state)
{
	static const struct image_row local[] = { { .name = "x", .id = ELSE }, {0} };
	struct bench bench;

	(void)state;
	setup(&bench, "*", NULL, local);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_EVERY);
	assert_int_equal(server.asked, 0);
	teardown(&bench);
}

/* What the registry has in the repository counts, and not what the engine calls an image. */
static void a_pattern_believes_the_registry_alone(void **state)
{
	static const struct row found[] = {
		{ .reference = "r.io/t/ryuk@" LIST, .state = REGISTRY_FOUND, .manifests = { LIST, CHILD },
			.configs = { CONF } },
		{0},
	};
	static const struct row denied[] = {
		{ .reference = "r.io/t/ryuk@" LIST, .state = REGISTRY_FAILED, .error = -EACCES }, {0}
	};
	static const struct {
		const char *what, *entry, *id, *digest, *tag;
		const struct row *rows;
		enum images_reason reason;
		int asked;
	} rows[] = {
		{ "pulled", "r.io/t/ryuk:*", CONF, "r.io/t/ryuk@" LIST, NULL, found, IMAGES_REASON_LISTED, 1 },
		{ "pulled, by a glob", "r.io/t/*:*", CONF, "r.io/t/ryuk@" LIST, NULL, found,
			IMAGES_REASON_LISTED, 1 },
		{ "an id that the registry does not have under that digest", "r.io/t/*:*", ELSE,
			"r.io/t/ryuk@" LIST, "r.io/t/ryuk:1", found, IMAGES_REASON_LOCAL, 1 },
		{ "a digest that the registry does not have", "r.io/t/*:*", OLD, "r.io/t/ryuk@" OLD,
			"r.io/t/ryuk:1", found, IMAGES_REASON_LOCAL, 1 },
		{ "a name alone", "r.io/t/*:*", CONF, NULL, "r.io/t/ryuk:1", found, IMAGES_REASON_LOCAL, 0 },
		{ "another repository", "r.io/t/*:*", CONF, "r.io/u/ryuk@" LIST, NULL, found,
			IMAGES_REASON_NOT_LISTED, 0 },
		{ "one segment a star", "r.io/t/*:*", CONF, "r.io/t/ryuk/x@" LIST, NULL, found,
			IMAGES_REASON_NOT_LISTED, 0 },
		{ "no credentials", "r.io/t/*:*", CONF, "r.io/t/ryuk@" LIST, NULL, denied,
			IMAGES_REASON_UNREACHABLE, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_row local[2] = { { .name = "x", .id = rows[i].id, .tags = { rows[i].tag },
			.digests = { rows[i].digest } } };
		struct bench bench;

		print_message("# %s\n", rows[i].what);
		setup(&bench, rows[i].entry, rows[i].rows, local);
		judge(&bench, "x", IMAGES_REVALIDATE);
		assert_reason(&bench, rows[i].reason);
		assert_int_equal(server.asked, rows[i].asked);
		if (rows[i].asked)
			assert_true(server.flags & REGISTRY_ALL_PLATFORMS);
		/* Cached per digest. */
		judge(&bench, "x", IMAGES_CACHED);
		assert_reason(&bench, rows[i].reason);
		if (rows[i].rows == found)
			assert_int_equal(server.asked, rows[i].asked);
		teardown(&bench);
	}
}

static void a_glob_with_a_tag_asks_for_that_tag(void **state)
{
	static const struct row rows[] = {
		{ .reference = "r.io/ci/one:1.2", .state = REGISTRY_FOUND, .manifests = { LIST },
			.configs = { CONF } },
		{0},
	};
	static const struct image_row local[] = {
		{ .name = "right", .id = CONF, .tags = { "r.io/ci/one:1.2" }, .digests = { "r.io/ci/one@" LIST } },
		{ .name = "older", .id = ELSE, .tags = { "r.io/ci/one:1.1" }, .digests = { "r.io/ci/one@" OLD } },
		{ .name = "unknown", .id = OTHER, .tags = { "r.io/ci/two:1.2" } },
		{0},
	};
	struct bench bench;

	(void)state;
	setup(&bench, "r.io/ci/*:1.2", rows, local);
	judge(&bench, "right", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	assert_string_equal(bench.verdict.basis.answer, "r.io/ci/one:1.2");
	judge(&bench, "older", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_NOT_LISTED);
	judge(&bench, "unknown", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_ABSENT);
	teardown(&bench);
}

static void the_nearest_entry_is_named(void **state)
{
	static const struct image_row local[] = {
		{ .name = "x", .id = ELSE, .tags = { "testcontainers/ryuk:0.5.1" } }, {0}
	};
	struct bench bench;

	(void)state;
	setup(&bench, "testcontainer/ryuk:0.5.1", NULL, local);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_NOT_LISTED);
	assert_string_equal(bench.verdict.entry, "testcontainer/ryuk:0.5.1");
	teardown(&bench);
}

/* --- how old an answer may be --- */

static const struct image_row listed_image[] = { { .name = "x", .id = CONF, .tags = { TAG } }, {0} };
static const struct image_row tagged_image[] = { { .name = "x", .id = ELSE, .tags = { TAG } },
	{ .name = "y", .id = OTHER, .tags = { "unrelated:1" } }, {0} };

static void the_first_answer_is_waited_for_and_told_as_a_change(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	judge(&bench, "x", IMAGES_CACHED);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	settle(&bench);
	assert_int_equal(bench.changed, 1);
	teardown(&bench);
}

static void what_allows_is_not_asked_about_while_the_background_keeps_it(void **state)
{
	static const struct {
		int64_t age;
		enum images_freshness freshness;
		bool asked;
	} rows[] = {
		{ 0, IMAGES_REVALIDATE, false },
		{ 1100, IMAGES_REVALIDATE, false },
		{ ANSWERS_REFRESH_MS, IMAGES_REVALIDATE, false },
		{ INQUIRY_FRESH_MS + 1000, IMAGES_CACHED, true },
		{ INQUIRY_FRESH_MS + 1000, IMAGES_REVALIDATE, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;
		int before;

		setup(&bench, TAG, tag_rows, listed_image);
		settle(&bench);
		age(&bench, rows[i].age);
		before = server.asked;
		judge(&bench, "x", rows[i].freshness);
		assert_reason(&bench, IMAGES_REASON_LISTED);
		assert_int_equal(server.asked - before, rows[i].asked);
		teardown(&bench);
	}
}

static void a_refusal_never_rests_on_an_old_answer(void **state)
{
	struct bench bench;
	int before;

	(void)state;
	setup(&bench, TAG, tag_rows, tagged_image);
	settle(&bench);
	age(&bench, 1100);
	before = server.asked;
	judge(&bench, "x", IMAGES_CACHED);
	assert_int_equal(server.asked, before);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LOCAL);
	assert_int_equal(server.asked, before + 1);
	assert_true(server.flags & REGISTRY_URGENT);
	/* But for an image that has nothing to do with the entry nobody is asked. */
	age(&bench, 1100);
	judge(&bench, "y", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_NOT_LISTED);
	assert_int_equal(server.asked, before + 1);
	teardown(&bench);
}

static void who_has_just_pushed_and_pulled_is_not_refused(void **state)
{
	static const struct row moved[] = {
		{ .reference = TAG, .state = REGISTRY_FOUND, .manifests = { OLD }, .configs = { ELSE } }, {0}
	};
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, tagged_image);
	settle(&bench);
	age(&bench, 1100);
	server.rows = moved;
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	teardown(&bench);
}

static void a_registry_that_fails_leaves_what_it_said_for_a_day(void **state)
{
	static const struct row fails[] = { { .reference = TAG, .state = REGISTRY_FAILED }, {0} };
	static const struct row denies[] = {
		{ .reference = TAG, .state = REGISTRY_FAILED, .error = -EACCES }, {0}
	};
	static const struct row absent[] = { { .reference = TAG, .state = REGISTRY_ABSENT }, {0} };
	static const struct {
		const struct row *rows;
		int64_t age;
		enum images_reason reason;
	} rows[] = {
		{ fails, INQUIRY_FRESH_MS + 2000, IMAGES_REASON_LISTED },
		{ fails, ANSWERS_EXPIRY_MS - 60000, IMAGES_REASON_LISTED },
		{ fails, ANSWERS_EXPIRY_MS + 60000, IMAGES_REASON_EXPIRED },
		{ denies, INQUIRY_FRESH_MS + 2000, IMAGES_REASON_LISTED },
		/* It answers, and has it no more: that is no failure. */
		{ absent, INQUIRY_FRESH_MS + 2000, IMAGES_REASON_ABSENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;

		setup(&bench, TAG, tag_rows, listed_image);
		settle(&bench);
		age(&bench, rows[i].age);
		server.rows = rows[i].rows;
		judge(&bench, "x", IMAGES_REVALIDATE);
		assert_reason(&bench, rows[i].reason);
		teardown(&bench);
	}
}

/* An answer that a day makes worthless is told, though nobody asks and nothing answers. */
static void a_day_without_an_answer_is_a_change(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	settle(&bench);
	assert_int_equal(bench.changed, 1);
	server.silent = true;
	age(&bench, ANSWERS_EXPIRY_MS + 1000);
	while (bench.changed < 2)
		turn(&bench);
	server.silent = false;
	teardown(&bench);
}

/* About every two minutes, not all at the same moment, and by HEAD. */
static void the_background_asks_again_when_it_is_due(void **state)
{
	struct answer *answer;
	struct bench bench;
	int before;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	settle(&bench);
	answer = answer_of(&bench);
	assert_in_range(answer->due - answer->began, ANSWERS_REFRESH_MS - JITTER_MS, ANSWERS_REFRESH_MS);
	before = server.asked;
	answer->asked -= ANSWERS_REFRESH_MS;
	answer->due = answers_now();
	while (server.asked == before)
		fake_turn(&bench.loop);
	assert_int_equal(server.flags, 0);
	assert_string_equal(server.queries->known, LIST);
	settle(&bench);
	assert_in_range(answers_now() - answer->confirmed, 0, 5000);
	assert_int_equal(bench.changed, 1);
	teardown(&bench);
}

static void what_was_never_known_allows_nothing(void **state)
{
	static const struct row fails[] = { { .reference = TAG, .state = REGISTRY_FAILED }, {0} };
	struct bench bench;

	(void)state;
	setup(&bench, TAG, fails, listed_image);
	judge(&bench, "x", IMAGES_CACHED);
	assert_reason(&bench, IMAGES_REASON_UNREACHABLE);
	assert_string_equal(bench.verdict.entry, TAG);
	assert_non_null(strstr(bench.verdict.text, "it is not there"));
	/* As soon as it answers, that counts, whatever was said a moment ago. */
	server.rows = tag_rows;
	usleep(20000);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	teardown(&bench);
}

static void what_has_just_failed_is_not_waited_for_by_everybody_again(void **state)
{
	struct bench bench;
	int before;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	settle(&bench);
	age(&bench, INQUIRY_FRESH_MS + 5000);
	answer_of(&bench)->retry = answers_now() + 10000;
	server.silent = true;
	before = server.asked;
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	assert_int_equal(server.asked, before);
	server.silent = false;
	teardown(&bench);
}

static void part_of_an_index_that_cannot_be_read_takes_nothing_away(void **state)
{
	struct allowed_digests part = { .repository = { LIST, CHILD }, .repository_count = 2 };
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	settle(&bench);
	take_digests(answer_of(&bench), &part);
	assert_int_equal(answer_of(&bench)->config_count, 1);
	/* But with another index what was known is over. */
	strcpy(part.repository[0], OLD);
	take_digests(answer_of(&bench), &part);
	assert_int_equal(answer_of(&bench)->config_count, 0);
	teardown(&bench);
}

static void a_verdict_about_an_id_is_kept_within_one_generation(void **state)
{
	const char *const none[4] = {0};
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	settle(&bench);
	judge(&bench, CONF, IMAGES_REVALIDATE);
	assert_int_equal(bench.docker.requests, 1);
	judge(&bench, CONF, IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	assert_int_equal(bench.docker.requests, 1);
	/* A name may mean another image by now: the engine is asked each time. */
	judge(&bench, "x", IMAGES_CACHED);
	assert_int_equal(bench.docker.requests, 2);
	/* Digests changed. */
	touch(bench.images);
	judge(&bench, CONF, IMAGES_CACHED);
	assert_int_equal(bench.docker.requests, 3);
	/* The list changed. */
	set_entries(&bench, none);
	assert_int_equal(images_replace(bench.images, &bench.settings), 0);
	judge(&bench, CONF, IMAGES_CACHED);
	assert_reason(&bench, IMAGES_REASON_NOT_LISTED);
	teardown(&bench);
}

static void an_entry_that_stays_in_the_list_keeps_what_is_known(void **state)
{
	static const struct row fails[] = { { .reference = TAG, .state = REGISTRY_FAILED }, {0} };
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	settle(&bench);
	server.rows = fails;
	assert_int_equal(images_replace(bench.images, &bench.settings), 0);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	teardown(&bench);
}

/* --- on the disk --- */

static void what_was_answered_survives_a_restart_without_a_network(void **state)
{
	static const struct row fails[] = { { .reference = TAG, .state = REGISTRY_FAILED }, {0} };
	const char *const entries[4] = { TAG };
	char folder[] = "/tmp/latch-images.XXXXXX", path[64];
	struct bench bench;

	(void)state;
	snprintf(path, sizeof(path), "%s/state/digests", mkdtemp(folder));
	setup_kept(&bench, entries, tag_rows, listed_image, false, path);
	settle(&bench);
	teardown(&bench);
	setup_kept(&bench, entries, fails, listed_image, false, path);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_LISTED);
	/* It was asked all the same: what is on the disk may be over. */
	assert_true(server.asked > 0);
	teardown(&bench);
	setup_kept(&bench, entries, tag_rows + 1, listed_image, false, path);
	judge(&bench, "x", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_ABSENT);
	teardown(&bench);
	unlink(path);
	snprintf(path, sizeof(path), "%s/state", folder);
	assert_int_equal(rmdir(path), 0);
	rmdir(folder);
}

static void a_moment_that_is_too_old_or_still_to_come_counts_for_nothing(void **state)
{
	static const int64_t ages[] = { -3600, 24 * 3600 + 60 };
	static const struct row fails[] = { { .reference = TAG, .state = REGISTRY_FAILED }, {0} };
	const char *const entries[4] = { TAG };
	char folder[] = "/tmp/latch-images.XXXXXX", path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/digests", mkdtemp(folder));
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		json_t *array = json_pack("[{s:s, s:b, s:b, s:I, s:[s], s:[s]}]", "reference", TAG,
			"all_platforms", 0, "complete", 1, "confirmed",
			(json_int_t)(time(NULL) - ages[i]), "manifests", LIST, "configurations", CONF);
		struct bench bench;

		assert_int_equal(store_write(path, "digests", 1, array), 0);
		json_decref(array);
		setup_kept(&bench, entries, fails, listed_image, false, path);
		judge(&bench, "x", IMAGES_REVALIDATE);
		assert_reason(&bench, IMAGES_REASON_UNREACHABLE);
		teardown(&bench);
	}
	unlink(path);
	rmdir(folder);
}

/* --- derived images --- */

#define L1 D("a")
#define L2 D("b")
#define L3 D("c")
#define BASE  { .name = "base", .id = CONF, .tags = { TAG }, .digests = { "r.io/a/b@" LIST }, .layers = { L1, L2 } }
#define CHILD_OF(...) { .name = "child", .id = ELSE, .tags = { "mine:1" }, __VA_ARGS__ }

static void a_derived_image_has_all_layers_of_a_listed_local_one_and_more(void **state)
{
	static const struct {
		const char *what;
		struct image_row local[4];
		enum images_reason on, off;
	} rows[] = {
		{ "a commit", { BASE, CHILD_OF(.layers = { L1, L2, L3 }) }, IMAGES_REASON_DERIVED,
			IMAGES_REASON_DERIVED_OFF },
		{ "the same layers, another configuration", { BASE, CHILD_OF(.layers = { L1, L2 }) },
			IMAGES_REASON_NOT_LISTED, IMAGES_REASON_NOT_LISTED },
		{ "fewer layers", { BASE, CHILD_OF(.layers = { L1 }) }, IMAGES_REASON_NOT_LISTED,
			IMAGES_REASON_NOT_LISTED },
		{ "squashed: one layer that holds all", { BASE, CHILD_OF(.layers = { L3 }) },
			IMAGES_REASON_NOT_LISTED, IMAGES_REASON_NOT_LISTED },
		{ "squashed above the first layer", { BASE, CHILD_OF(.layers = { L1, L3 }) },
			IMAGES_REASON_NOT_LISTED, IMAGES_REASON_NOT_LISTED },
		{ "the listed layers on top of others", { BASE, CHILD_OF(.layers = { L3, L1, L2 }) },
			IMAGES_REASON_NOT_LISTED, IMAGES_REASON_NOT_LISTED },
		{ "the base is not local", { CHILD_OF(.layers = { L1, L2, L3 }) },
			IMAGES_REASON_NOT_LISTED, IMAGES_REASON_NOT_LISTED },
		{ "the base's name on another image",
			{ { .name = "base", .id = OTHER, .tags = { TAG }, .layers = { L1, L2 } },
				CHILD_OF(.layers = { L1, L2, L3 }) },
			IMAGES_REASON_NOT_LISTED, IMAGES_REASON_NOT_LISTED },
		{ "a base without layers",
			{ { .name = "base", .id = CONF, .tags = { TAG } }, CHILD_OF(.layers = { L1, L2 }) },
			IMAGES_REASON_NOT_LISTED, IMAGES_REASON_NOT_LISTED },
		{ "a grandchild, the child being there as well",
			{ BASE, { .id = OTHER, .layers = { L1, L2, L3 } },
				CHILD_OF(.layers = { L1, L2, L3, L1 }) },
			IMAGES_REASON_DERIVED, IMAGES_REASON_DERIVED_OFF },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const entries[4] = { TAG };

		for (int on = 0; on <= 1; on++) {
			struct bench bench;

			print_message("# %s, %s\n", rows[i].what, on ? "on" : "off");
			setup_kept(&bench, entries, tag_rows, rows[i].local, on, NULL);
			judge(&bench, "child", IMAGES_REVALIDATE);
			assert_reason(&bench, on ? rows[i].on : rows[i].off);
			if (bench.verdict.outcome == IMAGES_ALLOWED) {
				assert_true(bench.verdict.basis.derived);
				assert_string_equal(bench.verdict.basis.proof, CONF);
				assert_string_equal(bench.verdict.image_id, ELSE);
			}
			teardown(&bench);
		}
	}
}

/* Only local images count as derived. With which repository digests is one local? */
static void an_image_that_a_registry_has_is_not_local(void **state)
{
#define MINE "r.io/mine@"
	static const struct {
		const char *what, *digest;
		enum registry_state state;
		int error;
		enum images_reason reason;
	} rows[] = {
		/* The trace of a pull or push. The registry that it came from may say what it likes. */
		{ "classic, pushed or pulled", MINE OLD, REGISTRY_FOUND, 0, IMAGES_REASON_NOT_LISTED },
		{ "classic, and denied by its registry", MINE OLD, REGISTRY_ABSENT, 0,
			IMAGES_REASON_NOT_LISTED },
		{ "classic, nobody answers", MINE OLD, REGISTRY_FAILED, -ECONNREFUSED,
			IMAGES_REASON_NOT_LISTED },
		{ "a digest that does not read as one", "what@ever", REGISTRY_ABSENT, 0,
			IMAGES_REASON_NOT_LISTED },
		{ "a name that does not read as one, with the id", "NOT A NAME@" ELSE, REGISTRY_ABSENT, 0,
			IMAGES_REASON_NOT_LISTED },
		{ "the engine's way to say none", "<none>@<none>", REGISTRY_ABSENT, 0, IMAGES_REASON_DERIVED },
		{ "containerd, pushed or pulled", MINE ELSE, REGISTRY_FOUND, 0, IMAGES_REASON_NOT_LISTED },
		{ "containerd, only named so", MINE ELSE, REGISTRY_ABSENT, 0, IMAGES_REASON_DERIVED },
		{ "containerd, nobody answers", MINE ELSE, REGISTRY_FAILED, -ECONNREFUSED,
			IMAGES_REASON_DERIVED },
		{ "containerd, credentials wanted", MINE ELSE, REGISTRY_FAILED, -EACCES,
			IMAGES_REASON_DERIVED },
	};
	const char *const entries[4] = { TAG };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct image_row local[] = { BASE,
			CHILD_OF(.digests = { rows[i].digest }, .layers = { L1, L2, L3 }), {0} };
		const struct row registry[] = { tag_rows[0],
			{ .reference = rows[i].digest, .state = rows[i].state, .error = rows[i].error,
				.manifests = { OLD }, .configs = { ELSE } },
			{0} };
		struct bench bench;

		print_message("# %s\n", rows[i].what);
		setup_kept(&bench, entries, registry, local, true, NULL);
		judge(&bench, "child", IMAGES_REVALIDATE);
		assert_reason(&bench, rows[i].reason);
		if (rows[i].reason == IMAGES_REASON_NOT_LISTED)
			assert_string_equal(bench.verdict.entry, TAG);
		teardown(&bench);
	}
}

/* With containerd a local name has a digest like a pulled one; its registry may be far, or silent. */
static void a_mere_name_is_not_waited_for(void **state)
{
	const struct image_row local[] = { BASE,
		CHILD_OF(.digests = { "r.io/mine@" ELSE }, .layers = { L1, L2, L3 }), {0} };
	const char *const entries[4] = { TAG };
	struct engine_event event = { .kind = ENGINE_EVENT_CONNECTED };
	struct bench bench;
	int64_t began;
	int before;

	(void)state;
	setup_kept(&bench, entries, tag_rows, local, true, NULL);
	images_engine_event(bench.images, &event);
	settle(&bench);
	server.silent = true;
	began = answers_now();
	judge(&bench, "child", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_DERIVED);
	assert_in_range(answers_now() - began, 500, 3000);
	server.silent = false;
	/* What its registry said is kept until the engine tells of a push. */
	settle(&bench);
	judge(&bench, "child", IMAGES_REVALIDATE);
	before = server.asked;
	judge(&bench, "child", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_DERIVED);
	assert_int_equal(server.asked, before);
	usleep(2000);
	event.kind = ENGINE_EVENT_IMAGES;
	images_engine_event(bench.images, &event);
	judge(&bench, "child", IMAGES_REVALIDATE);
	assert_int_equal(server.asked, before + 1);
	teardown(&bench);
}

static void a_base_that_was_here_is_named_when_it_is_gone(void **state)
{
	static const struct image_row both[] = { BASE, CHILD_OF(.layers = { L1, L2, L3 }), {0} };
	const char *const entries[4] = { TAG };
	struct engine_event event = { .kind = ENGINE_EVENT_CONNECTED };
	struct bench bench;
	int requests;

	(void)state;
	setup_kept(&bench, entries, tag_rows, both, true, NULL);
	images_engine_event(bench.images, &event);
	judge(&bench, ELSE, IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_DERIVED);
	/* The answer is kept by image id. */
	requests = bench.docker.requests;
	judge(&bench, ELSE, IMAGES_REVALIDATE);
	assert_int_equal(bench.docker.requests, requests);
	bench.local = both + 1;
	event.kind = ENGINE_EVENT_IMAGES;
	images_engine_event(bench.images, &event);
	usleep(1100 * 1000); /* the list of images is as fresh as that */
	judge(&bench, ELSE, IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_BASE_ABSENT);
	assert_non_null(strstr(bench.verdict.text, "docker pull " TAG));
	teardown(&bench);
}

/* Without the engine's events nobody would say that the base is gone. */
static void a_derived_verdict_is_not_kept_while_events_are_not_followed(void **state)
{
	static const struct image_row both[] = { BASE, CHILD_OF(.layers = { L1, L2, L3 }), {0} };
	const char *const entries[4] = { TAG };
	struct bench bench;
	int requests;

	(void)state;
	setup_kept(&bench, entries, tag_rows, both, true, NULL);
	judge(&bench, ELSE, IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_DERIVED);
	requests = bench.docker.requests;
	judge(&bench, ELSE, IMAGES_REVALIDATE);
	assert_true(bench.docker.requests > requests);
	teardown(&bench);
}

static void the_parent_of_a_refused_image_is_named_if_wanted(void **state)
{
	static const struct image_row both[] = {
		{ .id = OTHER, .tags = { "parent:1" }, .layers = { L1, L2 } },
		CHILD_OF(.layers = { L1, L2, L3 }), {0}
	};
	const char *const entries[4] = { TAG };
	struct bench bench;

	(void)state;
	setup_kept(&bench, entries, tag_rows, both, false, NULL);
	judge(&bench, "child", IMAGES_REVALIDATE);
	assert_string_equal(bench.verdict.parent, "");
	images_name_parents(bench.images, true);
	judge(&bench, "child", IMAGES_REVALIDATE);
	assert_reason(&bench, IMAGES_REASON_NOT_LISTED);
	assert_string_equal(bench.verdict.parent, "parent:1");
	teardown(&bench);
}

/* --- what a grant rests on --- */

static void a_basis_holds_as_long_as_list_and_registry_say_so(void **state)
{
	static const struct row moved[] = {
		{ .reference = TAG, .state = REGISTRY_FOUND, .manifests = { OLD }, .configs = { ELSE } }, {0}
	};
	const char *const other[4] = { "r.io/a/c:1" }, *const same[4] = { "r.io/a/c:1", TAG };
	struct images_basis basis, derived;
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	judge(&bench, "x", IMAGES_REVALIDATE);
	basis = derived = bench.verdict.basis;
	derived.derived = true;
	assert_true(images_basis_holds(bench.images, &basis));
	assert_false(images_basis_holds(bench.images, &derived));
	set_entries(&bench, other);
	assert_int_equal(images_replace(bench.images, &bench.settings), 0);
	assert_false(images_basis_holds(bench.images, &basis));
	set_entries(&bench, same);
	assert_int_equal(images_replace(bench.images, &bench.settings), 0);
	assert_true(images_basis_holds(bench.images, &basis));
	server.rows = moved;
	age(&bench, 0);
	answers_ask(bench.images->list.entries[1].answer, false);
	settle(&bench);
	assert_false(images_basis_holds(bench.images, &basis));
	teardown(&bench);
}

/* --- ends --- */

static void without_the_engine_there_is_no_verdict_to_act_on(void **state)
{
	static const struct image_row none[] = { {0} };
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, none);
	judge(&bench, "x", IMAGES_CACHED);
	assert_int_equal(bench.verdict.outcome, IMAGES_NOT_LOCAL);
	unlink(bench.docker.path);
	judge(&bench, "x", IMAGES_CACHED);
	assert_int_equal(bench.verdict.outcome, IMAGES_ERROR);
	assert_int_equal(bench.verdict.error, -ECONNREFUSED);
	judge(&bench, "../x", IMAGES_CACHED);
	assert_int_equal(bench.verdict.outcome, IMAGES_ERROR);
	assert_int_equal(bench.verdict.error, -EINVAL);
	teardown(&bench);
}

static void freeing_ends_judgements_wherever_they_are(void **state)
{
	(void)state;
	for (int turns = 0; turns < 40; turns += 4) {
		struct bench bench;

		setup(&bench, TAG, tag_rows, listed_image);
		server.silent = true;
		for (int i = 0; i < 3; i++)
			images_judge(bench.images, "x", IMAGES_REVALIDATE, on_bench_judged, &bench);
		for (int i = 0; i < turns; i++)
			turn(&bench);
		assert_int_equal(bench.judged, 0);
		teardown(&bench);
		assert_int_equal(bench.judged, 3);
		assert_int_equal(bench.verdict.outcome, IMAGES_ERROR);
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
	static const struct image_row none[] = { {0} };
	struct bench bench;

	(void)state;
	setup(&bench, TAG, tag_rows, none);
	for (int i = 0; i < 3; i++)
		images_judge(bench.images, "x", IMAGES_REVALIDATE, on_judged_free, &bench);
	while (bench.images)
		turn(&bench);
	teardown(&bench);
	assert_int_equal(bench.judged, 3);
}

/* Who has a thousand names has a thousand questions asked, and no more than so many are kept. */
static void answers_that_nobody_pins_are_bounded(void **state)
{
	struct bench bench;
	struct reference reference;
	const char *problem;
	size_t count = 0;

	(void)state;
	setup(&bench, TAG, tag_rows, listed_image);
	settle(&bench);
	for (int i = 0; i < 3000; i++) {
		char text[64];

		snprintf(text, sizeof(text), "r.io/many/n%d:1", i);
		assert_int_equal(reference_parse(text, &reference, &problem), 0);
		assert_non_null(answers_get(bench.images->answers, &reference, false));
	}
	for (const struct answer *answer = bench.images->answers->first; answer; answer = answer->next)
		count++;
	assert_int_equal(count, MAX_UNPINNED + 1);
	assert_non_null(find(bench.images->answers, &reference, false));
	assert_true(answer_counts(answer_of(&bench)));
	teardown(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_matches_a_tag_by_its_id_and_never_by_its_name),
		cmocka_unit_test(a_moved_tag_is_told_with_both_digests_and_the_pull),
		cmocka_unit_test(an_entry_by_digest_needs_nobody),
		cmocka_unit_test(a_lone_star_is_every_image_and_asks_nobody),
		cmocka_unit_test(a_pattern_believes_the_registry_alone),
		cmocka_unit_test(a_glob_with_a_tag_asks_for_that_tag),
		cmocka_unit_test(the_nearest_entry_is_named),
		cmocka_unit_test(the_first_answer_is_waited_for_and_told_as_a_change),
		cmocka_unit_test(what_allows_is_not_asked_about_while_the_background_keeps_it),
		cmocka_unit_test(a_refusal_never_rests_on_an_old_answer),
		cmocka_unit_test(who_has_just_pushed_and_pulled_is_not_refused),
		cmocka_unit_test(a_registry_that_fails_leaves_what_it_said_for_a_day),
		cmocka_unit_test(a_day_without_an_answer_is_a_change),
		cmocka_unit_test(the_background_asks_again_when_it_is_due),
		cmocka_unit_test(what_was_never_known_allows_nothing),
		cmocka_unit_test(what_has_just_failed_is_not_waited_for_by_everybody_again),
		cmocka_unit_test(part_of_an_index_that_cannot_be_read_takes_nothing_away),
		cmocka_unit_test(a_verdict_about_an_id_is_kept_within_one_generation),
		cmocka_unit_test(an_entry_that_stays_in_the_list_keeps_what_is_known),
		cmocka_unit_test(what_was_answered_survives_a_restart_without_a_network),
		cmocka_unit_test(a_moment_that_is_too_old_or_still_to_come_counts_for_nothing),
		cmocka_unit_test(a_derived_image_has_all_layers_of_a_listed_local_one_and_more),
		cmocka_unit_test(an_image_that_a_registry_has_is_not_local),
		cmocka_unit_test(a_mere_name_is_not_waited_for),
		cmocka_unit_test(a_base_that_was_here_is_named_when_it_is_gone),
		cmocka_unit_test(a_derived_verdict_is_not_kept_while_events_are_not_followed),
		cmocka_unit_test(the_parent_of_a_refused_image_is_named_if_wanted),
		cmocka_unit_test(a_basis_holds_as_long_as_list_and_registry_say_so),
		cmocka_unit_test(without_the_engine_there_is_no_verdict_to_act_on),
		cmocka_unit_test(freeing_ends_judgements_wherever_they_are),
		cmocka_unit_test(the_list_may_be_freed_from_a_verdict),
		cmocka_unit_test(answers_that_nobody_pins_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
