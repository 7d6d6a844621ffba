// SPDX-License-Identifier: Apache-2.0
/*
 * What is taken from the engine's answers, which answers are refused, and how its stream of events
 * is followed. Verdicts with a real engine are in selftests/e2e/registry_native; here are the
 * answers that no engine gives while it is well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "../../userspace/warden/engine.h"
#include "fake_http.h"
#include "util.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX

static void an_image_has_an_id_names_and_layers(void **state)
{
	static const char json[] = "{\"Id\":\"" DIGEST "\",\"RepoTags\":[\"a:1\",\"b:2\"],"
				   "\"RepoDigests\":[\"a@" DIGEST "\"],\"RootFS\":{\"Type\":"
				   "\"layers\",\"Layers\":[\"" DIGEST "\"]}}";
	struct engine_image image, copy;

	(void)state;
	assert_int_equal(engine_parse_image(json, strlen(json), &image), 0);
	assert_int_equal(engine_image_copy(&copy, &image), 0);
	engine_image_clear(&image);
	assert_string_equal(copy.id, DIGEST);
	assert_int_equal(copy.repo_tags.count, 2);
	assert_string_equal(copy.repo_tags.items[1], "b:2");
	assert_int_equal(copy.repo_digests.count, 1);
	assert_string_equal(copy.repo_digests.items[0], "a@" DIGEST);
	assert_int_equal(copy.diff_ids.count, 1);
	engine_image_clear(&copy);
}

static void an_image_of_another_form_is_refused(void **state)
{
	static const struct {
		const char *json;
		int error;
	} rows[] = {
		{"{\"Id\":\"" DIGEST "\"}", 0},
		{"{\"Id\":\"" DIGEST "\",\"RepoTags\":null,\"RepoDigests\":[]}", 0},
		{"{\"Id\":\"" HEX "\"}", -EPROTO},
		{"{\"Id\":\"sha256:0123\"}", -EPROTO},
		{"{\"Id\":\"" DIGEST "0\"}", -EPROTO},
		{"{\"Id\":\"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcd"
		 "ef\"}",
			-EPROTO},
		{"{\"Id\":\"" DIGEST "\\u0000\"}", -EPROTO},
		{"{\"Id\":7}", -EPROTO},
		{"{}", -EPROTO},
		{"[]", -EPROTO},
		{"", -EPROTO},
		{"{\"Id\":\"" DIGEST "\"", -EPROTO},
		{"{\"Id\":\"" DIGEST "\"} {}", -EPROTO},
		{"{\"Id\":\"" DIGEST "\",\"RepoTags\":\"a:1\"}", -EPROTO},
		{"{\"Id\":\"" DIGEST "\",\"RepoDigests\":{}}", -EPROTO},
		{"{\"Id\":\"" DIGEST "\",\"RepoDigests\":[1]}", -EPROTO},
		{"{\"Id\":\"" DIGEST "\",\"RepoDigests\":[\"a@" DIGEST "\\u0000\"]}", -EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct engine_image image;

		assert_int_equal(engine_parse_image(rows[i].json, strlen(rows[i].json), &image),
			rows[i].error);
		engine_image_clear(&image);
	}
}

#define CONTAINER(more)                                                                            \
	"{\"Id\":\"" HEX "\",\"Name\":\"/it\",\"Image\":\"" DIGEST "\",\"Config\":{\"Image\":"     \
	"\"a:1\"},\"State\":{\"Running\":true,\"Pid\":42}" more "}"

static void a_container_has_every_host_path_that_it_mounts(void **state)
{
	static const char json[] = CONTAINER(
		",\"HostConfig\":{\"Binds\":[\"/run/docker.sock:/a:ro\",\"volume:/b\",\"/c\"],"
		"\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/d\",\"Target\":\"/e\"},"
		"{\"Type\":\"volume\",\"Source\":\"/no\"},{\"Type\":\"tmpfs\",\"Target\":\"/f\"}]},"
		"\"Mounts\":[{\"Type\":\"volume\",\"Name\":\"volume\",\"Source\":\"/var/g\"},"
		"{\"Type\":\"tmpfs\",\"Source\":\"\"}]");
	static const char *const paths[] = {"/run/docker.sock", "/c", "/d", "/var/g"};
	struct engine_container container;

	(void)state;
	assert_int_equal(engine_parse_container(json, strlen(json), &container), 0);
	assert_string_equal(container.id, HEX);
	assert_string_equal(container.image_id, DIGEST);
	assert_string_equal(container.name, "it");
	assert_string_equal(container.image, "a:1");
	assert_true(container.running);
	assert_int_equal(container.pid, 42);
	assert_int_equal(container.host_paths.count, ARRAY_SIZE(paths));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_string_equal(container.host_paths.items[i], paths[i]);
	/* Volumes apart: their folders are the engine's, and their names say what they are. */
	assert_int_equal(container.binds.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(container.binds.items[i], paths[i]);
	assert_int_equal(container.volumes.count, 1);
	assert_string_equal(container.volumes.items[0], "volume");
	engine_container_clear(&container);
}

static void a_volume_has_what_the_local_driver_would_mount(void **state)
{
	static const struct {
		const char *json, *driver, *type, *options, *device;
	} rows[] = {
		{"{\"Driver\":\"local\",\"Options\":null}", "local", "", "", ""},
		{"{\"Driver\":\"local\"}", "local", "", "", ""},
		{"{\"Driver\":\"local\",\"Options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}",
			"local", "none", "bind", "/"},
		{"{\"Driver\":\"x\",\"Options\":{\"device\":\"d\"}}", "x", "", "", "d"},
		{"{\"Driver\":1}", NULL, NULL, NULL, NULL},
		{"{\"Driver\":\"local\",\"Options\":{\"device\":1}}", NULL, NULL, NULL, NULL},
		{"[]", NULL, NULL, NULL, NULL},
		{"x", NULL, NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct engine_volume volume;
		int r = engine_parse_volume(rows[i].json, strlen(rows[i].json), &volume);

		assert_int_equal(r, rows[i].driver ? 0 : -EPROTO);
		if (r)
			continue;
		assert_string_equal(volume.driver, rows[i].driver);
		assert_string_equal(volume.type, rows[i].type);
		assert_string_equal(volume.options, rows[i].options);
		assert_string_equal(volume.device, rows[i].device);
		engine_volume_clear(&volume);
	}
}

static void the_engine_says_where_its_state_is(void **state)
{
	static const char good[] = "{\"ID\":\"x\",\"DockerRootDir\":\"/data/docker\"}";
	static const char *const bad[] = {"{}", "{\"DockerRootDir\":\"docker\"}", "{\"DockerRootDir\":1}", "["};
	char *root;

	(void)state;
	assert_int_equal(engine_parse_root(good, strlen(good), &root), 0);
	assert_string_equal(root, "/data/docker");
	free(root);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(engine_parse_root(bad[i], strlen(bad[i]), &root), -EPROTO);
}

static void a_container_of_another_form_is_refused(void **state)
{
	static const struct {
		const char *json;
		int error;
	} rows[] = {
		{CONTAINER(""), 0},
		{CONTAINER(",\"HostConfig\":{\"Binds\":null,\"Mounts\":null},\"Mounts\":[]"), 0},
		{CONTAINER(",\"Labels\":{\"x\":\"a\\u0000b\"}"), 0},
		/* Mounts that cannot be read could be the socket: the container is refused whole.
		 */
		{CONTAINER(",\"HostConfig\":{\"Binds\":\"/a:/b\"}"), -EPROTO},
		{CONTAINER(",\"HostConfig\":{\"Binds\":[1]}"), -EPROTO},
		{CONTAINER(",\"HostConfig\":{\"Binds\":[\"/a\\u0000:/b\"]}"), -EPROTO},
		{CONTAINER(",\"HostConfig\":{\"Mounts\":{}}"), -EPROTO},
		{CONTAINER(",\"Mounts\":[\"/a\"]"), -EPROTO},
		{CONTAINER(",\"Mounts\":[{\"Type\":\"bind\",\"Source\":1}]"), -EPROTO},
		{"{\"Id\":\"" HEX "\",\"Config\":{},\"State\":{\"Running\":false,\"Pid\":0}}", 0},
		{"{\"Id\":\"" HEX "\",\"Config\":{},\"State\":{\"Running\":1,\"Pid\":0}}", -EPROTO},
		{"{\"Id\":\"" HEX "\",\"Config\":{}}", -EPROTO},
		{"{\"Id\":\"it\",\"State\":{\"Running\":false,\"Pid\":0}}", -EPROTO},
		{"{\"Id\":\"" HEX "\",\"Image\":\"a:1\",\"State\":{\"Running\":false,\"Pid\":0}}",
			-EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct engine_container container;

		assert_int_equal(
			engine_parse_container(rows[i].json, strlen(rows[i].json), &container),
			rows[i].error);
		engine_container_clear(&container);
	}
}

static void the_list_of_images_has_names_and_no_layers(void **state)
{
	static const struct {
		const char *json;
		int error;
		size_t count;
	} rows[] = {
		{"[]", 0, 0},
		{"[{\"Id\":\"" DIGEST "\",\"RepoTags\":null,\"RepoDigests\":null}]", 0, 1},
		{"[{\"Id\":\"" DIGEST "\",\"RepoTags\":[\"a:1\"],\"RepoDigests\":[\"a@" DIGEST
		 "\"]},{\"Id\":\"" DIGEST "\"}]",
			0, 2},
		{"[{\"Id\":\"" DIGEST "\"},{\"Id\":\"it\"}]", -EPROTO, 0},
		{"[7]", -EPROTO, 0},
		{"{}", -EPROTO, 0},
		{"", -EPROTO, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct engine_image *images;
		size_t count;

		assert_int_equal(engine_parse_images(rows[i].json, strlen(rows[i].json), &images, &count),
			rows[i].error);
		assert_int_equal(count, rows[i].count);
		if (count == 2) {
			assert_string_equal(images[0].repo_tags.items[0], "a:1");
			assert_string_equal(images[0].repo_digests.items[0], "a@" DIGEST);
			assert_int_equal(images[1].repo_tags.count, 0);
		}
		engine_images_free(images, count);
	}
}

#define EVENT(action)                                                                              \
	"{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" HEX               \
	"\",\"Attributes\":{\"image\":\"a:1\",\"name\":\"it\"}},\"time\":1}"

#define IMAGE_EVENT(action)                                                                        \
	"{\"Type\":\"image\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"a:1\"}}"

static void an_event_is_about_a_container_or_images_or_refused(void **state)
{
	static const struct {
		const char *json;
		int error;
		enum engine_event_kind kind;
	} rows[] = {
		{EVENT("create"), 0, ENGINE_EVENT_CREATE},
		{EVENT("start"), 0, ENGINE_EVENT_START},
		{EVENT("die"), 0, ENGINE_EVENT_DIE},
		{EVENT("destroy"), 0, ENGINE_EVENT_DESTROY},
		{EVENT("rename"), 0, ENGINE_EVENT_RENAME},
		{EVENT("destroyed"), -EPROTO, 0},
		/* Their ids are names, or digests, and nobody needs them. */
		{IMAGE_EVENT("create"), 0, ENGINE_EVENT_IMAGES},
		{IMAGE_EVENT("delete"), 0, ENGINE_EVENT_IMAGES},
		{IMAGE_EVENT("untag"), 0, ENGINE_EVENT_IMAGES},
		{IMAGE_EVENT("tag"), 0, ENGINE_EVENT_IMAGES},
		{IMAGE_EVENT("push"), 0, ENGINE_EVENT_IMAGES},
		{IMAGE_EVENT("die"), -EPROTO, 0},
		{"{\"Type\":\"volume\",\"Action\":\"create\",\"Actor\":{\"ID\":\"" HEX "\"}}",
			-EPROTO, 0},
		{"{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{\"ID\":\"it\"}}",
			-EPROTO, 0},
		{"{\"message\":\"boom\"}", -EPROTO, 0},
		{"", -EPROTO, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct engine_event event;

		assert_int_equal(engine_parse_event(rows[i].json, strlen(rows[i].json), &event),
			rows[i].error);
		if (rows[i].error)
			continue;
		assert_int_equal(event.kind, rows[i].kind);
		assert_string_equal(event.container, event.kind == ENGINE_EVENT_IMAGES ? "" : HEX);
		assert_string_equal(event.image, event.kind == ENGINE_EVENT_IMAGES ? "" : "a:1");
		assert_string_equal(event.name, event.kind == ENGINE_EVENT_IMAGES ? "" : "it");
	}
}

/* With a server. */

struct bench {
	uv_loop_t loop;
	struct fetch_pool *pool;
	struct engine *engine;
	struct fake fake;
	int done, error;
	size_t count;
	char events[256]; /* a letter each */
	char act_on;      /* at this letter ... */
	int act;          /* ... 1 stop, 2 free the engine, 3 stop and follow again */
};

static void setup(struct bench *bench, fake_answer_fn answer)
{
	memset(bench, 0, sizeof(*bench));
	uv_loop_init(&bench->loop);
	bench->pool = fetch_pool_new(&bench->loop);
	fake_start_unix(&bench->fake, &bench->loop, answer);
	bench->engine = engine_new(&bench->loop, bench->pool, bench->fake.path);
}

static void teardown(struct bench *bench)
{
	engine_free(bench->engine);
	fake_stop(&bench->fake);
	fetch_pool_free(bench->pool);
	assert_int_equal(fake_end_loop(&bench->loop), 0);
}

static void on_image(int error, const struct engine_image *image, void *context)
{
	struct bench *bench = context;

	assert_int_equal(error == 0, image != NULL);
	bench->done++;
	bench->error = error;
}

static void on_list(int error, const struct engine_summary *containers, size_t count, void *context)
{
	struct bench *bench = context;

	(void)containers;
	bench->done++;
	bench->error = error;
	bench->count = count;
}

static char *scripted_status(struct fake *fake, const char *head)
{
	(void)head;
	return fake_http(*(int *)fake->context, "", "{\"message\":\"x\"}");
}

static void only_a_404_means_not_found(void **state)
{
	static const struct {
		int status, error;
	} rows[] = {
		{404, -ENOENT},
		{400, -EINVAL},
		{500, -EREMOTEIO},
		{503, -EREMOTEIO},
		{301, -EREMOTEIO},
		{204, -EREMOTEIO},
		{200, -EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;

		setup(&bench, scripted_status);
		bench.fake.context = (void *)&rows[i].status;
		assert_int_equal(engine_inspect_image(bench.engine, "a:1", on_image, &bench), 0);
		while (!bench.done)
			fake_turn(&bench.loop);
		assert_int_equal(bench.error, rows[i].error);
		teardown(&bench);
	}
}

static bool trusts(pid_t listener, const void *context)
{
	assert_int_equal(listener, getpid());
	return *(const bool *)context;
}

/* Who made the listener is asked at the connection itself: a path can have another socket by then. */
static void nothing_is_said_to_a_listener_that_is_not_trusted(void **state)
{
	static const bool answers[] = {true, false, true};
	int status = 404;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct bench bench;

		setup(&bench, scripted_status);
		bench.fake.context = &status;
		engine_trust(bench.engine, trusts, &answers[i]);
		assert_int_equal(engine_inspect_image(bench.engine, "a:1", on_image, &bench), 0);
		while (!bench.done)
			fake_turn(&bench.loop);
		assert_int_equal(bench.error, answers[i] ? -ENOENT : -ECONNREFUSED);
		assert_int_equal(bench.fake.requests, answers[i] ? 1 : 0);
		teardown(&bench);
	}
}

static void a_name_goes_into_the_path_as_it_is_or_not_at_all(void **state)
{
	static const struct {
		const char *name, *target; /* NULL: refused at once */
	} rows[] = {
		{"localhost:5000/a/b:1", "GET /images/localhost:5000/a/b:1/json HTTP"},
		{"a@" DIGEST, "GET /images/a@" DIGEST "/json HTTP"},
		{"a%2fb?c#d e", "GET /images/a%252fb%3Fc%23d%20e/json HTTP"},
		{"...", "GET /images/.../json HTTP"},
		{"", NULL},
		{".", NULL},
		{"..", NULL},
		{"../containers/json", NULL},
		{"a/../b", NULL},
		{"a/.", NULL},
		{"a//b", NULL},
		{"/a", NULL},
		{"a/", NULL},
		{"a\nb", NULL},
		{"a\x7f", NULL},
	};
	int status = 404;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;
		int r;

		setup(&bench, scripted_status);
		bench.fake.context = &status;
		r = engine_inspect_image(bench.engine, rows[i].name, on_image, &bench);
		assert_int_equal(r, rows[i].target ? 0 : -EINVAL);
		while (r == 0 && !bench.done)
			fake_turn(&bench.loop);
		if (rows[i].target)
			assert_ptr_equal(
				strstr(bench.fake.heads[0], rows[i].target), bench.fake.heads[0]);
		teardown(&bench);
		assert_int_equal(bench.done, rows[i].target != NULL);
	}
}

static char *body(struct fake *fake, const char *head)
{
	(void)head;
	return fake_http(200, "", fake->context);
}

static void a_list_is_read_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *json;
		int error;
		size_t count;
	} rows[] = {
		{"[]", 0, 0},
		{"[{\"Id\":\"" HEX "\",\"ImageID\":\"" DIGEST "\",\"Image\":\"a\",\"State\":"
		 "\"running\"},{\"Id\":\"" HEX "\"}]",
			0, 2},
		{"[{\"Id\":\"" HEX "\"},{\"Id\":\"short\"}]", -EPROTO, 0},
		{"{}", -EPROTO, 0},
		{"null", -EPROTO, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;

		setup(&bench, body);
		bench.fake.context = (void *)rows[i].json;
		assert_int_equal(engine_list_containers(bench.engine, on_list, &bench), 0);
		while (!bench.done)
			fake_turn(&bench.loop);
		assert_int_equal(bench.error, rows[i].error);
		assert_int_equal(bench.count, rows[i].count);
		teardown(&bench);
	}
}

static char *silence(struct fake *fake, const char *head)
{
	(void)fake;
	(void)head;
	return NULL;
}

static void freeing_the_engine_ends_its_calls_once(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, silence);
	for (int i = 0; i < 3; i++)
		engine_inspect_image(bench.engine, "a:1", on_image, &bench);
	uv_run(&bench.loop, UV_RUN_NOWAIT);
	assert_int_equal(bench.done, 0);
	teardown(&bench);
	assert_int_equal(bench.done, 3);
	assert_int_equal(bench.error, -ECANCELED);
}

static void on_event(const struct engine_event *event, void *context)
{
	struct bench *bench = context;
	char letter = "CLcsdxri"[event->kind]; /* Connected, Lost, create, start, die, destroy, rename, images */

	bench->events[strlen(bench->events)] = letter;
	if (letter != bench->act_on)
		return;
	if (bench->act == 2)
		engine_free(TAKE_PTR(bench->engine));
	else
		engine_events_stop(bench->engine);
	if (bench->act == 3)
		engine_events_start(bench->engine, on_event, bench);
	bench->act_on = 0;
}

static char *raw(struct fake *fake, const char *head)
{
	(void)head;
	return strdup(fake->context);
}

static void follow(struct bench *bench, const char *until)
{
	while (!strstr(bench->events, until))
		fake_turn(&bench->loop);
}

static void events_are_followed_and_the_loss_of_the_stream_is_told(void **state)
{
	static char *streams[] = {
		/* The stream ends; a line is no JSON; a line is an event that was not asked for. */
		"HTTP/1.1 200 OK\r\n\r\n" EVENT("create") "\n" EVENT("start") "\n",
		"HTTP/1.1 200 OK\r\n\r\n" EVENT("create") "\n" EVENT("start") "\nnonsense\n" EVENT(
			"die") "\n",
		"HTTP/1.1 200 OK\r\n\r\n" EVENT("create") "\n" EVENT("start") "\n" EVENT(
			"pause") "\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		struct bench bench;

		setup(&bench, raw);
		bench.fake.context = streams[i];
		assert_int_equal(engine_events_start(bench.engine, on_event, &bench), 0);
		assert_int_equal(engine_events_start(bench.engine, on_event, &bench), -EALREADY);
		assert_string_equal(bench.events, "");
		/* Told, and then tried again. */
		follow(&bench, "CcsLC");
		assert_ptr_equal(strstr(bench.events, "CcsLC"), bench.events);
		assert_non_null(strstr(bench.fake.heads[0], "GET /events?filters=%7B%22type%22"));
		teardown(&bench);
	}
}

static void an_error_instead_of_the_stream_is_a_loss_told_once(void **state)
{
	struct bench bench;

	(void)state;
	setup(&bench, raw);
	bench.fake.context = "HTTP/1.1 500 No\r\n\r\n" EVENT("create") "\n";
	engine_events_start(bench.engine, on_event, &bench);
	while (bench.fake.requests < 3)
		fake_turn(&bench.loop);
	assert_string_equal(bench.events, "L");
	teardown(&bench);
}

static void whoever_follows_may_stop_free_and_begin_again_in_the_callback(void **state)
{
	static const char *const expected[] = {NULL, "Ccs", "Ccs", "CcsCcsd"};

	(void)state;
	for (int act = 1; act <= 3; act++) {
		struct bench bench;

		setup(&bench, raw);
		bench.fake.keep_open = 1;
		bench.fake.context = "HTTP/1.1 200 OK\r\n\r\n" EVENT("create") "\n" EVENT(
			"start") "\n" EVENT("die") "\n";
		bench.act_on = 's';
		bench.act = act;
		engine_events_start(bench.engine, on_event, &bench);
		follow(&bench, expected[act]);
		teardown(&bench);
		assert_string_equal(bench.events, expected[act]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_has_an_id_names_and_layers),
		cmocka_unit_test(an_image_of_another_form_is_refused),
		cmocka_unit_test(a_container_has_every_host_path_that_it_mounts),
		cmocka_unit_test(a_container_of_another_form_is_refused),
		cmocka_unit_test(a_volume_has_what_the_local_driver_would_mount),
		cmocka_unit_test(the_engine_says_where_its_state_is),
		cmocka_unit_test(the_list_of_images_has_names_and_no_layers),
		cmocka_unit_test(an_event_is_about_a_container_or_images_or_refused),
		cmocka_unit_test(only_a_404_means_not_found),
		cmocka_unit_test(nothing_is_said_to_a_listener_that_is_not_trusted),
		cmocka_unit_test(a_name_goes_into_the_path_as_it_is_or_not_at_all),
		cmocka_unit_test(a_list_is_read_whole_or_not_at_all),
		cmocka_unit_test(freeing_the_engine_ends_its_calls_once),
		cmocka_unit_test(events_are_followed_and_the_loss_of_the_stream_is_told),
		cmocka_unit_test(an_error_instead_of_the_stream_is_a_loss_told_once),
		cmocka_unit_test(whoever_follows_may_stop_free_and_begin_again_in_the_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
