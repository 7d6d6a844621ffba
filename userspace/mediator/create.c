// SPDX-License-Identifier: Apache-2.0
/*
 * Reads what a container create asks to mount, as the engine will read it, and refuses a body that
 * could be read in two ways. The engine uses Go's encoding/json: keys match a field without regard
 * to case (U+017F counts as s, U+212A as k), and of two keys for one field the later is decoded
 * over the earlier. So in an object that Go decodes into a struct two keys that are one field are
 * refused; in one that it decodes into a map (labels) keys are compared as they are.
 *
 * It does not resolve paths, and does not look into volumes: the warden does the first, the gate
 * in the kernel needs neither.
 */
#include <errno.h>
#include <jansson.h>

#include "create.h"
#include "util.h"

#define AMBIGUOUS "the JSON is ambiguous: two keys for one field"

/* Fields whose values Go decodes into maps: their keys are data. */
static const char *const map_fields[] = {
	"annotations",
	"config",     /* HostConfig.LogConfig */
	"driveropts", /* NetworkingConfig.EndpointsConfig.* */
	"endpointsconfig",
	"exposedports",
	"labels",
	"options", /* Mounts[].VolumeOptions.DriverConfig, DeviceRequests[] */
	"portbindings",
	"storageopt",
	"sysctls",
	"tmpfs",
	"volumes",
};

/* Longer than any field of the engine's structs: a longer key is no field. */
#define FOLDED_SIZE 64

/*
 * The key that Go's decoder compares. Two keys that are equal here are one field. Every name in a
 * Go struct is ASCII, so other characters need no folding. False for a key that is too long.
 */
static bool fold(const char *key, char out[FOLDED_SIZE])
{
	size_t length = 0;

	while (*key && length < FOLDED_SIZE - 1) {
		unsigned char c = *key;

		if (!strncmp(key, "\xc5\xbf", 2)) { /* U+017F, long s */
			out[length++] = 's';
			key += 2;
		} else if (!strncmp(key, "\xe2\x84\xaa", 3)) { /* U+212A, Kelvin sign */
			out[length++] = 'k';
			key += 3;
		} else {
			out[length++] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
			key++;
		}
	}
	out[length] = 0;
	return !*key;
}

static bool key_is(const char *key, const char *field)
{
	char folded[FOLDED_SIZE];

	return fold(key, folded) && !strcmp(folded, field);
}

static bool is_map_field(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(map_fields); i++)
		if (key_is(key, map_fields[i]))
			return true;
	return false;
}

/* The value of a field by its folded name, NULL where it is absent or null. */
static json_t *field(json_t *object, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value)
		if (key_is(key, name))
			return json_is_null(value) ? NULL : value;
	return NULL;
}

/* Do two keys of this object name one field? A set of folded keys, so that it stays linear. */
static int check_keys(json_t *object)
{
	json_t *seen = json_object();
	const char *key;
	json_t *value;
	int r = seen ? 0 : -ENOMEM;

	json_object_foreach (object, key, value) {
		char folded[FOLDED_SIZE];

		if (r < 0)
			break;
		if (!fold(key, folded))
			continue;
		if (json_object_get(seen, folded))
			r = -EBADMSG;
		else if (json_object_set_new_nocheck(seen, folded, json_true()) < 0)
			r = -ENOMEM;
	}
	json_decref(seen);
	return r;
}

/* jansson bounds the depth when it parses (2048 levels). */
static int check_ambiguity(json_t *value, bool is_map)
{
	json_t *member;
	const char *key;
	size_t i;
	int r = 0;

	if (json_is_array(value)) {
		json_array_foreach (value, i, member)
			if (r == 0)
				r = check_ambiguity(member, false);
		return r;
	}
	if (!json_is_object(value))
		return 0;
	if (!is_map)
		r = check_keys(value);
	json_object_foreach (value, key, member)
		if (r == 0)
			r = check_ambiguity(member, !is_map && is_map_field(key));
	return r;
}

static int bad(const char **problem, const char *text)
{
	*problem = text;
	return -EBADMSG;
}

static int add_path(
	struct create_request *create, const char *path, size_t length, const char **problem)
{
	char **grown;

	if (create->path_count == CREATE_MAX_PATHS)
		return bad(problem, "more than 1024 host paths are mounted");
	grown = realloc(create->paths, (create->path_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	create->paths = grown;
	grown[create->path_count] = strndup(path, length);
	if (!grown[create->path_count])
		return -ENOMEM;
	create->path_count++;
	return 0;
}

/* `src:dst[:options]`: a source that is not absolute is a volume's name, one part is a volume. */
static int read_binds(struct create_request *create, json_t *config, const char **problem)
{
	json_t *binds = field(config, "binds"), *bind;
	int r = 0;
	size_t i;

	if (!binds)
		return 0;
	if (!json_is_array(binds))
		return bad(problem, "Binds is not an array");
	json_array_foreach (binds, i, bind) {
		const char *text = json_string_value(bind);
		const char *colon = text ? strchr(text, ':') : NULL;

		if (!text)
			return bad(problem, "an entry of Binds is not a string");
		if (text[0] == '/' && colon)
			r = add_path(create, text, colon - text, problem);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_mounts(struct create_request *create, json_t *config, const char **problem)
{
	json_t *mounts = field(config, "mounts"), *mount;
	size_t i;

	if (!mounts)
		return 0;
	if (!json_is_array(mounts))
		return bad(problem, "Mounts is not an array");
	json_array_foreach (mounts, i, mount) {
		json_t *type, *source;
		int r;

		if (!json_is_object(mount))
			return bad(problem, "an entry of Mounts is not an object");
		type = field(mount, "type");
		source = field(mount, "source");
		if ((type && !json_is_string(type)) || (source && !json_is_string(source)))
			return bad(problem, "Type or Source of a mount is not a string");
		/* The engine refuses every other spelling of the type, the empty one included. */
		if (!type || !source || strcmp(json_string_value(type), "bind"))
			continue;
		r = add_path(
			create, json_string_value(source), json_string_length(source), problem);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_config(struct create_request *create, json_t *config, const char **problem)
{
	int r = read_binds(create, config, problem);

	return r < 0 ? r : read_mounts(create, config, problem);
}

static int read_body(struct create_request *create, json_t *body, const char **problem)
{
	json_t *image, *config;
	int r;

	image = field(body, "image");
	if (image && !json_is_string(image))
		return bad(problem, "Image is not a string");
	if (image) {
		create->image = strdup(json_string_value(image));
		if (!create->image)
			return -ENOMEM;
	}
	config = field(body, "hostconfig");
	if (config && !json_is_object(config))
		return bad(problem, "HostConfig is not an object");
	/* Engines up to 20.10 take the fields of HostConfig at the top level as well. */
	r = read_config(create, body, problem);
	if (r == 0 && config)
		r = read_config(create, config, problem);
	if (r < 0)
		return r;
	create->body = json_dumps(body, JSON_COMPACT);
	return create->body ? 0 : -ENOMEM;
}

static int check_body(json_t *body, const char **problem)
{
	int r;

	if (!json_is_object(body))
		return bad(problem, "the body is not a JSON object");
	r = check_ambiguity(body, false);
	return r == -EBADMSG ? bad(problem, AMBIGUOUS) : r;
}

int create_parse(
	const char *text, size_t length, struct create_request *create, const char **problem)
{
	json_error_t error;
	json_t *body;
	int r;

	*create = (struct create_request){0};
	/* Refuses trailing data, NUL in strings, broken UTF-8 and keys of the same bytes. */
	body = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!body)
		return bad(problem, json_error_code(&error) == json_error_duplicate_key
					    ? AMBIGUOUS
					    : "the body is not valid JSON");
	r = check_body(body, problem);
	if (r == 0)
		r = read_body(create, body, problem);
	json_decref(body);
	if (r < 0)
		create_free(create);
	return r;
}

void create_free(struct create_request *create)
{
	for (size_t i = 0; i < create->path_count; i++)
		free(create->paths[i]);
	free(create->paths);
	free(create->image);
	free(create->body);
	*create = (struct create_request){0};
}
