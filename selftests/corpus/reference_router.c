// SPDX-License-Identifier: Apache-2.0
/*
 * The rules that were measured on engines 28.5 and 29.7, one after the other, and those by which
 * unclear requests are refused. Written for being read, not for being fast.
 */
#include "reference_router.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PATH 4095

/* How commands that share a method and a template are told apart. */
static const struct discriminator {
	const char *method, *template, *key;
	unsigned variant, otherwise;
	const char *const *empty; /* values that count as none */
} discriminators[] = {
#define NOT_EMPTY ((const char *const[]){ "", NULL })
#define TRUTH	  ((const char *const[]){ "", "0", "f", "F", "FALSE", "false", "False", NULL })
#define SOMETHING ((const char *const[]){ "", "none", NULL })
	{ "POST", "/images/create", "fromImage", 0, 1, NOT_EMPTY },
	{ "POST", "/build", "outputs", 0, 1, NOT_EMPTY },
	{ "POST", "/swarm/update", "rotateWorkerToken", 0, 2, TRUTH },
	{ "POST", "/swarm/update", "rotateManagerToken", 0, 2, TRUTH },
	{ "POST", "/swarm/update", "rotateManagerUnlockKey", 1, 2, TRUTH },
	{ "POST", "/services/{id}/update", "rollback", 0, 1, SOMETHING },
};

static int escaped_byte(const char *text, const char *end)
{
	char digits[3] = { 0 };
	char *behind;
	long value;

	if (end - text < 3)
		return -1;
	memcpy(digits, text + 1, 2);
	if (strspn(digits, "0123456789abcdefABCDEF") != 2)
		return -1;
	value = strtol(digits, &behind, 16);
	return (int)value;
}

static bool target_is_readable(const char *target, size_t length)
{
	if (length == 0 || target[0] != '/')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (target[i] < 0x21 || target[i] > 0x7e || target[i] == '#')
			return false;
	}
	return true;
}

static bool query_is_readable(const char *query, const char *end)
{
	for (const char *c = query; c < end; c++) {
		if (*c == ';' || (*c == '%' && escaped_byte(c, end) < 0))
			return false;
	}
	return true;
}

static bool decode(const char *text, const char *end, char *path)
{
	size_t used = 0;

	while (text < end) {
		int byte = (unsigned char)*text;

		if (*text == '%') {
			byte = escaped_byte(text, end);
			text += 2;
		}
		text++;
		if (byte < 0x20 || byte == 0x7f || used == MAX_PATH)
			return false;
		path[used++] = byte;
	}
	path[used] = '\0';
	return true;
}

static size_t version_prefix(const char *path)
{
	size_t digits;

	if (strncmp(path, "/v", 2) != 0)
		return 0;
	digits = strspn(path + 2, "0123456789.");
	return digits > 0 && path[2 + digits] == '/' ? 2 + digits : 0;
}

/* `version` ends in a slash. */
static bool version_counts(const char *version)
{
	unsigned long number[2] = { 0, 0 };
	char *end;

	for (size_t i = 0;; i++) {
		unsigned long value;

		if (*version == '.' || *version == '/')
			return false;
		value = strtoul(version, &end, 10);
		if (i < 2)
			number[i] = value;
		if (*end == '/')
			return number[0] > 1 || (number[0] == 1 && number[1] >= 24);
		version = end + 1;
	}
}

static bool path_is_clean(const char *path)
{
	size_t length = strlen(path);

	if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
		return false;
	return !(length >= 2 && strcmp(path + length - 2, "/.") == 0) &&
		!(length >= 3 && strcmp(path + length - 3, "/..") == 0);
}

static bool template_matches(const char *template, const char *path)
{
	const char *close;
	size_t shortest, longest;

	for (; *template && *template != '{'; template++, path++) {
		if (*template != *path)
			return false;
	}
	if (*template == '\0')
		return *path == '\0';
	close = strchr(template, '}');
	if (close[-1] == '*' || close[-1] == '+') { /* {name:.*} or {name:.+} */
		shortest = close[-1] == '+';
		longest = strlen(path);
	} else { /* {name} is [^/]+ */
		shortest = 1;
		longest = strcspn(path, "/");
	}
	for (size_t length = longest + 1; length-- > shortest;) {
		if (template_matches(close + 1, path + length))
			return true;
	}
	return false;
}

/* Decodes as a query's key or value; what does not fit is longer than any that matters. */
static void decode_query(const char *text, const char *end, char out[64])
{
	size_t used = 0;

	for (; text < end && used < 63; text++) {
		int byte = *text == '+' ? ' ' : (unsigned char)*text;

		if (*text == '%') {
			byte = escaped_byte(text, end);
			text += 2;
		}
		/* A NUL ends no word of Go's; here it becomes a byte that no word holds. */
		out[used++] = byte ? byte : 1;
	}
	out[used] = '\0';
}

/* Go's Values.Get, decoded: the first value, "" without one. */
static void first_value(const char *query, const char *end, const char *key, char value[64])
{
	value[0] = '\0';
	while (query < end) {
		const char *next = memchr(query, '&', end - query);
		const char *pair_end = next ? next : end;
		const char *equals = memchr(query, '=', pair_end - query);
		char name[64];

		decode_query(query, equals ? equals : pair_end, name);
		if (strcmp(name, key) == 0) {
			if (equals)
				decode_query(equals + 1, pair_end, value);
			return;
		}
		query = pair_end + 1;
	}
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(value, *words) == 0)
			return true;
	}
	return false;
}

/* Returns false for a request that asks for two things at once. */
static bool find_variant(const struct reference_row *row, const char *query, const char *end,
	unsigned *variant)
{
	bool found = false;

	*variant = 0;
	for (size_t i = 0; i < sizeof(discriminators) / sizeof(discriminators[0]); i++) {
		const struct discriminator *d = &discriminators[i];
		char value[64] = "";

		if (strcmp(d->method, row->method) != 0 || strcmp(d->template, row->template) != 0)
			continue;
		if (query)
			first_value(query, end, d->key, value);
		if (is_one_of(value, d->empty)) {
			if (!found)
				*variant = d->otherwise;
			continue;
		}
		if (found && *variant != d->variant)
			return false;
		found = true;
		*variant = d->variant;
	}
	return true;
}

struct reference_match reference_classify(const struct reference_router *router, const char *method,
	const char *target, size_t length)
{
	struct reference_match none = { -1, 0 }, match = { 0, 0 };
	const char *end = target + length, *question;
	char decoded[MAX_PATH + 1], *path = decoded;

	if (!target_is_readable(target, length))
		return none;
	question = memchr(target, '?', length);
	if (question && !query_is_readable(question + 1, end))
		return none;
	for (const char *c = target; c < (question ? question : end); c++) {
		if (*c == '%' && escaped_byte(c, question ? question : end) < 0)
			return none;
	}
	if (!decode(target, question ? question : end, decoded))
		return none;
	if (version_prefix(path) > 0) {
		if (!version_counts(path + 2))
			return none;
		path += version_prefix(path);
	}
	if (!path_is_clean(path))
		return none;
	for (; (size_t)match.row < router->count; match.row++) {
		const struct reference_row *row = &router->rows[match.row];

		if (strcmp(row->method, method) != 0 || !template_matches(row->template, path))
			continue;
		if (!find_variant(row, question ? question + 1 : NULL, end, &match.variant))
			return none;
		return match;
	}
	return none;
}

static void add_row(struct reference_router *router, const char *method, const char *template)
{
	if (router->count == REFERENCE_MAX_ROWS)
		abort();
	router->rows[router->count++] = (struct reference_row){ method, template };
}

/* The data's one row without a path: engines up to 1.8.3 answered OPTIONS everywhere. */
static const char *template_of(const char *field)
{
	return field[0] == '(' ? "/{anyroute:.*}" : field;
}

/*
 * The data gives the order of today's routes. Rows of older engines hide none of them: those that
 * are one path come first, those that take names last.
 */
void reference_open(struct reference_router *router, const char *here)
{
	struct reference_row rows[REFERENCE_MAX_ROWS];
	bool old[REFERENCE_MAX_ROWS];
	size_t count = 0;

	router->count = 0;
	tsv_open(&router->tsv, here, "routes.tsv");
	tsv_read(&router->tsv);
	while (count < REFERENCE_MAX_ROWS && tsv_read(&router->tsv)) {
		old[count] = router->tsv.fields[10][0] == '\0';
		rows[count++] = (struct reference_row){ router->tsv.fields[0],
			template_of(router->tsv.fields[1]) };
	}
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < count; i++) {
			int turn = !old[i] ? 1 : strchr(rows[i].template, '{') ? 2 : 0;

			if (turn == pass)
				add_row(router, rows[i].method, rows[i].template);
		}
	}
}

void reference_close(struct reference_router *router)
{
	tsv_close(&router->tsv);
}
