// SPDX-License-Identifier: Apache-2.0
/*
 * The warden's image list and engine client as a program, for selftests/e2e/registry_native: it
 * reads a command a line and prints a JSON object a line, so that a script can play the registry
 * and the engine against them. It decides nothing and checks nothing.
 *
 *	judge cached|revalidate IMAGE	{"judge": IMAGE, "outcome", "reason", "id", "entry", "text"}
 *	image NAME | container NAME	what engine.c made of it
 *	list | ping | events		containers; is the engine there; follow its events
 *	status				an object for each entry, then {"status": "end"}
 *	replace FILE			other settings
 */
#include "driver_lines.h"
#include "images.h"
#include "util.h"

struct driver {
	uv_loop_t loop;
	struct lines lines;
	struct fetch_pool *pool;
	struct engine *engine;
	struct registry *registry;
	struct images *images;
};

static json_t *strings(const struct engine_strings *strings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < strings->count; i++)
		json_array_append_new(array, json_string(strings->items[i]));
	return array;
}

static void on_judged(const struct images_verdict *verdict, void *context)
{
	static const char *const outcomes[] = {"allowed", "denied", "not local", "error"};

	print(json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "judge", context, "outcome",
		outcomes[verdict->outcome], "reason", images_reason_name(verdict->reason), "error",
		verdict->error, "id", verdict->image_id, "entry", verdict->entry, "text",
		verdict->text));
	free(context);
}

static void on_image(int error, const struct engine_image *image, void *context)
{
	(void)context;
	if (error)
		print(json_pack("{s:s, s:i}", "image", "", "error", error));
	else
		print(json_pack("{s:s, s:i, s:o, s:o, s:o}", "image", image->id, "error", 0,
			"digests", strings(&image->repo_digests), "tags",
			strings(&image->repo_tags), "layers", strings(&image->diff_ids)));
}

static void on_container(int error, const struct engine_container *container, void *context)
{
	(void)context;
	if (error)
		print(json_pack("{s:s, s:i}", "container", "", "error", error));
	else
		print(json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:i, s:o}", "container",
			container->id, "error", 0, "image_id", container->image_id, "image",
			container->image, "name", container->name, "running", container->running,
			"pid", (int)container->pid, "paths", strings(&container->host_paths)));
}

static void on_list(int error, const struct engine_summary *containers, size_t count, void *context)
{
	json_t *array = json_array();

	(void)context;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:s, s:s}", "id", containers[i].id, "image_id",
				       containers[i].image_id, "image", containers[i].image,
				       "state", containers[i].state));
	print(json_pack("{s:o, s:i}", "list", array, "error", error));
}

static void on_ping(int error, void *context)
{
	(void)context;
	print(json_pack("{s:s, s:i}", "ping", "", "error", error));
}

static void on_event(const struct engine_event *event, void *context)
{
	static const char *const kinds[] = {
		[ENGINE_EVENT_CONNECTED] = "connected",
		[ENGINE_EVENT_DISCONNECTED] = "disconnected",
		[ENGINE_EVENT_CREATE] = "create",
		[ENGINE_EVENT_START] = "start",
		[ENGINE_EVENT_DIE] = "die",
		[ENGINE_EVENT_DESTROY] = "destroy",
		[ENGINE_EVENT_IMAGES] = "images",
	};

	(void)context;
	print(json_pack("{s:s, s:s, s:s, s:s}", "event", kinds[event->kind], "id", event->container,
		"image", event->image, "name", event->name));
}

static void on_status(const struct images_status *status, void *context)
{
	(void)context;
	print(json_pack("{s:s, s:s, s:I, s:i, s:b, s:s}", "status", status->entry, "digest",
		status->digest, "age", (json_int_t)status->age, "configs",
		(int)status->config_count, "counts", status->counts, "problem", status->problem));
}

static void on_changed(void *context)
{
	(void)context;
	print(json_pack("{s:s}", "changed", ""));
}

static void replace(struct driver *driver, const char *path)
{
	struct settings *settings;
	_cleanup_free_ char *problem = NULL;
	int r = settings_load(path, &settings, &problem);

	if (r == 0) {
		r = images_replace(driver->images, settings);
		settings_free(settings);
	}
	print(json_pack("{s:s, s:i}", "replace", path, "error", r));
}

static void judge(struct driver *driver, const char *rest)
{
	const char *image = strchr(rest, ' ');
	enum images_freshness freshness =
		strncmp(rest, "cached ", 7) ? IMAGES_REVALIDATE : IMAGES_CACHED;

	if (image && images_judge(driver->images, image + 1, freshness, on_judged,
			     strdup(image + 1)) < 0)
		exit(2);
}

static void command(char *line, void *context)
{
	struct driver *driver = context;
	char *rest = strchr(line, ' ');
	int r = 0;

	if (rest)
		*rest++ = '\0';
	else
		rest = line + strlen(line);
	if (!strcmp(line, "judge"))
		judge(driver, rest);
	else if (!strcmp(line, "image"))
		r = engine_inspect_image(driver->engine, rest, on_image, NULL);
	else if (!strcmp(line, "container"))
		r = engine_inspect_container(driver->engine, rest, on_container, NULL);
	else if (!strcmp(line, "list"))
		r = engine_list_containers(driver->engine, on_list, NULL);
	else if (!strcmp(line, "ping"))
		r = engine_ping(driver->engine, on_ping, NULL);
	else if (!strcmp(line, "events"))
		r = engine_events_start(driver->engine, on_event, NULL);
	else if (!strcmp(line, "replace"))
		replace(driver, rest);
	else if (!strcmp(line, "status")) {
		images_each(driver->images, on_status, NULL);
		print(json_pack("{s:s}", "status", "end"));
	} else {
		r = -ENOSYS;
	}
	if (r < 0)
		print(json_pack("{s:s, s:i}", line, "", "error", r));
}

static void stop(void *context)
{
	struct driver *driver = context;

	images_free(driver->images);
	registry_free(driver->registry);
	engine_free(driver->engine);
	fetch_pool_free(driver->pool);
}

int main(int argc, char **argv)
{
	static const struct registry_options options;
	static struct driver driver;
	struct settings *settings;
	_cleanup_free_ char *problem = NULL;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: images_driver SETTINGS ENGINE-SOCKET [STORE]\n");
		return 2;
	}
	if (settings_load(argv[1], &settings, &problem) < 0) {
		fprintf(stderr, "%s\n", problem);
		return 2;
	}
	uv_loop_init(&driver.loop);
	driver.pool = fetch_pool_new(&driver.loop);
	driver.engine = engine_new(&driver.loop, driver.pool, argv[2]);
	driver.registry = registry_new(&driver.loop, driver.pool, &options);
	if (!driver.pool || !driver.engine || !driver.registry ||
		images_new(&driver.loop, driver.engine, driver.registry, settings, argv[3], on_changed,
			NULL, &driver.images) < 0)
		return 2;
	settings_free(settings);
	driver.lines.command = command;
	driver.lines.end = stop;
	driver.lines.context = &driver;
	lines_read(&driver.loop, &driver.lines);
	uv_run(&driver.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&driver.loop) == 0 ? 0 : 3;
}
