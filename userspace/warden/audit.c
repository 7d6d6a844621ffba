// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the audit log. It only writes down what was decided elsewhere; a record that cannot be
 * written, or that audit_record.c does not believe, is counted and changes no verdict. One write per
 * line, so that lines stay whole; what a full disk took half of is ended before the next one.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>

#include "audit.h"
#include "audit_record.h"
#include "problem.h"

struct audit {
	int log;
	char path[PATH_MAX];
	bool torn; /* the log ends in a part of a record */
	struct ring_buffer *events;
	uv_poll_t poll;
	uint64_t lost;
};

/* The folder of the log and the log. */
static int open_log(const char *path)
{
	char directory[PATH_MAX];
	int fd;

	COPY_STRING(directory, path);
	if (mkdir(dirname(directory), 0750) && errno != EEXIST)
		return -errno;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? -errno : fd;
}

/* A log without a name is read by nobody: one that was removed is begun anew. False: it cannot be. */
static bool follow_log(struct audit *audit)
{
	struct stat status;
	int fd;

	if (fstat(audit->log, &status) || status.st_nlink)
		return true;
	fd = open_log(audit->path);
	if (fd < 0)
		return false; /* this record is lost and counted; the next one tries again */
	close(audit->log);
	audit->log = fd;
	audit->torn = false;
	return true;
}

/* `line` ends in a newline. The record behind one that was cut short must not become a part of it. */
static bool write_line(struct audit *audit, const char *line, size_t length)
{
	ssize_t written;

	if (!follow_log(audit))
		return false;
	if (audit->torn && write(audit->log, "\n", 1) != 1)
		return false;
	written = write(audit->log, line, length);
	audit->torn = written > 0 && written != (ssize_t)length;
	return written == (ssize_t)length;
}

/* Takes the record; NULL is one that could not be made. */
static void record_write(struct audit *audit, json_t *record)
{
	_cleanup_free_ char *line =
		record ? json_dumps(record, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	size_t length;

	json_decref(record);
	if (!line) {
		audit->lost++;
		return;
	}
	length = strlen(line);
	line[length] = '\n'; /* in place of the NUL: one write, one line */
	if (!write_line(audit, line, length + 1))
		audit->lost++;
}

static int on_event(void *context, void *data, size_t size)
{
	record_write(context, audit_record_event(data, size));
	return 0;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct audit *audit = poll->data;

	(void)events;
	if (status >= 0)
		ring_buffer__consume(audit->events);
}

int audit_new(uv_loop_t *loop, const struct maps *maps, const char *path, struct audit **audit,
	char **problem)
{
	struct audit *new = calloc(1, sizeof(*new));
	int r;

	*problem = NULL;
	if (!new)
		return -ENOMEM;
	COPY_STRING(new->path, path);
	new->log = open_log(path);
	if (new->log < 0) {
		r = new->log;
		free(new);
		return problem_set(problem, r,
			"cannot write the audit log %s: %s; name another with --audit", path,
			strerror(-r));
	}
	new->events = ring_buffer__new(maps->events, on_event, new, NULL);
	if (!new->events) {
		r = -errno;
		close(new->log);
		free(new);
		return r;
	}
	uv_poll_init(loop, &new->poll, ring_buffer__epoll_fd(new->events));
	new->poll.data = new;
	uv_poll_start(&new->poll, UV_READABLE, on_readable);
	*audit = new;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct audit *audit = handle->data;

	ring_buffer__free(audit->events);
	close(audit->log);
	free(audit);
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	ring_buffer__consume(audit->events);
	uv_close((uv_handle_t *)&audit->poll, on_closed);
}

void audit_report(struct audit *audit, const struct wire_request *report)
{
	record_write(audit, audit_record_report(report));
}

void audit_note(struct audit *audit, const char *event, const char *text)
{
	record_write(audit, audit_record_note(event, text));
}

void audit_image(struct audit *audit, const char *container, const char *image,
	const struct images_verdict *verdict)
{
	record_write(audit, audit_record_image(container, image, verdict));
}

uint64_t audit_lost(const struct audit *audit)
{
	return audit->lost;
}
