// SPDX-License-Identifier: Apache-2.0
/*
 * Limits on the command line: what is taken, and what is said of what is not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "client_limits.h"
#include "util.h"

static void defaults_are_those_that_are_documented(void **state)
{
	struct limits limits;

	(void)state;
	limits_init(&limits);
	assert_int_equal(limits.head_size, 65536);
	assert_int_equal(limits.head_fields, 128);
	assert_int_equal(limits.head_time, 60);
	assert_int_equal(limits.idle_time, 900);
}

static void numbers_within_their_bounds_are_taken(void **state)
{
	struct limits limits;
	char problem[512], text[64];

	(void)state;
	limits_init(&limits);
	assert_int_equal(limits_set(&limits, "head-size=1024", problem, sizeof(problem)), 0);
	assert_int_equal(limits_set(&limits, "head-time=3600", problem, sizeof(problem)), 0);
	assert_int_equal(limits_set(&limits, "idle-time=0", problem, sizeof(problem)), 0);
	assert_int_equal(limits.head_size, 1024);
	assert_int_equal(limits.head_time, 3600);
	assert_int_equal(limits.idle_time, 0);
	assert_int_equal(limits.head_fields, 128);
	limits_print(&limits, 0, text, sizeof(text));
	assert_string_equal(text, "head-size=1024");
}

static void what_is_none_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = {"head-size=1023", "head-size=65537", "head-size=", "head-size=4k",
		"head-size=-1", "head-size= 2048x", "head-size", "=5", "", "heads=5", "head-fields=129",
		"head-time=0", "idle-time=99999999999999999999"};
	struct limits limits, before;

	(void)state;
	limits_init(&limits);
	before = limits;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char problem[512] = "";

		assert_int_equal(limits_set(&limits, bad[i], problem, sizeof(problem)), -EINVAL);
		assert_non_null(strstr(problem, "expected"));
		assert_memory_equal(&limits, &before, sizeof(limits));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_that_are_documented),
		cmocka_unit_test(numbers_within_their_bounds_are_taken),
		cmocka_unit_test(what_is_none_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
