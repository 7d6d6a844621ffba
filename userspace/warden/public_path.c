// SPDX-License-Identifier: Apache-2.0
/*
 * Looks at the engine's public path as a client would. What becomes of the socket that lies there
 * is decided by who asks: adoption.c or direct.c.
 *
 * The kernel refuses latch's own connect to a listener that a container made; of listeners older
 * than the kernel programs the process that made them is looked up. Not known is not the host's.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cgroups.h"
#include "maps_guarded.h"
#include "public_path.h"
#include "util.h"

enum listener_kind public_path_probe(const struct maps *maps, const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer;
	socklen_t size = sizeof(peer);

	COPY_STRING(address.sun_path, path);
	if (fd < 0)
		return LISTENER_PLANTED; /* not known to be the host's: not adopted */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		if (errno == ECONNREFUSED)
			return LISTENER_DEAD;
		/* A full backlog is the sign of a listener that passed the gate. */
		return errno == EAGAIN ? LISTENER_HOST : LISTENER_PLANTED;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
		cgroups_pid_is_contained(maps, peer.pid))
		return LISTENER_PLANTED;
	return LISTENER_HOST;
}

int public_path_resolve(const char *path, char *resolved, size_t size, char **name)
{
	_cleanup_free_ char *copy = strdup(path), *directory = NULL;
	const char *last = strrchr(path, '/');
	int length;

	if (!copy || !last || path[0] != '/' || !last[1])
		return -EINVAL;
	directory = realpath(dirname(copy), NULL);
	if (!directory)
		return -errno;
	/* It must fit into a socket address to be looked at. */
	length = snprintf(resolved, size, "%s%s", strcmp(directory, "/") ? directory : "", last);
	if (length >= (int)size || length >= (int)sizeof(((struct sockaddr_un *)0)->sun_path))
		return -ENAMETOOLONG;
	*name = strrchr(resolved, '/') + 1;
	return 0;
}

int public_path_guard_name(const struct maps *maps, const char *path, const char *name,
	enum latch_guard_kind kind)
{
	char directory[PATH_MAX];
	struct stat status;

	COPY_STRING(directory, path);
	if (stat(dirname(directory), &status))
		return -errno;
	return maps_guard_name(maps, &status, name, kind, path);
}

static void look(struct public_path_watch *watch, bool changed);

static void on_timer(uv_timer_t *timer)
{
	look(timer->data, false);
}

static void look(struct public_path_watch *watch, bool changed)
{
	uv_timer_start(&watch->timer, on_timer, watch->look(watch->owner, changed), 0);
}

static void on_change(uv_fs_event_t *changes, const char *filename, int events, int status)
{
	struct public_path_watch *watch = changes->data;

	(void)events;
	if (status < 0 || !filename || !strcmp(filename, watch->name))
		look(watch, true);
}

void public_path_watch(struct public_path_watch *watch, uv_loop_t *loop, const char *path,
	const char *name)
{
	char directory[PATH_MAX];

	COPY_STRING(directory, path);
	watch->name = name;
	uv_timer_init(loop, &watch->timer);
	uv_fs_event_init(loop, &watch->changes);
	watch->timer.data = watch->changes.data = watch;
	watch->handles = 2;
	/* The timer alone would do, a second late: so a failure here is none. */
	uv_fs_event_start(&watch->changes, on_change, dirname(directory), 0);
	look(watch, false);
}

static void on_closed(uv_handle_t *handle)
{
	struct public_path_watch *watch = handle->data;

	if (--watch->handles == 0)
		watch->stopped(watch->owner);
}

void public_path_unwatch(struct public_path_watch *watch)
{
	uv_close((uv_handle_t *)&watch->timer, on_closed);
	uv_close((uv_handle_t *)&watch->changes, on_closed);
}
