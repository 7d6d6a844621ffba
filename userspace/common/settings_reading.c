// SPDX-License-Identifier: Apache-2.0
/*
 * Values of a settings file, and sentences about them.
 */
#include <errno.h>
#include <stdarg.h>

#include "nearest.h"
#include "settings_reading.h"

void reading_problem(struct reading *reading, const struct jsonpath *at)
{
	fprintf(reading->problems, "%s%s: ", reading->wrong ? "\n" : "", reading->file);
	if (at->parent) {
		jsonpath_print(at, reading->problems);
		fputs(": ", reading->problems);
	}
	reading->wrong = true;
}

void reading_unexpected(struct reading *reading, const struct jsonpath *at, const json_t *found,
	const char *expected)
{
	reading_problem(reading, at);
	fputs("found ", reading->problems);
	jsonpath_print_value(found, reading->problems);
	fprintf(reading->problems, ", expected %s", expected);
}

void reading_unusable(struct reading *reading, const struct jsonpath *at, const json_t *found,
	const char *sentence)
{
	reading_problem(reading, at);
	fputs("found ", reading->problems);
	jsonpath_print_value(found, reading->problems);
	fprintf(reading->problems, ": %s", sentence);
}

/* A path as text; NULL when memory ran out. */
static char *path_text(const struct jsonpath *at)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	jsonpath_print(at, out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

void reading_warn(
	struct reading *reading, const struct jsonpath *at, const char *format, ...)
{
	_cleanup_free_ char *path = path_text(at), *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (!path || !text ||
		settings_warn(reading->settings, "%s: %s: %s", reading->file, path, text) < 0)
		reading->no_memory = true;
}

/* The hint behind an unknown key: the known one that it resembles, or all of them. */
static void warn_unknown(struct reading *reading, const struct jsonpath *at, const char *key,
	const char *const *known)
{
	struct jsonpath here = JSONPATH_KEY(at, key);
	struct nearest near = NEAREST(key);
	char all[128] = "";
	size_t length = 0;

	for (size_t i = 0; known[i]; i++) {
		nearest_offer(&near, known[i]);
		length += snprintf(
			all + length, sizeof(all) - length, "%s%s", i ? ", " : "", known[i]);
	}
	if (near.name)
		reading_warn(reading, &here, "unknown key, ignored; did you mean \"%s\"?", near.name);
	else
		reading_warn(reading, &here, "unknown key, ignored; known here: %s", all);
}

/* `known` ends in NULL; its names together fit warn_unknown's buffer. */
void reading_check_keys(struct reading *reading, const struct jsonpath *at, json_t *object,
	const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], key))
			i++;
		if (!known[i])
			warn_unknown(reading, at, key, known);
	}
}

json_t *reading_object(struct reading *reading, const struct jsonpath *at, json_t *parent)
{
	json_t *value = json_object_get(parent, at->key);

	if (!value || json_is_object(value))
		return value;
	reading_unexpected(reading, at, value, "an object");
	return NULL;
}

json_t *reading_array(
	struct reading *reading, const struct jsonpath *at, json_t *parent, const char *expected)
{
	json_t *value = json_object_get(parent, at->key);

	if (!value)
		return NULL;
	if (!json_is_array(value)) {
		reading_unexpected(reading, at, value, expected);
		return NULL;
	}
	if (json_array_size(value) > SETTINGS_LIST_MAX) {
		reading_problem(reading, at);
		fprintf(reading->problems, "found %zu entries, expected at most %d",
			json_array_size(value), SETTINGS_LIST_MAX);
		return NULL;
	}
	return value;
}

bool reading_boolean(
	struct reading *reading, const struct jsonpath *at, json_t *parent, bool absent)
{
	json_t *value = json_object_get(parent, at->key);

	if (!value)
		return absent;
	if (!json_is_boolean(value)) {
		reading_unexpected(reading, at, value, "true or false");
		return absent;
	}
	return json_boolean_value(value);
}

void reading_warn_repeated(
	struct reading *reading, const struct jsonpath *at, json_t *said, const char *meaning)
{
	json_t *before = json_object_get(said, meaning);

	if (before)
		reading_warn(reading, at, "says the same as entry [%lld] before it (%s)",
			(long long)json_integer_value(before), meaning);
	else if (json_object_set_new(said, meaning, json_integer(at->index)) < 0)
		reading->no_memory = true;
}

void reading_image_meaning(const struct reference_pattern *image, char text[REFERENCE_TEXT_SIZE])
{
	if (image->kind == REFERENCE_EVERY)
		strcpy(text, "every image");
	else
		reference_pattern_print(image, text);
}

/* A tag beside a digest reads as if it counted. */
static void warn_ignored_tag(struct reading *reading, const struct jsonpath *at, const char *text)
{
	struct reference reference;
	const char *problem;

	if (!reference_parse(text, &reference, &problem) && reference.tag[0])
		reading_warn(reading, at, "the tag \"%s\" is ignored, the digest decides", reference.tag);
}

bool reading_pattern(struct reading *reading, const struct jsonpath *at, const json_t *value,
	struct reference_pattern *pattern)
{
	const char *problem;
	int r;

	if (!json_is_string(value)) {
		reading_unexpected(reading, at, value, "a string (an image reference, or \"*\")");
		return false;
	}
	r = reference_pattern_parse(json_string_value(value), pattern, &problem);
	if (r == -ENOMEM)
		reading->no_memory = true;
	else if (r < 0)
		reading_unusable(reading, at, value, problem);
	else if (pattern->kind == REFERENCE_DIGEST)
		warn_ignored_tag(reading, at, pattern->text);
	return r == 0;
}
