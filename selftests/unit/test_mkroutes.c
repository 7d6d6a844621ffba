// SPDX-License-Identifier: Apache-2.0
/*
 * The generator of the route tables: it refuses every kind of bad row with the place and what to
 * write instead, and what it makes of good rows is what the header says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "automaton.h"
#include "emit.h"

/* One bad table: its rows, and what is said of them. */
#define EXPECT_REFUSED(problem, ...)                                                               \
	do {                                                                                       \
		static const struct row rows_[] = { __VA_ARGS__ };                                 \
		expect_refused(rows_, ARRAY_SIZE(rows_), problem, __LINE__);                       \
	} while (0)

static void expect_refused(const struct row *rows, size_t count, const char *problem, int line)
{
	char *said = NULL;
	size_t size;
	FILE *errors = open_memstream(&said, &size);
	int r = rows_check(rows, count, errors);

	fclose(errors);
	if (r != -1 || !strstr(said, problem) || !strstr(said, "test_mkroutes.c:") ||
		!strstr(said, "; expected "))
		fail_msg("line %d: %d, \"%s\"", line, r, said);
	/* One sentence for one bad row. */
	assert_ptr_equal(strchr(said, '\n'), said + size - 1);
	free(said);
}

static void a_bad_method_or_template_is_refused(void **state)
{
	(void)state;
	EXPECT_REFUSED("ROUTE(A): the method is \"get\"", ROUTE(A, "get", "/a", 0, ALWAYS));
	EXPECT_REFUSED("the method is \"\"", ROUTE(A, "", "/a", 0, ALWAYS));
	EXPECT_REFUSED("the method is \"PROPPATCH\"", ROUTE(A, "PROPPATCH", "/a", 0, ALWAYS));
	EXPECT_REFUSED("the template is \"a\"", ROUTE(A, "GET", "a", 0, ALWAYS));
	EXPECT_REFUSED("holds \"{x:[a-z]+}\"", ROUTE(A, "GET", "/a/{x:[a-z]+}", 0, ALWAYS));
	EXPECT_REFUSED("holds \"{}\"", ROUTE(A, "GET", "/{}", 0, ALWAYS));
	EXPECT_REFUSED("holds \"{x\"", ROUTE(A, "GET", "/{x", 0, ALWAYS));
	EXPECT_REFUSED("holds \"}\"", ROUTE(A, "GET", "/x}", 0, ALWAYS));
	EXPECT_REFUSED("holds \"?x\"", ROUTE(A, "GET", "/a?x", 0, ALWAYS));
	EXPECT_REFUSED("holds \"%41\"", ROUTE(A, "GET", "/%41", 0, ALWAYS));
	EXPECT_REFUSED("has 2 variables", ROUTE(A, "GET", "/{x:.*}/{y}", 0, ALWAYS));
	EXPECT_REFUSED("line ", ROUTE(A, "GET", "/a", 0, ALWAYS) ROUTE(A, "GET", "/b", 0, ALWAYS));
}

static void rows_that_share_a_request_must_be_told_apart(void **state)
{
	(void)state;
	EXPECT_REFUSED("GET /a is already all ROUTE(A)'s",
		ROUTE(A, "GET", "/a", 0, ALWAYS) ROUTE(B, "GET", "/a", 0, ALWAYS));
	EXPECT_REFUSED("nothing follows its discriminator", ROUTE(A, "GET", "/a", 0, SET("k")));
	EXPECT_REFUSED("B follows its discriminator",
		ROUTE(A, "GET", "/a", 0, SET("k")) ROUTE(B, "GET", "/b", 0, ALWAYS));
	EXPECT_REFUSED("GET /a is already all ROUTE(B)'s",
		ROUTE(B, "GET", "/a", 0, ALWAYS) ROUTE(C, "GET", "/b", 0, ALWAYS)
		ROUTE(A, "GET", "/a", 0, ALWAYS));
	EXPECT_REFUSED("the key \"k\" is ROUTE(A)'s already",
		ROUTE(A, "GET", "/a", 0, SET("k")) ROUTE(B, "GET", "/a", 0, SET("l", "k"))
		ROUTE(C, "GET", "/a", 0, ALWAYS));
	EXPECT_REFUSED("ROUTE_FORM is at one of it and ROUTE(A)",
		ROUTE(A, "POST", "/a", ROUTE_FORM, SET("k")) ROUTE(B, "POST", "/a", 0, ALWAYS));
	EXPECT_REFUSED("it is row 4 with a discriminator",
		ROUTE(A, "GET", "/a", 0, SET("k")) ROUTE(B, "GET", "/a", 0, SET("l"))
		ROUTE(C, "GET", "/a", 0, SET("m")) ROUTE(D, "GET", "/a", 0, SET("n"))
		ROUTE(E, "GET", "/a", 0, ALWAYS));
}

/* Two sentences: the first row is alone, and the second comes too late. */
static void keyed_rows_must_stand_together(void **state)
{
	static const struct row rows[] = {
		ROUTE(A, "GET", "/a", 0, SET("k"))
		ROUTE(B, "GET", "/b", 0, ALWAYS)
		ROUTE(C, "GET", "/a", 0, ALWAYS)
	};
	char *said = NULL;
	size_t size;
	FILE *errors = open_memstream(&said, &size);

	(void)state;
	assert_int_equal(rows_check(rows, ARRAY_SIZE(rows), errors), -1);
	fclose(errors);
	assert_non_null(strstr(said, "ROUTE(A): B follows its discriminator"));
	assert_non_null(strstr(said, "ROUTE(C): ROUTE(B) stands between it and ROUTE(A)"));
	free(said);
}

static void a_bad_discriminator_is_refused(void **state)
{
	(void)state;
	EXPECT_REFUSED("the key is \"\"",
		ROUTE(A, "GET", "/a", 0, SET("")) ROUTE(B, "GET", "/a", 0, ALWAYS));
	EXPECT_REFUSED("the key is \"a b\"",
		ROUTE(A, "GET", "/a", 0, TRUE("a b")) ROUTE(B, "GET", "/a", 0, ALWAYS));
	EXPECT_REFUSED("more than 4 keys",
		ROUTE(A, "GET", "/a", 0, SET("a", "b", "c", "d", "e"))
		ROUTE(B, "GET", "/a", 0, ALWAYS));
	EXPECT_REFUSED("the key \"k\" is asked in another way than in ROUTE(A)",
		ROUTE(A, "GET", "/a", 0, SET("k")) ROUTE(B, "GET", "/a", 0, ALWAYS)
		ROUTE(C, "GET", "/b", 0, TRUE("k")) ROUTE(D, "GET", "/b", 0, ALWAYS));
}

static void a_bad_call_is_refused(void **state)
{
	(void)state;
	EXPECT_REFUSED("expected all calls behind all requests",
		ROUTE(A, "POST", "/a.B/C", ROUTE_CALL, ALWAYS) ROUTE(B, "GET", "/b", 0, ALWAYS));
	EXPECT_REFUSED("it is a call; expected", ROUTE(A, "GET", "/a.B/C", ROUTE_CALL, ALWAYS));
	EXPECT_REFUSED("it is a call; expected", ROUTE(A, "POST", "/a.B/{x}", ROUTE_CALL, ALWAYS));
}

static void a_sentence_names_file_line_and_row(void **state)
{
	static const struct row rows[] = {
#include "bad_routes.def"
	};
	char *said = NULL;
	size_t size;
	FILE *errors = open_memstream(&said, &size);

	(void)state;
	assert_int_equal(rows_check(rows, ARRAY_SIZE(rows), errors), -1);
	fclose(errors);
	assert_non_null(strstr(said, "bad_routes.def:5: ROUTE(HIDDEN): GET /info is already all "
				     "ROUTE(GOOD)'s, which has no discriminator; expected"));
	assert_ptr_equal(strchr(said, '\n'), said + size - 1);
	free(said);
}

static const struct row good[] = {
	ROUTE(LIST, "GET", "/a/list", 0, ALWAYS)
	ROUTE(ONE, "POST", "/a/{x:.*}", 0, SET("k"))
	ROUTE(OTHER, "POST", "/a/{x:.*}", 0, ALWAYS)
	ROUTE(INSPECT, "GET", "/a/{x:.*}", ROUTE_HIJACK, ALWAYS)
};

static unsigned run(const struct automaton *automaton, enum automaton_part part, const char *text)
{
	unsigned state = automaton->start[part];

	for (; *text; text++)
		state = automaton->next[state * automaton->classes +
			automaton->byte_class[(unsigned char)*text]];
	return automaton->accept[state];
}

static void the_first_row_of_the_table_is_accepted(void **state)
{
	struct automaton a;
	const int16_t *rows;

	(void)state;
	assert_int_equal(rows_check(good, ARRAY_SIZE(good), stderr), 0);
	assert_int_equal(automaton_build(good, ARRAY_SIZE(good), &a, stderr), 0);
	rows = &a.rows[run(&a, PART_PATH, "/v1.24/a/list") * 3];
	assert_int_equal(rows[1], 0); /* GET */
	assert_int_equal(rows[2], 1); /* POST: the first of those that share it */
	rows = &a.rows[run(&a, PART_PATH, "/a/lists") * 3];
	assert_int_equal(rows[1], 3);
	assert_int_equal(run(&a, PART_PATH, "/a//list"), 0);
	assert_int_equal(run(&a, PART_PATH, "/v1.23/a/list"), 0);
	assert_int_equal(run(&a, PART_KEY, "k"), 1);
	assert_int_equal(run(&a, PART_KEY, "kk"), 0);
	assert_int_equal(run(&a, PART_VALUE, ""), 0);
	assert_int_equal(run(&a, PART_VALUE, "false"), WHEN_SET | WHEN_SOME);
	assert_int_equal(run(&a, PART_VALUE, "none"), WHEN_SET | WHEN_TRUE);
	assert_int_equal(run(&a, PART_VALUE, "nonee"), WHEN_SET | WHEN_TRUE | WHEN_SOME);
	automaton_free(&a);
}

/* A minimal automaton has no two states that accept the same after every word. */
static void no_two_states_are_equal(void **state)
{
	struct automaton a;

	(void)state;
	assert_int_equal(automaton_build(good, ARRAY_SIZE(good), &a, stderr), 0);
	for (unsigned s = 0; s < a.states; s++) {
		for (unsigned t = 0; t < s; t++) {
			if (a.accept[s] == a.accept[t] &&
				memcmp(&a.next[s * a.classes], &a.next[t * a.classes],
					a.classes * sizeof(*a.next)) == 0)
				fail_msg("states %u and %u", t, s);
		}
	}
	automaton_free(&a);
}

static void the_header_names_every_row(void **state)
{
	struct automaton a;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(automaton_build(good, ARRAY_SIZE(good), &a, stderr), 0);
	emit(&a, good, ARRAY_SIZE(good), out);
	fclose(out);
	assert_non_null(strstr(text, "{ 0, -1, 0, 0 }, /* LIST */"));
	assert_non_null(strstr(text, "{ 1, 2, 1, 0 }, /* ONE */"));
	assert_non_null(strstr(text, "{ 0, -1, 1, 0 }, /* OTHER */"));
	assert_non_null(strstr(text, "{ 0, -1, 3, 1 }, /* INSPECT */"));
	assert_non_null(strstr(text, "#define DFA_MAX_KEYED 1\n"));
	assert_non_null(strstr(text, "_Static_assert"));
	free(text);
	automaton_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_method_or_template_is_refused),
		cmocka_unit_test(rows_that_share_a_request_must_be_told_apart),
		cmocka_unit_test(keyed_rows_must_stand_together),
		cmocka_unit_test(a_bad_discriminator_is_refused),
		cmocka_unit_test(a_bad_call_is_refused),
		cmocka_unit_test(a_sentence_names_file_line_and_row),
		cmocka_unit_test(the_first_row_of_the_table_is_accepted),
		cmocka_unit_test(no_two_states_are_equal),
		cmocka_unit_test(the_header_names_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
