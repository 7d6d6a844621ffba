// SPDX-License-Identifier: Apache-2.0
/*
 * Reads the engine's answers.
 *
 * The engine is trusted, what it repeats is not: labels, names and commands come from containers
 * and may hold any text. So types and forms are checked only where a value is used, a NUL inside a
 * used string makes the answer -EPROTO, and one strange container cannot make the list of all of
 * them unreadable by what it put where nobody looks.
 */
#include <errno.h>
#include <jansson.h>

#include "engine.h"
#include "util.h"

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

void engine_strings_clear(struct engine_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct engine_strings){0};
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
	json_array_foreach (array, i, value) {
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
	engine_strings_clear(&image->repo_digests);
	engine_strings_clear(&image->repo_tags);
	engine_strings_clear(&image->diff_ids);
	image->id[0] = '\0';
}

int engine_strings_copy(struct engine_strings *to, const struct engine_strings *from)
{
	int r = 0;

	for (size_t i = 0; i < from->count && r == 0; i++)
		r = strings_add(to, from->items[i], strlen(from->items[i]));
	return r;
}

int engine_image_copy(struct engine_image *to, const struct engine_image *from)
{
	*to = (struct engine_image){0};
	memcpy(to->id, from->id, sizeof(to->id));
	if (engine_strings_copy(&to->repo_digests, &from->repo_digests) == 0 &&
		engine_strings_copy(&to->repo_tags, &from->repo_tags) == 0 &&
		engine_strings_copy(&to->diff_ids, &from->diff_ids) == 0)
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

	*image = (struct engine_image){0};
	r = root ? read_image(root, image) : -EPROTO;
	json_decref(root);
	if (r < 0)
		engine_image_clear(image);
	return r;
}

void engine_images_free(struct engine_image *images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		engine_image_clear(&images[i]);
	free(images);
}

int engine_parse_images(
	const char *json, size_t size, struct engine_image **images, size_t *count)
{
	json_t *root = load(json, size);
	const json_t *value;
	int r = json_is_array(root) ? 0 : -EPROTO;
	size_t i;

	*images = calloc(json_array_size(root) + 1, sizeof(**images));
	*count = 0;
	if (!*images)
		r = -ENOMEM;
	json_array_foreach (root, i, value) {
		if (r < 0)
			break;
		*count = i + 1;
		r = read_image(value, &(*images)[i]);
	}
	json_decref(root);
	if (r < 0) {
		engine_images_free(TAKE_PTR(*images), *count);
		*count = 0;
	}
	return r;
}

/* Containers. */

void engine_container_clear(struct engine_container *container)
{
	engine_strings_clear(&container->host_paths);
	engine_strings_clear(&container->binds);
	engine_strings_clear(&container->volumes);
	free(container->name);
	free(container->image);
	*container = (struct engine_container){0};
}

/* "/src:/dst[:options]": what is before the first colon; another start is a volume's name. */
static int add_binds(const json_t *binds, struct engine_strings *paths)
{
	const json_t *value;
	size_t i;
	int r = 0;

	if (binds && !json_is_null(binds) && !json_is_array(binds))
		return -EPROTO;
	json_array_foreach (binds, i, value) {
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

/* Of mount points, of HostConfig or of the container itself, those of one type, or all (NULL). */
static int add_mounts(
	const json_t *mounts, const char *only, const char *key, struct engine_strings *strings)
{
	const json_t *value;
	size_t i;
	int r = 0;

	if (mounts && !json_is_null(mounts) && !json_is_array(mounts))
		return -EPROTO;
	json_array_foreach (mounts, i, value) {
		const json_t *member = json_object_get(value, key);
		const char *type = text_in(value, "Type"), *text = text_of(member);
		bool path = !strcmp(key, "Source");

		if (!json_is_object(value) || (member && !text))
			return -EPROTO;
		if (text && text[0] && (!path || text[0] == '/') &&
			(!only || (type && !strcmp(type, only))))
			r = strings_add(strings, text, strlen(text));
		if (r < 0)
			break;
	}
	return r;
}

static int read_paths(const json_t *root, struct engine_container *container)
{
	const json_t *host = json_object_get(root, "HostConfig");
	const json_t *mounts = json_object_get(root, "Mounts");
	int r;

	r = add_binds(json_object_get(host, "Binds"), &container->binds);
	if (r == 0)
		r = add_mounts(json_object_get(host, "Mounts"), "bind", "Source", &container->binds);
	if (r == 0)
		r = engine_strings_copy(&container->host_paths, &container->binds);
	if (r == 0)
		r = add_mounts(mounts, "bind", "Source", &container->binds);
	if (r == 0)
		r = add_mounts(mounts, "volume", "Name", &container->volumes);
	if (r == 0)
		r = add_mounts(mounts, NULL, "Source", &container->host_paths);
	return r;
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
	return read_paths(root, container);
}

int engine_parse_container(const char *json, size_t size, struct engine_container *container)
{
	json_t *root = load(json, size);
	int r;

	*container = (struct engine_container){0};
	r = root ? read_container(root, container) : -EPROTO;
	json_decref(root);
	if (r < 0)
		engine_container_clear(container);
	return r;
}

/* Volumes. */

void engine_volume_clear(struct engine_volume *volume)
{
	free(volume->driver);
	free(volume->type);
	free(volume->options);
	free(volume->device);
	*volume = (struct engine_volume){0};
}

static int read_volume(const json_t *root, struct engine_volume *volume)
{
	const json_t *options = json_object_get(root, "Options");
	int r = copy_text(root, "Driver", &volume->driver);

	if (r == 0)
		r = copy_text(options, "type", &volume->type);
	if (r == 0)
		r = copy_text(options, "o", &volume->options);
	if (r == 0)
		r = copy_text(options, "device", &volume->device);
	return r;
}

int engine_parse_volume(const char *json, size_t size, struct engine_volume *volume)
{
	json_t *root = load(json, size);
	int r;

	*volume = (struct engine_volume){0};
	r = json_is_object(root) ? read_volume(root, volume) : -EPROTO;
	json_decref(root);
	if (r < 0)
		engine_volume_clear(volume);
	return r;
}

int engine_parse_root(const char *json, size_t size, char **root)
{
	json_t *info = load(json, size);
	const char *text = text_in(info, "DockerRootDir");
	int r = -EPROTO;

	*root = NULL;
	if (text && text[0] == '/') {
		*root = strdup(text);
		r = *root ? 0 : -ENOMEM;
	}
	json_decref(info);
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

void engine_list_free(struct engine_summary *summaries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(summaries[i].image);
		free(summaries[i].state);
	}
	free(summaries);
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
	json_array_foreach (root, i, value) {
		int r = read_summary(value, &(*summaries)[i]);

		*count = i + 1;
		if (r < 0)
			return r;
	}
	return 0;
}

int engine_parse_list(
	const char *json, size_t size, struct engine_summary **containers, size_t *count)
{
	json_t *root = load(json, size);
	int r;

	*containers = NULL;
	*count = 0;
	r = root ? read_list(root, containers, count) : -EPROTO;
	json_decref(root);
	if (r < 0) {
		engine_list_free(*containers, *count);
		*containers = NULL;
		*count = 0;
	}
	return r;
}

/* Events. */

int engine_parse_event(const char *json, size_t size, struct engine_event *event)
{
	static const struct {
		const char *type, *action;
		enum engine_event_kind kind;
	} kinds[] = {
		{"container", "create", ENGINE_EVENT_CREATE},
		{"container", "start", ENGINE_EVENT_START},
		{"container", "die", ENGINE_EVENT_DIE},
		{"container", "destroy", ENGINE_EVENT_DESTROY},
		{"container", "rename", ENGINE_EVENT_RENAME},
		{"image", "create", ENGINE_EVENT_IMAGES}, /* from API 1.46 on; the filter lets it through */
		{"image", "delete", ENGINE_EVENT_IMAGES},
		{"image", "untag", ENGINE_EVENT_IMAGES},
		{"image", "tag", ENGINE_EVENT_IMAGES},
		{"image", "push", ENGINE_EVENT_IMAGES},
	};
	json_t *root = load(json, size);
	const json_t *actor = json_object_get(root, "Actor");
	const json_t *attributes = json_object_get(actor, "Attributes");
	const char *action = text_in(root, "Action"), *image = text_in(attributes, "image");
	const char *name = text_in(attributes, "name"), *type = text_in(root, "Type");
	size_t i = ARRAY_SIZE(kinds);
	int r = -EPROTO;

	memset(event, 0, sizeof(*event));
	if (action && type)
		for (i = 0; i < ARRAY_SIZE(kinds) &&
			    (strcmp(kinds[i].action, action) || strcmp(kinds[i].type, type));
			i++)
			;
	if (i < ARRAY_SIZE(kinds)) {
		event->kind = kinds[i].kind;
		r = 0;
	}
	if (r == 0 && event->kind != ENGINE_EVENT_IMAGES) {
		r = copy_id(actor, "ID", event->container);
		COPY_STRING(event->image, image ? image : "");
		COPY_STRING(event->name, name ? name : "");
	}
	json_decref(root);
	return r;
}
