// SPDX-License-Identifier: Apache-2.0
/*
 * The smallest allow list for a set of routes. Whether a list passes a route is asked of the compiler
 * that enforcement has; that there is no smaller one, of a search that tries every list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command_cover.h"
#include "commandlist.h"
#include "latch/abi.h"
#include "util.h"

/* What an allow list of these names passes, by enforcement's own compiler. */
static void passed_by(const char *const *names, size_t count, unsigned char verdicts[ROUTE_COUNT])
{
	struct commandlist list = {.type = COMMANDLIST_ALLOW, .commands = names, .count = count};
	char problem[256];

	assert_int_equal(commandlist_compile(&list, verdicts, problem, sizeof(problem)), 0);
}

static size_t names_of(const struct command_cover *cover, const char **names)
{
	for (size_t i = 0; i < cover->count; i++)
		names[i] = cover->commands[i]->names[0];
	return cover->count;
}

static bool always(int route)
{
	return route_get(route)->flags & ROUTE_ALWAYS;
}

/* Passes all that is wanted but what nobody could, no entry can be spared, and nothing else passes. */
static void assert_is_minimal(const bool *wanted, const struct command_cover *cover)
{
	const char *names[COVER_MAX], *fewer[COVER_MAX];
	size_t count = names_of(cover, names);
	unsigned char verdicts[ROUTE_COUNT];

	passed_by(names, count, verdicts);
	for (int route = 0; route < ROUTE_COUNT; route++) {
		if (wanted[route] && !cover->uncovered[route])
			assert_int_equal(verdicts[route], LATCH_VERDICT_PASS);
		if (cover->uncovered[route])
			assert_int_equal(verdicts[route], LATCH_VERDICT_REFUSE);
		if (!always(route))
			assert_int_equal(cover->passed[route], verdicts[route] == LATCH_VERDICT_PASS);
	}
	for (size_t i = 0; i < count; i++) {
		bool missed = false;

		memcpy(fewer, names, i * sizeof(*names));
		memcpy(fewer + i, names + i + 1, (count - i - 1) * sizeof(*names));
		passed_by(fewer, count - 1, verdicts);
		for (int route = 0; route < ROUTE_COUNT; route++)
			missed |= wanted[route] && !cover->uncovered[route] &&
				  verdicts[route] != LATCH_VERDICT_PASS;
		assert_true(missed);
	}
}

#define WANT(...)                                                                                  \
	((const int[]){__VA_ARGS__, ROUTE_NONE})
#define NAMES(...)                                                                                 \
	((const char *const[]){__VA_ARGS__, NULL})

static void assert_cover(const int *routes, const char *const *expected)
{
	bool wanted[ROUTE_COUNT] = {false};
	struct command_cover cover;
	size_t count = 0;

	for (; *routes != ROUTE_NONE; routes++)
		wanted[*routes] = true;
	command_cover(wanted, &cover);
	assert_true(cover.smallest);
	assert_is_minimal(wanted, &cover);
	for (; expected[count]; count++) {
		bool found = false;

		for (size_t i = 0; i < cover.count; i++)
			found |= !strcmp(cover.commands[i]->names[0], expected[count]);
		if (!found)
			fail_msg("\"%s\" is missing", expected[count]);
	}
	assert_int_equal(cover.count, count);
}

static void what_docker_run_sends_is_run(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_CONTAINER_CREATE, ROUTE_CONTAINER_ATTACH, ROUTE_CONTAINER_WAIT,
			     ROUTE_CONTAINER_START),
		NAMES("run"));
}

static void a_list_of_containers_is_ps_and_not_what_needs_it(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_CONTAINER_LIST), NAMES("ps"));
}

static void a_request_that_is_no_command_brings_the_one_that_needs_it(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_EXEC_CREATE, ROUTE_EXEC_START, ROUTE_EXEC_RESIZE), NAMES("exec"));
	assert_cover(WANT(ROUTE_EXEC_RESIZE), NAMES("exec"));
}

/* inspect would be one entry instead of two, and would pass eight more kinds of object. */
static void what_was_not_asked_for_weighs_more_than_an_entry(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_IMAGE_INSPECT, ROUTE_NETWORK_INSPECT),
		NAMES("image inspect", "network inspect"));
}

/* container inspect and port are the same request: the first of the table. */
static void of_two_names_for_a_request_the_first_counts(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_CONTAINER_INSPECT), NAMES("container inspect"));
}

/* exec needs the inspection: an entry for it would be one too many. */
static void what_a_chosen_command_needs_is_no_entry(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_EXEC_CREATE, ROUTE_EXEC_START, ROUTE_CONTAINER_INSPECT), NAMES("exec"));
}

/* buildx stop needs both, and is none of them: it would be one entry instead of two. */
static void a_command_that_sends_nothing_is_no_entry(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_CONTAINER_INSPECT, ROUTE_CONTAINER_STOP),
		NAMES("container inspect", "stop"));
}

static void a_push_is_only_there_when_one_was_seen(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_IMAGE_PUSH), NAMES("push"));
	assert_cover(WANT(ROUTE_BUILD_GRPC, ROUTE_CALL_SOLVE, ROUTE_CALL_STATUS, ROUTE_CALL_SESSION),
		NAMES("build"));
}

static void what_always_passes_needs_nobody(void **state)
{
	(void)state;
	assert_cover(WANT(ROUTE_PING, ROUTE_VERSION, ROUTE_PING_HEAD), NAMES(NULL));
}

static void what_no_command_sends_is_said_to_be_left(void **state)
{
	bool wanted[ROUTE_COUNT] = {[ROUTE_DEBUG_VARS] = true, [ROUTE_CONTAINER_LIST] = true};
	struct command_cover cover;

	(void)state;
	command_cover(wanted, &cover);
	assert_int_equal(cover.count, 1);
	assert_true(cover.uncovered[ROUTE_DEBUG_VARS]);
	assert_false(cover.uncovered[ROUTE_CONTAINER_LIST]);
}

/* ---- against a search of everything ---- */

struct measure {
	unsigned int changing, excess, entries;
};

static bool reads(int route)
{
	return !strcmp(route_get(route)->method, "GET") || !strcmp(route_get(route)->method, "HEAD");
}

static bool is_less(const struct measure *one, const struct measure *other)
{
	if (one->changing != other->changing)
		return one->changing < other->changing;
	if (one->excess != other->excess)
		return one->excess < other->excess;
	return one->entries < other->entries;
}

static struct measure measure_of(
	const bool *wanted, const unsigned char *verdicts, unsigned int entries)
{
	struct measure measure = {.entries = entries};

	for (int route = 0; route < ROUTE_COUNT; route++) {
		if (always(route) || wanted[route] || verdicts[route] != LATCH_VERDICT_PASS)
			continue;
		measure.excess++;
		measure.changing += !reads(route);
	}
	return measure;
}

/* Of every list of at most `size` commands that passes all that is wanted, the least measure. */
static void try_all(const bool *wanted, size_t from, const char **names, size_t count, size_t size,
	struct measure *best)
{
	unsigned char verdicts[ROUTE_COUNT];
	bool missed = false;

	passed_by(names, count, verdicts);
	for (int route = 0; route < ROUTE_COUNT; route++)
		missed |= wanted[route] && verdicts[route] != LATCH_VERDICT_PASS;
	if (!missed) {
		struct measure measure = measure_of(wanted, verdicts, count);

		if (is_less(&measure, best))
			*best = measure;
	}
	if (count == size)
		return;
	for (size_t i = from; i < command_count(); i++) {
		if (command_get(i)->support == COMMAND_UNSUPPORTED ||
			command_get(i)->support == COMMAND_SILENT)
			continue;
		names[count] = command_get(i)->names[0];
		try_all(wanted, i + 1, names, count + 1, size, best);
	}
}

/* Two routes need two commands at most: every pair of commands is tried for each pair of routes. */
static void no_list_of_two_is_smaller(void **state)
{
	unsigned int seed = 7;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct measure best = {UINT32_MAX, 0, 0}, found;
		bool wanted[ROUTE_COUNT] = {false}, left = false;
		const char *names[COVER_MAX];
		unsigned char verdicts[ROUTE_COUNT];
		struct command_cover cover;

		wanted[rand_r(&seed) % ROUTE_COUNT] = true;
		wanted[rand_r(&seed) % ROUTE_COUNT] = true;
		command_cover(wanted, &cover);
		for (int route = 0; route < ROUTE_COUNT; route++)
			left |= cover.uncovered[route];
		if (left) {
			i--;
			continue;
		}
		try_all(wanted, 0, names, 0, 2, &best);
		passed_by(names, names_of(&cover, names), verdicts);
		found = measure_of(wanted, verdicts, cover.count);
		assert_false(is_less(&best, &found));
		assert_false(is_less(&found, &best));
	}
}

/* Whatever is wanted, up to everything at once. */
static void every_cover_is_minimal_by_the_compiler(void **state)
{
	unsigned int seed = 11;

	(void)state;
	for (int i = 0; i < 60; i++) {
		bool wanted[ROUTE_COUNT] = {false};
		int share = 1 + 5 * i % 100;
		struct command_cover cover;

		for (int route = 0; route < ROUTE_COUNT; route++)
			wanted[route] = (int)(rand_r(&seed) % 100) < share;
		command_cover(wanted, &cover);
		assert_true(cover.smallest);
		assert_is_minimal(wanted, &cover);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_docker_run_sends_is_run),
		cmocka_unit_test(a_list_of_containers_is_ps_and_not_what_needs_it),
		cmocka_unit_test(a_request_that_is_no_command_brings_the_one_that_needs_it),
		cmocka_unit_test(what_was_not_asked_for_weighs_more_than_an_entry),
		cmocka_unit_test(of_two_names_for_a_request_the_first_counts),
		cmocka_unit_test(what_a_chosen_command_needs_is_no_entry),
		cmocka_unit_test(a_command_that_sends_nothing_is_no_entry),
		cmocka_unit_test(a_push_is_only_there_when_one_was_seen),
		cmocka_unit_test(what_always_passes_needs_nobody),
		cmocka_unit_test(what_no_command_sends_is_said_to_be_left),
		cmocka_unit_test(no_list_of_two_is_smaller),
		cmocka_unit_test(every_cover_is_minimal_by_the_compiler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
