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

static int read_mountinfo(int mount, __u32 *device)
{
	FILE *stream = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	int r = -ESTALE; /* the mount went while we looked */

	if (!stream)
		return -errno;
	while (r < 0 && getline(&line, &size, stream) > 0) {
		unsigned int major, minor;
		int id;

		if (sscanf(line, "%d %*d %u:%u", &id, &major, &minor) != 3 || id != mount)
			continue;
		*device = major << 20 | minor;
		r = 0;
	}
	free(line);
	fclose(stream);
	return r;
}

int kernel_inode_of(const char *path, struct latch_inode *inode)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int mount, r;

	*inode = (struct latch_inode){0};
	if (fd < 0)
		return -errno;
	r = read_fdinfo(fd, &inode->ino, &mount);
	return r < 0 ? r : read_mountinfo(mount, &inode->dev);
}
