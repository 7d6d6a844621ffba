// SPDX-License-Identifier: Apache-2.0
/*
 * How latchctl reads logs: every line once and in order, over rotations that happen meanwhile; and what it
 * takes for a moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utime.h>
#include <cmocka.h>

#include "audit_files.h"
#include "audit_rotation.h"
#include "audit_since.h"
#include "util.h"

static char folder[64], path[128], old[3][160];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_audit_read.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	for (int i = 0; i < 3; i++)
		snprintf(old[i], sizeof(old[i]), "%s.%d", path, i + 1);
	return 0;
}

static int tear_down(void **state)
{
	char command[160];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void append(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void rotate(void)
{
	assert_int_equal(audit_rotate(path, 3), 0);
}

/* All lines that there are now, without their ends. */
static void lines_are(struct audit_files *files, const char *expected)
{
	char found[256] = "";
	const char *line;

	while ((line = audit_files_next(files)))
		strncat(found, line, strcspn(line, "\n"));
	assert_string_equal(found, expected);
}

static void the_oldest_comes_first(void **state)
{
	struct audit_files files;

	(void)state;
	append(old[1], "a\nb\n");
	append(old[0], "c\n");
	append(path, "d\ne\n");
	assert_int_equal(audit_files_open(&files, path, 0), 0);
	lines_are(&files, "abcde");
	audit_files_close(&files);
}

static void logs_from_before_are_left_out(void **state)
{
	struct utimbuf before = { 1000, 1000 };
	struct audit_files files;

	(void)state;
	append(old[1], "a\n");
	append(old[0], "b\n");
	append(path, "c\n");
	assert_int_equal(utime(old[1], &before), 0);
	assert_int_equal(audit_files_open(&files, path, 2000), 0);
	lines_are(&files, "bc");
	audit_files_close(&files);
}

static void without_a_log_it_says_so(void **state)
{
	struct audit_files files;

	(void)state;
	assert_int_equal(audit_files_open(&files, path, 0), -ENOENT);
}

static void a_line_that_is_being_written_waits_for_its_end(void **state)
{
	struct audit_files files;

	(void)state;
	append(path, "a\nb");
	assert_int_equal(audit_files_open(&files, path, 0), 0);
	lines_are(&files, "a");
	append(path, "c\n");
	lines_are(&files, "bc");
	audit_files_close(&files);
}

/* Writes numbers, two in a log, as fast as it can without being more than ten logs ahead of who reads. */
static void write_and_rotate(volatile const int *read, int count)
{
	char line[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody else would end its waiting */
	for (int i = 0; i < count; i++) {
		while (i - *read > 20)
			sched_yield();
		if (i && i % 2 == 0 && audit_rotate(path, 20))
			_exit(1);
		snprintf(line, sizeof(line), "%d\n", i);
		append(path, line);
	}
	_exit(0);
}

static void a_rotation_in_the_middle_of_a_look_loses_nothing(void **state)
{
	const int count = 4000;
	int *read = mmap(NULL, sizeof(*read), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct audit_files files;
	const char *line;
	pid_t writer;
	int status;

	(void)state;
	assert_ptr_not_equal(read, MAP_FAILED);
	append(path, "");
	assert_int_equal(audit_files_open(&files, path, 0), 0);
	writer = fork();
	assert_true(writer >= 0);
	if (!writer)
		write_and_rotate(read, count);
	alarm(120); /* a writer that ended early */
	while (*read < count) {
		line = audit_files_next(&files);
		if (line && atoi(line) != *read) {
			kill(writer, SIGKILL);
			fail_msg("read %s where %d is next", line, *read);
		}
		*read += line != NULL;
	}
	alarm(0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	assert_null(audit_files_next(&files));
	audit_files_close(&files);
	munmap(read, sizeof(*read));
}

static void it_follows_over_rotations(void **state)
{
	struct audit_files files;
	char elsewhere[160];

	(void)state;
	append(path, "a\n");
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	assert_int_equal(audit_files_open(&files, path, 0), 0);
	lines_are(&files, "a");
	append(path, "b\n"); /* not read when it is moved */
	rotate();
	lines_are(&files, "b"); /* and there is no other yet */
	append(path, "c\n");
	lines_are(&files, "c");
	/* Two at once, between two looks. */
	append(path, "d\n");
	rotate();
	append(path, "e\n");
	rotate();
	append(path, "f\n");
	lines_are(&files, "def");
	/* Moved away by somebody else, and removed. */
	append(path, "g\n");
	assert_int_equal(rename(path, elsewhere), 0);
	append(path, "h\n");
	lines_are(&files, "gh");
	unlink(path);
	append(path, "i\n");
	lines_are(&files, "i");
	audit_files_close(&files);
}

static void a_moment_is_read_as_people_write_it(void **state)
{
	static const struct { const char *text; const char *moment; } good[] = {
		{ "90s", "2026-11-25T19:37:03.000000Z" },
		{ "10m", "2026-11-25T19:28:33.000000Z" },
		{ "2h", "2026-11-25T17:38:33.000000Z" },
		{ "7d", "2026-11-18T19:38:33.000000Z" },
		{ "2026-11-25T19:38:33Z", "2026-11-25T19:38:33.000000Z" },
		{ "2026-11-25 19:38:33.5Z", "2026-11-25T19:38:33.500000Z" },
		{ "2026-11-25T19:38:33.034567+01:30", "2026-11-25T18:08:33.034567Z" },
		{ "2026-11-25T19:38:33-02:00", "2026-11-25T21:38:33.000000Z" },
		{ "2026-11-25T19:38:33", "2026-11-25T19:38:33.000000Z" },
		{ "2026-11-25", "2026-11-25T00:00:00.000000Z" },
	};
	static const char *const bad[] = { "", "10", "m", "-10m", "10x", "10mm", "1 m", "2026-11-25T19:38:33 ",
		"2026-11-25T19:38Z", "2026-11-25T19:38:33+1:30", "2026-11-25T19:38:33+01:30x",
		"2026-02-30T00:00:00Z", "2026-13-01", "yesterday", "2026-11-25T19:38:33.Z",
		"2026-11-25T19:38:33+-1:30", "99999999999d" };
	struct timespec since;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char text[32];

		/* 2026-11-25T19:38:33Z */
		if (!audit_since_parse(good[i].text, 1795635513, &since))
			fail_msg("\"%s\" was not taken", good[i].text);
		audit_since_print(&since, text);
		assert_string_equal(text, good[i].moment);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (audit_since_parse(bad[i], 1795635513, &since))
			fail_msg("\"%s\" was taken", bad[i]);
}

#define ON_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_FILES(the_oldest_comes_first),
		ON_FILES(logs_from_before_are_left_out),
		ON_FILES(without_a_log_it_says_so),
		ON_FILES(a_line_that_is_being_written_waits_for_its_end),
		ON_FILES(it_follows_over_rotations),
		ON_FILES(a_rotation_in_the_middle_of_a_look_loses_nothing),
		cmocka_unit_test(a_moment_is_read_as_people_write_it),
	};

	return cmocka_run_group_tests_name("audit read", tests, NULL, NULL);
}
