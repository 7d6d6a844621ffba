// SPDX-License-Identifier: Apache-2.0
/*
 * fdinfo has i_ino and the mount of a descriptor (fs/proc/fd.c, since 5.14), mountinfo the device of the
 * superblock of each mount (fs/proc_namespace.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel_inode.h"
#include "maps_guarded.h"
#include "mountinfo.h"
#include "util.h"

static int read_fdinfo(int fd, __u64 *ino, int *mount)
{
	char path[64], line[256];
	unsigned long long number;
	bool has_ino = false, has_mount = false;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	stream = fopen(path, "re");
	if (!stream)
		return -errno;
	while (fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "mnt_id: %d", mount) == 1)
			has_mount = true;
		else if (sscanf(line, "ino: %llu", &number) == 1)
			has_ino = true;
	}
	fclose(stream);
	if (!has_ino || !has_mount)
		return -ENOTSUP;
	*ino = number;
	return 0;
}

int kernel_inode_of(const char *path, struct latch_inode *inode)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct mountinfo row;
	int mount, r;

	*inode = (struct latch_inode){0};
	if (fd < 0)
		return -errno;
	r = read_fdinfo(fd, &inode->ino, &mount);
	if (!r)
		r = mountinfo_find(mount, &row);
	if (!r)
		inode->dev = maps_device_of(row.major, row.minor);
	return r;
}
