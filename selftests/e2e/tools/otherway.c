// SPDX-License-Identifier: Apache-2.0
/*
 * otherway send|connect WAY SOCKET [CGROUP]: reaches for SOCKET by another door of the kernel than the usual
 * system call, and prints "sent", "connected" or "errno N". send: connects as the host, moves into CGROUP, a
 * container's scope, if there is one, and sends. connect: moves first, then connects. What a way needs, rings
 * and their threads above all, it makes before the move, as the host. WAY:
 *
 *   uring          io_uring, in the task itself where the kernel can
 *   uring-worker   io_uring, by a worker thread of the kernel's
 *   uring-poll     io_uring, by the thread that polls the ring (SQPOLL)
 *   compat         a 32-bit system call
 *   writev, sendmmsg   (send alone)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define I386_CONNECT 362
#define I386_SENDTO  369

static const char ping[] = "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";

/* Below 4 GiB, for 32-bit calls. */
static struct low {
	struct sockaddr_un address;
	char text[sizeof(ping)];
} *low;

static void fail(const char *what)
{
	fprintf(stderr, "otherway: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The ring, of eight entries. */

static struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *sq_flags, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *results;
	unsigned int flags;	/* of the set-up */
	unsigned int sqe_flags; /* of each entry */
} ring;

static void *map(size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, offset);

	if (at == MAP_FAILED)
		fail("mapping the ring");
	return at;
}

static void make_ring(unsigned int flags, unsigned int sqe_flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 10000 };
	char *sq, *cq;

	ring.fd = syscall(SYS_io_uring_setup, 8, &params);
	if (ring.fd < 0)
		fail("io_uring_setup");
	sq = map(params.sq_off.array + params.sq_entries * sizeof(unsigned int), IORING_OFF_SQ_RING);
	cq = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring.entries = map(params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring.sq_tail = (unsigned int *)(sq + params.sq_off.tail);
	ring.sq_mask = (unsigned int *)(sq + params.sq_off.ring_mask);
	ring.sq_flags = (unsigned int *)(sq + params.sq_off.flags);
	ring.sq_array = (unsigned int *)(sq + params.sq_off.array);
	ring.cq_head = (unsigned int *)(cq + params.cq_off.head);
	ring.cq_tail = (unsigned int *)(cq + params.cq_off.tail);
	ring.cq_mask = (unsigned int *)(cq + params.cq_off.ring_mask);
	ring.results = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	ring.flags = flags;
	ring.sqe_flags = sqe_flags;
}

/* Submits one entry and waits for what becomes of it. */
static int by_ring(struct io_uring_sqe entry)
{
	unsigned int tail = *ring.sq_tail, at = tail & *ring.sq_mask, enter = IORING_ENTER_GETEVENTS;
	int result;

	entry.flags = ring.sqe_flags;
	ring.entries[at] = entry;
	ring.sq_array[at] = at;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (ring.flags & IORING_SETUP_SQPOLL && *ring.sq_flags & IORING_SQ_NEED_WAKEUP)
		enter |= IORING_ENTER_SQ_WAKEUP;
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, enter, NULL, 0) < 0)
		return -errno;
	if (*ring.cq_head == __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE))
		return -ETIME;
	result = ring.results[*ring.cq_head & *ring.cq_mask].res;
	__atomic_store_n(ring.cq_head, *ring.cq_head + 1, __ATOMIC_RELEASE);
	return result;
}

static int ring_send(int fd)
{
	return by_ring((struct io_uring_sqe){ .opcode = IORING_OP_SEND, .fd = fd, .addr = (__u64)low->text,
		.len = strlen(low->text), .msg_flags = MSG_NOSIGNAL });
}

static int ring_connect(int fd)
{
	return by_ring((struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd,
		.addr = (__u64)&low->address, .off = sizeof(low->address) });
}

/* 32-bit calls. */

static int call32(int number, long a, long b, long c, long d)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

static int compat_send(int fd)
{
	return call32(I386_SENDTO, fd, (long)low->text, strlen(low->text), MSG_NOSIGNAL);
}

static int compat_connect(int fd)
{
	return call32(I386_CONNECT, fd, (long)&low->address, sizeof(low->address), 0);
}

/* The others. */

static int writev_send(int fd)
{
	struct iovec parts[] = { { low->text, 5 }, { low->text + 5, strlen(low->text) - 5 } };

	return writev(fd, parts, 2) < 0 ? -errno : 0;
}

static int sendmmsg_send(int fd)
{
	struct iovec part = { low->text, strlen(low->text) };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	return sendmmsg(fd, &message, 1, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int usual_connect(int fd)
{
	return connect(fd, (struct sockaddr *)&low->address, sizeof(low->address)) ? -errno : 0;
}

static const struct way {
	const char *name;
	int (*send)(int fd);
	int (*connect)(int fd);
	bool has_ring;
	unsigned int ring_flags, sqe_flags;
} ways[] = {
	{ "uring", ring_send, ring_connect, true, 0, 0 },
	{ "uring-worker", ring_send, ring_connect, true, 0, IOSQE_ASYNC },
	{ "uring-poll", ring_send, ring_connect, true, IORING_SETUP_SQPOLL, 0 },
	{ "compat", compat_send, compat_connect, false, 0, 0 },
	{ "writev", writev_send, NULL, false, 0, 0 },
	{ "sendmmsg", sendmmsg_send, NULL, false, 0, 0 },
};

static void enter(const char *cgroup)
{
	char path[4096];
	int fd;

	if (!cgroup)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(path);
	close(fd);
}

static void say(int result, const char *good)
{
	if (result < 0)
		printf("errno %d\n", -result);
	else
		puts(good);
}

static void go(const struct way *way, bool sends, const char *cgroup)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (way->has_ring)
		make_ring(way->ring_flags, way->sqe_flags);
	if (!sends) {
		enter(cgroup);
		say(way->connect(fd), "connected");
		return;
	}
	if (usual_connect(fd) < 0)
		fail("the host cannot connect");
	enter(cgroup);
	say(way->send(fd), "sent");
}

int main(int argc, char **argv)
{
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		fail("memory");
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc >= 4 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		bool sends = !strcmp(argv[1], "send");

		if (strcmp(argv[2], ways[i].name) || (!sends && !ways[i].connect))
			continue;
		low->address.sun_family = AF_UNIX;
		strncpy(low->address.sun_path, argv[3], sizeof(low->address.sun_path) - 1);
		strcpy(low->text, ping);
		go(&ways[i], sends, argv[4]);
		return 0;
	}
	fputs("usage: otherway send|connect uring|uring-worker|uring-poll|compat|writev|sendmmsg SOCKET [CGROUP]\n",
		stderr);
	return 2;
}
