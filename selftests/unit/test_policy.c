// SPDX-License-Identifier: Apache-2.0
/*
 * A reload: what is new after it, what is as before when it fails, and in which order. On real maps,
 * which any root may make; no program reads them here. That both transports obey them is tested in
 * selftests/e2e/reload.test.
 */
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <cmocka.h>

#include "maps_containers.h"
#include "policy.h"
/* For what no caller may see: the start of a change of digests, without an engine to ask. */
#include "../../userspace/warden/standing.c"

#define D(x) "sha256:" x x x x x x x x x x x x x x x x H48
#define H48  "0123456789abcdef0123456789abcdef0123456789abcdef"
#define ONE  "localhost:1/one@" D("1")
#define TWO  "localhost:1/two@" D("2")
#define HEX(x) x x x x x x x x x x x x x x x x

static const char *const one = HEX("aaaa"), *const two = HEX("bbbb"), *const three = HEX("cccc"),
			 *const four = HEX("dddd");

struct bench {
	uv_loop_t loop;
	struct fetch_pool *pool;
	struct engine *engine;
	struct registry *registry;
	struct grants *grants;
	struct images *images;
	struct judge *judge;
	struct maps maps;
	struct policy policy;
	struct policy_parts parts;
	char path[64];
};

static int make_map(enum bpf_map_type type, size_t key, size_t value, size_t entries)
{
	return bpf_map_create(type, NULL, key, value, entries, NULL);
}

static void make_maps(struct maps *maps)
{
	memset(maps, 0xff, sizeof(*maps));
	maps->state = make_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct latch_state), 1);
	maps->verdicts =
		make_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct latch_verdict), 2 * LATCH_MAX_ROUTES);
	maps->grants = make_map(BPF_MAP_TYPE_HASH, sizeof(struct latch_container),
		sizeof(struct latch_grant), 16);
	maps->cgroups = make_map(BPF_MAP_TYPE_HASH, 8, sizeof(struct latch_scope), 16);
}

static void write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static void write_settings(const struct bench *bench, const char *image, const char *type,
	const char *command, bool enabled)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"{\"enhancedContainerIsolation\": {\"locked\": true, \"value\": %s, "
		"\"dockerSocketMount\": {\"imageList\": {\"images\": [\"%s\"]}, "
		"\"commandList\": {\"type\": \"%s\", \"commands\": [\"%s\"]}}}}",
		enabled ? "true" : "false", image, type, command);
	write_file(bench->path, text);
}

/* In force: the image ONE, and every command but volume. */
static void setup(struct bench *bench)
{
	static const struct registry_options no_options;
	struct settings *settings;
	char *problem;

	memset(bench, 0, sizeof(*bench));
	make_maps(&bench->maps);
	if (bench->maps.state < 0) {
		print_message("no BPF maps can be made here: run as root\n");
		skip();
	}
	snprintf(bench->path, sizeof(bench->path), "/tmp/latch-policy-%d.json", getpid());
	write_settings(bench, ONE, "deny", "volume", true);
	assert_int_equal(settings_load(bench->path, &settings, &problem), 0);
	assert_int_equal(policy_start(&bench->policy, &bench->maps, settings, false, false, &problem), 0);
	uv_loop_init(&bench->loop);
	bench->pool = fetch_pool_new(&bench->loop);
	/* The loop never runs: nobody is asked anything. */
	bench->engine = engine_new(&bench->loop, bench->pool, "/nonexistent");
	bench->grants = grants_new(&bench->loop, NULL);
	bench->judge = judge_new(&bench->loop, &bench->maps, bench->engine, NULL, bench->grants, false,
		false);
	bench->registry = registry_new(&bench->loop, bench->pool, &no_options);
	assert_int_equal(images_new(&bench->loop, bench->engine, bench->registry,
				 bench->policy.settings, NULL, NULL, NULL, &bench->images),
		0);
	judge_use_images(bench->judge, bench->images);
	bench->parts =
		(struct policy_parts){ &bench->maps, bench->images, bench->judge, &bench->loop,
			bench->engine, bench->registry };
}

static void teardown(struct bench *bench)
{
	images_free(bench->images);
	judge_use_host_access(bench->judge, NULL);
	registry_free(bench->registry);
	engine_free(bench->engine);
	judge_free(bench->judge);
	grants_free(bench->grants);
	fetch_pool_free(bench->pool);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	policy_clear(&bench->policy);
	maps_close(&bench->maps);
	unlink(bench->path);
}

static struct latch_state state_of(const struct bench *bench)
{
	struct latch_state state;

	assert_int_equal(maps_get_state(&bench->maps, &state), 0);
	return state;
}

/* What the generation that counts says of a route. */
static __u32 verdict_of(const struct bench *bench, int route)
{
	__u32 key = state_of(bench).generation * LATCH_MAX_ROUTES + route;
	struct latch_verdict verdict;

	assert_int_equal(bpf_map_lookup_elem(bench->maps.verdicts, &key, &verdict), 0);
	return verdict.verdict;
}

static void note_entry(const struct images_status *status, void *context)
{
	snprintf(context, 256, "%s", status->entry);
}

static const char *only_image(const struct bench *bench)
{
	static char entry[256];

	entry[0] = 0;
	images_each(bench->images, note_entry, entry);
	return entry;
}

static void note(struct bench *bench, const char *container, const char *entry)
{
	struct images_basis basis = {0};

	COPY_STRING(basis.entry, entry);
	grants_note(bench->grants, container, "sha256:x", &basis);
}

/* A container that runs, with a grant that rests on `entry`; NULL: an earlier latchd gave it. */
static void run_container(
	struct bench *bench, const char *container, uint64_t cgroup, const char *entry)
{
	assert_int_equal(maps_grant(&bench->maps, container, "sha256:x", cgroup), 0);
	assert_int_equal(maps_add_scope(&bench->maps, cgroup, container, false), 0);
	assert_int_equal(maps_tag_scope(&bench->maps, cgroup, LATCH_TAG_ALLOWED, container), 0);
	if (entry)
		note(bench, container, entry);
}

static bool has_grant(const struct bench *bench, const char *container)
{
	struct latch_container key = {};
	struct latch_grant grant;

	COPY_STRING(key.id, container);
	return !bpf_map_lookup_elem(bench->maps.grants, &key, &grant);
}

static __u32 tag_of(const struct bench *bench, __u64 cgroup)
{
	struct latch_scope scope;

	assert_int_equal(bpf_map_lookup_elem(bench->maps.cgroups, &cgroup, &scope), 0);
	return scope.tag;
}

static void both_lists_and_the_mode_are_new(void **state)
{
	struct bench bench;
	__u32 generation;

	(void)state;
	setup(&bench);
	generation = state_of(&bench).generation;
	assert_int_equal(verdict_of(&bench, ROUTE_INFO), LATCH_VERDICT_PASS);
	assert_int_equal(state_of(&bench).mode, LATCH_MODE_ENFORCE);
	write_settings(&bench, TWO, "allow", "ps", false);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), 0);
	assert_int_equal(state_of(&bench).generation, !generation);
	assert_int_equal(bench.policy.generation, !generation);
	assert_int_equal(state_of(&bench).mode, LATCH_MODE_OFF);
	assert_int_equal(verdict_of(&bench, ROUTE_INFO), LATCH_VERDICT_REFUSE);
	assert_int_equal(verdict_of(&bench, ROUTE_CONTAINER_LIST), LATCH_VERDICT_PASS);
	assert_string_equal(only_image(&bench), TWO);
	assert_null(bench.policy.problem);
	/* And back, into the half that held the first one. */
	write_settings(&bench, ONE, "deny", "volume", true);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), 0);
	assert_int_equal(state_of(&bench).generation, generation);
	assert_int_equal(verdict_of(&bench, ROUTE_INFO), LATCH_VERDICT_PASS);
	assert_string_equal(only_image(&bench), ONE);
	teardown(&bench);
}

static void assert_first_policy(const struct bench *bench, const char *digest, __u32 generation)
{
	assert_string_equal(bench->policy.settings->digest, digest);
	assert_int_equal(bench->policy.generation, generation);
	assert_int_equal(state_of(bench).generation, generation);
	assert_int_equal(state_of(bench).mode, LATCH_MODE_ENFORCE);
	assert_int_equal(verdict_of(bench, ROUTE_INFO), LATCH_VERDICT_PASS);
	assert_string_equal(only_image(bench), ONE);
	assert_non_null(bench->policy.problem);
}

static void what_is_no_policy_changes_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{\"enhancedContainerIsolation\": {\"value\": 1}}",
		"{\"enhancedContainerIsolation\": {\"value\": true, \"dockerSocketMount\": "
		"{\"commandList\": {\"commands\": [\"nonsense\"]}}}}",
		"{\"enhancedContainerIsolation\": {\"value\": true, \"dockerSocketMount\": "
		"{\"imageList\": {\"images\": [\"Not a reference\"]}}}}",
		NULL, /* no file */
	};
	struct bench bench;
	char digest[65];
	__u32 generation;

	(void)state;
	setup(&bench);
	COPY_STRING(digest, bench.policy.settings->digest);
	generation = state_of(&bench).generation;
	run_container(&bench, one, 11, ONE);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i])
			write_file(bench.path, texts[i]);
		else
			unlink(bench.path);
		assert_true(policy_reload(&bench.policy, &bench.parts) < 0);
		assert_first_policy(&bench, digest, generation);
		assert_non_null(strstr(bench.policy.problem, bench.path));
		assert_true(has_grant(&bench, one));
		assert_int_equal(tag_of(&bench, 11), LATCH_TAG_ALLOWED);
	}
	write_settings(&bench, ONE, "deny", "volume", true);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), 0);
	assert_null(bench.policy.problem);
	teardown(&bench);
}

/* The same map through a descriptor that the kernel refuses writes on. */
static int read_only(int map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	union bpf_attr attributes = { .open_flags = BPF_F_RDONLY };

	assert_int_equal(bpf_obj_get_info_by_fd(map, &info, &size), 0);
	attributes.map_id = info.id;
	return syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &attributes, sizeof(attributes));
}

/* The worst moment: all is ready, grants are taken, and the one write that counts fails. */
static void a_flip_that_fails_leaves_the_old_policy_and_permits_nothing_new(void **state)
{
	struct bench bench;
	char digest[65];
	__u32 generation;
	int writable;

	(void)state;
	setup(&bench);
	COPY_STRING(digest, bench.policy.settings->digest);
	generation = state_of(&bench).generation;
	run_container(&bench, one, 11, ONE);
	writable = bench.maps.state;
	bench.maps.state = read_only(writable);
	assert_true(bench.maps.state >= 0);
	write_settings(&bench, TWO, "deny", "info", false);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), -EPERM);
	assert_first_policy(&bench, digest, generation);
	/* Refused for the moment: judge_again has been asked to give it back. */
	assert_false(has_grant(&bench, one));
	assert_int_equal(tag_of(&bench, 11), LATCH_TAG_CONTAINED);
	close(bench.maps.state);
	bench.maps.state = writable;
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), 0);
	assert_string_equal(only_image(&bench), TWO);
	teardown(&bench);
}

static void verdicts_that_cannot_be_written_change_nothing(void **state)
{
	struct bench bench;
	char digest[65];
	__u32 generation;
	int writable;

	(void)state;
	setup(&bench);
	COPY_STRING(digest, bench.policy.settings->digest);
	generation = state_of(&bench).generation;
	run_container(&bench, one, 11, ONE);
	writable = bench.maps.verdicts;
	bench.maps.verdicts = read_only(writable);
	write_settings(&bench, TWO, "deny", "info", false);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), -EPERM);
	close(bench.maps.verdicts);
	bench.maps.verdicts = writable;
	assert_first_policy(&bench, digest, generation);
	assert_true(has_grant(&bench, one));
	assert_int_equal(tag_of(&bench, 11), LATCH_TAG_ALLOWED);
	teardown(&bench);
}

static void what_the_next_list_would_not_give_is_taken_at_once(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench);
	run_container(&bench, one, 11, ONE);
	run_container(&bench, two, 12, TWO);
	run_container(&bench, three, 13, NULL);
	assert_int_equal(maps_grant(&bench.maps, four, "sha256:x", 0), 0);
	write_settings(&bench, TWO, "deny", "push", true);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), 0);
	assert_false(has_grant(&bench, one));
	assert_int_equal(tag_of(&bench, 11), LATCH_TAG_CONTAINED);
	assert_true(has_grant(&bench, two));
	assert_int_equal(tag_of(&bench, 12), LATCH_TAG_ALLOWED);
	/* Why it was given is not known, so it is taken. */
	assert_false(has_grant(&bench, three));
	assert_int_equal(tag_of(&bench, 13), LATCH_TAG_CONTAINED);
	/* Of a container that does not run. */
	assert_false(has_grant(&bench, four));
	/* What was taken once is not remembered as earned. */
	write_settings(&bench, ONE, "deny", "push", true);
	run_container(&bench, four, 14, NULL);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), 0);
	assert_false(has_grant(&bench, four));
	teardown(&bench);
}

static void an_entry_may_be_written_in_another_way(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench);
	run_container(&bench, one, 11, "docker:cli");
	run_container(&bench, two, 12, "docker:latest");
	write_settings(&bench, "docker.io/library/docker:cli", "deny", "push", true);
	assert_int_equal(policy_reload(&bench.policy, &bench.parts), 0);
	assert_true(has_grant(&bench, one));
	assert_false(has_grant(&bench, two));
	teardown(&bench);
}

/* A new latchd, or one after a boot: `judge_use_images` with grants from the disk and from the kernel. */
static void of_what_was_there_before_stays_what_the_list_gives(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench);
	run_container(&bench, one, 11, ONE);   /* in the kernel, and known why */
	run_container(&bench, two, 12, TWO);   /* by an entry that is no more */
	run_container(&bench, three, 13, NULL); /* nobody knows why */
	note(&bench, four, ONE);               /* after a boot: on the disk alone */
	judge_use_images(bench.judge, bench.images);
	assert_true(has_grant(&bench, one));
	assert_int_equal(tag_of(&bench, 11), LATCH_TAG_ALLOWED);
	assert_false(has_grant(&bench, two));
	assert_int_equal(tag_of(&bench, 12), LATCH_TAG_CONTAINED);
	assert_null(grants_find(bench.grants, two));
	assert_false(has_grant(&bench, three));
	assert_int_equal(tag_of(&bench, 13), LATCH_TAG_CONTAINED);
	assert_true(has_grant(&bench, four));
	teardown(&bench);
}

/* Nor comes back from the disk what the list would not give now. */
static void a_grant_on_the_disk_gives_nothing_by_itself(void **state)
{
	struct images_basis asked = { .entry = ONE, .answer = "localhost:1/one:1", .proof = D("1") };
	struct images_basis derived = { .entry = ONE, .derived = true };
	struct bench bench;

	(void)state;
	setup(&bench);
	note(&bench, one, TWO);
	grants_note(bench.grants, two, "sha256:x", &asked); /* no registry has confirmed it */
	grants_note(bench.grants, three, "sha256:x", &derived); /* the settings allow no derived images */
	judge_use_images(bench.judge, bench.images);
	assert_false(has_grant(&bench, one));
	assert_false(has_grant(&bench, two));
	assert_false(has_grant(&bench, three));
	assert_null(grants_find(bench.grants, one));
	teardown(&bench);
}

static void a_name_that_a_container_took_is_no_scope(void **state)
{
	enum latch_tag tag;
	struct bench bench;
	uint64_t cgroup;

	(void)state;
	setup(&bench);
	assert_int_equal(maps_add_scope(&bench.maps, 71, one, true), 0);
	assert_int_equal(maps_find_scope(&bench.maps, one, &cgroup, &tag), -ENOENT);
	assert_int_equal(cgroups_allow(&bench.maps, one, "sha256:x"), 0);
	assert_true(has_grant(&bench, one));
	assert_int_equal(tag_of(&bench, 71), LATCH_TAG_CONTAINED);
	/* Nor does it stand in the way of the true one. */
	assert_int_equal(maps_add_scope(&bench.maps, 72, one, false), 0);
	assert_int_equal(cgroups_allow(&bench.maps, one, "sha256:x"), 0);
	assert_int_equal(tag_of(&bench, 71), LATCH_TAG_CONTAINED);
	assert_int_equal(tag_of(&bench, 72), LATCH_TAG_ALLOWED);
	teardown(&bench);
}

static void two_scopes_of_the_host_with_one_name_are_neither_believed(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench);
	assert_int_equal(maps_add_scope(&bench.maps, 71, one, false), 0);
	assert_int_equal(maps_add_scope(&bench.maps, 72, one, false), 0);
	assert_int_equal(cgroups_allow(&bench.maps, one, "sha256:x"), -ENOTUNIQ);
	assert_false(has_grant(&bench, one));
	teardown(&bench);
}

static void a_full_map_says_that_there_is_no_room(void **state)
{
	struct bench bench;
	int r = 0;

	(void)state;
	setup(&bench);
	for (uint64_t i = 1; i < 1000 && !r; i++)
		r = maps_add_scope(&bench.maps, i, "", false);
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(maps_tag_scope(&bench.maps, 1000, LATCH_TAG_ALLOWED, ""), -ENOENT);
	teardown(&bench);
}

static void when_digests_change_a_grant_that_waits_must_still_hold(void **state)
{
	struct images_basis over = { .entry = ONE, .answer = "localhost:1/one:1", .proof = D("1") };
	struct bench bench;

	(void)state;
	setup(&bench);
	assert_int_equal(maps_grant(&bench.maps, one, "sha256:x", 0), 0);
	note(&bench, one, ONE);
	assert_int_equal(maps_grant(&bench.maps, two, "sha256:x", 0), 0);
	grants_note(bench.grants, two, "sha256:x", &over);
	assert_int_equal(maps_grant(&bench.maps, three, "sha256:x", 0), 0);
	/* It runs: it is judged before it loses anything. */
	assert_int_equal(maps_grant(&bench.maps, four, "sha256:x", 14), 0);
	grants_note(bench.grants, four, "sha256:x", &over);
	judge_again(bench.judge);
	assert_true(has_grant(&bench, one));
	assert_false(has_grant(&bench, two));
	assert_false(has_grant(&bench, three));
	assert_true(has_grant(&bench, four));
	teardown(&bench);
}

static struct census *ask_census(struct bench *bench, bool whole)
{
	struct census *census = calloc(1, sizeof(*census));

	census->judge = bench->judge;
	census->asked = grants_now();
	census->whole = whole;
	return census;
}

/* The engine's list: whom it does not name is no more, if that was asked and he is not younger. */
static void containers_that_the_engine_does_not_have_lose_what_they_had(void **state)
{
	struct engine_summary left = { .image = (char *)"", .state = (char *)"exited" };
	struct census *census;
	struct bench bench;

	(void)state;
	setup(&bench);
	run_container(&bench, one, 11, ONE);
	run_container(&bench, two, 12, ONE);
	note(&bench, three, ONE);
	COPY_STRING(left.id, one);
	on_list(-ECONNREFUSED, NULL, 0, ask_census(&bench, true));
	assert_true(has_grant(&bench, two));
	on_list(0, &left, 1, ask_census(&bench, false));
	assert_true(has_grant(&bench, two));
	census = ask_census(&bench, true);
	/* Made, and judged, while the list was on its way. */
	usleep(1000);
	run_container(&bench, four, 14, ONE);
	on_list(0, &left, 1, census);
	assert_true(has_grant(&bench, one));
	assert_false(has_grant(&bench, two));
	assert_int_equal(tag_of(&bench, 12), LATCH_TAG_CONTAINED);
	assert_null(grants_find(bench.grants, three));
	assert_true(has_grant(&bench, four));
	assert_int_equal(tag_of(&bench, 14), LATCH_TAG_ALLOWED);
	teardown(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_lists_and_the_mode_are_new),
		cmocka_unit_test(what_is_no_policy_changes_nothing),
		cmocka_unit_test(
			a_flip_that_fails_leaves_the_old_policy_and_permits_nothing_new),
		cmocka_unit_test(verdicts_that_cannot_be_written_change_nothing),
		cmocka_unit_test(what_the_next_list_would_not_give_is_taken_at_once),
		cmocka_unit_test(an_entry_may_be_written_in_another_way),
		cmocka_unit_test(of_what_was_there_before_stays_what_the_list_gives),
		cmocka_unit_test(a_grant_on_the_disk_gives_nothing_by_itself),
		cmocka_unit_test(a_name_that_a_container_took_is_no_scope),
		cmocka_unit_test(two_scopes_of_the_host_with_one_name_are_neither_believed),
		cmocka_unit_test(a_full_map_says_that_there_is_no_room),
		cmocka_unit_test(when_digests_change_a_grant_that_waits_must_still_hold),
		cmocka_unit_test(containers_that_the_engine_does_not_have_lose_what_they_had),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
