// SPDX-License-Identifier: Apache-2.0
/*
 * The host's end: takes a free port of a machine, hands over one command, and carries its streams
 * until the exit status comes. It decides what a signal, a time-out and a lost machine mean for the
 * caller; it says nothing on the caller's streams unless one of these happened.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "conduit.h"

#define ST_TIMEOUT 124

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
	static const uint8_t lit[2] = {ESC, ESC_LITERAL};

	for (const uint8_t *end = p + n, *esc; p < end; p = esc ? esc + 1 : end) {
		esc = memchr(p, ESC, end - p);
		buf_add(&c->out, p, (esc ? esc : end) - p);
		if (esc)
			buf_add(&c->out, lit, 2);
	}
}

static void client_send(struct client *c, enum frame type, const void *p, uint32_t len)
{
	struct header h = {.type = type, .len = len};

	client_escape(c, (const uint8_t *)&h, sizeof h);
	client_escape(c, p, len);
}

static void client_hello(struct client *c)
{
	static const uint8_t sync[2] = {ESC, ESC_SYNC};
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

/* A caught signal goes to the command; a second one, or a command that ignores it, ends the wait.
 */
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
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000);
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
			client_die(
				c, ST_LOST, "the virtual machine sent something else than a frame");
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
		{.fd = c->sock, .events = POLLIN | (buf_used(&c->out) ? POLLOUT : 0)},
		{.fd = c->hello && !c->stdin_done && c->credit && buf_used(&c->out) < OUT_HIGH ? 0
											       : -1,
			.events = POLLIN},
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
	struct sockaddr_un a = {.sun_family = AF_UNIX};
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
	static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction sa = {.sa_handler = on_signal};

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
	struct buf b = {0};
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
	struct client c = {.prog = "conduit", .sock = -1, .credit = WINDOW};
	unsigned int timeout = 0, answer = 120;
	const char *cwd = "/";
	char **env = xrealloc(NULL, (argc + 1) * sizeof *env);
	bool probe = false;
	int nenv = 0, opt;

	while ((opt = getopt(argc, argv, "+p:l:c:e:t:a:nq")) != -1) {
		switch (opt) {
		case 'p':
			c.prog = optarg;
			break;
		case 'l':
			c.logs = optarg;
			break;
		case 'c':
			cwd = optarg;
			break;
		case 'e':
			env[nenv++] = optarg;
			break;
		case 't':
			timeout = strtoul(optarg, NULL, 10);
			break;
		case 'a':
			answer = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			probe = true;
			break;
		case 'q':
			c.prog = NULL;
			break;
		default:
			return 2;
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
			client_die(&c, ST_TIMEOUT,
				"the command did not end within %u s and was killed", timeout);
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
	      "               [-a ANSWER-SECONDS] [-n] FOLDER COMMAND...\n",
		stderr);
	return 2;
}
