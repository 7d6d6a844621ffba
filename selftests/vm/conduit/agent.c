// SPDX-License-Identifier: Apache-2.0
/*
 * The guest's end: pid 1, and one process for each port named latch.N. It decides when a command
 * counts as finished, and that a command whose client is gone is killed with all it started. What
 * is mounted or started in the guest is not its business (initramfs/init, guest/setup); it has no
 * terminal emulation.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "conduit.h"

#define QUIET_MS     500  /* after the exit: how long a background holder may stay silent */
#define HUP_PAUSE_MS 1000 /* longest wait for a client; SIGIO ends it early */

struct agent {
	int port, number;
	unsigned int sessions;
	struct buf in, out, to_stdin;
	int escaped; /* 1: after ESC, 2: in the nonce that follows ESC SYNC */
	size_t nonce_len;
	char nonce[NONCE_LEN];
	/* the command, while there is one */
	bool running, exited, stdin_eof;
	pid_t pid;
	int pidfd, fds[3];
	int status;
	uint64_t quiet_since;
	char cgroup[64];
};

static void agent_send(struct agent *a, enum frame type, const void *p, uint32_t len)
{
	struct header h = {.type = type, .len = len};

	buf_add(&a->out, &h, sizeof h);
	buf_add(&a->out, p, len);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd, r;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/*
 * Forget the command. `kill_all` takes down what it started too, by its cgroup: job control and
 * timeout(1) move children to process groups of their own. Without it, what a finished command left
 * in the background lives on, as it would on any machine.
 */
static void agent_end(struct agent *a, bool kill_all)
{
	if (a->running && kill_all) {
		write_file(a->cgroup, "cgroup.kill", "1");
		kill(-a->pid, SIGKILL);
		kill(a->pid, SIGKILL);
		if (!a->exited)
			waitpid(a->pid, NULL, 0);
	}
	for (int i = 0; i < 3; i++)
		close_fd(&a->fds[i]);
	close_fd(&a->pidfd);
	if (a->running)
		rmdir(a->cgroup);
	a->running = a->exited = a->stdin_eof = false;
	buf_clear(&a->to_stdin);
}

static _Noreturn void command_exec(
	struct agent *a, int fds[3], const char *cwd, char **argv, char **env)
{
	sigset_t none;
	int e;

	setsid();
	write_file(a->cgroup, "cgroup.procs", "0");
	for (int i = 0; i < 3; i++)
		dup2(fds[i], i);
	close_range(3, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	environ = env;
	if (chdir(cwd) < 0) {
		fprintf(stderr, "cannot enter %s: %s\n", cwd, strerror(errno));
		_exit(126);
	}
	execvp(argv[0], argv);
	e = errno;
	fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(e));
	_exit(e == ENOENT ? 127 : 126);
}

static int agent_spawn(struct agent *a, const char *cwd, char **argv, char **env)
{
	int theirs[3], p[2];

	for (int i = 0; i < 3; i++) {
		if (pipe2(p, O_CLOEXEC) < 0)
			return -errno;
		theirs[i] = p[i == 0 ? 0 : 1];
		a->fds[i] = p[i == 0 ? 1 : 0];
		nonblock(a->fds[i]);
	}
	snprintf(a->cgroup, sizeof a->cgroup, "/sys/fs/cgroup/vm-command-%d-%u", a->number,
		a->sessions);
	mkdir(a->cgroup, 0755);
	a->pid = fork();
	if (a->pid == 0)
		command_exec(a, theirs, cwd, argv, env);
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
	if (a->pid < 0)
		return -errno;
	a->pidfd = syscall(SYS_pidfd_open, a->pid, 0);
	a->running = true;
	return a->pidfd < 0 ? -errno : 0;
}

/* Cut a RUN payload into its strings; false when it is not well formed. */
static bool run_parse(char *p, size_t len, char **cwd, char ***argv, char ***env)
{
	size_t n = 0, argc, i = 0;
	char **v, *end = p + len;

	if (!len || end[-1])
		return false;
	for (char *s = p; s < end; s++)
		n += !*s;
	v = xrealloc(NULL, (n + 2) * sizeof *v);
	for (char *s = p; s < end; s += strlen(s) + 1)
		v[i++] = s;
	argc = n >= 3 ? strtoul(v[1], NULL, 10) : 0;
	if (argc < 1 || argc > n - 2) {
		free(v);
		return false;
	}
	*cwd = v[0];
	*argv = xrealloc(NULL, (argc + 1) * sizeof *v);
	memcpy(*argv, v + 2, argc * sizeof *v);
	(*argv)[argc] = NULL;
	*env = xrealloc(NULL, (n - argc + 1) * sizeof *v);
	memcpy(*env, v + 2 + argc, (n - 2 - argc) * sizeof *v);
	(*env)[n - 2 - argc] = NULL;
	free(v);
	return true;
}

static void agent_run(struct agent *a, char *p, size_t len)
{
	char *cwd, **argv, **env;
	uint32_t status = 125;
	int r;

	if (a->running || !run_parse(p, len, &cwd, &argv, &env))
		return;
	r = agent_spawn(a, cwd, argv, env);
	free(argv);
	free(env);
	if (r < 0) {
		agent_end(a, true);
		agent_send(a, F_STDERR, "cannot start a process\n", 23);
		agent_send(a, F_EXIT, &status, sizeof status);
	}
}

static void agent_frame(struct agent *a, enum frame type, uint8_t *p, uint32_t len)
{
	switch (type) {
	case F_RUN:
		agent_run(a, (char *)p, len);
		break;
	case F_STDIN:
		if (a->fds[0] >= 0)
			buf_add(&a->to_stdin, p, len);
		else
			agent_send(a, F_CREDIT, &len, sizeof len);
		break;
	case F_STDIN_EOF:
		a->stdin_eof = true;
		if (!buf_used(&a->to_stdin))
			close_fd(&a->fds[0]);
		break;
	case F_SIGNAL:
		if (a->running && !a->exited && len == 1)
			kill(-a->pid, p[0]);
		break;
	default:
		break;
	}
}

static void agent_sync(struct agent *a)
{
	agent_end(a, true);
	buf_clear(&a->in);
	buf_clear(&a->out);
	a->sessions++;
	buf_add(&a->out, MAGIC, strlen(MAGIC));
	buf_add(&a->out, a->nonce, NONCE_LEN);
}

static void agent_unescape(struct agent *a, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;

	while (p < end) {
		const uint8_t *esc;

		if (a->escaped == 1) {
			const uint8_t ff = ESC;

			a->escaped = *p == ESC_SYNC ? 2 : 0;
			a->nonce_len = 0;
			if (*p++ == ESC_LITERAL)
				buf_add(&a->in, &ff, 1);
			continue;
		}
		if (a->escaped == 2) {
			/* A client that died inside its nonce: the next one's ESC still counts. */
			if (*p == ESC) {
				a->escaped = 1;
				p++;
				continue;
			}
			a->nonce[a->nonce_len++] = *p++;
			if (a->nonce_len == NONCE_LEN) {
				a->escaped = 0;
				agent_sync(a);
			}
			continue;
		}
		esc = memchr(p, ESC, end - p);
		buf_add(&a->in, p, (esc ? esc : end) - p);
		p = esc ? esc + 1 : end;
		a->escaped = esc != NULL;
	}
}

static void agent_parse(struct agent *a)
{
	struct header h;

	while (buf_used(&a->in) >= sizeof h) {
		memcpy(&h, a->in.p + a->in.off, sizeof h);
		if (h.len > MAX_FRAME) {
			buf_clear(&a->in);
			return;
		}
		if (buf_used(&a->in) < sizeof h + h.len)
			return;
		agent_frame(a, h.type, a->in.p + a->in.off + sizeof h, h.len);
		a->in.off += sizeof h + h.len;
	}
}

static void agent_read_port(struct agent *a)
{
	static uint8_t tmp[CHUNK];
	ssize_t n = read(a->port, tmp, sizeof tmp);

	if (n > 0) {
		agent_unescape(a, tmp, n);
		agent_parse(a);
	}
}

static void agent_feed_stdin(struct agent *a)
{
	ssize_t n = buf_flush(&a->to_stdin, a->fds[0]);
	uint32_t taken = n;

	if (n < 0) {
		/* The command closed it: what it does not read is nobody's. */
		taken = buf_used(&a->to_stdin);
		buf_clear(&a->to_stdin);
		close_fd(&a->fds[0]);
	}
	if (taken)
		agent_send(a, F_CREDIT, &taken, sizeof taken);
	if (a->stdin_eof && !buf_used(&a->to_stdin))
		close_fd(&a->fds[0]);
}

static void agent_read_output(struct agent *a, int i)
{
	static uint8_t tmp[CHUNK - sizeof(struct header)];
	ssize_t n = read(a->fds[i], tmp, sizeof tmp);

	if (n > 0) {
		agent_send(a, i == 1 ? F_STDOUT : F_STDERR, tmp, n);
		a->quiet_since = now_ms();
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_fd(&a->fds[i]);
	}
}

static void agent_reap(struct agent *a)
{
	int st;

	if (waitpid(a->pid, &st, WNOHANG) != a->pid)
		return;
	a->exited = true;
	a->status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	a->quiet_since = now_ms();
	close_fd(&a->pidfd);
}

/*
 * Finished when the command has exited and both outputs are at their end, or something that it left
 * in the background holds them open and has been silent for a while.
 */
static void agent_finish(struct agent *a)
{
	uint32_t status = a->status;

	if (!a->exited || (a->fds[1] >= 0 && now_ms() - a->quiet_since < QUIET_MS) ||
		(a->fds[2] >= 0 && now_ms() - a->quiet_since < QUIET_MS))
		return;
	agent_end(a, false);
	agent_send(a, F_EXIT, &status, sizeof status);
}

/*
 * poll() returns at once while no client is there, so it cannot be waited with. The driver sends
 * SIGIO when that changes; it is blocked, so one that came before the wait ends the wait.
 */
static void await_client(const struct agent *a)
{
	const struct timespec pause = {.tv_sec = HUP_PAUSE_MS / 1000};
	struct pollfd p = {.fd = a->port, .events = POLLIN};
	sigset_t io;

	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLHUP))
		sigtimedwait(&io, NULL, &pause);
}

static void agent_turn(struct agent *a)
{
	struct pollfd p[5] = {
		{.fd = a->port, .events = POLLIN | (buf_used(&a->out) ? POLLOUT : 0)},
		{.fd = buf_used(&a->to_stdin) ? a->fds[0] : -1, .events = POLLOUT},
		{.fd = buf_used(&a->out) < OUT_HIGH ? a->fds[1] : -1, .events = POLLIN},
		{.fd = buf_used(&a->out) < OUT_HIGH ? a->fds[2] : -1, .events = POLLIN},
		{.fd = a->pidfd, .events = POLLIN},
	};

	if (poll(p, 5, a->exited ? QUIET_MS / 5 : -1) < 0)
		return;
	if (buf_used(&a->out) >= OUT_HIGH)
		a->quiet_since = now_ms(); /* it is we who do not listen */
	if (p[0].revents & POLLHUP) {
		agent_end(a, true);
		buf_clear(&a->in);
		buf_clear(&a->out);
		a->escaped = 0;
		await_client(a);
		return;
	}
	/* Output before the exit: what was written before it must not come too late. */
	for (int i = 1; i <= 2; i++)
		if (p[i + 1].revents && a->fds[i] >= 0)
			agent_read_output(a, i);
	if (p[1].revents && a->fds[0] >= 0)
		agent_feed_stdin(a);
	if (p[4].revents && a->pidfd >= 0)
		agent_reap(a);
	if (p[0].revents & POLLIN)
		agent_read_port(a);
	if (a->running)
		agent_finish(a);
	if (buf_used(&a->out))
		buf_flush(&a->out, a->port);
}

static _Noreturn void agent_serve(const char *dev, int number)
{
	struct agent a = {.number = number, .pidfd = -1, .fds = {-1, -1, -1}};
	sigset_t io;

	prctl(PR_SET_NAME, "vm-port");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, NULL);
	a.port = open(dev, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (a.port < 0) {
		fprintf(stderr, "conduit: %s: %s\n", dev, strerror(errno));
		sleep(1);
		_exit(1);
	}
	fcntl(a.port, F_SETOWN, getpid());
	fcntl(a.port, F_SETFL, fcntl(a.port, F_GETFL) | O_ASYNC);
	for (;;)
		agent_turn(&a);
}

/* The guest has no udev: sysfs tells which vport is which. */
static int find_ports(char dev[MAX_PORTS][64])
{
	DIR *d = opendir("/sys/class/virtio-ports");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d))) {
		char path[PATH_MAX];
		FILE *f;
		int i;

		snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", e->d_name);
		f = e->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "latch.%d", &i) == 1 && i >= 0 && i < MAX_PORTS) {
			snprintf(dev[i], sizeof dev[i], "/dev/%.50s", e->d_name);
			n = i >= n ? i + 1 : n;
		}
		fclose(f);
	}
	if (d)
		closedir(d);
	return n;
}

int agent_main(void)
{
	char dev[MAX_PORTS][64] = {""};
	pid_t pids[MAX_PORTS] = {0}, p;
	int n = 0;

	for (int tries = 0; !n && tries < 200; tries++, usleep(50000))
		n = find_ports(dev);
	for (;;) {
		for (int i = 0; i < n; i++) {
			if (pids[i] || !dev[i][0])
				continue;
			pids[i] = fork();
			if (pids[i] == 0)
				agent_serve(dev[i], i);
		}
		p = waitpid(-1, NULL, 0);
		for (int i = 0; i < n; i++)
			if (pids[i] == p)
				pids[i] = 0;
		if (p < 0)
			sleep(1);
	}
}
