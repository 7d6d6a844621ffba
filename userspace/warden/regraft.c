// SPDX-License-Identifier: Apache-2.0
/*
 * A container that was started before latch has the engine's inode mounted, and the gate keeps that
 * one for latch alone. So the public inode is mounted over it, from outside, in the container's own
 * mount namespace: open_tree(2) clones the socket's mount here, setns(2) goes there, move_mount(2)
 * puts it in place. A child does it, for a process cannot come back from another root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "paths.h"
#include "regraft.h"

/* More mounts of one socket in one container than anybody has; the rest is reported. */
#define MAX_GRAFTS 16

struct graft {
	char path[PATH_MAX]; /* as the container sees it */
	int tree;	     /* a detached mount of the public socket */
};

/* mountinfo writes space, tab, newline and backslash as three octal digits. */
static void unescape(char *path)
{
	char *to = path;

	for (char *from = path; *from; from++) {
		unsigned int value;

		if (*from == '\\' && sscanf(from + 1, "%3o", &value) == 1) {
			*to++ = value;
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

static bool is_engine_socket(const struct maps *maps, pid_t pid, const char *path)
{
	char outside[PATH_MAX + 32];
	struct stat status;

	snprintf(outside, sizeof(outside), "/proc/%d/root%s", pid, path);
	return !lstat(outside, &status) && S_ISSOCK(status.st_mode) &&
	       maps_guard_kind(maps, &status) == LATCH_GUARD_ENGINE;
}

static int find_mounts(const struct maps *maps, pid_t pid, struct graft *grafts)
{
	char name[64], line[2 * PATH_MAX];
	FILE *stream;
	int count = 0;

	snprintf(name, sizeof(name), "/proc/%d/mountinfo", pid);
	stream = fopen(name, "re");
	if (!stream)
		return -errno;
	while (count < MAX_GRAFTS && fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "%*s %*s %*s %*s %4095s", grafts[count].path) != 1)
			continue;
		unescape(grafts[count].path);
		if (is_engine_socket(maps, pid, grafts[count].path))
			count++;
	}
	fclose(stream);
	return count;
}

static int clone_public_socket(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, LATCH_PUBLIC_SOCKET,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* In the child. The exit status is 0 or the errno. */
static void graft_in_namespace(int namespace, struct graft *grafts, int count)
{
	for (int i = 0; i < count; i++) {
		grafts[i].tree = clone_public_socket();
		if (grafts[i].tree < 0)
			_exit(errno);
	}
	if (setns(namespace, CLONE_NEWNS))
		_exit(errno);
	for (int i = 0; i < count; i++)
		if (syscall(SYS_move_mount, grafts[i].tree, "", AT_FDCWD, grafts[i].path,
			    MOVE_MOUNT_F_EMPTY_PATH))
			_exit(errno);
	_exit(0);
}

static int run_in_child(int namespace, struct graft *grafts, int count)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (child == 0)
		graft_in_namespace(namespace, grafts, count);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) ? -WEXITSTATUS(status) : count;
}

int regraft(const struct maps *maps, pid_t pid)
{
	_cleanup_free_ struct graft *grafts = calloc(MAX_GRAFTS, sizeof(*grafts));
	_cleanup_close_ int namespace = -1;
	char name[64];
	int count;

	if (!grafts)
		return -ENOMEM;
	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", pid);
	namespace = open(name, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return -errno;
	count = find_mounts(maps, pid, grafts);
	return count <= 0 ? count : run_in_child(namespace, grafts, count);
}
