// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "map_access.h"
#include "maps_connections.h"

/* A socket's label is found by a descriptor of one's own: the process's is copied for as long. */
static void look_at(const struct maps *maps, int process, int number,
	void (*each)(const struct latch_conn *label, void *context), void *context)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
	struct latch_conn label;

	if (fd < 0 || map_lookup(maps->conns, &fd, &label) || label.end != LATCH_END_SERVER)
		return;
	label.container[LATCH_ID_HEX] = 0;
	each(&label, context);
}

int maps_each_connection(const struct maps *maps, pid_t process,
	void (*each)(const struct latch_conn *label, void *context), void *context)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, process, 0);
	char path[64], target[16];
	struct dirent *entry;
	DIR *folder;

	if (pidfd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/fd", process);
	folder = opendir(path);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target));

		if (length > 7 && !strncmp(target, "socket:", 7))
			look_at(maps, pidfd, atoi(entry->d_name), each, context);
	}
	closedir(folder);
	return 0;
}
