// SPDX-License-Identifier: Apache-2.0
/* Who listens at a path, read off /proc: this process alone, together with a child, or somebody else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "activation.h"
#include "util.h"

static char path[64];

static int socket_at(const char *where, bool listens)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	COPY_STRING(address.sun_path, where);
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listens)
		assert_return_code(listen(fd, 1), 0);
	return fd;
}

static int set_up(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/latch-activation-%d", getpid());
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void a_listener_is_alone_until_another_process_has_it(void **state)
{
	int fd = socket_at(path, true);
	pid_t child;

	(void)state;
	/* Others' processes cannot be looked into by everybody; root can, as latchd is. */
	if (geteuid())
		skip();
	assert_true(activation_listens_alone(getpid(), path));
	child = fork();
	if (!child)
		for (;;)
			pause();
	assert_false(activation_listens_alone(getpid(), path));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(activation_listens_alone(getpid(), path));
	close(fd);
	assert_false(activation_listens_alone(getpid(), path));
}

static void a_socket_that_was_moved_counts_by_the_path_that_it_was_bound_to(void **state)
{
	int fd = socket_at(path, true);
	char moved[80];

	(void)state;
	if (geteuid())
		skip();
	snprintf(moved, sizeof(moved), "%s.moved", path);
	assert_return_code(rename(path, moved), 0);
	assert_true(activation_listens_alone(getpid(), path));
	assert_false(activation_listens_alone(getpid(), moved));
	unlink(moved);
	close(fd);
}

static void a_socket_that_does_not_listen_is_none(void **state)
{
	int fd = socket_at(path, false);

	(void)state;
	assert_false(activation_listens_alone(getpid(), path));
	close(fd);
}

static void what_pid_1_does_not_have_is_not_dormant(void **state)
{
	int fd = socket_at(path, true);

	(void)state;
	assert_false(activation_is_dormant(path));
	assert_false(activation_is_dormant("/nonexistent"));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_listener_is_alone_until_another_process_has_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_socket_that_was_moved_counts_by_the_path_that_it_was_bound_to, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_socket_that_does_not_listen_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_pid_1_does_not_have_is_not_dormant, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
