// SPDX-License-Identifier: Apache-2.0
/*
 * What routes.def may say. A table that breaks a rule here would make a router that disagrees with
 * the engine's, or one in which a row can never be reached; it is a mistake of whoever edited it,
 * and the build stops with the place and what to write instead.
 */
#include "rows.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

static int fault(FILE *errors, const struct row *row, const char *format, ...) PRINTF_LIKE(3, 4);
static int fault(FILE *errors, const struct row *row, const char *format, ...)
{
	va_list arguments;

	fprintf(errors, "%s:%d: ROUTE(%s): ", row->file, row->line, row->id);
	va_start(arguments, format);
	vfprintf(errors, format, arguments);
	va_end(arguments);
	fputc('\n', errors);
	return -1;
}

static bool same_request(const struct row *a, const struct row *b)
{
	return strcmp(a->method, b->method) == 0 && strcmp(a->template, b->template) == 0;
}

static bool is_keyed(const struct row *row)
{
	return row->discriminator.when != WHEN_ALWAYS;
}

static int check_method(const struct row *row, FILE *errors)
{
	size_t length = strlen(row->method);

	if (length >= 1 && length <= 8 &&
		strspn(row->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == length)
		return 0;
	return fault(errors, row, "the method is \"%s\"; expected one to eight capital letters",
		row->method);
}

/* One variable: `{word}`, `{word:.*}` or `{word:.+}`. Returns what is behind it, NULL if bad. */
static const char *skip_variable(const char *open)
{
	size_t word = strspn(open + 1, "abcdefghijklmnopqrstuvwxyz");
	const char *rest = open + 1 + word;

	if (word == 0)
		return NULL;
	if (rest[0] == '}')
		return rest + 1;
	if (strncmp(rest, ":.*}", 4) == 0 || strncmp(rest, ":.+}", 4) == 0)
		return rest + 4;
	return NULL;
}

static int check_template(const struct row *row, FILE *errors)
{
	unsigned variables = 0, wide = 0;

	if (row->template[0] != '/')
		return fault(errors, row, "the template is \"%s\"; expected it to begin with /",
			row->template);
	for (const char *c = row->template; *c;) {
		const char *behind = c + 1;

		if (*c == '{') {
			behind = skip_variable(c);
			if (!behind)
				return fault(errors, row,
					"the template holds \"%s\"; expected {x}, {x:.*} or {x:.+}",
					c);
			variables++;
			wide += behind[-2] == '*' || behind[-2] == '+';
		} else if (*c <= 0x20 || *c >= 0x7f || strchr("}%?#;", *c)) {
			return fault(errors, row,
				"the template holds \"%s\"; expected plain letters of a "
				"decoded path",
				c);
		}
		c = behind;
	}
	/* Else the first variable's value would depend on how much the second one takes. */
	if (variables > 1 && wide > 0)
		return fault(errors, row,
			"the template has %u variables, one of them {x:.*} or {x:.+}; expected "
			"that one alone, or only {x}",
			variables);
	return 0;
}

static int check_keys(const struct row *row, FILE *errors)
{
	const char *const *keys = row->discriminator.keys;

	if (is_keyed(row) && !keys[0])
		return fault(errors, row, "the discriminator has no key; expected one to %d",
			ROWS_MAX_KEYS);
	if (keys[ROWS_MAX_KEYS])
		return fault(errors, row, "the discriminator has more than %d keys; expected fewer",
			ROWS_MAX_KEYS);
	for (; *keys; keys++) {
		if (**keys == '\0' || strspn(*keys, "abcdefghijklmnopqrstuvwxyz"
						    "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(*keys))
			return fault(errors, row, "the key is \"%s\"; expected letters alone",
				*keys);
	}
	return 0;
}

static const char *shared_key(const struct row *a, const struct row *b)
{
	for (const char *const *x = a->discriminator.keys; *x; x++) {
		for (const char *const *y = b->discriminator.keys; *y; y++) {
			if (strcmp(*x, *y) == 0)
				return *x;
		}
	}
	return NULL;
}

/* One key is read in one way, whichever rows ask for it. */
static int check_key_meaning(const struct row *rows, size_t index, FILE *errors)
{
	const struct row *row = &rows[index];

	for (const struct row *other = rows; other < row; other++) {
		const char *key = shared_key(row, other);

		if (key && other->discriminator.when != row->discriminator.when)
			return fault(errors, row,
				"the key \"%s\" is asked in another way than in ROUTE(%s); "
				"expected the same of SET, TRUE and SOME",
				key, other->id);
		if (key && same_request(row, other))
			return fault(errors, row,
				"the key \"%s\" is ROUTE(%s)'s already; expected a key that "
				"tells the two apart",
				key, other->id);
	}
	return 0;
}

/* Rows of one method and template stand together: keyed ones first, one without a key last. */
static int check_group(const struct row *rows, size_t count, size_t index, FILE *errors)
{
	const struct row *row = &rows[index];
	unsigned keyed = 0;

	for (size_t other = 0; other < index; other++) {
		if (!same_request(&rows[other], row))
			continue;
		if (!is_keyed(&rows[other]))
			return fault(errors, row,
				"%s %s is already all ROUTE(%s)'s, which has no discriminator; "
				"expected this row before that one, with a discriminator",
				row->method, row->template, rows[other].id);
		if (!same_request(&rows[index - 1], row))
			return fault(errors, row,
				"ROUTE(%s) stands between it and ROUTE(%s) of the same method and "
				"template; expected them next to each other",
				rows[index - 1].id, rows[other].id);
		if ((rows[other].flags ^ row->flags) & ROUTE_FORM)
			return fault(errors, row,
				"ROUTE_FORM is at one of it and ROUTE(%s) of the same method and "
				"template; expected it at all of them or at none",
				rows[other].id);
		keyed++;
	}
	if (!is_keyed(row))
		return 0;
	if (keyed + 1 > ROWS_MAX_KEYED)
		return fault(errors, row,
			"it is row %u with a discriminator for this method and template; expected "
			"%d at most",
			keyed + 1, ROWS_MAX_KEYED);
	if (index + 1 == count || !same_request(&rows[index + 1], row))
		return fault(errors, row,
			"%s follows its discriminator; expected another row of %s %s, the last of "
			"them ALWAYS",
			index + 1 == count ? "nothing" : rows[index + 1].id, row->method,
			row->template);
	return 0;
}

/* A call is compared letter by letter, and stands behind all requests: the automaton ends there. */
static int check_call(const struct row *rows, size_t index, FILE *errors)
{
	const struct row *row = &rows[index];

	if (!(row->flags & ROUTE_CALL)) {
		if (index == 0 || !(rows[index - 1].flags & ROUTE_CALL))
			return 0;
		return fault(errors, row,
			"it is a request, and ROUTE(%s) before it is a call; expected all calls behind "
			"all requests",
			rows[index - 1].id);
	}
	if (strcmp(row->method, "POST") != 0 || strchr(row->template, '{') || is_keyed(row))
		return fault(errors, row,
			"it is a call; expected the method POST, a template without variables and "
			"ALWAYS");
	return 0;
}

size_t rows_requests(const struct row *rows, size_t count)
{
	size_t requests = 0;

	while (requests < count && !(rows[requests].flags & ROUTE_CALL))
		requests++;
	return requests;
}

static int check_id(const struct row *rows, size_t index, FILE *errors)
{
	for (size_t other = 0; other < index; other++) {
		if (strcmp(rows[other].id, rows[index].id) == 0)
			return fault(errors, &rows[index],
				"line %d has the same id; expected one of its own",
				rows[other].line);
	}
	return 0;
}

int rows_check(const struct row *rows, size_t count, FILE *errors)
{
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		if (check_id(rows, i, errors) < 0 || check_method(&rows[i], errors) < 0 ||
			check_template(&rows[i], errors) < 0 || check_keys(&rows[i], errors) < 0 ||
			check_key_meaning(rows, i, errors) < 0 ||
			check_group(rows, count, i, errors) < 0 || check_call(rows, i, errors) < 0)
			r = -1;
	}
	return r;
}
