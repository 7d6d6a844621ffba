// SPDX-License-Identifier: Apache-2.0
/*
 * latch's own key in the settings, hostAccess: what a container may have of the host though another
 * container makes it. ECI needs no such key, for it puts containers into user namespaces.
 *
 *	"hostAccess": {
 *	    "allow": ["hostNamespaces"],
 *	    "images": [{ "image": "testcontainers/ryuk:*", "allow": ["privileged"] }]
 *	}
 *
 * Absent is nothing. Other than with ECI's keys, what is not known is an error where it would allow
 * something: the file says less than its author thinks.
 */
#include "nearest.h"
#include "settings_reading.h"

static void unknown_access(
	struct reading *reading, const struct jsonpath *at, const json_t *value)
{
	struct nearest near = NEAREST(json_string_value(value));

	for (int i = 0; i < HOST_ACCESS_COUNT; i++)
		nearest_offer(&near, host_access_name(i));
	reading_unexpected(reading, at, value, "the name of an access");
	if (near.name)
		fprintf(reading->problems, "; did you mean \"%s\"?", near.name);
	for (int i = 0; i < HOST_ACCESS_COUNT && !near.name; i++)
		fprintf(reading->problems, "%s%s", i ? ", " : ": ", host_access_name(i));
}

/* The names of what is allowed, as bits. Known names alone: a mistyped one must not allow less in silence. */
static uint32_t read_accesses(struct reading *reading, const struct jsonpath *at, json_t *parent)
{
	json_t *names = reading_array(reading, at, parent, "an array of names"), *value;
	uint32_t allowed = 0;
	size_t i;

	json_array_foreach (names, i, value) {
		struct jsonpath here = JSONPATH_INDEX(at, i);
		enum host_access access;

		if (!json_is_string(value))
			reading_unexpected(reading, &here, value, "a string (the name of an access)");
		else if (host_access_find(json_string_value(value), &access))
			allowed |= HOST_ACCESS_BIT(access);
		else
			unknown_access(reading, &here, value);
	}
	return allowed;
}

static void read_access_image(
	struct reading *reading, const struct jsonpath *at, json_t *value, json_t *said)
{
	static const char *const known[] = {"image", "allow", NULL};
	struct settings *settings = reading->settings;
	struct host_access_image *row =
		&settings->host_access_images[settings->host_access_image_count];
	struct jsonpath image = JSONPATH_KEY(at, "image");
	char meaning[REFERENCE_TEXT_SIZE];

	if (!json_is_object(value)) {
		reading_unexpected(reading, at, value, "an object with \"image\" and \"allow\"");
		return;
	}
	reading_check_keys(reading, at, value, known);
	row->allowed = read_accesses(reading, &JSONPATH_KEY(at, "allow"), value);
	if (!reading_pattern(reading, &image, json_object_get(value, "image"), &row->image))
		return;
	settings->host_access_image_count++;
	if (row->image.kind == REFERENCE_EVERY)
		reading_unusable(reading, &image, json_object_get(value, "image"),
			"what every image may have belongs into hostAccess.allow");
	reading_image_meaning(&row->image, meaning);
	reading_warn_repeated(reading, at, said, meaning);
}

static void read_access_images(struct reading *reading, const struct jsonpath *at, json_t *access)
{
	json_t *images = reading_array(reading, at, access, "an array of objects"), *value, *said;
	size_t i;

	if (!images || !json_array_size(images))
		return;
	said = json_object();
	reading->settings->host_access_images =
		calloc(json_array_size(images), sizeof(*reading->settings->host_access_images));
	if (!said || !reading->settings->host_access_images) {
		reading->no_memory = true;
		json_decref(said);
		return;
	}
	json_array_foreach (images, i, value)
		read_access_image(reading, &JSONPATH_INDEX(at, i), value, said);
	json_decref(said);
}

void settings_read_host_access(
	struct reading *reading, const struct jsonpath *at, json_t *mount)
{
	static const char *const known[] = {"allow", "images", NULL};
	json_t *access = reading_object(reading, at, mount);

	if (!access)
		return;
	reading_check_keys(reading, at, access, known);
	reading->settings->host_access =
		read_accesses(reading, &JSONPATH_KEY(at, "allow"), access);
	read_access_images(reading, &JSONPATH_KEY(at, "images"), access);
}
