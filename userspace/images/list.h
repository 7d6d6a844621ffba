/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of an image list, each with what its registry said where it has one reference to ask
 * about.
 */
#ifndef LATCH_LIST_H
#define LATCH_LIST_H

#include "answers.h"
#include "settings.h"

struct entry {
	struct reference_pattern pattern;
	struct answer *answer; /* REFERENCE_TAG: pinned; NULL for the other kinds */
};

struct list {
	struct entry *entries;
	size_t count;
	bool allow_derived;
};

/* 0, or -ENOMEM and an empty list. */
int list_make(struct list *list, struct answers *answers, const struct settings *settings);
void list_clear(struct list *list);

/* The entry that is written `text`, or means the same; NULL where there is none. */
const struct entry *list_find(const struct list *list, const char *text);

/* Can it allow an image now? */
bool entry_counts(const struct entry *entry);

#endif
