// SPDX-License-Identifier: Apache-2.0
/*
 * Ways to an engine that have no file: a process that is called dockerd has some, and others have them too.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "other_listeners.h"

struct engine {
	pid_t pid;
	int port;
	char name[64]; /* of the abstract socket, with an @ in the place of the NUL */
};

static int tcp_listener(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1) ||
		getsockname(fd, (struct sockaddr *)&address, &size))
		return -1;
	*port = ntohs(address.sin_port);
	return fd;
}

static int abstract_listener(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, name, strlen(name));
	address.sun_path[0] = 0;
	return bind(fd, (struct sockaddr *)&address,
		       offsetof(struct sockaddr_un, sun_path) + strlen(name)) ||
			       listen(fd, 1) ?
		-1 :
		fd;
}

/* A child of the name `comm` with the listeners, which only it has. */
static void start(struct engine *engine, const char *comm, const char *abstract)
{
	int ready[2];

	assert_int_equal(pipe(ready), 0);
	snprintf(engine->name, sizeof(engine->name), "@%s-%d", abstract, getpid());
	engine->pid = fork();
	if (engine->pid == 0) {
		int port = 0;
		bool failed;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		failed = tcp_listener(&port) < 0 || abstract_listener(engine->name) < 0;
		if (failed || write(ready[1], &port, sizeof(port)) != sizeof(port))
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &engine->port, sizeof(engine->port)), sizeof(engine->port));
	close(ready[0]);
	close(ready[1]);
}

static void stop(const struct engine *engine)
{
	kill(engine->pid, SIGKILL);
	waitpid(engine->pid, NULL, 0);
}

static void a_dockerd_that_listens_elsewhere_is_found_with_where(void **state)
{
	struct engine engine;
	char text[4096], port[32];

	(void)state;
	start(&engine, "dockerd", "other-listeners");
	assert_true(other_listeners(text, sizeof(text)) >= 2);
	snprintf(port, sizeof(port), "tcp port %d", engine.port);
	assert_non_null(strstr(text, port));
	assert_non_null(strstr(text, engine.name));
	stop(&engine);
	other_listeners(text, sizeof(text));
	assert_null(strstr(text, engine.name));
}

static void another_program_that_listens_is_none_of_the_engine(void **state)
{
	struct engine other;
	char text[4096], port[32];

	(void)state;
	start(&other, "dockerd2", "other-program");
	assert_true(other_listeners(text, sizeof(text)) >= 0);
	snprintf(port, sizeof(port), "tcp port %d", other.port);
	assert_null(strstr(text, port));
	assert_null(strstr(text, other.name));
	stop(&other);
}

static void a_name_that_a_terminal_would_obey_is_not_shown(void **state)
{
	struct engine engine;
	char text[4096];

	(void)state;
	start(&engine, "dockerd", "\x1b[2J");
	other_listeners(text, sizeof(text));
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "@?[2J-"));
	stop(&engine);
}

static void a_short_buffer_is_filled_and_no_more(void **state)
{
	struct engine engine;
	char text[8];

	(void)state;
	start(&engine, "dockerd", "short");
	assert_true(other_listeners(text, sizeof(text)) >= 2);
	assert_true(strlen(text) < sizeof(text));
	stop(&engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dockerd_that_listens_elsewhere_is_found_with_where),
		cmocka_unit_test(another_program_that_listens_is_none_of_the_engine),
		cmocka_unit_test(a_name_that_a_terminal_would_obey_is_not_shown),
		cmocka_unit_test(a_short_buffer_is_filled_and_no_more),
	};

	return cmocka_run_group_tests_name("other ways to the engine", tests, NULL, NULL);
}
