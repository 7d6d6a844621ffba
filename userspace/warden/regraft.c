// SPDX-License-Identifier: Apache-2.0
/*
 * A container that was started before latch has the engine's inode mounted, and the gate keeps that
 * one for latch alone; one that was started under an earlier latch has its dead inode. So the public
 * inode is mounted over it, or in its place, from outside, in the container's own mount namespace:
 * open_tree(2) clones the socket's mount here, setns(2) goes there, move_mount(2) puts it in place. All
 * that is done in a child, for a process cannot come back from another root, and a container chooses what
 * its mounts answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "maps_guarded.h"
#include "mountinfo.h"
#include "paths.h"
#include "regraft.h"

/* More mounts of one socket in one container than anybody has; the rest stays as it is. */
#define MAX_GRAFTS 16
/* How mountinfo ends the root of a mount whose file has lost the name that it was mounted by. */
#define DELETED "//deleted"

struct graft {
	char path[PATH_MAX]; /* as the container sees it */
	bool dead;	     /* what is mounted there has no name: nothing can be mounted over it */
	int tree;	     /* a detached mount of the public socket */
};

/* The roots that mounts of latch's socket have: made by an engine for a container, and here. */
struct public_roots {
	char roots[2][PATH_MAX];
	dev_t device;
};

/* What mountinfo says of a mount of the file at `path` once that has lost this name. */
static int find_deleted_root(const char *path, char root[PATH_MAX])
{
	char directory[PATH_MAX];
	struct mountinfo mount;
	struct statx status;
	int r, length;

	COPY_STRING(directory, path);
	if (statx(AT_FDCWD, dirname(directory), 0, STATX_MNT_ID, &status))
		return -errno;
	r = mountinfo_find(status.stx_mnt_id, &mount);
	if (r < 0)
		return r;
	length = snprintf(root, PATH_MAX, "%s%s" DELETED, strcmp(mount.root, "/") ? mount.root : "",
		path + (strcmp(mount.path, "/") ? strlen(mount.path) : 0));
	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int find_public_roots(const struct maps *maps, struct public_roots *public)
{
	char path[128];
	struct stat status;
	int r = maps_public_path(maps, path, sizeof(path));

	if (r < 0)
		return r;
	if (lstat(LATCH_PUBLIC_SOCKET, &status)) /* linked to the public path: on the same device */
		return -errno;
	public->device = status.st_dev;
	r = find_deleted_root(path, public->roots[0]);
	return r < 0 ? r : find_deleted_root(LATCH_PUBLIC_SOCKET, public->roots[1]);
}

/* One that was latch's and has no name left: nobody can listen on it again. */
static bool is_earlier_public_socket(const struct public_roots *public, const struct mountinfo *mount,
	const struct stat *status)
{
	return !status->st_nlink && status->st_dev == public->device &&
	       (!strcmp(mount->root, public->roots[0]) || !strcmp(mount->root, public->roots[1]));
}

static bool needs_graft(const struct maps *maps, const struct public_roots *public, pid_t pid,
	const struct mountinfo *mount, bool *dead)
{
	char outside[PATH_MAX + 32];
	struct stat status;

	snprintf(outside, sizeof(outside), "/proc/%d/root%s", pid, mount->path);
	if (lstat(outside, &status) || !S_ISSOCK(status.st_mode))
		return false;
	*dead = is_earlier_public_socket(public, mount, &status);
	return *dead || maps_guard_kind(maps, &status) == LATCH_GUARD_ENGINE;
}

/* Too much for a stack. */
struct work {
	struct public_roots public;
	struct mountinfo mount;
	struct graft grafts[MAX_GRAFTS];
};

static int find_mounts(const struct maps *maps, pid_t pid, struct work *work)
{
	char name[64];
	int count = 0;
	FILE *stream;

	snprintf(name, sizeof(name), "/proc/%d/mountinfo", pid);
	stream = fopen(name, "re");
	if (!stream)
		return -errno;
	while (count < MAX_GRAFTS && mountinfo_next(stream, &work->mount))
		if (needs_graft(maps, &work->public, pid, &work->mount, &work->grafts[count].dead))
			COPY_STRING(work->grafts[count++].path, work->mount.path);
	fclose(stream);
	return count;
}

static int clone_public_socket(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, LATCH_PUBLIC_SOCKET,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* For good. */
static int graft_in_namespace(int namespace, struct graft *grafts, int count)
{
	for (int i = 0; i < count; i++) {
		grafts[i].tree = clone_public_socket();
		if (grafts[i].tree < 0)
			return -errno;
	}
	if (setns(namespace, CLONE_NEWNS))
		return -errno;
	for (int i = 0; i < count; i++)
		if ((grafts[i].dead && umount2(grafts[i].path, MNT_DETACH | UMOUNT_NOFOLLOW)) ||
			syscall(SYS_move_mount, grafts[i].tree, "", AT_FDCWD, grafts[i].path,
				MOVE_MOUNT_F_EMPTY_PATH))
			return -errno;
	return count;
}

struct container {
	const struct maps *maps;
	pid_t pid;
};

static int find_and_graft(const void *what)
{
	const struct container *container = what;
	_cleanup_free_ struct work *work = calloc(1, sizeof(*work));
	_cleanup_close_ int namespace = -1;
	char name[64];
	int r;

	if (!work)
		return -ENOMEM;
	if (access(LATCH_PUBLIC_SOCKET, F_OK) && errno == ENOENT)
		return 0; /* direct transport: the engine's own inode is what it shall have */
	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", container->pid);
	namespace = open(name, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return -errno;
	r = find_public_roots(container->maps, &work->public);
	if (r == 0)
		r = find_mounts(container->maps, container->pid, work);
	return r > 0 ? graft_in_namespace(namespace, work->grafts, r) : r;
}

int regraft(struct looks *looks, const struct maps *maps, pid_t pid, look_done_fn done, void *context)
{
	const struct container container = { .maps = maps, .pid = pid };

	return looks_begin(looks, find_and_graft, &container, done, context);
}
