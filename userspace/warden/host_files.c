// SPDX-License-Identifier: Apache-2.0
/*
 * Folders are compared from the inside out: from what is mounted up to the root, each against the
 * host's own folders, and from each of those up to the root, each against what is mounted.
 *
 * The list is looked at anew each time. It is short, and what stands on it can come and go.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host_files.h"
#include "paths.h"
#include "util.h"

static const char *const own_folders[] = {"/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64",
	"/libx32", "/proc", "/root", "/run", "/sbin", "/sys", "/usr", "/var/lib/containerd",
	"/var/lib/docker", "/var/lib/kubelet", "/var/lib/lxd", "/var/lib/systemd", "/var/run", "/var/snap",
	"/var/spool/cron", LATCH_RUN_DIR, LATCH_STATE_DIR, "/var/log/latch"};

/* Below one of these, and anybody's all the same. */
static const char *const shared_folders[] = {"/dev/shm"};

struct place {
	dev_t device;
	ino_t inode;
};

static bool same(struct place one, struct place other)
{
	return one.device == other.device && one.inode == other.inode;
}

static bool place_of(int fd, struct place *place)
{
	struct stat status;

	if (fstat(fd, &status))
		return false;
	*place = (struct place){status.st_dev, status.st_ino};
	return true;
}

static bool place_at(const char *path, struct place *place)
{
	struct stat status;

	if (stat(path, &status))
		return false;
	*place = (struct place){status.st_dev, status.st_ino};
	return true;
}

static bool is_at(struct place place, const char *path)
{
	struct place other;

	return place_at(path, &other) && same(place, other);
}

static bool is_among(struct place place, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_at(place, paths[i]))
			return true;
	return false;
}

static bool is_own(struct place place, const char *engine_root)
{
	return is_among(place, own_folders, ARRAY_SIZE(own_folders)) ||
	       (engine_root && *engine_root && is_at(place, engine_root));
}

/* Visits a folder and those above it. Returns 1 where `stop` said so, 0 at the root, -1 on failure. */
static int walk_up(int folder, int (*stop)(struct place place, const void *context),
	const void *context)
{
	_cleanup_close_ int fd = fcntl(folder, F_DUPFD_CLOEXEC, 3);
	struct place place, last;

	if (fd < 0 || !place_of(fd, &place))
		return -1;
	for (;;) {
		int r = stop(place, context), above;

		if (r)
			return r > 0 ? 1 : 0;
		above = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		last = place;
		if (above < 0 || !place_of(above, &place)) {
			if (above >= 0)
				close(above);
			return -1;
		}
		close(fd);
		fd = above;
		if (same(place, last))
			return 0;
	}
}

/* 1: it is the host's own; -1: it is nobody's, whatever lies above it; 0: look on. */
static int stop_at_own(struct place place, const void *engine_root)
{
	if (is_among(place, shared_folders, ARRAY_SIZE(shared_folders)))
		return -1;
	return is_own(place, engine_root);
}

static int stop_at_place(struct place place, const void *other)
{
	return same(place, *(const struct place *)other);
}

static bool is_above(struct place place, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* A folder that is not there has none above it. */
	return fd >= 0 && walk_up(fd, stop_at_place, &place) != 0;
}

static bool is_above_own(struct place place, const char *engine_root)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_folders); i++)
		if (is_above(place, own_folders[i]))
			return true;
	return engine_root && *engine_root && is_above(place, engine_root);
}

/* The same path without its last part; false at the root. Trailing slashes do not count. */
static bool shorten(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length <= 1)
		return false;
	while (length && path[length - 1] != '/')
		length--;
	path[length > 1 ? length - 1 : 1] = '\0';
	return true;
}

/*
 * As Go's filepath.Clean, which the engine applies before anything is resolved: `a/..` is nothing,
 * whatever `a` is. False: longer than a path can be, or not absolute.
 */
static bool clean(const char *path, char out[PATH_MAX])
{
	size_t used = 0;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length == 2 && !strncmp(path, "..", 2)) {
			while (used && out[--used] != '/')
				;
		} else if (length && !(length == 1 && path[0] == '.')) {
			out[used++] = '/';
			memcpy(out + used, path, length);
			used += length;
		}
		path += length;
	}
	if (!used)
		out[used++] = '/';
	out[used] = '\0';
	return true;
}

/*
 * Opens what is there of a path: itself, or the nearest folder above it. *whole: itself. A folder
 * always: of a file, the one that it is in, after links. -1: it cannot be looked at.
 */
static int open_folder(char path[PATH_MAX], bool *whole)
{
	_cleanup_close_ int fd = -1;
	char link[32], real[PATH_MAX];
	struct stat status;
	ssize_t length;

	*whole = true;
	while ((fd = open(path, O_PATH | O_CLOEXEC)) < 0) {
		if ((errno != ENOENT && errno != ENOTDIR) || !shorten(path))
			return -1;
		*whole = false;
	}
	if (fstat(fd, &status))
		return -1;
	if (S_ISDIR(status.st_mode))
		return TAKE_FD(fd);
	*whole = false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, real, sizeof(real) - 1);
	if (length < 0)
		return -1;
	real[length] = '\0';
	return shorten(real) ? open(real, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* Both are clean. */
static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

/* By its name alone: one of the folders may not be there yet, and would be made. */
static bool has_own_name(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared_folders); i++)
		if (is_below(path, shared_folders[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(own_folders); i++)
		if (is_below(path, own_folders[i]))
			return true;
	return false;
}

bool host_files_own(const char *path, const char *engine_root)
{
	_cleanup_close_ int fd = -1;
	char cleaned[PATH_MAX];
	struct place place;
	bool whole;

	if (!clean(path, cleaned) || has_own_name(cleaned))
		return true;
	fd = open_folder(cleaned, &whole);
	if (fd < 0 || walk_up(fd, stop_at_own, engine_root) != 0)
		return true;
	return whole && (!place_of(fd, &place) || is_above_own(place, engine_root));
}

bool host_files_on_device(const struct stat *device, const char *engine_root)
{
	struct place place;

	for (size_t i = 0; i < ARRAY_SIZE(own_folders); i++)
		if (place_at(own_folders[i], &place) && place.device == device->st_rdev)
			return true;
	return engine_root && *engine_root && place_at(engine_root, &place) &&
	       place.device == device->st_rdev;
}
