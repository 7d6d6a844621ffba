// SPDX-License-Identifier: Apache-2.0
/*
 * Sees to it that there is a holder, one, and that it has the sockets that latchd serves.
 *
 * latchd has them as well, so a holder that ends while latchd lives takes nothing with it. One whose
 * door was removed keeps them from everybody, the public socket that containers have mounted with them:
 * its descriptors are taken out of it (pidfd_getfd) and given to a new one. It is known by its name, and
 * believed because it is root's, in no container, and listens at latch's own path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "cgroups.h"
#include "holder.h"
#include "holder_process.h"
#include "listener.h"
#include "log.h"
#include "maps_guarded.h"
#include "paths.h"
#include "unix_listener.h"
#include "util.h"

#define HOLDER_NAME "latch-holder"

/* One that ends at once must not keep the machine busy. */
#define RESTART_MIN_MS 100
#define RESTART_MAX_MS 10000

/* In the child: exactly the three sockets, at the numbers that the holder knows. */
static void become_holder(const char *program, const struct listeners *listeners, int door)
{
	/* Out of the way first: each may lie on another's number. */
	int public = fcntl(listeners->public, F_DUPFD, 10);
	int control = fcntl(listeners->control, F_DUPFD, 10);

	door = fcntl(door, F_DUPFD, 10);
	if (public < 0 || control < 0 || door < 0 || dup2(public, HOLDER_FD_PUBLIC) < 0 ||
		dup2(control, HOLDER_FD_CONTROL) < 0 || dup2(door, HOLDER_FD_DOOR) < 0)
		_exit(127);
	close_range(HOLDER_FD_DOOR + 1, ~0U, 0);
	setsid(); /* signals to latchd's group do not end it */
	execl(program, HOLDER_NAME, (char *)NULL);
	_exit(127);
}

/* For latch alone; what an earlier door left is forgotten. */
static void guard_door(const struct maps *maps)
{
	struct stat status;
	int r;

	if (lstat(LATCH_HOLDER_SOCKET, &status))
		return;
	maps_unguard_others(maps, &status, LATCH_GUARD_INTERNAL, LATCH_HOLDER_SOCKET);
	r = maps_guard(maps, &status, LATCH_GUARD_INTERNAL, LATCH_HOLDER_SOCKET);
	if (r < 0) /* its name is guarded, and the holder asks whether its caller is root */
		log_warning("%s is not guarded: %s", LATCH_HOLDER_SOCKET, strerror(-r));
}

static void end_holder(int holder)
{
	if (holder < 0)
		return;
	pidfd_send_signal(holder, SIGKILL, NULL, 0);
	close(holder);
}

int holder_process_start(const char *program, const struct maps *maps, struct listeners *listeners)
{
	_cleanup_close_ int door = -1;
	int holder;
	pid_t child;

	if (access(program, X_OK))
		return -errno;
	door = unix_listener_bind(LATCH_HOLDER_SOCKET, 0600);
	if (door < 0)
		return door;
	guard_door(maps);
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		become_holder(program, listeners, door);
	holder = pidfd_open(child, 0);
	if (holder < 0)
		return -errno;
	/* A container must not end it either. */
	if (maps_mark_self(maps, holder) < 0)
		log_warning("containers are not kept from signals to " HOLDER_NAME ": %m");
	end_holder(listeners->holder);
	listeners->holder = holder;
	return 0;
}

/* Finding one. */

/* The first line "KEY:\t..." of /proc/<pid>/status; false where there is none. */
static bool read_status(const char *pid, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	size_t length = strlen(key);
	bool found = false;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	status = fopen(path, "re");
	if (!status)
		return false;
	while (!found && fgets(line, sizeof(line), status))
		if (!strncmp(line, key, length) && !strncmp(line + length, ":\t", 2)) {
			line[strcspn(line, "\n")] = 0;
			snprintf(value, size, "%s", line + length + 2);
			found = true;
		}
	fclose(status);
	return found;
}

/* Does what it seems to be justify a closer look? Ids are as in the initial user namespace. */
static bool seems_holder(const struct maps *maps, const char *pid)
{
	char name[32], ids[64];

	return read_status(pid, "Name", name, sizeof(name)) && !strcmp(name, HOLDER_NAME) &&
	       read_status(pid, "Uid", ids, sizeof(ids)) && !strcmp(ids, "0\t0\t0\t0") &&
	       !cgroups_pid_is_contained(maps, atoi(pid));
}

static bool listens_at(int fd, const char *path)
{
	struct sockaddr_un address = {};
	socklen_t size = sizeof(address);
	int listens = 0;
	socklen_t listens_size = sizeof(listens);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) && listens &&
	       !getsockname(fd, (struct sockaddr *)&address, &size) &&
	       address.sun_family == AF_UNIX && !strcmp(address.sun_path, path);
}

static bool take_listeners(int holder, struct listeners *listeners)
{
	_cleanup_close_ int public = pidfd_getfd(holder, HOLDER_FD_PUBLIC, 0);
	_cleanup_close_ int control = pidfd_getfd(holder, HOLDER_FD_CONTROL, 0);

	if (!listens_at(public, LATCH_PUBLIC_SOCKET) || !listens_at(control, LATCH_CONTROL_SOCKET))
		return false;
	listeners->public = TAKE_FD(public);
	listeners->control = TAKE_FD(control);
	return true;
}

int holder_process_find(const struct maps *maps, struct listeners *listeners)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int r = -ENOENT;

	if (!processes)
		return -errno;
	while (r < 0 && (entry = readdir(processes))) {
		_cleanup_close_ int holder = -1;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		/* The descriptor first: what is looked at then is the process that it names. */
		holder = pidfd_open(atoi(entry->d_name), 0);
		if (holder < 0 || !seems_holder(maps, entry->d_name) ||
			!take_listeners(holder, listeners))
			continue;
		listeners->holder = TAKE_FD(holder);
		r = 0;
	}
	closedir(processes);
	return r;
}

/* Watching it. */

struct holder_watch {
	const char *program;
	const struct maps *maps;
	struct listeners *listeners;
	holder_ended_fn ended;
	void *context;
	uv_loop_t *loop;
	uv_poll_t *poll; /* on the holder's pidfd; made anew with it */
	uv_timer_t restart;
	unsigned int restart_ms;
	uint64_t started; /* ms of the loop's clock */
};

static bool begin(struct holder_watch *watch);

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void stop_polling(struct holder_watch *watch)
{
	if (watch->poll)
		uv_close((uv_handle_t *)watch->poll, on_poll_closed);
	watch->poll = NULL;
}

static void retry_later(struct holder_watch *watch);

static void on_restart(uv_timer_t *timer)
{
	struct holder_watch *watch = timer->data;
	int r = holder_process_start(watch->program, watch->maps, watch->listeners);

	if (r < 0 || !begin(watch)) {
		watch->ended(strerror(r < 0 ? -r : ENOMEM), watch->context);
		retry_later(watch);
		return;
	}
	watch->ended("", watch->context);
}

static void retry_later(struct holder_watch *watch)
{
	uv_timer_start(&watch->restart, on_restart, watch->restart_ms, 0);
	watch->restart_ms *= 2;
	if (watch->restart_ms > RESTART_MAX_MS)
		watch->restart_ms = RESTART_MAX_MS;
}

static void on_ended(uv_poll_t *poll, int status, int events)
{
	struct holder_watch *watch = poll->data;

	(void)status;
	(void)events;
	waitid(P_PIDFD, watch->listeners->holder, &(siginfo_t){}, WEXITED | WNOHANG); /* if it is ours */
	stop_polling(watch);
	close(watch->listeners->holder);
	watch->listeners->holder = -1;
	if (uv_now(watch->loop) - watch->started > RESTART_MAX_MS)
		watch->restart_ms = RESTART_MIN_MS;
	retry_later(watch);
}

static bool begin(struct holder_watch *watch)
{
	uv_poll_t *poll = malloc(sizeof(*poll));

	if (!poll || uv_poll_init(watch->loop, poll, watch->listeners->holder)) {
		free(poll);
		return false;
	}
	poll->data = watch;
	watch->poll = poll;
	watch->started = uv_now(watch->loop);
	uv_poll_start(poll, UV_READABLE, on_ended);
	return true;
}

struct holder_watch *holder_watch_new(uv_loop_t *loop, const char *program, const struct maps *maps,
	struct listeners *listeners, holder_ended_fn ended, void *context)
{
	struct holder_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->loop = loop;
	watch->program = program;
	watch->maps = maps;
	watch->listeners = listeners;
	watch->ended = ended;
	watch->context = context;
	watch->restart_ms = RESTART_MIN_MS;
	guard_door(maps);
	if (!begin(watch)) {
		free(watch);
		return NULL;
	}
	uv_timer_init(loop, &watch->restart);
	watch->restart.data = watch;
	return watch;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void holder_watch_free(struct holder_watch *watch)
{
	if (!watch)
		return;
	stop_polling(watch);
	uv_close((uv_handle_t *)&watch->restart, on_timer_closed);
}
