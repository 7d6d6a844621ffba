// SPDX-License-Identifier: Apache-2.0
/*
 * Looks at files: each is answered once, whatever becomes of its child, and none holds up another.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "looks.h"
#include "util.h"

struct answer {
	unsigned int count;
	int result;
};

static void on_done(int result, void *context)
{
	struct answer *answer = context;

	answer->count++;
	answer->result = result;
}

static int twice(const void *what)
{
	return 2 * *(const int *)what;
}

static int never(const void *what)
{
	(void)what;
	while (true)
		pause();
	return 0;
}

static int die(const void *what)
{
	raise(*(const int *)what);
	return 0;
}

/* What a SIGTERM would be to it that ends all of latch: the handler is the loop's, and not the child's. */
static int send_terminate(const void *what)
{
	(void)what;
	return raise(SIGTERM);
}

struct bench {
	uv_loop_t loop;
	struct looks *looks;
	uv_signal_t terminate;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	uv_loop_init(&bench->loop);
	bench->looks = looks_new(&bench->loop);
	*state = bench;
	return 0;
}

/* Nothing of it is left: no handle, no child. */
static int tear_down(void **state)
{
	struct bench *bench = *state;
	int left;

	looks_free(bench->looks);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	left = uv_loop_close(&bench->loop);
	while (waitpid(-1, NULL, 0) > 0)
		; /* one that was ended a moment ago may not be over yet: it is, or this waits for ever */
	free(bench);
	return left;
}

static void run_until(struct bench *bench, const struct answer *answer)
{
	while (!answer->count)
		uv_run(&bench->loop, UV_RUN_ONCE);
}

static void a_look_gives_what_it_returned(void **state)
{
	struct bench *bench = *state;
	struct answer answer = {};
	int number = -21;

	assert_int_equal(looks_begin(bench->looks, twice, &number, on_done, &answer), 0);
	number = 0; /* the child has a copy */
	assert_int_equal(answer.count, 0);
	run_until(bench, &answer);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.result, -42);
}

static void one_that_never_returns_is_over_in_its_time_and_holds_up_nobody(void **state)
{
	struct bench *bench = *state;
	struct answer answer = {}, other = {};
	const int number = 4;
	uint64_t began = uv_now(&bench->loop);

	assert_int_equal(looks_begin(bench->looks, never, NULL, on_done, &answer), 0);
	assert_int_equal(looks_begin(bench->looks, twice, &number, on_done, &other), 0);
	run_until(bench, &other);
	assert_int_equal(other.result, 8);
	assert_int_equal(answer.count, 0);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.result, -ETIMEDOUT);
	assert_true(uv_now(&bench->loop) - began >= 5000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* it was ended, and reaped */
	assert_int_equal(errno, ECHILD);
}

static void one_that_dies_is_an_error(void **state)
{
	static const int signals[] = { SIGKILL, SIGSTOP };
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct answer answer = {};

		assert_int_equal(looks_begin(bench->looks, die, &signals[i], on_done, &answer), 0);
		run_until(bench, &answer);
		assert_int_equal(answer.result, signals[i] == SIGKILL ? -EIO : -ETIMEDOUT);
	}
}

static void on_terminate(uv_signal_t *signal, int number)
{
	(void)number;
	signal->data = signal;
}

static void a_signal_to_a_child_is_none_to_latchd(void **state)
{
	struct bench *bench = *state;
	struct answer answer = {};

	uv_signal_init(&bench->loop, &bench->terminate);
	uv_signal_start(&bench->terminate, on_terminate, SIGTERM);
	assert_int_equal(looks_begin(bench->looks, send_terminate, NULL, on_done, &answer), 0);
	run_until(bench, &answer);
	uv_run(&bench->loop, UV_RUN_NOWAIT);
	assert_int_equal(answer.result, 0);
	assert_null(bench->terminate.data);
	raise(SIGTERM); /* the handler is there: this process hears its own */
	while (!bench->terminate.data)
		uv_run(&bench->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&bench->terminate, NULL);
}

static void too_many_are_refused_until_one_is_over(void **state)
{
	struct bench *bench = *state;
	struct answer stalled = {}, answer = {};
	const int number = 1;
	unsigned int begun = 0;
	int r;

	while (!(r = looks_begin(bench->looks, never, NULL, on_done, &stalled)))
		begun++;
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(begun, 256);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(stalled.count, begun);
	assert_int_equal(looks_begin(bench->looks, twice, &number, on_done, &answer), 0);
	run_until(bench, &answer);
	assert_int_equal(answer.result, 2);
}

static void freeing_answers_what_is_outstanding(void **state)
{
	struct bench *bench = *state;
	struct answer answers[3] = {};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		assert_int_equal(looks_begin(bench->looks, never, NULL, on_done, &answers[i]), 0);
	looks_free(TAKE_PTR(bench->looks));
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		assert_int_equal(answers[i].count, 1);
		assert_int_equal(answers[i].result, -ECANCELED);
	}
}

#define ON_A_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_LOOP(a_look_gives_what_it_returned),
		ON_A_LOOP(one_that_never_returns_is_over_in_its_time_and_holds_up_nobody),
		ON_A_LOOP(one_that_dies_is_an_error),
		ON_A_LOOP(a_signal_to_a_child_is_none_to_latchd),
		ON_A_LOOP(too_many_are_refused_until_one_is_over),
		ON_A_LOOP(freeing_answers_what_is_outstanding),
	};

	return cmocka_run_group_tests_name("looks", tests, NULL, NULL);
}
