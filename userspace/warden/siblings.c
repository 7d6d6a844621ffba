// SPDX-License-Identifier: Apache-2.0
/*
 * A list of paths and what to do with each. The kernel programs know no list: a socket is guarded by its inode
 * or by its folder and name, as the engine's is, and only who may connect is another rule (bpf/gate.bpf.c).
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>

#include "maps_guarded.h"
#include "paths.h"
#include "siblings.h"

/*
 * Where Debian, Docker, Kubernetes' distributions and Docker Desktop put them. Whoever reaches one may start
 * what it likes as root; at the debug and metrics sockets it sees what the host alone should.
 */
static const char *const defaults[] = {
	"/run/containerd/containerd.sock",
	"/run/containerd/containerd.sock.ttrpc",
	"/run/docker/containerd/containerd.sock",
	"/run/docker/containerd/containerd.sock.ttrpc",
	"/run/docker/containerd/containerd-debug.sock",
	"/run/k3s/containerd/containerd.sock",
	"/run/buildkit/buildkitd.sock",
	"/run/podman/podman.sock",
	"/run/crio/crio.sock",
	"/run/cri-dockerd.sock",
	"/run/docker/metrics.sock",
	"/run/docker.sock.raw",
	"/run/docker-cli.sock",
	"/run/host-services/docker.proxy.sock",
	"/run/guest-services/docker.sock",
};

void siblings_init(struct siblings *siblings)
{
	siblings->count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		siblings_add(siblings, defaults[i]);
}

bool siblings_add(struct siblings *siblings, const char *path)
{
	if (siblings->count == SIBLINGS_MAX)
		return false;
	siblings->paths[siblings->count++] = path;
	return true;
}

bool siblings_remove(struct siblings *siblings, const char *path)
{
	for (size_t i = 0; i < siblings->count; i++) {
		if (strcmp(siblings->paths[i], path))
			continue;
		siblings->paths[i] = siblings->paths[--siblings->count];
		return true;
	}
	return false;
}

/* Returns 1 where the socket is there, 0 where it is not. */
static int guard(const struct maps *maps, const char *path)
{
	char folder[PATH_MAX], name[PATH_MAX];
	struct stat status;
	int r;

	COPY_STRING(folder, path);
	COPY_STRING(name, path);
	if (stat(dirname(folder), &status))
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	r = maps_guard_name(maps, &status, basename(name), LATCH_GUARD_HOST, path);
	if (r < 0)
		return r;
	maps_unguard_other_names(maps, &status, LATCH_GUARD_HOST, path);
	/* Not through a link: what it leads to has a name of its own. */
	if (lstat(path, &status) || !S_ISSOCK(status.st_mode))
		return 0;
	/* One that has become the engine's or latch's since is guarded more strictly. */
	if (maps_guard_kind(maps, &status) != LATCH_GUARD_NONE)
		return 1;
	r = maps_guard(maps, &status, LATCH_GUARD_HOST, path);
	if (r < 0)
		return r;
	maps_unguard_others(maps, &status, LATCH_GUARD_HOST, path);
	return 1;
}

/* A path is cut where the kernel's maps keep it for the reader. */
static bool is_listed(const char *path, const void *context)
{
	const struct siblings *siblings = context;

	if (!strcmp(path, LATCH_METRICS_SOCKET))
		return true; /* latch's own, which is none of these and has the same rule */
	for (size_t i = 0; i < siblings->count; i++)
		if (!strncmp(path, siblings->paths[i], sizeof(((struct latch_guard *)NULL)->path) - 1))
			return true;
	return false;
}

int siblings_guard(const struct siblings *siblings, const struct maps *maps, const char **path)
{
	int count = 0;

	/* An earlier latchd may have had another list. */
	maps_unguard_kind(maps, LATCH_GUARD_HOST, is_listed, siblings);
	for (size_t i = 0; i < siblings->count; i++) {
		int r = guard(maps, siblings->paths[i]);

		*path = siblings->paths[i];
		if (r < 0)
			return r;
		count += r;
	}
	return count;
}
