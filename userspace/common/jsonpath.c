// SPDX-License-Identifier: Apache-2.0
/*
 * Paths and values as a reader of a message recognises them in the file. What comes from the file
 * is written as JSON in ASCII, so that no key and no string can put control sequences on a
 * terminal or break a line of the log. Decides nothing.
 */
#include "jsonpath.h"

#include <string.h>

#include "util.h"

#define VALUE_MAX  80
#define PLAIN_WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static void print_string(const char *text, FILE *out)
{
	json_t *value = json_string(text);

	if (value)
		jsonpath_print_value(value, out);
	json_decref(value);
}

void jsonpath_print(const struct jsonpath *path, FILE *out)
{
	if (!path->parent)
		return;
	jsonpath_print(path->parent, out);
	if (!path->key) {
		fprintf(out, "[%zu]", path->index);
	} else if (!*path->key || path->key[strspn(path->key, PLAIN_WORD)]) {
		fputc('[', out);
		print_string(path->key, out);
		fputc(']', out);
	} else {
		fprintf(out, "%s%s", path->parent->parent ? "." : "", path->key);
	}
}

/* jansson leaves DEL as it is. */
static void print_cut(char *dump, FILE *out)
{
	bool cut = strlen(dump) > VALUE_MAX;

	for (char *c = dump; *c; c++)
		if (*c == 0x7f)
			*c = '?';
	fprintf(out, "%.*s%s", VALUE_MAX, dump, cut ? "..." : "");
}

void jsonpath_print_value(const json_t *value, FILE *out)
{
	_cleanup_free_ char *dump = NULL;

	if (!value) {
		fputs("nothing", out);
	} else if (json_is_array(value)) {
		fputs("an array", out);
	} else if (json_is_object(value)) {
		fputs("an object", out);
	} else {
		dump = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
		if (dump)
			print_cut(dump, out);
	}
}
