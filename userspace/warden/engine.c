// SPDX-License-Identifier: Apache-2.0
/*
 * Asks the engine: inspections, the list of containers, and the stream of events. It knows paths,
 * statuses and connections; what an answer says is read in engine_json.c.
 */
#include <errno.h>
#include <stdio.h>

#include "activation.h"
#include "engine.h"
#include "util.h"

#define MAX_ANSWER      (16u << 20)
#define MAX_EVENT       (1u << 20) /* a line of the stream; with every label it has a few KiB */
#define TIMEOUT_MS      30000      /* a container that is just being started keeps its lock */
#define PING_TIMEOUT_MS 5000
#define RECONNECT_MS    250
#define DORMANT_MS      1000 /* until it is seen that an engine was started: contained until then */

/*
 * Events that change which containers exist, what they are called, and on what image one can be built;
 * percent-encoded JSON, as the API wants its filters.
 */
#define EVENTS_PATH                                                                                \
	"/events?filters=%7B%22type%22%3A%5B%22container%22%2C%22image%22%5D%2C%22event%22%3A%5B"  \
	"%22create%22%2C%22start%22%2C%22die%22%2C%22destroy%22%2C%22rename%22%2C%22delete%22%2C"  \
	"%22untag%22%2C%22tag%22%2C%22push%22%5D%7D"

struct call {
	struct engine *engine;
	struct call *next;
	struct fetch *fetch;
	/* Reads the answer, if error is 0, and calls whoever asked. */
	void (*finish)(struct call *call, int error, const struct fetch_answer *answer);
	union {
		engine_image_fn image;
		engine_container_fn container;
		engine_list_fn list;
		engine_images_fn images;
		engine_volume_fn volume;
		engine_root_fn root;
		engine_ping_fn ping;
	} done;
	void *context;
};

struct events {
	engine_event_fn event; /* NULL: nobody follows */
	void *context;
	struct fetch *fetch; /* NULL: waiting for the next attempt */
	unsigned int run;    /* raised by every stop: who sees another number leaves */
	bool lost;           /* DISCONNECTED was said since the last CONNECTED */
	char *line;          /* a line that is not whole yet */
	size_t size;
};

struct engine {
	struct fetch_pool *pool;
	char *socket;
	char *bound; /* see engine_let_sleep; or NULL */
	bool (*trust)(pid_t listener, const void *context);
	const void *trust_context;
	uv_timer_t reconnect;
	struct call *calls;
	struct events events;
	bool closing;
};

/* Calls: one request each. */

static int error_of(const struct fetch_answer *answer)
{
	if (answer->error)
		return answer->error;
	switch (answer->status) {
	case 200:
		return 0;
	case 404:
		return -ENOENT;
	case 400:
		return -EINVAL;
	default:
		return -EREMOTEIO;
	}
}

static void call_end(struct call *call, int error, const struct fetch_answer *answer)
{
	struct call **link = &call->engine->calls;

	while (*link != call)
		link = &(*link)->next;
	*link = call->next;
	call->finish(call, error, answer);
	free(call);
}

static void on_answer(const struct fetch_answer *answer, void *context)
{
	call_end(context, error_of(answer), answer);
}

static int call_start(struct call *call, const char *path, unsigned int timeout_ms)
{
	struct engine *engine = call->engine;
	_cleanup_free_ char *url = NULL;
	struct fetch_request request = {
		.method = FETCH_GET,
		.unix_socket = engine->socket,
		.trust = engine->trust,
		.trust_context = engine->trust_context,
		.total_timeout_ms = timeout_ms,
		.max_size = MAX_ANSWER,
	};
	int r;

	if (asprintf(&url, "http://engine%s", path) < 0)
		return -ENOMEM;
	request.url = url;
	r = fetch_start(engine->pool, &request, NULL, on_answer, call, &call->fetch);
	if (r < 0)
		return r;
	call->next = engine->calls;
	engine->calls = call;
	return 0;
}

/* Takes `call`, NULL for no memory. */
static int call_path(
	struct call *call, struct engine *engine, const char *path, unsigned int timeout_ms)
{
	int r;

	if (!call)
		return -ENOMEM;
	call->engine = engine;
	r = engine->closing ? -ECANCELED : call_start(call, path, timeout_ms);
	if (r < 0)
		free(call);
	return r;
}

/*
 * Can a name stand in a path and still be that name there? The engine's router decodes once, then
 * cleans `//` and dot segments away; its patterns do not match a line feed.
 */
static bool is_plain(const char *name)
{
	const char *segment = name;

	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	for (;;) {
		size_t length = strcspn(segment, "/");

		if (length == 0 || (length == 1 && segment[0] == '.') ||
			(length == 2 && segment[0] == '.' && segment[1] == '.'))
			return false;
		if (!segment[length])
			return true;
		segment += length + 1;
	}
}

static int call_inspect(
	struct call *call, struct engine *engine, const char *kind, const char *name,
	const char *behind)
{
	_cleanup_free_ char *escaped = NULL, *path = NULL;

	if (!is_plain(name)) {
		free(call);
		return -EINVAL;
	}
	escaped = fetch_escape(name, "/:@");
	if (!escaped || asprintf(&path, "/%s/%s%s", kind, escaped, behind) < 0) {
		free(call);
		return -ENOMEM;
	}
	return call_path(call, engine, path, TIMEOUT_MS);
}

static void finish_image(struct call *call, int error, const struct fetch_answer *answer)
{
	struct engine_image image;

	if (!error)
		error = engine_parse_image(answer->body, answer->size, &image);
	call->done.image(error, error ? NULL : &image, call->context);
	if (!error)
		engine_image_clear(&image);
}

int engine_inspect_image(
	struct engine *engine, const char *image, engine_image_fn done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->finish = finish_image;
	call->done.image = done;
	call->context = context;
	return call_inspect(call, engine, "images", image, "/json");
}

static void finish_container(struct call *call, int error, const struct fetch_answer *answer)
{
	struct engine_container container;

	if (!error)
		error = engine_parse_container(answer->body, answer->size, &container);
	call->done.container(error, error ? NULL : &container, call->context);
	if (!error)
		engine_container_clear(&container);
}

int engine_inspect_container(
	struct engine *engine, const char *container, engine_container_fn done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->finish = finish_container;
	call->done.container = done;
	call->context = context;
	return call_inspect(call, engine, "containers", container, "/json");
}

static void finish_volume(struct call *call, int error, const struct fetch_answer *answer)
{
	struct engine_volume volume;

	if (!error)
		error = engine_parse_volume(answer->body, answer->size, &volume);
	call->done.volume(error, error ? NULL : &volume, call->context);
	if (!error)
		engine_volume_clear(&volume);
}

int engine_inspect_volume(
	struct engine *engine, const char *volume, engine_volume_fn done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->finish = finish_volume;
	call->done.volume = done;
	call->context = context;
	return call_inspect(call, engine, "volumes", volume, "");
}

static void finish_root(struct call *call, int error, const struct fetch_answer *answer)
{
	_cleanup_free_ char *root = NULL;

	if (!error)
		error = engine_parse_root(answer->body, answer->size, &root);
	call->done.root(error, root, call->context);
}

int engine_find_root(struct engine *engine, engine_root_fn done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->finish = finish_root;
	call->done.root = done;
	call->context = context;
	return call_path(call, engine, "/info", TIMEOUT_MS);
}

static void finish_list(struct call *call, int error, const struct fetch_answer *answer)
{
	struct engine_summary *containers = NULL;
	size_t count = 0;

	if (!error)
		error = engine_parse_list(answer->body, answer->size, &containers, &count);
	call->done.list(error, containers, count, call->context);
	engine_list_free(containers, count);
}

int engine_list_containers(struct engine *engine, engine_list_fn done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->finish = finish_list;
	call->done.list = done;
	call->context = context;
	return call_path(call, engine, "/containers/json?all=1", TIMEOUT_MS);
}

static void finish_images(struct call *call, int error, const struct fetch_answer *answer)
{
	struct engine_image *images = NULL;
	size_t count = 0;

	if (!error)
		error = engine_parse_images(answer->body, answer->size, &images, &count);
	call->done.images(error, images, count, call->context);
	engine_images_free(images, count);
}

int engine_list_images(struct engine *engine, engine_images_fn done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->finish = finish_images;
	call->done.images = done;
	call->context = context;
	return call_path(call, engine, "/images/json?all=1", TIMEOUT_MS);
}

static void finish_ping(struct call *call, int error, const struct fetch_answer *answer)
{
	(void)answer;
	call->done.ping(error, call->context);
}

int engine_ping(struct engine *engine, engine_ping_fn done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->finish = finish_ping;
	call->done.ping = done;
	call->context = context;
	return call_path(call, engine, "/_ping", PING_TIMEOUT_MS);
}

/* Events: one long answer, a JSON object a line. */

static void say(struct engine *engine, enum engine_event_kind kind)
{
	struct engine_event event = {.kind = kind};

	engine->events.lost = kind == ENGINE_EVENT_DISCONNECTED;
	engine->events.event(&event, engine->events.context);
}

static int add_to_line(struct events *events, const char *data, size_t size)
{
	char *line;

	if (size > MAX_EVENT - events->size)
		return -EFBIG;
	if (size == 0)
		return 0;
	line = realloc(events->line, events->size + size);
	if (!line)
		return -ENOMEM;
	memcpy(line + events->size, data, size);
	events->line = line;
	events->size += size;
	return 0;
}

/* Hands on one whole line. A negative value when the stream cannot be understood. */
static int take_line(struct engine *engine)
{
	struct events *events = &engine->events;
	_cleanup_free_ char *line = TAKE_PTR(events->line);
	size_t size = events->size;
	struct engine_event event;
	int r;

	events->size = 0;
	r = engine_parse_event(line ? line : "", size, &event);
	/* A lost event could leave a grant behind: start again, with a new list of containers. */
	if (r < 0)
		return r;
	events->event(&event, events->context);
	return 0;
}

static int on_data(long status, const char *data, size_t size, void *context)
{
	struct engine *engine = context;
	struct events *events = &engine->events;
	unsigned int run = events->run;
	int r;

	if (status != 200)
		return -EPROTO;
	if (size == 0) {
		say(engine, ENGINE_EVENT_CONNECTED);
		return 0;
	}
	while (size) {
		const char *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;

		r = add_to_line(events, data, length);
		if (r < 0)
			return r;
		if (!end)
			break;
		r = take_line(engine);
		if (r < 0)
			return r;
		/* The callback may have stopped this run, and begun another. */
		if (run != events->run)
			return 0;
		data += length + 1;
		size -= length + 1;
	}
	return 0;
}

static void events_connect(struct engine *engine);

static void on_reconnect(uv_timer_t *timer)
{
	events_connect(timer->data);
}

static void events_lost(struct engine *engine, unsigned int again_ms)
{
	struct events *events = &engine->events;

	events->fetch = NULL;
	free(TAKE_PTR(events->line));
	events->size = 0;
	uv_timer_start(&engine->reconnect, on_reconnect, again_ms, 0);
	if (!events->lost)
		say(engine, ENGINE_EVENT_DISCONNECTED);
}

static void on_stream_end(const struct fetch_answer *answer, void *context)
{
	(void)answer;
	events_lost(context, RECONNECT_MS);
}

static void events_connect(struct engine *engine)
{
	struct fetch_request request = {
		.method = FETCH_GET,
		.url = "http://engine" EVENTS_PATH,
		.unix_socket = engine->socket,
		.trust = engine->trust,
		.trust_context = engine->trust_context,
		.max_size = MAX_EVENT,
	};

	if (engine->bound && activation_is_dormant(engine->bound))
		events_lost(engine, DORMANT_MS);
	else if (fetch_start(engine->pool, &request, on_data, on_stream_end, engine,
			 &engine->events.fetch) < 0)
		events_lost(engine, RECONNECT_MS);
}

int engine_events_start(struct engine *engine, engine_event_fn event, void *context)
{
	if (engine->closing)
		return -ECANCELED;
	if (engine->events.event)
		return -EALREADY;
	engine->events.event = event;
	engine->events.context = context;
	engine->events.lost = false;
	/* By the timer, so that no callback runs from within this call. */
	return uv_timer_start(&engine->reconnect, on_reconnect, 0, 0);
}

void engine_events_stop(struct engine *engine)
{
	struct events *events = &engine->events;

	events->run++;
	events->event = NULL;
	if (events->fetch)
		fetch_cancel(TAKE_PTR(events->fetch));
	free(TAKE_PTR(events->line));
	events->size = 0;
	uv_timer_stop(&engine->reconnect);
}

/* The engine itself. */

const char *engine_socket(const struct engine *engine)
{
	return engine->socket;
}

struct engine *engine_new(uv_loop_t *loop, struct fetch_pool *pool, const char *socket)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->pool = pool;
	engine->socket = strdup(socket);
	if (!engine->socket) {
		free(engine);
		return NULL;
	}
	uv_timer_init(loop, &engine->reconnect);
	engine->reconnect.data = engine;
	return engine;
}

void engine_trust(
	struct engine *engine, bool (*trust)(pid_t listener, const void *context), const void *context)
{
	engine->trust = trust;
	engine->trust_context = context;
}

int engine_let_sleep(struct engine *engine, const char *bound)
{
	char *copy = strdup(bound);

	if (!copy)
		return -ENOMEM;
	free(engine->bound);
	engine->bound = copy;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct engine *engine = handle->data;

	free(engine->bound);
	free(engine->socket);
	free(engine);
}

void engine_free(struct engine *engine)
{
	if (!engine || engine->closing)
		return;
	engine->closing = true;
	engine_events_stop(engine);
	while (engine->calls) {
		struct call *call = engine->calls;

		fetch_cancel(call->fetch);
		call_end(call, -ECANCELED, NULL);
	}
	uv_close((uv_handle_t *)&engine->reconnect, on_closed);
}
