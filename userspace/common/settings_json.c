// SPDX-License-Identifier: Apache-2.0
/*
 * From the bytes of an admin-settings.json to struct settings: ECI's keys, their types, values and
 * defaults. Each function reads one object of the file and is named after it.
 *
 * Every wrong type or value is listed before the file is refused. Unknown keys inside
 * enhancedContainerIsolation are warnings, as ECI ignores them; keys beside it are Docker Desktop's
 * own and not looked at. What is not said gets the stricter of ECI's documented defaults; but a
 * file that does not say whether isolation is on is an error, for a guard that is given it expects
 * an answer. Whether a command or image is known elsewhere is not asked here.
 */
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>

#include "nearest.h"
#include "settings_reading.h"
#include "util.h"

#define FILE_VERSION 2
#define ECI_KEY      "enhancedContainerIsolation"

/* What quotes the file in bytes: only what cannot disturb a terminal or break a line goes on. */
static char *printable(char *text)
{
	for (char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return text;
}

static void read_image(
	struct reading *reading, const struct jsonpath *at, const json_t *value, json_t *said)
{
	struct settings *settings = reading->settings;
	struct reference_pattern *image = &settings->images[settings->image_count];
	char meaning[REFERENCE_TEXT_SIZE];

	if (!reading_pattern(reading, at, value, image))
		return;
	settings->image_count++;
	reading_image_meaning(image, meaning);
	reading_warn_repeated(reading, at, said, meaning);
}

static void read_images(struct reading *reading, const struct jsonpath *at, json_t *image_list)
{
	json_t *images, *value, *said;
	size_t i;

	images = reading_array(reading, at, image_list, "an array of image references");
	if (!images || !json_array_size(images))
		return;
	said = json_object();
	reading->settings->images =
		calloc(json_array_size(images), sizeof(*reading->settings->images));
	if (!said || !reading->settings->images) {
		reading->no_memory = true;
		json_decref(said);
		return;
	}
	json_array_foreach (images, i, value)
		read_image(reading, &JSONPATH_INDEX(at, i), value, said);
	json_decref(said);
}

static void read_image_list(struct reading *reading, const struct jsonpath *at, json_t *mount)
{
	static const char *const known[] = {"images", "allowDerivedImages", NULL};
	json_t *list = reading_object(reading, at, mount);

	if (!list)
		return;
	reading_check_keys(reading, at, list, known);
	read_images(reading, &JSONPATH_KEY(at, "images"), list);
	reading->settings->allow_derived =
		reading_boolean(reading, &JSONPATH_KEY(at, "allowDerivedImages"), list, false);
}

static void read_command(
	struct reading *reading, const struct jsonpath *at, const json_t *value, json_t *said)
{
	struct commandlist *list = &reading->settings->commands;
	const char **commands = (const char **)list->commands;
	char sentence[2048] = "";
	char *name;

	if (!json_is_string(value)) {
		reading_unexpected(reading, at, value, "a string (a docker command)");
		return;
	}
	if (commandlist_check(json_string_value(value), sentence, sizeof(sentence)) < 0) {
		/* The sentence names the entry. */
		reading_problem(reading, at);
		fputs(printable(sentence), reading->problems);
		return;
	}
	name = strdup(json_string_value(value));
	if (!name) {
		reading->no_memory = true;
		return;
	}
	commands[list->count++] = name;
	reading_warn_repeated(reading, at, said, name);
	if (sentence[0])
		reading_warn(reading, at, "%s", printable(sentence));
}

static void read_commands(struct reading *reading, const struct jsonpath *at, json_t *command_list)
{
	json_t *commands, *value, *said;
	size_t i;

	commands = reading_array(reading, at, command_list, "an array of docker commands");
	if (!commands || !json_array_size(commands))
		return;
	said = json_object();
	reading->settings->commands.commands =
		calloc(json_array_size(commands), sizeof(*reading->settings->commands.commands));
	if (!said || !reading->settings->commands.commands) {
		reading->no_memory = true;
		json_decref(said);
		return;
	}
	json_array_foreach (commands, i, value)
		read_command(reading, &JSONPATH_INDEX(at, i), value, said);
	json_decref(said);
}

static void read_type(struct reading *reading, const struct jsonpath *at, json_t *command_list)
{
	json_t *value = json_object_get(command_list, at->key);
	const char *type = json_string_value(value);

	if (!value)
		return;
	if (type && !strcmp(type, "allow"))
		reading->settings->commands.type = COMMANDLIST_ALLOW;
	else if (!type || strcmp(type, "deny"))
		reading_unexpected(reading, at, value, "\"allow\" or \"deny\"");
}

static void read_command_list(struct reading *reading, const struct jsonpath *at, json_t *mount)
{
	static const char *const known[] = {"type", "commands", NULL};
	struct commandlist *commands = &reading->settings->commands;
	json_t *list = reading_object(reading, at, mount);

	if (!list)
		return;
	reading_check_keys(reading, at, list, known);
	read_type(reading, &JSONPATH_KEY(at, "type"), list);
	read_commands(reading, &JSONPATH_KEY(at, "commands"), list);
	if (commands->type == COMMANDLIST_ALLOW && !commands->count && !reading->wrong)
		reading_warn(reading, at, "an allow list without commands refuses every command");
}

static void read_mount(struct reading *reading, const struct jsonpath *at, json_t *eci)
{
	static const char *const known[] = {"imageList", "commandList", "hostAccess", NULL};
	json_t *mount = reading_object(reading, at, eci);

	if (!mount)
		return;
	reading_check_keys(reading, at, mount, known);
	read_image_list(reading, &JSONPATH_KEY(at, "imageList"), mount);
	read_command_list(reading, &JSONPATH_KEY(at, "commandList"), mount);
	settings_read_host_access(reading, &JSONPATH_KEY(at, "hostAccess"), mount);
}

static void read_eci(struct reading *reading, const struct jsonpath *at, json_t *eci)
{
	static const char *const known[] = {"locked", "value", "dockerSocketMount", NULL};
	struct jsonpath locked = JSONPATH_KEY(at, "locked");
	struct jsonpath value = JSONPATH_KEY(at, "value");

	reading_check_keys(reading, at, eci, known);
	if (!reading_boolean(reading, &locked, eci, true))
		reading_warn(reading, &locked,
			"false is read as true: latch has no settings of the user's own that could "
			"override the file");
	if (json_object_get(eci, "value"))
		reading->settings->enabled = reading_boolean(reading, &value, eci, true);
	else
		reading_unexpected(reading, &value, NULL,
			"true or false: the file has to say whether isolation is on");
	read_mount(reading, &JSONPATH_KEY(at, "dockerSocketMount"), eci);
}

/* The file does not mention isolation at all; the key may be mistyped. */
static void missing_eci(struct reading *reading, const struct jsonpath *at, json_t *root)
{
	struct nearest near = NEAREST(ECI_KEY);
	const char *key;
	json_t *value;

	json_object_foreach (root, key, value)
		nearest_offer(&near, key);
	reading_unexpected(reading, at, NULL, "an object: latch reads nothing else of this file");
	if (near.name) {
		fputs("; there is ", reading->problems);
		jsonpath_print(&JSONPATH_KEY(at->parent, near.name), reading->problems);
		fputs(", spelt differently", reading->problems);
	}
}

static void read_root(struct reading *reading, json_t *root)
{
	struct jsonpath document = {0};
	struct jsonpath version = JSONPATH_KEY(&document, "configurationFileVersion");
	struct jsonpath eci = JSONPATH_KEY(&document, ECI_KEY);
	json_t *value = json_object_get(root, version.key);

	if (!json_is_object(root)) {
		reading_unexpected(reading, &document, root, "an object");
		return;
	}
	/* 0 for everything that is no integer */
	if (value && json_integer_value(value) != FILE_VERSION)
		reading_unexpected(reading, &version, value, "2 (the only version that there is)");
	if (!json_object_get(root, eci.key)) {
		missing_eci(reading, &eci, root);
		return;
	}
	value = reading_object(reading, &eci, root);
	if (value)
		read_eci(reading, &eci, value);
}

static int name_policy(const char *bytes, size_t size, char digest[65])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int length;

	if (!EVP_Digest(bytes, size, hash, &length, EVP_sha256(), NULL))
		return -ENOMEM;
	for (unsigned int i = 0; i < length; i++)
		snprintf(digest + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

/* What a JSON parser would only call a strange first character. */
static int check_text(const char *path, const char *bytes, size_t size, char **problem)
{
	if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
		return problem_set(problem, -EINVAL,
			"%s:1:1: begins with a UTF-8 byte order mark, which ECI does not accept "
			"either: save the file as UTF-8 without BOM",
			path);
	if (size >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
		return problem_set(problem, -EINVAL,
			"%s:1:1: is UTF-16 text: save the file as UTF-8 without BOM", path);
	for (size_t i = 0; i < size; i++)
		if (!strchr(" \t\r\n", bytes[i]) || !bytes[i])
			return 0;
	return problem_set(
		problem, -EINVAL, "%s: is empty, expected an object with \"" ECI_KEY "\"", path);
}

static int syntax_error(const char *path, json_error_t *error, char **problem)
{
	if (json_error_code(error) == json_error_out_of_memory)
		return problem_set(problem, -ENOMEM, "%s: out of memory", path);
	return problem_set(problem, -EINVAL, "%s:%d:%d: %s", path, error->line, error->column,
		printable(error->text));
}

/* The warnings go behind the problems: a mistyped key may be why another is missing. */
static void print_warnings(struct reading *reading)
{
	const struct settings *settings = reading->settings;

	for (size_t i = 0; i < settings->warning_count; i++)
		fprintf(reading->problems, "\nwarning: %s", settings->warnings[i]);
}

/* Fills reading->settings. Returns 0, or a negative errno and *problem. */
static int read_settings(struct reading *reading, json_t *root, char **problem)
{
	char *text = NULL;
	size_t size;

	reading->problems = open_memstream(&text, &size);
	if (!reading->problems)
		return problem_set(problem, -ENOMEM, "%s: out of memory", reading->file);
	read_root(reading, root);
	if (reading->wrong)
		print_warnings(reading);
	if (fclose(reading->problems) || reading->no_memory) {
		free(text);
		return problem_set(problem, -ENOMEM, "%s: out of memory", reading->file);
	}
	if (!reading->wrong) {
		free(text);
		return 0;
	}
	*problem = text;
	return -EINVAL;
}

int settings_parse(const char *path, const char *bytes, size_t size, struct settings **settings,
	char **problem)
{
	struct reading reading = {.file = path};
	json_error_t error;
	json_t *root;
	int r;

	*settings = NULL;
	*problem = NULL;
	r = check_text(path, bytes, size, problem);
	if (r < 0)
		return r;
	root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return syntax_error(path, &error, problem);
	reading.settings = calloc(1, sizeof(*reading.settings));
	if (!reading.settings || !(reading.settings->path = strdup(path)) ||
		name_policy(bytes, size, reading.settings->digest) < 0)
		r = problem_set(problem, -ENOMEM, "%s: out of memory", path);
	else
		r = read_settings(&reading, root, problem);
	json_decref(root);
	if (r < 0)
		settings_free(reading.settings);
	else
		*settings = reading.settings;
	return r;
}
