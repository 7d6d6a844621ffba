// SPDX-License-Identifier: Apache-2.0
/*
 * Says something to a socket in every way that the kernel has, and prints what came of it: one line
 * "WAY: RESULT" for each way asked for, RESULT being "errno N" of the send, "read errno N", "closed"
 * without an answer, or the answer's status. A way is "HOW" or "HOW/WHAT"; see `ways` and `texts`
 * below. Each has a connection of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define HOST "Host: d\r\n"
#define ALLOWED "GET /containers/json HTTP/1.1\r\n" HOST "\r\n"
#define REFUSED "GET /info HTTP/1.1\r\n" HOST "\r\n"
#define PING "GET /_ping HTTP/1.1\r\n" HOST "\r\n"
#define UPGRADE "POST /containers/nobody/attach HTTP/1.1\r\n" HOST "Upgrade: tcp\r\nContent-Length: 0\r\n\r\n"

#define FAR_BODY "GET /containers/json HTTP/1.1\r\n" HOST "Content-Length: 40000\r\n\r\n"

static const struct {
	const char *name;
	const char *text;
} texts[] = {
	{ "allowed", ALLOWED },
	{ "refused", REFUSED },
	{ "no-route", "GET /no/such/thing HTTP/1.1\r\n" HOST "\r\n" },
	{ "escaped", "GET /%69nfo HTTP/1.1\r\n" HOST "\r\n" },
	{ "versioned", "GET /v1.41/info HTTP/1.1\r\n" HOST "\r\n" },
	{ "unclean", "GET //info HTTP/1.1\r\n" HOST "\r\n" },
	{ "dots", "GET /containers/../info HTTP/1.1\r\n" HOST "\r\n" },
	{ "absolute", "GET http://d/info HTTP/1.1\r\n" HOST "\r\n" },
	{ "preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
	{ "bare-lf", "GET /info HTTP/1.1\nHost: d\n\n" },
	{ "folded", "GET /containers/json HTTP/1.1\r\nHost: d\r\nA: b\r\n c\r\n\r\n" },
	{ "both-framings", "GET /containers/json HTTP/1.1\r\n" HOST
			   "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" REFUSED },
	{ "old-chunked", "GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" REFUSED },
	{ "second", ALLOWED REFUSED },
	{ "in-body", "GET /containers/json HTTP/1.1\r\n" HOST "Content-Length: 31\r\n\r\n" REFUSED },
	{ "behind-body", "GET /containers/json HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab" REFUSED },
	{ "behind-chunks", "GET /containers/json HTTP/1.1\r\n" HOST
			   "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" REFUSED },
	{ "upgrade", UPGRADE },
	{ "behind-upgrade", UPGRADE REFUSED },
	{ "late-upgrade", PING UPGRADE },
};

static char long_text[70000];

/* A head or a body of so many letters, and what follows it. */
static const char *make_long(const char *head, size_t letters, const char *rest)
{
	size_t used = sprintf(long_text, "%s", head);

	memset(long_text + used, 'a', letters);
	strcpy(long_text + used + letters, rest);
	return long_text;
}

static const char *text_of(const char *name)
{
	if (!strcmp(name, "long-head"))
		return make_long("GET /containers/json HTTP/1.1\r\n" HOST "A: ", 66000, "\r\n\r\n");
	/* So far into one send that the kernel keeps it in pages of their own. */
	if (!strcmp(name, "far-refused"))
		return make_long(FAR_BODY, 40000, REFUSED);
	if (!strcmp(name, "far-allowed"))
		return make_long(FAR_BODY, 40000, ALLOWED);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(texts[i].name, name))
			return texts[i].text;
	fprintf(stderr, "say: no text \"%s\"\n", name);
	exit(2);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		printf("connect errno %d\n", errno);
		exit(1);
	}
	return fd;
}

/* The ways. Each sends the whole text and returns 0, or the errno of what failed. */

static int failed(ssize_t n)
{
	return n < 0 ? errno : 0;
}

static int way_write(int fd, const char *text, size_t size)
{
	return failed(write(fd, text, size));
}

static int way_send(int fd, const char *text, size_t size)
{
	return failed(send(fd, text, size, MSG_NOSIGNAL));
}

static int way_bytes(int fd, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (send(fd, text + i, 1, MSG_NOSIGNAL) < 0)
			return errno;
	return 0;
}

/* Three bytes a segment, an empty one between. */
static int way_vector(int fd, const char *text, size_t size)
{
	struct iovec segments[256];
	size_t count = 0;

	for (size_t at = 0; at < size && count < 254; at += 3) {
		segments[count++] = (struct iovec){ (char *)text + at, size - at < 3 ? size - at : 3 };
		segments[count++] = (struct iovec){ NULL, 0 };
	}
	return failed(writev(fd, segments, count));
}

/* Two messages in one call: the cut is in the request line. */
static int way_mmsg(int fd, const char *text, size_t size)
{
	struct iovec parts[2] = { { (char *)text, 6 }, { (char *)text + 6, size - 6 } };
	struct mmsghdr messages[2] = {
		{ .msg_hdr = { .msg_iov = &parts[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &parts[1], .msg_iovlen = 1 } },
	};
	int n = sendmmsg(fd, messages, 2, MSG_NOSIGNAL);

	/* What stopped the second one comes at the next call. */
	if (n == 1)
		return failed(sendmsg(fd, &messages[1].msg_hdr, MSG_NOSIGNAL));
	return failed(n);
}

static int way_oob(int fd, const char *text, size_t size)
{
	return failed(send(fd, text, size, MSG_OOB | MSG_NOSIGNAL));
}

static int way_splice(int fd, const char *text, size_t size)
{
	int ends[2];

	if (pipe(ends) || write(ends[1], text, size) < 0)
		return errno;
	return failed(splice(ends[0], NULL, fd, NULL, size, 0));
}

static int way_sendfile(int fd, const char *text, size_t size)
{
	int file = memfd_create("text", 0);

	if (file < 0 || write(file, text, size) < 0)
		return errno;
	return failed(sendfile(fd, file, &(off_t){ 0 }, size));
}

/* Memory that is not there: what the programs cannot read, the kernel does not send either. */
static int way_unmapped(int fd, const char *text, size_t size)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page + 4096, 4096);
	memcpy(page + 4096 - size / 2, text, size / 2);
	return failed(send(fd, page + 4096 - size / 2, size, MSG_NOSIGNAL));
}

struct other {
	int fd;
	const char *memory;
	size_t size;
	int error;
};

static void *send_other(void *argument)
{
	struct other *other = argument;

	other->error = failed(send(other->fd, other->memory, other->size, MSG_NOSIGNAL));
	return NULL;
}

/*
 * Two threads at once, for certain: the first one's memory is a page that a third party fills only
 * when the second one has sent.
 */
static int way_threads(int fd, const char *text, size_t size)
{
	int faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = { .range = { (unsigned long)page, 4096 },
		.mode = UFFDIO_REGISTER_MODE_MISSING };
	struct other other = { .fd = fd, .memory = page, .size = size };
	static char filled[4096];
	struct uffdio_copy copy = { .dst = (unsigned long)page, .src = (unsigned long)filled, .len = 4096 };
	struct uffd_msg message;
	pthread_t thread;
	int error;

	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range))
		return errno;
	memcpy(filled, text, size);
	pthread_create(&thread, NULL, send_other, &other);
	if (read(faults, &message, sizeof(message)) < 0) /* the first one waits for its page */
		return errno;
	error = failed(send(fd, text, size, MSG_NOSIGNAL));
	ioctl(faults, UFFDIO_COPY, &copy);
	pthread_join(thread, NULL);
	return error ? error : other.error;
}

static const struct {
	const char *name;
	int (*send)(int fd, const char *text, size_t size);
} ways[] = {
	{ "write", way_write }, { "send", way_send }, { "bytes", way_bytes }, { "vector", way_vector },
	{ "mmsg", way_mmsg }, { "oob", way_oob }, { "splice", way_splice }, { "sendfile", way_sendfile },
	{ "unmapped", way_unmapped }, { "threads", way_threads },
};

/* The last answer that comes within two seconds of the one before. */
static void print_answer(int fd)
{
	struct timeval patience = { .tv_sec = 2 };
	char text[65536] = "";
	size_t used = 0;
	const char *last = NULL;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (;;) {
		ssize_t n = recv(fd, text + used, sizeof(text) - used - 1, 0);

		if (n < 0 && errno != EAGAIN && used == 0) {
			printf("read errno %d\n", errno);
			return;
		}
		if (n <= 0)
			break;
		used += n;
		text[used] = '\0';
	}
	for (const char *at = text; (at = strstr(at, "HTTP/1.")); at++)
		last = at;
	if (last)
		printf("%.3s\n", last + strlen("HTTP/1.1 "));
	else
		puts(used ? "not HTTP" : "closed");
}

static void say(const char *socket, const char *way)
{
	const char *slash = strchr(way, '/');
	const char *text = text_of(slash ? slash + 1 : "refused");
	size_t name = slash ? (size_t)(slash - way) : strlen(way);

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int fd, error;

		if (strlen(ways[i].name) != name || strncmp(ways[i].name, way, name))
			continue;
		fd = connect_to(socket);
		printf("%s: ", way);
		error = ways[i].send(fd, text, strlen(text));
		if (error)
			printf("errno %d\n", error);
		else
			print_answer(fd);
		close(fd);
		return;
	}
	fprintf(stderr, "say: no way \"%s\"\n", way);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: say SOCKET WAY[/TEXT]...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 2; i < argc; i++)
		say(argv[1], argv[i]);
	return 0;
}
