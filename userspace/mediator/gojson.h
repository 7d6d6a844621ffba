/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as the engine reads it, with Go's encoding/json, and nothing that could be read in two ways.
 *
 * Go matches keys to a struct's fields without regard to case (U+017F counts as s, U+212A as k), and
 * of two keys for one field it decodes the later over the earlier. Here a body with two keys for one
 * field is refused, so that the value that is looked at is the one that counts. In an object that Go
 * decodes into a map keys are data, and compared as they are.
 */
#ifndef LATCH_MEDIATOR_GOJSON_H
#define LATCH_MEDIATOR_GOJSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Keys and values of a text. Those of a real client have some hundred; so many are a tree of at most 46
 * MiB, without the texts of their strings.
 */
#define GOJSON_MAX_VALUES 262144

/*
 * Reads an object and makes sure that it is not ambiguous. Returns 0 and *body (json_decref), -EBADMSG
 * and in *problem a static sentence for the client, or -ENOMEM. Trailing bytes, NUL in strings and
 * broken UTF-8 are refused, more than 2048 levels, and more than GOJSON_MAX_VALUES keys and values.
 */
int gojson_load(const char *text, size_t length, json_t **body, const char **problem);

/* Longer than any field of the engine's structs: a longer key is no field. */
#define GOJSON_KEY_SIZE 64

/* The key that Go's decoder compares, in small letters. False: too long to be a field. */
bool gojson_fold(const char *key, char folded[GOJSON_KEY_SIZE]);

/*
 * The value of a field by its name in small letters; NULL where it is absent or null, which Go's decoder
 * does not tell apart, and where `object` is no object. Not owned.
 */
json_t *gojson_field(json_t *object, const char *name);

#endif
