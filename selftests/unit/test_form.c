// SPDX-License-Identifier: Apache-2.0
/*
 * A form's pairs in front of a query: what is forwarded must be read as the same pairs, in the
 * order in which the engine counts them, whatever bytes the form is made of.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "form.h"
#include "route.h"

static void expect_merged(const char *target, const char *form, size_t length, const char *expected)
{
	char *copy = malloc(length + !length);
	char *merged;

	memcpy(copy, form, length);
	merged = form_merge((struct span){ target, strlen(target) }, (struct span){ copy, length });
	assert_string_equal(merged, expected);
	free(merged);
	free(copy);
}

#define EXPECT_MERGED(target, form, expected)                                                      \
	expect_merged(target, form, sizeof(form) - 1, expected)

static void the_forms_pairs_come_before_the_querys(void **state)
{
	(void)state;
	EXPECT_MERGED("/a?b=1", "c=2&d=3", "/a?c=2&d=3&b=1");
	EXPECT_MERGED("/a", "c=2", "/a?c=2");
	EXPECT_MERGED("/a?", "c=2", "/a?c=2&");
	EXPECT_MERGED("/a?b", "", "/a?b");
	EXPECT_MERGED("/a?", "", "/a?");
	EXPECT_MERGED("/a", "", "/a");
	EXPECT_MERGED("/a?b?c", "d", "/a?d&b?c");
	EXPECT_MERGED("/a%3Fx", "d?e", "/a%3Fx?d?e");
}

static void bytes_that_a_target_cannot_hold_are_escaped(void **state)
{
	(void)state;
	EXPECT_MERGED("/a", "a b\r\n\t#\x7f\xc3\xa9", "/a?a%20b%0D%0A%09%23%7F%C3%A9");
	EXPECT_MERGED("/a", "a\0b", "/a?a%00b");
	/* What is escaped, or means something, stays as it is. */
	EXPECT_MERGED("/a", "a%20b+c%26=%3d&", "/a?a%20b+c%26=%3d&");
}

static int classify(const char *target, const char *form, size_t length)
{
	struct route_match match;
	char *merged = form_merge((struct span){ target, strlen(target) },
		(struct span){ form, length });

	route_classify("POST", 4, merged, strlen(merged), &match);
	free(merged);
	return match.id;
}

static void a_form_decides_before_the_query(void **state)
{
	static const char bad[] = "fromImage=a\0;", cut[] = "fromImage=%4";

	(void)state;
	assert_int_equal(classify("/images/create?fromImage=a", "fromImage=", 10), ROUTE_IMAGE_IMPORT);
	assert_int_equal(classify("/images/create?fromImage=a", "fromimage=", 10), ROUTE_IMAGE_PULL);
	assert_int_equal(classify("/images/create", "fromImage=a", 11), ROUTE_IMAGE_PULL);
	assert_int_equal(classify("/images/create", "from%49mage=\0", 13), ROUTE_IMAGE_PULL);
	/* A newline ends no pair, and a fragment no query. */
	assert_int_equal(classify("/images/create", "a\nfromImage=x", 13), ROUTE_IMAGE_IMPORT);
	assert_int_equal(classify("/images/create", "a#&fromImage=x", 14), ROUTE_IMAGE_PULL);
	assert_int_equal(classify("/build", "outputs=x", 9), ROUTE_BUILD_EXPORT);
	/* What the engine cannot read in a form has no route. */
	assert_int_equal(classify("/images/create?fromImage=a", bad, sizeof(bad) - 1),
		ROUTE_NONE);
	assert_int_equal(classify("/images/create?fromImage=a", cut, sizeof(cut) - 1),
		ROUTE_NONE);
	assert_int_equal(classify("/images/create?fromImage=a", "%\n41", 4), ROUTE_NONE);
	/* An escape cannot be begun in the form and ended in the query. */
	assert_int_equal(classify("/images/create?41", "a=%", 3), ROUTE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_forms_pairs_come_before_the_querys),
		cmocka_unit_test(bytes_that_a_target_cannot_hold_are_escaped),
		cmocka_unit_test(a_form_decides_before_the_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
