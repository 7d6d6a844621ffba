// SPDX-License-Identifier: Apache-2.0
/*
 * handover HOW SOCKET CGROUP: connects to SOCKET as the host, brings the connection into the hands of
 * a task in CGROUP (a container scope) by one of the ways there are, and lets that task send.
 * Prints "sent" or "errno N". Also the ways in which a task itself changes sides:
 *
 *   stay       the host sends on its own connection (the control: must succeed)
 *   splice     the same by splice (the control for the next)
 *   move       the connected process moves into CGROUP, then sends
 *   move-splice, move-sendfile   the same, by these
 *   fork       a child with the inherited descriptor moves into CGROUP, then sends
 *   rights     a task in CGROUP gets the descriptor by SCM_RIGHTS
 *   rights-splice, rights-tee, rights-vmsplice, rights-sendfile, rights-oob, rights-write
 *              the same, and what it sends comes from a pipe, from a pipe that tee or vmsplice filled,
 *              from a file; is out-of-band data; is written
 *   getfd      a task in CGROUP takes the descriptor by pidfd_getfd
 *   return     a task that was in CGROUP moves out again and connects
 *   orphan     a child forked in CGROUP moves out again and connects
 *   birth      a child born in CGROUP (CLONE_INTO_CGROUP, no move to be seen) moves out and connects
 *   into       a child born in CGROUP connects there, and sends
 *   late       a process in CGROUP connects, says so, and sends when it has read a line
 *   thread     a thread of a process that was moved as a whole execs nothing, moves out, connects
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char ping[] = "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";

static void fail(const char *what)
{
	fprintf(stderr, "handover: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int try_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : fd;
}

static int connect_as_host(const char *path)
{
	int fd = try_connect(path);

	if (fd < 0) {
		errno = -fd;
		fail("the host cannot connect");
	}
	return fd;
}

static void enter(const char *cgroup)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(path);
	close(fd);
}

static void say(int result)
{
	if (result < 0)
		printf("errno %d\n", -result);
	else
		puts("sent");
	fflush(stdout);
}

static int send_ping(int fd)
{
	return send(fd, ping, strlen(ping), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void make_pipe(int ends[2])
{
	if (pipe(ends))
		fail("pipe");
}

static int splice_ping(int fd)
{
	int ends[2];

	make_pipe(ends);
	if (write(ends[1], ping, strlen(ping)) < 0)
		fail("write");
	return splice(ends[0], NULL, fd, NULL, strlen(ping), 0) < 0 ? -errno : 0;
}

static int sendfile_ping(int fd)
{
	int file = memfd_create("ping", 0);

	if (file < 0 || write(file, ping, strlen(ping)) < 0)
		fail("memfd_create");
	return sendfile(fd, file, &(off_t){ 0 }, strlen(ping)) < 0 ? -errno : 0;
}

static int tee_ping(int fd)
{
	int full[2], copy[2];

	make_pipe(full);
	make_pipe(copy);
	if (write(full[1], ping, strlen(ping)) < 0 || tee(full[0], copy[1], strlen(ping), 0) < 0)
		fail("tee");
	return splice(copy[0], NULL, fd, NULL, strlen(ping), 0) < 0 ? -errno : 0;
}

static int vmsplice_ping(int fd)
{
	struct iovec text = { (void *)ping, strlen(ping) };
	int ends[2];

	make_pipe(ends);
	if (vmsplice(ends[1], &text, 1, 0) < 0)
		fail("vmsplice");
	return splice(ends[0], NULL, fd, NULL, strlen(ping), 0) < 0 ? -errno : 0;
}

static int oob_ping(int fd)
{
	return send(fd, ping, strlen(ping), MSG_OOB | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int write_ping(int fd)
{
	return write(fd, ping, strlen(ping)) < 0 ? -errno : 0;
}

static const struct {
	const char *name;
	int (*send)(int fd);
} senders[] = {
	{ "rights", send_ping },
	{ "rights-splice", splice_ping },
	{ "rights-tee", tee_ping },
	{ "rights-vmsplice", vmsplice_ping },
	{ "rights-sendfile", sendfile_ping },
	{ "rights-oob", oob_ping },
	{ "rights-write", write_ping },
};

/* By the way's name; NULL where the descriptor is not passed by SCM_RIGHTS. */
static int (*sender_of(const char *how))(int fd)
{
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		if (!strcmp(how, senders[i].name))
			return senders[i].send;
	return NULL;
}

static void move_and_send(const char *path, const char *cgroup, int (*send)(int fd))
{
	int fd = connect_as_host(path);

	enter(cgroup);
	say(send(fd));
}

static int connect_and_send(const char *path)
{
	int fd = try_connect(path);

	return fd < 0 ? fd : send_ping(fd);
}

static void finish_child(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		exit(1);
}

static void pass_rights(int channel, int fd)
{
	char byte = 0;
	struct iovec data = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(channel, &message, 0) != 1)
		fail("sendmsg");
}

static int take_rights(int channel)
{
	char byte;
	struct iovec data = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header;
	int fd;

	if (recvmsg(channel, &message, 0) != 1)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (!header)
		return -EPERM; /* the kernel kept the descriptor back */
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void by_rights(const char *path, const char *cgroup, int (*send)(int fd))
{
	int pair[2], fd = connect_as_host(path);
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		fail("socketpair");
	child = fork();
	if (child == 0) {
		close(fd);
		enter(cgroup);
		fd = take_rights(pair[1]);
		say(fd < 0 ? fd : send(fd));
		_exit(0);
	}
	pass_rights(pair[0], fd);
	finish_child(child);
}

static void by_getfd(const char *path, const char *cgroup)
{
	int pair[2], fd = connect_as_host(path), parent = getpid();
	pid_t child;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* yama must not be what refuses */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		fail("socketpair");
	child = fork();
	if (child == 0) {
		int pidfd, taken;

		close(fd);
		enter(cgroup);
		pidfd = syscall(SYS_pidfd_open, parent, 0);
		taken = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		if (taken < 0)
			fail("pidfd_getfd");
		say(send_ping(taken));
		_exit(0);
	}
	finish_child(child);
}

struct escape {
	const char *path;
	int result;
	pthread_barrier_t moved;
};

static void *wait_and_connect(void *data)
{
	struct escape *escape = data;

	pthread_barrier_wait(&escape->moved);
	escape->result = connect_and_send(escape->path);
	return NULL;
}

/* The thread is older than its process's stay in the scope. */
static void by_thread(const char *path, const char *cgroup, const char *root)
{
	struct escape escape = { .path = path };
	pthread_t thread;

	pthread_barrier_init(&escape.moved, NULL, 2);
	if (pthread_create(&thread, NULL, wait_and_connect, &escape))
		fail("pthread_create");
	enter(cgroup);
	enter(root);
	pthread_barrier_wait(&escape.moved);
	pthread_join(thread, NULL);
	say(escape.result);
}

/* `root` NULL: the child stays where it was born. */
static void by_birth(const char *path, const char *cgroup, const char *root)
{
	struct clone_args arguments = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	pid_t child;

	arguments.cgroup = open(cgroup, O_PATH | O_DIRECTORY);
	child = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (child < 0)
		fail("clone3");
	if (child == 0) {
		if (root)
			enter(root);
		say(connect_and_send(path));
		_exit(0);
	}
	finish_child(child);
}

int main(int argc, char **argv)
{
	static const char root[] = "/sys/fs/cgroup";
	const char *how, *path, *cgroup;
	pid_t child;
	int fd;

	if (argc != 4) {
		fputs("usage: handover stay|splice|move|move-splice|move-sendfile|fork|rights[-splice|-tee|"
		      "-vmsplice|-sendfile|-oob|-write]|getfd|return|orphan|birth|into|late|thread SOCKET CGROUP\n",
			stderr);
		return 2;
	}
	how = argv[1];
	path = argv[2];
	cgroup = argv[3];
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(how, "stay")) {
		say(connect_and_send(path));
	} else if (!strcmp(how, "splice")) {
		say(splice_ping(connect_as_host(path)));
	} else if (!strcmp(how, "move")) {
		move_and_send(path, cgroup, send_ping);
	} else if (!strcmp(how, "move-splice")) {
		move_and_send(path, cgroup, splice_ping);
	} else if (!strcmp(how, "move-sendfile")) {
		move_and_send(path, cgroup, sendfile_ping);
	} else if (!strcmp(how, "fork")) {
		fd = connect_as_host(path);
		child = fork();
		if (child == 0) {
			enter(cgroup);
			say(send_ping(fd));
			_exit(0);
		}
		finish_child(child);
	} else if (sender_of(how)) {
		by_rights(path, cgroup, sender_of(how));
	} else if (!strcmp(how, "getfd")) {
		by_getfd(path, cgroup);
	} else if (!strcmp(how, "return")) {
		enter(cgroup);
		enter(root);
		say(connect_and_send(path));
	} else if (!strcmp(how, "orphan")) {
		enter(cgroup);
		child = fork();
		if (child == 0) {
			enter(root);
			say(connect_and_send(path));
			_exit(0);
		}
		finish_child(child);
	} else if (!strcmp(how, "birth")) {
		by_birth(path, cgroup, root);
	} else if (!strcmp(how, "into")) {
		by_birth(path, cgroup, NULL);
	} else if (!strcmp(how, "late")) {
		enter(cgroup);
		fd = connect_as_host(path);
		puts("connected");
		fflush(stdout);
		getchar();
		say(send_ping(fd));
	} else if (!strcmp(how, "thread")) {
		by_thread(path, cgroup, root);
	} else {
		fprintf(stderr, "handover: unknown way \"%s\"\n", how);
		return 2;
	}
	return 0;
}
