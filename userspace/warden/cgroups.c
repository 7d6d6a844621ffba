// SPDX-License-Identifier: Apache-2.0
/*
 * Walks the cgroup tree once, for what was there before the programs were attached. The rule of
 * what a container scope is called is the kernel's (bpf/lifecycle.bpf.c), written again here; a
 * test holds the two together.
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "cgroups.h"
#include "maps_containers.h"

#define SCOPE_SUFFIX ".scope"

int cgroups_check(void)
{
	struct statfs status;

	if (statfs(CGROUP_ROOT, &status))
		return -errno;
	return status.f_type == CGROUP2_SUPER_MAGIC ? 0 : -ENOTSUP;
}

static bool is_lower_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'f'))
			return false;
	return true;
}

bool cgroups_container_id(const char *name, char *container)
{
	size_t length = strlen(name), suffix = strlen(SCOPE_SUFFIX), start = 0;

	if (length != LATCH_ID_HEX) {
		if (length < LATCH_ID_HEX + suffix + 1 || strcmp(name + length - suffix, SCOPE_SUFFIX))
			return false;
		start = length - suffix - LATCH_ID_HEX;
		if (name[start - 1] != '-')
			return false;
	}
	if (!is_lower_hex(name + start, LATCH_ID_HEX))
		return false;
	memcpy(container, name + start, LATCH_ID_HEX);
	memset(container + LATCH_ID_HEX, 0, LATCH_ID_SIZE - LATCH_ID_HEX);
	return true;
}

/* nftw(3) takes no argument of ours, and this walk runs once at a time. */
static struct {
	const struct maps *maps;
	int found;
	uint64_t scope; /* the outermost one that the walk is in, by its cgroup id */
	char scope_path[PATH_MAX];
} walk;

static bool is_below_scope(const char *path)
{
	size_t length = strlen(walk.scope_path);

	return length && !strncmp(path, walk.scope_path, length) && path[length] == '/';
}

/* A task that came in before latch carries its scope like one that came later. */
static void label_tasks(const char *directory, uint64_t scope)
{
	struct latch_task label = { .scope = scope };
	char path[PATH_MAX];
	FILE *stream;
	int pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	stream = fopen(path, "re");
	if (!stream)
		return; /* gone meanwhile */
	while (fscanf(stream, "%d", &pid) == 1) {
		_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, pid, 0);

		/* A task that ended needs no label; its children got theirs from the programs. */
		if (pidfd >= 0)
			bpf_map_update_elem(walk.maps->tasks, &pidfd, &label, BPF_NOEXIST);
	}
	fclose(stream);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *position)
{
	char container[LATCH_ID_SIZE];
	int r;

	if (type != FTW_D)
		return 0;
	if (!cgroups_container_id(path + position->base, container)) {
		if (is_below_scope(path))
			label_tasks(path, walk.scope);
		return 0;
	}
	/* The inode of a cgroup's directory is its id. */
	r = maps_add_scope(walk.maps, status->st_ino, container, is_below_scope(path));
	if (r == -EEXIST)
		return 0;
	if (r < 0)
		return r; /* ends the walk: what has no tag would pass for the host's */
	label_tasks(path, status->st_ino);
	if (!is_below_scope(path)) {
		walk.scope = status->st_ino;
		COPY_STRING(walk.scope_path, path);
	}
	walk.found++;
	return 0;
}

int cgroups_tag_existing(const struct maps *maps)
{
	int r;

	walk.maps = maps;
	walk.found = 0;
	walk.scope_path[0] = 0;
	r = nftw(CGROUP_ROOT, visit, 32, FTW_PHYS | FTW_MOUNT);
	if (r < 0)
		return r == -1 ? -errno : r;
	return walk.found;
}

/* The tag of this cgroup, LATCH_TAG_NONE where it has none. */
static enum latch_tag tag_of(const struct maps *maps, const char *path)
{
	struct latch_scope scope;
	struct stat status;
	__u64 id;

	if (stat(path, &status))
		return LATCH_TAG_CONTAINED; /* gone meanwhile: not to be trusted */
	id = status.st_ino;
	return bpf_map_lookup_elem(maps->cgroups, &id, &scope) ? LATCH_TAG_NONE : scope.tag;
}

static bool in_initial_pid_namespace(pid_t pid)
{
	struct stat theirs, ours;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	/* latchd refuses to run outside the initial pid namespace, so its own is that one. */
	return !stat(path, &theirs) && !stat("/proc/self/ns/pid", &ours) &&
	       theirs.st_ino == ours.st_ino;
}

/* The path of a process in the cgroup2 hierarchy, below CGROUP_ROOT. */
static int cgroup_path_of(pid_t pid, char *path, size_t size)
{
	char name[64], line[PATH_MAX];
	int r = -ENOENT;
	FILE *stream;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	stream = fopen(name, "re");
	if (!stream)
		return -errno;
	while (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "0::", 3))
			continue;
		r = snprintf(path, size, "%s%s", CGROUP_ROOT, line + 3) < (int)size ? 0 :
										      -ENAMETOOLONG;
	}
	fclose(stream);
	return r;
}

bool cgroups_pid_is_contained(const struct maps *maps, pid_t pid)
{
	enum latch_tag tag = LATCH_TAG_NONE;
	char path[PATH_MAX];

	if (pid <= 0 || cgroup_path_of(pid, path, sizeof(path)))
		return true;
	while (tag == LATCH_TAG_NONE && strlen(path) > strlen(CGROUP_ROOT)) {
		tag = tag_of(maps, path);
		*strrchr(path, '/') = 0;
	}
	return tag == LATCH_TAG_NONE ? !in_initial_pid_namespace(pid) : tag > LATCH_TAG_HOST;
}

bool cgroups_pid_is_in_scope(pid_t pid)
{
	char path[PATH_MAX], container[LATCH_ID_SIZE];

	if (cgroup_path_of(pid, path, sizeof(path)))
		return true;
	while (strlen(path) > strlen(CGROUP_ROOT)) {
		char *name = strrchr(path, '/');

		if (cgroups_container_id(name + 1, container))
			return true;
		*name = 0;
	}
	return false;
}

/* A scope that is gone meanwhile needs no tag: its container has ended. */
static int retag(const struct maps *maps, uint64_t cgroup, enum latch_tag tag, const char *container)
{
	int r = maps_tag_scope(maps, cgroup, tag, container);

	return r == -ENOENT ? 0 : r;
}

int cgroups_allow(const struct maps *maps, const char *container, const char *image)
{
	enum latch_tag tag;
	uint64_t cgroup = 0;
	int r = maps_find_scope(maps, container, &cgroup, &tag);

	if (r < 0 && r != -ENOENT)
		return r;
	r = maps_grant(maps, container, image, cgroup);
	if (r < 0 || !cgroup || tag == LATCH_TAG_ALLOWED)
		return r;
	return retag(maps, cgroup, LATCH_TAG_ALLOWED, container);
}

int cgroups_contain(const struct maps *maps, const char *container)
{
	enum latch_tag tag;
	uint64_t cgroup;
	int found = maps_find_scope(maps, container, &cgroup, &tag);
	/* The scope while the grant still tells which one it is, the grant in any case. */
	int r = !found && tag != LATCH_TAG_CONTAINED ?
			retag(maps, cgroup, LATCH_TAG_CONTAINED, container) :
			0;
	int revoked = maps_revoke(maps, container);

	return r < 0 ? r : revoked;
}
