// SPDX-License-Identifier: Apache-2.0
/* Whether a listener sees this process's files: one here, one with other mounts, one with another root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "engine_view.h"
#include "util.h"

enum place {
	HERE,
	OTHER_MOUNTS,
	OTHER_ROOT,
};

/* The child listens, says so through the pipe ('y', or 'n' where it cannot go there), and waits. */
static void listen_there(const char *path, enum place place, int ready)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char said = 'y';

	COPY_STRING(address.sun_path, path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		said = 'n';
	if (place == OTHER_MOUNTS && unshare(CLONE_NEWNS))
		said = 'n';
	if (place == OTHER_ROOT && chroot("/tmp"))
		said = 'n';
	if (listen(fd, 1))
		said = 'n';
	if (write(ready, &said, 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

static bool is_ours(const char *path, enum place place, bool *possible)
{
	int ready[2], status;
	char said = 'n';
	pid_t child;
	bool ours;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0)
		listen_there(path, place, ready[1]);
	assert_int_equal(read(ready[0], &said, 1), 1);
	*possible = said == 'y';
	ours = engine_view_is_ours(path);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	unlink(path);
	close(ready[0]);
	close(ready[1]);
	return ours;
}

static void an_engine_with_other_files_is_told_from_one_with_ours(void **state)
{
	char path[64];
	bool possible;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/latch-view-%d.sock", getpid());
	assert_true(is_ours(path, HERE, &possible) && possible);
	for (int place = OTHER_MOUNTS; place <= OTHER_ROOT; place++) {
		bool ours = is_ours(path, place, &possible);

		if (!possible) {
			print_message("no mounts of its own for a process here: run as root\n");
			skip();
		}
		assert_false(ours);
	}
}

static void where_nobody_listens_nothing_is_ours(void **state)
{
	(void)state;
	assert_false(engine_view_is_ours("/tmp/there-is-no-such-socket"));
	assert_false(engine_view_is_ours("/etc/passwd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_with_other_files_is_told_from_one_with_ours),
		cmocka_unit_test(where_nobody_listens_nothing_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
