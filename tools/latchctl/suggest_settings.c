// SPDX-License-Identifier: Apache-2.0
/*
 * Settings from evidence. What cannot be said in a settings file becomes a note and is left out: a file
 * that lets in something like what was wanted, but more, is not what was asked for.
 */
#include "suggest_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commandlist.h"
#include "latch/abi.h"
#include "problem.h"
#include "reference.h"
#include "settings.h"

static void note(struct suggestion *suggestion, const char *format, ...) PRINTF_LIKE(2, 3);
static void note(struct suggestion *suggestion, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (r < 0) {
		text = NULL;
		return;
	}
	json_array_append_new(suggestion->notes, json_string(text));
}

/* ---- images ---- */

/* As people write it, where that reads as the same image: without docker.io and library. */
static void print_familiar(const struct reference *reference, char text[REFERENCE_TEXT_SIZE])
{
	struct reference again;
	const char *problem;

	reference_print(reference, text);
	if (!strcmp(reference->domain, "docker.io")) {
		char full[REFERENCE_TEXT_SIZE];
		const char *start = text + strlen("docker.io/");

		COPY_STRING(full, text);
		if (!strncmp(start, "library/", strlen("library/")))
			start += strlen("library/");
		memmove(text, start, strlen(start) + 1);
		if (reference_parse(text, &again, &problem) ||
			memcmp(&again, reference, sizeof(again)) != 0)
			memcpy(text, full, sizeof(full));
	}
}

/* The entry for an image that was named so. Returns 0, or -EINVAL: an id, which no entry can be. */
static int entry_of(const char *image, bool every_tag, char text[REFERENCE_TEXT_SIZE])
{
	struct reference reference;
	const char *problem;

	if (reference_parse(image, &reference, &problem))
		return -EINVAL;
	/* name:tag@digest is what its digest says, and every tag is none of a digest. */
	if (reference.digest[0])
		memset(reference.tag, 0, sizeof(reference.tag));
	print_familiar(&reference, text);
	if (every_tag && !reference.digest[0])
		strcpy(strrchr(text, ':') + 1, "*");
	return 0;
}

static bool is_id(const char *image)
{
	return !strncmp(image, "sha256:", 7) || strspn(image, "0123456789abcdef") == strlen(image);
}

static void add_entry(struct suggestion *suggestion, const char *image, bool every_tag)
{
	char entry[REFERENCE_TEXT_SIZE];
	json_t *names;

	if (entry_of(image, every_tag, entry)) {
		note(suggestion,
			is_id(image) ? "image %s: containers were made of the bare id, and the image list "
				       "has names; make them of a name, or list the digest that it was "
				       "pulled as"
				     : "image \"%s\" is no name that an image list can hold",
			image);
		return;
	}
	names = json_object_get(suggestion->images, entry);
	if (!names) {
		names = json_array();
		json_object_set_new(suggestion->images, entry, names);
	}
	json_array_append_new(names, json_string(image));
}

static void note_local(struct suggestion *suggestion, const struct tally_row *row)
{
	const char *why = row->name ? row->name : "";

	if (!strcmp(why, "absent-upstream"))
		note(suggestion,
			"image %s: its registry does not have it, so an entry would allow nothing; push it, or "
			"list the image that it was built on and set allowDerivedImages",
			row->key);
	else if (!strcmp(why, "local-only"))
		note(suggestion,
			"image %s is listed, but what has this name here is not what the registry has; push it "
			"or pull the registry's, or list the image that it was built on and set "
			"allowDerivedImages",
			row->key);
	else
		note(suggestion,
			"image %s is listed, but the tag has moved at the registry since it was pulled; pull it "
			"again",
			row->key);
}

static json_t *image_list(
	const struct evidence *evidence, bool every_tag, struct suggestion *suggestion)
{
	json_t *images = json_array();
	const char *entry;
	json_t *names;

	for (size_t i = 0; i < evidence->images.count; i++)
		add_entry(suggestion, evidence->images.rows[i].key, every_tag);
	for (size_t i = 0; i < evidence->derived.count; i++)
		add_entry(suggestion, evidence->derived.rows[i].key, false);
	for (size_t i = 0; i < evidence->local.count; i++)
		note_local(suggestion, &evidence->local.rows[i]);
	if (evidence->unnamed.count)
		note(suggestion,
			"%zu containers used the socket, and no record says of which image they are (the log is "
			"an older latchd's); the first is %.12s",
			evidence->unnamed.count, evidence->unnamed.rows[0].key);
	json_object_foreach(suggestion->images, entry, names)
		json_array_append_new(images, json_string(entry));
	return json_pack("{s:o, s:b}", "images", images, "allowDerivedImages",
		evidence->derived.count > 0);
}

/* ---- commands ---- */

static bool was_seen(const struct evidence *evidence, int route)
{
	const uint64_t *count = evidence->requests[route];

	return count[AUDIT_PASSED] || count[AUDIT_REFUSED] || count[AUDIT_WOULD_REFUSE];
}

static json_t *command_list(const struct evidence *evidence, struct suggestion *suggestion)
{
	json_t *commands = json_array();
	bool wanted[ROUTE_COUNT];

	for (int route = 0; route < ROUTE_COUNT; route++)
		wanted[route] = was_seen(evidence, route);
	command_cover(wanted, &suggestion->cover);
	for (size_t i = 0; i < suggestion->cover.count; i++)
		json_array_append_new(
			commands, json_string(suggestion->cover.commands[i]->names[0]));
	for (int route = 0; route < ROUTE_COUNT; route++)
		if (suggestion->cover.uncovered[route])
			note(suggestion,
				"%s %s: no docker command sends it, so no allow list passes it; a deny list would",
				route_get(route)->method, route_get(route)->template);
	if (evidence->unclear_builds)
		note(suggestion,
			"%llu builds were refused by the command list, some perhaps because they push; \"push\" "
			"is %s the file: see `latchctl audit --refused`",
			(unsigned long long)evidence->unclear_builds,
			was_seen(evidence, ROUTE_IMAGE_PUSH) ? "in" : "not in");
	return json_pack("{s:s, s:o}", "type", "allow", "commands", commands);
}

/* ---- hostAccess ---- */

/* [{image, allow}] with one row for each image, and what no image was named for. */
static void add_access(struct suggestion *suggestion, enum host_access access,
	const struct tally_row *row, bool every_tag, json_t *all, json_t *by_image)
{
	json_t *name = json_string(host_access_name(access)), *allow;
	char entry[REFERENCE_TEXT_SIZE];

	if (!*row->key) {
		json_array_append_new(all, name);
		return;
	}
	if (entry_of(row->key, every_tag, entry)) {
		json_decref(name);
		note(suggestion,
			"hostAccess \"%s\" for the image %s: it was named by its id, and entries have names; "
			"\"allow\" would give it to all images",
			host_access_name(access), row->key);
		return;
	}
	allow = json_object_get(by_image, entry);
	if (!allow) {
		allow = json_array();
		json_object_set_new(by_image, entry, allow);
	}
	for (size_t i = 0; i < json_array_size(allow); i++)
		if (json_equal(json_array_get(allow, i), name)) {
			json_decref(name); /* another tag of the same entry */
			return;
		}
	json_array_append_new(allow, name);
}

/* NULL: nothing of the host was asked for. */
static json_t *host_access_object(
	const struct evidence *evidence, bool every_tag, struct suggestion *suggestion)
{
	json_t *all = json_array(), *by_image = json_object(), *images = json_array(), *allow;
	const char *entry;

	for (int access = 0; access < HOST_ACCESS_COUNT; access++)
		for (size_t i = 0; i < evidence->access[access].count; i++)
			add_access(suggestion, access, &evidence->access[access].rows[i], every_tag, all,
				by_image);
	json_object_foreach(by_image, entry, allow)
		json_array_append_new(
			images, json_pack("{s:s, s:O}", "image", entry, "allow", allow));
	json_decref(by_image);
	for (size_t i = 0; i < evidence->unknown_access.count; i++)
		note(suggestion, "hostAccess \"%s\": this version does not know it",
			evidence->unknown_access.rows[i].key);
	if (evidence->unclear_access)
		note(suggestion,
			"%llu requests were refused by hostAccess, and the records do not say by which key (the "
			"log is an older latchd's)",
			(unsigned long long)evidence->unclear_access);
	if (json_array_size(all) || json_array_size(images))
		return json_pack("{s:o, s:o}", "allow", all, "images", images);
	json_decref(all);
	json_decref(images);
	return NULL;
}

/* ---- the whole ---- */

int suggestion_make(
	const struct evidence *evidence, bool every_tag, struct suggestion *suggestion)
{
	json_t *images, *commands, *access, *mount;

	memset(suggestion, 0, sizeof(*suggestion));
	suggestion->images = json_object();
	suggestion->notes = json_array();
	if (!suggestion->images || !suggestion->notes)
		return -ENOMEM;
	images = image_list(evidence, every_tag, suggestion);
	commands = command_list(evidence, suggestion);
	access = host_access_object(evidence, every_tag, suggestion);
	mount = json_pack("{s:o, s:o}", "imageList", images, "commandList", commands);
	if (access)
		json_object_set_new(mount, "hostAccess", access);
	for (size_t i = 0; i < evidence->unsettled.count; i++)
		note(suggestion, "%llu times \"%s\": no setting changes that",
			(unsigned long long)tally_bad(&evidence->unsettled.rows[i]),
			evidence->unsettled.rows[i].key);
	suggestion->file = json_pack("{s:i, s:{s:b, s:b, s:o}}", "configurationFileVersion", 2,
		"enhancedContainerIsolation", "locked", true, "value", true, "dockerSocketMount",
		mount);
	return suggestion->file && !evidence->no_memory ? 0 : -ENOMEM;
}

void suggestion_free(struct suggestion *suggestion)
{
	json_decref(suggestion->file);
	json_decref(suggestion->images);
	json_decref(suggestion->notes);
	*suggestion = (struct suggestion){0};
}

/* ---- the proof ---- */

/* The text as a file, for the function with which latchd reads its own. */
static int load(const char *text, struct settings **settings, char **problem)
{
	_cleanup_close_ int fd = memfd_create("suggestion", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || fchmod(fd, 0600) || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return problem_set(problem, -EIO, "the suggestion cannot be read back");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return settings_load(path, settings, problem);
}

int suggestion_prove(const struct suggestion *suggestion, const struct evidence *evidence,
	const char *text, char **problem)
{
	unsigned char verdicts[ROUTE_COUNT];
	struct settings *settings;
	char sentence[512];
	int r = load(text, &settings, problem);

	if (r < 0)
		return r;
	r = commandlist_compile(&settings->commands, verdicts, sentence, sizeof(sentence));
	settings_free(settings);
	if (r < 0)
		return problem_set(problem, r, "%s", sentence);
	for (int route = 0; route < ROUTE_COUNT; route++) {
		bool passes = verdicts[route] == LATCH_VERDICT_PASS;
		bool always = route_get(route)->flags & ROUTE_ALWAYS;
		bool wanted = was_seen(evidence, route) && !suggestion->cover.uncovered[route];

		if (wanted && !passes)
			return problem_set(problem, -EINVAL, "the list would refuse %s %s, which was seen",
				route_get(route)->method, route_get(route)->template);
		if (passes && !always && !suggestion->cover.passed[route])
			return problem_set(problem, -EINVAL,
				"the list would pass %s %s, which none of its commands needs",
				route_get(route)->method, route_get(route)->template);
	}
	return 0;
}
