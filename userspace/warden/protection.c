// SPDX-License-Identifier: Apache-2.0
/*
 * The list is made anew each time and then compared with what the kernel has: entries that stay are not
 * taken away in between.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "kernel_inode.h"
#include "maps_protected.h"
#include "paths.h"
#include "protection.h"
#include "util.h"

#define MAX_FILES 256
#define MAX_NAMES 128

struct file {
	struct latch_inode inode;
	unsigned int what; /* enum latch_protected */
	char path[PATH_MAX];
};

struct name {
	struct latch_dentry key;
	char path[PATH_MAX];
};

struct list {
	size_t file_count, name_count;
	struct file files[MAX_FILES];
	struct name names[MAX_NAMES];
	int error; /* the first one; 0 */
};

static void fail(struct list *list, int error)
{
	if (!list->error)
		list->error = error;
}

/* The folders on the way to many files are the same few, and to look at one reads all mounts. */
static struct file *find_path(struct list *list, const char *path)
{
	for (size_t i = 0; i < list->file_count; i++)
		if (!strcmp(list->files[i].path, path))
			return &list->files[i];
	return NULL;
}

/* What is not there is not protected; anything else that keeps us from looking is an error. */
static void add_file(struct list *list, const char *path, unsigned int what)
{
	struct file *known = find_path(list, path);
	struct latch_inode inode;
	int r;

	if (known) {
		known->what |= what;
		return;
	}
	r = kernel_inode_of(path, &inode);
	if (r < 0) {
		if (r != -ENOENT && r != -ENOTDIR)
			fail(list, r);
		return;
	}
	for (size_t i = 0; i < list->file_count; i++) {
		if (!memcmp(&list->files[i].inode, &inode, sizeof(inode))) {
			list->files[i].what |= what;
			return;
		}
	}
	if (list->file_count == MAX_FILES) {
		fail(list, -E2BIG);
		return;
	}
	list->files[list->file_count].inode = inode;
	list->files[list->file_count].what = what;
	COPY_STRING(list->files[list->file_count].path, path);
	list->file_count++;
}

/* The folders above a path, with no symbolic link in it: none of them is moved or covered. */
static void add_way(struct list *list, const char *path)
{
	char above[PATH_MAX];
	char *slash;

	COPY_STRING(above, path);
	while ((slash = strrchr(above, '/')) && slash != above) {
		*slash = 0;
		add_file(list, above, LATCH_PROTECTED_PLACE);
	}
	add_file(list, "/", LATCH_PROTECTED_PLACE);
}

static void add_name(struct list *list, const char *folder, const char *base, const char *path)
{
	struct name *name = &list->names[list->name_count];
	struct latch_inode inode;
	int r = kernel_inode_of(folder, &inode);

	/* The kernel compares no more of a name; its file is protected all the same. */
	if (strlen(base) >= sizeof(name->key.name))
		return;
	if (list->name_count == MAX_NAMES)
		r = -E2BIG;
	if (r < 0) {
		fail(list, r);
		return;
	}
	name->key = (struct latch_dentry){ .dir_ino = inode.ino, .dir_dev = inode.dev };
	COPY_STRING(name->key.name, base);
	COPY_STRING(name->path, path);
	list->name_count++;
	add_file(list, folder, LATCH_PROTECTED_NAMES);
}

/* A folder and what lies in it, one level deep. */
static void add_folder(struct list *list, const char *path)
{
	char resolved[PATH_MAX];

	if (!realpath(path, resolved))
		return;
	add_file(list, resolved, LATCH_PROTECTED_FOLDER);
	add_way(list, resolved);
}

/* A file by its inode and its name, the one that a link leads to as well. */
static void add_named(struct list *list, const char *path)
{
	char folder[PATH_MAX], resolved[PATH_MAX], whole[2 * PATH_MAX];
	const char *base;
	char *slash;

	if (!path)
		return;
	COPY_STRING(folder, path);
	slash = strrchr(folder, '/');
	if (!slash) {
		base = path;
		COPY_STRING(folder, ".");
	} else {
		base = path + (slash - folder) + 1;
		slash[slash == folder] = 0; /* the root keeps its slash */
	}
	if (!realpath(folder, resolved))
		return; /* no folder, no file; who makes the folder is the host, or is kept from it above */
	snprintf(whole, sizeof(whole), "%s/%s", strcmp(resolved, "/") ? resolved : "", base);
	add_name(list, resolved, base, whole);
	add_file(list, whole, LATCH_PROTECTED_FILE);
	add_way(list, whole);
	if (realpath(whole, resolved) && strcmp(whole, resolved))
		add_named(list, resolved);
}

/*
 * Whoever writes to the files of a cgroup may end or stop what is in it. The root has no such files, and
 * where latchd is in it nobody can.
 */
static void add_cgroup(struct list *list)
{
	char line[PATH_MAX], path[PATH_MAX + 16];
	FILE *stream = fopen("/proc/self/cgroup", "re");
	char *slash;

	if (!stream) {
		fail(list, -errno);
		return;
	}
	while (fgets(line, sizeof(line), stream)) {
		if (strncmp(line, "0::/", 4))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s", line + 3);
		while ((slash = strrchr(path, '/')) && strcmp(path, "/sys/fs/cgroup") && slash[1]) {
			add_file(list, path, LATCH_PROTECTED_FOLDER);
			*slash = 0;
		}
	}
	fclose(stream);
}

static void add_programs(struct list *list, const char *folder)
{
	static const char *const programs[] = { "latchd", "latch-mediator", "latch-holder", "latchctl" };
	char path[PATH_MAX + 32];

	for (size_t i = 0; folder && i < ARRAY_SIZE(programs); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, programs[i]);
		add_named(list, path);
	}
}

/* Logs that were rotated. More than these nobody keeps whose machine writes as much in a day. */
#define MAX_OLD_LOGS 16

static void add_old_logs(struct list *list, const char *path, unsigned int count)
{
	for (unsigned int i = 1; path && i <= count && i <= MAX_OLD_LOGS; i++) {
		char old[PATH_MAX];

		if (snprintf(old, sizeof(old), "%s.%u", path, i) < (int)sizeof(old))
			add_named(list, old);
	}
}

static void collect(struct list *list, const struct protection_paths *paths)
{
	static const char *const folders[] = { LATCH_PIN_ROOT, LATCH_PIN_ROOT "/links", LATCH_RUN_DIR,
		LATCH_STATE_DIR };
	static const char *const files[] = { "/etc/docker/daemon.json",
		"/etc/systemd/system/latchd.service", "/etc/systemd/system/latchd.service.d",
		"/lib/systemd/system/latchd.service" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		add_folder(list, folders[i]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		add_named(list, files[i]);
	add_named(list, paths->settings);
	add_named(list, paths->audit);
	add_old_logs(list, paths->audit, paths->audit_old);
	add_named(list, paths->socket);
	for (size_t i = 0; paths->siblings && i < paths->siblings->count; i++)
		add_named(list, paths->siblings->paths[i]);
	add_programs(list, paths->programs);
	add_cgroup(list);
}

static bool has_file(const struct latch_inode *inode, const void *context)
{
	const struct list *list = context;

	for (size_t i = 0; i < list->file_count; i++)
		if (!memcmp(&list->files[i].inode, inode, sizeof(*inode)))
			return true;
	return false;
}

static bool has_name(const struct latch_dentry *key, const void *context)
{
	const struct list *list = context;

	for (size_t i = 0; i < list->name_count; i++)
		if (!memcmp(&list->names[i].key, key, sizeof(*key)))
			return true;
	return false;
}

static void tell(struct list *list, const struct maps *maps)
{
	int r;

	for (size_t i = 0; i < list->file_count; i++) {
		r = maps_protect(maps, &list->files[i].inode, list->files[i].what, list->files[i].path);
		if (r < 0)
			fail(list, r);
	}
	for (size_t i = 0; i < list->name_count; i++) {
		r = maps_reserve_name(maps, &list->names[i].key, list->names[i].path);
		if (r < 0)
			fail(list, r);
	}
}

int protection_apply(const struct maps *maps, const struct protection_paths *paths)
{
	struct list *list = calloc(1, sizeof(*list));
	bool looked;
	int r;

	if (!list)
		return -ENOMEM;
	collect(list, paths);
	looked = !list->error;
	tell(list, maps);
	/* Where a map is full, what nobody wants any more makes room for the next time. */
	if (looked) {
		maps_unprotect(maps, has_file, list);
		maps_unreserve_names(maps, has_name, list);
	}
	r = list->error ? list->error : (int)list->file_count;
	free(list);
	return r;
}
