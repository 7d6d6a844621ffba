// SPDX-License-Identifier: Apache-2.0
/*
 * Which entries of a policy something in the log rested on. An entry of a command list counts for every
 * request that it decides, an image for every container that its form covers: names, not digests, for
 * the log has names. hostAccess is in the file alone, and counts where the file is still the one that
 * latchd read.
 */
#include <stdio.h>
#include <string.h>

#include "commandlist.h"
#include "reference.h"
#include "report_facts.h"
#include "settings.h"
#include "util.h"

static void add(json_t *rows, const char *kind, const char *entry, uint64_t uses)
{
	json_array_append_new(rows, json_pack("{s:s, s:s, s:I}", "kind", kind, "entry", entry,
					    "uses", (json_int_t)uses));
}

/* How much a tally has of the images that the entry covers. */
static uint64_t uses_of_pattern(const struct tally *tally, const struct reference_pattern *pattern)
{
	uint64_t uses = 0;

	for (size_t i = 0; i < tally->count; i++) {
		struct reference name;
		const char *problem;

		if (pattern->kind == REFERENCE_EVERY ||
			(!reference_parse(tally->rows[i].key, &name, &problem) &&
				reference_pattern_covers(pattern, &name)))
			uses += tally_total(&tally->rows[i]);
	}
	return uses;
}

static void add_images(json_t *rows, const struct report *report, json_t *images)
{
	json_t *image;
	size_t i;

	json_array_foreach(images, i, image) {
		const char *entry = record_text(image, "entry"), *problem;
		struct reference_pattern pattern;

		if (reference_pattern_parse(entry, &pattern, &problem))
			continue;
		add(rows, "image", entry, uses_of_pattern(&report->images, &pattern));
		free(pattern.text);
	}
}

static void add_commands(json_t *rows, const struct report *report, json_t *policy, bool direct)
{
	const json_t *entries = json_object_get(policy, "commands");
	size_t count = json_array_size(entries);
	const char **names = calloc(count + 1, sizeof(*names));
	struct commandlist list = {.commands = names, .count = count, .direct = direct};
	char problem[512];

	list.type = strcmp(record_text(policy, "command_list"), "allow") ? COMMANDLIST_DENY
									  : COMMANDLIST_ALLOW;
	for (size_t i = 0; names && i < count; i++) {
		names[i] = json_string_value(json_array_get(entries, i));
		if (!names[i] || commandlist_check(names[i], problem, sizeof(problem)))
			count = 0; /* another version's list: nothing is known of what it decides */
	}
	for (size_t i = 0; names && i < count; i++) {
		uint64_t uses = 0;

		for (int route = 0; route < ROUTE_COUNT; route++)
			if (report->routes[route] && commandlist_entry(&list, route, i) == i)
				uses += report->routes[route];
		add(rows, "command", names[i], uses);
	}
	free(names);
}

static void add_access(json_t *rows, const struct report *report, const struct settings *settings)
{
	for (int access = 0; access < HOST_ACCESS_COUNT; access++) {
		uint64_t uses = 0;

		if (!(settings->host_access & HOST_ACCESS_BIT(access)))
			continue;
		for (size_t i = 0; i < report->access[access].count; i++)
			uses += tally_total(&report->access[access].rows[i]);
		add(rows, "hostAccess", host_access_name(access), uses);
	}
	for (size_t i = 0; i < settings->host_access_image_count; i++) {
		const struct host_access_image *row = &settings->host_access_images[i];

		for (int access = 0; access < HOST_ACCESS_COUNT; access++) {
			char text[512];

			if (!(row->allowed & HOST_ACCESS_BIT(access)))
				continue;
			snprintf(text, sizeof(text), "%s for %s", host_access_name(access),
				row->image.text);
			add(rows, "hostAccess", text,
				uses_of_pattern(&report->access[access], &row->image));
		}
	}
}

json_t *report_coverage(const struct report *report, json_t *policy, bool direct)
{
	_cleanup_free_ char *problem = NULL;
	const char *file = record_text(policy, "file");
	json_t *rows = json_array();
	struct settings *settings;

	add_images(rows, report, json_object_get(policy, "images"));
	add_commands(rows, report, policy, direct);
	if (*file && !settings_load(file, &settings, &problem)) {
		if (!strcmp(settings->digest, record_text(policy, "sha256")))
			add_access(rows, report, settings);
		settings_free(settings);
	}
	return rows;
}
