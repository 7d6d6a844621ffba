// SPDX-License-Identifier: Apache-2.0
/*
 * A file as the kernel programs know it. On tmpfs stat(2) tells the same, so there it is what to compare with.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel_inode.h"

static char folder[] = "/dev/shm/test_kernel_inode.XXXXXX";
static char file[64], link_name[64];

static int make(void **state)
{
	FILE *stream;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(link_name, sizeof(link_name), "%s/link", folder);
	stream = fopen(file, "w");
	return !stream || fclose(stream) || symlink(file, link_name);
}

static int clean(void **state)
{
	(void)state;
	unlink(file);
	unlink(link_name);
	return rmdir(folder);
}

static void is_as_lstat_says(const char *path)
{
	struct latch_inode inode;
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	assert_int_equal(kernel_inode_of(path, &inode), 0);
	assert_int_equal(inode.ino, status.st_ino);
	assert_int_equal(inode.dev, major(status.st_dev) << 20 | minor(status.st_dev));
	assert_int_equal(inode.reserved, 0);
}

static void a_file_and_a_folder_are_known_by_device_and_number(void **state)
{
	(void)state;
	is_as_lstat_says(file);
	is_as_lstat_says(folder);
}

static void a_symbolic_link_is_itself_and_not_what_it_leads_to(void **state)
{
	struct latch_inode of_link, of_file;

	(void)state;
	is_as_lstat_says(link_name);
	assert_int_equal(kernel_inode_of(link_name, &of_link), 0);
	assert_int_equal(kernel_inode_of(file, &of_file), 0);
	assert_memory_not_equal(&of_link, &of_file, sizeof(of_link));
}

static void another_file_system_is_another_device(void **state)
{
	struct latch_inode one, other;

	(void)state;
	assert_int_equal(kernel_inode_of(file, &one), 0);
	assert_int_equal(kernel_inode_of("/proc/self", &other), 0);
	assert_int_not_equal(one.dev, other.dev);
}

static void what_is_not_there_is_not_there(void **state)
{
	struct latch_inode inode;

	(void)state;
	assert_int_equal(kernel_inode_of("/dev/shm/test_kernel_inode/no", &inode), -ENOENT);
	assert_int_equal(kernel_inode_of("/proc/self/cmdline/no", &inode), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_and_a_folder_are_known_by_device_and_number),
		cmocka_unit_test(a_symbolic_link_is_itself_and_not_what_it_leads_to),
		cmocka_unit_test(another_file_system_is_another_device),
		cmocka_unit_test(what_is_not_there_is_not_there),
	};

	return cmocka_run_group_tests_name("a file as the kernel knows it", tests, make, clean);
}
