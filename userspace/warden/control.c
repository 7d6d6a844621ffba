// SPDX-License-Identifier: Apache-2.0
/*
 * A line in, a JSON object out, and the connection is closed. The kernel lets only the host
 * connect; who was faster than the kernel's rule at start is found by its cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cgroups.h"
#include "control.h"
#include "maps_guarded.h"
#include "paths.h"

struct control {
	uv_pipe_t pipe;
	const struct maps *maps;
	control_fn command;
	void *context;
};

struct control_session {
	uv_pipe_t pipe;
	struct control *control;
	uv_write_t write;
	char line[CONTROL_LINE_SIZE];
	size_t length;
	char *answer;
};

static void on_session_closed(uv_handle_t *handle)
{
	struct control_session *session = handle->data;

	free(session->answer);
	free(session);
}

static void session_end(struct control_session *session)
{
	if (!uv_is_closing((uv_handle_t *)&session->pipe))
		uv_close((uv_handle_t *)&session->pipe, on_session_closed);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status;
	session_end(write->data);
}

void control_answer(struct control_session *session, json_t *answer)
{
	uv_buf_t buffer;

	session->answer = json_dumps(answer, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(answer);
	if (!session->answer) {
		session_end(session);
		return;
	}
	buffer = uv_buf_init(session->answer, strlen(session->answer));
	session->write.data = session;
	if (uv_write(&session->write, (uv_stream_t *)&session->pipe, &buffer, 1, on_written))
		session_end(session);
}

/* Who hangs up before the answer is there is noticed when it is sent. */
static void run(struct control_session *session)
{
	uv_read_stop((uv_stream_t *)&session->pipe);
	session->control->command(session->line, session, session->control->context);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct control_session *session = handle->data;

	(void)suggested;
	buffer->base = session->line + session->length;
	buffer->len = sizeof(session->line) - 1 - session->length;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct control_session *session = stream->data;
	char *end;

	(void)buffer;
	if (size < 0) { /* also when the line does not fit: no room left is ENOBUFS */
		session_end(session);
		return;
	}
	session->length += size;
	session->line[session->length] = 0;
	end = strchr(session->line, '\n');
	if (end) {
		*end = 0;
		run(session);
	}
}

static bool is_host(struct control_session *session)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd;

	return !uv_fileno((uv_handle_t *)&session->pipe, &fd) &&
	       !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == 0 &&
	       !cgroups_pid_is_contained(session->control->maps, peer.pid) &&
	       /* The tag of its scope may be the one that was lost. */
	       !cgroups_pid_is_in_scope(peer.pid);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct control *control = server->data;
	struct control_session *session;

	if (status < 0)
		return;
	session = calloc(1, sizeof(*session));
	if (!session)
		return;
	session->control = control;
	uv_pipe_init(server->loop, &session->pipe, 0);
	session->pipe.data = session;
	if (uv_accept(server, (uv_stream_t *)&session->pipe) || !is_host(session) ||
		uv_read_start((uv_stream_t *)&session->pipe, on_allocate, on_read))
		session_end(session);
}

static int guard_and_listen(struct control *control)
{
	struct stat status;
	int r;

	if (lstat(LATCH_CONTROL_SOCKET, &status))
		return -errno;
	r = maps_guard(control->maps, &status, LATCH_GUARD_CONTROL, LATCH_CONTROL_SOCKET);
	return r < 0 ? r : uv_listen((uv_stream_t *)&control->pipe, 16, on_connection);
}

static void on_control_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int control_new(uv_loop_t *loop, const struct maps *maps, int listener, control_fn command,
	void *context, struct control **control)
{
	struct control *new = calloc(1, sizeof(*new));
	int r;

	if (!new) {
		close(listener);
		return -ENOMEM;
	}
	new->maps = maps;
	new->command = command;
	new->context = context;
	uv_pipe_init(loop, &new->pipe, 0);
	new->pipe.data = new;
	r = uv_pipe_open(&new->pipe, listener);
	if (r < 0)
		close(listener);
	else
		r = guard_and_listen(new);
	if (r < 0)
		control_free(new);
	else
		*control = new;
	return r;
}

void control_free(struct control *control)
{
	if (control)
		uv_close((uv_handle_t *)&control->pipe, on_control_closed);
}

static int read_answer(int fd, json_t **answer)
{
	size_t length = 0, room = 0;
	_cleanup_free_ char *text = NULL;

	for (;;) {
		ssize_t size;

		if (room - length < 4096) {
			char *larger = realloc(text, room += 65536);

			if (!larger)
				return -ENOMEM;
			text = larger;
		}
		size = read(fd, text + length, room - length);
		if (size < 0)
			return -errno;
		if (size == 0)
			break;
		length += size;
	}
	*answer = json_loadb(text, length, 0, NULL);
	return *answer ? 0 : -EPROTO;
}

/* The holder keeps the socket open for a latchd that is gone: its lock tells. */
static bool latchd_runs(void)
{
	_cleanup_close_ int lock = open(LATCH_LOCK, O_RDONLY | O_CLOEXEC);

	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

int control_ask(const char *command, int timeout_ms, json_t **answer)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = LATCH_CONTROL_SOCKET };
	struct timeval patience = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	char line[CONTROL_LINE_SIZE];

	if (fd < 0)
		return -errno;
	if (!latchd_runs())
		return -ECONNREFUSED;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	if (snprintf(line, sizeof(line), "%s\n", command) >= (int)sizeof(line))
		return -ENAMETOOLONG;
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		return -errno;
	return read_answer(fd, answer);
}
