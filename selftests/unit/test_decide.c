// SPDX-License-Identifier: Apache-2.0
/*
 * Who may do what, with the maps replaced by a struct.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../userspace/mediator/decide.h"

/* First the source, so that a pointer to it is one to this. */
struct maps {
	struct subject_source source;
	struct latch_state state;
	int state_error;
	int verdict_error;
	__u32 tag_now; /* of every scope */
	int tag_error;
	__u32 passing; /* the one index that passes */
};

static int get_state(const struct subject_source *source, struct latch_state *state)
{
	const struct maps *maps = (const struct maps *)source;

	*state = maps->state;
	return maps->state_error;
}

static int get_verdict(
	const struct subject_source *source, __u32 index, struct latch_verdict *verdict)
{
	const struct maps *maps = (const struct maps *)source;

	verdict->verdict = index == maps->passing ? LATCH_VERDICT_PASS : LATCH_VERDICT_REFUSE;
	return maps->verdict_error;
}

static int get_tag_now(const struct subject_source *source, __u64 scope, __u32 *tag)
{
	const struct maps *maps = (const struct maps *)source;

	(void)scope;
	*tag = maps->tag_now;
	return maps->tag_error;
}

static struct maps make_maps(void)
{
	return (struct maps){
		.source = {.state = get_state, .verdict = get_verdict, .tag_now = get_tag_now},
		.tag_now = LATCH_TAG_ALLOWED,
		.state = {.version = LATCH_ABI_VERSION, .mode = LATCH_MODE_ENFORCE},
		.passing = ROUTE_INFO,
	};
}

static struct route_match make_match(int id)
{
	return (struct route_match){.id = id, .path = "/x"};
}

static enum decision decide(const struct maps *maps, __u32 tag, int id)
{
	struct latch_conn label = {.tag = tag};
	struct route_match match = make_match(id);

	return decide_request(&maps->source, &label, &match);
}

static void the_host_passes_whatever_the_command_list_says(void **state)
{
	struct maps maps = make_maps();

	(void)state;
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_INFO), DECIDE_JUDGE);
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_IMAGE_PUSH), DECIDE_JUDGE);
}

static void an_allowed_container_passes_where_its_verdict_does(void **state)
{
	struct maps maps = make_maps();

	(void)state;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_JUDGE);
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_IMAGE_PUSH), DECIDE_COMMAND);
}

static void a_container_that_has_lost_its_grant_is_refused(void **state)
{
	struct maps maps = make_maps();

	(void)state;
	maps.tag_now = LATCH_TAG_CONTAINED;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_CLIENT);
	/* The host has no scope that could lose one. */
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_INFO), DECIDE_JUDGE);
	maps.tag_now = LATCH_TAG_ALLOWED;
	maps.tag_error = -ENOENT; /* the container is gone */
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_CLIENT);
}

static void the_verdict_is_that_of_the_generation_that_counts(void **state)
{
	struct maps maps = make_maps();

	(void)state;
	maps.state.generation = 1;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_COMMAND);
	maps.passing = LATCH_MAX_ROUTES + ROUTE_INFO;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_JUDGE);
	maps.state.generation = 2;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_NO_POLICY);
}

static void everybody_else_is_refused(void **state)
{
	static const __u32 tags[] = {LATCH_TAG_NONE, LATCH_TAG_CONTAINED, 4, 0xffffffff};
	struct route_match match = make_match(ROUTE_INFO);
	struct maps maps = make_maps();

	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_int_equal(decide(&maps, tags[i], ROUTE_PING), DECIDE_CLIENT);
	assert_int_equal(decide_request(&maps.source, NULL, &match), DECIDE_CLIENT);
	assert_int_equal(decide_client(&maps.source, NULL), DECIDE_CLIENT);
}

static void latch_itself_counts_as_what_its_tag_says(void **state)
{
	struct latch_conn label = {.tag = LATCH_TAG_CONTAINED, .self = 1};
	struct maps maps = make_maps();

	(void)state;
	assert_int_equal(decide_client(&maps.source, &label), DECIDE_CLIENT);
	label.tag = LATCH_TAG_HOST;
	assert_int_equal(decide_client(&maps.source, &label), DECIDE_JUDGE);
}

static void what_is_no_route_is_never_forwarded(void **state)
{
	struct route_match unreadable = {.id = ROUTE_NONE, .path = ""};
	struct latch_conn label = {.tag = LATCH_TAG_HOST};
	struct maps maps = make_maps();

	(void)state;
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_NONE), DECIDE_NO_ROUTE);
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_NONE), DECIDE_COMMAND);
	maps.passing = ROUTE_COUNT;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_COUNT), DECIDE_COMMAND);
	assert_int_equal(decide_request(&maps.source, &label, &unreadable), DECIDE_UNREADABLE);
	label.tag = LATCH_TAG_ALLOWED;
	assert_int_equal(decide_request(&maps.source, &label, &unreadable), DECIDE_COMMAND);
	maps.state.mode = LATCH_MODE_OFF;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_NONE), DECIDE_NO_ROUTE);
}

static void with_the_policy_off_every_route_passes_unjudged(void **state)
{
	struct route_match match = make_match(ROUTE_CONTAINER_CREATE);
	struct maps maps = make_maps();

	(void)state;
	maps.state.mode = LATCH_MODE_OFF;
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_CONTAINER_CREATE), DECIDE_PASS);
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_IMAGE_PUSH), DECIDE_PASS);
	assert_int_equal(decide(&maps, LATCH_TAG_CONTAINED, ROUTE_IMAGE_PUSH), DECIDE_PASS);
	assert_int_equal(decide_request(&maps.source, NULL, &match), DECIDE_PASS);
	/* any other mode enforces */
	maps.state.mode = 7;
	assert_int_equal(decide(&maps, LATCH_TAG_CONTAINED, ROUTE_INFO), DECIDE_CLIENT);
}

/* Audit mode: the decision is that of enforce mode, but what the command list says comes first. */
static void in_audit_mode_the_decision_is_the_same_and_is_to_be_noted(void **state)
{
	struct latch_conn contained = {.tag = LATCH_TAG_CONTAINED};
	struct maps maps = make_maps();

	(void)state;
	assert_false(decide_is_noting(&maps.source));
	maps.state.mode = LATCH_MODE_AUDIT;
	assert_true(decide_is_noting(&maps.source));
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_IMAGE_PUSH), DECIDE_JUDGE);
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_JUDGE);
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_IMAGE_PUSH), DECIDE_COMMAND);
	assert_int_equal(decide(&maps, LATCH_TAG_CONTAINED, ROUTE_INFO), DECIDE_CLIENT);
	assert_int_equal(decide(&maps, LATCH_TAG_CONTAINED, ROUTE_IMAGE_PUSH), DECIDE_COMMAND);
	/* nobody is turned away before a request says what is wanted */
	assert_int_equal(decide_client(&maps.source, &contained), DECIDE_JUDGE);
	assert_int_equal(decide_client(&maps.source, NULL), DECIDE_JUDGE);
	maps.tag_now = LATCH_TAG_CONTAINED;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_CLIENT);
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_IMAGE_PUSH), DECIDE_COMMAND);
	/* what cannot be read permits nothing, and notes nothing */
	maps.state_error = -EPERM;
	assert_false(decide_is_noting(&maps.source));
	assert_int_equal(decide(&maps, LATCH_TAG_CONTAINED, ROUTE_INFO), DECIDE_NO_POLICY);
	maps = make_maps();
	maps.state.mode = LATCH_MODE_AUDIT;
	maps.verdict_error = -ENOENT;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_NO_POLICY);
}

static void a_policy_that_cannot_be_read_lets_nobody_pass(void **state)
{
	struct maps maps = make_maps();

	(void)state;
	maps.verdict_error = -ENOENT;
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_NO_POLICY);
	maps = make_maps();
	maps.state_error = -EPERM;
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_INFO), DECIDE_NO_POLICY);
	assert_int_equal(decide(&maps, LATCH_TAG_ALLOWED, ROUTE_INFO), DECIDE_NO_POLICY);
	maps = make_maps();
	maps.state.version = LATCH_ABI_VERSION + 1;
	maps.state.mode = LATCH_MODE_OFF;
	assert_int_equal(decide(&maps, LATCH_TAG_HOST, ROUTE_INFO), DECIDE_NO_POLICY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_passes_whatever_the_command_list_says),
		cmocka_unit_test(an_allowed_container_passes_where_its_verdict_does),
		cmocka_unit_test(a_container_that_has_lost_its_grant_is_refused),
		cmocka_unit_test(the_verdict_is_that_of_the_generation_that_counts),
		cmocka_unit_test(everybody_else_is_refused),
		cmocka_unit_test(latch_itself_counts_as_what_its_tag_says),
		cmocka_unit_test(what_is_no_route_is_never_forwarded),
		cmocka_unit_test(with_the_policy_off_every_route_passes_unjudged),
		cmocka_unit_test(in_audit_mode_the_decision_is_the_same_and_is_to_be_noted),
		cmocka_unit_test(a_policy_that_cannot_be_read_lets_nobody_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
