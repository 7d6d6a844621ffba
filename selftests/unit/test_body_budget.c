// SPDX-License-Identifier: Apache-2.0
/* What bodies may hold together, by whom, and that it is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "body_budget.h"

#define MIB (1024UL * 1024)

static void containers_share_one_budget_and_the_host_has_its_own(void **state)
{
	struct body_budget budget = {0};
	struct body_share shares[4] = {0}, late = {0}, host = {0};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_true(body_budget_take(&budget, &shares[i], true, 64 * MIB));
	assert_false(body_budget_take(&budget, &late, true, BODY_BUDGET_FREE + 1));
	assert_true(body_budget_take(&budget, &late, true, BODY_BUDGET_FREE));
	assert_true(body_budget_take(&budget, &host, false, 64 * MIB));
	body_budget_give(&budget, &host);
	body_budget_give(&budget, &shares[2]);
	assert_true(body_budget_take(&budget, &late, true, 64 * MIB));
	assert_false(body_budget_take(&budget, &shares[2], true, BODY_BUDGET_FREE + 1));
}

static void a_body_that_grows_takes_what_it_grew_by(void **state)
{
	struct body_budget budget = {0};
	struct body_share share = {0}, other = {0};

	(void)state;
	for (size_t length = 1; length <= 64 * MIB; length += 65521)
		assert_true(body_budget_take(&budget, &share, true, length));
	assert_true(budget.used[true] <= 64 * MIB);
	assert_true(body_budget_take(&budget, &other, true, 192 * MIB));
	/* Refused, it keeps what it had. */
	assert_false(body_budget_take(&budget, &share, true, 65 * MIB));
	body_budget_give(&budget, &share);
	assert_int_equal(budget.used[true], 192 * MIB);
	body_budget_give(&budget, &share);
	body_budget_give(&budget, &other);
	assert_int_equal(budget.used[true], 0);
	assert_int_equal(budget.used[false], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_share_one_budget_and_the_host_has_its_own),
		cmocka_unit_test(a_body_that_grows_takes_what_it_grew_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
