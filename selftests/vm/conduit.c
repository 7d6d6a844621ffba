// SPDX-License-Identifier: Apache-2.0
/*
 * The pipe between the host and the virtual machine: runs one command in the guest with its
 * standard input, output, error and exit status carried over a virtio-serial port, byte for byte.
 *
 * `conduit agent` is the guest's pid 1 and serves every port named latch.N; `conduit client` is the
 * host's end. One client holds a port at a time (flock), so parallel commands use several ports.
 *
 * It decides how bytes travel and when a command counts as finished. It does not decide what is
 * mounted or started in the guest (initramfs/init, guest/setup), and it has no terminal emulation.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Frames. A client can die in the middle of one, and the next client's bytes follow on the same
 * port without a gap that the guest is sure to see. So the client's direction escapes ESC, and
 * ESC SYNC starts a session wherever it stands; the guest answers with MAGIC and the client's own
 * nonce, before which the client ignores everything. The guest's direction carries the bulk and
 * needs no escaping.
 */
enum frame {
	F_RUN = 'R',	/* cwd, argc, argv..., env..., each ended by NUL */
	F_STDIN = 'I',
	F_STDIN_EOF = 'E',
	F_SIGNAL = 'S', /* one byte: the number */
	F_STDOUT = 'o',
	F_STDERR = 'e',
	F_CREDIT = 'c', /* u32: bytes of standard input that the command has taken */
	F_EXIT = 'x',	/* u32: status as a shell gives it */
};

struct header {
	uint8_t type;
	uint8_t zero[3];
	uint32_t len;
};

#define ESC 0xff
#define ESC_LITERAL 0x00
#define ESC_SYNC 0x01
#define MAGIC "latch-conduit/1\n"
#define NONCE_LEN 16
#define MAX_FRAME (4u << 20)	/* the longest RUN */
#define CHUNK (32u << 10)	/* what the guest's driver takes in one write */
#define WINDOW (256u << 10)	/* standard input on its way; the agent can always hold this much */
#define OUT_HIGH (128u << 10)	/* stop reading the command's output above this */
#define QUIET_MS 500		/* after the exit: how long a background holder may stay silent */
#define HUP_PAUSE_US 20000
#define ST_TIMEOUT 124
#define ST_LOST 202
#define MAX_PORTS 16

struct buf {
	uint8_t *p;
	size_t len, cap, off;
};

static void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p) {
		perror("conduit");
		_exit(ST_LOST);
	}
	return p;
}

static void buf_reserve(struct buf *b, size_t more)
{
	if (b->off && b->off == b->len)
		b->off = b->len = 0;
	if (b->len + more <= b->cap)
		return;
	memmove(b->p, b->p + b->off, b->len - b->off);
	b->len -= b->off;
	b->off = 0;
	if (b->len + more > b->cap) {
		b->cap = (b->len + more) * 2;
		b->p = xrealloc(b->p, b->cap);
	}
}

static void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

static size_t buf_used(const struct buf *b)
{
	return b->len - b->off;
}

static void buf_clear(struct buf *b)
{
	b->len = b->off = 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Returns how much was written, 0 when the other side is not ready, -errno when it is gone. */
static ssize_t buf_flush(struct buf *b, int fd)
{
	size_t n = buf_used(b);
	ssize_t r;

	if (!n)
		return 0;
	r = write(fd, b->p + b->off, n > CHUNK ? CHUNK : n);
	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	b->off += r;
	return r;
}

static void nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* ---- the guest ---------------------------------------------------------------------------- */

struct agent {
	int port, number;
	unsigned int sessions;
	struct buf in, out, to_stdin;
	int escaped;		/* 1: after ESC, 2: in the nonce that follows ESC SYNC */
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
	struct header h = { .type = type, .len = len };

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

static _Noreturn void command_exec(struct agent *a, int fds[3], const char *cwd, char **argv, char **env)
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
	snprintf(a->cgroup, sizeof a->cgroup, "/sys/fs/cgroup/vm-command-%d-%u", a->number, a->sessions);
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

static void agent_turn(struct agent *a)
{
	struct pollfd p[5] = {
		{ .fd = a->port, .events = POLLIN | (buf_used(&a->out) ? POLLOUT : 0) },
		{ .fd = buf_used(&a->to_stdin) ? a->fds[0] : -1, .events = POLLOUT },
		{ .fd = buf_used(&a->out) < OUT_HIGH ? a->fds[1] : -1, .events = POLLIN },
		{ .fd = buf_used(&a->out) < OUT_HIGH ? a->fds[2] : -1, .events = POLLIN },
		{ .fd = a->pidfd, .events = POLLIN },
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
		agent_read_port(a); /* a client that came in this instant is not lost */
		usleep(HUP_PAUSE_US);
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
	struct agent a = { .number = number, .pidfd = -1, .fds = { -1, -1, -1 } };

	prctl(PR_SET_NAME, "vm-port");
	signal(SIGPIPE, SIG_IGN);
	a.port = open(dev, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (a.port < 0) {
		fprintf(stderr, "conduit: %s: %s\n", dev, strerror(errno));
		sleep(1);
		_exit(1);
	}
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

static int agent_main(void)
{
	char dev[MAX_PORTS][64] = { "" };
	pid_t pids[MAX_PORTS] = { 0 }, p;
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

/* ---- the host ----------------------------------------------------------------------------- */

struct client {
	const char *prog, *logs;
	int sock;
	struct buf in, out;
	bool hello, stdin_done;
	bool stream_dead[3];
	size_t credit;
	uint64_t deadline, give_up;
	int signalled;
	char expect[sizeof(MAGIC) - 1 + NONCE_LEN];
};

static volatile sig_atomic_t caught;

static void on_signal(int s)
{
	caught = s;
}

static _Noreturn void client_die(const struct client *c, int status, const char *fmt, ...)
{
	va_list ap;

	if (c->prog) {
		fprintf(stderr, "%s: ", c->prog);
		va_start(ap, fmt);
		vfprintf(stderr, fmt, ap);
		va_end(ap);
		if (c->logs)
			fprintf(stderr, "; the logs are in %s", c->logs);
		fputc('\n', stderr);
	}
	exit(status);
}

static void client_escape(struct client *c, const uint8_t *p, size_t n)
{
	static const uint8_t lit[2] = { ESC, ESC_LITERAL };

	for (const uint8_t *end = p + n, *esc; p < end; p = esc ? esc + 1 : end) {
		esc = memchr(p, ESC, end - p);
		buf_add(&c->out, p, (esc ? esc : end) - p);
		if (esc)
			buf_add(&c->out, lit, 2);
	}
}

static void client_send(struct client *c, enum frame type, const void *p, uint32_t len)
{
	struct header h = { .type = type, .len = len };

	client_escape(c, (const uint8_t *)&h, sizeof h);
	client_escape(c, p, len);
}

static void client_hello(struct client *c)
{
	static const uint8_t sync[2] = { ESC, ESC_SYNC };
	uint8_t raw[NONCE_LEN / 2];
	char hex[NONCE_LEN + 1];

	if (getrandom(raw, sizeof raw, 0) != sizeof raw)
		client_die(c, ST_LOST, "no random bytes");
	for (size_t i = 0; i < sizeof raw; i++)
		sprintf(hex + 2 * i, "%02x", raw[i]);
	memcpy(c->expect, MAGIC, strlen(MAGIC));
	memcpy(c->expect + strlen(MAGIC), hex, NONCE_LEN);
	buf_add(&c->out, sync, 2);
	buf_add(&c->out, hex, NONCE_LEN);
}

static bool client_find_hello(struct client *c)
{
	uint8_t *at = memmem(c->in.p + c->in.off, buf_used(&c->in), c->expect, sizeof c->expect);

	if (!at) {
		size_t used = buf_used(&c->in);

		if (used > sizeof c->expect)
			c->in.off += used - sizeof c->expect;
		return false;
	}
	c->in.off = at - c->in.p + sizeof c->expect;
	c->hello = true;
	return true;
}

static void client_signal(struct client *c, int s)
{
	uint8_t byte = s;

	client_send(c, F_SIGNAL, &byte, 1);
}

/* A caught signal goes to the command; a second one, or a command that ignores it, ends the wait. */
static void client_caught(struct client *c)
{
	int s = caught;

	if (!s)
		return;
	caught = 0;
	if (c->signalled || !c->hello)
		exit(128 + s);
	c->signalled = s;
	c->give_up = now_ms() + 5000;
	client_signal(c, s);
}

static void client_output(struct client *c, int fd, const uint8_t *p, size_t n)
{
	while (n && !c->stream_dead[fd]) {
		ssize_t r = write(fd, p, n);

		if (r >= 0) {
			p += r;
			n -= r;
		} else if (errno == EINTR) {
			client_caught(c);
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 1000);
		} else {
			c->stream_dead[fd] = true;
			client_signal(c, SIGPIPE);
		}
	}
}

static void client_frame(struct client *c, enum frame type, const uint8_t *p, uint32_t len)
{
	uint32_t v = 0;

	switch (type) {
	case F_STDOUT:
		client_output(c, 1, p, len);
		break;
	case F_STDERR:
		client_output(c, 2, p, len);
		break;
	case F_CREDIT:
		memcpy(&v, p, sizeof v);
		c->credit += v;
		break;
	case F_EXIT:
		memcpy(&v, p, sizeof v);
		exit(v);
	default:
		client_die(c, ST_LOST, "the virtual machine sent something else than a frame");
	}
}

static void client_parse(struct client *c)
{
	struct header h;

	while (buf_used(&c->in) >= sizeof h) {
		memcpy(&h, c->in.p + c->in.off, sizeof h);
		if (h.len > MAX_FRAME)
			client_die(c, ST_LOST, "the virtual machine sent something else than a frame");
		if (buf_used(&c->in) < sizeof h + h.len)
			return;
		client_frame(c, h.type, c->in.p + c->in.off + sizeof h, h.len);
		c->in.off += sizeof h + h.len;
	}
}

static void client_read_sock(struct client *c)
{
	ssize_t n;

	buf_reserve(&c->in, CHUNK);
	n = read(c->sock, c->in.p + c->in.len, CHUNK);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		client_die(c, ST_LOST, "the virtual machine is gone");
	c->in.len += n;
	if (c->hello || client_find_hello(c))
		client_parse(c);
}

static void client_read_stdin(struct client *c)
{
	static uint8_t tmp[CHUNK];
	ssize_t n = read(0, tmp, c->credit < sizeof tmp ? c->credit : sizeof tmp);

	if (n > 0) {
		c->credit -= n;
		client_send(c, F_STDIN, tmp, n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		c->stdin_done = true;
		client_send(c, F_STDIN_EOF, "", 0);
	}
}

static int client_wait_ms(const struct client *c)
{
	uint64_t until = c->deadline, now = now_ms();

	if (c->give_up && (!until || c->give_up < until))
		until = c->give_up;
	if (!until)
		return -1;
	return until > now ? (int)(until - now > INT_MAX ? INT_MAX : until - now) : 0;
}

static void client_turn(struct client *c)
{
	struct pollfd p[2] = {
		{ .fd = c->sock, .events = POLLIN | (buf_used(&c->out) ? POLLOUT : 0) },
		{ .fd = c->hello && !c->stdin_done && c->credit && buf_used(&c->out) < OUT_HIGH ? 0 : -1,
		  .events = POLLIN },
	};
	ssize_t r;
	int n = poll(p, 2, client_wait_ms(c));

	client_caught(c);
	if (c->give_up && now_ms() >= c->give_up)
		exit(128 + c->signalled);
	if (n <= 0)
		return;
	if (p[1].revents)
		client_read_stdin(c);
	if (p[0].revents & POLLOUT) {
		r = buf_flush(&c->out, c->sock);
		if (r < 0)
			client_die(c, ST_LOST, "the virtual machine is gone");
	}
	if (p[0].revents & ~POLLOUT)
		client_read_sock(c);
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof a.sun_path)
		return -1;
	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return -1;
	nonblock(fd);
	return fd;
}

/* Take the first free port of the machine in `dir`; wait for one when all are busy. */
static int take_port(struct client *c, const char *dir)
{
	for (;;) {
		int i;

		for (i = 0; i < MAX_PORTS; i++) {
			char path[PATH_MAX];
			int lock;

			snprintf(path, sizeof path, "%s/port.%d", dir, i);
			if (access(path, F_OK) < 0)
				break;
			snprintf(path, sizeof path, "%s/port.%d.lock", dir, i);
			lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
			if (lock < 0)
				client_die(c, ST_LOST, "%s: %s", path, strerror(errno));
			if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
				close(lock);
				continue;
			}
			snprintf(path, sizeof path, "%s/port.%d", dir, i);
			c->sock = connect_to(path);
			if (c->sock < 0)
				client_die(c, ST_LOST, "the virtual machine is gone");
			return i; /* the lock stays open until this process ends */
		}
		if (!i)
			client_die(c, ST_LOST, "no virtual machine listens in %s", dir);
		usleep(50000);
		if (caught)
			exit(128 + caught);
	}
}

static void client_signals(void)
{
	/* A shell that puts us in the background has set some of these to "ignore". */
	static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaction(forwarded[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void await_hello(struct client *c, unsigned int seconds)
{
	c->deadline = now_ms() + seconds * 1000ull;
	client_hello(c);
	while (!c->hello) {
		if (now_ms() >= c->deadline)
			client_die(c, ST_LOST, "the virtual machine does not answer");
		client_turn(c);
	}
	c->deadline = 0;
}

static void run_frame(struct client *c, const char *cwd, char **env, int nenv, char **argv)
{
	struct buf b = { 0 };
	char num[16];
	int argc = 0;

	while (argv[argc])
		argc++;
	snprintf(num, sizeof num, "%d", argc);
	buf_add(&b, cwd, strlen(cwd) + 1);
	buf_add(&b, num, strlen(num) + 1);
	for (int i = 0; i < argc; i++)
		buf_add(&b, argv[i], strlen(argv[i]) + 1);
	for (int i = 0; i < nenv; i++)
		buf_add(&b, env[i], strlen(env[i]) + 1);
	if (b.len > MAX_FRAME)
		client_die(c, 126, "the command line is too long");
	client_send(c, F_RUN, b.p, b.len);
	free(b.p);
}

static int client_main(int argc, char **argv)
{
	struct client c = { .prog = "conduit", .sock = -1, .credit = WINDOW };
	unsigned int timeout = 0, answer = 120;
	const char *cwd = "/";
	char **env = xrealloc(NULL, (argc + 1) * sizeof *env);
	bool probe = false;
	int nenv = 0, opt;

	while ((opt = getopt(argc, argv, "+p:l:c:e:t:a:nq")) != -1) {
		switch (opt) {
		case 'p': c.prog = optarg; break;
		case 'l': c.logs = optarg; break;
		case 'c': cwd = optarg; break;
		case 'e': env[nenv++] = optarg; break;
		case 't': timeout = strtoul(optarg, NULL, 10); break;
		case 'a': answer = strtoul(optarg, NULL, 10); break;
		case 'n': probe = true; break;
		case 'q': c.prog = NULL; break;
		default: return 2;
		}
	}
	if (argc - optind < (probe ? 1 : 2))
		return 2;
	client_signals();
	take_port(&c, argv[optind]);
	await_hello(&c, answer);
	if (probe)
		return 0;
	run_frame(&c, cwd, env, nenv, argv + optind + 1);
	if (timeout)
		c.deadline = now_ms() + timeout * 1000ull;
	for (;;) {
		if (c.deadline && now_ms() >= c.deadline)
			client_die(&c, ST_TIMEOUT, "the command did not end within %u s and was killed",
				   timeout);
		client_turn(&c);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "agent"))
		return agent_main();
	if (argc > 1 && !strcmp(argv[1], "client"))
		return client_main(argc - 1, argv + 1);
	fputs("conduit agent\n"
	      "conduit client [-p PROG | -q] [-l LOGS] [-c CWD] [-e NAME=VALUE]... [-t SECONDS]\n"
	      "               [-a ANSWER-SECONDS] [-n] FOLDER COMMAND...\n", stderr);
	return 2;
}
