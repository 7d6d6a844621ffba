// SPDX-License-Identifier: Apache-2.0
/*
 * How much may be in a JSON text, and that it is counted before there is a tree.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../userspace/mediator/gojson.h"
#include "util.h"

#define TOO_MANY "the JSON has more than 262144 keys and values"

/* The sentence that refuses `count` times `piece` between two others; NULL: it is read. */
static const char *problem_of(const char *before, const char *piece, size_t count, const char *after)
{
	size_t length = strlen(before) + strlen(piece) * count + strlen(after), at = strlen(before);
	_cleanup_free_ char *text = malloc(length); /* without NUL, so that a read behind it shows */
	const char *problem = NULL;
	json_t *body;
	int r;

	memcpy(text, before, at);
	for (size_t i = 0; i < count; i++, at += strlen(piece))
		memcpy(text + at, piece, strlen(piece));
	memcpy(text + at, after, length - at);
	r = gojson_load(text, length, &body, &problem);
	assert_int_equal(r, problem ? -EBADMSG : 0);
	if (r == 0)
		json_decref(body);
	return problem;
}

/* Before and behind the pieces there is as much as makes the sum the most that may be. */
static const struct {
	const char *before, *piece, *after;
	size_t most;
} rows[] = {
	{"{\"x\":[", "1,", "1]}", GOJSON_MAX_VALUES - 3},
	{"{\"x\":[1,", "[],", "1]}", GOJSON_MAX_VALUES / 2 - 2},
	{"{\"x\":[1,", "{},", "1]}", GOJSON_MAX_VALUES / 2 - 2},
	{"{\"x\":[", "{\"\":[]},", "1]}", (GOJSON_MAX_VALUES - 3) / 4},
	{"{\"x\":[", "\"\\\\\",", "1]}", GOJSON_MAX_VALUES - 3},
	{"{\"\\\"\":1,\"x\":[", "1,", "1]}", GOJSON_MAX_VALUES - 5},
	{"{\"\\\\\":1,\"x\":[", "1,", "1]}", GOJSON_MAX_VALUES - 5},
};

static void so_many_keys_and_values_are_read_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *problem =
			problem_of(rows[i].before, rows[i].piece, rows[i].most, rows[i].after);

		if (problem)
			fail_msg("row %zu is refused: %s", i, problem);
		problem = problem_of(rows[i].before, rows[i].piece, rows[i].most + 1, rows[i].after);
		if (!problem || strcmp(problem, TOO_MANY))
			fail_msg("row %zu: %s", i, problem ? problem : "it is read");
	}
}

static void what_stands_in_a_string_is_not_counted(void **state)
{
	(void)state;
	assert_null(problem_of("{\"x\":\"", "[{,:", GOJSON_MAX_VALUES, "\"}"));
	assert_null(problem_of("{\"x\":\"", "\\\"[", GOJSON_MAX_VALUES, "\"}"));
	assert_null(problem_of("{\"", "\\\\,", GOJSON_MAX_VALUES, "\":1}"));
}

/* The parser says what is wrong with it, and nothing is read behind its end. */
static void a_text_that_ends_in_a_string_is_no_JSON(void **state)
{
	(void)state;
	assert_string_equal(problem_of("{\"x\":\"", "a", 1, ""), "the body is not valid JSON");
	assert_string_equal(problem_of("{\"x\":\"", "a", 1, "\\"), "the body is not valid JSON");
	assert_string_equal(problem_of("{\"x\":", "\"", 1, ""), "the body is not valid JSON");
	assert_string_equal(problem_of("", "", 0, ""), "the body is not valid JSON");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_keys_and_values_are_read_and_no_more),
		cmocka_unit_test(what_stands_in_a_string_is_not_counted),
		cmocka_unit_test(a_text_that_ends_in_a_string_is_no_JSON),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
