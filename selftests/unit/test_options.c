// SPDX-License-Identifier: Apache-2.0
/*
 * latchd's command line: what it means, and that what it does not mean is refused with 2.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "options.h"
#include "paths.h"
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

static void registries_are_asked_as_the_options_say(void **state)
{
	char *many[OPTIONS_MAX_REGISTRIES + 3] = {(char *)"latchd"};
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, NULL, NULL), -1);
	assert_null(options.registry.mirrors[0]);
	assert_null(options.registry.config);
	assert_string_equal(options.registry.certificates, "/etc/docker/certs.d");
	assert_int_equal(parse(&options, "--registry-mirror=https://a", "--registry-mirror=https://b"), -1);
	assert_string_equal(options.registry.mirrors[0], "https://a");
	assert_string_equal(options.registry.mirrors[1], "https://b");
	assert_null(options.registry.mirrors[2]);
	assert_int_equal(parse(&options, "--insecure-registry=10.0.0.0/8", "--docker-config=/x"), -1);
	assert_string_equal(options.registry.insecure[0], "10.0.0.0/8");
	assert_string_equal(options.registry.config, "/x");
	/* One more than there is room for is an error, and not dropped. */
	for (int i = 0; i <= OPTIONS_MAX_REGISTRIES; i++)
		many[i + 1] = (char *)"--insecure-registry=a";
	optind = 0;
	assert_int_equal(options_parse(OPTIONS_MAX_REGISTRIES + 1, many, &options), -1);
	optind = 0;
	assert_int_equal(options_parse(OPTIONS_MAX_REGISTRIES + 2, many, &options), 2);
}

static void the_message_is_ecis_unless_the_newer_one_is_asked_for(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, NULL, NULL), -1);
	assert_false(options.newer_message);
	assert_int_equal(parse(&options, "--mount-message=parent", NULL), -1);
	assert_true(options.newer_message);
	assert_int_equal(parse(&options, "--mount-message=parent", "--mount-message=eci"), -1);
	assert_false(options.newer_message);
}

static void the_audit_goes_where_the_options_say(void **state)
{
	char *many[OPTIONS_MAX_SINKS + 2] = { (char *)"latchd" }, names[OPTIONS_MAX_SINKS + 1][32];
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, NULL, NULL), -1);
	assert_string_equal(options.audit[0], LATCH_AUDIT_LOG);
	assert_null(options.audit[1]);
	assert_string_equal(options_audit_log(&options), LATCH_AUDIT_LOG);
	assert_int_equal(options.audit_rotation.size, 64 << 20);
	assert_int_equal(options.audit_rotation.count, 5);
	assert_false(options.noting);
	assert_int_equal(parse(&options, "--audit=journald", "--audit=/x"), -1);
	assert_string_equal(options.audit[0], "journald");
	assert_string_equal(options_audit_log(&options), "/x");
	assert_int_equal(parse(&options, "--audit=journald", "--audit=syslog"), -1);
	assert_null(options.audit[2]);
	assert_null(options_audit_log(&options));
	/* Every record would be there twice. */
	assert_int_equal(parse(&options, "--audit=/x", "--audit=/x"), 2);
	assert_int_equal(parse(&options, "--audit-rotate=0", "--mode=audit"), -1);
	assert_int_equal(options.audit_rotation.size, 0);
	assert_true(options.noting);
	assert_int_equal(parse(&options, "--mode=audit", "--mode=enforce"), -1);
	assert_false(options.noting);
	for (int i = 0; i <= OPTIONS_MAX_SINKS; i++) {
		snprintf(names[i], sizeof(names[i]), "--audit=/x%d", i);
		many[i + 1] = names[i];
	}
	optind = 0;
	assert_int_equal(options_parse(OPTIONS_MAX_SINKS + 1, many, &options), -1);
	optind = 0;
	assert_int_equal(options_parse(OPTIONS_MAX_SINKS + 2, many, &options), 2);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const rows[] = {
		"--transport=", "--transport=Direct", "--transport=direct ", "--transport=sideways",
		"--transport", "--mediator-user=0", "--mediator-user=root", "--nonsense", "extra",
		"--mount-message=", "--mount-message=newer", "--registry-mirror", "--insecure-registry",
		"--docker-config", "--mode=", "--mode=off", "--mode", "--audit=", "--audit-rotate=5",
		"--audit-rotate=64M", "--audit-rotate=64M,0", "--audit-rotate",
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
		cmocka_unit_test(registries_are_asked_as_the_options_say),
		cmocka_unit_test(the_message_is_ecis_unless_the_newer_one_is_asked_for),
		cmocka_unit_test(the_audit_goes_where_the_options_say),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
