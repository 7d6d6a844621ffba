// SPDX-License-Identifier: Apache-2.0
/*
 * Which paths are the host's own, by every spelling and detour that a create could use. What is not is
 * made below /tmp or /var/tmp, whichever this test's folder is in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host_files.h"
#include "util.h"

struct place {
	char folder[64];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->folder, "/tmp/test_host_files.XXXXXX");
	*state = place;
	return mkdtemp(place->folder) ? 0 : -1;
}

/* By name alone: what a failed test has left behind makes this fail, and is not followed. */
static int remove_place(void **state)
{
	struct place *place = *state;
	int r = rmdir(place->folder);

	free(place);
	return r;
}

static void check(const char *path, bool own)
{
	if (host_files_own(path, NULL) != own)
		fail_msg("%s %s the host's own", path, own ? "is not" : "is");
}

static void the_system_and_what_is_above_it_is_the_hosts(void **state)
{
	static const char *const own[] = {"/", "//", "/.", "/etc", "/etc/", "/etc/passwd", "/var", "/var/lib",
		"/var/lib/docker", "/var/lib/latch/grants", "/usr/bin", "/proc", "/proc/sys/kernel/core_pattern",
		"/sys/fs/cgroup", "/dev", "/dev/null", "/run", "/var/run", "/run/latch/engine.sock", "/root",
		"/etc/not/there/yet", "/var/lib/docker/volumes/x/_data", "relative", ""};
	static const char *const others[] = {"/tmp", "/tmp/", "/var/tmp", "/home", "/srv", "/dev/shm", "/not/there",
		"/tmp/not/there", "/var/lib/an-application"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		check(own[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		check(others[i], false);
}

static void spellings_are_read_as_the_engine_reads_them(void **state)
{
	static const char *const own[] = {"/tmp/../etc", "/tmp/x/../../etc", "//etc", "/./etc/.", "/tmp//../etc//passwd",
		"/../etc", "/tmp/..", "/proc/self/root/etc", "/proc/self/root", "/proc/self/root/tmp", "/proc/self/cwd/../../../../../../etc"};
	static const char *const others[] = {"/etc/../tmp", "/../tmp", "/etc/x/../../tmp"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		check(own[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		check(others[i], false);
}

static void links_lead_where_they_lead(void **state)
{
	const struct place *place = *state;
	char link[128], below[160];

	snprintf(link, sizeof(link), "%s/link", place->folder);
	snprintf(below, sizeof(below), "%s/cron.d/new", link);
	assert_int_equal(symlink("/etc", link), 0);
	check(link, true);
	check(below, true);
	unlink(link);
	assert_int_equal(symlink("/tmp", link), 0);
	check(link, false);
	check(below, false);
	unlink(link);
	/* One that leads nowhere: the engine would make nothing there, and its folder counts. */
	assert_int_equal(symlink("/not/there", link), 0);
	check(link, false);
	unlink(link);
	/* One that never ends cannot be looked at. */
	assert_int_equal(symlink(link, link), 0);
	check(link, true);
	unlink(link);
	/* A file by a link: the folder that it is in counts. */
	assert_int_equal(symlink("/etc/passwd", link), 0);
	check(link, true);
	unlink(link);
}

/* Binds read-only, so that whatever goes wrong, nothing is lost through it. False: not mounted. */
static bool bind_read_only(const char *folder, const char *mounted)
{
	return !mount(folder, mounted, NULL, MS_BIND, NULL) &&
	       !mount(NULL, mounted, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

/* In a mount namespace that nobody else is in. The exit status: 0 all is well, 77 nothing can be mounted. */
static void look_at_mounts(const char *mounted, const char *below)
{
	if (geteuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		!bind_read_only("/etc", mounted))
		_exit(77);
	if (!host_files_own(mounted, NULL) || !host_files_own(below, NULL))
		_exit(1);
	umount(mounted);
	if (!bind_read_only("/", mounted))
		_exit(77);
	_exit(host_files_own(mounted, NULL) ? 0 : 2);
}

static void mounts_in_other_places_are_the_same_folders(void **state)
{
	const struct place *place = *state;
	char mounted[128], below[160];
	int status;
	pid_t child;

	snprintf(mounted, sizeof(mounted), "%s/mounted", place->folder);
	snprintf(below, sizeof(below), "%s/some/thing", mounted);
	assert_int_equal(mkdir(mounted, 0700), 0);
	child = fork();
	if (child == 0)
		look_at_mounts(mounted, below);
	assert_int_equal(waitpid(child, &status, 0), child);
	check(mounted, false); /* the mounts ended with the child */
	assert_int_equal(rmdir(mounted), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("mounts cannot be made here: run as root\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_engines_state_is_where_it_says(void **state)
{
	const struct place *place = *state;
	char below[128];

	snprintf(below, sizeof(below), "%s/volumes/x", place->folder);
	assert_true(host_files_own(place->folder, place->folder));
	assert_true(host_files_own(below, place->folder));
	assert_true(host_files_own("/tmp", place->folder));
	assert_false(host_files_own("/var/tmp", place->folder));
}

static void paths_that_are_too_long_are_refused(void **state)
{
	char path[2 * PATH_MAX];

	(void)state;
	memset(path, 'a', sizeof(path));
	memcpy(path, "/tmp/", 5);
	path[sizeof(path) - 1] = '\0';
	check(path, true);
	for (size_t i = 4; i < sizeof(path) - 1; i++)
		path[i] = '/';
	check(path, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_system_and_what_is_above_it_is_the_hosts),
		cmocka_unit_test(spellings_are_read_as_the_engine_reads_them),
		cmocka_unit_test(links_lead_where_they_lead),
		cmocka_unit_test(mounts_in_other_places_are_the_same_folders),
		cmocka_unit_test(the_engines_state_is_where_it_says),
		cmocka_unit_test(paths_that_are_too_long_are_refused),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
