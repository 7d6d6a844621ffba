// SPDX-License-Identifier: Apache-2.0
/*
 * Counts. It knows of a record its verdict and no more.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "audit_reader.h"

enum audit_verdict audit_verdict(const json_t *record)
{
	const char *verdict = record_text(record, "verdict");

	if (!strcmp(verdict, "passed"))
		return AUDIT_PASSED;
	if (!strcmp(verdict, "refused"))
		return AUDIT_REFUSED;
	if (!strcmp(verdict, "would-refuse"))
		return AUDIT_WOULD_REFUSE;
	if (!*verdict && !strcmp(record_text(record, "event"), "image-denied"))
		return AUDIT_REFUSED;
	return AUDIT_NO_VERDICT;
}

static bool make_room(struct tally *tally)
{
	size_t room = tally->room ? 2 * tally->room : 32;
	struct tally_row *rows;

	if (!tally->index && !(tally->index = json_object()))
		return false;
	if (tally->count < tally->room)
		return true;
	rows = reallocarray(tally->rows, room, sizeof(*rows));
	if (!rows)
		return false;
	tally->rows = rows;
	tally->room = room;
	return true;
}

struct tally_row *tally_row(struct tally *tally, const char *key)
{
	const json_t *known = json_object_get(tally->index, key);
	char *copy;

	if (known)
		return &tally->rows[json_integer_value(known)];
	copy = strdup(key);
	if (!copy || !make_room(tally) ||
		json_object_set_new_nocheck(tally->index, key, json_integer(tally->count))) {
		free(copy);
		return NULL;
	}
	tally->rows[tally->count] = (struct tally_row){.key = copy};
	return &tally->rows[tally->count++];
}

void tally_describe(struct tally_row *row, const char *name, const char *image)
{
	if (!row->name && *name)
		row->name = strdup(name);
	if (!row->image && *image)
		row->image = strdup(image);
}

uint64_t tally_bad(const struct tally_row *row)
{
	return row->count[AUDIT_REFUSED] + row->count[AUDIT_WOULD_REFUSE];
}

uint64_t tally_total(const struct tally_row *row)
{
	return row->count[AUDIT_PASSED] + tally_bad(row);
}

static int compare(const void *one, const void *other)
{
	const struct tally_row *a = one, *b = other;

	if (tally_bad(a) != tally_bad(b))
		return tally_bad(a) < tally_bad(b) ? 1 : -1;
	if (tally_total(a) != tally_total(b))
		return tally_total(a) < tally_total(b) ? 1 : -1;
	return strcmp(a->key, b->key);
}

void tally_sort(struct tally *tally)
{
	if (tally->count)
		qsort(tally->rows, tally->count, sizeof(*tally->rows), compare);
	json_decref(tally->index); /* its numbers are those of before */
	tally->index = NULL;
}

void tally_free(struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++) {
		free(tally->rows[i].key);
		free(tally->rows[i].name);
		free(tally->rows[i].image);
	}
	free(tally->rows);
	json_decref(tally->index);
	*tally = (struct tally){0};
}
