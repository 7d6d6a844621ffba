/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one value of a settings file is read, and what is said of one that is wrong: with its path in
 * the file, what was found and what was expected. Which keys there are is not known here. Private to
 * settings_*.c.
 */
#ifndef LATCH_SETTINGS_READING_H
#define LATCH_SETTINGS_READING_H

#include <jansson.h>
#include <stdio.h>

#include "jsonpath.h"
#include "settings_internal.h"

/* One reading of one file: where problems go, and what was understood so far. */
struct reading {
	const char *file;
	struct settings *settings;
	FILE *problems; /* one a line, no newline behind the last */
	bool wrong;     /* there is a problem */
	bool no_memory;
};

/* Begins the line of a problem; the caller writes what it is to reading->problems. */
void reading_problem(struct reading *reading, const struct jsonpath *at);
/* The problem "found X, expected Y". */
void reading_unexpected(struct reading *reading, const struct jsonpath *at, const json_t *found,
	const char *expected);
/* The problem "found X: sentence". */
void reading_unusable(struct reading *reading, const struct jsonpath *at, const json_t *found,
	const char *sentence);
void reading_warn(struct reading *reading, const struct jsonpath *at, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Warns of each key that is not among `known`, which ends in NULL. */
void reading_check_keys(struct reading *reading, const struct jsonpath *at, json_t *object,
	const char *const *known);

/* The value behind the key at->key of `parent`; NULL, or `absent`, where it is not there or of another
   type, which is then a problem. */
json_t *reading_object(struct reading *reading, const struct jsonpath *at, json_t *parent);
json_t *reading_array(
	struct reading *reading, const struct jsonpath *at, json_t *parent, const char *expected);
bool reading_boolean(
	struct reading *reading, const struct jsonpath *at, json_t *parent, bool absent);

/* A reference or pattern; pattern->text is the caller's. False: it is none, which is then a problem. */
bool reading_pattern(struct reading *reading, const struct jsonpath *at, const json_t *value,
	struct reference_pattern *pattern);
/* How two patterns that mean the same image are told to be equal. */
void reading_image_meaning(
	const struct reference_pattern *image, char text[REFERENCE_TEXT_SIZE]);

/* Notes `meaning` as said by element at->index, and warns when an earlier one said the same. */
void reading_warn_repeated(
	struct reading *reading, const struct jsonpath *at, json_t *said, const char *meaning);

/* settings_host_access.c: the object dockerSocketMount.hostAccess. */
void settings_read_host_access(
	struct reading *reading, const struct jsonpath *at, json_t *mount);

#endif
