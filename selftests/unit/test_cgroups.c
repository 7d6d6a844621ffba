// SPDX-License-Identifier: Apache-2.0
/*
 * Which names of cgroups are containers: the names that engines give, and names that only look like
 * them. The kernel's reading of the same names is tested in selftests/e2e/handover.test.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include "cgroups.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const scopes[] = {
	HEX,			      /* docker and podman with the cgroupfs driver */
	"docker-" HEX ".scope",	      /* docker with systemd's */
	"libpod-" HEX ".scope",	      /* podman */
	"cri-containerd-" HEX ".scope", /* Kubernetes */
	"crio-" HEX ".scope",
};

static const char *const others[] = {
	"",
	"docker",
	"docker.service",
	"system.slice",
	HEX "0",
	"0" HEX,
	"docker-" HEX,
	"docker" HEX ".scope",
	HEX ".scope",
	"docker-" HEX ".slice",
	"docker-0123.scope",
	"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
};

static void names_that_engines_give_are_containers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		char container[LATCH_ID_SIZE];

		if (!cgroups_container_id(scopes[i], container))
			fail_msg("not taken for a container: %s", scopes[i]);
		assert_string_equal(container, HEX);
	}
}

static void other_names_are_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		char container[LATCH_ID_SIZE];

		if (cgroups_container_id(others[i], container))
			fail_msg("taken for a container: %s", others[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_engines_give_are_containers),
		cmocka_unit_test(other_names_are_none),
	};

	return cmocka_run_group_tests_name("cgroups", tests, NULL, NULL);
}
