// SPDX-License-Identifier: Apache-2.0
/*
 * Go's view of an object's keys. Which fields the engine has is not known here, but for those whose
 * values it decodes into maps.
 */
#include <errno.h>
#include <string.h>

#include "gojson.h"
#include "util.h"

#define AMBIGUOUS "the JSON is ambiguous: two keys for one field"
#define TOO_MANY  "the JSON has more than 262144 keys and values"

_Static_assert(GOJSON_MAX_VALUES == 262144, "TOO_MANY says so");

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

/* Every name in a Go struct is ASCII, so other characters need no folding. */
bool gojson_fold(const char *key, char out[GOJSON_KEY_SIZE])
{
	size_t length = 0;

	while (*key && length < GOJSON_KEY_SIZE - 1) {
		unsigned char c = *key;

		if (c == 0xc5 && !strncmp(key, "\xc5\xbf", 2)) { /* U+017F, long s */
			out[length++] = 's';
			key += 2;
		} else if (c == 0xe2 && !strncmp(key, "\xe2\x84\xaa", 3)) { /* U+212A, Kelvin sign */
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
	char folded[GOJSON_KEY_SIZE];

	return gojson_fold(key, folded) && !strcmp(folded, field);
}

static bool is_map_field(const char *key)
{
	char folded[GOJSON_KEY_SIZE];
	bool fits = gojson_fold(key, folded);

	for (size_t i = 0; fits && i < ARRAY_SIZE(map_fields); i++)
		if (!strcmp(folded, map_fields[i]))
			return true;
	return false;
}

json_t *gojson_field(json_t *object, const char *name)
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
		char folded[GOJSON_KEY_SIZE];

		if (r < 0)
			break;
		if (!gojson_fold(key, folded))
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

static int check(json_t *body, const char **problem)
{
	int r;

	if (!json_is_object(body)) {
		*problem = "the body is not a JSON object";
		return -EBADMSG;
	}
	r = check_ambiguity(body, false);
	if (r == -EBADMSG)
		*problem = AMBIGUOUS;
	return r;
}

/* Where the string ends whose first byte is at `at`: the same end that the parser finds, if there is one. */
static size_t skip_string(const char *text, size_t length, size_t at)
{
	while (at < length && text[at] != '"')
		at += text[at] == '\\' ? 2 : 1;
	return at;
}

/*
 * The parser's tree takes up to 176 bytes for each of these characters, and a hostile text has nothing
 * else. Every key and every value but the first of its array or object has one to itself, so they are
 * counted before anything is parsed. Whatever else is wrong with a text is the parser's to find.
 */
static bool has_too_many_values(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t at = 0; at < length && count <= GOJSON_MAX_VALUES; at++)
		switch (text[at]) {
		case '"':
			at = skip_string(text, length, at + 1);
			break;
		case ',':
		case ':':
		case '[':
		case '{':
			count++;
		}
	return count > GOJSON_MAX_VALUES;
}

int gojson_load(const char *text, size_t length, json_t **body, const char **problem)
{
	json_error_t error;
	int r;

	if (has_too_many_values(text, length)) {
		*problem = TOO_MANY;
		return -EBADMSG;
	}
	*body = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!*body && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!*body) {
		*problem = json_error_code(&error) == json_error_duplicate_key ?
				   AMBIGUOUS :
				   "the body is not valid JSON";
		return -EBADMSG;
	}
	r = check(*body, problem);
	if (r < 0)
		json_decref(TAKE_PTR(*body));
	return r;
}
