// SPDX-License-Identifier: Apache-2.0
/*
 * The body of a container create: its image, and what it mounts.
 *
 * It does not resolve paths, nor look into volumes: the warden does, and the gate in the kernel needs
 * neither.
 */
#include <errno.h>

#include "gojson.h"
#include "request_body.h"

/* `src:dst[:options]`: a source that is not absolute is a volume's name, one part alone a new volume. */
static int read_bind(const char *text, struct request_body *body, const char **problem)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text)
		return 0;
	return request_body_add_source(body, text[0] == '/' ? WIRE_JUDGE_MOUNT : WIRE_JUDGE_VOLUME,
		text, colon - text, problem);
}

/* `container[:options]` */
static int read_volumes_from(const char *text, struct request_body *body, const char **problem)
{
	return request_body_add_source(
		body, WIRE_JUDGE_VOLUMES_FROM, text, strcspn(text, ":"), problem);
}

static int read_strings(json_t *array, const char *not_array, const char *not_string,
	int (*read)(const char *text, struct request_body *body, const char **problem),
	struct request_body *body, const char **problem)
{
	json_t *value;
	size_t i;
	int r = 0;

	if (array && !json_is_array(array))
		return request_body_bad(problem, not_array);
	json_array_foreach (array, i, value) {
		if (!json_is_string(value))
			return request_body_bad(problem, not_string);
		r = read(json_string_value(value), body, problem);
		if (r < 0)
			break;
	}
	return r;
}

/* The engine refuses every other spelling of the type, the empty one included. */
static bool is_bind(const char *type)
{
	return type && !strcmp(type, "bind");
}

static int read_mount(json_t *mount, bool (*bind)(const char *type), struct request_body *body,
	const char **problem)
{
	json_t *type = gojson_field(mount, "type"), *source = gojson_field(mount, "source");
	const char *name = json_string_value(type);

	if (!json_is_object(mount))
		return request_body_bad(problem, "an entry of Mounts is not an object");
	if ((type && !name) || (source && !json_is_string(source)))
		return request_body_bad(problem, "Type or Source of a mount is not a string");
	if (!source || !json_string_length(source))
		return 0;
	if (bind(name))
		return request_body_add_source(body, WIRE_JUDGE_MOUNT, json_string_value(source),
			json_string_length(source), problem);
	if (name && !strcasecmp(name, "volume"))
		return request_body_add_source(body, WIRE_JUDGE_VOLUME, json_string_value(source),
			json_string_length(source), problem);
	return 0;
}

int mounts_read(json_t *mounts, bool (*bind)(const char *type), struct request_body *body,
	const char **problem)
{
	json_t *mount;
	size_t i;
	int r = 0;

	if (mounts && !json_is_array(mounts))
		return request_body_bad(problem, "Mounts is not an array");
	json_array_foreach (mounts, i, mount) {
		r = read_mount(mount, bind, body, problem);
		if (r < 0)
			break;
	}
	return r;
}

static int read_config(json_t *config, struct request_body *body, const char **problem)
{
	int r = read_strings(gojson_field(config, "binds"), "Binds is not an array",
		"an entry of Binds is not a string", read_bind, body, problem);

	if (r == 0)
		r = mounts_read(gojson_field(config, "mounts"), is_bind, body, problem);
	if (r == 0)
		r = read_strings(gojson_field(config, "volumesfrom"), "VolumesFrom is not an array",
			"an entry of VolumesFrom is not a string", read_volumes_from, body, problem);
	return r;
}

static int read_image(json_t *root, struct request_body *body, const char **problem)
{
	json_t *image = gojson_field(root, "image");

	if (!image)
		return 0;
	if (!json_is_string(image))
		return request_body_bad(problem, "Image is not a string");
	if (json_string_length(image) >= WIRE_TEXT_SIZE)
		return request_body_bad(problem, "Image is too long");
	body->image = strdup(json_string_value(image));
	return body->image ? 0 : -ENOMEM;
}

int create_read(json_t *root, struct request_body *body, const char **problem)
{
	json_t *config = gojson_field(root, "hostconfig");
	int r = read_image(root, body, problem);

	if (r < 0)
		return r;
	if (config && !json_is_object(config))
		return request_body_bad(problem, "HostConfig is not an object");
	/* Engines up to 20.10 take the fields of HostConfig at the top level as well. */
	r = read_config(root, body, problem);
	if (r == 0)
		r = read_config(config, body, problem);
	access_read_create(root, &body->access);
	return r;
}
