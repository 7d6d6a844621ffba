// SPDX-License-Identifier: Apache-2.0
/*
 * Starts the mediator, hands it exactly the descriptors of wire.h, and speaks with it.
 *
 * The mediator reads what containers send, so it counts as hostile here: a message of another size,
 * of an unknown kind or with a string that does not end is its last one. Its end closes the
 * connections it served; the listening socket is the holder's, so no new one is lost.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "mediator_process.h"

#define CHANNEL_SIZE (4 * 1024 * 1024) /* bytes in flight each way: some eight hundred messages */
/* One that lived this long has served, or could have; its end says nothing about the next one's. */
#define SETTLED_MS 5000

struct mediator_process {
	uv_loop_t *loop;
	const struct maps *maps;
	struct mediator_options options;
	mediator_message_fn message;
	mediator_exit_fn exit;
	void *context;
	uv_signal_t child_ended;
	uv_poll_t *poll; /* on the channel; made anew with it */
	int channel; /* the warden's end; -1 while it does not run */
	pid_t pid;   /* 0 while it does not run */
	gid_t group;
	uint64_t started;	 /* ms of the loop's clock */
	unsigned int early_ends; /* in a row, none of them settled */
	char problem[160];	 /* of the last early end */
};

/* In the child. Descriptors are first moved out of the way of the numbers they are to have. */
static void place_descriptors(const int *descriptors, size_t count)
{
	int high[8];

	for (size_t i = 0; i < count; i++) {
		high[i] = fcntl(descriptors[i], F_DUPFD, 32);
		if (high[i] < 0)
			_exit(127);
	}
	for (size_t i = 0; i < count; i++)
		if (dup2(high[i], WIRE_FD_LISTENER + i) < 0)
			_exit(127);
	close_range(WIRE_FD_LISTENER + count, ~0U, 0);
}

static void become_mediator(
	const struct mediator_process *mediator, const int *descriptors, size_t count, int gate)
{
	char uid[16], group[16], limits[LIMITS_COUNT][48], go;
	char *arguments[10 + 2 * LIMITS_COUNT] = { "latch-mediator", "--engine",
		(char *)mediator->options.engine_socket, "--uid", uid, "--gid", uid, "--group", group };
	char *environment[] = { NULL };

	for (size_t i = 0; i < LIMITS_COUNT; i++) {
		limits_print(&mediator->options.limits, i, limits[i], sizeof(limits[i]));
		arguments[9 + 2 * i] = "--limit";
		arguments[10 + 2 * i] = limits[i];
	}
	snprintf(uid, sizeof(uid), "%u", mediator->options.uid);
	snprintf(group, sizeof(group), "%u", mediator->group);
	/* The warden closes its end unwritten when it could not mark this process. */
	if (read(gate, &go, 1) != 1)
		_exit(127);
	place_descriptors(descriptors, count);
	execve(mediator->options.program, arguments, environment);
	_exit(127);
}

static int open_read_only(const char *name)
{
	LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = BPF_F_RDONLY);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", LATCH_PIN_ROOT, name);
	fd = bpf_obj_get_opts(path, &options);
	return fd < 0 ? -errno : fd;
}

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void stop_polling(struct mediator_process *mediator)
{
	if (mediator->poll)
		uv_close((uv_handle_t *)mediator->poll, on_poll_closed);
	mediator->poll = NULL;
}

static void close_channel(struct mediator_process *mediator)
{
	stop_polling(mediator); /* before the descriptor goes: libuv must not watch another one */
	if (mediator->channel >= 0)
		close(mediator->channel);
	mediator->channel = -1;
}

static void end(struct mediator_process *mediator)
{
	if (mediator->pid)
		kill(mediator->pid, SIGKILL); /* not reaped yet, so the number is still its own */
}

static bool ends(const char *string, size_t size)
{
	return memchr(string, 0, size) != NULL;
}

/* `text` is how long its text may be. Figures are no text, and need a whole message's. */
static bool is_well_formed(const struct wire_request *request, size_t text)
{
	return request->kind >= WIRE_JUDGE_MOUNT && request->kind <= WIRE_LAST &&
	       ends(request->client.comm, sizeof(request->client.comm)) &&
	       ends(request->client.container, sizeof(request->client.container)) &&
	       ends(request->method, sizeof(request->method)) &&
	       ends(request->reason, sizeof(request->reason)) &&
	       (request->kind == WIRE_FIGURES ? text >= WIRE_TEXT_SIZE : ends(request->text, text)) &&
	       ends(request->image, sizeof(request->image));
}

/* One request of a message. False: it is none, and the mediator is not to be listened to any more. */
static bool take_request(struct mediator_process *mediator, const char *data, size_t size)
{
	struct wire_request request;

	memcpy(&request, data, size);
	if (size == WIRE_SHORT_SIZE)
		request.image[0] = 0;
	if (!is_well_formed(&request,
		    size == WIRE_SHORT_SIZE ? WIRE_SHORT_TEXT_SIZE : WIRE_TEXT_SIZE))
		return false;
	/* Of one that has ended, questions are nobody's any more. */
	if (mediator->pid || request.kind == WIRE_REPORT)
		mediator->message(&request, mediator->context);
	return true;
}

/* Returns how many requests there were in the message, or -1 as above. */
static int take_message(struct mediator_process *mediator, const char *data, ssize_t size)
{
	if (size == sizeof(struct wire_request))
		return take_request(mediator, data, size) ? 1 : -1;
	if (size <= 0 || size % WIRE_SHORT_SIZE || size > (ssize_t)(WIRE_MAX_SHORT * WIRE_SHORT_SIZE))
		return -1;
	for (ssize_t at = 0; at < size; at += WIRE_SHORT_SIZE)
		if (!take_request(mediator, data + at, WIRE_SHORT_SIZE))
			return -1;
	return size / WIRE_SHORT_SIZE;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct mediator_process *mediator = poll->data;
	char data[WIRE_MAX_SHORT * WIRE_SHORT_SIZE];

	(void)events;
	/* A bounded share of each turn: a flood of questions must not starve the kernel's events. */
	for (int left = 64; left > 0 && status >= 0 && mediator->poll;) {
		ssize_t size = recv(mediator->channel, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);
		int taken;

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		taken = take_message(mediator, data, size);
		if (taken < 0) {
			stop_polling(mediator);
			end(mediator);
			return;
		}
		left -= taken;
	}
}

/* What it had sent before it ended is still to be had, unless it was ended for what it sent. */
static void take_last_reports(struct mediator_process *mediator)
{
	char data[WIRE_MAX_SHORT * WIRE_SHORT_SIZE];
	ssize_t size;

	do
		size = mediator->poll ? recv(mediator->channel, data, sizeof(data),
						MSG_DONTWAIT | MSG_TRUNC) :
					0;
	while (size > 0 && take_message(mediator, data, size) > 0);
}

static bool is_settled(const struct mediator_process *mediator)
{
	return uv_now(mediator->loop) - mediator->started >= SETTLED_MS;
}

static void count_early_end(struct mediator_process *mediator, const char *how)
{
	mediator->early_ends = is_settled(mediator) ? 0 : mediator->early_ends + 1;
	snprintf(mediator->problem, sizeof(mediator->problem),
		"the mediator keeps ending (%s; %u times in a row); clients wait; see latchd's log", how,
		mediator->early_ends);
}

static void on_child_ended(uv_signal_t *signal, int number)
{
	struct mediator_process *mediator = signal->data;
	char how[64];
	int status;

	(void)number;
	if (!mediator->pid || waitpid(mediator->pid, &status, WNOHANG) != mediator->pid)
		return;
	mediator->pid = 0;
	take_last_reports(mediator);
	close_channel(mediator);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "status %d", WEXITSTATUS(status));
	count_early_end(mediator, how);
	mediator->exit(how, mediator->context);
}

struct mediator_process *mediator_process_new(uv_loop_t *loop, const struct maps *maps,
	const struct mediator_options *options, mediator_message_fn message, mediator_exit_fn exit,
	void *context)
{
	struct mediator_process *mediator = calloc(1, sizeof(*mediator));

	if (!mediator)
		return NULL;
	mediator->loop = loop;
	mediator->maps = maps;
	mediator->options = *options;
	mediator->message = message;
	mediator->exit = exit;
	mediator->context = context;
	mediator->channel = -1;
	uv_signal_init(loop, &mediator->child_ended);
	mediator->child_ended.data = mediator;
	uv_signal_start(&mediator->child_ended, on_child_ended, SIGCHLD);
	return mediator;
}

static int start_polling(struct mediator_process *mediator)
{
	mediator->poll = calloc(1, sizeof(*mediator->poll));
	if (!mediator->poll)
		return -ENOMEM;
	uv_poll_init(mediator->loop, mediator->poll, mediator->channel);
	mediator->poll->data = mediator;
	return uv_poll_start(mediator->poll, UV_READABLE, on_readable);
}

/* Forks; the child waits at `gate` until it is marked. Returns its pid or a negative errno. */
static pid_t spawn(const struct mediator_process *mediator, const int *descriptors, size_t count,
	const int gate[2])
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(gate[1]);
		become_mediator(mediator, descriptors, count, gate[0]);
	}
	return pid;
}

static int mark_and_release(const struct mediator_process *mediator, pid_t pid, int gate)
{
	_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int r;

	if (pidfd < 0)
		return -errno;
	r = maps_mark_self(mediator->maps, pidfd);
	if (r < 0)
		return r;
	return write(gate, "g", 1) == 1 ? 0 : -errno;
}

/* The default holds some forty messages, and a report that finds no room is lost. */
static void make_room(int socket)
{
	const int size = CHANNEL_SIZE;

	setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
}

int mediator_process_start(struct mediator_process *mediator, gid_t group)
{
	_cleanup_close_ int conns = open_read_only("conns");
	_cleanup_close_ int verdicts = open_read_only("verdicts");
	_cleanup_close_ int state = open_read_only("state");
	_cleanup_close_ int cgroups = open_read_only("cgroups");
	_cleanup_close_ int theirs = -1;
	const int maps[] = { conns, verdicts, state, cgroups };
	int pair[2], gate[2], r;

	if (mediator->pid)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (maps[i] < 0)
			return maps[i];
	if (access(mediator->options.program, X_OK))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	mediator->channel = pair[0];
	theirs = pair[1];
	make_room(pair[0]);
	make_room(pair[1]);
	if (pipe2(gate, O_CLOEXEC)) {
		r = -errno;
		close_channel(mediator);
		return r;
	}
	mediator->group = group;
	mediator->started = uv_now(mediator->loop);
	mediator->pid = spawn(mediator,
		(int[]){ mediator->options.listener, theirs, conns, verdicts, state, cgroups }, 6,
		gate);
	close(gate[0]);
	r = mediator->pid < 0 ? mediator->pid : mark_and_release(mediator, mediator->pid, gate[1]);
	close(gate[1]);
	if (!r)
		r = start_polling(mediator);
	if (r < 0) {
		/* Unmarked it could not reach the engine; it is reaped when its end is signalled. */
		if (mediator->pid > 0)
			end(mediator);
		else
			mediator->pid = 0;
		close_channel(mediator);
	}
	return r;
}

pid_t mediator_process_pid(const struct mediator_process *mediator)
{
	return mediator->pid;
}

const char *mediator_process_problem(const struct mediator_process *mediator)
{
	/* A single one may be somebody's doing, and the next is as good as any. */
	if (mediator->early_ends > 1 && !(mediator->pid && is_settled(mediator)))
		return mediator->problem;
	return mediator->pid ? NULL : "the mediator does not run; clients wait; see latchd's log";
}

void mediator_process_regroup(struct mediator_process *mediator, gid_t group)
{
	if (mediator->pid && mediator->group != group)
		end(mediator);
}

void mediator_process_reply(struct mediator_process *mediator, const struct wire_reply *reply)
{
	if (mediator->channel < 0)
		return; /* it ended meanwhile, and its clients with it */
	if (send(mediator->channel, reply, sizeof(*reply), MSG_DONTWAIT | MSG_NOSIGNAL) !=
		sizeof(*reply))
		end(mediator);
}

static void on_signal_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void mediator_process_free(struct mediator_process *mediator)
{
	if (!mediator)
		return;
	if (mediator->pid) {
		kill(mediator->pid, SIGTERM);
		waitpid(mediator->pid, NULL, 0);
		mediator->pid = 0;
		take_last_reports(mediator);
	}
	close_channel(mediator);
	uv_close((uv_handle_t *)&mediator->child_ended, on_signal_closed);
}
