// SPDX-License-Identifier: Apache-2.0
/*
 * Makes a list out of settings. What a registry said belongs to the reference and not to the list, so
 * it survives from one list to the next.
 */
#include <errno.h>

#include "list.h"
#include "util.h"

static int entry_init(
	struct entry *entry, struct answers *answers, const struct reference_pattern *pattern)
{
	entry->pattern = *pattern;
	entry->pattern.text = strdup(pattern->text);
	if (!entry->pattern.text)
		return -ENOMEM;
	if (pattern->kind != REFERENCE_TAG)
		return 0;
	entry->answer = answers_pin(answers, &pattern->reference, false);
	return entry->answer ? 0 : -ENOMEM;
}

int list_make(struct list *list, struct answers *answers, const struct settings *settings)
{
	*list = (struct list){ .allow_derived = settings->allow_derived };
	list->entries = calloc(settings->image_count + 1, sizeof(*list->entries));
	if (!list->entries)
		return -ENOMEM;
	for (size_t i = 0; i < settings->image_count; i++) {
		int r = entry_init(&list->entries[i], answers, &settings->images[i]);

		list->count = i + 1;
		if (r < 0) {
			list_clear(list);
			return r;
		}
	}
	return 0;
}

void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->entries[i].answer)
			answers_unpin(list->entries[i].answer);
		free(list->entries[i].pattern.text);
	}
	free(list->entries);
	*list = (struct list){0};
}

const struct entry *list_find(const struct list *list, const char *text)
{
	struct reference_pattern pattern = {0};
	const struct entry *found = NULL;
	const char *problem;

	/* An entry that was too long for where its text was kept was cut: it is not known. */
	if (reference_pattern_parse(text, &pattern, &problem) < 0)
		return NULL;
	for (size_t i = 0; i < list->count && !found; i++)
		if (reference_pattern_same(&list->entries[i].pattern, &pattern))
			found = &list->entries[i];
	free(pattern.text);
	return found;
}

bool entry_counts(const struct entry *entry)
{
	/* A digest in the settings needs nobody's confirmation, and patterns are asked about when an image comes. */
	return !entry->answer || answer_counts(entry->answer);
}
