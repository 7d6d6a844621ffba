// SPDX-License-Identifier: Apache-2.0
/*
 * Reads the engine through its API: inspections, the list of containers, and the stream of events.
 *
 * The engine is trusted, what it repeats is not: labels, names and commands come from containers
 * and may hold any text. So types and forms are checked only where a value is used, a NUL inside a
 * used string makes the answer -EPROTO, and one strange container cannot make the list of all of
 * them unreadable by what it put where nobody looks.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "engine.h"
#include "util.h"

#define MAX_ANSWER	 (16u << 20)
#define MAX_EVENT	 (1u << 20) /* a line of the stream; with every label it has a few KiB */
#define TIMEOUT_MS	 30000	    /* a container that is just being started keeps its lock */
#define PING_TIMEOUT_MS	 5000
#define RECONNECT_MS	 250

/* Container events that change who exists; percent-encoded JSON, as the API wants its filters. */
#define EVENTS_PATH                                                                                \
	"/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%2C" \
	"%22start%22%2C%22die%22%2C%22destroy%22%5D%7D"

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
		engine_ping_fn ping;
	} done;
	void *context;
};

struct events {
	engine_event_fn event; /* NULL: nobody follows */
	void *context;
	struct fetch *fetch;   /* NULL: waiting for the next attempt */
	unsigned int run;      /* raised by every stop: who sees another number leaves */
	bool lost;	       /* DISCONNECTED was said since the last CONNECTED */
	char *line;	       /* a line that is not whole yet */
	size_t size;
};

struct engine {
	struct fetch_pool *pool;
	char *socket;
	uv_timer_t reconnect;
	struct call *calls;
	struct events events;
	bool closing;
};

/* Reading JSON. */

static json_t *load(const char *text, size_t size)
{
	/* Duplicate keys are not refused: the engine's encoder writes none where we look. */
	return json_loadb(text, size, JSON_ALLOW_NUL, NULL);
}

/* A string without NUL, or NULL. */
static const char *text_of(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static const char *text_in(const json_t *object, const char *key)
{
	return text_of(json_object_get(object, key));
}

/* A copy of a string that may be absent or null (then ""); -EPROTO when it is something else. */
static int copy_text(const json_t *object, const char *key, char **copy)
{
	const json_t *value = json_object_get(object, key);
	const char *text = !value || json_is_null(value) ? "" : text_of(value);

	if (!text)
		return -EPROTO;
	*copy = strdup(text);
	return *copy ? 0 : -ENOMEM;
}

static bool is_hex_id(const char *text)
{
	return strspn(text, "0123456789abcdef") == 64 && !text[64];
}

static int copy_id(const json_t *object, const char *key, char id[65])
{
	const char *text = text_in(object, key);

	if (!text || !is_hex_id(text))
		return -EPROTO;
	memcpy(id, text, 65);
	return 0;
}

static int copy_digest(
	const json_t *object, const char *key, bool optional, char digest[ENGINE_DIGEST_SIZE])
{
	const json_t *value = json_object_get(object, key);
	const char *text = text_of(value);

	digest[0] = '\0';
	if (optional && (!value || json_is_null(value) || (text && !*text)))
		return 0;
	if (!text || strncmp(text, "sha256:", 7) || !is_hex_id(text + 7))
		return -EPROTO;
	strncpy_zero(digest, ENGINE_DIGEST_SIZE, text);
	return 0;
}

static void strings_clear(struct engine_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct engine_strings){ 0 };
}

static int strings_add(struct engine_strings *strings, const char *text, size_t length)
{
	char **items = reallocarray(strings->items, strings->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	strings->items = items;
	items[strings->count] = strndup(text, length);
	if (!items[strings->count])
		return -ENOMEM;
	strings->count++;
	return 0;
}

/* An array of strings that may be absent or null. */
static int copy_strings(const json_t *array, struct engine_strings *strings)
{
	const json_t *value;
	size_t i;
	int r = 0;

	if (!array || json_is_null(array))
		return 0;
	if (!json_is_array(array))
		return -EPROTO;
	json_array_foreach(array, i, value) {
		const char *text = text_of(value);

		r = text ? strings_add(strings, text, strlen(text)) : -EPROTO;
		if (r < 0)
			break;
	}
	return r;
}

/* Images. */

void engine_image_clear(struct engine_image *image)
{
	strings_clear(&image->repo_digests);
	strings_clear(&image->repo_tags);
	strings_clear(&image->diff_ids);
	image->id[0] = '\0';
}

static int strings_copy(struct engine_strings *to, const struct engine_strings *from)
{
	int r = 0;

	for (size_t i = 0; i < from->count && r == 0; i++)
		r = strings_add(to, from->items[i], strlen(from->items[i]));
	return r;
}

int engine_image_copy(struct engine_image *to, const struct engine_image *from)
{
	*to = (struct engine_image){ 0 };
	memcpy(to->id, from->id, sizeof(to->id));
	if (strings_copy(&to->repo_digests, &from->repo_digests) == 0
		&& strings_copy(&to->repo_tags, &from->repo_tags) == 0
		&& strings_copy(&to->diff_ids, &from->diff_ids) == 0)
		return 0;
	engine_image_clear(to);
	return -ENOMEM;
}

static int read_image(const json_t *root, struct engine_image *image)
{
	const json_t *layers = json_object_get(json_object_get(root, "RootFS"), "Layers");
	int r;

	r = copy_digest(root, "Id", false, image->id);
	if (r < 0)
		return r;
	r = copy_strings(json_object_get(root, "RepoDigests"), &image->repo_digests);
	if (r < 0)
		return r;
	r = copy_strings(json_object_get(root, "RepoTags"), &image->repo_tags);
	if (r < 0)
		return r;
	return copy_strings(layers, &image->diff_ids);
}

int engine_parse_image(const char *json, size_t size, struct engine_image *image)
{
	json_t *root = load(json, size);
	int r;

	*image = (struct engine_image){ 0 };
	r = root ? read_image(root, image) : -EPROTO;
	json_decref(root);
	if (r < 0)
		engine_image_clear(image);
	return r;
}

/* Containers. */

void engine_container_clear(struct engine_container *container)
{
	strings_clear(&container->host_paths);
	free(container->name);
	free(container->image);
	*container = (struct engine_container){ 0 };
}

/* "/src:/dst[:options]": what is before the first colon; another start is a volume's name. */
static int add_binds(const json_t *binds, struct engine_strings *paths)
{
	const json_t *value;
	size_t i;
	int r = 0;

	if (binds && !json_is_null(binds) && !json_is_array(binds))
		return -EPROTO;
	json_array_foreach(binds, i, value) {
		const char *text = text_of(value);

		if (!text)
			return -EPROTO;
		if (text[0] == '/')
			r = strings_add(paths, text, strcspn(text, ":"));
		if (r < 0)
			break;
	}
	return r;
}

/* Mount points, of HostConfig (`only` "bind") or of the container itself (any type, NULL). */
static int add_mounts(const json_t *mounts, const char *only, struct engine_strings *paths)
{
	const json_t *value;
	size_t i;
	int r = 0;

	if (mounts && !json_is_null(mounts) && !json_is_array(mounts))
		return -EPROTO;
	json_array_foreach(mounts, i, value) {
		const json_t *source = json_object_get(value, "Source");
		const char *type = text_in(value, "Type"), *text = text_of(source);

		if (!json_is_object(value) || (source && !text))
			return -EPROTO;
		if (text && text[0] == '/' && (!only || (type && !strcmp(type, only))))
			r = strings_add(paths, text, strlen(text));
		if (r < 0)
			break;
	}
	return r;
}

static int read_paths(const json_t *root, struct engine_strings *paths)
{
	const json_t *host = json_object_get(root, "HostConfig");
	int r;

	r = add_binds(json_object_get(host, "Binds"), paths);
	if (r < 0)
		return r;
	r = add_mounts(json_object_get(host, "Mounts"), "bind", paths);
	if (r < 0)
		return r;
	return add_mounts(json_object_get(root, "Mounts"), NULL, paths);
}

static int read_state(const json_t *state, struct engine_container *container)
{
	const json_t *running = json_object_get(state, "Running");
	const json_t *pid = json_object_get(state, "Pid");

	if (!json_is_boolean(running) || !json_is_integer(pid))
		return -EPROTO;
	container->running = json_is_true(running);
	container->pid = json_integer_value(pid);
	return 0;
}

static int read_container(const json_t *root, struct engine_container *container)
{
	_cleanup_free_ char *name = NULL;
	int r;

	r = copy_id(root, "Id", container->id);
	if (r < 0)
		return r;
	r = copy_digest(root, "Image", true, container->image_id);
	if (r < 0)
		return r;
	r = copy_text(root, "Name", &name);
	if (r < 0)
		return r;
	container->name = strdup(name[0] == '/' ? name + 1 : name);
	if (!container->name)
		return -ENOMEM;
	r = copy_text(json_object_get(root, "Config"), "Image", &container->image);
	if (r < 0)
		return r;
	r = read_state(json_object_get(root, "State"), container);
	if (r < 0)
		return r;
	return read_paths(root, &container->host_paths);
}

int engine_parse_container(const char *json, size_t size, struct engine_container *container)
{
	json_t *root = load(json, size);
	int r;

	*container = (struct engine_container){ 0 };
	r = root ? read_container(root, container) : -EPROTO;
	json_decref(root);
	if (r < 0)
		engine_container_clear(container);
	return r;
}

static int read_summary(const json_t *value, struct engine_summary *summary)
{
	int r;

	r = copy_id(value, "Id", summary->id);
	if (r < 0)
		return r;
	r = copy_digest(value, "ImageID", true, summary->image_id);
	if (r < 0)
		return r;
	r = copy_text(value, "Image", &summary->image);
	if (r < 0)
		return r;
	return copy_text(value, "State", &summary->state);
}

static void free_summaries(struct engine_summary *summaries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(summaries[i].image);
		free(summaries[i].state);
	}
	free(summaries);
}

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

		if (length == 0 || (length == 1 && segment[0] == '.')
			|| (length == 2 && segment[0] == '.' && segment[1] == '.'))
			return false;
		if (!segment[length])
			return true;
		segment += length + 1;
	}
}

static int call_inspect(
	struct call *call, struct engine *engine, const char *kind, const char *name)
{
	_cleanup_free_ char *escaped = NULL, *path = NULL;

	if (!is_plain(name)) {
		free(call);
		return -EINVAL;
	}
	escaped = fetch_escape(name, "/:@");
	if (!escaped || asprintf(&path, "/%s/%s/json", kind, escaped) < 0) {
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
	return call_inspect(call, engine, "images", image);
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
	return call_inspect(call, engine, "containers", container);
}

static int read_list(const json_t *root, struct engine_summary **summaries, size_t *count)
{
	size_t i;
	json_t *value;

	if (!json_is_array(root))
		return -EPROTO;
	*summaries = calloc(json_array_size(root) + 1, sizeof(**summaries));
	if (!*summaries)
		return -ENOMEM;
	json_array_foreach(root, i, value) {
		int r = read_summary(value, &(*summaries)[i]);

		*count = i + 1;
		if (r < 0)
			return r;
	}
	return 0;
}

static void finish_list(struct call *call, int error, const struct fetch_answer *answer)
{
	struct engine_summary *summaries = NULL;
	size_t count = 0;
	json_t *root = NULL;

	if (!error) {
		root = load(answer->body, answer->size);
		error = root ? read_list(root, &summaries, &count) : -EPROTO;
	}
	call->done.list(error, error ? NULL : summaries, error ? 0 : count, call->context);
	free_summaries(summaries, count);
	json_decref(root);
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

int engine_parse_event(const char *json, size_t size, struct engine_event *event)
{
	static const struct {
		const char *action;
		enum engine_event_kind kind;
	} kinds[] = {
		{ "create", ENGINE_EVENT_CREATE },
		{ "start", ENGINE_EVENT_START },
		{ "die", ENGINE_EVENT_DIE },
		{ "destroy", ENGINE_EVENT_DESTROY },
	};
	json_t *root = load(json, size);
	const json_t *actor = json_object_get(root, "Actor");
	const json_t *attributes = json_object_get(actor, "Attributes");
	const char *action = text_in(root, "Action"), *image = text_in(attributes, "image");
	const char *name = text_in(attributes, "name"), *type = text_in(root, "Type");
	size_t i = ARRAY_SIZE(kinds);
	int r = -EPROTO;

	memset(event, 0, sizeof(*event));
	if (action && type && !strcmp(type, "container"))
		for (i = 0; i < ARRAY_SIZE(kinds) && strcmp(kinds[i].action, action); i++)
			;
	if (i < ARRAY_SIZE(kinds)) {
		event->kind = kinds[i].kind;
		r = copy_id(actor, "ID", event->container);
		COPY_STRING(event->image, image ? image : "");
		COPY_STRING(event->name, name ? name : "");
	}
	json_decref(root);
	return r;
}

static void say(struct engine *engine, enum engine_event_kind kind)
{
	struct engine_event event = { .kind = kind };

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

static void events_lost(struct engine *engine)
{
	struct events *events = &engine->events;

	events->fetch = NULL;
	free(TAKE_PTR(events->line));
	events->size = 0;
	uv_timer_start(&engine->reconnect, on_reconnect, RECONNECT_MS, 0);
	if (!events->lost)
		say(engine, ENGINE_EVENT_DISCONNECTED);
}

static void on_stream_end(const struct fetch_answer *answer, void *context)
{
	(void)answer;
	events_lost(context);
}

static void events_connect(struct engine *engine)
{
	struct fetch_request request = {
		.method = FETCH_GET,
		.url = "http://engine" EVENTS_PATH,
		.unix_socket = engine->socket,
		.max_size = MAX_EVENT,
	};

	if (fetch_start(engine->pool, &request, on_data, on_stream_end, engine,
		    &engine->events.fetch)
		< 0)
		events_lost(engine);
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

static void on_closed(uv_handle_t *handle)
{
	struct engine *engine = handle->data;

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
