// SPDX-License-Identifier: Apache-2.0
/*
 * latchd's command line: what it means, and that what it does not mean is refused with 2.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>

#include "options.h"
#include "util.h"

static int parse(struct options *options, const char *one, const char *other)
{
	char *argv[] = { "latchd", (char *)one, (char *)other, NULL };

	optind = 0; /* getopt(3): begin anew */
	return options_parse(other ? 3 : one ? 2 : 1, argv, options);
}

static void the_transport_is_mediated_unless_direct_is_asked_for(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, NULL, NULL), -1);
	assert_false(options.direct);
	assert_int_equal(parse(&options, "--transport=mediated", NULL), -1);
	assert_false(options.direct);
	assert_int_equal(parse(&options, "--transport", "direct"), -1);
	assert_true(options.direct);
	/* The last one counts, as with every option. */
	assert_int_equal(parse(&options, "--transport=direct", "--transport=mediated"), -1);
	assert_false(options.direct);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const rows[] = {
		"--transport=", "--transport=Direct", "--transport=direct ", "--transport=sideways",
		"--transport", "--mediator-user=0", "--mediator-user=root", "--nonsense", "extra",
	};
	struct options options;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (parse(&options, rows[i], NULL) != 2)
			fail_msg("taken: %s", rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_transport_is_mediated_unless_direct_is_asked_for),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
